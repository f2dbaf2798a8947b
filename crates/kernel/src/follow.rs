//! What becomes durable, told in the order of each shard to whoever listens: the lines of this server at once, those of other
//! servers as soon as the store says that there are some. Changed rows of the deployment are taken into this server's world.
//!
//! The journal is the truth. What is told here may be missed by a slow listener, never told twice, never out of order.

use crate::commit::Works;
use crate::port::StoreError;
use ganglion_model::change::{Change, Entry};
use ganglion_model::{Record, Shard};
use jiff::civil::Date;
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, broadcast};

/// How often the heads are looked at, whatever the store says: a server may end between a commit and its word about it.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Lines read at a time.
const LINES_AT_ONCE: u32 = 500;
/// Lines of the deployment that may have been written between reading its rows and the start of the committer.
const TAKEN_AGAIN: u32 = 200;
/// Batches a listener may be behind.
const BEHIND_MAX: usize = 256;

/// What was told, and to whom.
pub struct News {
    listeners: broadcast::Sender<Arc<Vec<Entry>>>,
    /// Last line told of each shard.
    told: Mutex<HashMap<Shard, u64>>,
    /// Shards in which this server wrote behind lines of another that are not told yet.
    gaps: Mutex<BTreeSet<Shard>>,
    some: Notify,
}

impl Default for News {
    fn default() -> News {
        let (listeners, _) = broadcast::channel(BEHIND_MAX);
        News { listeners, told: Mutex::default(), gaps: Mutex::default(), some: Notify::new() }
    }
}

impl News {
    /// Someone who listens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Vec<Entry>>> {
        self.listeners.subscribe()
    }

    /// Tells lines this server wrote. Lines behind a gap are left to [`follow`], which reads them with those in it.
    pub fn tell(&self, mut entries: Vec<Entry>) {
        let mut told = self.told.lock();
        let mut gaps = BTreeSet::new();
        entries.retain(|entry| {
            let is_next = told.get(&entry.shard).is_none_or(|told| entry.seq == told + 1);
            if is_next {
                told.insert(entry.shard, entry.seq);
            } else {
                gaps.insert(entry.shard);
            }
            is_next
        });
        drop(told);
        if !gaps.is_empty() {
            self.gaps.lock().extend(gaps);
            self.some.notify_one();
        }
        self.send(entries);
    }

    fn send(&self, entries: Vec<Entry>) {
        if !entries.is_empty() {
            // An error means that nobody listens.
            let _ = self.listeners.send(Arc::new(entries));
        }
    }

    /// Begins at this line of a shard, if nothing was told of it.
    fn begin(&self, shard: Shard, seq: u64) {
        self.told.lock().entry(shard).or_insert(seq);
    }

    fn told(&self, shard: Shard) -> u64 {
        self.told.lock().get(&shard).copied().unwrap_or(0)
    }

    /// Takes those lines that were not told.
    fn fresh(&self, mut entries: Vec<Entry>) -> Vec<Entry> {
        let mut told = self.told.lock();
        entries.retain(|entry| {
            let last = told.entry(entry.shard).or_insert(0);
            let is_next = entry.seq == *last + 1;
            *last = (*last).max(entry.seq);
            is_next
        });
        entries
    }

    async fn gaps(&self) -> Vec<Shard> {
        self.some.notified().await;
        std::mem::take(&mut *self.gaps.lock()).into_iter().collect()
    }
}

/// Follows what other servers write, until it is aborted.
pub async fn follow(works: Works, news: Arc<News>) {
    while let Err(error) = begin(&works, &news).await {
        tracing::warn!(%error, "the journals cannot be followed yet");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    loop {
        let shards = tokio::select! {
            shards = works.store.written_elsewhere() => shards,
            shards = news.gaps() => shards,
            () = tokio::time::sleep(LOOK_EVERY) => Vec::new(),
        };
        if let Err(error) = read_on(&works, &news, shards).await {
            tracing::debug!(%error, "the journals could not be read; they are looked at again");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Begins at the heads as they are. The rows of the deployment were read a little before: what changed last is taken again.
async fn begin(works: &Works, news: &News) -> Result<(), StoreError> {
    let heads = works.store.positions().await?;
    if let Some((shard, head)) = heads.iter().find(|(shard, _)| *shard == Shard::DEPLOYMENT) {
        let from = head.saturating_sub(u64::from(TAKEN_AGAIN));
        take_entries(works, &works.store.entries_after(*shard, from, TAKEN_AGAIN).await?);
    }
    heads.into_iter().for_each(|(shard, head)| news.begin(shard, head));
    Ok(())
}

/// Tells what is new in these shards; in all of them when none is named.
async fn read_on(works: &Works, news: &News, mut shards: Vec<Shard>) -> Result<(), StoreError> {
    if shards.is_empty() {
        let heads = works.store.positions().await?;
        shards.extend(heads.into_iter().filter(|(shard, head)| *head > news.told(*shard)).map(|(shard, _)| shard));
    }
    for shard in shards {
        loop {
            let entries = works.store.entries_after(shard, news.told(shard), LINES_AT_ONCE).await?;
            let is_last = entries.len() < LINES_AT_ONCE as usize;
            let entries = news.fresh(entries);
            if shard == Shard::DEPLOYMENT {
                take_entries(works, &entries);
            }
            news.send(entries);
            if is_last {
                break;
            }
        }
    }
    Ok(())
}

/// A version of a row that is gone: register, key, first day.
type Gone = (String, String, Option<Date>);

fn take_entries(works: &Works, entries: &[Entry]) {
    for entry in entries {
        match &entry.change {
            Change::Record { record } => take_row(works, Some(record), &[]),
            Change::RecordGone { register, key, valid_from } => {
                take_row(works, None, &[(register.clone(), key.clone(), *valid_from)]);
            }
            _ => {}
        }
    }
}

fn take_row(works: &Works, row: Option<&Record>, gone: &[Gone]) {
    works.world.rcu(|world| Arc::new(world.with_records(row.cloned()).without_records(gone)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::change::Actor;
    use ganglion_model::{CaseId, CommandId};
    use jiff::Timestamp;
    use uuid::Uuid;

    const SHARD: Shard = Shard(130_903);

    fn line(seq: u64) -> Entry {
        let (case, input) = (CaseId(Uuid::nil()), ganglion_model::Fields::new());
        let change = Change::Case { case, action: String::new(), ops: Vec::new(), input };
        let command = CommandId(Uuid::nil());
        Entry { shard: SHARD, seq, at: Timestamp::UNIX_EPOCH, actor: Actor::System, command, change }
    }

    fn heard(listener: &mut broadcast::Receiver<Arc<Vec<Entry>>>) -> Vec<u64> {
        std::iter::from_fn(|| listener.try_recv().ok())
            .flat_map(|some| some.iter().map(|one| one.seq).collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn lines_are_told_once_and_in_order_whoever_wrote_them() {
        let news = News::default();
        let mut listener = news.subscribe();
        news.begin(SHARD, 10);
        news.tell(vec![line(11)]);
        // Another server wrote 12; ours is behind it, and both are read together.
        news.tell(vec![line(13)]);
        assert_eq!(heard(&mut listener), [11]);
        let read = news.fresh(vec![line(11), line(12), line(13)]);
        news.send(read);
        news.tell(vec![line(14)]);
        assert_eq!(heard(&mut listener), [12, 13, 14]);
        assert!(news.fresh(vec![line(13), line(14)]).is_empty());
    }
}

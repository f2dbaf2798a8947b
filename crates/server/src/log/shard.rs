//! The log of one shard: its tree, and the checkpoint signed last.

use crate::error::Error;
use ganglion_kernel::Store;
use ganglion_kernel::tlog::stored::StoredLog;
use ganglion_kernel::tlog::{Checkpoint, KeyKind, LogError, Note, SigningKey};
use ganglion_model::Shard;
use std::io::ErrorKind;
use std::path::PathBuf;

/// The log of one shard.
pub(super) struct ShardLog {
    shard: Shard,
    key: SigningKey,
    /// Where the last checkpoint is kept.
    file: PathBuf,
    pub tree: StoredLog,
    signed: Option<(Checkpoint, Note)>,
    is_read: bool,
}

impl ShardLog {
    pub fn new(shard: Shard, key: SigningKey, file: PathBuf) -> ShardLog {
        ShardLog { shard, key, file, tree: StoredLog::new(shard), signed: None, is_read: false }
    }

    /// The newest checkpoint, signed now if the journal went on.
    pub async fn checkpoint(&mut self, store: &dyn Store) -> Result<Note, Error> {
        self.read_signed().await?;
        let head = store.shards().await?.into_iter().find(|(shard, _)| *shard == self.shard);
        let (_, head) = head.ok_or(Error::NotFound)?;
        if let Some((last, note)) = &self.signed {
            if last.size == head.seq && last.root == head.frontier.root() {
                return Ok(note.clone());
            }
            if last.size > head.seq {
                return Err(self.refuse("its journal is shorter than the one that was signed before"));
            }
            let (size, root) = (last.size, last.root);
            if self.tree.root(store, size).await? != root {
                return Err(self.refuse("its journal is not the continuation of the one that was signed before"));
            }
        }
        let root = self.tree.root(store, head.seq).await?;
        if root != head.frontier.root() {
            return Err(self.refuse("the lines of its journal do not give the tree noted with them"));
        }
        let checkpoint = Checkpoint { origin: self.key.name().to_owned(), size: head.seq, root };
        let text = checkpoint.text();
        let note = Note { signatures: vec![self.key.sign(&text)], text };
        self.keep(&note).await?;
        self.signed = Some((checkpoint, note.clone()));
        Ok(note)
    }

    fn refuse(&self, why: &str) -> Error {
        Error::Internal(format!(
            "no checkpoint of the log of {} is signed: {why}. Compare the database with a copy of the log (ganglion proof verify)",
            self.shard
        ))
    }

    /// What was signed before this server started.
    async fn read_signed(&mut self) -> Result<(), Error> {
        if self.is_read {
            return Ok(());
        }
        let unreadable = |reason: String| Error::Internal(format!("{}: {reason}", self.file.display()));
        match tokio::fs::read(&self.file).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(error.to_string())),
            Ok(bytes) => {
                let note = Note::parse(&bytes).map_err(|error| unreadable(error.to_string()))?;
                match Checkpoint::open(&note, &self.key.public(KeyKind::Log)) {
                    Ok(checkpoint) => self.signed = Some((checkpoint, note)),
                    // Another key: another log, which promised nothing about the one before.
                    Err(LogError::Unsigned(name)) => tracing::warn!(%name, "the log begins anew with another key"),
                    Err(error) => return Err(unreadable(error.to_string())),
                }
            }
        }
        self.is_read = true;
        Ok(())
    }

    /// Keeps a checkpoint before anybody gets it, so that none is ever signed that contradicts it.
    async fn keep(&self, note: &Note) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::Internal(format!("keeping {}: {error}", self.file.display()));
        if let Some(folder) = self.file.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(failed)?;
        }
        let fresh = self.file.with_extension("new");
        tokio::fs::write(&fresh, note.to_string()).await.map_err(failed)?;
        tokio::fs::rename(&fresh, &self.file).await.map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_kernel::journal;
    use ganglion_kernel::port::{Line, ShardWrite};
    use ganglion_model::change::{Actor, Change};
    use ganglion_model::{CommandId, Entry};
    use ganglion_store::SqliteStore;
    use jiff::Timestamp;
    use std::sync::Arc;
    use uuid::Uuid;

    const SHARD: Shard = Shard(130_903);

    async fn grow(store: &dyn Store, count: u64, key: &str) {
        let heads = store.shards().await.unwrap();
        let mut head = heads.into_iter().next().map(|(_, head)| head).unwrap_or_default();
        let expected_seq = head.seq;
        let mut lines = Vec::new();
        for _ in 0..count {
            head.seq += 1;
            let change = Change::RecordGone { register: "wells".to_owned(), key: key.to_owned(), valid_from: None };
            let command = CommandId(Uuid::from_u128(u128::from(head.seq)));
            let (at, actor) = (Timestamp::UNIX_EPOCH, Actor::System);
            let entry = Entry { shard: SHARD, seq: head.seq, at, actor, command, change };
            let canonical = journal::canonical(&entry).unwrap();
            let hash = journal::hash(&canonical);
            head.frontier.push(hash);
            lines.push(Line { entry, canonical, hash, case: None });
        }
        store.write(&[ShardWrite { shard: SHARD, expected_seq, head, lines, ..ShardWrite::default() }]).await.unwrap();
    }

    async fn journal_of(count: u64, key: &str) -> Arc<SqliteStore> {
        let store = SqliteStore::memory().unwrap();
        grow(store.as_ref(), count, key).await;
        store
    }

    /// A server that starts on this folder.
    fn started(folder: &tempfile::TempDir) -> ShardLog {
        let key = SigningKey::from_seed("city.example/log/130903", [4; 32]).unwrap();
        ShardLog::new(SHARD, key, folder.path().join("log/130903.checkpoint"))
    }

    #[tokio::test]
    async fn what_was_signed_is_never_contradicted_not_even_after_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let store = journal_of(300, "a").await;
        let mut log = started(&folder);
        let first = log.checkpoint(store.as_ref()).await.unwrap();
        assert_eq!(log.checkpoint(store.as_ref()).await.unwrap(), first, "the same state has one checkpoint");
        grow(store.as_ref(), 5, "a").await;
        let second = log.checkpoint(store.as_ref()).await.unwrap();
        assert_eq!(Checkpoint::parse(&second.text).unwrap().size, 305);
        assert_eq!(started(&folder).checkpoint(store.as_ref()).await.unwrap(), second);

        // A backup from before, then another history: neither is signed.
        for (other, why) in [(journal_of(300, "a").await, "shorter"), (journal_of(310, "b").await, "continuation")] {
            let error = started(&folder).checkpoint(other.as_ref()).await.unwrap_err();
            assert!(matches!(&error, Error::Internal(reason) if reason.contains(why)), "{error:?}");
        }
        assert_eq!(started(&folder).checkpoint(store.as_ref()).await.unwrap(), second, "what was kept is still there");
    }

    #[tokio::test]
    async fn another_key_begins_another_log() {
        let folder = tempfile::tempdir().unwrap();
        let store = journal_of(3, "a").await;
        started(&folder).checkpoint(store.as_ref()).await.unwrap();
        let key = SigningKey::from_seed("city.example/log/130903", [5; 32]).unwrap();
        let mut log = ShardLog::new(SHARD, key, folder.path().join("log/130903.checkpoint"));
        assert!(log.checkpoint(store.as_ref()).await.is_ok());
    }
}

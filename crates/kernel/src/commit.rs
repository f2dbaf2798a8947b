//! The committer: takes every command that arrived while the last batch was being written, decides them against rows
//! loaded in one round trip, writes them in one transaction, and only then answers.
//!
//! One command that is refused fails alone. A queue that is full, or so long that its end would wait longer than promised,
//! answers "busy" at once. Nothing is answered before it is durable.

use crate::batch::{Batch, want, want_more};
use crate::decide::Given;
use crate::figures::publish::published;
use crate::follow::{News, follow};
use crate::pace::Pace;
pub use crate::pace::{Batched, Place, Queued};
use crate::port::{ShardWrite, Store, StoreError, Want};
use crate::seal::{Key, Keyring};
use crate::world::World;
use arc_swap::ArcSwap;
use ganglion_model::Shard;
use ganglion_model::change::{Command, Entry, Outcome, Refusal};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedMutexGuard, broadcast, mpsc, oneshot};
use uuid::Uuid;

/// How long a batch waits at a time for packs that were just installed, and how often.
const PACKS_WAIT: Duration = Duration::from_millis(20);
const PACKS_WAITS_MAX: u32 = 150;

/// Bulks that may wait: each of them is somebody's import, and one goes with each batch.
const BULKS_MAX: usize = 4;

/// How long a batch waits before it is tried again when the database cannot be reached: doubled each time, so often.
const LOST_WAIT: Duration = Duration::from_millis(50);
const LOST_WAITS_MAX: u32 = 6;

/// Time and chance, from the edge.
pub trait WallClock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// A fresh id.
    fn id(&self) -> Uuid;
    /// A fresh key.
    fn key(&self) -> Key;
}

/// Limits of the committer.
#[derive(Clone, Copy, Debug)]
pub struct CommitterSettings {
    /// Commands that may wait.
    pub queue_commands_max: usize,
    /// Commands in one batch.
    pub batch_commands_max: usize,
    /// How often a batch is decided again when another server was faster.
    pub retries_max: u32,
    /// How long a command may have to wait for its batch to begin. What would wait longer, by the pace of the last batches,
    /// is turned away as when the queue is full.
    pub wait_max: Duration,
    /// Sequences the head of a shard keeps at most, such as [`crate::batch::NUMBERED_MAX`].
    pub numbered_max: usize,
}

impl Default for CommitterSettings {
    fn default() -> CommitterSettings {
        CommitterSettings {
            queue_commands_max: 4096,
            batch_commands_max: 512,
            // Two servers at full load on one county come second every other time: five in a row are not rare, sixty are never seen.
            retries_max: 60,
            wait_max: Duration::from_millis(500),
            // Only who knows that no older program writes beside it may let sequences leave the heads.
            numbered_max: usize::MAX,
        }
    }
}

/// Why a command has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// It was refused; nothing changed.
    #[error("refused: {0:?}")]
    Refused(Box<Refusal>),
    /// Too many commands wait; try again in a moment.
    #[error("the queue is full")]
    Busy,
    /// Storage failed; the command may be sent again, and changes nothing twice.
    #[error("storage: {0}")]
    Storage(Arc<StoreError>),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopped,
}

impl From<Refusal> for CommitError {
    fn from(refusal: Refusal) -> CommitError {
        CommitError::Refused(Box::new(refusal))
    }
}

/// Answer to one command.
pub type Answer = Result<Outcome, CommitError>;

struct Job {
    command: Command,
    reply: oneshot::Sender<Answer>,
}

/// Commands that go with one batch.
struct Bulk {
    commands: Vec<Command>,
    reply: oneshot::Sender<Vec<Answer>>,
}

/// A handle to the loop; clone freely.
#[derive(Clone)]
pub struct Committer {
    queue: mpsc::Sender<Job>,
    bulks: mpsc::Sender<Bulk>,
    gate: Arc<tokio::sync::Mutex<()>>,
    news: Arc<News>,
    pace: Arc<Pace>,
    closing: Arc<Notify>,
}

/// What the loop works with.
#[derive(Clone)]
pub struct Works {
    /// Storage.
    pub store: Arc<dyn Store>,
    /// The world; replaced by the loop when a reference register changes.
    pub world: Arc<ArcSwap<World>>,
    /// Time and chance.
    pub clock: Arc<dyn WallClock>,
    /// The keys that wrap row keys.
    pub ring: Keyring,
    /// Limits.
    pub settings: CommitterSettings,
}

impl Committer {
    /// Starts the loop on a thread of its own; it ends when it is closed or the last handle is dropped, after the last batch.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(works: Works) -> std::io::Result<(Committer, std::thread::JoinHandle<()>)> {
        let (queue, jobs) = mpsc::channel(works.settings.queue_commands_max);
        let (bulks, waiting_bulks) = mpsc::channel(BULKS_MAX);
        let news = Arc::new(News::default());
        let gate = Arc::new(tokio::sync::Mutex::new(()));
        let (pace, closing) = (Arc::new(Pace::new(works.settings)), Arc::new(Notify::new()));
        let ends = Ends { news: news.clone(), gate: gate.clone(), pace: pace.clone(), closing: closing.clone() };
        let committer = Committer { queue, bulks, gate, news, pace, closing };
        let doors = Doors { jobs, bulks: waiting_bulks };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || runtime.block_on(run_loop(works, doors, ends)))?;
        Ok((committer, thread))
    }

    /// Sends a command and waits until it is durable or refused.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub async fn send(&self, command: Command) -> Answer {
        let (reply, answer) = oneshot::channel();
        let sent = match self.pace.takes(self.waiting()) {
            true => self.queue.try_send(Job { command, reply }).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => CommitError::Busy,
                mpsc::error::TrySendError::Closed(_) => CommitError::Stopped,
            }),
            false => Err(CommitError::Busy),
        };
        if matches!(sent, Err(CommitError::Busy)) {
            self.pace.turned_away();
        }
        sent?;
        answer.await.map_err(|_| CommitError::Stopped)?
    }

    /// Sends commands that belong together, such as rows of an import, and waits until each of them is durable or refused. They
    /// go with one batch, whose single commands do not wait longer for it than [`Committer::bulk_commands`] allows; a refusal
    /// fails alone. Waits for a place in the queue instead of being turned away.
    pub async fn send_all(&self, commands: Vec<Command>) -> Vec<Answer> {
        let count = commands.len();
        let (reply, answers) = oneshot::channel();
        let answers = match self.bulks.send(Bulk { commands, reply }).await {
            Ok(()) => answers.await.ok(),
            Err(_) => None,
        };
        answers.unwrap_or_else(|| (0..count).map(|_| Err(CommitError::Stopped)).collect())
    }

    /// How many commands may go with one batch by [`Committer::send_all`], by the pace of the last ones.
    #[must_use]
    pub fn bulk_commands(&self) -> usize {
        self.pace.bulk_commands()
    }

    /// A place for a command whose sender has not been looked up yet: what would wait too long is turned away before anything is read
    /// for it. Hold it until the command is answered.
    ///
    /// # Errors
    /// [`CommitError::Busy`].
    pub fn enter(&self) -> Result<Place, CommitError> {
        self.pace.enter().ok_or(CommitError::Busy)
    }

    fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// The queue as it is now.
    #[must_use]
    pub fn queued(&self) -> Queued {
        self.pace.queued(self.waiting())
    }

    /// Lets `watcher` hear of every batch after it was written or failed; it must not block. The first one that asks is kept.
    pub fn watch(&self, watcher: impl Fn(&Batched<'_>) + Send + Sync + 'static) {
        self.pace.watch(Box::new(watcher));
    }

    /// Takes no more commands: what waits is still decided and written, then the loop ends, whoever holds handles.
    pub fn close(&self) {
        self.closing.notify_one();
    }

    /// Lets no batch begin until the guard is dropped: commands wait in the queue meanwhile, up to its length. For what
    /// must see the rows stand still, such as the installation of packs.
    pub async fn pause(&self) -> OwnedMutexGuard<()> {
        self.gate.clone().lock_owned().await
    }

    /// Journal lines as they become durable, on this server and a moment later on any other, in the order of each shard; a slow
    /// reader misses some and reads the journal instead.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Vec<Entry>>> {
        self.news.subscribe()
    }
}

/// Where finished batches are told, the gate that holds the next one back, and the word to end.
struct Ends {
    news: Arc<News>,
    gate: Arc<tokio::sync::Mutex<()>>,
    pace: Arc<Pace>,
    closing: Arc<Notify>,
}

/// Where commands come in.
struct Doors {
    jobs: mpsc::Receiver<Job>,
    bulks: mpsc::Receiver<Bulk>,
}

impl Doors {
    /// Takes what waits, at most a batch and one bulk; nothing once all is closed and empty.
    async fn taken(&mut self, waiting: &mut Vec<Job>, (most, closing): (usize, &Notify)) -> Option<Bulk> {
        let mut bulk = None;
        tokio::select! {
            biased;
            () = closing.notified() => {
                self.jobs.close();
                self.bulks.close();
            }
            _ = self.jobs.recv_many(waiting, most) => {}
            one = self.bulks.recv() => bulk = one,
        }
        while waiting.len() < most {
            let Ok(job) = self.jobs.try_recv() else { break };
            waiting.push(job);
        }
        bulk.or_else(|| self.bulks.try_recv().ok())
    }
}

async fn run_loop(works: Works, mut doors: Doors, ends: Ends) {
    let following = tokio::spawn(follow(works.clone(), ends.news.clone()));
    let most = works.settings.batch_commands_max;
    let mut waiting = Vec::with_capacity(most);
    loop {
        let bulk = doors.taken(&mut waiting, (most, &ends.closing)).await;
        if waiting.is_empty() && bulk.is_none() {
            break;
        }
        let (mut commands, replies): (Vec<Command>, Vec<oneshot::Sender<Answer>>) =
            waiting.drain(..).map(|job| (job.command, job.reply)).unzip();
        let bulk = bulk.map(|bulk| {
            commands.extend(bulk.commands);
            bulk.reply
        });
        let turn = ends.gate.lock().await;
        #[expect(clippy::disallowed_methods, reason = "metering: how long a batch takes, seen by no rule")]
        let started = std::time::Instant::now();
        let (mut answers, entries) = commit(&works, &commands).await;
        let took = started.elapsed();
        drop(turn);
        ends.pace.batched(&Batched { answers: &answers, took }, bulk.is_some());
        let of_bulk = answers.split_off(replies.len());
        for (reply, answer) in replies.into_iter().zip(answers) {
            // A caller that went away has its answer recorded all the same.
            let _ = reply.send(answer);
        }
        if let Some(reply) = bulk {
            let _ = reply.send(of_bulk);
        }
        ends.news.tell(entries);
    }
    following.abort();
}

/// Decides and writes one batch at the clock's time; gives an answer for each command and the journal lines written.
pub async fn commit(works: &Works, commands: &[Command]) -> (Vec<Answer>, Vec<Entry>) {
    let now = works.clock.now();
    commit_at(works, commands, &vec![now; commands.len()]).await
}

/// As [`commit`], with the time of each command given: for loading a history. A large batch that comes second goes on in parts:
/// beside servers that write all the time, a small one gets through where a large one never would.
pub async fn commit_at(works: &Works, commands: &[Command], at: &[Timestamp]) -> (Vec<Answer>, Vec<Entry>) {
    let most = works.settings.batch_commands_max.max(1);
    if let Some(done) = in_one(works, commands, at, commands.len() > most).await {
        return done;
    }
    let (mut answers, mut entries) = (Vec::with_capacity(commands.len()), Vec::new());
    for (commands, at) in commands.chunks(most).zip(at.chunks(most)) {
        let (some, lines) = in_one(works, commands, at, false).await.unwrap_or_default();
        answers.extend(some);
        entries.extend(lines);
    }
    (answers, entries)
}

/// Commits a batch in one transaction; `None` when another server was faster and it `gives_way`.
async fn in_one(
    works: &Works,
    commands: &[Command],
    at: &[Timestamp],
    gives_way: bool,
) -> Option<(Vec<Answer>, Vec<Entry>)> {
    let (mut tries, mut waits, mut lost) = (0, 0, 0);
    loop {
        match attempt(works, commands, at).await {
            Ok((answers, writes)) => return Some((answers, publish(works, writes))),
            Err(StoreError::Moved(_)) if gives_way => return None,
            Err(StoreError::Moved(_)) if tries < works.settings.retries_max => tries += 1,
            // Packs were installed beside this batch; the world follows within moments.
            Err(StoreError::PacksChanged) if waits < PACKS_WAITS_MAX => {
                waits += 1;
                tokio::time::sleep(PACKS_WAIT).await;
            }
            // Whether the batch got through is found out by trying again: what did is answered from the record.
            Err(error @ StoreError::Unavailable { .. }) if lost < LOST_WAITS_MAX => {
                tracing::warn!(%error, "the database is gone; trying again");
                tokio::time::sleep(LOST_WAIT * 2_u32.pow(lost)).await;
                lost += 1;
            }
            Err(error) => {
                tracing::error!(%error, commands = commands.len(), "a batch could not be written");
                let error = Arc::new(error);
                let answers = commands.iter().map(|_| Err(CommitError::Storage(error.clone()))).collect();
                return Some((answers, Vec::new()));
            }
        }
    }
}

async fn attempt(
    works: &Works,
    commands: &[Command],
    at: &[Timestamp],
) -> Result<(Vec<Answer>, Vec<ShardWrite>), StoreError> {
    let world = works.world.load_full();
    let now = at.first().copied().unwrap_or(Timestamp::UNIX_EPOCH);
    let first = want(&world, commands, now);
    let loaded = works.store.load(&first).await?;
    let mut batch = Batch::new(&world, &works.ring, loaded).keeping(works.settings.numbered_max);
    batch.asked(&first);
    let more = want_more(&world, batch.state(), commands, now);
    if !more.is_empty() {
        load_more((works, &world), &mut batch, (&more, now)).await?;
    }
    let mut answers = Vec::with_capacity(commands.len());
    for (command, now) in commands.iter().zip(at) {
        let given = Given { now: *now, id: works.clock.id(), key: works.clock.key() };
        for round in 0.. {
            let Some(more) = batch.needs(command, &given, round) else { break };
            load_more((works, &world), &mut batch, (&more, given.now)).await?;
        }
        answers.push(batch.run(command, &given).map_err(CommitError::from));
    }
    let writes = batch.finish();
    if !writes.is_empty() {
        works.store.write(&writes).await?;
    }
    Ok((answers, writes))
}

/// Loads what became known only on the way; a head that moved meanwhile is noticed by the write.
async fn load_more(
    (works, world): (&Works, &World),
    batch: &mut Batch<'_>,
    (want, now): (&Want, Timestamp),
) -> Result<(), StoreError> {
    let mut loaded = works.store.load(want).await?;
    if !want.figures.is_empty() {
        loaded.figures = published(works.store.as_ref(), world, &want.figures, now).await?;
    }
    batch.add(want, loaded);
    Ok(())
}

/// After a write: reference registers that changed are taken into the world; the lines go to whoever listens.
fn publish(works: &Works, writes: Vec<ShardWrite>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut records = Vec::new();
    let mut gone = Vec::new();
    for write in writes {
        // Rows kept by place are not in memory.
        if write.shard == Shard::DEPLOYMENT {
            records.extend(write.records);
            gone.extend(write.records_gone);
        }
        entries.extend(write.lines.into_iter().map(|line| line.entry));
    }
    if !records.is_empty() || !gone.is_empty() {
        works.world.rcu(|world| Arc::new(world.with_records(records.iter().cloned()).without_records(&gone)));
    }
    entries
}

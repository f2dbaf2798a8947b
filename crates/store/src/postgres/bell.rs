//! The bell between servers: one connection of each, on which it rings after a commit, hears the others, and holds its turns at
//! jobs. Nothing depends on its being heard: the journal is the truth, and jobs may run twice.

use super::connector::Connector;
use super::error::{failed, words};
use super::row::{Stored, shard};
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{ShardWrite, Turn};
use ganglion_model::Shard;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_postgres::{Client, Config, Notification};

/// The channel that is rung on.
const CHANNEL: &str = "ganglion_journal";
/// Locks of turns are of this class, so that they meet no other.
const TURNS: i32 = 0x6761_6e67;
/// How long until a connection that was lost is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// The bell of one server.
pub(super) struct Bell {
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    client: Mutex<Option<Arc<Client>>>,
    /// Shards others wrote to.
    heard: Mutex<Heard>,
    some_heard: Notify,
    /// Shards this server wrote to and has not rung for.
    written: Mutex<BTreeSet<Shard>>,
    some_written: Notify,
}

#[derive(Default)]
struct Heard {
    shards: BTreeSet<Shard>,
    /// Something may have been missed.
    anywhere: bool,
}

impl Shared {
    fn hear(&self, shards: impl IntoIterator<Item = Shard>, anywhere: bool) {
        let mut heard = self.heard.lock();
        heard.shards.extend(shards);
        heard.anywhere |= anywhere;
        self.some_heard.notify_one();
    }
}

impl Bell {
    /// Hangs it up.
    pub fn start(io: &tokio::runtime::Handle, connector: Connector, config: Config) -> Bell {
        let shared = Arc::new(Shared::default());
        let task = io.spawn(hang(shared.clone(), connector, config));
        Bell { shared, task }
    }

    /// Rings for what a batch wrote; nobody waits for it.
    pub fn ring(&self, batch: &[ShardWrite]) {
        let written = batch.iter().filter(|write| !write.lines.is_empty()).map(|write| write.shard);
        self.shared.written.lock().extend(written);
        self.shared.some_written.notify_one();
    }

    /// Waits until others have rung; none: look everywhere.
    pub async fn heard(&self) -> Vec<Shard> {
        loop {
            self.shared.some_heard.notified().await;
            let heard = std::mem::take(&mut *self.shared.heard.lock());
            if heard.anywhere {
                return Vec::new();
            }
            if !heard.shards.is_empty() {
                return heard.shards.into_iter().collect();
            }
        }
    }

    /// Takes a turn at a job, unless another server has it.
    pub async fn turn(&self, io: tokio::runtime::Handle, job: &str) -> Stored<Option<Turn>> {
        let attempted = "taking a turn at a job";
        let away = || StoreError::Unavailable { attempted, reason: "the connection is being made".to_owned() };
        let client = self.shared.client.lock().clone().ok_or_else(away)?;
        let number = job.bytes().fold(5381_i32, |sum, byte| sum.wrapping_mul(33) ^ i32::from(byte));
        let sql = "SELECT pg_try_advisory_lock($1, $2)";
        let row = client.query_one(sql, &[&TURNS, &number]).await.map_err(failed(attempted))?;
        let is_ours: bool = row.try_get(0).map_err(failed(attempted))?;
        Ok(is_ours.then(|| {
            Turn::ended_by(move || {
                io.spawn(async move {
                    // A connection that is gone has given its turns back.
                    let _ = client.query("SELECT pg_advisory_unlock($1, $2)", &[&TURNS, &number]).await;
                });
            })
        }))
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hang(shared: Arc<Shared>, connector: Connector, config: Config) {
    loop {
        if let Err(error) = listen(&shared, &connector, &config).await {
            tracing::debug!(error = words(&error), "the bell is not heard; it is hung up again");
        }
        *shared.client.lock() = None;
        tokio::time::sleep(AGAIN).await;
    }
}

/// Listens and rings until the connection ends.
async fn listen(shared: &Arc<Shared>, connector: &Connector, config: &Config) -> Result<(), tokio_postgres::Error> {
    let own = Arc::new(Mutex::new(None));
    let (hears, known) = (shared.clone(), own.clone());
    let (client, _task) = connector
        .listening(config, move |notification: Notification| {
            if *known.lock() != Some(notification.process_id()) {
                hears.hear(shards(notification.payload()), false);
            }
        })
        .await?;
    let client = Arc::new(client);
    let row = client.query_one("SELECT pg_backend_pid()", &[]).await?;
    *own.lock() = Some(row.try_get(0)?);
    client.batch_execute(&format!("SET statement_timeout = 0; LISTEN {CHANNEL}")).await?;
    *shared.client.lock() = Some(client.clone());
    shared.hear([], true);
    loop {
        tokio::select! {
            () = shared.some_written.notified() => {}
            () = tokio::time::sleep(AGAIN) => {}
        }
        let written = std::mem::take(&mut *shared.written.lock());
        if client.is_closed() {
            return Ok(());
        }
        if !written.is_empty() {
            let payload: Vec<String> = written.iter().map(|one| shard(*one).to_string()).collect();
            client.query("SELECT pg_notify($1, $2)", &[&CHANNEL, &payload.join(",")]).await?;
        }
    }
}

fn shards(payload: &str) -> Vec<Shard> {
    payload.split(',').filter_map(|code| code.parse().ok().map(Shard)).collect()
}

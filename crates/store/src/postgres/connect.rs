//! Opening a database: its checks, its two pools, and on which threads they live.

use super::bell::Bell;
use super::connector::{Connector, Threads};
use super::error::{PgOpenError, of, words};
use super::migrate::{Layout, looked_at, migrate};
use super::options::{Address, PgOptions};
use super::row::Stored;
use deadpool_postgres::{Connect, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use ganglion_kernel::StoreError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

/// Oldest version that serves: the first that compresses by the quick method.
const VERSION_MIN: u32 = 14;

/// A PostgreSQL database behind the storage port.
pub struct PgStore {
    readers: Pool,
    writers: Pool,
    durable: AtomicBool,
    layout: Layout,
    bell: Bell,
    _planning: Planning,
    threads: Threads,
}

impl std::fmt::Debug for PgStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgStore")
            .field("readers", &self.readers.status())
            .field("writers", &self.writers.status())
            .finish()
    }
}

impl PgStore {
    /// Opens the database, making its tables and bringing them up to date as needed.
    ///
    /// # Errors
    /// See [`PgOpenError`].
    pub async fn open(url: &str, options: PgOptions) -> Result<Arc<PgStore>, PgOpenError> {
        PgStore::open_as(url, options, None).await
    }

    /// As [`PgStore::open`], with the layout new tables are made in.
    ///
    /// # Errors
    /// See [`PgOpenError`]; a database that has another layout is refused.
    pub async fn open_as(url: &str, options: PgOptions, layout: Option<Layout>) -> Result<Arc<PgStore>, PgOpenError> {
        PgStore::opened(url, options, Tables::UpToDate(layout)).await
    }

    /// Opens a database whose tables are up to date, and changes nothing about them.
    ///
    /// # Errors
    /// See [`PgOpenError`].
    pub async fn look(url: &str, options: PgOptions) -> Result<Arc<PgStore>, PgOpenError> {
        PgStore::opened(url, options, Tables::AsTheyAre).await
    }

    async fn opened(url: &str, options: PgOptions, tables: Tables) -> Result<Arc<PgStore>, PgOpenError> {
        let address = Address::read(url, &options)?;
        let threads = Threads::new()?;
        let connector =
            Connector { io: threads.io.clone(), tls: address.encryption.connector()?, setup: options.setup().into() };
        let (client, connection) =
            connector.connect(&address.config).await.map_err(|error| not_opened(&address, &error))?;
        check(&client, &address).await?;
        let layout = match tables {
            Tables::UpToDate(layout) => migrate(&client, layout).await?,
            Tables::AsTheyAre => looked_at(&client).await?,
        };
        drop(client);
        // An error says that the task was cut off, which is what is waited for.
        let _ = connection.await;
        let pool = |size: usize| {
            let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
            Pool::builder(Manager::from_connect(address.config.clone(), connector.clone(), config))
                .max_size(size.max(1))
                .runtime(Runtime::Tokio1)
                .wait_timeout(Some(options.wait))
                .create_timeout(Some(2 * options.connect))
                .build()
                .map_err(|error| PgOpenError::Database { attempted: "making a pool", reason: error.to_string() })
        };
        let (readers, writers) = (pool(options.readers)?, pool(options.writers)?);
        let pools = [readers.clone(), writers.clone()];
        Ok(Arc::new(PgStore {
            readers,
            writers,
            _planning: Planning(threads.io.spawn(plan_anew(pools))),
            durable: AtomicBool::new(true),
            layout,
            bell: Bell::start(&threads.io, connector.clone(), address.config.clone()),
            threads,
        }))
    }

    /// Whether commits wait for the disk. `false` only while a history is loaded that could be loaded again.
    pub fn set_durable(&self, durable: bool) {
        self.durable.store(durable, Ordering::Relaxed);
    }

    /// Words that begin a transaction that writes.
    pub(super) fn begin(&self) -> &'static str {
        if self.durable.load(Ordering::Relaxed) {
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
        } else {
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = off"
        }
    }

    /// A connection that reads.
    pub(super) async fn reader(&self) -> Stored<Object> {
        got(self.readers.get().await)
    }

    /// A connection that writes.
    pub(super) async fn writer(&self) -> Stored<Object> {
        got(self.writers.get().await)
    }

    /// How the tables are spread.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The bell between servers.
    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Where connections live.
    pub(super) fn io(&self) -> Handle {
        self.threads.io.clone()
    }
}

/// What is done about tables that are not up to date.
enum Tables {
    /// They are made or brought up to date, in this layout if they are new.
    UpToDate(Option<Layout>),
    /// The database is not opened.
    AsTheyAre,
}

fn got(result: Result<Object, PoolError>) -> Stored<Object> {
    let attempted = "taking a connection";
    result.map_err(|error| match error {
        PoolError::Backend(error) => match of(attempted, &error) {
            StoreError::Database { attempted, reason } => StoreError::Unavailable { attempted, reason },
            other => other,
        },
        PoolError::Timeout(_) => {
            let reason = "every connection was in use, or making one took too long".to_owned();
            StoreError::Unavailable { attempted, reason }
        }
        other => StoreError::Unavailable { attempted, reason: other.to_string() },
    })
}

/// How long a plan is kept: a table that is filled outgrows the plan of its first rows long before the server looks at it anew.
const PLANS_KEPT: std::time::Duration = std::time::Duration::from_secs(30);

/// The task that has plans made anew; over with the store.
struct Planning(JoinHandle<()>);

impl Drop for Planning {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn plan_anew(pools: [Pool; 2]) {
    loop {
        tokio::time::sleep(PLANS_KEPT).await;
        pools.iter().for_each(|pool| pool.manager().statement_caches.clear());
    }
}

/// What has to be right before anything is made.
async fn check(client: &Client, address: &Address) -> Result<(), PgOpenError> {
    let attempted = "looking at the server";
    let failed = |error: Error| PgOpenError::Database { attempted, reason: words(&error) };
    let sql = "SELECT current_setting('server_version'), current_setting('server_version_num')::int4, \
               current_setting('server_encoding'), pg_is_in_recovery(), current_setting('synchronous_commit'), \
               current_setting('fsync')";
    let row = client.query_one(sql, &[]).await.map_err(failed)?;
    let (version, number): (String, i32) = (row.get(0), row.get(1));
    if number < VERSION_MIN.cast_signed() * 10_000 {
        return Err(PgOpenError::Old { found: version, needed: VERSION_MIN });
    }
    let encoding: String = row.get(2);
    if encoding != "UTF8" {
        return Err(PgOpenError::Encoding { found: encoding });
    }
    if row.get::<_, bool>(3) {
        return Err(PgOpenError::Standby { at: address.place() });
    }
    let (waits, flushes): (String, String) = (row.get(4), row.get(5));
    if waits == "off" || flushes == "off" {
        tracing::warn!(
            synchronous_commit = waits,
            fsync = flushes,
            "this PostgreSQL does not wait for the disk: what was answered may be lost when it fails"
        );
    }
    Ok(())
}

/// Why there is no connection, in words that say what to do.
fn not_opened(address: &Address, error: &Error) -> PgOpenError {
    let (at, user) = (address.place(), address.user().to_owned());
    let reason = words(error);
    match error.code() {
        Some(code) if *code == SqlState::INVALID_PASSWORD => PgOpenError::Password { at, user },
        Some(code) if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            PgOpenError::Refused { at, user, reason }
        }
        Some(code) if *code == SqlState::INVALID_CATALOG_NAME => {
            PgOpenError::Missing { at, name: address.database().to_owned() }
        }
        Some(_) => PgOpenError::Database { attempted: "connecting", reason },
        None if reason.contains("password") => PgOpenError::Password { at, user },
        None if reason.contains("invalid configuration") => PgOpenError::Address(reason),
        None => PgOpenError::Unreachable { at: near_words(address, at), reason },
    }
}

/// The place, with a word about sockets when it is one.
fn near_words(address: &Address, at: String) -> String {
    let is_socket = address.config.get_hosts().iter().any(|host| matches!(host, Host::Unix(_)));
    if is_socket { format!("the socket {at}") } else { at }
}

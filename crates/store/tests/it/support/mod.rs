//! What every test of the suite starts from: an empty database, rows made by hand, a world with a small pack.

pub mod dump;
pub mod history;
pub mod rows;
pub mod world;

use ganglion_cluster::Database;
use ganglion_kernel::Store;
use ganglion_store::{Layout, PgOptions, PgStore, SqliteOptions, SqliteStore};
use std::future::Future;
use std::sync::Arc;

/// A database and what it lives in.
pub struct Db {
    pub store: Arc<dyn Store>,
    _folder: Option<tempfile::TempDir>,
    _database: Option<Database>,
}

/// Makes an empty database.
pub type Make = fn() -> Db;

/// SQLite in memory.
pub fn memory() -> Db {
    Db { store: SqliteStore::memory().unwrap(), _folder: None, _database: None }
}

/// SQLite in a file of its own, with every row packed.
pub fn file() -> Db {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { pack_lines: 1, ..SqliteOptions::default() };
    let store = SqliteStore::open(&folder.path().join("suite.db"), options).unwrap();
    Db { store, _folder: Some(folder), _database: None }
}

/// PostgreSQL, a database of its own.
pub fn postgres() -> Db {
    of_layout(Layout::Single)
}

/// PostgreSQL with a partition a county.
pub fn partitioned() -> Db {
    of_layout(Layout::Partitioned)
}

fn of_layout(layout: Layout) -> Db {
    let database = pg_database(layout);
    Db { store: pg_open(&database.url()), _folder: None, _database: Some(database) }
}

/// A database with tables and without rows.
pub fn pg_database(layout: Layout) -> Database {
    let prepare = |url: &str| {
        let url = url.to_owned();
        elsewhere(async move { PgStore::open_as(&url, small(), Some(layout)).await.unwrap() });
    };
    ganglion_cluster::fresh(&layout.fingerprint(), prepare).unwrap()
}

/// Opens a database as one more server would.
pub fn pg_open(url: &str) -> Arc<PgStore> {
    let url = url.to_owned();
    elsewhere(async move { PgStore::open(&url, small()).await.unwrap() })
}

/// Few connections: many tests run at once.
pub fn small() -> PgOptions {
    PgOptions { readers: 2, writers: 3, ..PgOptions::default() }
}

/// Whether a database can be had here.
pub fn is_there(database: &str) -> bool {
    !matches!(database, "postgres" | "partitioned") || ganglion_cluster::is_there()
}

/// Runs a test on this thread.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// Runs on a thread of its own: for what is made inside of a test that runs already.
pub fn elsewhere<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    std::thread::spawn(move || run(work)).join().unwrap()
}

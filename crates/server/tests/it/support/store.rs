//! The database of a test: SQLite in memory, or, when `GANGLION_TEST_DATABASE` says `postgres`, one of a PostgreSQL's own.

use ganglion_cluster::Database;
use ganglion_kernel::Store;
use ganglion_store::{Layout, PgOptions, PgStore, SqliteStore};
use std::sync::Arc;

/// A database; gone with its handle.
pub struct Db {
    pub store: Arc<dyn Store>,
    database: Option<Database>,
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says on which database")]
fn is_postgres() -> bool {
    std::env::var("GANGLION_TEST_DATABASE").is_ok_and(|name| name == "postgres")
}

impl Db {
    /// One that a test opened itself.
    pub fn of(store: Arc<dyn Store>) -> Db {
        Db { store, database: None }
    }

    /// Where it is, when it is one of PostgreSQL.
    pub fn url(&self) -> Option<String> {
        self.database.as_ref().map(Database::url)
    }

    /// The same database, as another server opens it; gone with the first.
    pub async fn again(&self) -> Db {
        let url = self.database.as_ref().unwrap().url();
        Db { store: PgStore::open(&url, few()).await.unwrap(), database: None }
    }
}

/// An empty one.
pub async fn empty() -> Db {
    if !is_postgres() {
        return Db { store: SqliteStore::memory().unwrap(), database: None };
    }
    made().await
}

/// An empty one of PostgreSQL, if there is one here.
pub async fn postgres() -> Option<Db> {
    if ganglion_cluster::is_there() { Some(made().await) } else { None }
}

async fn made() -> Db {
    let prepare = |url: &str| {
        let url = url.to_owned();
        let work = async move { PgStore::open(&url, few()).await.map(drop) };
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        std::thread::spawn(move || runtime().block_on(work)).join().unwrap().unwrap();
    };
    let database = ganglion_cluster::fresh(&Layout::Single.fingerprint(), prepare).unwrap();
    Db { store: PgStore::open(&database.url(), few()).await.unwrap(), database: Some(database) }
}

/// Few connections: many tests run at once.
fn few() -> PgOptions {
    PgOptions { readers: 3, writers: 3, ..PgOptions::default() }
}

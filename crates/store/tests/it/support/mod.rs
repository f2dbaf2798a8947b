//! What every test of the suite starts from: an empty database, rows made by hand, a world with a small pack.

pub mod dump;
pub mod history;
pub mod rows;
pub mod world;

use ganglion_kernel::Store;
use ganglion_store::{SqliteOptions, SqliteStore};
use std::future::Future;
use std::sync::Arc;

/// A database and what it lives in.
pub struct Db {
    pub store: Arc<dyn Store>,
    _folder: Option<tempfile::TempDir>,
}

/// Makes an empty database.
pub type Make = fn() -> Db;

/// SQLite in memory.
pub fn memory() -> Db {
    Db { store: SqliteStore::memory().unwrap(), _folder: None }
}

/// SQLite in a file of its own.
pub fn file() -> Db {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("suite.db"), SqliteOptions::default()).unwrap();
    Db { store, _folder: Some(folder) }
}

/// Runs a test on this thread.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test)
}

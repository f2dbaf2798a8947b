//! Which database an installation uses: SQLite in its folder, or a PostgreSQL named by its address.

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use ganglion_kernel::Store;
use ganglion_store::{PgOptions, PgStore, SqliteOptions, SqliteStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Name of the SQLite database in the folder of an installation.
pub const SQLITE: &str = "ganglion.sqlite";

/// Arguments of every command that opens an installation.
#[derive(Args, Clone, Debug)]
pub struct DatabaseArgs {
    /// PostgreSQL to use instead of SQLite in the folder, such as `postgres://user:password@host:5432/name`; several servers may
    /// name the same.
    #[arg(long, env = "GANGLION_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// Connections to PostgreSQL that read, at most.
    #[arg(long, env = "GANGLION_DATABASE_READERS", default_value_t = 8)]
    pub database_readers: usize,
    /// Connections to PostgreSQL that write, at most.
    #[arg(long, env = "GANGLION_DATABASE_WRITERS", default_value_t = 4)]
    pub database_writers: usize,
    /// Seconds a statement may take, and a request may wait for a connection (a sixth of it).
    #[arg(long, env = "GANGLION_DATABASE_SECONDS", default_value_t = 30)]
    pub database_seconds: u64,
}

impl DatabaseArgs {
    /// The database at this address, or SQLite, with settings as they are without arguments.
    #[must_use]
    pub fn of(database: Option<String>) -> DatabaseArgs {
        DatabaseArgs { database, database_readers: 8, database_writers: 4, database_seconds: 30 }
    }

    /// What the store is told.
    #[must_use]
    pub fn options(&self) -> PgOptions {
        let statement = Duration::from_secs(self.database_seconds.max(1));
        PgOptions {
            readers: self.database_readers,
            writers: self.database_writers,
            statement,
            wait: statement / 6,
            lock: statement / 3,
            ..PgOptions::default()
        }
    }

    /// The database as a person names it: never with a password.
    #[must_use]
    pub fn named(&self, data: &Path) -> String {
        match &self.database {
            None => data.join(SQLITE).display().to_string(),
            Some(url) => url.rsplit_once('@').map_or(url.as_str(), |(_, place)| place).to_owned(),
        }
    }
}

/// An open database.
#[derive(Clone)]
pub enum Database {
    /// One file.
    Sqlite(Arc<SqliteStore>),
    /// A server.
    Postgres(Arc<PgStore>),
}

impl Database {
    /// Opens the database of an installation, making its tables as needed.
    ///
    /// # Errors
    /// In words that say what to do.
    pub async fn open(data: &Path, args: &DatabaseArgs) -> Result<Database> {
        if let Some(url) = &args.database {
            return Ok(Database::Postgres(PgStore::open(url, args.options()).await?));
        }
        Database::file(&data.join(SQLITE), SqliteOptions::default())
    }

    /// Opens the database of an installation that is there.
    ///
    /// # Errors
    /// In words that say what to do.
    pub async fn existing(data: &Path, args: &DatabaseArgs) -> Result<Arc<dyn Store>> {
        let is_there = args.database.is_some() || data.join(SQLITE).is_file();
        ensure!(is_there, "{} is no installation: there is no {SQLITE} in it", data.display());
        Ok(Database::open(data, args).await?.store())
    }

    /// Opens a SQLite database.
    ///
    /// # Errors
    /// In words that say what to do.
    pub fn file(path: &Path, options: SqliteOptions) -> Result<Database> {
        let store = SqliteStore::open(path, options);
        Ok(Database::Sqlite(store.with_context(|| format!("opening {}", path.display()))?))
    }

    /// Behind the port.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        match self {
            Database::Sqlite(store) => store.clone(),
            Database::Postgres(store) => store.clone(),
        }
    }

    /// Turns waiting for the disk off while a history is loaded, and on again.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_durable(&self, durable: bool) -> Result<()> {
        match self {
            Database::Sqlite(store) => store.set_durable(durable)?,
            Database::Postgres(store) => store.set_durable(durable),
        }
        Ok(())
    }
}

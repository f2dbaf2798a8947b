//! Opening a file, its settings, and handing out connections.

use super::checkpoint::Folding;
use super::forget::Looked;
use super::migrate::{OpenError, migrate};
use super::packed::{self, Packing};
use super::row::failed;
use ganglion_kernel::StoreError;
use parking_lot::{Mutex, MutexGuard};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Settings of a SQLite database.
#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// Whether a commit waits for the disk. `false` only while a history is loaded that could be loaded again.
    pub durable: bool,
    /// Connections that only read.
    pub readers: usize,
    /// Bytes of the file the writer maps into memory.
    pub mmap_bytes: u64,
    /// Page cache of the writer, KiB.
    pub cache_kib: u32,
    /// Pages the file may grow to (4 KiB each); a write beyond fails as on a full disk.
    pub pages_max: Option<u32>,
    /// Pages (4 KiB each) added to the log after which it is folded into the file, beside the commits.
    pub fold_pages: u32,
    /// Journal lines there must be before rows are packed with dictionaries made from them.
    pub pack_lines: u64,
    /// Journal lines from which on these are made beside the commits.
    pub pack_aside_lines: u64,
    /// How long to wait for another program that writes, milliseconds.
    pub busy_ms: u64,
}

impl Default for SqliteOptions {
    fn default() -> SqliteOptions {
        SqliteOptions {
            durable: true,
            readers: 4,
            mmap_bytes: 256 << 20,
            cache_kib: 32 << 10,
            pages_max: None,
            fold_pages: 4_000,
            pack_lines: PACK_LINES,
            pack_aside_lines: PACK_ASIDE_LINES,
            busy_ms: 10_000,
        }
    }
}

/// Lines that show well enough what the next ones will look like.
const PACK_LINES: u64 = 2_000;
/// Lines that are so few that a dictionary is made of them in some milliseconds.
const PACK_ASIDE_LINES: u64 = 500;
/// Page cache of each reader, KiB.
const READER_CACHE_KIB: u32 = 4 << 10;
/// Bytes of the log that stay on the disk when it starts anew: writing over them is cheaper than growing again.
const LOG_BYTES_KEPT: u32 = 64 << 20;
/// Pages no file can go beyond.
const PAGES_MAX: u32 = 4_294_967_294;
/// Statements kept prepared on each connection.
const STATEMENTS_MAX: usize = 128;

/// A SQLite database behind the storage port.
#[derive(Debug)]
pub struct SqliteStore {
    path: Option<PathBuf>,
    writer: Mutex<Connection>,
    readers: Vec<Mutex<Connection>>,
    turn: AtomicUsize,
    folding: Option<Folding>,
    packing: Arc<Packing>,
    /// When recorded answers were last looked at.
    pub(super) answers: Looked,
}

impl SqliteStore {
    /// Opens the file, making it and bringing it up to date as needed.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path, options: SqliteOptions) -> Result<Arc<SqliteStore>, OpenError> {
        let failed = |reason| OpenError::Database { attempted: "cannot open", path: path.to_owned(), reason };
        let packing = Packing::with_aside(Some(path), options.pack_aside_lines);
        let mut writer = Connection::open(path).map_err(failed)?;
        prepare_writer(&writer, &options).map_err(failed)?;
        packed::functions(&writer, &packing).map_err(failed)?;
        migrate(&mut writer).map_err(|error| match error {
            OpenError::Database { attempted, reason, .. } => {
                OpenError::Database { attempted, path: path.to_owned(), reason }
            }
            other => other,
        })?;
        packing.prepare(&writer, options.pack_lines).map_err(OpenError::Packing)?;
        packing.aside(options.durable);
        let readers = (0..options.readers)
            .map(|_| open_reader(path, &options, &packing).map(Mutex::new))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let aside = Connection::open(path).map_err(failed)?;
        prepare(&aside, &options).map_err(failed)?;
        // A connection that has read nothing does not know yet that there is a log, and would fold none.
        aside.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(failed)?;
        let folding =
            Folding::start(&mut writer, aside, (options.fold_pages, options.durable)).map_err(OpenError::Folding)?;
        Ok(Arc::new(SqliteStore {
            path: Some(path.to_owned()),
            writer: Mutex::new(writer),
            readers,
            turn: AtomicUsize::new(0),
            folding: Some(folding),
            packing,
            answers: Looked::default(),
        }))
    }

    /// Opens a file only to look at it as it stands at this moment, also one that is in use: nothing is migrated, made or
    /// folded, and every write fails. While it is open the log of a server at work only grows, so it should not be kept.
    ///
    /// # Errors
    /// When there is no such file or it cannot be read.
    pub fn look(path: &Path) -> Result<Arc<SqliteStore>, OpenError> {
        let failed = |reason| OpenError::Database { attempted: "cannot open", path: path.to_owned(), reason };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(path, flags).map_err(failed)?;
        prepare(&reader, &SqliteOptions::default()).map_err(failed)?;
        let packing = Packing::reading(Some(path));
        packed::functions(&reader, &packing).map_err(failed)?;
        reader.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema").map_err(failed)?;
        Ok(Arc::new(SqliteStore {
            path: Some(path.to_owned()),
            writer: Mutex::new(reader),
            readers: Vec::new(),
            turn: AtomicUsize::new(0),
            folding: None,
            packing,
            answers: Looked::default(),
        }))
    }

    /// A database in memory, gone with the handle: for tests and trials. Reads and writes take turns.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn memory() -> Result<Arc<SqliteStore>, OpenError> {
        let failed = |reason| OpenError::Database { attempted: "cannot open", path: PathBuf::new(), reason };
        let mut writer = Connection::open_in_memory().map_err(failed)?;
        let options = SqliteOptions::default();
        prepare_writer(&writer, &options).map_err(failed)?;
        let packing = Packing::reading(None);
        packed::functions(&writer, &packing).map_err(failed)?;
        migrate(&mut writer)?;
        packing.prepare(&writer, options.pack_lines).map_err(OpenError::Packing)?;
        Ok(Arc::new(SqliteStore {
            path: None,
            writer: Mutex::new(writer),
            readers: Vec::new(),
            turn: AtomicUsize::new(0),
            folding: None,
            packing,
            answers: Looked::default(),
        }))
    }

    /// Turns waiting for the disk off while a history is loaded, and on again; turning it on first brings everything
    /// written so far to the disk.
    ///
    /// # Errors
    /// When the database refuses; what was written stays as it is.
    pub fn set_durable(&self, durable: bool) -> Result<(), StoreError> {
        let attempted = "changing how commits wait for the disk";
        let writer = self.writer.lock();
        writer.pragma_update(None, "synchronous", synchronous(durable)).map_err(failed(attempted))?;
        if let Some(folding) = &self.folding {
            folding.aside(durable);
        }
        self.packing.aside(durable);
        if let Some(path) = self.path.as_ref().filter(|_| durable) {
            writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(failed(attempted))?;
            // A checkpoint with nothing left to copy would not flush what earlier ones copied without flushing.
            std::fs::File::open(path)
                .and_then(|file| file.sync_all())
                .map_err(|error| StoreError::Database { attempted, reason: error.to_string() })?;
        }
        Ok(())
    }

    /// Pages (4 KiB each) the file has.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn pages(&self) -> Result<u32, StoreError> {
        let pages = self.writer.lock().query_row("PRAGMA page_count", [], |row| row.get(0));
        pages.map_err(failed("counting pages"))
    }

    /// Sets to how many pages the file may grow from now on, as [`SqliteOptions::pages_max`] does at the start: a quota for an
    /// installation, and how a full disk is rehearsed. `None` takes the limit away.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_pages_max(&self, pages: Option<u32>) -> Result<(), StoreError> {
        let most = pages.unwrap_or(PAGES_MAX);
        let sql = format!("PRAGMA max_page_count = {most}");
        self.writer.lock().query_row(&sql, [], |_| Ok(())).map_err(failed("limiting pages"))
    }

    /// The one connection that writes.
    pub(super) fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock()
    }

    /// What rows are packed with.
    pub(super) fn packing(&self) -> &Packing {
        &self.packing
    }

    /// A connection that reads: a free one, or else the next in turn.
    pub(super) fn reader(&self) -> MutexGuard<'_, Connection> {
        if let Some(free) = self.readers.iter().find_map(Mutex::try_lock) {
            return free;
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        match self.readers.len() {
            0 => self.writer.lock(),
            readers => self.readers[turn % readers].lock(),
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.packing.finish(self.writer.get_mut());
        if let Some(folding) = self.folding.take() {
            folding.end(self.writer.get_mut());
        }
    }
}

fn synchronous(durable: bool) -> &'static str {
    if durable { "FULL" } else { "OFF" }
}

fn prepare(connection: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_millis(options.busy_ms))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Plans do not depend on values (lists name their index), so a new value must not have a statement compiled anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

fn prepare_writer(connection: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    // A commit writes every page it touched, and most of them for one small row; must come before anything is written.
    connection.pragma_update(None, "page_size", 4096)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    prepare(connection, options)?;
    // Readers map nothing: after every commit of another connection the whole mapping would be thrown away and faulted in
    // page by page again.
    connection.pragma_update(None, "mmap_size", options.mmap_bytes)?;
    connection.pragma_update(None, "synchronous", synchronous(options.durable))?;
    connection.pragma_update(None, "cache_size", -i64::from(options.cache_kib))?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    if let Some(pages) = options.pages_max {
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    Ok(())
}

fn open_reader(path: &Path, options: &SqliteOptions, packing: &Arc<Packing>) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection, options)?;
    packed::functions(&connection, packing)?;
    connection.pragma_update(None, "cache_size", -i64::from(READER_CACHE_KIB))?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

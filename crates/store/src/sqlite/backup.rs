//! Copying a database that is in use, and what proves that two databases hold the same: a digest of every table, and the Merkle root of every
//! journal, worked out again from its lines. Packing a copy with files into an archive is the binary's business.

use super::packed::LINE_TEXT;
use super::row::{Column, Stored, all, failed, one};
use ganglion_kernel::merkle::{Frontier, Hash};
use ganglion_kernel::{StoreError, journal};
use ganglion_model::Shard;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::time::Duration;

/// Pages copied before progress is told.
const PAGES_AT_ONCE: i32 = 4096;
/// How long another program that holds the file is waited for.
const BUSY: Duration = Duration::from_secs(10);

const COPYING: &str = "copying the database";
const PROVING: &str = "reading a copy of the database";

/// What one table holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableContents {
    /// Its name.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// SHA-256 over every value of every row in their order, hex.
    pub digest: String,
}

/// What one journal comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalContents {
    /// Shard.
    pub shard: Shard,
    /// Lines.
    pub lines: u64,
    /// Merkle root over them, hex.
    pub root: String,
}

/// What a database holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Number of the last migration.
    pub version: u32,
    /// Tables by name, figures among them.
    pub tables: Vec<TableContents>,
    /// Journals by shard.
    pub journals: Vec<JournalContents>,
}

impl Contents {
    /// Rows of a table; 0 when there is no such table.
    #[must_use]
    pub fn rows(&self, table: &str) -> u64 {
        self.tables.iter().find(|one| one.table == table).map_or(0, |one| one.rows)
    }

    /// Lines of all journals: where the installation stands.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.journals.iter().map(|one| one.lines).sum()
    }

    /// The first difference in words; `None` when both hold the same.
    #[must_use]
    pub fn difference(&self, other: &Contents) -> Option<String> {
        if self.version != other.version {
            return Some(format!("schema version {} against {}", self.version, other.version));
        }
        let roots = |one: &JournalContents| format!("journal {}: {} lines, root {}", one.shard, one.lines, one.root);
        let tables = |one: &TableContents| format!("table {}: {} rows, digest {}", one.table, one.rows, one.digest);
        first_difference(&self.journals, &other.journals, roots)
            .or_else(|| first_difference(&self.tables, &other.tables, tables))
    }
}

fn first_difference<T: PartialEq>(a: &[T], b: &[T], said: impl Fn(&T) -> String) -> Option<String> {
    let says = |one: Option<&T>| one.map_or_else(|| "nothing".to_owned(), &said);
    let at = (0..a.len().max(b.len())).find(|at| a.get(*at) != b.get(*at))?;
    Some(format!("{} against {}", says(a.get(at)), says(b.get(at))))
}

/// Copies a database that may be in use to a new file: everything that was durable at the moment the copy began, and nothing after it.
/// Writers are not held up. `progress` hears pages done and pages in all.
///
/// # Errors
/// When one of the files cannot be read or written, the disk is full, or another program locks the file for longer than ten seconds.
/// What was written of the copy is then of no use.
pub fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
    let source = reading(from, COPYING)?;
    // A snapshot held from here on: without it every commit of the server would have the copy begin anew.
    source.execute_batch("BEGIN").map_err(failed(COPYING))?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(failed(COPYING))?;
    let mut target = Connection::open(to).map_err(failed(COPYING))?;
    // A copy that is cut off is thrown away, so it needs no log of its own; the caller brings it to the disk.
    target.execute_batch("PRAGMA synchronous = OFF").map_err(failed(COPYING))?;
    {
        let backup = Backup::new(&source, &mut target).map_err(failed(COPYING))?;
        loop {
            let step = backup.step(PAGES_AT_ONCE).map_err(failed(COPYING))?;
            let at = backup.progress();
            let count = |pages: i32| u64::try_from(pages).unwrap_or(0);
            progress(count(at.pagecount) - count(at.remaining), count(at.pagecount));
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => {
                    let reason = "another program holds the file".to_owned();
                    return Err(StoreError::Database { attempted: COPYING, reason });
                }
            }
        }
    }
    // One file without a log beside it; the server turns the log on again when it opens the file.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(failed(COPYING))
}

/// What a database holds, read row by row. The journals' roots are worked out from their lines.
///
/// # Errors
/// When the file cannot be read, a line does not give the hash noted with it, or the lines do not give the root that was kept.
pub fn contents(path: &Path) -> Result<Contents, StoreError> {
    let connection = reading(path, PROVING)?;
    // One moment for all tables, should somebody write meanwhile.
    connection.execute_batch("BEGIN").map_err(failed(PROVING))?;
    let version = one(&connection, PROVING, ("SELECT coalesce(max(number), 0) FROM migration", []), |row| {
        Column("migration", "number").get(row, 0)
    })?;
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                 AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name";
    let names: Vec<String> = all(&connection, PROVING, (names, []), |row| Column("sqlite_schema", "name").get(row, 0))?;
    let tables = names.into_iter().map(|name| table_contents(&connection, name)).collect::<Stored<_>>()?;
    let heads = "SELECT shard, seq, frontier FROM shard_head ORDER BY shard";
    let heads: Vec<(Shard, u64, Vec<u8>)> = all(&connection, PROVING, (heads, []), |row| {
        let column = |name| Column("shard_head", name);
        Ok((Shard(column("shard").get(row, 0)?), column("seq").get(row, 1)?, column("frontier").get(row, 2)?))
    })?;
    let journals = heads.iter().map(|head| journal_contents(&connection, head)).collect::<Stored<_>>()?;
    Ok(Contents { version: version.unwrap_or(0), tables, journals })
}

/// Ids of the files that rows of a database speak of, in order.
///
/// # Errors
/// When the file cannot be read.
pub fn file_ids(path: &Path) -> Result<Vec<String>, StoreError> {
    let connection = reading(path, PROVING)?;
    all(&connection, PROVING, ("SELECT id FROM file ORDER BY id", []), |row| Column("file", "id").get(row, 0))
}

/// A connection that only reads and changes nothing about the file.
pub(super) fn reading(path: &Path, attempted: &'static str) -> Stored<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed(attempted))?;
    connection.busy_timeout(BUSY).map_err(failed(attempted))?;
    super::packed::read_with(&connection, path).map_err(failed(attempted))?;
    Ok(connection)
}

fn table_contents(connection: &Connection, table: String) -> Stored<TableContents> {
    let sql = format!("SELECT * FROM \"{table}\" ORDER BY {}", order_of(connection, &table)?);
    let mut statement = connection.prepare(&sql).map_err(failed(PROVING))?;
    let columns = statement.column_count();
    let mut rows = statement.query([]).map_err(failed(PROVING))?;
    let (mut count, mut hash) = (0, Sha256::new());
    while let Some(row) = rows.next().map_err(failed(PROVING))? {
        for at in 0..columns {
            take(&mut hash, row.get_ref(at).map_err(failed(PROVING))?);
        }
        count += 1;
    }
    Ok(TableContents { table, rows: count, digest: hex(&hash.finalize()) })
}

/// What the rows of a table are in the order of, so that no planner of another version reads them in another one.
fn order_of(connection: &Connection, table: &str) -> Stored<String> {
    let kind = "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?";
    let without_rowid: Option<bool> =
        one(connection, PROVING, (kind, [table]), |row| Column("table_list", "wr").get(row, 0))?;
    if without_rowid != Some(true) {
        return Ok("rowid".to_owned());
    }
    let key = "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk";
    let key: Vec<String> = all(connection, PROVING, (key, [table]), |row| Column("table_info", "name").get(row, 0))?;
    Ok(key.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", "))
}

/// A value with its kind and length, so that no two rows read alike.
fn take(hash: &mut Sha256, value: ValueRef<'_>) {
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => return hash_plain(hash, 1, &number.to_be_bytes()),
        ValueRef::Real(number) => return hash_plain(hash, 2, &number.to_bits().to_be_bytes()),
        ValueRef::Text(bytes) => (3, bytes),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

fn hash_plain(hash: &mut Sha256, kind: u8, bytes: &[u8; 8]) {
    hash.update([kind]);
    hash.update(bytes);
}

fn is_packing(connection: &Connection) -> Stored<bool> {
    let sql = "SELECT count(*) FROM pragma_table_info('journal') WHERE name = 'packed'";
    let found = one(connection, PROVING, (sql, []), |row| Column("table_info", "count").get::<u32>(row, 0))?;
    Ok(found.is_some_and(|count| count > 0))
}

fn journal_contents(connection: &Connection, (shard, seq, kept): &(Shard, u64, Vec<u8>)) -> Stored<JournalContents> {
    let wrong = |column, key: u64, reason: &str| StoreError::Corrupt {
        table: "journal",
        column,
        key: format!("{shard}/{key}"),
        reason: reason.to_owned(),
    };
    // A backup may be older than the column.
    let text = if is_packing(connection)? { LINE_TEXT } else { "entry" };
    let sql = format!("SELECT seq, {text}, leaf FROM journal WHERE shard = ? ORDER BY seq");
    let mut statement = connection.prepare(&sql).map_err(failed(PROVING))?;
    let mut rows = statement.query([shard.0]).map_err(failed(PROVING))?;
    let mut tree = Frontier::default();
    while let Some(row) = rows.next().map_err(failed(PROVING))? {
        let line: u64 = Column("journal", "seq").get(row, 0)?;
        let entry: String = Column("journal", "entry").get(row, 1)?;
        let leaf: Hash = Column("journal", "leaf").get(row, 2)?;
        if line != tree.size + 1 {
            return Err(wrong("seq", tree.size + 1, "the line is missing"));
        }
        if journal::hash(&entry) != leaf {
            return Err(wrong("entry", line, "its bytes do not give the hash noted with it"));
        }
        tree.push(leaf);
    }
    if tree.size != *seq || tree.to_bytes() != *kept {
        return Err(wrong("leaf", *seq, "the lines do not give the Merkle root that was kept"));
    }
    Ok(JournalContents { shard: *shard, lines: tree.size, root: hex(&tree.root()) })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

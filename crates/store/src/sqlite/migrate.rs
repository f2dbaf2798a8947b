//! Brings a database to the shape this binary knows: numbered files, only forward, each with its checksum noted.
//!
//! Migrations only widen, so an older server can go on beside a newer one for a while; going back is done from a backup.

use super::row::{Column, all};
use ganglion_kernel::StoreError;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Number, name and text of every migration, in order.
const MIGRATIONS: &[(u32, &str, &str)] = &[
    (1, "tables", include_str!("migrations/0001-tables.sql")),
    (2, "documents", include_str!("migrations/0002-documents.sql")),
    (3, "rows", include_str!("migrations/0003-rows.sql")),
    (4, "rules", include_str!("migrations/0004-rules.sql")),
    (5, "figures", include_str!("migrations/0005-figures.sql")),
    (6, "waiting", include_str!("migrations/0006-waiting.sql")),
    (7, "notices", include_str!("migrations/0007-notices.sql")),
    (8, "told", include_str!("migrations/0008-told.sql")),
    (9, "packs", include_str!("migrations/0009-packs.sql")),
    (10, "words", include_str!("migrations/0010-words.sql")),
    (11, "kept", include_str!("migrations/0011-kept.sql")),
    (12, "log", include_str!("migrations/0012-log.sql")),
    (17, "search", include_str!("migrations/0017-search.sql")),
    (19, "seal-lookup", include_str!("migrations/0019-seal-lookup.sql")),
    (21, "settled-kind", include_str!("migrations/0021-settled-kind.sql")),
    (22, "packed", include_str!("migrations/0022-packed.sql")),
    (24, "marks", include_str!("migrations/0024-marks.sql")),
    (26, "order", include_str!("migrations/0026-order.sql")),
    (28, "case-lines", include_str!("migrations/0028-case-lines.sql")),
    (29, "numbering-and-marks", include_str!("migrations/0029-numbering-and-marks.sql")),
    (30, "map", include_str!("migrations/0030-map.sql")),
    (31, "retention", include_str!("migrations/0031-retention.sql")),
    (32, "open-by-state", include_str!("migrations/0032-open-by-state.sql")),
    (33, "waited-for", include_str!("migrations/0033-waited-for.sql")),
    (34, "bands", include_str!("migrations/0034-bands.sql")),
];

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer binary has been at work on it.
    #[error("the database has version {found}, this program knows versions up to {known}: use the newer program")]
    Newer {
        /// Version of the database.
        found: u32,
        /// Newest version this binary knows.
        known: u32,
    },
    /// A migration that was applied is not the one this binary has.
    #[error("migration {number} of the database is not the one of this program: they come from different sources")]
    Changed {
        /// Its number.
        number: u32,
    },
    /// There are tables, but not ours.
    #[error("the file is a database of another program")]
    Foreign,
    /// The thread that folds the log cannot be started.
    #[error(transparent)]
    Folding(StoreError),
    /// The dictionaries rows are packed with cannot be read.
    #[error(transparent)]
    Packing(StoreError),
    /// The database said no.
    #[error("{attempted} {path:?}: {reason}")]
    Database {
        /// What was attempted.
        attempted: &'static str,
        /// The file.
        path: PathBuf,
        /// What the database said.
        #[source]
        reason: rusqlite::Error,
    },
}

fn checksum(text: &str) -> String {
    let mut out = String::with_capacity(64);
    for byte in ganglion_kernel::merkle::leaf_hash(text.as_bytes()) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// How the shape of a database compares with what this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Number of the last migration that was applied; 0 for a file without any.
    pub found: u32,
    /// Number of the last one this program knows.
    pub known: u32,
    /// The first migration that was applied with another text.
    pub changed: Option<u32>,
}

/// Looks at the shape of a database and changes nothing.
///
/// # Errors
/// When the file cannot be read or is a database of another program.
pub fn schema(path: &Path) -> Result<Schema, StoreError> {
    let attempted = "reading the schema";
    let connection = super::backup::reading(path, attempted)?;
    let known = MIGRATIONS.last().map_or(0, |last| last.0);
    let sql = "SELECT number, checksum FROM migration ORDER BY number";
    let applied: Vec<(u32, String)> = all(&connection, attempted, (sql, []), |row| {
        Ok((Column("migration", "number").get(row, 0)?, Column("migration", "checksum").get(row, 1)?))
    })?;
    let is_other = |(number, noted): &&(u32, String)| {
        MIGRATIONS.iter().any(|(ours, _, text)| ours == number && checksum(text) != *noted)
    };
    let changed = applied.iter().find(is_other).map(|(number, _)| *number);
    Ok(Schema { found: applied.last().map_or(0, |last| last.0), known, changed })
}

/// What the database says about its own soundness: nothing when all is well. `whole` also compares every index with its table,
/// which reads the file several times over.
///
/// # Errors
/// When the file cannot be read at all.
pub fn integrity(path: &Path, whole: bool) -> Result<Vec<String>, StoreError> {
    let attempted = "checking the file";
    let connection = super::backup::reading(path, attempted)?;
    let sql = if whole { "PRAGMA integrity_check" } else { "PRAGMA quick_check" };
    let said: Vec<String> = all(&connection, attempted, (sql, []), |row| Column("file", "said").get(row, 0))?;
    Ok(said.into_iter().filter(|line| line != "ok").collect())
}

/// Applies what is missing, in one transaction.
///
/// # Errors
/// See [`OpenError`]; the database is then unchanged.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    super::tree::functions(connection).map_err(|reason| OpenError::Database {
        attempted: "cannot migrate",
        path: PathBuf::new(),
        reason,
    })?;
    let failed = |reason| OpenError::Database { attempted: "cannot migrate", path: PathBuf::new(), reason };
    // What an index is made of is sorted in a file: in memory it would take more than the server does otherwise.
    let temporary = |connection: &Connection, store: &str| connection.pragma_update(None, "temp_store", store);
    temporary(connection, "FILE").map_err(failed)?;
    apply(connection, MIGRATIONS)?;
    temporary(connection, "MEMORY").map_err(failed)
}

fn apply(connection: &mut Connection, migrations: &[(u32, &str, &str)]) -> Result<(), OpenError> {
    let failed = |reason| OpenError::Database { attempted: "cannot migrate", path: PathBuf::new(), reason };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let has = |sql: &str| transaction.query_row(sql, [], |_| Ok(())).optional().map(|row| row.is_some());
    if !has("SELECT 1 FROM sqlite_master WHERE name = 'migration'").map_err(failed)? {
        if has("SELECT 1 FROM sqlite_master LIMIT 1").map_err(failed)? {
            return Err(OpenError::Foreign);
        }
        let table =
            "CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT";
        transaction.execute(table, []).map_err(failed)?;
    }
    let known = migrations.last().map_or(0, |last| last.0);
    let newest = "SELECT coalesce(max(number), 0) FROM migration";
    let found: u32 = transaction.query_row(newest, [], |row| row.get(0)).map_err(failed)?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for (number, name, text) in migrations {
        let checksum = checksum(text);
        let applied: Option<String> = transaction
            .query_row("SELECT checksum FROM migration WHERE number = ?", [number], |row| row.get(0))
            .optional()
            .map_err(failed)?;
        match applied {
            Some(applied) if applied == checksum => {}
            Some(_) => return Err(OpenError::Changed { number: *number }),
            None => {
                transaction.execute_batch(text).map_err(failed)?;
                let note = "INSERT INTO migration (number, name, checksum) VALUES (?, ?, ?)";
                transaction.execute(note, params![number, name, checksum]).map_err(failed)?;
            }
        }
    }
    transaction.commit().map_err(failed)
}

/// What both databases must have in common.
#[cfg(test)]
pub(crate) fn numbers_and_names() -> Vec<(u32, &'static str)> {
    MIGRATIONS.iter().map(|one| (one.0, one.1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: (u32, &str, &str) = (1, "one", "CREATE TABLE a (x INTEGER)");
    const TWO: (u32, &str, &str) = (2, "two", "CREATE TABLE b (x INTEGER)");

    fn count(connection: &Connection) -> u32 {
        connection.query_row("SELECT count(*) FROM migration", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn migrations_apply_once_and_only_forward() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &[ONE]).unwrap();
        apply(&mut connection, &[ONE, TWO]).unwrap();
        apply(&mut connection, &[ONE, TWO]).unwrap();
        assert_eq!(count(&connection), 2);
        let error = apply(&mut connection, &[ONE]).unwrap_err();
        assert!(error.to_string().contains("version 2, this program knows versions up to 1"), "{error}");
    }

    #[test]
    fn a_changed_migration_and_a_foreign_database_are_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &[ONE]).unwrap();
        let changed = (1, "one", "CREATE TABLE a (y INTEGER)");
        assert!(matches!(apply(&mut connection, &[changed]), Err(OpenError::Changed { number: 1 })));
        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE somebody (x)").unwrap();
        assert!(matches!(migrate(&mut foreign), Err(OpenError::Foreign)));
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        let broken = (2, "two", "CREATE TABLE b (x INTEGER); CREATE TABLE b (x INTEGER)");
        assert!(apply(&mut connection, &[ONE, broken]).is_err());
        apply(&mut connection, &[ONE]).unwrap();
        assert_eq!(count(&connection), 1);
    }
}

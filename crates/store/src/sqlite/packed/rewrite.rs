//! A copy of a database in which every journal line and every body of a case is packed, or none is: the one for installations from before,
//! the other for programs that read SQLite without our functions, and for whoever looks through a file for what should not be in it.

use super::short::Parts;
use super::training::{SELECT_CASES, SELECT_LINES, parts};
use super::{CASE_TEXT, Kind, Packing, kept};
use crate::sqlite::backup::{contents, copy};
use crate::sqlite::connect::{SqliteOptions, SqliteStore};
use crate::sqlite::row::{Column, all, failed};
use ganglion_kernel::StoreError;
use rusqlite::{Connection, TransactionBehavior, params};
use std::path::Path;

const ATTEMPTED: &str = "rewriting a copy of the database";
/// Rows read at a time.
const PAGE: u32 = 2_000;
const KEEPS_LINES: &str = "journal_keeps_lines";

/// How journal lines and bodies of cases stand in a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Packed, with dictionaries made from all of them.
    Packed,
    /// As text.
    Plain,
}

/// Copies the database at `from`, which may be in use, to the new file `to` and writes its journal lines and bodies of cases anew. Gives the
/// number of journal lines; the Merkle root of every journal, worked out from the new lines, is that of the old ones.
///
/// # Errors
/// When a file cannot be read or written, or the journals of the copy are not those of the original. What was written is then of no use.
pub fn rewrite(from: &Path, to: &Path, form: Form) -> Result<u64, StoreError> {
    copy(from, to, &mut |_, _| ())?;
    let before = contents(to)?;
    let store = SqliteStore::open(to, SqliteOptions { durable: false, readers: 0, ..SqliteOptions::default() })
        .map_err(|error| StoreError::Database { attempted: ATTEMPTED, reason: error.to_string() })?;
    rewrite_rows(&mut store.writer(), store.packing(), form)?;
    drop(store);
    let writer = Connection::open(to).map_err(failed(ATTEMPTED))?;
    writer.execute_batch("VACUUM").map_err(failed(ATTEMPTED))?;
    writer.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(failed(ATTEMPTED))?;
    drop(writer);
    std::fs::File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(|error| StoreError::Database { attempted: ATTEMPTED, reason: error.to_string() })?;
    let after = contents(to)?;
    if after.journals == before.journals {
        return Ok(after.lines());
    }
    let reason = "the journals of the copy are not those of the original".to_owned();
    Err(StoreError::Database { attempted: ATTEMPTED, reason })
}

fn rewrite_rows(writer: &mut Connection, packing: &Packing, form: Form) -> Result<(), StoreError> {
    // While rows are written no other connection may read.
    packing.fetch_all(writer).map_err(failed(ATTEMPTED))?;
    if form == Form::Packed {
        packing.learn_now(writer)?;
    }
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    let trigger = "SELECT sql FROM sqlite_schema WHERE name = ?";
    let trigger: String = transaction.query_row(trigger, [KEEPS_LINES], |row| row.get(0)).map_err(failed(ATTEMPTED))?;
    let batch = |sql: &str| transaction.execute_batch(sql).map_err(failed(ATTEMPTED));
    batch(&format!("DROP TRIGGER {KEEPS_LINES}"))?;
    for kind in [Kind::Line, Kind::Case] {
        rewrite_table(&transaction, packing, (kind, form))?;
    }
    batch(&trigger)?;
    if form == Form::Plain {
        let views = "SELECT name, sql FROM sqlite_schema WHERE type = 'view' AND instr(sql, 'case_text(') > 0";
        let views = all(&transaction, ATTEMPTED, (views, []), |row| {
            let column = Column("sqlite_schema", "sql");
            Ok((column.get::<String>(row, 0)?, column.get::<String>(row, 1)?))
        })?;
        for (name, sql) in views {
            batch(&format!("DROP VIEW \"{name}\"; {}", sql.replace(CASE_TEXT, "body")))?;
        }
    }
    transaction.commit().map_err(failed(ATTEMPTED))
}

fn rewrite_table(connection: &Connection, packing: &Packing, (kind, form): (Kind, Form)) -> Result<(), StoreError> {
    let (select, update) = match kind {
        Kind::Line => (SELECT_LINES, "UPDATE journal SET entry = ?, packed = ? WHERE rowid = ?"),
        Kind::Case => (SELECT_CASES, "UPDATE case_row SET body = ?, packed = ? WHERE rowid = ?"),
    };
    let sql = format!("{select}, rowid FROM {} WHERE rowid > ? ORDER BY rowid LIMIT ?", kind.table());
    let mut write = connection.prepare(update).map_err(failed(ATTEMPTED))?;
    let mut after = 0_i64;
    loop {
        let page: Vec<(i64, String, Parts)> = all(connection, ATTEMPTED, (&sql, params![after, PAGE]), |row| {
            let rowid = row.get("rowid").map_err(failed(ATTEMPTED))?;
            Ok((rowid, row.get(0).map_err(failed(ATTEMPTED))?, parts(kind, row).map_err(failed(ATTEMPTED))?))
        })?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.0;
        for (rowid, text, parts) in &page {
            let row = match form {
                Form::Packed => packing.kept(kind, text, parts),
                Form::Plain => kept(text, None),
            };
            write.execute(params![row.text, row.packed, rowid]).map_err(failed(ATTEMPTED))?;
        }
    }
}

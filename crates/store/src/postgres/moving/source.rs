//! The SQLite side of a move: one snapshot, which a server that goes on writing does not disturb, read by a thread of its own.

use super::MoveError;
use super::digest::Digest;
use super::tables::{TABLES, Table, cell, put_line};
use ganglion_kernel::merkle::Frontier;
use ganglion_kernel::port::FileRow;
use ganglion_model::{Place, Shard};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// Bytes sent at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// What the reading thread sends, table after table.
pub(super) enum Part {
    /// Rows, and how many of them.
    Rows(Vec<u8>, u64),
    /// The table is at its end.
    End(Digest),
}

/// Where a shard stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub shard: Shard,
    pub seq: u64,
    pub frontier: Frontier,
}

/// A moment of a SQLite database.
pub(super) struct Snapshot(Connection);

fn failed(attempted: &'static str) -> impl Fn(rusqlite::Error) -> MoveError {
    move |error| MoveError::Source { attempted, reason: error.to_string() }
}

impl Snapshot {
    /// Takes it.
    pub fn take(path: &Path) -> Result<Snapshot, MoveError> {
        let failed = failed("opening the SQLite database");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(&failed)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(&failed)?;
        let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        let at = |context: &mut Context<'_>| file(context).map(|file| file.at.as_microsecond());
        connection.create_scalar_function("ganglion_file_at", 1, pure, at).map_err(&failed)?;
        let loose = |context: &mut Context<'_>| file(context).map(|file| file.case.is_none() && !file.sent);
        connection.create_scalar_function("ganglion_file_loose", 1, pure, loose).map_err(&failed)?;
        crate::sqlite::read_with(&connection, path).map_err(&failed)?;
        connection.execute_batch("BEGIN").map_err(&failed)?;
        let snapshot = Snapshot(connection);
        // The first read takes the snapshot.
        snapshot.standing()?;
        Ok(snapshot)
    }

    /// Where every shard stands.
    pub fn standing(&self) -> Result<Vec<Standing>, MoveError> {
        let failed = failed("reading the heads of SQLite");
        let sql = "SELECT shard, seq, frontier FROM shard_head ORDER BY shard";
        let mut statement = self.0.prepare(sql).map_err(&failed)?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, u64>(1)?, row.get::<_, Vec<u8>>(2)?)))
            .map_err(&failed)?;
        rows.map(|row| {
            let (shard, seq, bytes) = row.map_err(&failed)?;
            let frontier = Frontier::from_bytes(&bytes).ok_or_else(|| MoveError::Source {
                attempted: "reading the heads of SQLite",
                reason: format!("shard_head.frontier of {shard} is no frontier of a tree"),
            })?;
            Ok(Standing { shard: Shard(shard), seq, frontier })
        })
        .collect()
    }

    /// Its places.
    pub fn places(&self) -> Result<Vec<Place>, MoveError> {
        let attempted = "reading the places of SQLite";
        let mut statement = self.0.prepare("SELECT body FROM place").map_err(failed(attempted))?;
        let bodies = statement.query_map([], |row| row.get::<_, String>(0)).map_err(failed(attempted))?;
        bodies
            .map(|body| {
                let body = body.map_err(failed(attempted))?;
                serde_json::from_str(&body).map_err(|error| MoveError::Source { attempted, reason: error.to_string() })
            })
            .collect()
    }

    /// How many rows each table has.
    pub fn counts(&self) -> Result<Vec<u64>, MoveError> {
        let failed = failed("counting the rows of SQLite");
        TABLES.iter().map(|table| self.0.query_row(&table.count(), [], |row| row.get(0)).map_err(&failed)).collect()
    }

    /// Sends every table, until it is done or nobody listens any more.
    pub fn send(&self, parts: &mpsc::Sender<Result<Part, MoveError>>) {
        for table in TABLES {
            match self.send_table(table, parts) {
                Ok(Some(digest)) if parts.blocking_send(Ok(Part::End(digest))).is_ok() => {}
                Ok(_) => return,
                Err(error) => {
                    // Who listens no more needs no reason.
                    let _ = parts.blocking_send(Err(error));
                    return;
                }
            }
        }
    }

    fn send_table(
        &self,
        table: &Table,
        parts: &mpsc::Sender<Result<Part, MoveError>>,
    ) -> Result<Option<Digest>, MoveError> {
        let failed = |reason: String| MoveError::Row { database: "SQLite", table: table.name, reason };
        let in_words = |error: rusqlite::Error| failed(error.to_string());
        let mut statement = self.0.prepare(&table.select()).map_err(in_words)?;
        let mut rows = statement.query([]).map_err(in_words)?;
        let (mut digest, mut chunk, mut count) = (Digest::default(), Vec::with_capacity(CHUNK_BYTES), 0);
        while let Some(row) = rows.next().map_err(in_words)? {
            let mut cells = Vec::with_capacity(table.columns.len());
            for (at, column) in table.columns.iter().enumerate() {
                let value = row.get_ref(at).map_err(in_words)?;
                cells.push(cell(column.kind, value).map_err(|reason| failed(format!("{}: {reason}", column.name)))?);
            }
            digest.add(table, &cells).map_err(failed)?;
            put_line(&mut chunk, &cells);
            count += 1;
            if chunk.len() >= CHUNK_BYTES {
                let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_BYTES));
                if parts.blocking_send(Ok(Part::Rows(full, std::mem::take(&mut count)))).is_err() {
                    return Ok(None);
                }
            }
        }
        let sent = parts.blocking_send(Ok(Part::Rows(chunk, count)));
        Ok(sent.is_ok().then_some(digest))
    }
}

fn file(context: &Context<'_>) -> rusqlite::Result<FileRow> {
    let body: String = context.get(0)?;
    serde_json::from_str(&body).map_err(|error| rusqlite::Error::UserFunctionError(error.into()))
}

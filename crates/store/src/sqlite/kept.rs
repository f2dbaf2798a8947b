//! Small things of the installation by kind and id: see the port.

use super::connect::SqliteStore;
use super::row::{Column, Stored, all, failed, one, run};
use async_trait::async_trait;
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{Kept, KeptStore};
use jiff::Timestamp;
use rusqlite::{Connection, Row, TransactionBehavior, params};

/// Most things in one answer.
const ROWS_MAX: u32 = 1000;

fn read(kind: &str, row: &Row<'_>) -> Stored<Kept> {
    let due: Option<i64> = Column("kept", "due").get(row, 1)?;
    Ok(Kept {
        kind: kind.to_owned(),
        id: Column("kept", "id").get(row, 0)?,
        due: due.and_then(|at| Timestamp::from_microsecond(at).ok()),
        body: Column("kept", "body").get(row, 2)?,
    })
}

fn put(connection: &mut Connection, things: &[Kept]) -> Stored<()> {
    const ATTEMPTED: &str = "keeping things";
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    for thing in things {
        let sql = "INSERT OR REPLACE INTO kept (kind, id, due, body) VALUES (?, ?, ?, ?)";
        let due = thing.due.map(Timestamp::as_microsecond);
        run(&transaction, ATTEMPTED, sql, params![thing.kind, thing.id, due, thing.body])?;
    }
    transaction.commit().map_err(failed(ATTEMPTED))
}

fn swap(connection: &Connection, thing: &Kept, before: Option<&str>) -> Stored<bool> {
    const ATTEMPTED: &str = "replacing a thing kept";
    let due = thing.due.map(Timestamp::as_microsecond);
    let rows = match before {
        Some(before) => {
            let sql = "UPDATE kept SET due = ?, body = ? WHERE kind = ? AND id = ? AND body = ?";
            run(connection, ATTEMPTED, sql, params![due, thing.body, thing.kind, thing.id, before])?
        }
        None => {
            let sql = "INSERT INTO kept (kind, id, due, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
            run(connection, ATTEMPTED, sql, params![thing.kind, thing.id, due, thing.body])?
        }
    };
    Ok(rows == 1)
}

fn gone(connection: &mut Connection, things: &[(String, String)]) -> Stored<()> {
    const ATTEMPTED: &str = "taking things away";
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    for (kind, id) in things {
        run(&transaction, ATTEMPTED, "DELETE FROM kept WHERE kind = ? AND id = ?", params![kind, id])?;
    }
    transaction.commit().map_err(failed(ATTEMPTED))
}

#[async_trait]
impl KeptStore for SqliteStore {
    async fn kept_one(&self, kind: &str, id: &str) -> Result<Option<Kept>, StoreError> {
        let sql = "SELECT id, due, body FROM kept WHERE kind = ? AND id = ?";
        one(&self.reader(), "reading a thing kept", (sql, params![kind, id]), |row| read(kind, row))
    }

    async fn kept(&self, kind: &str, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Kept>, StoreError> {
        // Between two ends, so that a prefix with few things is not looked for to the end of its kind.
        let sql = "SELECT id, due, body FROM kept WHERE kind = ? AND id > ? AND id >= ? AND id < ? ORDER BY id LIMIT ?";
        let end = format!("{prefix}\u{10FFFF}");
        let params = params![kind, after.unwrap_or_default(), prefix, end, limit.min(ROWS_MAX)];
        all(&self.reader(), "reading things kept", (sql, params), |row| read(kind, row))
    }

    async fn kept_last(&self, kind: &str, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let sql = "SELECT id, due, body FROM kept WHERE kind = ? ORDER BY id DESC LIMIT ?";
        all(&self.reader(), "reading the last things kept", (sql, params![kind, limit.min(ROWS_MAX)]), |row| {
            read(kind, row)
        })
    }

    async fn kept_due(&self, kind: &str, now: Timestamp, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let sql = "SELECT id, due, body FROM kept WHERE kind = ? AND due <= ? ORDER BY due, id LIMIT ?";
        let params = params![kind, now.as_microsecond(), limit.min(ROWS_MAX)];
        all(&self.reader(), "reading things that are due", (sql, params), |row| read(kind, row))
    }

    async fn kept_put(&self, things: &[Kept]) -> Result<(), StoreError> {
        put(&mut self.writer(), things)
    }

    async fn kept_swap(&self, thing: &Kept, before: Option<&str>) -> Result<bool, StoreError> {
        swap(&self.writer(), thing, before)
    }

    async fn kept_gone(&self, things: &[(String, String)]) -> Result<(), StoreError> {
        gone(&mut self.writer(), things)
    }
}

//! The PostgreSQL side of a move: filling tables by COPY, and reading back what arrived.

use super::super::connect::PgStore;
use super::super::error::failed;
use super::super::row::Stored;
use super::digest::Digest;
use super::source::Part;
use super::tables::{Cell, Table, read_line};
use super::{ATTEMPTED, MoveError};
use deadpool_postgres::Object;
use futures_util::{SinkExt as _, StreamExt as _};
use ganglion_kernel::StoreError;
use ganglion_kernel::journal;
use ganglion_kernel::merkle::Frontier;
use ganglion_model::Shard;
use std::io::Cursor;
use std::pin::pin;
use tokio::sync::mpsc;
use tokio_postgres::CopyInSink;

/// How many rows are read back before it is told.
const TOLD_EVERY: u64 = 5_000;

/// Refuses a database in which something is kept already.
pub(super) async fn expect_empty(client: &Object) -> Result<(), MoveError> {
    for (table, what) in [("shard_head", "cases or rows"), ("place", "places"), ("account", "accounts")] {
        let sql = format!("SELECT EXISTS (SELECT FROM {table})");
        let row = client.query_one(&sql, &[]).await.map_err(failed(ATTEMPTED))?;
        if row.try_get(0).map_err(failed(ATTEMPTED))? {
            return Err(MoveError::NotEmpty(what));
        }
    }
    Ok(())
}

/// Keeps others from writing until the transaction is over, if the database is empty still.
pub(super) async fn take(client: &Object) -> Result<(), MoveError> {
    // Every table is read from end to end. What a start of a server noted about an empty installation goes.
    let setup = "SET LOCAL enable_seqscan = on; LOCK TABLE shard_head, place, account, setting IN SHARE ROW EXCLUSIVE MODE; \
                 DELETE FROM setting; DELETE FROM cursor";
    client.batch_execute(setup).await.map_err(failed(ATTEMPTED))?;
    expect_empty(client).await
}

/// Fills a table with what arrives for it; gives the digest of what was sent.
pub(super) async fn fill(
    client: &Object,
    table: &Table,
    arriving: &mut mpsc::Receiver<Result<Part, MoveError>>,
    mut told: impl FnMut(u64),
) -> Result<Digest, MoveError> {
    let sql = format!("COPY {} ({}) FROM STDIN", table.name, table.names());
    let sink: CopyInSink<Cursor<Vec<u8>>> = client.copy_in(&sql).await.map_err(failed(ATTEMPTED))?;
    let mut sink = pin!(sink);
    loop {
        let ended = || MoveError::Source { attempted: "reading SQLite", reason: "the reading thread ended".to_owned() };
        match arriving.recv().await.ok_or_else(ended)?? {
            Part::Rows(lines, count) => {
                sink.send(Cursor::new(lines)).await.map_err(failed(ATTEMPTED))?;
                told(count);
            }
            Part::End(digest) => {
                sink.finish().await.map_err(failed(ATTEMPTED))?;
                return Ok(digest);
            }
        }
    }
}

/// Every row a statement gives, as COPY writes it.
async fn each(
    client: &Object,
    select: &str,
    mut take: impl FnMut(Vec<Cell>) -> Result<(), String>,
) -> Result<(), Fault> {
    let stream = client.copy_out(&format!("COPY ({select}) TO STDOUT")).await.map_err(failed(ATTEMPTED))?;
    let mut stream = pin!(stream);
    let mut rest: Vec<u8> = Vec::new();
    while let Some(piece) = stream.next().await {
        rest.extend_from_slice(&piece.map_err(failed(ATTEMPTED))?);
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
        for line in rest[..end].split(|byte| *byte == b'\n') {
            take(read_line(line)?)?;
        }
        rest.drain(..=end);
    }
    Ok(())
}

/// What can be wrong with a row that is read back.
enum Fault {
    Store(StoreError),
    Row(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Store(error)
    }
}

impl From<String> for Fault {
    fn from(reason: String) -> Fault {
        Fault::Row(reason)
    }
}

impl Fault {
    fn of(self, table: &'static str) -> MoveError {
        match self {
            Fault::Store(error) => MoveError::Store(error),
            Fault::Row(reason) => MoveError::Row { database: "PostgreSQL", table, reason },
        }
    }
}

/// Reads a table back.
pub(super) async fn digest(client: &Object, table: &Table, mut told: impl FnMut(u64)) -> Result<Digest, MoveError> {
    let mut digest = Digest::default();
    let select = format!("SELECT {} FROM {}", table.names(), table.name);
    let read = each(client, &select, |row| {
        digest.add(table, &row)?;
        if digest.rows.is_multiple_of(TOLD_EVERY) {
            told(TOLD_EVERY);
        }
        Ok(())
    });
    read.await.map_err(|fault| fault.of(table.name))?;
    told(digest.rows % TOLD_EVERY);
    Ok(digest)
}

/// The Merkle tree of a shard's journal, from the bytes of its lines.
pub(super) async fn frontier(client: &Object, shard: Shard) -> Result<Frontier, MoveError> {
    let mut frontier = Frontier::default();
    let select = format!("SELECT entry FROM journal WHERE shard = {} ORDER BY seq", shard.0);
    let read = each(client, &select, |row| {
        let line = row.into_iter().next().flatten().ok_or("a line is empty")?;
        frontier.push(journal::hash(&line));
        Ok(())
    });
    read.await.map_err(|fault| fault.of("journal"))?;
    Ok(frontier)
}

/// Has the tables looked at, so that plans fit what they hold now.
pub(super) async fn analyze(store: &PgStore) -> Stored<()> {
    let client = store.writer().await?;
    client.batch_execute("SET statement_timeout = 0; ANALYZE").await.map_err(failed(ATTEMPTED))?;
    // The connection has another limit than the others now.
    drop(Object::take(client));
    Ok(())
}

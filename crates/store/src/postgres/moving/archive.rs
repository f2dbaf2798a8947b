//! A PostgreSQL database as the rows of its tables, table after table, and back with proof: what backups are made of. The rows are what
//! `COPY` writes, all of one moment; what proves them are the sums of their hashes and the Merkle root of every journal, worked out anew
//! from its lines. Left out is what a move leaves out. Packing it into a file is the binary's business.

use super::super::connect::PgStore;
use super::super::error::failed;
use super::super::migrate::{Layout, version};
use super::super::reference::partition;
use super::super::sql::all;
use super::super::transaction::Transaction;
use super::digest::Digest;
use super::tables::{TABLES, Table, read_line};
use super::{MoveError, target};
use crate::sqlite::backup::{Contents, JournalContents, TableContents};
use deadpool_postgres::Object;
use futures_util::{SinkExt as _, StreamExt as _};
use ganglion_kernel::merkle::Frontier;
use ganglion_model::{Place, Shard};
use std::io::{Cursor, Read};
use std::pin::pin;
use tokio_postgres::CopyInSink;

const DUMPING: &str = "backing up PostgreSQL";
const RESTORING: &str = "bringing a backup back into PostgreSQL";
/// Bytes handed on at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// Where the rows of a dump go.
pub trait Sink {
    /// The rows of this table follow.
    ///
    /// # Errors
    /// Why it cannot be taken.
    fn table(&mut self, name: &'static str) -> std::io::Result<()>;

    /// Some rows of it.
    ///
    /// # Errors
    /// Why they cannot be taken.
    fn rows(&mut self, lines: &[u8]) -> std::io::Result<()>;
}

/// Where the rows of a dump come from.
pub trait Source {
    /// The rows of a table.
    ///
    /// # Errors
    /// When they are not there.
    fn table<'a>(&'a mut self, name: &'static str) -> std::io::Result<Box<dyn Read + 'a>>;
}

/// What was dumped.
#[derive(Clone, Debug)]
pub struct Dumped {
    /// What proves it.
    pub contents: Contents,
    /// Ids of the uploaded files its rows speak of, in order.
    pub files: Vec<String>,
}

/// Gives every row of one moment to `into`; servers go on writing meanwhile.
///
/// # Errors
/// When the database cannot be read, a journal does not give the root that was kept, or `into` takes no more.
pub async fn dump(from: &PgStore, into: &mut dyn Sink) -> Result<Dumped, MoveError> {
    let transaction = Transaction::begin(from, DUMPING).await?;
    let client = transaction.client()?;
    let setup = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_seqscan = on";
    client.batch_execute(setup).await.map_err(failed(DUMPING))?;
    let mut tables = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        into.table(table.name).map_err(|error| MoveError::Archive(error.to_string()))?;
        tables.push(contents(table, dump_table(client, table, into).await?));
    }
    let journals = journals(client, DUMPING).await?;
    let sql = "SELECT id FROM file ORDER BY id";
    let files = all(client, DUMPING, (sql, &[]), |row| row.try_get(0).map_err(failed(DUMPING))).await?;
    Ok(Dumped { contents: Contents { version: version(), tables, journals }, files })
}

/// Fills an empty database with the rows `from` gives, and keeps them only when they are those that were `noted`. Words that are
/// searched are not among them.
///
/// # Errors
/// When the database is not empty, the rows are of another version of the program, or differ from what was noted; nothing is then kept.
pub async fn bring_back(into: &PgStore, from: &mut dyn Source, noted: &Contents) -> Result<(), MoveError> {
    if noted.version != version() {
        let (found, known) = (noted.version, version());
        let why =
            format!("it has schema version {found}, this program {known}: bring it back with the program that made it");
        return Err(MoveError::Archive(why));
    }
    target::expect_empty(&into.reader().await?).await?;
    if into.layout() == Layout::Partitioned {
        partition(into, &places(from)?).await?;
    }
    let transaction = Transaction::begin(into, RESTORING).await?;
    target::take(transaction.client()?).await?;
    for table in TABLES {
        fill(transaction.client()?, table, from).await?;
    }
    let mut tables = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        tables.push(contents(table, target::digest(transaction.client()?, table, |_| ()).await?));
    }
    let arrived = Contents { version: version(), tables, journals: journals(transaction.client()?, RESTORING).await? };
    if let Some(difference) = arrived.difference(noted) {
        return Err(MoveError::Archive(format!("what arrived is not what was noted: {difference}")));
    }
    transaction.commit(RESTORING).await?;
    target::analyze(into).await?;
    Ok(())
}

fn contents(table: &Table, digest: Digest) -> TableContents {
    TableContents { table: table.name.to_owned(), rows: digest.rows, digest: format!("{:032x}", digest.sum) }
}

/// What belongs to an installation, in an order that a page of it may depend on.
fn select(table: &Table) -> String {
    let end = match table.name {
        "setting" => " WHERE name NOT IN ('views', 'case_words', 'case_marks', 'case_place_marks', 'row_words')",
        "access" => " ORDER BY line",
        _ => "",
    };
    format!("SELECT {} FROM {}{end}", table.names(), table.name)
}

async fn dump_table(client: &Object, table: &Table, into: &mut dyn Sink) -> Result<Digest, MoveError> {
    let wrong = |reason| MoveError::Row { database: "PostgreSQL", table: table.name, reason };
    let mut digest = Digest::default();
    let mut take = |lines: &[u8]| {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            digest.add(table, &read_line(line).map_err(wrong)?).map_err(wrong)?;
        }
        into.rows(lines).map_err(|error| MoveError::Archive(error.to_string()))
    };
    let stream = client.copy_out(&format!("COPY ({}) TO STDOUT", select(table))).await.map_err(failed(DUMPING))?;
    let mut stream = pin!(stream);
    let mut waiting: Vec<u8> = Vec::with_capacity(2 * CHUNK_BYTES);
    while let Some(piece) = stream.next().await {
        waiting.extend_from_slice(&piece.map_err(failed(DUMPING))?);
        if waiting.len() < CHUNK_BYTES {
            continue;
        }
        let end = waiting.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        take(&waiting[..end])?;
        waiting.drain(..end);
    }
    take(&waiting)?;
    Ok(digest)
}

async fn fill(client: &Object, table: &Table, from: &mut dyn Source) -> Result<(), MoveError> {
    let unread = |error: std::io::Error| MoveError::Archive(format!("{}: {error}", table.name));
    let mut rows = from.table(table.name).map_err(unread)?;
    let sql = format!("COPY {} ({}) FROM STDIN", table.name, table.names());
    let sink: CopyInSink<Cursor<Vec<u8>>> = client.copy_in(&sql).await.map_err(failed(RESTORING))?;
    let mut sink = pin!(sink);
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        rows.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk).map_err(unread)?;
        if chunk.is_empty() {
            sink.finish().await.map_err(failed(RESTORING))?;
            return Ok(());
        }
        sink.send(Cursor::new(chunk)).await.map_err(failed(RESTORING))?;
    }
}

/// Every journal, from the bytes of its lines, which must give the root that was kept.
async fn journals(client: &Object, attempted: &'static str) -> Result<Vec<JournalContents>, MoveError> {
    let sql = "SELECT shard, seq, frontier FROM shard_head ORDER BY shard";
    let heads: Vec<(i32, i64, Vec<u8>)> = all(client, attempted, (sql, &[]), |row| {
        let failed = failed(attempted);
        Ok((row.try_get(0).map_err(&failed)?, row.try_get(1).map_err(&failed)?, row.try_get(2).map_err(&failed)?))
    })
    .await?;
    let mut journals = Vec::with_capacity(heads.len());
    for (shard, seq, kept) in heads {
        let shard = Shard(shard.cast_unsigned());
        let tree: Frontier = target::frontier(client, shard).await?;
        if i64::try_from(tree.size) != Ok(seq) || tree.to_bytes() != kept {
            return Err(MoveError::Root(shard));
        }
        let root = tree.root().iter().map(|byte| format!("{byte:02x}")).collect();
        journals.push(JournalContents { shard, lines: tree.size, root });
    }
    Ok(journals)
}

/// The places of a dump: every county among them gets its partitions before its rows come.
fn places(from: &mut dyn Source) -> Result<Vec<Place>, MoveError> {
    let table = "place";
    let wrong = |reason: String| MoveError::Row { database: "the backup", table, reason };
    let mut lines = Vec::new();
    from.table(table).and_then(|mut rows| rows.read_to_end(&mut lines)).map_err(|error| wrong(error.to_string()))?;
    let mut places = Vec::new();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let body = read_line(line).map_err(wrong)?.into_iter().nth(2).flatten().unwrap_or_default();
        places.push(serde_json::from_str(&body).map_err(|error| wrong(error.to_string()))?);
    }
    Ok(places)
}

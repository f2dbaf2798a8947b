//! Moving an installation from SQLite into PostgreSQL: every table is copied from one snapshot inside one transaction, read back,
//! and compared; the journal of every shard is hashed anew from the bytes that arrived. Only when all of it is equal is it kept.
//!
//! Files and the key of an installation lie in its folder and are left there. Words that are searched are not copied: they follow
//! from the cases and are made anew.

mod archive;
mod digest;
mod source;
mod tables;
mod target;

pub use archive::{Dumped, Sink, Source, bring_back, dump};
pub use digest::Digest;

use super::connect::PgStore;
use super::migrate::Layout;
use super::reference::partition;
use super::transaction::Transaction;
use ganglion_kernel::StoreError;
use ganglion_kernel::merkle::Hash;
use ganglion_model::Shard;
use source::{Part, Snapshot};
use std::path::Path;
use tables::TABLES;
use tokio::sync::mpsc;

const ATTEMPTED: &str = "moving an installation";
/// Pieces that wait to be sent.
const AHEAD: usize = 8;

/// Why an installation was not moved; the PostgreSQL database is then as it was.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// SQLite cannot be read.
    #[error("{attempted}: {reason}")]
    Source {
        /// What was attempted.
        attempted: &'static str,
        /// What it said.
        reason: String,
    },
    /// A row cannot be copied or compared.
    #[error("table {table} of {database}: {reason}")]
    Row {
        /// Where it stands.
        database: &'static str,
        /// Its table.
        table: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// There is something already.
    #[error("the PostgreSQL database has {0} already: name an empty one, made with createdb")]
    NotEmpty(&'static str),
    /// What arrived is not what was sent.
    #[error("table {table} has other rows than SQLite: {arrived} arrived of {sent}, or some differ; nothing was kept")]
    Unequal {
        /// The table.
        table: &'static str,
        /// Rows sent.
        sent: u64,
        /// Rows that arrived.
        arrived: u64,
    },
    /// The journal that arrived gives another tree.
    #[error("the journal of shard {0} does not give the Merkle root of its head; nothing was kept")]
    Root(Shard),
    /// A backup cannot be made or brought back.
    #[error("the backup: {0}")]
    Archive(String),
    /// PostgreSQL failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far a move is.
#[derive(Clone, Copy, Debug)]
pub struct Moving {
    /// The table it is at.
    pub table: &'static str,
    /// Rows so far, over all tables.
    pub rows: u64,
    /// All rows.
    pub of: u64,
    /// Whether rows are read back and compared; otherwise they are copied.
    pub checking: bool,
}

/// The proof of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Every table with what both databases gave for it.
    pub tables: Vec<(&'static str, Digest)>,
    /// Lines and Merkle root of every shard, worked out from the lines as PostgreSQL gave them back.
    pub shards: Vec<(Shard, u64, Hash)>,
    /// Lines that were written to SQLite meanwhile and were not moved.
    pub left_behind: u64,
}

/// Copies the SQLite database in `path` into `into`, which must be empty, and proves it. A server may go on working on SQLite; what
/// it writes from now on is not moved, and counted.
///
/// # Errors
/// See [`MoveError`].
pub async fn move_into(path: &Path, into: &PgStore, mut told: impl FnMut(Moving)) -> Result<Moved, MoveError> {
    let snapshot = Snapshot::take(path)?;
    let standing = snapshot.standing()?;
    let counts = snapshot.counts()?;
    let places = snapshot.places()?;
    target::expect_empty(&into.reader().await?).await?;
    if into.layout() == Layout::Partitioned {
        partition(into, &places).await?;
    }
    let transaction = Transaction::begin(into, ATTEMPTED).await?;
    target::take(transaction.client()?).await?;
    let total: u64 = counts.iter().sum();
    let (parts, mut arriving) = mpsc::channel::<Result<Part, MoveError>>(AHEAD);
    let reading = std::thread::spawn(move || snapshot.send(&parts));
    let mut sent = Vec::with_capacity(TABLES.len());
    let mut rows = 0;
    for table in TABLES {
        let digest = target::fill(transaction.client()?, table, &mut arriving, |more| {
            rows += more;
            told(Moving { table: table.name, rows, of: total, checking: false });
        });
        sent.push(digest.await?);
    }
    // It has sent everything.
    let _ = reading.join();
    rows = 0;
    for (table, sent) in TABLES.iter().zip(&sent) {
        let arrived = target::digest(transaction.client()?, table, |more| {
            rows += more;
            told(Moving { table: table.name, rows, of: total, checking: true });
        })
        .await?;
        if arrived != *sent {
            return Err(MoveError::Unequal { table: table.name, sent: sent.rows, arrived: arrived.rows });
        }
    }
    let mut shards = Vec::with_capacity(standing.len());
    for one in &standing {
        let frontier = target::frontier(transaction.client()?, one.shard).await?;
        if frontier != one.frontier || frontier.size != one.seq {
            return Err(MoveError::Root(one.shard));
        }
        shards.push((one.shard, one.seq, frontier.root()));
    }
    transaction.commit(ATTEMPTED).await?;
    target::analyze(into).await?;
    let lines = |standing: &[source::Standing]| standing.iter().map(|one| one.seq).sum::<u64>();
    let left_behind = lines(&Snapshot::take(path)?.standing()?).saturating_sub(lines(&standing));
    let tables = TABLES.iter().map(|table| table.name).zip(sent).collect();
    Ok(Moved { tables, shards, left_behind })
}

#[cfg(test)]
mod tests {
    use super::super::plan_tests::with_connection;
    use super::*;
    use std::collections::BTreeSet;

    /// Tables that are made anew, or say something about the database alone.
    const NOT_MOVED: [&str; 6] = ["migration", "layout", "seed", "case_words", "case_marks", "row_words"];

    #[test]
    fn every_column_of_every_table_is_moved() {
        with_connection(async |client| {
            let sql = "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c \
                       JOIN information_schema.tables t USING (table_schema, table_name) \
                       WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' \
                       AND c.is_generated = 'NEVER' AND c.is_identity = 'NO'";
            let rows = client.query(sql, &[]).await.unwrap();
            let there: BTreeSet<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
            let moved = TABLES.iter().flat_map(|table| table.columns.iter().map(|column| (table.name, column.name)));
            let moved: BTreeSet<(String, String)> = moved.map(|(t, c)| (t.to_owned(), c.to_owned())).collect();
            let left: Vec<_> = there.difference(&moved).filter(|one| !NOT_MOVED.contains(&one.0.as_str())).collect();
            assert!(left.is_empty() && moved.is_subset(&there), "{left:?}");
        });
    }
}

//! The journal and what follows it: lines, shards, cursors, timers.

use super::load::read_head;
use super::packed::LINE_TEXT;
use super::row::{Column, Stored, all, failed, one, run};
use ganglion_kernel::merkle::Hash;
use ganglion_kernel::port::{Head, StoredLine, Timer};
use ganglion_model::{CaseId, Entry, Shard};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

/// Most lines in one answer.
const LINES_MAX: u32 = 10_000;

fn entry(row: &Row<'_>, shard: Shard) -> Stored<Entry> {
    Column("journal", "entry").json(row, 1, || {
        format!("{shard}/{}", row.get::<_, u64>(0).map_or_else(|_| "?".to_owned(), |seq| seq.to_string()))
    })
}

/// Lines of a case, newest first. A shard is written in order, so its lines stand in the table as they are numbered.
pub(super) fn entries_of_case(connection: &Connection, shard: Shard, case: CaseId, limit: u32) -> Stored<Vec<Entry>> {
    let sql =
        format!("SELECT seq, {LINE_TEXT} FROM journal WHERE shard = ? AND case_id = ? ORDER BY rowid DESC LIMIT ?");
    let params = params![shard.0, case.0.as_bytes(), limit.min(LINES_MAX)];
    all(connection, "reading a case's journal", (&sql, params), |row| entry(row, shard))
}

/// Lines of a shard after `seq`, in order.
pub(super) fn entries_after(connection: &Connection, shard: Shard, seq: u64, limit: u32) -> Stored<Vec<Entry>> {
    let sql = format!("SELECT seq, {LINE_TEXT} FROM journal WHERE shard = ? AND seq > ? ORDER BY seq LIMIT ?");
    let params = params![shard.0, seq, limit.min(LINES_MAX)];
    all(connection, "reading the journal", (&sql, params), |row| entry(row, shard))
}

/// Lines of a shard in `(after, until]` that hold a text, in order. The text is looked for in the line as it is written, which costs a
/// fraction of reading it; each is unpacked once, however many texts are looked for.
pub(super) fn entries_holding(
    connection: &Connection,
    shard: Shard,
    (after, until): (u64, u64),
    (holds, limit): (&[&str], u32),
) -> Stored<Vec<Entry>> {
    let any = vec!["instr(text, ?) > 0"; holds.len()].join(" OR ");
    let sql = format!(
        "SELECT seq, text FROM (SELECT seq, {LINE_TEXT} AS text FROM journal WHERE shard = ? AND seq > ? AND seq <= ? \
         ORDER BY seq LIMIT -1) WHERE {any} LIMIT ?"
    );
    let limit = limit.min(LINES_MAX);
    let mut params: Vec<&dyn rusqlite::ToSql> = vec![&shard.0, &after, &until];
    params.extend(holds.iter().map(|one| one as &dyn rusqlite::ToSql));
    params.push(&limit);
    all(connection, "reading the journal", (&sql, params.as_slice()), |row| entry(row, shard))
}

/// Lines of a shard after `seq` as stored, in order.
pub(super) fn lines_after(connection: &Connection, shard: Shard, seq: u64, limit: u32) -> Stored<Vec<StoredLine>> {
    let sql = format!("SELECT seq, {LINE_TEXT}, leaf FROM journal WHERE shard = ? AND seq > ? ORDER BY seq LIMIT ?");
    let params = params![shard.0, seq, limit.min(LINES_MAX)];
    all(connection, "reading the journal", (&sql, params), |row| {
        Ok(StoredLine {
            seq: Column("journal", "seq").get(row, 0)?,
            canonical: Column("journal", "entry").get(row, 1)?,
            hash: Column("journal", "leaf").get(row, 2)?,
        })
    })
}

/// Leaf hashes of a shard in `(seq, seq + limit]`, in order.
pub(super) fn leaves_after(connection: &Connection, shard: Shard, seq: u64, limit: u32) -> Stored<Vec<Hash>> {
    let sql = "SELECT leaf FROM journal WHERE shard = ? AND seq > ? AND seq <= ? ORDER BY seq";
    let params = params![shard.0, seq, seq.saturating_add(u64::from(limit.min(LINES_MAX)))];
    all(connection, "reading the leaves of the journal", (sql, params), |row| Column("journal", "leaf").get(row, 0))
}

/// Shards that have a journal.
pub(super) fn shards(connection: &Connection) -> Stored<Vec<(Shard, Head)>> {
    let sql = "SELECT shard, seq, numbering, frontier FROM shard_head ORDER BY shard";
    all(connection, "reading the shards", (sql, []), |row| {
        let shard = Shard(Column("shard_head", "shard").get(row, 0)?);
        Ok((shard, read_head(row, 1, shard)?))
    })
}

/// The last line of each alone.
pub(super) fn positions(connection: &Connection) -> Stored<Vec<(Shard, u64)>> {
    let sql = "SELECT shard, seq FROM shard_head ORDER BY shard";
    let column = |name| Column("shard_head", name);
    all(connection, "reading the shards", (sql, []), |row| {
        Ok((Shard(column("shard").get(row, 0)?), column("seq").get(row, 1)?))
    })
}

/// Timers due at `now`, earliest first: the first of every shard, merged.
pub(super) fn timers_due(connection: &Connection, now: Timestamp, limit: u32) -> Stored<Vec<Timer>> {
    let sql = "SELECT at, case_id, clock FROM timer WHERE shard = ? AND at <= ? ORDER BY at LIMIT ?";
    let mut due = Vec::new();
    for (shard, _) in positions(connection)? {
        let params = params![shard.0, now.as_microsecond(), limit.min(LINES_MAX)];
        due.extend(all(connection, "reading timers", (sql, params), |row| {
            Ok(Timer {
                at: Column("timer", "at").time(row, 0)?,
                shard,
                case: CaseId(Column("timer", "case_id").id(row, 1)?),
                clock: Column("timer", "clock").get(row, 2)?,
            })
        })?);
    }
    due.sort();
    due.truncate(limit as usize);
    Ok(due)
}

/// How far a job has read.
pub(super) fn cursor(connection: &Connection, job: &str, shard: Shard) -> Stored<u64> {
    let sql = "SELECT seq FROM cursor WHERE job = ? AND shard = ?";
    let read = |row: &Row<'_>| Column("cursor", "seq").get(row, 0);
    Ok(one(connection, "reading a cursor", (sql, params![job, shard.0]), read)?.unwrap_or(0))
}

/// Remembers how far a job has read, in one transaction for all shards.
pub(super) fn cursors_set(connection: &mut Connection, job: &str, seqs: &[(Shard, u64)]) -> Stored<()> {
    let attempted = "setting cursors";
    let transaction = connection.transaction().map_err(failed(attempted))?;
    for (shard, seq) in seqs {
        let sql = "INSERT OR REPLACE INTO cursor (job, shard, seq) VALUES (?, ?, ?)";
        run(&transaction, attempted, sql, params![job, shard.0, seq])?;
    }
    transaction.commit().map_err(failed(attempted))
}

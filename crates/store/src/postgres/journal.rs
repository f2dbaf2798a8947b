//! The journal and what follows it: lines, shards, cursors, timers.

use super::connect::PgStore;
use super::error::failed;
use super::load::read_head;
use super::row::{Column, Stored, shard, signed, text};
use super::sql::{Around, Pipeline, all, column, one, value};
use deadpool_postgres::Object;
use ganglion_kernel::merkle::Hash;
use ganglion_kernel::port::{Head, Line, ShardWrite, StoredLine, Timer};
use ganglion_model::{CaseId, Entry, Shard};
use jiff::Timestamp;
use tokio_postgres::Row;

/// Most lines in one answer.
const LINES_MAX: u32 = 10_000;

fn entry(row: &Row, shard: Shard) -> Stored<Entry> {
    Column("journal", "entry").json(row, 1, || format!("{shard}/{}", row.get::<_, i64>(0)))
}

fn most(limit: u32) -> i64 {
    i64::from(limit.min(LINES_MAX))
}

/// Lines of a case, newest first.
pub(super) async fn entries_of_case(client: &Object, of: Shard, case: CaseId, limit: u32) -> Stored<Vec<Entry>> {
    let sql = "SELECT seq, entry FROM journal WHERE shard = $1 AND case_id = $2 ORDER BY seq DESC LIMIT $3";
    let args: &super::sql::Args<'_> = &[&shard(of), &case.0, &most(limit)];
    all(client, "reading a case's journal", (sql, args), |row| entry(row, of)).await
}

/// Lines of a shard after `seq`, in order.
pub(super) async fn entries_after(client: &Object, of: Shard, seq: u64, limit: u32) -> Stored<Vec<Entry>> {
    let sql = "SELECT seq, entry FROM journal WHERE shard = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let args: &super::sql::Args<'_> = &[&shard(of), &signed(seq), &most(limit)];
    all(client, "reading the journal", (sql, args), |row| entry(row, of)).await
}

/// Lines of a shard in `(after, until]` that hold a text, in order. The text is looked for where the lines lie, so that the
/// others do not travel.
pub(super) async fn entries_holding(
    client: &Object,
    of: Shard,
    (after, until): (u64, u64),
    (holds, limit): (&[&str], u32),
) -> Stored<Vec<Entry>> {
    let sql = "SELECT seq, entry FROM journal WHERE shard = $1 AND seq > $2 AND seq <= $3 \
               AND EXISTS (SELECT 1 FROM unnest($4::text[]) h (held) WHERE strpos(entry, h.held) > 0) ORDER BY seq LIMIT $5";
    let args: &super::sql::Args<'_> = &[&shard(of), &signed(after), &signed(until), &holds, &most(limit)];
    all(client, "reading the journal", (sql, args), |row| entry(row, of)).await
}

/// Lines of a shard after `seq` as stored, in order.
pub(super) async fn lines_after(client: &Object, of: Shard, seq: u64, limit: u32) -> Stored<Vec<StoredLine>> {
    let sql = "SELECT seq, entry, leaf FROM journal WHERE shard = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let args: &super::sql::Args<'_> = &[&shard(of), &signed(seq), &most(limit)];
    all(client, "reading the journal", (sql, args), |row| {
        let leaf: &[u8] = Column("journal", "leaf").get(row, 2)?;
        Ok(StoredLine {
            seq: Column("journal", "seq").count(row, 0)?,
            canonical: Column("journal", "entry").get(row, 1)?,
            hash: leaf.try_into().map_err(|error| Column("journal", "leaf").corrupt(of, error))?,
        })
    })
    .await
}

/// Leaf hashes of the lines of a shard in `(seq, seq + limit]`.
pub(super) async fn leaves_after(client: &Object, of: Shard, seq: u64, limit: u32) -> Stored<Vec<Hash>> {
    let sql = "SELECT leaf FROM journal WHERE shard = $1 AND seq > $2 AND seq <= $3 ORDER BY seq";
    let until = seq.saturating_add(u64::from(limit.min(LINES_MAX)));
    let args: &super::sql::Args<'_> = &[&shard(of), &signed(seq), &signed(until)];
    all(client, "reading the leaves of a journal", (sql, args), |row| {
        let leaf: &[u8] = Column("journal", "leaf").get(row, 0)?;
        leaf.try_into().map_err(|error| Column("journal", "leaf").corrupt(of, error))
    })
    .await
}

/// Shards that have a journal.
pub(super) async fn shards(client: &Object) -> Stored<Vec<(Shard, Head)>> {
    let sql = "SELECT shard, seq, numbering, frontier FROM shard_head ORDER BY shard";
    all(client, "reading the shards", (sql, &[]), read_head).await
}

/// The last line of each alone.
pub(super) async fn positions(client: &Object) -> Stored<Vec<(Shard, u64)>> {
    let sql = "SELECT shard, seq FROM shard_head ORDER BY shard";
    let column = |name| Column("shard_head", name);
    all(client, "reading the shards", (sql, &[]), |row| {
        Ok((column("shard").shard(row, 0)?, column("seq").count(row, 1)?))
    })
    .await
}

/// Timers due at `now`, earliest first: the first of every shard, merged.
pub(super) async fn timers_due(client: &Object, now: Timestamp, limit: u32) -> Stored<Vec<Timer>> {
    let sql = "SELECT t.at, t.case_id, t.clock, h.shard FROM shard_head h CROSS JOIN LATERAL (SELECT t.at, t.case_id, t.clock \
               FROM timer t WHERE t.shard = h.shard AND t.at <= $1 ORDER BY t.at LIMIT $2) t \
               ORDER BY t.at, h.shard, t.case_id, t.clock LIMIT $2";
    let args: &super::sql::Args<'_> = &[&now.as_microsecond(), &most(limit)];
    all(client, "reading timers", (sql, args), |row| {
        let column = |name| Column("timer", name);
        Ok(Timer {
            at: column("at").time(row, 0)?,
            case: column("case_id").case(row, 1)?,
            clock: column("clock").get(row, 2)?,
            shard: column("shard").shard(row, 3)?,
        })
    })
    .await
}

/// How far a job has read.
pub(super) async fn cursor(client: &Object, job: &str, of: Shard) -> Stored<u64> {
    let sql = "SELECT seq FROM cursor WHERE job = $1 AND shard = $2";
    let read = |row: &Row| Column("cursor", "seq").count(row, 0);
    Ok(one(client, "reading a cursor", (sql, &[&job, &shard(of)]), read).await?.unwrap_or(0))
}

/// Remembers how far a job has read.
pub(super) async fn cursors_set(store: &PgStore, job: &str, seqs: &[(Shard, u64)]) -> Stored<()> {
    let sql = "INSERT INTO cursor (job, shard, seq) SELECT $1, * FROM unnest($2::int4[], $3::int8[]) \
               ON CONFLICT (job, shard) DO UPDATE SET seq = excluded.seq";
    let mut pipeline = Pipeline::default();
    pipeline.over(seqs, sql, |w| vec![value(job), column(w, |one| shard(one.0)), column(w, |one| signed(one.1))]);
    let client = store.writer().await?;
    pipeline.send(&client, Around::Nothing).await.map(drop).map_err(failed("setting cursors"))
}

/// Writes the lines of a batch.
pub(super) fn append<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite]) {
    let lines: Vec<(Shard, &Line)> =
        batch.iter().flat_map(|write| write.lines.iter().map(|line| (write.shard, line))).collect();
    let sql = "INSERT INTO journal (shard, seq, at, case_id, command, leaf, entry) SELECT * FROM \
               unnest($1::int4[], $2::int8[], $3::int8[], $4::uuid[], $5::uuid[], $6::bytea[], $7::text[])";
    pipeline.over(&lines, sql, |w| {
        vec![
            column(w, |(of, _)| shard(*of)),
            column(w, |(_, line)| signed(line.entry.seq)),
            column(w, |(_, line)| line.entry.at.as_microsecond()),
            column(w, |(_, line)| line.case.map(|case| case.0)),
            column(w, |(_, line)| line.entry.command.0),
            column(w, |(_, line)| line.hash.as_slice()),
            column(w, |(_, line)| line.canonical.as_str()),
        ]
    });
}

/// Writes which timers stand.
pub(super) fn write_timers<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite]) {
    let gone: Vec<&Timer> = batch.iter().flat_map(|write| &write.timers_gone).collect();
    let sql = "DELETE FROM timer t USING unnest($1::int4[], $2::int8[], $3::uuid[], $4::text[]) w (shard, at, id, clock) \
               WHERE t.shard = w.shard AND t.at = w.at AND t.case_id = w.id AND t.clock = w.clock";
    pipeline.over(&gone, sql, timer);
    let new: Vec<&Timer> = batch.iter().flat_map(|write| &write.timers_new).collect();
    let sql = "INSERT INTO timer (shard, at, case_id, clock) SELECT * FROM \
               unnest($1::int4[], $2::int8[], $3::uuid[], $4::text[]) ON CONFLICT DO NOTHING";
    pipeline.over(&new, sql, timer);
}

fn timer<'a>(timers: &[&'a Timer]) -> Vec<super::sql::Param<'a>> {
    vec![
        column(timers, |one| shard(one.shard)),
        column(timers, |one| one.at.as_microsecond()),
        column(timers, |one| one.case.0),
        column(timers, |one| text(&one.clock)),
    ]
}

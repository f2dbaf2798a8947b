//! A batch, written as one transaction over all its shards and sent in one piece: all of it, or nothing.
//!
//! The row of a shard's head orders what any number of servers write to it: whoever holds it writes alone. The database itself
//! stops a batch that was decided on an older head or by other packs, because nobody waits for its answers in between.

use super::connect::PgStore;
use super::error::{UNEXPECTED, is_conflict, of};
use super::row::{Stored, json, shard, signed, text};
use super::sql::{Around, Pipeline, column, value};
use super::{journal, lookup, notices, row_words, rows, rules, seal, waiting, write_cases, write_rows};
use ganglion_kernel::StoreError;
use ganglion_kernel::port::ShardWrite;
use ganglion_model::change::Outcome;
use ganglion_model::{CommandId, Shard};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tokio_postgres::Error;

const ATTEMPTED: &str = "writing a batch";
/// How often a batch is sent again that stood in another's way.
const TRIES_MAX: u32 = 3;

/// Writes a batch: durable when it returns.
pub(super) async fn write(store: &PgStore, batch: &[ShardWrite]) -> Stored<()> {
    let texts = Texts::of(batch)?;
    let mut tries = 1;
    loop {
        match attempt(store, batch, &texts).await? {
            Attempt::Done => {
                store.bell().ring(batch);
                return Ok(());
            }
            Attempt::Conflict(_) if tries < TRIES_MAX => tries += 1,
            Attempt::Conflict(error) => return Err(of(ATTEMPTED, &error)),
        }
    }
}

/// How sending a batch ended, if not with an error.
enum Attempt {
    Done,
    Conflict(Error),
}

async fn attempt(store: &PgStore, batch: &[ShardWrite], texts: &Texts) -> Stored<Attempt> {
    let mut pipeline = Pipeline::default();
    if let Some(packs) = batch.iter().map(|write| write.packs).find(|packs| *packs > 0) {
        super::packs::expect(&mut pipeline, packs);
    }
    shards(&mut pipeline, batch, texts);
    let client = store.writer().await?;
    match pipeline.send(&client, Around::Transaction(store.begin())).await {
        Ok(_) => Ok(Attempt::Done),
        Err(error) if is_conflict(&error) => Ok(Attempt::Conflict(error)),
        Err(error) => match unexpected(&error) {
            Some("packs") => Err(StoreError::PacksChanged),
            Some("head") => Err(StoreError::Moved(moved(&client, batch).await?)),
            _ => Err(of(ATTEMPTED, &error)),
        },
    }
}

/// What was not as expected, if that is the fault.
fn unexpected(error: &Error) -> Option<&str> {
    let said = error.as_db_error().filter(|said| said.code().code() == UNEXPECTED)?;
    Some(said.message())
}

/// The first shard whose head is not where the batch says.
async fn moved(client: &deadpool_postgres::Object, batch: &[ShardWrite]) -> Stored<Shard> {
    let shards: Vec<Shard> = batch.iter().map(|write| write.shard).collect();
    let heads = super::load::heads(client, &shards).await?;
    let stale = |write: &&ShardWrite| heads.get(&write.shard).is_none_or(|head| head.seq != write.expected_seq);
    // All of them may stand as expected again when the database was put back meanwhile.
    Ok(batch.iter().find(stale).or(batch.first()).map_or(Shard::DEPLOYMENT, |write| write.shard))
}

/// JSON that is sent, made once however often it is sent.
pub(super) struct Texts {
    numbering: Vec<String>,
    frontiers: Vec<Vec<u8>>,
    answers: Vec<String>,
    /// Cases in the order of the batch.
    pub cases: Vec<String>,
    /// Register rows.
    pub rows: write_rows::RowTexts,
}

impl Texts {
    /// Of a batch.
    pub fn of(batch: &[ShardWrite]) -> Stored<Texts> {
        let all = |texts: Vec<Stored<String>>| texts.into_iter().collect::<Stored<Vec<String>>>();
        Ok(Texts {
            numbering: all(batch.iter().map(|write| json(ATTEMPTED, &write.head.numbering)).collect())?,
            frontiers: batch.iter().map(|write| write.head.frontier.to_bytes()).collect(),
            answers: all(answers(batch).iter().map(|(_, one)| json(ATTEMPTED, &one.1)).collect())?,
            cases: all(write_cases::cases(batch).iter().map(|one| json(ATTEMPTED, &one.case)).collect())?,
            rows: write_rows::RowTexts::of(batch)?,
        })
    }
}

type Answer = (CommandId, Outcome, Timestamp);

fn answers(batch: &[ShardWrite]) -> Vec<(Shard, &Answer)> {
    batch.iter().flat_map(|write| write.answers.iter().map(|one| (write.shard, one))).collect()
}

/// Everything a batch writes, in the order in which one thing makes room for another.
pub(super) fn shards<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite], texts: &'a Texts) {
    move_heads(pipeline, batch, texts);
    sequences(pipeline, batch);
    journal::append(pipeline, batch);
    write_cases::write(pipeline, batch, &texts.cases);
    write_rows::write(pipeline, batch, &texts.rows);
    rows::write(pipeline, batch, &texts.rows);
    row_words::write(pipeline, batch);
    rules::write(pipeline, batch);
    journal::write_timers(pipeline, batch);
    waiting::write(pipeline, batch);
    notices::write(pipeline, batch);
    super::figures::write(pipeline, batch);
    let answers = answers(batch);
    let sql = "INSERT INTO answer (shard, command, at, outcome) SELECT * FROM \
               unnest($1::int4[], $2::uuid[], $3::int8[], $4::text[])";
    pipeline.over(&answers, sql, |w| {
        vec![
            column(w, |(of, _)| shard(*of)),
            column(w, |(_, one)| one.0.0),
            column(w, |(_, one)| one.2.as_microsecond()),
            value(&texts.answers),
        ]
    });
    unique(pipeline, batch);
    seal::destroy(pipeline, batch);
    let keys: Vec<_> = batch.iter().flat_map(|write| write.keys.iter().map(|one| (write.shard, one))).collect();
    let sql = "INSERT INTO seal_key (shard, case_id, wrapped) SELECT * FROM unnest($1::int4[], $2::uuid[], $3::text[])";
    pipeline.over(&keys, sql, |w| {
        vec![column(w, |(of, _)| shard(*of)), column(w, |(_, one)| one.0.0), column(w, |(_, one)| one.1.as_str())]
    });
    lookup::write(pipeline, batch);
}

/// Moves the heads on, if they stand where they were loaded; in the order of shards, so that no two batches wait for each other.
fn move_heads<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite], texts: &'a Texts) {
    let fresh: Vec<Shard> = batch.iter().filter(|write| write.expected_seq == 0).map(|write| write.shard).collect();
    let sql = "INSERT INTO shard_head (shard, seq, numbering, frontier) SELECT w, 0, '{}', '\\x0000000000000000' \
               FROM unnest($1::int4[]) w ORDER BY w ON CONFLICT DO NOTHING";
    pipeline.over(&fresh, sql, |w| vec![column(w, |one| shard(*one))]);
    if batch.len() > 1 {
        let sql = "SELECT shard FROM shard_head WHERE shard = ANY($1) ORDER BY shard FOR UPDATE";
        pipeline.push(sql, vec![column(batch, |write| shard(write.shard))]);
    }
    let sql = "WITH moved AS (UPDATE shard_head h SET seq = w.seq, numbering = w.numbering, frontier = w.frontier FROM \
               unnest($1::int4[], $2::int8[], $3::int8[], $4::text[], $5::bytea[]) w (shard, expected, seq, numbering, \
               frontier) WHERE h.shard = w.shard AND h.seq = w.expected RETURNING 1) \
               SELECT ganglion_expect('head', cardinality($1), (SELECT count(*) FROM moved))";
    pipeline.over(batch, sql, |w| {
        vec![
            column(w, |write| shard(write.shard)),
            column(w, |write| signed(write.expected_seq)),
            column(w, |write| signed(write.head.seq)),
            value(&texts.numbering),
            value(&texts.frontiers),
        ]
    });
}

/// Keeps the sequences that leave the heads.
fn sequences<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite]) {
    let all: Vec<_> = batch.iter().flat_map(|write| write.sequences.iter().map(|one| (write.shard, one))).collect();
    let sql = "INSERT INTO numbering (shard, name, last) SELECT * FROM unnest($1::int4[], $2::text[], $3::int8[]) \
               ON CONFLICT (shard, name) DO UPDATE SET last = EXCLUDED.last";
    pipeline.over(&all, sql, |w| {
        vec![column(w, |(of, _)| shard(*of)), column(w, |(_, one)| text(&one.0)), column(w, |(_, one)| signed(one.1))]
    });
}

/// Values that may stand once: given back first, then taken. One that stands already ends the batch.
fn unique<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite]) {
    let gone: Vec<_> = batch.iter().flat_map(|write| write.unique_gone.iter().map(|one| (write.shard, one))).collect();
    let sql = "DELETE FROM unique_value u USING unnest($1::int4[], $2::text[], $3::text[]) w (shard, field, value) \
               WHERE u.shard = w.shard AND u.field = w.field AND u.value = w.value";
    pipeline.over(&gone, sql, |w| {
        vec![column(w, |(of, _)| shard(*of)), column(w, |(_, one)| text(&one.0)), column(w, |(_, one)| text(&one.1))]
    });
    let taken: Vec<_> = batch.iter().flat_map(|write| write.unique.iter().map(|one| (write.shard, one))).collect();
    let sql = "INSERT INTO unique_value (shard, field, value, number) SELECT * FROM \
               unnest($1::int4[], $2::text[], $3::text[], $4::text[])";
    pipeline.over(&taken, sql, |w| {
        vec![
            column(w, |(of, _)| shard(*of)),
            column(w, |(_, one)| text(&one.0)),
            column(w, |(_, one)| text(&one.1)),
            column(w, |(_, one)| text(&one.2)),
        ]
    });
}

/// The last of those that have the same key, in the order of keys: a statement takes no row twice.
pub(super) fn last_of_each<T, K: Ord>(all: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let last: BTreeMap<K, T> = all.into_iter().map(|one| (key(&one), one)).collect();
    last.into_values().collect()
}

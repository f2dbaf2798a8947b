//! Finding rows by keyed hashes of sealed values: see the port. The hashes of a row are written in its transaction and go with its key.

use super::connect::PgStore;
use super::error::failed;
use super::row::{Column, Stored, shard, text};
use super::sql::{Args, Around, Pipeline, all, column, run, value};
use super::write::last_of_each;
use ganglion_kernel::port::ShardWrite;
use ganglion_kernel::seal_lookup::{LookedUp, Lookup, LookupHash, Lookups, Relooked};
use ganglion_model::{CaseId, Shard};
use tokio_postgres::Row;
use uuid::Uuid;

const READING: &str = "finding rows by keyed hashes";
const KEEPING: &str = "keeping keyed hashes";

const GONE: &str = "DELETE FROM seal_lookup l USING unnest($1::int4[], $2::uuid[]) w (shard, id) \
                    WHERE l.shard = w.shard AND l.row_id = w.id";
const NEW: &str = "INSERT INTO seal_lookup (shard, row_id, field, hash, key, made) SELECT * FROM \
                   unnest($1::int4[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[]) \
                   ON CONFLICT DO NOTHING";
const MISSING: &str = "INSERT INTO seal_lookup (shard, row_id, field, hash, key, made) SELECT w.* FROM \
                       unnest($1::int4[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[]) \
                       w (shard, id, field, hash, key, made) WHERE EXISTS (SELECT 1 FROM seal_key k \
                       WHERE k.shard = w.shard AND k.case_id = w.id) AND NOT EXISTS (SELECT 1 FROM seal_lookup l \
                       WHERE l.shard = w.shard AND l.row_id = w.id) ON CONFLICT DO NOTHING";
const AGAIN: &str = "UPDATE seal_lookup l SET hash = w.new, made = w.made FROM \
                     unnest($1::int4[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::text[]) \
                     w (shard, id, field, old, new, made) WHERE l.shard = w.shard AND l.row_id = w.id \
                     AND l.field = w.field AND l.hash = w.old";
const COLUMNS: &str = "shard, row_id, field, hash, key, made";

fn read(row: &Row) -> Stored<LookedUp> {
    let column = |name| Column("seal_lookup", name);
    let hash: &[u8] = column("hash").get(row, 3)?;
    Ok(LookedUp {
        shard: column("shard").shard(row, 0)?,
        row: column("row_id").case(row, 1)?,
        field: column("field").get(row, 2)?,
        hash: LookupHash::try_from(hash).map_err(|error| column("hash").corrupt("?", error))?,
        key: column("key").get(row, 4)?,
        by: column("made").get(row, 5)?,
    })
}

/// A hash with the row it is of.
type Of<'a> = (&'a Lookups, &'a Lookup);

fn each<'a>(lookups: impl IntoIterator<Item = &'a Lookups>) -> Vec<Of<'a>> {
    lookups.into_iter().flat_map(|row| row.entries.iter().map(move |entry| (row, entry))).collect()
}

fn insert<'a>(pipeline: &mut Pipeline<'a>, all: &[Of<'a>], sql: &'static str) {
    pipeline.over(all, sql, |w| {
        vec![
            column(w, |(row, _)| shard(row.shard)),
            column(w, |(row, _)| row.row.0),
            column(w, |(_, entry)| text(&entry.field)),
            column(w, |(_, entry)| entry.hash.to_vec()),
            column(w, |(row, _)| text(&row.key)),
            column(w, |(_, entry)| text(&entry.by)),
        ]
    });
}

/// Writes what a batch says about hashes: all of a row's, in place of those it had; none of rows whose key is destroyed.
pub(super) fn write<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite]) {
    let destroyed = batch.iter().flat_map(|write| write.keys_gone.iter().map(|row| (write.shard, *row)));
    let said = batch.iter().flat_map(|write| &write.lookups);
    let last = last_of_each(said, |one| (one.shard, one.row));
    let replaced = last.iter().map(|one| (one.shard, one.row));
    let gone: Vec<(Shard, CaseId)> = destroyed.chain(replaced).collect();
    pipeline.over(&gone, GONE, |w| vec![column(w, |one| shard(one.0)), column(w, |one| one.1.0)]);
    insert(pipeline, &each(last), NEW);
}

/// Rows kept under one hash, cases the newest first.
pub(super) const NEWEST: &str = "SELECT shard, row_id, field, hash, key, made FROM seal_lookup WHERE hash = $1 \
                                 ORDER BY row_id DESC LIMIT $2";

/// Rows kept under one of the hashes, cases the newest first. Each hash is asked for by itself, so that its rows come in the order of the
/// index however many there are; all of them go in one round trip.
pub(super) async fn find(store: &PgStore, hashes: &[LookupHash], limit: u32) -> Stored<Vec<LookedUp>> {
    let mut pipeline = Pipeline::default();
    for hash in hashes {
        pipeline.push(NEWEST, vec![value(hash.to_vec()), value(i64::from(limit))]);
    }
    let answers = pipeline.send(&store.reader().await?, Around::Nothing).await.map_err(failed(READING))?;
    let mut found: Vec<LookedUp> = answers.iter().flatten().map(read).collect::<Stored<_>>()?;
    found.sort_by(newest_first);
    found.dedup();
    found.truncate(limit as usize);
    Ok(found)
}

fn newest_first(a: &LookedUp, b: &LookedUp) -> std::cmp::Ordering {
    (b.row, b.shard, &b.field, &b.hash).cmp(&(a.row, a.shard, &a.field, &a.hash))
}

/// Hashes made with other keys.
pub(super) async fn of_others(
    store: &PgStore,
    name: &str,
    after: Option<&LookedUp>,
    limit: u32,
) -> Stored<Vec<LookedUp>> {
    let (of, row, field, hash) = after.map_or((-1, Uuid::nil(), "", Vec::new()), |one| {
        (shard(one.shard), one.row.0, one.field.as_str(), one.hash.to_vec())
    });
    let sql = format!(
        "SELECT {COLUMNS} FROM seal_lookup WHERE (shard, row_id, field, hash) > ($1, $2, $3, $4) AND made <> $5 \
         ORDER BY shard, row_id, field, hash LIMIT $6"
    );
    let args: &Args<'_> = &[&of, &row, &text(field), &hash, &text(name), &i64::from(limit)];
    all(&store.reader().await?, READING, (&sql, args), read).await
}

/// Puts hashes made anew where those that were read still stand.
pub(super) async fn again(store: &PgStore, hashes: &[Relooked]) -> Stored<u64> {
    let shards: Vec<i32> = hashes.iter().map(|one| shard(one.from.shard)).collect();
    let rows: Vec<Uuid> = hashes.iter().map(|one| one.from.row.0).collect();
    let fields: Vec<&str> = hashes.iter().map(|one| one.from.field.as_str()).collect();
    let old: Vec<&[u8]> = hashes.iter().map(|one| one.from.hash.as_slice()).collect();
    let new: Vec<&[u8]> = hashes.iter().map(|one| one.hash.as_slice()).collect();
    let by: Vec<&str> = hashes.iter().map(|one| one.by.as_str()).collect();
    run(&store.writer().await?, KEEPING, (AGAIN, &[&shards, &rows, &fields, &old, &new, &by])).await
}

/// Puts the hashes of rows that have a key and none yet.
pub(super) async fn put(store: &PgStore, lookups: &[Lookups]) -> Stored<()> {
    let mut pipeline = Pipeline::default();
    insert(&mut pipeline, &each(lookups), MISSING);
    let client = store.writer().await?;
    pipeline.send(&client, Around::Nothing).await.map(drop).map_err(failed(KEEPING))
}

//! The index of words that rows kept by place are searched by: kept in the transaction of the row, like that of cases. A hash says
//! whether a row has other words than before.

use super::connect::PgStore;
use super::error::failed;
use super::load::read_record;
use super::row::{Column, Stored, shard, text};
use super::sql::{Args, Around, Pipeline, all, column};
use super::transaction::Transaction;
use super::words::{hash, vector};
use super::write::last_of_each;
use deadpool_postgres::Object;
use ganglion_kernel::port::ShardWrite;
use ganglion_kernel::port_search::WordsMade;
use ganglion_kernel::words::tokens;
use ganglion_model::Shard;
use ganglion_model::row::{Record, RowKey};

const ATTEMPTED: &str = "keeping the words of rows";
const PUT: &str = "INSERT INTO row_words AS o (shard, register, key, hash, words) SELECT w.shard, w.register, w.key, w.hash, \
                   w.words::tsvector FROM unnest($1::int4[], $2::text[], $3::text[], $4::int8[], $5::text[]) \
                   w (shard, register, key, hash, words) ON CONFLICT (shard, register, key) DO UPDATE SET \
                   hash = excluded.hash, words = excluded.words WHERE o.hash <> excluded.hash";
const PUT_ANEW: &str = "INSERT INTO row_words (shard, register, key, hash, words) SELECT w.shard, w.register, w.key, w.hash, \
                        w.words::tsvector FROM unnest($1::int4[], $2::text[], $3::text[], $4::int8[], $5::text[]) \
                        w (shard, register, key, hash, words) ON CONFLICT (shard, register, key) DO UPDATE SET \
                        hash = excluded.hash, words = excluded.words";
const GONE: &str = "DELETE FROM row_words o USING unnest($1::int4[], $2::text[], $3::text[]) w (shard, register, key) \
                    WHERE o.shard = w.shard AND o.register = w.register AND o.key = w.key";
const PAGE: &str = "SELECT DISTINCT shard, register, key FROM record WHERE (shard, register, key) > ($1, $2, $3) \
                    ORDER BY shard, register, key LIMIT $4";
const VERSIONS: &str = "SELECT r.body::text, r.shard, r.register, r.key FROM record r JOIN \
                        unnest($1::int4[], $2::text[], $3::text[]) w (shard, register, key) ON r.shard = w.shard \
                        AND r.register = w.register AND r.key = w.key ORDER BY r.shard, r.register, r.key, r.valid_from";

/// What is said of a row now: nothing, when it is to be found no more.
type Said<'a> = (Shard, &'a str, &'a str, Option<&'a str>);

/// Writes what a batch says about the words of rows.
pub(super) fn write<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite]) {
    let said = batch.iter().flat_map(|write| {
        write.row_words.iter().map(|one| (write.shard, one.register.as_str(), one.key.as_str(), one.words.as_deref()))
    });
    put(pipeline, said, PUT);
}

fn put<'a>(pipeline: &mut Pipeline<'a>, said: impl Iterator<Item = Said<'a>>, sql: &'static str) {
    let all = last_of_each(said, |one| (one.0, one.1, one.2));
    let (found, gone): (Vec<Said<'a>>, Vec<Said<'a>>) = all.into_iter().partition(|one| one.3.is_some());
    pipeline.over(&gone, GONE, |w| {
        vec![column(w, |one| shard(one.0)), column(w, |one| text(one.1)), column(w, |one| text(one.2))]
    });
    pipeline.over(&found, sql, |w| {
        vec![
            column(w, |one| shard(one.0)),
            column(w, |one| text(one.1)),
            column(w, |one| text(one.2)),
            column(w, |one| one.3.map_or(0, hash)),
            column(w, |one| one.3.map(|words| vector(&tokens(words))).unwrap_or_default()),
        ]
    });
}

/// Writes the words of a page of rows anew, whatever stands in the index.
pub(super) async fn again(
    store: &PgStore,
    after: Option<&RowKey>,
    limit: u32,
    words: &(dyn for<'r> Fn(&'r [Record]) -> Option<String> + Sync),
) -> Stored<WordsMade<RowKey>> {
    let transaction = Transaction::begin(store, ATTEMPTED).await?;
    let client = transaction.client()?;
    let rows = page(client, after, limit).await?;
    super::words::hold(client, rows.iter().map(|row| row.0)).await?;
    // Again, now that nobody writes to these shards: rows that came meanwhile only make the page end earlier.
    let rows = page(client, after, limit).await?;
    let versions = versions(client, &rows).await?;
    let said: Vec<(&[Record], Option<String>)> =
        versions.chunk_by(|one, next| key(one) == key(next)).map(|row| (row, words(row))).collect();
    let mut pipeline = Pipeline::default();
    let said = said.iter().filter_map(|(row, said)| {
        let (of, register, key) = key(row.first()?);
        Some((of, register, key, said.as_deref()))
    });
    put(&mut pipeline, said, PUT_ANEW);
    pipeline.send(client, Around::Nothing).await.map_err(failed(ATTEMPTED))?;
    drop(pipeline);
    transaction.commit(ATTEMPTED).await?;
    Ok(WordsMade { count: u32::try_from(rows.len()).unwrap_or(limit), last: rows.last().cloned() })
}

fn key(row: &Record) -> (Shard, &str, &str) {
    (row.shard, &row.register, &row.key)
}

/// Keys of a page of rows. Rows of the deployment have the first shard, and are not searched here.
async fn page(client: &Object, after: Option<&RowKey>, limit: u32) -> Stored<Vec<RowKey>> {
    let from = after.map_or((Shard::DEPLOYMENT, "\u{10ffff}", ""), |(of, register, key)| (*of, register, key));
    let args: &Args<'_> = &[&shard(from.0), &text(from.1), &text(from.2), &i64::from(limit)];
    all(client, ATTEMPTED, (PAGE, args), |row| {
        let column = |name| Column("record", name);
        Ok((column("shard").shard(row, 0)?, column("register").get(row, 1)?, column("key").get(row, 2)?))
    })
    .await
}

async fn versions(client: &Object, rows: &[RowKey]) -> Stored<Vec<Record>> {
    let shards: Vec<i32> = rows.iter().map(|row| shard(row.0)).collect();
    let registers: Vec<&str> = rows.iter().map(|row| row.1.as_str()).collect();
    let keys: Vec<&str> = rows.iter().map(|row| row.2.as_str()).collect();
    all(client, ATTEMPTED, (VERSIONS, &[&shards, &registers, &keys]), read_record).await
}

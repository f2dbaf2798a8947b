//! Row keys beyond a batch: see the port. A destroyed key is gone from the table with its transaction; what the server keeps of older
//! pages and of its log goes as `docs/postgresql.md` says.

use super::connect::PgStore;
use super::error::failed;
use super::lookup;
use super::row::{Column, Stored, shard, text};
use super::sql::{Args, Pipeline, all, column, run};
use async_trait::async_trait;
use deadpool_postgres::Object;
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{CasesEnded, Ended, Lookups, Rewrapped, SealStore, ShardWrite, WrappedKey};
use ganglion_kernel::seal_lookup::{LookedUp, LookupHash, Relooked};
use ganglion_model::{CaseId, Shard, row_id};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::HashSet;
use tokio_postgres::Row;
use uuid::Uuid;

/// Most rows in one answer.
const ROWS_MAX: u32 = 1000;
const READING: &str = "reading row keys";
const ENDED: &str = "reading what is over";

/// The name in front of a wrapped key; a key without one is wrapped by the master key.
const NAME: &str = "CASE WHEN wrapped LIKE 'sealed:%' THEN 'master' ELSE split_part(wrapped, ':', 1) END";

/// From where on a page begins: shard and id, the smallest when there is none.
fn start(after: Option<(Shard, CaseId)>) -> (i32, Uuid) {
    after.map_or((-1, Uuid::nil()), |(of, row)| (shard(of), row.0))
}

/// Destroys the row keys of a batch.
pub(super) fn destroy<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite]) {
    let gone: Vec<_> = batch.iter().flat_map(|write| write.keys_gone.iter().map(|row| (write.shard, row.0))).collect();
    let sql = "DELETE FROM seal_key k USING unnest($1::int4[], $2::uuid[]) w (shard, id) \
               WHERE k.shard = w.shard AND k.case_id = w.id";
    pipeline.over(&gone, sql, |w| vec![column(w, |one| shard(one.0)), column(w, |one| one.1)]);
}

fn read_key(row: &Row) -> Stored<WrappedKey> {
    let column = |name| Column("seal_key", name);
    Ok(WrappedKey {
        shard: column("shard").shard(row, 0)?,
        row: column("case_id").case(row, 1)?,
        wrapped: column("wrapped").get(row, 2)?,
    })
}

async fn rewrap(client: &Object, keys: &[Rewrapped]) -> Stored<u64> {
    let shards: Vec<i32> = keys.iter().map(|key| shard(key.from.shard)).collect();
    let rows: Vec<Uuid> = keys.iter().map(|key| key.from.row.0).collect();
    let old: Vec<&str> = keys.iter().map(|key| key.from.wrapped.as_str()).collect();
    let new: Vec<&str> = keys.iter().map(|key| key.to.as_str()).collect();
    let sql = "UPDATE seal_key k SET wrapped = w.new FROM unnest($1::int4[], $2::uuid[], $3::text[], $4::text[]) \
               w (shard, id, old, new) WHERE k.shard = w.shard AND k.case_id = w.id AND k.wrapped = w.old";
    run(client, "wrapping row keys anew", (sql, &[&shards, &rows, &old, &new])).await
}

/// Takes rows nobody can see any more out of their pages. It runs outside of any transaction, as long as it needs.
async fn settle(store: &PgStore) -> Stored<()> {
    let attempted = "taking destroyed row keys out of their pages";
    // Not given back to the pool: it has no limit of time.
    let client = Object::take(store.writer().await?);
    client.batch_execute("SET statement_timeout = 0").await.map_err(failed(attempted))?;
    client.batch_execute("VACUUM seal_key, seal_lookup").await.map_err(failed(attempted))
}

/// Those of the rows that have a key.
async fn with_key(client: &Object, rows: &[(Shard, CaseId)]) -> Stored<HashSet<CaseId>> {
    let shards: Vec<i32> = rows.iter().map(|(of, _)| shard(*of)).collect();
    let ids: Vec<Uuid> = rows.iter().map(|(_, row)| row.0).collect();
    let sql = "SELECT k.case_id FROM unnest($1::int4[], $2::uuid[]) w (shard, id) JOIN seal_key k ON k.shard = w.shard \
               AND k.case_id = w.id";
    let read = |row: &Row| Column("seal_key", "case_id").case(row, 0);
    Ok(all(client, ENDED, (sql, &[&shards, &ids]), read).await?.into_iter().collect())
}

/// Cases that ended, in the order of their index. Which of them have a key is asked apart, by their ids: then no plan can read through
/// all keys, and on several nodes nothing is joined before it is few.
pub(super) const CASES_ENDED: &str = "SELECT shard, id, number, closed_at FROM case_row WHERE process = $1 AND closed_at < $2 \
                                      AND (closed_at, id) > ($3, $4) ORDER BY closed_at, id LIMIT $5";

async fn cases_ended(
    client: &Object,
    (process, until): (&str, Timestamp),
    after: Option<(Timestamp, CaseId)>,
    limit: u32,
) -> Stored<CasesEnded> {
    let (at, row) = after.map_or((i64::MIN, Uuid::nil()), |(at, row)| (at.as_microsecond(), row.0));
    let args: &Args<'_> = &[&text(process), &until.as_microsecond(), &at, &row, &i64::from(limit)];
    let looked = all(client, ENDED, (CASES_ENDED, args), |row| {
        let column = |name| Column("case_row", name);
        Ok(Ended {
            shard: column("shard").shard(row, 0)?,
            of: process.to_owned(),
            name: column("number").get(row, 2)?,
            row: column("id").case(row, 1)?,
            since: column("closed_at").time(row, 3)?,
        })
    })
    .await?;
    let next = looked.last().filter(|_| looked.len() == limit as usize).map(|last| (last.since, last.row));
    let ids: Vec<_> = looked.iter().map(|one| (one.shard, one.row)).collect();
    let keyed = with_key(client, &ids).await?;
    Ok((looked.into_iter().filter(|one| keyed.contains(&one.row)).collect(), next))
}

#[async_trait]
impl SealStore for PgStore {
    async fn keys_by_name(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = format!("SELECT {NAME} AS name, count(*) FROM seal_key GROUP BY 1 ORDER BY 1");
        all(&self.reader().await?, READING, (&sql, &[]), |row| {
            Ok((Column("seal_key", "name").get(row, 0)?, Column("seal_key", "count").count(row, 1)?))
        })
        .await
    }

    async fn keys_of_others(
        &self,
        name: &str,
        after: Option<(Shard, CaseId)>,
        limit: u32,
    ) -> Result<Vec<WrappedKey>, StoreError> {
        let (of, row) = start(after);
        let sql = format!(
            "SELECT shard, case_id, wrapped FROM seal_key WHERE (shard, case_id) > ($1, $2) AND {NAME} <> $3 \
             ORDER BY shard, case_id LIMIT $4"
        );
        let args: &Args<'_> = &[&of, &row, &text(name), &i64::from(limit.min(ROWS_MAX))];
        all(&self.reader().await?, READING, (&sql, args), read_key).await
    }

    async fn keys_rewrap(&self, keys: &[Rewrapped]) -> Result<u64, StoreError> {
        rewrap(&self.writer().await?, keys).await
    }

    async fn lookup(&self, hashes: &[LookupHash], limit: u32) -> Result<Vec<LookedUp>, StoreError> {
        lookup::find(self, hashes, limit.min(ROWS_MAX)).await
    }

    async fn lookups_of_others(
        &self,
        name: &str,
        after: Option<&LookedUp>,
        limit: u32,
    ) -> Result<Vec<LookedUp>, StoreError> {
        lookup::of_others(self, name, after, limit.min(ROWS_MAX)).await
    }

    async fn lookups_again(&self, hashes: &[Relooked]) -> Result<u64, StoreError> {
        lookup::again(self, hashes).await
    }

    async fn lookups_put(&self, lookups: &[Lookups]) -> Result<(), StoreError> {
        lookup::put(self, lookups).await
    }

    async fn keys_settle(&self) -> Result<(), StoreError> {
        settle(self).await
    }

    async fn cases_ended(
        &self,
        until: (&str, Timestamp),
        after: Option<(Timestamp, CaseId)>,
        limit: u32,
    ) -> Result<CasesEnded, StoreError> {
        cases_ended(&self.reader().await?, until, after, limit.min(ROWS_MAX)).await
    }

    async fn rows_ended(
        &self,
        register: &str,
        until: Date,
        after: Option<(Shard, String)>,
        limit: u32,
    ) -> Result<(Vec<Ended>, Option<(Shard, String)>), StoreError> {
        let (of, key) = after.map_or((-1, String::new()), |(of, key)| (shard(of), key));
        let limit = limit.min(ROWS_MAX);
        // A version without a last day goes on, so the row is not over.
        let sql = "SELECT shard, key, max(updated_at) FROM record WHERE register = $1 AND (shard, key) > ($2, $3) \
                   GROUP BY shard, key HAVING max(coalesce(valid_to, '9999-12-31')) <= $4 ORDER BY shard, key LIMIT $5";
        let client = self.reader().await?;
        let args: &Args<'_> = &[&text(register), &of, &text(&key), &until.to_string(), &i64::from(limit)];
        let looked = all(&client, ENDED, (sql, args), |row| {
            let column = |name| Column("record", name);
            Ok((
                column("shard").shard(row, 0)?,
                column("key").get::<String>(row, 1)?,
                column("updated_at").time(row, 2)?,
            ))
        })
        .await?;
        let next = looked.last().filter(|_| looked.len() == limit as usize).map(|(of, key, _)| (*of, key.clone()));
        let ids: Vec<_> = looked.iter().map(|(of, name, _)| (*of, row_id(*of, register, name))).collect();
        let keyed = with_key(&client, &ids).await?;
        let over = looked.into_iter().zip(ids).filter(|(_, (_, row))| keyed.contains(row)).map(|(one, (_, row))| {
            let (shard, name, since) = one;
            Ended { shard, of: register.to_owned(), name, row, since }
        });
        Ok((over.collect(), next))
    }
}

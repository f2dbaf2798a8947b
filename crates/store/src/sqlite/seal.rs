//! Row keys beyond a batch: see the port.

use super::connect::SqliteStore;
use super::lookup;
use super::row::{Column, Stored, all, failed, run};
use async_trait::async_trait;
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{CasesEnded, Ended, Lookups, Rewrapped, SealStore, WrappedKey};
use ganglion_kernel::seal_lookup::{LookedUp, LookupHash, Relooked};
use ganglion_model::{CaseId, Shard, row_id};
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, TransactionBehavior, params};

/// Most rows in one answer.
const ROWS_MAX: u32 = 1000;
const READING: &str = "reading row keys";
const ENDED: &str = "reading what is over";

/// The name in front of a wrapped key; a key without one is wrapped by the master key.
const NAME: &str =
    "CASE WHEN wrapped GLOB 'sealed:*' THEN 'master' ELSE substr(wrapped, 1, instr(wrapped, ':') - 1) END";

/// From where on a page begins: shard and id, the smallest when there is none.
fn start(after: Option<(Shard, CaseId)>) -> (i64, Vec<u8>) {
    after.map_or((-1, Vec::new()), |(shard, row)| (i64::from(shard.0), row.0.as_bytes().to_vec()))
}

fn wrapped_keys(
    connection: &Connection,
    name: &str,
    after: Option<(Shard, CaseId)>,
    limit: u32,
) -> Stored<Vec<WrappedKey>> {
    let (shard, row) = start(after);
    let sql = format!(
        "SELECT shard, case_id, wrapped FROM seal_key WHERE (shard, case_id) > (?, ?) AND {NAME} <> ? \
         ORDER BY shard, case_id LIMIT ?"
    );
    all(connection, READING, (&sql, params![shard, row, name, limit.min(ROWS_MAX)]), |row| {
        let shard = Shard(Column("seal_key", "shard").get(row, 0)?);
        Ok(WrappedKey {
            shard,
            row: CaseId(Column("seal_key", "case_id").id(row, 1)?),
            wrapped: Column("seal_key", "wrapped").get(row, 2)?,
        })
    })
}

fn rewrap(connection: &mut Connection, keys: &[Rewrapped]) -> Stored<u64> {
    const ATTEMPTED: &str = "wrapping row keys anew";
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    let mut changed = 0;
    for key in keys {
        let sql = "UPDATE seal_key SET wrapped = ? WHERE shard = ? AND case_id = ? AND wrapped = ?";
        let of = &key.from;
        changed += run(&transaction, ATTEMPTED, sql, params![key.to, of.shard.0, of.row.0.as_bytes(), of.wrapped])?;
    }
    transaction.commit().map_err(failed(ATTEMPTED))?;
    Ok(changed as u64)
}

/// Destroys row keys, and what their rows were found by. What stood in their place is overwritten, also in pages that become free.
pub(super) fn destroy(connection: &Connection, shard: Shard, rows: &[CaseId]) -> Stored<()> {
    for row in rows {
        let sql = "DELETE FROM seal_key WHERE shard = ? AND case_id = ?";
        run(connection, "destroying a row key", sql, params![shard.0, row.0.as_bytes()])?;
        super::lookup::forget(connection, shard, *row)?;
    }
    Ok(())
}

/// Has deleted content overwritten from now on.
pub(super) fn overwrite(connection: &Connection) -> Stored<()> {
    connection.pragma_update(None, "secure_delete", "ON").map_err(failed("having deleted content overwritten"))
}

fn settle(connection: &Connection) -> Stored<()> {
    // Whoever still reads an older state keeps the log from being emptied; the next settling does it then.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(failed("emptying the log"))
}

/// Cases that ended, in the order of their index, with whether they still have a key.
const CASES_ENDED: &str = "SELECT c.shard, c.id, c.number, c.closed_at, EXISTS (SELECT 1 FROM seal_key k WHERE k.shard = c.shard \
                           AND k.case_id = c.id) FROM case_row c INDEXED BY case_closed WHERE c.process = ? \
                           AND (c.closed_at, c.id) > (?, ?) AND c.closed_at < ? ORDER BY c.closed_at, c.id LIMIT ?";

fn cases_ended(
    connection: &Connection,
    (process, until): (&str, Timestamp),
    after: Option<(Timestamp, CaseId)>,
    limit: u32,
) -> Stored<CasesEnded> {
    let (at, row) = after.map_or((i64::MIN, Vec::new()), |(at, row)| (at.as_microsecond(), row.0.as_bytes().to_vec()));
    let values = params![process, at, row, until.as_microsecond(), limit];
    let looked = all(connection, ENDED, (CASES_ENDED, values), |row| {
        let column = |name| Column("case_row", name);
        let ended = Ended {
            shard: Shard(column("shard").get(row, 0)?),
            of: process.to_owned(),
            name: column("number").get(row, 2)?,
            row: CaseId(column("id").id(row, 1)?),
            since: column("closed_at").time(row, 3)?,
        };
        Ok((ended, Column("seal_key", "case_id").get::<bool>(row, 4)?))
    })?;
    let next = looked.last().filter(|_| looked.len() == limit as usize).map(|(last, _)| (last.since, last.row));
    Ok((looked.into_iter().filter(|(_, keyed)| *keyed).map(|(ended, _)| ended).collect(), next))
}

#[async_trait]
impl SealStore for SqliteStore {
    async fn keys_by_name(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = format!("SELECT {NAME} AS name, count(*) FROM seal_key GROUP BY name ORDER BY name");
        all(&self.reader(), READING, (&sql, []), |row| {
            Ok((Column("seal_key", "name").get(row, 0)?, Column("seal_key", "count").get(row, 1)?))
        })
    }

    async fn keys_of_others(
        &self,
        name: &str,
        after: Option<(Shard, CaseId)>,
        limit: u32,
    ) -> Result<Vec<WrappedKey>, StoreError> {
        wrapped_keys(&self.reader(), name, after, limit)
    }

    async fn keys_rewrap(&self, keys: &[Rewrapped]) -> Result<u64, StoreError> {
        rewrap(&mut self.writer(), keys)
    }

    async fn lookup(&self, hashes: &[LookupHash], limit: u32) -> Result<Vec<LookedUp>, StoreError> {
        lookup::find(&self.reader(), hashes, limit.min(ROWS_MAX))
    }

    async fn lookups_of_others(
        &self,
        name: &str,
        after: Option<&LookedUp>,
        limit: u32,
    ) -> Result<Vec<LookedUp>, StoreError> {
        lookup::of_others(&self.reader(), name, after, limit.min(ROWS_MAX))
    }

    async fn lookups_again(&self, hashes: &[Relooked]) -> Result<u64, StoreError> {
        lookup::again(&mut self.writer(), hashes)
    }

    async fn lookups_put(&self, lookups: &[Lookups]) -> Result<(), StoreError> {
        lookup::put(&mut self.writer(), lookups)
    }

    async fn keys_settle(&self) -> Result<(), StoreError> {
        settle(&self.writer())
    }

    async fn cases_ended(
        &self,
        until: (&str, Timestamp),
        after: Option<(Timestamp, CaseId)>,
        limit: u32,
    ) -> Result<CasesEnded, StoreError> {
        cases_ended(&self.reader(), until, after, limit.min(ROWS_MAX))
    }

    async fn rows_ended(
        &self,
        register: &str,
        until: Date,
        after: Option<(Shard, String)>,
        limit: u32,
    ) -> Result<(Vec<Ended>, Option<(Shard, String)>), StoreError> {
        let (shard, key) = after.map_or((-1, String::new()), |(shard, key)| (i64::from(shard.0), key));
        let limit = limit.min(ROWS_MAX);
        // A version without a last day goes on, so the row is not over.
        let sql = "SELECT shard, key, max(coalesce(valid_to, '9999-12-31')) AS ended, max(updated_at) FROM record \
                   WHERE register = ? AND (shard, key) > (?, ?) GROUP BY shard, key HAVING ended <= ? \
                   ORDER BY shard, key LIMIT ?";
        let reader = self.reader();
        let values = params![register, shard, key, until.to_string(), limit];
        let looked = all(&reader, ENDED, (sql, values), |row| {
            let column = |name| Column("record", name);
            let since: i64 = column("updated_at").get(row, 3)?;
            let shard = Shard(column("shard").get(row, 0)?);
            Ok((shard, column("key").get::<String>(row, 1)?, Timestamp::from_microsecond(since).unwrap_or_default()))
        })?;
        let next =
            looked.last().filter(|_| looked.len() == limit as usize).map(|(shard, key, _)| (*shard, key.clone()));
        let mut over = Vec::new();
        for (shard, name, since) in looked {
            let row = row_id(shard, register, &name);
            if super::load::key(&reader, shard, row)?.is_some() {
                over.push(Ended { shard, of: register.to_owned(), name, row, since });
            }
        }
        Ok((over, next))
    }
}

#[cfg(test)]
mod tests {
    use super::super::migrate::migrate;
    use super::super::packed;
    use super::*;

    /// What is due is read from where it begins: neither all keys nor all that ever ended.
    #[test]
    fn what_ended_is_read_in_order_from_its_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        packed::functions(&connection, &packed::Packing::reading(None)).unwrap();
        migrate(&mut connection).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {CASES_ENDED}")).unwrap();
        let rows = statement.query_map(params!["p", 1, [0_u8; 16], 2, 9], |row| row.get::<_, String>(3)).unwrap();
        let plan = rows.map(Result::unwrap).collect::<Vec<_>>().join("; ");
        let wanted = "SEARCH c USING INDEX case_closed (process=? AND (closed_at,id)>(?,?) AND closed_at<?)";
        assert!(plan.starts_with(wanted), "{plan}");
        assert!(plan.contains("SEARCH k USING PRIMARY KEY (shard=? AND case_id=?)"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}

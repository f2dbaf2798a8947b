//! Finding rows by keyed hashes of sealed values: see the port. The hashes of a row are written in its transaction and go with its key.

use super::row::{Column, Stored, all, failed, one, run};
use ganglion_kernel::port::ShardWrite;
use ganglion_kernel::seal_lookup::{LookedUp, LookupHash, Lookups, Relooked};
use ganglion_model::{CaseId, Shard};
use rusqlite::{Connection, Row, TransactionBehavior, params};

const READING: &str = "finding rows by keyed hashes";
const KEEPING: &str = "keeping keyed hashes";

const ONE: &str = "INSERT OR IGNORE INTO seal_lookup (shard, row_id, field, hash, key, made) VALUES (?, ?, ?, ?, ?, ?)";
const COLUMNS: &str = "shard, row_id, field, hash, key, made";

fn read(row: &Row<'_>) -> Stored<LookedUp> {
    let column = |name| Column("seal_lookup", name);
    Ok(LookedUp {
        shard: Shard(column("shard").get(row, 0)?),
        row: CaseId(column("row_id").id(row, 1)?),
        field: column("field").get(row, 2)?,
        hash: column("hash").get(row, 3)?,
        key: column("key").get(row, 4)?,
        by: column("made").get(row, 5)?,
    })
}

/// Writes what a batch says about hashes: all of a row's, in place of those it had.
pub(super) fn write(connection: &Connection, write: &ShardWrite) -> Stored<()> {
    for lookups in &write.lookups {
        forget(connection, lookups.shard, lookups.row)?;
        insert(connection, lookups)?;
    }
    Ok(())
}

fn insert(connection: &Connection, lookups: &Lookups) -> Stored<()> {
    let row = lookups.row.0.as_bytes();
    for entry in &lookups.entries {
        let values = params![lookups.shard.0, row, entry.field, entry.hash, lookups.key, entry.by];
        run(connection, KEEPING, ONE, values)?;
    }
    Ok(())
}

/// Takes every hash of a row away.
pub(super) fn forget(connection: &Connection, shard: Shard, row: CaseId) -> Stored<()> {
    let sql = "DELETE FROM seal_lookup WHERE shard = ? AND row_id = ?";
    run(connection, KEEPING, sql, params![shard.0, row.0.as_bytes()]).map(drop)
}

/// Rows kept under one of the hashes, cases the newest first.
pub(super) fn find(connection: &Connection, hashes: &[LookupHash], limit: u32) -> Stored<Vec<LookedUp>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM seal_lookup INDEXED BY seal_lookup_newest WHERE hash = ? \
         ORDER BY row_id DESC LIMIT ?"
    );
    let mut found = Vec::new();
    for hash in hashes {
        found.extend(all(connection, READING, (&sql, params![hash, limit]), read)?);
    }
    found.sort_by(newest_first);
    found.dedup();
    found.truncate(limit as usize);
    Ok(found)
}

fn newest_first(a: &LookedUp, b: &LookedUp) -> std::cmp::Ordering {
    (b.row, b.shard, &b.field, &b.hash).cmp(&(a.row, a.shard, &a.field, &a.hash))
}

/// Hashes made with other keys.
pub(super) fn of_others(
    connection: &Connection,
    name: &str,
    after: Option<&LookedUp>,
    limit: u32,
) -> Stored<Vec<LookedUp>> {
    let (shard, row, field, hash) = after.map_or((-1, Vec::new(), "", Vec::new()), |one| {
        (i64::from(one.shard.0), one.row.0.as_bytes().to_vec(), one.field.as_str(), one.hash.to_vec())
    });
    let sql = format!(
        "SELECT {COLUMNS} FROM seal_lookup WHERE (shard, row_id, field, hash) > (?, ?, ?, ?) AND made <> ? \
         ORDER BY shard, row_id, field, hash LIMIT ?"
    );
    all(connection, READING, (&sql, params![shard, row, field, hash, name, limit]), read)
}

/// Puts hashes made anew where those that were read still stand.
pub(super) fn again(connection: &mut Connection, hashes: &[Relooked]) -> Stored<u64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(KEEPING))?;
    let mut changed = 0;
    for one in hashes {
        let sql = "UPDATE OR REPLACE seal_lookup SET hash = ?, made = ? \
                   WHERE shard = ? AND row_id = ? AND field = ? AND hash = ?";
        let (from, row) = (&one.from, one.from.row.0.as_bytes());
        let values = params![one.hash, one.by, from.shard.0, row, from.field, from.hash];
        changed += run(&transaction, KEEPING, sql, values)?;
    }
    transaction.commit().map_err(failed(KEEPING))?;
    Ok(changed as u64)
}

/// Puts the hashes of rows that have a key and none yet.
pub(super) fn put(connection: &mut Connection, lookups: &[Lookups]) -> Stored<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(KEEPING))?;
    for one_row in lookups {
        let sql = "SELECT 1 FROM seal_key k WHERE k.shard = ? AND k.case_id = ? \
                   AND NOT EXISTS (SELECT 1 FROM seal_lookup l WHERE l.shard = k.shard AND l.row_id = k.case_id)";
        let at = params![one_row.shard.0, one_row.row.0.as_bytes()];
        if one(&transaction, KEEPING, (sql, at), |_| Ok(()))?.is_some() {
            insert(&transaction, one_row)?;
        }
    }
    transaction.commit().map_err(failed(KEEPING))
}

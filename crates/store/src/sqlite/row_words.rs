//! The index of words that rows kept by place are searched by: kept in the transaction of the row, like that of cases. It keeps no
//! text; a hash says whether a row has other words than before.

use super::row::{Column, Stored, all, failed, one, run};
use ganglion_kernel::indexed::hash;
use ganglion_kernel::port::ShardWrite;
use ganglion_kernel::port_search::WordsMade;
use ganglion_kernel::words::tokens;
use ganglion_model::Shard;
use ganglion_model::row::{Record, RowKey};
use rusqlite::{Connection, TransactionBehavior, params};

const ATTEMPTED: &str = "keeping the words of rows";

/// Writes what a batch says about the words of rows.
pub(super) fn write(connection: &Connection, write: &ShardWrite) -> Stored<()> {
    for one in &write.row_words {
        put(connection, (write.shard, &one.register, &one.key), one.words.as_deref(), false)?;
    }
    Ok(())
}

/// Puts the words of a row, if they are not those it has, or `anew` whatever it has; without words it is taken out.
fn put(
    connection: &Connection,
    (shard, register, key): (Shard, &str, &str),
    words: Option<&str>,
    anew: bool,
) -> Stored<()> {
    let sql = "SELECT doc, hash FROM row_doc WHERE shard = ? AND register = ? AND key = ?";
    let column = |name| Column("row_doc", name);
    let found = one(connection, ATTEMPTED, (sql, params![shard.0, register, key]), |row| {
        Ok((column("doc").get::<i64>(row, 0)?, column("hash").get::<i64>(row, 1)?))
    })?;
    let new = words.map(|words| hash(words).cast_signed());
    if !anew && found.map(|(_, old)| old) == new {
        return Ok(());
    }
    if let Some((doc, _)) = found {
        run(connection, ATTEMPTED, "DELETE FROM row_words WHERE rowid = ?", params![doc])?;
    }
    let doc = match (found, new) {
        (Some((doc, _)), Some(new)) => {
            run(connection, ATTEMPTED, "UPDATE row_doc SET hash = ? WHERE doc = ?", params![new, doc])?;
            doc
        }
        (None, Some(new)) => {
            let sql = "INSERT INTO row_doc (shard, register, key, hash) VALUES (?, ?, ?, ?)";
            run(connection, ATTEMPTED, sql, params![shard.0, register, key, new])?;
            connection.last_insert_rowid()
        }
        (Some((doc, _)), None) => {
            run(connection, ATTEMPTED, "DELETE FROM row_doc WHERE doc = ?", params![doc])?;
            return Ok(());
        }
        (None, None) => return Ok(()),
    };
    let sql = "INSERT INTO row_words (rowid, words) VALUES (?, ?)";
    run(connection, ATTEMPTED, sql, params![doc, words.map(tokens).unwrap_or_default()]).map(drop)
}

/// Writes the words of a page of rows anew, whatever stands in the index.
pub(super) fn again(
    connection: &mut Connection,
    after: Option<&RowKey>,
    limit: u32,
    words: &(dyn for<'r> Fn(&'r [Record]) -> Option<String> + Sync),
) -> Stored<WordsMade<RowKey>> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    let sql = "SELECT DISTINCT shard, register, key FROM record WHERE (shard, register, key) > (?, ?, ?) \
               ORDER BY shard, register, key LIMIT ?";
    // Rows of the deployment have the first shard, and are not searched here.
    let from = after.map_or((Shard::DEPLOYMENT.0, "\u{10ffff}", ""), |(shard, register, key)| {
        (shard.0, register.as_str(), key.as_str())
    });
    let rows: Vec<RowKey> = all(&transaction, ATTEMPTED, (sql, params![from.0, from.1, from.2, limit]), |row| {
        let column = |name| Column("record", name);
        Ok((Shard(column("shard").get(row, 0)?), column("register").get(row, 1)?, column("key").get(row, 2)?))
    })?;
    // In the order of their numbers in the index, see `words`.
    let mut ordered = Vec::with_capacity(rows.len());
    for row in &rows {
        let sql = "SELECT doc FROM row_doc WHERE shard = ? AND register = ? AND key = ?";
        let doc = one(&transaction, ATTEMPTED, (sql, params![row.0.0, row.1, row.2]), |found| {
            Column("row_doc", "doc").get::<i64>(found, 0)
        })?;
        ordered.push((doc.unwrap_or(i64::MAX), row));
    }
    ordered.sort_by_key(|one| one.0);
    for (_, row) in ordered {
        let versions = super::load::versions(&transaction, row)?;
        put(&transaction, (row.0, &row.1, &row.2), words(&versions).as_deref(), true)?;
    }
    transaction.commit().map_err(failed(ATTEMPTED))?;
    Ok(WordsMade { count: u32::try_from(rows.len()).unwrap_or(limit), last: rows.last().cloned() })
}

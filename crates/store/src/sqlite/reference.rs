//! Reference data: places, outlines, posts, register rows.

use super::row::{Column, Stored, all, failed, json, run};
use ganglion_model::row::Record;
use ganglion_model::{Place, PlaceCode, Post, Shard};
use rusqlite::{Connection, Row, TransactionBehavior, params};

/// All places, every version, in code order.
pub(super) fn places(connection: &Connection) -> Stored<Vec<Place>> {
    let sql = "SELECT body, code FROM place ORDER BY code, valid_from";
    all(connection, "reading places", (sql, []), |row| {
        Column("place", "body").json(row, 0, || row.get::<_, i64>(1).unwrap_or_default().to_string())
    })
}

/// Replaces all places.
pub(super) fn places_set(connection: &mut Connection, places: &[Place]) -> Stored<()> {
    let attempted = "replacing the places";
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(attempted))?;
    run(&transaction, attempted, "DELETE FROM place", [])?;
    for place in places {
        let sql = "INSERT INTO place (code, valid_from, body) VALUES (?, ?, ?)";
        let params = params![place.code.padded(), place.valid_from.to_string(), json(attempted, place)?];
        run(&transaction, attempted, sql, params)?;
    }
    transaction.commit().map_err(failed(attempted))
}

/// Outlines by code.
pub(super) fn outlines(connection: &Connection) -> Stored<Vec<(PlaceCode, String)>> {
    let sql = "SELECT code, geometry FROM outline ORDER BY code";
    all(connection, "reading outlines", (sql, []), |row| {
        Ok((Column("outline", "code").place(row, 0)?, Column("outline", "geometry").get(row, 1)?))
    })
}

/// Replaces the outlines of these places.
pub(super) fn outlines_set(connection: &mut Connection, outlines: &[(PlaceCode, String)]) -> Stored<()> {
    let attempted = "replacing outlines";
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(attempted))?;
    for (code, geometry) in outlines {
        let sql = "INSERT OR REPLACE INTO outline (code, geometry) VALUES (?, ?)";
        run(&transaction, attempted, sql, params![code.padded(), geometry])?;
    }
    transaction.commit().map_err(failed(attempted))
}

/// All posts, by id.
pub(super) fn posts(connection: &Connection) -> Stored<Vec<Post>> {
    let sql = "SELECT body, id FROM post ORDER BY id";
    all(connection, "reading posts", (sql, []), |row| {
        Column("post", "body").json(row, 0, || row.get(1).unwrap_or_default())
    })
}

/// Puts posts.
pub(super) fn posts_put(connection: &mut Connection, posts: &[Post]) -> Stored<()> {
    let attempted = "putting posts";
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(attempted))?;
    for post in posts {
        let sql = "INSERT OR REPLACE INTO post (id, body) VALUES (?, ?)";
        run(&transaction, attempted, sql, params![post.id.0, json(attempted, post)?])?;
    }
    transaction.commit().map_err(failed(attempted))
}

fn record(row: &Row<'_>, shard: Shard) -> Stored<Record> {
    Column("record", "body").json(row, 0, || {
        let (register, key): (String, String) = (row.get(1).unwrap_or_default(), row.get(2).unwrap_or_default());
        format!("{shard}/{register}/{key}")
    })
}

/// The version of every row of a register that was written last, by key.
pub(super) fn records(connection: &Connection, shard: Shard, register: &str) -> Stored<Vec<Record>> {
    let sql = "SELECT body, register, key FROM record WHERE shard = ? AND register = ? ORDER BY key, version DESC";
    let params = params![shard.0, register];
    let mut records = all(connection, "reading a register", (sql, params), |row| record(row, shard))?;
    records.dedup_by(|later, first| later.key == first.key);
    Ok(records)
}

/// Every version of every row of a shard's registers.
pub(super) fn record_versions(connection: &Connection, shard: Shard) -> Stored<Vec<Record>> {
    let sql = "SELECT body, register, key FROM record WHERE shard = ? ORDER BY register, key, valid_from";
    all(connection, "reading registers", (sql, params![shard.0]), |row| record(row, shard))
}

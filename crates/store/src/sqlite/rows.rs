//! Lists of register rows, proposals, and which rows refer to which.

use super::row::{Column, Stored, all, json, one, run};
use super::row_query::{count, page};
use ganglion_kernel::port::ShardWrite;
use ganglion_kernel::port_rows::{ProposalFilter, Referer, RowAfter, RowFilter, RowOrder};
use ganglion_model::row::RowKey;
use ganglion_model::{PlaceCode, Proposal, ProposalId, Record, Shard};
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use std::fmt::Write as _;

/// Most rows in one answer.
const ROWS_MAX: u32 = 10_000;

/// A page of rows.
pub(super) fn rows(
    connection: &Connection,
    (filter, order): (&RowFilter, &RowOrder),
    after: Option<&RowAfter>,
    limit: u32,
) -> Stored<Vec<Record>> {
    let sql = page(filter, order, after, limit.min(ROWS_MAX));
    all(connection, "listing rows", (&sql.text, params_from_iter(sql.values)), |row| {
        Column("record", "body").json(row, 0, || {
            format!("{}/{}", row.get::<_, u32>(1).unwrap_or_default(), row.get::<_, String>(2).unwrap_or_default())
        })
    })
}

/// How many rows a filter has.
pub(super) fn row_count(connection: &Connection, filter: &RowFilter) -> Stored<u64> {
    let sql = count(filter);
    let read = |row: &Row<'_>| Column("record", "count").get(row, 0);
    Ok(one(connection, "counting rows", (&sql.text, params_from_iter(sql.values)), read)?.unwrap_or(0))
}

/// Rows that refer to a row; without a day those that have no end.
pub(super) fn referers(
    connection: &Connection,
    (shard, register, key): &RowKey,
    day: Option<Date>,
    limit: u32,
) -> Stored<Vec<Referer>> {
    let everywhere = *shard == Shard::DEPLOYMENT;
    let own = if everywhere { "" } else { " AND f.shard = ?3" };
    let sql = format!(
        "SELECT f.shard, f.from_register, f.from_key FROM row_reference f WHERE f.register = ?1 AND f.key = ?2 AND ?3 >= 0{own} \
         AND EXISTS (SELECT 1 FROM record r WHERE r.shard = f.shard AND r.register = f.from_register \
         AND r.key = f.from_key AND (r.valid_to IS NULL OR r.valid_to > ?4)) ORDER BY 1, 2, 3 LIMIT {}",
        limit.min(ROWS_MAX)
    );
    // Later than any day: without one, only rows that have no end.
    let day = day.map_or_else(|| "9999-99-99".to_owned(), |day| day.to_string());
    all(connection, "reading references", (&sql, params![register, key, shard.0, day]), |row| {
        Ok(Referer {
            shard: Shard(Column("row_reference", "shard").get(row, 0)?),
            register: Column("row_reference", "from_register").get(row, 1)?,
            key: Column("row_reference", "from_key").get(row, 2)?,
        })
    })
}

fn read_proposal(row: &Row<'_>) -> Stored<Proposal> {
    Column("proposal", "body").json(row, 0, || "?".to_owned())
}

/// One proposal.
pub(super) fn proposal(connection: &Connection, shard: Shard, id: ProposalId) -> Stored<Option<Proposal>> {
    let sql = "SELECT body FROM proposal WHERE shard = ? AND id = ?";
    one(connection, "reading a proposal", (sql, params![shard.0, id.0.as_bytes()]), read_proposal)
}

/// A page of proposals, newest first.
pub(super) fn proposals(connection: &Connection, filter: &ProposalFilter, limit: u32) -> Stored<Vec<Proposal>> {
    let mut sql = "SELECT body FROM proposal WHERE (0".to_owned();
    let mut values: Vec<Value> = Vec::new();
    for (register, place) in &filter.registers {
        sql.push_str(" OR (register = ?");
        values.push(Value::Text(register.clone()));
        if let Some(place) = place {
            let (low, high) = place.range();
            sql.push_str(" AND place >= ? AND place < ?");
            values.extend([low, high].map(|code| Value::Integer(i64::try_from(code).unwrap_or(i64::MAX))));
        }
        sql.push(')');
    }
    sql.push(')');
    if let Some(state) = filter.state {
        let _ = write!(sql, " AND state = '{}'", state.as_str());
    }
    if let Some((shard, register, key)) = &filter.row {
        sql.push_str(" AND shard = ? AND register = ? AND key = ?");
        values.push(Value::Integer(i64::from(shard.0)));
        values.extend([register, key].map(|text| Value::Text(text.clone())));
    }
    let _ = write!(sql, " ORDER BY at DESC, id DESC LIMIT {}", limit.min(ROWS_MAX));
    all(connection, "listing proposals", (&sql, params_from_iter(values)), read_proposal)
}

/// Writes what a batch says about references and proposals.
pub(super) fn write(connection: &Connection, write: &ShardWrite) -> Stored<()> {
    let (attempted, shard) = ("writing a batch", write.shard);
    for (register, key, from) in &write.records_gone {
        let sql = "DELETE FROM record WHERE shard = ? AND register = ? AND key = ? AND valid_from = ?";
        let from = from.map(|day| day.to_string()).unwrap_or_default();
        run(connection, attempted, sql, params![shard.0, register, key, from])?;
    }
    for one in &write.references {
        let sql = "DELETE FROM row_reference WHERE shard = ? AND from_register = ? AND from_key = ?";
        run(connection, attempted, sql, params![shard.0, one.register, one.key])?;
        for (register, key) in &one.to {
            let sql = "INSERT OR IGNORE INTO row_reference (register, key, shard, from_register, from_key) \
                       VALUES (?, ?, ?, ?, ?)";
            run(connection, attempted, sql, params![register, key, shard.0, one.register, one.key])?;
        }
    }
    for one in &write.proposals {
        let sql = "INSERT OR REPLACE INTO proposal (shard, id, register, key, place, state, at, body) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let place = one.wish.place.map(PlaceCode::padded);
        let (id, at, state) = (one.id.0.as_bytes(), one.by.at.as_microsecond(), one.state.as_str());
        let body = json(attempted, one)?;
        run(connection, attempted, sql, params![shard.0, id, one.wish.register, one.key, place, state, at, body])?;
    }
    Ok(())
}

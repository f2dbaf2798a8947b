//! Rows that break standing rules.

use super::row::{Column, Stored, all, failed, one, run};
use ganglion_kernel::port::ShardWrite;
use ganglion_kernel::rules::{Violation, ViolationFilter};
use ganglion_model::{CaseId, Shard};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, TransactionBehavior, params, params_from_iter};

const ATTEMPTED: &str = "reading violations";
const COLUMNS: &str = "shard, rule, id, place, subject, since, opened";
/// Most rows in one answer.
const ROWS_MAX: u32 = 10_000;

fn read(row: &Row<'_>) -> Stored<Violation> {
    let column = |name| Column("violation", name);
    Ok(Violation {
        shard: Shard(column("shard").get(row, 0)?),
        rule: column("rule").get(row, 1)?,
        id: CaseId(column("id").id(row, 2)?),
        place: column("place").place(row, 3)?,
        subject: column("subject").get(row, 4)?,
        since: column("since").time(row, 5)?,
        opened: column("opened").get(row, 6)?,
    })
}

/// The conditions of a filter with their values.
fn conditions(filter: &ViolationFilter) -> (String, Vec<Value>) {
    let (mut sql, mut values) = ("rule = ?".to_owned(), vec![Value::Text(filter.rule.clone())]);
    if let Some(place) = filter.place {
        let (low, high) = place.range();
        sql.push_str(" AND place >= ? AND place < ?");
        values.extend([low, high].map(|code| Value::Integer(i64::try_from(code).unwrap_or(i64::MAX))));
    }
    (sql, values)
}

/// A page, longest broken first.
pub(super) fn violations(
    connection: &Connection,
    filter: &ViolationFilter,
    after: Option<(Timestamp, CaseId)>,
    limit: u32,
) -> Stored<Vec<Violation>> {
    let (mut conditions, mut values) = conditions(filter);
    if let Some((at, id)) = after {
        conditions.push_str(" AND (since, id) > (?, ?)");
        values.extend([Value::Integer(at.as_microsecond()), Value::Blob(id.0.as_bytes().to_vec())]);
    }
    let limit = limit.min(ROWS_MAX);
    let sql = format!("SELECT {COLUMNS} FROM violation WHERE {conditions} ORDER BY since, id LIMIT {limit}");
    all(connection, ATTEMPTED, (&sql, params_from_iter(values)), read)
}

/// How many there are.
pub(super) fn count(connection: &Connection, filter: &ViolationFilter) -> Stored<u64> {
    let (conditions, values) = conditions(filter);
    let sql = format!("SELECT count(*) FROM violation WHERE {conditions}");
    let count =
        one(connection, ATTEMPTED, (&sql, params_from_iter(values)), |row| Column("violation", "*").get(row, 0))?;
    Ok(count.unwrap_or(0))
}

/// Those for which no case was opened.
pub(super) fn unopened(connection: &Connection, rules: &[String], limit: u32) -> Stored<Vec<Violation>> {
    let mut found = Vec::new();
    for rule in rules {
        let sql =
            format!("SELECT {COLUMNS} FROM violation WHERE rule = ? AND opened IS NULL LIMIT {}", limit.min(ROWS_MAX));
        found.extend(all(connection, ATTEMPTED, (&sql, params![rule]), read)?);
    }
    Ok(found)
}

/// Notes the case opened for one.
pub(super) fn opened(connection: &Connection, one: &Violation, number: &str) -> Stored<()> {
    let sql = "UPDATE violation SET opened = ? WHERE shard = ? AND rule = ? AND id = ?";
    run(connection, "noting a case", sql, params![number, one.shard.0, one.rule, one.id.0.as_bytes()]).map(drop)
}

/// One that is broken already stays so since then.
fn put(connection: &Connection, one: &Violation) -> Stored<()> {
    let sql = "INSERT INTO violation (shard, rule, id, place, subject, since, opened) VALUES (?, ?, ?, ?, ?, ?, NULL) \
               ON CONFLICT DO UPDATE SET place = excluded.place, subject = excluded.subject";
    let (id, at) = (one.id.0.as_bytes(), one.since.as_microsecond());
    let values = params![one.shard.0, one.rule, id, one.place.padded(), one.subject, at];
    run(connection, "noting a violation", sql, values).map(drop)
}

/// Puts these in place of everything noted for a rule.
pub(super) fn set(connection: &mut Connection, rule: &str, violations: &[Violation]) -> Stored<()> {
    let attempted = "noting violations";
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(attempted))?;
    let sql = "CREATE TEMP TABLE IF NOT EXISTS still_broken (shard INTEGER, id BLOB, PRIMARY KEY (shard, id))";
    run(&transaction, attempted, sql, [])?;
    run(&transaction, attempted, "DELETE FROM still_broken", [])?;
    for one in violations {
        put(&transaction, one)?;
        let sql = "INSERT OR IGNORE INTO still_broken (shard, id) VALUES (?, ?)";
        run(&transaction, attempted, sql, params![one.shard.0, one.id.0.as_bytes()])?;
    }
    let sql = "DELETE FROM violation WHERE rule = ? AND (shard, id) NOT IN (SELECT shard, id FROM still_broken)";
    run(&transaction, attempted, sql, params![rule])?;
    transaction.commit().map_err(failed(attempted))
}

/// Writes what a batch says about rules.
pub(super) fn write(connection: &Connection, write: &ShardWrite) -> Stored<()> {
    for (rule, id) in &write.violations_gone {
        let sql = "DELETE FROM violation WHERE shard = ? AND rule = ? AND id = ?";
        run(connection, "writing a batch", sql, params![write.shard.0, rule, id.0.as_bytes()])?;
    }
    write.violations.iter().try_for_each(|one| put(connection, one))
}

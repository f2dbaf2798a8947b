//! Counters, and the facts they were counted from.

use super::row::{Column, Stored, all, one};
use ganglion_indicators::{CellKey, Cells, Period};
use ganglion_kernel::port::{CellRead, FactFilter};
use ganglion_model::{CaseId, Level, PlaceCode, Shard};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use std::fmt::Write as _;

const ATTEMPTED: &str = "reading figures";
/// Most cases behind a figure in one answer.
const FACTS_MAX: u32 = 500;

fn period(code: i32) -> Period {
    match code {
        0 => Period::Now,
        1.. => Period::Day(code),
        _ => Period::Month(-code),
    }
}

/// Counters of a measure at places for periods: one seek for each pair.
pub(super) fn cells(
    connection: &Connection,
    measure: &str,
    places: &[PlaceCode],
    periods: &[Period],
) -> Stored<Vec<CellRead>> {
    let list = |codes: Vec<String>| format!("[{}]", codes.join(","));
    let places = list(places.iter().map(|place| place.padded().to_string()).collect());
    let periods = list(periods.iter().map(|period| period.code().to_string()).collect());
    let sql = "SELECT t.place, t.period, t.dim, t.rows, t.sum \
               FROM json_each(?1) p CROSS JOIN json_each(?2) q CROSS JOIN tally t \
               WHERE t.shard = p.value / 1000000000 AND t.measure = ?3 AND t.place = p.value AND t.period = q.value";
    all(connection, ATTEMPTED, (sql, params![places, periods, measure]), |row| {
        Ok(CellRead {
            place: Column("tally", "place").place(row, 0)?,
            period: period(Column("tally", "period").get(row, 1)?),
            dim: Column("tally", "dim").get(row, 2)?,
            rows: Column("tally", "rows").get(row, 3)?,
            sum: Column("tally", "sum").get(row, 4)?,
        })
    })
}

/// Every counter of a shard.
pub(super) fn cells_all(connection: &Connection, shard: Shard) -> Stored<Cells> {
    let sql = "SELECT measure, place, period, dim, rows, sum FROM tally WHERE shard = ?";
    let cells = all(connection, ATTEMPTED, (sql, params![shard.0]), |row| {
        let key = CellKey {
            shard,
            measure: Column("tally", "measure").get(row, 0)?,
            place: Column("tally", "place").place(row, 1)?,
            period: period(Column("tally", "period").get(row, 2)?),
            dim: Column("tally", "dim").get(row, 3)?,
        };
        Ok((key, (Column("tally", "rows").get(row, 4)?, Column("tally", "sum").get(row, 5)?)))
    })?;
    Ok(cells.into_iter().collect())
}

/// The shards a place lies in: its county, or every county inside it.
fn shards(connection: &Connection, place: PlaceCode) -> Stored<Vec<Shard>> {
    if place.level() >= Level::County {
        return Ok(vec![place.shard()]);
    }
    let (low, high) = place.range();
    let sql = "SELECT shard FROM shard_head WHERE shard >= ?1 / 1000000000 AND shard < ?2 / 1000000000 ORDER BY shard";
    all(connection, ATTEMPTED, (sql, params![low, high]), |row| Ok(Shard(Column("shard_head", "shard").get(row, 0)?)))
}

/// Groups the facts of a filter. A county's days are one range of the key; for a place inside it each day is a seek.
fn grouped<T>(
    connection: &Connection,
    filter: &FactFilter,
    (columns, group): (&str, &str),
    read: impl Fn(&Row<'_>) -> Stored<T>,
) -> Stored<Vec<T>> {
    let (from, to) = filter.days.unwrap_or((0, 1));
    let (low, high) = filter.place.range();
    let inside = filter.place.level() > Level::County;
    let mut out = Vec::new();
    for shard in shards(connection, filter.place)? {
        let mut values: Vec<Value> = vec![from.into(), to.into(), shard.0.into(), filter.measure.clone().into()];
        let mut sql = String::new();
        if inside {
            let bounds = [low, high].map(|code| Value::Integer(i64::try_from(code).unwrap_or(i64::MAX)));
            values.extend(bounds);
            let _ = write!(
                sql,
                "WITH RECURSIVE days (day) AS (SELECT ?1 WHERE ?1 < ?2 UNION ALL SELECT day + 1 FROM days WHERE day + 1 \
                 < ?2) SELECT {columns} FROM days CROSS JOIN fact f WHERE f.shard = ?3 AND f.measure = ?4 AND f.day = \
                 days.day AND f.place >= ?5 AND f.place < ?6"
            );
        } else {
            let _ = write!(
                sql,
                "SELECT {columns} FROM fact f WHERE f.shard = ?3 AND f.measure = ?4 AND f.day >= ?1 AND f.day < ?2"
            );
        }
        if let Some(dim) = &filter.dim {
            values.push(dim.clone().into());
            let _ = write!(sql, " AND f.dim = ?{}", values.len());
        }
        let _ = write!(sql, " GROUP BY {group}");
        out.extend(all(connection, ATTEMPTED, (&sql, params_from_iter(values)), &read)?);
    }
    Ok(out)
}

/// Adds up triples of several shards whose first part is the same.
fn added<K: Ord>(rows: Vec<(K, i64, i64)>) -> Vec<(K, i64, i64)> {
    let mut sums = std::collections::BTreeMap::<K, (i64, i64)>::new();
    for (key, rows, sum) in rows {
        let sums = sums.entry(key).or_default();
        sums.0 += rows;
        sums.1 += sum;
    }
    sums.into_iter().map(|(key, (rows, sum))| (key, rows, sum)).collect()
}

/// Sums by dimension: dimension, rows, sum.
pub(super) fn facts_sum(connection: &Connection, filter: &FactFilter) -> Stored<Vec<(String, i64, i64)>> {
    let columns = ("f.dim, count(*), sum(f.value)", "f.dim");
    let (dim, value) = (Column("fact", "dim"), Column("fact", "value"));
    let rows =
        grouped(connection, filter, columns, |row| Ok((dim.get(row, 0)?, value.get(row, 1)?, value.get(row, 2)?)))?;
    Ok(added(rows))
}

/// Rows by dimension and value: dimension, value, rows.
pub(super) fn facts_values(connection: &Connection, filter: &FactFilter) -> Stored<Vec<(String, i64, i64)>> {
    let columns = ("f.dim, f.value, count(*)", "f.dim, f.value");
    let (dim, value) = (Column("fact", "dim"), Column("fact", "value"));
    let rows = grouped(connection, filter, columns, |row| {
        Ok(((dim.get::<String>(row, 0)?, value.get::<i64>(row, 1)?), value.get::<i64>(row, 2)?, 0))
    })?;
    Ok(added(rows).into_iter().map(|((dim, value), rows, _)| (dim, value, rows)).collect())
}

/// Cases behind a figure, newest day first. Days without facts are skipped by a seek, so a page costs what it shows.
pub(super) fn facts(
    connection: &Connection,
    filter: &FactFilter,
    after: Option<(i32, CaseId)>,
    limit: u32,
) -> Stored<Vec<(i32, Shard, CaseId)>> {
    let limit = limit.min(FACTS_MAX) as usize;
    let (from, to) = filter.days.unwrap_or((0, 1));
    let shards = shards(connection, filter.place)?;
    let mut out = Vec::new();
    // The day the page before ended in still has rows behind `after`.
    let mut before = after.map_or(to, |(day, _)| day.saturating_add(1).min(to));
    while out.len() < limit {
        let mut newest = None;
        for shard in &shards {
            newest = newest.max(day_before(connection, filter, *shard, (from, before))?);
        }
        let Some(day) = newest else { break };
        let mut of_day = Vec::new();
        for shard in &shards {
            of_day.extend(facts_of_day(connection, filter, *shard, day)?);
        }
        of_day.sort_unstable();
        let seen = after.filter(|(seen, _)| *seen == day).map(|(_, case)| case);
        let rest = of_day.into_iter().filter(|(case, _)| seen.is_none_or(|seen| *case > seen));
        out.extend(rest.map(|(case, shard)| (day, shard, case)).take(limit - out.len()));
        before = day;
    }
    Ok(out)
}

/// The last day in `[from, before)` with a fact of the measure.
fn day_before(
    connection: &Connection,
    filter: &FactFilter,
    shard: Shard,
    (from, before): (i32, i32),
) -> Stored<Option<i32>> {
    let sql = "SELECT max(day) FROM fact WHERE shard = ? AND measure = ? AND day >= ? AND day < ?";
    let read = |row: &Row<'_>| Column("fact", "day").get(row, 0);
    Ok(one(connection, ATTEMPTED, (sql, params![shard.0, filter.measure, from, before]), read)?.flatten())
}

fn facts_of_day(connection: &Connection, filter: &FactFilter, shard: Shard, day: i32) -> Stored<Vec<(CaseId, Shard)>> {
    let (low, high) = filter.place.range();
    let sql = "SELECT case_id FROM fact WHERE shard = ?1 AND measure = ?2 AND day = ?3 AND place >= ?4 AND place < ?5 \
               AND (?6 IS NULL OR dim = ?6)";
    let params = params![shard.0, filter.measure, day, low, high, filter.dim];
    all(connection, ATTEMPTED, (sql, params), |row| Ok((CaseId(Column("fact", "case_id").id(row, 0)?), shard)))
}

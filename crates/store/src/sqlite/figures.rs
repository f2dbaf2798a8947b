//! Counters, and the facts they were counted from.

use super::row::{Column, Stored, all, one};
use ganglion_indicators::{CellKey, Cells, Fact, Period};
use ganglion_kernel::port::{CellRead, FactFilter};
use ganglion_model::{CaseId, Level, PlaceCode, Shard};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use std::fmt::Write as _;

const ATTEMPTED: &str = "reading figures";
/// Most cases behind a figure in one answer.
const FACTS_MAX: u32 = 500;
/// Longest span of which each day is looked up for a place inside a county; beyond it the county's rows are read through.
const SEEK_DAYS_MAX: i32 = 800;
/// Rows that held on the day that is the seventh value, in the place between the fifth and the sixth.
const HELD_ON_7: &str = "f.until > 0 AND f.until > ?7 AND f.day <= ?7 AND f.place >= ?5 AND f.place < ?6";

fn period(code: i32) -> Period {
    match code {
        0 => Period::Now,
        1.. => Period::Day(code),
        _ => Period::Month(-code),
    }
}

fn cell_read(row: &Row<'_>) -> Stored<CellRead> {
    Ok(CellRead {
        place: Column("tally", "place").place(row, 0)?,
        period: period(Column("tally", "period").get(row, 1)?),
        dim: Column("tally", "dim").get(row, 2)?,
        rows: Column("tally", "rows").get(row, 3)?,
        sum: Column("tally", "sum").get(row, 4)?,
    })
}

fn list(numbers: impl Iterator<Item = String>) -> String {
    format!("[{}]", numbers.collect::<Vec<_>>().join(","))
}

/// Whether rows kept for the whole deployment count in a measure.
fn is_deployed(connection: &Connection, table: &str, measure: &str) -> Stored<bool> {
    let sql = format!("SELECT 1 FROM {table} WHERE shard = 0 AND measure = ? LIMIT 1");
    let read = |row: &Row<'_>| Column("tally", "shard").get::<i64>(row, 0);
    Ok(one(connection, ATTEMPTED, (sql.as_str(), params![measure]), read)?.is_some())
}

/// The shards in whose counters places are looked for, each with the places: their own counties, and the deployment.
fn counted_in(connection: &Connection, measure: &str, places: &[PlaceCode]) -> Stored<Vec<(bool, String)>> {
    let own = places.iter().filter(|place| place.level() >= Level::County);
    let own: Vec<String> = own.map(|place| place.padded().to_string()).collect();
    let mut all = vec![(false, list(own.into_iter()))];
    if is_deployed(connection, "tally", measure)? {
        all.push((true, list(places.iter().map(|place| place.padded().to_string()))));
    }
    Ok(all)
}

/// Counters of a measure at places for periods, with parts and classes or without: one seek for each pair, two for the totals alone.
pub(super) fn cells(
    connection: &Connection,
    measure: &str,
    places: &[PlaceCode],
    (periods, parts): (&[Period], bool),
) -> Stored<Vec<CellRead>> {
    let periods = list(periods.iter().map(|period| period.code().to_string()));
    let totals = if parts { "" } else { " AND t.dim IN ('', '-')" };
    let sql = format!(
        "SELECT t.place, t.period, t.dim, t.rows, t.sum FROM json_each(?1) p CROSS JOIN json_each(?2) q CROSS JOIN tally t \
         WHERE t.shard = CASE WHEN ?4 THEN 0 ELSE p.value / 1000000000 END AND t.measure = ?3 \
         AND t.place = p.value AND t.period = q.value{totals}"
    );
    let mut out = Vec::new();
    for (deployed, places) in counted_in(connection, measure, places)? {
        out.extend(all(connection, ATTEMPTED, (&sql, params![places, periods, measure, deployed]), cell_read)?);
    }
    Ok(out)
}

/// Counters of a stock at places for all months up to and with one: a range of the key for each place.
pub(super) fn cells_to(
    connection: &Connection,
    measure: &str,
    places: &[PlaceCode],
    (month, parts): (i32, bool),
) -> Stored<Vec<CellRead>> {
    let sql = "SELECT t.place, t.period, t.dim, t.rows, t.sum FROM json_each(?1) p CROSS JOIN tally t \
               WHERE t.shard = CASE WHEN ?5 THEN 0 ELSE p.value / 1000000000 END AND t.measure = ?3 \
               AND t.place = p.value AND t.period >= ?2 AND t.period < 0 AND (?4 OR t.dim IN ('', '-'))";
    let mut out = Vec::new();
    for (deployed, places) in counted_in(connection, measure, places)? {
        out.extend(all(connection, ATTEMPTED, (sql, params![places, -month, measure, parts, deployed]), cell_read)?);
    }
    Ok(out)
}

/// Every fact of a shard.
pub(super) fn facts_all(connection: &Connection, shard: Shard) -> Stored<Vec<(CaseId, Fact)>> {
    let sql = "SELECT case_id, measure, day, until, place, dim, member, at, value FROM fact WHERE shard = ?";
    let column = |name| Column("fact", name);
    all(connection, ATTEMPTED, (sql, params![shard.0]), |row| {
        let fact = Fact {
            measure: column("measure").get(row, 1)?,
            day: column("day").get(row, 2)?,
            until: column("until").get(row, 3)?,
            place: column("place").place(row, 4)?,
            dim: column("dim").get(row, 5)?,
            member: column("member").get(row, 6)?,
            at: column("at").get(row, 7)?,
            value: column("value").get(row, 8)?,
        };
        Ok((CaseId(column("case_id").id(row, 0)?), fact))
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

/// The shards the rows of a filter may lie in: its county, or every county inside it, and the deployment.
pub(super) fn shards(connection: &Connection, filter: &FactFilter) -> Stored<Vec<Shard>> {
    let mut shards = if filter.place.level() >= Level::County {
        vec![filter.place.shard()]
    } else {
        let (low, high) = filter.place.range();
        let sql =
            "SELECT shard FROM shard_head WHERE shard >= ?1 / 1000000000 AND shard < ?2 / 1000000000 ORDER BY shard";
        all(connection, ATTEMPTED, (sql, params![low, high]), |row| {
            Ok(Shard(Column("shard_head", "shard").get(row, 0)?))
        })?
    };
    if is_deployed(connection, "fact", &filter.measure)? {
        shards.push(Shard::DEPLOYMENT);
    }
    Ok(shards)
}

/// Groups the facts of a filter. A county's days are one range of the key; for a place inside it each day is a seek; what held
/// on a day is found by place.
fn grouped<T>(
    connection: &Connection,
    filter: &FactFilter,
    (columns, group): (&str, &str),
    read: impl Fn(&Row<'_>) -> Stored<T>,
) -> Stored<Vec<T>> {
    let (from, to) = filter.days.unwrap_or((0, 1));
    let bounds = filter.place.range();
    let bounds = [bounds.0, bounds.1].map(|code| Value::Integer(i64::try_from(code).unwrap_or(i64::MAX)));
    let mut out = Vec::new();
    for shard in shards(connection, filter)? {
        let inside = filter.place.level() > Level::County || shard == Shard::DEPLOYMENT;
        let seeks_days = filter.as_of.is_none() && inside && to.saturating_sub(from) <= SEEK_DAYS_MAX;
        let days = if seeks_days { list((from..to).map(|day| day.to_string())).into() } else { from.into() };
        let mut values: Vec<Value> = vec![days, to.into(), shard.0.into(), filter.measure.clone().into()];
        values.extend(bounds.clone());
        let mut sql = String::new();
        if let Some(day) = filter.as_of {
            values.push(day.into());
            let _ = write!(sql, "SELECT {columns} FROM fact f WHERE f.shard = ?3 AND f.measure = ?4 AND {HELD_ON_7}");
        } else if seeks_days {
            let _ = write!(
                sql,
                "SELECT {columns} FROM json_each(?1) days CROSS JOIN fact f WHERE f.shard = ?3 AND f.measure = ?4 AND f.day \
                 = days.value AND f.place >= ?5 AND f.place < ?6"
            );
        } else {
            let _ = write!(
                sql,
                "SELECT {columns} FROM fact f WHERE f.shard = ?3 AND f.measure = ?4 AND f.day >= ?1 AND f.day < ?2 AND \
                 f.place >= ?5 AND f.place < ?6"
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
    let shards = shards(connection, filter)?;
    if let Some(day) = filter.as_of {
        return held_on(connection, filter, (day, &shards), (after, limit));
    }
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

/// Rows that held on a day, those that began last first.
fn held_on(
    connection: &Connection,
    filter: &FactFilter,
    (day, shards): (i32, &[Shard]),
    (after, limit): (Option<(i32, CaseId)>, usize),
) -> Stored<Vec<(i32, Shard, CaseId)>> {
    let (low, high) = filter.place.range();
    let (seen_day, seen) = after.map_or((i32::MAX, [0; 16]), |(day, case)| (day, *case.0.as_bytes()));
    let sql = format!(
        "SELECT f.day, f.case_id FROM fact f WHERE f.shard = ?3 AND f.measure = ?4 AND {HELD_ON_7} AND (?8 IS NULL OR \
         f.dim = ?8) AND (f.day < ?1 OR (f.day = ?1 AND f.case_id > ?2)) ORDER BY f.day DESC, f.case_id LIMIT ?9"
    );
    let mut out = Vec::new();
    for shard in shards {
        let params = params![
            seen_day,
            seen,
            shard.0,
            filter.measure,
            low,
            high,
            day,
            filter.dim,
            i64::try_from(limit).unwrap_or(0)
        ];
        out.extend(all(connection, ATTEMPTED, (sql.as_str(), params), |row| {
            Ok((Column("fact", "day").get(row, 0)?, *shard, CaseId(Column("fact", "case_id").id(row, 1)?)))
        })?);
    }
    out.sort_by(|a: &(i32, Shard, CaseId), b| b.0.cmp(&a.0).then(a.2.cmp(&b.2)));
    out.truncate(limit);
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

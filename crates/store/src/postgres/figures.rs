//! Counters, and the facts they were counted from.

use super::connect::PgStore;
use super::error::failed;
use super::row::{Column, Stored, padded, range, shard, text};
use super::sql::{Args, Around, Param, Pipeline, all, column, value};
use super::write::last_of_each;
use deadpool_postgres::Object;
use ganglion_indicators::{CellKey, Cells, Fact, FactChange, Period};
use ganglion_kernel::port::{CellRead, FactFilter, ShardWrite};
use ganglion_model::{CaseId, Level, PlaceCode, Shard};
use std::collections::BTreeMap;
use tokio_postgres::Row;
use uuid::Uuid;

const ATTEMPTED: &str = "reading figures";
/// Most cases behind a figure in one answer.
const FACTS_MAX: u32 = 500;
/// Longest span of which each day is looked up for a place inside a county; beyond it the county's rows are read through.
const SEEK_DAYS_MAX: i32 = 800;

/// One seek for each pair of place and period, in the county of the place and in the rows of the deployment.
pub(super) const CELLS: &str = "SELECT t.place, t.period, t.dim, t.rows, t.sum FROM unnest($1::int8[]) p (place) \
                     CROSS JOIN unnest($2::int4[]) q (period) CROSS JOIN LATERAL (SELECT * FROM tally t \
                     WHERE t.shard = ANY(ARRAY[(p.place / 1000000000)::int4, 0]) AND t.measure = $3 \
                     AND t.place = p.place AND t.period = q.period AND ($4 OR t.dim IN ('', '-')) OFFSET 0) t";
/// A range of the key for each place.
pub(super) const CELLS_TO: &str = "SELECT t.place, t.period, t.dim, t.rows, t.sum FROM unnest($1::int8[]) p (place) \
                        CROSS JOIN LATERAL (SELECT * FROM tally t WHERE t.shard = ANY(ARRAY[(p.place / \
                        1000000000)::int4, 0]) AND t.measure = $2 AND t.place = p.place AND t.period >= $3 \
                        AND t.period < 0 AND ($4 OR t.dim IN ('', '-')) OFFSET 0) t";

/// The shards the rows of a filter may lie in: its county, or every county inside it, and the deployment. Parameters 1 and 2
/// are the places of the filter, 3 says whether it lies in one county.
pub(super) const SHARDS: &str = "WITH s AS MATERIALIZED (SELECT 0 AS shard UNION SELECT ($1::int8 / 1000000000)::int4 WHERE $3::bool \
                                 UNION SELECT h.shard FROM shard_head h WHERE NOT $3 AND h.shard >= $1::int8 / 1000000000 \
                                 AND h.shard < $2::int8 / 1000000000)";

fn period(code: i32) -> Period {
    match code {
        0 => Period::Now,
        1.. => Period::Day(code),
        _ => Period::Month(-code),
    }
}

fn cell_read(row: &Row) -> Stored<CellRead> {
    Ok(CellRead {
        place: Column("tally", "place").place(row, 0)?,
        period: period(Column("tally", "period").get(row, 1)?),
        dim: Column("tally", "dim").get(row, 2)?,
        rows: Column("tally", "rows").get(row, 3)?,
        sum: Column("tally", "sum").get(row, 4)?,
    })
}

/// Counters of a measure at places for periods.
pub(super) async fn cells(
    client: &Object,
    measure: &str,
    places: &[PlaceCode],
    (periods, parts): (&[Period], bool),
) -> Stored<Vec<CellRead>> {
    let places: Vec<i64> = places.iter().map(|place| padded(*place)).collect();
    let periods: Vec<i32> = periods.iter().map(|period| period.code()).collect();
    all(client, ATTEMPTED, (CELLS, &[&places, &periods, &text(measure), &parts]), cell_read).await
}

/// Counters of a stock at places for all months up to and with one.
pub(super) async fn cells_to(
    client: &Object,
    measure: &str,
    places: &[PlaceCode],
    (month, parts): (i32, bool),
) -> Stored<Vec<CellRead>> {
    let places: Vec<i64> = places.iter().map(|place| padded(*place)).collect();
    all(client, ATTEMPTED, (CELLS_TO, &[&places, &text(measure), &-month, &parts]), cell_read).await
}

/// Every fact of a shard.
pub(super) async fn facts_all(client: &Object, of: Shard) -> Stored<Vec<(CaseId, Fact)>> {
    let sql = "SELECT case_id, measure, day, until, place, dim, member, at, value FROM fact WHERE shard = $1";
    let column = |name| Column("fact", name);
    all(client, ATTEMPTED, (sql, &[&shard(of)]), |row| {
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
        Ok((column("case_id").case(row, 0)?, fact))
    })
    .await
}

/// Every counter of a shard.
pub(super) async fn cells_all(client: &Object, of: Shard) -> Stored<Cells> {
    let sql = "SELECT place, period, dim, rows, sum, measure FROM tally WHERE shard = $1";
    let cells = all(client, ATTEMPTED, (sql, &[&shard(of)]), |row| {
        let CellRead { place, period, dim, rows, sum } = cell_read(row)?;
        let measure = Column("tally", "measure").get(row, 5)?;
        Ok((CellKey { shard: of, measure, place, period, dim }, (rows, sum)))
    })
    .await?;
    Ok(cells.into_iter().collect())
}

/// Whether the rows of a filter lie in one county, apart from those of the deployment.
pub(super) fn in_county(filter: &FactFilter) -> bool {
    filter.place.level() >= Level::County
}

/// Groups the facts of a filter over its shards. A county's days are one range of the key; for a place inside it each day is a
/// seek; what held on a day is found by place.
fn grouped(filter: &FactFilter, (columns, group): (&str, &str)) -> String {
    let (from, to) = filter.days.unwrap_or((0, 1));
    let rows = "f.measure = $4 AND f.place >= $1 AND f.place < $2 AND ($5::text IS NULL OR f.dim = $5)";
    let inside = filter.place.level() > Level::County && to.saturating_sub(from) <= SEEK_DAYS_MAX;
    let facts = if filter.as_of.is_some() {
        format!("fact f ON f.shard = s.shard AND {rows} AND f.until > 0 AND f.until > $6 AND f.day <= $7")
    } else if inside {
        format!(
            "generate_series($6::int4, $7::int4 - 1) d (day) ON true JOIN fact f ON f.shard = s.shard AND {rows} AND f.day = d.day"
        )
    } else {
        format!("fact f ON f.shard = s.shard AND {rows} AND f.day >= $6 AND f.day < $7")
    };
    format!("{SHARDS} SELECT {columns} FROM s JOIN {facts} GROUP BY {group}")
}

/// The days a filter asks for: those of its span, or the day on which something held, twice.
fn days(filter: &FactFilter) -> (i32, i32) {
    filter.as_of.map_or_else(|| filter.days.unwrap_or((0, 1)), |day| (day, day))
}

/// Sums by dimension: dimension, rows, sum.
pub(super) async fn facts_sum(client: &Object, filter: &FactFilter) -> Stored<Vec<(String, i64, i64)>> {
    let sql = grouped(filter, ("f.dim, count(*), sum(f.value)::int8", "f.dim ORDER BY f.dim"));
    read_triples(client, filter, &sql).await
}

/// Rows by dimension and value: dimension, value, rows.
pub(super) async fn facts_values(client: &Object, filter: &FactFilter) -> Stored<Vec<(String, i64, i64)>> {
    let sql = grouped(filter, ("f.dim, f.value, count(*)", "f.dim, f.value ORDER BY f.dim, f.value"));
    read_triples(client, filter, &sql).await
}

async fn read_triples(client: &Object, filter: &FactFilter, sql: &str) -> Stored<Vec<(String, i64, i64)>> {
    let ((low, high), (from, to)) = (range(filter.place), days(filter));
    let args: &Args<'_> = &[&low, &high, &in_county(filter), &text(&filter.measure), &filter.dim, &from, &to];
    let (dim, value) = (Column("fact", "dim"), Column("fact", "value"));
    all(client, ATTEMPTED, (sql, args), |row| Ok((dim.get(row, 0)?, value.get(row, 1)?, value.get(row, 2)?))).await
}

/// Cases behind a figure, newest day first.
pub(super) async fn facts(
    client: &Object,
    filter: &FactFilter,
    after: Option<(i32, CaseId)>,
    limit: u32,
) -> Stored<Vec<(i32, Shard, CaseId)>> {
    let when = match filter.as_of {
        Some(_) => "f.until > 0 AND f.until > $6 AND f.day <= $7",
        None => "f.day >= $6 AND f.day < $7",
    };
    let sql = format!(
        "{SHARDS} SELECT f.day, f.shard, f.case_id FROM s CROSS JOIN LATERAL (SELECT f.day, f.shard, f.case_id FROM fact f \
         WHERE f.shard = s.shard AND f.measure = $4 AND f.place >= $1 AND f.place < $2 AND ($5::text IS NULL OR f.dim = $5) \
         AND {when} AND f.day <= $8 AND (f.day < $8 OR f.case_id > $9) ORDER BY f.day DESC, f.case_id LIMIT $10) f \
         ORDER BY f.day DESC, f.case_id LIMIT $10"
    );
    let ((low, high), (from, to)) = (range(filter.place), days(filter));
    // A page begins behind a case of a day; the first one behind no day there is.
    let (day, seen) = after.map_or((i32::MAX, Uuid::max()), |(day, case)| (day, case.0));
    let limit = i64::from(limit.min(FACTS_MAX));
    let args: &Args<'_> =
        &[&low, &high, &in_county(filter), &text(&filter.measure), &filter.dim, &from, &to, &day, &seen, &limit];
    all(client, ATTEMPTED, (&sql, args), |row| {
        let column = |name| Column("fact", name);
        Ok((column("day").get(row, 0)?, column("shard").shard(row, 1)?, column("case_id").case(row, 2)?))
    })
    .await
}

/// A fact with where it stands.
type Put<'a> = (Shard, Uuid, &'a Fact);

fn key_of<'a>((of, case, fact): &Put<'a>) -> (Shard, &'a str, i32, PlaceCode, Uuid) {
    (*of, fact.measure.as_str(), fact.day, fact.place, *case)
}

fn keys<'a>(facts: &[Put<'a>]) -> Vec<Param<'a>> {
    vec![
        column(facts, |one| shard(one.0)),
        column(facts, |one| text(&one.2.measure)),
        column(facts, |one| one.2.day),
        column(facts, |one| padded(one.2.place)),
        column(facts, |one| one.1),
    ]
}

/// Adds facts, in the order of their key so that neighbours on a page are written together.
pub(super) fn put_facts<'a>(pipeline: &mut Pipeline<'a>, facts: impl IntoIterator<Item = Put<'a>>) {
    let sql = "INSERT INTO fact (shard, measure, day, place, case_id, dim, value, until, member, at) SELECT * FROM \
               unnest($1::int4[], $2::text[], $3::int4[], $4::int8[], $5::uuid[], $6::text[], $7::int8[], $8::int4[], \
               $9::text[], $10::int8[]) ON CONFLICT (shard, measure, day, place, case_id) DO UPDATE SET \
               dim = excluded.dim, value = excluded.value, until = excluded.until, member = excluded.member, \
               at = excluded.at";
    pipeline.over(&last_of_each(facts, key_of), sql, |w| {
        let mut params = keys(w);
        params.extend([
            column(w, |one| text(&one.2.dim)),
            column(w, |one| one.2.value),
            column(w, |one| one.2.until),
            column(w, |one| one.2.member.as_deref().map(text)),
            column(w, |one| one.2.at),
        ]);
        params
    });
}

/// Adds deltas; a counter that came to nothing goes.
pub(super) fn add_cells<'a>(
    pipeline: &mut Pipeline<'a>,
    cells: impl IntoIterator<Item = (&'a CellKey, &'a (i64, i64))>,
) {
    let cells: BTreeMap<&CellKey, &(i64, i64)> = cells.into_iter().collect();
    let cells: Vec<(&'a CellKey, &'a (i64, i64))> = cells.into_iter().collect();
    let sql = "INSERT INTO tally (shard, measure, place, period, dim, rows, sum) SELECT * FROM unnest($1::int4[], \
               $2::text[], $3::int8[], $4::int4[], $5::text[], $6::int8[], $7::int8[]) \
               ON CONFLICT (shard, measure, place, period, dim) DO UPDATE SET rows = tally.rows + excluded.rows, \
               sum = tally.sum + excluded.sum";
    let key = |w: &[(&'a CellKey, &'a (i64, i64))]| -> Vec<Param<'a>> {
        vec![
            column(w, |(key, _)| shard(key.shard)),
            column(w, |(key, _)| text(&key.measure)),
            column(w, |(key, _)| padded(key.place)),
            column(w, |(key, _)| key.period.code()),
            column(w, |(key, _)| text(&key.dim)),
        ]
    };
    pipeline.over(&cells, sql, |w| {
        let mut params = key(w);
        params.extend([column(w, |(_, cell)| cell.0), column(w, |(_, cell)| cell.1)]);
        params
    });
    let fewer: Vec<_> = cells.into_iter().filter(|(_, (rows, _))| *rows <= 0).collect();
    let sql = "DELETE FROM tally t USING unnest($1::int4[], $2::text[], $3::int8[], $4::int4[], $5::text[]) \
               w (shard, measure, place, period, dim) WHERE t.shard = w.shard AND t.measure = w.measure \
               AND t.place = w.place AND t.period = w.period AND t.dim = w.dim AND t.rows = 0 AND t.sum = 0";
    pipeline.over(&fewer, sql, key);
}

/// Writes what a batch says about figures.
pub(super) fn write<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite]) {
    let changes = || batch.iter().flat_map(|write| write.facts.iter().map(|change| (write.shard, change)));
    let gone: Vec<Put<'a>> = changes().filter_map(|(of, change)| moved_from(of, change)).collect();
    let sql = "DELETE FROM fact f USING unnest($1::int4[], $2::text[], $3::int4[], $4::int8[], $5::uuid[]) \
               w (shard, measure, day, place, id) WHERE f.shard = w.shard AND f.measure = w.measure AND f.day = w.day \
               AND f.place = w.place AND f.case_id = w.id";
    pipeline.over(&gone, sql, keys);
    put_facts(pipeline, changes().filter_map(|(of, change)| Some((of, change.case.0, change.after.as_ref()?))));
    add_cells(pipeline, batch.iter().flat_map(|write| &write.cells));
}

/// The fact a change takes away, if it does not put another in its place.
fn moved_from(of: Shard, change: &FactChange) -> Option<Put<'_>> {
    let key = |fact: &Fact| (fact.measure.clone(), fact.day, fact.place);
    let before = change.before.as_ref()?;
    (Some(key(before)) != change.after.as_ref().map(key)).then_some((of, change.case.0, before))
}

/// Forgets the facts and counters of a shard.
pub(super) async fn clear(store: &PgStore, of: Shard) -> Stored<()> {
    let mut pipeline = Pipeline::default();
    pipeline.push("DELETE FROM fact WHERE shard = $1", vec![value(shard(of))]);
    pipeline.push("DELETE FROM tally WHERE shard = $1", vec![value(shard(of))]);
    let client = store.writer().await?;
    let around = Around::Transaction("BEGIN; SET LOCAL statement_timeout = 0");
    pipeline.send(&client, around).await.map(drop).map_err(failed("forgetting figures"))
}

/// Adds facts and counters of a shard.
pub(super) async fn add(store: &PgStore, of: Shard, facts: &[(CaseId, Fact)], cells: &Cells) -> Stored<()> {
    let mut pipeline = Pipeline::default();
    put_facts(&mut pipeline, facts.iter().map(|(case, fact)| (of, case.0, fact)));
    add_cells(&mut pipeline, cells);
    let client = store.writer().await?;
    pipeline.send(&client, Around::Transaction(store.begin())).await.map(drop).map_err(failed("adding figures"))
}

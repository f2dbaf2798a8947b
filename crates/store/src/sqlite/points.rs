//! Lists of the few cases that no index by time leads to: those in a box on the map, and the open ones of a place, a kind or a box. They are read
//! from an index that holds few others, and sorted.

use super::case_query::{Sql, place};
use super::row::{Column, Stored, one};
use crate::points::{SORTED_MAX, bounds, is_of_posts};
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_model::{Level, PlaceCode};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

const ATTEMPTED: &str = "looking for few cases";
/// The index of points, as a table of a statement.
pub(super) const POINTS: &str = "case_row c INDEXED BY case_map";
/// Bands of a degree of latitude in it.
const BANDS_PER_DEGREE: f64 = 200.0;
/// A box of more bands is walked: it is higher than a city.
const BANDS_MAX: f64 = 512.0;
/// So many in a box, or open in a place, are sorted where only open ones are asked for: those have indexes of their own, which hold no settled ones.
const SORTED_FOR_OPEN_MAX: u32 = if cfg!(debug_assertions) { 3 } else { 1_000 };
/// So many open cases of a place are sorted; where there are more, a walk by time meets open ones before long.
const OPEN_MAX: u32 = if cfg!(debug_assertions) { 5 } else { 20_000 };

/// What drives a list of few.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Few {
    /// A table of a statement.
    pub table: &'static str,
    /// Bands to be read, where it is the table of points.
    bands: Option<String>,
}

impl Few {
    /// The conditions the index is read by beside those of the list.
    pub(super) fn narrow(&self, sql: &mut Sql) {
        if let Some(bands) = &self.bands {
            let of_bands = "CAST(c.lat * 200 AS INTEGER) IN (SELECT value FROM json_each(?))";
            sql.and(of_bands, [Value::Text(bands.clone())]);
        }
    }
}

/// The bands of a box, as a list; `None` where they are too many.
fn bands([_, south, _, north]: [f64; 4]) -> Option<String> {
    let [from, to] = [south, north].map(|lat| (lat * BANDS_PER_DEGREE).trunc());
    if !(0.0..BANDS_MAX).contains(&(to - from)) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers within 36,000 of zero")]
    let [from, to] = [from, to].map(|band| band as i64);
    let bands: Vec<String> = (from..=to).map(|band| band.to_string()).collect();
    Some(format!("[{}]", bands.join(",")))
}

/// What drives a list of few; `None` where a walk by time is as short. Either way the list has the same rows in the same order.
pub(super) fn few(connection: &Connection, filter: &CaseFilter, order: CaseOrder) -> Stored<Option<Few>> {
    let is_open = filter.open == Some(true);
    let boxed = bounds(filter, Level::Township).and_then(|bounds| Some((bounds, bands(bounds)?)));
    if let Some((bounds, bands)) = boxed {
        let few = Few { table: POINTS, bands: Some(bands) };
        let most = if is_open { SORTED_FOR_OPEN_MAX } else { SORTED_MAX };
        if is_few(connection, &inside(&few, bounds, filter.opened), most)? {
            return Ok(Some(few));
        }
    }
    if !is_open || is_of_posts(filter) {
        return Ok(None);
    }
    let is_within = filter.place.is_some_and(|place| place.level() >= Level::County);
    let most = match (filter.kind.is_some() || filter.bounds.is_some(), order) {
        // An open case of a kind may be as rare as a settled one is common: a walk by time met none of them in ninety days of the city.
        (true, _) => OPEN_MAX,
        // Where little is open, a walk by time goes through years to fill a page; by deadline their index gives them in order.
        (false, CaseOrder::Opened) if is_within => SORTED_FOR_OPEN_MAX,
        _ => return Ok(None),
    };
    let (table, sql) = open(filter);
    Ok(is_few(connection, &sql, most)?.then_some(Few { table, bands: None }))
}

/// The points in a box, of the time asked for; all of it is answered by the index alone.
fn inside(few: &Few, [west, south, east, north]: [f64; 4], opened: Option<(Timestamp, Timestamp)>) -> Sql {
    let mut sql = Sql::new(&format!("SELECT 1 FROM {}", few.table));
    few.narrow(&mut sql);
    sql.and("c.lat BETWEEN ? AND ? AND c.lon BETWEEN ? AND ?", [south, north, west, east].map(Value::Real));
    if let Some((from, to)) = opened {
        let span = [from, to].map(|at| Value::Integer(at.as_microsecond()));
        sql.and("c.opened_at >= ? AND c.opened_at < ?", span);
    }
    sql
}

/// The narrowest index that holds no settled cases, and what is counted in it.
fn open(filter: &CaseFilter) -> (&'static str, Sql) {
    let level = filter.place.map(PlaceCode::level);
    let table = match level {
        Some(Level::Village | Level::Grid) => "case_row c INDEXED BY case_due_place",
        Some(Level::Township) => "case_row c INDEXED BY case_due_township",
        Some(Level::County) => "case_row c INDEXED BY case_due_shard",
        Some(Level::Province | Level::City) | None => "case_row c INDEXED BY case_due",
    };
    let mut sql = Sql::new(&format!("SELECT 1 FROM {table}"));
    sql.and("c.is_open = 1", []);
    // A city has nearly all of them, and its index does not say where they are.
    if level.is_some_and(|level| level >= Level::County) {
        place(&mut sql, filter);
    }
    (table, sql)
}

fn is_few(connection: &Connection, sql: &Sql, most: u32) -> Stored<bool> {
    let text = format!("SELECT count(*) FROM ({} LIMIT {})", sql.text, most + 1);
    let read = |row: &Row<'_>| Column("case_row", "count").get::<u32>(row, 0);
    let count = one(connection, ATTEMPTED, (&text, params_from_iter(&sql.values)), read)?;
    Ok(count.is_some_and(|count| count <= most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrate::migrate;
    use crate::sqlite::packed;

    /// How many there are is asked before each such list, so it must not cost a look at the rows.
    #[test]
    fn how_many_there_are_is_read_from_the_indexes_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        packed::functions(&connection, &packed::Packing::reading(None)).unwrap();
        migrate(&mut connection).unwrap();
        let at = Timestamp::from_microsecond(7).unwrap();
        let of = |place: &str| CaseFilter { place: Some(place.parse().unwrap()), ..CaseFilter::default() };
        let points = Few { table: POINTS, bands: bands([1.0, 2.0, 3.0, 4.0]) };
        let boxed = "SEARCH c USING COVERING INDEX case_map (<expr>=? AND lon>? AND lon<?)";
        let asked = [
            (inside(&points, [1.0, 2.0, 3.0, 4.0], Some((at, at))), boxed),
            (inside(&points, [1.0, 2.0, 3.0, 4.0], None), boxed),
            (open(&of("1309")).1, "SCAN c USING COVERING INDEX case_due"),
            (open(&of("130922")).1, "SEARCH c USING COVERING INDEX case_due_shard (shard=?)"),
            (open(&of("130922001")).1, "SEARCH c USING COVERING INDEX case_due_township (township=?)"),
            (open(&of("130922001001")).1, "SEARCH c USING COVERING INDEX case_due_place (place>? AND place<?)"),
        ];
        for (sql, wanted) in asked {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.text)).unwrap();
            let rows = statement.query_map(params_from_iter(&sql.values), |row| row.get::<_, String>(3)).unwrap();
            let plan: Vec<String> = rows.map(Result::unwrap).collect();
            assert_eq!(plan.first().map(String::as_str), Some(wanted), "{}", sql.text);
            assert!(plan.iter().skip(1).all(|step| !step.contains(" c ")), "{plan:?}");
        }
    }

    #[test]
    fn bands_are_those_a_box_touches() {
        let of = |south, north| bands([116.0, south, 117.0, north]);
        assert_eq!(of(38.0, 38.0), Some("[7600]".to_owned()));
        assert_eq!(of(38.0049, 38.0051), Some("[7600,7601]".to_owned()));
        assert_eq!(of(-0.0051, 0.0051), Some("[-1,0,1]".to_owned()), "towards zero, as the database cuts");
        assert_eq!(of(38.1, 38.0), None, "upside down");
        assert_eq!((of(-90.0, 90.0), of(f64::NAN, 38.0)), (None, None));
        assert!(of(37.0, 39.5).is_some() && of(37.0, 39.6).is_none());
    }
}

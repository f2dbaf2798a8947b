//! Areas that rows of deployment registers keep, for finding the row that holds a point. They are read from the rows the first
//! time somebody asks and kept as long as a row is the same; what they answer follows from the rows alone. Leaves out rows
//! kept by place, which are not in memory.

use crate::world::World;
use ganglion_geo::shape::{Corner, holds, polygon_area_m2, read_polygon};
use ganglion_model::row::Record;
use jiff::civil::Date;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// The area of one version of a row.
#[derive(Debug)]
struct Area {
    from: Option<Date>,
    /// West, south, east, north.
    bounds: [f64; 4],
    rings: Vec<Vec<Corner>>,
    size_m2: f64,
}

impl Area {
    fn of(record: &Record, field: &str) -> Option<Area> {
        let rings = read_polygon(record.fields.get(field)?).ok()?;
        let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        let bounds = rings.first()?.iter().fold(start, |[west, south, east, north], [x, y]| {
            [west.min(*x), south.min(*y), east.max(*x), north.max(*y)]
        });
        Some(Area { from: record.valid_from, bounds, size_m2: polygon_area_m2(&rings), rings })
    }

    fn holds(&self, point: Corner) -> bool {
        let ([west, south, east, north], [x, y]) = (self.bounds, point);
        west <= x && x <= east && south <= y && y <= north && holds(&self.rings, point)
    }
}

/// A row as it was when its areas were read.
#[derive(Debug)]
struct Read {
    row: Arc<Vec<Record>>,
    areas: Vec<Area>,
}

/// Areas read so far, by register and key.
#[derive(Clone, Debug, Default)]
pub struct Areas(Arc<Mutex<HashMap<String, HashMap<String, Read>>>>);

/// The smaller of two areas; of two alike the one whose key comes first.
fn smaller<'a>(best: Option<(f64, &'a Record)>, one: (f64, &'a Record)) -> Option<(f64, &'a Record)> {
    let comes_first =
        |(size, record): &(f64, &Record)| one.0.total_cmp(size).then_with(|| one.1.key.cmp(&record.key)).is_lt();
    if best.as_ref().is_none_or(comes_first) { Some(one) } else { best }
}

/// The row of `register` whose area holds `point` on `day`, the smallest where several do. Versions in `changed` stand in
/// place of those of the world that begin on the same day.
#[must_use]
pub fn area_at<'a>(
    world: &'a World,
    changed: &[(&'a str, &'a [Record])],
    (register, point, day): (&str, Corner, Date),
) -> Option<&'a Record> {
    let field = world.model.registers.get(register)?.location.as_deref()?;
    let mut best = None;
    let mut read = world.areas.0.lock();
    let read = read.entry(register.to_owned()).or_default();
    for (key, row) in world.each_key(register) {
        if changed.iter().any(|(one, _)| one == key) {
            continue;
        }
        if read.get(key).is_none_or(|known| !Arc::ptr_eq(&known.row, row)) {
            let areas = row.iter().filter_map(|record| Area::of(record, field)).collect();
            read.insert(key.clone(), Read { row: row.clone(), areas });
        }
        let known = read.get(key).map(|known| known.areas.as_slice()).unwrap_or_default();
        for area in known.iter().filter(|area| area.holds(point)) {
            let holding = row.iter().find(|record| record.valid_from == area.from && record.valid_on(day));
            best = holding.and_then(|record| smaller(best, (area.size_m2, record))).or(best);
        }
    }
    for (key, versions) in changed {
        let replaced = |old: &Record| versions.iter().any(|one| one.valid_from == old.valid_from);
        let kept = world.versions(register, key).iter().filter(|old| !replaced(old));
        let holding = versions.iter().chain(kept).filter(|record| record.valid_on(day));
        for (record, area) in holding.filter_map(|record| Some((record, Area::of(record, field)?))) {
            if area.holds(point) {
                best = smaller(best, (area.size_m2, record));
            }
        }
    }
    best.map(|(_, record)| record)
}

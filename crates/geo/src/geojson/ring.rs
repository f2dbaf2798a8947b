//! One ring: its positions, and whether it can bound an area. Leaves out how the rings of a polygon lie to each other, which
//! the index does not depend on.

use geo::line_intersection::{LineIntersection, line_intersection};
use geo::{Coord, Line, LineString};
use serde_json::Value;

use super::Problem;

/// Edge pairs looked at for each edge before a ring is called too intricate; real outlines stay far below.
const PAIRS_PER_EDGE: usize = 1_000;
/// Pairs any ring may take, so that small ones are always checked in full.
const PAIRS_FREE: usize = 1_000_000;

/// The ring if its positions could be read, and what is wrong with it: each kind of problem once, at its first position.
pub(super) fn read(value: &Value) -> (Option<LineString<f64>>, Vec<Problem>) {
    let Some(positions) = value.as_array() else {
        return (None, vec![Problem::BadCoordinates]);
    };
    let mut problems = Vec::new();
    let mut coords = Vec::with_capacity(positions.len());
    let (mut no_number, mut no_degree) = (None, None);
    for (at, position) in positions.iter().enumerate() {
        match coordinate(position) {
            None => no_number = no_number.or(Some(Problem::NotANumber { position: at + 1 })),
            Some(c) if !in_range(c.x, c.y) => {
                let swapped = in_range(c.y, c.x);
                no_degree = no_degree.or(Some(Problem::OutOfRange { position: at + 1, lon: c.x, lat: c.y, swapped }));
            }
            Some(c) => coords.push(c),
        }
    }
    problems.extend(no_number.into_iter().chain(no_degree));
    if !problems.is_empty() {
        return (None, problems);
    }
    if coords.first() != coords.last() {
        problems.push(Problem::Unclosed);
    }
    coords.dedup();
    if coords.len() < 4 {
        problems.push(Problem::TooFewPoints { found: coords.len() });
    }
    if !problems.is_empty() {
        return (None, problems);
    }
    let ring = LineString(coords);
    problems.extend(flaw(&ring));
    (Some(ring), problems)
}

fn coordinate(position: &Value) -> Option<Coord<f64>> {
    let numbers = position.as_array()?;
    let (x, y) = (numbers.first()?.as_f64()?, numbers.get(1)?.as_f64()?);
    (x.is_finite() && y.is_finite()).then_some(Coord { x, y })
}

fn in_range(lon: f64, lat: f64) -> bool {
    lon.abs() <= 180.0 && lat.abs() <= 90.0
}

/// The worst thing wrong with the course of a closed ring.
fn flaw(ring: &LineString<f64>) -> Option<Problem> {
    let start = ring.0[0];
    let flat = ring.lines().all(|line| {
        (line.end.x - start.x) * (ring.0[1].y - start.y) == (line.end.y - start.y) * (ring.0[1].x - start.x)
    });
    if flat {
        return Some(Problem::NoArea);
    }
    let mut lines: Vec<(usize, Line<f64>)> = ring.lines().enumerate().collect();
    let count = lines.len();
    lines.sort_by(|a, b| west(a.1).total_cmp(&west(b.1)));
    let mut pairs_left = PAIRS_FREE + PAIRS_PER_EDGE * count;
    let mut touch = None;
    for (at, &(first, line)) in lines.iter().enumerate() {
        let eastern_end = line.start.x.max(line.end.x);
        for &(second, other) in lines[at + 1..].iter().take_while(|(_, other)| west(*other) <= eastern_end) {
            let Some(left) = pairs_left.checked_sub(1) else {
                return Some(Problem::TooIntricate);
            };
            pairs_left = left;
            let adjacent = first.abs_diff(second) == 1 || first.abs_diff(second) == count - 1;
            match meeting(line, other, adjacent) {
                Some(Problem::CrossesItself { lon, lat }) => return Some(Problem::CrossesItself { lon, lat }),
                found => touch = touch.or(found),
            }
        }
    }
    touch
}

fn west(line: Line<f64>) -> f64 {
    line.start.x.min(line.end.x)
}

/// What two edges of a ring have in common that they should not have.
fn meeting(a: Line<f64>, b: Line<f64>, adjacent: bool) -> Option<Problem> {
    match line_intersection(a, b)? {
        LineIntersection::SinglePoint { intersection: c, is_proper: true } => {
            Some(Problem::CrossesItself { lon: c.x, lat: c.y })
        }
        LineIntersection::SinglePoint { .. } if adjacent => None,
        LineIntersection::SinglePoint { intersection: c, .. } => Some(Problem::TouchesItself { lon: c.x, lat: c.y }),
        LineIntersection::Collinear { intersection } => {
            Some(Problem::TouchesItself { lon: intersection.start.x, lat: intersection.start.y })
        }
    }
}

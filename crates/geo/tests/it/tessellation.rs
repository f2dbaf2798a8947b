//! Random jagged tessellations: cells whose neighbours share every vertex of a crooked border, handed to places at random so
//! that places come in parts, touch themselves and enclose each other.

use geo::{Coord, LineString, MultiPolygon, Polygon};
use proptest::prelude::*;

pub const SIDE: usize = 6;
const BENDS: usize = 3;

/// A tessellation over about 1 by 1 kilometre at Cangzhou, as (key, outline), some cells belonging to no place.
pub fn tessellation() -> impl Strategy<Value = Vec<(u64, MultiPolygon<f64>)>> {
    let nodes = (SIDE + 1) * (SIDE + 1);
    let jitter = || -0.2..0.2f64;
    (
        prop::collection::vec((jitter(), jitter()), nodes),
        prop::collection::vec(-0.12..0.12f64, nodes * 2 * BENDS),
        prop::collection::vec(0..(SIDE * SIDE) as u64, SIDE * SIDE),
    )
        .prop_map(|(nodes, bends, owners)| build(&nodes, &bends, &owners))
}

fn build(nodes: &[(f64, f64)], bends: &[f64], owners: &[u64]) -> Vec<(u64, MultiPolygon<f64>)> {
    let mut places = std::collections::BTreeMap::<u64, Vec<Polygon<f64>>>::new();
    for (cell, &owner) in owners.iter().enumerate().filter(|(_, owner)| **owner > 2) {
        places.entry(owner).or_default().push(cell_polygon(nodes, bends, cell / SIDE, cell % SIDE));
    }
    places.into_iter().map(|(key, parts)| (key, MultiPolygon(parts))).collect()
}

fn cell_polygon(nodes: &[(f64, f64)], bends: &[f64], row: usize, col: usize) -> Polygon<f64> {
    let mut ring = border(nodes, bends, (row, col), true);
    ring.extend(border(nodes, bends, (row, col + 1), false));
    ring.extend(border(nodes, bends, (row + 1, col), true).into_iter().rev());
    ring.extend(border(nodes, bends, (row, col), false).into_iter().rev());
    ring.dedup();
    Polygon::new(LineString(ring), vec![])
}

/// The border from a node to the next one east or north, always computed in that direction, so both cells get equal numbers.
fn border(nodes: &[(f64, f64)], bends: &[f64], (row, col): (usize, usize), east: bool) -> Vec<Coord<f64>> {
    let node = |row: usize, col: usize| {
        let (dx, dy) = nodes[row * (SIDE + 1) + col];
        (col as f64 + dx, row as f64 + dy)
    };
    let from = node(row, col);
    let to = if east { node(row, col + 1) } else { node(row + 1, col) };
    let first = (row * (SIDE + 1) + col) * 2 * BENDS + if east { 0 } else { BENDS };
    let (along_x, along_y) = (to.0 - from.0, to.1 - from.1);
    let bent = |bend: usize| {
        let part = (bend + 1) as f64 / (BENDS + 1) as f64;
        let aside = bends[first + bend];
        place((from.0 + along_x * part - along_y * aside, from.1 + along_y * part + along_x * aside))
    };
    std::iter::once(place(from)).chain((0..BENDS).map(bent)).chain(std::iter::once(place(to))).collect()
}

/// Lattice units to degrees, 0.002 of them to a unit, on the five decimals that files have.
fn place((x, y): (f64, f64)) -> Coord<f64> {
    let round = |degrees: f64| (degrees * 1e5).round() / 1e5;
    Coord { x: round(116.8 + x * 0.002), y: round(38.3 + y * 0.002) }
}

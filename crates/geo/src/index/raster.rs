//! The lattice laid over one layer: how many cells, which cell a point is in, and which cells an edge may pass through.

use geo::{Point, Rect};

use super::shapes::Edge;
use crate::metres::Scale;

/// Cells aimed at for each edge: enough that most of them hold no edge at all.
const CELLS_PER_EDGE: f64 = 16.0;
/// No side of the lattice is longer, so a layer costs 64 MB at the very most.
const LONGEST_SIDE: f64 = 4096.0;
/// Edges that run far would each be listed in thousands of cells; above this many entries an edge the lattice is made coarser.
const ENTRIES_PER_EDGE: usize = 32;
/// Widens an edge's cells by this part of a cell, a million times the rounding error of the arithmetic that finds them.
const MARGIN: f64 = 1e-6;

/// Equal cells over a box; rows go north, columns east.
#[derive(Debug)]
pub(super) struct Raster {
    pub(super) bounds: Rect<f64>,
    pub(super) cols: usize,
    pub(super) rows: usize,
    per_lon: f64,
    per_lat: f64,
}

impl Raster {
    /// A lattice over `bounds` fine enough for these edges.
    pub(super) fn fit(bounds: Rect<f64>, edges: &[Edge]) -> Self {
        let scale = Scale::at(bounds.center().y);
        let (width, height) = (extent(bounds.width()) * scale.lon.max(1.0), extent(bounds.height()) * scale.lat);
        let target = (edges.len() as f64 * CELLS_PER_EDGE).max(64.0);
        let mut cols = (target * width / height).sqrt().clamp(1.0, LONGEST_SIDE);
        let mut rows = (target / cols).clamp(1.0, LONGEST_SIDE);
        loop {
            let raster = Self::new(bounds, cols as usize, rows as usize);
            let entries: usize = edges.iter().map(|edge| raster.entries(edge)).sum();
            if entries <= edges.len() * ENTRIES_PER_EDGE || (cols < 2.0 && rows < 2.0) {
                return raster;
            }
            cols = (cols / 2.0).max(1.0);
            rows = (rows / 2.0).max(1.0);
        }
    }

    fn new(bounds: Rect<f64>, cols: usize, rows: usize) -> Self {
        let per_lon = cols as f64 / extent(bounds.width());
        let per_lat = rows as f64 / extent(bounds.height());
        Self { bounds, cols, rows, per_lon, per_lat }
    }

    /// How many (row, column) entries an edge makes, a little over-counted.
    fn entries(&self, edge: &Edge) -> usize {
        let (from, to) = (edge.ax.min(edge.bx), edge.ax.max(edge.bx));
        2 + self.row(edge.by) - self.row(edge.ay) + self.col(to) - self.col(from)
    }

    /// Row of a latitude, held inside the lattice. Never decreases as the latitude grows, which is what lets an edge be
    /// filed under the rows of its two ends.
    pub(super) fn row(&self, lat: f64) -> usize {
        (((lat - self.bounds.min().y) * self.per_lat) as usize).min(self.rows - 1)
    }

    /// Column of a longitude, held inside the lattice.
    pub(super) fn col(&self, lon: f64) -> usize {
        (((lon - self.bounds.min().x) * self.per_lon) as usize).min(self.cols - 1)
    }

    /// Number of a cell.
    pub(super) fn cell(&self, row: usize, col: usize) -> usize {
        row * self.cols + col
    }

    /// Whether a point is in the box at all (never for one that is not a number).
    pub(super) fn covers(&self, point: Point<f64>) -> bool {
        let (min, max) = (self.bounds.min(), self.bounds.max());
        point.x() >= min.x && point.x() <= max.x && point.y() >= min.y && point.y() <= max.y
    }

    /// Middle of a cell.
    pub(super) fn centre(&self, row: usize, col: usize) -> Point<f64> {
        let min = self.bounds.min();
        Point::new(min.x + (col as f64 + 0.5) / self.per_lon, min.y + (row as f64 + 0.5) / self.per_lat)
    }

    /// First and last column an edge may touch within one of its rows.
    pub(super) fn cols_in_row(&self, edge: &Edge, row: usize) -> (usize, usize) {
        let south = self.bounds.min().y + (row as f64 - MARGIN) / self.per_lat;
        let north = self.bounds.min().y + (row as f64 + 1.0 + MARGIN) / self.per_lat;
        let at = |lat: f64| {
            if edge.by > edge.ay {
                edge.ax + (edge.bx - edge.ax) * ((lat - edge.ay) / (edge.by - edge.ay))
            } else {
                edge.ax
            }
        };
        let low = if edge.ay >= south { edge.ax } else { at(south) };
        let high = if edge.by <= north { edge.bx } else { at(north) };
        let slack = MARGIN / self.per_lon;
        (self.col(low.min(high) - slack), self.col(low.max(high) + slack))
    }
}

/// A side of the box, kept from zero so that a layer without width still divides.
fn extent(degrees: f64) -> f64 {
    degrees.max(1e-9)
}

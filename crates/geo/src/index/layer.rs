//! One layer of the index. Every cell of the lattice says: nothing here, wholly inside one place, or a short list of
//! polygons to ask. Most points end in the first two, with one read.

use std::collections::BTreeMap;

use geo::{BoundingRect, MultiPolygon, Point, Rect, coord};

use super::Lookup;
use super::raster::Raster;
use super::shapes::{Edge, Shapes, Side, edges_of};
use crate::metres::Scale;

/// Marks, in a cell, "wholly inside this place", and in a list, "a place and not a polygon to ask".
const CERTAIN: u32 = 1 << 31;
const NOTHING: u32 = 0;

/// The places of one level, ready to be asked.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) level: u8,
    /// Keys ascending; everywhere below a place is its position here, so smaller key means smaller number.
    keys: Vec<u64>,
    raster: Raster,
    shapes: Shapes,
    /// `NOTHING`, `CERTAIN | place`, or 1 + the position in `lists` of a length and that many entries, by place.
    cells: Vec<u32>,
    lists: Vec<u32>,
}

impl Layer {
    /// Builds a layer; `None` when there is too much of it to number in 31 bits.
    pub(super) fn build(level: u8, places: BTreeMap<u64, MultiPolygon<f64>>) -> Option<Self> {
        let (mut parts, mut all_edges) = (Vec::new(), Vec::new());
        let (mut keys, mut bounds) = (Vec::new(), None);
        for (key, outline) in places {
            let place = u32::try_from(keys.len()).ok().filter(|&place| place < CERTAIN)?;
            keys.push(key);
            bounds = join(bounds, outline.bounding_rect());
            for polygon in &outline {
                let from = all_edges.len();
                all_edges.extend(edges_of(polygon));
                parts.push((place, from..all_edges.len()));
            }
        }
        let raster =
            Raster::fit(bounds.unwrap_or(Rect::new(coord!(x: 0.0, y: 0.0), coord!(x: 0.0, y: 0.0))), &all_edges);
        let cells = vec![NOTHING; raster.cols * raster.rows];
        let mut layer = Self { level, keys, raster, shapes: Shapes::default(), cells, lists: Vec::new() };
        let mut listed = Vec::new();
        for (place, range) in parts.into_iter().filter(|(_, range)| !range.is_empty()) {
            layer.draw(place, &all_edges[range], &mut listed)?;
        }
        layer.close(listed)?;
        Some(layer)
    }

    /// Adds one polygon: its border cells go to `listed`, the runs of cells between them are settled by asking for one.
    fn draw(&mut self, place: u32, edges: &[Edge], listed: &mut Vec<(u32, u32)>) -> Option<()> {
        let shape = u32::try_from(self.shapes.all.len()).ok().filter(|&shape| shape < CERTAIN)?;
        self.shapes.push(place, edges, &self.raster)?;
        let rows = self.shapes.all[shape as usize];
        for row in (rows.first_row as usize..).take(rows.rows as usize) {
            let mut touched: Vec<_> =
                self.shapes.row(shape, row).iter().map(|edge| self.raster.cols_in_row(edge, row)).collect();
            touched.sort_unstable();
            let mut free: Option<usize> = None;
            for (from, to) in touched {
                if let Some(gap) = free.filter(|&gap| gap < from) {
                    self.fill(place, shape, (row, gap..from), listed);
                }
                let first = free.map_or(from, |free| from.max(free));
                listed.extend((first..=to).map(|col| (self.raster.cell(row, col) as u32, shape)));
                free = Some(free.map_or(to + 1, |free| free.max(to + 1)));
            }
        }
        Some(())
    }

    /// Marks a run of cells that no edge of the shape touches, if it is inside.
    fn fill(&mut self, place: u32, shape: u32, run: (usize, std::ops::Range<usize>), listed: &mut Vec<(u32, u32)>) {
        let (row, cols) = run;
        if self.shapes.side(shape, row, self.raster.centre(row, cols.start)) != Side::Inside {
            return;
        }
        for col in cols {
            let cell = self.raster.cell(row, col);
            match self.cells[cell] {
                NOTHING => self.cells[cell] = CERTAIN | place,
                // Outlines overlap: both answers are kept and sorted out with the lists.
                _ => listed.push((cell as u32, CERTAIN | place)),
            }
        }
    }

    /// Turns what was listed into one list a cell, together with a certain answer the cell may already have.
    fn close(&mut self, listed: Vec<(u32, u32)>) -> Option<()> {
        let mut listed: Vec<_> = listed.into_iter().map(|(cell, entry)| (cell, self.place_of(entry), entry)).collect();
        listed.sort_unstable();
        listed.dedup();
        for group in listed.chunk_by(|a, b| a.0 == b.0) {
            let cell = group[0].0 as usize;
            let certain = Some(self.cells[cell]).filter(|&known| known != NOTHING);
            let mut entries: Vec<u32> = group.iter().map(|&(_, _, entry)| entry).chain(certain).collect();
            entries.sort_by_key(|&entry| (self.place_of(entry), entry));
            entries.dedup();
            let at = u32::try_from(self.lists.len() + 1).ok().filter(|&at| at < CERTAIN)?;
            self.lists.push(entries.len() as u32);
            self.lists.extend(entries);
            self.cells[cell] = at;
        }
        self.lists.shrink_to_fit();
        self.shapes.shrink();
        Some(())
    }

    fn place_of(&self, entry: u32) -> u32 {
        if entry & CERTAIN != 0 { entry & !CERTAIN } else { self.shapes.all[entry as usize].place }
    }

    /// The list of a cell; empty for one with a plain answer.
    fn entries(&self, cell: u32) -> &[u32] {
        if cell == NOTHING || cell & CERTAIN != 0 {
            return &[];
        }
        let at = cell as usize;
        &self.lists[at..at + self.lists[at - 1] as usize]
    }

    pub(super) fn bounds(&self) -> Option<Rect<f64>> {
        (!self.shapes.all.is_empty()).then_some(self.raster.bounds)
    }

    pub(super) fn at(&self, point: Point<f64>) -> Option<u64> {
        self.holder(point).map(|place| self.keys[place as usize])
    }

    fn holder(&self, point: Point<f64>) -> Option<u32> {
        if !self.raster.covers(point) {
            return None;
        }
        let row = self.raster.row(point.y());
        let cell = self.cells[self.raster.cell(row, self.raster.col(point.x()))];
        if cell & CERTAIN != 0 {
            return Some(cell & !CERTAIN);
        }
        let mut touching = None;
        for &entry in self.entries(cell) {
            match self.side(entry, row, point) {
                Side::Inside => return Some(self.place_of(entry)),
                Side::Border => touching = touching.or(Some(self.place_of(entry))),
                Side::Outside => {}
            }
        }
        touching
    }

    fn side(&self, entry: u32, row: usize, point: Point<f64>) -> Side {
        if entry & CERTAIN != 0 { Side::Inside } else { self.shapes.side(entry, row, point) }
    }

    pub(super) fn lookup(&self, point: Point<f64>, tolerance: f64) -> Lookup {
        let here = self.holder(point);
        let mut near = self.near(point, tolerance);
        near.retain(|&(place, _)| Some(place) != here);
        near.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let key = |place: u32| self.keys[place as usize];
        Lookup { here: here.map(key), near: near.into_iter().map(|(place, metres)| (key(place), metres)).collect() }
    }

    /// Every place with a boundary within the tolerance, or the point inside it, once, in no order.
    fn near(&self, point: Point<f64>, tolerance: f64) -> Vec<(u32, f64)> {
        let mut found = Vec::new();
        for (shape, row) in self.around(point, tolerance) {
            let metres = self.shapes.distance(shape, row, point, Scale::at(point.y()));
            if metres <= tolerance {
                // To the millimetre: places that meet at one vertex are equally near, whatever the last bits say.
                let metres = (metres * 1e3).round() / 1e3;
                found.push((self.shapes.all[shape as usize].place, metres));
            }
        }
        if tolerance >= 0.0 && self.raster.covers(point) {
            let row = self.raster.row(point.y());
            let cell = self.cells[self.raster.cell(row, self.raster.col(point.x()))];
            let inside = self.entries(cell).iter().filter(|&&entry| self.side(entry, row, point) == Side::Inside);
            found.extend(inside.map(|&entry| (self.place_of(entry), 0.0)));
        }
        found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        found.dedup_by_key(|&mut (place, _)| place);
        found
    }

    /// The (shape, row) pairs with an edge in a cell that the box around the point reaches, each once.
    fn around(&self, point: Point<f64>, tolerance: f64) -> Vec<(u32, usize)> {
        let scale = Scale::at(point.y());
        let (dx, dy) = (tolerance / scale.lon, tolerance / scale.lat);
        let (min, max) = (self.raster.bounds.min(), self.raster.bounds.max());
        let (west, east) = (point.x() - dx, point.x() + dx);
        let (south, north) = (point.y() - dy, point.y() + dy);
        if !(west <= max.x && east >= min.x && south <= max.y && north >= min.y && west <= east && south <= north) {
            return Vec::new();
        }
        let mut pairs = Vec::new();
        for row in self.raster.row(south)..=self.raster.row(north) {
            for col in self.raster.col(west)..=self.raster.col(east) {
                let entries = self.entries(self.cells[self.raster.cell(row, col)]);
                pairs.extend(entries.iter().filter(|&&entry| entry & CERTAIN == 0).map(|&shape| (shape, row)));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

fn join(a: Option<Rect<f64>>, b: Option<Rect<f64>>) -> Option<Rect<f64>> {
    let (Some(a), Some(b)) = (a, b) else { return a.or(b) };
    let low = coord!(x: a.min().x.min(b.min().x), y: a.min().y.min(b.min().y));
    let high = coord!(x: a.max().x.max(b.max().x), y: a.max().y.max(b.max().y));
    Some(Rect::new(low, high))
}

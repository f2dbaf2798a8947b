//! Outlines as flat edge lists filed by lattice row, so that asking for the side of a point reads only the edges of one
//! polygon at that height, whatever the length of its outline.

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::{Coord, LinesIter, Point, Polygon};

use super::raster::Raster;
use crate::metres::Scale;

/// One edge of an outline, turned so that `a` is not north of `b`: neighbours that share it hold the very same numbers and
/// must come to the same verdict.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) ax: f64,
    pub(super) ay: f64,
    pub(super) bx: f64,
    pub(super) by: f64,
}

/// Where a point lies relative to one polygon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Outside,
    Border,
    Inside,
}

/// The edges of a polygon, holes included; edges without length are left out.
pub(super) fn edges_of(polygon: &Polygon<f64>) -> impl Iterator<Item = Edge> {
    polygon.lines_iter().filter(|line| line.start != line.end).map(|line| {
        let (a, b) = if line.start.y <= line.end.y { (line.start, line.end) } else { (line.end, line.start) };
        Edge { ax: a.x, ay: a.y, bx: b.x, by: b.y }
    })
}

/// One polygon: which place it is part of and where its rows begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) place: u32,
    pub(super) first_row: u32,
    pub(super) rows: u32,
    /// Index into `Shapes::starts` of the first row.
    start: u32,
}

/// All polygons of a layer.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    pub(super) all: Vec<Shape>,
    /// For each row of each shape the start of its edges, and one more for the end.
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

impl Shapes {
    /// Files one polygon's edges under its rows; `None` when 32 bits no longer number them.
    pub(super) fn push(&mut self, place: u32, edges: &[Edge], raster: &Raster) -> Option<()> {
        let first = edges.iter().map(|edge| raster.row(edge.ay)).min()?;
        let last = edges.iter().map(|edge| raster.row(edge.by)).max()?;
        let mut by_row = vec![Vec::new(); last - first + 1];
        for edge in edges {
            for row in raster.row(edge.ay)..=raster.row(edge.by) {
                by_row[row - first].push(*edge);
            }
        }
        let start = u32::try_from(self.starts.len()).ok()?;
        for row in &by_row {
            self.starts.push(u32::try_from(self.edges.len()).ok()?);
            self.edges.extend_from_slice(row);
        }
        self.starts.push(u32::try_from(self.edges.len()).ok()?);
        self.all.push(Shape { place, first_row: first as u32, rows: by_row.len() as u32, start });
        Some(())
    }

    /// Gives back the room that lists took in advance: nothing is added once a layer is built.
    pub(super) fn shrink(&mut self) {
        self.all.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.edges.shrink_to_fit();
    }

    /// The edges of a shape in one lattice row; none for a row it does not reach.
    pub(super) fn row(&self, shape: u32, row: usize) -> &[Edge] {
        let shape = self.all[shape as usize];
        let Some(offset) = row.checked_sub(shape.first_row as usize).filter(|&offset| offset < shape.rows as usize)
        else {
            return &[];
        };
        let at = shape.start as usize + offset;
        &self.edges[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// The side of `point`, which lies in lattice row `row`. Counts the edges that a ray to the east meets; an edge holds
    /// its southern end and not its northern one, so that a ray through a vertex is counted once.
    pub(super) fn side(&self, shape: u32, row: usize, point: Point<f64>) -> Side {
        let (x, y) = point.x_y();
        let mut inside = false;
        for edge in self.row(shape, row) {
            if y < edge.ay || y > edge.by {
                continue;
            }
            let (west, east) = if edge.ax < edge.bx { (edge.ax, edge.bx) } else { (edge.bx, edge.ax) };
            if x > east {
                continue;
            }
            if x < west {
                inside ^= y < edge.by;
                continue;
            }
            match edge.orientation(x, y) {
                Orientation::Collinear => return Side::Border,
                Orientation::CounterClockwise => inside ^= y < edge.by,
                Orientation::Clockwise => {}
            }
        }
        if inside { Side::Inside } else { Side::Outside }
    }

    /// Least distance in metres from `point` to the edges of a shape in one row.
    pub(super) fn distance(&self, shape: u32, row: usize, point: Point<f64>, scale: Scale) -> f64 {
        let to = |edge: &Edge| scale.to_edge(point, Coord { x: edge.ax, y: edge.ay }, Coord { x: edge.bx, y: edge.by });
        self.row(shape, row).iter().map(to).fold(f64::INFINITY, f64::min)
    }
}

impl Edge {
    /// Side of the point as seen along the edge, exact: the plain determinant where its sign is beyond rounding, adaptive
    /// arithmetic otherwise.
    fn orientation(&self, x: f64, y: f64) -> Orientation {
        let left = (self.bx - self.ax) * (y - self.ay);
        let right = (self.by - self.ay) * (x - self.ax);
        let determinant = left - right;
        let doubt = 1e-15 * (left.abs() + right.abs());
        if determinant > doubt {
            Orientation::CounterClockwise
        } else if determinant < -doubt {
            Orientation::Clockwise
        } else {
            RobustKernel::orient2d(Coord { x: self.ax, y: self.ay }, Coord { x: self.bx, y: self.by }, Coord { x, y })
        }
    }
}

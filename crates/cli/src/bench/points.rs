//! P4: points to places over every township and grid, against PostGIS or, where there is none, an R-tree.

use super::{Line, instant};
use crate::city::install::City;
use anyhow::{Context as _, Result};
use ganglion_geo::geojson::{self, ReadOptions};
use ganglion_geo::{MultiPolygon, PlaceIndex, Point};
use geo::Contains as _;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use rstar::{AABB, RTree, RTreeObject};
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

const POINTS: usize = 1_000_000;
const BASELINE_POINTS: usize = 100_000;

struct Shape {
    layer: u8,
    key: u64,
    outline: MultiPolygon<f64>,
}

impl RTreeObject for Shape {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> AABB<[f64; 2]> {
        let mut low = [f64::MAX; 2];
        let mut high = [f64::MIN; 2];
        for coord in self.outline.iter().flat_map(|polygon| polygon.exterior().coords()) {
            low = [low[0].min(coord.x), low[1].min(coord.y)];
            high = [high[0].max(coord.x), high[1].max(coord.y)];
        }
        AABB::from_corners(low, high)
    }
}

fn shapes(home: &Path) -> Result<Vec<Shape>> {
    let city = City::read(home)?;
    let mut shapes = Vec::new();
    for file in city.outlines.iter().skip(1) {
        let bytes = std::fs::read(home.join(file)).with_context(|| file.clone())?;
        for outline in geojson::read(&bytes, &ReadOptions::default()).outlines {
            let code: ganglion_model::PlaceCode = outline.code.parse()?;
            let layer = ganglion_kernel::world::Places::layer(code.level());
            shapes.push(Shape { layer, key: code.padded(), outline: outline.geometry });
        }
    }
    Ok(shapes)
}

/// Measures.
///
/// # Errors
/// When the outlines cannot be read.
pub fn measure(home: &Path, postgis: Option<&str>) -> Result<Vec<Line>> {
    let shapes = shapes(home)?;
    let index = PlaceIndex::build(shapes.iter().map(|s| (s.key, s.layer, s.outline.clone())))?;
    let mut rng = SmallRng::seed_from_u64(4);
    let layer = shapes.last().map_or(0, |shape| shape.layer);
    let bounds = index.bounds(layer).context("no outlines")?;
    let mut points = Vec::with_capacity(POINTS);
    while points.len() < POINTS {
        let x = bounds.min().x + rng.random::<f64>() * bounds.width();
        let y = bounds.min().y + rng.random::<f64>() * bounds.height();
        let point = Point::new(x, y);
        if index.at(layer, point).is_some() {
            points.push(point);
        }
    }
    let start = instant();
    let mut found = 0_usize;
    for point in &points {
        found += black_box(index.all_at(*point)).count();
    }
    let ours = rate(POINTS, start.elapsed());
    let tree = RTree::bulk_load(shapes);
    let start = instant();
    let mut found_tree = 0_usize;
    for point in &points[..BASELINE_POINTS] {
        let here = AABB::from_point([point.x(), point.y()]);
        found_tree += tree.locate_in_envelope_intersecting(&here).filter(|s| s.outline.contains(point)).count();
    }
    let by_tree = rate(BASELINE_POINTS, start.elapsed());
    anyhow::ensure!(found > 0 && found_tree > 0, "no point was found");
    let mut lines =
        vec![line("an R-tree and geo::Contains", ours, Some(by_tree), ours >= 1e6, "≥ 1 M points/s a core")];
    match postgis.map(|url| by_postgis(url, home, &points[..BASELINE_POINTS])).transpose() {
        Ok(Some(rate)) => {
            lines.push(line("PostGIS ST_Covers with GiST", ours, Some(rate), ours >= 100.0 * rate, "≥ 100 × PostGIS"));
        }
        Ok(None) => lines.push(line("PostGIS: none was named", ours, None, false, "≥ 100 × PostGIS")),
        Err(error) => {
            crate::err(&format!("PostGIS could not be measured: {error:#}"));
            lines.push(line("PostGIS: could not be measured", ours, None, false, "≥ 100 × PostGIS"));
        }
    }
    Ok(lines)
}

fn line(baseline: &str, ours: f64, value: Option<f64>, reached: bool, goal: &'static str) -> Line {
    Line {
        id: "P4",
        what: "point to township and grid, one core".to_owned(),
        measured: ours,
        unit: "points/s",
        baseline: baseline.to_owned(),
        baseline_value: value,
        ratio: value.map(|value| ours / value),
        goal,
        reached,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn rate(n: usize, took: std::time::Duration) -> f64 {
    n as f64 / took.as_secs_f64()
}

/// Loads the same outlines and points into PostGIS through psql and times one joined query, without parallel workers.
fn by_postgis(url: &str, home: &Path, points: &[Point<f64>]) -> Result<f64> {
    use std::fmt::Write as _;
    let mut sql = String::from(
        "SET client_min_messages=warning; SET max_parallel_workers_per_gather=0; CREATE EXTENSION IF NOT EXISTS postgis;\n\
         CREATE TEMP TABLE shape(layer int, key bigint, geom geometry);\nCREATE TEMP TABLE point(geom geometry);\n\
         COPY shape FROM STDIN;\n",
    );
    for shape in shapes(home)? {
        let text = wkt(&shape.outline);
        writeln!(sql, "{}\t{}\tSRID=4326;{text}", shape.layer, shape.key)?;
    }
    sql.push_str("\\.\nCOPY point FROM STDIN;\n");
    for point in points {
        writeln!(sql, "SRID=4326;POINT({} {})", point.x(), point.y())?;
    }
    sql.push_str(
        "\\.\nCREATE INDEX ON shape USING gist(geom); ANALYZE shape; ANALYZE point;\n\\timing on\n\
         SELECT count(*) FROM point p JOIN shape s ON ST_Covers(s.geom, p.geom);\n",
    );
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), sql)?;
    let out =
        Command::new("psql").args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(file.path()).arg(url).output()?;
    let text = String::from_utf8_lossy(&out.stdout);
    anyhow::ensure!(out.status.success(), "psql: {}", String::from_utf8_lossy(&out.stderr));
    let millis: f64 = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("Time: ")?.split(' ').next()?.parse().ok())
        .context("psql gave no time")?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = points.len() as f64 / (millis / 1000.0);
    Ok(rate)
}

fn wkt(outline: &MultiPolygon<f64>) -> String {
    let ring = |line: &geo::LineString<f64>| {
        let points: Vec<String> = line.coords().map(|c| format!("{} {}", c.x, c.y)).collect();
        format!("({})", points.join(","))
    };
    let polygons: Vec<String> = outline
        .iter()
        .map(|polygon| {
            let rings: Vec<String> = std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect();
            format!("({})", rings.join(","))
        })
        .collect();
    format!("MULTIPOLYGON({})", polygons.join(","))
}

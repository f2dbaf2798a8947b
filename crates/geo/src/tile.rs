//! Vector tiles (Mapbox Vector Tile 2.1): shapes in degrees become the whole numbers of one tile of the Web Mercator pyramid,
//! thinned to what a screen can show, cut at the tile and a margin around it. Leaves out which features there are, how many a
//! tile may hold, and how it is sent.

use crate::geometry::{Bounds, Geometry};
use fast_mvt::{MvtCoord, MvtFeatureBuilder, MvtGeomType, MvtLayerBuilder, MvtValue};
use geo::{Coord, LineString, MultiPolygon, Simplify};
use serde_json::{Map, Value};
use std::f64::consts::PI;

/// Units to a side of a tile.
const EXTENT: f64 = 4096.0;
/// Units beyond each side that are kept, so that borders are not drawn along the tile.
const MARGIN: f64 = 64.0;
/// Units a line may be off: an eighth of a pixel of a screen of ordinary density.
const TOLERANCE: f64 = 2.0;
/// Deepest level.
pub const ZOOM_MAX: u8 = 22;
/// Latitude at which Web Mercator ends.
const LATITUDE_MAX: f64 = 85.051_128_779_806_59;

/// Why a tile cannot be encoded.
#[derive(Debug, thiserror::Error)]
#[error("a tile cannot be encoded: {0}")]
pub struct TileError(#[from] fast_mvt::MvtError);

/// One tile: level, column from the west, row from the north.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileId {
    z: u8,
    x: u32,
    y: u32,
}

impl TileId {
    /// A tile; `None` when the level has no such column or row.
    #[must_use]
    pub fn new(z: u8, x: u32, y: u32) -> Option<TileId> {
        let side = 1_u32.checked_shl(u32::from(z)).filter(|_| z <= ZOOM_MAX)?;
        (x < side && y < side).then_some(TileId { z, x, y })
    }

    /// Its level.
    #[must_use]
    pub fn zoom(self) -> u8 {
        self.z
    }

    /// Its column from the west and its row from the north.
    #[must_use]
    pub fn column_and_row(self) -> (u32, u32) {
        (self.x, self.y)
    }

    fn side(self) -> f64 {
        f64::from(1_u32 << self.z)
    }

    /// What it shows, its margin included, degrees.
    #[must_use]
    pub fn bounds(self) -> Bounds {
        let (margin, side) = (MARGIN / EXTENT, self.side());
        let lon = |x: f64| (x / side * 360.0 - 180.0).clamp(-180.0, 180.0);
        let lat = |y: f64| (PI * (1.0 - 2.0 * y / side)).sinh().atan().to_degrees();
        let (x, y) = (f64::from(self.x), f64::from(self.y));
        [lon(x - margin), lat(y + 1.0 + margin), lon(x + 1.0 + margin), lat(y - margin)]
    }

    /// Whether a point lies in it, its margin left out: every point lies in one tile of a level.
    #[must_use]
    pub fn holds(self, [lon, lat]: [f64; 2]) -> bool {
        let at = self.place(Coord { x: lon, y: lat });
        (0.0..EXTENT).contains(&at.x) && (0.0..EXTENT).contains(&at.y)
    }

    /// The tiles of a level that show something of a box, from the west, then from the north.
    pub fn within([west, south, east, north]: Bounds, z: u8) -> impl Iterator<Item = TileId> {
        let side = 1_u32 << z.min(ZOOM_MAX);
        let last = side - 1;
        let corner = |lon: f64, lat: f64| {
            let whole = |part: f64| (part * f64::from(side)).clamp(0.0, f64::from(last)) as u32;
            let at = mercator(Coord { x: lon, y: lat });
            (whole(at.x), whole(at.y))
        };
        let ((left, top), (right, bottom)) = (corner(west, north), corner(east, south));
        (left..=right).flat_map(move |x| (top..=bottom).filter_map(move |y| TileId::new(z, x, y)))
    }

    /// Degrees to units of the tile.
    fn place(self, corner: Coord<f64>) -> Coord<f64> {
        let at = mercator(corner) * self.side();
        Coord { x: (at.x - f64::from(self.x)) * EXTENT, y: (at.y - f64::from(self.y)) * EXTENT }
    }
}

/// Degrees to parts of the whole map, from the north-west.
fn mercator(corner: Coord<f64>) -> Coord<f64> {
    let lat = corner.y.clamp(-LATITUDE_MAX, LATITUDE_MAX).to_radians();
    Coord { x: (corner.x + 180.0) / 360.0, y: (1.0 - lat.tan().asinh() / PI) / 2.0 }
}

/// A side of the tile with its margin.
#[derive(Clone, Copy)]
enum Side {
    West,
    East,
    North,
    South,
}

const SIDES: [Side; 4] = [Side::West, Side::East, Side::North, Side::South];

impl Side {
    /// How far inside a corner is; below zero outside.
    fn depth(self, at: Coord<f64>) -> f64 {
        match self {
            Side::West => at.x + MARGIN,
            Side::East => EXTENT + MARGIN - at.x,
            Side::North => at.y + MARGIN,
            Side::South => EXTENT + MARGIN - at.y,
        }
    }
}

/// The part of a ring inside the tile (Sutherland and Hodgman 1974); parts that lie apart stay joined along the margin, where
/// nobody sees them.
fn cut(ring: Vec<Coord<f64>>) -> Vec<Coord<f64>> {
    SIDES.into_iter().fold(ring, |ring, side| {
        let mut kept = Vec::with_capacity(ring.len() + 4);
        let Some(mut before) = ring.last().copied() else { return kept };
        for corner in ring {
            let (was, is) = (side.depth(before), side.depth(corner));
            if (was >= 0.0) != (is >= 0.0) {
                kept.push(before + (corner - before) * (was / (was - is)));
            }
            if is >= 0.0 {
                kept.push(corner);
            }
            before = corner;
        }
        kept
    })
}

/// The part of a stretch inside the tile, and whether it ends where the stretch does (Liang and Barsky 1984).
fn stretch(from: Coord<f64>, to: Coord<f64>) -> Option<(Coord<f64>, Coord<f64>, bool)> {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for side in SIDES {
        let (a, b) = (side.depth(from), side.depth(to));
        if a < 0.0 && b < 0.0 {
            return None;
        }
        if a < 0.0 {
            low = low.max(a / (a - b));
        } else if b < 0.0 {
            high = high.min(a / (a - b));
        }
    }
    let at = |part: f64| from + (to - from) * part;
    (low <= high).then(|| (at(low), if high < 1.0 { at(high) } else { to }, high >= 1.0))
}

/// The stretches of a line inside the tile.
fn pieces(line: &[Coord<f64>]) -> Vec<Vec<Coord<f64>>> {
    let mut pieces: Vec<Vec<Coord<f64>>> = Vec::new();
    let mut goes_on = false;
    for (from, to) in line.iter().zip(line.iter().skip(1)) {
        let Some((from, to, whole)) = stretch(*from, *to) else {
            goes_on = false;
            continue;
        };
        match pieces.last_mut().filter(|_| goes_on) {
            Some(last) => last.push(to),
            None => pieces.push(vec![from, to]),
        }
        goes_on = whole;
    }
    pieces
}

/// Corners as whole numbers, none twice in a row.
fn whole(corners: &[Coord<f64>]) -> Vec<MvtCoord> {
    let mut kept: Vec<MvtCoord> =
        corners.iter().map(|corner| MvtCoord { x: corner.x.round() as i32, y: corner.y.round() as i32 }).collect();
    kept.dedup();
    kept
}

/// A ring as whole numbers; `None` when nothing is left of it.
fn whole_ring(ring: Vec<Coord<f64>>) -> Option<Vec<MvtCoord>> {
    let mut kept = whole(&cut(ring));
    while kept.len() > 1 && kept.first() == kept.last() {
        kept.pop();
    }
    let next = kept.iter().skip(1).chain(kept.first());
    let cross = |(a, b): (&MvtCoord, &MvtCoord)| i64::from(a.x) * i64::from(b.y) - i64::from(b.x) * i64::from(a.y);
    let doubled: i64 = kept.iter().zip(next).map(cross).sum();
    (kept.len() >= 3 && doubled != 0).then_some(kept)
}

/// A layer of a tile while it is filled.
pub struct Layer {
    tile: TileId,
    features: usize,
    builder: MvtLayerBuilder,
}

impl Layer {
    /// An empty layer.
    ///
    /// # Errors
    /// A name without letters.
    pub fn new(name: &str, tile: TileId) -> Result<Layer, TileError> {
        Ok(Layer { tile, features: 0, builder: MvtLayerBuilder::new(name)? })
    }

    /// How many features it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.features
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.features == 0
    }

    /// Adds what the tile shows of a feature, if anything. Texts, numbers and truth values become attributes; lists and
    /// objects, which a tile cannot hold, are left out.
    ///
    /// # Errors
    /// More keys or values than a layer may number.
    pub fn add(self, geometry: &Geometry, properties: &Map<String, Value>) -> Result<Layer, TileError> {
        match geometry {
            Geometry::Point([lon, lat]) => self.point(Coord { x: *lon, y: *lat }, properties),
            Geometry::Line(corners) => self.line(corners, properties),
            Geometry::Area(area) => self.area(area, properties),
        }
    }

    fn point(self, corner: Coord<f64>, properties: &Map<String, Value>) -> Result<Layer, TileError> {
        let at = self.tile.place(corner);
        if SIDES.into_iter().any(|side| side.depth(at) < 0.0) {
            return Ok(self);
        }
        let mut feature = self.builder.feature_of(MvtGeomType::Point);
        feature.points(whole(&[at]))?;
        tagged(&mut feature, properties)?;
        Ok(Layer { builder: feature.end(), features: self.features + 1, tile: self.tile })
    }

    fn line(self, corners: &[[f64; 2]], properties: &Map<String, Value>) -> Result<Layer, TileError> {
        let placed: LineString<f64> =
            corners.iter().map(|corner| self.tile.place(Coord { x: corner[0], y: corner[1] })).collect();
        let pieces = pieces(&placed.simplify(TOLERANCE).0);
        let pieces: Vec<Vec<MvtCoord>> = pieces.iter().map(|piece| whole(piece)).filter(|one| one.len() > 1).collect();
        if pieces.is_empty() {
            return Ok(self);
        }
        let mut feature = self.builder.feature_of(MvtGeomType::LineString);
        for piece in pieces {
            feature.line(piece)?;
        }
        tagged(&mut feature, properties)?;
        Ok(Layer { builder: feature.end(), features: self.features + 1, tile: self.tile })
    }

    fn area(self, area: &MultiPolygon<f64>, properties: &Map<String, Value>) -> Result<Layer, TileError> {
        let ring = |ring: &LineString<f64>| {
            let placed: LineString<f64> = ring.coords().map(|corner| self.tile.place(*corner)).collect();
            whole_ring(placed.simplify(TOLERANCE).0)
        };
        let mut rings: Vec<(Vec<MvtCoord>, bool)> = Vec::new();
        for polygon in area {
            let Some(outer) = ring(polygon.exterior()) else { continue };
            rings.push((outer, true));
            rings.extend(polygon.interiors().iter().filter_map(ring).map(|hole| (hole, false)));
        }
        if rings.is_empty() {
            return Ok(self);
        }
        let mut feature = self.builder.feature_of(MvtGeomType::Polygon);
        for (ring, is_outer) in rings {
            feature.ring(ring, is_outer)?;
        }
        tagged(&mut feature, properties)?;
        Ok(Layer { builder: feature.end(), features: self.features + 1, tile: self.tile })
    }

    /// The bytes of a tile with this one layer.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        self.builder.encode()
    }
}

fn tagged(feature: &mut MvtFeatureBuilder, properties: &Map<String, Value>) -> Result<(), TileError> {
    for (name, value) in properties {
        let value = match value {
            Value::String(text) => MvtValue::String(text.clone()),
            Value::Bool(yes) => MvtValue::Bool(*yes),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => MvtValue::SInt(number),
                (None, Some(number)) => MvtValue::Double(number),
                (None, None) => continue,
            },
            Value::Null | Value::Array(_) | Value::Object(_) => continue,
        };
        feature.tag(name, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fast_mvt::{MvtGeometry, MvtReaderRef, MvtTile};
    use serde_json::json;

    /// The tile of level 11 that holds 116.84 E 38.32 N.
    fn here() -> TileId {
        TileId::within([116.84, 38.32, 116.84, 38.32], 11).next().unwrap()
    }

    fn read(layer: Layer) -> MvtTile {
        MvtReaderRef::new(&layer.encode()).unwrap().to_tile().unwrap()
    }

    fn properties() -> Map<String, Value> {
        json!({ "name": "运河区", "level": 3, "open": true, "share": 0.5, "none": null, "list": [1] })
            .as_object()
            .unwrap()
            .clone()
    }

    #[test]
    fn tiles_are_numbered_from_the_north_west() {
        assert_eq!(TileId::new(0, 0, 0).map(TileId::zoom), Some(0));
        assert_eq!((TileId::new(1, 2, 0), TileId::new(1, 0, 2), TileId::new(23, 0, 0)), (None, None, None));
        // The Brandenburg Gate.
        let berlin = TileId::within([13.377_71, 52.516_28, 13.377_71, 52.516_28], 17).collect::<Vec<_>>();
        assert_eq!(berlin, [TileId { z: 17, x: 70_406, y: 42_987 }]);
        let [west, south, east, north] = TileId::new(1, 1, 0).unwrap().bounds();
        assert!((-3.0..0.0).contains(&west) && east == 180.0 && (-3.0..0.0).contains(&south) && north > 85.0);
        assert_eq!(TileId::within([-180.0, -90.0, 180.0, 90.0], 2).count(), 16);
    }

    #[test]
    fn a_feature_reads_back_with_its_attributes() {
        let layer = Layer::new("places", here()).unwrap();
        let layer = layer.add(&Geometry::Point([116.84, 38.32]), &properties()).unwrap();
        let layer = layer.add(&Geometry::Point([117.84, 38.32]), &properties()).unwrap();
        assert_eq!(layer.len(), 1, "what lies elsewhere is left out");
        let tile = read(layer);
        let feature = &tile.layers[0].features[0];
        assert_eq!(tile.layers[0].name, "places");
        let mut names: Vec<&str> = feature.properties.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["level", "name", "open", "share"]);
        assert!(feature.properties.contains(&("name".to_owned(), MvtValue::String("运河区".to_owned()))));
        assert!(matches!(feature.geometry, MvtGeometry::Point(_)));
    }

    #[test]
    fn an_area_is_cut_at_the_margin_and_turns_the_right_way() {
        let wide = Geometry::of_rings(&[
            vec![[100.0, 30.0], [130.0, 30.0], [130.0, 45.0], [100.0, 45.0], [100.0, 30.0]],
            vec![[116.84, 38.32], [116.85, 38.32], [116.85, 38.33], [116.84, 38.32]],
        ])
        .unwrap();
        let tile = read(Layer::new("places", here()).unwrap().add(&wide, &Map::new()).unwrap());
        let MvtGeometry::Polygon(polygon) = &tile.layers[0].features[0].geometry else { panic!("{tile:?}") };
        let bounds = polygon.exterior().0.iter().map(|corner| (corner.x, corner.y)).collect::<Vec<_>>();
        for corner in [(-64, -64), (4160, -64), (4160, 4160), (-64, 4160)] {
            assert!(bounds.contains(&corner), "{bounds:?}");
        }
        assert_eq!(polygon.interiors().len(), 1);
    }

    #[test]
    fn a_point_lies_in_one_tile_of_a_level() {
        let [west, south, east, north] = here().bounds();
        let held = |point: [f64; 2]| {
            let around = TileId::within([west, south, east, north], 11);
            around.filter(|tile| tile.holds(point)).count()
        };
        assert!(here().holds([116.84, 38.32]) && !here().holds([west, north]), "the margin is its neighbours'");
        assert_eq!((held([116.84, 38.32]), held([(west + east) / 2.0, (south + north) / 2.0])), (1, 1));
    }

    #[test]
    fn what_is_smaller_than_a_unit_is_left_out_and_a_line_parts_where_it_leaves() {
        let world = TileId::new(0, 0, 0).unwrap();
        let dot = Geometry::of_rings(&[vec![[1.0, 1.0], [1.000_1, 1.0], [1.0, 1.000_1], [1.0, 1.0]]]).unwrap();
        assert!(Layer::new("places", world).unwrap().add(&dot, &Map::new()).unwrap().is_empty());
        let [west, south, east, north] = here().bounds();
        let (middle, right, height) = ((west + east) / 2.0, west + (east - west) * 0.9, north - south);
        let away = north + height;
        let line = Geometry::Line(vec![
            [west, south],
            [middle, away],
            [right, south + height / 2.0],
            [middle, south + height / 2.0],
        ]);
        let tile = read(Layer::new("lines", here()).unwrap().add(&line, &Map::new()).unwrap());
        let MvtGeometry::MultiLineString(lines) = &tile.layers[0].features[0].geometry else { panic!("{tile:?}") };
        assert_eq!(lines.0.len(), 2);
        assert_eq!(lines.0[1].0.len(), 3, "joined where it did not leave");
    }
}

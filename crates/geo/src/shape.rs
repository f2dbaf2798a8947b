//! Lines and areas people draw or paste: read from GeoJSON or from pairs line by line, bounded, closed, and checked for
//! being a shape at all. Leaves out where they lie; the caller compares corners with its outlines.

use crate::measure::{area_m2, label_point};
use geo::{Coord, Distance, Geodesic, Intersects, LineString, MultiPolygon, Point, Polygon};
use serde_json::Value;

/// Most corners of a shape.
pub const CORNERS_MAX: usize = 1_000;
/// Smallest area, square metres: below it lies a slip of the hand.
const AREA_MIN_M2: f64 = 1.0;
/// Shortest line, metres.
const LENGTH_MIN_M: f64 = 1.0;

/// A corner: longitude and latitude.
pub type Corner = [f64; 2];

/// Why something is no shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misshapen {
    /// No pairs of longitude and latitude.
    NotCoordinates,
    /// Fewer corners than it takes.
    TooFew,
    /// More than [`CORNERS_MAX`].
    TooMany,
    /// An outline that crosses itself.
    Crossing,
    /// Too small to be meant.
    TooSmall,
}

/// A line.
///
/// # Errors
/// Why it is none.
pub fn read_line(value: &Value) -> Result<Vec<Corner>, Misshapen> {
    let line = ring(&coordinates(value, "LineString")?)?;
    if line.len() < 2 {
        return Err(Misshapen::TooFew);
    }
    if length_m(&line) < LENGTH_MIN_M { Err(Misshapen::TooSmall) } else { Ok(line) }
}

/// The rings of an area, the outer one first, each closed. A single ring may stand without the list around it.
///
/// # Errors
/// Why it is none.
pub fn read_polygon(value: &Value) -> Result<Vec<Vec<Corner>>, Misshapen> {
    let given = coordinates(value, "Polygon")?;
    let is_flat = given.get(0).and_then(|first| first.get(0)).is_some_and(Value::is_number);
    let rings: Vec<Vec<Corner>> = if is_flat {
        vec![ring(&given)?]
    } else {
        given.as_array().into_iter().flatten().map(ring).collect::<Result<_, _>>()?
    };
    if rings.iter().map(Vec::len).sum::<usize>() > CORNERS_MAX {
        return Err(Misshapen::TooMany);
    }
    let rings: Vec<Vec<Corner>> = rings.into_iter().map(closed).collect::<Result<_, _>>()?;
    if rings.is_empty() {
        return Err(Misshapen::TooFew);
    }
    if rings.iter().any(|ring| crosses_itself(ring)) {
        return Err(Misshapen::Crossing);
    }
    if polygon_area_m2(&rings) < AREA_MIN_M2 { Err(Misshapen::TooSmall) } else { Ok(rings) }
}

/// Metres between two points along the WGS-84 ellipsoid.
#[must_use]
pub fn distance_m(a: Corner, b: Corner) -> f64 {
    Geodesic.distance(point(a), point(b))
}

/// Length of a line in metres, along the ellipsoid.
#[must_use]
pub fn length_m(line: &[Corner]) -> f64 {
    line.windows(2).map(|pair| distance_m(pair[0], pair[1])).sum()
}

/// Whether an area holds a point; its border belongs to it.
#[must_use]
pub fn holds(rings: &[Vec<Corner>], corner: Corner) -> bool {
    outline(rings).intersects(&point(corner))
}

/// Area of rings in square metres, holes taken off.
#[must_use]
pub fn polygon_area_m2(rings: &[Vec<Corner>]) -> f64 {
    area_m2(&outline(rings))
}

/// A point that stands for a line or an area on a map: the corner in its middle, or a point inside.
#[must_use]
pub fn middle(shape: &Value) -> Option<Corner> {
    if let Ok(line) = read_line(shape) {
        return line.get(line.len() / 2).copied();
    }
    let inside = label_point(&outline(&read_polygon(shape).ok()?))?;
    Some([inside.x(), inside.y()])
}

fn outline(rings: &[Vec<Corner>]) -> MultiPolygon<f64> {
    let mut rings = rings.iter().map(|ring| LineString::from_iter(ring.iter().map(|[x, y]| Coord { x: *x, y: *y })));
    let outer = rings.next().unwrap_or_else(|| LineString::new(Vec::new()));
    MultiPolygon::new(vec![Polygon::new(outer, rings.collect())])
}

fn point([lon, lat]: Corner) -> Point<f64> {
    Point::new(lon, lat)
}

/// The coordinates in a geometry, a feature, a bare list, or a text with either or with one pair a line.
fn coordinates(value: &Value, kind: &str) -> Result<Value, Misshapen> {
    match value {
        Value::Array(_) => Ok(value.clone()),
        Value::Object(object) => {
            let inner = object.get("geometry").unwrap_or(value);
            let fits = inner.get("type").and_then(Value::as_str) == Some(kind);
            inner.get("coordinates").filter(|_| fits).cloned().ok_or(Misshapen::NotCoordinates)
        }
        Value::String(text) if text.trim_start().starts_with(['[', '{']) => {
            let parsed: Value = serde_json::from_str(text).map_err(|_| Misshapen::NotCoordinates)?;
            if parsed.is_string() { Err(Misshapen::NotCoordinates) } else { coordinates(&parsed, kind) }
        }
        Value::String(text) => pairs(text),
        _ => Err(Misshapen::NotCoordinates),
    }
}

/// `116.84, 38.31` line by line, or separated by semicolons.
fn pairs(text: &str) -> Result<Value, Misshapen> {
    let lines = text.split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty());
    let pairs: Option<Vec<Value>> = lines
        .take(CORNERS_MAX + 1)
        .map(|line| {
            let numbers = line.split([',', ' ', '\t']).filter(|part| !part.is_empty());
            let pair: Vec<f64> = numbers.map(|part| part.parse().ok()).collect::<Option<_>>()?;
            (pair.len() == 2).then(|| Value::from(pair))
        })
        .collect();
    pairs.map(Value::from).ok_or(Misshapen::NotCoordinates)
}

fn ring(value: &Value) -> Result<Vec<Corner>, Misshapen> {
    let items = value.as_array().ok_or(Misshapen::NotCoordinates)?;
    if items.len() > CORNERS_MAX {
        return Err(Misshapen::TooMany);
    }
    let mut corners: Vec<Corner> = Vec::with_capacity(items.len());
    for item in items {
        let next = corner(item).ok_or(Misshapen::NotCoordinates)?;
        if corners.last() != Some(&next) {
            corners.push(next);
        }
    }
    Ok(corners)
}

fn corner(value: &Value) -> Option<Corner> {
    let pair = value.as_array()?;
    let (lon, lat) = (pair.first()?.as_f64()?, pair.get(1)?.as_f64()?);
    // A third number is a height and is left out. Seven decimals are a centimetre.
    let cut = |degrees: f64| (degrees * 1e7).round() / 1e7;
    let on_earth = lon.is_finite() && lat.is_finite() && lon.abs() <= 180.0 && lat.abs() <= 90.0;
    (on_earth && pair.len() <= 3).then(|| [cut(lon), cut(lat)])
}

fn closed(mut ring: Vec<Corner>) -> Result<Vec<Corner>, Misshapen> {
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    if ring.len() < 3 {
        return Err(Misshapen::TooFew);
    }
    ring.push(ring[0]);
    Ok(ring)
}

/// Whether two sides that do not follow each other meet.
fn crosses_itself(ring: &[Corner]) -> bool {
    let sides = ring.len() - 1;
    (0..sides).any(|a| {
        (a + 2..sides).any(|b| {
            let neighbours = a == 0 && b == sides - 1;
            !neighbours && meet((ring[a], ring[a + 1]), (ring[b], ring[b + 1]))
        })
    })
}

fn meet((a, b): (Corner, Corner), (c, d): (Corner, Corner)) -> bool {
    let turn =
        |p: Corner, q: Corner, r: Corner| ((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])).signum();
    let zero = |n: f64, p: Corner, q: Corner, r: Corner| {
        let straight = (q[0] - p[0]) * (r[1] - p[1]) == (q[1] - p[1]) * (r[0] - p[0]);
        if straight { 0.0 } else { n }
    };
    let side = |p: Corner, q: Corner, r: Corner| zero(turn(p, q, r), p, q, r);
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SQUARE: [[f64; 2]; 4] = [[116.84, 38.31], [116.85, 38.31], [116.85, 38.32], [116.84, 38.32]];

    #[test]
    fn areas_are_read_in_every_spelling_and_closed() {
        let wanted = read_polygon(&json!(SQUARE)).unwrap();
        assert_eq!((wanted.len(), wanted[0].len()), (1, 5));
        let closed = json!([[[116.84, 38.31], [116.85, 38.31], [116.85, 38.32], [116.84, 38.32], [116.84, 38.31]]]);
        let text = "116.84, 38.31\n116.85 38.31;116.85,38.32\n 116.84\t38.32 ";
        for given in [
            closed.clone(),
            json!({"type": "Polygon", "coordinates": closed}),
            json!({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": closed}}),
            json!(closed.to_string()),
            json!(text),
        ] {
            assert_eq!(read_polygon(&given).as_ref(), Ok(&wanted), "{given}");
        }
        let area = polygon_area_m2(&wanted);
        assert!((area - 971_000.0).abs() < 3_000.0, "{area}");
    }

    #[test]
    fn a_line_stands_at_its_middle_corner_and_an_area_inside() {
        assert_eq!(middle(&json!(SQUARE[..3])), Some([116.85, 38.31]));
        let [x, y] = middle(&json!([SQUARE])).unwrap();
        assert!((x - 116.845).abs() < 1e-6 && (y - 38.315).abs() < 1e-6, "{x} {y}");
        assert_eq!(middle(&json!("nowhere")), None);
    }

    #[test]
    fn what_is_no_area_is_told_apart() {
        let bow = json!([[0.0, 0.0], [0.01, 0.01], [0.01, 0.0], [0.0, 0.01]]);
        let many: Vec<[f64; 2]> = (0..1001).map(|n| [f64::from(n) * 1e-4, 0.0]).collect();
        for (given, problem) in [
            (bow, Misshapen::Crossing),
            (json!([[0.0, 0.0], [0.01, 0.01]]), Misshapen::TooFew),
            (json!([]), Misshapen::TooFew),
            (json!([[0.0, 0.0], [1e-7, 0.0], [0.0, 1e-7]]), Misshapen::TooSmall),
            (json!(many), Misshapen::TooMany),
            (json!("here; there"), Misshapen::NotCoordinates),
            (json!("{\"type\": \"Point\", \"coordinates\": [1, 2]}"), Misshapen::NotCoordinates),
            (json!([[200.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), Misshapen::NotCoordinates),
            (json!(7), Misshapen::NotCoordinates),
        ] {
            assert_eq!(read_polygon(&given), Err(problem), "{given}");
        }
    }

    #[test]
    fn a_hole_is_taken_off_and_a_line_is_measured() {
        let hole = json!([SQUARE, [[116.842, 38.312], [116.848, 38.312], [116.848, 38.318], [116.842, 38.318]]]);
        let rings = read_polygon(&hole).unwrap();
        assert!(polygon_area_m2(&rings) < 0.7 * polygon_area_m2(&rings[..1]));
        let line = read_line(&json!("116.84,38.31\n116.85,38.31")).unwrap();
        assert!((length_m(&line) - 872.0).abs() < 5.0, "{}", length_m(&line));
        assert!(
            (distance_m([116.84, 38.31], [116.85, 38.31]) - 874.61).abs() < 0.05,
            "along the ellipsoid, not a ball"
        );
        assert!(!holds(&rings, [116.845, 38.315]), "in the hole");
        assert!(holds(&rings, [116.841, 38.311]) && holds(&rings, [116.84, 38.31]), "inside, and on the border");
        assert_eq!(read_line(&json!([[1.0, 1.0]])), Err(Misshapen::TooFew));
        assert_eq!(read_line(&json!([[1.0, 1.0], [1.0, 1.000_001]])), Err(Misshapen::TooSmall));
    }
}

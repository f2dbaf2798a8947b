//! Outlines for the map: fewer points, short numbers, GeoJSON geometry text. Leaves out the feature around it and tiles.
//! Each outline is thinned alone, so at a tolerance wider than a pixel neighbours may part by a hair.

use std::fmt::Write;

use geo::{LineString, MultiPolygon, Polygon, Simplify};

/// Six decimals are a tenth of a metre.
const PER_DEGREE: f64 = 1e6;

/// The outline with the points left out that lie within `tolerance` degrees of the line without them (Douglas-Peucker).
/// Every part keeps at least a triangle; holes that fall below the tolerance go. A tolerance that is not above zero changes
/// nothing.
#[must_use]
pub fn simplified(outline: &MultiPolygon<f64>, tolerance: f64) -> MultiPolygon<f64> {
    if !(tolerance > 0.0 && tolerance.is_finite()) {
        return outline.clone();
    }
    let wide = |ring: &LineString<f64>| {
        use geo::BoundingRect;
        ring.bounding_rect().is_some_and(|b| b.width() > tolerance || b.height() > tolerance)
    };
    let part = |polygon: &Polygon<f64>| {
        let holes = polygon.interiors().iter().filter(|hole| wide(hole)).cloned().collect();
        Polygon::new(polygon.exterior().clone(), holes).simplify(tolerance)
    };
    MultiPolygon(outline.iter().map(part).collect())
}

/// The outline as the text of a GeoJSON geometry with at most six decimals: a Polygon when it has one part, else a
/// MultiPolygon. Outer rings run counter-clockwise and holes clockwise, as RFC 7946 asks.
#[must_use]
pub fn geometry_json(outline: &MultiPolygon<f64>) -> String {
    use geo::orient::{Direction, Orient};
    let outline = outline.orient(Direction::Default);
    let mut text = String::new();
    match &outline.0[..] {
        [only] => {
            text.push_str(r#"{"type":"Polygon","coordinates":"#);
            push_polygon(&mut text, only);
        }
        parts => {
            text.push_str(r#"{"type":"MultiPolygon","coordinates":"#);
            push_list(&mut text, parts, push_polygon);
        }
    }
    text.push('}');
    text
}

fn push_polygon(text: &mut String, polygon: &Polygon<f64>) {
    let rings: Vec<_> = std::iter::once(polygon.exterior()).chain(polygon.interiors()).collect();
    push_list(text, &rings, |text, ring| {
        push_list(text, &ring.0, |text, c| {
            let short = |degrees: f64| (degrees * PER_DEGREE).round() / PER_DEGREE;
            // Writing to a String cannot fail.
            let _ = write!(text, "[{},{}]", short(c.x), short(c.y));
        });
    });
}

fn push_list<T>(text: &mut String, items: &[T], mut push: impl FnMut(&mut String, &T)) {
    text.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        push(text, item);
    }
    text.push(']');
}

#[cfg(test)]
mod tests {
    use geo::{CoordsIter, polygon};

    use super::*;

    #[test]
    fn points_on_a_line_go_and_corners_stay() {
        let square: MultiPolygon<f64> = polygon![
            (x: 0.0, y: 0.0), (x: 0.5, y: 0.000_01), (x: 1.0, y: 0.0), (x: 1.0, y: 1.0), (x: 0.0, y: 1.0),
        ]
        .into();
        assert_eq!(simplified(&square, 0.001).coords_count(), 5);
        assert_eq!(simplified(&square, 0.0), square);
        assert_eq!(simplified(&square, f64::NAN), square);
        assert!(simplified(&square, 100.0).coords_count() >= 4);
    }

    #[test]
    fn a_hole_below_the_tolerance_goes() {
        let mut pierced = polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 1.0, y: 1.0), (x: 0.0, y: 1.0)];
        let hole = polygon![(x: 0.5, y: 0.5), (x: 0.501, y: 0.5), (x: 0.501, y: 0.501)];
        pierced.interiors_push(hole.exterior().clone());
        assert_eq!(simplified(&pierced.clone().into(), 0.01).0[0].interiors().len(), 0);
        assert_eq!(simplified(&pierced.into(), 0.0001).0[0].interiors().len(), 1);
    }

    #[test]
    fn the_text_is_geojson_with_six_decimals() {
        let triangle = polygon![(x: 116.123_456_78, y: 38.0), (x: 117.0, y: 39.0), (x: 117.0, y: 38.0)];
        let one = geometry_json(&triangle.clone().into());
        assert_eq!(one, r#"{"type":"Polygon","coordinates":[[[116.123457,38],[117,38],[117,39],[116.123457,38]]]}"#);
        let two: serde_json::Value =
            serde_json::from_str(&geometry_json(&MultiPolygon(vec![triangle.clone(), triangle]))).unwrap();
        assert_eq!(two["type"], "MultiPolygon");
        assert_eq!(two["coordinates"].as_array().unwrap().len(), 2);
        assert_eq!(geometry_json(&MultiPolygon(vec![])), r#"{"type":"MultiPolygon","coordinates":[]}"#);
    }
}

//! Where a feature is: a point, a line or an area, in degrees of WGS-84; its box, whether it touches another, its GeoJSON.
//! Leaves out what the feature is and which axis somebody wants first.

use crate::outline::geometry_json;
use geo::{BoundingRect, Coord, Intersects, LineString, MultiPolygon, Polygon, Rect};
use serde_json::{Value, json};

/// West, south, east, north, degrees.
pub type Bounds = [f64; 4];

/// The shape of a feature.
#[derive(Clone, Debug, PartialEq)]
pub enum Geometry {
    /// Longitude and latitude.
    Point([f64; 2]),
    /// Corners in order.
    Line(Vec<[f64; 2]>),
    /// One or several areas.
    Area(MultiPolygon<f64>),
}

fn line_of(corners: &[[f64; 2]]) -> LineString<f64> {
    corners.iter().map(|corner| Coord { x: corner[0], y: corner[1] }).collect()
}

fn short(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}

impl Geometry {
    /// The area inside rings as GeoJSON has them, the outer one first; `None` without any.
    #[must_use]
    pub fn of_rings(rings: &[Vec<[f64; 2]>]) -> Option<Geometry> {
        let (outer, holes) = rings.split_first()?;
        let holes = holes.iter().map(|ring| line_of(ring)).collect();
        Some(Geometry::Area(MultiPolygon(vec![Polygon::new(line_of(outer), holes)])))
    }

    /// The smallest box around it; `None` for a shape without corners.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        let of = |rect: Rect<f64>| [rect.min().x, rect.min().y, rect.max().x, rect.max().y];
        match self {
            Geometry::Point([lon, lat]) => Some([*lon, *lat, *lon, *lat]),
            Geometry::Line(corners) => line_of(corners).bounding_rect().map(of),
            Geometry::Area(area) => area.bounding_rect().map(of),
        }
    }

    /// Whether it and a box have a point in common; a border counts. West lies east of east in a box across the 180th meridian.
    #[must_use]
    pub fn touches(&self, [west, south, east, north]: Bounds) -> bool {
        if west > east {
            return self.touches([west, south, 180.0, north]) || self.touches([-180.0, south, east, north]);
        }
        let rect = Rect::new(Coord { x: west, y: south }, Coord { x: east, y: north });
        match self {
            Geometry::Point([lon, lat]) => (west..=east).contains(lon) && (south..=north).contains(lat),
            Geometry::Line(corners) => line_of(corners).intersects(&rect),
            Geometry::Area(area) => {
                area.bounding_rect().is_some_and(|own| own.intersects(&rect)) && area.intersects(&rect)
            }
        }
    }

    /// It as a GeoJSON geometry with at most six decimals, longitude first.
    #[must_use]
    pub fn json(&self) -> Value {
        match self {
            Geometry::Point([lon, lat]) => json!({ "type": "Point", "coordinates": [short(*lon), short(*lat)] }),
            Geometry::Line(corners) => {
                let corners: Vec<[f64; 2]> = corners.iter().map(|corner| corner.map(short)).collect();
                json!({ "type": "LineString", "coordinates": corners })
            }
            // The text was written by us and reads back.
            Geometry::Area(area) => serde_json::from_str(&geometry_json(area)).unwrap_or(Value::Null),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> Geometry {
        Geometry::of_rings(&[vec![[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0], [1.0, 1.0]]]).unwrap()
    }

    #[test]
    fn boxes_are_touched_from_inside_outside_and_the_border() {
        let area = square();
        assert_eq!(area.bounds(), Some([1.0, 1.0, 3.0, 3.0]));
        for (bounds, touched) in [
            ([1.5, 1.5, 2.0, 2.0], true),
            ([0.0, 0.0, 4.0, 4.0], true),
            ([3.0, 3.0, 4.0, 4.0], true),
            ([3.1, 0.0, 4.0, 4.0], false),
            ([2.0, 0.0, 1.5, 4.0], true),
            ([170.0, 0.0, 0.5, 4.0], false),
        ] {
            assert_eq!(area.touches(bounds), touched, "{bounds:?}");
        }
        let line = Geometry::Line(vec![[0.0, 0.0], [4.0, 4.0]]);
        assert!(line.touches([1.9, 1.0, 3.0, 2.0]) && !line.touches([3.0, 0.0, 4.0, 1.0]));
        let point = Geometry::Point([2.0, 2.0]);
        assert!(point.touches([2.0, 2.0, 2.0, 2.0]) && !point.touches([2.1, 0.0, 3.0, 3.0]));
        assert_eq!(Geometry::of_rings(&[]), None);
        assert_eq!(Geometry::Line(Vec::new()).bounds(), None);
    }

    #[test]
    fn shapes_are_geojson_with_longitude_first() {
        let point = Geometry::Point([116.123_456_78, 38.0]);
        assert_eq!(point.json(), json!({ "type": "Point", "coordinates": [116.123_457, 38.0] }));
        assert_eq!(square().json()["type"], "Polygon");
        assert_eq!(square().json()["coordinates"][0].as_array().unwrap().len(), 5);
        let line = Geometry::Line(vec![[0.0, 0.0], [1.0, 2.0]]);
        assert_eq!(line.json(), json!({ "type": "LineString", "coordinates": [[0.0, 0.0], [1.0, 2.0]] }));
    }
}

//! The coordinate reference systems features are given in: longitude and latitude of WGS-84, and the two of EPSG that have
//! latitude first. CGCS2000 lies within a metre of WGS-84 and is treated as equal to it, as everywhere in the product.

use ganglion_geo::geometry::Bounds;
use serde_json::Value;

/// A coordinate reference system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crs {
    /// WGS-84, longitude first: what is meant when nothing is said.
    #[default]
    Crs84,
    /// WGS-84, latitude first.
    Epsg4326,
    /// CGCS2000, latitude first.
    Epsg4490,
}

impl Crs {
    /// Every one, in the order collections list them.
    pub const ALL: [Crs; 3] = [Crs::Crs84, Crs::Epsg4326, Crs::Epsg4490];

    /// Its address in the OGC register.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Crs::Crs84 => "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            Crs::Epsg4326 => "http://www.opengis.net/def/crs/EPSG/0/4326",
            Crs::Epsg4490 => "http://www.opengis.net/def/crs/EPSG/0/4490",
        }
    }

    /// The one at an address; `[EPSG:4490]` is understood as well.
    #[must_use]
    pub fn parse(text: &str) -> Option<Crs> {
        let short = |crs: Crs| match crs {
            Crs::Crs84 => "[OGC:CRS84]",
            Crs::Epsg4326 => "[EPSG:4326]",
            Crs::Epsg4490 => "[EPSG:4490]",
        };
        Crs::ALL.into_iter().find(|crs| text == crs.uri() || text == short(*crs))
    }

    /// Whether latitude comes first.
    #[must_use]
    pub fn is_turned(self) -> bool {
        self != Crs::Crs84
    }

    /// A box written in it, with longitude first.
    #[must_use]
    pub fn bounds(self, [a, b, c, d]: Bounds) -> Bounds {
        if self.is_turned() { [b, a, d, c] } else { [a, b, c, d] }
    }

    /// A geometry with longitude first, as it is written in it.
    #[must_use]
    pub fn written(self, mut geometry: Value) -> Value {
        if self.is_turned()
            && let Some(coordinates) = geometry.get_mut("coordinates")
        {
            turn(coordinates);
        }
        geometry
    }
}

/// Changes the places of the two numbers of every corner.
fn turn(coordinates: &mut Value) {
    let Value::Array(items) = coordinates else { return };
    match items.as_mut_slice() {
        [Value::Number(a), Value::Number(b)] => std::mem::swap(a, b),
        items => items.iter_mut().for_each(turn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn systems_are_known_by_address_and_turn_what_they_have_to() {
        for crs in Crs::ALL {
            assert_eq!(Crs::parse(crs.uri()), Some(crs));
        }
        assert_eq!((Crs::parse("[EPSG:4490]"), Crs::parse("EPSG:3857")), (Some(Crs::Epsg4490), None));
        assert_eq!(Crs::Epsg4326.bounds([38.0, 116.0, 39.0, 117.0]), [116.0, 38.0, 117.0, 39.0]);
        let line = json!({ "type": "LineString", "coordinates": [[116.0, 38.0], [117.0, 39.0]] });
        assert_eq!(Crs::Crs84.written(line.clone()), line);
        assert_eq!(Crs::Epsg4490.written(line)["coordinates"], json!([[38.0, 116.0], [39.0, 117.0]]));
        assert_eq!(Crs::Epsg4326.written(Value::Null), Value::Null);
    }
}

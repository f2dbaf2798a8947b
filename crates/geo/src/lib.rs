//! Where things are: the datums points arrive in, which places hold a point and which lie just across a border, outlines
//! read from GeoJSON, the shapes of features with the tiles they are drawn in, and the few measurements the pages need. Leaves
//! out dates and names of places (the caller builds one index per edition and keeps keys), storage, and anything that crosses
//! the 180th meridian.

pub mod datum;
pub mod geojson;
pub mod geometry;
pub mod index;
pub mod measure;
pub mod metres;
pub mod outline;
pub mod shape;
pub mod tile;

pub use datum::{Datum, from_wgs84, to_wgs84};
pub use geo::{MultiPolygon, Point};
pub use geometry::Geometry;
pub use index::{IndexError, Lookup, PlaceIndex};

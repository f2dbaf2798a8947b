//! The place index: which places hold a point, layer by layer, and which lie within a few metres. Built once per edition of
//! the boundaries and then only read, so it can be shared between threads. Leaves out what a place is: a key stands for it.

mod layer;
mod raster;
mod shapes;

use std::collections::BTreeMap;

use geo::{MultiPolygon, Point, Rect};
use thiserror::Error;

use crate::measure::label_point;
use layer::Layer;

/// Why an index could not be built; `level` and `key` name the place.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum IndexError {
    /// A coordinate that is not a finite number of degrees in [-180, 180] and [-90, 90].
    #[error("place {key} of level {level} has a coordinate that is not a longitude and latitude")]
    NotDegrees {
        /// The layer.
        level: u8,
        /// The place.
        key: u64,
    },
    /// The same key twice in one layer.
    #[error("place {key} is in level {level} twice")]
    Twice {
        /// The layer.
        level: u8,
        /// The place.
        key: u64,
    },
    /// A layer so large that its parts cannot be numbered in 31 bits.
    #[error("level {level} has too many places or edges")]
    TooLarge {
        /// The layer.
        level: u8,
    },
}

/// What one layer says about a point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lookup {
    /// The place that holds the point; `None` outside every place.
    pub here: Option<u64>,
    /// Every other place within the tolerance, nearest first (equal distances by key), with the metres to its boundary, to
    /// the millimetre. A place that also holds the point, because outlines overlap, is there with 0.
    pub near: Vec<(u64, f64)>,
}

/// Point to place over any number of layers. Points are WGS-84 degrees, longitude as x.
///
/// One layer gives at most one answer for a point: the place with the point strictly inside, else, on a border, the place
/// with the smallest key among those that touch it. The order of building plays no part. Sides are decided exactly, so
/// neighbours that share their vertices leave no gap and no doubt between them.
#[derive(Debug)]
pub struct PlaceIndex {
    layers: Vec<Layer>,
    /// By level and key.
    middles: BTreeMap<(u8, u64), Point<f64>>,
}

impl PlaceIndex {
    /// Builds the index from (key, level, outline). Inside one outline the parts may touch or overlap, and holes are holes;
    /// a place with an empty outline is accepted and holds nothing.
    ///
    /// # Errors
    /// [`IndexError`] at the first place that cannot be indexed.
    pub fn build(places: impl IntoIterator<Item = (u64, u8, MultiPolygon<f64>)>) -> Result<Self, IndexError> {
        let mut levels: BTreeMap<u8, BTreeMap<u64, MultiPolygon<f64>>> = BTreeMap::new();
        for (key, level, outline) in places {
            if !in_degrees(&outline) {
                return Err(IndexError::NotDegrees { level, key });
            }
            if levels.entry(level).or_default().insert(key, outline).is_some() {
                return Err(IndexError::Twice { level, key });
            }
        }
        let all = levels.iter().flat_map(|(level, places)| places.iter().map(|(key, one)| ((*level, *key), one)));
        let middles = all.filter_map(|(at, outline)| Some((at, label_point(outline)?))).collect();
        let layers = levels
            .into_iter()
            .map(|(level, places)| Layer::build(level, places).ok_or(IndexError::TooLarge { level }))
            .collect::<Result<_, _>>()?;
        Ok(Self { layers, middles })
    }

    /// The levels indexed, ascending.
    pub fn levels(&self) -> impl Iterator<Item = u8> {
        self.layers.iter().map(|layer| layer.level)
    }

    /// The box around all outlines of a level; `None` for a level that is not there or is empty.
    #[must_use]
    pub fn bounds(&self, level: u8) -> Option<Rect<f64>> {
        self.layer(level)?.bounds()
    }

    /// A point in the middle of a place's outline, inside it; `None` for a place without one.
    #[must_use]
    pub fn middle(&self, level: u8, key: u64) -> Option<Point<f64>> {
        self.middles.get(&(level, key)).copied()
    }

    /// The place of `level` that holds the point.
    #[must_use]
    pub fn at(&self, level: u8, point: Point<f64>) -> Option<u64> {
        self.layer(level)?.at(point)
    }

    /// The holder in every layer that has one, as (level, key), levels ascending. Allocates nothing.
    pub fn all_at(&self, point: Point<f64>) -> impl Iterator<Item = (u8, u64)> {
        self.layers.iter().filter_map(move |layer| Some((layer.level, layer.at(point)?)))
    }

    /// The holder of the point in one layer and every other place whose boundary is within `tolerance` metres, which is how
    /// a reporter near a border gets to choose. Works outside every place too. A tolerance below zero or not a number finds
    /// no neighbour.
    #[must_use]
    pub fn lookup(&self, level: u8, point: Point<f64>, tolerance: f64) -> Lookup {
        self.layer(level).map(|layer| layer.lookup(point, tolerance)).unwrap_or_default()
    }

    fn layer(&self, level: u8) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.level == level)
    }
}

fn in_degrees(outline: &MultiPolygon<f64>) -> bool {
    use geo::CoordsIter;
    outline.coords_iter().all(|c| c.x.abs() <= 180.0 && c.y.abs() <= 90.0)
}

#[cfg(test)]
mod tests {
    use geo::{Polygon, polygon};

    use super::*;

    fn square(x: f64, y: f64, side: f64) -> Polygon<f64> {
        polygon![(x: x, y: y), (x: x + side, y: y), (x: x + side, y: y + side), (x: x, y: y + side)]
    }

    #[test]
    fn a_coordinate_that_is_no_degree_is_refused_by_name() {
        for wrong in [f64::NAN, f64::INFINITY, 200.0] {
            let outline = MultiPolygon::from(square(wrong, 0.0, 1.0));
            let error = PlaceIndex::build([(7, 3, outline)]).unwrap_err();
            assert_eq!(error, IndexError::NotDegrees { level: 3, key: 7 });
        }
    }

    #[test]
    fn a_key_twice_in_a_layer_is_refused_but_not_in_two_layers() {
        let outline = MultiPolygon::from(square(0.0, 0.0, 1.0));
        let twice = PlaceIndex::build([(7, 3, outline.clone()), (7, 3, outline.clone())]).unwrap_err();
        assert_eq!(twice, IndexError::Twice { level: 3, key: 7 });
        let index = PlaceIndex::build([(7, 3, outline.clone()), (7, 2, outline)]).unwrap();
        assert_eq!(index.levels().collect::<Vec<_>>(), [2, 3]);
        assert_eq!(index.all_at(Point::new(0.5, 0.5)).collect::<Vec<_>>(), [(2, 7), (3, 7)]);
    }

    #[test]
    fn an_empty_index_an_empty_outline_and_odd_points_hold_nothing() {
        let empty = PlaceIndex::build([]).unwrap();
        assert_eq!(empty.at(0, Point::new(0.0, 0.0)), None);
        let hollow = PlaceIndex::build([(1, 0, MultiPolygon(vec![]))]).unwrap();
        assert_eq!(hollow.at(0, Point::new(0.0, 0.0)), None);
        assert_eq!(hollow.bounds(0), None);
        let index = PlaceIndex::build([(1, 0, MultiPolygon::from(square(0.0, 0.0, 1.0)))]).unwrap();
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308] {
            assert_eq!(index.at(0, Point::new(x, 0.5)), None);
            assert_eq!(index.lookup(0, Point::new(0.5, x), 30.0), Lookup::default());
        }
    }

    #[test]
    fn holes_belong_to_whoever_fills_them() {
        let mut ring = square(0.0, 0.0, 3.0);
        ring.interiors_push(square(1.0, 1.0, 1.0).exterior().clone());
        let index = PlaceIndex::build([(1, 0, ring.into()), (2, 0, square(1.0, 1.0, 0.5).into())]).unwrap();
        assert_eq!(index.at(0, Point::new(0.5, 0.5)), Some(1));
        assert_eq!(index.at(0, Point::new(1.25, 1.25)), Some(2));
        assert_eq!(index.at(0, Point::new(1.75, 1.75)), None);
        assert_eq!(index.at(0, Point::new(1.0, 1.0)), Some(1));
    }

    #[test]
    fn overlapping_parts_of_one_place_do_not_cancel_out() {
        let outline = MultiPolygon(vec![square(0.0, 0.0, 2.0), square(1.0, 1.0, 2.0)]);
        let index = PlaceIndex::build([(1, 0, outline)]).unwrap();
        for (x, y) in [(0.5, 0.5), (1.5, 1.5), (2.5, 2.5), (2.0, 2.0), (1.0, 1.5)] {
            assert_eq!(index.at(0, Point::new(x, y)), Some(1), "{x} {y}");
        }
        assert_eq!(index.at(0, Point::new(0.5, 2.5)), None);
    }

    #[test]
    fn borders_and_overlaps_go_to_the_smallest_key_whatever_the_order() {
        let places = [
            (9, 0, square(0.0, 0.0, 1.0).into()),
            (4, 0, square(1.0, 0.0, 1.0).into()),
            (5, 0, square(1.5, 0.0, 1.0).into()),
        ];
        let mut turned = places.clone();
        turned.reverse();
        for set in [places, turned] {
            let index = PlaceIndex::build(set).unwrap();
            assert_eq!(index.at(0, Point::new(1.0, 0.5)), Some(4), "shared border");
            assert_eq!(index.at(0, Point::new(1.0, 1.0)), Some(4), "shared vertex");
            assert_eq!(index.at(0, Point::new(0.0, 0.0)), Some(9), "outer corner");
            assert_eq!(index.at(0, Point::new(1.75, 0.5)), Some(4), "overlap");
            assert_eq!(index.at(0, Point::new(2.0, 0.5)), Some(5), "inside one beats the border of another");
            let both = index.lookup(0, Point::new(1.75, 0.5), 30.0);
            assert_eq!(both, Lookup { here: Some(4), near: vec![(5, 0.0)] });
        }
    }
}

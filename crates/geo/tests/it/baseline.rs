//! The plain way to find the place of a point, an R-tree of boxes and a containment test: the oracle of the index and what
//! its speed is measured against. Says nothing about distances.

use geo::{BoundingRect, Contains, Intersects, MultiPolygon, Point};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

pub struct Baseline {
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
    places: Vec<(u64, MultiPolygon<f64>)>,
}

impl Baseline {
    pub fn build(places: Vec<(u64, MultiPolygon<f64>)>) -> Self {
        let boxed = places.iter().enumerate().filter_map(|(at, (_, outline))| {
            let rect = outline.bounding_rect()?;
            Some(GeomWithData::new(Rectangle::from_corners(rect.min().x_y().into(), rect.max().x_y().into()), at))
        });
        Self { tree: RTree::bulk_load(boxed.collect()), places }
    }

    /// A place with the point strictly inside.
    pub fn at(&self, point: Point<f64>) -> Option<u64> {
        self.boxes_at(point).find(|(_, outline)| outline.contains(&point)).map(|(key, _)| *key)
    }

    /// Every place with the point inside or on its border, ascending.
    pub fn touching(&self, point: Point<f64>) -> Vec<u64> {
        let held = self.boxes_at(point).filter(|(_, outline)| outline.intersects(&point));
        let mut keys: Vec<u64> = held.map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys
    }

    fn boxes_at(&self, point: Point<f64>) -> impl Iterator<Item = &(u64, MultiPolygon<f64>)> {
        let envelope = AABB::from_point([point.x(), point.y()]);
        self.tree.locate_in_envelope_intersecting(&envelope).map(|entry| &self.places[entry.data])
    }
}

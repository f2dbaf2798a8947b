//! What pages and checks measure of an outline: area, box, where to put its label, and how far one outline sticks out of
//! another. Leaves out lengths of roads and routes.

use geo::{
    Area, BooleanOps, BoundingRect, Centroid, Contains, CoordsIter, GeodesicArea, InteriorPoint, LinesIter,
    MultiPolygon, Point, Polygon, Rect,
};

use crate::metres::Scale;

/// Area in square metres on the WGS-84 ellipsoid, holes taken off. Parts that overlap are counted twice.
#[must_use]
pub fn area_m2(outline: &MultiPolygon<f64>) -> f64 {
    // Ring by ring without sign: files disagree about which way round a ring runs.
    let ring = |ring: &geo::LineString<f64>| Polygon::new(ring.clone(), Vec::new()).geodesic_area_signed().abs();
    outline.iter().map(|part| ring(part.exterior()) - part.interiors().iter().map(ring).sum::<f64>()).sum()
}

/// The smallest box of degrees around an outline; `None` for an empty one.
#[must_use]
pub fn bounds(outline: &MultiPolygon<f64>) -> Option<Rect<f64>> {
    outline.bounding_rect()
}

/// A point inside the outline for its label: the centroid of the largest part where that is inside, else a point well inside
/// on a level line through it. `None` for an outline without area.
#[must_use]
pub fn label_point(outline: &MultiPolygon<f64>) -> Option<Point<f64>> {
    let largest = outline.iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()))?;
    if largest.unsigned_area() <= 0.0 {
        return None;
    }
    largest.centroid().filter(|centre| largest.contains(centre)).or_else(|| largest.interior_point())
}

/// How far, in metres, `inner` sticks out of `outer`: 0 when it lies inside or on the border, the distance to the nearest
/// border of `outer` at the farthest corner otherwise. With an empty `outer` and an `inner` that is not, infinite. Rounded
/// coordinates make a neighbour's edge stray by a metre or two, so callers compare with a tolerance of some metres.
#[must_use]
pub fn overhang_m(inner: &MultiPolygon<f64>, outer: &MultiPolygon<f64>) -> f64 {
    let outside = inner.difference(outer);
    let corner = |c: geo::Coord<f64>| {
        let scale = Scale::at(c.y);
        outer.lines_iter().map(|line| scale.to_edge(c.into(), line.start, line.end)).fold(f64::INFINITY, f64::min)
    };
    // The clipping works on a finer lattice than a millimetre; what it leaves below that is not overhang.
    let farthest = outside.coords_iter().map(corner).fold(0.0, f64::max);
    if farthest < 1e-3 { 0.0 } else { farthest }
}

#[cfg(test)]
mod tests {
    use geo::polygon;

    use super::*;

    fn rectangle(x: f64, y: f64, width: f64, height: f64) -> Polygon<f64> {
        polygon![(x: x, y: y), (x: x + width, y: y), (x: x + width, y: y + height), (x: x, y: y + height)]
    }

    #[test]
    fn area_takes_off_holes_whichever_way_the_rings_run() {
        let full: MultiPolygon<f64> = rectangle(116.0, 38.0, 0.1, 0.1).into();
        let hole = rectangle(116.02, 38.02, 0.02, 0.02);
        let mut pierced = rectangle(116.0, 38.0, 0.1, 0.1);
        pierced.interiors_push(hole.exterior().clone());
        let mut turned = full.0[0].exterior().clone();
        turned.0.reverse();
        let expected = area_m2(&full) - area_m2(&hole.into());
        assert!((area_m2(&pierced.into()) - expected).abs() < 1.0);
        assert!((area_m2(&Polygon::new(turned, vec![]).into()) - area_m2(&full)).abs() < 1e-3);
    }

    #[test]
    fn a_label_is_inside_even_a_horseshoe_and_on_the_largest_part() {
        let horseshoe = polygon![
            (x: 0.0, y: 0.0), (x: 3.0, y: 0.0), (x: 3.0, y: 3.0), (x: 2.5, y: 3.0), (x: 2.5, y: 0.5),
            (x: 0.5, y: 0.5), (x: 0.5, y: 3.0), (x: 0.0, y: 3.0),
        ];
        let both = MultiPolygon(vec![rectangle(10.0, 0.0, 0.1, 0.1), horseshoe.clone()]);
        assert!(horseshoe.contains(&label_point(&both).unwrap()));
        assert_eq!(label_point(&MultiPolygon(vec![])), None);
        assert_eq!(label_point(&rectangle(0.0, 0.0, 1.0, 0.0).into()), None);
    }

    #[test]
    fn overhang_is_the_metres_past_the_border() {
        let outer: MultiPolygon<f64> = rectangle(116.0, 38.0, 0.1, 0.1).into();
        assert_eq!(overhang_m(&rectangle(116.02, 38.02, 0.01, 0.01).into(), &outer), 0.0);
        assert_eq!(overhang_m(&outer, &outer), 0.0);
        let (out_by, scale) = (0.000_05, Scale::at(38.05));
        let over = overhang_m(&rectangle(116.05, 38.05, 0.05 + out_by, 0.01).into(), &outer);
        assert!((over - out_by * scale.lon).abs() < 0.05, "{over}");
        assert_eq!(overhang_m(&outer, &MultiPolygon(vec![])), f64::INFINITY);
        assert_eq!(overhang_m(&MultiPolygon(vec![]), &outer), 0.0);
    }
}

//! Degrees to metres near one place: the length of a degree on the WGS-84 ellipsoid at a latitude, and distances to edges
//! on that local plane. Good to a part in ten thousand over a few kilometres; not for distances between cities.

use geo::{Coord, Point};

/// Metres to a degree of longitude and of latitude around one latitude.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Metres in one degree of longitude.
    pub lon: f64,
    /// Metres in one degree of latitude.
    pub lat: f64,
}

impl Scale {
    /// The lengths at `latitude` degrees (series for the WGS-84 ellipsoid, good to a centimetre a degree).
    #[must_use]
    pub fn at(latitude: f64) -> Self {
        let phi = latitude.to_radians();
        Self {
            lon: 111_412.84 * phi.cos() - 93.5 * (3.0 * phi).cos() + 0.118 * (5.0 * phi).cos(),
            lat: 111_132.954 - 559.822 * (2.0 * phi).cos() + 1.175 * (4.0 * phi).cos(),
        }
    }

    /// Metres from `point` to the nearest point of the edge `a`–`b`.
    #[must_use]
    pub fn to_edge(self, point: Point<f64>, a: Coord<f64>, b: Coord<f64>) -> f64 {
        let (ax, ay) = ((a.x - point.x()) * self.lon, (a.y - point.y()) * self.lat);
        let (dx, dy) = ((b.x - a.x) * self.lon, (b.y - a.y) * self.lat);
        let length2 = dx * dx + dy * dy;
        let along = if length2 > 0.0 { (-(ax * dx + ay * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
        (ax + along * dx).hypot(ay + along * dy)
    }

    /// Metres between two points.
    #[must_use]
    pub fn between(self, a: Point<f64>, b: Point<f64>) -> f64 {
        ((b.x() - a.x()) * self.lon).hypot((b.y() - a.y()) * self.lat)
    }
}

#[cfg(test)]
mod tests {
    use geo::{Distance, Geodesic};

    use super::*;

    #[test]
    fn a_few_kilometres_agree_with_the_geodesic() {
        let here = Point::new(116.84, 38.31);
        for (dx, dy) in [(0.0003, 0.0), (0.0, 0.0003), (0.01, -0.02), (-0.03, 0.01)] {
            let there = Point::new(here.x() + dx, here.y() + dy);
            let exact = Geodesic.distance(here, there);
            let ours = Scale::at(here.y()).between(here, there);
            assert!((ours - exact).abs() <= exact * 3e-4, "{ours} {exact}");
        }
    }

    #[test]
    fn distance_to_an_edge_is_to_its_nearest_point() {
        let scale = Scale { lon: 1.0, lat: 1.0 };
        let (a, b) = (Coord { x: 0.0, y: 0.0 }, Coord { x: 10.0, y: 0.0 });
        assert_eq!(scale.to_edge(Point::new(4.0, 3.0), a, b), 3.0);
        assert_eq!(scale.to_edge(Point::new(13.0, 4.0), a, b), 5.0);
        assert_eq!(scale.to_edge(Point::new(3.0, 4.0), a, a), 5.0);
    }
}

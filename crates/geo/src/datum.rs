//! The four datums a point may arrive in, and the way from each to WGS-84, which is what the system keeps. Leaves out
//! heights and surveyed grids (Gauss-Krueger): those are converted before import.
//!
//! GCJ-02 has no published definition; the series below is the one in common use, which agrees with what phone maps return
//! to about a metre. BD-09 is a second shift on top of GCJ-02.

use std::f64::consts::PI;

use geo::Point;

/// Semi-major axis of the Krasovsky 1940 ellipsoid in metres, on which the GCJ-02 shift is computed.
const KRASOVSKY_AXIS: f64 = 6_378_245.0;
/// Its first eccentricity, squared.
const KRASOVSKY_E2: f64 = 0.006_693_421_622_965_943;
/// Where the shift applies; outside this box of degrees maps use WGS-84 as it is.
const SHIFTED: (f64, f64, f64, f64) = (72.004, 0.8293, 137.8347, 55.8271);
/// The inverse shrinks its error at least thirty-fold a round, so this is far past the last bit that can change.
const ROUNDS: usize = 16;

/// The datum of a pair of degrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Datum {
    /// GPS, and what the system stores.
    Wgs84,
    /// The national datum of surveys (GB 22021); within a metre of WGS-84 and treated as equal to it.
    Cgcs2000,
    /// The shifted datum of maps published in mainland China.
    Gcj02,
    /// GCJ-02 shifted once more by one map company.
    Bd09,
}

impl Datum {
    /// Every datum, in the order of declaration.
    pub const ALL: [Self; 4] = [Self::Wgs84, Self::Cgcs2000, Self::Gcj02, Self::Bd09];

    /// The datum with this name as [`Datum::as_str`] writes it; anything else is `None`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|datum| datum.as_str() == name)
    }

    /// `wgs84`, `cgcs2000`, `gcj02` or `bd09`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wgs84 => "wgs84",
            Self::Cgcs2000 => "cgcs2000",
            Self::Gcj02 => "gcj02",
            Self::Bd09 => "bd09",
        }
    }
}

impl std::fmt::Display for Datum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The WGS-84 position (degrees, longitude as x) of a point given in `datum`. The inverse shifts are solved to better than
/// 1e-9 degrees. A point that is not finite comes back not finite.
#[must_use]
pub fn to_wgs84(datum: Datum, point: Point<f64>) -> Point<f64> {
    match datum {
        Datum::Wgs84 | Datum::Cgcs2000 => point,
        Datum::Gcj02 => invert(wgs84_to_gcj02, point),
        Datum::Bd09 => invert(wgs84_to_gcj02, invert(gcj02_to_bd09, point)),
    }
}

/// The position in `datum` of a WGS-84 point: what a map in that datum would show. The counterpart of [`to_wgs84`].
#[must_use]
pub fn from_wgs84(datum: Datum, point: Point<f64>) -> Point<f64> {
    match datum {
        Datum::Wgs84 | Datum::Cgcs2000 => point,
        Datum::Gcj02 => wgs84_to_gcj02(point),
        Datum::Bd09 => gcj02_to_bd09(wgs84_to_gcj02(point)),
    }
}

/// Fixed-point search for the point that `forward` sends to `target`. Both shifts change slowly (their slope is below 0.03),
/// so each round multiplies the error by that.
fn invert(forward: fn(Point<f64>) -> Point<f64>, target: Point<f64>) -> Point<f64> {
    let mut guess = target;
    for _ in 0..ROUNDS {
        let next = guess + (target - forward(guess));
        if next == guess {
            break;
        }
        guess = next;
    }
    guess
}

fn wgs84_to_gcj02(point: Point<f64>) -> Point<f64> {
    let (west, south, east, north) = SHIFTED;
    let (lon, lat) = point.x_y();
    if !(west..=east).contains(&lon) || !(south..=north).contains(&lat) {
        return point;
    }
    let (east_m, north_m) = shift_metres(lon - 105.0, lat - 35.0);
    let phi = lat.to_radians();
    let root = (1.0 - KRASOVSKY_E2 * phi.sin() * phi.sin()).sqrt();
    let meridian = KRASOVSKY_AXIS * (1.0 - KRASOVSKY_E2) / (root * root * root);
    let parallel = KRASOVSKY_AXIS / root * phi.cos();
    Point::new(lon + (east_m / parallel).to_degrees(), lat + (north_m / meridian).to_degrees())
}

/// The shift in metres to the east and north, as a series in degrees from 105 E 35 N.
fn shift_metres(x: f64, y: f64) -> (f64, f64) {
    let wave = |amplitude: f64, argument: f64| amplitude * (argument * PI).sin();
    let ripple = wave(20.0, 6.0 * x) + wave(20.0, 2.0 * x);
    let root = x.abs().sqrt();
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + (ripple + wave(20.0, x) + wave(40.0, x / 3.0) + wave(150.0, x / 12.0) + wave(300.0, x / 30.0)) * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + (ripple + wave(20.0, y) + wave(40.0, y / 3.0) + wave(160.0, y / 12.0) + wave(320.0, y / 30.0)) * 2.0 / 3.0;
    (east, north)
}

fn gcj02_to_bd09(point: Point<f64>) -> Point<f64> {
    const FREQUENCY: f64 = PI * 3000.0 / 180.0;
    let (lon, lat) = point.x_y();
    let radius = lon.hypot(lat) + 0.000_02 * (lat * FREQUENCY).sin();
    let angle = lat.atan2(lon) + 0.000_003 * (lon * FREQUENCY).cos();
    Point::new(radius * angle.cos() + 0.0065, radius * angle.sin() + 0.006)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn degrees_apart(a: Point<f64>, b: Point<f64>) -> f64 {
        (a.x() - b.x()).abs().max((a.y() - b.y()).abs())
    }

    #[test]
    fn names_read_back_and_others_do_not() {
        for datum in Datum::ALL {
            assert_eq!(Datum::parse(datum.as_str()), Some(datum));
        }
        for wrong in ["", "WGS84", "gcj-02", "epsg:4326"] {
            assert_eq!(Datum::parse(wrong), None);
        }
    }

    #[test]
    fn published_pairs_come_out() {
        // (WGS-84, GCJ-02) as printed by widely used converters; two of them take another axis, hence the metre.
        let pairs = [
            ((116.404, 39.915), (116.410_244_499_169_38, 39.916_404_281_501_64), 1e-9),
            ((121.527_210_6, 31.177_427_6), (121.531_541_859_215, 31.175_303_983_645_97), 1e-5),
            ((113.912_316, 22.543_847), (113.917_176_480_836_3, 22.540_796_131_694_766), 1e-5),
            ((116.377_817, 39.911_954), (116.384_047_224_556_57, 39.913_345_455_360_69), 1e-5),
        ];
        for (wgs, gcj, tolerance) in pairs {
            let (wgs, gcj) = (Point::from(wgs), Point::from(gcj));
            assert!(degrees_apart(from_wgs84(Datum::Gcj02, wgs), gcj) < tolerance);
            assert!(degrees_apart(to_wgs84(Datum::Gcj02, gcj), wgs) < tolerance);
        }
        let bd = gcj02_to_bd09(Point::new(116.404, 39.915));
        assert!(degrees_apart(bd, Point::new(116.410_369_493_710_29, 39.921_336_993_510_21)) < 1e-9);
    }

    #[test]
    fn the_shift_at_cangzhou_is_half_a_kilometre_east() {
        let shifted = from_wgs84(Datum::Gcj02, Point::new(116.84, 38.31));
        let east_m = (shifted.x() - 116.84) * 87_400.0;
        assert!((400.0..700.0).contains(&east_m), "{east_m}");
    }

    #[test]
    fn outside_the_shifted_box_nothing_moves() {
        for far in [Point::new(2.35, 48.85), Point::new(-74.0, 40.7), Point::new(151.2, -33.9)] {
            assert_eq!(from_wgs84(Datum::Gcj02, far), far);
            assert_eq!(to_wgs84(Datum::Gcj02, far), far);
        }
    }

    #[test]
    fn a_point_that_is_not_finite_does_not_hang_or_panic() {
        for datum in Datum::ALL {
            assert!(to_wgs84(datum, Point::new(f64::NAN, 38.0)).x().is_nan());
            assert!(!to_wgs84(datum, Point::new(f64::INFINITY, 38.0)).x().is_finite());
        }
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_point(lon in 73.0..135.0, lat in 3.0..54.0) {
            let point = Point::new(lon, lat);
            for datum in Datum::ALL {
                prop_assert!(degrees_apart(to_wgs84(datum, from_wgs84(datum, point)), point) < 1e-9);
                prop_assert!(degrees_apart(from_wgs84(datum, to_wgs84(datum, point)), point) < 1e-9);
            }
        }
    }
}

//! Points, lines and areas: WGS-84 coordinates that make a shape and lie in the area served.

use super::value::{Read, with};
use super::{FormContext, finding};
use crate::world::Places;
use ganglion_geo::Point;
use ganglion_geo::shape::{CORNERS_MAX, Corner, Misshapen, read_line, read_polygon};
use ganglion_model::FieldFinding;
use ganglion_model::pack::Field;
use ganglion_model::units::half_width;
use serde_json::Value;

pub fn point(field: &Field, given: &Value) -> Read {
    let pair: Option<Vec<f64>> = match given {
        Value::Array(items) => items.iter().map(Value::as_f64).collect(),
        Value::String(text) => {
            half_width(text).split([',', ' ']).filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect()
        }
        _ => None,
    };
    match pair.as_deref() {
        Some(&[lon, lat]) if lon.is_finite() && lat.is_finite() && lon.abs() <= 180.0 && lat.abs() <= 90.0 => {
            // Seven decimals are a centimetre; more would only be noise in the journal.
            let cut = |degrees: f64| (degrees * 1e7).round() / 1e7;
            let [lon, lat] = field.round_m.map_or([lon, lat], |metres| rounded([lon, lat], f64::from(metres)));
            Ok(Value::from(vec![cut(lon), cut(lat)]))
        }
        _ => Err(finding(field, "not_a_point")),
    }
}

/// The nearest corner of a net of squares so many metres wide: where exactly it was is not kept anywhere.
fn rounded([lon, lat]: Corner, metres: f64) -> Corner {
    const METRES_A_DEGREE: f64 = 111_320.0;
    let to = |degrees: f64, step: f64| (degrees / step).round() * step;
    let step = metres / METRES_A_DEGREE;
    let lat = to(lat, step).clamp(-90.0, 90.0);
    // Degrees of longitude are shorter away from the equator; at the poles all of them are one point.
    let shorter = lat.to_radians().cos().max(0.01);
    [to(lon, step / shorter).clamp(-180.0, 180.0), lat]
}

pub fn line(context: &FormContext<'_>, field: &Field, given: &Value) -> Read {
    let line = read_line(&plain(given)).map_err(|bad| misshapen(field, bad))?;
    served(context, field, &line)?;
    Ok(Value::from(line.iter().map(|corner| Value::from(corner.to_vec())).collect::<Vec<_>>()))
}

pub fn polygon(context: &FormContext<'_>, field: &Field, given: &Value) -> Read {
    let rings = read_polygon(&plain(given)).map_err(|bad| misshapen(field, bad))?;
    served(context, field, rings.first().map(Vec::as_slice).unwrap_or_default())?;
    let ring =
        |ring: &Vec<Corner>| Value::from(ring.iter().map(|corner| Value::from(corner.to_vec())).collect::<Vec<_>>());
    Ok(Value::from(rings.iter().map(ring).collect::<Vec<_>>()))
}

fn plain(given: &Value) -> Value {
    given.as_str().map_or_else(|| given.clone(), |text| Value::String(half_width(text)))
}

fn misshapen(field: &Field, bad: Misshapen) -> FieldFinding {
    match bad {
        Misshapen::NotCoordinates => finding(field, "not_a_shape"),
        Misshapen::TooFew => finding(field, "shape_too_few"),
        Misshapen::TooMany => with(field, "shape_too_many", "max", CORNERS_MAX),
        Misshapen::Crossing => finding(field, "shape_crossing"),
        Misshapen::TooSmall => finding(field, "shape_too_small"),
    }
}

/// Every corner must lie in a county of the installation, as far as their outlines are known.
fn served(context: &FormContext<'_>, field: &Field, corners: &[Corner]) -> Result<(), FieldFinding> {
    let places = &context.world.places;
    let county = Places::layer(ganglion_model::Level::County);
    if places.index.bounds(county).is_none() {
        return Ok(());
    }
    let outside = |[lon, lat]: &Corner| places.index.at(county, Point::new(*lon, *lat)).is_none();
    if corners.iter().any(outside) { Err(finding(field, "outside")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rounded_point_is_near_and_the_same_for_all_who_stand_close_together() {
        let metres = |a: Corner, b: Corner| {
            let east = (a[0] - b[0]) * 111_320.0 * a[1].to_radians().cos();
            east.hypot((a[1] - b[1]) * 111_320.0)
        };
        let exact = [116.838_612_3, 38.310_641_7];
        let kept = rounded(exact, 100.0);
        assert!(metres(exact, kept) <= 71.0 && kept != exact, "within half a diagonal");
        let beside = [exact[0] + 0.000_001, exact[1] - 0.000_001];
        assert_eq!(rounded(beside, 100.0), kept, "who stands beside is kept at the same place");
        assert_eq!(rounded(kept, 100.0).map(|n| (n * 1e7).round()), kept.map(|n| (n * 1e7).round()), "it stays");
        for pole in [[0.0, 90.0], [180.0, -90.0], [-180.0, 0.0]] {
            assert!(rounded(pole, 1_000.0).iter().all(|n| n.is_finite()), "{pole:?}");
        }
    }
}

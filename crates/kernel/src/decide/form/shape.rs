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
            Ok(Value::from(vec![cut(lon), cut(lat)]))
        }
        _ => Err(finding(field, "not_a_point")),
    }
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

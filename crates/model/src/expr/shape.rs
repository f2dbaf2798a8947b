//! Geometry in expressions: metres between points and along lines, square metres of areas, whether an area holds a point. On the
//! WGS-84 ellipsoid and rounded to a thousandth, so that a shape gives the same digits on every machine. Points are pairs of
//! longitude and latitude as fields keep them.

use super::Val;
use ganglion_geo::shape::{self, Corner};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Digits kept behind the point of metres and square metres.
const DIGITS: u32 = 3;

/// A point.
pub(super) fn corner(value: &Val<'_>) -> Option<Corner> {
    let Val::List(pair) = value else { return None };
    let [lon, lat] = pair.as_slice() else { return None };
    Some([lon.number()?.to_f64()?, lat.number()?.to_f64()?])
}

fn corners(value: &Val<'_>) -> Option<Vec<Corner>> {
    let Val::List(items) = value else { return None };
    items.iter().map(corner).collect()
}

fn rings(value: &Val<'_>) -> Option<Vec<Vec<Corner>>> {
    let Val::List(items) = value else { return None };
    items.iter().map(corners).collect()
}

fn measured<'a>(size: f64) -> Val<'a> {
    Decimal::try_from(size).map_or(Val::Null, |size| Val::Num(size.round_dp(DIGITS).normalize()))
}

/// Metres between two points.
pub(super) fn distance<'a>(a: &Val<'_>, b: &Val<'_>) -> Val<'a> {
    corner(a).zip(corner(b)).map_or(Val::Null, |(a, b)| measured(shape::distance_m(a, b)))
}

/// Metres along a line.
pub(super) fn length<'a>(line: &Val<'_>) -> Val<'a> {
    corners(line).map_or(Val::Null, |line| measured(shape::length_m(&line)))
}

/// Square metres of an area, holes taken off.
pub(super) fn area<'a>(area: &Val<'_>) -> Val<'a> {
    rings(area).map_or(Val::Null, |rings| measured(shape::polygon_area_m2(&rings)))
}

/// Whether an area holds a point; its border belongs to it.
pub(super) fn inside<'a>(point: &Val<'_>, area: &Val<'_>) -> Val<'a> {
    corner(point).zip(rings(area)).map_or(Val::Null, |(point, rings)| Val::Bool(shape::holds(&rings, point)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const SQUARE: [[f64; 2]; 5] = [[116.84, 38.31], [116.85, 38.31], [116.85, 38.32], [116.84, 38.32], [116.84, 38.31]];

    #[test]
    fn shapes_as_fields_keep_them_are_measured() {
        let (here, there) = (json!([116.84, 38.31]), json!([116.85, 38.31]));
        let of = Val::from_json;
        assert_eq!(distance(&of(&here), &of(&there)).to_json(), json!("874.614"));
        assert_eq!(distance(&of(&here), &of(&here)).to_json(), json!("0"));
        let way = json!([here, there, here]);
        assert_eq!(length(&of(&way)).to_json(), json!("1749.229"));
        let square = json!([SQUARE]);
        let size = area(&of(&square)).number().unwrap();
        assert!((size - Decimal::from(970_777)).abs() < Decimal::from(5), "{size}");
        let (within, without) = (json!([116.845, 38.315]), json!([116.855, 38.315]));
        assert_eq!(inside(&of(&within), &of(&square)), Val::Bool(true));
        assert_eq!(inside(&of(&without), &of(&square)), Val::Bool(false));
    }

    #[test]
    fn what_is_no_shape_has_no_size() {
        let bad = [Value::Null, json!("here"), json!([1]), json!([[1, "x"]]), json!({"lon": 1})];
        for value in &bad {
            let value = Val::from_json(value);
            let measured = [distance(&value, &value), length(&value), area(&value), inside(&value, &value)];
            assert_eq!(measured, [Val::Null, Val::Null, Val::Null, Val::Null], "{value:?}");
        }
        assert_eq!(length(&Val::List(Vec::new())).to_json(), json!("0"), "an empty line is no way");
    }
}

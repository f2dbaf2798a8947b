//! Where a request is: a point in WGS-84, a place by its code, or an address that names one place.

use super::out::Fault;
use super::send::Sent;
use crate::web::Web;
use axum::http::StatusCode;
use ganglion_model::units::half_width;
use ganglion_model::{Level, Place, PlaceCode};

/// Where it is, as far as was said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct At {
    /// Longitude and latitude.
    pub point: Option<[f64; 2]>,
    /// A place.
    pub place: Option<PlaceCode>,
}

fn bad(web: &Web, key: &str) -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, web.t(key))
}

/// Reads where a request is. Needed is one of `lat` with `long`, `address_id` and `address_string`.
///
/// # Errors
/// 400 with what is wrong.
pub fn of(web: &Web, sent: &Sent, (takes_points, within): (bool, PlaceCode)) -> Result<At, Fault> {
    let point = point(web, sent)?;
    let place = match sent.get("address_id") {
        Some(code) => {
            let code: Option<PlaceCode> = code.parse().ok();
            let known =
                code.filter(|code| within.holds(*code) && web.world.places.tree.on(*code, web.today()).is_some());
            Some(known.ok_or_else(|| bad(web, "open311-bad-address-id"))?)
        }
        None => None,
    };
    match (point, place, sent.get("address_string")) {
        (None, None, None) => Err(bad(web, "open311-location-needed")),
        (None, None, Some(address)) => {
            let named = named(web.world.places.tree.inside(within, web.today()), address);
            let place = named.ok_or_else(|| bad(web, "open311-address-unclear"))?;
            Ok(At { point: None, place: Some(place) })
        }
        (Some(_), _, _) if !takes_points => Err(bad(web, "open311-location-needed")),
        (point, place, _) => Ok(At { point, place }),
    }
}

fn point(web: &Web, sent: &Sent) -> Result<Option<[f64; 2]>, Fault> {
    let number = |name: &str, max: f64| {
        let Some(text) = sent.get(name) else { return Ok(None) };
        let number = half_width(text).trim().parse::<f64>().ok().filter(|n| n.is_finite() && n.abs() <= max);
        number.map(Some).ok_or_else(|| bad(web, "open311-bad-point"))
    };
    match (number("long", 180.0)?, number("lat", 90.0)?) {
        // What a program sends that has no point.
        (Some(lon), Some(lat)) if lon == 0.0 && lat == 0.0 => Err(bad(web, "open311-bad-point")),
        (Some(lon), Some(lat)) => Ok(Some([lon, lat])),
        (None, None) => Ok(None),
        _ => Err(bad(web, "open311-both")),
    }
}

/// The one place an address names: the deepest whose own name stands in it; of several, the one more of whose places above
/// are named as well.
pub fn named<'p>(places: impl Iterator<Item = &'p Place>, address: &str) -> Option<PlaceCode> {
    let named: Vec<PlaceCode> = places
        .filter(|place| place.code.level() > Level::County && !place.name.is_empty() && address.contains(&place.name))
        .map(|place| place.code)
        .collect();
    let above = |code: PlaceCode| code.ancestors().filter(|above| named.contains(above)).count();
    let rank = |code: &PlaceCode| (code.level(), above(*code));
    let best = named.iter().map(rank).max()?;
    let mut ranked = named.iter().filter(|code| rank(code) == best);
    let only = *ranked.next()?;
    if ranked.next().is_some() { None } else { Some(only) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::PlaceKind;
    use jiff::civil::date;

    #[test]
    fn an_address_names_one_place_or_none() {
        let place = |code: &str, name: &str| Place {
            code: code.parse().unwrap(),
            name: name.to_owned(),
            official: None,
            kind: PlaceKind::Town,
            valid_from: date(2020, 1, 1),
            valid_to: None,
            predecessors: Vec::new(),
            host: None,
            synthetic: true,
        };
        let all = [
            place("130903001", "东镇"),
            place("130903002", "西镇"),
            place("130903001201", "王庄"),
            place("130903002201", "王庄"),
            place("130903002202", "李庄"),
        ];
        let of = |address: &str| named(all.iter(), address).map(|code| code.to_string());
        assert_eq!(of("西镇王庄村口").as_deref(), Some("130903002201"));
        assert_eq!(of("李庄小学").as_deref(), Some("130903002202"));
        assert_eq!(of("东镇大街").as_deref(), Some("130903001"));
        assert_eq!((of("王庄村口"), of("别处")), (None, None));
    }
}

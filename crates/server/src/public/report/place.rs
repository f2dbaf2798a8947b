//! Where a report belongs, said before anything is sent: the place at a point, both sides of a border, a hint when the
//! coordinates look like those of a phone map; and the choice by name, level by level.

use crate::error::Error;
use crate::typed::Typed;
use crate::view::Look;
use crate::web::Web;
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use ganglion_geo::{Datum, Point, to_wgs84};
use ganglion_kernel::route::{Located, locate, point_of};
use ganglion_kernel::world::Places;
use ganglion_model::units::half_width;
use ganglion_model::{Level, PlaceCode};
use serde::Serialize;
use serde_json::{Value, json};

/// The place recognised, as the page shows it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Recognised {
    /// From the county down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Both sides of a border.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<Side>,
    /// Lies outside what is served.
    pub outside: bool,
    /// What may be wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// One side of a border.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// Code.
    pub code: String,
    /// From the county down.
    pub path: String,
    /// Distance; 0 for the side the point is on.
    pub metres: u32,
    /// Is it chosen?
    pub selected: bool,
}

/// A point as typed, in WGS-84, if it can be read.
#[must_use]
pub fn typed_point(typed: &Typed) -> Option<Value> {
    match (typed.one("lon"), typed.one("lat")) {
        (None, None) => None,
        (lon, lat) => {
            let pair = format!("{},{}", lon.unwrap_or("?"), lat.unwrap_or("?"));
            Some(typed.point(&pair, typed.one("datum")))
        }
    }
}

/// The box of the coordinates that holds no coordinate; `None` when nothing was typed, or a point somewhere.
#[must_use]
pub fn box_of(typed: &Typed) -> Option<&'static str> {
    let (lon, lat) = (typed.one("lon"), typed.one("lat"));
    let reads = |text: Option<&str>, most: f64| {
        let number = text.and_then(|text| half_width(text).trim().parse::<f64>().ok());
        number.is_some_and(|number| number.abs() <= most)
    };
    let faulty = [(lon, 180.0, "f-lon"), (lat, 90.0, "f-lat")].into_iter().find(|(text, most, _)| !reads(*text, *most));
    faulty.filter(|_| lon.is_some() || lat.is_some()).map(|(.., id)| id)
}

/// The datum in which a point that lies outside would lie inside, if it was not declared so already.
fn perhaps(places: &Places, raw: Point<f64>, declared: Datum) -> Option<Datum> {
    [Datum::Gcj02, Datum::Bd09, Datum::Wgs84].into_iter().filter(|datum| *datum != declared).find(|datum| {
        let point = to_wgs84(*datum, raw);
        let at = locate(places, [point.x(), point.y()]);
        at.here.is_some()
    })
}

fn outside_hint(look: &Look<'_>, raw: Option<Point<f64>>, declared: Datum) -> String {
    match raw.and_then(|raw| perhaps(&look.world.places, raw, declared)) {
        Some(datum) => {
            let name = look.t(&format!("datum-{}", datum.as_str()));
            look.say("place-outside-datum", &[("datum", name.into())])
        }
        None => look.t("err-outside"),
    }
}

/// What is said about a point. `raw`: as typed, before it was turned into WGS-84.
#[must_use]
pub fn recognise(
    look: &Look<'_>,
    point: [f64; 2],
    (raw, declared): (Option<Point<f64>>, Datum),
    chosen: Option<PlaceCode>,
) -> Recognised {
    let found = locate(&look.world.places, point);
    let sides = sides(&found);
    if sides.is_empty() {
        return Recognised { outside: true, hint: Some(outside_hint(look, raw, declared)), ..Recognised::default() };
    }
    if let ([only], Some(_)) = (sides.as_slice(), found.here) {
        return Recognised { path: Some(look.place_path(only.0)), ..Recognised::default() };
    }
    let default = sides[0].0;
    let chosen = chosen.filter(|code| sides.iter().any(|(side, _)| code.holds(*side))).unwrap_or(default);
    let near = sides.iter().map(|(code, metres)| Side {
        code: code.to_string(),
        path: look.place_path(*code),
        metres: *metres,
        selected: chosen.holds(*code),
    });
    Recognised { near: near.collect(), ..Recognised::default() }
}

/// The place that holds the point first, then those within reach.
fn sides(found: &Located) -> Vec<(PlaceCode, u32)> {
    found.here.map(|here| (here, 0)).into_iter().chain(found.near.iter().copied()).collect()
}

/// The place to send along with a point: the side chosen, if it still is one (the pin may have moved since).
#[must_use]
pub fn chosen_side(places: &Places, point: [f64; 2], typed: &Typed) -> Option<PlaceCode> {
    let chosen: PlaceCode = typed.one("place")?.parse().ok()?;
    let found = locate(places, point);
    sides(&found).iter().any(|(code, _)| chosen.holds(*code)).then_some(chosen)
}

/// The deepest place chosen by name.
#[must_use]
pub fn named(typed: &Typed) -> Option<PlaceCode> {
    let levels = ["grid", "village", "township", "county"];
    let chosen: Vec<PlaceCode> = levels.iter().filter_map(|level| typed.one(level)?.parse().ok()).collect();
    // A deeper choice left over from another county does not count.
    let top = chosen.last().copied()?;
    chosen.iter().find(|code| top.holds(**code)).copied()
}

/// Lists to choose from, level by level.
#[must_use]
pub fn picker(look: &Look<'_>, typed: &Typed) -> Value {
    let tree = &look.world.places.tree;
    let root = look.world.places.root;
    let day = look.today();
    let chosen = |level: &str, within: PlaceCode| {
        let code: PlaceCode = typed.one(level)?.parse().ok()?;
        within.holds(code).then_some(code)
    };
    let list = |parent: Option<PlaceCode>, chosen: Option<PlaceCode>| -> Vec<Value> {
        let children = parent.into_iter().flat_map(|parent| tree.children(parent, day));
        children.map(|p| json!({ "code": p.code, "name": p.name, "selected": Some(p.code) == chosen })).collect()
    };
    let county = if root.level() >= Level::County { root.at(Level::County) } else { chosen("county", root) };
    let township = county.and_then(|county| chosen("township", county));
    let village = township.and_then(|township| chosen("village", township));
    let counties = match root.at(Level::County) {
        Some(own) => vec![json!({ "code": own, "name": look.place(own), "selected": true })],
        None => list(Some(root), county),
    };
    json!({
        "open": typed.one("choose").is_some_and(|choose| choose != "point") || typed.one("county").is_some(),
        "counties": counties,
        "townships": list(county, township),
        "villages": list(township, village),
    })
}

/// The point as typed, whatever the datum.
#[must_use]
pub fn raw_point(lon: Option<&str>, lat: Option<&str>) -> Option<Point<f64>> {
    Some(Point::new(lon?.trim().parse().ok()?, lat?.trim().parse().ok()?))
}

/// `GET /map/place-at?lon=&lat=&datum=`: what lies at a point, for the form and the map.
pub async fn place_at(web: Web) -> Result<Response, Error> {
    let typed = Typed::default();
    let pair = format!("{},{}", web.arg("lon").unwrap_or("?"), web.arg("lat").unwrap_or("?"));
    let point = point_of(Some(&typed.point(&pair, web.arg("datum")))).ok_or(Error::Unreadable("point"))?;
    let words = web.words();
    let look = web.look(&words);
    let found = locate(&web.world.places, point);
    let here: Vec<Value> = found
        .here
        .or_else(|| found.near.first().map(|(code, _)| *code))
        .map(|code| web.world.places.path(code, web.today()))
        .unwrap_or_default()
        .into_iter()
        .map(|place| json!({ "code": place.code, "name": place.name, "level": place.code.level() }))
        .collect();
    // Outside every outline but within reach of one: the nearest stands for here.
    let others = found.near.iter().skip(usize::from(found.here.is_none()));
    let near: Vec<Value> = others
        .map(|(code, metres)| json!({ "code": code, "name": look.place_path(*code), "metres": metres }))
        .collect();
    let outside = here.is_empty();
    let declared = web.arg("datum").and_then(Datum::parse).unwrap_or(Datum::Wgs84);
    let raw = raw_point(web.arg("lon"), web.arg("lat"));
    let hint = outside.then(|| outside_hint(&look, raw, declared));
    let body = json!({ "here": here, "near": near, "outside": outside, "hint": hint, "point": point });
    Ok(Json(body).into_response())
}

//! Places: the children of one, one with those above it, and the place at a point. What anyone may know.

use super::answer::{listed, only, plain};
use crate::api::read::read;
use crate::error::Error;
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_geo::{Datum, Point, to_wgs84};
use ganglion_kernel::route::locate;
use ganglion_model::{Place, PlaceCode};
use jiff::civil::Date;
use serde_json::{Value, json};

fn shown(place: &Place) -> Value {
    json!({
        "code": place.code,
        "name": place.name,
        "level": place.code.level(),
        "kind": place.kind,
        "parent": place.code.parent(),
        "valid_from": place.valid_from,
        "valid_to": place.valid_to,
        "synthetic": place.synthetic,
    })
}

/// `GET /api/places?parent=&on=`: places right below one, on a day.
pub async fn list(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    only(&web, &["parent", "on"])?;
    let parent = read::<PlaceCode>(&web, "parent")?.unwrap_or(web.world.places.root);
    let day = read::<Date>(&web, "on")?.unwrap_or_else(|| web.today());
    let items = web.world.places.tree.children(parent, day).map(shown).collect();
    Ok(listed(&web, &headers, items, None))
}

/// `GET /api/places/{code}?on=`: a place with those above it, highest first.
pub async fn one(web: Web, headers: HeaderMap, Path(code): Path<String>) -> Result<Response, Error> {
    only(&web, &["on"])?;
    let code: PlaceCode = code.parse().map_err(|_| Error::NotFound)?;
    let day = read::<Date>(&web, "on")?.unwrap_or_else(|| web.today());
    let place = web.world.places.tree.known(code, day).ok_or(Error::NotFound)?;
    let above: Vec<Value> =
        web.world.places.path(code, day).into_iter().filter(|one| one.code != code).map(shown).collect();
    let mut body = shown(place);
    if let Some(body) = body.as_object_mut() {
        body.insert("above".to_owned(), json!(above));
        body.insert("middle".to_owned(), json!(web.world.places.middle(code, day)));
    }
    Ok(plain(&web, &headers, body))
}

/// `GET /api/places/at?lon=&lat=&datum=`: the deepest place that holds a point, those within 30 m across a border.
pub async fn at(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    only(&web, &["lon", "lat", "datum"])?;
    let number = |name: &'static str, max: f64| {
        let value = read::<f64>(&web, name)?.ok_or(Error::Unreadable(name))?;
        if value.abs() <= max { Ok(value) } else { Err(Error::Unreadable(name)) }
    };
    let (lon, lat) = (number("lon", 180.0)?, number("lat", 90.0)?);
    let datum = match web.arg("datum") {
        None => Datum::Wgs84,
        Some(name) => Datum::parse(name).ok_or(Error::Unreadable("datum"))?,
    };
    let point = to_wgs84(datum, Point::new(lon, lat));
    let found = locate(&web.world.places, [point.x(), point.y()]);
    let near: Vec<Value> = found.near.iter().map(|(code, metres)| json!({ "code": code, "metres": metres })).collect();
    let here = found.here.and_then(|code| web.world.places.tree.known(code, web.today()));
    let body = json!({ "point": [point.x(), point.y()], "here": here.map(shown), "near": near });
    Ok(plain(&web, &headers, body))
}

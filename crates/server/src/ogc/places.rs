//! Places of a level as features: their outlines, else the middle of what lies in them.

use super::asked::Asked;
use super::feature::{Feature, Page};
use super::shapes::ByCode;
use crate::error::Error;
use crate::web::Web;
use ganglion_geo::Geometry;
use ganglion_model::{Level, Place, PlaceCode, PlaceKind};
use jiff::civil::Date;
use serde_json::{Value, json};

fn feature(web: &Web, shapes: &ByCode, (place, day): (&Place, Date)) -> Feature {
    let outline = shapes.get(&place.code).map(|outline| outline.shape.clone());
    let middle = || web.world.places.middle(place.code, day).map(Geometry::Point);
    Feature {
        id: place.code.to_string(),
        title: place.name.clone(),
        geometry: outline.or_else(middle),
        properties: told(web, place),
    }
}

/// What is told of a place, and what its kind is called in the language of whoever asks.
#[must_use]
pub fn told(web: &Web, place: &Place) -> serde_json::Map<String, Value> {
    let mut told = properties(place);
    told.insert("kind_name".to_owned(), Value::from(web.t(&kind_key(place.kind))));
    told
}

/// The text that says what a kind of place is called.
#[must_use]
pub fn kind_key(kind: PlaceKind) -> String {
    format!("kind-{}", code_of(kind).replace('_', "-"))
}

/// A kind as it stands in files and answers.
#[must_use]
pub fn code_of(kind: PlaceKind) -> String {
    json!(kind).as_str().unwrap_or_default().to_owned()
}

/// What is told of a place.
#[must_use]
pub fn properties(place: &Place) -> serde_json::Map<String, Value> {
    let told = json!({
        "code": place.code,
        "name": place.name,
        "official": place.official,
        "kind": place.kind,
        "parent": place.code.parent(),
        "valid_from": place.valid_from,
        "valid_to": place.valid_to,
        "synthetic": place.synthetic,
    });
    match told {
        Value::Object(told) => told,
        _ => serde_json::Map::new(),
    }
}

/// Places of a level in force on a day, in the order of their codes, the place the installation serves among them.
pub fn of_level(web: &Web, level: Level, day: Date) -> impl Iterator<Item = &Place> {
    let places = &web.world.places;
    let own = places.tree.on(places.root, day).into_iter();
    own.chain(places.tree.inside(places.root, day)).filter(move |place| place.code.level() == level)
}

/// A page of places.
///
/// # Errors
/// [`Error::Unreadable`] for a page that begins nowhere; storage.
pub async fn page(web: &Web, level: Level, asked: &Asked) -> Result<Page, Error> {
    let shapes = web.app.shapes.of(&web.app).await?;
    let after = asked.after.as_deref().map(str::parse::<PlaceCode>).transpose();
    let after = after.map_err(|_| Error::Unreadable("after"))?;
    let mut page = Page::default();
    for place in of_level(web, level, asked.day).filter(|place| after.is_none_or(|after| place.code > after)) {
        let feature = feature(web, &shapes, (place, asked.day));
        if !asked.keeps(&feature) {
            continue;
        }
        if page.features.len() == asked.limit {
            page.next = page.features.last().map(|last| last.id.clone());
            break;
        }
        page.features.push(feature);
    }
    Ok(page)
}

/// One place, as it is today or was last.
///
/// # Errors
/// [`Error::NotFound`]; storage.
pub async fn one(web: &Web, level: Level, id: &str) -> Result<Feature, Error> {
    let code: PlaceCode = id.parse().map_err(|_| Error::NotFound)?;
    let is_here = code.level() == level && web.world.places.root.holds(code);
    let day = web.today();
    let place = web.world.places.tree.known(code, day).filter(|_| is_here).ok_or(Error::NotFound)?;
    let shapes = web.app.shapes.of(&web.app).await?;
    Ok(feature(web, &shapes, (place, day)))
}

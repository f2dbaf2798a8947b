//! Figures: which there are, and one at a place over a period, with the places below on request. Counts too small to be
//! told are not told to the public, as on the pages.

use super::answer::{listed, only, plain};
use crate::error::Error;
use crate::staff::figure_view::{Part, PartsBy, parts};
use crate::staff::figures::{Asked, asked, is_public_level, told};
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_indicators::Figure;
use ganglion_kernel::Store;
use ganglion_kernel::figures::Reader;
use ganglion_model::pack::{Formula, Indicator};
use ganglion_model::{Level, PlaceCode};
use serde_json::{Value, json};

/// Places below that are read at once where the level has counters, and where each costs a sum.
const CHILDREN_MAX: usize = 300;
const SUMMED_CHILDREN_MAX: usize = 60;

/// `GET /api/figures`.
pub async fn list(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    only(&web, &[])?;
    let words = web.words();
    let look = web.look(&words);
    let one = |one: &&Indicator| {
        json!({
            "indicator": one.name,
            "pack": one.pack,
            "title": look.figure_title(one),
            "definition": look.text(&one.definition),
            "unit": look.figure_unit(one),
            "levels": one.levels,
            "href": format!("/api/figures/{}", one.name),
        })
    };
    let items = web.world.model.indicators_in_order().iter().map(one).collect();
    Ok(listed(&web, &headers, items, None))
}

/// The request as a page reads it: with the indicator, which here is a part of the address.
///
/// # Errors
/// [`Error::Unreadable`] for a period that is none.
pub fn naming(web: &Web, indicator: String) -> Result<Web, Error> {
    if web.arg("period").is_some_and(|text| ganglion_indicators::When::parse(text).is_none()) {
        return Err(Error::Unreadable("period"));
    }
    let mut own = web.clone();
    own.query.retain(|(name, _)| name != "indicator");
    own.query.push(("indicator".to_owned(), indicator));
    Ok(own)
}

/// What is asked for, of an indicator that is offered at the level of the place.
///
/// # Errors
/// [`Error::NotFound`].
pub fn offered(own: &Web) -> Result<Asked<'_>, Error> {
    let asked = asked(own)?;
    if asked.indicator.levels.contains(&asked.place.level()) { Ok(asked) } else { Err(Error::NotFound) }
}

/// Where the rows behind a figure are: its own, or those that break the rule it counts; nowhere for the public, and for what is
/// calculated from other figures.
fn rows_href(asked: &Asked<'_>) -> Option<String> {
    let (name, place) = (&asked.indicator.name, asked.place);
    match &asked.indicator.formula {
        _ if asked.public => None,
        Formula::Broken(rule) => Some(format!("/api/rules/{rule}?place={place}")),
        formula if formula.measures().is_empty() => None,
        _ if asked.stock => Some(format!("/api/figures/{name}/rows?place={place}")),
        _ => Some(format!("/api/figures/{name}/rows?place={place}&period={}", asked.when)),
    }
}

/// `GET /api/figures/{indicator}?place=&period=&children=true&parts=true`.
pub async fn one(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    only(&web, &["place", "period", "children", "parts"])?;
    let own = naming(&web, name)?;
    let asked = offered(&own)?;
    let store: &dyn Store = web.app.store.as_ref();
    let reader = Reader { tally: &store, world: &own.world, today: web.today() };
    let mut places = vec![asked.place];
    if web.arg("children") == Some("true") {
        places.extend(children(&own, &asked));
    }
    let with_parts = web.arg("parts") == Some("true");
    let all = reader.read(asked.indicator, &places, &[asked.when.span()], with_parts).await?;
    let words = own.words();
    let look = own.look(&words);
    let first = all.first().and_then(|got| got.first()).filter(|_| with_parts);
    let parts = first.map(|got| parts(&look, &asked, got).into_iter().map(part).collect::<Vec<_>>());
    let mut values = places.into_iter().zip(all).map(|(place, mut got)| {
        let figure = told(&asked, &got.pop().unwrap_or_default());
        shown(&own, place, &figure)
    });
    let figure = values.next().unwrap_or_default();
    let body = json!({
        "indicator": asked.indicator.name,
        "title": look.figure_title(asked.indicator),
        "unit": look.figure_unit(asked.indicator),
        "period": (!asked.stock).then(|| asked.when.to_string()),
        "figure": figure,
        "rows_href": rows_href(&asked),
        "parts": parts.unwrap_or_default(),
        "children": values.collect::<Vec<_>>(),
    });
    Ok(plain(&web, &headers, body))
}

fn part(by: PartsBy) -> Value {
    let one = |one: Part| json!({ "value": one.value, "name": one.name, "amount": one.text });
    json!({ "title": by.title, "parts": by.parts.into_iter().map(one).collect::<Vec<_>>() })
}

fn shown(web: &Web, place: PlaceCode, figure: &Figure) -> Value {
    json!({
        "place": place,
        "name": web.world.places.name(place, web.today()),
        "value": figure.shown,
        "number": figure.value,
        "rows": figure.rows,
    })
}

/// Places below the one asked for that the caller sees figures of; none where there are too many to be read at once.
fn children(web: &Web, asked: &Asked<'_>) -> Vec<PlaceCode> {
    let Some(level) = asked.place.level().down() else { return Vec::new() };
    if !asked.indicator.levels.contains(&level) || (asked.public && !is_public_level(level)) {
        return Vec::new();
    }
    let max = if level > Level::Township { SUMMED_CHILDREN_MAX } else { CHILDREN_MAX };
    let codes: Vec<PlaceCode> =
        web.world.places.tree.children(asked.place, web.today()).map(|place| place.code).collect();
    if codes.len() > max { Vec::new() } else { codes }
}

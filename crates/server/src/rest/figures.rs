//! Figures: which there are, and one at a place over a period, with the places below on request. Counts too small to be
//! told are not told to the public, as on the pages.

use super::answer::{listed, only, plain};
use crate::error::Error;
use crate::staff::figures::{Asked, asked, is_public_level, told};
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_indicators::Figure;
use ganglion_kernel::Store;
use ganglion_kernel::figures::Reader;
use ganglion_model::pack::Indicator;
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

/// `GET /api/figures/{indicator}?place=&period=&children=true`.
pub async fn one(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    only(&web, &["place", "period", "children"])?;
    if web.arg("period").is_some_and(|text| ganglion_indicators::When::parse(text).is_none()) {
        return Err(Error::Unreadable("period"));
    }
    let mut own = web.clone();
    own.query.retain(|(name, _)| name != "indicator");
    own.query.push(("indicator".to_owned(), name));
    let asked = asked(&own)?;
    if !asked.indicator.levels.contains(&asked.place.level()) {
        return Err(Error::NotFound);
    }
    let store: &dyn Store = web.app.store.as_ref();
    let reader = Reader { tally: &store, world: &own.world, today: web.today() };
    let mut places = vec![asked.place];
    if web.arg("children") == Some("true") {
        places.extend(children(&own, &asked));
    }
    let all = reader.read(asked.indicator, &places, &[asked.when.span()], false).await?;
    let mut values = places.into_iter().zip(all).map(|(place, mut got)| {
        let figure = told(&asked, &got.pop().unwrap_or_default());
        shown(&own, place, &figure)
    });
    let figure = values.next().unwrap_or_default();
    let words = own.words();
    let body = json!({
        "indicator": asked.indicator.name,
        "title": own.look(&words).figure_title(asked.indicator),
        "unit": own.look(&words).figure_unit(asked.indicator),
        "period": (!asked.stock).then(|| asked.when.to_string()),
        "figure": figure,
        "children": values.collect::<Vec<_>>(),
    });
    Ok(plain(&web, &headers, body))
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

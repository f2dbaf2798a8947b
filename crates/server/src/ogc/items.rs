//! `items` of a collection: a page of features, and one of them.

use super::answer::{self, GEOJSON, HTML, JSON, absolute, here, itself, link, wants_page};
use super::asked::{self, Asked, only};
use super::collection::{Collection, Source, find};
use super::feature::{Feature, Page};
use super::{Fault, cases, pages, places, rows, settled};
use crate::error::Error;
use crate::view::Look;
use crate::view::words::iso;
use crate::web::Web;
use axum::extract::Path;
use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use serde_json::{Value, json};

/// The coordinates of an answer (part 2 of the standard).
const CONTENT_CRS: HeaderName = HeaderName::from_static("content-crs");

/// `GET /ogc/collections/{collection}/items`.
pub async fn items(web: Web, headers: HeaderMap, Path(id): Path<String>) -> Result<Response, Error> {
    settled(&web, listed(&web, &headers, &id).await)
}

/// `GET /ogc/collections/{collection}/items/{id}`.
pub async fn item(web: Web, headers: HeaderMap, Path(of): Path<(String, String)>) -> Result<Response, Error> {
    settled(&web, shown(&web, &headers, (&of.0, &of.1)).await)
}

/// A page of features of a collection.
async fn page_of(web: &Web, look: &Look<'_>, collection: &Collection<'_>, asked: &Asked) -> Result<Page, Error> {
    match &collection.source {
        Source::Places(level) => places::page(web, *level, asked).await,
        Source::Cases(process) => cases::page(web, look, process, asked).await,
        Source::Rows(readable) => rows::page(web, look, readable, asked).await,
    }
}

async fn listed(web: &Web, headers: &HeaderMap, id: &str) -> Result<Response, Fault> {
    let words = web.words();
    let look = web.look(&words);
    let collection = find(web, &look, id).ok_or(Error::NotFound)?;
    let asked = asked::read(web, &collection)?;
    let as_page = wants_page(web, headers)?;
    let found = page_of(web, &look, &collection, &asked).await?;
    if as_page {
        return Ok(pages::list(web, &collection, &found).show(web)?);
    }
    let mut links = itself(web, GEOJSON);
    links.push(of_collection(web, &collection));
    if let Some(after) = &found.next {
        links.push(link("next", GEOJSON, &here(web, "after", after), &web.t("ogc-next")));
    }
    let features: Vec<Value> = found.features.iter().map(|feature| feature.json(asked.crs)).collect();
    let body = json!({
        "type": "FeatureCollection",
        "links": links,
        "timeStamp": iso(web.now),
        "numberReturned": features.len(),
        "features": features,
    });
    Ok(told(answer::json(web, headers, GEOJSON, &body), &asked))
}

fn of_collection(web: &Web, collection: &Collection<'_>) -> Value {
    link("collection", JSON, &absolute(web, &format!("/ogc/collections/{}", collection.id)), &collection.title)
}

/// Says which coordinates were given.
fn told(mut response: Response, asked: &Asked) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("<{}>", asked.crs.uri())) {
        response.headers_mut().insert(CONTENT_CRS, value);
    }
    response
}

async fn shown(web: &Web, headers: &HeaderMap, (id, feature): (&str, &str)) -> Result<Response, Fault> {
    only(web, &["f", "crs"])?;
    let words = web.words();
    let look = web.look(&words);
    let collection = find(web, &look, id).ok_or(Error::NotFound)?;
    let asked = Asked { crs: asked::crs(web, "crs")?, ..Asked::within(None, web.today(), 1) };
    let as_page = wants_page(web, headers)?;
    let found: Feature = match &collection.source {
        Source::Places(level) => places::one(web, *level, feature).await?,
        Source::Cases(process) => cases::one(web, &look, process, feature).await?,
        Source::Rows(readable) => rows::one(web, &look, readable, feature).await?,
    };
    if as_page {
        return Ok(pages::one(web, &collection, &found).show(web)?);
    }
    let mut body = found.json(asked.crs);
    let mut links = itself(web, GEOJSON);
    links.push(of_collection(web, &collection));
    links.push(link(
        "items",
        HTML,
        &absolute(web, &format!("/ogc/collections/{id}/items?f=html")),
        &web.t("ogc-items"),
    ));
    body["links"] = Value::Array(links);
    Ok(told(answer::json(web, headers, GEOJSON, &body), &asked))
}

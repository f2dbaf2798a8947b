//! What is alike in every answer: addresses, links, the choice between JSON and a page, and who may keep it.

use super::Fault;
use crate::rest::answer::is_known;
use crate::sign;
use crate::staff::query::Query;
use crate::web::Web;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use ganglion_geo::geometry::Bounds;
use ganglion_kernel::world::Places;
use ganglion_model::Level;
use serde_json::{Value, json};

/// Features.
pub const GEOJSON: &str = "application/geo+json";
/// Everything else.
pub const JSON: &str = "application/json";
/// Pages.
pub const HTML: &str = "text/html";
/// Schemas.
pub const SCHEMA: &str = "application/schema+json";
/// The description of the interface.
pub const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";

/// A path of ours as others reach it.
#[must_use]
pub fn absolute(web: &Web, path: &str) -> String {
    format!("{}{path}", web.app.settings.public_url.trim_end_matches('/'))
}

/// This address with one value of the query changed, or left out when it is empty.
#[must_use]
pub fn here(web: &Web, name: &str, value: &str) -> String {
    absolute(web, &Query(web.query.clone()).with(name, value).on(&web.path))
}

/// The smallest box around everything: that of the outlines.
#[must_use]
pub fn extent(web: &Web) -> Bounds {
    let index = &web.world.places.index;
    let bounds = Level::ALL.into_iter().filter_map(|level| index.bounds(Places::layer(level)));
    let boxes = bounds.map(|one| [one.min().x, one.min().y, one.max().x, one.max().y]);
    let wider = boxes.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
    wider.unwrap_or([-180.0, -85.05, 180.0, 85.05])
}

/// A link.
#[must_use]
pub fn link(rel: &str, media: &str, href: &str, title: &str) -> Value {
    json!({ "rel": rel, "type": media, "href": href, "title": title })
}

/// The address itself in the two forms it has.
#[must_use]
pub fn itself(web: &Web, media: &str) -> Vec<Value> {
    vec![
        link("self", media, &here(web, "f", "json"), &web.t("ogc-this")),
        link("alternate", HTML, &here(web, "f", "html"), &web.t("ogc-this-page")),
    ]
}

/// Whether a page is wanted: said in the address, else by what the caller takes first.
///
/// # Errors
/// [`Fault::Bad`] for a form there is not.
pub fn wants_page(web: &Web, headers: &HeaderMap) -> Result<bool, Fault> {
    match web.arg("f") {
        Some("html") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => Err(Fault::Bad { parameter: "f".to_owned(), detail: web.t("ogc-bad-f") }),
        None => {
            let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let at = |media: &str| accepts.find(media).unwrap_or(usize::MAX);
            Ok(at(HTML) < at("json"))
        }
    }
}

/// What keeps of an answer whoever stands between: what everybody may see for a minute, what one may see not at all.
pub fn keep(web: &Web, response: &mut Response, tag: &str) {
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    let (keep, origin) = if web.bearer { ("private, no-cache", None) } else { ("public, max-age=60", Some("*")) };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-language, authorization, cookie"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(origin));
    }
}

/// An answer in JSON; nothing of it when the caller has it already.
pub fn json(web: &Web, headers: &HeaderMap, media: &'static str, body: &Value) -> Response {
    let text = body.to_string();
    let tag = format!("W/\"{}\"", &sign::digest(&text)[..24]);
    let mut response = match is_known(headers, &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, media)], text).into_response(),
    };
    keep(web, &mut response, &tag);
    response
}

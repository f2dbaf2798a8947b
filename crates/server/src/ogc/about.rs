//! What there is to ask: the landing page, what of the standards is met, the collections and their properties, and a description of
//! the interface for programs.

use super::answer::{self, GEOJSON, HTML, JSON, OPENAPI, SCHEMA, absolute, extent, itself, link, wants_page};
use super::asked::only;
use super::collection::{Collection, all, find};
use super::crs::Crs;
use super::pages::{self, LinkView, Sheet};
use super::{Fault, feature, settled};
use crate::error::Error;
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

/// Classes of the standards that are met, each whole.
const CONFORMS: [&str; 13] = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
];

/// The description of the interface, without addresses.
const DESCRIPTION: &str = include_str!("openapi.json");
/// How a link to the names of a filter is called.
const QUERYABLES: &str = "http://www.opengis.net/def/rel/ogc/1.0/queryables";

/// `GET /ogc`.
pub async fn landing(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    settled(&web, of_landing(&web, &headers))
}

fn of_landing(web: &Web, headers: &HeaderMap) -> Result<Response, Fault> {
    only(web, &["f"])?;
    let title = web.t("title-ogc");
    if wants_page(web, headers)? {
        let links = ["collections", "conformance", "api"]
            .map(|name| pages::link(&web.t(&format!("ogc-{name}")), &format!("/ogc/{name}")));
        let mut links = links.to_vec();
        links.push(pages::link(&web.t("ogc-tiles"), "/tiles"));
        return Ok(Sheet::new(web, title, web.t("ogc-lead")).linked(links).show(web)?);
    }
    let mut links = itself(web, JSON);
    links.extend([
        link("service-desc", OPENAPI, &absolute(web, "/ogc/api"), &web.t("ogc-api")),
        link("conformance", JSON, &absolute(web, "/ogc/conformance"), &web.t("ogc-conformance")),
        link("data", JSON, &absolute(web, "/ogc/collections"), &web.t("ogc-collections")),
        link("related", JSON, &absolute(web, "/tiles"), &web.t("ogc-tiles")),
    ]);
    let body = json!({ "title": title, "description": web.t("ogc-lead"), "links": links });
    Ok(answer::json(web, headers, JSON, &body))
}

/// `GET /ogc/conformance`.
pub async fn conformance(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    settled(&web, of_conformance(&web, &headers))
}

fn of_conformance(web: &Web, headers: &HeaderMap) -> Result<Response, Fault> {
    only(web, &["f"])?;
    if wants_page(web, headers)? {
        let links = CONFORMS.iter().map(|one| pages::link(one, one)).collect();
        return Ok(Sheet::new(web, web.t("ogc-conformance"), web.t("ogc-conforms")).linked(links).show(web)?);
    }
    let body = json!({ "conformsTo": CONFORMS, "links": itself(web, JSON) });
    Ok(answer::json(web, headers, JSON, &body))
}

/// `GET /ogc/api`: OpenAPI 3.0.
pub async fn api(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    settled(&web, of_api(&web, &headers))
}

fn of_api(web: &Web, headers: &HeaderMap) -> Result<Response, Fault> {
    only(web, &["f"])?;
    let mut body: Value =
        serde_json::from_str(DESCRIPTION).map_err(|error| Error::Internal(format!("openapi.json: {error}")))?;
    body["info"]["title"] = json!(web.t("title-ogc"));
    body["info"]["description"] = json!(web.t("ogc-lead"));
    body["servers"] = json!([{ "url": absolute(web, "/ogc") }]);
    let words = web.words();
    let ids: Vec<String> = all(web, &web.look(&words)).into_iter().map(|one| one.id).collect();
    body["components"]["parameters"]["collectionId"]["schema"]["enum"] = json!(ids);
    Ok(answer::json(web, headers, OPENAPI, &body))
}

fn described(web: &Web, collection: &Collection<'_>) -> Value {
    let at = |more: &str| absolute(web, &format!("/ogc/collections/{}{more}", collection.id));
    let tiles = absolute(web, &format!("/tiles/{}.json", collection.id));
    let crs: Vec<&str> = Crs::ALL.into_iter().map(Crs::uri).collect();
    json!({
        "id": collection.id,
        "title": collection.title,
        "description": collection.about,
        "itemType": "feature",
        "extent": { "spatial": { "bbox": [extent(web)], "crs": Crs::Crs84.uri() } },
        "crs": crs,
        "storageCrs": Crs::Crs84.uri(),
        "links": [
            link("self", JSON, &at("?f=json"), &collection.title),
            link("alternate", HTML, &at("?f=html"), &collection.title),
            link("items", GEOJSON, &at("/items?f=json"), &web.t("ogc-items")),
            link("items", HTML, &at("/items?f=html"), &web.t("ogc-items")),
            link(QUERYABLES, SCHEMA, &at("/queryables?f=json"), &web.t("ogc-queryables")),
            link("related", JSON, &tiles, &web.t("ogc-tiles")),
        ],
    })
}

/// `GET /ogc/collections`.
pub async fn collections(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    settled(&web, of_collections(&web, &headers))
}

fn of_collections(web: &Web, headers: &HeaderMap) -> Result<Response, Fault> {
    only(web, &["f"])?;
    let words = web.words();
    let all = all(web, &web.look(&words));
    if wants_page(web, headers)? {
        let shown = |one: &Collection<'_>| LinkView {
            label: one.title.clone(),
            href: format!("/ogc/collections/{}", one.id),
            note: one.id.clone(),
        };
        let links = all.iter().map(shown).collect();
        return Ok(Sheet::new(web, web.t("ogc-collections"), web.t("ogc-lead")).linked(links).show(web)?);
    }
    let described: Vec<Value> = all.iter().map(|one| described(web, one)).collect();
    let crs: Vec<&str> = Crs::ALL.into_iter().map(Crs::uri).collect();
    let body = json!({ "links": itself(web, JSON), "crs": crs, "collections": described });
    Ok(answer::json(web, headers, JSON, &body))
}

/// `GET /ogc/collections/{collection}`.
pub async fn collection(web: Web, headers: HeaderMap, Path(id): Path<String>) -> Result<Response, Error> {
    settled(&web, of_collection(&web, &headers, &id))
}

fn of_collection(web: &Web, headers: &HeaderMap, id: &str) -> Result<Response, Fault> {
    only(web, &["f"])?;
    let words = web.words();
    let collection = find(web, &web.look(&words), id).ok_or(Error::NotFound)?;
    if wants_page(web, headers)? {
        let own = format!("/ogc/collections/{}", collection.id);
        let links = vec![
            pages::link(&web.t("ogc-items"), &format!("{own}/items")),
            pages::link(&web.t("ogc-queryables"), &format!("{own}/queryables?f=json")),
            pages::link(&web.t("ogc-tiles"), &format!("/tiles/{}.json", collection.id)),
        ];
        let sheet = Sheet::new(web, collection.title.clone(), collection.about.clone())
            .under([pages::link(&web.t("ogc-collections"), "/ogc/collections")])
            .linked(links)
            .described(web, &collection);
        return Ok(sheet.show(web)?);
    }
    Ok(answer::json(web, headers, JSON, &described(web, &collection)))
}

/// `GET /ogc/collections/{collection}/queryables`: a JSON schema.
pub async fn queryables(web: Web, headers: HeaderMap, Path(id): Path<String>) -> Result<Response, Error> {
    settled(&web, of_queryables(&web, &headers, &id))
}

fn of_queryables(web: &Web, headers: &HeaderMap, id: &str) -> Result<Response, Fault> {
    only(web, &["f"])?;
    let words = web.words();
    let collection = find(web, &web.look(&words), id).ok_or(Error::NotFound)?;
    if wants_page(web, headers)? {
        let crumbs = [
            pages::link(&web.t("ogc-collections"), "/ogc/collections"),
            pages::link(&collection.title, &format!("/ogc/collections/{}", collection.id)),
        ];
        let sheet = Sheet::new(web, web.t("ogc-queryables"), web.t("ogc-queryables-about")).under(crumbs);
        return Ok(sheet.described(web, &collection).show(web)?);
    }
    let address = absolute(web, &format!("/ogc/collections/{}/queryables", collection.id));
    Ok(answer::json(web, headers, SCHEMA, &feature::queryables(&collection, &address)))
}

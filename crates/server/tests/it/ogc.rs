//! OGC API – Features: what there is, how it is asked for, and that nobody is told more than they may know.

use crate::staff::{Town, key};
use crate::support::{Answer, model};
use axum::body::Body;
use axum::http::{Request, header};
use ganglion_model::Model;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A county with wells and reports, and keys for it.
pub struct Land {
    pub town: Town,
    /// A dispatcher's of the west: rows and places.
    pub full: String,
    /// The same post's, for places alone.
    pub narrow: String,
}

impl Land {
    /// With wells whose position anyone may know, or nobody but staff.
    pub async fn new(positions_are_public: bool) -> Land {
        Land::with_model(positions_are_public, |_| {}).await
    }

    /// With public wells, and packs that are a little different.
    pub async fn of(change: impl FnOnce(&mut Model)) -> Land {
        Land::with_model(true, change).await
    }

    async fn with_model(positions_are_public: bool, change: impl FnOnce(&mut Model)) -> Land {
        let mut model = model();
        let well = model.registers.get_mut("well").unwrap();
        let at = well.fields.iter_mut().find(|field| field.name == "at").unwrap();
        at.public = positions_are_public;
        change(&mut model);
        let town = Town::of(&Arc::new(model), &[]).await;
        let mut admin = town.as_("countyadmin").await;
        let scopes = ["places:read", "registers:*:write", "processes:*:write"];
        let full = key(&mut admin, ("full", "dispatcher", "130903001"), &scopes).await;
        let narrow = key(&mut admin, ("narrow", "dispatcher", "130903001"), &["places:read"]).await;
        Land { town, full, narrow }
    }

    pub async fn asked(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        if headers.iter().all(|(name, _)| *name != header::ACCEPT_LANGUAGE.as_str()) {
            request = request.header(header::ACCEPT_LANGUAGE, "en");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.town.visitor().send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.asked(path, &[]).await
    }

    pub async fn with(&self, key: &str, path: &str) -> Answer {
        self.asked(path, &[("authorization", &format!("Bearer {key}"))]).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.full))
            .header(header::CONTENT_TYPE, "application/json");
        self.town.visitor().send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A well with the telephone of its holder.
    pub async fn well(&self, code: &str, depth: i64, at: [f64; 2]) {
        let mut form = well(code, depth, at);
        form["phone"] = json!("13912345678");
        self.put(form).await;
    }

    /// A well, and nothing about its holder.
    pub async fn well_without(&self, code: &str, depth: i64, at: [f64; 2]) {
        self.put(well(code, depth, at)).await;
    }

    async fn put(&self, form: Value) {
        let made = self.post("/api/registers/well/rows", &json!({ "place": "130903001", "form": form })).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }

    /// A report from a partner's program; its public id.
    pub async fn report(&self, more: &[(&str, &str)]) -> String {
        let mut admin = self.town.as_("countyadmin").await;
        let name = format!("partner{}", more.len());
        let secret = key(&mut admin, (&name, "api", "130903"), &["open311:*:write"]).await;
        let mut form = vec![
            ("api_key", secret.as_str()),
            ("service_code", "refuse"),
            ("lat", "38.32123456"),
            ("long", "116.84123456"),
            ("description", "bags on the road, call 13912345678"),
            ("first_name", "三丰"),
            ("phone", "13912340016"),
        ];
        form.extend(more);
        let answer = self.town.visitor().post_raw("/open311/v2/requests.json", &form).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()[0]["service_request_id"].as_str().unwrap().to_owned()
    }
}

fn well(code: &str, depth: i64, at: [f64; 2]) -> Value {
    json!({ "code": code, "name": format!("Well {code}"), "use": "farm", "depth_m": depth, "at": at })
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn ids(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let features = body["features"].as_array().unwrap_or_else(|| panic!("{body}"));
    assert_eq!(body["numberReturned"].as_u64(), Some(features.len() as u64));
    features.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

fn href(body: &Value, rel: &str) -> Option<String> {
    let links = body["links"].as_array().unwrap();
    links.iter().find(|link| link["rel"] == rel).map(|link| link["href"].as_str().unwrap().to_owned())
}

async fn collections(land: &Land, key: Option<&str>) -> BTreeSet<String> {
    let answer = match key {
        Some(key) => land.with(key, "/ogc/collections").await,
        None => land.get("/ogc/collections").await,
    };
    answer.json()["collections"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

const OF_ALL: [&str; 6] =
    ["cases-incident", "places-city", "places-county", "places-grid", "places-township", "places-village"];

#[tokio::test]
async fn the_landing_page_leads_everywhere_and_says_what_is_met() {
    let land = Land::new(true).await;
    let body = land.get("/ogc").await.json();
    for rel in ["self", "alternate", "service-desc", "conformance", "data"] {
        let href = href(&body, rel).unwrap_or_else(|| panic!("{rel}: {body}"));
        assert_eq!(land.get(&href).await.status, 200, "{href}");
    }
    let conforms = land.get("/ogc/conformance").await.json();
    let met: Vec<&str> = conforms["conformsTo"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(met.contains(&"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"), "{met:?}");
    let api = land.get("/ogc/api").await;
    assert_eq!(api.header(header::CONTENT_TYPE), "application/vnd.oai.openapi+json;version=3.0");
    let paths = api.json()["paths"].as_object().unwrap().len();
    assert_eq!(paths, 7);
    let collection = land.get("/ogc/collections/places-grid").await.json();
    assert_eq!(collection["extent"]["spatial"]["bbox"], json!([[116.82, 38.3, 116.88, 38.35]]));
    for rel in ["items", "http://www.opengis.net/def/rel/ogc/1.0/queryables"] {
        let href = href(&collection, rel).unwrap();
        assert_eq!(land.get(&href).await.status, 200, "{href}");
    }
}

#[tokio::test]
async fn every_address_is_a_page_as_well() {
    let land = Land::new(true).await;
    land.well("W1", 80, [116.84, 38.32]).await;
    for path in [
        "/ogc",
        "/ogc/conformance",
        "/ogc/collections",
        "/ogc/collections/rows-well",
        "/ogc/collections/rows-well/queryables",
        "/ogc/collections/rows-well/items",
        "/ogc/collections/rows-well/items/130903.W1",
        "/ogc/collections/places-grid/items?limit=1",
    ] {
        let page = land.asked(path, &[("accept", "text/html,application/xhtml+xml,application/xml;q=0.9")]).await;
        assert_eq!((page.status, page.header(header::CONTENT_TYPE)), (200, "text/html; charset=utf-8"), "{path}");
        assert!(!page.text.contains("1391234"), "{path}");
        let json = land.asked(path, &[("accept", "application/geo+json, application/json")]).await;
        assert!(json.json().is_object(), "{path}");
    }
    let switched = land.get("/ogc?f=html&elder=1&lang=zh").await;
    assert!(switched.text.contains("地理数据接口"), "{}", switched.text);
}

#[tokio::test]
async fn places_come_by_level_by_box_and_page_by_page() {
    let land = Land::new(true).await;
    let grids = "/ogc/collections/places-grid/items";
    let all = land.get(grids).await;
    assert_eq!(all.header(header::CONTENT_TYPE), "application/geo+json");
    assert_eq!(all.header("content-crs"), "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>");
    assert_eq!(ids(&all), ["130903001201001", "130903002201001"]);
    assert_eq!(ids(&land.get(&format!("{grids}?bbox=116.82,38.3,116.84,38.31")).await), ["130903001201001"]);
    assert_eq!(ids(&land.get(&format!("{grids}?bbox=117,38,118,39")).await), Vec::<String>::new());
    let turned = "bbox=38.3,116.82,38.31,116.84&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4490";
    assert_eq!(ids(&land.get(&format!("{grids}?{turned}")).await), ["130903001201001"]);
    let first = land.get(&format!("{grids}?limit=1")).await;
    let next = href(&first.json(), "next").unwrap();
    let second = land.get(&next).await;
    assert_eq!((ids(&first), ids(&second)), (vec!["130903001201001".into()], vec!["130903002201001".into()]));
    assert_eq!(href(&second.json(), "next"), None);
    assert_eq!(ids(&land.get(&format!("{grids}?datetime=2019-01-01")).await), Vec::<String>::new());
    assert_eq!(ids(&land.get(&format!("{grids}?datetime=2019-01-01/..")).await).len(), 2);
    let one = land.get(&format!("{grids}/130903001201001?crs=http://www.opengis.net/def/crs/EPSG/0/4326")).await;
    let body = one.json();
    assert_eq!(body["geometry"]["coordinates"][0][0], json!([38.3, 116.82]));
    assert_eq!(body["properties"]["name"], "West Grid");
    // A village without an outline stands in the middle of its grids.
    let village = land.get("/ogc/collections/places-village/items/130903001201").await.json();
    assert_eq!(village["geometry"]["type"], "Point");
    let tag = one.header(header::ETAG).to_owned();
    let again = land
        .asked(
            &format!("{grids}/130903001201001?crs=http://www.opengis.net/def/crs/EPSG/0/4326"),
            &[("if-none-match", &tag)],
        )
        .await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
}

#[tokio::test]
async fn what_cannot_be_read_is_a_400_that_names_its_parameter() {
    let land = Land::new(true).await;
    for (query, parameter) in [
        ("colour=red", "colour"),
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("bbox=1,2,3", "bbox"),
        ("bbox=1,9,3,4", "bbox"),
        ("bbox=1,2,3,inf", "bbox"),
        ("bbox-crs=EPSG:3857", "bbox-crs"),
        ("crs=http://www.opengis.net/def/crs/EPSG/0/3857", "crs"),
        ("datetime=yesterday", "datetime"),
        ("datetime=2022-06-28/2022-06-27", "datetime"),
        ("f=xml", "f"),
        ("after=nowhere", "after"),
        ("filter=phone%20%3D%20%271%27", "filter"),
        ("filter=code%20%3D", "filter"),
        ("filter=TRUE&filter-lang=cql2-json", "filter-lang"),
        ("synthetic=perhaps", "synthetic"),
    ] {
        let answer = land.get(&format!("/ogc/collections/places-grid/items?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
        assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json");
        assert_eq!(answer.json()["errors"][0]["parameter"], parameter, "{query}");
    }
    for missing in ["places-moon/items", "cases-matter/items", "rows-quota/items", "nothing", "places-grid/items/13"] {
        assert_eq!(land.get(&format!("/ogc/collections/{missing}")).await.status, 404, "{missing}");
    }
}

#[tokio::test]
async fn filters_narrow_by_what_may_be_seen() {
    let land = Land::new(true).await;
    land.well("W1", 80, [116.83, 38.32]).await;
    land.well("W2", 120, [116.84, 38.33]).await;
    let asked = async |key: Option<&str>, filter: &str| {
        let path = format!("/ogc/collections/rows-well/items?filter={}", encoded(filter));
        match key {
            Some(key) => land.with(key, &path).await,
            None => land.get(&path).await,
        }
    };
    assert_eq!(ids(&asked(None, "code IN ('W2','W9')").await), ["130903.W2"]);
    assert_eq!(ids(&asked(None, "name LIKE 'Well W_' AND NOT code='W2'").await), ["130903.W1"]);
    assert_eq!(ids(&asked(None, "S_INTERSECTS(geometry,BBOX(116.835,38,117,39))").await), ["130903.W2"]);
    // The depth is staff's: others can neither read it nor find by it.
    assert_eq!(asked(None, "depth_m > 100").await.status, 400);
    assert_eq!(ids(&asked(Some(&land.full), "depth_m > 100").await), ["130903.W2"]);
    assert_eq!(asked(Some(&land.narrow), "depth_m > 100").await.status, 400, "its scopes do not name registers");
    assert_eq!(asked(Some(&land.full), "phone IS NOT NULL").await.status, 400, "nobody finds by what is personal");
    let by_name = land.get("/ogc/collections/rows-well/items?code=W1").await;
    assert_eq!(ids(&by_name), ["130903.W1"]);
    let names = land.get("/ogc/collections/rows-well/queryables").await.json();
    let mut named: Vec<&str> = names["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    named.sort_unstable();
    assert_eq!(named, ["code", "geometry", "name", "place", "valid_from", "valid_to"]);
}

#[tokio::test]
async fn everybody_sees_exactly_their_collections_and_fields() {
    let (open, closed) = (Land::new(true).await, Land::new(false).await);
    let all: BTreeSet<String> = OF_ALL.into_iter().map(str::to_owned).collect();
    let with_wells: BTreeSet<String> = all.iter().cloned().chain(["rows-well".to_owned()]).collect();
    for (land, key, wanted) in [
        (&open, None, &with_wells),
        (&open, Some(&open.narrow), &with_wells),
        (&open, Some(&open.full), &with_wells),
        (&closed, None, &all),
        (&closed, Some(&closed.narrow), &all),
        (&closed, Some(&closed.full), &with_wells),
    ] {
        assert_eq!(&collections(land, key.map(String::as_str)).await, wanted);
    }
    for land in [&open, &closed] {
        land.well("W1", 80, [116.84, 38.32]).await;
    }
    let one = "/ogc/collections/rows-well/items/130903.W1";
    let properties = |answer: &Answer| {
        let body = answer.json();
        body["properties"].as_object().unwrap().keys().cloned().collect::<BTreeSet<String>>()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(properties(&open.get(one).await), set(&["code", "name", "place"]));
    assert_eq!(properties(&open.with(&open.narrow, one).await), set(&["code", "name", "place"]));
    let full = closed.with(&closed.full, one).await;
    assert_eq!(properties(&full), set(&["code", "name", "use", "depth_m", "place"]));
    assert_eq!(full.header(header::CACHE_CONTROL), "private, no-cache");
    assert!(!full.text.contains("13912345678"));
    assert_eq!((closed.get(one).await.status, closed.with(&closed.narrow, one).await.status), (404, 404));
    // Somebody who is signed in sees here what everybody sees.
    let mut staff = closed.town.as_("dispatch").await;
    assert_eq!(staff.get(one).await.status, 404);
    // A key of another place sees no row of this one, and a key for something else does not come in.
    let mut admin = open.town.as_("countyadmin").await;
    let east = key(&mut admin, ("east", "verifier", "130903002"), &["places:read", "registers:*:read"]).await;
    assert_eq!(ids(&open.with(&east, "/ogc/collections/rows-well/items").await), Vec::<String>::new());
    assert_eq!(open.with(&east, one).await.status, 404);
    let figures = key(&mut admin, ("figures", "dispatcher", "130903001"), &["figures:read"]).await;
    assert_eq!(open.with(&figures, "/ogc/collections").await.status, 403);
}

#[tokio::test]
async fn cases_are_told_as_open311_tells_them() {
    let land = Land::new(true).await;
    let id = land.report(&[]).await;
    land.town.wait(1);
    let later = land.report(&[("attribute[wants_reply]", "true")]).await;
    land.town.wait(1);
    let private = json!({ "category": "refuse", "description": "quiet", "location": [116.84, 38.32], "private": true });
    let made = land.post("/api/processes/incident/cases", &json!({ "form": private })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let items = land.get("/ogc/collections/cases-incident/items").await;
    assert_eq!(ids(&items), [later.clone(), id.clone()], "the newest first, and none that is kept from the public");
    let one = land.get(&format!("/ogc/collections/cases-incident/items/{id}")).await;
    let body = one.json();
    assert_eq!(body["geometry"], json!({ "type": "Point", "coordinates": [116.8412, 38.3212] }), "about ten metres");
    assert_eq!(body["properties"]["status"], "open");
    assert_eq!(body["properties"]["description"], "bags on the road, call ***");
    for told in [&items.text, &one.text] {
        for person in ["1391234", "三丰", "SB-130903001"] {
            assert!(!told.contains(person), "{person}");
        }
    }
    let first = land.get("/ogc/collections/cases-incident/items?limit=1").await;
    let next = land.get(&href(&first.json(), "next").unwrap()).await;
    assert_eq!((ids(&first), ids(&next)), (vec![later], vec![id]));
    for (query, count) in [
        ("datetime=2022-06-27", 2),
        ("datetime=../2022-06-26", 0),
        ("status=closed", 0),
        ("bbox=116.84,38.32,116.85,38.33", 2),
        ("bbox=116.85,38.32,116.86,38.33", 0),
        ("filter=requested_datetime%3E%3DDATE(%272022-06-27%27)", 2),
    ] {
        let found = land.get(&format!("/ogc/collections/cases-incident/items?{query}")).await;
        assert_eq!(ids(&found).len(), count, "{query}: {}", found.text);
    }
    assert_eq!(land.get(&format!("/ogc/collections/cases-incident/items/{}", "0".repeat(40))).await.status, 404);
}

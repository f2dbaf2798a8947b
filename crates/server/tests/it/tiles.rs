//! Vector tiles: what is in them, who gets them, and when they are made anew.

use crate::ogc::Land;
use crate::support::Answer;
use axum::http::header;
use fast_mvt::{MvtReaderRef, MvtTile};
use serde_json::json;
use std::collections::BTreeMap;

/// Column and row of the tile of a level that holds 116.84 E 38.32 N.
fn at(z: u32) -> (u32, u32) {
    let side = f64::from(1_u32 << z);
    let lat = 38.32_f64.to_radians();
    let row = (1.0 - lat.tan().asinh() / std::f64::consts::PI) / 2.0;
    (((116.84 + 180.0) / 360.0 * side) as u32, (row * side) as u32)
}

fn path(collection: &str, z: u32) -> String {
    let (x, y) = at(z);
    format!("/tiles/{collection}/{z}/{x}/{y}.mvt")
}

fn read(answer: &Answer) -> MvtTile {
    assert_eq!(
        (answer.status, answer.header(header::CONTENT_TYPE)),
        (200, "application/vnd.mapbox-vector-tile"),
        "{}",
        answer.text
    );
    MvtReaderRef::new(&answer.bytes).unwrap().to_tile().unwrap()
}

/// Attributes of every feature, by name.
fn features(tile: &MvtTile) -> Vec<BTreeMap<String, String>> {
    let of = |properties: &Vec<(String, fast_mvt::MvtValue)>| {
        properties.iter().map(|(name, value)| (name.clone(), format!("{value:?}"))).collect()
    };
    tile.layers.iter().flat_map(|layer| &layer.features).map(|one| of(&one.properties)).collect()
}

#[tokio::test]
async fn tilejson_and_style_lead_to_tiles_that_read_back() {
    let land = Land::new(true).await;
    let listed = land.get("/tiles").await.json();
    let all = listed["tiles"].as_array().unwrap();
    assert_eq!(all.len(), 7);
    for one in all {
        let described = land.get(one["tilejson"].as_str().unwrap()).await.json();
        assert_eq!((described["tilejson"].as_str(), &described["vector_layers"][0]["id"]), (Some("3.0.0"), &one["id"]));
        let zoom = u32::try_from(described["minzoom"].as_u64().unwrap()).unwrap();
        let (x, y) = at(zoom);
        let template = described["tiles"][0].as_str().unwrap();
        let filled = [("{z}", zoom), ("{x}", x), ("{y}", y)];
        let address = filled.iter().fold(template.to_owned(), |text, (name, n)| text.replace(name, &n.to_string()));
        let tile = read(&land.get(&address).await);
        assert_eq!(tile.layers[0].name, one["id"].as_str().unwrap());
    }
    let style = land.get("/tiles/style.json").await.json();
    assert_eq!((style["version"].as_u64(), style["sources"].as_object().unwrap().len()), (Some(8), 7));
    for layer in style["layers"].as_array().unwrap().iter().skip(1) {
        assert!(style["sources"].get(layer["source"].as_str().unwrap()).is_some(), "{layer}");
    }
    let symbols = |style: &serde_json::Value| {
        style["layers"].as_array().unwrap().iter().filter(|layer| layer["type"] == "symbol").count()
    };
    let plain = land.get("/tiles/style.json?names=false").await.json();
    assert!(symbols(&style) > 0 && symbols(&plain) == 0 && style.get("glyphs").is_none(), "{style}");
    assert_eq!(land.get("/tiles/style.json?names=perhaps").await.status, 400);
    for wrong in [
        "/tiles/places-grid/14/1/x.mvt",
        "/tiles/places-grid/2/0/0.mvt",
        "/tiles/places-grid/14/99999/0.mvt",
        "/tiles/nothing/14/0/0.mvt",
        "/tiles/places-grid/14/0/0.png",
        "/tiles/nothing.json",
    ] {
        assert_eq!(land.get(wrong).await.status, 404, "{wrong}");
    }
    assert_eq!(land.get(&format!("{}?x=1", path("places-grid", 14))).await.status, 400);
}

#[tokio::test]
async fn a_tile_is_made_anew_when_the_journal_moves_on_and_not_before() {
    let land = Land::new(true).await;
    land.well("W1", 80, [116.84, 38.32]).await;
    let (wells, grids) = (path("rows-well", 14), path("places-grid", 14));
    let first = land.get(&wells).await;
    assert_eq!(first.header(header::CACHE_CONTROL), "public, max-age=60");
    assert_eq!(land.get(&grids).await.header(header::CACHE_CONTROL), "public, max-age=3600");
    let tag = first.header(header::ETAG).to_owned();
    assert_eq!(land.asked(&wells, &[("if-none-match", &tag)]).await.status, 304);
    let of_grids = land.get(&grids).await.header(header::ETAG).to_owned();
    land.well("W2", 90, [116.841, 38.321]).await;
    let soon = [land.asked(&wells, &[("if-none-match", &tag)]).await.status, land.get(&wells).await.status];
    assert_eq!(soon, [304, 200]);
    assert_eq!(land.get(&wells).await.bytes, first.bytes, "given as it is for ten seconds");
    land.town.wait(10);
    let second = land.asked(&wells, &[("if-none-match", &tag)]).await;
    assert_eq!((features(&read(&first)).len(), features(&read(&second)).len()), (1, 2));
    let tag = second.header(header::ETAG).to_owned();
    land.report(&[]).await;
    land.town.wait(10);
    assert_eq!(land.asked(&wells, &[("if-none-match", &tag)]).await.status, 304, "made anew, and the same");
    assert_eq!(land.asked(&grids, &[("if-none-match", &of_grids)]).await.status, 304, "outlines did not change");
}

#[tokio::test]
async fn a_tile_tells_what_its_reader_may_know() {
    let land = Land::new(false).await;
    land.well("W1", 80, [116.84, 38.32]).await;
    land.report(&[]).await;
    let wells = path("rows-well", 14);
    assert_eq!((land.get(&wells).await.status, land.with(&land.narrow, &wells).await.status), (404, 404));
    let full = land.with(&land.full, &wells).await;
    assert_eq!(full.header(header::CACHE_CONTROL), "private, no-cache");
    let names: Vec<String> = features(&read(&full))[0].keys().cloned().collect();
    assert_eq!(names, ["code", "depth_m", "id", "name", "place", "use"]);
    let cases = land.get(&path("cases-incident", 14)).await;
    let told = features(&read(&cases));
    assert_eq!(told.len(), 1);
    let names: Vec<&str> = told[0].keys().map(String::as_str).collect();
    let wanted = [
        "agency_responsible",
        "id",
        "requested_datetime",
        "service_code",
        "service_name",
        "status",
        "updated_datetime",
    ];
    assert_eq!(names, wanted);
    for bytes in [&full.bytes, &cases.bytes] {
        let text = String::from_utf8_lossy(bytes);
        for person in ["1391234", "三丰", "SB-130903001"] {
            assert!(!text.contains(person), "{person}");
        }
    }
    let mut areas = read(&land.get(&path("places-grid", 14)).await);
    areas.layers.truncate(1);
    assert_eq!(features(&areas).iter().filter(|one| one["synthetic"] == "Bool(true)").count(), features(&areas).len());
    assert_eq!(json!(areas.layers[0].extent.get()), json!(4096));
}

#[tokio::test]
async fn a_place_is_named_once_on_a_level_and_what_it_is_in_words() {
    // In English a town is a town.
    const CHINESE: &[(&str, &str)] = &[("accept-language", "zh-CN")];
    let land = Land::new(true).await;
    let mut named = Vec::new();
    let (x, y) = at(9);
    for (x, y) in (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y))) {
        let tile = read(&land.asked(&format!("/tiles/places-township/9/{x}/{y}.mvt"), CHINESE).await);
        let names = tile.layers.iter().filter(|layer| layer.name == "places-township-names");
        for one in names.flat_map(|layer| &layer.features) {
            named.push(one.properties.iter().map(|(name, value)| (name.clone(), format!("{value:?}"))).collect());
        }
    }
    let named: Vec<BTreeMap<String, String>> = named;
    let ids: std::collections::BTreeSet<&String> = named.iter().map(|one| &one["id"]).collect();
    assert!(!named.is_empty() && ids.len() == named.len(), "{named:?}");
    for one in &named {
        assert_eq!(one.keys().map(String::as_str).collect::<Vec<_>>(), ["id", "kind", "kind_name", "name"]);
        assert_ne!(one["kind"], one["kind_name"], "a word and no code");
    }
    let items = land.asked("/ogc/collections/places-township/items?limit=1&f=html", CHINESE).await.text;
    let kind = land.asked("/ogc/collections/places-township/items?limit=1", CHINESE).await.json();
    let kind = &kind["features"][0]["properties"];
    assert!(items.contains(kind["kind_name"].as_str().unwrap()), "{items}");
    assert!(!items.contains(&format!(">{}<", kind["kind"].as_str().unwrap())), "{items}");
}

#[tokio::test]
async fn a_base_map_is_fetched_only_where_the_deployment_says_and_from_there_alone() {
    use crate::support::City;
    use ganglion_server::{BaseMap, Settings};
    let plain = City::new().await;
    let page = plain.visitor().get("/").await;
    assert!(page.header("content-security-policy").contains("img-src 'self' data: blob:; "), "nothing from elsewhere");
    let base = BaseMap::tianditu("0123abcd", "Tianditu").unwrap();
    let city = City::with(Settings { base_map: Some(base), ..Settings::default() }).await;
    let page = city.visitor().get("/").await;
    let policy = page.header("content-security-policy");
    for part in
        ["img-src 'self' data: blob: https://t0.tianditu.gov.cn ", "connect-src 'self' https://t0.tianditu.gov.cn "]
    {
        assert!(policy.contains(part), "{policy}");
    }
    let told = city.visitor().get("/map/base").await.json();
    assert_eq!((told["datum"].as_str(), told["layers"].as_array().map(Vec::len)), (Some("cgcs2000"), Some(2)));
    let style = city.visitor().get("/tiles/style.json").await.json();
    assert_eq!(style["sources"]["base-0"]["type"], "raster");
    assert_eq!(style["layers"][1]["id"], "base-0");
}

#[tokio::test]
async fn a_packed_map_beside_the_server_is_given_in_stretches() {
    use crate::support::City;
    use axum::body::Body;
    use axum::http::Request;
    use ganglion_geo::Datum;
    use ganglion_server::{BaseMap, Settings};
    // Any file will do: what is in it is the browser's business.
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let whole = std::fs::read(&path).unwrap();
    let base = BaseMap::file(&path, Datum::Wgs84, "").unwrap();
    let city = City::with(Settings { base_map: Some(base), ..Settings::default() }).await;
    let told = city.visitor().get("/map/base").await.json();
    assert_eq!((told["packed"].as_bool(), &told["layers"]), (Some(true), &json!([["/map/base.pmtiles"]])));
    let asked = async |range: &str| {
        let request = Request::get("/map/base.pmtiles").header(header::RANGE, range).body(Body::empty()).unwrap();
        city.visitor().send(request).await
    };
    let piece = asked("bytes=1-7").await;
    assert_eq!((piece.status, piece.bytes.as_ref()), (206, &whole[1..8]));
    assert_eq!(piece.header(header::CONTENT_RANGE), format!("bytes 1-7/{}", whole.len()));
    for wrong in ["", "bytes=9-1", "bytes=999999-", "bytes=0-1,5-6"] {
        assert_eq!(asked(wrong).await.status, 416, "{wrong}");
    }
    let style = city.visitor().get("/tiles/style.json").await.json();
    assert!(style["sources"].get("base-0").is_none(), "not every reader of a style can unpack it");
}

//! Vector tiles of the same collections as `/ogc`: TileJSON, a style for MapLibre, and the tiles themselves. A tile of the public
//! is kept for ten seconds, and on until a journal moves; who has it already gets nothing again. Leaves out raster tiles and
//! letters: names are drawn with the fonts of whoever looks.

mod made;
mod style;

pub use made::Made;
use made::read_by;

use crate::error::Error;
use crate::events::Position;
use crate::ogc::asked::only;
use crate::ogc::collection::{Collection, Source, all, find};
use crate::ogc::{self, Fault, absolute, extent, keep, settled};
use crate::rest::answer::is_known;
use crate::sign;
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use ganglion_geo::tile::TileId;
use ganglion_model::Level;
use serde_json::{Map, Value, json};

/// Tiles.
const MVT: &str = "application/vnd.mapbox-vector-tile";
/// How long anybody may keep a tile of places without asking again.
const KEPT_PLACES: &str = "public, max-age=3600";

/// The first and last level of a collection: from where its features can be told apart to where they are drawn exactly enough to
/// be enlarged.
fn zooms(source: &Source<'_>) -> (u8, u8) {
    match source {
        Source::Places(level) => place_zooms(*level),
        Source::Cases(_) => (9, 16),
        Source::Rows(_) => (8, 16),
    }
}

/// The same of the places of a level.
#[must_use]
pub fn place_zooms(level: Level) -> (u8, u8) {
    match level {
        Level::Province | Level::City => (0, 12),
        Level::County => (4, 14),
        Level::Township => (7, 14),
        Level::Village => (10, 14),
        Level::Grid => (11, 15),
    }
}

/// `GET /tiles`: what there is.
pub async fn list(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let listed = || -> Result<Response, Fault> {
        only(&web, &[])?;
        let words = web.words();
        let one = |one: Collection<'_>| json!({ "id": one.id, "title": one.title, "tilejson": absolute(&web, &format!("/tiles/{}.json", one.id)) });
        let tiles: Vec<Value> = all(&web, &web.look(&words)).into_iter().map(one).collect();
        Ok(told(&web, &headers, &json!({ "style": absolute(&web, "/tiles/style.json"), "tiles": tiles })))
    };
    settled(&web, listed())
}

/// `GET /tiles/style.json` and `GET /tiles/{collection}.json`: a style, and TileJSON 3.0.
pub async fn described(web: Web, headers: HeaderMap, Path(file): Path<String>) -> Result<Response, Error> {
    let described = || -> Result<Response, Fault> {
        let is_style = file == "style.json";
        let known: &[&str] = if is_style { &["names"] } else { &[] };
        only(&web, known)?;
        let words = web.words();
        let look = web.look(&words);
        if is_style {
            return Ok(told(&web, &headers, &style::style(&web, &all(&web, &look), with_names(&web)?)));
        }
        let id = file.strip_suffix(".json").ok_or(Error::NotFound)?;
        let collection = find(&web, &look, id).ok_or(Error::NotFound)?;
        Ok(told(&web, &headers, &tilejson(&web, &collection)))
    };
    settled(&web, described())
}

/// Whether a style draws names: unless `names=false` says that whoever reads it knows no fonts of its own.
fn with_names(web: &Web) -> Result<bool, Fault> {
    match web.arg("names") {
        None | Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(Fault::from(Error::Unreadable("names"))),
    }
}

/// The layer of a tile that holds where the names of places are written.
#[must_use]
pub fn names_of(collection: &str) -> String {
    format!("{collection}-names")
}

fn told(web: &Web, headers: &HeaderMap, body: &Value) -> Response {
    let text = body.to_string();
    let tag = format!("W/\"{}\"", &sign::digest(&text)[..24]);
    let mut response = match is_known(headers, &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
    };
    keep(web, &mut response, &tag);
    response
}

fn tilejson(web: &Web, collection: &Collection<'_>) -> Value {
    let (first, last) = zooms(&collection.source);
    let mut fields: Map<String, Value> =
        collection.properties.iter().map(|one| (one.name.clone(), json!(one.title))).collect();
    fields.insert("id".to_owned(), json!(web.t("ogc-id")));
    let mut layers = vec![json!({
        "id": collection.id,
        "description": collection.title,
        "fields": fields,
        "minzoom": first,
        "maxzoom": last,
    })];
    if matches!(collection.source, Source::Places(_)) {
        fields.retain(|name, _| ["id", "name", "kind", "kind_name"].contains(&name.as_str()));
        layers.push(json!({
            "id": names_of(&collection.id),
            "description": web.t("tiles-names"),
            "fields": fields,
            "minzoom": first,
            "maxzoom": last,
        }));
    }
    json!({
        "tilejson": "3.0.0",
        "name": collection.title,
        "description": collection.about,
        "attribution": web.t("map-attribution"),
        "scheme": "xyz",
        "tiles": [absolute(web, &format!("/tiles/{}/{{z}}/{{x}}/{{y}}.mvt", collection.id))],
        "minzoom": first,
        "maxzoom": last,
        "bounds": extent(web),
        "vector_layers": layers,
    })
}

/// `GET /tiles/{collection}/{z}/{x}/{y}.mvt`.
pub async fn tile(
    web: Web,
    headers: HeaderMap,
    Path((id, z, x, file)): Path<(String, String, String, String)>,
) -> Result<Response, Error> {
    settled(&web, drawn(&web, &headers, (&id, [z.as_str(), x.as_str(), file.as_str()])).await)
}

/// The tile at an address.
fn tile_of([z, x, file]: [&str; 3]) -> Option<TileId> {
    TileId::new(z.parse().ok()?, x.parse().ok()?, file.strip_suffix(".mvt")?.parse().ok()?)
}

async fn drawn(web: &Web, headers: &HeaderMap, (id, at): (&str, [&str; 3])) -> Result<Response, Fault> {
    only(web, &[])?;
    let tile = tile_of(at).ok_or(Error::NotFound)?;
    let words = web.words();
    let look = web.look(&words);
    let collection = find(web, &look, id).ok_or(Error::NotFound)?;
    let (first, last) = zooms(&collection.source);
    if !(first..=last).contains(&tile.zoom()) {
        return Err(Fault::Other(Error::NotFound));
    }
    let is_place = matches!(collection.source, Source::Places(_));
    let (tag, made) = if collection.is_public() && !is_place {
        let made = web.app.tiles.lately(web, &look, &collection, tile).await?;
        (made.tag, Some(made.bytes))
    } else {
        (tag(web, &collection).await?, None)
    };
    let mut response = if is_known(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let bytes = match made {
            Some(bytes) => bytes,
            None => web.app.tiles.of(web, &look, &collection, (tile, &tag)).await?,
        };
        ([(header::CONTENT_TYPE, MVT)], bytes).into_response()
    };
    keep(web, &mut response, &tag);
    if is_place && !web.bearer {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(KEPT_PLACES));
    }
    Ok(response)
}

/// What a tile of places or one that is not everybody's is made from: the edition of the outlines, or where the journals stand; what it is
/// read by; and whose it is, when it is not everybody's.
async fn tag(web: &Web, collection: &Collection<'_>) -> Result<String, Error> {
    let from = match collection.source {
        Source::Places(_) => web.world.places.edition.clone(),
        Source::Cases(_) | Source::Rows(_) => String::from(Position::now(&web.app).await?),
    };
    let whose = match &web.session {
        Some(session) if !collection.is_public() => session.token_hash.as_str(),
        _ => "",
    };
    let made_of = [from.as_str(), read_by(web).as_str(), whose].join("\n");
    Ok(format!("\"{}\"", &sign::digest(&made_of)[..24]))
}

/// Features of a tile at most.
pub const FEATURES_MAX: usize = 5_000;
/// Attributes of a case that a tile has; the others are read at `/ogc`.
const OF_CASE: [&str; 6] =
    ["status", "service_code", "service_name", "agency_responsible", "requested_datetime", "updated_datetime"];

/// A feature's attributes with its id.
fn attributes(feature: &ogc::Feature, only: Option<&[&str]>) -> Map<String, Value> {
    let is_wanted = |name: &String| only.is_none_or(|only| only.contains(&name.as_str()));
    let kept = feature.properties.iter().filter(|(name, _)| is_wanted(name));
    let mut attributes: Map<String, Value> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    attributes.insert("id".to_owned(), json!(feature.id));
    attributes
}

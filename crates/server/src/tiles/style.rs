//! A style for MapLibre over the tiles: outlines from wide to narrow, rows and cases as points, names of places. It names no server of
//! letters: MapLibre GL JS 5.11 and later then draws with the fonts of the machine, which suits networks without a way out. The base
//! map of the installation lies below it, where there is one.

use super::{names_of, zooms};
use crate::base_map::BaseMap;
use crate::ogc::absolute;
use crate::ogc::collection::{Collection, Source};
use crate::web::Web;
use ganglion_model::Level;
use serde_json::{Map, Value, json};

const PAPER: &str = "#f7f8fa";
const BORDER: &str = "#7a8699";
const ROW: &str = "#0b6e6e";
const OPEN: &str = "#b45309";
const CLOSED: &str = "#4b7a57";
const NAME: &str = "#2b3442";
/// Fonts that have Chinese letters, as systems come with them.
const FONTS: [&str; 5] = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Source Han Sans SC", "sans-serif"];
/// From where on single rows are named.
const ROWS_NAMED_FROM: u8 = 14;

/// The style, with the names of places and rows or without.
#[must_use]
pub fn style(web: &Web, collections: &[Collection<'_>], with_names: bool) -> Value {
    let mut sources = Map::new();
    let mut layers = vec![json!({ "id": "paper", "type": "background", "paint": { "background-color": PAPER } })];
    for (at, tiles) in web.app.settings.base_map.iter().flat_map(|base| base.layers_in_place()).enumerate() {
        let id = format!("base-{at}");
        let attribution = web.app.settings.base_map.as_ref().map(BaseMap::attribution);
        sources.insert(
            id.clone(),
            json!({ "type": "raster", "tiles": tiles, "tileSize": 256, "maxzoom": 18, "attribution": attribution }),
        );
        layers.push(json!({ "id": id, "type": "raster", "source": id }));
    }
    for one in collections {
        sources.insert(
            one.id.clone(),
            json!({ "type": "vector", "url": absolute(web, &format!("/tiles/{}.json", one.id)) }),
        );
        layers.extend(drawn(one));
    }
    if with_names {
        // Above everything, the narrowest first: what is wide wins where there is no room for both.
        layers.extend(collections.iter().rev().filter_map(named));
    }
    json!({ "version": 8, "name": web.t("title-ogc"), "sources": sources, "layers": layers })
}

fn layer(collection: &Collection<'_>, kind: &str, on: &str, paint: &Value) -> Value {
    json!({
        "id": format!("{}-{kind}", collection.id),
        "type": kind,
        "source": collection.id,
        "source-layer": collection.id,
        "minzoom": zooms(&collection.source).0,
        "filter": ["==", "$type", on],
        "paint": paint,
    })
}

/// The names of a collection.
fn named(collection: &Collection<'_>) -> Option<Value> {
    let (layer, field, from, size) = match &collection.source {
        Source::Cases(_) => return None,
        Source::Rows(readable) => (collection.id.clone(), readable.register.label.as_str(), ROWS_NAMED_FROM, 11),
        Source::Places(level) => {
            let size = match level {
                Level::Province | Level::City => 16,
                Level::County => 14,
                Level::Township => 13,
                Level::Village => 12,
                Level::Grid => 11,
            };
            // Grids are called after the village they lie in; their names are for who is near.
            let later = if *level == Level::Grid { 2 } else { 0 };
            (names_of(&collection.id), "name", zooms(&collection.source).0 + later, size)
        }
    };
    let text = json!({ "text-field": ["coalesce", ["get", field], ""], "text-font": FONTS, "text-size": size, "text-max-width": 8 });
    Some(json!({
        "id": format!("{}-name", collection.id),
        "type": "symbol",
        "source": collection.id,
        "source-layer": layer,
        "minzoom": from,
        "layout": text,
        "paint": { "text-color": NAME, "text-halo-color": "#ffffff", "text-halo-width": 1.5 },
    }))
}

fn drawn(collection: &Collection<'_>) -> Vec<Value> {
    // Seen from far, thousands are a pattern and no marks.
    let radius = json!(["interpolate", ["linear"], ["zoom"], 8, 1.2, 11, 2.5, 14, 5]);
    let circle = |color: Value| json!({ "circle-radius": radius, "circle-color": color, "circle-stroke-width": ["step", ["zoom"], 0, 11, 1], "circle-stroke-color": "#ffffff" });
    match &collection.source {
        Source::Places(level) => {
            let width = match level {
                Level::Province | Level::City => 2.0,
                Level::County => 1.5,
                Level::Township => 1.0,
                Level::Village | Level::Grid => 0.5,
            };
            vec![layer(collection, "line", "Polygon", &json!({ "line-color": BORDER, "line-width": width }))]
        }
        Source::Cases(_) => {
            let color = json!(["case", ["==", ["get", "status"], "open"], OPEN, CLOSED]);
            vec![layer(collection, "circle", "Point", &circle(color))]
        }
        Source::Rows(_) => vec![
            layer(collection, "fill", "Polygon", &json!({ "fill-color": ROW, "fill-opacity": 0.15 })),
            layer(collection, "line", "LineString", &json!({ "line-color": ROW, "line-width": 2.0 })),
            layer(collection, "circle", "Point", &circle(json!(ROW))),
        ],
    }
}

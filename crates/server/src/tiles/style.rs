//! A style for MapLibre over the tiles: outlines from wide to narrow, rows and cases as points. It draws no names, which would need
//! a server of letters; the base map of the installation lies below it, where there is one.

use super::zooms;
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

/// The style.
#[must_use]
pub fn style(web: &Web, collections: &[Collection<'_>]) -> Value {
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

fn drawn(collection: &Collection<'_>) -> Vec<Value> {
    let circle = |color: Value| json!({ "circle-radius": 4, "circle-color": color, "circle-stroke-width": 1, "circle-stroke-color": "#ffffff" });
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

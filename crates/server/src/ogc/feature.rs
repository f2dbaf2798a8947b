//! One feature: an id that does not change, where it is, what is told of it.

use super::collection::Collection;
use super::crs::Crs;
use ganglion_geo::Geometry;
use serde_json::{Map, Value, json};

/// A feature.
#[derive(Clone, Debug)]
pub struct Feature {
    /// Unique in its collection.
    pub id: String,
    /// What it is called on a page.
    pub title: String,
    /// Where it is.
    pub geometry: Option<Geometry>,
    /// What is told of it.
    pub properties: Map<String, Value>,
}

/// Features in order, and where those after them begin.
#[derive(Debug, Default)]
pub struct Page {
    /// Features.
    pub features: Vec<Feature>,
    /// Where the next page begins, as it stands in an address.
    pub next: Option<String>,
}

impl Feature {
    /// It as GeoJSON (RFC 7946), its corners in `crs`.
    #[must_use]
    pub fn json(&self, crs: Crs) -> Value {
        let geometry = self.geometry.as_ref().map(|geometry| crs.written(geometry.json()));
        json!({ "type": "Feature", "id": self.id, "geometry": geometry, "properties": self.properties })
    }
}

/// The schema of what a filter may name (OGC API – Features, part 3, queryables).
#[must_use]
pub fn queryables(collection: &Collection<'_>, address: &str) -> Value {
    use super::collection::Kind;
    let mut properties = Map::new();
    let geometry = json!({ "x-ogc-role": "primary-geometry", "format": "geometry-any" });
    properties.insert("geometry".to_owned(), geometry);
    for one in &collection.properties {
        let mut schema = match one.kind {
            Kind::Text => json!({ "type": "string" }),
            Kind::Number => json!({ "type": "number" }),
            Kind::Whole => json!({ "type": "integer" }),
            Kind::Truth => json!({ "type": "boolean" }),
            Kind::Day => json!({ "type": "string", "format": "date" }),
            Kind::Instant => json!({ "type": "string", "format": "date-time" }),
            Kind::Several => continue,
        };
        schema["title"] = json!(one.title);
        if !one.codes.is_empty() {
            let codes = one.codes.iter().map(|(code, title)| json!({ "const": code, "title": title }));
            schema["oneOf"] = codes.collect();
        }
        properties.insert(one.name.clone(), schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address,
        "type": "object",
        "title": collection.title,
        "properties": properties,
        "additionalProperties": false,
    })
}

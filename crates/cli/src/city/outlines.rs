//! Outlines from GeoJSON files into places (grids, hosts) and geometries.

use anyhow::{Context as _, Result, bail};
use ganglion_geo::geojson::{self, ReadOptions};
use ganglion_geo::outline::geometry_json;
use ganglion_model::{Level, Place, PlaceCode, PlaceKind};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// What a file of outlines gives.
#[derive(Default)]
pub struct Outlines {
    /// Geometry text by code.
    pub geometries: Vec<(PlaceCode, String)>,
    /// Codes whose outline was invented.
    pub synthetic: Vec<PlaceCode>,
    /// Host county by code, where it differs.
    pub hosts: HashMap<PlaceCode, PlaceCode>,
}

/// Reads one file.
///
/// # Errors
/// Names every bad feature.
pub fn read(path: &Path) -> Result<Outlines> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let reading = geojson::read(&bytes, &ReadOptions::default());
    let bad: Vec<String> = reading.findings.iter().filter(|f| f.problem.rejects()).map(ToString::to_string).collect();
    if !bad.is_empty() {
        bail!("{}: {} bad features:\n{}", path.display(), bad.len(), bad.join("\n"));
    }
    let mut out = Outlines::default();
    for outline in reading.outlines {
        let code: PlaceCode = outline.code.parse().with_context(|| path.display().to_string())?;
        out.geometries.push((code, geometry_json(&outline.geometry)));
        if outline.properties.get("synthetic").and_then(Value::as_bool).unwrap_or(false) {
            out.synthetic.push(code);
        }
        let host = outline.properties.get("host_code").and_then(Value::as_str).and_then(|c| c.parse().ok());
        if let Some(host) = host.filter(|host: &PlaceCode| code.at(Level::County) != Some(*host)) {
            out.hosts.insert(code, host);
        }
    }
    Ok(out)
}

/// Adds to `places` what outlines tell: hosts, synthetic marks, and a grid place for each grid outline.
pub fn apply(places: &mut Vec<Place>, outlines: &Outlines, grid_name: &dyn Fn(PlaceCode, &str) -> String, from: Date) {
    let synthetic: std::collections::HashSet<PlaceCode> = outlines.synthetic.iter().copied().collect();
    for place in places.iter_mut() {
        place.host = outlines.hosts.get(&place.code).copied().or(place.host);
        place.synthetic |= synthetic.contains(&place.code);
    }
    let names: HashMap<PlaceCode, String> =
        places.iter().filter(|p| p.valid_to.is_none()).map(|p| (p.code, p.name.clone())).collect();
    for (code, _) in outlines.geometries.iter().filter(|(code, _)| code.level() == Level::Grid) {
        let village = code.parent().and_then(|parent| names.get(&parent)).map_or("", String::as_str);
        places.push(Place {
            code: *code,
            name: grid_name(*code, village),
            kind: PlaceKind::BaseGrid,
            valid_from: from,
            valid_to: None,
            predecessors: Vec::new(),
            host: None,
            synthetic: synthetic.contains(code),
            official: None,
        });
    }
}

/// West-south and east-north corners of a stored geometry.
#[must_use]
pub fn bounds(geometry: &str) -> Option<[[f64; 2]; 2]> {
    fn walk(value: &Value, into: &mut Option<[[f64; 2]; 2]>) {
        let Some(items) = value.as_array() else { return };
        if let [lon, lat, ..] = items.as_slice()
            && let (Some(lon), Some(lat)) = (lon.as_f64(), lat.as_f64())
        {
            let [low, high] = into.get_or_insert([[lon, lat], [lon, lat]]);
            *low = [low[0].min(lon), low[1].min(lat)];
            *high = [high[0].max(lon), high[1].max(lat)];
            return;
        }
        items.iter().for_each(|item| walk(item, into));
    }
    let value: Value = serde_json::from_str(geometry).ok()?;
    let mut found = None;
    walk(value.get("coordinates")?, &mut found);
    found
}

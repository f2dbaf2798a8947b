//! Tiles as they are made, and the last of them remembered: everybody looks at the same few.

use super::{FEATURES_MAX, OF_CASE, attributes, names_of};
use crate::error::Error;
use crate::ogc::asked::Asked;
use crate::ogc::collection::{Collection, Source};
use crate::ogc::{Feature, Page, case_feature, of_level, place_told, row_page};
use crate::open311::Services;
use crate::view::Look;
use crate::web::Web;
use bytes::Bytes;
use ganglion_geo::Geometry;
use ganglion_geo::tile::{Layer, TileError, TileId};
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_model::Level;
use ganglion_model::pack::Process;
use jiff::SignedDuration;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Tiles remembered.
const KEPT_MAX: usize = 512;
/// How far back a case was reported that is on a map: the span Open311 shows without being asked for another.
const CASES_SPAN: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What stands beside a name on a map.
const OF_NAME: [&str; 4] = ["id", "name", "kind", "kind_name"];

type Named = (String, TileId);

/// Tiles that were made, with what they were made from.
#[derive(Default)]
pub struct Made {
    kept: Mutex<HashMap<Named, (String, Bytes)>>,
}

fn failed(error: &TileError) -> Error {
    Error::Internal(error.to_string())
}

impl Made {
    /// A tile of a collection; `tag` says what it is made from.
    ///
    /// # Errors
    /// Storage.
    pub async fn of(
        &self,
        web: &Web,
        look: &Look<'_>,
        collection: &Collection<'_>,
        (tile, tag): (TileId, &str),
    ) -> Result<Bytes, Error> {
        let name = (collection.id.clone(), tile);
        let known = self.kept.lock().get(&name).filter(|(made_of, _)| made_of == tag).map(|(_, bytes)| bytes.clone());
        if let Some(bytes) = known {
            return Ok(bytes);
        }
        let bytes = Bytes::from(match &collection.source {
            Source::Places(level) => of_places(web, *level, (&collection.id, tile)).await?,
            Source::Cases(process) => {
                let features = cases(web, look, process, tile).await?;
                layer(&collection.id, tile, &features, Some(&OF_CASE))?
            }
            Source::Rows(readable) => {
                let asked = Asked::within(Some(tile.bounds()), web.today(), FEATURES_MAX);
                let Page { features, .. } = row_page(web, look, readable, &asked).await?;
                layer(&collection.id, tile, &features, None)?
            }
        });
        if collection.is_public() {
            let mut kept = self.kept.lock();
            if kept.len() >= KEPT_MAX && !kept.contains_key(&name) {
                kept.clear();
            }
            kept.insert(name, (tag.to_owned(), bytes.clone()));
        }
        Ok(bytes)
    }
}

fn layer(name: &str, tile: TileId, features: &[Feature], only: Option<&[&str]>) -> Result<Vec<u8>, Error> {
    let mut layer = Layer::new(name, tile).map_err(|error| failed(&error))?;
    for feature in features {
        let Some(geometry) = &feature.geometry else { continue };
        layer = layer.add(geometry, &attributes(feature, only)).map_err(|error| failed(&error))?;
    }
    Ok(layer.encode())
}

/// Places: their outlines, else a point in the middle of what lies in them; and, in a layer of their own, their names where they
/// are written, each in the one tile that holds its place. An outline lies in many tiles and would bear its name in each.
async fn of_places(web: &Web, level: Level, (name, tile): (&str, TileId)) -> Result<Vec<u8>, Error> {
    let shapes = web.app.shapes.of(&web.app).await?;
    let (web, name, day) = (web.clone(), name.to_owned(), web.today());
    let work = move || -> Result<Vec<u8>, TileError> {
        let [west, south, east, north] = tile.bounds();
        let mut layer = Layer::new(&name, tile)?;
        let mut names = Layer::new(&names_of(&name), tile)?;
        for place in of_level(&web, level, day) {
            let point = || web.world.places.middle(place.code, day);
            let middle;
            let shape = match shapes.get(&place.code) {
                Some(outline) => {
                    let [w, s, e, n] = outline.bounds;
                    if w > east || e < west || s > north || n < south {
                        continue;
                    }
                    &outline.shape
                }
                None => match point() {
                    Some(point) => {
                        middle = Geometry::Point(point);
                        &middle
                    }
                    None => continue,
                },
            };
            let mut told = place_told(&web, place);
            told.insert("id".to_owned(), place.code.to_string().into());
            layer = layer.add(shape, &told)?;
            let label = shapes.get(&place.code).and_then(|outline| outline.label).or_else(point);
            if let Some(point) = label.filter(|point| tile.holds(*point)) {
                told.retain(|name, _| OF_NAME.contains(&name.as_str()));
                names = names.add(&Geometry::Point(point), &told)?;
            }
        }
        let mut bytes = layer.encode();
        // A tile is a list of layers: one after the other they are one tile. A layer without features is none.
        if !names.is_empty() {
            bytes.extend(names.encode());
        }
        Ok(bytes)
    };
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))?;
    done.map_err(|error| failed(&error))
}

/// Cases of the last ninety days inside a tile, as the public may see them, the newest first.
async fn cases(web: &Web, look: &Look<'_>, process: &Process, tile: TileId) -> Result<Vec<Feature>, Error> {
    let from = web.now.checked_sub(CASES_SPAN).unwrap_or(web.now);
    let filter = CaseFilter {
        processes: vec![process.name.clone()],
        opened: Some((from, web.now + SignedDuration::from_micros(1))),
        bounds: Some(tile.bounds()),
        ..CaseFilter::default()
    };
    let limit = u32::try_from(FEATURES_MAX).unwrap_or(u32::MAX);
    let found = web.app.store.cases(&filter, CaseOrder::Opened, None, limit).await?;
    let services = Services::of(look);
    Ok(found.iter().filter_map(|case| case_feature(web, look, &services, case)).collect())
}

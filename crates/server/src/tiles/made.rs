//! Tiles as they are made, and the last of them remembered: everybody looks at the same few.

use super::{FEATURES_MAX, OF_CASE, attributes, names_of};
use crate::error::Error;
use crate::events::Position;
use crate::ogc::asked::Asked;
use crate::ogc::collection::{Collection, Source};
use crate::ogc::{Feature, Page, case_feature, of_level, place_told, row_page};
use crate::open311::Services;
use crate::sign;
use crate::view::Look;
use crate::web::Web;
use bytes::Bytes;
use ganglion_geo::Geometry;
use ganglion_geo::tile::{Layer, TileError, TileId};
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_model::Level;
use ganglion_model::pack::Process;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;

/// Tiles remembered.
const KEPT_MAX: usize = 512;
/// How far back a case was reported that is on a map: the span Open311 shows without being asked for another.
const CASES_SPAN: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What stands beside a name on a map.
const OF_NAME: [&str; 4] = ["id", "name", "kind", "kind_name"];

/// How long a tile of cases or rows is given as it was made, wherever journals stand by then: in a city one moves every second, and says
/// nothing of most tiles.
const GIVEN_AS_IT_IS: SignedDuration = SignedDuration::from_secs(10);

/// Collection, tile, and what its reader has it by: see [`read_by`].
type Named = (String, TileId, String);

/// A tile that was made.
#[derive(Clone)]
pub struct Tile {
    /// Says which content this is.
    pub tag: String,
    /// The content.
    pub bytes: Bytes,
    /// What it was made from.
    made_of: String,
    /// When it was known to follow from that.
    at: Timestamp,
}

impl Tile {
    fn is_new(&self, now: Timestamp) -> bool {
        // A clock that was set back makes none younger.
        (SignedDuration::ZERO..GIVEN_AS_IT_IS).contains(&now.duration_since(self.at))
    }
}

/// Tiles that were made.
#[derive(Default)]
pub struct Made {
    kept: Mutex<HashMap<Named, Tile>>,
}

/// The day, since what may be seen can end with one; the packs; the language of its words.
pub fn read_by(web: &Web) -> String {
    format!("{}\n{}\n{}", web.today(), web.world.model.number, web.lang.as_str())
}

fn failed(error: &TileError) -> Error {
    Error::Internal(error.to_string())
}

impl Made {
    /// A tile of a collection that follows the journals and is the same for everybody. Whoever asks within ten seconds gets the one that
    /// was made; its tag is that of its content, so that most readers get nothing again when it was made anew.
    ///
    /// # Errors
    /// Storage.
    pub async fn lately(
        &self,
        web: &Web,
        look: &Look<'_>,
        collection: &Collection<'_>,
        tile: TileId,
    ) -> Result<Tile, Error> {
        let name = (collection.id.clone(), tile, read_by(web));
        let known = self.kept.lock().get(&name).cloned();
        if let Some(made) = known.as_ref().filter(|made| made.is_new(web.now)) {
            return Ok(made.clone());
        }
        // Where journals stand is asked first: what is written meanwhile is then looked for again next time.
        let made_of = String::from(Position::now(&web.app).await?);
        let made = match known.filter(|made| made.made_of == made_of) {
            Some(made) => Tile { at: web.now, ..made },
            None => {
                let bytes = drawn(web, look, collection, tile).await?;
                let tag = format!("\"{}\"", &sign::digest_of(&bytes)[..24]);
                Tile { tag, bytes, made_of, at: web.now }
            }
        };
        self.keep(name, made.clone());
        Ok(made)
    }

    /// A tile of any other collection; `tag` says what it is made from.
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
        let name = (collection.id.clone(), tile, read_by(web));
        let known = self.kept.lock().get(&name).filter(|made| made.made_of == tag).map(|made| made.bytes.clone());
        if let Some(bytes) = known {
            return Ok(bytes);
        }
        let bytes = drawn(web, look, collection, tile).await?;
        if collection.is_public() {
            let made = Tile { tag: tag.to_owned(), bytes: bytes.clone(), made_of: tag.to_owned(), at: web.now };
            self.keep(name, made);
        }
        Ok(bytes)
    }

    fn keep(&self, name: Named, made: Tile) {
        let mut kept = self.kept.lock();
        if kept.len() >= KEPT_MAX && !kept.contains_key(&name) {
            kept.clear();
        }
        kept.insert(name, made);
    }
}

/// A tile as its collection is now.
async fn drawn(web: &Web, look: &Look<'_>, collection: &Collection<'_>, tile: TileId) -> Result<Bytes, Error> {
    let bytes = match &collection.source {
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
    };
    Ok(Bytes::from(bytes))
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

//! `ganglion places`: places for other software. So far one file of vector tiles, for maps without a server of tiles.

use super::figure::opened;
use crate::database::DatabaseArgs;
use crate::system::Machine;
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use ganglion_geo::Geometry;
use ganglion_geo::geojson::outline_of;
use ganglion_geo::geometry::Bounds;
use ganglion_geo::measure::label_point;
use ganglion_geo::tile::{Layer, TileId};
use ganglion_kernel::commit::WallClock as _;
use ganglion_kernel::{Store, World};
use ganglion_model::Level;
use ganglion_model::clocks::local_date;
use ganglion_server::{place_names_layer, place_properties, place_zooms};
use jiff::civil::Date;
use pmtiles::{PmTilesWriter, TileCoord, TileType};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Deepest level unless another is said: a village fills a screen.
const ZOOM: u8 = 13;
/// Deepest level there is.
const ZOOM_MAX: u8 = 15;

/// Arguments of `ganglion places`.
#[derive(Args)]
pub struct PlacesArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Writes the places in force today, level by level, as vector tiles in one file (PMTiles 3).
    #[command(after_help = "Example: ganglion places pmtiles --out places.pmtiles --data /var/lib/ganglion")]
    Pmtiles {
        /// File; one of that name is replaced.
        #[arg(long)]
        out: PathBuf,
        /// Deepest level of the tiles, 0 to 15.
        #[arg(long, default_value_t = ZOOM, value_parser = clap::value_parser!(u8).range(0..=i64::from(ZOOM_MAX)))]
        max_zoom: u8,
        /// Folder of the installation.
        #[arg(long, env = "GANGLION_DATA")]
        data: PathBuf,
        /// Folder that holds `data/` and `packs/`.
        #[arg(long, env = "GANGLION_HOME")]
        home: Option<PathBuf>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// Runs the command; the server may run meanwhile.
///
/// # Errors
/// When the installation cannot be read or the file cannot be written.
pub fn run(args: &PlacesArgs) -> Result<ExitCode> {
    let What::Pmtiles { out, max_zoom, data, home, database } = &args.what;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let places = runtime.block_on(async {
        let (store, world) = opened(data, database, home.as_deref()).await?;
        drawn(store.as_ref(), &world, local_date(Machine::new().now())).await
    })?;
    let tiles = write(&places, out, *max_zoom).with_context(|| format!("writing {}", out.display()))?;
    let count: usize = places.values().map(Vec::len).sum();
    crate::out(&format!("{tiles} tiles of {count} places in {}", out.display()));
    Ok(ExitCode::SUCCESS)
}

/// What stands beside a name.
const OF_NAME: [&str; 3] = ["code", "name", "kind"];

/// A place as it is drawn.
struct Drawn {
    bounds: Bounds,
    shape: Geometry,
    told: Map<String, Value>,
    /// Where its name is written, a point inside it, and what stands beside the name.
    name: Option<([f64; 2], Map<String, Value>)>,
}

impl Drawn {
    fn new(shape: Geometry, told: Map<String, Value>) -> Option<Drawn> {
        let bounds = shape.bounds()?;
        let point = match &shape {
            Geometry::Area(area) => label_point(area).map(|point| [point.x(), point.y()]),
            Geometry::Point(point) => Some(*point),
            Geometry::Line(_) => None,
        };
        let of_name = || told.iter().filter(|(key, _)| OF_NAME.contains(&key.as_str()));
        let name = point.map(|point| (point, of_name().map(|(key, value)| (key.clone(), value.clone())).collect()));
        Some(Drawn { bounds, shape, told, name })
    }
}

type ByLevel = BTreeMap<Level, Vec<Drawn>>;

/// Places in force on a day with their outlines, else a point in the middle of what lies in them.
async fn drawn(store: &dyn Store, world: &World, day: Date) -> Result<ByLevel> {
    let mut outlines: BTreeMap<_, String> = store.outlines().await?.into_iter().collect();
    let (tree, root) = (&world.places.tree, world.places.root);
    let mut drawn = ByLevel::new();
    for place in tree.on(root, day).into_iter().chain(tree.inside(root, day)) {
        let outline = outlines.remove(&place.code).and_then(|text| outline_of(&text)).map(Geometry::Area);
        let shape = outline.or_else(|| world.places.middle(place.code, day).map(Geometry::Point));
        let Some(place_drawn) = shape.and_then(|shape| Drawn::new(shape, place_properties(place))) else { continue };
        drawn.entry(place.code.level()).or_default().push(place_drawn);
    }
    Ok(drawn)
}

/// The smallest box around every place.
fn extent(places: &ByLevel) -> Option<Bounds> {
    let all = places.values().flatten().map(|place| place.bounds);
    all.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
}

/// The layer of the outlines of a level.
fn layer_of(level: Level) -> String {
    format!("places-{}", level.as_str())
}

/// What readers of the file are told of its layers.
fn metadata(places: &ByLevel, max_zoom: u8) -> Value {
    let layer = |id: String, level: Level, fields: Value| json!({ "id": id, "fields": fields, "minzoom": place_zooms(level).0, "maxzoom": max_zoom });
    let of_level = |level: &Level| {
        let id = layer_of(*level);
        let names = json!({ "code": "String", "name": "String", "kind": "String" });
        let mut whole = names.clone();
        whole["parent"] = json!("String");
        whole["synthetic"] = json!("Boolean");
        [layer(id.clone(), *level, whole), layer(place_names_layer(&id), *level, names)]
    };
    let layers: Vec<Value> = places.keys().flat_map(of_level).collect();
    json!({ "name": "places", "attribution": "© OpenStreetMap contributors (ODbL)", "vector_layers": layers })
}

/// Writes the file; how many tiles it has.
fn write(places: &ByLevel, out: &Path, max_zoom: u8) -> Result<usize> {
    let extent = extent(places).context("there is no place with an outline: import outlines first")?;
    let [west, south, east, north] = extent;
    let mut file = PmTilesWriter::new(TileType::Mvt)
        .min_zoom(0)
        .max_zoom(max_zoom)
        .bounds(west, south, east, north)
        .center(f64::midpoint(west, east), f64::midpoint(south, north))
        .metadata(metadata(places, max_zoom).to_string())
        .create(File::create(out)?)?;
    let mut count = 0;
    for zoom in 0..=max_zoom {
        // In the order of the file, so that neighbours lie side by side.
        let mut tiles: Vec<(u64, TileId, TileCoord)> = Vec::new();
        for tile in TileId::within(extent, zoom) {
            let (x, y) = tile.column_and_row();
            let coord = TileCoord::new(zoom, x, y)?;
            tiles.push((pmtiles::TileId::from(coord).value(), tile, coord));
        }
        tiles.sort_by_key(|(order, ..)| *order);
        for (_, tile, coord) in tiles {
            let bytes = encoded(places, tile)?;
            count += usize::from(!bytes.is_empty());
            file.add_tile(coord, &bytes)?;
        }
    }
    file.finalize()?;
    Ok(count)
}

/// One tile with a layer for each level that is drawn there, and one for the names written there; nothing where no place lies. A
/// name stands in the one tile of a level that holds its point: an outline lies in many.
fn encoded(places: &ByLevel, tile: TileId) -> Result<Vec<u8>> {
    let [west, south, east, north] = tile.bounds();
    let mut bytes = Vec::new();
    for (level, all) in places.iter().filter(|(level, _)| place_zooms(**level).0 <= tile.zoom()) {
        let mut layer = Layer::new(&layer_of(*level), tile)?;
        let mut names = Layer::new(&place_names_layer(&layer_of(*level)), tile)?;
        for place in all {
            let [w, s, e, n] = place.bounds;
            if w <= east && e >= west && s <= north && n >= south {
                layer = layer.add(&place.shape, &place.told)?;
                if let Some((point, told)) = place.name.as_ref().filter(|(point, _)| tile.holds(*point)) {
                    names = names.add(&Geometry::Point(*point), told)?;
                }
            }
        }
        for layer in [layer, names].into_iter().filter(|layer| !layer.is_empty()) {
            bytes.extend(layer.encode());
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;

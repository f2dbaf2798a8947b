//! `ganglion places`: places for other software. So far one file of vector tiles, for maps without a server of tiles.

use super::figure::opened;
use crate::database::DatabaseArgs;
use crate::system::Machine;
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use ganglion_geo::Geometry;
use ganglion_geo::geojson::outline_of;
use ganglion_geo::geometry::Bounds;
use ganglion_geo::tile::{Layer, TileId};
use ganglion_kernel::commit::WallClock as _;
use ganglion_kernel::{Store, World};
use ganglion_model::Level;
use ganglion_model::clocks::local_date;
use ganglion_server::{place_properties, place_zooms};
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

/// A place as it is drawn.
struct Drawn {
    bounds: Bounds,
    shape: Geometry,
    told: Map<String, Value>,
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
        let Some((shape, bounds)) = shape.and_then(|shape| shape.bounds().map(|bounds| (shape, bounds))) else {
            continue;
        };
        drawn.entry(place.code.level()).or_default().push(Drawn { bounds, shape, told: place_properties(place) });
    }
    Ok(drawn)
}

/// The smallest box around every place.
fn extent(places: &ByLevel) -> Option<Bounds> {
    let all = places.values().flatten().map(|place| place.bounds);
    all.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
}

/// What readers of the file are told of its layers.
fn metadata(places: &ByLevel, max_zoom: u8) -> Value {
    let layers: Vec<Value> = places
        .keys()
        .map(|level| {
            json!({
                "id": format!("places-{}", level.as_str()),
                "fields": { "code": "String", "name": "String", "kind": "String", "parent": "String", "synthetic": "Boolean" },
                "minzoom": place_zooms(*level).0,
                "maxzoom": max_zoom,
            })
        })
        .collect();
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

/// One tile with a layer for each level that is drawn there; nothing where no place lies.
fn encoded(places: &ByLevel, tile: TileId) -> Result<Vec<u8>> {
    let [west, south, east, north] = tile.bounds();
    let mut bytes = Vec::new();
    for (level, all) in places.iter().filter(|(level, _)| place_zooms(**level).0 <= tile.zoom()) {
        let mut layer = Layer::new(&format!("places-{}", level.as_str()), tile)?;
        for place in all {
            let [w, s, e, n] = place.bounds;
            if w <= east && e >= west && s <= north && n >= south {
                layer = layer.add(&place.shape, &place.told)?;
            }
        }
        if !layer.is_empty() {
            bytes.extend(layer.encode());
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(west: f64, name: &str) -> Drawn {
        let ring = vec![[west, 38.3], [west + 0.03, 38.3], [west + 0.03, 38.35], [west, 38.35], [west, 38.3]];
        let shape = Geometry::of_rings(&[ring]).unwrap();
        let told = json!({ "code": "1", "name": name }).as_object().unwrap().clone();
        Drawn { bounds: shape.bounds().unwrap(), shape, told }
    }

    #[test]
    fn a_file_of_tiles_has_its_layers_and_no_empty_tile() {
        let places = ByLevel::from([
            (Level::County, vec![square(116.82, "County")]),
            (Level::Grid, vec![square(116.82, "West"), square(116.85, "East")]),
        ]);
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("places.pmtiles");
        let tiles = write(&places, &out, 12).unwrap();
        let bytes = std::fs::read(&out).unwrap();
        assert_eq!((&bytes[..7], bytes[7]), (b"PMTiles".as_slice(), 3));
        assert!(tiles >= 9, "one from level 4 on at least: {tiles}");
        let zooms: Vec<usize> = [3, 4, 11]
            .into_iter()
            .map(|zoom| {
                let all = TileId::within(extent(&places).unwrap(), zoom);
                all.filter(|tile| !encoded(&places, *tile).unwrap().is_empty()).count()
            })
            .collect();
        assert_eq!((zooms[0], zooms[1]), (0, 1), "a county is not drawn before it can be seen");
        let tile = TileId::within([116.83, 38.31, 116.83, 38.31], 12).next().unwrap();
        let text = String::from_utf8_lossy(&encoded(&places, tile).unwrap()).into_owned();
        assert!(text.contains("places-county") && text.contains("places-grid") && text.contains("West"), "{zooms:?}");
        assert!(write(&ByLevel::new(), &out, 3).is_err());
    }
}

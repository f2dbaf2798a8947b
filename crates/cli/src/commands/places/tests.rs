//! The file is read back by the specification of PMTiles 3 alone, not by the library that wrote it; its tiles by a reader of MVT.

use super::*;
use fast_mvt::{MvtGeometry, MvtReaderRef, MvtTile};
use flate2::read::GzDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

fn square(west: f64, name: &str) -> Drawn {
    let ring = vec![[west, 38.3], [west + 0.03, 38.3], [west + 0.03, 38.35], [west, 38.35], [west, 38.3]];
    shaped(ring, name)
}

fn shaped(ring: Vec<[f64; 2]>, name: &str) -> Drawn {
    let told = json!({ "code": name, "name": name, "kind": "k", "parent": "1", "synthetic": true });
    Drawn::new(Geometry::of_rings(&[ring]).unwrap(), told.as_object().unwrap().clone()).unwrap()
}

/// A file written of some places.
fn written(places: &ByLevel, max_zoom: u8) -> (usize, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("places.pmtiles");
    let tiles = write(places, &out, max_zoom).unwrap();
    (tiles, std::fs::read(&out).unwrap())
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

/// The number of eight bytes at a place of the header.
fn number(file: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_le_bytes(file[at..at + 8].try_into().unwrap())).unwrap()
}

/// The next number of a directory, seven bits at a time.
fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return value;
        }
        shift += 7;
    }
}

/// Every tile of a file whose root directory has all of them, by its id.
fn tiles_of(file: &[u8]) -> BTreeMap<u64, Vec<u8>> {
    let (root, length, data) = (number(file, 8), number(file, 16), number(file, 56));
    assert_eq!(number(file, 48), 0, "no leaf directories in so small a file");
    assert_eq!((file[97], file[98], file[99]), (2, 2, 1), "directories and tiles in gzip, tiles of the type MVT");
    let directory = unpacked(&file[root..root + length]);
    let mut rest = directory.as_slice();
    let count = usize::try_from(varint(&mut rest)).unwrap();
    let mut column = || (0..count).map(|_| varint(&mut rest)).collect::<Vec<u64>>();
    let (ids, runs, lengths, offsets) = (column(), column(), column(), column());
    let mut tiles = BTreeMap::new();
    let (mut id, mut end) = (0, 0);
    for at in 0..count {
        id += ids[at];
        let begin = if offsets[at] == 0 && at > 0 { end } else { usize::try_from(offsets[at] - 1).unwrap() };
        end = begin + usize::try_from(lengths[at]).unwrap();
        for run in 0..runs[at] {
            tiles.insert(id + run, unpacked(&file[data + begin..data + end]));
        }
    }
    tiles
}

/// The number of a tile by the specification: those of the levels above, then its place on the curve of Hilbert.
fn id_of(tile: TileId) -> u64 {
    let (z, (x, y)) = (tile.zoom(), tile.column_and_row());
    let above: u64 = (0..z).map(|level| 1_u64 << (2 * level)).sum();
    let (mut x, mut y, mut on) = (u64::from(x), u64::from(y), 0);
    let mut side = (1_u64 << z) / 2;
    while side > 0 {
        let (right, below) = (u64::from(x & side > 0), u64::from(y & side > 0));
        on += side * side * ((3 * right) ^ below);
        if below == 0 {
            if right == 1 {
                (x, y) = ((side - 1).wrapping_sub(x), (side - 1).wrapping_sub(y));
            }
            (x, y) = (y, x);
        }
        (x, y) = (x & (side - 1), y & (side - 1));
        side /= 2;
    }
    above + on
}

fn read(bytes: &[u8]) -> MvtTile {
    MvtReaderRef::new(bytes).unwrap().to_tile().unwrap()
}

/// The names in a layer of a tile.
fn names(tile: &MvtTile, layer: &str) -> Vec<String> {
    let layers = tile.layers.iter().filter(|one| one.name == layer);
    let named = layers.flat_map(|one| &one.features).map(|feature| {
        let keys: Vec<&str> = feature.properties.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys.iter().copied().collect::<BTreeSet<_>>(), ["code", "kind", "name"].into());
        assert!(matches!(feature.geometry, MvtGeometry::Point(_)), "{:?}", feature.geometry);
        format!("{:?}", feature.properties.iter().find(|(key, _)| key == "name").unwrap().1)
    });
    named.collect()
}

#[test]
fn a_file_of_tiles_has_its_layers_and_no_empty_tile() {
    let places = ByLevel::from([
        (Level::County, vec![square(116.82, "County")]),
        (Level::Grid, vec![square(116.82, "West"), square(116.85, "East")]),
    ]);
    let (tiles, bytes) = written(&places, 12);
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
    let out = tempfile::tempdir().unwrap();
    assert!(write(&ByLevel::new(), &out.path().join("none.pmtiles"), 3).is_err());
}

#[test]
fn the_file_read_back_names_every_place_once_on_a_level() {
    let places = ByLevel::from([
        (Level::County, vec![square(116.82, "County")]),
        (Level::Grid, vec![square(116.82, "West"), square(116.85, "East")]),
    ]);
    let (_, file) = written(&places, 12);
    let (at, length) = (number(&file, 24), number(&file, 32));
    let about: Value = serde_json::from_slice(&unpacked(&file[at..at + length])).unwrap();
    let layers: Vec<&str> =
        about["vector_layers"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(layers, ["places-county", "places-county-names", "places-grid", "places-grid-names"]);
    let tiles = tiles_of(&file);
    for (zoom, counties, grids) in [(4, 1, 0), (10, 1, 0), (11, 1, 2), (12, 1, 2)] {
        let of_level = TileId::within(extent(&places).unwrap(), zoom);
        let all: Vec<MvtTile> = of_level.filter_map(|tile| tiles.get(&id_of(tile))).map(|one| read(one)).collect();
        let found = |layer: &str| all.iter().flat_map(|tile| names(tile, layer)).collect::<Vec<_>>();
        let (of_counties, of_grids) = (found("places-county-names"), found("places-grid-names"));
        assert_eq!(
            (of_counties.len(), of_grids.len()),
            (counties, grids),
            "level {zoom}: {of_counties:?} {of_grids:?}"
        );
        assert_eq!(of_grids.iter().collect::<BTreeSet<_>>().len(), grids, "level {zoom}: {of_grids:?}");
    }
}

#[test]
fn a_name_stands_inside_its_place_whatever_its_shape() {
    // A place bent round another: the middle of it lies outside.
    let ring =
        [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0], [0.0, 8.0], [8.0, 8.0], [8.0, 1.0], [0.0, 1.0], [0.0, 0.0]];
    let bent = shaped(ring.map(|[x, y]| [116.0 + x / 100.0, 38.0 + y / 100.0]).to_vec(), "Bent");
    let (point, _) = bent.name.unwrap();
    let [lon, lat] = point;
    assert!(bent.shape.touches([lon, lat, lon, lat]), "{point:?}");
    let lake = square(116.82, "Square").name.unwrap().0;
    assert!((lake[0] - 116.835).abs() < 1e-9 && (lake[1] - 38.325).abs() < 1e-9, "{lake:?}");
}

//! The boundaries that ship: counts, areas, the traps they are known for, and what a wrong datum does.

use std::path::PathBuf;
use std::sync::LazyLock;

use ganglion_geo::geojson::{Outline, ReadOptions, read};
use ganglion_geo::measure::{area_m2, label_point, overhang_m};
use ganglion_geo::{Datum, PlaceIndex, Point, from_wgs84, to_wgs84};
use geo::Contains;

use crate::baseline::Baseline;

const COUNTY: u8 = 1;
const TOWNSHIP: u8 = 2;
const GRID: u8 = 4;

fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data/boundaries").join(name);
    std::fs::read(&path).expect("the file ships with the project")
}

fn outlines(name: &str) -> Vec<Outline> {
    let reading = read(&file(name), &ReadOptions::default());
    assert!(!reading.has_errors(), "{name}: {:?}", reading.findings);
    reading.outlines
}

fn key(outline: &Outline) -> u64 {
    outline.code.parse().expect("codes of the layers are digits")
}

struct City {
    counties: Vec<Outline>,
    townships: Vec<Outline>,
    grids: Vec<Outline>,
    index: PlaceIndex,
}

static CITY: LazyLock<City> = LazyLock::new(|| {
    let counties = outlines("counties.geojson");
    let townships = outlines("townships-synthetic.geojson");
    let grids = outlines("grids-synthetic.geojson");
    let layers = [(COUNTY, &counties), (TOWNSHIP, &townships), (GRID, &grids)];
    let places =
        layers.into_iter().flat_map(|(level, all)| all.iter().map(move |o| (key(o), level, o.geometry.clone())));
    let index = PlaceIndex::build(places).expect("the layers can be indexed");
    City { counties, townships, grids, index }
});

/// (village, township, point) of the village file.
fn villages() -> Vec<(u64, u64, Point<f64>)> {
    let text = String::from_utf8(file("villages-synthetic.csv")).expect("the file is UTF-8");
    let number = |field: &str| field.parse::<f64>().expect("the file has numbers");
    text.lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (number(fields[0]) as u64, number(fields[1]) as u64, Point::new(number(fields[2]), number(fields[3])))
        })
        .collect()
}

#[test]
fn the_layers_have_the_places_they_should() {
    assert_eq!((CITY.counties.len(), CITY.townships.len(), CITY.grids.len()), (16, 209, 7_378));
}

#[test]
fn the_layers_are_clean_but_for_known_remarks() {
    for name in ["counties.geojson", "townships-synthetic.geojson", "grids-synthetic.geojson"] {
        assert_eq!(read(&file(name), &ReadOptions::default()).findings, [], "{name}");
    }
}

#[test]
fn county_areas_are_those_computed_elsewhere() {
    // Square kilometres on the WGS-84 ellipsoid, and a point inside, from county-facts.csv.
    let facts = [
        (130_902, 95.0, 116.8974, 38.306_37),
        (130_903, 119.0, 116.817_42, 38.311_42),
        (130_921, 1522.3, 116.620_84, 38.313_23),
        (130_922, 987.7, 116.869_63, 38.565_09),
        (130_923, 711.8, 116.687_97, 37.878_61),
        (130_924, 860.0, 117.523_32, 38.107_76),
        (130_925, 796.8, 117.315_62, 37.977),
        (130_926, 511.3, 115.879_21, 38.401_99),
        (130_927, 790.8, 116.850_68, 38.004_83),
        (130_928, 583.8, 116.485_96, 37.628_33),
        (130_929, 1166.0, 116.182_94, 38.220_16),
        (130_930, 387.9, 117.096_91, 38.088_52),
        (130_981, 1009.6, 116.362_86, 38.0654),
        (130_982, 1030.1, 116.188_28, 38.750_51),
        (130_983, 2257.0, 117.394_07, 38.403_72),
        (130_984, 1331.5, 116.197_05, 38.491_12),
    ];
    for (code, km2, lon, lat) in facts {
        let county = CITY.counties.iter().find(|county| key(county) == code).expect("all sixteen are there");
        let ours = area_m2(&county.geometry) / 1e6;
        assert!((ours - km2).abs() <= 0.051, "{code}: {ours} against {km2}");
        assert_eq!(CITY.index.at(COUNTY, Point::new(lon, lat)), Some(code));
    }
}

#[test]
fn every_label_is_inside_and_found_again() {
    for (level, all) in [(COUNTY, &CITY.counties), (TOWNSHIP, &CITY.townships), (GRID, &CITY.grids)] {
        for outline in all {
            let label = label_point(&outline.geometry).expect("every outline has area");
            assert!(outline.geometry.contains(&label), "{}", outline.code);
            assert_eq!(CITY.index.at(level, label), Some(key(outline)));
        }
    }
}

#[test]
fn the_townships_in_two_pieces_are_found_in_both() {
    for code in [130_926_104, 130_927_105] {
        let township = CITY.townships.iter().find(|township| key(township) == code).expect("it is in the file");
        assert_eq!(township.geometry.0.len(), 2);
        for part in &township.geometry {
            let inside = label_point(&part.clone().into()).expect("a part has area");
            assert_eq!(CITY.index.at(TOWNSHIP, inside), Some(code));
        }
    }
}

#[test]
fn townships_of_the_zones_lie_in_a_county_of_another_code() {
    let mut zones = 0;
    for township in &CITY.townships {
        let (by_code, host) = (key(township) / 1000, &township.properties["host_code"]);
        let label = label_point(&township.geometry).expect("every outline has area");
        let by_outline = CITY.index.at(COUNTY, label).expect("townships are inside the city");
        assert_eq!(host.as_str(), Some(by_outline.to_string().as_str()), "{}", township.code);
        assert_eq!(by_outline == by_code, !(130_971..=130_973).contains(&by_code), "{}", township.code);
        zones += u32::from(by_outline != by_code);
    }
    assert_eq!(zones, 7);
}

#[test]
fn every_village_point_is_in_its_township() {
    let villages = villages();
    assert_eq!(villages.len(), 6_094);
    for (village, township, point) in villages {
        assert_eq!(CITY.index.at(TOWNSHIP, point), Some(township), "{village}");
        let grid = CITY.index.at(GRID, point).expect("grids fill the city");
        assert_eq!(grid / 1_000_000, township, "{village}");
    }
}

#[test]
fn a_point_in_gcj02_falls_into_the_next_township_until_it_is_converted() {
    let mut astray = 0;
    for (_, township, point) in villages() {
        for datum in [Datum::Gcj02, Datum::Bd09] {
            let shown = from_wgs84(datum, point);
            assert_eq!(CITY.index.at(TOWNSHIP, to_wgs84(datum, shown)), Some(township));
            astray += u32::from(CITY.index.at(TOWNSHIP, shown) != Some(township));
        }
    }
    assert!(astray > 500, "the trap is there: {astray} of 12,188 points taken for another township");
}

#[test]
fn points_in_the_sea_in_the_next_city_and_nowhere_hold_nothing() {
    for (what, lon, lat) in
        [("sea", 118.2, 38.5), ("Tianjin", 117.2, 39.13), ("null island", 0.0, 0.0), ("swapped", 38.3, 116.8)]
    {
        let point = Point::new(lon, lat);
        assert_eq!(CITY.index.all_at(point).count(), 0, "{what}");
        let lookup = CITY.index.lookup(GRID, point, 30.0);
        assert_eq!((lookup.here, lookup.near.len()), (None, 0), "{what}");
    }
}

#[test]
fn a_point_just_outside_the_city_sees_the_place_it_is_near() {
    // East of the easternmost vertex of the coast, by some 9 metres.
    let vertices = CITY
        .counties
        .iter()
        .flat_map(|county| geo::CoordsIter::coords_iter(&county.geometry).map(move |c| (c, key(county))));
    let (east, county) = vertices.max_by(|a, b| a.0.x.total_cmp(&b.0.x)).expect("counties have vertices");
    let lookup = CITY.index.lookup(COUNTY, Point::new(east.x + 0.0001, east.y), 30.0);
    assert_eq!(lookup.here, None);
    assert_eq!(lookup.near[0].0, county);
    assert!((7.0..10.0).contains(&lookup.near[0].1));
}

#[test]
fn a_vertex_shared_by_three_townships_shows_all_three() {
    let mut owners = std::collections::HashMap::<(u64, u64), std::collections::BTreeSet<u64>>::new();
    for township in &CITY.townships {
        for c in geo::CoordsIter::coords_iter(&township.geometry) {
            owners.entry((c.x.to_bits(), c.y.to_bits())).or_default().insert(key(township));
        }
    }
    let mut corners = 0;
    for ((x, y), owners) in owners.into_iter().filter(|(_, owners)| owners.len() >= 3) {
        let lookup = CITY.index.lookup(TOWNSHIP, Point::new(f64::from_bits(x), f64::from_bits(y)), 30.0);
        assert_eq!(lookup.here, owners.first().copied());
        let near: Vec<u64> = lookup
            .near
            .iter()
            .take(owners.len() - 1)
            .map(|&(key, metres)| {
                assert_eq!(metres, 0.0);
                key
            })
            .collect();
        assert_eq!(near, owners.into_iter().skip(1).collect::<Vec<_>>());
        corners += 1;
    }
    assert!(corners > 50, "{corners}");
}

#[test]
fn the_index_agrees_with_the_oracle_all_over_the_city() {
    let bounds = CITY.index.bounds(COUNTY).expect("there are counties");
    for (level, all) in [(COUNTY, &CITY.counties), (TOWNSHIP, &CITY.townships), (GRID, &CITY.grids)] {
        let oracle = Baseline::build(all.iter().map(|o| (key(o), o.geometry.clone())).collect());
        for step in 0..20_000u32 {
            // A low-discrepancy walk over the box: even cover, the same points each time.
            let part = |irrational: f64| (f64::from(step) * irrational).fract();
            let lon = bounds.min().x + bounds.width() * part(0.754_877_666_246_692_7);
            let lat = bounds.min().y + bounds.height() * part(0.569_840_290_998_053_2);
            let point = Point::new(lon, lat);
            let (ours, touching) = (CITY.index.at(level, point), oracle.touching(point));
            assert!(ours.map_or(touching.is_empty(), |key| touching.contains(&key)), "{point:?} {ours:?} {touching:?}");
        }
    }
}

#[test]
fn grids_lie_within_their_townships_by_a_few_metres() {
    for township in CITY.townships.iter().step_by(20) {
        for grid in CITY.grids.iter().filter(|grid| grid.code.starts_with(&township.code)) {
            let over = overhang_m(&grid.geometry, &township.geometry);
            assert!(over <= 5.0, "{} sticks out of {} by {over} m", grid.code, township.code);
        }
    }
}

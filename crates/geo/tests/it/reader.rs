//! The GeoJSON reader names everything wrong with a file and never panics.

use ganglion_geo::geojson::{Finding, Problem, ReadOptions, Reading, RingAt, read};
use proptest::prelude::*;

fn reading(text: &str) -> Reading {
    read(text.as_bytes(), &ReadOptions::default())
}

fn feature(code: &str, geometry: &str) -> String {
    format!(r#"{{"type":"Feature","properties":{{"code":{code},"name":" 甲 "}},"geometry":{geometry}}}"#)
}

fn polygon(rings: &str) -> String {
    format!(r#"{{"type":"Polygon","coordinates":{rings}}}"#)
}

fn collection(features: &[String]) -> String {
    format!(r#"{{"type":"FeatureCollection","synthetic":true,"features":[{}]}}"#, features.join(","))
}

const SQUARE: &str = "[[[0,0],[1,0],[1,1],[0,1],[0,0]]]";

/// The problems of one feature with these rings.
fn flaws(rings: &str) -> Vec<Problem> {
    reading(&collection(&[feature("\"1\"", &polygon(rings))])).findings.into_iter().map(|f| f.problem).collect()
}

#[test]
fn a_good_file_is_read_with_its_properties() {
    let two =
        r#"{"type":"MultiPolygon","coordinates":[[[[0,0,5],[1,0,5],[1,1,5],[0,0,5]]],[[[2,2],[3,2],[3,3],[2,2]]]]}"#;
    let text = format!("\u{feff}{}", collection(&[feature("130902", &polygon(SQUARE)), feature("\" a \"", two)]));
    let read = reading(&text);
    assert_eq!(read.findings, []);
    assert!(!read.has_errors());
    assert_eq!(read.about["synthetic"], true);
    let [one, two] = &read.outlines[..] else { panic!("two outlines") };
    assert_eq!((one.feature, one.code.as_str(), one.name.as_deref()), (1, "130902", Some("甲")));
    assert_eq!((two.feature, two.code.as_str(), two.geometry.0.len()), (2, "a", 2));
    assert_eq!(one.properties["code"], 130_902);
}

#[test]
fn every_bad_feature_is_named_and_the_good_ones_are_kept() {
    let file = collection(&[
        feature("\"1\"", &polygon(SQUARE)),
        feature("\"2\"", r#"{"type":"Point","coordinates":[0,0]}"#),
        feature("\"3\"", &polygon("[[[0,0],[1,0],[1,1],[0,1]]]")),
        feature("\"1\"", &polygon(SQUARE)),
        feature("null", &polygon("[[[0,0],[1,0],[0,0]]]")),
        feature("\"6\"", "null"),
        "7".into(),
        r#"{"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[]}}"#.into(),
        feature("\"9\"", &polygon(SQUARE)),
    ]);
    let read = reading(&file);
    let kept: Vec<_> = read.outlines.iter().map(|outline| outline.feature).collect();
    assert_eq!(kept, [1, 9]);
    let named: Vec<_> = read.findings.iter().map(|f| (f.feature.unwrap_or(0), f.problem.name())).collect();
    let expected = [
        (2, "wrong_geometry"),
        (3, "unclosed"),
        (4, "duplicate_code"),
        (5, "missing_code"),
        (5, "too_few_points"),
        (6, "no_geometry"),
        (7, "not_a_feature"),
        (8, "missing_code"),
        (8, "no_geometry"),
    ];
    assert_eq!(named, expected);
    assert_eq!(read.findings[2].to_string(), "feature 4 (1): has the code of feature 1");
}

#[test]
fn bad_rings_are_told_apart() {
    assert_eq!(flaws("[[[0,0],[1,0],[1,null],[0,0]]]"), [Problem::NotANumber { position: 3 }]);
    assert_eq!(
        flaws("[[[38.3,116.8],[1,0],[1,1],[38.3,116.8]]]"),
        [Problem::OutOfRange { position: 1, lon: 38.3, lat: 116.8, swapped: true }]
    );
    assert_eq!(
        flaws("[[[500,0],[1,0],[1,1],[500,0]]]"),
        [Problem::OutOfRange { position: 1, lon: 500.0, lat: 0.0, swapped: false }]
    );
    assert_eq!(flaws("[[[0,0],[0,0],[1,0],[1,0],[0,0]]]"), [Problem::TooFewPoints { found: 3 }]);
    assert_eq!(flaws("[[[0,0],[1,1],[2,2],[0,0]]]"), [Problem::NoArea]);
    assert!(matches!(flaws("[[[0,0],[1,1],[1,0],[0,1],[0,0]]]")[..], [Problem::CrossesItself { .. }]));
    assert_eq!(flaws("[0]"), [Problem::BadCoordinates]);
    assert_eq!(flaws("[]"), [Problem::NoGeometry]);
    assert_eq!(flaws("[[]]"), [Problem::TooFewPoints { found: 0 }]);
}

#[test]
fn a_ring_that_touches_itself_is_kept_with_a_remark() {
    for rings in ["[[[0,0],[2,0],[1,1],[2,2],[0,2],[1,1],[0,0]]]", "[[[0,0],[2,0],[2,2],[3,3],[2,2],[0,2],[0,0]]]"] {
        let read = reading(&collection(&[feature("\"1\"", &polygon(rings))]));
        assert_eq!(read.outlines.len(), 1);
        assert!(matches!(read.findings[..], [Finding { problem: Problem::TouchesItself { .. }, .. }]), "{rings}");
        assert!(!read.has_errors());
    }
}

#[test]
fn a_finding_says_which_ring() {
    let holes = "[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[1,1],[2,1],[2,2],[1,1]],[[3,3],[4,3],[4,4],[3,4]]]";
    let read = reading(&collection(&[feature("\"1\"", &polygon(holes))]));
    assert_eq!(read.findings[0].ring, Some(RingAt { part: 1, ring: 3 }));
    assert_eq!(read.findings[0].to_string(), "feature 1 (1), polygon 1, ring 3: is not closed");
}

#[test]
fn files_that_are_no_collection_get_one_finding() {
    let name = |bytes: &[u8]| {
        let read = read(bytes, &ReadOptions { max_bytes: 100, ..ReadOptions::default() });
        assert_eq!((read.outlines.len(), read.findings.len(), read.findings[0].feature), (0, 1, None));
        read.findings[0].problem.name()
    };
    assert_eq!(name(b""), "not_json");
    assert_eq!(name(b"<html>"), "not_json");
    assert_eq!(name(br#"{"type":"FeatureCollection","features":[NaN]}"#), "not_json");
    assert_eq!(name(br#"{"type":"FeatureCollection","features":[1e999]}"#), "not_json");
    assert_eq!(name(&b"[".repeat(100)), "not_json");
    assert_eq!(name(&[b' '; 101]), "too_large");
    assert_eq!(name(b"\xb2\xd7\xd6\xdd"), "not_utf8");
    assert_eq!(name(b"[]"), "not_a_collection");
    assert_eq!(name(br#"{"type":"Feature"}"#), "not_a_collection");
    assert_eq!(name(br#"{"type":"FeatureCollection","features":{}}"#), "not_a_collection");
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    assert_eq!(reading(&"[".repeat(1_000_000)).findings[0].problem.name(), "not_json");
}

#[test]
fn a_foreign_coordinate_system_is_remarked_on() {
    let with = |name: &str| {
        let crs = format!(
            r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"{name}"}}}},"features":[]}}"#
        );
        reading(&crs).findings
    };
    assert_eq!(with("urn:ogc:def:crs:OGC:1.3:CRS84"), []);
    assert_eq!(with("urn:ogc:def:crs:EPSG::4490"), []);
    assert_eq!(with("EPSG:3857")[0].problem, Problem::ForeignCrs { name: "EPSG:3857".into() });
}

#[test]
fn a_ring_made_to_be_slow_is_refused_in_time() {
    // Every edge spans the whole width, so every pair would have to be looked at.
    let zigzag: Vec<String> = (0..20_000).map(|i| format!("[{},{}]", i % 2, f64::from(i) * 1e-3)).collect();
    let ring = format!("[[{},[-1,20],[-1,0],[0,0]]]", zigzag.join(","));
    assert_eq!(flaws(&ring), [Problem::TooIntricate]);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!read(&bytes, &ReadOptions::default()).findings.is_empty());
    }

    #[test]
    fn a_good_file_with_bytes_changed_does_not_panic_and_loses_nothing_silently(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let good = collection(&[feature("\"1\"", &polygon(SQUARE)), feature("\"2\"", &polygon(SQUARE))]);
        let mut bytes = good.into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let read = read(&bytes, &ReadOptions::default());
        let whole_file = read.findings.iter().any(|finding| finding.feature.is_none());
        for number in 1..=2 {
            let kept = read.outlines.iter().any(|outline| outline.feature == number);
            let named = read.findings.iter().any(|finding| finding.feature == Some(number));
            // A changed byte may hide a feature inside a string of its neighbour; then only one is left to be judged.
            let judged = kept || named || whole_file;
            prop_assert!(judged || number == 2, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn coordinates_of_any_size_do_not_panic(numbers in prop::collection::vec(any::<f64>(), 8)) {
        let text = |n: &f64| if n.is_finite() { format!("{n:e}") } else { "null".into() };
        let ring: Vec<String> = numbers.chunks(2).map(|pair| format!("[{},{}]", text(&pair[0]), text(&pair[1]))).collect();
        let rings = format!("[[{},{}]]", ring.join(","), ring[0]);
        prop_assert!(flaws(&rings).len() <= 2);
    }
}

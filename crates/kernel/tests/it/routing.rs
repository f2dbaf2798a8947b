//! How a case finds its place, near borders too, and what is said of a point that lies outside.

use crate::fixture::{Desk, code, world};
use ganglion_geo::{Datum, Point, from_wgs84};
use ganglion_kernel::route::{elsewhere, locate};
use ganglion_model::change::RefusalCode;
use ganglion_model::row::RouteBy;
use serde_json::{Value, json};

/// About 9 m at this latitude.
const STEP: f64 = 0.000_1;

fn form(lon: f64, place: Option<&str>) -> Value {
    let mut form = json!({"category": "road", "text": "x", "point": [lon, 38.31]});
    if let Some(place) = place {
        form["place"] = json!(place);
    }
    form
}

#[test]
fn a_point_finds_its_village_and_keeps_the_reason() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(form(116.81, None));
    let row = desk.case(case);
    assert_eq!((row.place, row.route.by), (code("130903001001"), RouteBy::Point));
    assert_eq!((row.route.edition.as_deref(), row.point), (Some("test"), Some([116.81, 38.31])));
    assert!(row.route.near.is_empty());
}

#[test]
fn near_a_border_both_sides_are_known_and_the_reporter_may_choose_either() {
    let world = world();
    for (lon, inside, across) in
        [(116.82 - STEP, "130903001001", "130903001002"), (116.82 + STEP, "130903001002", "130903001001")]
    {
        let found = locate(&world.places, [lon, 38.31]);
        assert_eq!(found.here, Some(code(inside)));
        assert_eq!(found.near.iter().map(|(code, _)| *code).collect::<Vec<_>>(), [code(across)]);
        assert!((5..=15).contains(&found.near[0].1), "{:?}", found.near);
        for (choice, expected, by) in [
            (None, inside, RouteBy::Point),
            (Some(inside), inside, RouteBy::Point),
            (Some(across), across, RouteBy::Border),
        ] {
            let mut desk = Desk::new(&world);
            let case = desk.open(form(lon, choice));
            let route = &desk.case(case).route;
            assert_eq!((route.place, route.by), (code(expected), by), "{choice:?}");
            let other = if expected == inside { across } else { inside };
            assert!(route.near.iter().any(|(near, _)| *near == code(other)), "the side not taken is kept");
        }
    }
}

#[test]
fn a_place_that_is_not_near_the_point_is_refused() {
    let world = world();
    let mut desk = Desk::new(&world);
    let refusal = desk.try_open("public", form(116.81, Some("130903001002"))).unwrap_err();
    assert_eq!((refusal.code, refusal.fields[0].problem.as_str()), (RefusalCode::Form, "not_near"));
    // The township that holds the village is no contradiction: the village is the answer.
    let case = desk.open(form(116.81, Some("130903001")));
    assert_eq!(desk.case(case).place, code("130903001001"));
}

#[test]
fn a_point_lies_elsewhere_only_beyond_the_reach_of_the_border() {
    let world = world();
    let lies = |lon: f64, chosen: &str| elsewhere(&world.places, [lon, 38.31], code(chosen));
    assert_eq!(lies(116.81, "130903001001"), None);
    assert_eq!(lies(116.81, "130903001"), None, "the township holds the village");
    assert_eq!(lies(116.81, "130903001002"), Some(code("130903001001")));
    assert_eq!(lies(116.81, "130904001"), Some(code("130903001")), "said at the level that was chosen");
    assert_eq!(lies(116.80 - STEP, "130903001001"), None, "nothing is known there");
}

#[test]
fn a_point_outside_is_refused_unless_it_lies_within_reach_of_the_border() {
    let world = world();
    let mut desk = Desk::new(&world);
    for point in [json!([120.0, 38.0]), json!([0.0, 0.0]), json!([116.81, 38.33])] {
        let form = json!({"category": "road", "text": "x", "point": point});
        let refusal = desk.try_open("public", form).unwrap_err();
        assert_eq!((refusal.code, refusal.fields[0].problem.as_str()), (RefusalCode::Outside, "outside"), "{point}");
    }
    let case = desk.open(form(116.80 - STEP, None));
    assert_eq!((desk.case(case).place, desk.case(case).route.by), (code("130903001001"), RouteBy::Border));
}

#[test]
fn a_point_from_a_shifted_map_is_refused_with_the_place_it_means() {
    let world = world();
    let mut desk = Desk::new(&world);
    // Meant: the eastern edge of the easternmost village. In GCJ-02 it falls some 500 m further east.
    let meant = Point::new(116.858, 38.31);
    let shifted = from_wgs84(Datum::Gcj02, meant);
    let form = json!({"category": "road", "text": "x", "point": [shifted.x(), shifted.y()]});
    let refusal = desk.try_open("public", form).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Outside);
    let args = &refusal.fields[0].args;
    assert_eq!(args["gcj02"], "130904001001");
    let lon: f64 = args["lon"].parse().unwrap();
    let lat: f64 = args["lat"].parse().unwrap();
    assert!((lon - meant.x()).abs() < 1e-5 && (lat - meant.y()).abs() < 1e-5, "{lon} {lat}");
    // Far outside there is nothing to explain.
    let far = json!({"category": "road", "text": "x", "point": [120.0, 38.0]});
    assert!(!desk.try_open("public", far).unwrap_err().fields[0].args.contains_key("gcj02"));
}

#[test]
fn a_chosen_village_that_a_shifted_point_misses_is_explained_too() {
    let world = world();
    let mut desk = Desk::new(&world);
    let meant = Point::new(116.8185, 38.305);
    let shifted = from_wgs84(Datum::Gcj02, meant);
    let form = json!({"category": "road", "text": "x", "point": [shifted.x(), shifted.y()], "place": "130903001001"});
    let refusal = desk.try_open("public", form).unwrap_err();
    assert_eq!(refusal.fields[0].problem, "not_near");
    assert_eq!(refusal.fields[0].args["gcj02"], "130903001001");
}

#[test]
fn a_place_whose_outline_lies_in_another_county_keeps_its_host() {
    let world = world();
    let found = locate(&world.places, [116.842, 38.31]);
    assert_eq!((found.here, found.host), (Some(code("130904001001")), Some(code("130903"))));
    assert_eq!(locate(&world.places, [116.85, 38.31]).host, None);
}

#[test]
fn without_point_or_place_the_form_says_which_is_missing_and_high_places_are_no_place() {
    let world = world();
    let mut desk = Desk::new(&world);
    let refusal = desk.try_open("public", json!({"category": "road", "text": "x"})).unwrap_err();
    assert_eq!((refusal.fields[0].field.as_str(), refusal.fields[0].problem.as_str()), ("point", "required"));
    let refusal = desk.try_open("public", json!({"category": "road", "text": "x", "place": "130903"})).unwrap_err();
    assert_eq!(refusal.fields[0].problem, "wrong_level");
}

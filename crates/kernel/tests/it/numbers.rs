//! Numbers: without gaps, by place and year, whatever is refused in between.

use crate::fixture::{CLERK, Desk, at, world};
use crate::pack::{model, opening};
use ganglion_kernel::World;
use ganglion_model::Level;
use ganglion_model::pack::{NumberDef, NumberPart};
use serde_json::json;
use std::sync::Arc;

#[test]
fn numbers_have_no_gaps_though_commands_between_them_are_refused() {
    let world = world();
    let mut desk = Desk::new(&world);
    let mut numbers = Vec::new();
    for n in 0..4 {
        assert!(desk.try_open("public", json!({"category": "old", "text": "x", "place": "130903001001"})).is_err());
        let place = if n % 2 == 0 { "130903001001" } else { "130903001001001" };
        let form = json!({"category": "road", "text": "x", "place": place});
        numbers.push(desk.try_open("public", form).unwrap().number.unwrap());
    }
    assert_eq!(
        numbers,
        [
            "SB-130903001-2022-000001",
            "SB-130903001-2022-000002",
            "SB-130903001-2022-000003",
            "SB-130903001-2022-000004"
        ]
    );
    let other = desk.open(json!({"category": "road", "text": "x", "place": "130903002001"}));
    assert_eq!(desk.case(other).number, "SB-130903002-2022-000001", "each township counts for itself");
}

#[test]
fn the_year_is_the_local_year_and_starts_anew_at_local_midnight() {
    let world = world();
    let mut desk = Desk::new(&world);
    desk.now = at("2022-12-31 23:59");
    let last = desk.open(opening());
    desk.now = at("2023-01-01 00:00");
    let first = desk.open(opening());
    assert_eq!(desk.case(last).number, "SB-130903001-2022-000001");
    assert_eq!(desk.case(first).number, "SB-130903001-2023-000001");
}

#[test]
fn a_number_given_on_a_state_is_given_once_and_counts_in_its_own_sequence() {
    let world = world();
    let mut desk = Desk::new(&world);
    let cases: Vec<_> = (0..3).map(|_| desk.open(opening())).collect();
    // Filed in another order than opened; the middle one never.
    for case in [cases[2], cases[0]] {
        desk.act(CLERK, case, "send", json!({"duty": "handler.130903001"}));
    }
    assert_eq!(desk.case(cases[2]).numbers["file"], "AJ-130903-2022-0001");
    assert_eq!(desk.case(cases[0]).numbers["file"], "AJ-130903-2022-0002");
    assert!(desk.case(cases[1]).numbers.is_empty());
    desk.act("handler@130903001", cases[2], "back", json!({"reason": "a"}));
    desk.act("director@130903001", cases[2], "insist", json!({}));
    assert_eq!(desk.case(cases[2]).numbers["file"], "AJ-130903-2022-0001", "entered again, not numbered again");
}

#[test]
fn a_case_that_moves_keeps_its_number() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(opening());
    desk.act(CLERK, case, "move", json!({"to": "130903002001"}));
    assert_eq!(desk.case(case).number, "SB-130903001-2022-000001");
    desk.act("clerk@130903002", case, "send", json!({"duty": "handler.130903002"}));
    assert_eq!(desk.case(case).numbers["file"], "AJ-130903-2022-0001");
}

#[test]
fn a_short_number_begins_again_with_each_township_and_day_it_does_not_name() {
    let mut model = model();
    let matter = model.processes.get_mut("matter").unwrap();
    let short = NumberDef {
        on_state: None,
        parts: vec![NumberPart::Literal("A".into()), NumberPart::Sequence(3)],
        each: vec![NumberPart::Place(Level::Township), NumberPart::Day],
    };
    matter.numbers.insert("short".into(), short);
    let world = World { model: Arc::new(model), ..world() };
    let mut desk = Desk::new(&world);
    let mut opened = |at_time: &str, place: &str| {
        desk.now = at(at_time);
        let case = desk.open(json!({"category": "road", "text": "x", "place": place}));
        desk.case(case).numbers["short"].clone()
    };
    assert_eq!(opened("2022-06-27 09:00", "130903001001"), "A001");
    assert_eq!(opened("2022-06-27 09:00", "130903001002"), "A002");
    assert_eq!(opened("2022-06-27 09:00", "130903002001"), "A001", "another township counts for itself");
    assert_eq!(opened("2022-06-27 23:59", "130903001001"), "A003");
    assert_eq!(opened("2022-06-28 00:00", "130903001001"), "A001", "so does another day");
}

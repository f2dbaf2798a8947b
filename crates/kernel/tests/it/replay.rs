//! A draft done over cases that are there: what would have gone elsewhere, what would have fallen due at another time.

use crate::fixture::{Desk, at, world};
use ganglion_kernel::World;
use ganglion_kernel::replay::replay;
use ganglion_model::clocks::{Length, Rule, Unit};
use ganglion_model::pack::LengthFrom;
use ganglion_model::{Case, Model};
use serde_json::json;
use std::sync::Arc;

/// The world with every clock of every process this long.
fn all_clocks(world: &World, length: Length) -> World {
    let mut model = Model::clone(&world.model);
    for process in model.processes.values_mut() {
        for clock in process.clocks.values_mut() {
            clock.length = LengthFrom::Fixed(length);
            clock.rule = Rule::new(length);
        }
    }
    World { model: Arc::new(model), ..world.clone() }
}

fn case(world: &World) -> Case {
    let mut desk = Desk::new(world);
    let id = desk.doing();
    desk.case(id).clone()
}

#[test]
fn the_same_rules_make_no_difference() {
    let world = world();
    assert!(replay(&world, &world, &case(&world), at("2022-06-27T09:00:00+08:00")).is_none());
}

#[test]
fn other_lengths_shift_deadlines_from_the_moments_the_clocks_began() {
    let world = world();
    let case = case(&world);
    let now = at("2022-06-27T09:00:00+08:00");
    let long = replay(&world, &all_clocks(&world, Length::new(90, Unit::CalendarDay)), &case, now);
    let started: Vec<&str> = case.clocks.keys().map(String::as_str).collect();
    assert!(!long.shifted.is_empty() && long.moved.is_none(), "{started:?}");
    for one in &long.shifted {
        assert!(one.to > one.from && !one.now_overdue, "{one:?}");
        assert_eq!(one.from, case.clocks[&one.clock].due_at().unwrap());
    }
    let short = replay(&world, &all_clocks(&world, Length::clock_minutes(1)), &case, now);
    assert!(short.shifted.iter().all(|one| one.to < one.from), "{:?}", short.shifted);
    let later = case.clocks.values().filter_map(ganglion_model::clocks::Clock::due_at).min().unwrap();
    let just_before = later - jiff::SignedDuration::from_secs(1);
    let late = replay(&world, &all_clocks(&world, Length::clock_minutes(1)), &case, just_before);
    assert!(late.shifted.iter().any(|one| one.now_overdue), "in time by the rules in force, overdue by the draft");
}

#[test]
fn a_route_by_the_point_alone_moves_what_the_reporter_chose_across_the_border() {
    let world = world();
    let mut desk = Desk::new(&world);
    let id = desk.open(json!({"category": "road", "text": "x", "point": [116.8199, 38.31], "place": "130903001002"}));
    let case = desk.case(id).clone();
    let mut model = Model::clone(&world.model);
    for process in model.processes.values_mut() {
        process.route.place = None;
    }
    let draft = World { model: Arc::new(model), ..world.clone() };
    let moved = replay(&world, &draft, &case, at("2022-06-27T09:00:00+08:00")).moved.unwrap();
    assert_eq!((moved.from.to_string(), moved.to.unwrap().to_string()), ("130903001002".into(), "130903001001".into()));
    assert!(!moved.across, "both lie in one township");
}

//! Clocks through the life of a case: started, paused, extended, shared, stopped; falling due once and only while running.

use crate::fixture::{CLERK, COUNTY, DIRECTOR, Desk, HANDLER, at, world};
use crate::pack::opening;
use ganglion_kernel::batch::timers_of;
use ganglion_model::change::{Change, Op, RefusalCode};
use ganglion_model::clocks::Length;
use ganglion_model::pack::OnOverdue;
use ganglion_model::{CaseId, Level};
use serde_json::json;
use std::sync::Arc;

fn length(text: &str) -> Length {
    text.parse().unwrap()
}

fn timers(desk: &Desk<'_>, case: CaseId) -> Vec<String> {
    timers_of(desk.case(case)).into_iter().map(|timer| timer.clock).collect()
}

#[test]
fn a_clock_starts_pauses_resumes_and_stops_with_the_states() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.sent();
    assert_eq!(desk.case(case).clocks["handle"].due_at(), Some(at("2022-06-27 15:00")), "09:00 and 4 working hours");
    assert!(desk.case(case).clocks["wait"].stopped_at().is_some(), "`wait` ends when the case is sent");
    desk.now = at("2022-06-27 10:30");
    desk.act(HANDLER, case, "back", json!({"reason": "a"}));
    let clock = &desk.case(case).clocks["handle"];
    assert!(clock.is_paused() && clock.due_at().is_none());
    assert_eq!(clock.used(at("2022-06-28 17:00"), &world.office), Length::working_minutes(90));
    desk.now = at("2022-06-28 08:00");
    desk.act(DIRECTOR, case, "insist", json!({}));
    let clock = &desk.case(case).clocks["handle"];
    assert_eq!(clock.due_at(), Some(at("2022-06-28 10:30")), "1 h 30 min were used, 2 h 30 min are left");
    desk.act(HANDLER, case, "accept", json!({}));
    desk.now = at("2022-06-28 10:00");
    desk.act(HANDLER, case, "finish", json!({"result": "x"}));
    let clock = &desk.case(case).clocks["handle"];
    assert_eq!((clock.on_time(), clock.stopped_at()), (Some(true), Some(at("2022-06-28 10:00"))));
}

#[test]
fn a_share_is_taken_of_the_original_limit_also_when_both_start_together() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.doing();
    assert_eq!(desk.case(case).clocks["accept"].rule().length, length("2 wh"), "half of 4 working hours");
    desk.act(DIRECTOR, case, "longer", json!({"by": "2 wh"}));
    desk.act(HANDLER, case, "finish", json!({"result": "x"}));
    desk.act(DIRECTOR, case, "fail", json!({}));
    assert_eq!(desk.case(case).clocks["redo"].rule().length, length("2 wh"), "extensions do not count");
}

#[test]
fn an_extension_lengthens_and_a_limit_that_has_passed_cannot_be_extended() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.doing();
    desk.act(DIRECTOR, case, "longer", json!({"by": "90 wm"}));
    assert_eq!(desk.case(case).clocks["handle"].due_at(), Some(at("2022-06-27 16:30")));
    desk.now = at("2022-06-27 16:30");
    let refusal = desk.try_act(DIRECTOR, case, "longer", json!({"by": "1 wh"})).unwrap_err();
    assert_eq!(refusal.args["reason"], "overdue");
    assert_eq!(desk.case(case).clocks["handle"].times_extended(), 1);
    // Supervision sets a new limit from now.
    desk.act("director@130903", case, "urge", json!({"limit": "1 wh"}));
    assert_eq!(desk.case(case).clocks["handle"].due_at(), Some(at("2022-06-27 17:30")));
}

#[test]
fn falling_due_counts_once_however_often_the_timer_comes() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.doing();
    desk.now = at("2022-06-27 14:59");
    assert_eq!(desk.due(case, "handle").unwrap_err().code, RefusalCode::WrongState, "not due yet");
    desk.now = at("2022-06-27 15:00");
    assert!(desk.due(case, "handle").is_ok());
    assert_eq!(desk.due(case, "handle").unwrap_err().code, RefusalCode::WrongState);
    assert_eq!(desk.case(case).count("late"), 1);
    assert_eq!(timers(&desk, case), Vec::<String>::new());
}

#[test]
fn a_clock_that_fell_due_stays_counted_once_through_a_pause() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.sent();
    desk.now = at("2022-06-27 15:30");
    desk.due(case, "accept").unwrap();
    desk.due(case, "handle").unwrap();
    desk.act(HANDLER, case, "back", json!({"reason": "a"}));
    assert_eq!(timers(&desk, case), Vec::<String>::new());
    desk.now = at("2022-06-28 09:00");
    desk.act(DIRECTOR, case, "insist", json!({}));
    assert!(!timers(&desk, case).contains(&"handle".to_owned()), "what is late stays late, and is not counted again");
    assert_eq!(desk.due(case, "handle").unwrap_err().code, RefusalCode::WrongState);
    assert_eq!(desk.case(case).count("late"), 1);
    // A new limit may fall due anew.
    desk.act(HANDLER, case, "accept", json!({}));
    desk.act("director@130903", case, "urge", json!({"limit": "1 wh"}));
    desk.now = at("2022-06-28 10:00");
    desk.due(case, "handle").unwrap();
    assert_eq!(desk.case(case).count("late"), 2);
}

#[test]
fn a_case_handed_up_because_it_is_late_is_told_to_those_it_now_waits_for() {
    let mut world = world();
    let model = Arc::make_mut(&mut world.model);
    let process = model.processes.get_mut("matter").unwrap();
    process.clocks.get_mut("handle").unwrap().on_overdue = OnOverdue::Escalate(Level::County);
    let mut desk = Desk::new(&world);
    let case = desk.doing();
    desk.now = at("2022-06-27 15:00");
    desk.due(case, "handle").unwrap();
    assert_eq!(desk.case(case).level, Level::County);
    let Change::Case { ops, .. } = &desk.batch.lines(COUNTY).last().unwrap().entry.change else { panic!() };
    let told: Vec<(&str, Vec<&str>)> = ops
        .iter()
        .filter_map(|op| match op {
            Op::Notify { whom, posts, .. } => Some((whom.as_str(), posts.iter().map(|post| post.0.as_str()).collect())),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [("assignee", vec!["handler.130903001"]), ("director@county", vec!["director.130903"])],
        "the county's director may act on it in this state; its clerk may not"
    );
}

#[test]
fn what_cannot_go_higher_is_told_all_the_same() {
    let mut world = world();
    let process = Arc::make_mut(&mut world.model).processes.get_mut("matter").unwrap();
    process.clocks.get_mut("handle").unwrap().on_overdue = OnOverdue::Escalate(Level::Township);
    let mut desk = Desk::new(&world);
    let case = desk.doing();
    desk.now = at("2022-06-27 15:00");
    desk.due(case, "handle").unwrap();
    assert_eq!(desk.case(case).level, Level::Township);
    let Change::Case { ops, .. } = &desk.batch.lines(COUNTY).last().unwrap().entry.change else { panic!() };
    let told = |name: &str| ops.iter().any(|op| matches!(op, Op::Notify { whom, .. } if whom == name));
    assert!(told("assignee") && told("director@township"));
    assert!(!ops.iter().any(|op| matches!(op, Op::Level { .. })));
}

#[test]
fn a_paused_clock_never_falls_due() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.sent();
    // Paused after its limit passed but before the timer came: nothing fires until it runs again.
    desk.now = at("2022-06-27 15:30");
    desk.act(HANDLER, case, "back", json!({"reason": "a"}));
    assert_eq!(timers(&desk, case), Vec::<String>::new());
    assert_eq!(desk.due(case, "handle").unwrap_err().code, RefusalCode::WrongState);
    desk.act(DIRECTOR, case, "insist", json!({}));
    assert!(timers(&desk, case).contains(&"handle".to_owned()));
    assert!(desk.due(case, "handle").is_ok());
    assert_eq!(desk.case(case).count("late"), 1);
}

#[test]
fn a_deemed_outcome_is_taken_by_the_system_at_the_limit() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.doing();
    desk.act(HANDLER, case, "finish", json!({"result": "x"}));
    assert_eq!(
        desk.case(case).clocks["answer"].due_at(),
        Some(at("2022-06-29 00:00")),
        "one working day after the day"
    );
    desk.now = at("2022-06-29 00:00");
    let outcome = desk.due(case, "answer").unwrap();
    assert_eq!(outcome.state.as_deref(), Some("closed"));
    assert!(desk.case(case).fired.contains(&"answer".to_owned()));
    assert_eq!(timers(&desk, case), Vec::<String>::new());
}

#[test]
fn a_deemed_outcome_that_is_not_possible_is_noted_instead_of_tried_for_ever() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(opening());
    desk.now = at("2022-06-27 09:30");
    assert_eq!(desk.due(case, "wait").unwrap().state.as_deref(), Some("new"));
    assert_eq!(timers(&desk, case), Vec::<String>::new());
}

#[test]
fn a_final_state_stops_every_clock() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(opening());
    assert_eq!(timers(&desk, case), ["wait"]);
    desk.act("reporter", case, "drop", json!({}));
    assert_eq!(timers(&desk, case), Vec::<String>::new());
    assert!(desk.case(case).clocks.values().all(|clock| clock.stopped_at().is_some()));
}

#[test]
fn a_reopened_case_gets_a_fresh_clock_and_data_without_a_limit_gets_none() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.doing();
    desk.act(HANDLER, case, "finish", json!({"result": "x"}));
    desk.act(DIRECTOR, case, "pass", json!({}));
    desk.now = at("2022-07-04 09:00");
    desk.act(CLERK, case, "reopen", json!({"duty": "handler.130903001"}));
    let clock = &desk.case(case).clocks["handle"];
    assert_eq!((clock.started_at(), clock.due_at()), (at("2022-07-04 09:00"), Some(at("2022-07-04 15:00"))));
    let free = desk.open(json!({"category": "open", "text": "x", "place": "130903001001"}));
    desk.act(CLERK, free, "send", json!({"duty": "handler.130903001"}));
    assert!(!desk.case(free).clocks.contains_key("handle"));
    let refusal = desk.try_act("director@130903", free, "urge", json!({"limit": "1 wh"})).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::WrongState);
}

#[test]
fn a_clock_that_only_bounds_something_never_has_a_timer() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.sent();
    assert!(desk.case(case).clocks["window"].due_at().is_some());
    assert_eq!(timers(&desk, case), ["accept", "handle"]);
    desk.act(HANDLER, case, "back", json!({"reason": "a"}));
    desk.act(DIRECTOR, case, "insist", json!({}));
    assert_eq!(timers(&desk, case), ["accept", "handle"]);
    assert_eq!(desk.case(case).windows, ["window"], "noted once");
    let deadline = ["accept", "handle"].iter().filter_map(|name| desk.case(case).clocks[*name].due_at()).min();
    assert_eq!(desk.case(case).due_at(), deadline, "a window is no deadline");
}

//! Which refusal comes first, and what it carries.

use crate::fixture::{CLERK, COUNTY, DIRECTOR, Desk, HANDLER, actor, fields, world};
use crate::pack::opening;
use ganglion_kernel::decide::{decide, guard_holds, who};
use ganglion_model::Shard;
use ganglion_model::change::{Actor, Body, RefusalCode};
use serde_json::{Value, json};

#[test]
fn each_refusal_hides_those_that_come_after_it() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.sent();
    // Whoever, the version seen, the action, the form: one thing right after the other.
    let steps: [(&str, u32, &str, Value, RefusalCode); 8] = [
        ("clerk@130903002", 1, "pass", json!({"x": 1}), RefusalCode::NotFound),
        (DIRECTOR, 1, "nonsense", json!({"x": 1}), RefusalCode::Changed),
        (DIRECTOR, 2, "nonsense", json!({"x": 1}), RefusalCode::Unknown),
        (DIRECTOR, 2, "pass", json!({"x": 1}), RefusalCode::WrongState),
        (DIRECTOR, 2, "back", json!({"x": 1}), RefusalCode::NotAllowed),
        (HANDLER, 2, "back", json!({"x": 1}), RefusalCode::Form),
        (HANDLER, 2, "pick", json!({"reason": "a", "x": 1}), RefusalCode::Form),
        (HANDLER, 2, "accept", json!({"x": 1}), RefusalCode::Form),
    ];
    for (name, version, action, form, expected) in steps {
        let body = Body::Act { case, action: action.into(), form: fields(form), version: Some(version) };
        let command = desk.command(COUNTY, actor(name), body);
        let refusal = desk.send(&command).unwrap_err();
        assert_eq!(refusal.code, expected, "{name} {action}: {refusal:?}");
    }
}

#[test]
fn a_guard_comes_before_the_form_unless_it_looks_at_the_form() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.sent();
    for _ in 0..2 {
        desk.act(HANDLER, case, "back", json!({"reason": "a"}));
        desk.act(DIRECTOR, case, "insist", json!({}));
    }
    let refusal = desk.try_act(HANDLER, case, "back", json!({})).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Guard, "a third return needs no reason to be refused");
    assert_eq!(refusal.message.unwrap().zh, "不行");
    assert_eq!(desk.try_act(HANDLER, case, "pick", json!({})).unwrap_err().code, RefusalCode::Form);
    assert!(desk.try_act(HANDLER, case, "pick", json!({"reason": "a"})).is_ok());
    let process = &world.model.processes["matter"];
    let row = desk.case(case);
    let view = who::view(&world, &actor(HANDLER), desk.now);
    let offered =
        |name: &str| guard_holds((&world, process), process.action("sent", name).unwrap(), row, &view, desk.now);
    assert!(!offered("back") && offered("pick"), "what depends on the form is offered");
}

#[test]
fn of_two_people_at_once_the_second_is_told_that_it_changed() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(opening());
    let body = |version| Body::Act {
        case,
        action: "send".into(),
        form: fields(json!({"duty": "handler.130903001"})),
        version: Some(version),
    };
    let first = desk.command(COUNTY, actor(CLERK), body(1));
    let second = desk.command(COUNTY, actor(CLERK), body(1));
    assert_eq!(desk.send(&first).unwrap().version, 2);
    let refusal = desk.send(&second).unwrap_err();
    assert_eq!((refusal.code, refusal.args["state"].as_str()), (RefusalCode::Changed, "sent"));
    // The same command again is no second person: it gets the recorded answer.
    assert_eq!(desk.send(&first).unwrap().version, 2);
    assert_eq!(desk.case(case).version, 2);
    // Without a version the state says it.
    let refusal = desk.try_act(CLERK, case, "send", json!({"duty": "handler.130903001"})).unwrap_err();
    assert_eq!((refusal.code, refusal.args["state"].as_str()), (RefusalCode::WrongState, "sent"));
}

#[test]
fn a_closed_case_offers_only_what_its_state_declares() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.doing();
    desk.act(HANDLER, case, "finish", json!({"result": "done"}));
    desk.act(DIRECTOR, case, "pass", json!({}));
    assert!(desk.case(case).closed_at.is_some());
    for (name, action) in [(CLERK, "send"), (HANDLER, "finish"), (DIRECTOR, "pass"), ("reporter", "drop")] {
        let refusal = desk.try_act(name, case, action, json!({})).unwrap_err();
        assert_eq!((refusal.code, refusal.args["state"].as_str()), (RefusalCode::WrongState, "closed"), "{action}");
    }
    desk.act("reporter", case, "rate", json!({"stars": "5"}));
    desk.act(CLERK, case, "reopen", json!({"duty": "handler.130903001"}));
    assert_eq!(desk.case(case).closed_at, None, "reopened");
}

#[test]
fn what_is_not_there_or_not_here_is_said_so() {
    let world = world();
    let mut desk = Desk::new(&world);
    let mut open = |shard, process: &str| {
        let body = Body::Open {
            process: process.into(),
            form: fields(opening()),
            channel: "web".into(),
            observed_at: None,
            from: None,
        };
        let command = desk.command(shard, Actor::Public, body);
        desk.send(&command).map(|_| ()).map_err(|refusal| refusal.code)
    };
    assert_eq!(open(COUNTY, "nothing"), Err(RefusalCode::Unknown));
    assert_eq!(open(Shard(130904), "matter"), Err(RefusalCode::WrongShard));
    assert_eq!(open(COUNTY, "matter"), Ok(()));
    let case = desk.open(opening());
    let link = ganglion_model::Link {
        kind: "x".into(),
        number: "n".into(),
        case,
        shard: COUNTY,
        process: None,
        settled: false,
        seen: 0,
        marks: std::collections::BTreeMap::new(),
    };
    let tie = desk.command(COUNTY, actor(CLERK), Body::LinkBack { case, link: link.clone() });
    assert_eq!(desk.send(&tie).unwrap_err().code, RefusalCode::NotAllowed, "ties are made by the system");
    let due = desk.command(COUNTY, actor(CLERK), Body::Due { case, clock: "wait".into() });
    assert_eq!(desk.send(&due).unwrap_err().code, RefusalCode::NotAllowed);
    let elsewhere = desk.command(Shard(130904), Actor::System, Body::LinkBack { case, link });
    assert_eq!(desk.send(&elsewhere).unwrap_err().code, RefusalCode::NotFound, "a case is found in its own shard only");
}

#[test]
fn the_same_arguments_give_the_same_decision_and_nothing_is_changed_by_deciding() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(opening());
    let command = desk.wish(CLERK, case, "convert", json!({"to": "130904001"}));
    let given = desk.given();
    let first = decide(&world, desk.state(), &command, &given).unwrap();
    let second = decide(&world, desk.state(), &command, &given).unwrap();
    assert_eq!(serde_json::to_string(&first.changes).unwrap(), serde_json::to_string(&second.changes).unwrap());
    assert_eq!(first, second);
    assert_eq!(desk.case(case).version, 1);
}

#[test]
fn a_value_that_may_stand_once_names_the_case_that_has_it() {
    let world = world();
    let mut desk = Desk::new(&world);
    let form = |ext: &str| json!({"category": "road", "text": "x", "place": "130903001001", "ext": ext});
    let first = desk.try_open("api", form("ORDER-1")).unwrap();
    let refusal = desk.try_open("api", form(" ORDER-1 ")).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Duplicate);
    assert_eq!(refusal.args["number"], first.number.unwrap());
    assert!(desk.try_open("api", form("ORDER-2")).is_ok());
}

#[test]
fn a_value_an_action_asks_for_may_stand_once_too_and_the_case_itself_may_say_it_again() {
    let world = world();
    let mut desk = Desk::new(&world);
    let (first, second) = (desk.doing(), desk.doing());
    desk.act(HANDLER, first, "stamp", json!({"card": "C-1"}));
    desk.act(HANDLER, first, "stamp", json!({"card": "C-1"}));
    let refusal = desk.try_act(HANDLER, second, "stamp", json!({"card": "C-1"})).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.args["number"].clone()),
        (RefusalCode::Duplicate, desk.case(first).number.clone())
    );
    // A value that was given up is not free again: whoever holds the old card must not pass for somebody else.
    desk.act(HANDLER, first, "stamp", json!({"card": "C-2"}));
    assert_eq!(
        desk.try_act(HANDLER, second, "stamp", json!({"card": "C-1"})).unwrap_err().code,
        RefusalCode::Duplicate
    );
    desk.act(HANDLER, second, "stamp", json!({"card": "C-3"}));
}

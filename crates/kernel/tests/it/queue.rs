//! Queues: nobody gets a case that somebody else got, whoever calls when, and the order is the one declared.

use crate::fixture::{COUNTY, Desk, actor, at, code, fields, world};
use crate::pack::{model, path, who};
use ganglion_kernel::World;
use ganglion_kernel::queue::{serves, waiting_of};
use ganglion_model::change::{Body, Outcome, Refusal, RefusalCode};
use ganglion_model::pack::Model;
use ganglion_model::pack::{Assign, Effect, QueueDef};
use ganglion_model::{CaseId, Level};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The matter as a queue: new ones wait, and `accept` takes them.
fn queued() -> World {
    let mut model = model();
    let matter = model.processes.get_mut("matter").unwrap();
    let mut call = matter.action("sent", "accept").unwrap().clone();
    call.name = "call".into();
    call.by = vec![who("clerk@township")];
    call.not = vec!["moved".into()];
    call.effects = vec![Effect::Assign(Assign::Actor)];
    matter.states.get_mut("new").unwrap().actions.push(call);
    matter.queue = Some(QueueDef {
        by: vec![who("clerk@township")],
        levels: vec![Level::Township],
        state: "new".into(),
        take: "call".into(),
        lane: Some(path("case.category")),
        ..QueueDef::default()
    });
    World { model: Arc::new(model), ..world() }
}

fn open(desk: &mut Desk<'_>, category: &str, place: &str) -> CaseId {
    desk.open(json!({"category": category, "text": "x", "place": place}))
}

fn call(desk: &mut Desk<'_>, who: &str, lanes: &[&str]) -> Result<Outcome, Refusal> {
    let lanes = lanes.iter().map(|one| (*one).to_owned()).collect();
    let body = Body::TakeNext { process: "matter".into(), lanes, form: fields(json!({})) };
    let command = desk.command(COUNTY, actor(who), body);
    desk.send(&command)
}

#[test]
fn the_first_to_come_is_taken_first_and_a_repeat_gets_the_same_case() {
    let world = queued();
    let mut desk = Desk::new(&world);
    let first = open(&mut desk, "road", "130903001001");
    desk.now = at("2022-06-27 09:01");
    let second = open(&mut desk, "open", "130903001002");
    let elsewhere = open(&mut desk, "road", "130903002001");
    let body = Body::TakeNext { process: "matter".into(), lanes: vec![], form: fields(json!({})) };
    let command = desk.command(COUNTY, actor("clerk@130903001"), body);
    let outcome = desk.send(&command).unwrap();
    assert_eq!(outcome.case, Some(first));
    assert_eq!(desk.send(&command).unwrap(), outcome, "a repeat takes nobody else");
    assert_eq!(call(&mut desk, "clerk@130903001", &["road"]).unwrap_err().code, RefusalCode::NothingWaiting);
    assert_eq!(call(&mut desk, "clerk@130903001", &[]).unwrap().case, Some(second));
    assert_eq!(call(&mut desk, "clerk@130903001", &[]).unwrap_err().code, RefusalCode::NothingWaiting);
    assert_eq!(desk.case(elsewhere).state, "new");
    assert!(waiting_of(&world, desk.case(elsewhere)).is_some());
}

#[test]
fn only_who_serves_the_queue_may_call_and_from_the_own_place_only() {
    let world = queued();
    let mut desk = Desk::new(&world);
    open(&mut desk, "road", "130903001001");
    for who in ["handler@130903001", "clerk@130903", "public", "system"] {
        assert_eq!(call(&mut desk, who, &[]).unwrap_err().code, RefusalCode::NotAllowed, "{who}");
    }
    assert_eq!(call(&mut desk, "clerk@130903002", &[]).unwrap_err().code, RefusalCode::NothingWaiting);
    let clerk = world.posts.at(code("130903001")).find(|post| post.role == "clerk").unwrap();
    assert!(serves(&world.model.processes["matter"], clerk).is_some());
}

#[test]
fn a_case_the_caller_may_not_take_is_passed_over_and_keeps_its_place() {
    let world = queued();
    let mut desk = Desk::new(&world);
    let own = open(&mut desk, "road", "130903001001");
    desk.act("clerk@130903001", own, "move", json!({"to": "130903001002"}));
    desk.now = at("2022-06-27 09:01");
    let other = open(&mut desk, "road", "130903001001");
    assert_eq!(call(&mut desk, "clerk@130903001", &[]).unwrap().case, Some(other));
    assert_eq!(desk.case(own).state, "new");
}

#[test]
fn a_queue_at_two_levels_serves_each_place_its_own() {
    let mut world = queued();
    let mut model = Model::clone(&world.model);
    let matter = model.processes.get_mut("matter").unwrap();
    let queue = matter.queue.as_mut().unwrap();
    queue.levels = vec![Level::County, Level::Township];
    assert_eq!(queue.place_of(code("130903001001")), code("130903001"));
    assert_eq!(queue.place_of(code("130903")), code("130903"));
    assert_eq!(queue.place_of(code("1309")), code("1309"), "above every hall: where it is");
    world.model = Arc::new(model);
    let mut desk = Desk::new(&world);
    let of_township = open(&mut desk, "road", "130903001001");
    let waits = waiting_of(&world, desk.case(of_township)).unwrap();
    assert_eq!(waits.place, code("130903001"), "the county's counters call nobody who waits in the township");
}

proptest! {
    /// Whatever the order of comings and calls: nobody is called twice, within a lane nobody overtakes, and a call finds
    /// nobody only when nobody waits.
    #[test]
    fn calls_never_give_one_case_twice(steps in prop::collection::vec((0..3_u8, 0..2_usize), 1..60)) {
        let world = queued();
        let mut desk = Desk::new(&world);
        let lanes = ["road", "open"];
        let (mut waiting, mut called) = (Vec::new(), BTreeSet::new());
        for (n, (kind, lane)) in steps.into_iter().enumerate() {
            desk.now = at("2022-06-27 09:00") + jiff::SignedDuration::from_secs(i64::try_from(n).unwrap());
            if kind == 0 {
                waiting.push((lane, open(&mut desk, lanes[lane], "130903001001")));
                continue;
            }
            let asked: &[&str] = if kind == 1 { &[] } else { &lanes[lane..=lane] };
            let expected = waiting.iter().position(|(of, _)| kind == 1 || *of == lane);
            match (call(&mut desk, "clerk@130903001", asked), expected) {
                (Ok(outcome), Some(at)) => {
                    prop_assert_eq!(outcome.case, Some(waiting.remove(at).1));
                    prop_assert!(called.insert(outcome.case));
                }
                (Err(refusal), None) => prop_assert_eq!(refusal.code, RefusalCode::NothingWaiting),
                (result, expected) => prop_assert!(false, "{:?} {:?}", result, expected),
            }
        }
    }
}

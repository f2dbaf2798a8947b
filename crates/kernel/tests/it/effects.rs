//! Moving, handing up and down, merging, opening elsewhere.

use crate::fixture::{CLERK, COUNTY, Desk, at, code, world};
use crate::pack::opening;
use ganglion_kernel::decide::{decide, derived};
use ganglion_model::change::{Actor, Body, Change, Op, RefusalCode};
use ganglion_model::row::RouteBy;
use ganglion_model::{CaseId, CommandId, Level, Shard};
use serde_json::json;
use uuid::Uuid;

#[test]
fn a_case_moves_within_its_county_with_its_history_and_never_out_of_it() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(opening());
    let problem = |desk: &mut Desk<'_>, to: &str| {
        let refusal = desk.try_act(CLERK, case, "move", json!({"to": to})).unwrap_err();
        (refusal.code, refusal.fields[0].problem.clone())
    };
    assert_eq!(problem(&mut desk, "130904001001"), (RefusalCode::Form, "other_county".to_owned()));
    assert_eq!(problem(&mut desk, "130903001001"), (RefusalCode::Form, "same_place".to_owned()));
    desk.now = at("2022-06-27 10:00");
    desk.act(CLERK, case, "move", json!({"to": "130903002001"}));
    let row = desk.case(case);
    assert_eq!((row.place, row.route.by, row.shard), (code("130903002001"), RouteBy::Moved, COUNTY));
    assert_eq!(row.route.moved_from, [(code("130903001001"), at("2022-06-27 10:00"))]);
    // It is the other township's now; who moved it goes on reading it.
    let refusal = desk.try_act(CLERK, case, "send", json!({"duty": "handler.130903001"})).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotAllowed);
    desk.act("clerk@130903002", case, "send", json!({"duty": "handler.130903002"}));
}

#[test]
fn a_case_is_handed_up_and_down_between_the_installation_and_its_place() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(opening());
    desk.act(CLERK, case, "raise", json!({}));
    assert_eq!(desk.case(case).level, Level::County);
    assert_eq!(desk.try_act(CLERK, case, "raise", json!({})).unwrap_err().code, RefusalCode::NotAllowed);
    desk.act("clerk@130903", case, "raise", json!({}));
    let refusal = desk.try_act("clerk@1309", case, "raise", json!({})).unwrap_err();
    assert_eq!((refusal.code, refusal.args["reason"].as_str()), (RefusalCode::Guard, "no_level"));
    desk.act("clerk@1309", case, "lower", json!({}));
    desk.act("clerk@130903", case, "lower", json!({}));
    assert_eq!(desk.case(case).level, Level::Township);
}

#[test]
fn merging_ties_both_ways_and_makes_no_chains() {
    let world = world();
    let mut desk = Desk::new(&world);
    let cases: Vec<CaseId> = (0..4).map(|_| desk.open(opening())).collect();
    let number = |desk: &Desk<'_>, n: usize| desk.case(cases[n]).number.clone();
    let merge = |desk: &mut Desk<'_>, n: usize, into: String| {
        desk.try_act(CLERK, cases[n], "merge", json!({"into": into}))
            .map(|_| ())
            .map_err(|one| one.fields[0].problem.clone())
    };
    let parent = number(&desk, 0);
    assert_eq!(merge(&mut desk, 0, parent.clone()), Err("itself".to_owned()));
    assert_eq!(merge(&mut desk, 1, "SB-0".to_owned()), Err("not_found".to_owned()));
    assert_eq!(merge(&mut desk, 1, parent.clone()), Ok(()));
    assert_eq!(merge(&mut desk, 2, parent.clone()), Ok(()));
    let child = number(&desk, 1);
    assert_eq!(merge(&mut desk, 3, child), Err("is_a_child".to_owned()));
    let fourth = number(&desk, 3);
    assert_eq!(merge(&mut desk, 0, fourth), Err("has_children".to_owned()));
    let links: Vec<&str> = desk.case(cases[0]).links.iter().map(|link| link.kind.as_str()).collect();
    assert_eq!(links, ["merged_from", "merged_from"]);
    let tie = &desk.case(cases[1]).links[0];
    assert_eq!((tie.kind.as_str(), tie.case, tie.number.as_str()), ("merged_into", cases[0], parent.as_str()));
    assert_eq!(desk.case(cases[1]).state, "ended");
    assert_eq!(desk.case(cases[0]).version, 3, "the parent changed twice");
}

#[test]
fn a_case_is_not_merged_into_one_its_clerk_may_not_read_or_of_another_county() {
    let world = world();
    let mut desk = Desk::new(&world);
    let mine = desk.open(opening());
    let neighbour = desk.open(json!({"category": "road", "text": "x", "place": "130903002001"}));
    let abroad = desk.open(json!({"category": "road", "text": "x", "place": "130904001001"}));
    for other in [neighbour, abroad] {
        let into = desk.case(other).number.clone();
        let refusal = desk.try_act(CLERK, mine, "merge", json!({"into": into})).unwrap_err();
        assert_eq!(refusal.fields[0].problem, "not_found");
        assert!(desk.case(other).links.is_empty());
    }
}

#[test]
fn what_opens_elsewhere_is_asked_for_once_with_an_id_that_follows_from_the_command() {
    let world = world();
    let mut desk = Desk::new(&world);
    let case = desk.open(opening());
    let command = desk.wish(CLERK, case, "convert", json!({"to": "130904001001"}));
    let given = desk.given();
    let spawned = |changes: &[Change]| match &changes[0] {
        Change::Case { ops, .. } => ops.iter().find_map(|op| match op {
            Op::Spawn { command, link } => Some((command.clone(), link.clone())),
            _ => None,
        }),
        _ => None,
    };
    let decision = decide(&world, desk.state(), &command, &given).unwrap();
    let (child, link) = spawned(&decision.changes).unwrap();
    let again = decide(&world, desk.state(), &command, &given).unwrap();
    assert_eq!(spawned(&again.changes).unwrap().0.id, child.id);
    assert_ne!(child.id, command.id);
    assert_eq!((child.shard, child.actor.clone(), link.as_str()), (Shard(130904), Actor::System, "moved_to"));
    desk.send(&command).unwrap();
    let opened = desk.send(&child).unwrap();
    assert_eq!(desk.send(&child).unwrap(), opened, "sent twice, opened once");
    let row = desk.case(opened.case.unwrap());
    assert_eq!((row.place, row.route.by), (code("130904001001"), RouteBy::Inherited));
    assert_eq!((row.links[0].kind.as_str(), row.links[0].case), ("opened_from", case));
    let Body::Open { from, .. } = &child.body else { panic!("no opening") };
    assert_eq!(from.as_ref().unwrap().number, desk.case(case).number);
}

#[test]
fn derived_ids_are_stable_for_ever() {
    let id = CommandId(Uuid::from_u128(7));
    // Written down: a job that runs again after an upgrade must send the same id.
    assert_eq!(derived(id, "link").to_string(), STABLE);
    assert_ne!(derived(id, "link"), derived(id, "links"));
    assert_ne!(derived(id, "link"), derived(CommandId(Uuid::from_u128(8)), "link"));
}

const STABLE: &str = "416acbda-acda-8cbd-a7fe-5572223cfa05";

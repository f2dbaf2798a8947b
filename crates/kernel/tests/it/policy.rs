//! Rules of the deployment, by enumeration: every action against every post there is, with and without rules, by an oracle that
//! knows only what the rules say; and lists against single cases.

use crate::fixture::{COUNTY, Desk, PLACES, ROLES, actor, code, fields, level_of, post_id, world};
use crate::pack::{path, who};
use ganglion_kernel::World;
use ganglion_kernel::decide::who::{may_read, reach, view_of};
use ganglion_kernel::decide::{decide, policy};
use ganglion_kernel::permissions::{explain, table};
use ganglion_model::change::{Body, RefusalCode};
use ganglion_model::expr::{Cmp, Expr};
use ganglion_model::pack::{Model, OPEN, PolicyEffect, PolicyRule, READ, Source};
use ganglion_model::{Level, Post, Text};
use serde_json::json;
use std::sync::Arc;

fn rule(name: &str, effect: PolicyEffect, actions: &[&str], whom: &[&str], when: Option<Expr>) -> PolicyRule {
    PolicyRule {
        name: name.to_owned(),
        pack: "local".to_owned(),
        title: Text::new(name, name),
        effect,
        over: Source::Process("matter".to_owned()),
        actions: actions.iter().map(|one| (*one).to_owned()).collect(),
        who: whom.iter().map(|one| who(one)).collect(),
        when,
    }
}

fn is(at: &str, value: &str) -> Expr {
    Expr::Cmp(Cmp::Eq, Box::new(path(at)), Box::new(Expr::Lit(json!(value))))
}

/// The world of the tests with rules.
fn ruled(rules: Vec<PolicyRule>) -> World {
    let mut world = world();
    let mut model = Model::clone(&world.model);
    model.policy = rules;
    model.apply_policy();
    world.model = Arc::new(model);
    world
}

/// What `decide` says to every post about every action in every state: allowed or not, as far as permission goes.
fn matrix(world: &World, level: Level) -> Vec<(String, String, bool)> {
    let mut desk = Desk::new(world);
    let id = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
    let mut state = desk.state().clone();
    let given = desk.given();
    let mut all = Vec::new();
    for (name, declared) in &world.model.processes["matter"].states {
        for action in &declared.actions {
            let case = state.cases.get_mut(&id).unwrap();
            case.level = level;
            case.state.clone_from(name);
            case.assignee = Some(post_id("handler", "130903001"));
            for (role, at) in ROLES.iter().flat_map(|role| PLACES.iter().map(move |at| (*role, *at))) {
                let body = Body::Act { case: id, action: action.name.clone(), form: fields(json!({})), version: None };
                let command = desk.command(COUNTY, actor(&format!("{role}@{at}")), body);
                let answer = decide(world, &state, &command, &given).map(|_| ()).map_err(|refusal| refusal.code);
                let allowed =
                    !matches!(answer, Err(RefusalCode::NotAllowed | RefusalCode::NotFound | RefusalCode::SamePerson));
                all.push((format!("{name}.{}", action.name), format!("{role}@{at}"), allowed));
            }
        }
    }
    all
}

#[test]
fn a_forbid_takes_exactly_what_it_names_from_exactly_whom_it_names() {
    let plain = matrix(&world(), Level::Township);
    let forbid = rule("no_send", PolicyEffect::Forbid, &["send", "finish"], &["clerk@township", "assignee"], None);
    let ruled = matrix(&ruled(vec![forbid]), Level::Township);
    let mut taken = 0;
    for ((action, post, before), (_, _, after)) in plain.iter().zip(&ruled) {
        let named = action.ends_with(".send") || action.ends_with(".finish");
        let is_clerk = post.strip_prefix("clerk@").is_some_and(|at| at.len() == 9);
        let meant = named && (is_clerk || post == "handler@130903001");
        assert_eq!(*after, *before && !meant, "{action} by {post}");
        taken += usize::from(*before && meant);
    }
    assert!(taken >= 2, "the rule takes something: {taken}");
}

#[test]
fn a_forbid_wins_over_a_permit_whatever_their_order() {
    let permit = || rule("may", PolicyEffect::Permit, &["send"], &["leader@county"], None);
    let forbid = || rule("may_not", PolicyEffect::Forbid, &["send"], &["leader@county"], None);
    let plain = matrix(&world(), Level::Township);
    let with = matrix(&ruled(vec![permit()]), Level::Township);
    let added: Vec<_> = plain.iter().zip(&with).filter(|(before, after)| before.2 != after.2).collect();
    assert!(added.iter().all(|(_, (action, post, _))| action == "new.send" && post == "leader@130903"), "{added:?}");
    assert_eq!(added.len(), 1, "exactly the post the permit names, over the place it stands for");
    for rules in [vec![permit(), forbid()], vec![forbid(), permit()]] {
        let both = matrix(&ruled(rules), Level::Township);
        assert!(both.iter().all(|(action, post, may)| !(action == "new.send" && post.starts_with("leader@") && *may)));
    }
}

#[test]
fn a_permit_with_a_condition_counts_where_it_holds_and_takes_nothing_from_others() {
    let permit = rule("urgent", PolicyEffect::Permit, &["send"], &["leader@county"], Some(is("case.level", "county")));
    let world_with = ruled(vec![permit]);
    for (level, expected) in [(Level::Township, false), (Level::County, true)] {
        let plain = matrix(&world(), level);
        for ((action, post, before), (_, _, after)) in plain.iter().zip(&matrix(&world_with, level)) {
            let meant = action == "new.send" && post == "leader@130903";
            assert_eq!(*after, *before || (meant && expected), "{action} by {post} at {}", level.as_str());
        }
    }
}

#[test]
fn opening_is_forbidden_by_what_is_typed() {
    let forbid = rule("no_roads", PolicyEffect::Forbid, &[OPEN], &[], Some(is("form.category", "road")));
    let world = ruled(vec![forbid]);
    let mut desk = Desk::new(&world);
    let form = |category: &str| json!({"category": category, "text": "x", "place": "130903001001001"});
    for who in ["public", "clerk@130903001", "worker@130903001001001", "api"] {
        let refusal = desk.try_open(who, form("road")).map(|_| ()).unwrap_err();
        assert_eq!((refusal.code, refusal.message), (RefusalCode::NotAllowed, Some(Text::new("no_roads", "no_roads"))));
    }
    let other = ruled(vec![rule("others", PolicyEffect::Forbid, &[OPEN], &["clerk@township"], None)]);
    let mut desk = Desk::new(&other);
    assert!(desk.try_open("public", form("road")).is_ok());
    assert_eq!(desk.try_open("clerk@130903001", form("road")).unwrap_err().code, RefusalCode::NotAllowed);
}

#[test]
fn what_may_not_be_read_is_not_found_and_not_listed_whoever_holds_it() {
    let rules = [
        rule("done_is_closed", PolicyEffect::Forbid, &[READ], &["clerk@township"], Some(is("case.state", "done"))),
        rule("never", PolicyEffect::Forbid, &[READ], &["handler@township"], None),
        rule("high", PolicyEffect::Forbid, &[READ], &["leader@county"], Some(is("actor.level", "county"))),
        rule("low", PolicyEffect::Forbid, &[READ], &["leader@county"], Some(is("actor.level", "city"))),
    ];
    let world = ruled(rules.to_vec());
    let plain = crate::fixture::world();
    let mut desk = Desk::new(&world);
    let id = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
    let process = &world.model.processes["matter"];
    let mut kept_from = 0;
    for place in PLACES.iter().filter(|place| level_of(place) >= Level::County && place.starts_with("130903")) {
        for state in &process.state_order {
            let mut case = desk.case(id).clone();
            case.place = code(place);
            case.state.clone_from(state);
            case.assignee = Some(post_id("handler", "130903001"));
            case.opened_by = Some(post_id("clerk", "130903002"));
            for (role, at) in ROLES.iter().flat_map(|role| PLACES.iter().map(move |at| (*role, *at))) {
                let post: &Post = world.posts.get(&post_id(role, at)).unwrap();
                let who = actor(&format!("{role}@{at}"));
                let forbidden = match (role, at.len()) {
                    ("clerk", 9) => state == "done",
                    ("handler", 9) | ("leader", 6) => true,
                    _ => false,
                };
                let before = may_read(&plain, &who, Some(post), &case);
                let after = may_read(&world, &who, Some(post), &case);
                assert_eq!(after, before && !forbidden, "{role}@{at} reads {state} at {place}");
                let states = policy::listed((&world, process), &view_of(post));
                let in_states = states.is_none_or(|states| states.contains(state));
                assert_eq!(in_states, !forbidden, "{role}@{at} lists {state}");
                let listed = in_states && reach(process, post).lists(post, &case);
                assert!(!listed || after, "listed but not readable: {role}@{at} {state}");
                kept_from += usize::from(before && forbidden);
            }
        }
    }
    assert!(kept_from > 0, "the rules take something");
    // Whom reading is forbidden gets the answer of whoever never had it.
    let refusal = desk.try_act("handler@130903001", id, "note", json!({})).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotFound);
}

#[test]
fn the_system_goes_on_whatever_is_forbidden_to_everybody() {
    let forbid = rule("nobody", PolicyEffect::Forbid, &["deem", "send"], &[], None);
    let world = ruled(vec![forbid]);
    let mut desk = Desk::new(&world);
    let id = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
    assert_eq!(desk.try_act("clerk@130903001", id, "send", json!({})).unwrap_err().code, RefusalCode::NotAllowed);
    let process = &world.model.processes["matter"];
    let action = process.action("done", "deem").unwrap();
    let mut case = desk.case(id).clone();
    case.state = "done".to_owned();
    let view = |who: &str| ganglion_kernel::decide::who::view(&world, &actor(who), desk.now);
    assert!(policy::in_the_way((&world, process), action, &case, &view("system"), desk.now).is_none());
    let other = policy::in_the_way((&world, process), action, &case, &view("clerk@130903001"), desk.now);
    assert_eq!(other.map(|rule| rule.name.as_str()), Some("nobody"));
}

/// Steps that are about permission; a condition of the pack is not.
fn is_permitted(steps: &[ganglion_kernel::permissions::Step]) -> bool {
    steps.iter().all(|step| step.passes || step.asked == "when")
}

#[test]
fn the_explanation_says_what_is_decided_for_every_action_and_post() {
    let rules = || {
        vec![
            rule("may", PolicyEffect::Permit, &["send"], &["leader@county"], Some(is("case.level", "county"))),
            rule("no", PolicyEffect::Forbid, &["finish", "raise"], &["assignee", "clerk@township"], None),
            rule("dark", PolicyEffect::Forbid, &[READ], &["director@township"], Some(is("case.state", "done"))),
        ]
    };
    for world in [world(), ruled(rules())] {
        for level in [Level::Township, Level::County] {
            let mut desk = Desk::new(&world);
            let id = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
            let mut case = desk.case(id).clone();
            case.level = level;
            case.assignee = Some(post_id("handler", "130903001"));
            for (action, post, allowed) in matrix(&world, level) {
                let (state, action) = action.split_once('.').unwrap();
                case.state = state.to_owned();
                let steps = explain(&world, &actor(&post), &case, action, desk.now);
                assert_eq!(is_permitted(&steps), allowed, "{action} in {state} by {post}: {steps:?}");
                assert!(!steps.is_empty() && steps.iter().rev().skip(1).all(|step| step.passes), "{steps:?}");
            }
        }
    }
}

#[test]
fn the_table_holds_every_word_of_the_pack_and_every_rule() {
    let rules = vec![
        rule("may", PolicyEffect::Permit, &["send"], &["leader@county"], None),
        rule("no", PolicyEffect::Forbid, &["send", READ], &["clerk@township"], None),
    ];
    let world = ruled(rules);
    let grants = table(&world.model);
    let process = &world.model.processes["matter"];
    for (state, action, who) in process.states.values().flat_map(|state| {
        state.actions.iter().flat_map(move |action| action.by.iter().map(move |who| (&state.name, action, who)))
    }) {
        let who = ganglion_kernel::permissions::written(who);
        let is_there = grants.iter().any(|one| {
            one.name == "matter" && one.action == action.name && one.who == who && one.states.contains(state)
        });
        assert!(is_there, "{} in {state} by {who}", action.name);
    }
    let of_rule = |name: &str| grants.iter().filter(|one| one.rule.as_deref() == Some(name)).collect::<Vec<_>>();
    assert_eq!(of_rule("may").len(), 1);
    assert_eq!(of_rule("may")[0].who, "leader@county");
    let no: Vec<_> = of_rule("no").iter().map(|one| (one.action.as_str(), one.effect)).collect();
    assert_eq!(no, [("send", PolicyEffect::Forbid), (READ, PolicyEffect::Forbid)]);
}

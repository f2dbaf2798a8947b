//! Breaking the glass: somebody who may not read a case acts on it with a reason, those who watch are told, and nobody reads a case
//! because of it who did not before.

use crate::fixture::{Desk, PLACES, ROLES, actor, post_id, world};
use crate::pack::{field, who};
use ganglion_kernel::World;
use ganglion_kernel::decide::who::{may_read, reach};
use ganglion_model::change::{Change, Op, RefusalCode};
use ganglion_model::pack::{Action, BREAK_GLASS, Effect, FieldKind, Model, Required};
use ganglion_model::{Post, Text};
use serde_json::json;
use std::sync::Arc;

/// The world of the tests, where handlers of the county may break the glass of any matter, and its leader is told.
fn glazed() -> World {
    let mut world = world();
    let mut model = Model::clone(&world.model);
    let process = model.processes.get_mut("matter").unwrap();
    let like = process.action("new", "raise").unwrap().clone();
    let mut reason = field("reason", FieldKind::LongText { max: 1000 });
    reason.required = Required::Yes;
    let action = Action {
        name: BREAK_GLASS.to_owned(),
        by: vec![who("handler@county")],
        not: Vec::new(),
        when: None,
        form: vec![reason],
        to: None,
        effects: vec![Effect::Notify { to: vec![who("leader@county"), who("reporter")], text: Text::default() }],
        ..like
    };
    process.states.values_mut().for_each(|state| state.actions.push(action.clone()));
    world.model = Arc::new(model);
    world
}

#[test]
fn the_glass_is_broken_by_whom_it_names_with_a_reason_and_tells_who_watches() {
    let world = glazed();
    let mut desk = Desk::new(&world);
    let id = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
    let refused = |desk: &mut Desk<'_>, who: &str, action: &str, form: serde_json::Value| {
        desk.try_act(who, id, action, form).map(|_| ()).map_err(|refusal| refusal.code)
    };
    let reason = || json!({"reason": "屋内有人被困"});
    assert_eq!(refused(&mut desk, "handler@130903", "send", json!({})), Err(RefusalCode::NotFound));
    assert_eq!(refused(&mut desk, "handler@130904", BREAK_GLASS, reason()), Err(RefusalCode::NotFound));
    assert_eq!(refused(&mut desk, "handler@130903001", BREAK_GLASS, reason()), Err(RefusalCode::NotFound));
    assert_eq!(refused(&mut desk, "clerk@130903001", BREAK_GLASS, reason()), Err(RefusalCode::NotAllowed));
    assert_eq!(refused(&mut desk, "handler@130903", BREAK_GLASS, json!({})), Err(RefusalCode::Form));
    let state = desk.state().clone();
    let command = desk.wish("handler@130903", id, BREAK_GLASS, reason());
    let given = desk.given();
    let decision = ganglion_kernel::decide(&world, &state, &command, &given).unwrap();
    let Some(Change::Case { ops, input, .. }) = decision.changes.first() else { panic!("{:?}", decision.changes) };
    assert_eq!(input["reason"], "屋内有人被困", "the reason stands in the journal");
    let told = |name: &str| ops.iter().any(|op| matches!(op, Op::Notify { whom, .. } if whom == name));
    assert!(told("leader@county") && told("reporter"), "{ops:?}");
    assert_eq!(refused(&mut desk, "handler@130903", BREAK_GLASS, reason()), Ok(()));
    assert_eq!(refused(&mut desk, "handler@130903", "send", json!({})), Err(RefusalCode::NotFound), "and only that");
}

#[test]
fn nobody_reads_or_lists_more_because_of_the_glass() {
    let (plain, glazed) = (world(), glazed());
    let mut desk = Desk::new(&glazed);
    let id = desk.open(json!({"category": "road", "text": "x", "place": "130903001001"}));
    desk.act("handler@130903", id, BREAK_GLASS, json!({"reason": "x"}));
    let case = desk.case(id).clone();
    for (role, at) in ROLES.iter().flat_map(|role| PLACES.iter().map(move |at| (*role, *at))) {
        let post: &Post = glazed.posts.get(&post_id(role, at)).unwrap();
        let who = actor(&format!("{role}@{at}"));
        assert_eq!(
            may_read(&glazed, &who, Some(post), &case),
            may_read(&plain, &who, Some(post), &case),
            "{role}@{at} reads"
        );
        let reaches = |world: &World| reach(&world.model.processes["matter"], post);
        assert_eq!(reaches(&glazed), reaches(&plain), "{role}@{at} lists");
    }
}

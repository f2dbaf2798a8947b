//! Breaking the glass through pages: by whom it names, with a reason, shown once, noted and told.

use crate::forms::reported;
use crate::support::{City, Part, model};
use ganglion_model::change::Change;
use ganglion_model::pack::{Action, BREAK_GLASS, Effect, FieldKind, Required, Who};
use ganglion_model::{Level, Shard, Text};
use std::sync::Arc;

const PHONE: &str = "13912340016";

/// A city where verifiers of a township, who have no part in incidents, may break the glass of one.
async fn city() -> City {
    let city = City::new().await;
    let mut model = model();
    let process = model.processes.get_mut("incident").unwrap();
    let like = process.action("registered", "close").unwrap().clone();
    let mut reason = like.form[0].clone();
    (reason.name, reason.required, reason.kind) =
        ("reason".to_owned(), Required::Yes, FieldKind::LongText { max: 1000 });
    let action = Action {
        name: BREAK_GLASS.to_owned(),
        title: Text::new("紧急查看", "Emergency access"),
        by: vec![Who::Role { role: "verifier".to_owned(), level: Level::Township }],
        form: vec![reason],
        to: None,
        effects: vec![Effect::Notify { to: vec![Who::Reporter], text: Text::default() }],
        ..like
    };
    process.states.values_mut().for_each(|state| state.actions.push(action.clone()));
    let mut world = ganglion_kernel::World::clone(&city.app.world.load());
    world.model = Arc::new(model);
    city.app.world.store(Arc::new(world));
    city
}

#[tokio::test]
async fn a_case_is_shown_once_with_a_reason_and_noted() {
    let city = city().await;
    let number = reported(&mut city.visitor(), vec![Part::Text("reporter_phone", PHONE)]).await;
    let mut verify = city.signed_in("verify").await;
    let turned_away = verify.get(&format!("/cases/{number}")).await;
    assert_eq!(turned_away.status, 404);
    assert!(turned_away.text.contains("/break-glass"), "the way is shown where it is needed: {}", turned_away.text);
    assert_eq!(verify.get("/break-glass").await.status, 200);

    for (number, reason) in [(number.as_str(), ""), ("SB-130903001-2022-999999", "a child is trapped"), ("", "x")] {
        let answer = verify.post_form("/break-glass", &[("number", number), ("reason", reason)]).await;
        assert_eq!(answer.status, 422, "{number:?} {reason:?}: {}", answer.text);
        assert!(!answer.text.contains("rubbish"), "nothing is shown");
    }
    let form = [("number", number.as_str()), ("reason", "a child is trapped")];
    let shown = verify.post_form("/break-glass", &form).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert!(shown.text.contains("rubbish at the east gate") && shown.text.contains(&number), "{}", shown.text);
    assert_eq!(verify.get(&format!("/cases/{number}")).await.status, 404, "it is shown once");

    let shard = Shard(130_903);
    let case = city.store.case_by_number(shard, &number).await.unwrap().unwrap();
    let entries = city.store.entries_of_case(shard, case.id, 10).await.unwrap();
    let Change::Case { action, input, .. } = &entries[0].change else { panic!("{:?}", entries[0]) };
    assert_eq!((action.as_str(), &input["reason"]), (BREAK_GLASS, &"a child is trapped".into()));
    let accesses = city.store.accesses(shard, case.id, 10).await.unwrap();
    assert_eq!(accesses.len(), 1, "one look, one line");
    assert_eq!(accesses[0].fields, ["reporter_phone"]);
}

#[tokio::test]
async fn for_others_there_is_no_such_page() {
    let city = city().await;
    let number = reported(&mut city.visitor(), vec![]).await;
    for account in ["worker", "dispatch", "other", "leader"] {
        let mut browser = city.signed_in(account).await;
        assert_eq!(browser.get("/break-glass").await.status, 404, "{account}");
        let form = [("number", number.as_str()), ("reason", "curious")];
        assert_eq!(browser.post_form("/break-glass", &form).await.status, 404, "{account}");
        assert!(!browser.get("/cases/nothing").await.text.contains("/break-glass"), "{account}");
    }
    assert_eq!(city.visitor().get("/break-glass").await.status, 303);
}

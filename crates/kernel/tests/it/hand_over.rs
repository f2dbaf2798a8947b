//! Work that is handed over, and deputies.

use crate::fixture::{CLERK, COUNTY, Desk, HANDLER, actor, code, post_id, world};
use ganglion_kernel::World;
use ganglion_model::change::{Actor, Body, RefusalCode};
use ganglion_model::{ADMIN_ROLE, AccountId, CaseId, Deputy, Post, PostId, Posts};
use jiff::civil::date;
use serde_json::json;
use std::sync::Arc;

/// The world with administrators of two counties and a second handler of the township.
fn administered() -> World {
    let world = world();
    let like = world.posts.get(&post_id("handler", "130903001")).unwrap().clone();
    let post = |id: &str, role: &str, place: &str| Post {
        id: PostId(id.to_owned()),
        role: role.to_owned(),
        place: code(place),
        account: Some(AccountId(id.to_owned())),
        ..like.clone()
    };
    let more = [
        post("admin.130903", ADMIN_ROLE, "130903"),
        post("admin.130904", ADMIN_ROLE, "130904"),
        post("handler.second", "handler", "130903001"),
        Post { valid_to: Some(date(2022, 6, 1)), ..post("handler.over", "handler", "130903001") },
    ];
    let posts = Posts::new(world.posts.all().cloned().chain(more));
    World { posts: Arc::new(posts), ..world }
}

fn as_(id: &str) -> Actor {
    Actor::Post { post: PostId(id.to_owned()), account: AccountId(id.to_owned()) }
}

fn over(desk: &mut Desk<'_>, who: Actor, case: CaseId, (from, to): (&str, &str)) -> Result<(), RefusalCode> {
    let body = Body::HandOver { case, from: PostId(from.to_owned()), to: PostId(to.to_owned()) };
    let command = desk.command(COUNTY, who, body);
    desk.send(&command).map(drop).map_err(|refusal| refusal.code)
}

#[test]
fn open_work_goes_to_another_post_of_the_same_role_and_keeps_its_clocks() {
    let world = administered();
    let mut desk = Desk::new(&world);
    let case = desk.doing();
    let before = desk.case(case).clone();
    let admin = || as_("admin.130903");
    let own = ("handler.130903001", "handler.second");
    for (who, to, expected) in [
        (actor(HANDLER), own, RefusalCode::NotFound),
        (actor(CLERK), own, RefusalCode::NotFound),
        (as_("admin.130904"), own, RefusalCode::NotFound),
        (Actor::Public, own, RefusalCode::NotFound),
        (admin(), ("handler.130903001", "clerk.130903001"), RefusalCode::Outside),
        (admin(), ("handler.130903001", "handler.over"), RefusalCode::Outside),
        (admin(), ("handler.130903001", "handler.130903002"), RefusalCode::Outside),
        (admin(), ("handler.130903001", "handler.130903001"), RefusalCode::Outside),
        (admin(), ("handler.nobody", "handler.second"), RefusalCode::NotFound),
        (admin(), ("handler.over", "handler.second"), RefusalCode::WrongState),
    ] {
        assert_eq!(over(&mut desk, who.clone(), case, to), Err(expected), "{who:?} {to:?}");
    }
    assert_eq!(over(&mut desk, admin(), case, own), Ok(()));
    let after = desk.case(case).clone();
    assert_eq!(after.assignee, Some(PostId("handler.second".to_owned())));
    assert_eq!((&after.state, &after.clocks, &after.fields), (&before.state, &before.clocks, &before.fields));
    assert!(!after.assist.contains(&PostId("handler.130903001".to_owned())));
    assert_eq!(over(&mut desk, admin(), case, own), Err(RefusalCode::WrongState), "once is enough");
}

#[test]
fn a_deputy_acts_in_the_post_for_its_days_and_leaves_their_own_name() {
    let plain = administered();
    let deputy = Deputy {
        post: post_id("handler", "130903001"),
        account: AccountId("clerk-130903002".to_owned()),
        from: date(2022, 6, 27),
        to: date(2022, 6, 28),
        by: AccountId("handler-130903001".to_owned()),
    };
    let posts = Posts::clone(&plain.posts).with_deputies([deputy]);
    let world = World { posts: Arc::new(posts), ..plain };
    let mut desk = Desk::new(&world);
    let case = desk.sent();
    let stands_in =
        |account: &str| Actor::Post { post: post_id("handler", "130903001"), account: AccountId(account.to_owned()) };
    let act = |desk: &mut Desk<'_>, account: &str, action: &str, form: serde_json::Value| {
        let form = crate::fixture::fields(form);
        let body = Body::Act { case, action: action.to_owned(), form, version: None };
        let command = desk.command(COUNTY, stands_in(account), body);
        desk.send(&command).map_err(|refusal| refusal.code)
    };
    assert!(act(&mut desk, "clerk-130903001", "accept", json!({})).is_err(), "somebody else is no deputy");
    act(&mut desk, "clerk-130903002", "accept", json!({})).unwrap();
    assert_eq!(desk.case(case).state, "doing");
    desk.now = crate::fixture::at("2022-06-29 09:00");
    let late = act(&mut desk, "clerk-130903002", "back", json!({"reason": "a"}));
    assert!(late.is_err(), "the days are over");
}

//! Giving cases out by workload: the same rows always give the same post, nobody gets more than their share, and the choice
//! is kept with the case.

use crate::fixture::{Desk, at, world};
use crate::pack::{model, opening};
use ganglion_kernel::World;
use ganglion_kernel::port::{Loaded, Want};
use ganglion_kernel::route::workload::{Load, choose};
use ganglion_model::pack::Workload;
use ganglion_model::{AccountId, Level, Post, PostId, Posts};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Three handlers in the township.
fn shared_out() -> World {
    let mut model = model();
    let matter = model.processes.get_mut("matter").unwrap();
    matter.route.workload = vec![Workload { role: "handler".into(), level: Level::Township }];
    let base = world();
    let one = base.posts.get(&PostId("handler.130903001".into())).unwrap().clone();
    let more = ["b", "c"].map(|name| Post {
        id: PostId(format!("handler.130903001-{name}")),
        account: Some(AccountId(name.into())),
        ..one.clone()
    });
    let vacant = Post { id: PostId("handler.130903001-a".into()), account: None, ..one };
    let posts = Posts::new(base.posts.all().cloned().chain(more).chain([vacant]));
    World { model: Arc::new(model), posts: Arc::new(posts), ..base }
}

#[test]
fn cases_go_round_and_the_choice_is_kept() {
    let world = shared_out();
    let mut desk = Desk::new(&world);
    // What storage counts before anything was opened: nothing.
    let loads: Vec<PostId> = world.posts.all().map(|post| post.id.clone()).collect();
    let loaded =
        Loaded { loads: loads.iter().map(|post| (post.clone(), Load::default())).collect(), ..Loaded::default() };
    desk.batch.add(&Want { loads, ..Want::default() }, loaded);
    let mut given = Vec::new();
    for minute in 0..6 {
        desk.now = at(&format!("2022-06-27 09:0{minute}"));
        let case = desk.open(opening());
        let chosen = desk.case(case).route.chosen.clone().unwrap();
        assert_eq!(desk.case(case).assignee.as_ref(), Some(&chosen.post));
        assert_eq!(chosen.among, 3, "a post nobody holds gets nothing");
        given.push((chosen.post.0, chosen.open));
    }
    let names: Vec<&str> = given.iter().map(|(post, _)| post.as_str()).collect();
    assert_eq!(names[..3], ["handler.130903001", "handler.130903001-b", "handler.130903001-c"]);
    assert_eq!(names[..3], names[3..], "the one whose newest case is the oldest comes first");
    assert_eq!(given.iter().map(|(_, open)| *open).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1]);
}

proptest! {
    /// Whatever the loads: the chosen post has the fewest open cases, and the order of the posts does not matter.
    #[test]
    fn the_least_busy_is_chosen(loads in prop::collection::vec((0..5_u32, prop::option::of(0..9_i64)), 1..12)) {
        let named: HashMap<PostId, Load> = loads
            .iter()
            .enumerate()
            .map(|(n, (open, at))| {
                let newest = at.map(|second| jiff::Timestamp::from_second(second).unwrap());
                (PostId(format!("p{n:02}")), Load { open: *open, newest })
            })
            .collect();
        let mut among: Vec<PostId> = named.keys().cloned().collect();
        among.sort();
        let chosen = choose(&named, &among).unwrap();
        among.reverse();
        let again = choose(&named, &among);
        prop_assert_eq!(again.as_ref(), Some(&chosen));
        prop_assert_eq!(chosen.open, named.values().map(|load| load.open).min().unwrap());
        let equals = named.values().filter(|load| load.open == chosen.open);
        prop_assert_eq!(named[&chosen.post].newest, equals.map(|load| load.newest).min().unwrap());
    }
}

//! Two servers on one PostgreSQL: what is done on one is heard, known and not done again on the other.

use crate::forms::reported;
use crate::support::City;
use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use ganglion_model::{AccountId, Post, PostId, Shard, Text};
use ganglion_server::jobs::follow::{self, Part, changed};
use ganglion_server::jobs::timers;
use tower::ServiceExt as _;

#[tokio::test]
async fn news_of_what_is_done_on_one_server_reach_who_listens_on_the_other() {
    let Some([here, there]) = City::two().await else { return };
    let cookie = format!("session={}", here.token("dispatch").await);
    let request = Request::get("/live").header("cookie", cookie).body(Body::empty()).unwrap();
    let mut news = there.router.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
    let first = reported(&mut here.visitor(), vec![]).await;
    let second = reported(&mut here.visitor(), vec![]).await;
    let mut heard = String::new();
    while !heard.contains(&second) {
        heard.push_str(std::str::from_utf8(&news.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(heard.find(&first).unwrap() < heard.find(&second).unwrap(), "{heard}");
    let mut staff = there.signed_in("dispatch").await;
    assert_eq!(staff.get(&format!("/cases/{first}")).await.status, 200);
}

#[tokio::test]
async fn a_post_given_on_one_server_holds_on_the_other() {
    let Some([here, there]) = City::two().await else { return };
    let post = Post {
        id: PostId("dispatcher.new".to_owned()),
        role: "dispatcher".to_owned(),
        place: "130903002".parse().unwrap(),
        title: Text::default(),
        unit: Text::default(),
        account: Some(AccountId("other".to_owned())),
        valid_from: jiff::civil::date(2020, 1, 1),
        valid_to: None,
    };
    follow::run(&there.app).await.unwrap();
    here.store.posts_put(std::slice::from_ref(&post)).await.unwrap();
    changed(&here.app, Part::People).await.unwrap();
    assert!(there.app.world.load().posts.get(&post.id).is_none(), "not before it looks");
    follow::run(&there.app).await.unwrap();
    assert_eq!(there.app.world.load().posts.get(&post.id), Some(&post));
}

#[tokio::test]
async fn a_clock_that_falls_due_is_acted_on_once_by_all_servers_together() {
    let Some([here, there]) = City::two().await else { return };
    let number = reported(&mut here.visitor(), vec![]).await;
    here.wait(3 * 3600);
    there.wait(3 * 3600);
    let (one, two) = tokio::join!(timers::run(&here.app), timers::run(&there.app));
    one.unwrap();
    two.unwrap();
    let shard = Shard(130_903);
    let case = there.store.case_by_number(shard, &number).await.unwrap().unwrap();
    assert_eq!(case.fired, ["handle"]);
    let lines = there.store.entries_of_case(shard, case.id, 100).await.unwrap();
    assert_eq!(lines.len(), 2, "one line for the opening and one for the clock");
}

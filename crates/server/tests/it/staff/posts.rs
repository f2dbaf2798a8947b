//! Posts with days, hand-over when somebody leaves, and deputies.

use super::town::{Plain as _, Town};
use ganglion_kernel::port::CaseFilter;
use ganglion_model::PostId;

fn id(text: &str) -> PostId {
    PostId(text.to_owned())
}

/// Open cases of a post.
async fn open(town: &Town, post: &str) -> u64 {
    let filter = CaseFilter { open: Some(true), assignees: vec![id(post)], ..CaseFilter::default() };
    town.store.case_count(&filter).await.unwrap()
}

#[tokio::test]
async fn a_further_post_counts_from_its_first_day_to_its_last() {
    let town = Town::new().await;
    let mut admin = town.as_("countyadmin").await;
    let form = |from: &'static str, to: &'static str| {
        [("role", "dispatcher"), ("place", "East Town"), ("from", from), ("to", to)]
    };
    for (from, to, said) in [
        ("", "", "Enter a date"),
        ("2022-06-28", "2022-06-27", "not before the beginning"),
        ("2022-06-28", "soon", "not before the beginning"),
    ] {
        let answer = admin.post_form("/admin/accounts/handler/posts", &form(from, to)).await;
        assert!(answer.status == 422 && answer.plain().contains(said), "{from} {to}: {}", answer.text);
    }
    let outside = [("role", "dispatcher"), ("place", "130921"), ("from", "2022-06-28")];
    assert_eq!(admin.post_form("/admin/accounts/handler/posts", &outside).await.status, 422);
    let given = admin.post_form("/admin/accounts/handler/posts", &form("2022-06-28", "2022-06-29")).await;
    assert_eq!(given.status, 303, "{}", given.text);
    let post = town.app.world.load().posts.get(&id("dispatcher.130903002-2")).cloned().unwrap();
    assert_eq!(post.valid_to.unwrap().to_string(), "2022-06-30", "the last day is the 29th");
    let page = admin.get("/admin/accounts/handler").await;
    assert!(page.plain().contains("not yet"), "{}", page.text);
    let mut handler = town.as_("handler").await;
    let offers = async |browser: &mut crate::support::Browser| {
        browser.get("/desk").await.plain().contains("dispatcher.130903002-2")
    };
    assert!(!offers(&mut handler).await, "not before its day");
    town.wait(86_400);
    let mut handler = town.anew("handler").await;
    assert!(offers(&mut handler).await, "the header offers both posts");
    town.wait(2 * 86_400);
    let mut handler = town.anew("handler").await;
    assert!(!offers(&mut handler).await, "its last day is over");
}

#[tokio::test]
async fn whoever_leaves_hands_open_work_over_first() {
    let town = Town::of_incidents_with(&[("second", "handler", "130903001")]).await;
    let mut numbers = Vec::new();
    for n in 0..3 {
        let number = town.report("130903001201", &format!("bins {n}")).await;
        town.to_handler(&number).await;
        numbers.push(number);
    }
    let from = "handler.130903001";
    assert_eq!(open(&town, from).await, 3);
    let mut admin = town.as_("countyadmin").await;
    let address = format!("/admin/accounts/handler/posts/{from}/end");
    let page = admin.get(&address).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.plain().contains(&numbers[0]) && page.plain().contains("3 open cases"), "{}", page.text);
    assert!(!page.plain().contains("bins"), "who administers reads no case");
    let to = town.app.world.load().posts.of(&ganglion_model::AccountId("second".to_owned())).next().unwrap().id.clone();
    assert!(page.plain().contains(&to.0), "the other handler is offered");
    let last = ("last", "2022-06-27");
    let kept = admin.post_form(&address, &[last]).await;
    assert!(kept.status == 409 && kept.plain().contains("not handed over"), "{}", kept.text);
    for wrong in ["handler.130903002", "verifier.130903001", "nobody"] {
        let refused = admin.post_form(&address, &[last, ("post", wrong)]).await;
        assert_eq!(refused.status, 409, "{wrong}");
    }
    assert_eq!(open(&town, from).await, 3, "nothing moved");
    assert_eq!(town.as_("dispatch").await.post_form(&address, &[last, ("post", &to.0)]).await.status, 404);
    let done = admin.post_form(&address, &[last, ("post", &to.0)]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!((open(&town, from).await, open(&town, &to.0).await), (0, 3));
    let mut second = town.as_("second").await;
    let card = second.get(&format!("/cases/{}", numbers[0])).await;
    assert!(card.plain().contains("Open work handed over"), "{}", card.text);
    let entries = town.store.entries_after(ganglion_model::Shard(130_903), 0, 500).await.unwrap();
    let told = entries.iter().filter(|entry| serde_json::to_string(entry).unwrap().contains("handed_over")).count();
    assert_eq!(told, 3, "each by a line of its own in the journal");
    town.wait(86_400);
    assert_eq!(town.anew("handler").await.get("/desk").await.status, 403, "the post is over");
    let log = town.anew("countyadmin").await.get("/admin/account-lines").await;
    assert!(log.plain().contains("Open work handed over") && log.plain().contains("Post ends"), "{}", log.text);
}

#[tokio::test]
async fn a_successor_takes_the_post_with_its_work_at_once() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins").await;
    town.to_handler(&number).await;
    let mut handler = town.as_("handler").await;
    let mut admin = town.as_("countyadmin").await;
    let address = "/admin/accounts/handler/posts/handler.130903001/end";
    for wrong in ["nobody", "handler", "leader"] {
        let refused = admin.post_form(address, &[("successor", wrong)]).await;
        assert_eq!(refused.status, 422, "{wrong}: {}", refused.text);
    }
    let taken = admin.post_form(address, &[("successor", "lost")]).await;
    assert_eq!(taken.status, 303, "{}", taken.text);
    assert_eq!(handler.get("/desk").await.status, 403);
    let mut lost = town.anew("lost").await;
    assert!(lost.get("/desk").await.plain().contains(&number), "the work came along");
    assert_eq!(town.act("lost", &number, "finish", &[]).await.status, 422, "asked for what the step needs");
}

#[tokio::test]
async fn a_post_that_ran_out_with_open_work_is_named_to_who_administers() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins").await;
    town.to_handler(&number).await;
    let mut post = town.app.world.load().posts.get(&id("handler.130903001")).cloned().unwrap();
    let mut admin = town.as_("countyadmin").await;
    assert!(!admin.get("/admin/accounts").await.plain().contains("over with open work"));
    post.valid_to = Some("2022-07-02".parse().unwrap());
    town.store.posts_put(&[post]).await.unwrap();
    let form = [("role", "dispatcher"), ("place", "East Town"), ("from", "2022-06-28")];
    admin.post_form("/admin/accounts/verify/posts", &form).await;
    let page = admin.get("/admin/accounts").await;
    let link = "/admin/accounts/handler/posts/handler.130903001/end";
    assert!(page.plain().contains("over with open work") && page.plain().contains(link), "{}", page.text);
}

#[tokio::test]
async fn a_deputy_sees_the_work_and_acts_under_their_own_name() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins").await;
    for (account, action, form) in
        [("call", "file", vec![]), ("dispatch", "dispatch", vec![("duty", "handler.130903001")])]
    {
        assert_eq!(town.act(account, &number, action, &form).await.status, 303);
    }
    let mut handler = town.as_("handler").await;
    let entry = |deputy: &'static str, from: &'static str, to: &'static str| {
        [("post", "handler.130903001"), ("deputy", deputy), ("from", from), ("to", to)]
    };
    for (form, said) in [
        (entry("nobody", "2022-06-27", "2022-06-28"), "no such account"),
        (entry("handler", "2022-06-27", "2022-06-28"), "no such account"),
        (entry("otherworker", "2022-06-27", "2022-06-28"), "no post there"),
        (entry("verify", "2022-06-26", "2022-06-28"), "Not before today"),
        (entry("verify", "2022-06-28", "2022-06-27"), "at most 180 days"),
        (entry("verify", "2022-06-28", "2023-06-27"), "at most 180 days"),
        (entry("verify", "", ""), "Enter a date"),
    ] {
        let answer = handler.post_form("/account/absence", &form).await;
        assert!(answer.status == 422 && answer.plain().contains(said), "{form:?}: {}", answer.text);
    }
    let mut verify = town.as_("verify").await;
    let foreign = verify.post_form("/account/absence", &entry("dispatch", "2022-06-27", "2022-06-28")).await;
    assert_eq!(foreign.status, 422, "nobody lends somebody else's post");
    let named = handler.post_form("/account/absence", &entry("verify", "2022-06-27", "2022-06-28")).await;
    assert_eq!(named.status, 303, "{}", named.text);
    let desk = verify.get("/desk").await.plain();
    assert!(desk.contains("You stand in: Deputy: ") && !desk.contains(&number), "their own desk: {desk}");
    let link = desk
        .split("href=\"/post?id=handler.130903001&amp;")
        .nth(1)
        .or_else(|| desk.split("href=\"/post?id=handler.130903001&").nth(1));
    let link = format!("/post?id=handler.130903001&{}", link.unwrap().split('"').next().unwrap());
    assert_eq!(verify.get(&link).await.status, 303);
    assert!(verify.get("/desk").await.plain().contains(&number), "the work of the post");
    let done = super::town::act(&mut verify, &number, "accept", &[]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    let card = handler.get(&format!("/cases/{number}")).await;
    assert!(card.plain().contains("(deputy)"), "{}", card.text);
    let mut stranger = town.as_("otherhandler").await;
    assert_eq!(stranger.get(&link).await.status, 403, "the link is the deputy's");
    town.wait(2 * 86_400);
    let mut verify = town.anew("verify").await;
    assert!(!verify.get("/desk").await.plain().contains("You stand in"), "the days are over");
    let card = town.anew("handler").await.get(&format!("/cases/{number}")).await;
    assert!(card.plain().contains("(deputy)"), "and it still stands who acted for whom");
}

#[tokio::test]
async fn a_deputy_is_taken_back_and_named_by_who_administers() {
    let town = Town::new().await;
    let mut admin = town.as_("countyadmin").await;
    let entry = [("post", "handler.130903001"), ("deputy", "verify"), ("from", "2022-06-28"), ("to", "2022-06-30")];
    assert_eq!(admin.post_form("/admin/accounts/handler/absence", &entry).await.status, 303);
    let mut handler = town.as_("handler").await;
    let page = handler.get("/account/absence").await;
    let listed = page.typed("id").unwrap();
    assert_eq!(town.as_("verify").await.post_form("/account/absence/end", &[("id", &listed)]).await.status, 404);
    assert_eq!(handler.post_form("/account/absence/end", &[("id", &listed)]).await.status, 303);
    assert_eq!(handler.get("/account/absence").await.typed("id"), None);
    let own = admin.get("/account/absence").await;
    assert!(own.plain().contains("no post a deputy could act in"), "administration is not lent: {}", own.text);
}

//! The third administrator: from the first appointment of a security administrator on, accounts, posts and keys are theirs alone, and
//! whoever administers runs the system; neither takes over the other, and nobody is two of the three.

use super::guard::{at, routes, state};
use super::town::{Plain as _, Town};
use ganglion_model::{AccountId, PostId};

const SECURITY: (&str, &str, &str) = ("an", "security_admin", "130903");

/// Whether an address of administration is a matter of who gives out accounts, posts and keys.
fn is_of_security(address: &str) -> bool {
    ["/admin/accounts", "/admin/account-lines", "/admin/import/accounts", "/admin/keys"]
        .iter()
        .any(|start| address == *start || address.starts_with(&format!("{start}/")))
}

/// The address with an account inside the county.
fn inside(address: &str) -> String {
    let address = address.replace("/admin/accounts/{id}", "/admin/accounts/handler");
    at(&address.replace("{post}", "handler.130903001"), "SB-130903001-2022-000001")
}

async fn post(town: &Town, (account, to): (&str, &str), (role, place): (&str, &str)) -> crate::support::Answer {
    let form = [("role", role), ("place", place), ("from", "2022-06-27")];
    town.as_(account).await.post_form(&format!("/admin/accounts/{to}/posts"), &form).await
}

#[tokio::test]
async fn who_gives_out_posts_and_who_runs_the_system_reach_nothing_of_each_other() {
    let town = Town::of_incidents_with(&[SECURITY]).await;
    let before = state(&town).await;
    let (mut an, mut county) = (town.as_("an").await, town.as_("countyadmin").await);
    for (address, _) in routes("get").filter(|(address, _)| address.starts_with("/admin/")) {
        let (path, is_of_security) = (inside(address), is_of_security(address));
        let answer = an.get(&path).await;
        assert_eq!(answer.status == 200, is_of_security, "{path} as security: {} {}", answer.status, answer.text);
        let answer = county.get(&path).await;
        assert!(answer.status == 404 || !is_of_security, "{path} as administrator: {} {}", answer.status, answer.text);
    }
    for (account, turned_away) in [("an", false), ("countyadmin", true)] {
        let mut browser = town.as_(account).await;
        let token = browser.token().await;
        let of_them = |address: &str| address.starts_with("/admin") && is_of_security(address) == turned_away;
        for (address, _) in routes("post").filter(|(address, _)| of_them(address)) {
            let answer = browser.post_raw(&inside(address), &[("csrf", &token)]).await;
            // Forms with a file are read by their handler: sent without one they hold no token.
            assert!(matches!(answer.status, 403 | 404), "{address} as {account}: {} {}", answer.status, answer.text);
        }
        for path in ["/api/admin/accounts", "/api/admin/posts", "/api/admin/account-lines"] {
            let session = browser.cookies["session"].clone();
            let answer = town.visitor().read(path, Some(&session)).await;
            assert_eq!(answer.status, if turned_away { 404 } else { 200 }, "{path} as {account}: {}", answer.text);
        }
    }
    assert_eq!(state(&town).await, before, "nothing of it did anything");
    // Each finds the own pages, and is led to no other.
    assert_eq!(an.get("/admin").await.location(), "/admin/accounts");
    let tabs = an.get("/admin/accounts").await.plain();
    assert!(tabs.contains("href=\"/admin/keys\"") && !tabs.contains("href=\"/admin/packs\""), "{tabs}");
    let overview = county.get("/admin").await;
    assert!(overview.status == 200 && !overview.plain().contains("href=\"/admin/accounts\""), "{}", overview.text);
    let number = town.report("130903001201", "bins overflowing").await;
    assert_eq!(an.get(&format!("/cases/{number}")).await.status, 404, "cases are none of theirs");
}

#[tokio::test]
async fn nobody_is_two_of_the_three_that_administer() {
    let town = Town::of_incidents_with(&[SECURITY]).await;
    for (role, place) in [("admin", "130903"), ("security_admin", "130903")] {
        let own = post(&town, ("an", "an"), (role, place)).await;
        assert_eq!(own.status == 422, role == "admin", "{role}: {}", own.text);
        let other = post(&town, ("an", "countyadmin"), (role, place)).await;
        assert_eq!(other.status == 422, role == "security_admin", "{role}: {}", other.text);
    }
    // The city's administrator, who still gives out posts, does not take over the county's who does.
    let mut city = town.as_("admin").await;
    for action in ["active", "password", "second", "unlock", "posts", "sessions/end"] {
        let answer = city.post_form(&format!("/admin/accounts/an/{action}"), &[]).await;
        assert_eq!(answer.status, 404, "{action}: {}", answer.text);
    }
    // No program gives out posts, and the post is not lent.
    let form = [("name", "k"), ("title", "K"), ("role", "security_admin"), ("place", "130903"), ("per_minute", "9")];
    let scopes = [("scopes", "places:read")];
    let made = town.as_("an").await.post_form("/admin/keys", &[&form[..], &scopes[..]].concat()).await;
    assert_eq!(made.status, 422, "{}", made.text);
    assert!(!town.as_("an").await.get("/account/absence").await.plain().contains("value=\"security_admin.130903\""));
}

#[tokio::test]
async fn the_first_appointment_takes_accounts_and_keys_from_who_administers_for_good() {
    let town = Town::new().await;
    let given = post(&town, ("countyadmin", "lost"), ("security_admin", "130903")).await;
    assert_eq!((given.status, given.location()), (303, "/admin"), "{}", given.text);
    let mut county = town.as_("countyadmin").await;
    assert_eq!(county.get("/admin/accounts").await.status, 404);
    assert_eq!(post(&town, ("countyadmin", "worker"), ("dispatcher", "130903001")).await.status, 404);
    // Whoever gives out posts hands over work as well.
    let number = town.report("130903001201", "bins overflowing").await;
    town.to_handler(&number).await;
    let mut lost = town.as_("lost").await;
    let second = post(&town, ("lost", "worker"), ("handler", "130903001")).await;
    assert_eq!(second.status, 303, "{}", second.text);
    let worker = AccountId("worker".to_owned());
    let to = town.app.world.load().posts.of(&worker).find(|one| one.role == "handler").unwrap().id.clone();
    let form = [("last", "2022-06-27"), ("post", to.0.as_str())];
    let ended = lost.post_form("/admin/accounts/handler/posts/handler.130903001/end", &form).await;
    assert_eq!(ended.status, 303, "{}", ended.text);
    let case = town.store.case_by_number(ganglion_model::Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!(case.assignee, Some(to));
    // The post ends, and what it took does not come back.
    let address = "/admin/accounts/lost/posts/security_admin.130903/end";
    assert_eq!(lost.post_form(address, &[("last", "2022-06-27")]).await.status, 303);
    town.wait(2 * 86_400);
    let ended = town.app.world.load().posts.get(&PostId("security_admin.130903".to_owned())).unwrap().valid_to;
    assert!(ended.is_some());
    assert_eq!(town.anew("countyadmin").await.get("/admin/accounts").await.status, 404);
    assert_eq!(town.anew("lost").await.get("/admin/accounts").await.status, 403, "and they have no post any more");
}

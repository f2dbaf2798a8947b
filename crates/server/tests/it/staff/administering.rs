//! Administration for other software: a person who administers reads and takes in with a token what the pages give, nobody else
//! does, and no key.

use super::keys::{call, key};
use super::town::{PEOPLE, Town};
use crate::support::Answer;
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

/// The token of a session: what `POST /api/v1/sign-in` gives.
async fn token(town: &Town, account: &str) -> String {
    town.as_(account).await.cookies["session"].clone()
}

async fn read(town: &Town, account: &str, path: &str) -> Answer {
    let token = token(town, account).await;
    town.visitor().read(path, Some(&token)).await
}

async fn import(town: &Town, account: &str, query: &str, table: &str) -> Answer {
    let request = Request::post(format!("/api/admin/import/accounts{query}"))
        .header(header::AUTHORIZATION, format!("Bearer {}", token(town, account).await))
        .header(header::CONTENT_TYPE, "text/csv");
    town.visitor().send(request.body(Body::from(table.to_owned())).unwrap()).await
}

fn named<'a>(answer: &'a Value, name: &str) -> Vec<&'a str> {
    answer["items"].as_array().unwrap().iter().map(|one| one[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn reads_of_administration_are_for_those_who_administer() {
    let town = Town::new().await;
    let mut admin = town.as_("countyadmin").await;
    let secret = key(&mut admin, ("wide", "leader", "130903"), &["processes:*:write", "plans:*:write"]).await;
    for path in ["/api/admin/accounts", "/api/admin/posts", "/api/admin/account-lines"] {
        for (account, role, _) in PEOPLE {
            let expected = if role == "admin" { 200 } else { 404 };
            let answer = read(&town, account, path).await;
            assert_eq!(answer.status, expected, "{path} as {account}: {}", answer.text);
        }
        assert_eq!(town.visitor().read(path, None).await.status, 401, "{path}");
        assert_eq!(call(&town, "GET", path, &secret, None).await.status, 403, "no key administers");
    }
    for (account, role, _) in PEOPLE {
        let answer = import(&town, account, "", "account,name,role,place\n").await;
        assert_eq!(answer.status == 404, role != "admin", "{account}: {}", answer.text);
    }
    // A cookie is sent by a browser whoever made it: what changes something needs the token.
    let asked = town.as_("countyadmin").await.json("/api/admin/import/accounts", None, &json!({})).await;
    assert_eq!(asked.status, 401, "{}", asked.text);
}

#[tokio::test]
async fn accounts_and_posts_are_told_inside_the_place_of_the_caller_and_without_what_opens_them() {
    let town = Town::new().await;
    let accounts = read(&town, "countyadmin", "/api/admin/accounts").await;
    let body = accounts.json();
    let names = named(&body, "account");
    assert!(names.contains(&"worker") && names.contains(&"lost"), "{names:?}");
    assert!(
        !names.contains(&"admin") && !names.contains(&"leader"),
        "those of the city are not the county's: {names:?}"
    );
    let worker = body["items"].as_array().unwrap().iter().find(|one| one["account"] == "worker").unwrap();
    assert_eq!(
        (&worker["active"], &worker["locked"], &worker["name"]),
        (&json!(true), &json!(false), &json!("worker person"))
    );
    assert_eq!(
        (&worker["posts"][0]["role"], &worker["posts"][0]["place"]),
        (&json!("grid_worker"), &json!("130903001201001"))
    );
    for secret in ["argon2", "password", "hash"] {
        assert!(!accounts.text.contains(secret), "{secret}: {}", accounts.text);
    }
    // Page by page there are the same.
    let (mut all, mut path) = (Vec::new(), "/api/admin/accounts?limit=4".to_owned());
    loop {
        let page = read(&town, "countyadmin", &path).await.json();
        all.extend(named(&page, "account").into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        path = next.to_owned();
    }
    assert_eq!(all, names);
    assert_eq!(
        named(&read(&town, "countyadmin", "/api/admin/accounts?q=otherw").await.json(), "account"),
        ["otherworker"]
    );
    let posts = |query: &'static str| read(&town, "countyadmin", query);
    let dispatchers = posts("/api/admin/posts?role=dispatcher").await.json();
    assert_eq!(named(&dispatchers, "place"), ["130903", "130903001", "130903002"], "{dispatchers}");
    let here = posts("/api/admin/posts?role=dispatcher&place=130903002&on=2022-06-27").await.json();
    assert_eq!(named(&here, "account"), ["other"]);
    assert_eq!(
        posts("/api/admin/posts?place=1309&role=leader").await.json()["items"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(posts("/api/admin/posts?colour=red").await.status, 422);
}

#[tokio::test]
async fn people_are_taken_in_once_confirmed_and_what_is_wrong_is_named_by_line() {
    let town = Town::new().await;
    let before = town.store.accounts().await.unwrap().len();
    let good = "account,name,role,place\nli.na,\u{674e}\u{5a1c},dispatcher,West Town\nhandler,,verifier,East Town\n";
    let tried = import(&town, "countyadmin", "", good).await.json();
    assert_eq!((&tried["done"], &tried["accounts"], &tried["posts"]), (&json!(false), &json!(1), &json!(2)), "{tried}");
    assert_eq!((town.store.accounts().await.unwrap().len(), &tried["first"]), (before, &json!([])), "nothing yet");
    let bad = format!("{good}new,New,king,West Town\n");
    let refused = import(&town, "countyadmin", "?confirm=true", &bad).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (422, Some("form")), "{}", refused.text);
    let first = &refused.json()["errors"][0];
    assert_eq!(
        (&first["line"], &first["parameter"], &first["code"]),
        (&json!(4), &json!("role"), &json!("unknown-role"))
    );
    assert_eq!(town.store.accounts().await.unwrap().len(), before, "one bad line, and nothing is written");
    let done = import(&town, "countyadmin", "?confirm=true", good).await;
    assert_eq!((done.status, done.header(header::CACHE_CONTROL)), (200, "no-store"), "{}", done.text);
    let body = done.json();
    assert_eq!(body["first"][0]["account"], "li.na");
    let password = body["first"][0]["password"].as_str().unwrap();
    let mut browser = town.visitor();
    let entered = browser.post_form("/sign-in", &[("account", "li.na"), ("password", password)]).await;
    assert_eq!(entered.status, 303, "{}", entered.text);
    assert_eq!(browser.get("/sign-in").await.location(), "/account/password", "theirs before anything else");
    let lines = read(&town, "countyadmin", "/api/admin/account-lines").await.json();
    let made = lines["items"].as_array().unwrap().iter().find(|one| one["what"] == "created").unwrap();
    assert_eq!((&made["account"], &made["by"]), (&json!("li.na"), &json!("countyadmin")), "who did it is told");
    let again = import(&town, "countyadmin", "?confirm=true", good).await.json();
    assert_eq!((&again["accounts"], &again["posts"], &again["same"]), (&json!(0), &json!(0), &json!(2)), "{again}");
}

//! Standing rules for other software: how many rows break each, which they are, and for whom.

use crate::rest::Client;
use crate::staff::{Town, key};
use crate::support::{Answer, City, model};
use serde_json::json;
use std::sync::Arc;

const DEEP: &str = "/api/rules/deep_enough";

/// Three wells of the western township, two of them not deep enough.
async fn with_wells(city: &City) -> Client {
    let mut client = Client::of(city, "dispatch").await;
    for (code, depth) in [("W1", 80), ("W2", 30), ("W3", 20)] {
        let well = json!({ "place": "130903001", "form": { "code": code, "depth_m": depth } });
        assert_eq!(client.post("/api/registers/well/rows", &well).await.status, 201);
        city.wait(60);
    }
    client
}

fn keys(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    body["items"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn rows_that_break_a_rule_are_counted_and_listed_inside_the_callers_place() {
    let city = City::new().await;
    let mut dan = with_wells(&city).await;
    let rules = dan.get("/api/rules").await.json();
    let deep = rules["items"].as_array().unwrap().iter().find(|one| one["rule"] == "deep_enough").unwrap();
    assert_eq!((&deep["over"], &deep["broken"]), (&json!({ "kind": "register", "name": "well" }), &json!(2)), "{deep}");
    let first = dan.get(&format!("{DEEP}?limit=1")).await;
    assert_eq!(keys(&first), ["W2"], "the longest first: {}", first.text);
    let one = &first.json()["items"][0];
    assert_eq!((&one["kind"], &one["place"], &one["opened"]), (&json!("row"), &json!("130903001"), &json!(null)));
    assert_eq!(dan.get(one["href"].as_str().unwrap()).await.status, 200, "where the row is read");
    let next = first.json()["next"].as_str().unwrap().to_owned();
    let second = dan.get(&next).await;
    assert_eq!((keys(&second), &second.json()["next"]), (vec!["W3".to_owned()], &json!(null)));
    assert_eq!(keys(&dan.get(&format!("{DEEP}?place=130903002")).await), Vec::<String>::new(), "asking widens nothing");
    let mut other = Client::of(&city, "other").await;
    assert_eq!(keys(&other.get(DEEP).await), Vec::<String>::new());
    for bad in ["after=x", "limit=0", "place=x", "colour=red"] {
        assert_eq!(dan.get(&format!("{DEEP}?{bad}")).await.status, 422, "{bad}");
    }
    assert_eq!(dan.get("/api/rules/nothing").await.status, 404);
    assert_eq!(city.visitor().read(DEEP, None).await.status, 401);
}

#[tokio::test]
async fn a_key_finds_rules_over_what_its_scopes_read_and_no_others() {
    let town = Town::of(&Arc::new(model()), &[]).await;
    let mut admin = town.as_("countyadmin").await;
    let mut made = async |name, scope: &str| key(&mut admin, (name, "dispatcher", "130903001"), &[scope]).await;
    let (wells, cases) = (made("wells", "registers:well:read").await, made("cases", "processes:*:read").await);
    let status = async |secret: &str| town.visitor().read(DEEP, Some(secret)).await.status;
    assert_eq!((status(&wells).await, status(&cases).await), (200, 404));
}

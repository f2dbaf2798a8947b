//! How often the interfaces may be called, told in every answer: by key (see `staff::keys`), by session, by address.

use crate::rest::Client;
use crate::staff::{Town, key};
use crate::support::{Answer, City};
use axum::http::header;
use serde_json::json;

/// What an answer tells: whose calls are counted with the policy, and how many are left.
fn told(answer: &Answer) -> (String, u32) {
    let policy = answer.header("ratelimit-policy").to_owned();
    let left = answer.header("ratelimit").split(";r=").nth(1).and_then(|rest| rest.split(';').next());
    (policy, left.unwrap_or_else(|| panic!("nothing is told: {:?}", answer.headers)).parse().unwrap())
}

const ADDRESS: &str = "\"address\";q=18000;w=900";
const SESSION: &str = "\"session\";q=18000;w=900";

#[tokio::test]
async fn whoever_calls_without_a_key_is_told_what_the_address_has_left() {
    let city = City::new().await;
    let mut visitor = city.visitor();
    let doors = [
        "/api",
        "/api/places",
        "/api/places/999999",
        "/api/openapi.json",
        "/api/processes/incident/cases",
        "/ogc",
        "/ogc/collections/nothing",
        "/tiles",
        "/open311/v2/services.xml",
    ];
    for (spent, path) in doors.iter().enumerate() {
        let answer = visitor.read(path, None).await;
        let left = 18_000 - u32::try_from(spent).unwrap() - 1;
        assert_eq!(told(&answer), (ADDRESS.to_owned(), left), "{path}: {}", answer.text);
        assert_eq!(answer.header("ratelimit"), format!("\"address\";r={left};t=900"));
    }
    assert_eq!(told(&visitor.read("/events", None).await), ("\"address\";q=900;w=900".to_owned(), 899));
    for page in ["/", "/map/outlines", "/sign-in"] {
        assert!(visitor.get(page).await.headers.get("ratelimit").is_none(), "{page} is a page");
    }
}

#[tokio::test]
async fn who_signed_in_is_counted_by_the_session() {
    let city = City::new().await;
    let mut first = Client::of(&city, "dispatch").await;
    let mut second = Client::of(&city, "dispatch").await;
    for left in [17_999, 17_998] {
        assert_eq!(told(&first.get("/api/places").await), (SESSION.to_owned(), left));
    }
    assert_eq!(told(&second.get("/events").await), (SESSION.to_owned(), 17_999));
    // The page of a browser reads with its cookie.
    let mut browser = city.signed_in("dispatch").await;
    assert_eq!(told(&browser.get("/api/docs").await), (SESSION.to_owned(), 17_999));
    city.wait(900);
    assert_eq!(told(&first.get("/api/places").await), (SESSION.to_owned(), 17_999), "a new window");
}

#[tokio::test]
async fn who_has_none_left_is_told_when_to_come_back() {
    let city = City::new().await;
    let mut visitor = city.visitor();
    for _ in 0..900 {
        assert_eq!(visitor.read("/events", None).await.status, 200);
    }
    city.wait(100);
    let spent = visitor.read("/events", None).await;
    assert_eq!((spent.status, spent.json()["code"].as_str()), (429, Some("too_many")), "{}", spent.text);
    assert_eq!(spent.header(header::CONTENT_TYPE), "application/problem+json");
    assert_eq!((spent.header(header::RETRY_AFTER), spent.header("ratelimit")), ("800", "\"address\";r=0;t=800"));
    assert_eq!(visitor.read("/api/places", None).await.status, 200, "events have their own");
    city.wait(800);
    assert_eq!(visitor.read("/events", None).await.status, 200);
}

#[tokio::test]
async fn a_key_that_comes_in_a_body_is_told_as_one() {
    let town = Town::new().await;
    let mut admin = town.as_("countyadmin").await;
    let secret = key(&mut admin, ("partner", "api", "130903"), &["open311:*:write"]).await;
    let send = async || {
        let form = [("api_key", secret.as_str()), ("service_code", "nothing")];
        town.visitor().post_raw("/open311/v2/requests.json", &form).await
    };
    for left in (0..100).rev() {
        assert_eq!(told(&send().await), ("\"key\";q=100;w=60".to_owned(), left));
    }
    let spent = send().await;
    assert_eq!((spent.status, &spent.json()[0]["code"]), (429, &json!(429)), "{}", spent.text);
    assert_eq!((spent.header(header::RETRY_AFTER), spent.header("ratelimit")), ("60", "\"key\";r=0;t=60"));
}

#[tokio::test]
async fn when_too_many_are_inside_programs_are_told_to_come_back_before_anything_is_read_and_people_are_not() {
    let city = City::new().await;
    let mut client = Client::of(&city, "worker").await;
    let inside: Vec<_> = std::iter::from_fn(|| city.app.committer.enter().ok()).take(100_000).collect();
    assert!(inside.len() < 100_000, "there is an end of places");
    let turned_away = city.app.committer.queued().turned_away;
    let refused = client.post("/api/processes/incident/cases", &json!({ "nothing": "of this is looked at" })).await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert_eq!(refused.json()["code"], "busy");
    assert!(refused.header(header::RETRY_AFTER).parse::<u64>().unwrap() > 0);
    assert_eq!(city.app.committer.queued().turned_away, turned_away + 1);
    assert_eq!(client.get("/api/processes/incident/cases").await.status, 200, "who reads takes no place");
    let mut person = city.signed_in("dispatch").await;
    assert_eq!(person.get("/desk").await.status, 200);
    drop(inside);
    let looked_at = client.post("/api/processes/incident/cases", &json!({ "nothing": "is known of this" })).await;
    assert_eq!(looked_at.status, 422, "{}", looked_at.text);
}

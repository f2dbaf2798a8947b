//! The interface for programs.

use crate::support::City;
use serde_json::{Value, json};

fn opening(id: &str) -> Value {
    json!({
        "id": id,
        "process": "incident",
        "form": { "category": "refuse", "description": "by a program", "location": [116.84, 38.32], "reporter_phone": "13912340016" },
        "channel": "grid_worker",
    })
}

const FIRST: &str = "0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0b01";

#[tokio::test]
async fn open_act_read_and_list() {
    let city = City::new().await;
    let (worker, dispatch) = (city.token("worker").await, city.token("dispatch").await);
    let mut client = city.visitor();
    let opened = client.json("/api/v1/cases", Some(&worker), &opening(FIRST)).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    let number = opened.json()["number"].as_str().unwrap().to_owned();
    let again = client.json("/api/v1/cases", Some(&worker), &opening(FIRST)).await;
    assert_eq!(again.json(), opened.json(), "the same id gets the same answer");
    let path = format!("/api/v1/cases/{number}");
    let case = client.read(&path, Some(&dispatch)).await.json();
    assert_eq!(case["state"], "registered");
    assert_eq!(case["fields"]["reporter_phone"], "***");
    let act = json!({ "id": "0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0b02", "form": { "result": "done" }, "version": 1 });
    let closed = client.json(&format!("{path}/actions/close"), Some(&dispatch), &act).await;
    assert_eq!((closed.status, closed.json()["state"].as_str()), (200, Some("closed")), "{}", closed.text);
    let list = client.read("/api/v1/cases?process=incident&open=true", Some(&dispatch)).await.json();
    assert!(list["cases"].is_array() && list["after"].is_null());
}

#[tokio::test]
async fn lists_go_on_by_key_and_end() {
    let city = City::new().await;
    let token = city.token("dispatch").await;
    let mut client = city.visitor();
    for n in 0..5 {
        let body = opening(&format!("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0c{n:02}"));
        assert_eq!(client.json("/api/v1/cases", Some(&token), &body).await.status, 201);
        city.wait(1);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = client.read(&format!("/api/v1/cases?limit=2&after={after}"), Some(&token)).await.json();
        seen.extend(page["cases"].as_array().unwrap().iter().map(|case| case["number"].as_str().unwrap().to_owned()));
        match page["after"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.reverse();
    assert_eq!((seen.len(), &seen), (5, &sorted));
}

#[tokio::test]
async fn errors_are_json_in_the_callers_language() {
    let city = City::new().await;
    let token = city.token("dispatch").await;
    let mut client = city.visitor();
    assert_eq!(client.json("/api/v1/cases", None, &opening(FIRST)).await.status, 401);
    let outside = json!({ "id": FIRST, "process": "incident", "channel": "online", "form": { "category": "refuse", "description": "x", "location": [118.5, 38.5] } });
    let refused = client.json("/api/v1/cases", Some(&token), &outside).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (422, Some("outside")));
    client.headers[0].1 = "zh".to_owned();
    let chinese = client.json("/api/v1/cases", Some(&token), &outside).await.json();
    assert_ne!(chinese["message"], refused.json()["message"]);
    for body in [json!({}), json!([1]), json!({ "id": "x" })] {
        assert_eq!(client.json("/api/v1/cases", Some(&token), &body).await.status, 422);
    }
    let missing = json!({ "id": FIRST, "process": "incident", "channel": "online", "form": { "category": "refuse", "location": [116.84, 38.32] } });
    let refused = client.json("/api/v1/cases", Some(&token), &missing).await.json();
    assert_eq!(
        (refused["error"].as_str(), refused["fields"][0]["field"].as_str()),
        (Some("form"), Some("description"))
    );
    assert_eq!(client.read("/api/v1/cases/SB-130903001-2022-000009", Some(&token)).await.status, 404);
    assert_eq!(client.read("/api/v1/nothing", Some(&token)).await.json()["error"], "not_found");
    for bad in ["place=x", "open=maybe", "after=zzz", "level=street", "order=sideways"] {
        assert_eq!(client.read(&format!("/api/v1/cases?{bad}"), Some(&token)).await.status, 422, "{bad}");
    }
}

#[tokio::test]
async fn a_cookie_changes_nothing_here() {
    let city = City::new().await;
    let mut browser = city.signed_in("dispatch").await;
    assert_eq!(browser.json("/api/v1/cases", None, &opening(FIRST)).await.status, 401);
}

#[tokio::test]
async fn another_township_does_not_see_the_case() {
    let city = City::new().await;
    let (worker, other) = (city.token("worker").await, city.token("other").await);
    let mut client = city.visitor();
    let number = client.json("/api/v1/cases", Some(&worker), &opening(FIRST)).await.json()["number"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(client.read(&format!("/api/v1/cases/{number}"), Some(&other)).await.status, 404);
    let list = client.read("/api/v1/cases?place=130903", Some(&other)).await.json();
    assert_eq!(list["cases"].as_array().unwrap().len(), 0);
    let act = json!({ "id": "0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0b09", "form": { "result": "mine now" } });
    assert_eq!(client.json(&format!("/api/v1/cases/{number}/actions/close"), Some(&other), &act).await.status, 404);
}

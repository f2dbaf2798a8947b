//! What cards and the centre show, for other software: suggestions with reasons and counts, cases that may be the same, and what is
//! open in a place; for a key as far as its post and scopes reach, and never acting.

use super::keys::{call, key};
use super::town::{Plain as _, Town};
use ganglion_model::Shard;
use serde_json::{Value, json};

/// A key of the western township with these scopes.
async fn made(town: &Town, (name, role): (&str, &str), scopes: &[&str]) -> String {
    key(&mut town.as_("countyadmin").await, (name, role, "130903001"), scopes).await
}

async fn items(town: &Town, path: &str, secret: &str) -> Vec<Value> {
    let answer = call(town, "GET", path, secret, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn suggestions_come_with_reasons_and_counts_and_nothing_is_done() {
    let town = Town::new().await;
    for n in 0..3 {
        let number = town.report("130903001201", &format!("bins {n}")).await;
        town.to_handler(&number).await;
        town.settle(&number).await;
    }
    let number = town.report("130903001201", "bins again").await;
    assert_eq!(town.act("call", &number, "file", &[]).await.status, 303);
    let dispatcher = made(&town, ("program", "dispatcher"), &["processes:incident:read"]).await;
    let path = format!("/api/processes/incident/suggestions/{number}");
    let all = items(&town, &path, &dispatcher).await;
    let first = &all[0];
    assert_eq!(
        (&first["kind"], &first["action"], &first["field"]),
        (&json!("post"), &json!("dispatch"), &json!("duty"))
    );
    assert_eq!(first["value"], "handler.130903001");
    assert_eq!(first["had"], json!({ "count": 3, "of": 3, "similar": true }), "{first}");
    assert_eq!(first["open_cases"], 0);
    let card = town.as_("dispatch").await.get(&format!("/cases/{number}")).await.plain();
    for reason in first["reasons"].as_array().unwrap() {
        assert!(card.contains(reason.as_str().unwrap()), "the card says {reason} too");
    }
    let case = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!((case.assignee, case.version), (None, 2), "a suggestion gives nobody a case");
    // Who may not take the action is suggested nothing; who may not read the case finds none.
    let leader = made(&town, ("leading", "verifier"), &["processes:*:read"]).await;
    assert_eq!(items(&town, &path, &leader).await, Vec::<Value>::new());
    let east =
        key(&mut town.as_("countyadmin").await, ("east", "dispatcher", "130903002"), &["processes:*:read"]).await;
    assert_eq!(call(&town, "GET", &path, &east, None).await.status, 404);
    let opinions = made(&town, ("opinions", "dispatcher"), &["processes:opinion:read"]).await;
    assert_eq!(call(&town, "GET", &path, &opinions, None).await.status, 403);
    assert_eq!(call(&town, "GET", &format!("{path}?colour=red"), &dispatcher, None).await.status, 422);
    assert_eq!(call(&town, "GET", &path.replace("incident", "opinion"), &leader, None).await.status, 404);
}

#[tokio::test]
async fn values_of_fields_are_suggested_too() {
    let town = Town::new().await;
    for _ in 0..2 {
        let number = town.report("130903001201", "下水道堵塞，污水外溢到路面").await;
        assert_eq!(town.act("call", &number, "recategorise", &[("category", "E0404")]).await.status, 303);
        town.to_handler(&number).await;
        town.settle(&number).await;
    }
    let number = town.report("130903001201", "小区门口下水道堵塞，污水外溢").await;
    let taker = made(&town, ("taker", "call_taker"), &["processes:incident:read"]).await;
    let all = items(&town, &format!("/api/processes/incident/suggestions/{number}"), &taker).await;
    let value = all.iter().find(|one| one["kind"] == "value" && one["action"] == "recategorise").expect("a category");
    assert_eq!((&value["field"], &value["value"]), (&json!("category"), &json!("E0404")), "{value}");
    assert_eq!(value["had"], json!({ "count": 2, "of": 2, "similar": true }));
}

#[tokio::test]
async fn cases_that_may_be_the_same_are_told_to_whoever_may_merge() {
    let town = Town::new().await;
    let first = town.report("130903001201", "东门外垃圾桶满溢，散落一地").await;
    let _ = town.report("130903001201", "大树倒伏挡住人行道").await;
    town.wait(600);
    let second = town.report("130903001201", "东门外的垃圾桶满溢没人清").await;
    let path = format!("/api/processes/incident/duplicates/{second}");
    let taker = made(&town, ("taker", "call_taker"), &["processes:*:read"]).await;
    let found = items(&town, &path, &taker).await;
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (&one["number"], &one["action"], &one["field"]),
        (&json!(first), &json!("merge"), &json!("into")),
        "{one}"
    );
    assert!(one["alike"].as_f64().unwrap() > 0.15 && one["same_kind"] == true, "{one}");
    assert_eq!(call(&town, "GET", one["href"].as_str().unwrap(), &taker, None).await.status, 200);
    let leader = made(&town, ("leading", "director"), &["processes:*:read"]).await;
    assert_eq!(items(&town, &path, &leader).await, Vec::<Value>::new(), "who may not merge");
    let case = town.store.case_by_number(Shard(130_903), &second).await.unwrap().unwrap();
    assert_eq!(case.version, 1, "nothing was merged");
}

#[tokio::test]
async fn the_centre_is_one_read_with_its_counts_and_what_is_open_by_lateness() {
    let town = Town::new().await;
    for n in 0..3 {
        town.report("130903001201", &format!("west {n}")).await;
        town.wait(60);
    }
    town.report("130903002201", "east").await;
    let settled = town.report("130903001201", "settled").await;
    town.to_handler(&settled).await;
    town.settle(&settled).await;
    let county = &mut town.as_("countyadmin").await;
    let reader = key(county, ("reader", "dispatcher", "130903"), &["processes:*:read"]).await;
    let other = key(county, ("other", "dispatcher", "130903"), &["processes:opinion:read"]).await;
    let figures = key(county, ("figures", "dispatcher", "130903"), &["figures:read"]).await;
    let centre = call(&town, "GET", "/api/centre?limit=3", &reader, None).await;
    assert_eq!(centre.status, 200, "{}", centre.text);
    let centre = centre.json();
    let count = |centre: &Value, name: &str| {
        let counters = centre["counters"].as_array().unwrap();
        counters.iter().find(|one| one["counter"] == name).unwrap()["value"].as_u64().unwrap()
    };
    assert_eq!(
        (centre["open"].as_u64(), count(&centre, "today"), count(&centre, "settled")),
        (Some(4), 5, 1),
        "{centre}"
    );
    assert_eq!(count(&centre, "overdue"), 0);
    let dues: Vec<&str> =
        centre["items"].as_array().unwrap().iter().map(|one| one["case"]["due_at"].as_str().unwrap()).collect();
    assert!(dues.len() == 3 && dues.is_sorted(), "{dues:?}");
    let rest = call(&town, "GET", centre["next"].as_str().unwrap(), &reader, None).await.json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
    let west = call(&town, "GET", "/api/centre?place=130903001", &reader, None).await.json();
    assert_eq!((west["open"].as_u64(), west["name"].as_str()), (Some(3), Some("West Town")));
    // A year later everything is late.
    town.wait(365 * 86_400);
    let late = call(&town, "GET", "/api/centre", &reader, None).await.json();
    assert_eq!(count(&late, "overdue"), 4, "{late}");
    assert!(late["items"].as_array().unwrap().iter().all(|one| one["late"] == true));
    // A key counts what its scopes read, and nothing where they read none.
    let none = call(&town, "GET", "/api/centre", &other, None).await.json();
    assert_eq!((none["open"].as_u64(), count(&none, "overdue")), (Some(0), 0));
    let none = call(&town, "GET", "/api/centre", &figures, None).await.json();
    assert_eq!((none["open"].as_u64(), &none["items"]), (Some(0), &json!([])));
    for (bad, status) in
        [("place=1309", 404), ("place=x", 422), ("limit=0", 422), ("after=x", 422), ("colour=red", 422)]
    {
        assert_eq!(call(&town, "GET", &format!("/api/centre?{bad}"), &reader, None).await.status, status, "{bad}");
    }
}

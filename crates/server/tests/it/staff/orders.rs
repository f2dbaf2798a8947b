//! Orders of an outside system: taken in with their own numbers, once each, read as the pack says.

use super::keys::{call, key};
use super::town::{Plain as _, Town};
use crate::support::{Answer, Part};
use axum::body::Body;
use axum::http::{Request, header};
use ganglion_model::Shard;
use serde_json::{Value, json};

const ORDERS: &str = "/api/processes/incident/orders/hotline";

async fn partner(town: &Town) -> String {
    let mut admin = town.as_("countyadmin").await;
    key(&mut admin, ("hotline", "api", "130903"), &["processes:incident:write"]).await
}

fn order(number: &str, content: &str) -> Value {
    json!({
        "order_no": number,
        "content": content,
        "topic_code": "010203",
        "area": "West Village",
        "address": "by the pump",
        "call_at": "2022-06-27 08:40:00",
        "caller": "张三",
        "phone": "13912340016",
        "urgency": 2,
        "wants_reply": "是",
        "answered_after_s": 9,
    })
}

async fn table(town: &Town, secret: &str, media_type: &str, bytes: Vec<u8>) -> Answer {
    let request = Request::post(ORDERS)
        .header(header::AUTHORIZATION, format!("Bearer {secret}"))
        .header(header::CONTENT_TYPE, media_type);
    town.visitor().send(request.body(Body::from(bytes)).unwrap()).await
}

#[tokio::test]
async fn an_order_is_one_case_however_often_it_comes_and_a_changed_one_is_refused() {
    let town = Town::new().await;
    let secret = partner(&town).await;
    let first = call(&town, "POST", ORDERS, &secret, Some(order("12345-7", "refuse by the road"))).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let taken = first.json();
    assert_eq!((taken["order"].as_str(), &taken["repeated"]), (Some("12345-7"), &json!(false)));
    let number = taken["number"].as_str().unwrap().to_owned();
    let case = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    let of = |name: &str| case.fields.get(name).and_then(Value::as_str);
    assert_eq!(
        (of("external_ref"), of("category"), of("source"), of("urgency"), case.channel.as_str()),
        (Some("12345-7"), Some("E2199"), Some("hotline_12345"), Some("urgent"), "hotline_12345")
    );
    assert_eq!((case.place.to_string().as_str(), &case.fields["wants_reply"]), ("130903001201", &json!(true)));
    assert_eq!(case.observed_at.unwrap().to_string(), "2022-06-27T00:40:00Z");
    assert!(!serde_json::to_string(&case).unwrap().contains("13912340016"), "what is personal is sealed");
    // Long after, and with a key that was made anew, it is the same case still.
    town.wait(40 * 86_400);
    let again = call(&town, "POST", ORDERS, &secret, Some(order("12345-7", "refuse by the road"))).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!((&again.json()["number"], &again.json()["repeated"]), (&json!(number), &json!(true)));
    let mut more = order("12345-7", "refuse by the road");
    more["answered_after_s"] = json!(11);
    assert_eq!(call(&town, "POST", ORDERS, &secret, Some(more)).await.status, 200, "nobody reads that key");
    let changed = call(&town, "POST", ORDERS, &secret, Some(order("12345-7", "and a dead tree"))).await;
    let problem = changed.json();
    assert_eq!((changed.status, problem["code"].as_str()), (409, Some("duplicate")), "{}", changed.text);
    assert_eq!(changed.header(header::CONTENT_TYPE), "application/problem+json");
    assert!(problem["number"] == json!(number) && problem["detail"].as_str().unwrap().contains(&number), "{problem}");
    let kept = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!((kept.version, &kept.fields["description"]), (case.version, &json!("refuse by the road")));
    let orders = town.store.kept("order", "", None, 9).await.unwrap();
    assert!(orders.len() == 1 && !orders[0].body.contains("refuse") && !orders[0].body.contains("1391"), "{orders:?}");
}

#[tokio::test]
async fn how_an_order_stands_is_told_to_who_may_read_its_case() {
    let town = Town::new().await;
    let secret = partner(&town).await;
    let mut admin = town.as_("countyadmin").await;
    let east = key(&mut admin, ("east", "dispatcher", "130903002"), &["processes:incident:write"]).await;
    let other = key(&mut admin, ("other", "api", "130903"), &["processes:opinion:write"]).await;
    let taken = call(&town, "POST", ORDERS, &secret, Some(order("12345-8", "no light"))).await.json();
    let number = taken["number"].as_str().unwrap().to_owned();
    town.act("call", &number, "file", &[]).await;
    let one = format!("{ORDERS}/12345-8");
    let found = call(&town, "GET", &one, &secret, None).await;
    let body = found.json();
    assert_eq!((found.status, body["order"].as_str(), body["state"].as_str()), (200, Some("12345-8"), Some("filed")));
    assert!(body["withheld"].as_array().unwrap().contains(&json!("reporter_phone")), "{body}");
    assert_eq!(call(&town, "GET", &one, &east, None).await.status, 404);
    assert_eq!(call(&town, "GET", &one, &other, None).await.status, 403);
    let reader = key(&mut admin, ("reader", "api", "130903"), &["processes:incident:read"]).await;
    assert_eq!(call(&town, "POST", ORDERS, &reader, Some(order("9", "x"))).await.status, 403);
    assert_eq!(call(&town, "GET", &format!("{ORDERS}/nothing"), &secret, None).await.status, 404);
    for nowhere in ["/api/processes/incident/orders/letters", "/api/processes/opinion/orders/hotline"] {
        let status = call(&town, "POST", nowhere, &secret, Some(order("9", "x"))).await.status;
        assert!(status == 404 || status == 403, "{nowhere}: {status}");
    }
}

#[tokio::test]
async fn many_orders_are_judged_one_by_one() {
    let town = Town::new().await;
    let secret = partner(&town).await;
    let mut nowhere = order("3", "no place");
    nowhere["area"] = json!("Atlantis");
    let mut unnumbered = order("4", "no number");
    unnumbered["order_no"] = json!("  ");
    let many =
        json!([order("1", "one"), order("1", "one"), order("1", "other"), nowhere, unnumbered, order("5", "five")]);
    let answer = call(&town, "POST", ORDERS, &secret, Some(many)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let results = answer.json()["results"].clone();
    let status: Vec<u64> = results.as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert_eq!(status, [201, 200, 409, 422, 422, 201], "{results}");
    assert_eq!(results[0]["outcome"]["number"], results[1]["outcome"]["number"]);
    assert_eq!(results[3]["problem"]["errors"][0]["pointer"], "/3/area", "{results}");
    assert_eq!(results[4]["problem"]["errors"][0]["pointer"], "/4/order_no", "{results}");
    // What was refused was not kept, and can be sent again once it is right.
    assert_eq!(call(&town, "POST", ORDERS, &secret, Some(order("3", "no place"))).await.status, 201);
    let flood: Vec<Value> = (0..201).map(|n| order(&n.to_string(), "x")).collect();
    assert_eq!(call(&town, "POST", ORDERS, &secret, Some(json!(flood))).await.status, 422);
    assert_eq!(call(&town, "POST", ORDERS, &secret, Some(json!([1]))).await.status, 422);
    assert_eq!(call(&town, "POST", ORDERS, &secret, Some(json!("x"))).await.status, 422);
}

#[tokio::test]
async fn a_table_of_orders_is_read_in_the_encodings_of_spreadsheets() {
    let town = Town::new().await;
    let secret = partner(&town).await;
    let text =
        "order_no,content,area,phone\nT-1,路灯不亮,130903001201,13912340016\n\nT-2,\"井盖,破损\",West Village,\n";
    let (bytes, _, _) = encoding_rs::GB18030.encode(text);
    let answer = table(&town, &secret, "text/csv; charset=gb18030", bytes.into_owned()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let results = answer.json()["results"].clone();
    assert_eq!((&results[0]["status"], &results[1]["status"], results[2].is_null()), (&json!(201), &json!(201), true));
    let number = results[1]["outcome"]["number"].as_str().unwrap();
    let case = town.store.case_by_number(Shard(130_903), number).await.unwrap().unwrap();
    assert_eq!(case.fields["description"], "井盖,破损");
    let again = table(&town, &secret, "text/csv", text.as_bytes().to_vec()).await.json();
    assert_eq!((&again["results"][0]["status"], &again["results"][1]["status"]), (&json!(200), &json!(200)));
    for bad in [&b"\x00\x01"[..], b"", b"PK\x03\x04 nothing"] {
        assert_eq!(table(&town, &secret, "text/csv", bad.to_vec()).await.status, 422);
    }
}

#[tokio::test]
async fn a_register_of_the_county_translates_the_topics_of_the_hotline() {
    let town = Town::new().await;
    let secret = partner(&town).await;
    let mut admin = town.as_("countyadmin").await;
    let director = key(&mut admin, ("topics", "director", "130903"), &["registers:hotline_topic:write"]).await;
    let row = json!({ "form": { "code": "010203", "name": "暴露垃圾", "category": "E0102" } });
    let made = call(&town, "POST", "/api/registers/hotline_topic/rows", &director, Some(row)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let taken = call(&town, "POST", ORDERS, &secret, Some(order("12345-9", "refuse"))).await;
    assert_eq!(taken.status, 201, "{}", taken.text);
    let number = taken.json()["number"].as_str().unwrap().to_owned();
    let case = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!(case.fields["category"], "E0102");
}

#[tokio::test]
async fn a_table_is_handed_in_on_a_page_by_whoever_takes_cases_in() {
    let town = Town::new().await;
    let page = "/orders/incident/hotline";
    let mut call = town.as_("call").await;
    let shown = call.get(page).await;
    assert!(shown.status == 200 && shown.text.contains("topic_code"), "{}", shown.text);
    assert!(call.get("/cases").await.plain().contains(page), "the list of cases leads there");
    let table =
        "order_no,content,topic_code,area\n7,refuse by the road,010203,West Village\n8,no place,010203,Atlantis\n";
    let file = [Part::File("file", "orders.csv", table.as_bytes())];
    let taken = call.post_parts(page, &file).await;
    assert!(taken.plain().contains("1 new, 0 known, 0 changed, 1 not taken in"), "{}", taken.text);
    assert!(taken.plain().contains("/cases/SB-130903001"), "{}", taken.text);
    let again = call.post_parts(page, &file).await;
    assert!(again.plain().contains("0 new, 1 known, 0 changed, 1 not taken in"), "{}", again.text);
    let other = table.replace("by the road", "and a dead tree");
    let changed = call.post_parts(page, &[Part::File("file", "orders.csv", other.as_bytes())]).await;
    assert!(changed.plain().contains("0 new, 0 known, 1 changed, 1 not taken in"), "{}", changed.text);
    for (bytes, said) in
        [(&b"order_no\n"[..], "no order in the table"), (&b""[..], "file"), (&b"PK\x03\x04"[..], "neither")]
    {
        let answer = call.post_parts(page, &[Part::File("file", "orders.csv", bytes)]).await;
        assert!(answer.status == 422 && answer.plain().contains(said), "{said}: {}", answer.text);
    }
    let mut handler = town.as_("handler").await;
    assert_eq!(handler.get(page).await.status, 404);
    assert_eq!(handler.post_parts(page, &file).await.status, 404);
    assert_eq!(town.visitor().get(page).await.status, 303);
    assert_eq!(call.get("/orders/incident/nothing").await.status, 404);
}

//! What a screen shows in place of a personal value, and the sealed text itself, are refused at every door a value comes in by: pages,
//! both interfaces one by one and many at once, rows and their import, Open311 and the orders of a hotline. Nothing is stored.

use crate::registers::{imported, settled, with_well};
use crate::rest::Client;
use crate::staff::{Town, act, call, key};
use crate::support::{Answer, City, HERE, Part, model};
use ganglion_kernel::Store;
use ganglion_kernel::port::CaseFilter;
use ganglion_model::Shard;
use serde_json::{Value, json};
use std::sync::Arc;

const SHARD: Shard = Shard(130_903);
/// Masks as screens show them, as a keyboard for Chinese types them, and what a row holds.
const SHOWN: [&str; 3] = ["139****0016", "139＊＊＊＊0016", "sealed:1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];

fn refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 422, "{what}: {}", answer.text);
}

async fn cases(store: &dyn Store) -> u64 {
    store.case_count(&CaseFilter::default()).await.unwrap()
}

#[tokio::test]
async fn a_mask_comes_in_by_no_page() {
    let city = City::new().await;
    let (mut resident, mut dispatch) = (city.visitor(), city.signed_in("dispatch").await);
    let (lon, lat) = (HERE.0.to_string(), HERE.1.to_string());
    for shown in SHOWN {
        let command = resident.get("/report").await.input("command_id").unwrap();
        let mut parts = crate::forms::report(&command, &lon, &lat);
        parts.push(Part::Text("reporter_phone", shown));
        refused(&resident.post_parts("/report", &parts).await, "the form of residents");
        parts.retain(|part| !matches!(part, Part::Text("command_id", _)));
        refused(&dispatch.post_parts("/cases/new?process=incident", &parts).await, "the form of staff");
    }
    let named = [
        ("category", "refuse"),
        ("description", "rubbish"),
        ("lon", lon.as_str()),
        ("lat", lat.as_str()),
        ("datum", "wgs84"),
        ("reporter_name", "张*"),
    ];
    refused(&dispatch.post_form("/cases/new?process=incident", &named).await, "a masked name");
    assert_eq!(cases(&*city.store).await, 0, "nothing was opened");
}

/// What lets somebody in at the doors: a key of a post, a key of a partner, a session.
struct Keys {
    post: String,
    partner: String,
    session: String,
}

/// What every door of the interfaces says to a report and to a row with this telephone.
async fn doors(town: &Town, keys: &Keys, (code, phone): (u128, &str)) -> Vec<(&'static str, u64)> {
    let form = json!({
        "category": "refuse", "description": "bins", "location": [116.84, 38.32], "reporter_phone": phone,
    });
    let one = json!({ "form": form });
    let row = |code: u128| json!({ "place": "130903001", "form": { "code": format!("W{code}"), "depth_m": 80, "phone": phone } });
    let post = async |path: &str, body: Value| call(town, "POST", path, &keys.post, Some(body)).await;
    let of_many = |answer: Answer| answer.json()["results"][0]["status"].as_u64().unwrap();
    let older = json!({ "id": uuid::Uuid::from_u128(code), "process": "incident", "form": form, "channel": "web" });
    let open311 = [
        ("api_key", keys.partner.as_str()),
        ("service_code", "refuse"),
        ("lat", "38.32"),
        ("long", "116.84"),
        ("description", "bags on the road"),
        ("phone", phone),
    ];
    vec![
        ("a case", post("/api/processes/incident/cases", one.clone()).await.status.into()),
        ("many cases", of_many(post("/api/processes/incident/bulk", json!([{ "id": "a", "open": one }])).await)),
        ("the first version", town.visitor().json("/api/v1/cases", Some(&keys.session), &older).await.status.into()),
        ("a row", post("/api/registers/well/rows", row(code)).await.status.into()),
        ("many rows", of_many(post("/api/registers/well/bulk", json!([{ "put": row(code + 1) }])).await)),
        ("Open311", town.visitor().post_raw("/open311/v2/requests.json", &open311).await.status.into()),
    ]
}

#[tokio::test]
async fn a_mask_comes_in_by_no_interface() {
    let town = Town::of(&Arc::new(model()), &[]).await;
    let mut admin = town.as_("countyadmin").await;
    let scopes = ["processes:*:write", "registers:*:write"];
    let keys = Keys {
        post: key(&mut admin, ("desk", "dispatcher", "130903001"), &scopes).await,
        partner: key(&mut admin, ("partner", "api", "130903"), &["open311:*:write"]).await,
        session: town.as_("dispatch").await.cookies["session"].clone(),
    };
    for shown in SHOWN {
        for (door, status) in doors(&town, &keys, (100, shown)).await {
            assert!(matches!(status, 400 | 422), "{door} takes {shown}: {status}");
        }
    }
    assert_eq!(cases(&*town.store).await, 0, "nothing was opened");
    assert_eq!(town.store.shards().await.unwrap().len(), 0, "and nothing written at all");
    for (door, status) in doors(&town, &keys, (200, "13912340016")).await {
        assert!(matches!(status, 200 | 201), "{door} takes a telephone: {status}");
    }
    assert_eq!(cases(&*town.store).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mask_does_not_take_the_place_of_the_value_of_a_row() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    let mut client = Client::of(&city, "dispatch").await;
    let head = city.store.shards().await.unwrap();
    for shown in SHOWN {
        let form = [("-place", "130903001"), ("name", "W"), ("depth_m", "80"), ("phone", shown), ("version", "1")];
        refused(&dan.post_form("/registers/well/edit/130903/W1", &form).await, "the form of a row");
        let put: Value = json!({ "partial": true, "form": { "phone": shown } });
        let path = "/api/registers/well/rows/130903/W1";
        refused(&client.call("PUT", path, &[("if-match", "\"1\"")], Some(&put)).await, "a row put");
        let table = format!("Code,Depth,Place,Telephone\nW1,80,West Town,{shown}\n");
        let (path, page) = imported(&mut dan, &table).await;
        assert!(!page.text.contains("/confirm"), "an import that cannot be confirmed: {}", page.text);
        dan.post_form(&format!("{path}/confirm"), &[]).await;
        settled(&mut dan, &path).await;
    }
    let still = dan.post_form("/registers/well/reveal/130903/W1", &[]).await;
    assert!(still.text.contains("13912345678"), "the value is the one that was typed first: {}", still.text);
    let lines = city.store.lines_after(SHARD, head[0].1.seq, 100).await.unwrap();
    assert!(lines.is_empty(), "nothing was written: {lines:?}");
}

#[tokio::test]
async fn a_mask_comes_in_by_no_order_and_no_step() {
    let town = Town::new().await;
    let secret =
        key(&mut town.as_("countyadmin").await, ("hotline", "api", "130903"), &["processes:incident:write"]).await;
    for (at, shown) in SHOWN.into_iter().enumerate() {
        let order = json!({
            "order_no": format!("12345-{at}"), "content": "refuse by the road", "topic_code": "010203", "area": "West Village",
            "call_at": "2022-06-27 08:40:00", "caller": "张三", "phone": shown, "urgency": 2,
        });
        refused(&call(&town, "POST", "/api/processes/incident/orders/hotline", &secret, Some(order)).await, "an order");
    }
    assert_eq!(cases(&*town.store).await, 0, "nothing was opened");
    // A step has no field for it, and what it is sent is not taken as one.
    let number = town.report("130903001201", "bins overflowing").await;
    let before = town.store.case_by_number(SHARD, &number).await.unwrap().unwrap().fields["reporter_phone"].clone();
    let mut call_taker = town.as_("call").await;
    act(&mut call_taker, &number, "file", &[("reporter_phone", SHOWN[0])]).await;
    let after = town.store.case_by_number(SHARD, &number).await.unwrap().unwrap();
    assert_eq!(after.fields["reporter_phone"], before);
}

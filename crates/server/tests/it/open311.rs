//! Open311 GeoReport v2, field by field from the tables of the specification (handbook `15`).

use crate::staff::{Town, key};
use crate::support::{Answer, Part, model, photo};
use axum::body::Body;
use axum::http::{Request, header};
use ganglion_model::Shard;
use serde_json::{Value, json};
use std::sync::Arc;

/// A county with one offered process, and a key for it.
struct Place {
    town: Town,
    key: String,
}

impl Place {
    async fn new(checked: bool) -> Place {
        let mut model = model();
        if let Some(offer) = model.processes.get_mut("incident").and_then(|process| process.open311.as_mut()) {
            offer.checked = checked;
        }
        let town = Town::of(&Arc::new(model), &[]).await;
        let mut admin = town.as_("countyadmin").await;
        let key = key(&mut admin, ("partner", "api", "130903"), &["open311:*:write"]).await;
        Place { town, key }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(format!("/open311/v2/{path}")).header(header::ACCEPT_LANGUAGE, "en");
        self.town.visitor().send(request.body(Body::empty()).unwrap()).await
    }

    async fn send(&self, form: &[(&str, &str)]) -> Answer {
        self.town.visitor().post_raw("/open311/v2/requests.json", form).await
    }

    /// A request with some values in place of the usual ones; an empty one is left out.
    async fn asked(&self, instead: &[(&str, &str)]) -> Answer {
        let usual = [
            ("api_key", self.key.as_str()),
            ("service_code", "refuse"),
            ("lat", "38.32123456"),
            ("long", "116.84123456"),
            ("description", "bags on the road, call 13912345678"),
            ("first_name", "三丰"),
            ("last_name", "张"),
            ("phone", "13912340016"),
            ("device_id", "SECRETDEVICE"),
        ];
        let mut form: Vec<(&str, &str)> =
            usual.into_iter().filter(|(name, _)| instead.iter().all(|(other, _)| other != name)).collect();
        form.extend(instead);
        self.send(&form).await
    }

    async fn opened(&self, instead: &[(&str, &str)]) -> String {
        let answer = self.asked(instead).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()[0]["service_request_id"].as_str().unwrap().to_owned()
    }
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn same(value: &Value, wanted: &[&str]) {
    let (mut found, mut wanted) = (names(value), wanted.to_vec());
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn discovery_has_its_fields_in_both_formats() {
    let place = Place::new(false).await;
    let json = place.get("discovery.json").await;
    assert_eq!((json.status, json.header(header::CONTENT_TYPE)), (200, "application/json; charset=utf-8"));
    let body = json.json();
    same(&body, &["changeset", "contact", "key_service", "endpoints"]);
    let endpoint = &body["endpoints"][0];
    same(endpoint, &["specification", "url", "changeset", "type", "formats"]);
    assert_eq!(
        (endpoint["type"].as_str(), &endpoint["formats"]),
        (Some("production"), &json!(["text/xml", "application/json"]))
    );
    let xml = place.get("discovery.xml").await;
    assert_eq!((xml.status, xml.header(header::CONTENT_TYPE)), (200, "text/xml; charset=utf-8"));
    assert!(xml.text.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<discovery><changeset>"), "{}", xml.text);
    assert!(xml.text.contains("<formats><format>text/xml</format><format>application/json</format></formats>"));
    for unknown in ["discovery", "discovery.csv", "nothing.xml"] {
        assert_eq!(place.get(unknown).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn services_are_the_kinds_in_use_with_their_attributes() {
    let place = Place::new(false).await;
    let services = place.get("services.json").await.json();
    let codes: Vec<&str> =
        services.as_array().unwrap().iter().map(|one| one["service_code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["refuse", "lamp"], "a retired kind is no service");
    same(&services[0], &["service_code", "service_name", "description", "metadata", "type", "keywords", "group"]);
    assert_eq!((&services[0]["metadata"], services[0]["type"].as_str()), (&json!(true), Some("realtime")));
    let definition = place.get("services/refuse.json").await.json();
    same(&definition, &["service_code", "attributes"]);
    let attributes = definition["attributes"].as_array().unwrap();
    for attribute in attributes {
        same(
            attribute,
            &["variable", "code", "datatype", "required", "datatype_description", "order", "description", "values"],
        );
    }
    let types: Vec<(&str, &str, u64)> = attributes
        .iter()
        .map(|one| (one["code"].as_str().unwrap(), one["datatype"].as_str().unwrap(), one["order"].as_u64().unwrap()))
        .collect();
    let wanted = [
        ("how", "singlevaluelist", 1),
        ("noticed", "datetime", 2),
        ("lanes", "multivaluelist", 3),
        ("wants_reply", "singlevaluelist", 4),
    ];
    assert_eq!(types, wanted);
    assert_eq!(
        attributes[2]["values"],
        json!([{ "key": "farm", "name": "Farming" }, { "key": "town", "name": "Households" }])
    );
    let xml = place.get("services/refuse.xml").await.text;
    assert!(
        xml.contains("<attribute><variable>true</variable><code>how</code><datatype>singlevaluelist</datatype>"),
        "{xml}"
    );
    assert!(xml.contains("<values><value><key>5</key><name>Very good</name></value>"), "{xml}");
    let missing = place.get("services/coal.json").await;
    assert_eq!((missing.status, missing.json()[0]["code"].as_u64()), (404, Some(404)));
    let missing = place.get("services/coal.xml").await.text;
    assert!(missing.contains("<errors><error><code>404</code><description>"), "{missing}");
}

#[tokio::test]
async fn a_request_is_taken_in_kept_and_shown_without_people() {
    let place = Place::new(false).await;
    let more = [
        ("attribute[how]", "4"),
        ("attribute[lanes][]", "farm"),
        ("attribute[lanes][]", "town"),
        ("attribute[noticed]", "2022-06-27T08:00:00+08:00"),
    ];
    let answer = place.asked(&more).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    same(&body[0], &["service_request_id", "service_notice", "account_id"]);
    assert!(body[0]["account_id"].is_null());
    let id = body[0]["service_request_id"].as_str().unwrap();
    let shown = place.get(&format!("requests/{id}.json")).await.json();
    same(
        &shown[0],
        &[
            "service_request_id",
            "status",
            "status_notes",
            "service_name",
            "service_code",
            "description",
            "agency_responsible",
            "service_notice",
            "requested_datetime",
            "updated_datetime",
            "expected_datetime",
            "address",
            "address_id",
            "zipcode",
            "lat",
            "long",
            "media_url",
        ],
    );
    let one = &shown[0];
    assert_eq!((one["status"].as_str(), one["status_notes"].as_str()), (Some("open"), Some("We have your report")));
    assert_eq!((one["service_code"].as_str(), one["service_name"].as_str()), (Some("refuse"), Some("Refuse")));
    assert_eq!(one["description"], "bags on the road, call ***");
    assert_eq!((one["lat"].as_f64(), one["long"].as_f64()), (Some(38.3212), Some(116.8412)), "about ten metres");
    assert_eq!(one["requested_datetime"], "2022-06-27T09:00:00+08:00");
    assert_eq!(one["expected_datetime"], "2022-06-27T11:00:00+08:00");
    assert_eq!(
        (one["address"].as_str(), one["address_id"].as_str()),
        (Some("West Grid, West Village, West Town, County"), Some("130903001201001"))
    );
    let page = place.get(&format!("requests/{id}.xml")).await.text;
    for hidden in ["1391234", "张", "三丰", "SECRETDEVICE", "SB-130903001"] {
        assert!(!page.contains(hidden) && !shown.to_string().contains(hidden), "{hidden}");
    }
    let case = place.town.store.case_by_number(Shard(130_903), "SB-130903001-2022-000001").await.unwrap().unwrap();
    assert_eq!((&case.fields["how"], &case.fields["lanes"]), (&json!("4"), &json!(["farm", "town"])));
    assert!(case.fields.contains_key("reporter_name") && case.fields.contains_key("reporter_phone"));
    assert!(!serde_json::to_string(&case).unwrap().contains("SECRETDEVICE"), "a device is never kept");
    // Chinese order runs from the county down.
    let chinese = place.get(&format!("requests/{id}.json?lang=zh")).await.json();
    assert_eq!(chinese[0]["address"], "CountyWest TownWest VillageWest Grid");
}

#[tokio::test]
async fn a_request_that_cannot_be_taken_says_why_with_the_status_the_specification_orders() {
    let place = Place::new(false).await;
    for (instead, status, said) in [
        (vec![("api_key", "")], 403, "api_key"),
        (vec![("api_key", "gk_wrong")], 403, "api_key"),
        (vec![("service_code", "")], 400, "service_code"),
        (vec![("service_code", "001")], 404, "service_code"),
        (vec![("service_code", "coal")], 404, "service_code"),
        (vec![("jurisdiction_id", "110101")], 404, "jurisdiction_id"),
        (vec![("lat", ""), ("long", "")], 400, "Say where"),
        (vec![("lat", "")], 400, "belong together"),
        (vec![("lat", "0"), ("long", "0")], 400, "WGS-84"),
        (vec![("lat", "north")], 400, "WGS-84"),
        (vec![("long", "116.8835")], 400, "GCJ-02"),
        (vec![("lat", "38.5"), ("long", "118.5")], 400, "outside"),
        (vec![("description", "")], 400, "description"),
        (vec![("attribute[colour]", "red")], 400, "colour"),
        (vec![("attribute[how]", "9")], 400, "how"),
        (vec![("media_url", "http://example.com/a.jpg")], 400, "media_url"),
        (vec![("lat", ""), ("long", ""), ("address_id", "130903009")], 400, "address_id"),
        (vec![("lat", ""), ("long", ""), ("address_string", "somewhere")], 400, "several"),
    ] {
        let answer = place.asked(&instead).await;
        assert_eq!(answer.status, status, "{instead:?}: {}", answer.text);
        let errors = answer.json();
        assert_eq!(errors[0]["code"].as_u64(), Some(u64::from(status)), "{instead:?}");
        assert!(errors[0]["description"].as_str().unwrap().contains(said), "{instead:?}: {errors}");
    }
    assert!(place.get("requests.json").await.json().as_array().unwrap().is_empty(), "nothing was kept");
    let long = "字".repeat(4001);
    assert_eq!(place.asked(&[("description", &long)]).await.status, 400);
    let mut admin = place.town.as_("countyadmin").await;
    let lamps = key(&mut admin, ("lamps", "api", "130903"), &["open311:lamp:write"]).await;
    let other = place.asked(&[("api_key", &lamps)]).await;
    assert_eq!((other.status, other.json()[0]["code"].as_u64()), (403, Some(403)), "a key has its services");
}

#[tokio::test]
async fn a_place_is_named_by_point_by_code_or_by_address() {
    let place = Place::new(false).await;
    let of = async |instead: &[(&str, &str)]| {
        let id = place.opened(instead).await;
        place.get(&format!("requests/{id}.json")).await.json()[0]["address_id"].as_str().unwrap().to_owned()
    };
    assert_eq!(of(&[("long", "１１６.８７")]).await, "130903002201001", "full-width digits are read");
    assert_eq!(of(&[("lat", ""), ("long", ""), ("address_id", "130903001201")]).await, "130903001201");
    assert_eq!(
        of(&[("lat", ""), ("long", ""), ("address_string", "at the pump of East Village, East Town")]).await,
        "130903002201"
    );
    // A place and a point that disagree are asked about.
    let apart = place.asked(&[("address_id", "130903002201")]).await;
    assert_eq!(apart.status, 400, "{}", apart.text);
}

#[tokio::test]
async fn requests_are_listed_by_id_service_status_and_time() {
    let place = Place::new(false).await;
    let first = place.opened(&[]).await;
    place.town.wait(91 * 86_400);
    let second = place.opened(&[]).await;
    place.town.wait(60);
    let third = place.opened(&[("description", "third")]).await;
    let private = place.asked(&[("attribute[wants_reply]", "false")]).await.json()[0]["service_request_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ids = async |query: &str| -> Vec<String> {
        let answer = place.get(&format!("requests.json?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        answer
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["service_request_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids("").await, [private.clone(), third.clone(), second.clone()], "ninety days, newest first");
    assert_eq!(
        ids(&format!("service_request_id={first},{third},nonsense&status=closed")).await,
        [first.clone(), third.clone()],
        "ids override the rest"
    );
    assert_eq!(ids("service_code=lamp").await, Vec::<String>::new());
    assert_eq!(ids("service_code=refuse,lamp&status=open").await.len(), 3);
    assert_eq!(ids("status=closed").await, Vec::<String>::new());
    assert_eq!(ids("status=open,closed").await.len(), 3);
    assert_eq!(ids("start_date=2022-06-27T00:00:00%2B08:00").await, [first.as_str()]);
    assert_eq!(ids("end_date=2022-06-27T09:00:00%2B08:00").await, [first.as_str()]);
    assert_eq!(ids("page=2&page_size=2").await, [second.as_str()]);
    assert_eq!(ids("jurisdiction_id=130903").await.len(), 3);
    for (query, status) in [
        ("start_date=2022-06-27T00:00:00%2B08:00&end_date=2022-12-27T00:00:00%2B08:00", 400),
        ("start_date=yesterday", 400),
        ("status=done", 400),
        ("page=0", 400),
        ("service_code=coal", 404),
        ("jurisdiction_id=440000", 404),
    ] {
        assert_eq!(place.get(&format!("requests.json?{query}")).await.status, status, "{query}");
    }
    assert_eq!(place.get(&format!("requests/{}.json", "0".repeat(40))).await.status, 404);
}

#[tokio::test]
async fn what_a_case_keeps_private_is_not_shown_and_closed_ones_go_after_two_years() {
    let place = Place::new(false).await;
    let id = place.opened(&[]).await;
    let number = "SB-130903001-2022-000001";
    let mut dispatch = place.town.as_("dispatch").await;
    let closed = crate::staff::act(&mut dispatch, number, "close", &[("result", "cleared")]).await;
    assert_eq!(closed.status, 303, "{}", closed.text);
    let one = place.get(&format!("requests/{id}.json")).await.json();
    assert_eq!((one[0]["status"].as_str(), one[0]["status_notes"].as_str()), (Some("closed"), Some("Settled")));
    assert_eq!(one[0]["updated_datetime"], "2022-06-27T09:00:00+08:00");
    place.town.wait(731 * 86_400);
    assert_eq!(place.get(&format!("requests/{id}.json")).await.status, 404);
    // A private report of a resident is nobody else's business.
    use ganglion_model::{Actor, Body as Wish, Command, CommandId, Fields};
    let form = Fields::from([
        ("category".to_owned(), "refuse".into()),
        ("description".to_owned(), "private".into()),
        ("place".to_owned(), "130903001201".into()),
        ("private".to_owned(), true.into()),
    ]);
    let body = Wish::Open { process: "incident".into(), form, channel: "online".into(), observed_at: None, from: None };
    let command =
        Command { id: CommandId(uuid::Uuid::from_u128(77)), shard: Shard(130_903), actor: Actor::Public, body };
    place.town.app.committer.send(command).await.unwrap();
    assert!(!place.get("requests.xml").await.text.contains("private"));
    assert_eq!(place.get("requests.json").await.json(), json!([]));
}

#[tokio::test]
async fn a_service_that_is_looked_at_first_gives_a_token() {
    let place = Place::new(true).await;
    assert_eq!(place.get("services.json").await.json()[0]["type"], "batch");
    let answer = place.asked(&[]).await;
    let body = answer.json();
    same(&body[0], &["token", "service_notice", "account_id"]);
    let token = format!("tokens/{}.json", body[0]["token"].as_str().unwrap());
    let waiting = place.get(&token).await;
    assert_eq!((waiting.status, waiting.json()[0]["service_request_id"].clone()), (200, Value::Null));
    assert_eq!(place.get("requests.json").await.json(), json!([]), "nothing is public yet");
    let mut dispatch = place.town.as_("dispatch").await;
    let closed = crate::staff::act(&mut dispatch, "SB-130903001-2022-000001", "close", &[("result", "cleared")]).await;
    assert_eq!(closed.status, 303, "{}", closed.text);
    let id = place.get(&token).await.json()[0]["service_request_id"].as_str().unwrap().to_owned();
    assert_eq!(place.get(&format!("requests/{id}.json")).await.json()[0]["status"], "closed");
    assert_eq!(place.get(&format!("tokens/{id}.json")).await.status, 404, "an id is no token");
}

#[tokio::test]
async fn a_repeat_with_the_same_idempotency_key_is_one_request() {
    let place = Place::new(false).await;
    let body = format!("api_key={}&service_code=refuse&lat=38.32&long=116.84&description=once", place.key);
    let send = async || {
        let request = Request::post("/open311/v2/requests.json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("idempotency-key", "partner-1");
        place.town.visitor().send(request.body(Body::from(body.clone())).unwrap()).await.json()
    };
    assert_eq!(send().await, send().await);
    assert_eq!(place.get("requests.json").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_picture_is_public_once_somebody_said_so_and_no_other_ever_is() {
    let place = Place::new(false).await;
    let mut dispatch = place.town.as_("dispatch").await;
    let mut shown = Vec::new();
    for (number, said) in [("SB-130903001-2022-000001", "false"), ("SB-130903001-2022-000002", "true")] {
        let id = place.opened(&[]).await;
        let before = place.get(&format!("requests/{id}.json")).await.json();
        assert!(before[0]["media_url"].is_null(), "{before}");
        let (first, second) = (photo(3), photo(4));
        let parts = [
            Part::Text("result", "cleared"),
            Part::Text("photos_public", said),
            Part::File("result_photos", "after.jpg", &first),
            Part::File("result_photos", "again.jpg", &second),
        ];
        let closed = dispatch.post_parts(&format!("/cases/{number}/close"), &parts).await;
        assert_eq!(closed.status, 303, "{}", closed.text);
        let case = place.town.store.case_by_number(Shard(130_903), number).await.unwrap().unwrap();
        let files = case.fields["result_photos"].as_array().unwrap().clone();
        assert_eq!(files.len(), 2);
        let after = place.get(&format!("requests/{id}.json")).await.json();
        shown.push((after[0]["media_url"].as_str().map(str::to_owned), files, id));
    }
    let of = |file: &Value| format!("/files/{}", file.as_str().unwrap());
    let status = async |path: &str| place.town.visitor().get(path).await.status;
    let (quiet, files, _) = &shown[0];
    assert_eq!((quiet, status(&of(&files[0])).await), (&None, 404), "nobody said that it may be shown");
    let (public, files, id) = &shown[1];
    assert_eq!(public.as_deref(), Some(of(&files[0]).as_str()));
    assert_eq!(status(&of(&files[0])).await, 200, "anyone sees it");
    assert_eq!(status(&format!("{}/thumb", of(&files[0]))).await, 200);
    assert_eq!(status(&of(&files[1])).await, 404, "one is shown, and no other");
    let xml = place.get(&format!("requests/{id}.xml")).await.text;
    assert!(xml.contains(&format!("<media_url>{}</media_url>", of(&files[0]))), "{xml}");
    place.town.wait(731 * 86_400);
    assert_eq!(status(&of(&files[0])).await, 404, "it goes with the request");
}

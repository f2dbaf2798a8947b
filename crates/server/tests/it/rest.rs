//! The interface for other software: every command and query of the pack, problems, pages, tags, many at once.

use crate::support::{Answer, Browser, City};
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

/// Software that calls with a token.
pub struct Client {
    browser: Browser,
    token: String,
}

impl Client {
    pub async fn of(city: &City, account: &str) -> Client {
        Client { browser: city.visitor(), token: city.token(account).await }
    }

    pub async fn call(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.browser.send(request.body(body).unwrap()).await
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.call("GET", path, &[], None).await
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, &[], Some(body)).await
    }
}

const CASES: &str = "/api/processes/incident/cases";
const WELLS: &str = "/api/registers/well/rows";

fn report(text: &str) -> Value {
    json!({
        "form": { "category": "refuse", "description": text, "location": [116.84, 38.32], "reporter_phone": "13912340016" },
        "channel": "grid_worker",
    })
}

async fn opened(client: &mut Client, text: &str) -> String {
    let answer = client.post(CASES, &report(text)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["number"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_case_goes_its_way_and_a_repeat_changes_nothing() {
    let city = City::new().await;
    let (mut worker, mut dispatch) = (Client::of(&city, "worker").await, Client::of(&city, "dispatch").await);
    let once = [("idempotency-key", "\"order 7\"")];
    let first = worker.call("POST", CASES, &once, Some(&report("by a program"))).await;
    let again = worker.call("POST", CASES, &once, Some(&report("by a program"))).await;
    assert_eq!((first.status, again.json()), (201, first.json()), "the same key gets the same answer");
    let other = dispatch.call("POST", CASES, &once, Some(&report("by another"))).await;
    assert_ne!(other.json()["number"], first.json()["number"], "keys of callers do not meet");
    let path = first.location().to_owned();
    let case = dispatch.get(&path).await;
    assert_eq!((case.status, case.header(header::ETAG)), (200, "\"1\""));
    let case = case.json();
    assert_eq!(
        (case["state"].as_str(), case["fields"]["description"].as_str()),
        (Some("registered"), Some("by a program"))
    );
    assert!(case["fields"].get("reporter_phone").is_none() && case["withheld"] == json!(["reporter_phone"]), "{case}");
    assert_eq!(case["actions"], json!(["close", "pass_on"]));
    assert_eq!(dispatch.call("GET", &path, &[("if-none-match", "\"1\"")], None).await.status, 304);
    let close = json!({ "form": { "result": "done" } });
    let act = format!("{path}/close");
    let stale = dispatch.call("POST", &act, &[("if-match", "\"9\"")], Some(&close)).await;
    assert_eq!((stale.status, stale.json()["code"].as_str()), (412, Some("precondition_failed")), "{}", stale.text);
    let closed = dispatch.call("POST", &act, &[("if-match", "\"1\"")], Some(&close)).await;
    assert_eq!((closed.status, closed.json()["state"].as_str()), (200, Some("closed")), "{}", closed.text);
    assert_eq!(closed.header(header::ETAG), "\"2\"");
    let late = dispatch.post(&act, &close).await;
    assert_eq!((late.status, late.json()["code"].as_str()), (409, Some("wrong_state")));
}

#[tokio::test]
async fn lists_are_narrowed_by_place_and_filter_and_go_on_by_key() {
    let city = City::new().await;
    let (mut dispatch, mut other) = (Client::of(&city, "dispatch").await, Client::of(&city, "other").await);
    for n in 0..5 {
        opened(&mut dispatch, &format!("number {n}")).await;
        city.wait(1);
    }
    let (mut seen, mut path) = (0, format!("{CASES}?limit=2&open=true&fields=number,fields.category"));
    loop {
        let page = dispatch.get(&path).await;
        let body = page.json();
        assert!(
            body["items"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one.get("state").is_none() && one["fields"] == json!({ "category": "refuse" }))
        );
        seen += body["items"].as_array().unwrap().len();
        let Some(next) = body["next"].as_str() else { break };
        assert_eq!(page.header(header::LINK), format!("<{next}>; rel=\"next\""));
        path = next.to_owned();
    }
    assert_eq!(seen, 5);
    assert_eq!(dispatch.get(&format!("{CASES}?state=closed")).await.json()["items"], json!([]));
    assert_eq!(
        other.get(&format!("{CASES}?place=130903001")).await.json()["items"],
        json!([]),
        "asking widens nothing"
    );
    for bad in ["colour=red", "open=maybe", "after=zzz", "order=sideways", "level=street", "place=x"] {
        let answer = dispatch.get(&format!("{CASES}?{bad}")).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (422, Some("unreadable")),
            "{bad}: {}",
            answer.text
        );
    }
    let list = dispatch.get(CASES).await;
    let tag = list.header(header::ETAG).to_owned();
    assert_eq!(dispatch.call("GET", CASES, &[("if-none-match", &tag)], None).await.status, 304);
    opened(&mut dispatch, "one more").await;
    assert_eq!(dispatch.call("GET", CASES, &[("if-none-match", &tag)], None).await.status, 200);
}

#[tokio::test]
async fn a_problem_says_what_where_and_in_which_language() {
    let city = City::new().await;
    let mut client = Client::of(&city, "dispatch").await;
    let missing = json!({ "form": { "category": "refuse", "location": [116.84, 38.32] } });
    let refused = client.post(CASES, &missing).await;
    assert_eq!(refused.header(header::CONTENT_TYPE), "application/problem+json");
    let problem = refused.json();
    assert_eq!((refused.status, problem["status"].as_u64(), problem["code"].as_str()), (422, Some(422), Some("form")));
    assert_eq!(problem["errors"][0]["pointer"], "/form/description");
    assert_eq!(problem["errors"][0]["detail"], "Description: fill this in", "called as on the form");
    assert_eq!((problem["type"].as_str(), problem["instance"].as_str()), (Some("/api/docs#problem-form"), Some(CASES)));
    let channel = json!({ "form": {}, "channel": "pigeon" });
    assert_eq!(client.post(CASES, &channel).await.json()["errors"][0]["pointer"], "/form/channel");
    let outside = json!({ "form": { "category": "refuse", "description": "x", "location": [118.5, 38.5] } });
    assert_eq!(client.post(CASES, &outside).await.json()["code"], "outside");
    for body in [json!([1]), json!({}), json!({ "form": {}, "more": 1 })] {
        assert_eq!(client.post(CASES, &body).await.json()["code"], "unreadable", "{body}");
    }
    let typed = client.post(CASES, &json!({ "form": {}, "observed_at": "noon" })).await.json();
    assert_eq!(typed["errors"][0]["pointer"], "/observed_at", "{typed}");
    assert!(typed["errors"][0]["reason"].is_string() && typed["errors"][0]["detail"].is_string(), "{typed}");
    let misspelt = client.get(&format!("{CASES}?stat=new")).await;
    assert_eq!((misspelt.status, &misspelt.json()["errors"][0]["parameter"]), (422, &json!("stat")));
    opened(&mut client, "one to choose parts of").await;
    let chosen = client.get(&format!("{CASES}?fields=number,stat")).await;
    assert_eq!((chosen.status, &chosen.json()["errors"][0]["parameter"]), (422, &json!("fields")));
    client.browser.headers[0].1 = "zh".to_owned();
    assert_ne!(client.post(CASES, &missing).await.json()["title"], problem["title"]);
    assert_eq!(client.get("/api/processes/nothing/cases").await.json()["code"], "not_found");
    assert_eq!(client.get("/api/nothing").await.json()["code"], "not_found");
    let mut anyone = city.visitor();
    let stranger = anyone.read(CASES, None).await;
    assert_eq!((stranger.status, stranger.header(header::WWW_AUTHENTICATE)), (401, "Bearer"));
    let mut cookie = city.signed_in("dispatch").await;
    assert_eq!(cookie.json(CASES, None, &report("by a cookie")).await.status, 401, "a cookie changes nothing here");
}

#[tokio::test]
async fn a_case_of_another_process_is_not_there() {
    let city = City::new().await;
    let mut dispatch = Client::of(&city, "dispatch").await;
    let number = opened(&mut dispatch, "x").await;
    assert_eq!(dispatch.get(&format!("/api/processes/matter/cases/{number}")).await.status, 404);
    let act = dispatch
        .post(&format!("/api/processes/matter/cases/{number}/close"), &json!({ "form": { "result": "x" } }))
        .await;
    assert_eq!(act.status, 404, "{}", act.text);
    let mut other = Client::of(&city, "other").await;
    assert_eq!(other.post(&format!("{CASES}/{number}/close"), &json!({ "form": { "result": "x" } })).await.status, 404);
    let mut leader = Client::of(&city, "leader").await;
    assert_eq!(
        leader.post(&format!("{CASES}/{number}/close"), &json!({ "form": { "result": "x" } })).await.status,
        403
    );
}

#[tokio::test]
async fn the_journal_and_the_documents_of_a_case_are_read_and_made() {
    let city = City::new().await;
    let mut dispatch = Client::of(&city, "dispatch").await;
    let number = opened(&mut dispatch, "bags").await;
    let papers = format!("/api/processes/incident/documents/{number}");
    let before = dispatch.get(&papers).await.json();
    assert_eq!(before["issued"], json!([]), "{before}");
    assert!(before["may_issue"].as_array().unwrap().contains(&json!("receipt")), "{before}");
    let made = dispatch.post(&papers, &json!({ "document": "receipt" })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let issued = dispatch.get(&papers).await.json()["issued"][0].clone();
    assert_eq!((&issued["document"], &issued["standing"]), (&json!("receipt"), &json!("valid")));
    let pdf = dispatch.get(issued["pdf"].as_str().unwrap()).await;
    assert!(pdf.status == 200 && pdf.bytes.starts_with(b"%PDF-"), "{}", pdf.text);
    let withdraw = |reason: &str| json!({ "code": issued["code"], "reason": reason });
    let unreasoned = dispatch.post(&papers, &withdraw(" ")).await;
    assert_eq!((unreasoned.status, &unreasoned.json()["errors"][0]["pointer"]), (422, &json!("/reason")));
    for (status, body) in
        [(422, json!({})), (404, json!({ "document": "nothing" })), (404, json!({ "code": "0", "reason": "x" }))]
    {
        assert_eq!(dispatch.post(&papers, &body).await.status, status, "{body}");
    }
    let mut other = Client::of(&city, "other").await;
    let history = format!("/api/processes/incident/history/{number}");
    for path in [&papers, &history, &papers.replace("incident", "matter")] {
        assert_eq!(other.get(path).await.status, 404, "{path}");
    }
    assert_eq!(other.post(&papers, &withdraw("typed wrongly")).await.status, 404);
    assert_eq!(dispatch.post(&papers, &withdraw("typed wrongly")).await.status, 200);
    assert_eq!(dispatch.get(&papers).await.json()["issued"][0]["standing"], "withdrawn");
    let lines = dispatch.get(&history).await.json()["items"].clone();
    let lines = lines.as_array().unwrap();
    assert_eq!(lines.len(), 3, "opened, issued, withdrawn: {lines:?}");
    assert_eq!((&lines[2]["to"], lines[2]["post"].is_string()), (&json!("registered"), true), "{lines:?}");
    let chosen = dispatch.get(&format!("{history}?fields=seq,to")).await.json();
    assert_eq!(chosen["items"][0].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn many_commands_get_one_result_each() {
    let city = City::new().await;
    let mut dispatch = Client::of(&city, "dispatch").await;
    let number = opened(&mut dispatch, "first").await;
    let open = |id: &str, text: &str| json!({ "id": id, "open": report(text) });
    let many = json!([
        open("a", "second"),
        { "id": "b", "open": { "form": {} } },
        { "id": "c", "act": { "number": number, "action": "close", "form": { "result": "done" }, "version": 1 } },
        { "id": "d" },
        open("a", "second"),
    ]);
    let answer = dispatch.post("/api/processes/incident/bulk", &many).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let results = answer.json()["results"].clone();
    let statuses: Vec<u64> = results.as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 422, 200, 422, 200], "{results}");
    assert_eq!(results[0]["outcome"]["number"], results[4]["outcome"]["number"], "the same id is done once");
    assert_eq!((results[1]["id"].as_str(), results[1]["problem"]["code"].as_str()), (Some("b"), Some("form")));
    let pointer = results[1]["problem"]["errors"][0]["pointer"].as_str().unwrap();
    assert!(pointer.starts_with("/1/open/form/"), "into the whole of what was sent: {pointer}");
    assert_eq!(results[3]["problem"]["errors"][0]["pointer"], "/3");
    assert_eq!(results[2]["outcome"]["state"], "closed");
    let flood: Vec<Value> = (0..201).map(|n| open(&n.to_string(), "x")).collect();
    assert_eq!(dispatch.post("/api/processes/incident/bulk", &json!(flood)).await.status, 422);
}

#[tokio::test]
async fn rows_are_put_read_and_ended_as_their_register_allows() {
    let city = City::new().await;
    let (mut dispatch, mut verify) = (Client::of(&city, "dispatch").await, Client::of(&city, "verify").await);
    let well = |code: &str, depth: i64| json!({ "place": "130903001", "form": { "code": code, "name": "East", "depth_m": depth, "phone": "13912345678" } });
    let made = dispatch.post(WELLS, &well("W1", 80)).await;
    assert_eq!((made.status, made.location()), (201, "/api/registers/well/rows/130903/W1"), "{}", made.text);
    assert_eq!(made.json()["proposed"], false);
    let row = dispatch.get("/api/registers/well/rows/130903/W1").await;
    assert_eq!((row.header(header::ETAG), row.json()["fields"]["depth_m"].as_i64()), ("\"1\"", Some(80)));
    assert!(!row.text.contains("13912345678"), "personal values are never told");
    assert_eq!(verify.post(WELLS, &well("W2", 80)).await.status, 403);
    let put = json!({ "partial": true, "form": { "depth_m": 90 } });
    let path = "/api/registers/well/rows/130903/W1";
    assert_eq!(dispatch.call("PUT", path, &[("if-match", "\"7\"")], Some(&put)).await.status, 412);
    let changed = dispatch.call("PUT", path, &[("if-match", "\"1\"")], Some(&put)).await;
    assert_eq!((changed.status, changed.header(header::ETAG)), (200, "\"2\""), "{}", changed.text);
    let deep = dispatch.get(&format!("{WELLS}?f.depth_m.from=85&sort=-depth_m")).await.json();
    assert_eq!(deep["items"][0]["key"], "W1");
    assert_eq!(dispatch.get(&format!("{WELLS}?f.depth_m.from=95")).await.json()["items"], json!([]));
    // Anyone reads public fields of a public register, and nobody else's.
    let open = city.visitor().read(WELLS, None).await.json();
    assert_eq!(open["items"][0]["fields"], json!({ "code": "W1", "name": "East" }));
    assert_eq!(city.visitor().read("/api/registers/quota/rows", None).await.status, 401);
    assert_eq!(Client::of(&city, "other").await.get(path).await.status, 404);
    let many = json!([{ "put": well("W3", 60) }, { "put": well("W4", 0) }]);
    let results = dispatch.post("/api/registers/well/bulk", &many).await.json()["results"].clone();
    assert_eq!(
        (results[0]["status"].as_u64(), results[1]["problem"]["errors"][0]["pointer"].as_str()),
        (Some(200), Some("/1/put/form/depth_m"))
    );
    assert_eq!(dispatch.call("DELETE", path, &[], None).await.status, 200);
    let keys = dispatch.get(WELLS).await.json();
    assert!(keys["items"].as_array().unwrap().iter().all(|row| row["key"] != "W1"), "{keys}");
}

#[tokio::test]
async fn two_persons_change_what_needs_two() {
    let city = City::new().await;
    let (mut dispatch, mut verify) = (Client::of(&city, "dispatch").await, Client::of(&city, "verify").await);
    let well = json!({ "place": "130903001", "form": { "code": "W1", "depth_m": 80 } });
    assert_eq!(dispatch.post(WELLS, &well).await.status, 201);
    let quota = json!({ "place": "130903001", "from": "2022-01-01", "form": { "well": "W1", "volume_m3": 900 } });
    let proposed = dispatch.post("/api/registers/quota/rows", &quota).await;
    assert_eq!((proposed.status, proposed.json()["proposed"].as_bool()), (202, Some(true)), "{}", proposed.text);
    let waiting = verify.get("/api/registers/quota/proposals?state=open").await.json();
    let id = waiting["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(waiting["items"][0]["fields"]["volume_m3"], 900);
    let decide = |verdict: &str| format!("/api/registers/quota/proposals/130903/{id}/{verdict}");
    assert_eq!(dispatch.post(&decide("approve"), &json!({})).await.status, 403, "not by whoever proposed it");
    assert_eq!(verify.post(&decide("burn"), &json!({})).await.status, 404);
    let elsewhere = format!("/api/registers/well/proposals/130903/{id}/approve");
    assert_eq!(verify.post(&elsewhere, &json!({})).await.status, 404);
    let approved = verify.post(&decide("approve"), &json!({})).await;
    assert_eq!(approved.status, 200, "{}", approved.text);
    let row = verify.get("/api/registers/quota/rows/130903/W1").await.json();
    assert_eq!(row["fields"]["volume_m3"], 900);
}

#[tokio::test]
async fn figures_and_places_are_read_by_anyone_as_far_as_they_are_told() {
    let city = City::new().await;
    let mut dispatch = Client::of(&city, "dispatch").await;
    opened(&mut dispatch, "x").await;
    let figure = dispatch.get("/api/figures/reports?place=130903001&period=2022-06").await.json();
    assert_eq!(
        (figure["figure"]["value"].as_str(), figure["figure"]["rows"].as_i64()),
        (Some("1"), Some(1)),
        "{figure}"
    );
    assert_eq!(dispatch.get("/api/figures/reports?place=130903002").await.status, 404, "outside the post's place");
    assert_eq!(dispatch.get("/api/figures/reports?period=someday").await.status, 422);
    let mut anyone = city.visitor();
    let told = anyone.read("/api/figures/reports?place=130903&period=2022-06&children=true", None).await.json();
    assert!(told["figure"]["value"].is_null(), "fewer than five are not told: {told}");
    assert_eq!(told["children"].as_array().unwrap().len(), 2);
    let known = anyone.read("/api/figures", None).await.json();
    assert!(known["items"].as_array().unwrap().iter().any(|one| one["indicator"] == "reports"), "{known}");
    let towns = anyone.read("/api/places?parent=130903", None).await.json();
    assert_eq!(towns["items"][0]["name"], "West Town");
    let grid = anyone.read("/api/places/130903001201001", None).await.json();
    assert_eq!((grid["level"].as_str(), grid["above"].as_array().unwrap().len()), (Some("grid"), 3));
    let at = anyone.read("/api/places/at?lon=116.84&lat=38.32", None).await.json();
    assert_eq!(at["here"]["code"], "130903001201001");
    assert_eq!(anyone.read("/api/places/at?lon=900&lat=38.32", None).await.status, 422);
    assert_eq!(anyone.read("/api/places/999999", None).await.status, 404);
}

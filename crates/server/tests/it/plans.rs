//! Plans from outside: who finds which, what a computed one shows, and adopting it alone and as proposals for a second person.

use crate::rest::Client;
use crate::staff::{Town, key};
use crate::support::{Answer, Browser, City, model};
use serde_json::{Value, json};
use std::sync::Arc;

/// Wells: code, use, depth, longitude, latitude. A walk of fifteen minutes is some 960 m in a straight line.
const WELLS: [(&str, &str, &str, &str); 4] = [
    ("T1", "town", "100", "116.8400, 38.3200"),
    ("F1", "farm", "80", "116.8400, 38.3250"),
    ("F2", "farm", "60", "116.8400, 38.3400"),
    ("F3", "farm", "20", ""),
];

async fn with_wells(city: &City) -> Browser {
    let mut dan = city.signed_in("dispatch").await;
    for (code, of_use, depth, at) in WELLS {
        let form = [("-place", "130903001"), ("code", code), ("use", of_use), ("depth_m", depth), ("at", at)];
        let answer = dan.post_form("/registers/well/new", &form).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
    dan
}

fn hidden<'t>(page: &'t Answer, name: &str) -> &'t str {
    let mark = format!("name=\"{name}\" value=\"");
    page.text.split(&mark).nth(1).unwrap_or_else(|| panic!("no {name}: {}", page.text)).split('"').next().unwrap()
}

/// Adopts what a page shows.
async fn adopt(browser: &mut Browser, name: &str, page: &Answer) -> Answer {
    let form = [
        ("place", hidden(page, "place")),
        ("date", hidden(page, "date")),
        ("run", "1"),
        ("digest", hidden(page, "digest")),
        ("command_id", hidden(page, "command_id")),
    ];
    browser.post_form(&format!("/plans/{name}/adopt"), &form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_there_for_those_it_names_and_for_their_places() {
    let city = City::new().await;
    let mut dan = with_wells(&city).await;
    let list = dan.get("/plans").await;
    assert!(list.text.contains("/plans/reach") && list.text.contains("/plans/sharing"), "{}", list.text);
    assert!(dan.get("/desk").await.text.contains("href=\"/plans\""));
    for path in ["/plans/nothing", "/plans/reach?place=130903002", "/plans/reach?place=1309", "/plans/reach?place=x"] {
        assert_eq!(dan.get(path).await.status, 404, "{path}");
    }
    assert_eq!(dan.get("/plans/reach?date=soon").await.status, 422);
    let mut worker = city.signed_in("worker").await;
    assert!(!worker.get("/desk").await.text.contains("href=\"/plans\""), "no entry of the menu leads nowhere");
    for page in ["", "/points", "/export.xlsx"] {
        assert_eq!(worker.get(&format!("/plans/reach{page}")).await.status, 404);
    }
    assert_eq!(worker.post_form("/plans/reach/adopt", &[]).await.status, 404);
    let mut leader = city.signed_in("leader").await;
    let seen = leader.get("/plans/reach?place=130903").await;
    assert_eq!(seen.status, 200);
    assert!(seen.text.contains("may look at the plan but not adopt it"), "{}", seen.text);
    assert_eq!(leader.get("/plans/sharing").await.status, 404);
    assert_eq!(leader.post_form("/plans/reach/adopt", &[("run", "1")]).await.status, 403);
    let mut other = city.signed_in("other").await;
    let east = other.get("/plans/reach").await;
    assert!(!east.text.contains(">F1") && east.text.contains("Person other"), "rows of another township are not seen");
    let anyone = city.visitor().get("/plans").await;
    assert_eq!(anyone.status, 303);
    assert_eq!(city.visitor().post_raw("/plans/reach/adopt", &[]).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_computed_is_shown_as_tables_points_and_a_spreadsheet() {
    let city = City::new().await;
    let mut dan = with_wells(&city).await;
    let page = dan.get("/plans/reach").await;
    assert_eq!(page.status, 200, "{}", page.text);
    for part in ["1 of 2 wells are within reach", "One row has no position", "F3", "F2", "50 %", "Best further sites"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let far = dan.get("/plans/reach?run=1&f.minutes=60&place=130903001").await;
    assert!(far.text.contains("Everything is served"), "{}", far.text);
    let bad = dan.get("/plans/reach?run=1&f.minutes=0").await;
    assert_eq!(bad.status, 422);
    assert!(bad.text.contains("error-summary"), "{}", bad.text);
    let points = dan.get("/plans/reach/points").await.json();
    let kinds: Vec<&str> = points["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["properties"]["clock_kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["plenty", "overdue", "done", "soon"], "{points}");
    let sheet = dan.get("/plans/reach/export.xlsx").await;
    assert_eq!((sheet.status, &sheet.bytes[..2]), (200, &b"PK"[..]));
    assert_eq!(dan.get("/plans/reach/export.xlsx?part=lacks").await.status, 200);
    let yesterday = dan.get("/plans/reach?date=2022-06-26").await;
    assert_eq!(yesterday.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn adopting_writes_exactly_what_was_shown_and_says_who_and_why() {
    let city = City::new().await;
    let mut dan = with_wells(&city).await;
    let page = dan.get("/plans/reach").await;
    let forged = [("run", "1"), ("digest", "0")];
    let refused = dan.post_form("/plans/reach/adopt", &forged).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    // Something changes after the page was opened.
    let deeper = [
        ("-place", "130903001"),
        ("code", "F2"),
        ("use", "farm"),
        ("depth_m", "61"),
        ("at", "116.8400, 38.3400"),
        ("version", "1"),
    ];
    assert_eq!(dan.post_form("/registers/well/edit/130903/F2", &deeper).await.status, 303);
    let late = adopt(&mut dan, "reach", &page).await;
    assert_eq!(late.status, 409);
    assert!(late.text.contains("Rows changed since you opened this page"), "{}", late.text);
    let done = adopt(&mut dan, "reach", &late).await;
    assert_eq!(done.status, 303, "{}", done.text);
    let card = dan.get("/registers/well/rows/130903/F1").await;
    for part in ["near", "采纳方案“步行可达”", "Person dispatch"] {
        assert!(card.text.contains(part), "{part}: {}", card.text);
    }
    let far = dan.get("/registers/well/rows/130903/F2").await;
    assert!(far.text.contains(">far<") || far.text.contains("far"), "{}", far.text);
    let again = dan.get("/plans/reach").await;
    assert!(again.text.contains("there is nothing to adopt"), "{}", again.text);
    let twice = dan.post_form("/plans/reach/adopt", &[("run", "1")]).await;
    assert_eq!(twice.status, 303, "what is as the plan says already is not touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_two_persons_are_needed_adopting_proposes_once() {
    let city = City::new().await;
    let mut dan = with_wells(&city).await;
    let page = dan.get("/plans/sharing").await;
    assert!(
        page.text.contains("100 of 160 cubes are served") && page.text.contains("What more would help"),
        "{}",
        page.text
    );
    assert!(page.text.contains("needs another person"), "{}", page.text);
    assert_eq!(adopt(&mut dan, "sharing", &page).await.status, 303);
    let mut verifier = city.signed_in("verify").await;
    let inbox = verifier.get("/proposals").await;
    // Each has its buttons, and all of them together.
    assert_eq!(inbox.text.matches("value=\"approve\"").count(), 4, "{}", inbox.text);
    assert!(inbox.text.contains("采纳方案“分水”"));
    let waits = dan.get("/plans/sharing").await;
    assert!(
        waits.text.contains("a change waits for approval") && waits.text.contains("there is nothing to adopt"),
        "{}",
        waits.text
    );
    let group = [("register", "quota"), ("account", hidden(&inbox, "account")), ("why", hidden(&inbox, "why"))];
    let with = |more: [(&'static str, &'static str); 2]| group.iter().copied().chain(more).collect::<Vec<_>>();
    let unreasoned = with([("verdict", "reject"), ("reason", "")]);
    assert_eq!(verifier.post_form("/proposals/together", &unreasoned).await.status, 303);
    assert!(verifier.get("/proposals").await.text.contains("A rejection needs a reason"));
    let all = with([("verdict", "approve"), ("reason", "checked")]);
    assert_eq!(dan.post_form("/proposals/together", &all).await.status, 303, "nothing of that waits for him");
    assert!(!dan.get("/registers/quota").await.text.contains(">F1<"), "who proposes approves nothing");
    assert_eq!(verifier.post_form("/proposals/together", &all).await.status, 303);
    let quotas = verifier.get("/registers/quota").await;
    assert!(quotas.text.contains(">F1<") && quotas.text.contains(">F3<"), "{}", quotas.text);
    // Two household wells would each give to the same farm well: the result would have two rows of one key.
    let more = [("-place", "130903001"), ("code", "T2"), ("use", "town"), ("depth_m", "1")];
    assert_eq!(dan.post_form("/registers/well/new", &more).await.status, 303);
    let refused = dan.get("/plans/sharing").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Two rows of the result have the key"), "{}", refused.text);
}

/// Code and pointer of a problem.
fn problem(answer: &Answer) -> (u16, String, String) {
    let body = answer.json();
    let first = body["errors"][0]["pointer"].as_str().or(body["errors"][0]["parameter"].as_str()).unwrap_or_default();
    (answer.status, body["code"].as_str().unwrap_or_default().to_owned(), first.to_owned())
}

const REACH: &str = "/api/plans/reach";

#[tokio::test(flavor = "multi_thread")]
async fn other_software_computes_and_adopts_what_the_page_does() {
    let city = City::new().await;
    with_wells(&city).await;
    let mut dan = Client::of(&city, "dispatch").await;
    let list = dan.get("/api/plans").await.json();
    let told = |one: &Value| (one["plan"].clone(), one["kind"].clone(), one["asks"].clone(), one["adopts"].clone());
    assert_eq!(told(&list["items"][0]), (json!("reach"), json!("coverage"), json!(["minutes"]), json!(true)), "{list}");
    let answer = dan.get(REACH).await;
    let plan = answer.json();
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!((&plan["asked"], &plan["served"], &plan["form"]), (&json!("2"), &json!("1"), &json!({ "minutes": 15 })));
    assert_eq!(
        (&plan["lacks"][0]["subject"]["key"], &plan["missing"][0]["subject"]["key"]),
        (&json!("F2"), &json!("F3"))
    );
    assert_eq!((plan["reached"].as_array().map(Vec::len), plan["flows"].as_array().map(Vec::len)), (Some(2), Some(0)));
    let tag = answer.header("etag").to_owned();
    assert_eq!(dan.call("GET", REACH, &[("if-none-match", &tag)], None).await.status, 304);
    let far = dan.get(&format!("{REACH}?f.minutes=60&place=130903001&fields=served,lacks")).await.json();
    assert_eq!(far, json!({ "served": "2", "lacks": [] }));
    for (query, wrong) in [
        ("f.minutes=0", (422, "form", "/form/minutes")),
        ("f.colour=1", (422, "unreadable", "f.colour")),
        ("colour=1", (422, "unreadable", "colour")),
        ("date=soon", (422, "unreadable", "date")),
        ("place=130903002", (404, "not_found", "")),
    ] {
        let answer = dan.get(&format!("{REACH}?{query}")).await;
        assert_eq!(problem(&answer), (wrong.0, wrong.1.to_owned(), wrong.2.to_owned()), "{query}: {}", answer.text);
    }
    let path = format!("{REACH}/adopt");
    assert_eq!(problem(&dan.post(&path, &json!({ "digest": "0" })).await).1, "changed");
    assert_eq!(problem(&dan.post(&path, &json!({})).await).1, "unreadable");
    let seen = json!({ "digest": plan["adopt"]["digest"] });
    let done = dan.post(&path, &seen).await;
    assert_eq!(
        (done.status, done.json()),
        (200, json!({ "changes": 2, "failed": 0, "proposed": false })),
        "{}",
        done.text
    );
    let row = dan.get("/api/registers/well/rows/130903/F2").await.json();
    assert_eq!(row["fields"]["name"], "far");
    let again = dan.post(&path, &seen).await;
    assert_eq!(
        (again.status, again.json()["changes"].clone()),
        (200, json!(0)),
        "what is as the plan says is not touched"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_software_finds_no_more_plans_than_its_post_and_scopes_give() {
    let city = City::new().await;
    with_wells(&city).await;
    let seen = |answer: &Answer| answer.json()["items"].as_array().map(Vec::len);
    let adopting = json!({ "digest": "0" });
    let mut worker = Client::of(&city, "worker").await;
    assert_eq!(seen(&worker.get("/api/plans").await), Some(0));
    assert_eq!(
        (worker.get(REACH).await.status, worker.post(&format!("{REACH}/adopt"), &adopting).await.status),
        (404, 404)
    );
    let mut leader = Client::of(&city, "leader").await;
    let looked = leader.get(&format!("{REACH}?place=130903")).await.json();
    assert_eq!(looked["adopt"]["may"], false);
    assert_eq!(leader.post(&format!("{REACH}/adopt"), &adopting).await.status, 403);
    let mut other = Client::of(&city, "other").await;
    assert_eq!(other.get(REACH).await.json()["asked"], "0", "rows of another township are not there");
    assert_eq!(city.visitor().read(REACH, None).await.status, 401);
    let mut dan = Client::of(&city, "dispatch").await;
    let sharing = dan.get("/api/plans/sharing").await.json();
    let seen_first = json!({ "digest": sharing["adopt"]["digest"] });
    let proposed = dan.post("/api/plans/sharing/adopt", &seen_first).await;
    assert_eq!((proposed.status, &proposed.json()["proposed"]), (202, &json!(true)), "{}", proposed.text);
    assert!(dan.get("/api/plans/sharing").await.json()["adopt"]["waiting"].as_u64() > Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_adopts_with_the_scopes_of_plan_and_register_together() {
    let town = Town::of(&Arc::new(model()), &[]).await;
    let mut admin = town.as_("countyadmin").await;
    let mut made = async |name, scopes: &[&str]| key(&mut admin, (name, "dispatcher", "130903001"), scopes).await;
    let plan = made("plan", &["plans:reach:write"]).await;
    let both = made("both", &["plans:reach:write", "registers:well:write"]).await;
    let rows = made("rows", &["registers:*:write"]).await;
    let ask = async |secret: &str, path: &str| town.visitor().read(path, Some(secret)).await;
    let names = |answer: &Answer| {
        let body = answer.json();
        let all = body["items"].as_array().unwrap().iter().map(|one| one["plan"].as_str().unwrap().to_owned());
        all.collect::<Vec<_>>()
    };
    assert_eq!(names(&ask(&plan, "/api/plans").await), ["reach"]);
    assert_eq!(names(&ask(&rows, "/api/plans").await), Vec::<String>::new());
    assert_eq!((ask(&rows, REACH).await.status, ask(&plan, "/api/plans/sharing").await.status), (403, 403));
    let looked = ask(&plan, REACH).await;
    assert_eq!((looked.status, &looked.json()["adopt"]["may"]), (200, &json!(false)), "{}", looked.text);
    let adopt = async |secret: &str| {
        town.visitor().json(&format!("{REACH}/adopt"), Some(secret), &json!({ "digest": "0" })).await.status
    };
    assert_eq!((adopt(&plan).await, adopt(&rows).await, adopt(&both).await), (403, 403, 200));
}

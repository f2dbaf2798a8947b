//! Batches of documents, tables and bulletins for other software: begun once for a repeated wish, in the caller's name, fetched by the
//! caller alone; the same files as the pages give, for the same posts.

use crate::forms::reported;
use crate::registers::with_well;
use crate::rest::Client;
use crate::support::{Answer, City, Part};
use ganglion_model::Shard;
use serde_json::{Value, json};

const CASES: &str = "/api/processes/incident/batches";
const ROWS: &str = "/api/registers/well/batches";

/// A batch once it is over; each look lets it go on.
async fn over(client: &mut Client, href: &str) -> Value {
    for _ in 0..10_000 {
        let batch = client.get(href).await;
        assert_eq!(batch.status, 200, "{}", batch.text);
        if batch.json()["stage"] != "running" {
            return batch.json();
        }
        tokio::task::yield_now().await;
    }
    panic!("the batch does not end");
}

fn href(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.text);
    let href = answer.json()["href"].as_str().unwrap().to_owned();
    assert_eq!(answer.location(), href);
    href
}

/// Two reports with a name in the western township.
async fn ground() -> (City, Client) {
    let city = City::new().await;
    for _ in 0..2 {
        reported(&mut city.visitor(), vec![Part::Text("reporter_name", "张三丰")]).await;
    }
    let dispatch = Client::of(&city, "dispatch").await;
    (city, dispatch)
}

#[tokio::test]
async fn a_batch_over_cases_is_begun_once_and_issues_what_is_missing() {
    let (city, mut dan) = ground().await;
    let wish = json!({ "document": "receipt", "make": true });
    let once = [("idempotency-key", "receipts of June")];
    let first = href(&dan.call("POST", CASES, &once, Some(&wish)).await);
    let again = href(&dan.call("POST", CASES, &once, Some(&wish)).await);
    assert_eq!(again, first, "the same wish is the same batch");
    let done = over(&mut dan, &first).await;
    let counts = ["total", "looked", "made", "printed", "left_out"].map(|name| done[name].as_u64().unwrap());
    assert_eq!((counts, done["stage"].as_str()), ([2, 2, 2, 2, 0], Some("done")), "{done}");
    assert_eq!((&done["document"], &done["place"]), (&json!("receipt"), &json!("130903001")));
    let zip = dan.get(done["zip"].as_str().unwrap()).await;
    assert_eq!((zip.status, zip.header("content-type")), (200, "application/zip"));
    assert_eq!(zip.bytes.windows(5).filter(|part| *part == b"%PDF-").count(), 2);
    let second = href(&dan.post(CASES, &wish).await);
    assert_ne!(second, first);
    let done = over(&mut dan, &second).await;
    assert_eq!((&done["made"], &done["printed"]), (&json!(0), &json!(2)), "what stands is not issued again");
    let listed = dan.get(CASES).await.json();
    let ids: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|one| &one["href"]).collect();
    assert_eq!(ids, [&json!(second), &json!(first)], "newest first");
    assert_eq!(dan.get(ROWS).await.json()["items"], json!([]), "none over rows");
    let id = first.rsplit('/').next().unwrap();
    assert_eq!(dan.get(&format!("{ROWS}/{id}")).await.status, 404, "it is no batch over rows");
    let mut other = Client::of(&city, "verify").await;
    for path in [first.clone(), format!("{first}/zip")] {
        assert_eq!(other.get(&path).await.status, 404, "{path}: another's");
    }
    assert_eq!(other.call("DELETE", &first, &[], None).await.status, 404);
    assert_eq!(dan.call("DELETE", &first, &[], None).await.status, 200, "one that is over stays as it is");
}

#[tokio::test]
async fn a_batch_over_rows_is_made_of_the_list_as_it_is_filtered() {
    let city = City::new().await;
    with_well(&city).await;
    let mut dan = Client::of(&city, "dispatch").await;
    let well = json!({ "place": "130903001", "form": { "code": "W2", "name": "W2", "depth_m": 90 } });
    assert_eq!(dan.post("/api/registers/well/rows", &well).await.status, 201);
    let wish = json!({ "document": "well_card", "make": true, "filter": { "f.depth_m.from": "85" } });
    let begun = href(&dan.post(ROWS, &wish).await);
    let done = over(&mut dan, &begun).await;
    let counts = ["total", "made", "printed"].map(|name| done[name].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 1], "only the deeper one: {done}");
    let row = (Shard(130_903), "well".to_owned(), "W1".to_owned());
    let papers = city.store.row_versions(&row).await.unwrap().into_iter().flat_map(|version| version.documents);
    assert_eq!(papers.count(), 0, "not of the list");
}

#[tokio::test]
async fn a_batch_that_cannot_be_is_refused_with_the_member_that_is_wrong() {
    let (city, mut dan) = ground().await;
    let wrong = [
        (CASES, json!({ "make": true }), ""),
        (CASES, json!({ "document": "nothing" }), "/document"),
        (CASES, json!({ "document": "well_card" }), "/document"),
        (CASES, json!({ "document": "receipt", "place": "130903002" }), "/place"),
        (CASES, json!({ "document": "receipt", "filter": { "q": "x" } }), "/filter"),
        (CASES, json!({ "document": "receipt", "colour": "red" }), "/colour"),
        (ROWS, json!({ "document": "well_card", "place": "130903001" }), "/place"),
        (ROWS, json!({ "document": "well_card", "filter": { "f.colour": "red" } }), "/filter/f.colour"),
        (ROWS, json!({ "document": "well_card", "filter": { "f.phone": "1" } }), "/filter/f.phone"),
    ];
    for (path, body, pointer) in wrong {
        let answer = dan.post(path, &body).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}: {}", answer.text);
    }
    let mut verifier = Client::of(&city, "verify").await;
    let refused = verifier.post(CASES, &json!({ "document": "receipt" })).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("not_allowed")), "issues no such thing");
    for path in [CASES, ROWS] {
        assert_eq!(dan.get(path).await.json()["items"], json!([]), "nothing was begun");
    }
    let mut browser = city.signed_in("dispatch").await;
    let cookie = browser.json(CASES, None, &json!({ "document": "receipt" })).await;
    assert_eq!(cookie.status, 401, "a cookie alone begins nothing");
}

#[tokio::test]
async fn tables_and_bulletins_are_the_files_of_the_pages_for_the_same_posts() {
    let (city, mut dan) = ground().await;
    let tables = dan.get("/api/tables").await.json();
    let [table] = tables["items"].as_array().unwrap().as_slice() else { panic!("{tables}") };
    assert_eq!(
        (&table["table"], &table["rows"], &table["process"]),
        (&json!("open_reports"), &json!("cases"), &json!("incident"))
    );
    let sheet = dan.get(table["href"].as_str().unwrap()).await;
    assert_eq!(sheet.status, 200, "{}", sheet.text);
    let limits = ganglion_documents::xlsx::ReadLimits::default();
    let rows = ganglion_documents::xlsx::read(&sheet.bytes, limits).unwrap();
    assert_eq!(rows.iter().flatten().filter(|cell| cell.starts_with("SB-")).count(), 2, "{rows:?}");
    assert!(rows[1][0].contains("Person dispatch"), "who took it is said: {:?}", rows[1]);
    let refused = dan.get("/api/tables/open_reports?period=2022-06").await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["parameter"]),
        (422, &json!("period")),
        "it has no period"
    );
    assert_eq!(dan.get("/api/tables/nothing").await.status, 404);
    assert_eq!(dan.get("/api/bulletins").await.json()["items"], json!([]), "not for a dispatcher");
    assert_eq!(dan.get("/api/bulletins/report").await.status, 404);
    let mut leader = Client::of(&city, "leader").await;
    let bulletins = leader.get("/api/bulletins").await.json();
    let [one] = bulletins["items"].as_array().unwrap().as_slice() else { panic!("{bulletins}") };
    assert_eq!((&one["bulletin"], &one["periods"]), (&json!("report"), &json!(["2022-05", "2022-06"])), "{one}");
    let june = leader.get("/api/bulletins/report?period=2022-06").await;
    assert_eq!((june.status, june.header("content-type")), (200, "application/pdf"), "{}", june.text);
    let page = city.signed_in("leader").await.get("/bulletins/report.pdf?period=2022-06").await;
    assert!(june.bytes == page.bytes, "the same as the page gives");
    assert_eq!(leader.get("/api/bulletins/report?period=x").await.status, 422);
}

#[tokio::test]
async fn a_board_has_every_state_with_its_count_and_goes_on_in_the_list() {
    let (city, mut dan) = ground().await;
    let path = "/api/processes/incident/board";
    let board = dan.get(&format!("{path}?limit=1")).await.json();
    let columns = board["columns"].as_array().unwrap();
    let first = columns.iter().find(|one| one["state"] == "registered").unwrap();
    assert_eq!((&first["count"], first["items"].as_array().unwrap().len()), (&json!(2), 1), "{first}");
    let rest = dan.get(first["next"].as_str().unwrap()).await;
    assert_eq!(rest.status, 200, "{}", rest.text);
    let rest = rest.json()["items"].clone();
    assert_eq!(rest.as_array().unwrap().len(), 1, "{rest}");
    assert_ne!(rest[0]["number"], first["items"][0]["number"]);
    let all = dan.get(&format!("{path}?fields=columns")).await.json();
    assert!(all["columns"].as_array().unwrap().iter().all(|one| one["next"].is_null()), "{all}");
    let mut other = Client::of(&city, "other").await;
    let theirs = other.get(path).await.json();
    assert!(theirs["columns"].as_array().unwrap().iter().all(|one| one["count"] == 0), "another township's");
    for bad in ["limit=0", "limit=21", "state=registered"] {
        assert_eq!(dan.get(&format!("{path}?{bad}")).await.status, 422, "{bad}");
    }
}

#[tokio::test]
async fn a_draft_of_a_document_is_read_and_issues_nothing() {
    let (city, mut dan) = ground().await;
    let list = dan.get("/api/processes/incident/cases").await.json();
    let number = list["items"][0]["number"].as_str().unwrap().to_owned();
    let path = format!("/api/processes/incident/documents/{number}");
    let draft = dan.get(&format!("{path}?preview=receipt")).await;
    assert_eq!((draft.status, draft.header("content-type")), (200, "application/pdf"), "{}", draft.text);
    assert_eq!(dan.get(&path).await.json()["issued"], json!([]));
    assert_eq!(dan.get(&format!("{path}?preview=well_card")).await.status, 404);
    let mut leader = Client::of(&city, "leader").await;
    assert_eq!(leader.get(&format!("{path}?preview=receipt")).await.status, 404, "who may not issue it");
    with_well(&city).await;
    let row = "/api/registers/well/documents/130903/W1";
    let draft = dan.get(&format!("{row}?preview=well_card")).await;
    assert_eq!((draft.status, draft.header("content-type")), (200, "application/pdf"), "{}", draft.text);
    assert_eq!(dan.get(row).await.json()["issued"], json!([]));
}

#[tokio::test]
async fn versions_of_a_row_are_told_with_who_put_them_and_why() {
    let city = City::new().await;
    let mut dan = Client::of(&city, "dispatch").await;
    let put =
        |depth: u32, why: &str| json!({ "form": { "code": "W7", "depth_m": depth }, "place": "130903001", "why": why });
    assert_eq!(dan.post("/api/registers/well/rows", &put(80, "dug")).await.status, 201);
    city.wait(86_400);
    let mut dan = Client::of(&city, "dispatch").await;
    let row = "/api/registers/well/rows/130903/W7";
    let changed = dan.call("PUT", row, &[], Some(&put(95, "dug deeper"))).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let history = "/api/registers/well/history/130903/W7";
    let told = dan.get(history).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let items = told.json()["items"].clone();
    let newest = &items[0];
    assert_eq!((&newest["why"], &newest["fields"]["depth_m"]), (&json!("dug deeper"), &json!(95)), "{items}");
    assert!(
        newest["by"]["post"].as_str().is_some() && newest["by"]["who"].as_str().unwrap().contains("Person dispatch")
    );
    assert_eq!(newest["approved"], json!(null));
    assert!(items.as_array().unwrap().iter().all(|one| one["fields"].get("phone").is_none()));
    let mut other = Client::of(&city, "other").await;
    assert_eq!(other.get(history).await.status, 404, "another township's");
    assert_eq!(city.visitor().read(history, None).await.status, 401);
}

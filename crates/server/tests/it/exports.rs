//! Exports tell how many rows they hold, how many there are, and how far they are.

use crate::rest::Client;
use crate::support::{Answer, Browser, City};
use axum::body::Body;
use axum::http::{Request, header};
use ganglion_documents::xlsx::{ReadLimits, read};
use serde_json::{Value, json};

/// A register about persons: an export holds a thousand rows of it.
const WELLS: &str = "/registers/well/export";
const MOST: usize = 1_000;

async fn with_wells(city: &City, count: usize) -> Browser {
    let mut client = Client::of(city, "dispatch").await;
    let well = |n: usize| json!({ "put": { "form": { "code": format!("B{n:04}"), "depth_m": 60, "phone": "13912345678" }, "place": "130903001" } });
    for begin in (0..count).step_by(200) {
        let many: Vec<Value> = (begin..count.min(begin + 200)).map(well).collect();
        let answer = client.post("/api/registers/well/bulk", &json!(many)).await;
        let done = answer.json()["results"].as_array().unwrap().iter().filter(|one| one["status"] == 200).count();
        assert_eq!((answer.status, done), (200, many.len()), "{}", answer.text);
    }
    city.signed_in("dispatch").await
}

/// Total and found rows as an answer tells them.
fn told(answer: &Answer) -> (&str, &str) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    (answer.header("x-total-rows"), answer.header("x-found-rows"))
}

/// Asks to be told of the progress: the numbers told, and the file after them.
async fn followed(browser: &mut Browser, path: &str) -> (Vec<u32>, Vec<u8>, Answer) {
    let request = Request::get(path).header("x-progress", "rows").header(header::ACCEPT_ENCODING, "gzip");
    let answer = browser.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/vnd.ganglion.export");
    assert_eq!(answer.header(header::CONTENT_ENCODING), "identity", "packed, its lines would wait");
    let at = answer.bytes.windows(3).position(|three| three == b"\n=\n").expect("the file begins");
    let lines = std::str::from_utf8(&answer.bytes[..at]).unwrap();
    let rows = lines.lines().map(|line| line.parse().unwrap()).collect();
    (rows, answer.bytes[at + 3..].to_vec(), answer)
}

/// The rows of a spreadsheet below its notes, that is from the line on whose first cell is `head`.
fn rows_below(bytes: &[u8], head: &str) -> Vec<Vec<String>> {
    let mut rows = read(bytes, ReadLimits::default()).unwrap().into_iter();
    rows.find(|row| row.first().is_some_and(|cell| cell == head)).expect("the heads");
    rows.filter(|row| row.first().is_some_and(|cell| !cell.is_empty())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_tells_how_many_rows_it_holds_and_how_far_it_is() {
    let city = City::new().await;
    let mut dan = with_wells(&city, 3).await;
    for end in ["csv", "xlsx"] {
        assert_eq!(told(&dan.get(&format!("{WELLS}.{end}?f.depth_m.from=60")).await), ("3", "3"), "{end}");
        assert_eq!(told(&dan.get(&format!("{WELLS}.{end}?f.depth_m.from=61")).await), ("0", "0"), "{end}");
    }
    let whole = dan.get(&format!("{WELLS}.xlsx")).await;
    let (steps, file, answer) = followed(&mut dan, &format!("{WELLS}.xlsx")).await;
    assert_eq!((steps.as_slice(), told(&answer)), ([3].as_slice(), ("3", "3")));
    assert!(answer.header(header::CONTENT_DISPOSITION).contains(".xlsx"));
    assert_eq!(rows_below(&file, "Key").len(), 3);
    assert_eq!(rows_below(&whole.bytes, "Key"), rows_below(&file, "Key"), "the same file, told of or not");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_export_leaves_out_is_said_in_it_and_beside_it() {
    let city = City::new().await;
    let mut dan = with_wells(&city, MOST + 1).await;
    let csv = dan.get(&format!("{WELLS}.csv")).await;
    assert_eq!(told(&csv), ("1000", "1001"));
    assert!(csv.text.contains("There are more rows"), "{}", csv.text.lines().last().unwrap_or_default());
    let (steps, file, answer) = followed(&mut dan, &format!("{WELLS}.xlsx")).await;
    assert_eq!((steps.as_slice(), told(&answer)), ([500, 1_000].as_slice(), ("1000", "1001")));
    assert_eq!(rows_below(&file, "Key").len(), MOST);
    let text = format!("{:?}", read(&file, ReadLimits::default()).unwrap());
    assert!(text.contains("There are more rows"), "the note stands above the rows");
    assert!(!text.contains("13912345678"), "personal columns are absent");
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_of_cases_tell_the_same() {
    let city = City::new().await;
    for _ in 0..2 {
        crate::forms::reported(&mut city.visitor(), vec![]).await;
    }
    let mut dan = city.signed_in("dispatch").await;
    for path in ["/cases.csv", "/cases.xlsx"] {
        assert_eq!(told(&dan.get(path).await), ("2", "2"), "{path}");
    }
    let (steps, file, answer) = followed(&mut dan, "/cases.xlsx").await;
    assert_eq!((steps.as_slice(), told(&answer)), ([2].as_slice(), ("2", "2")));
    assert_eq!(rows_below(&file, "Number").len(), 2);
    let page = dan.get("/cases").await;
    assert_eq!(page.text.matches("data-island=\"export\"").count(), 2, "{}", page.text);
    assert!(page.text.contains("data-cut=\"Only the first %1 of %2 cases"), "{}", page.text);
    // Whoever may not take the list away is not told how long it is.
    let anyone = city.visitor().get("/cases.xlsx").await;
    assert_eq!((anyone.status, anyone.headers.get("x-total-rows")), (303, None));
}

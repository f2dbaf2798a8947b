//! Documents from outside: made, opened, checked by their code, withdrawn; printed for a whole place.

use crate::forms::reported;
use crate::support::{Browser, City, Part};
use ganglion_model::{Case, Shard};

const COUNTY: Shard = Shard(130_903);
const NAME: &str = "张三丰";

async fn case(city: &City, number: &str) -> Case {
    city.store.case_by_number(COUNTY, number).await.unwrap().expect("the case is there")
}

/// A report with a name, and the dispatcher of its township.
async fn ground() -> (City, String, Browser) {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![Part::Text("reporter_name", NAME)]).await;
    let staff = city.signed_in("dispatch").await;
    (city, number, staff)
}

/// Makes the receipt; gives its code.
async fn made(city: &City, number: &str, staff: &mut Browser) -> String {
    let answer = staff.post_form(&format!("/cases/{number}/documents"), &[("document", "receipt")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    case(city, number).await.documents.last().expect("it was made").code.clone()
}

#[tokio::test]
async fn a_document_is_made_opened_the_same_each_time_and_the_opening_is_noted() {
    let (city, number, mut staff) = ground().await;
    let card = staff.get(&format!("/cases/{number}")).await;
    assert!(card.text.contains("Receipt") && card.text.contains("Preview"), "{}", card.text);
    let preview = staff.get(&format!("/cases/{number}/documents/preview/receipt")).await;
    assert!(preview.status == 200 && preview.bytes.starts_with(b"%PDF-"), "{}", preview.text);
    assert!(case(&city, &number).await.documents.is_empty(), "a preview issues nothing");
    let code = made(&city, &number, &mut staff).await;
    let path = format!("/cases/{number}/documents/{code}");
    let first = staff.get(&path).await;
    assert_eq!((first.status, first.header("content-type")), (200, "application/pdf"));
    assert_eq!(first.header("cache-control"), "no-store");
    city.wait(3 * 86_400);
    let mut staff = city.signed_in("dispatch").await;
    assert!(first.bytes == staff.get(&path).await.bytes, "made again three days later, it differs");
    let own = case(&city, &number).await;
    let seen = city.store.accesses(own.shard, own.id, 10).await.unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|one| one.fields == ["reporter_name"] && one.account.0 == "dispatch"));
    let card = staff.get(&format!("/cases/{number}")).await;
    assert!(card.text.contains("West Town回〔2022〕1号"), "{}", card.text);
}

#[tokio::test]
async fn nobody_else_makes_opens_or_withdraws_it() {
    let (city, number, mut staff) = ground().await;
    let code = made(&city, &number, &mut staff).await;
    let base = format!("/cases/{number}/documents");
    let mut other = city.signed_in("other").await;
    for path in [format!("{base}/{code}"), format!("{base}/preview/receipt")] {
        assert_eq!(other.get(&path).await.status, 404, "{path}");
        assert_eq!(city.visitor().get(&path).await.status, 303, "{path}");
    }
    assert_eq!(other.post_form(&base, &[("document", "receipt")]).await.status, 404);
    assert_eq!(other.post_form(&format!("{base}/{code}/withdraw"), &[("reason", "x")]).await.status, 404);
    let mut leader = city.signed_in("leader").await;
    assert_eq!(leader.get(&format!("{base}/{code}")).await.status, 200, "who may read the case and the name");
    assert_eq!(leader.get(&format!("{base}/preview/receipt")).await.status, 404);
    let refused = leader.post_form(&base, &[("document", "receipt")]).await;
    assert_eq!(refused.status, 303);
    assert_eq!(case(&city, &number).await.documents.len(), 1, "refused");
    assert_eq!(staff.get(&format!("{base}/00000000000000000000")).await.status, 404);
    assert_eq!(staff.post_form(&base, &[("document", "nothing")]).await.status, 404);
    assert_eq!(staff.post_raw(&base, &[("document", "receipt")]).await.status, 403, "no token, no document");
}

#[tokio::test]
async fn the_code_says_whether_it_stands_and_never_a_name() {
    let (city, number, mut staff) = ground().await;
    let code = made(&city, &number, &mut staff).await;
    let mut anyone = city.visitor();
    let page = anyone.get(&format!("/v/{code}")).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Valid") && page.text.contains("West Town回〔2022〕1号"), "{}", page.text);
    assert!(!page.text.contains(NAME) && !page.text.contains("rubbish") && !page.text.contains(&number));
    let told = anyone.read(&format!("/api/documents/{code}"), None).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let said = told.json();
    assert_eq!((said["standing"].as_str(), said["number"].as_str()), (Some("valid"), Some("West Town回〔2022〕1号")));
    assert!(!told.text.contains(NAME) && !told.text.contains("rubbish") && !told.text.contains(&number));
    let typed = format!("/v?code={}", code.to_uppercase());
    assert_eq!(anyone.get(&typed).await.location(), format!("/v/{code}"));
    let newer = made(&city, &number, &mut staff).await;
    assert!(anyone.get(&format!("/v/{code}")).await.text.contains("Replaced"));
    let told = anyone.read(&format!("/api/documents/{code}"), None).await.json();
    assert!(told["standing"] == "superseded" && told["ended_on"].is_string(), "{told}");
    let path = format!("/cases/{number}/documents/{newer}/withdraw");
    assert_eq!(staff.post_form(&path, &[("reason", "")]).await.status, 303);
    assert!(anyone.get(&format!("/v/{newer}")).await.text.contains("Valid"), "a reason is needed");
    assert_eq!(staff.post_form(&path, &[("reason", "typed wrongly")]).await.status, 303);
    let gone = anyone.get(&format!("/v/{newer}")).await;
    assert!(gone.text.contains("Withdrawn") && !gone.text.contains("typed wrongly"));
    let card = staff.get(&format!("/cases/{number}")).await;
    assert!(card.text.contains("typed wrongly"));
}

#[tokio::test]
async fn made_up_codes_get_one_calm_answer_and_are_slowed_down() {
    let city = City::new().await;
    let mut anyone = city.visitor();
    for code in ["00000000000000000000", "x", "%F0%9F%98%80", "..%2F..%2Fetc", &"9".repeat(500)] {
        let page = anyone.get(&format!("/v/{code}")).await;
        assert_eq!(page.status, 404, "{code}");
        assert!(page.text.contains("This code was not found"), "{}", page.text);
    }
    let mut statuses = Vec::new();
    for _ in 0..60 {
        statuses.push(anyone.get("/v/00000000000000000001").await.status);
    }
    assert_eq!(statuses.last(), Some(&429));
    let told = anyone.read("/api/documents/00000000000000000001", None).await;
    assert_eq!((told.status, told.json()["code"].as_str()), (429, Some("too_many")), "by one count: {}", told.text);
}

#[tokio::test]
async fn what_may_not_be_made_any_more_is_said_with_the_words_of_the_pack() {
    let (city, number, mut staff) = ground().await;
    let closed = staff.post_form(&format!("/cases/{number}/close"), &[("result", "cleared")]).await;
    assert_eq!(closed.status, 303, "{}", closed.text);
    let card = staff.get(&format!("/cases/{number}")).await;
    assert!(card.text.contains("Not after it is closed"), "{}", card.text);
    staff.post_form(&format!("/cases/{number}/documents"), &[("document", "receipt")]).await;
    assert!(case(&city, &number).await.documents.is_empty());
}

#[tokio::test]
async fn a_batch_issues_prints_and_is_fetched_by_its_owner_only() {
    let (city, number, mut staff) = ground().await;
    reported(&mut city.visitor(), vec![]).await;
    let nothing = staff.post_form("/documents/batches", &[("document", "nothing")]).await;
    assert_eq!((nothing.status, nothing.location()), (303, "/documents"));
    let started = staff.post_form("/documents/batches", &[("document", "receipt"), ("make", "true")]).await;
    assert_eq!(started.status, 303, "{}", started.text);
    let path = started.location().to_owned();
    let done = finished(&mut staff, &path).await;
    assert!(done.contains("2 printed, 2 issued, 0 left out"), "{done}");
    assert_eq!(case(&city, &number).await.documents.len(), 1);
    let zip = staff.get(&format!("{path}/zip")).await;
    assert_eq!((zip.status, zip.header("content-type")), (200, "application/zip"));
    assert!(zip.bytes.starts_with(b"PK") && zip.bytes.windows(5).filter(|part| part == b"%PDF-").count() == 2);
    let mut other = city.signed_in("verify").await;
    for address in [path.clone(), format!("{path}/zip")] {
        assert_eq!(other.get(&address).await.status, 404, "{address}");
    }
    assert_eq!(other.post_form(&format!("{path}/cancel"), &[]).await.status, 404);
    let again = staff.post_form("/documents/batches", &[("document", "receipt"), ("make", "true")]).await;
    let done = finished(&mut staff, again.location()).await;
    assert!(done.contains("2 printed, 0 issued, 0 left out"), "what stands is not issued again: {done}");
    let list = staff.get("/documents").await;
    assert_eq!(list.text.matches("/documents/batches/").count(), 2, "{}", list.text);
}

/// The page of a batch once it is over; each look lets the batch go on.
pub async fn finished(browser: &mut Browser, path: &str) -> String {
    for _ in 0..10_000 {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{}", page.text);
        if !page.text.contains("http-equiv=\"refresh\"") {
            return page.text;
        }
        tokio::task::yield_now().await;
    }
    panic!("the batch does not end");
}

#[tokio::test]
async fn a_table_is_a_spreadsheet_without_personal_values() {
    let (city, number, mut staff) = ground().await;
    let list = staff.get("/documents").await;
    assert!(list.text.contains("Table of reports"), "{}", list.text);
    let table = staff.get("/tables/open_reports.xlsx").await;
    assert_eq!(table.status, 200, "{}", table.text);
    let rows = ganglion_documents::xlsx::read(&table.bytes, ganglion_documents::xlsx::ReadLimits::default()).unwrap();
    let cells: Vec<&str> = rows.iter().flatten().map(String::as_str).collect();
    assert!(cells.contains(&number.as_str()) && cells.contains(&"Refuse") && !cells.contains(&NAME), "{cells:?}");
    assert!(rows[1][0].contains("Person dispatch"), "who took it is said: {:?}", rows[1]);
    let mut other = city.signed_in("other").await;
    let table = other.get("/tables/open_reports.xlsx").await;
    let rows = ganglion_documents::xlsx::read(&table.bytes, ganglion_documents::xlsx::ReadLimits::default()).unwrap();
    assert!(!rows.iter().flatten().any(|cell| *cell == number), "another township's case");
    for path in ["/tables/nothing.xlsx", "/tables/open_reports", "/tables/open_reports.pdf"] {
        assert_eq!(staff.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_bulletin_is_counted_when_it_is_made_and_taken_by_those_named() {
    let (city, _, mut staff) = ground().await;
    let mut leader = city.signed_in("leader").await;
    assert!(leader.get("/documents").await.text.contains("Monthly report"));
    let june = leader.get("/bulletins/report.pdf?period=2022-06").await;
    assert!(june.status == 200 && june.bytes.starts_with(b"%PDF-"), "{}", june.text);
    assert!(
        june.bytes == leader.get("/bulletins/report.pdf?period=2022-06").await.bytes,
        "the same figures, the same bytes"
    );
    reported(&mut city.visitor(), vec![]).await;
    assert!(june.bytes != leader.get("/bulletins/report.pdf?period=2022-06").await.bytes, "one more report");
    assert_eq!(staff.get("/bulletins/report.pdf").await.status, 404);
    assert_eq!(leader.get("/bulletins/report").await.status, 404);
    for bad in ["x", "2030-99", "2022-06-27", "2022", "2022-07"] {
        let answer = leader.get(&format!("/bulletins/report.pdf?period={bad}")).await;
        assert_eq!(answer.status, 400, "{bad} is no month that has begun");
        assert!(answer.text.contains("made for a month, such as 2022-06"), "{bad}: {}", answer.text);
    }
    assert_eq!(leader.get("/bulletins/report.pdf").await.status, 200, "the month that is under way");
}

#[tokio::test]
async fn a_template_that_cannot_be_laid_out_is_said_with_its_reason_and_is_no_fault_of_ours() {
    let (city, _, _) = ground().await;
    let mut leader = city.signed_in("leader").await;
    let made = leader.get("/bulletins/report.pdf?period=2021-02").await;
    assert_eq!(made.status, 303, "{}", made.text);
    let said = leader.get("/documents").await.text;
    assert!(said.contains("cannot be laid out") && said.contains("a month nobody prints"), "{said}");
}

#[test]
fn templates_of_the_tests_have_no_findings() {
    assert_eq!(ganglion_server::check_templates(&crate::support::model()), []);
}

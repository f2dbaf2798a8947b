//! Following: the proof, the answer that gives nothing away, the limit on tries, and what a reporter may do.

use crate::forms::reported;
use crate::support::{City, Part, photo};
use ganglion_server::Settings;

const PHONE: &str = "13912340016";

#[tokio::test]
async fn number_and_tail_open_the_progress_and_nothing_else_does() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![Part::Text("reporter_phone", PHONE)]).await;
    let mut stranger = city.visitor();
    let wrong = stranger.post_form("/follow", &[("number", &number), ("phone_tail", "9999")]).await;
    let unknown =
        stranger.post_form("/follow", &[("number", "SB-130903001-2022-999999"), ("phone_tail", "0016")]).await;
    assert_eq!((wrong.status, unknown.status), (422, 422));
    let strip = |text: &str| text.replace(&number, "N").replace("SB-130903001-2022-999999", "N");
    assert_eq!(strip(&wrong.text), strip(&unknown.text), "the two answers must not differ");
    assert_eq!(stranger.get(&format!("/follow/{number}")).await.status, 303);
    let right = stranger.post_form("/follow", &[("number", &number), ("phone_tail", "0016")]).await;
    assert_eq!(right.location(), format!("/follow/{number}"));
    let page = stranger.get(right.location()).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("We have your report") && !page.text.contains(PHONE), "{}", page.text);
    let typed = number.to_lowercase().replace('-', " \u{ff0d} ");
    for tail in ["\u{ff10}\u{ff10}\u{ff11}\u{ff16}", "139 1234 0016"] {
        let answer = city.visitor().post_form("/follow", &[("number", &typed), ("phone_tail", tail)]).await;
        assert_eq!(answer.location(), format!("/follow/{number}"), "as people type it: {typed}, {tail}");
    }
    let other = city.visitor().post_form("/follow", &[("number", &typed), ("phone_tail", "13912340017")]).await;
    assert_eq!(other.status, 422, "another telephone");
    city.wait(3 * 3600);
    assert_eq!(stranger.get(&format!("/follow/{number}")).await.status, 303, "a proof ends");
}

#[tokio::test]
async fn wrong_tries_are_limited_by_address_and_forgotten_later() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![Part::Text("reporter_phone", PHONE)]).await;
    let mut stranger = city.visitor();
    for n in 0..20 {
        let tail = format!("{:04}", 5000 + n);
        assert_eq!(stranger.post_form("/follow", &[("number", &number), ("phone_tail", &tail)]).await.status, 422);
    }
    let form = [("number", number.as_str()), ("phone_tail", "0016")];
    let limited = stranger.post_form("/follow", &form).await;
    assert_eq!(limited.status, 429);
    assert!(!limited.header("retry-after").is_empty());
    city.wait(15 * 60);
    assert_eq!(stranger.post_form("/follow", &form).await.status, 303);
}

#[tokio::test]
async fn wrong_digits_are_limited_by_number_wherever_they_come_from_and_the_query_code_is_not() {
    let city = City::with(Settings { behind_proxy: true, ..Settings::default() }).await;
    let mut reporter = city.visitor();
    let number = reported(&mut reporter, vec![]).await;
    let receipt = reporter.get(&format!("/report/sent/{number}")).await.text;
    let code = receipt.split("Query code</dt><dd>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let from = |address: String| {
        let mut browser = city.visitor();
        browser.headers.push(("x-forwarded-for".to_owned(), address));
        browser
    };
    // One subscriber has as many addresses as they like, and is one all the same.
    for n in 0..21 {
        let mut stranger = from(format!("2001:db8:7:7::{n:x}"));
        let form = [("number", number.as_str()), ("phone_tail", "9999")];
        assert_eq!(stranger.post_form("/follow", &form).await.status, if n < 20 { 422 } else { 429 }, "{n}");
    }
    for n in 20..60 {
        let mut stranger = from(format!("198.51.100.{n}"));
        let form = [("number", number.as_str()), ("phone_tail", "9998")];
        assert_eq!(stranger.post_form("/follow", &form).await.status, 422, "{n}");
    }
    let more = [("number", number.as_str()), ("phone_tail", "0016")];
    let answer = from("203.0.113.9".to_owned()).post_form("/follow", &more).await;
    assert_eq!(answer.status, 429, "nobody goes on guessing");
    let coded = [("number", number.as_str()), ("phone_tail", code.as_str())];
    assert_eq!(
        from("203.0.113.9".to_owned()).post_form("/follow", &coded).await.status,
        303,
        "nor is anybody kept out"
    );
    city.wait(15 * 60);
    assert_eq!(from("203.0.113.9".to_owned()).post_form("/follow", &more).await.status, 422, "forgotten");
}

#[tokio::test]
async fn without_a_phone_the_query_code_of_the_receipt_opens_it() {
    let city = City::new().await;
    let mut reporter = city.visitor();
    let number = reported(&mut reporter, vec![]).await;
    let receipt = reporter.get(&format!("/report/sent/{number}")).await.text;
    let code = receipt.split("Query code</dt><dd>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!(code.len(), 8);
    let mut other = city.visitor();
    assert_eq!(other.post_form("/follow", &[("number", &number), ("phone_tail", "0000")]).await.status, 422);
    let answer = other.post_form("/follow", &[("number", &number), ("phone_tail", &code.to_lowercase())]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
}

#[tokio::test]
async fn the_reporter_adds_and_rates_and_a_stranger_cannot() {
    let city = City::new().await;
    let mut reporter = city.visitor();
    let number = reported(&mut reporter, vec![]).await;
    let add = format!("/follow/{number}/supplement");
    assert_eq!(city.visitor().post_form(&add, &[("more", "x")]).await.status, 404);
    let empty = reporter.post_form(&add, &[("more", "")]).await;
    assert_eq!(empty.status, 422, "{}", empty.text);
    assert!(empty.text.contains("<details class=\"fold\" open>"), "what was refused stands open: {}", empty.text);
    let picture = photo(7);
    let parts = [Part::Text("more", "also a broken bin"), Part::File("more_photos", "bin.jpg", &picture)];
    let added = reporter.post_parts(&add, &parts).await;
    assert_eq!(added.status, 303, "{}", added.text);
    let progress = reporter.get(&format!("/follow/{number}")).await.text;
    assert!(progress.contains("also a broken bin") && progress.contains("To be finished by"), "{progress}");
    let file = progress.split("href=\"/files/").nth(1).expect("the picture that was added").split('"').next().unwrap();
    assert_eq!(reporter.get(&format!("/files/{file}")).await.status, 200, "who sent it sees it");
    assert_eq!(city.visitor().get(&format!("/files/{file}")).await.status, 404);
    let held = reporter.get(&format!("/follow/{number}/data")).await.text;
    assert!(held.contains("also a broken bin") && held.contains(file) && held.contains("3 years after"), "{held}");
    let copy = reporter.get(&format!("/follow/{number}/data.json")).await.json();
    assert_eq!(copy["added"][0]["told"][0]["text"], "also a broken bin");
    assert_eq!(copy["added"][0]["photos"][0]["href"], format!("/files/{file}"));
    let table = reporter.get(&format!("/follow/{number}/data.csv")).await.text;
    assert!(table.contains("also a broken bin") && table.contains(file), "{table}");
    let rate = format!("/follow/{number}/rate");
    assert_eq!(reporter.post_form(&rate, &[("grade", "5")]).await.status, 409, "not before it is closed");
    let mut staff = city.signed_in("dispatch").await;
    let closed = staff.post_form(&format!("/cases/{number}/close"), &[("result", "two loads taken away")]).await;
    assert_eq!(closed.status, 303, "{}", closed.text);
    let page = reporter.get(&format!("/follow/{number}")).await;
    assert!(page.text.contains("two loads taken away") && page.text.contains("Settled"), "{}", page.text);
    assert!(page.text.contains("When it was settled") && !page.text.contains("To be finished by"), "{}", page.text);
    let told =
        |text: &str| text.split("two loads taken away").nth(1).unwrap().split("</section>").next().unwrap().to_owned();
    let result = told(&page.text);
    city.wait(3600);
    let empty = reporter.post_form(&rate, &[("grade_note", "quick")]).await;
    assert!(empty.text.contains("Satisfied: choose one"), "{}", empty.text);
    assert_eq!(reporter.post_form(&rate, &[("grade", "4"), ("grade_note", "quick")]).await.status, 303);
    let rated = reporter.get(&format!("/follow/{number}")).await.text;
    assert!(rated.contains("quick"));
    assert_eq!(told(&rated), result, "the result keeps the time of its own step");
}

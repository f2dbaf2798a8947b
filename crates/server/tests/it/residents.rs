//! Residents with an account: a code sent to the telephone, their own reports and nobody else's, a copy to take along, and sessions
//! that open no page of staff.

use crate::forms::reported;
use crate::routes::{READS, filled};
use crate::support::{Answer, Browser, City, Part};
use ganglion_server::{Settings, Sms};
use std::path::Path;

const PHONE: &str = "13912340016";
const OTHER: &str = "13912340017";

async fn city() -> City {
    City::with(Settings { sms: Some(Sms::File), ..Settings::default() }).await
}

/// The messages sent to a telephone so far.
fn messages(city: &City, phone: &str) -> Vec<String> {
    let text = std::fs::read_to_string(city.files.path().join("sms.txt")).unwrap_or_default();
    text.lines().filter(|line| line.contains(phone)).map(str::to_owned).collect()
}

/// The code of the last message to a telephone.
fn code(city: &City, phone: &str) -> String {
    let last = messages(city, phone).pop().expect("a message");
    let mut words = last.split(|c: char| !c.is_ascii_digit());
    words.rfind(|word| word.len() == 6).expect("six digits").to_owned()
}

fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

async fn ask(browser: &mut Browser, phone: &str) -> Answer {
    browser.post_form("/my/sign-in", &[("phone", phone)]).await
}

async fn enter(browser: &mut Browser, phone: &str, code: &str) -> Answer {
    browser.post_form("/my/code", &[("phone", phone), ("code", code)]).await
}

async fn signed_in(city: &City, phone: &str) -> Browser {
    let mut browser = city.visitor();
    assert_eq!(ask(&mut browser, phone).await.status, 200);
    let answer = enter(&mut browser, phone, &code(city, phone)).await;
    assert_eq!((answer.status, answer.location()), (303, "/my"), "{}", answer.text);
    browser
}

#[tokio::test]
async fn a_code_opens_ones_own_reports_and_nobody_elses() {
    let city = city().await;
    let mine = reported(&mut city.visitor(), vec![Part::Text("reporter_phone", PHONE)]).await;
    let also = reported(&mut city.visitor(), vec![Part::Text("reporter_phone", "+86 139 1234 0016")]).await;
    let other = reported(&mut city.visitor(), vec![Part::Text("reporter_phone", OTHER)]).await;
    let nobodys = reported(&mut city.visitor(), vec![]).await;
    let mut browser = city.visitor();
    assert_eq!(browser.get("/my").await.location(), "/my/sign-in");
    let mut browser = signed_in(&city, PHONE).await;
    let page = browser.get("/my").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains(&mine) && page.text.contains(&also) && page.text.contains("139****0016"));
    assert!(!page.text.contains(&other) && !page.text.contains(&nobodys) && !page.text.contains(PHONE));
    for number in [&mine, &also] {
        assert_eq!(browser.get(&format!("/follow/{number}")).await.status, 200);
        assert_eq!(browser.get(&format!("/follow/{number}/data")).await.status, 200);
        let add = browser.post_form(&format!("/follow/{number}/supplement"), &[("more", "also a broken bin")]).await;
        assert_eq!(add.status, 303, "a reporter may add: {}", add.text);
    }
    for number in [&other, &nobodys] {
        assert_eq!(browser.get(&format!("/follow/{number}")).await.status, 303);
        assert_eq!(browser.get(&format!("/follow/{number}/data.json")).await.status, 404);
        let add = browser.post_form(&format!("/follow/{number}/supplement"), &[("more", "x")]).await;
        assert_eq!(add.status, 404);
    }
    let mut empty = signed_in(&city, "13912340018").await;
    assert!(empty.get("/my").await.text.contains("Nothing here yet"));
}

#[tokio::test]
async fn the_answer_never_tells_whether_a_telephone_is_known() {
    let city = city().await;
    reported(&mut city.visitor(), vec![Part::Text("reporter_phone", PHONE)]).await;
    let strip = |answer: &Answer, phone: &str| {
        let masked = format!("{}****{}", &phone[..3], &phone[7..]);
        answer.text.replace(phone, "P").replace(&masked, "M")
    };
    // One browser, so that the token of the form is the same.
    let mut browser = city.visitor();
    browser.get("/my/sign-in").await;
    let (known, unknown) = (ask(&mut browser, PHONE).await, ask(&mut browser, OTHER).await);
    assert_eq!((known.status, unknown.status), (200, 200));
    assert_eq!(strip(&known, PHONE), strip(&unknown, OTHER));
    assert_eq!((messages(&city, PHONE).len(), messages(&city, OTHER).len()), (1, 1), "a code goes to either");
    let (wrong, also) = (another(&code(&city, PHONE)), another(&code(&city, OTHER)));
    let (known, unknown) = (enter(&mut browser, PHONE, &wrong).await, enter(&mut browser, OTHER, &also).await);
    assert_eq!((known.status, unknown.status), (422, 422));
    assert_eq!(strip(&known, PHONE), strip(&unknown, OTHER));
    let no_number = ask(&mut browser, "0317-2345678").await;
    assert_eq!(no_number.status, 422, "only mobile numbers get codes");
}

#[tokio::test]
async fn a_code_is_kept_as_a_hash_and_good_once_for_five_minutes_and_five_tries() {
    let city = city().await;
    let mut browser = city.visitor();
    ask(&mut browser, PHONE).await;
    let first = code(&city, PHONE);
    for kind in ["resident_code", "resident_session"] {
        for one in city.store.kept(kind, "", None, 100).await.unwrap() {
            assert!(!one.body.contains(&first) && !one.body.contains(PHONE) && !one.id.contains(PHONE), "{one:?}");
        }
    }
    for _ in 0..5 {
        assert_eq!(enter(&mut browser, PHONE, &another(&first)).await.status, 422);
    }
    assert_eq!(enter(&mut browser, PHONE, &first).await.status, 422, "five wrong tries end it");
    city.wait(60);
    ask(&mut browser, PHONE).await;
    city.wait(300);
    let late = code(&city, PHONE);
    assert_eq!(enter(&mut browser, PHONE, &late).await.status, 422, "five minutes are over");
    ask(&mut browser, PHONE).await;
    let third = code(&city, PHONE);
    assert_eq!(enter(&mut browser, PHONE, &third).await.status, 303);
    assert_eq!(enter(&mut city.visitor(), PHONE, &third).await.status, 422, "it is good once");
    let sessions = city.store.kept("resident_session", "", None, 100).await.unwrap();
    assert!(sessions.len() == 1 && !sessions[0].body.contains(PHONE) && !sessions[0].id.contains(PHONE));
}

#[tokio::test]
async fn codes_are_limited_by_telephone_and_by_address() {
    let city = city().await;
    let mut browser = city.visitor();
    assert_eq!(ask(&mut browser, PHONE).await.status, 200);
    assert_eq!(ask(&mut browser, PHONE).await.status, 429, "once a minute");
    assert_eq!(messages(&city, PHONE).len(), 1);
    for n in 0..28 {
        assert_eq!(ask(&mut browser, &format!("139123411{n:02}")).await.status, 200);
    }
    let limited = ask(&mut browser, "13912349999").await;
    assert_eq!(limited.status, 429);
    assert!(!limited.header("retry-after").is_empty() && messages(&city, "13912349999").is_empty());
    city.wait(15 * 60);
    assert_eq!(ask(&mut browser, "13912349999").await.status, 200);
}

#[tokio::test]
async fn a_copy_is_taken_along_masked_and_a_session_ends() {
    let city = city().await;
    let number = reported(&mut city.visitor(), vec![Part::Text("reporter_phone", PHONE)]).await;
    let mut browser = signed_in(&city, PHONE).await;
    let json = browser.get("/my/data.json").await;
    assert_eq!(json.json()[0]["number"], number.as_str());
    let csv = browser.get("/my/data.csv").await;
    assert!(csv.text.contains(&number) && csv.text.contains("139****0016"), "{}", csv.text);
    for answer in [&json, &csv] {
        assert!(answer.header("content-disposition").contains("attachment"));
        assert!(!answer.text.contains(PHONE) && answer.header("cache-control") == "no-store");
    }
    let mut second = {
        city.wait(60);
        signed_in(&city, PHONE).await
    };
    let kept = browser.cookies.clone();
    assert_eq!(browser.post_form("/my/sign-out", &[]).await.status, 303);
    browser.cookies = kept;
    assert_eq!(browser.get("/my").await.location(), "/my/sign-in", "an old cookie opens nothing");
    assert_eq!(second.get("/my").await.status, 200);
    let mut third = {
        city.wait(60);
        signed_in(&city, PHONE).await
    };
    assert_eq!(third.post_form("/my/sign-out", &[("everywhere", "yes")]).await.status, 303);
    assert_eq!(second.get("/my").await.status, 303);
    city.wait(60);
    let mut last = signed_in(&city, PHONE).await;
    city.wait(12 * 3_600);
    assert_eq!(last.get("/my").await.status, 303, "half a day is over");
}

/// Addresses that staff pages list, in the sources of the server.
fn staff_routes(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(staff_routes(&path));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            let routes =
                text.split(".route(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
            found.extend(routes.map(str::to_owned));
        }
    }
    found
}

#[tokio::test]
async fn a_residents_session_opens_no_page_of_staff() {
    let city = city().await;
    let number = reported(&mut city.visitor(), vec![Part::Text("reporter_phone", OTHER)]).await;
    reported(&mut city.visitor(), vec![Part::Text("reporter_phone", PHONE)]).await;
    let mut resident = signed_in(&city, PHONE).await;
    let mut stranger = city.visitor();
    let tokens = [resident.token().await, stranger.token().await];
    let staff = staff_routes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/staff"));
    assert!(staff.len() > 80, "{staff:?}");
    let public = READS.iter().map(|(address, _)| (*address).to_owned());
    let public = public.filter(|address| address != "/live" && !address.starts_with("/my"));
    for address in staff.into_iter().chain(public) {
        let at = filled(&address, &number);
        let (one, other) = (resident.get(&at).await, stranger.get(&at).await);
        assert_eq!((one.status, one.location()), (other.status, other.location()), "GET {at}");
        let one = resident.post_raw(&at, &[("csrf", &tokens[0])]).await;
        let other = stranger.post_raw(&at, &[("csrf", &tokens[1])]).await;
        assert_eq!((one.status, one.location()), (other.status, other.location()), "POST {at}");
    }
    // Nor does the token of one kind of session stand for the other.
    let token = resident.cookies["resident"].clone();
    let mut forged = city.visitor();
    forged.cookies.insert("session".to_owned(), token.split('.').next_back().unwrap().to_owned());
    assert_eq!(forged.get("/desk").await.status, 303);
    let mut staff = city.signed_in("dispatch").await;
    let session = staff.cookies["session"].clone();
    assert_eq!(staff.get("/my").await.status, 303, "staff is no resident");
    forged.cookies.insert("resident".to_owned(), format!("{}.{session}", token.split('.').next().unwrap()));
    assert_eq!(forged.get("/my").await.status, 303);
}

#[tokio::test]
async fn the_way_in_is_offered_only_where_codes_are_sent() {
    let with = city().await;
    let without = City::new().await;
    for path in ["/", "/follow"] {
        for (city, offered) in [(&with, true), (&without, false)] {
            let page = city.visitor().get(path).await.text.replace("&#x2f;", "/");
            assert_eq!(page.contains("href=\"/my\""), offered, "{path}");
        }
    }
}

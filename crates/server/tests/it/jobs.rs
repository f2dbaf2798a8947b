//! What goes on beside requests, run by hand: clocks that fall due and cases opened from cases, each also twice. And
//! stopping.

use crate::forms::reported;
use crate::support::{City, Part, photo};
use ganglion_kernel::port::CaseFilter;
use ganglion_kernel::rules::ViolationFilter;
use ganglion_model::clocks::midnight;
use ganglion_model::{Case, Shard};
use ganglion_server::jobs::{clean, rules, schedule, spawn, timers};
use jiff::civil::date;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const COUNTY: Shard = Shard(130_903);

async fn case(city: &City, number: &str) -> Case {
    city.store.case_by_number(COUNTY, number).await.unwrap().expect("the case is there")
}

#[tokio::test]
async fn a_clock_that_falls_due_is_acted_on_once() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![]).await;
    timers::run(&city.app).await.unwrap();
    assert!(case(&city, &number).await.fired.is_empty(), "not before its time");
    city.wait(3 * 3600);
    timers::run(&city.app).await.unwrap();
    let late = case(&city, &number).await;
    assert_eq!(late.fired, ["handle"]);
    timers::run(&city.app).await.unwrap();
    assert_eq!(case(&city, &number).await, late);
}

#[tokio::test]
async fn a_case_opened_from_another_is_opened_once_and_both_are_tied() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![]).await;
    let mut staff = city.signed_in("dispatch").await;
    let form = [("to_place", "130903001201")];
    let answer = staff.post_form(&format!("/cases/{number}/pass_on"), &form).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    spawn::run(&city.app).await.unwrap();
    let from = case(&city, &number).await;
    assert_eq!((from.links.len(), from.links[0].kind.as_str()), (1, "converted_to"));
    let opened = case(&city, &from.links[0].number).await;
    assert_eq!((opened.process.as_str(), opened.links[0].number.as_str()), ("matter", number.as_str()));
    // As after a crash between the work and the cursor: everything is read again, nothing happens again.
    city.store.cursors_set("spawn", &[(COUNTY, 0)]).await.unwrap();
    spawn::run(&city.app).await.unwrap();
    assert_eq!((case(&city, &number).await, case(&city, &opened.number).await), (from, opened));
}

#[tokio::test]
async fn a_schedule_opens_its_cases_once_for_every_place() {
    let city = City::new().await;
    let matters = CaseFilter { processes: vec!["matter".into()], ..CaseFilter::default() };
    let run = async |seconds| {
        city.wait(seconds);
        schedule::run(&city.app).await.unwrap();
        city.store.case_count(&matters).await.unwrap()
    };
    assert_eq!(run(0).await, 0, "it begins when it is installed");
    assert_eq!(run(7 * 86_400).await, 0, "the fourth of July");
    assert_eq!(run(86_400).await, 2, "the fifth, after eight: one for each village");
    assert_eq!(run(60).await, 2);
    // As after a crash between the work and the setting.
    city.store.setting_put("schedule.matter.monthly", "2022-06-27T01:03:00Z").await.unwrap();
    assert_eq!(run(60).await, 2);
    assert_eq!(run(62 * 86_400).await, 4, "of two times that were missed, the last");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_looks_at_today_is_broken_by_the_day_alone_and_kept_again_at_once() {
    let city = City::new().await;
    let all = ViolationFilter { rule: "looked_after".to_owned(), place: None };
    let broken = async || {
        rules::run(&city.app).await.unwrap();
        city.store.violations(&all, None, 10).await.unwrap()
    };
    let mut dan = city.signed_in("dispatch").await;
    let well = [
        ("-place", "130903001"),
        ("code", "W1"),
        ("name", "East well"),
        ("depth_m", "80"),
        ("built", "2021-07-01"),
        ("-why", "survey"),
    ];
    assert_eq!(dan.post_form("/registers/well/new", &well).await.status, 303);
    assert_eq!(broken().await, [], "the twenty-seventh of June: within a year");
    city.wait(10 * 86_400);
    let found = broken().await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].since, midnight(date(2022, 7, 2)), "since the first day, though it was judged later");
    let mut dan = city.signed_in("dispatch").await;
    assert!(dan.get("/rules/looked_after").await.text.contains("East well"));
    let again = [("-place", "130903001"), ("name", "East well"), ("depth_m", "80"), ("built", "2022-07-01")];
    let answer = dan.post_form("/registers/well/edit/130903/W1", &[&again[..], &[("version", "1")]].concat()).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert!(!dan.get("/rules/looked_after").await.text.contains("East well"), "kept again with the change itself");
}

#[tokio::test]
async fn an_upload_that_was_never_sent_goes_after_a_day_and_one_that_was_stays() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let mut uploaded = Vec::new();
    for name in ["sent.jpg", "left.jpg"] {
        let stored = browser.post_parts("/files", &[Part::File("file", name, &photo(9))]).await.json();
        uploaded.push(stored["id"].as_str().unwrap().to_owned());
    }
    reported(&mut browser, vec![Part::Text("photo_ids", &uploaded[0])]).await;
    city.wait(24 * 3600);
    assert_eq!(clean::run(&city.app).await.unwrap().files, Vec::<String>::new(), "not before its time");
    city.wait(1);
    assert_eq!(clean::run(&city.app).await.unwrap().files, uploaded[1..]);
    assert_eq!(browser.get(&format!("/files/{}", uploaded[1])).await.status, 404);
    assert!(city.store.file(&uploaded[0]).await.unwrap().is_some_and(|file| file.case.is_some()));
    assert!(clean::run(&city.app).await.unwrap().files.is_empty());
}

#[tokio::test]
async fn stopping_ends_live_connections_and_returns() {
    let city = City::new().await;
    let token = city.token("dispatch").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(ganglion_server::serve(city.app.clone(), listener, async {
        stopped.await.unwrap();
    }));
    let mut live = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /live HTTP/1.1\r\nhost: x\r\ncookie: session={token}\r\n\r\n");
    live.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    live.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

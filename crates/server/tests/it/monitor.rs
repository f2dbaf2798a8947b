//! What those who keep the server running see: health, figures, the id of a request. And that nobody else sees it.

use crate::forms::reported;
use crate::support::{Answer, Browser, City};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use futures_util::FutureExt as _;
use ganglion_kernel::CommitError;
use ganglion_model::{Actor, Body as CommandBody, CaseId, Command, CommandId, Shard};
use ganglion_server::Settings;
use ganglion_server::jobs::timers;
use std::net::SocketAddr;
use uuid::Uuid;

/// The key of a program elsewhere.
const KEY: &str = "a key that is long enough";

/// From where, with which headers, and the status of the figures.
type Asker<'a> = (&'a str, Vec<(&'a str, &'a str)>, u16);

/// Asks as a machine with this address and these headers would.
async fn asked(browser: &mut Browser, path: &str, from: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    let address: SocketAddr = format!("{from}:40000").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(address));
    for (name, value) in headers {
        let name: axum::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    browser.send(request).await
}

fn digest(text: &str) -> String {
    use std::fmt::Write as _;
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

#[tokio::test]
async fn a_server_whose_clocks_are_late_is_not_ready_until_they_were_acted_on() {
    let city = City::new().await;
    reported(&mut city.visitor(), vec![]).await;
    let mut probe = city.visitor();
    assert_eq!(probe.get("/health/ready").await.status, 200);
    city.wait(3 * 3600);
    let late = probe.get("/health/ready").await;
    assert_eq!(late.status, 503);
    let failing: Vec<String> = late.json()["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["ok"] == false)
        .map(|check| check["check"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(failing, ["clocks"]);
    assert_eq!(probe.get("/health/live").await.text, "ok\n", "a late server lives");
    timers::run(&city.app).await.unwrap();
    assert_eq!(probe.get("/health/ready").await.status, 200);
    assert!(probe.cookies.is_empty(), "programs get no cookies");
}

#[tokio::test]
async fn figures_and_reasons_are_for_this_machine_or_for_the_key() {
    let city = City::with(Settings { monitor_key: Some(digest(KEY)), ..Settings::default() }).await;
    let mut program = city.visitor();
    let with_key = format!("Bearer {KEY}");
    let cases: [Asker<'_>; 7] = [
        ("127.0.0.1", vec![], 200),
        ("[::ffff:127.0.0.1]", vec![], 200),
        ("10.1.2.3", vec![], 404),
        ("10.1.2.3", vec![("authorization", with_key.as_str())], 200),
        ("10.1.2.3", vec![("authorization", "Bearer another key of some length")], 404),
        // A proxy on this machine asks for somebody else.
        ("127.0.0.1", vec![("x-forwarded-for", "10.1.2.3")], 404),
        ("127.0.0.1", vec![("forwarded", "for=10.1.2.3")], 404),
    ];
    for (from, headers, status) in cases {
        let answer = asked(&mut program, "/metrics", from, &headers).await;
        assert_eq!(answer.status, status, "{from} {headers:?}");
        let ready = asked(&mut program, "/health/ready", from, &headers).await;
        assert_eq!(ready.status, 200, "anybody may ask whether the server is ready");
        assert_eq!(ready.json()["checks"].is_array(), status == 200, "{from} {headers:?}");
    }
}

#[tokio::test]
async fn without_a_key_no_key_opens_the_figures() {
    let city = City::new().await;
    let answer = asked(&mut city.visitor(), "/metrics", "10.1.2.3", &[("authorization", "Bearer ")]).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn figures_name_routes_by_their_template_and_hold_no_value_of_a_visitor() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let number = reported(&mut browser, vec![]).await;
    browser.get(&format!("/follow/{number}?lang=en&secret=13912340000")).await;
    browser.get("/nowhere/13912340000").await;
    let answer = browser.get("/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text;
    assert!(!text.contains("13912340000") && !text.contains(&number), "{text}");
    for line in [
        "ganglion_http_requests_total{method=\"GET\",route=\"/follow/{number}\"",
        "ganglion_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
        "ganglion_commands_total{outcome=\"done\"} 1",
        "ganglion_batch_commands_count 1",
        "ganglion_commit_seconds_count 1",
        "ganglion_timers_behind_seconds 0",
        "ganglion_job_cursor_lag_lines{job=\"spawn\"} ",
        "ganglion_ready 1",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

#[tokio::test]
async fn every_answer_has_an_id_and_only_a_proxy_may_choose_it() {
    let city = City::new().await;
    let mut visitor = city.visitor();
    visitor.headers.push(("x-request-id".to_owned(), "mine".to_owned()));
    let first = visitor.get("/").await.header("x-request-id").to_owned();
    let second = visitor.get("/nowhere").await.header("x-request-id").to_owned();
    assert!(first.len() == 32 && second.len() == 32 && first != second, "{first} {second}");
    let city = City::with(Settings { behind_proxy: true, ..Settings::default() }).await;
    let mut visitor = city.visitor();
    visitor.headers.push(("x-request-id".to_owned(), "edge-7.a_B".to_owned()));
    assert_eq!(visitor.get("/").await.header("x-request-id"), "edge-7.a_B");
    visitor.headers[1].1 = "a b\"c".to_owned();
    assert_eq!(visitor.get("/").await.header("x-request-id").len(), 32, "what is not plain is not taken");
}

fn command(number: u128) -> Command {
    let body = CommandBody::Due { case: CaseId(Uuid::from_u128(number)), clock: "handle".to_owned() };
    Command { id: CommandId(Uuid::from_u128(number)), shard: Shard(130_903), actor: Actor::System, body }
}

#[tokio::test]
async fn a_closed_committer_answers_what_waits_and_takes_nothing_more() {
    let city = City::new().await;
    let committer = city.app.committer.clone();
    let gate = committer.pause().await;
    let mut waiting = Box::pin(committer.send(command(1)));
    assert!((&mut waiting).now_or_never().is_none(), "no batch begins while the gate is held");
    committer.close();
    drop(gate);
    let answer = waiting.await;
    assert!(!matches!(answer, Err(CommitError::Stopped | CommitError::Busy)), "{answer:?}");
    let mut number = 2;
    while !matches!(committer.send(command(number)).await, Err(CommitError::Stopped)) {
        number += 1;
        assert!(number < 5, "it goes on");
    }
}

#[tokio::test]
async fn every_figure_of_the_alert_rules_is_there() {
    let city = City::new().await;
    reported(&mut city.visitor(), vec![]).await;
    // Jobs are counted from the moment they are started.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    ganglion_server::serve(city.app.clone(), listener, std::future::ready(())).await.unwrap();
    let figures = city.visitor().get("/metrics").await.text;
    let rules = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/prometheus-rules.yml");
    let rules = std::fs::read_to_string(rules).unwrap();
    let of_series = |word: &&str| word.starts_with("ganglion_") || word.starts_with("process_");
    let words: Vec<&str> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "))
        .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .filter(of_series)
        .collect();
    assert!(words.len() > 10, "{words:?}");
    for word in words {
        let name = word.trim_end_matches("_bucket");
        assert!(figures.contains(&format!("# TYPE {name} ")), "{name} is not a figure of the server");
    }
}

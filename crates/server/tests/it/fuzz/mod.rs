//! Anything at all sent to every route by everybody: odd addresses, queries, forms, files, JSON, cookies and headers. No answer is a
//! fault of the server, and whoever is refused is told so as everybody is. Which words an answer holds is the matter of other tests.

mod dice;

use crate::routes::{CALLS, CHANGES, FORMS, READS};
use crate::staff::{ROUTES, Town};
use crate::support::Browser;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, Request, header};
use dice::{Dice, encoded};
use ganglion_model::Model;
use ganglion_server::{Settings, router};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tower::ServiceExt as _;

const SEED: u64 = 20_220_627;
/// Requests to each route with each method.
const OF_EACH: usize = 8;
const BOUNDARY: &str = "7MA4YWxkTrZu0gW";
/// Answers that go on until somebody leaves.
const ENDLESS: [&str; 2] = ["/live", "/halls/{process}/{place}/calls"];
/// An account these requests may end, lock or change.
const EXPENDABLE: &str = "secretary";
/// What makes a session end: done by nobody who is needed again.
const ENDS_SESSIONS: [&str; 3] = ["/sign-out", "/account", "/sign-in"];

/// Somebody who sends requests.
struct Sender {
    name: &'static str,
    cookies: String,
    token: String,
    bearer: Option<String>,
}

impl Sender {
    async fn of(mut browser: Browser, name: &'static str) -> Sender {
        let token = browser.token().await;
        let cookies = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        Sender { name, cookies: cookies.join("; "), token, bearer: None }
    }

    async fn program(town: &Town, name: &'static str) -> Sender {
        let body = json!({ "account": name, "password": name });
        let answer = town.visitor().json("/api/v1/sign-in", None, &body).await;
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        Sender { name, cookies: String::new(), token: String::new(), bearer: Some(token) }
    }
}

fn every_pack() -> Arc<Model> {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let folders: Vec<_> = std::fs::read_dir(packs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("pack.yaml").exists())
        .collect();
    let (model, findings) = ganglion_pack::compile_folders(&folders).unwrap();
    Arc::new(model.unwrap_or_else(|| panic!("{findings}")))
}

/// What fits a part of an address.
fn fitting(model: &Model, address: &str, name: &str, number: &str) -> Vec<String> {
    let keys = |all: Vec<&String>| all.into_iter().cloned().collect::<Vec<_>>();
    let of = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    match name {
        "number" => of(&[number]),
        "shard" => of(&["130903"]),
        "place" | "code" => of(&["130903001", "130903"]),
        "process" => keys(model.processes.keys().collect()),
        "indicator" => keys(model.indicators.keys().collect()),
        "action" => of(&["file", "note", "dispatch", "supplement", "rate"]),
        "verdict" => of(&["approve", "reject", "withdraw"]),
        "intake" => of(&["hotline"]),
        "collection" => of(&["places-township", "places-county", "cases-incident", "rows-service_point"]),
        "file" => of(&["services.json", "requests.xml", "style.json", "0.mvt", "requests.json"]),
        "z" | "x" => of(&["0", "9", "422"]),
        "id" if address.starts_with("/admin/accounts") => of(&[EXPENDABLE]),
        "name" if address.contains("/plans/") => keys(model.plans.keys().collect()),
        "name" if address.contains("/rules/") => keys(model.rules.keys().collect()),
        "name" if address.contains("registers/") => keys(model.registers.keys().collect()),
        "name" => keys(model.documents.keys().collect()),
        _ => Vec::new(),
    }
}

fn path(dice: &mut Dice, model: &Model, address: &str, number: &str) -> String {
    let parts = address.split('/').map(|part| {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else { return part.to_owned() };
        dice.part(&fitting(model, address, name.trim_start_matches('*'), number))
    });
    parts.collect::<Vec<_>>().join("/")
}

fn pairs(dice: &mut Dice, max: usize) -> String {
    let count = dice.below(max + 1);
    let pairs: Vec<String> =
        (0..count).map(|_| format!("{}={}", encoded(&dice.name()), encoded(&dice.value()))).collect();
    pairs.join("&")
}

/// A form in parts: whole, cut off, or with an end that is none.
fn multipart(dice: &mut Dice, token: &str) -> Vec<u8> {
    let mut body =
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n").into_bytes();
    for _ in 0..dice.below(5) {
        let name = dice.name().replace(['"', '\r', '\n'], "");
        let file = if dice.one_in(2) { "; filename=\"a.csv\"" } else { "" };
        body.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").as_bytes(),
        );
        body.extend(if dice.one_in(3) { dice.bytes(2_000) } else { dice.value().into_bytes() });
        body.extend(b"\r\n");
    }
    if !dice.one_in(4) {
        body.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
    }
    body
}

/// A body with the type it says it has; one in ten says another.
fn body(dice: &mut Dice, address: &str, token: &str) -> (String, Vec<u8>) {
    let kinds: &[usize] =
        if address.starts_with("/api") { &[0, 4, 4, 4, 5, 6, 7, 8] } else { &[0, 0, 1, 2, 2, 3, 6, 8] };
    let at = dice.below(kinds.len());
    let (media_type, bytes) = match kinds[at] {
        0 => ("application/x-www-form-urlencoded", format!("csrf={token}&{}", pairs(dice, 12)).into_bytes()),
        1 => ("application/x-www-form-urlencoded", [format!("csrf={token}&a=").into_bytes(), dice.bytes(200)].concat()),
        2 => ("multipart/form-data; boundary=7MA4YWxkTrZu0gW", multipart(dice, token)),
        3 => ("multipart/form-data", dice.bytes(300)),
        4 if dice.one_in(2) => {
            ("application/json", json!({ "form": dice.json(2), "id": dice.value() }).to_string().into_bytes())
        }
        4 => ("application/json", dice.json(4).to_string().into_bytes()),
        5 => ("application/json", [b"[".repeat(200_000), dice.bytes(9)].concat()),
        6 => ("application/json", b"x".repeat(5 << 20)),
        7 => ("text/csv", [b"order_no,a\n".to_vec(), dice.value().into_bytes()].concat()),
        _ => ("application/octet-stream", dice.bytes(500)),
    };
    let other = ["", "text/plain; charset=utf-16", "application/json", "multipart/form-data; boundary=", "\u{e9}"];
    let media_type = if dice.one_in(10) { dice.of(&other) } else { media_type };
    (media_type.to_owned(), bytes)
}

fn odd_headers(dice: &mut Dice, request: &mut Request<Body>) {
    let names = ["accept", "accept-language", "if-match", "if-none-match", "idempotency-key", "range", "x-csrf-token"];
    let more = ["accept-encoding", "origin", "last-event-id", "user-agent", "sec-fetch-site", "host", "x-request-id"];
    let odd: [&[u8]; 9] = [
        b"",
        b"*",
        b"\xff\xfe",
        b"a;q=9999",
        b"bytes=9-1",
        b"\"1\"",
        b"W/\"",
        b"zh-CN;q=0.1,,,en;;",
        b"https://x.example",
    ];
    for _ in 0..dice.below(4) {
        let name = if dice.one_in(2) { dice.of(&names) } else { dice.of(&more) };
        let value = HeaderValue::from_bytes(dice.of(&odd)).unwrap();
        request.headers_mut().insert(HeaderName::from_static(name), value);
    }
    if dice.one_in(10) {
        let odd: [&[u8]; 4] =
            [b"session=\xff; visitor=x", b"=;;;=", b"flash=a|%ff%00; lang=xx; theme=\"", b"session=; follow=a.b.c"];
        request.headers_mut().insert(header::COOKIE, HeaderValue::from_bytes(dice.of(&odd)).unwrap());
    }
    if dice.one_in(12) {
        let odd: [&[u8]; 4] = [b"Bearer", b"Bearer gk_\xff", b"Basic YTpi", b"Bearer gk_0"];
        request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_bytes(dice.of(&odd)).unwrap());
    }
}

fn request(dice: &mut Dice, (method, path): (&str, String), sender: &Sender, address: &str) -> (String, Request<Body>) {
    let asks = if dice.one_in(if method == "GET" { 2 } else { 6 }) { pairs(dice, 4) } else { String::new() };
    // An address has at most 65,534 bytes: a longer one is refused before any route.
    let uri = if asks.is_empty() || asks.len() > 50_000 { path } else { format!("{path}?{asks}") };
    // Everybody comes from elsewhere: what is counted by address is the matter of other tests.
    let from = format!("10.{}.{}.{}", dice.below(256), dice.below(256), dice.below(256));
    let mut builder = Request::builder().method(method).uri(&uri).header("x-forwarded-for", from);
    if !sender.cookies.is_empty() {
        builder = builder.header(header::COOKIE, &sender.cookies);
    }
    if let Some(bearer) = &sender.bearer {
        builder = builder.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
    }
    let mut told = format!("{method} {uri} as {}", sender.name);
    let body = if method == "GET" {
        Body::empty()
    } else {
        let (media_type, bytes) = body(dice, address, &sender.token);
        told = format!("{told} with {media_type}: {}", String::from_utf8_lossy(&bytes[..bytes.len().min(400)]));
        builder = builder.header(header::CONTENT_TYPE, HeaderValue::from_bytes(media_type.as_bytes()).unwrap());
        Body::from(bytes)
    };
    let mut request = builder.body(body).unwrap();
    odd_headers(dice, &mut request);
    (told, request)
}

/// What is wrong with the answer, if anything is.
async fn fault(router: &Router, request: Request<Body>) -> Option<String> {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let kind =
        parts.headers.get(header::CONTENT_TYPE).map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
    let kind = kind.unwrap_or_default();
    if kind.starts_with("text/event-stream") {
        return None;
    }
    let text = to_bytes(body, 64 << 20).await.unwrap();
    let text = String::from_utf8_lossy(&text[..text.len().min(500)]).into_owned();
    if parts.status.is_server_error() {
        return Some(format!("{} {text}", parts.status));
    }
    if parts.status.is_client_error() && kind.starts_with("text/plain") {
        return Some(format!("{} in words of nobody: {text}", parts.status));
    }
    (!parts.headers.contains_key("content-security-policy")).then(|| format!("{} without its headers", parts.status))
}

fn every_route() -> Vec<(&'static str, &'static str)> {
    let reads = READS.iter().map(|(address, _)| ("GET", *address));
    let forms = FORMS.iter().map(|address| ("POST", *address));
    let calls = CALLS.iter().map(|(address, _)| ("POST", *address));
    let changes = CHANGES.iter().map(|(address, method)| (*method, *address));
    let staff = ROUTES.iter().flat_map(|(address, methods, _)| {
        let method = |name: &str| if name == "get" { "GET" } else { "POST" };
        methods.split(' ').map(move |name| (method(name), *address))
    });
    let all = reads.chain(forms).chain(calls).chain(changes).chain(staff);
    all.filter(|(_, address)| !ENDLESS.contains(address)).collect()
}

#[tokio::test]
async fn anything_sent_to_any_route_by_anybody_is_answered_without_a_fault() {
    let model = every_pack();
    let town = Town::with(&model, &[], Settings { behind_proxy: true, ..Settings::default() }).await;
    let number = town.report("130903001201", "bins overflowing").await;
    let expendable = Sender::of(town.as_(EXPENDABLE).await, EXPENDABLE).await;
    let mut senders = vec![Sender::of(town.visitor(), "nobody").await, Sender::program(&town, "dispatch").await];
    for name in ["admin", "dispatch", "leader", "call"] {
        senders.push(Sender::of(town.as_(name).await, name).await);
    }
    let router = router(town.app.clone());
    let mut dice = Dice::new(SEED, &model, &[&number, "130903001201", "hotline", EXPENDABLE]);
    let mut faults = Vec::new();
    for (method, address) in every_route() {
        for _ in 0..OF_EACH {
            let chosen = &senders[dice.below(senders.len())];
            let ends = method == "POST" && ENDS_SESSIONS.iter().any(|start| address.starts_with(start));
            let sender = if ends { &expendable } else { chosen };
            let path = path(&mut dice, &model, address, &number);
            let (told, request) = request(&mut dice, (method, path), sender, address);
            if let Some(wrong) = fault(&router, request).await {
                faults.push(format!("{told}\n  {wrong}"));
            }
        }
    }
    let shown: Vec<&String> = faults.iter().take(12).collect();
    assert!(faults.is_empty(), "{} faults, as {shown:#?}", faults.len());
    let mut dispatch = town.as_("dispatch").await;
    assert_eq!(dispatch.get("/desk").await.status, 200, "those who were at work are still at work");
}

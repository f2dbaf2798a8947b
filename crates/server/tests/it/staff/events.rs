//! Events for other software: the stream of the journal, and webhooks that are signed, tried again, given up and sent again.

use super::keys::key;
use super::town::{Plain as _, Town};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use ganglion_server::jobs::webhooks;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use tower::ServiceExt as _;

/// A listener on this machine that keeps what it gets and answers as told.
#[derive(Clone)]
struct Listener {
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<AtomicU16>,
    url: Arc<str>,
}

async fn heard(State(listener): State<Listener>, headers: HeaderMap, body: String) -> StatusCode {
    listener.got.lock().unwrap().push((headers, body));
    StatusCode::from_u16(listener.answers.load(Ordering::SeqCst)).unwrap()
}

impl Listener {
    async fn new() -> Listener {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap());
        let listener = Listener { got: Arc::default(), answers: Arc::new(AtomicU16::new(204)), url: url.into() };
        let router = Router::new().route("/hook", post(heard)).with_state(listener.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        listener
    }

    fn answer(&self, status: u16) {
        self.answers.store(status, Ordering::SeqCst);
    }

    fn taken(&self) -> Vec<(HeaderMap, String)> {
        std::mem::take(&mut *self.got.lock().unwrap())
    }

    fn ids(&self) -> Vec<String> {
        let id = |body: &str| serde_json::from_str::<Value>(body).unwrap()["id"].as_str().unwrap().to_owned();
        self.taken().iter().map(|(_, body)| id(body)).collect()
    }
}

/// Makes a receiver; its secret and its address among the pages of administration.
async fn receiver(town: &Town, listener: &Listener, view: &str, types: &[&str]) -> (String, String) {
    let mut admin = town.anew("admin").await;
    let mut form = vec![("title", "City centre"), ("url", &*listener.url), ("key", view)];
    form.extend(types.iter().map(|kind| ("types", *kind)));
    let answer = admin.post_form("/admin/receivers", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let between =
        |start: &str, end: &str| answer.text.split_once(start).unwrap().1.split_once(end).unwrap().0.to_owned();
    let href = between("action=\"/admin/receivers/", "/active\"");
    (between("<output id=\"secret\">", "</output>"), format!("/admin/receivers/{href}"))
}

async fn watch(town: &Town, role: &str, place: &str) -> String {
    let mut admin = town.as_("admin").await;
    key(&mut admin, ("watch", role, place), &["events:read"]).await
}

#[tokio::test]
async fn an_event_is_sent_signed_and_taken_once() {
    let town = Town::with_receivers_inside().await;
    let listener = Listener::new().await;
    town.report("130903001201", "before").await;
    watch(&town, "dispatcher", "130903001").await;
    let (secret, page) = receiver(&town, &listener, "watch", &["case.opened"]).await;
    let number = town.report("130903001201", "bins overflowing").await;
    town.report("130903002201", "of the next township").await;
    webhooks::run(&town.app).await.unwrap();
    let taken = listener.taken();
    assert_eq!(taken.len(), 1, "what is new, and only what the key's post may read");
    let (headers, body) = &taken[0];
    let event: Value = serde_json::from_str(body).unwrap();
    assert_eq!((event["specversion"].as_str(), event["type"].as_str()), (Some("1.0"), Some("ganglion.case.opened")));
    assert_eq!(
        (event["subject"].as_str(), event["data"]["number"].as_str()),
        (Some(number.as_str()), Some(number.as_str()))
    );
    assert_eq!(event["data"]["href"], format!("/api/processes/incident/cases/{number}"));
    for needed in ["id", "source", "time", "datacontenttype"] {
        assert!(event[needed].is_string(), "{needed}");
    }
    assert!(!body.contains("bins overflowing") && !body.contains("13912340000"), "nobody's words travel");
    let text = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert!(text("content-type").starts_with("application/cloudevents+json"));
    let signed = format!("{}.{}.{body}", text("webhook-id"), text("webhook-timestamp"));
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let tag = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key), signed.as_bytes());
    assert_eq!(text("webhook-signature"), format!("v1,{}", STANDARD.encode(tag.as_ref())));
    webhooks::run(&town.app).await.unwrap();
    assert!(listener.taken().is_empty(), "what was taken is not sent again");
    let shown = town.as_("admin").await.get("/admin/receivers").await;
    assert!(shown.plain().contains("1 event taken") && !shown.text.contains(&secret), "{}", shown.text);
    assert!(shown.text.contains(&page));
}

#[tokio::test]
async fn what_is_not_taken_comes_again_later_and_is_given_up_in_the_end() {
    let town = Town::with_receivers_inside().await;
    let listener = Listener::new().await;
    watch(&town, "dispatcher", "130903001").await;
    let (_, page) = receiver(&town, &listener, "watch", &["case.opened"]).await;
    listener.answer(503);
    town.report("130903001201", "bins").await;
    webhooks::run(&town.app).await.unwrap();
    let first = listener.ids();
    webhooks::run(&town.app).await.unwrap();
    assert!(listener.taken().is_empty(), "not before its time");
    town.wait(5);
    webhooks::run(&town.app).await.unwrap();
    assert_eq!(listener.ids(), first, "the same event after five seconds");
    for wait in [300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] {
        town.wait(wait);
        webhooks::run(&town.app).await.unwrap();
        assert_eq!(listener.ids(), first, "after {wait} seconds");
    }
    town.wait(30 * 86_400);
    webhooks::run(&town.app).await.unwrap();
    assert!(listener.taken().is_empty(), "given up after ten tries");
    let mut admin = town.anew("admin").await;
    // Without the address: its port may hold the same three digits.
    let said = |plain: String| plain.replace(&*listener.url, "");
    let shown = said(admin.get("/admin/receivers").await.plain());
    assert!(shown.contains("Given up") && shown.contains("503"), "{shown}");
    listener.answer(200);
    assert_eq!(admin.post_form(&format!("{page}/again"), &[]).await.status, 303);
    webhooks::run(&town.app).await.unwrap();
    assert_eq!(listener.ids(), first);
    assert!(!said(admin.get("/admin/receivers").await.plain()).contains("503"));
}

#[tokio::test]
async fn the_journal_is_sent_again_from_a_day_and_a_receiver_that_is_gone_is_left_alone() {
    let town = Town::with_receivers_inside().await;
    let listener = Listener::new().await;
    watch(&town, "dispatcher", "130903001").await;
    town.report("130903001201", "old").await;
    town.wait(86_400);
    let (_, page) = receiver(&town, &listener, "watch", &["case.opened"]).await;
    let mut admin = town.anew("admin").await;
    assert_eq!(admin.post_form(&format!("{page}/replay"), &[("from", "2022-06-28")]).await.status, 303);
    webhooks::run(&town.app).await.unwrap();
    assert!(listener.taken().is_empty(), "nothing was written since that day");
    assert_eq!(admin.post_form(&format!("{page}/replay"), &[("from", "2022-06-27")]).await.status, 303);
    webhooks::run(&town.app).await.unwrap();
    let ids = listener.ids();
    assert_eq!(ids.len(), 1);
    let event = ids[0].rsplit('_').next().unwrap().to_owned();
    let (shard, seq) = event.split_once('-').unwrap();
    let before = format!("{shard}-{}", seq.parse::<u64>().unwrap() - 1);
    for (position, sent) in [(event.as_str(), 0), (before.as_str(), 1)] {
        assert_eq!(admin.post_form(&format!("{page}/replay"), &[("position", position)]).await.status, 303);
        webhooks::run(&town.app).await.unwrap();
        assert_eq!(listener.ids().len(), sent, "after {position}");
    }
    assert_eq!(admin.post_form(&format!("{page}/replay"), &[("position", "nonsense")]).await.status, 422);
    listener.answer(410);
    assert_eq!(admin.post_form(&format!("{page}/replay"), &[("from", "2022-06-27")]).await.status, 303);
    webhooks::run(&town.app).await.unwrap();
    assert_eq!(listener.ids(), ids, "the same event has the same id");
    town.wait(600);
    webhooks::run(&town.app).await.unwrap();
    assert!(listener.taken().is_empty(), "whoever says it is gone hears nothing more");
    assert!(admin.get("/admin/receivers").await.plain().contains("switched off"));
    assert_eq!(admin.post_form(&format!("{page}/remove"), &[]).await.status, 303);
    assert!(admin.get("/admin/receivers").await.plain().contains("Nobody receives"));
}

#[tokio::test]
async fn addresses_inside_are_refused_and_only_the_whole_installation_is_administered() {
    let town = Town::new().await;
    let mut admin = town.as_("admin").await;
    for url in ["http://example.com/", "https://user@example.com/", "ftp://example.com/", "nonsense"] {
        let form = [("title", "x"), ("url", url), ("key", "-")];
        let answer = admin.post_form("/admin/receivers", &form).await;
        assert!(answer.status == 422 && answer.plain().contains("no address events may be sent to"), "{url}");
    }
    // A name that leads inside is found out when it is called.
    let form = [("title", "x"), ("url", "https://127.0.0.1:9/"), ("key", "-"), ("types", "case.opened")];
    assert_eq!(admin.post_form("/admin/receivers", &form).await.status, 200);
    town.report("130903002201", "public").await;
    webhooks::run(&town.app).await.unwrap();
    let shown = admin.get("/admin/receivers").await;
    assert!(shown.plain().contains("leads to an address inside"), "{}", shown.text);
    for account in ["countyadmin", "dispatch"] {
        let mut other = town.as_(account).await;
        assert_eq!(other.get("/admin/receivers").await.status, 404, "{account}");
        assert_eq!(other.post_form("/admin/receivers", &form).await.status, 404, "{account}");
    }
}

/// Events of a stream as they come: id and data.
async fn listened(town: &Town, secret: Option<&str>, last: &str, wanted: usize) -> Vec<(String, Value)> {
    let mut request = Request::get("/events").header(header::ACCEPT, "text/event-stream").header("last-event-id", last);
    if let Some(secret) = secret {
        request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
    }
    let router = ganglion_server::router(town.app.clone());
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut pieces = response.into_body().into_data_stream();
    let (mut text, mut events) = (String::new(), Vec::new());
    while events.len() < wanted {
        text.push_str(std::str::from_utf8(&pieces.next().await.unwrap().unwrap()).unwrap());
        while let Some((one, rest)) = text.split_once("\n\n") {
            let line =
                |name: &str| one.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
            if let (Some(id), Some(data)) = (line("id:"), line("data:")) {
                events.push((id, serde_json::from_str(&data).unwrap()));
            }
            text = rest.to_owned();
        }
    }
    events
}

#[tokio::test]
async fn a_stream_is_taken_up_where_it_broke_off() {
    let town = Town::new().await;
    let watch = watch(&town, "dispatcher", "130903001").await;
    let first = town.report("130903001201", "one").await;
    town.report("130903002201", "of the next township").await;
    let second = town.report("130903001201", "two").await;
    let events = listened(&town, Some(&watch), "beginning", 2).await;
    let subjects: Vec<&str> = events.iter().map(|(_, event)| event["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, [first.as_str(), second.as_str()]);
    let again = listened(&town, Some(&watch), &events[0].0, 1).await;
    assert_eq!(again[0], events[1], "nothing is left out and nothing comes twice");
    // A page at a time says the same.
    let request = Request::get("/events?after=beginning").header(header::AUTHORIZATION, format!("Bearer {watch}"));
    let page = town.visitor().send(request.body(Body::empty()).unwrap()).await.json();
    assert_eq!(page["events"], json!([events[0].1, events[1].1]));
    assert_eq!(page["more"], false);
    let asked = async |query: &str| {
        let request = Request::get(format!("/events?{query}")).header(header::AUTHORIZATION, format!("Bearer {watch}"));
        town.visitor().send(request.body(Body::empty()).unwrap()).await
    };
    let part = asked("after=beginning&limit=1").await.json();
    assert_eq!((&part["events"], part["more"].as_bool()), (&json!([events[0].1]), Some(true)), "{part}");
    let rest = asked(&format!("after={}", part["position"].as_str().unwrap())).await.json();
    assert_eq!(rest["events"], json!([events[1].1]), "a page begins where the one before it ended");
    assert_eq!(asked("after=beginning&types=case.closed").await.json()["events"], json!([]));
    let opened = asked("after=beginning&types=case.opened,case.closed").await.json();
    assert_eq!(opened["events"].as_array().map(Vec::len), Some(2));
    assert_eq!(asked("types=case.burnt").await.json()["errors"][0]["parameter"], "types");
    let request = Request::get("/events?after=nonsense").header(header::AUTHORIZATION, format!("Bearer {watch}"));
    let bad = town.visitor().send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((bad.status, bad.json()["code"].as_str()), (422, Some("unreadable")));
}

#[tokio::test]
async fn the_public_hears_of_what_the_public_is_shown_and_of_no_number() {
    let town = Town::new().await;
    let west = town.report("130903001201", "bins overflowing").await;
    let events = listened(&town, None, "beginning", 1).await;
    let (_, event) = &events[0];
    assert_eq!(
        (event["type"].as_str(), event["data"]["place"].as_str()),
        (Some("ganglion.case.opened"), Some("130903001"))
    );
    let id = event["data"]["service_request_id"].as_str().unwrap();
    let text = event.to_string();
    assert!(!text.contains(&west) && !text.contains("bins") && !text.contains("130903001201"), "{text}");
    let request = town.visitor().read(&format!("/open311/v2/requests/{id}.json"), None).await;
    assert_eq!((request.status, request.json()[0]["status"].as_str()), (200, Some("open")), "{}", request.text);
}

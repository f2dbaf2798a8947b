//! Those who wait: kiosk, ticket, display, calls, and twenty windows that call at once. The screens follow from what a pack
//! declares, so most tests use the pack of the tests; counters that stand in a register are those of the halls that ship.

use super::queues::hall;
use super::town::{Plain as _, Town, act};
use crate::support::Browser;
use axum::body::{Body, Bytes};
use axum::http::Request;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use ganglion_model::Model;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tower::ServiceExt as _;

const HALL: &str = "/halls/ticket/130903001";

/// The address of the kiosk, as whoever serves the hall finds it.
async fn kiosk(town: &Town) -> String {
    let page = town.as_("wei").await.get("/queue/ticket").await.plain();
    let (_, rest) = page.split_once(&format!("{HALL}/kiosk?key=")).expect("the page leads to the kiosk");
    format!("{HALL}/kiosk?key={}", rest.split('"').next().unwrap())
}

/// A ticket by phone: the address of the ticket.
async fn by_phone(browser: &mut Browser, form: &[(&str, &str)]) -> String {
    let answer = browser.post_form(HALL, form).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.location().to_owned()
}

fn number_in(href: &str) -> String {
    href.trim_start_matches("/t/").split('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_kiosk_gives_a_slip_to_whoever_stands_there_and_to_nobody_else() {
    let town = hall().await;
    let mut door = town.visitor();
    assert_eq!(door.get(&format!("{HALL}/kiosk")).await.status, 404, "without the key there is no kiosk");
    assert_eq!(door.get(&format!("{HALL}/kiosk?key=0000000000000000")).await.status, 404);
    let address = kiosk(&town).await;
    let page = door.get(&address).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.plain().contains("General") && page.plain().contains("Tax"), "a button for each lane");
    let key = page.typed("key").unwrap();
    let form = [("key", key.as_str()), ("counter", "tax"), ("command_id", "0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0d77")];
    let given = door.post_form(&format!("{HALL}/kiosk"), &form).await;
    assert_eq!(given.status, 303, "{}", given.text);
    let again = door.post_form(&format!("{HALL}/kiosk"), &form).await;
    assert_eq!(again.location(), given.location(), "pressed twice it is one ticket");
    let slip = door.get(given.location()).await;
    assert_eq!(slip.status, 200, "{}", slip.text);
    assert!(
        slip.plain().contains("130903001-20220627-001") && slip.plain().contains("You are next"),
        "{}",
        slip.plain()
    );
    assert!(slip.text.contains("data:image/svg+xml"), "a square code leads to the ticket");
    let without = given.location().split('?').next().unwrap().to_owned();
    assert_eq!(door.get(&without).await.status, 404, "a slip is shown at the kiosk");
    let wrong = door.post_form(&format!("{HALL}/kiosk"), &[("key", "x"), ("counter", "tax")]).await;
    assert_eq!(wrong.status, 404);
}

#[tokio::test]
async fn a_kiosk_says_what_is_missing_and_keys_cannot_be_guessed_for_ever() {
    let town = hall().await;
    let mut door = town.visitor();
    let address = kiosk(&town).await;
    let key = address.split_once("key=").unwrap().1.to_owned();
    let none = door.post_form(&format!("{HALL}/kiosk"), &[("key", &key)]).await;
    assert_eq!(none.status, 422, "{}", none.text);
    let mut statuses = BTreeSet::new();
    for guess in 0..70 {
        statuses.insert(door.get(&format!("{HALL}/kiosk?key={guess:016}")).await.status);
    }
    assert_eq!(statuses, [404, 429].into(), "tries are counted");
}

#[tokio::test]
async fn a_ticket_is_followed_by_its_address_alone_and_given_up_there() {
    let town = hall().await;
    let mut phone = town.visitor();
    let href = by_phone(&mut phone, &[("counter", "general")]).await;
    let number = number_in(&href);
    let page = phone.get(&href).await;
    assert!(page.plain().contains(&number) && page.plain().contains("You are next"), "{}", page.plain());
    assert_eq!(by_phone(&mut phone, &[("counter", "general")]).await, href, "one phone holds one ticket");
    let other = by_phone(&mut town.visitor(), &[("counter", "general")]).await;
    assert!(town.visitor().get(&other).await.plain().contains("One person is before you"), "whoever has the address");
    let mut stranger = town.visitor();
    assert_eq!(stranger.get(&format!("/t/{number}/AAAAAAAA")).await.status, 404);
    assert_eq!(stranger.get("/t/130903001-20220627-999/AAAAAAAA").await.status, 404);
    let left = phone.post_form(&format!("/follow/{number}/leave"), &[]).await;
    assert_eq!((left.status, left.location()), (303, href.as_str()), "{}", left.text);
    assert!(phone.get(&href).await.plain().contains("Gone"));
    assert!(town.visitor().get(&other).await.plain().contains("You are next"));
    assert_eq!(phone.get(&format!("/follow/{number}")).await.location(), href, "a ticket has a page of its own");
}

#[tokio::test]
async fn the_display_shows_who_is_called_where_and_nothing_else_of_a_case() {
    let town = hall().await;
    let first = number_in(&by_phone(&mut town.visitor(), &[("counter", "general"), ("elderly", "true")]).await);
    let second = number_in(&by_phone(&mut town.visitor(), &[("counter", "tax")]).await);
    let empty = town.visitor().get(&format!("{HALL}/display")).await;
    assert!(empty.plain().contains("2 waiting") && empty.plain().contains("Nobody has been called yet"));
    let request = Request::get(format!("{HALL}/calls")).header("accept-language", "en").body(Body::empty()).unwrap();
    let response = ganglion_server::router(town.app.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut heard = response.into_body().into_data_stream();
    let called = town.as_("wei").await.post_form("/queue/ticket/next", &[("window", "3")]).await;
    assert_eq!(called.status, 303, "{}", called.text);
    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let event = text(heard.next().await.unwrap().unwrap());
    let data: serde_json::Value =
        serde_json::from_str(event.lines().find_map(|line| line.strip_prefix("data:")).unwrap().trim()).unwrap();
    assert_eq!((&data["call"]["number"], &data["call"]["counter"]), (&json!(first), &json!("3")));
    assert!(data["call"]["text"].as_str().unwrap().ends_with("please come to Window 3"), "{data}");
    let keys: BTreeSet<&str> = data.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["call", "number", "seq"].into());
    let page = town.visitor().get(&format!("{HALL}/display")).await.plain();
    assert!(page.contains(&first) && page.contains(&second) && page.contains("1 waiting"), "{page}");
    assert!(!page.contains("Elderly"), "what somebody said about themselves is on no display");
    let part = town.visitor().get(&format!("{HALL}/display?lane=tax")).await.plain();
    assert!(part.contains(&second) && !part.contains(&first), "a display of some lanes shows those only");
    for path in ["/halls/ticket/130903002/display", "/halls"] {
        assert!(!town.visitor().get(path).await.plain().contains(&first), "{path}");
    }
    assert_eq!(town.visitor().get("/halls/ticket/130903/display").await.status, 404, "no queue at that level");
    assert_eq!(town.visitor().get("/halls/complaint/130903001/display").await.status, 404, "no queue at all");
}

/// Twenty windows of one hall.
fn windows() -> Vec<(String, &'static str, &'static str)> {
    (1..=20).map(|n| (format!("w{n}"), "window", "130903001")).collect()
}

#[tokio::test]
async fn twenty_windows_that_call_at_once_get_the_first_twenty_each_another() {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/tests/packs/flows");
    let model = Arc::new(ganglion_pack::compile_folders(&[pack]).unwrap().0.unwrap());
    let windows = windows();
    let people: Vec<(&str, &str, &str)> = windows.iter().map(|(name, role, at)| (name.as_str(), *role, *at)).collect();
    let town = Town::of(&model, &people).await;
    let mut tickets = Vec::new();
    for _ in 0..25 {
        tickets.push(number_in(&by_phone(&mut town.visitor(), &[("counter", "general")]).await));
        town.wait(1);
    }
    let mut tokens = Vec::new();
    for (name, ..) in &people {
        let body = json!({ "account": name, "password": name });
        let answer = town.visitor().json("/api/v1/sign-in", None, &body).await;
        tokens.push(answer.json()["token"].as_str().unwrap().to_owned());
    }
    let round = async |round: u32| {
        join_all(tokens.iter().enumerate().map(|(window, token)| {
            let mut caller = town.visitor();
            async move {
                let id = format!("0190f5c2-7a54-7b6e-9f3e-{round:04}{window:08}");
                let body = json!({ "id": id, "form": { "window": (window + 1).to_string() } });
                caller.json("/api/v1/queues/ticket/next", Some(token), &body).await
            }
        }))
        .await
    };
    let called = round(1).await;
    let numbers: Vec<String> = called
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 200, "{}", answer.text);
            answer.json()["number"].as_str().unwrap().to_owned()
        })
        .collect();
    let first: BTreeSet<&String> = tickets[..20].iter().collect();
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>(), first, "the first twenty, none twice and none left out");
    let again: Vec<serde_json::Value> = round(1).await.iter().map(|answer| answer.json()["number"].clone()).collect();
    assert_eq!(json!(numbers), json!(again), "a call sent again calls nobody else");
    let late = round(2).await;
    let served: BTreeSet<String> = late
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| answer.json()["number"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(served, tickets[20..].iter().cloned().collect(), "the five that were left");
    assert_eq!(late.iter().filter(|answer| answer.status == 409).count(), 15, "the others are told that nobody waits");
    let page = town.visitor().get(&format!("{HALL}/display")).await.plain();
    assert!(tickets[5..].iter().all(|number| page.contains(number)), "twenty-one calls are on the display: {page}");
}

/// The halls that ship, compiled once.
static HALLS: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let (model, findings) = ganglion_pack::compile_folders(&["grid", "halls"].map(|name| packs.join(name))).unwrap();
    Arc::new(model.unwrap_or_else(|| panic!("{findings}")))
});

async fn centre() -> Town {
    Town::of(&HALLS, &[("wei", "hall_clerk", "130903001"), ("boss", "hall_manager", "130903001")]).await
}

#[tokio::test]
async fn out_of_hours_the_hall_and_the_ticket_say_when_counters_open() {
    let town = centre().await;
    let mut phone = town.visitor();
    let hall = phone.get(HALL).await.text;
    assert!(!hall.contains("The counters are closed now"), "on a Monday morning: {hall}");
    assert!(hall.contains("name=\"priority\" value=\"\" id=\"f-priority\" checked"), "no priority is a choice: {hall}");
    let mine = by_phone(&mut phone, &[("business", "C"), ("priority", "")]).await;
    assert!(phone.get(&mine).await.plain().contains("You are next"));
    town.wait(14 * 3600);
    let said = "The counters are closed now; they open 28 Jun, 07:00";
    let ticket = phone.get(&mine).await.plain();
    assert!(ticket.contains(said) && !ticket.contains("You are next"), "{ticket}");
    assert!(phone.get(HALL).await.plain().contains(said), "and so does the hall");
}

#[tokio::test]
async fn a_hall_that_runs_late_sends_nobody_home_who_waits() {
    let town = centre().await;
    let (mut first, mut second) = (town.visitor(), town.visitor());
    let served = number_in(&by_phone(&mut first, &[("business", "B")]).await);
    let mine = by_phone(&mut second, &[("business", "B")]).await;
    // Monday, ten minutes past the end of service.
    town.wait(13 * 3600 + 10 * 60);
    let closed = "The counters are closed now";
    assert!(second.get(&mine).await.plain().contains(closed), "nobody was called today");
    let mut wei = town.as_("wei").await;
    let called = wei.post_form("/queue/ticket/next", &[("window", "130903001-3")]).await;
    assert_eq!(called.status, 303, "{}", called.text);
    let waits = second.get(&mine).await.plain();
    assert!(waits.contains("You are next") && !waits.contains(closed), "somebody was called just now: {waits}");
    assert!(
        town.visitor().get(HALL).await.plain().contains(closed),
        "who has no ticket yet is told to come another day"
    );
    assert_eq!(act(&mut wei, &served, "serve", &[]).await.status, 303);
    assert_eq!(act(&mut wei, &served, "finish", &[]).await.status, 303);
    town.wait(10 * 60);
    assert!(!second.get(&mine).await.plain().contains(closed), "between two people nobody is called");
    town.wait(10 * 60);
    assert!(second.get(&mine).await.plain().contains(closed), "and then the counters are left");
}

#[tokio::test]
async fn a_window_sits_down_calls_from_its_lanes_and_serves_with_one_tap_a_step() {
    let town = centre().await;
    let mut phone = town.visitor();
    let business = by_phone(&mut town.visitor(), &[("business", "C")]).await;
    town.wait(60);
    let mine = by_phone(&mut phone, &[("business", "B")]).await;
    let number = number_in(&mine);
    let mut wei = town.as_("wei").await;
    let standing = wei.get("/queue/ticket").await.plain();
    assert!(standing.contains("Which Window are you at?") && standing.contains("C001") && standing.contains("B001"));
    let desk = "/queue/ticket?counter=130903001-3";
    let seated = wei.get(desk).await.plain();
    assert!(seated.contains("B001") && !seated.contains("C001"), "this window serves other business: {seated}");
    let called = wei.post_form("/queue/ticket/next", &[("window", "130903001-3")]).await;
    assert_eq!(called.status, 303, "{}", called.text);
    let page = wei.get(called.location()).await.plain();
    assert!(page.contains("B001 was called") && page.contains("Is here"), "{page}");
    assert!(page.contains("Only after three calls"), "what is held back says why");
    assert!(phone.get(&mine).await.plain().contains("Please come to"));
    let refused = act(&mut wei, &number, "transfer", &[("back", desk)]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.plain().contains("B001") && refused.plain().contains("data-next"), "a refusal stays at the window");
    assert_eq!(act(&mut wei, &number, "serve", &[("back", desk)]).await.location(), desk);
    assert!(wei.get(desk).await.plain().contains("Being served"), "what is served here stands here");
    assert_eq!(act(&mut wei, &number, "finish", &[("back", desk)]).await.status, 303);
    assert!(wei.get(desk).await.plain().contains("Nobody is called yet"));
    let over = phone.get(&mine).await.plain();
    assert!(over.contains("Done; please rate the service"), "{over}");
    let rated = phone.post_form(&format!("/follow/{number}/rate"), &[("score", "2"), ("reasons", "time")]).await;
    assert_eq!(rated.location(), mine, "{}", rated.text);
    let card = wei.get(&format!("/cases/{number}")).await.plain();
    assert!(
        !card.contains("How satisfied are you") && !card.contains("Time</dd>"),
        "whoever served does not see the rating"
    );
    assert!(town.visitor().get(&business).await.plain().contains("You are next"));
}

#[tokio::test]
async fn who_did_not_come_stands_aside_and_comes_back_first() {
    let town = centre().await;
    let mine = by_phone(&mut town.visitor(), &[("business", "A")]).await;
    town.wait(60);
    by_phone(&mut town.visitor(), &[("business", "A"), ("priority", "elderly")]).await;
    let number = number_in(&mine);
    let desk = "/queue/ticket?counter=130903001-1";
    let mut wei = town.as_("wei").await;
    let first = wei.post_form("/queue/ticket/next", &[("window", "130903001-1")]).await;
    assert!(!first.location().contains(&number), "priority goes first");
    let mut last = wei.post_form("/queue/ticket/next", &[("window", "130903001-1")]).await;
    assert!(last.location().contains(&number));
    for step in ["call_again", "call_again", "no_show"] {
        last = act(&mut wei, &number, step, &[("back", desk)]).await;
        assert_eq!(last.status, 303, "{step}: {}", last.text);
    }
    let page = wei.get(desk).await.plain();
    assert!(page.contains("Did not come") && page.contains("A001"), "{page}");
    assert_eq!(act(&mut wei, &number, "restore", &[("back", desk)]).await.status, 303);
    assert!(town.visitor().get(&mine).await.plain().contains("You are next"));
}

#[tokio::test]
async fn out_of_hours_a_hall_says_so_and_gives_no_ticket() {
    let town = centre().await;
    let index = town.visitor().get("/halls").await;
    assert!(index.plain().contains("/halls/ticket/130903001"), "{}", index.plain());
    let address = kiosk(&town).await;
    assert!(town.visitor().get(&address).await.plain().contains("kiosk-lane"));
    town.wait(14 * 3600);
    for path in [address.as_str(), HALL, "/halls"] {
        let page = town.visitor().get(path).await;
        assert!(page.plain().contains("No tickets are given now"), "{path}: {}", page.plain());
    }
    let refused = town.visitor().post_form(HALL, &[("business", "A")]).await;
    assert!(refused.status >= 400 && refused.plain().contains("No tickets are given now"), "{}", refused.status);
    assert_eq!(town.visitor().get("/halls/ticket/130903001201").await.status, 404, "no hall is registered there");
}

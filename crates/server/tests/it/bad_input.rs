//! What goes wrong at the door: each gets a clear answer, keeps what was typed, and changes nothing.

use crate::forms::{number_of, report, reported};
use crate::support::{Answer, City, NEIGHBOUR, Part, SEA, photo};
use axum::body::Bytes;
use ganglion_kernel::port::CaseFilter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const COMMAND: &str = "0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0a20";

/// Sends a report with some parts in place of the usual ones.
async fn sent(city: &City, instead: Vec<Part<'_>>) -> Answer {
    let mut parts = report(COMMAND, "116.84", "38.32");
    let name = |part: &Part<'_>| match part {
        Part::Text(name, _) | Part::File(name, ..) => (*name).to_owned(),
    };
    let names: Vec<String> = instead.iter().map(name).collect();
    parts.retain(|part| !names.contains(&name(part)));
    parts.extend(instead);
    city.visitor().post_parts("/report", &parts).await
}

async fn cases(city: &City) -> u64 {
    city.store.case_count(&CaseFilter::default()).await.unwrap()
}

fn keeps(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert!(answer.text.contains("rubbish at the east gate"), "what was typed is lost: {}", answer.text);
    assert_eq!(answer.input("command_id").as_deref(), Some(COMMAND));
}

#[tokio::test]
async fn a_point_in_the_sea_is_refused() {
    let city = City::new().await;
    let (lon, lat) = (SEA.0.to_string(), SEA.1.to_string());
    let answer = sent(&city, vec![Part::Text("lon", &lon), Part::Text("lat", &lat)]).await;
    keeps(&answer, 422);
    assert!(answer.text.contains("outside"), "{}", answer.text);
    assert_eq!(cases(&city).await, 0);
}

#[tokio::test]
async fn a_point_of_a_phone_map_just_outside_is_recognised() {
    let city = City::new().await;
    // Half a kilometre past the eastern border as WGS-84, inside when read as GCJ-02.
    let answer = sent(&city, vec![Part::Text("lon", "116.8835"), Part::Text("lat", "38.32")]).await;
    keeps(&answer, 422);
    assert!(answer.text.contains("GCJ-02 (Amap, Tencent)"), "{}", answer.text);
    let declared = vec![Part::Text("lon", "116.8835"), Part::Text("lat", "38.32"), Part::Text("datum", "gcj02")];
    assert!(number_of(&sent(&city, declared).await).starts_with("SB-130903002-"));
}

#[tokio::test]
async fn coordinates_that_are_none_are_named() {
    let city = City::new().await;
    let answer = sent(&city, vec![Part::Text("lon", "over there"), Part::Text("lat", "")]).await;
    keeps(&answer, 422);
    assert!(answer.text.contains("116.83860"), "{}", answer.text);
    assert_eq!(answer.text.matches("<li><a href=\"#f-").count(), 1, "one fault, not a missing place too");
    assert!(answer.text.contains("href=\"#f-lon\""), "{}", answer.text);
    let boxes = answer.text.split("id=\"f-lon\"").next().unwrap();
    assert!(boxes.rsplit("<details").next().unwrap().contains(" open>"), "what is wrong is in sight: {boxes}");
    let far = sent(&city, vec![Part::Text("lon", "116.84"), Part::Text("lat", "abc")]).await;
    assert!(far.text.contains("href=\"#f-lat\""), "{}", far.text);
}

#[tokio::test]
async fn no_place_at_all_is_asked_for() {
    let city = City::new().await;
    let answer = sent(&city, vec![Part::Text("lon", ""), Part::Text("lat", "")]).await;
    keeps(&answer, 422);
    assert!(answer.text.contains("choose a village by name"), "{}", answer.text);
}

#[tokio::test]
async fn a_photo_where_one_is_needed() {
    let city = City::new().await;
    let empty = city.visitor().get("/report").await.text;
    assert!(empty.contains("(needed if “Category” is “Street lamp”)"), "the label says when: {empty}");
    let lamp = [("_ask", "1"), ("category", "lamp")];
    assert_eq!(city.visitor().post_form("/report", &lamp).await.json()["needs"]["photos"], "");
    let refuse = [("_ask", "1"), ("category", "refuse")];
    assert_eq!(city.visitor().post_form("/report", &refuse).await.json()["needs"]["photos"], "(optional)");
    let answer = sent(&city, vec![Part::Text("category", "lamp")]).await;
    keeps(&answer, 422);
    assert!(answer.text.contains("data-needs=\"photos\" hidden"), "it is not said to be optional: {}", answer.text);
    assert!(answer.text.contains("Photos: add at least one"), "{}", answer.text);
    let picture = photo(5);
    let with = vec![Part::Text("category", "lamp"), Part::File("photos", "a.jpg", &picture)];
    number_of(&sent(&city, with).await);
}

#[tokio::test]
async fn of_a_point_and_a_place_one_is_enough_and_neither_is_one_fault() {
    let city = City::new().await;
    let mut staff = city.signed_in("dispatch").await;
    let form = staff.get("/cases/new?process=incident").await.text;
    assert_eq!(form.matches("(“Location” or “Place”: one is enough)").count(), 2, "{form}");
    let typed = [("category", "refuse"), ("description", "rubbish at the east gate")];
    let answer = staff.post_form("/cases/new?process=incident", &typed).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.text.matches("<li><a href=\"#f-").count(), 1, "{}", answer.text);
    assert!(answer.text.contains("Place or Location: fill in one of the two"), "{}", answer.text);
    let placed = [typed[0], typed[1], ("place", "130903001")];
    let opened = staff.post_form("/cases/new?process=incident", &placed).await;
    assert_eq!(opened.status, 303, "{}", opened.text);
}

#[tokio::test]
async fn a_renamed_executable_a_page_and_a_drawing_are_no_photos() {
    let city = City::new().await;
    for bytes in [
        &b"MZ\x90\x00\x03"[..],
        b"<!doctype html><script>alert(1)</script>",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
    ] {
        let picture = photo(3);
        let parts = vec![Part::File("photos", "good.jpg", &picture), Part::File("photos", "photo.jpg", bytes)];
        let answer = sent(&city, parts).await;
        keeps(&answer, 415);
        assert!(answer.text.contains("photo.jpg") && answer.text.contains("is not a photo"), "{}", answer.text);
        assert!(answer.input("photo_ids").is_some(), "the good photo is kept");
    }
    assert_eq!(cases(&city).await, 0);
}

#[tokio::test]
async fn a_video_of_300_megabytes_is_drained_and_named() {
    const CHUNK: usize = 64 * 1024;
    const CHUNKS: u64 = 300 * 16;
    let city = City::new().await;
    let read = Arc::new(AtomicU64::new(0));
    let (counted, zeros) = (read.clone(), Bytes::from_static(&[0; CHUNK]));
    let mut made = 0;
    let stream = futures_util::stream::poll_fn(move |_| {
        made += 1;
        counted.store(made - 1, Ordering::Relaxed);
        std::task::Poll::Ready((made <= CHUNKS).then(|| zeros.clone()))
    });
    let after = report(COMMAND, "116.84", "38.32");
    let answer = city.visitor().post_stream("/report", stream, &after).await;
    keeps(&answer, 413);
    assert!(answer.text.contains("clip.mp4") && answer.text.contains("300 MB"), "{}", answer.text);
    assert_eq!(read.load(Ordering::Relaxed), CHUNKS);
    // Nothing of it was kept, neither in memory (the parts are static) nor on the disk.
    let folders = std::fs::read_dir(city.files.path().join("files/coming")).unwrap();
    let kept: Vec<_> = folders.flat_map(|one| std::fs::read_dir(one.unwrap().path()).unwrap()).collect();
    assert!(kept.is_empty(), "{kept:?}");
    assert_eq!(cases(&city).await, 0);
}

#[tokio::test]
async fn html_and_emoji_are_words_and_too_many_are_counted() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let number = reported(&mut browser, vec![]).await;
    assert!(!number.is_empty());
    let words = vec![Part::Text("description", "<script>alert('x')</script> 😀")];
    let mut parts = report("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0a21", "116.84", "38.32");
    parts.retain(|part| !matches!(part, Part::Text("description", _)));
    parts.extend(words);
    let number = number_of(&browser.post_parts("/report", &parts).await);
    let page = browser.get(&format!("/follow/{number}")).await;
    assert!(page.text.contains("&lt;script&gt;") && page.text.contains('😀') && !page.text.contains("<script>alert"));
    let long = "字".repeat(5_000);
    let answer = sent(&city, vec![Part::Text("description", &long)]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains(&long), "the whole text stays");
    assert!(answer.text.contains("5000") && answer.text.contains("4000"), "the count is said");
}

#[tokio::test]
async fn a_retired_kind_is_refused_by_name() {
    let city = City::new().await;
    let answer = sent(&city, vec![Part::Text("category", "coal")]).await;
    keeps(&answer, 422);
    assert!(answer.text.contains("no longer in use"), "{}", answer.text);
}

#[tokio::test]
async fn the_wrong_post_a_closed_case_and_two_at_once() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![]).await;
    let path = format!("/cases/{number}/close");
    let form =
        |command: &'static str| vec![("command_id", command), ("version", "1"), ("result", "cleared <i>away</i>")];
    // Somebody of another township does not even learn that the case exists.
    assert_eq!(
        city.signed_in("other").await.post_form(&path, &form("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0a31")).await.status,
        404
    );
    // The leader reads it, but has no step to take.
    let answer = city.signed_in("leader").await.post_form(&path, &form("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0a32")).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    let mut first = city.signed_in("dispatch").await;
    let mut second = first.clone();
    let (one, two) = (form("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0a33"), form("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0a34"));
    let (a, b) = tokio::join!(first.post_form(&path, &one), second.post_form(&path, &two));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409], "one wins, the other is told");
    let lost = if a.status == 409 { &a } else { &b };
    assert!(lost.text.contains("Settled") || lost.text.contains("now"), "{}", lost.text);
    let again = first.post_form(&path, &form("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0a35")).await;
    assert_eq!(again.status, 409);
}

#[tokio::test]
async fn nearness_is_no_place() {
    // A side chosen before the pin was moved away no longer counts.
    let city = City::new().await;
    let (lon, lat) = (NEIGHBOUR.0.to_string(), NEIGHBOUR.1.to_string());
    let moved = vec![Part::Text("lon", &lon), Part::Text("lat", &lat), Part::Text("place", "130903001201001")];
    assert!(number_of(&sent(&city, moved).await).starts_with("SB-130903002-"));
}

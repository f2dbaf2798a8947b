//! Uploads: what is hidden in them is gone, and nobody else sees them.

use crate::forms::{number_of, report, reported};
use crate::support::{City, Part, photo};

#[tokio::test]
async fn exif_is_gone_and_the_answer_is_guarded() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let picture = photo(7);
    assert!(picture.windows(9).any(|bytes| bytes == b"SECRETGPS"));
    let answer = browser.post_parts("/files", &[Part::File("file", "../../etc/site.jpg", &picture)]).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let file = answer.json();
    assert_eq!(file["name"], "site.jpg");
    let kept = browser.get(&format!("/files/{}", file["id"].as_str().unwrap())).await;
    assert_eq!((kept.status, kept.header("content-type")), (200, "image/jpeg"));
    assert!(!kept.bytes.windows(9).any(|bytes| bytes == b"SECRETGPS") && !kept.bytes.windows(4).any(|b| b == b"Exif"));
    assert_eq!(kept.header("x-content-type-options"), "nosniff");
    assert!(kept.header("cache-control").contains("private") && kept.header("cache-control").contains("immutable"));
}

#[tokio::test]
async fn an_upload_is_seen_by_its_owner_then_by_who_may_read_the_case() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let picture = photo(9);
    let stored = browser.post_parts("/files", &[Part::File("file", "a.jpg", &picture)]).await.json();
    let id = stored["id"].as_str().unwrap().to_owned();
    let path = format!("/files/{id}");
    assert_eq!(city.visitor().get(&path).await.status, 404);
    assert_eq!(city.signed_in("dispatch").await.get(&path).await.status, 404);
    // Nobody can attach the upload of another to a report of their own.
    let thief = &mut city.visitor();
    let number = reported(thief, vec![Part::Text("photo_ids", &id)]).await;
    assert!(!thief.get(&format!("/follow/{number}")).await.text.contains(&id));
    assert_eq!(thief.get(&path).await.status, 404);
    let mut parts = report("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0a41", "116.84", "38.32");
    parts.push(Part::Text("photo_ids", &id));
    number_of(&browser.post_parts("/report", &parts).await);
    assert_eq!(browser.get(&path).await.status, 200, "the reporter sees it on");
    assert_eq!(city.signed_in("dispatch").await.get(&path).await.status, 200);
    assert_eq!(city.signed_in("other").await.get(&path).await.status, 404);
    assert_eq!(city.visitor().get(&format!("{path}/thumb")).await.status, 404);
}

#[tokio::test]
async fn uploads_that_are_none_are_told_so_in_words() {
    let city = City::new().await;
    let answer = city.visitor().post_parts("/files", &[Part::File("file", "a.jpg", b"MZ not a picture")]).await;
    assert_eq!(answer.status, 415);
    assert!(answer.json()["error"].as_str().unwrap().contains("is not a photo"));
    assert_eq!(city.visitor().get("/files/..%2f..%2fmaster").await.status, 404);
}

//! The map and live news.

use crate::forms::reported;
use crate::support::City;
use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use tower::ServiceExt as _;

#[tokio::test]
async fn outlines_come_with_attribution_and_a_tag() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let answer = browser.read("/map/outlines?parent=130903", None).await;
    let shapes = answer.json();
    assert_eq!(shapes["features"].as_array().unwrap().len(), 2);
    assert_eq!(shapes["features"][0]["properties"]["name"], "West Town");
    assert_eq!(shapes["synthetic"], true);
    assert!(shapes["attribution"].as_str().unwrap().contains("OpenStreetMap"));
    browser.headers.push(("if-none-match".to_owned(), answer.header("etag").to_owned()));
    assert_eq!(browser.read("/map/outlines?parent=130903", None).await.status, 304);
    assert_eq!(browser.read("/map/outlines?parent=4401", None).await.status, 404);
}

#[tokio::test]
async fn where_there_are_no_outlines_of_villages_their_grids_are_drawn() {
    let city = City::new().await;
    let shapes = city.visitor().read("/map/outlines?parent=130903001", None).await.json();
    assert_eq!(shapes["features"][0]["properties"]["code"], "130903001201001");
}

#[tokio::test]
async fn the_place_at_a_point_is_said() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let at = browser.read("/map/place-at?lon=116.84&lat=38.32", None).await.json();
    assert_eq!(at["here"].as_array().unwrap().last().unwrap()["name"], "West Grid");
    assert_eq!((at["outside"].as_bool(), at["near"].as_array().unwrap().len()), (Some(false), 0));
    let border = browser.read("/map/place-at?lon=116.8499&lat=38.32", None).await.json();
    assert_eq!(border["near"][0]["code"], "130903002201001");
    let sea = browser.read("/map/place-at?lon=118.5&lat=38.5", None).await.json();
    assert_eq!(sea["outside"], true);
    assert_eq!(browser.read("/map/place-at?lon=x&lat=38.5", None).await.status, 422);
}

#[tokio::test]
async fn points_of_cases_are_those_the_post_may_list() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![]).await;
    assert_eq!(city.visitor().read("/map/cases", None).await.status, 401);
    let mine = city.signed_in("dispatch").await.read("/map/cases?place=1309", None).await.json();
    assert_eq!(mine["features"][0]["properties"]["number"], number.as_str());
    let theirs = city.signed_in("other").await.read("/map/cases?place=1309", None).await.json();
    assert_eq!(theirs["features"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn news_reach_those_who_may_read_the_case_and_nobody_else() {
    let city = City::new().await;
    let listen = async |account: &str| {
        let cookie = format!("session={}", city.token(account).await);
        let request = Request::get("/live").header("cookie", cookie).body(Body::empty()).unwrap();
        let response = city.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        response.into_body().into_data_stream()
    };
    let (mut mine, mut theirs) = (listen("dispatch").await, listen("other").await);
    let west = reported(&mut city.visitor(), vec![]).await;
    let mut neighbour = city.visitor();
    let parts = crate::forms::report("0190f5c2-7a54-7b6e-9f3e-2f5b5c1d0d01", "116.87", "38.32");
    let east = crate::forms::number_of(&neighbour.post_parts("/report", &parts).await);
    let text = |bytes: axum::body::Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let heard = text(mine.next().await.unwrap().unwrap());
    assert!(heard.contains("event: case") && heard.contains(&west), "{heard}");
    // The first thing the other township hears is its own case: the one before was not for it.
    let heard = text(theirs.next().await.unwrap().unwrap());
    assert!(heard.contains(&east) && !heard.contains(&west), "{heard}");
}

//! Signing in, the lock, form tokens, demonstration mode, languages and headers.

use crate::support::City;
use axum::http::Method;

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_get_the_same_answer_and_a_wait() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let wrong = browser.post_form("/sign-in", &[("account", "worker"), ("password", "guess")]).await;
    let nobody = browser.post_form("/sign-in", &[("account", "nobody"), ("password", "guess")]).await;
    let gone = browser.post_form("/sign-in", &[("account", "gone"), ("password", "gone")]).await;
    assert_eq!((wrong.status, nobody.status, gone.status), (422, 422, 422));
    assert_eq!(wrong.text.replace("worker", "N"), nobody.text.replace("nobody", "N"));
    // A line is written for a wrong password; for nobody as much is written, so that one takes as long as the other.
    let written = async |kind: &str| city.store.kept(kind, "", None, 9).await.unwrap().len();
    assert_eq!((written("account_line").await, written("account_line_of_nobody").await), (2, 2));
    for _ in 0..4 {
        browser.post_form("/sign-in", &[("account", "worker"), ("password", "guess")]).await;
    }
    let form = [("account", "worker"), ("password", "worker")];
    assert_eq!(browser.post_form("/sign-in", &form).await.status, 429, "locked, though the password is right now");
    city.wait(60);
    assert_eq!(browser.post_form("/sign-in", &[("account", "worker"), ("password", "guess")]).await.status, 429);
    city.wait(60);
    assert_eq!(browser.post_form("/sign-in", &form).await.status, 429, "the sixth try doubled the wait");
    city.wait(60);
    assert_eq!(browser.post_form("/sign-in", &form).await.location(), "/desk");
    let mut other = city.visitor();
    assert_eq!(other.post_form("/sign-in", &[("account", "worker"), ("password", "x")]).await.status, 422, "forgotten");
}

#[tokio::test]
async fn signing_out_ends_the_session_everywhere() {
    let city = City::new().await;
    let mut browser = city.signed_in("dispatch").await;
    let mut copy = browser.clone();
    assert_eq!(copy.get("/desk").await.status, 200);
    assert_eq!(browser.post_form("/sign-out", &[]).await.status, 303);
    assert_eq!(copy.get("/desk").await.status, 303, "the old cookie is worth nothing");
    let mut late = city.signed_in("dispatch").await;
    city.wait(13 * 3600);
    assert_eq!(late.get("/desk").await.status, 303, "a session ends by itself");
}

#[tokio::test]
async fn after_sign_in_one_lands_on_a_page_of_ours_only() {
    let city = City::new().await;
    for (next, to) in [
        ("/cases?state=done", "/cases?state=done"),
        ("/cases?q=\u{5783}", "/cases?q=%E5%9E%83"),
        ("//evil.example", "/desk"),
        ("https://evil.example", "/desk"),
        // Browsers take the one for a slash and pass over the others.
        ("/\\evil.example", "/desk"),
        ("/\t/evil.example", "/desk"),
        ("/\n/evil.example", "/desk"),
        ("/\r/evil.example", "/desk"),
        ("/desk\r\nSet-Cookie: session=x", "/desk"),
        ("/\0", "/desk"),
        (&format!("/{}", "a".repeat(1_000)), "/desk"),
    ] {
        let form = [("account", "worker"), ("password", "worker"), ("next", next)];
        let answer = city.visitor().post_form("/sign-in", &form).await;
        assert_eq!((answer.status, answer.location()), (303, to), "{next:?}");
    }
}

#[tokio::test]
async fn forms_need_the_token_of_their_visitor() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let form = [("account", "worker"), ("password", "worker")];
    assert_eq!(browser.post_raw("/sign-in", &form).await.status, 403);
    let other = city.visitor().token().await;
    let mut stolen = vec![("csrf", other.as_str())];
    stolen.extend(form);
    assert_eq!(browser.post_raw("/sign-in", &stolen).await.status, 403);
    browser.headers.push(("origin".to_owned(), "https://evil.example".to_owned()));
    browser.headers.push(("host".to_owned(), "ganglion.example".to_owned()));
    assert_eq!(browser.post_form("/sign-in", &form).await.status, 403);
    browser.headers[1].1 = "https://ganglion.example".to_owned();
    assert_eq!(browser.post_form("/sign-in", &form).await.status, 303);
}

#[tokio::test]
async fn one_click_sign_in_exists_in_demonstrations_only() {
    let city = City::new().await;
    assert_eq!(city.visitor().post_form("/sign-in/demo", &[("account", "worker")]).await.status, 404);
    assert!(!city.visitor().get("/sign-in").await.text.contains("/sign-in/demo"));
    let demo = City::demo().await;
    let page = demo.visitor().get("/sign-in").await;
    assert!(page.text.contains("/sign-in/demo") && page.text.contains("Grid worker"), "{}", page.text);
    let mut browser = demo.visitor();
    assert_eq!(browser.post_form("/sign-in/demo", &[("account", "worker")]).await.location(), "/desk");
    assert_eq!(browser.get("/desk").await.status, 200);
    assert_eq!(demo.visitor().post_form("/sign-in/demo", &[("account", "gone")]).await.status, 404);
}

#[tokio::test]
async fn the_language_follows_the_address_then_the_cookie_then_the_browser() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let title = |text: &str| text.contains("上报问题");
    assert!(!title(&browser.get("/report").await.text));
    assert!(title(&browser.get("/report?lang=zh").await.text));
    assert!(title(&browser.get("/report").await.text), "the choice is kept");
    assert!(!title(&browser.get("/report?lang=en").await.text));
    browser.headers[0].1 = "de, zh-CN;q=0.8".to_owned();
    browser.cookies.clear();
    assert!(title(&browser.get("/report").await.text));
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_guard_it() {
    let city = City::new().await;
    for path in ["/", "/nowhere", "/health/live", "/map/outlines", "/report"] {
        let answer = city.visitor().get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-inline"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
    }
    let mut browser = city.visitor();
    browser.get("/").await;
    assert!(!browser.cookies["visitor"].is_empty());
    assert_eq!(browser.method(Method::DELETE, "/report").await.status, 405);
}

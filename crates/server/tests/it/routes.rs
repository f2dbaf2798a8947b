//! Every route, for everybody: the status each kind of visitor gets. A route that is not in the table fails the test, and
//! so does a form that is taken without its token.

use crate::forms::reported;
use crate::support::{Answer, Browser, City};
use axum::http::Method;
use ganglion_server::Settings;
use std::collections::BTreeSet;
use std::path::Path;

/// Visitors: anyone, grid worker, dispatcher of the township, dispatcher of another, leader of the city.
const VISITORS: [Option<&str>; 5] = [None, Some("worker"), Some("dispatch"), Some("other"), Some("leader")];

/// GET routes with what each visitor gets; `{number}` is a case of the western grid.
pub const READS: &[(&str, [u16; 5])] = &[
    ("/", [200; 5]),
    ("/report", [200; 5]),
    ("/report/near", [422; 5]),
    ("/report/sent/{number}", [404; 5]),
    ("/follow", [200; 5]),
    ("/follow/{number}", [303; 5]),
    ("/follow/{number}/data", [303; 5]),
    ("/follow/{number}/data.json", [404; 5]),
    ("/follow/{number}/data.csv", [404; 5]),
    // Only where a gateway sends codes: see `residents`.
    ("/my", [404; 5]),
    ("/my/sign-in", [404; 5]),
    ("/my/data.json", [404; 5]),
    ("/my/data.csv", [404; 5]),
    ("/v", [200; 5]),
    ("/v/{code}", [404; 5]),
    ("/notices", [200; 5]),
    ("/notices/{id}/{name}", [404; 5]),
    ("/halls", [404; 5]),
    ("/halls/{process}/{place}", [404; 5]),
    ("/halls/{process}/{place}/kiosk", [404; 5]),
    ("/halls/{process}/{place}/kiosk/{number}", [404; 5]),
    ("/halls/{process}/{place}/display", [404; 5]),
    ("/halls/{process}/{place}/calls", [404; 5]),
    ("/t/{number}/{code}", [404; 5]),
    // This city signs no log; those that do are in `log`.
    ("/log", [404; 5]),
    ("/log/{shard}/key", [404; 5]),
    ("/log/{shard}/checkpoint", [404; 5]),
    ("/log/{shard}/cosigned", [404; 5]),
    ("/log/{shard}/tile/{*path}", [404; 5]),
    ("/sign-in", [200; 5]),
    // Only in the middle of signing in.
    ("/sign-in/code", [303; 5]),
    // Only where a provider of identities is named: see `openid`.
    ("/sign-in/openid", [404; 5]),
    ("/sign-in/openid/back", [404; 5]),
    // Only while there is no account, and with a code.
    ("/setup", [404; 5]),
    ("/account", [303, 200, 200, 200, 200]),
    ("/account/absence", [303, 200, 200, 200, 200]),
    ("/account/passkeys", [303, 200, 200, 200, 200]),
    ("/account/password", [303, 200, 200, 200, 200]),
    ("/account/second", [303, 200, 200, 200, 200]),
    ("/post", [303, 404, 404, 404, 404]),
    ("/health/live", [200; 5]),
    ("/health/ready", [200; 5]),
    // Requests of these tests come from nowhere, which counts as this machine: see `monitor`.
    ("/metrics", [200; 5]),
    ("/sw.js", [404; 5]),
    ("/assets/{*path}", [404; 5]),
    ("/files/{id}", [404; 5]),
    ("/files/{id}/thumb", [404; 5]),
    // Only where the user interface is read from a folder.
    ("/styleguide", [404; 5]),
    // Only the demonstration has it.
    ("/demo/pictures/{kind}", [404; 5]),
    ("/map/outlines", [200; 5]),
    // No base map unless the deployment says so.
    ("/map/base", [204; 5]),
    ("/map/base.pmtiles", [404; 5]),
    ("/map/place-at", [422; 5]),
    ("/map/cases", [401, 200, 200, 200, 200]),
    ("/live", [401, 200, 200, 200, 200]),
    ("/api/packs", [401, 404, 404, 404, 404]),
    ("/api/v1/cases", [401, 200, 200, 200, 200]),
    ("/api/v1/cases/{number}", [401, 404, 200, 404, 200]),
    ("/api/v1/queues/{process}", [401, 404, 404, 404, 404]),
    ("/api", [200; 5]),
    ("/api/openapi.json", [200; 5]),
    ("/api/docs", [200; 5]),
    ("/api/processes", [200; 5]),
    ("/api/processes/{process}/cases", [401, 404, 404, 404, 404]),
    ("/api/processes/{process}/cases/{number}", [401, 404, 404, 404, 404]),
    ("/api/processes/{process}/orders/{intake}/{order}", [401, 404, 404, 404, 404]),
    ("/api/processes/{process}/history/{number}", [401, 404, 404, 404, 404]),
    ("/api/processes/{process}/documents/{number}", [401, 404, 404, 404, 404]),
    ("/api/processes/{process}/suggestions/{number}", [401, 404, 404, 404, 404]),
    ("/api/processes/{process}/duplicates/{number}", [401, 404, 404, 404, 404]),
    ("/api/processes/{process}/board", [401, 404, 404, 404, 404]),
    ("/api/processes/{process}/batches", [401, 404, 404, 404, 404]),
    ("/api/processes/{process}/batches/{id}", [401, 404, 404, 404, 404]),
    ("/api/processes/{process}/batches/{id}/zip", [401, 404, 404, 404, 404]),
    ("/api/registers", [200; 5]),
    ("/api/registers/{name}/rows", [401, 404, 404, 404, 404]),
    ("/api/registers/{name}/rows/{shard}/{*key}", [401, 404, 404, 404, 404]),
    ("/api/registers/{name}/documents/{shard}/{*key}", [401, 404, 404, 404, 404]),
    ("/api/registers/{name}/proposals", [401, 404, 404, 404, 404]),
    ("/api/registers/{name}/history/{shard}/{*key}", [401, 404, 404, 404, 404]),
    ("/api/registers/{name}/batches", [401, 404, 404, 404, 404]),
    ("/api/registers/{name}/batches/{id}", [401, 404, 404, 404, 404]),
    ("/api/registers/{name}/batches/{id}/zip", [401, 404, 404, 404, 404]),
    // A search without words.
    ("/api/search", [401, 422, 422, 422, 422]),
    ("/api/plans", [401, 200, 200, 200, 200]),
    ("/api/plans/{plan}", [401, 404, 404, 404, 404]),
    ("/api/rules", [401, 200, 200, 200, 200]),
    ("/api/rules/{rule}", [401, 404, 404, 404, 404]),
    // For those who administer, whom this city has none of: see `staff::administering`.
    ("/api/admin/accounts", [401, 404, 404, 404, 404]),
    ("/api/admin/posts", [401, 404, 404, 404, 404]),
    ("/api/admin/account-lines", [401, 404, 404, 404, 404]),
    ("/api/admin/looks", [401, 404, 404, 404, 404]),
    ("/api/admin/policy", [401, 404, 404, 404, 404]),
    ("/api/figures", [200; 5]),
    ("/api/figures/{indicator}", [404; 5]),
    ("/api/figures/{indicator}/rows", [401, 404, 404, 404, 404]),
    ("/api/centre", [401, 200, 200, 200, 200]),
    ("/api/targets", [401, 200, 200, 200, 200]),
    ("/api/tables", [401, 200, 200, 200, 200]),
    ("/api/tables/{table}", [401, 404, 404, 404, 404]),
    ("/api/notices", [200; 5]),
    ("/api/documents/{code}", [404; 5]),
    ("/api/bulletins", [401, 200, 200, 200, 200]),
    ("/api/bulletins/{bulletin}", [401, 404, 404, 404, 404]),
    ("/api/places", [200; 5]),
    ("/api/places/at", [422; 5]),
    ("/api/places/{code}", [404; 5]),
    ("/events", [200; 5]),
    ("/ogc", [200; 5]),
    ("/ogc/", [200; 5]),
    ("/ogc/conformance", [200; 5]),
    ("/ogc/api", [200; 5]),
    ("/ogc/collections", [200; 5]),
    ("/ogc/collections/{collection}", [200; 5]),
    ("/ogc/collections/{collection}/queryables", [200; 5]),
    ("/ogc/collections/{collection}/items", [200; 5]),
    ("/ogc/collections/{collection}/items/{*id}", [404; 5]),
    ("/tiles", [200; 5]),
    ("/tiles/{file}", [404; 5]),
    ("/tiles/{collection}/{z}/{x}/{file}", [404; 5]),
    ("/open311/v2/{file}", [200; 5]),
    ("/open311/v2/services/{file}", [404; 5]),
    ("/open311/v2/requests/{file}", [404; 5]),
    ("/open311/v2/tokens/{file}", [404; 5]),
];

/// POST routes: without a token every one refuses; with one, what each visitor gets for an empty form.
pub const FORMS: &[&str] = &[
    "/report",
    "/follow",
    "/follow/{number}/{action}",
    "/my/sign-in",
    "/my/code",
    "/my/sign-out",
    "/notices/{id}/{name}/object",
    "/halls/{process}/{place}",
    "/halls/{process}/{place}/kiosk",
    "/sign-in",
    "/sign-in/code",
    "/sign-in/passkey",
    "/sign-in/passkey/options",
    "/sign-out",
    "/setup",
    "/account/absence",
    "/account/absence/end",
    "/account/openid",
    "/account/openid/off",
    "/account/passkeys",
    "/account/passkeys/options",
    "/account/passkeys/{id}/remove",
    "/account/password",
    "/account/second",
    "/account/second/codes",
    "/account/second/off",
    "/account/sessions/end",
    "/account/sessions/{id}/end",
    "/files",
];

/// POST routes for programs: they need a bearer token.
pub const CALLS: &[(&str, u16)] = &[
    ("/api/v1/sign-in", 422),
    ("/api/packs", 401),
    ("/api/v1/cases", 401),
    ("/api/v1/cases/{number}/actions/{action}", 401),
    ("/api/v1/queues/{process}/next", 401),
    // Needs no token: what is sent says by its signatures who sent it.
    ("/log/{shard}/cosigned", 404),
    ("/api/packs", 401),
    ("/api/processes/{process}/cases", 401),
    ("/api/processes/{process}/cases/{number}/{action}", 401),
    ("/api/processes/{process}/next", 401),
    ("/api/processes/{process}/documents/{number}", 401),
    ("/api/registers/{name}/documents/{shard}/{*key}", 401),
    ("/api/processes/{process}/batches", 401),
    ("/api/registers/{name}/batches", 401),
    ("/api/processes/{process}/orders/{intake}", 401),
    ("/api/processes/{process}/bulk", 401),
    ("/api/registers/{name}/rows", 401),
    ("/api/registers/{name}/bulk", 401),
    ("/api/registers/{name}/proposals/{shard}/{id}/{verdict}", 401),
    ("/api/plans/{plan}/adopt", 401),
    ("/api/admin/import/accounts", 401),
    ("/open311/v2/{file}", 404),
];

/// Routes that put or take away: for programs only, which need a bearer token.
pub const CHANGES: &[(&str, &str)] = &[
    ("/api/registers/{name}/rows/{shard}/{*key}", "PUT"),
    ("/api/registers/{name}/rows/{shard}/{*key}", "DELETE"),
    ("/api/processes/{process}/batches/{id}", "DELETE"),
    ("/api/registers/{name}/batches/{id}", "DELETE"),
];

/// Addresses in the list of routes, with the handlers they take.
fn listed() -> Vec<(String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routes.rs");
    let text = std::fs::read_to_string(source).unwrap();
    text.split(".route(")
        .skip(1)
        .map(|rest| {
            let rest = rest.trim_start().strip_prefix('"').expect("an address");
            let (address, handlers) = rest.split_once('"').unwrap();
            // Up to where the next route or function begins.
            let handlers = ["\n        .route", "\n}", ";\n"]
                .iter()
                .fold(handlers, |handlers, end| handlers.split_once(end).map_or(handlers, |(before, _)| before));
            (address.to_owned(), handlers.to_owned())
        })
        .collect()
}

pub fn filled(address: &str, number: &str) -> String {
    address
        .replace("{number}", number)
        .replace("{action}", "supplement")
        .replace("{code}", "00000000000000000000")
        .replace("{process}", "nothing")
        .replace("{place}", "130903001")
        .replace("{name}", "nothing")
        .replace("{plan}", "nothing")
        .replace("{rule}", "nothing")
        .replace("{shard}", "130903")
        .replace("{id}", "00000000000000000000000000000000")
        .replace("{collection}", "places-township")
        .replace("{z}", "9")
        .replace("{x}", "422")
        .replace("{*id}", "130903009")
        .replace("{*path}", "nothing.js")
        .replace("{file}", "services.xml")
        .replace("{*key}", "nothing")
        .replace("{indicator}", "nothing")
        .replace("{table}", "nothing")
        .replace("{bulletin}", "nothing")
        .replace("{verdict}", "approve")
}

async fn visitor(city: &City, account: Option<&str>) -> Browser {
    match account {
        Some(account) => city.signed_in(account).await,
        None => city.visitor(),
    }
}

#[test]
fn every_route_stands_in_the_table() {
    let reads: BTreeSet<&str> = READS.iter().map(|(address, _)| *address).collect();
    let posts: BTreeSet<&str> = FORMS.iter().copied().chain(CALLS.iter().map(|(address, _)| *address)).collect();
    for (address, handlers) in listed() {
        let takes = |method: &str| handlers.contains(&format!("{method}("));
        assert!(!takes("get") || reads.contains(address.as_str()), "GET {address} has no entry");
        let demo = address == "/sign-in/demo";
        assert!(!takes("post") || demo || posts.contains(address.as_str()), "POST {address} has no entry");
        for (name, method) in [("put", "PUT"), ("delete", "DELETE"), ("patch", "PATCH")] {
            let known = CHANGES.contains(&(address.as_str(), method));
            assert!(!takes(name) || known, "{method} {address} has no entry");
        }
    }
}

#[tokio::test]
async fn each_visitor_gets_exactly_what_is_declared() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![]).await;
    for (at, account) in VISITORS.into_iter().enumerate() {
        let mut browser = visitor(&city, account).await;
        for (address, expected) in READS.iter().filter(|(address, _)| *address != "/live") {
            let answer = browser.get(&filled(address, &number)).await;
            assert_eq!(answer.status, expected[at], "{address} for {account:?}: {}", answer.text);
        }
    }
}

/// What every answer carries, whoever asks and whatever the answer is.
const CARRIED: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(self), geolocation=(self), microphone=()"),
];

fn is_guarded(answer: &Answer, what: &str) {
    for (name, value) in CARRIED {
        assert_eq!(answer.header(name), value, "{name} of {what}");
    }
    assert!(!answer.header("cache-control").is_empty(), "{what} does not say whether it may be kept");
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{what} has no {part}: {policy}");
    }
    for unsafe_part in ["unsafe-inline", "unsafe-eval", "unsafe-hashes", "http:", "https:", " *"] {
        assert!(!policy.contains(unsafe_part), "{what} allows {unsafe_part}: {policy}");
    }
}

#[tokio::test]
async fn every_route_answers_with_the_headers_that_guard_it() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![]).await;
    for account in [None, Some("dispatch")] {
        let mut browser = visitor(&city, account).await;
        for (address, _) in READS.iter().filter(|(address, _)| *address != "/live") {
            is_guarded(&browser.get(&filled(address, &number)).await, address);
        }
        for address in FORMS {
            is_guarded(&browser.post_raw(&filled(address, &number), &[]).await, address);
        }
    }
    is_guarded(&city.visitor().get("/nowhere").await, "what is not there");
    is_guarded(&city.visitor().method(Method::DELETE, "/follow").await, "a method that is not there");
}

#[tokio::test]
async fn no_page_holds_a_script_or_style_of_its_own() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![]).await;
    for account in VISITORS {
        let mut browser = visitor(&city, account).await;
        for (address, _) in READS.iter().filter(|(address, _)| *address != "/live") {
            let answer = browser.get(&filled(address, &number)).await;
            if !answer.header("content-type").starts_with("text/html") {
                continue;
            }
            let inline = answer.text.split("<script").skip(1).filter(|rest| {
                let tag = rest.split('>').next().unwrap_or_default();
                !tag.contains("src=") && !tag.contains("application/json")
            });
            assert_eq!(inline.count(), 0, "{address} has a script of its own");
            assert!(!answer.text.contains("<style") && !answer.text.contains(" style=\""), "{address} has a style");
            for handler in [" onclick=", " onload=", " onerror=", " onsubmit=", "javascript:"] {
                assert!(!answer.text.contains(handler), "{address} has {handler}");
            }
        }
    }
}

#[tokio::test]
async fn where_cookies_need_tls_browsers_are_told_to_use_nothing_else() {
    let plain = City::new().await;
    let city = City::with(Settings { cookie_secure: true, ..Settings::default() }).await;
    for path in ["/", "/nowhere", "/api/places", "/assets/nothing.js"] {
        assert_eq!(city.visitor().get(path).await.header("strict-transport-security"), "max-age=31536000", "{path}");
        assert_eq!(plain.visitor().get(path).await.header("strict-transport-security"), "", "{path}");
    }
}

#[tokio::test]
async fn every_cookie_is_kept_from_scripts_and_other_sites() {
    for (secure, city) in
        [(false, City::new().await), (true, City::with(Settings { cookie_secure: true, ..Settings::default() }).await)]
    {
        let mut seen = BTreeSet::new();
        let mut browser = city.visitor();
        let entered = browser.post_form("/sign-in", &[("account", "dispatch"), ("password", "dispatch")]).await;
        let first = city.visitor().get("/report").await;
        let chosen = city.visitor().get("/?lang=zh").await;
        for answer in [entered, first, chosen] {
            for cookie in answer.headers.get_all("set-cookie") {
                let cookie = cookie.to_str().unwrap();
                assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"), "{cookie}");
                assert!(cookie.contains("; Path=/"), "{cookie}");
                assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
                seen.insert(cookie.split('=').next().unwrap().to_owned());
            }
        }
        assert!(seen.len() >= 2, "the session and the visitor: {seen:?}");
    }
}

#[tokio::test]
async fn no_form_is_taken_without_its_token() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![]).await;
    for account in VISITORS {
        let mut browser = visitor(&city, account).await;
        for address in FORMS {
            let answer = browser.post_raw(&filled(address, &number), &[]).await;
            assert_eq!(answer.status, 403, "{address} for {account:?}");
        }
        for (address, method) in CHANGES {
            let answer = browser.method(method.parse().unwrap(), &filled(address, &number)).await;
            assert_eq!(answer.status, 401, "{method} {address} for {account:?}: {}", answer.text);
        }
        for (address, status) in CALLS {
            let answer = browser.json(&filled(address, &number), None, &serde_json::json!({})).await;
            assert_eq!(answer.status, *status, "{address} for {account:?}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn no_form_is_taken_from_another_site_even_with_its_token() {
    let city = City::new().await;
    let number = reported(&mut city.visitor(), vec![]).await;
    for account in [None, Some("dispatch")] {
        let mut browser = visitor(&city, account).await;
        let token = browser.token().await;
        for (name, value) in
            [("origin", "https://elsewhere.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
        {
            let mut elsewhere = browser.clone();
            elsewhere.headers.push((name.to_owned(), value.to_owned()));
            for address in FORMS {
                let answer = elsewhere.post_raw(&filled(address, &number), &[("csrf", &token)]).await;
                assert_eq!(answer.status, 403, "{address} with {name}: {value} for {account:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_form_of_the_asker() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let page = browser.get("/nowhere").await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("This page was not found") && page.text.contains("</html>"));
    assert_eq!(browser.read("/nowhere", None).await.json()["error"], "not_found");
    assert_eq!(browser.method(Method::PUT, "/report").await.status, 405);
}

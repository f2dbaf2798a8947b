//! Keys of services: made, shown once, used within post and scopes, counted, rotated, revoked.

use super::town::{Plain as _, Town};
use crate::support::{Answer, Browser};
use axum::body::Body;
use axum::http::{Request, header};
use ganglion_model::{Actor, Shard};
use serde_json::{Value, json};

/// Makes a key and gives its secret.
pub async fn key(admin: &mut Browser, (name, role, place): (&str, &str, &str), scopes: &[&str]) -> String {
    let mut form =
        vec![("name", name), ("title", "County app"), ("role", role), ("place", place), ("per_minute", "100")];
    form.extend(scopes.iter().map(|scope| ("scopes", *scope)));
    secret_of(&admin.post_form("/admin/keys", &form).await)
}

fn secret_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let (_, rest) = answer.text.split_once("<output id=\"secret\">").expect("the secret is shown");
    rest.split_once("</output>").unwrap().0.to_owned()
}

pub async fn call(town: &Town, method: &str, path: &str, secret: &str, body: Option<Value>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {secret}"))
        .header(header::CONTENT_TYPE, "application/json");
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    town.visitor().send(request.body(body).unwrap()).await
}

fn report() -> Value {
    json!({ "form": { "category": "E0102", "description": "bins overflowing", "place": "130903001201" } })
}

const CASES: &str = "/api/processes/incident/cases";

#[tokio::test]
async fn a_key_does_what_its_post_may_inside_its_scopes() {
    let town = Town::new().await;
    let mut admin = town.as_("countyadmin").await;
    let app = key(&mut admin, ("county-app", "api", "130903"), &["processes:incident:write"]).await;
    let reader = key(&mut admin, ("reader", "dispatcher", "130903001"), &["processes:*:read"]).await;
    let east = key(&mut admin, ("east", "dispatcher", "130903002"), &["processes:*:write"]).await;
    let opened = call(&town, "POST", CASES, &app, Some(report())).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    let number = opened.json()["number"].as_str().unwrap().to_owned();
    let path = format!("{CASES}/{number}");
    assert_eq!(opened.location(), path);
    let case = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    let entry = town.store.entries_of_case(Shard(130_903), case.id, 9).await.unwrap().remove(0);
    assert_eq!(entry.actor, Actor::Api { key: "county-app".to_owned() });
    // It reads what it opened; a dispatcher of the township reads it, one of the next township does not.
    assert_eq!(call(&town, "GET", &path, &app, None).await.status, 200);
    assert_eq!(call(&town, "GET", &path, &reader, None).await.status, 200);
    assert_eq!(call(&town, "GET", &path, &east, None).await.status, 404);
    let none = call(&town, "GET", CASES, &east, None).await.json();
    assert_eq!(none["items"], json!([]));
    // Scopes narrow: to one process, and to reading.
    let refused = call(&town, "POST", CASES, &reader, Some(report())).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("not_allowed")), "{}", refused.text);
    assert_eq!(refused.header(header::CONTENT_TYPE), "application/problem+json");
    assert_eq!(call(&town, "GET", "/api/processes/opinion/cases", &app, None).await.status, 403);
    assert_eq!(call(&town, "GET", "/api/figures", &app, None).await.status, 403);
    for closed in ["/api/v1/cases", "/api/packs"] {
        assert_eq!(call(&town, "GET", closed, &app, None).await.status, 403, "{closed}");
    }
    // A key opens no page and is not taken from a cookie.
    assert_eq!(call(&town, "GET", "/desk", &app, None).await.status, 303);
    let cookie = Request::get(CASES).header(header::COOKIE, format!("session={app}")).body(Body::empty()).unwrap();
    assert_eq!(town.visitor().send(cookie).await.status, 401);
}

#[tokio::test]
async fn a_secret_is_shown_once_kept_as_a_hash_rotated_and_revoked() {
    let town = Town::new().await;
    let mut admin = town.as_("countyadmin").await;
    let first = key(&mut admin, ("county-app", "api", "130903"), &["processes:incident:write"]).await;
    assert!(!admin.get("/admin/keys").await.text.contains(&first), "shown once");
    let kept = town.store.kept("service_key", "", None, 9).await.unwrap();
    assert!(kept.len() == 1 && !kept[0].body.contains(&first), "{kept:?}");
    let second = secret_of(&admin.post_form("/admin/keys/county-app/rotate", &[]).await);
    for secret in [&first, &second] {
        assert_eq!(call(&town, "GET", CASES, secret, None).await.status, 200);
    }
    town.wait(24 * 3600);
    assert_eq!(call(&town, "GET", CASES, &first, None).await.status, 401);
    assert_eq!(call(&town, "GET", CASES, &second, None).await.status, 200);
    let mut admin = town.anew("countyadmin").await;
    assert_eq!(admin.post_form("/admin/keys/county-app/revoke", &[]).await.status, 303);
    let gone = call(&town, "GET", CASES, &second, None).await;
    assert_eq!((gone.status, gone.json()["code"].as_str()), (401, Some("not_signed_in")));
    assert_eq!(admin.post_form("/admin/keys/county-app/rotate", &[]).await.status, 404, "what is revoked stays so");
    assert_eq!(call(&town, "GET", CASES, "gk_nonsense", None).await.status, 401);
}

#[tokio::test]
async fn calls_are_counted_and_told() {
    let town = Town::new().await;
    let mut admin = town.as_("countyadmin").await;
    let form = [
        ("name", "slow"),
        ("title", "Slow"),
        ("role", "api"),
        ("place", "130903"),
        ("per_minute", "2"),
        ("scopes", "places:read"),
    ];
    let secret = secret_of(&admin.post_form("/admin/keys", &form).await);
    let once = call(&town, "GET", "/api/places", &secret, None).await;
    assert_eq!(once.header("ratelimit-policy"), "\"key\";q=2;w=60");
    assert_eq!((once.status, once.header("ratelimit")), (200, "\"key\";r=1;t=60"));
    assert_eq!(call(&town, "GET", "/api/places", &secret, None).await.status, 200);
    let spent = call(&town, "GET", "/api/places", &secret, None).await;
    assert_eq!((spent.status, spent.header("ratelimit")), (429, "\"key\";r=0;t=60"));
    assert_eq!(spent.header(header::RETRY_AFTER), "60");
    town.wait(60);
    assert_eq!(call(&town, "GET", "/api/places", &secret, None).await.status, 200);
}

#[tokio::test]
async fn keys_are_made_by_administrators_inside_their_place_and_what_is_wrong_is_said() {
    let town = Town::new().await;
    let mut admin = town.as_("countyadmin").await;
    let form = |name: &'static str, role: &'static str, place: &'static str, scope: &'static str| {
        [("name", name), ("title", "T"), ("role", role), ("place", place), ("per_minute", "10"), ("scopes", scope)]
    };
    for (wrong, said) in [
        (form("bad name", "api", "130903", "places:read"), "The name of a key has only"),
        (form("a", "api", "130921", "places:read"), "outside what you administer"),
        (form("a", "admin", "130903", "places:read"), "role"),
        (form("a", "dispatcher", "130903001201", "places:read"), "no such post at that level"),
        (form("a", "api", "130903", "everything"), "at least one scope"),
    ] {
        let answer = admin.post_form("/admin/keys", &wrong).await;
        assert_eq!(answer.status, 422, "{wrong:?}");
        assert!(answer.plain().contains(said), "{wrong:?}: {}", answer.text);
        assert!(!answer.text.contains("id=\"secret\""));
    }
    assert_eq!(admin.post_form("/admin/keys", &form("one", "api", "130903", "places:read")).await.status, 200);
    let twice = admin.post_form("/admin/keys", &form("one", "api", "130903", "places:read")).await;
    assert!(twice.status == 422 && twice.plain().contains("of that name already"));
    let mut dispatch = town.as_("dispatch").await;
    assert_eq!(dispatch.get("/admin/keys").await.status, 404);
    assert_eq!(dispatch.post_form("/admin/keys", &form("two", "api", "130903", "places:read")).await.status, 404);
    assert_eq!(dispatch.post_form("/admin/keys/one/revoke", &[]).await.status, 404);
    // Nobody is offered the post of a key.
    let accounts = admin.get("/admin/accounts").await;
    assert!(!accounts.plain().contains("key:one"));
}

//! Signing in by a provider of identities, from outside, with a provider that answers on this machine: what it is asked, whom it may
//! let in, and everything that lets nobody in. A provider that is not ours stands in the browser tests.

use crate::support::{Answer, Browser, City};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use ganglion_kernel::Store;
use ganglion_kernel::port::Account;
use ganglion_model::AccountId;
use ganglion_server::Settings;
use ganglion_server::identity::openid::{OpenId, bind, unbind};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

const ORIGIN: &str = "https://ganglion.example";

/// What the provider knows while a test runs.
struct Known {
    pair: EcdsaKeyPair,
    kid: String,
    issuer: String,
    /// The request somebody was sent with.
    asked: BTreeMap<String, String>,
    /// What it says of them.
    claims: Value,
    exchanges: usize,
}

/// A provider.
#[derive(Clone)]
struct Provider(Arc<Mutex<Known>>);

fn pair() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let issuer = provider.0.lock().unwrap().issuer.clone();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
    }))
}

async fn jwks(State(provider): State<Provider>) -> Json<Value> {
    let known = provider.0.lock().unwrap();
    let point = known.pair.public_key().as_ref();
    let key = json!({
        "kty": "EC", "crv": "P-256", "kid": known.kid,
        "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..]),
    });
    Json(json!({ "keys": [{ "kty": "oct", "kid": 7 }, key] }))
}

/// Exchanges the code `good`, for the client, from where it was asked, with what proves the challenge.
async fn token(State(provider): State<Provider>, headers: HeaderMap, body: String) -> (StatusCode, Json<Value>) {
    let mut known = provider.0.lock().unwrap();
    known.exchanges += 1;
    let sent = pairs(&body);
    let verifier = sent.get("code_verifier").cloned().unwrap_or_default();
    let basic = format!("Basic {}", STANDARD.encode("ganglion:s%26cret"));
    let right = sent.get("code").map(String::as_str) == Some("good")
        && sent.get("grant_type").map(String::as_str) == Some("authorization_code")
        && sent.get("redirect_uri") == known.asked.get("redirect_uri")
        && Some(&B64.encode(digest(&SHA256, verifier.as_bytes()))) == known.asked.get("code_challenge")
        && headers.get("authorization").is_some_and(|value| value.to_str().is_ok_and(|value| value == basic));
    if !right {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
    }
    let header = json!({ "alg": "ES256", "kid": known.kid }).to_string();
    let signed = format!("{}.{}", B64.encode(header), B64.encode(known.claims.to_string()));
    let signature = known.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    let id_token = format!("{signed}.{}", B64.encode(signature.as_ref()));
    (StatusCode::OK, Json(json!({ "access_token": "unused", "token_type": "Bearer", "id_token": id_token })))
}

/// The pairs of a query or a form.
fn pairs(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            let hex: Option<Vec<u8>> = (byte == b'%').then(|| rest.by_ref().take(2).collect());
            let code = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok());
            bytes.push(code.unwrap_or(byte));
        }
        String::from_utf8(bytes).unwrap()
    };
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decode(name), decode(value))).collect()
}

impl Provider {
    async fn new() -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let known = Known {
            pair: pair(),
            kid: "one".to_owned(),
            issuer,
            asked: BTreeMap::new(),
            claims: Value::Null,
            exchanges: 0,
        };
        let provider = Provider(Arc::new(Mutex::new(known)));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    fn issuer(&self) -> String {
        self.0.lock().unwrap().issuer.clone()
    }

    /// A city that knows this provider.
    async fn city(&self, roles: &[&str]) -> City {
        let openid = OpenId {
            issuer: self.issuer(),
            client: "ganglion".to_owned(),
            secret: Some("s&cret".to_owned()),
            name: "City sign-in".to_owned(),
            second: vec!["otp".to_owned()],
        };
        City::with(Settings {
            public_url: ORIGIN.to_owned(),
            openid: Some(Arc::new(openid)),
            second_factor_roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            ..Settings::default()
        })
        .await
    }

    /// Notes with what somebody was sent, and what is said of them; gives the state.
    fn asked(&self, city: &City, href: &str, more: &Value) -> String {
        let mut known = self.0.lock().unwrap();
        let (address, query) = href.split_once('?').unwrap();
        assert_eq!(address, format!("{}/auth", known.issuer));
        known.asked = pairs(query);
        let now = city.app.clock.now().as_second();
        known.claims = json!({
            "iss": known.issuer, "sub": "u-77", "aud": "ganglion", "iat": now, "exp": now + 60,
            "nonce": known.asked["nonce"], "amr": ["pwd"],
        });
        let more = more.as_object().unwrap().clone();
        known.claims.as_object_mut().unwrap().extend(more);
        known.asked["state"].clone()
    }
}

/// Goes to the provider and comes back with a code.
async fn there_and_back(provider: &Provider, city: &City, browser: &mut Browser, more: Value) -> Answer {
    let sent = browser.get("/sign-in/openid?next=%2Faccount").await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let state = provider.asked(city, sent.location(), &more);
    browser.get(&format!("/sign-in/openid/back?code=good&state={state}")).await
}

async fn bound(city: &City, provider: &Provider, account: &str) {
    let id = AccountId(account.to_owned());
    let person = (provider.issuer(), "u-77");
    let store: &dyn Store = city.store.as_ref();
    assert!(bind(store, &id, (&person.0, person.1), city.app.clock.now()).await.unwrap());
}

#[tokio::test]
async fn an_identity_signs_in_the_account_it_is_bound_to_and_nobody_else() {
    let provider = Provider::new().await;
    let city = provider.city(&[]).await;
    let mut visitor = city.visitor();
    assert!(visitor.get("/sign-in").await.text.contains("Sign in with City sign-in"));
    let nobody = there_and_back(&provider, &city, &mut visitor, json!({})).await;
    assert_eq!(nobody.location(), "/sign-in", "{}", nobody.text);
    assert!(visitor.get("/sign-in").await.text.contains("bound to no account here"));
    let asked = provider.0.lock().unwrap().asked.clone();
    for (name, value) in [
        ("response_type", "code"),
        ("scope", "openid"),
        ("client_id", "ganglion"),
        ("code_challenge_method", "S256"),
        ("redirect_uri", "https://ganglion.example/sign-in/openid/back"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    bound(&city, &provider, "worker").await;
    assert_eq!(there_and_back(&provider, &city, &mut visitor, json!({})).await.location(), "/account");
    let page = visitor.get("/account").await;
    assert!(page.status == 200 && page.text.contains("Signed in by the other provider"), "{}", page.text);
    // One identity has one account.
    let store: &dyn Store = city.store.as_ref();
    let (other, now) = (AccountId("dispatch".to_owned()), city.app.clock.now());
    assert!(!bind(store, &other, (&provider.issuer(), "u-77"), now).await.unwrap());
    assert!(unbind(store, &AccountId("worker".to_owned())).await.unwrap());
    assert!(bind(store, &other, (&provider.issuer(), "u-77"), now).await.unwrap());
    bound_to_gone(&city, &provider).await;
}

/// An account that may not sign in does not by this door either.
async fn bound_to_gone(city: &City, provider: &Provider) {
    unbind(city.store.as_ref(), &AccountId("dispatch".to_owned())).await.unwrap();
    bound(city, provider, "gone").await;
    let mut visitor = city.visitor();
    assert_eq!(there_and_back(provider, city, &mut visitor, json!({})).await.location(), "/sign-in");
    assert_eq!(visitor.get("/desk").await.status, 303);
}

#[tokio::test]
async fn what_was_not_asked_for_or_is_used_again_signs_nobody_in() {
    let provider = Provider::new().await;
    let city = provider.city(&[]).await;
    bound(&city, &provider, "worker").await;
    for more in [
        json!({ "nonce": "another" }),
        json!({ "aud": "another" }),
        json!({ "iss": "https://id.example" }),
        json!({ "exp": city.app.clock.now().as_second() - 60 }),
        json!({ "sub": "u-78" }),
    ] {
        let mut visitor = city.visitor();
        let answer = there_and_back(&provider, &city, &mut visitor, more.clone()).await;
        assert_eq!(answer.location(), "/sign-in", "{more}");
        assert_eq!(visitor.get("/desk").await.status, 303, "{more}");
    }
    let mut visitor = city.visitor();
    let sent = visitor.get("/sign-in/openid").await;
    let state = provider.asked(&city, sent.location(), &json!({}));
    let held = visitor.cookies["openid"].clone();
    let before = provider.0.lock().unwrap().exchanges;
    for (code, state) in [("good", "guess"), ("good", ""), ("", state.as_str())] {
        visitor.cookies.insert("openid".to_owned(), held.clone());
        let answer = visitor.get(&format!("/sign-in/openid/back?code={code}&state={state}")).await;
        assert_eq!(answer.location(), "/sign-in", "{code} {state}");
    }
    // The state was used up by coming back without a code.
    visitor.cookies.insert("openid".to_owned(), held.clone());
    let again = visitor.get(&format!("/sign-in/openid/back?code=good&state={state}")).await;
    assert_eq!(again.location(), "/sign-in");
    // Another browser does not hold what this one was sent with.
    let other = city.visitor().get(&format!("/sign-in/openid/back?code=good&state={state}")).await;
    assert_eq!(other.location(), "/sign-in");
    assert_eq!(provider.0.lock().unwrap().exchanges, before, "the provider is not even asked");
    let sent = visitor.get("/sign-in/openid").await;
    let state = provider.asked(&city, sent.location(), &json!({}));
    city.wait(900);
    let late = visitor.get(&format!("/sign-in/openid/back?code=good&state={state}")).await;
    assert_eq!(late.location(), "/sign-in");
    assert_eq!(visitor.get("/desk").await.status, 303);
}

#[tokio::test]
async fn the_second_factor_of_the_provider_counts_where_it_says_so() {
    let provider = Provider::new().await;
    let city = provider.city(&["dispatcher"]).await;
    bound(&city, &provider, "dispatch").await;
    let mut visitor = city.visitor();
    there_and_back(&provider, &city, &mut visitor, json!({})).await;
    assert_eq!(visitor.get("/sign-in").await.location(), "/account/second", "a role demands one");
    let mut visitor = city.visitor();
    there_and_back(&provider, &city, &mut visitor, json!({ "amr": ["pwd", "otp"] })).await;
    assert_eq!(visitor.get("/desk").await.status, 200);
    assert!(visitor.get("/account").await.text.contains("other provider, with a second factor"));
}

#[tokio::test]
async fn keys_are_read_again_when_the_provider_changed_them() {
    let provider = Provider::new().await;
    let city = provider.city(&[]).await;
    bound(&city, &provider, "worker").await;
    assert_eq!(there_and_back(&provider, &city, &mut city.visitor(), json!({})).await.location(), "/account");
    {
        let mut known = provider.0.lock().unwrap();
        known.pair = pair();
        known.kid = "two".to_owned();
    }
    let soon = there_and_back(&provider, &city, &mut city.visitor(), json!({})).await;
    assert_eq!(soon.location(), "/sign-in", "it is not asked all the time");
    city.wait(60);
    assert_eq!(there_and_back(&provider, &city, &mut city.visitor(), json!({})).await.location(), "/account");
}

/// Is sent to the provider from one's own page; gives the way back.
async fn sent_to_bind(provider: &Provider, city: &City, browser: &mut Browser) -> String {
    let page = browser.post_form("/account/openid", &[("password", "worker")]).await;
    assert_eq!(page.status, 200, "a form leads to pages of ours only: {}", page.text);
    let refresh = page.header("refresh").to_owned();
    let href = refresh.strip_prefix("1; url=").unwrap();
    let state = provider.asked(city, href, &json!({}));
    format!("/sign-in/openid/back?code=good&state={state}")
}

#[tokio::test]
async fn one_binds_ones_own_account_once_more_proved_and_takes_it_back() {
    let provider = Provider::new().await;
    let city = provider.city(&[]).await;
    let mut browser = city.signed_in("worker").await;
    let guess = browser.post_form("/account/openid", &[("password", "guess")]).await;
    assert_eq!(guess.location(), "/account");
    let mut other = city.signed_in("dispatch").await;
    let back = sent_to_bind(&provider, &city, &mut browser).await;
    other.cookies.insert("openid".to_owned(), browser.cookies["openid"].clone());
    assert_eq!(other.get(&back).await.location(), "/account");
    assert!(!other.get("/account").await.text.contains("Bound since"), "somebody else's way back binds nothing");
    let back = sent_to_bind(&provider, &city, &mut browser).await;
    assert_eq!(browser.get(&back).await.location(), "/account");
    assert!(browser.get("/account").await.text.contains("Bound since"));
    assert_eq!(there_and_back(&provider, &city, &mut city.visitor(), json!({})).await.location(), "/account");
    assert_eq!(browser.post_form("/account/openid/off", &[("password", "worker")]).await.location(), "/account");
    assert_eq!(browser.post_form("/account/openid/off", &[("password", "worker")]).await.status, 404);
    assert_eq!(there_and_back(&provider, &city, &mut city.visitor(), json!({})).await.location(), "/sign-in");
}

#[tokio::test]
async fn whoever_has_no_other_way_in_keeps_it() {
    let provider = Provider::new().await;
    let city = provider.city(&[]).await;
    let mut account = city.store.account(&AccountId("worker".to_owned())).await.unwrap().unwrap();
    account = Account { password: None, ..account };
    city.store.accounts_put(&[account]).await.unwrap();
    bound(&city, &provider, "worker").await;
    let mut browser = city.visitor();
    assert_eq!(there_and_back(&provider, &city, &mut browser, json!({})).await.location(), "/account");
    assert!(browser.get("/account").await.text.contains("no other way to sign in"));
    assert_eq!(browser.post_form("/account/openid/off", &[]).await.status, 403);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_said_and_nothing_breaks() {
    let openid = OpenId {
        // Nothing listens there.
        issuer: "http://127.0.0.1:1".to_owned(),
        client: "ganglion".to_owned(),
        secret: None,
        name: String::new(),
        second: Vec::new(),
    };
    let city = City::with(Settings { openid: Some(Arc::new(openid)), ..Settings::default() }).await;
    let mut visitor = city.visitor();
    assert_eq!(visitor.get("/sign-in/openid").await.location(), "/sign-in");
    assert!(visitor.get("/sign-in").await.text.contains("did not sign you in"));
    assert_eq!(visitor.get("/sign-in/openid/back?code=x&state=y").await.location(), "/sign-in");
}

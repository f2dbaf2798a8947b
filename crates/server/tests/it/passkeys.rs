//! Passkeys from outside, with a device made of `ring`: made once the password was typed again, good for signing in without a name,
//! in place of the code, and for what a role demands; of no use to anybody else.

use crate::support::{Answer, Browser, City};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ciborium::Value;
use ganglion_kernel::Store;
use ganglion_model::AccountId;
use ganglion_server::Settings;
use ganglion_server::identity::lines::What;
use ganglion_server::identity::{credential, passkey};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

const ORIGIN: &str = "https://ganglion.example";

async fn city(roles: &[&str]) -> City {
    let second_factor_roles = roles.iter().map(|role| (*role).to_owned()).collect();
    City::with(Settings { public_url: ORIGIN.to_owned(), second_factor_roles, ..Settings::default() }).await
}

/// A device that verifies its owner and has one key.
struct Device {
    pair: EcdsaKeyPair,
    id: Vec<u8>,
    count: u32,
}

impl Device {
    fn new(id: &[u8]) -> Device {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
        Device { pair, id: id.to_vec(), count: 0 }
    }

    fn head(&self, flags: u8) -> Vec<u8> {
        let mut said = digest(&SHA256, b"ganglion.example").as_ref().to_vec();
        said.push(flags);
        said.extend(self.count.to_be_bytes());
        said
    }

    fn client(kind: &str, options: &serde_json::Value) -> Vec<u8> {
        json!({ "type": kind, "challenge": options["challenge"], "origin": ORIGIN }).to_string().into_bytes()
    }

    /// Its answer to being asked for a new passkey.
    fn made(&self, options: &serde_json::Value) -> String {
        let point = self.pair.public_key().as_ref();
        let part = |name: i64, value: Value| (Value::from(name), value);
        let key = Value::Map(vec![
            part(1, Value::from(2)),
            part(3, Value::from(-7)),
            part(-1, Value::from(1)),
            part(-2, Value::Bytes(point[1..33].to_vec())),
            part(-3, Value::Bytes(point[33..].to_vec())),
        ]);
        let mut said = self.head(0b100_0101);
        said.extend([0; 16]);
        said.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        said.extend(&self.id);
        ciborium::into_writer(&key, &mut said).unwrap();
        let attested = Value::Map(vec![
            (Value::from("fmt"), Value::from("none")),
            (Value::from("attStmt"), Value::Map(Vec::new())),
            (Value::from("authData"), Value::Bytes(said)),
        ]);
        let mut bytes = Vec::new();
        ciborium::into_writer(&attested, &mut bytes).unwrap();
        let client = Device::client("webauthn.create", options);
        json!({ "client": B64.encode(client), "attested": B64.encode(bytes) }).to_string()
    }

    /// Its answer to being asked to sign; every time counts.
    fn signed(&mut self, options: &serde_json::Value, user: &str) -> String {
        self.count += 1;
        let said = self.head(0b101);
        let client = Device::client("webauthn.get", options);
        let message = [said.as_slice(), digest(&SHA256, &client).as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &message).unwrap();
        json!({
            "id": B64.encode(&self.id),
            "client": B64.encode(client),
            "authenticator": B64.encode(said),
            "signature": B64.encode(signature.as_ref()),
            "user": user,
        })
        .to_string()
    }
}

/// Makes a passkey; gives the number the device knows the account by.
async fn made(browser: &mut Browser, device: &Device, password: &str) -> String {
    let form = [("label", "office computer"), ("password", password)];
    let asked = browser.post_form("/account/passkeys/options", &form).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let options = asked.json();
    let answer = device.made(&options);
    let done = browser.post_form("/account/passkeys", &[("label", "office computer"), ("answer", &answer)]).await;
    assert_eq!(done.location(), "/account/passkeys", "{}", done.text);
    options["user"]["id"].as_str().unwrap().to_owned()
}

async fn asked(browser: &mut Browser, step: &str) -> Answer {
    browser.post_form("/sign-in/passkey/options", &[("step", step)]).await
}

async fn answered(browser: &mut Browser, answer: &str, step: &str) -> Answer {
    browser.post_form("/sign-in/passkey", &[("step", step), ("answer", answer)]).await
}

async fn with_password(browser: &mut Browser, account: &str) -> Answer {
    browser.post_form("/sign-in", &[("account", account), ("password", account)]).await
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_name_and_no_answer_is_good_twice() {
    let city = city(&[]).await;
    let mut browser = city.signed_in("worker").await;
    let mut elsewhere = city.signed_in("worker").await;
    let guess = [("label", "mine"), ("password", "guess")];
    let refused = browser.post_form("/account/passkeys/options", &guess).await;
    assert!(refused.status == 422 && refused.text.contains("4 tries left"), "{}", refused.text);
    let nameless = browser.post_form("/account/passkeys/options", &[("password", "worker")]).await;
    assert_eq!(nameless.status, 422, "{}", nameless.text);
    let mut device = Device::new(b"first");
    let user = made(&mut browser, &device, "worker").await;
    let page = browser.get("/account/passkeys").await;
    assert!(page.text.contains("office computer") && page.text.contains("Never used"), "{}", page.text);
    assert_eq!(elsewhere.get("/desk").await.status, 303, "other sign-ins end");

    let mut visitor = city.visitor();
    assert!(visitor.get("/sign-in").await.text.contains("data-island=\"passkey\""));
    let options = asked(&mut visitor, "").await.json();
    assert_eq!(options["allowCredentials"], json!([]), "nobody is told whose passkeys there are");
    let held = visitor.cookies["passkey"].clone();
    let answer = device.signed(&options, &user);
    assert_eq!(answered(&mut visitor, &answer, "").await.location(), "/desk");
    assert_eq!(visitor.get("/desk").await.status, 200);
    let account = visitor.get("/account").await;
    assert!(account.text.contains("Signed in with a passkey"), "{}", account.text);

    let mut thief = city.visitor();
    thief.get("/sign-in").await;
    thief.cookies.insert("passkey".to_owned(), held.clone());
    assert_eq!(answered(&mut thief, &answer, "").await.location(), "/sign-in", "seen and used again");
    thief.cookies.insert("passkey".to_owned(), held);
    device.count = 5;
    assert_eq!(
        answered(&mut thief, &device.signed(&options, &user), "").await.location(),
        "/sign-in",
        "the same question"
    );
    assert_eq!(thief.get("/desk").await.status, 303);
}

#[tokio::test]
async fn answers_of_other_devices_for_others_or_too_late_are_refused_and_told() {
    let city = city(&[]).await;
    let mut device = Device::new(b"first");
    let user = made(&mut city.signed_in("worker").await, &device, "worker").await;
    let mut other = Device::new(b"first");
    other.count = 50;
    let mut visitor = city.visitor();
    let options = asked(&mut visitor, "").await.json();
    assert_eq!(answered(&mut visitor, &other.signed(&options, &user), "").await.location(), "/sign-in");
    let options = asked(&mut visitor, "").await.json();
    assert_eq!(answered(&mut visitor, &device.signed(&options, "bm9ib2R5"), "").await.location(), "/sign-in");
    let options = asked(&mut visitor, "").await.json();
    let mut unknown = Device::new(b"unknown");
    assert_eq!(answered(&mut visitor, &unknown.signed(&options, &user), "").await.location(), "/sign-in");
    let options = asked(&mut visitor, "").await.json();
    city.wait(300);
    assert_eq!(answered(&mut visitor, &device.signed(&options, &user), "").await.location(), "/sign-in", "late");
    for nothing in ["", "{}", "[]", "x"] {
        asked(&mut visitor, "").await;
        assert_eq!(answered(&mut visitor, nothing, "").await.location(), "/sign-in", "{nothing}");
    }
    assert_eq!(visitor.get("/desk").await.status, 303);
    let told = city.app.account_lines(&AccountId("worker".to_owned()), 50).await.unwrap();
    let wrong = told.iter().filter(|line| line.what == What::WrongPasskey);
    assert_eq!(wrong.count(), 2, "{told:?}");
    // Somebody else cannot take the same passkey for theirs.
    let mut dispatcher = city.signed_in("dispatch").await;
    let form = [("label", "mine"), ("password", "dispatch")];
    let options = dispatcher.post_form("/account/passkeys/options", &form).await.json();
    let taken =
        dispatcher.post_form("/account/passkeys", &[("label", "mine"), ("answer", &device.made(&options))]).await;
    assert_eq!(taken.status, 422, "{}", taken.text);
}

#[tokio::test]
async fn a_passkey_stands_for_the_code_after_the_password() {
    let city = city(&[]).await;
    let mut device = Device::new(b"first");
    let user = made(&mut city.signed_in("worker").await, &device, "worker").await;
    let mut visitor = city.visitor();
    assert_eq!(asked(&mut visitor, "second").await.status, 303, "nobody is in the middle of anything");
    assert_eq!(with_password(&mut visitor, "worker").await.location(), "/sign-in/code");
    let page = visitor.get("/sign-in/code").await;
    assert!(page.text.contains("data-island=\"passkey\"") && !page.text.contains("name=\"code\""), "{}", page.text);
    let options = asked(&mut visitor, "second").await.json();
    assert_eq!(options["allowCredentials"][0]["id"], B64.encode(b"first"));
    assert_eq!(answered(&mut visitor, &device.signed(&options, &user), "second").await.location(), "/desk");
    assert_eq!(visitor.get("/desk").await.status, 200);
    let body = json!({ "account": "worker", "password": "worker" });
    let program = city.visitor().json("/api/v1/sign-in", None, &body).await;
    assert_eq!(program.status, 401, "the password alone is not enough by any door");
}

#[tokio::test]
async fn a_passkey_is_the_second_factor_a_role_demands_and_the_last_one_stays() {
    let city = city(&["dispatcher"]).await;
    let mut browser = city.signed_in("dispatch").await;
    assert_eq!(browser.get("/sign-in").await.location(), "/account/second");
    let device = Device::new(b"first");
    made(&mut browser, &device, "dispatch").await;
    assert_eq!(browser.get("/desk").await.status, 200);
    let store: &dyn Store = city.store.as_ref();
    let known = credential::of(store, &AccountId("dispatch".to_owned())).await.unwrap();
    let remove = format!("/account/passkeys/{}/remove", known.passkeys[0].handle());
    assert_eq!(browser.post_form(&remove, &[("password", "dispatch")]).await.status, 403);
    made(&mut browser, &Device::new(b"second"), "dispatch").await;
    assert_eq!(browser.post_form(&remove, &[("password", "guess")]).await.status, 422);
    assert_eq!(browser.post_form(&remove, &[("password", "dispatch")]).await.location(), "/account/passkeys");
    assert_eq!(browser.post_form(&remove, &[("password", "dispatch")]).await.status, 404);
    let mut other = city.signed_in("worker").await;
    let known = credential::of(store, &AccountId("dispatch".to_owned())).await.unwrap();
    let theirs = format!("/account/passkeys/{}/remove", known.passkeys[0].handle());
    assert_eq!(other.post_form(&theirs, &[("password", "worker")]).await.status, 404, "nobody removes somebody else's");
    assert_eq!(passkey::forget(store, &AccountId("dispatch".to_owned()), None).await.unwrap(), 1);
    assert_eq!(store.kept("passkey_owner", "", None, 9).await.unwrap(), vec![]);
}

#[tokio::test]
async fn where_browsers_give_none_none_are_asked_for() {
    let city = City::new().await;
    let mut browser = city.signed_in("worker").await;
    assert!(!city.visitor().get("/sign-in").await.text.contains("data-island=\"passkey\""));
    assert!(
        browser.get("/account/passkeys").await.text.contains("only where the system is opened under a name over https")
    );
    let form = [("label", "mine"), ("password", "worker")];
    assert_eq!(browser.post_form("/account/passkeys/options", &form).await.status, 404);
    assert_eq!(asked(&mut city.visitor(), "").await.status, 404);
    let nothing = browser.post_form("/account/passkeys", &[("label", "mine"), ("answer", "{}")]).await;
    assert_eq!(nothing.status, 422);
}

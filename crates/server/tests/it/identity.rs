//! Waits, sessions, passwords, second factor and the first administrator, from outside.

use crate::support::{Answer, Browser, City};
use ganglion_kernel::Store;
use ganglion_kernel::port::Account;
use ganglion_model::{AccountId, Posts};
use ganglion_server::identity::totp::{DIGITS, code, step_at};
use ganglion_server::identity::{credential, tries};
use ganglion_server::{Settings, jobs};
use std::sync::Arc;

async fn sign_in(browser: &mut Browser, account: &str, password: &str) -> Answer {
    browser.post_form("/sign-in", &[("account", account), ("password", password)]).await
}

fn id(account: &str) -> AccountId {
    AccountId(account.to_owned())
}

/// The secret as the page spells it, in bytes.
fn secret(page: &str) -> Vec<u8> {
    let spelled = page.split("mono secret\">").nth(1).unwrap().split('<').next().unwrap();
    let letters: Vec<u32> = spelled
        .bytes()
        .filter(|b| *b != b' ')
        .map(|b| u32::from(if b.is_ascii_uppercase() { b - b'A' } else { b - b'2' + 26 }))
        .collect();
    letters
        .chunks_exact(8)
        .flat_map(|eight| {
            let number = eight.iter().fold(0_u64, |number, five| (number << 5) | u64::from(*five));
            number.to_be_bytes()[3..].to_vec()
        })
        .collect()
}

/// Sets a second factor up; gives its secret and the recovery codes.
async fn second(city: &City, browser: &mut Browser) -> (Vec<u8>, Vec<String>) {
    assert_eq!(browser.post_form("/account/second", &[]).await.location(), "/account/second");
    let page = browser.get("/account/second").await;
    let secret = secret(&page.text);
    assert_eq!(secret.len(), 20, "{}", page.text);
    assert!(page.text.contains("data:image/svg+xml"), "the square code is there");
    let typed = code(&secret, step_at(city.app.clock.now()), DIGITS);
    let done = browser.post_form("/account/second", &[("code", &typed)]).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let list = done.text.split("<ul class=\"plain mono secret\">").nth(1).unwrap().split("</ul>").next().unwrap();
    let codes = list.split("<li>").skip(1).map(|item| item.split('<').next().unwrap().to_owned()).collect();
    (secret, codes)
}

#[tokio::test]
async fn a_browser_somebody_signed_in_with_is_not_kept_waiting_by_strangers() {
    let city = City::new().await;
    let mut own = city.signed_in("worker").await;
    own.post_form("/sign-out", &[]).await;
    for n in 0..6 {
        // Each from a browser of its own: the account is counted, not the browser.
        let answer = sign_in(&mut city.visitor(), "worker", "guess").await;
        assert_eq!(answer.status, if n < 4 { 422 } else { 429 }, "{n}");
    }
    assert_eq!(sign_in(&mut city.visitor(), "worker", "worker").await.status, 429);
    assert_eq!(sign_in(&mut city.visitor(), "dispatch", "dispatch").await.status, 303, "nobody else waits");
    assert_eq!(sign_in(&mut own, "worker", "worker").await.location(), "/desk");
    let body = serde_json::json!({ "account": "worker", "password": "worker" });
    let mut program = city.visitor();
    let waits = program.json("/api/v1/sign-in", None, &body).await;
    assert_eq!((waits.status, waits.header("retry-after")), (429, "60"));
    let store: &dyn Store = city.store.as_ref();
    assert!(tries::standing(store, &id("worker"), city.app.clock.now()).await.unwrap().is_some());
    tries::forgive(store, &id("worker")).await.unwrap();
    assert_eq!(program.json("/api/v1/sign-in", None, &body).await.status, 200);
}

#[tokio::test]
async fn many_names_from_one_address_are_slowed_down() {
    let city = City::new().await;
    let mut browser = city.visitor();
    let token = browser.token().await;
    for n in 0..60 {
        let name = format!("nobody{n}");
        let form = [("csrf", token.as_str()), ("account", &name), ("password", "Guess-2022")];
        assert_eq!(browser.post_raw("/sign-in", &form).await.status, 422, "{n}");
    }
    assert_eq!(sign_in(&mut city.visitor(), "worker", "worker").await.status, 429);
    city.wait(60);
    assert_eq!(sign_in(&mut city.visitor(), "worker", "worker").await.status, 303);
}

#[tokio::test]
async fn somebody_sees_their_sign_ins_and_ends_sessions() {
    let city = City::new().await;
    let mut first = city.visitor();
    first.headers.push(("user-agent".to_owned(), "Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0".to_owned()));
    assert_eq!(sign_in(&mut first, "worker", "worker").await.status, 303);
    city.wait(60);
    sign_in(&mut city.visitor(), "worker", "guess").await;
    let mut second = city.signed_in("worker").await;
    let page = second.get("/account").await;
    assert_eq!(page.status, 200, "{}", page.text);
    for part in ["Last signed in at 2022-06-27 09:03 from 127.0.0.1 (Firefox · Linux)", "Wrong password", "here"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let ends: Vec<&str> = page.text.split("action=\"/account/sessions/").skip(1).collect();
    let ids: Vec<&str> = ends.iter().filter_map(|rest| rest.split_once("/end\"").map(|(id, _)| id)).collect();
    let ids: Vec<&&str> = ids.iter().filter(|id| id.len() == 16).collect();
    assert_eq!(ids.len(), 2, "{}", page.text);
    let mut other = city.signed_in("dispatch").await;
    let theirs = format!("/account/sessions/{}/end", ids[1]);
    assert_eq!(other.post_form(&theirs, &[]).await.status, 404, "nobody ends somebody else's");
    assert_eq!(first.get("/desk").await.status, 200);
    assert_eq!(second.post_form(&theirs, &[]).await.status, 303);
    assert_eq!(first.get("/desk").await.status, 303, "the older one has ended");
    let mut third = city.signed_in("worker").await;
    assert_eq!(second.post_form("/account/sessions/end", &[]).await.location(), "/account");
    assert_eq!((third.get("/desk").await.status, second.get("/desk").await.status), (303, 200));
    assert_eq!(second.post_form("/account/sessions/end", &[("also", "this")]).await.location(), "/");
    assert_eq!(second.get("/desk").await.status, 303);
}

#[tokio::test]
async fn an_unused_session_ends_by_itself_where_it_is_set() {
    let city = City::with(Settings { idle_minutes: 30, ..Settings::default() }).await;
    let mut browser = city.signed_in("worker").await;
    for _ in 0..3 {
        city.wait(29 * 60);
        assert_eq!(browser.get("/desk").await.status, 200);
    }
    city.wait(30 * 60 + 1);
    assert_eq!(browser.get("/desk").await.status, 303);
    let mut again = city.signed_in("worker").await;
    assert_eq!(again.get("/account").await.text.matches("Sign out</button></form></td>").count(), 1);
}

#[tokio::test]
async fn a_password_keeps_the_rules_and_does_not_come_back() {
    let city = City::new().await;
    let mut browser = city.signed_in("worker").await;
    let mut elsewhere = city.signed_in("worker").await;
    let change = async |browser: &mut Browser, now: &str, chosen: &str, again: &str| {
        let form = [("password", now), ("new_password", chosen), ("again", again)];
        browser.post_form("/account/password", &form).await
    };
    for (now, chosen, again, said) in [
        ("wrong", "Harvest-2022", "Harvest-2022", "4 tries left"),
        ("worker", "Harvest-2022", "harvest-2022", "not the same"),
        ("worker", "Ab3-", "Ab3-", "at least 10"),
        ("worker", "onlysmallletters", "onlysmallletters", "At least 3 of these"),
        ("worker", "Good-worker-7", "Good-worker-7", "name of the account"),
        ("worker", "Admin-of-2022", "Admin-of-2022", "everybody guesses"),
    ] {
        let answer = change(&mut browser, now, chosen, again).await;
        assert_eq!(answer.status, 422, "{chosen}");
        assert!(answer.text.contains(said), "{chosen}: {}", answer.text);
        assert!(!answer.text.contains("Harvest-2022"), "no password stands in a page");
    }
    assert_eq!(change(&mut browser, "worker", "Harvest-2022", "Harvest-2022").await.location(), "/account");
    assert_eq!(browser.get("/desk").await.status, 200);
    assert_eq!(elsewhere.get("/desk").await.status, 303, "the other sign-in has ended");
    assert_eq!(sign_in(&mut city.visitor(), "worker", "worker").await.status, 422);
    let back = change(&mut browser, "Harvest-2022", "Harvest-2022", "Harvest-2022").await;
    assert!(back.status == 422 && back.text.contains("last 5 passwords"), "{}", back.text);
    let log = browser.get("/account").await;
    assert!(log.text.contains("Password changed"), "{}", log.text);
}

#[tokio::test]
async fn an_old_password_has_to_be_changed_first() {
    let city = City::with(Settings { password_days: 90, ..Settings::default() }).await;
    let mut browser = city.signed_in("worker").await;
    assert_eq!(browser.get("/desk").await.status, 200, "its age counts from the first sign-in");
    city.wait(90 * 86_400);
    let mut browser = city.signed_in("worker").await;
    assert!(browser.get("/desk").await.location().starts_with("/sign-in"));
    assert_eq!(browser.get("/sign-in").await.location(), "/account/password");
    let body = serde_json::json!({ "account": "worker", "password": "worker" });
    let program = city.visitor().json("/api/v1/sign-in", None, &body).await;
    assert_eq!((program.status, program.json()["error"].as_str()), (403, Some("account_unfinished")));
    let form = [("password", "worker"), ("new_password", "Harvest-2022"), ("again", "Harvest-2022")];
    assert_eq!(browser.post_form("/account/password", &form).await.status, 303);
    assert_eq!(browser.get("/desk").await.status, 200);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_after_the_password_and_no_code_is_good_twice() {
    let city = City::new().await;
    let mut browser = city.signed_in("worker").await;
    let (secret, recovery) = second(&city, &mut browser).await;
    assert_eq!(recovery.len(), 10);
    let stored = city.store.kept("credential", "", None, 9).await.unwrap();
    assert!(stored.iter().all(|one| recovery.iter().all(|code| !one.body.contains(code))), "codes are kept as hashes");
    let mut fresh = city.visitor();
    assert_eq!(sign_in(&mut fresh, "worker", "worker").await.location(), "/sign-in/code");
    assert_eq!(fresh.get("/desk").await.status, 303, "the password alone opens nothing");
    let now = |city: &City| code(&secret, step_at(city.app.clock.now()), DIGITS);
    let used = fresh.post_form("/sign-in/code", &[("code", &now(&city))]).await;
    assert_eq!(used.status, 422, "the code that confirmed it was used: {}", used.text);
    assert!(used.text.contains("tries left"), "{}", used.text);
    city.wait(60);
    let typed = now(&city);
    assert_eq!(fresh.post_form("/sign-in/code", &[("code", &typed)]).await.location(), "/desk");
    assert_eq!(fresh.get("/desk").await.status, 200);
    let mut replay = city.visitor();
    sign_in(&mut replay, "worker", "worker").await;
    assert_eq!(replay.post_form("/sign-in/code", &[("code", &typed)]).await.status, 422, "seen and used again");
    let loud = recovery[0].to_uppercase();
    assert_eq!(replay.post_form("/sign-in/code", &[("code", &loud)]).await.location(), "/account/second");
    let mut again = city.visitor();
    sign_in(&mut again, "worker", "worker").await;
    assert_eq!(again.post_form("/sign-in/code", &[("code", &recovery[0])]).await.status, 422, "once");
    city.wait(301);
    let late = again.post_form("/sign-in/code", &[("code", &now(&city))]).await;
    assert_eq!(late.location(), "/sign-in", "five minutes are enough");
}

#[tokio::test]
async fn programs_bring_the_second_factor_with_the_password() {
    let city = City::new().await;
    let mut browser = city.signed_in("worker").await;
    let (secret, _) = second(&city, &mut browser).await;
    city.wait(60);
    let typed = code(&secret, step_at(city.app.clock.now()), DIGITS);
    let ask = async |body: serde_json::Value| {
        let answer = city.visitor().json("/api/v1/sign-in", None, &body).await;
        (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
    };
    let with = |code: Option<&str>| serde_json::json!({ "account": "worker", "password": "worker", "code": code });
    assert_eq!(ask(with(None)).await, (401, "code_needed".to_owned()));
    assert_eq!(ask(with(Some("000000"))).await, (401, "wrong_code".to_owned()));
    assert_eq!(ask(with(Some(&typed))).await, (200, String::new()));
    assert_eq!(ask(with(Some(&typed))).await, (401, "wrong_code".to_owned()), "used");
}

#[tokio::test]
async fn codes_are_not_guessed_in_the_second_step() {
    let city = City::new().await;
    let mut browser = city.signed_in("worker").await;
    second(&city, &mut browser).await;
    let mut thief = city.visitor();
    let mut answers = Vec::new();
    for _ in 0..6 {
        sign_in(&mut thief, "worker", "worker").await;
        answers.push(thief.post_form("/sign-in/code", &[("code", "123456")]).await.status);
    }
    assert_eq!(answers[..4], [422; 4], "{answers:?}");
    assert!(answers[4..].iter().all(|status| *status != 303), "{answers:?}");
    assert_eq!(sign_in(&mut thief, "worker", "worker").await.status, 429, "the right password changes nothing");
}

#[tokio::test]
async fn a_role_may_ask_for_a_second_factor() {
    let settings = Settings { second_factor_roles: vec!["dispatcher".to_owned()], ..Settings::default() };
    let city = City::with(settings).await;
    assert_eq!(city.signed_in("worker").await.get("/desk").await.status, 200, "another role");
    let mut browser = city.signed_in("dispatch").await;
    assert!(browser.get("/desk").await.location().starts_with("/sign-in"));
    assert_eq!(browser.get("/sign-in").await.location(), "/account/second");
    let (_, recovery) = second(&city, &mut browser).await;
    assert_eq!(browser.get("/desk").await.status, 200);
    let off = browser.post_form("/account/second/off", &[("code", &recovery[0])]).await;
    assert_eq!(off.status, 403, "it cannot be taken away where it is asked for");
    let renewed = browser.post_form("/account/second/codes", &[("code", &recovery[0])]).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    let mut fresh = city.visitor();
    sign_in(&mut fresh, "dispatch", "dispatch").await;
    let old = fresh.post_form("/sign-in/code", &[("code", &recovery[1])]).await;
    assert_eq!(old.status, 422, "the old ones are void");
}

#[tokio::test]
async fn the_first_administrator_comes_by_a_link_that_is_good_once() {
    let city = City::new().await;
    assert_eq!(city.app.setup_link().await.unwrap(), None, "there are accounts");
    let city = City::bare().await;
    assert_eq!(city.visitor().get("/setup").await.status, 404);
    let old = city.app.setup_link().await.unwrap().unwrap();
    let link = city.app.setup_link().await.unwrap().unwrap();
    assert_eq!(city.visitor().get(&old).await.status, 404, "a later one takes its place");
    let mut browser = city.visitor();
    let page = browser.get(&link).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let code = page.input("code").unwrap();
    let form = |account: &'static str, password: &'static str| {
        [("account", account), ("name", "Anna"), ("new_password", password), ("again", password)]
    };
    let send = async |browser: &mut Browser, code: &str, form: [(&str, &str); 4]| {
        let mut all = vec![("code", code)];
        all.extend(form);
        browser.post_form("/setup", &all).await
    };
    assert_eq!(send(&mut browser, "guess", form("anna", "Harvest-2022")).await.status, 404);
    let weak = send(&mut browser, &code, form("anna", "anna")).await;
    assert!(weak.status == 422 && weak.text.contains("at least 10"), "{}", weak.text);
    let made = send(&mut browser, &code, form("anna", "Harvest-2022")).await;
    assert_eq!((made.status, made.location()), (303, "/admin"), "{}", made.text);
    assert_eq!(browser.get("/admin/accounts").await.status, 200);
    assert_eq!(city.visitor().get(&link).await.status, 404);
    assert_eq!(send(&mut city.visitor(), &code, form("ben", "Harvest-2023")).await.status, 404);
    assert_eq!(city.app.setup_link().await.unwrap(), None);
    let late = City::bare().await;
    let link = late.app.setup_link().await.unwrap().unwrap();
    late.wait(24 * 3600);
    assert_eq!(late.visitor().get(&link).await.status, 404);
}

#[tokio::test]
async fn an_administrator_lifts_waits_resets_and_ends_sessions_and_all_of_it_is_told() {
    let city = City::new().await;
    administered(&city).await;
    let mut admin = city.signed_in("leader").await;
    let mut worker = city.signed_in("worker").await;
    for _ in 0..5 {
        sign_in(&mut city.visitor(), "worker", "guess").await;
    }
    let page = admin.get("/admin/accounts/worker").await;
    assert!(page.text.contains("Too many wrong tries") && page.text.contains("/unlock"), "{}", page.text);
    assert_eq!(admin.post_form("/admin/accounts/worker/unlock", &[]).await.status, 303);
    assert_eq!(sign_in(&mut city.visitor(), "worker", "worker").await.status, 303);
    assert_eq!(admin.post_form("/admin/accounts/worker/sessions/end", &[]).await.status, 303);
    assert_eq!(worker.get("/desk").await.status, 303);
    let reset = admin.post_form("/admin/accounts/worker/password", &[]).await;
    assert_eq!(reset.status, 200, "{}", reset.text);
    let first = reset.text.split("id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(!admin.get("/admin/accounts/worker").await.text.contains(&first), "shown once");
    assert_eq!(sign_in(&mut worker, "worker", "worker").await.status, 422);
    assert_eq!(sign_in(&mut worker, "worker", &first).await.status, 303);
    assert_eq!(worker.get("/sign-in").await.location(), "/account/password");
    let log = admin.get("/admin/account-lines").await;
    for part in
        ["Wrong password", "a wait began", "The wait was lifted", "Sign-ins ended", "Password was reset", "by leader"]
    {
        assert!(log.text.contains(part), "{part}: {}", log.text);
    }
    assert!(!log.text.contains(&first));
    city.wait(201 * 86_400);
    jobs::clean::run(&city.app).await.unwrap();
    for kind in ["account_line", "account_line_of", "session_of", "sign_in_tries", "sign_in_device"] {
        assert_eq!(city.store.kept(kind, "", None, 9).await.unwrap(), vec![], "{kind}");
    }
    let known = credential::of(city.store.as_ref(), &id("worker")).await.unwrap();
    assert!(known.must_change, "what is known of an account stays");
}

/// Lets the leader administer the city.
async fn administered(city: &City) {
    let mut posts = city.store.posts().await.unwrap();
    let leader = posts.iter_mut().find(|post| post.role == "leader").unwrap();
    leader.role = ganglion_server::ADMIN_ROLE.to_owned();
    city.store.posts_put(&posts).await.unwrap();
    let mut world = ganglion_kernel::World::clone(&city.app.world.load());
    world.posts = Arc::new(Posts::new(posts));
    city.app.world.store(Arc::new(world));
}

#[tokio::test]
async fn an_account_without_a_password_needs_none_and_gets_in_by_none() {
    let city = City::new().await;
    let account = Account { id: id("bare"), name: "Bare".to_owned(), password: None, active: true };
    city.store.accounts_put(&[account]).await.unwrap();
    assert_eq!(sign_in(&mut city.visitor(), "bare", "").await.status, 422);
}

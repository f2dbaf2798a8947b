//! Every route of staff, for everybody who has no business there: nobody, an account without a post, a post of another place, a role
//! without a part in it, a form without its token, and a form another site sends. A route that is not in the table fails.

use super::town::Town;
use crate::routes::filled;
use crate::support::Browser;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Who has business at a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guard {
    /// Anybody, also without signing in.
    Open,
    /// Whoever holds a post; what they see there is narrowed to it.
    Post,
    /// Posts that read the case of the western township.
    Case,
    /// Posts for which what the address names is there: for everybody of these tests it is not.
    Named,
    /// Administrators, each in their own place.
    Admin,
    /// Administrators of the whole installation; or the account named stands above the county.
    AdminOfAll,
}

/// Every route in the files of staff, with its methods.
pub const ROUTES: &[(&str, &str, Guard)] = &[
    ("/admin", "get", Guard::Admin),
    ("/admin/account-lines", "get", Guard::Admin),
    ("/admin/accounts", "get post", Guard::Admin),
    ("/admin/accounts/places", "get", Guard::Admin),
    ("/admin/accounts/{id}", "get", Guard::AdminOfAll),
    ("/admin/accounts/{id}/absence", "post", Guard::AdminOfAll),
    ("/admin/accounts/{id}/absence/end", "post", Guard::AdminOfAll),
    ("/admin/accounts/{id}/active", "post", Guard::AdminOfAll),
    ("/admin/accounts/{id}/password", "post", Guard::AdminOfAll),
    ("/admin/accounts/{id}/posts", "post", Guard::AdminOfAll),
    ("/admin/accounts/{id}/posts/{post}/end", "get post", Guard::AdminOfAll),
    ("/admin/accounts/{id}/second", "post", Guard::AdminOfAll),
    ("/admin/accounts/{id}/sessions/end", "post", Guard::AdminOfAll),
    ("/admin/accounts/{id}/sessions/{session}/end", "post", Guard::AdminOfAll),
    ("/admin/accounts/{id}/unlock", "post", Guard::AdminOfAll),
    ("/admin/calendar", "get post", Guard::Admin),
    ("/admin/import", "get post", Guard::Admin),
    ("/admin/import/accounts", "get post", Guard::Admin),
    ("/admin/import/accounts/confirm", "post", Guard::Admin),
    ("/admin/import/accounts/template.xlsx", "get", Guard::Admin),
    ("/admin/import/confirm", "post", Guard::Admin),
    ("/admin/jobs", "get", Guard::Admin),
    ("/admin/keys", "get post", Guard::Admin),
    ("/admin/keys/{name}/revoke", "post", Guard::AdminOfAll),
    ("/admin/keys/{name}/rotate", "post", Guard::AdminOfAll),
    ("/admin/packs", "get post", Guard::Admin),
    ("/admin/packs/install", "post", Guard::AdminOfAll),
    ("/admin/packs/install/{id}", "get", Guard::AdminOfAll),
    ("/admin/packs/install/{id}/posts", "post", Guard::AdminOfAll),
    ("/admin/packs/{name}/remove", "post", Guard::AdminOfAll),
    ("/admin/places", "get", Guard::Admin),
    ("/admin/receivers", "get post", Guard::AdminOfAll),
    ("/admin/receivers/{id}/active", "post", Guard::AdminOfAll),
    ("/admin/receivers/{id}/again", "post", Guard::AdminOfAll),
    ("/admin/receivers/{id}/remove", "post", Guard::AdminOfAll),
    ("/admin/receivers/{id}/replay", "post", Guard::AdminOfAll),
    ("/admin/retention", "get post", Guard::AdminOfAll),
    ("/audit", "get", Guard::Named),
    ("/audit/looks", "get", Guard::Named),
    ("/audit/policy", "get", Guard::Named),
    ("/break-glass", "get post", Guard::Named),
    ("/bulletins/{file}", "get", Guard::Named),
    ("/cases", "get", Guard::Post),
    ("/cases.csv", "get", Guard::Post),
    ("/cases.xlsx", "get", Guard::Post),
    ("/cases/board", "get", Guard::Post),
    ("/cases/new", "get post", Guard::Post),
    ("/cases/{number}", "get", Guard::Case),
    ("/cases/{number}/documents", "post", Guard::Case),
    ("/cases/{number}/documents/preview/{name}", "get", Guard::Case),
    ("/cases/{number}/documents/{code}", "get", Guard::Case),
    ("/cases/{number}/documents/{code}/withdraw", "post", Guard::Case),
    ("/cases/{number}/reveal", "post", Guard::Case),
    ("/cases/{number}/{action}", "post", Guard::Case),
    ("/centre", "get", Guard::Post),
    ("/desk", "get", Guard::Post),
    ("/desk/bulk", "get post", Guard::Post),
    ("/documents", "get", Guard::Post),
    ("/documents/batches", "post", Guard::Post),
    ("/documents/batches/{id}", "get", Guard::Named),
    ("/documents/batches/{id}/cancel", "post", Guard::Named),
    ("/documents/batches/{id}/zip", "get", Guard::Named),
    ("/figures", "get", Guard::Open),
    ("/figures.csv", "get", Guard::Post),
    ("/figures.xlsx", "get", Guard::Post),
    ("/figures/rows", "get", Guard::Post),
    ("/m", "get", Guard::Post),
    ("/orders/{process}/{intake}", "get post", Guard::Named),
    ("/plans", "get", Guard::Post),
    ("/plans/{name}", "get", Guard::Named),
    ("/plans/{name}/adopt", "post", Guard::Named),
    ("/plans/{name}/export.xlsx", "get", Guard::Named),
    ("/plans/{name}/points", "get", Guard::Named),
    ("/proposals", "get", Guard::Post),
    ("/proposals/together", "post", Guard::Post),
    ("/proposals/{shard}/{id}", "post", Guard::Post),
    ("/queue/{process}", "get", Guard::Named),
    ("/queue/{process}/next", "post", Guard::Named),
    ("/registers", "get", Guard::Open),
    ("/registers/{name}", "get", Guard::Named),
    ("/registers/{name}/documents/{shard}/{*key}", "get post", Guard::Named),
    ("/registers/{name}/edit/{shard}/{*key}", "get post", Guard::Named),
    ("/registers/{name}/export.csv", "get", Guard::Named),
    ("/registers/{name}/export.xlsx", "get", Guard::Named),
    ("/registers/{name}/import", "get post", Guard::Named),
    ("/registers/{name}/import/{id}", "get", Guard::Named),
    ("/registers/{name}/import/{id}/cancel", "post", Guard::Named),
    ("/registers/{name}/import/{id}/confirm", "post", Guard::Named),
    ("/registers/{name}/import/{id}/findings.csv", "get", Guard::Named),
    ("/registers/{name}/new", "get post", Guard::Named),
    ("/registers/{name}/open", "post", Guard::Named),
    ("/registers/{name}/points", "get", Guard::Named),
    ("/registers/{name}/retire/{shard}/{*key}", "get post", Guard::Named),
    ("/registers/{name}/reveal/{shard}/{*key}", "post", Guard::Named),
    ("/registers/{name}/rows/{shard}/{*key}", "get", Guard::Named),
    ("/registers/{name}/template.csv", "get", Guard::Named),
    ("/registers/{name}/template.xlsx", "get", Guard::Named),
    ("/rules", "get", Guard::Post),
    ("/rules/{name}", "get", Guard::Named),
    ("/search", "get", Guard::Post),
    ("/search/exact", "get post", Guard::Post),
    ("/tables/{file}", "get", Guard::Named),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The handlers of a route as written, with those that a variable above it holds.
fn handlers(text: &str, rest: &str) -> String {
    let ends = ["\n        .route", "\n        .merge", "\n}", ";\n"];
    let own = ends.iter().fold(rest, |rest, end| rest.split_once(end).map_or(rest, |(before, _)| before));
    let words: BTreeSet<&str> = own.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').collect();
    let held = text.split("    let ").skip(1).filter_map(|rest| rest.split_once(" = "));
    let held = held.filter(|(name, _)| words.contains(name)).filter_map(|(_, body)| body.split_once(";\n"));
    let held = held.filter(|(body, _)| body.starts_with("post(") || body.starts_with("get("));
    held.fold(own.to_owned(), |all, (body, _)| all + " ." + body)
}

/// Every route outside the one file that `routes` judges.
fn listed() -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut found: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        if path.ends_with("src/routes.rs") || !text.contains("Router::new()") {
            continue;
        }
        for rest in text.split(".route(").skip(1) {
            let Some((address, rest)) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'))
            else {
                continue;
            };
            let handlers = handlers(&text, rest);
            let takes =
                |method: &str| [" ", ".", "\n", "("].iter().any(|sign| handlers.contains(&format!("{sign}{method}(")));
            let methods = ["get", "post", "put", "delete", "patch"].into_iter().filter(|method| takes(method));
            found.entry(address.to_owned()).or_default().extend(methods);
        }
    }
    found
}

#[test]
fn every_route_of_staff_stands_in_the_table() {
    let found = listed();
    assert!(found.len() > 80, "the routes are no longer found where they are listed: {found:?}");
    for (address, methods) in &found {
        let methods = methods.iter().copied().collect::<Vec<_>>().join(" ");
        let known = ROUTES.iter().find(|(known, ..)| known == address).map(|(_, known, _)| *known);
        assert_eq!(known, Some(methods.as_str()), "{address} has no entry that says who has business there");
    }
    for (address, ..) in ROUTES {
        assert!(found.contains_key(*address), "{address} is in the table and nowhere else");
    }
}

pub fn routes(method: &'static str) -> impl Iterator<Item = (&'static str, Guard)> {
    ROUTES
        .iter()
        .filter(move |(_, methods, _)| methods.split(' ').any(|one| one == method))
        .map(|(at, _, guard)| (*at, *guard))
}

/// The address with the case of the west, the leader of the city, and things that are not there.
pub fn at(address: &str, number: &str) -> String {
    let address = address.replace("/admin/accounts/{id}", "/admin/accounts/leader").replace("{post}", "nothing");
    filled(&address.replace("{session}", "0123456789abcdef").replace("{intake}", "nothing"), number)
}

/// What no refused request may change.
pub async fn state(town: &Town) -> String {
    let heads = town.store.shards().await.unwrap().into_iter().map(|(shard, head)| (shard.0, head.seq));
    let heads: Vec<(u32, u64)> = heads.collect();
    let accounts = town.store.accounts().await.unwrap().into_iter().map(|one| (one.id.0, one.active, one.password));
    let accounts: Vec<_> = accounts.collect();
    let (posts, keys) = (town.store.posts().await.unwrap(), town.store.kept("service_key", "", None, 9).await.unwrap());
    format!("{heads:?} {accounts:?} {posts:?} {}", keys.len())
}

/// Whether somebody finds nothing behind a guard: those the table leaves out of it.
fn finds_nothing(account: &str, guard: Guard) -> bool {
    match guard {
        Guard::Open | Guard::Post => false,
        Guard::Named => true,
        // An administrator has no part in cases, and the east sees none of the west.
        Guard::Case => matches!(account, "admin" | "countyadmin" | "other" | "otherworker"),
        Guard::Admin => !matches!(account, "admin" | "countyadmin"),
        Guard::AdminOfAll => account != "admin",
    }
}

const OUTSIDERS: [&str; 5] = ["other", "otherworker", "countyadmin", "director", "leader"];

#[tokio::test]
async fn whoever_has_no_business_at_a_route_is_sent_to_sign_in_or_finds_nothing() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    let before = state(&town).await;
    let (mut nobody, mut lost) = (town.visitor(), town.as_("lost").await);
    let (token, token_of_lost) = (nobody.token().await, lost.token().await);
    for (method, with) in [("get", None), ("post", Some((token.as_str(), token_of_lost.as_str())))] {
        for (address, guard) in routes(method) {
            let path = at(address, &number);
            let answer = match with {
                None => nobody.get(&path).await,
                Some((token, _)) => nobody.post_raw(&path, &[("csrf", token)]).await,
            };
            let to_sign_in = answer.status == 303 && answer.location().starts_with("/sign-in?next=");
            // Forms with a file are read by their handler: sent without one they hold no token.
            let unread = method == "post" && answer.status == 403;
            assert!(to_sign_in != (guard == Guard::Open) || unread, "{method} {address} for nobody: {}", answer.status);
            let answer = match with {
                None => lost.get(&path).await,
                Some((_, token)) => lost.post_raw(&path, &[("csrf", token)]).await,
            };
            let turned_away = matches!(answer.status, 403 | 404) || (method == "post" && answer.status == 422);
            assert!(turned_away || guard == Guard::Open, "{method} {address} without a post: {}", answer.status);
        }
    }
    for account in OUTSIDERS {
        let mut browser = town.as_(account).await;
        let token = browser.token().await;
        for (address, _) in routes("get").filter(|(_, guard)| finds_nothing(account, *guard)) {
            let answer = browser.get(&at(address, &number)).await;
            assert_eq!(answer.status, 404, "{address} as {account}: {}", answer.text);
        }
        for (address, _) in routes("post").filter(|(_, guard)| finds_nothing(account, *guard)) {
            let answer = browser.post_raw(&at(address, &number), &[("csrf", &token)]).await;
            assert!(matches!(answer.status, 403 | 404), "{address} as {account}: {} {}", answer.status, answer.text);
        }
    }
    assert_eq!(state(&town).await, before, "nothing of it did anything");
}

/// Who may send the form of a route when everything is in order.
fn owner(guard: Guard) -> &'static str {
    if matches!(guard, Guard::Admin | Guard::AdminOfAll) { "admin" } else { "dispatch" }
}

async fn from_elsewhere(browser: &Browser, (name, value): (&str, &str), (path, token): (&str, &str)) -> u16 {
    let mut browser = browser.clone();
    browser.headers.push((name.to_owned(), value.to_owned()));
    browser.post_raw(path, &[("csrf", token)]).await.status
}

#[tokio::test]
async fn no_form_of_staff_is_taken_without_its_token_or_from_another_site() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    let before = state(&town).await;
    for (address, guard) in routes("post") {
        let path = at(address, &number);
        let mut browser = town.as_(owner(guard)).await;
        let token = browser.token().await;
        let strangers = town.visitor().token().await;
        for form in [vec![], vec![("csrf", "")], vec![("csrf", strangers.as_str())], vec![("csrf", "0")]] {
            let answer = browser.post_raw(&path, &form).await;
            assert_eq!(answer.status, 403, "{address} with {form:?}: {}", answer.text);
        }
        for header in [("origin", "https://elsewhere.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
            let status = from_elsewhere(&browser, header, (path.as_str(), token.as_str())).await;
            assert_eq!(status, 403, "{address} with {header:?}");
        }
        let mut elsewhere = browser.clone();
        elsewhere.cookies.clear();
        let answer = elsewhere.post_raw(&path, &[("csrf", &token)]).await;
        assert_eq!(answer.status, 403, "{address}: the token of a session is worth nothing without it");
    }
    assert_eq!(state(&town).await, before, "nothing of it did anything");
}

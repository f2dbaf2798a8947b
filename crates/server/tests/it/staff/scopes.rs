//! Keys of services over every route: which scope a route needs, by a table of its own. A route that is not in it fails.

use super::guard::{at, routes};
use super::keys::{call, key};
use super::town::Town;
use crate::routes::{CALLS, CHANGES, READS, filled};

/// What a route needs of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Needs {
    /// A scope of this area.
    Scope(&'static str),
    /// Some scope; what is told is narrowed to what the scopes give.
    Some,
    /// None: it is public, or the handler looks into what was sent.
    None,
    /// Not for keys at all.
    Closed,
}

/// By how an address begins, the first that fits.
const TABLE: &[(&str, Needs)] = &[
    ("/api/v1/", Needs::Closed),
    ("/api/packs", Needs::Closed),
    ("/api/admin/", Needs::Closed),
    ("/api/processes/", Needs::Scope("processes:*")),
    ("/api/registers/", Needs::Scope("registers:*")),
    ("/api/plans/", Needs::Scope("plans:*")),
    ("/api/figures", Needs::Scope("figures")),
    ("/api/bulletins", Needs::Scope("figures")),
    ("/api/targets", Needs::Scope("figures")),
    ("/api/places", Needs::Scope("places")),
    ("/ogc", Needs::Scope("places")),
    ("/tiles", Needs::Scope("places")),
    ("/events", Needs::Scope("events")),
    ("/api/processes", Needs::Some),
    ("/api/registers", Needs::Some),
    ("/api/plans", Needs::Some),
    ("/api/rules", Needs::Some),
    ("/api/search", Needs::Some),
    ("/api/centre", Needs::Some),
    ("/api/tables", Needs::Some),
    ("/api/notices", Needs::None),
    ("/api/documents/", Needs::None),
    ("/files", Needs::Some),
    ("/api/openapi.json", Needs::None),
    ("/api/docs", Needs::None),
    ("/open311/", Needs::None),
];
const AREAS: [&str; 7] = ["processes:*", "registers:*", "plans:*", "figures", "places", "events", "open311:*"];

fn needs(address: &str) -> Option<Needs> {
    if address == "/api" {
        return Some(Needs::None);
    }
    TABLE.iter().find(|(start, _)| address.starts_with(start)).map(|(_, needs)| *needs)
}

/// Every route a key is looked at for, with its method.
fn for_programs() -> Vec<(&'static str, &'static str, Needs)> {
    let reads = READS.iter().map(|(address, _)| ("GET", *address));
    let calls = CALLS.iter().map(|(address, _)| ("POST", *address));
    let changes = CHANGES.iter().map(|(address, method)| (*method, *address));
    let all = reads.chain(calls).chain(changes).chain([("POST", "/files")]);
    all.filter_map(|(method, address)| Some((method, address, needs(address)?))).collect()
}

async fn status(town: &Town, (method, address): (&str, &str), secret: &str) -> u16 {
    call(town, method, &filled(address, "SB-130903001-2022-000001"), secret, None).await.status
}

async fn with(town: &Town, name: &str, scopes: &[String]) -> String {
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    key(&mut town.as_("countyadmin").await, (name, "dispatcher", "130903001"), &scopes).await
}

#[test]
fn every_route_for_programs_says_what_it_needs_of_a_key() {
    let (reads, calls) = (READS.iter().map(|(address, _)| *address), CALLS.iter().map(|(address, _)| *address));
    let all: Vec<&str> = reads.chain(calls).chain(CHANGES.iter().map(|(address, _)| *address)).collect();
    for address in all {
        let inside = ["/api", "/open311", "/events", "/ogc", "/tiles", "/files"].iter();
        let is_looked_at = inside.clone().any(|root| address == *root || address.starts_with(&format!("{root}/")));
        assert_eq!(needs(address).is_some(), is_looked_at, "{address}");
    }
    assert!(for_programs().len() > 50);
}

#[tokio::test]
async fn a_key_reaches_no_route_of_an_area_it_has_no_scope_of() {
    let town = Town::new().await;
    for area in AREAS {
        let others: Vec<String> = AREAS.iter().filter(|one| **one != area).map(|one| format!("{one}:write")).collect();
        let secret = with(&town, &format!("all-but-{}", area.trim_end_matches(":*")), &others).await;
        for (method, address, needed) in for_programs() {
            if needed == Needs::Scope(area) {
                assert_eq!(status(&town, (method, address), &secret).await, 403, "{method} {address} without {area}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_only_reads_changes_nothing_and_no_key_gets_in_where_none_may() {
    let town = Town::new().await;
    let reading: Vec<String> = AREAS.iter().map(|area| format!("{area}:read")).collect();
    let writing: Vec<String> = AREAS.iter().map(|area| format!("{area}:write")).collect();
    let (reading, writing) = (with(&town, "reading", &reading).await, with(&town, "writing", &writing).await);
    for (method, address, needed) in for_programs() {
        let all = status(&town, (method, address), &writing).await;
        assert_eq!(all == 403, needed == Needs::Closed, "{method} {address} with every scope: {all}");
        if method != "GET" && matches!(needed, Needs::Scope(_) | Needs::Some) {
            assert_eq!(status(&town, (method, address), &reading).await, 403, "{method} {address} with scopes to read");
        }
    }
    // Pages know no keys.
    for (address, _) in routes("get").filter(|(address, _)| !["/figures", "/registers"].contains(address)) {
        let found = call(&town, "GET", &at(address, "SB-130903001-2022-000001"), &writing, None).await.status;
        assert_eq!(found, 303, "{address}: as nobody, to the page where people sign in");
    }
}

//! Permission while others act: whoever has no part in a case finds nothing of it at any moment of its way, and an id that is guessed
//! tells no more than one that is not there.

use super::town::{Plain as _, Town, act};
use crate::routes::{CALLS, READS, filled};
use crate::support::{Browser, Part};
use ganglion_model::{Actor, Shard};
use std::sync::{Arc, Mutex};

const COUNTY: Shard = Shard(130_903);
/// Whoever has no part in a case of the western township.
const OUTSIDERS: [&str; 5] = ["other", "otherhandler", "otherworker", "admin", "countyadmin"];
/// Times everything is looked for while others act.
const ROUNDS: usize = 3;
/// Cases each of those at work brings on its way.
const CASES_EACH: usize = 3;

/// Numbers that were given so far.
type Known = Arc<Mutex<Vec<String>>>;

async fn taken_in(call: &mut Browser, description: &str) -> String {
    let parts = [
        Part::Text("category", "E0102"),
        Part::Text("description", description),
        Part::Text("place", "130903001201"),
        Part::Text("source", "phone"),
        Part::Text("urgency", "normal"),
        Part::Text("reporter_name", "张三丰"),
        Part::Text("reporter_phone", "13912340000"),
    ];
    let answer = call.post_parts("/cases/new?process=incident", &parts).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.location().trim_start_matches("/cases/").to_owned()
}

/// Brings cases from their report into the hands of the handler.
async fn works(who: usize, [mut call, mut dispatch, mut handler]: [Browser; 3], known: Known) {
    for n in 0..CASES_EACH {
        let number = taken_in(&mut call, &format!("bins overflowing {who} {n}")).await;
        known.lock().unwrap().push(number.clone());
        for (browser, action, form) in [
            (&mut call, "file", vec![]),
            (&mut dispatch, "dispatch", vec![("duty", "handler.130903001")]),
            (&mut handler, "accept", vec![]),
        ] {
            let answer = act(browser, &number, action, &form).await;
            assert_eq!(answer.status, 303, "{action} on {number}: {}", answer.text);
        }
    }
}

/// Looks for every number there is or may be, and for any trace of one in lists.
async fn tries(account: &'static str, mut browser: Browser, known: Known) {
    for _ in 0..ROUNDS {
        let mut numbers = known.lock().unwrap().clone();
        numbers.extend((1..=4).map(|n| format!("SB-130903001-2022-{n:06}")));
        for number in &numbers {
            let path = format!("/cases/{number}");
            assert_eq!(browser.get(&path).await.status, 404, "{path} as {account}");
            assert_eq!(act(&mut browser, number, "note", &[]).await.status, 404, "a note on {number} as {account}");
        }
        for list in ["/cases", "/cases.csv", "/desk?tab=team", "/search?q=bins", "/map/cases", "/centre"] {
            let page = browser.get(list).await;
            assert_eq!(page.status, 200, "{list} as {account}");
            assert!(!page.plain().contains("SB-130903001"), "{list} shows a case to {account}: {}", page.text);
        }
        tokio::task::yield_now().await;
    }
}

/// Opens every case of its own place whenever it looks.
async fn reads(mut browser: Browser, known: Known) {
    for _ in 0..ROUNDS {
        let numbers = known.lock().unwrap().clone();
        for number in numbers {
            assert_eq!(browser.get(&format!("/cases/{number}")).await.status, 200, "{number}");
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_hold_at_every_moment_while_many_act_at_once() {
    let town = Town::new().await;
    let known = Known::default();
    let mut tasks = Vec::new();
    for who in 0..2 {
        let browsers = [town.as_("call").await, town.as_("dispatch").await, town.as_("handler").await];
        tasks.push(tokio::spawn(works(who, browsers, known.clone())));
    }
    for account in OUTSIDERS {
        tasks.push(tokio::spawn(tries(account, town.as_(account).await, known.clone())));
    }
    for account in ["leader", "dispatch"] {
        tasks.push(tokio::spawn(reads(town.as_(account).await, known.clone())));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(known.lock().unwrap().len(), 2 * CASES_EACH);
    for account in OUTSIDERS {
        tries(account, town.as_(account).await, known.clone()).await;
    }
    reads(town.as_("leader").await, known.clone()).await;
    // The journal says the same: nobody without a part in them left a line.
    let entries = town.store.entries_after(COUNTY, 0, 10_000).await.unwrap();
    assert!(entries.len() >= 4 * 2 * CASES_EACH, "{} lines", entries.len());
    for entry in entries {
        let Actor::Post { account, .. } = &entry.actor else { continue };
        assert!(!OUTSIDERS.contains(&account.0.as_str()), "{account} left a line: {:?}", entry.change);
    }
}

const MISSING: &str = "SB-130903001-2022-999999";

/// Whether an address for programs names a case.
fn is_of_a_case(address: &str) -> bool {
    address.starts_with("/api/") && address.contains("{number}")
}

fn of_incidents(address: &str, number: &str) -> String {
    filled(&address.replace("{process}", "incident").replace("{action}", "note"), number)
}

#[tokio::test]
async fn an_id_guessed_into_somebody_elses_case_tells_no_more_than_one_that_is_not_there() {
    let town = Town::new().await;
    let west = town.report("130903001201", "bins overflowing").await;
    let east = town.report("130903002201", "lamp broken").await;
    let before = town.store.case_by_number(COUNTY, &west).await.unwrap().unwrap();
    for account in ["other", "otherhandler", "admin", "lost"] {
        let mut browser = town.as_(account).await;
        for address in [
            "/cases/{}",
            "/cases?q={}",
            "/search?q={}",
            "/desk?selected={}",
            "/cases/{}/documents/00000000000000000000",
            "/cases/{}/documents/preview/nothing",
            "/break-glass?number={}",
            "/cases/new?process=incident&from={}",
            "/follow/{}",
            "/follow/{}/data.json",
            "/report?about={}",
        ] {
            let (there, not) =
                (browser.get(&address.replace("{}", &west)).await, browser.get(&address.replace("{}", MISSING)).await);
            let to = |answer: &crate::support::Answer, number: &str| answer.location().replace(number, "N");
            assert_eq!((there.status, to(&there, &west)), (not.status, to(&not, MISSING)), "{address} as {account}");
            assert!(!there.plain().contains("bins overflowing"), "{address} as {account}: {}", there.text);
        }
        for action in ["note", "file", "dispatch", "rate", "nothing"] {
            let (there, not) =
                (act(&mut browser, &west, action, &[]).await, act(&mut browser, MISSING, action, &[]).await);
            assert_eq!(there.status, not.status, "{action} as {account}: {}", there.text);
        }
    }
    // Neither is it reached through a case of one's own.
    let (there, not) = (
        town.act("other", &east, "merge", &[("into", west.as_str())]).await,
        town.act("other", &east, "merge", &[("into", MISSING)]).await,
    );
    assert!(there.status == not.status && matches!(not.status, 403 | 422), "{} {}", there.status, not.status);
    let token = town
        .visitor()
        .json("/api/v1/sign-in", None, &serde_json::json!({ "account": "other", "password": "other" }))
        .await;
    let token = token.json()["token"].as_str().unwrap().to_owned();
    for address in READS.iter().map(|(address, _)| *address).filter(|address| is_of_a_case(address)) {
        let mut ask = town.visitor();
        let there = ask.read(&of_incidents(address, &west), Some(&token)).await;
        let not = ask.read(&of_incidents(address, MISSING), Some(&token)).await;
        assert_eq!((there.status, there.text.replace(&west, "N")), (404, not.text.replace(MISSING, "N")), "{address}");
    }
    for address in CALLS.iter().map(|(address, _)| *address).filter(|address| is_of_a_case(address)) {
        let mut ask = town.visitor();
        let body = serde_json::json!({ "id": uuid::Uuid::from_u128(77), "form": {} });
        let there = ask.json(&of_incidents(address, &west), Some(&token), &body).await;
        let not = ask.json(&of_incidents(address, MISSING), Some(&token), &body).await;
        assert_eq!(
            (there.status, there.text.replace(&west, "N")),
            (not.status, not.text.replace(MISSING, "N")),
            "{address}"
        );
        assert!(there.status >= 400, "{address}: {}", there.text);
    }
    let after = town.store.case_by_number(COUNTY, &west).await.unwrap().unwrap();
    assert_eq!(after, before, "nothing of it did anything");
}

//! Search by words: over cases and rows of registers, as far as a post reads, with what was found marked; never over personal details.

use super::keys::{call, key};
use super::town::{PEOPLE, Plain as _, Town};
use crate::registers::with_well;
use crate::rest::Client;
use crate::support::City;
use serde_json::json;

#[tokio::test]
async fn a_search_finds_what_a_post_reads_and_nothing_else() {
    let town = Town::new().await;
    let west = town.report("130903001201", "解放路井盖丢失").await;
    let east = town.report("130903002201", "东街井盖松动 <b>危险</b>").await;
    for (account, ..) in PEOPLE {
        let mut browser = town.as_(account).await;
        for path in
            ["/search?q=%E4%BA%95%E7%9B%96", "/search?q=%E4%BA%95%E7%9B%96&place=130903002&in=cases&sort=newest"]
        {
            let page = browser.get(path).await;
            assert_eq!(page.status, 200, "{path} as {account}: {}", page.text);
            for number in [&west, &east] {
                if page.plain().contains(number.as_str()) {
                    let card = browser.get(&format!("/cases/{number}")).await;
                    assert_eq!(card.status, 200, "{path} as {account} finds {number} that it may not open");
                }
            }
        }
    }
    let mut dispatch = town.as_("dispatch").await;
    let page = dispatch.get("/search?q=%E4%BA%95%E7%9B%96").await;
    assert!(page.text.contains("解放路<mark>井盖</mark>丢失"), "{}", page.text);
    assert!(!page.plain().contains(&east), "another township");
    let mut county = town.as_("countyadmin").await;
    assert_eq!(county.get("/search").await.status, 200);
    // 丢失井盖: typed together, and in the text the other way round.
    let apart = dispatch.get("/search?q=%E4%B8%A2%E5%A4%B1%E4%BA%95%E7%9B%96").await;
    assert!(apart.text.contains("解放路<mark>井盖丢失</mark>"), "{}", apart.text);
    let mut other = town.as_("other").await;
    let page = other.get("/search?q=%E4%BA%95%E7%9B%96%20%E5%8D%B1%E9%99%A9").await;
    assert!(
        page.text.contains("<mark>井盖</mark>松动 &lt;b&gt;<mark>危险</mark>"),
        "what was typed stays text: {}",
        page.text
    );
    let nothing = other.get("/search?q=%E5%8D%B1%E9%99%A9&open=0").await;
    assert!(nothing.status == 200 && !nothing.plain().contains(&east), "it is not settled");
    let straight = other.get(&format!("/search?q={east}")).await;
    assert_eq!((straight.status, straight.location()), (303, format!("/cases/{east}").as_str()));
}

#[tokio::test]
async fn pages_of_a_search_follow_each_other_and_odd_addresses_break_nothing() {
    let town = Town::new().await;
    for n in 0..34 {
        town.report("130903001201", &format!("matter {n}")).await;
        town.wait(1);
    }
    let mut dispatch = town.as_("dispatch").await;
    for path in ["/search?q=matter&in=cases", "/search?q=matter&in=cases&sort=newest"] {
        let (mut seen, mut at) = (std::collections::BTreeSet::new(), path.to_owned());
        for _ in 0..3 {
            let page = dispatch.get(&at).await.plain();
            let hits = page.split("class=\"found-head\"").skip(1);
            let numbers = hits.filter_map(|hit| hit.split_once("href=\"/cases/")?.1.split('"').next());
            seen.extend(numbers.map(str::to_owned));
            let Some((_, rest)) = page.split_once("rel=\"next\" href=\"") else { break };
            at = rest.split('"').next().unwrap().to_owned();
        }
        assert_eq!(seen.len(), 34, "{path}");
    }
    for odd in [
        "/search?q=",
        "/search?q=%27%22*()",
        "/search?q=matter&after=r1.x&in=cases&pack=none&state=none&place=x",
        "/search?q=matter&after=9_z&in=rows&open=7",
        "/search?q=%F0%9F%98%80&in=nothing",
    ] {
        assert_eq!(dispatch.get(odd).await.status, 200, "{odd}");
    }
    let mut visitor = town.visitor();
    assert_eq!(visitor.get("/search?q=matter").await.status, 303, "visitors are asked to sign in");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_found_by_their_open_texts_and_never_by_personal_ones() {
    let city = City::new().await;
    let mut dan = with_well(&city).await;
    let page = dan.get("/search?q=east&in=rows").await;
    assert!(page.text.contains("<mark>East</mark> well"), "{}", page.text);
    assert!(page.plain().contains("/registers/well/rows/130903/W1"), "{}", page.text);
    assert!(!dan.get("/search?q=13912345678").await.plain().contains("rows/130903"), "a telephone is not searched");
    let mut leader = city.signed_in("leader").await;
    assert!(leader.get("/search?q=east").await.plain().contains("/registers/well/rows/130903/W1"));
    let mut other = city.signed_in("other").await;
    assert!(!other.get("/search?q=east&in=rows").await.plain().contains("rows/130903"), "another township");
    // A post that sees only the public fields could find out the others by trying words.
    let mut worker = city.signed_in("worker").await;
    assert_eq!(worker.get("/registers/well").await.status, 200);
    assert!(!worker.get("/search?q=east&in=rows").await.plain().contains("rows/130903"));
    let change = [("-place", "130903001"), ("name", "West well"), ("depth_m", "90"), ("version", "1")];
    assert_eq!(dan.post_form("/registers/well/edit/130903/W1", &change).await.status, 303);
    assert!(!dan.get("/search?q=east&in=rows").await.plain().contains("rows/130903"), "words that went");
    assert!(dan.get("/search?q=west%20well&in=rows").await.plain().contains("/registers/well/rows/130903/W1"));
}

#[tokio::test]
async fn other_software_searches_as_its_post_and_scopes_say() {
    let town = Town::new().await;
    let west = town.report("130903001201", "井盖丢失").await;
    let mut admin = town.as_("countyadmin").await;
    let reader = key(&mut admin, ("reader", "dispatcher", "130903001"), &["processes:*:read"]).await;
    let wells = key(&mut admin, ("wells", "dispatcher", "130903001"), &["registers:*:read"]).await;
    let east = key(&mut admin, ("east", "dispatcher", "130903002"), &["processes:*:read"]).await;
    let path = "/api/search?q=%E4%BA%95%E7%9B%96";
    let found = call(&town, "GET", path, &reader, None).await.json();
    assert_eq!(found["items"][0]["case"]["number"], json!(west), "{found}");
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    for (secret, why) in [(&wells, "a scope over registers finds no case"), (&east, "another township")] {
        assert_eq!(call(&town, "GET", path, secret, None).await.json()["items"], json!([]), "{why}");
    }
    assert_eq!(call(&town, "GET", "/api/search?q=", &reader, None).await.status, 422);
    assert_eq!(call(&town, "GET", "/api/search?q=a&in=all", &reader, None).await.status, 422);
    assert_eq!(call(&town, "GET", "/api/search?q=a&colour=red", &reader, None).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_over_the_interface_without_personal_values() {
    let city = City::new().await;
    with_well(&city).await;
    let mut dan = Client::of(&city, "dispatch").await;
    let found = dan.get("/api/search?q=east&in=rows").await;
    assert_eq!(found.json()["items"][0]["row"]["key"], json!("W1"), "{}", found.text);
    assert!(!found.text.contains("13912345678"));
}

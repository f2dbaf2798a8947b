//! Rules of a deployment through pages, lists, search, map and the API: what is forbidden is not there, and what lists show is
//! what may be opened.

use crate::forms::reported;
use crate::support::{City, model, model_with, model_without};
use ganglion_model::pack::Who;
use std::sync::Arc;

/// A city whose deployment added rules.
async fn ruled(policy: &str) -> City {
    let city = City::new().await;
    let mut world = ganglion_kernel::World::clone(&city.app.world.load());
    world.model = Arc::new(model_with(policy));
    city.app.world.store(Arc::new(world));
    city
}

const HIDE_REGISTERED: &str = "
forbid:
  later:
    title: {zh: 结案后方可查看, en: Only what is settled is shown}
    on: incident
    do: [read]
    who: [dispatcher@township]
    when: case.state == 'registered'
";

#[tokio::test]
async fn what_may_not_be_read_is_nowhere() {
    let (plain, ruled) = (City::new().await, ruled(HIDE_REGISTERED).await);
    for (city, there) in [(&plain, true), (&ruled, false)] {
        let number = reported(&mut city.visitor(), vec![]).await;
        let mut browser = city.signed_in("dispatch").await;
        for path in [
            "/desk",
            "/desk?tab=team",
            "/cases",
            "/cases.csv",
            "/cases.csv?process=incident",
            "/cases/board?process=incident",
            "/centre",
            "/map/cases",
            "/search?q=rubbish",
            "/m",
        ] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(there || !answer.text.contains(&number), "{path} shows it");
        }
        let counted = browser.get("/cases").await.text.contains("1 case");
        assert_eq!(counted, there, "neither is it counted");
        let sheet = browser.get("/cases.xlsx?process=incident").await;
        let rows = ganglion_documents::xlsx::read(&sheet.bytes, ganglion_documents::xlsx::ReadLimits::default());
        assert_eq!(format!("{:?}", rows.unwrap()).contains(&number), there, "the spreadsheet");
        assert_eq!(browser.get("/cases").await.text.contains(&number), there, "the list");
        assert_eq!(browser.get(&format!("/cases/{number}")).await.status, if there { 200 } else { 404 });
        let token = city.token("dispatch").await;
        let listed = browser.read("/api/v1/cases", Some(&token)).await;
        assert_eq!(listed.text.contains(&number), there, "{}", listed.text);
        let one = browser.read(&format!("/api/v1/cases/{number}"), Some(&token)).await;
        assert_eq!(one.status, if there { 200 } else { 404 });
        let mut leader = city.signed_in("leader").await;
        assert!(leader.get("/cases").await.text.contains(&number), "nobody else is narrowed");
        assert_eq!(leader.get(&format!("/cases/{number}")).await.status, 200);
    }
}

#[tokio::test]
async fn what_may_not_be_done_is_refused_in_the_words_of_the_rule_and_not_offered() {
    let policy = "
forbid:
  by_noon:
    title: {zh: 上午不办结, en: Nothing is closed in the morning}
    on: incident
    do: [close]
    who: [dispatcher@township]
  nothing_new:
    title: {zh: 暂不受理, en: Nothing is taken in now}
    on: incident
    do: [open]
    who: [dispatcher@township]
";
    let city = ruled(policy).await;
    let number = reported(&mut city.visitor(), vec![]).await;
    let mut browser = city.signed_in("dispatch").await;
    let card = browser.get(&format!("/cases/{number}")).await;
    assert_eq!(card.status, 200);
    let token = city.token("dispatch").await;
    let body = serde_json::json!({
        "id": "01900000-0000-7000-8000-00000000aaaa", "form": { "result": "done" },
    });
    let answer = browser.json(&format!("/api/v1/cases/{number}/actions/close"), Some(&token), &body).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(answer.text.contains("Nothing is closed in the morning"), "{}", answer.text);
    let page = browser.get("/cases/new?process=incident").await;
    assert_eq!(page.status, 404, "a process nobody here may open is not offered");
}

const HIDE_WELLS: &str = "
forbid:
  no_wells:
    title: {zh: 机井暂不公开, en: Wells are not shown for now}
    on: well
    do: [read]
    who: [leader@city]
";

/// A city whose wells are not public.
async fn closed(policy: &str) -> City {
    let city = City::new().await;
    let mut world = ganglion_kernel::World::clone(&city.app.world.load());
    // Its plan shows wells to those who may not read them here.
    let mut model = model_without(policy, "plans.yaml");
    model.registers.get_mut("well").unwrap().read.retain(|who| *who != Who::Public);
    world.model = Arc::new(model);
    city.app.world.store(Arc::new(world));
    city
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_may_not_be_read_is_in_no_list_export_search_tile_or_feature() {
    for (city, there) in [(closed("").await, true), (closed(HIDE_WELLS).await, false)] {
        crate::registers::with_well(&city).await;
        let mut leader = city.signed_in("leader").await;
        let token = city.token("leader").await;
        let expected = if there { 200 } else { 404 };
        for path in ["/registers/well", "/registers/well/export.csv", "/registers/well/export.xlsx"] {
            assert_eq!(leader.get(path).await.status, expected, "{path}");
        }
        assert_eq!(leader.get("/registers/well/rows/130903/W1").await.status, expected);
        let listed = leader.read("/api/registers/well/rows", Some(&token)).await;
        assert_eq!(listed.status, expected, "{}", listed.text);
        for path in ["/ogc/collections/rows-well/items", "/tiles/rows-well.json"] {
            let answer = leader.read(path, Some(&token)).await;
            assert_eq!(answer.status, expected, "{path}: {}", answer.text);
        }
        let found = leader.get("/search?q=East%20well").await;
        let leads_there = found.text.replace("&#x2f;", "/").contains("/registers/well/rows/130903/W1");
        assert_eq!((found.status, leads_there), (200, there), "{}", found.text);
    }
}

#[test]
fn the_rules_of_these_tests_change_nothing_else() {
    let plain = model();
    let ruled = model_with(HIDE_REGISTERED);
    assert_eq!(plain.processes, ruled.processes);
    assert_eq!(ruled.policy.len(), 1);
}

//! Rules of a deployment through pages, lists, search, map and the API: what is forbidden is not there, and what lists show is
//! what may be opened.

use crate::forms::reported;
use crate::support::{City, model, model_with};
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
        for path in ["/desk", "/desk?tab=team", "/cases", "/cases.csv", "/cases/board?process=incident", "/centre"] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(there || !answer.text.contains(&number), "{path} shows it");
        }
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

#[test]
fn the_rules_of_these_tests_change_nothing_else() {
    let plain = model();
    let ruled = model_with(HIDE_REGISTERED);
    assert_eq!(plain.processes, ruled.processes);
    assert_eq!(ruled.policy.len(), 1);
}

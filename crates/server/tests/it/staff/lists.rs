//! Lists: exact counts, pages by key, filters in the address, search.

use super::town::{Plain as _, Town};

#[tokio::test]
async fn counts_are_exact_and_filters_stand_in_the_address() {
    let town = Town::new().await;
    for n in 0..3 {
        town.report("130903001201", &format!("bins {n}")).await;
        town.wait(60);
    }
    let filed = town.report("130903001201", "ditch blocked").await;
    town.act("call", &filed, "file", &[]).await;
    let mut call = town.as_("call").await;
    let all = call.get("/cases").await;
    assert!(all.plain().contains("4 cases"), "{}", all.text);
    let only = call.get("/cases?state=filed").await;
    assert!(
        only.plain().contains("1 case") && only.plain().contains("ditch blocked") && !only.plain().contains("bins 1")
    );
    let found = call.get("/cases?q=ditch").await;
    assert!(found.plain().contains("ditch blocked") && !found.plain().contains("bins 1"));
    let none = call.get("/desk?q=zzzz").await.plain();
    assert!(none.contains("No case fits these conditions") && none.contains("href=\"/desk\">Show all"), "{none}");
    assert!(!none.contains("Nothing to do"), "{none}");
    let nothing = call.get("/cases?q=%EF%BC%8C%E3%80%82").await;
    assert!(nothing.status == 200 && !nothing.plain().contains("bins 1"), "signs alone find nothing");
    let number = call.get(&format!("/cases?q={filed}")).await;
    assert_eq!((number.status, number.location()), (303, format!("/cases/{filed}").as_str()));
    for odd in [
        "/cases?period=9999-99",
        "/cases?place=x&state=y&after=zz&sort=due",
        "/desk?tab=nothing&after=1_2",
        "/m?lon=x&lat=NaN",
    ] {
        assert_eq!(call.get(odd).await.status, 200, "{odd}");
    }
    let late = call.get("/cases?clock=overdue").await;
    assert!(!late.plain().contains("ditch blocked"));
    town.wait(3 * 86_400);
    let mut call = town.anew("call").await;
    let late = call.get("/cases?clock=overdue").await;
    assert!(late.plain().contains("ditch blocked"), "three days later it is late");
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps_or_repeats() {
    let town = Town::new().await;
    for n in 0..53 {
        town.report("130903001201", &format!("matter {n}")).await;
        town.wait(1);
    }
    let mut dispatch = town.as_("dispatch").await;
    let numbers = |text: &str| -> Vec<String> {
        text.split("data-case=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let next_of = |text: &str| {
        let (before, _) = text.split_once("rel=\"next\"")?;
        let _ = before;
        let rest = text.split_once("rel=\"next\" href=\"")?.1;
        Some(rest.split('"').next()?.to_owned())
    };
    for path in ["/cases", "/cases?sort=due", "/desk"] {
        let first = dispatch.get(path).await;
        let mut seen = numbers(&first.text);
        assert_eq!(seen.len(), 50, "{path}");
        let next = next_of(&first.plain()).unwrap_or_else(|| panic!("{path} has a next page"));
        let second = dispatch.get(&next).await;
        seen.extend(numbers(&second.text));
        let total = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((total, seen.len()), (53, 53), "{path}");
        assert!(next_of(&second.plain()).is_none());
    }
}

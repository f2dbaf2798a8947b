//! Figures open to their rows, stay inside the post's place, and tell the public nothing about few people.

use super::town::{Plain as _, Town};

fn count_of(text: &str) -> usize {
    text.matches("<tr data-case=").count()
}

#[tokio::test]
async fn a_number_opens_exactly_the_rows_it_was_counted_from() {
    let town = Town::new().await;
    for n in 0..3 {
        town.report("130903001201", &format!("west {n}")).await;
    }
    let east = town.report("130903002201", "east").await;
    let settled = town.report("130903001201", "settled").await;
    town.to_handler(&settled).await;
    town.settle(&settled).await;
    let mut leader = town.as_("countyleader").await;
    for (place, expected) in
        [("130903", 5), ("130903001", 4), ("130903002", 1), ("130903001201", 4), ("130903002201", 1)]
    {
        for period in ["2022-06", "2022-06-27", "2022", "2022-06-20..2022-06-30"] {
            let query = format!("indicator=reports&place={place}&period={period}");
            let page = leader.get(&format!("/figures?{query}")).await;
            assert_eq!(page.status, 200, "{query}: {}", page.text);
            let shown = format!("<p class=\"figure-value\">{expected}");
            assert!(page.plain().contains(&shown), "{query} does not show {expected}");
            let rows = leader.get(&format!("/figures/rows?{query}")).await;
            assert_eq!(rows.status, 200, "{}", rows.text);
            assert_eq!(count_of(&rows.text), expected, "rows behind {query}");
        }
    }
    let share = leader.get("/figures?indicator=closing_rate&place=130903&period=2022-06").await;
    assert!(share.plain().contains("100.0"), "one filed, one closed");
    for words in ["Numerator: ", "Denominator: ", "has been “", "counted when first in “"] {
        assert!(share.plain().contains(words), "how it is worked out, in titles: {words}: {}", share.text);
    }
    assert!(!share.plain().contains(">filed_closed") && !share.plain().contains("first.closed"), "{}", share.text);
    let below = leader.get("/figures/rows?indicator=closing_rate&place=130903&period=2022-06").await;
    assert_eq!(count_of(&below.text), 1);
    for (measure, side) in [("filed_closed", "Numerator: "), ("filed", "Denominator: ")] {
        let path = format!("/figures/rows?indicator=closing_rate&place=130903&period=2022-06&measure={measure}");
        let rows = leader.get(&path).await;
        let said = format!("one side of this share (numerator 1, denominator 1). {side}");
        assert!(rows.plain().contains(&said), "{measure}: {}", rows.text);
    }
    assert!(share.plain().contains("The places inside it"), "the county's leader sees no county beside it");
    let town_share = leader.get("/figures?indicator=closing_rate&place=130903001&period=2022-06").await;
    assert!(town_share.plain().contains("Among its siblings"), "{}", town_share.text);
    assert_eq!(leader.get("/figures?indicator=reports&period=2030-99").await.status, 400, "not silently another month");
    let stock = leader.get("/figures/rows?indicator=open_now&place=130903").await;
    assert_eq!(count_of(&stock.text), 4);
    assert!(stock.plain().contains(&east));
    let empty = leader.get("/figures?indicator=closing_rate&place=130903&period=2021-01").await;
    assert!(
        empty.plain().contains("n/a") || empty.plain().contains("not available"),
        "nothing to divide by is no number"
    );
}

#[tokio::test]
async fn figures_stay_inside_the_post() {
    let town = Town::new().await;
    town.report("130903001201", "west").await;
    let cases = [
        ("leader", "1309", 200),
        ("leader", "130903001201001", 200),
        ("countyleader", "1309", 404),
        ("countyleader", "130903001", 200),
        ("dispatch", "130903001", 200),
        ("dispatch", "130903002", 404),
        ("dispatch", "130903", 404),
        ("secretary", "130903001201", 200),
        ("secretary", "130903001", 404),
        ("worker", "130903001201001", 200),
        ("worker", "130903001201", 404),
        ("worker", "130999", 404),
        ("worker", "nonsense", 404),
    ];
    for (account, place, expected) in cases {
        let mut browser = town.as_(account).await;
        for path in ["/figures", "/figures/rows", "/figures.csv"] {
            let answer = browser.get(&format!("{path}?indicator=reports&place={place}&period=2022-06")).await;
            assert_eq!(answer.status, expected, "{path} of {place} as {account}");
        }
    }
    let mut worker = town.as_("worker").await;
    assert_eq!(worker.get("/figures?indicator=nothing").await.status, 404);
    assert_eq!(worker.get("/figures/rows?indicator=reports&measure=closed").await.status, 404);
}

#[tokio::test]
async fn the_public_sees_no_rows_and_no_small_counts() {
    let town = Town::new().await;
    for n in 0..4 {
        town.report("130903001201", &format!("west {n}")).await;
    }
    let mut visitor = town.visitor();
    let query = "indicator=reports&place=130903001&period=2022-06";
    let page = visitor.get(&format!("/figures?{query}")).await;
    assert_eq!(page.status, 200);
    assert!(
        !page.plain().contains("figure-value\">4") && !page.plain().contains("/figures/rows"),
        "four is too few to tell"
    );
    assert_eq!(visitor.get("/figures?indicator=reports&place=130903001201").await.status, 404);
    for n in 0..2 {
        town.report("130903001201", &format!("more {n}")).await;
    }
    let page = visitor.get(&format!("/figures?{query}")).await;
    assert!(page.plain().contains("figure-value\">6"));
    assert!(!page.plain().contains("/figures/rows") && !page.plain().contains(".csv"));
}

#[tokio::test]
async fn all_figures_of_a_place_stand_on_one_page() {
    let town = Town::new().await;
    for n in 0..4 {
        town.report("130903001201", &format!("west {n}")).await;
    }
    let mut leader = town.as_("countyleader").await;
    let page = leader.get("/figures?place=130903&period=2022-06").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.plain().contains("counter-value\">4") && page.plain().contains("indicator=reports"));
    assert_eq!(leader.get("/figures?place=1309").await.status, 404, "outside the post");
    let mut visitor = town.visitor();
    let page = visitor.get("/figures?place=130903001&period=2022-06").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(!page.plain().contains("counter-value\">4"), "four is too few to tell");
}

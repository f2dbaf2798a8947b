//! Who reaches which page: every staff route for every role, and every case for every place.

use super::town::{PEOPLE, Plain as _, Town, act};

/// Roles that administer.
const ADMINS: [&str; 2] = ["admin", "countyadmin"];
/// Roles that may take a case in for somebody.
const OPENERS: [&str; 4] = ["call", "worker", "otherworker", "secretary"];

#[tokio::test]
async fn every_page_opens_to_exactly_its_roles() {
    let town = Town::new().await;
    for (account, ..) in PEOPLE {
        let mut browser = town.as_(account).await;
        for path in [
            "/desk",
            "/desk?tab=team",
            "/desk?tab=waiting",
            "/cases",
            "/cases.csv",
            "/cases.xlsx",
            "/centre",
            "/m",
            "/figures",
            "/plans",
            "/documents",
            "/search",
            "/search?q=bins",
        ] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, 200, "{path} as {account}: {}", answer.text);
        }
        for path in [
            "/admin",
            "/admin/places",
            "/admin/import",
            "/admin/import/accounts",
            "/admin/packs",
            "/admin/accounts",
            "/admin/accounts/worker",
            "/admin/account-lines",
            "/admin/keys",
            "/admin/jobs",
        ] {
            let expected = if ADMINS.contains(&account) { 200 } else { 404 };
            let answer = browser.get(path).await;
            assert_eq!(answer.status, expected, "{path} as {account}: {}", answer.text);
        }
        let receivers = browser.get("/admin/receivers").await;
        assert_eq!(receivers.status, if account == "admin" { 200 } else { 404 }, "/admin/receivers as {account}");
        let retention = browser.get("/admin/retention").await;
        assert_eq!(retention.status, if account == "admin" { 200 } else { 404 }, "/admin/retention as {account}");
        // Opinions may be taken in by more roles than incidents; whoever may open nothing finds no page.
        let answer = browser.get("/cases/new?process=incident").await;
        let may = OPENERS[..3].contains(&account) || answer.status == 404;
        assert!(may || answer.status == 200, "/cases/new as {account}: {}", answer.status);
    }
}

#[tokio::test]
async fn an_account_is_changed_only_by_those_who_administer_all_of_it() {
    let town = Town::new().await;
    let actions = [
        "active",
        "unlock",
        "password",
        "second",
        "sessions/end",
        "sessions/0123456789abcdef/end",
        "posts",
        "absence",
        "posts/nothing/end",
        "absence/end",
    ];
    // What is named there is not there.
    let names_nothing = ["sessions/0123456789abcdef/end", "posts/nothing/end", "absence/end"];
    // What is done to these two ends their sessions: they do nothing themselves.
    for (account, role, _) in PEOPLE.into_iter().filter(|(account, ..)| !["leader", "countyleader"].contains(account)) {
        let mut browser = town.anew(account).await;
        for action in actions {
            let answer = browser.post_form(&format!("/admin/accounts/countyleader/{action}"), &[]).await;
            let may = role == "admin" && !names_nothing.contains(&action);
            assert_eq!(answer.status != 404, may, "{action} as {account}: {}", answer.status);
            let above = browser.post_form(&format!("/admin/accounts/leader/{action}"), &[]).await;
            let may = account == "admin" && !names_nothing.contains(&action);
            assert_eq!(above.status != 404, may, "{action} of the city's as {account}: {}", above.status);
        }
    }
}

#[tokio::test]
async fn visitors_are_asked_to_sign_in_and_people_without_a_post_are_told() {
    let town = Town::new().await;
    let mut visitor = town.visitor();
    let mut lost = town.as_("lost").await;
    for path in [
        "/desk",
        "/cases",
        "/cases.csv",
        "/cases.xlsx",
        "/cases/new",
        "/cases/SB-130903001-2022-000001",
        "/centre",
        "/m",
        "/plans",
        "/search",
        "/search/exact",
    ] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(answer.location().starts_with("/sign-in?next="), "{}", answer.location());
        assert_eq!(lost.get(path).await.status, 403, "{path} without a post");
    }
    for path in ["/figures/rows?indicator=reports&place=130903", "/figures.csv", "/figures.xlsx", "/admin"] {
        assert_eq!(visitor.get(path).await.status, 303, "{path}");
    }
    assert_eq!(visitor.get("/figures").await.status, 200);
}

#[tokio::test]
async fn a_case_is_there_for_its_own_places_and_nobody_else() {
    let town = Town::new().await;
    let west = town.report("130903001201001", "bins overflowing").await;
    let east = town.report("130903002201001", "lamp broken").await;
    for (account, role, place) in PEOPLE {
        let mut browser = town.as_(account).await;
        for (number, township) in [(&west, "130903001"), (&east, "130903002")] {
            let holds = township.starts_with(place) || place.starts_with(township);
            // Roles without any part in the process, and handlers and villages the case has not reached.
            let reads = !matches!(role, "admin" | "handler" | "village_secretary");
            let expected = if holds && reads { 200 } else { 404 };
            let path = format!("/cases/{number}");
            let answer = browser.get(&path).await;
            assert_eq!(answer.status, expected, "{path} as {account}");
            let posted = act(&mut browser, number, "file", &[]).await;
            if expected == 404 {
                assert_eq!(posted.status, 404, "{path}/file as {account}");
            }
        }
    }
}

#[tokio::test]
async fn lists_show_what_may_be_opened_and_nothing_else() {
    let town = Town::new().await;
    let west = town.report("130903001201", "bins overflowing").await;
    let east = town.report("130903002201", "lamp broken").await;
    for (account, ..) in PEOPLE {
        let mut browser = town.as_(account).await;
        for path in
            ["/cases", "/cases?place=130903", "/cases?place=130903002", "/desk?tab=team", "/centre", "/cases.csv"]
        {
            let page = browser.get(path).await;
            assert_eq!(page.status, 200, "{path} as {account}");
            for number in [&west, &east] {
                if page.plain().contains(number.as_str()) {
                    let card = browser.get(&format!("/cases/{number}")).await;
                    assert_eq!(card.status, 200, "{path} as {account} lists {number} that it may not open");
                }
            }
        }
    }
    let mut other = town.as_("other").await;
    let page = other.get("/cases?place=130903001").await;
    assert!(
        !page.plain().contains(&west) && page.plain().contains("No case"),
        "asking for another place widens nothing"
    );
    let preview = other.get(&format!("/desk?selected={west}")).await;
    assert!(preview.status == 200 && !preview.plain().contains("bins overflowing"));
}

//! Personal values: masked everywhere, shown in clear only on asking, by named roles, with a line kept.

use super::town::{Plain as _, Town};
use crate::support::Browser;
use ganglion_model::Shard;

const PHONE: &str = "13912340000";
const NAME: &str = "张三丰";

#[tokio::test]
async fn clear_values_are_shown_once_on_asking_and_the_asking_is_told() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    let mut call = town.as_("call").await;
    let path = format!("/cases/{number}");
    let masked = call.get(&path).await;
    assert!(masked.plain().contains("139****0000") && masked.plain().contains("张*"));
    assert!(!masked.plain().contains(PHONE) && !masked.plain().contains(NAME));
    let clear = call.post_form(&format!("{path}/reveal"), &[]).await;
    assert_eq!(clear.status, 200, "{}", clear.text);
    assert!(clear.plain().contains(PHONE) && clear.plain().contains(NAME));
    assert_eq!(clear.header("cache-control"), "no-store");
    let again = call.get(&path).await;
    assert!(!again.plain().contains(PHONE), "the next page is masked again");
    assert!(again.plain().contains("Who saw") || again.plain().contains("to handle this case"), "who looked is told");
    let case = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    let lines = town.store.accesses(case.shard, case.id, 10).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].fields, ["reporter_name", "reporter_phone"]);
    assert_eq!(lines[0].account.0, "call");
}

#[tokio::test]
async fn other_roles_see_masks_and_are_refused() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    town.to_handler(&number).await;
    for account in ["handler", "director", "leader", "verify"] {
        let mut browser = town.as_(account).await;
        let page = browser.get(&format!("/cases/{number}")).await;
        assert_eq!(page.status, 200, "{account}");
        assert!(!page.plain().contains(PHONE) && !page.plain().contains(NAME), "{account}");
        assert!(!page.plain().contains("/reveal"), "{account} is not offered to see them");
        let asked = browser.post_form(&format!("/cases/{number}/reveal"), &[]).await;
        assert_eq!(asked.status, 403, "{account}");
    }
    let mut other = town.as_("other").await;
    assert_eq!(other.post_form(&format!("/cases/{number}/reveal"), &[]).await.status, 404);
    let mut call = town.as_("call").await;
    assert_eq!(call.post_raw(&format!("/cases/{number}/reveal"), &[]).await.status, 403, "no token, no look");
    let case = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!(town.store.accesses(case.shard, case.id, 10).await.unwrap(), [], "nobody saw anything");
}

#[tokio::test]
async fn lists_exports_and_other_pages_hold_no_personal_value() {
    let town = Town::new().await;
    let number = town.report("130903001201", "call me at 13812345678 about =cmd").await;
    for path in ["/cases", "/desk", "/cases.csv", "/centre", &format!("/desk?selected={number}"), "/figures.csv"] {
        let mut call = town.as_("call").await;
        let page = call.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.plain().contains(PHONE) && !page.plain().contains(NAME), "{path}");
    }
    let mut call = town.as_("call").await;
    let csv = call.get("/cases.csv").await;
    assert!(csv.plain().contains("Exported by call person"), "{}", csv.text);
    assert!(csv.plain().contains(&number) && csv.plain().contains("138****"), "numbers in free text are masked");
    assert!(csv.header("content-disposition").contains(".csv"));
    let sheet = call.get("/cases.xlsx?process=incident").await;
    let rows = ganglion_documents::xlsx::read(&sheet.bytes, ganglion_documents::xlsx::ReadLimits::default()).unwrap();
    let text = format!("{rows:?}");
    for said in ["Exported by call person", number.as_str(), "138****", "Urgency"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains(PHONE) && !text.contains(NAME), "{text}");
    let figures = call.get("/figures.xlsx").await;
    assert!(figures.status == 200 && figures.header("content-disposition").contains(".xlsx"));
    let of_one = call.get("/cases.csv?process=incident").await;
    let words = of_one.plain();
    assert!(!words.contains(PHONE) && !words.contains(NAME), "{words}");
    assert!(
        words.contains("Urgency") && !csv.plain().contains("Urgency"),
        "cases of one process come with their fields"
    );
}

#[tokio::test]
async fn an_exact_number_is_found_with_a_purpose_by_those_who_may_see_it_and_the_person_reads_that() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    let mut call = town.as_("call").await;
    assert!(call.get("/search").await.plain().contains("/search/exact"));
    let ask = async |browser: &mut Browser, value: &str, purpose: &str| {
        browser.post_form("/search/exact", &[("value", value), ("purpose", purpose)]).await
    };
    let case = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    for (value, purpose) in [(PHONE, ""), (PHONE, "x"), ("", "she asks how it goes")] {
        assert_eq!(ask(&mut call, value, purpose).await.status, 422, "{value} {purpose}");
    }
    for part in ["0000", "1391234", "139****0000", "13912340001"] {
        let answer = ask(&mut call, part, "she asks how it goes").await;
        assert!(answer.status == 200 && !answer.plain().contains(&number), "{part}: {}", answer.text);
    }
    assert_eq!(town.store.accesses(case.shard, case.id, 10).await.unwrap(), [], "nothing was found yet");
    let found = ask(&mut call, "+86 139-1234-0000", "she asks how it goes").await;
    assert_eq!(found.status, 200, "{}", found.text);
    assert!(found.plain().contains(&number) && !found.plain().contains(PHONE), "{}", found.text);
    let lines = town.store.accesses(case.shard, case.id, 10).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].account.0.as_str(), lines[0].purpose.as_str()), ("call", "she asks how it goes"));
    assert_eq!(lines[0].fields, ["reporter_phone"]);
    let card = call.get(&format!("/cases/{number}")).await;
    assert!(card.plain().contains("Found by number: she asks how it goes"), "{}", card.text);
}

#[tokio::test]
async fn nobody_else_finds_by_an_exact_number() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    let purpose = "she asks how it goes";
    for account in ["handler", "leader", "director", "verify", "admin"] {
        let mut browser = town.as_(account).await;
        assert_eq!(browser.get("/search/exact").await.status, 404, "{account}");
        let asked = browser.post_form("/search/exact", &[("value", PHONE), ("purpose", purpose)]).await;
        assert_eq!(asked.status, 404, "{account}");
        assert!(!browser.get("/search").await.plain().contains("/search/exact"), "{account}");
    }
    // The same role in another township may look, and so may those who see the telephones of other matters: they find nothing here.
    for account in ["other", "worker", "secretary"] {
        let mut browser = town.as_(account).await;
        let asked = browser.post_form("/search/exact", &[("value", PHONE), ("purpose", purpose)]).await;
        assert!(asked.status == 200 && asked.plain().contains("Nothing found"), "{account}: {}", asked.text);
        assert!(!asked.plain().contains(&number), "{account}");
    }
    let case = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!(town.store.accesses(case.shard, case.id, 10).await.unwrap(), [], "nobody saw anything");
    assert_eq!(town.visitor().get("/search/exact").await.status, 303);
    let mut limited = town.as_("county").await;
    for _ in 0..20 {
        limited.post_form("/search/exact", &[("value", "13900000000"), ("purpose", purpose)]).await;
    }
    let asked = limited.post_form("/search/exact", &[("value", PHONE), ("purpose", purpose)]).await;
    assert_eq!(asked.status, 429, "nobody goes through numbers one after the other");
}

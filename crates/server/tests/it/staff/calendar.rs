//! A holiday laid over the calendar: deadlines of open cases move, the journal says so, bad lines are named.

use super::town::{Plain as _, Town};
use ganglion_server::jobs::recompute;

#[tokio::test]
async fn a_new_holiday_moves_deadlines_and_stays_in_the_journal() {
    let town = Town::new().await;
    recompute::run(&town.app).await.unwrap();
    let number = town.report("130903001201", "bins overflowing").await;
    town.to_handler(&number).await;
    let case = town.app.store.case_by_number(ganglion_model::Shard(130_903), &number).await.unwrap().unwrap();
    let before = case.clocks["handle"].due_at().unwrap();
    let mut admin = town.as_("admin").await;
    let bad = admin.post_form("/admin/calendar", &[("text", "date,kind,name\n2022-06-31,holiday,x")]).await;
    assert_eq!(bad.status, 422, "{}", bad.text);
    assert!(bad.plain().contains("2022-06-31"), "what was typed is kept");
    assert!(bad.plain().contains("Line 2: “2022-06-31” is no date such as"), "{}", bad.text);
    let bad = admin.post_form("/admin/calendar", &[("text", "2022-06-30;holiday")]).await;
    assert!(bad.plain().contains("Line 1: the header must be “date,kind,name”"), "{}", bad.text);
    let days = "date,kind,name\n2022-06-27,holiday,flood\n2022-06-28,holiday,flood\n2022-06-29,holiday,flood";
    assert_eq!(admin.post_form("/admin/calendar", &[("text", days)]).await.status, 303);
    recompute::run(&town.app).await.unwrap();
    let case = town.app.store.case_by_number(ganglion_model::Shard(130_903), &number).await.unwrap().unwrap();
    assert!(case.clocks["handle"].due_at().unwrap() > before);
    let card = admin.get("/admin/jobs").await;
    assert!(card.plain().contains("Deadlines counted again"), "{}", card.plain());
    let mut handler = town.as_("handler").await;
    let card = handler.get(&format!("/cases/{number}")).await;
    assert!(card.plain().contains("Deadlines counted again: the calendar changed"), "{}", card.plain());
    let version = case.version;
    recompute::run(&town.app).await.unwrap();
    let case = town.app.store.case_by_number(ganglion_model::Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!(case.version, version, "nothing is counted twice");
    let mut call = town.as_("call").await;
    assert_eq!(call.get("/admin/calendar").await.status, 404);
}

//! Suggestions from similar settled cases: counted over what the post reads, shown with the count, filled in by one button, never sent
//! by themselves.

use super::town::{Plain as _, Town, act};
use ganglion_model::Shard;

const SEWER: &str = "下水道堵塞，污水外溢到路面";

/// A case taken in as rubbish whose category the call-taker corrects.
async fn corrected(town: &Town, description: &str) -> String {
    let number = town.report("130903001201", description).await;
    let answer = town.act("call", &number, "recategorise", &[("category", "E0404")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    number
}

#[tokio::test]
async fn who_had_similar_cases_is_suggested_with_the_count() {
    let town = Town::new().await;
    for n in 0..3 {
        let number = town.report("130903001201", &format!("bins {n}")).await;
        town.to_handler(&number).await;
        town.settle(&number).await;
    }
    let number = town.report("130903001201", "bins again").await;
    assert_eq!(town.act("call", &number, "file", &[]).await.status, 303);
    let card = town.as_("dispatch").await.get(&format!("/cases/{number}")).await;
    assert!(card.plain().contains("3 of 3 similar cases that are settled were theirs"), "{}", card.text);
    let case = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!(case.assignee, None, "a suggestion gives nobody a case");
    // Another kind of case had nobody yet.
    let other = corrected(&town, "bins once more").await;
    assert_eq!(town.act("call", &other, "file", &[]).await.status, 303);
    let card = town.as_("dispatch").await.get(&format!("/cases/{other}")).await;
    assert!(!card.plain().contains("similar cases that are settled were theirs"), "{}", card.text);
    assert!(card.plain().contains("no similar case to go by yet; 3 of the last 3 settled here"), "{}", card.text);
}

#[tokio::test]
async fn a_category_is_suggested_from_words_and_a_button_only_fills_it_in() {
    let town = Town::new().await;
    for _ in 0..2 {
        let number = corrected(&town, SEWER).await;
        town.to_handler(&number).await;
        town.settle(&number).await;
    }
    let number = town.report("130903001201", "小区门口下水道堵塞，污水外溢").await;
    let mut call = town.as_("call").await;
    let card = call.get(&format!("/cases/{number}")).await;
    assert!(card.plain().contains("so in 2 of 2 similar cases that are settled"), "{}", card.text);
    assert!(card.plain().contains("value=\"category:fill:E0404\""), "{}", card.text);
    let filled =
        act(&mut call, &number, "recategorise", &[("category", "E0102"), ("_more", "category:fill:E0404")]).await;
    assert_eq!(filled.status, 200, "{}", filled.text);
    assert!(filled.plain().contains("value=\"E0404\" selected"), "{}", filled.text);
    let case = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!((case.version, case.fields["category"].as_str()), (1, Some("E0102")), "nothing was sent");
    // Nothing alike, nothing suggested.
    let other = town.report("130903001201", "大树倒伏挡住人行道").await;
    let card = call.get(&format!("/cases/{other}")).await;
    assert!(!card.plain().contains("similar cases that are settled"), "{}", card.text);
    // Another township has no settled case to learn from, and sees none of this one's.
    let east = town.report("130903002201", SEWER).await;
    let card = town.as_("other").await.get(&format!("/cases/{east}")).await;
    assert!(card.status == 200 && !card.plain().contains("similar cases that are settled"), "{}", card.text);
}

#[tokio::test]
async fn what_may_be_the_same_matter_is_offered_to_whoever_may_merge() {
    let town = Town::new().await;
    let first = town.report("130903001201", "东门外垃圾桶满溢，散落一地").await;
    let far = town.report("130903002201", "东门外垃圾桶满溢，散落一地").await;
    let other = town.report("130903001201", "大树倒伏挡住人行道").await;
    town.wait(600);
    let second = town.report("130903001201", "东门外的垃圾桶满溢没人清").await;
    let path = format!("/cases/{second}");
    let mut call = town.as_("call").await;
    let card = call.get(&path).await.plain();
    let (_, offered) = card.split_once("Perhaps the same matter").expect("something is offered");
    let offered = offered.split_once("</section>").unwrap().0;
    assert!(offered.contains(&first) && !offered.contains(&other) && !offered.contains(&far), "{offered}");
    assert!(!call.get(&format!("/cases/{first}")).await.plain().contains("Perhaps the same"), "the earlier one stays");
    // Who may not merge is offered nothing.
    let leader = town.as_("director").await.get(&path).await;
    assert!(leader.status == 200 && !leader.plain().contains("Perhaps the same matter"));
    // The button fills the number in; a person sends it.
    let fill = format!("into:fill:{first}");
    let filled = act(&mut call, &second, "merge", &[("state", "registered"), ("_more", &fill)]).await;
    assert_eq!(filled.status, 200);
    assert_eq!(filled.typed("into").as_deref(), Some(first.as_str()), "{}", filled.text);
    let case = town.store.case_by_number(Shard(130_903), &second).await.unwrap().unwrap();
    assert_eq!(case.version, 1, "nothing was sent");
    assert_eq!(act(&mut call, &second, "merge", &[("into", &first)]).await.status, 303);
    assert!(!call.get(&path).await.plain().contains("Perhaps the same matter"));
}

//! What lateness looks like on pages, with the clock of the installation moved on: a check that nobody made goes up to the county,
//! whose officer is told and finds it; after thirty days it stands on the list of a rule, and what the day alone broke beside it.

use super::town::{Plain as _, Town};
use crate::support::{Part, photo};
use ganglion_model::Model;
use ganglion_server::jobs::{rules, spawn, tell, timers};
use std::path::Path;
use std::sync::{Arc, LazyLock};

const PEOPLE: [(&str, &str, &str); 5] = [
    ("olga", "officer", "130903001"),
    ("boss", "officer", "130903"),
    ("will", "walker", WEST),
    ("mia", "mender", "130903001"),
    ("max", "mender", "130903002"),
];
const WEST: &str = "130903001201";
const DAY: i64 = 86_400;
const CHECK: &str = "S-130903001-2022-000001";

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/rounds");
    let (model, findings) = ganglion_pack::compile_folders(&[pack]).unwrap();
    Arc::new(model.unwrap_or_else(|| panic!("{findings}")))
});

/// A town on 27 June 2022 with a stand whose licence runs out on 20 July, and a check of it that is due in two weeks.
async fn town() -> Town {
    let town = Town::of(&MODEL, &PEOPLE).await;
    let mut olga = town.anew("olga").await;
    let stand = [("-place", WEST), ("code", "S1"), ("name", "Pancakes at the gate"), ("licensed", "2022-07-20")];
    let put = olga.post_form("/registers/stand/new", &stand).await;
    assert_eq!(put.status, 303, "{}", put.text);
    let opened = olga.post_form("/cases/new?process=stand_check", &[("stand", "S1"), ("place", WEST)]).await;
    assert_eq!((opened.status, opened.location()), (303, format!("/cases/{CHECK}").as_str()), "{}", opened.text);
    town
}

/// Lets days pass, and the jobs of a server do what fell due.
async fn days(town: &Town, days: i64) {
    town.wait(days * DAY);
    timers::run(&town.app).await.unwrap();
    rules::run(&town.app).await.unwrap();
    tell::run(&town.app).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_late_is_on_the_desk_of_the_superior_with_the_notice_and_may_be_done_there() {
    let town = town().await;
    days(&town, 13).await;
    let desk = town.anew("boss").await.get("/desk").await.plain();
    assert!(!desk.contains("handed up"), "not before its time: {desk}");
    assert_ne!(super::town::act(&mut town.anew("boss").await, CHECK, "checked", &[]).await.status, 303);
    days(&town, 2).await;
    let mut boss = town.anew("boss").await;
    let desk = boss.get("/desk").await.plain();
    assert!(desk.contains("Fell due and was handed up to the") && desk.contains("Every two weeks"), "{desk}");
    assert!(desk.contains("Pancakes at the gate") && desk.contains(CHECK), "{desk}");
    let card = boss.get(&format!("/cases/{CHECK}")).await.plain();
    assert!(card.contains(&format!("/cases/{CHECK}/checked")), "the step is theirs now: {card}");
    let answer = super::town::act(&mut boss, CHECK, "checked", &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let row = boss.get("/registers/stand/rows/130903/S1").await.plain();
    assert!(row.contains("12 Jul") || row.contains("Jul 12") || row.contains("July"), "checked on the twelfth: {row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_thirty_days_the_rule_lists_it_and_the_day_alone_lists_what_ran_out() {
    let town = town().await;
    days(&town, 24).await;
    let mut boss = town.anew("boss").await;
    let list = "/rules/stand_licensed?place=130903";
    assert!(boss.get(list).await.plain().contains("Pancakes"), "the licence ran out yesterday");
    let figure = boss.get("/figures?indicator=rule_stand_licensed&place=130903").await.plain();
    assert!(figure.contains("figure-value\">1") && figure.contains(list), "counted, and open to its list: {figure}");
    let village = boss.get("/figures?indicator=rule_stand_licensed&place=130903002").await.plain();
    assert!(village.contains("figure-value\">0") && !village.contains("/rules/stand_licensed"), "{village}");
    assert!(!boss.get("/rules/stand_unseen").await.plain().contains(CHECK), "not thirty days yet");
    days(&town, 7).await;
    let mut boss = town.anew("boss").await;
    assert!(boss.get("/rules/stand_unseen").await.plain().contains(CHECK));
    let index = boss.get("/rules").await.plain();
    assert!(index.contains("Checked within thirty days") && index.contains("The licence has not run out"), "{index}");
    let answer = super::town::act(&mut boss, CHECK, "checked", &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let page = boss.get("/rules/stand_unseen").await.plain();
    assert!(page.contains("Kept everywhere"), "kept again with the step itself: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_row_asks_for_is_copied_into_the_case_and_stands_filled_in_to_be_ticked() {
    let town = town().await;
    let mut olga = town.anew("olga").await;
    let papers = [("papers.0.what", "Licence"), ("papers.1.what", "Health card")];
    let stand = [("-place", WEST), ("name", "Pancakes at the gate"), ("licensed", "2022-07-20"), ("version", "1")];
    let put = olga.post_form("/registers/stand/edit/130903/S1", &[&stand[..], &papers[..]].concat()).await;
    assert_eq!(put.status, 303, "{}", put.text);
    assert_eq!(super::town::act(&mut olga, CHECK, "list", &[]).await.status, 303);
    let card = olga.get(&format!("/cases/{CHECK}")).await;
    assert_eq!(card.typed("papers.0.what").as_deref(), Some("Licence"), "{}", card.text);
    assert_eq!(card.typed("papers.1.what").as_deref(), Some("Health card"));
    let ticked = [papers[0], ("papers.0.there", "true"), papers[1]];
    assert_eq!(super::town::act(&mut olga, CHECK, "tick", &ticked).await.status, 303);
    let card = olga.get(&format!("/cases/{CHECK}")).await.plain();
    assert!(card.contains("Licence") && card.contains("Health card"), "{card}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_is_told_to_name_a_row_by_its_number_and_is_offered_none() {
    let town = town().await;
    let page = town.visitor().get("/report?process=word").await.plain();
    assert!(page.contains("name=\"stand\"") && page.contains("Write its number"), "{page}");
    assert!(!page.contains("Pancakes") && !page.contains("public registers"), "a register that is not public: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stands_at_one_of_the_places_asked_for_finds_the_own_place_chosen() {
    let town = town().await;
    let chosen = format!("value=\"{WEST}\" selected");
    let own = town.anew("will").await.get("/cases/new?process=stand_check").await;
    assert!(own.status == 200 && own.text.contains(&chosen), "{}", own.text);
    let above = town.anew("olga").await.get("/cases/new?process=stand_check").await;
    assert!(
        above.text.contains(WEST) && !above.text.contains(&chosen),
        "nobody guesses for a township: {}",
        above.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_handed_on_is_seen_by_those_who_got_the_case_and_by_nobody_else() {
    let town = town().await;
    let mut olga = town.anew("olga").await;
    let stored = olga.post_parts("/files", &[Part::File("file", "crack.jpg", &photo(5))]).await.json();
    let id = stored["id"].as_str().unwrap().to_owned();
    let path = format!("/files/{id}");
    let answer = super::town::act(&mut olga, CHECK, "defect", &[("photos_kept", &id)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let mut mia = town.anew("mia").await;
    assert_eq!(mia.get(&path).await.status, 404, "not before the case is there");
    spawn::run(&town.app).await.unwrap();
    let defect = mia.get("/cases/D-130903001-2022-000001").await;
    assert!(defect.status == 200 && defect.text.contains(&id), "{}", defect.text);
    assert_eq!(mia.get(&path).await.status, 200);
    assert_eq!(mia.get(&format!("/cases/{CHECK}")).await.status, 404, "only the photo, not the case it came from");
    for account in ["max", "handler"] {
        assert_eq!(town.anew(account).await.get(&path).await.status, 404, "{account}");
    }
    assert_eq!(town.visitor().get(&path).await.status, 404);
}

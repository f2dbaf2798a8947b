//! Screens that follow from a pack alone: cases opened for rows of a register kept by place, found by their names and in bulk,
//! rows shown by their labels, steps on many cases, what is asked only once it applies.

use super::town::{Plain as _, Town};
use crate::support::Browser;
use ganglion_kernel::port::CaseFilter;
use ganglion_model::{Actor, Body, Command, CommandId, Fields, Model, Shard};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, LazyLock};

const PEOPLE: [(&str, &str, &str); 6] = [
    ("clerk", "clerk", "130903001"),
    ("eastclerk", "clerk", "130903002"),
    ("inspector", "inspector", "130903001"),
    ("super", "supervisor", "130903"),
    ("wei", "window", "130903001"),
    ("ling", "inspector", "130903001"),
];
const WEST: &str = "130903001201";
const EAST: &str = "130903002201";
const NEW: &str = "/cases/new?process=inspection";

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/households");
    let (model, findings) = ganglion_pack::compile_folders(&[pack]).unwrap();
    Arc::new(model.unwrap_or_else(|| panic!("{findings}")))
});

async fn town() -> Town {
    Town::of(&MODEL, &PEOPLE).await
}

async fn household(browser: &mut Browser, village: &str, (code, address): (&str, &str)) {
    let form = [("-place", village), ("code", code), ("address", address), ("yearly", "1200.5"), ("contact", "张三丰")];
    let answer = browser.post_form("/registers/household/new", &form).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
}

/// `count` households in the western village, A001 at Lane 1 and so on.
async fn households(town: &Town, count: usize) {
    let mut clerk = town.as_("clerk").await;
    for n in 1..=count {
        household(&mut clerk, WEST, (&format!("A{n:03}"), &format!("Lane {n}"))).await;
    }
}

async fn inspections(town: &Town) -> u64 {
    let filter = CaseFilter { processes: vec!["inspection".to_owned()], ..CaseFilter::default() };
    town.store.case_count(&filter).await.unwrap()
}

fn with<'a>(base: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [base, more].concat()
}

const TYPED: [(&str, &str); 3] = [("place", WEST), ("address", "Lane"), ("plan_on", "2022-07-01")];

#[tokio::test]
async fn few_rows_are_a_list_by_their_names_and_the_key_is_sent() {
    let town = town().await;
    households(&town, 3).await;
    let mut clerk = town.as_("clerk").await;
    let page = clerk.get(NEW).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.plain().contains("<option value=\"A002\">Lane 2 · A002</option>"), "{}", page.plain());
    assert!(!page.plain().contains("name=\"household-find\""), "three rows need no search");
    let opened = clerk.post_form(NEW, &with(&TYPED, &[("household", "A002")])).await;
    assert_eq!(opened.status, 303, "{}", opened.text);
    let card = clerk.get(opened.location()).await.plain();
    assert!(card.contains("<a href=\"/registers/household/rows/130903/A002\">Lane 2</a>"), "{card}");
    assert!(clerk.get("/cases").await.plain().contains("Lane 2"), "the heading of the case is the label of its row");
    let csv = clerk.get("/cases.csv?process=inspection").await.plain();
    assert!(csv.contains("Lane 2") && !csv.contains("A002"), "{csv}");
    let row = clerk.get("/registers/household/rows/130903/A003").await.plain();
    let href = "/cases/new?process=inspection&register=household&row=130903%2FA003";
    assert!(row.contains(href), "a row leads to a case about it: {row}");
    let filled = clerk.get(href).await.plain();
    assert!(filled.contains("<option value=\"A003\" selected>") && filled.contains("value=\"Lane 3\""), "{filled}");
    assert!(filled.contains(&format!("<option value=\"{WEST}\" selected>")), "its place with it");
    let mut inspector = town.as_("inspector").await;
    assert!(inspector.get(opened.location()).await.plain().contains("/registers/household/rows/130903/A002"));
}

#[tokio::test]
async fn many_rows_are_searched_by_words_without_scripts() {
    let town = town().await;
    households(&town, 21).await;
    let mut clerk = town.as_("clerk").await;
    let page = clerk.get(NEW).await.plain();
    assert!(page.contains("name=\"household-find\"") && page.contains("value=\"household:find\""), "{page}");
    let search = [("household-find", "Lane 7"), ("household", "A001"), ("_more", "household:find")];
    let found = clerk.post_form(NEW, &with(&TYPED, &search)).await;
    assert_eq!(found.status, 200);
    let text = found.plain();
    assert!(text.contains("<option value=\"A007\" selected>Lane 7 · A007</option>"), "named in full: {text}");
    assert!(!text.contains("value=\"A001\"") && text.contains("Rows found: 1"), "{text}");
    assert!(text.contains("value=\"2022-07-01\""), "what was typed stays");
    let several = clerk.post_form(NEW, &with(&TYPED, &[("household-find", "lane 1")])).await;
    assert_eq!(several.status, 422, "several rows hold the words");
    let text = several.plain();
    assert!(text.contains("is no key. Choose one of the rows found"), "{text}");
    assert!(text.contains("value=\"A011\"") && !text.contains("value=\"A002\""), "{text}");
    let none = clerk.post_form(NEW, &with(&TYPED, &[("household-find", "Harbour 9")])).await;
    assert_eq!(none.status, 422);
    assert!(none.plain().contains("Nothing found for “Harbour 9”"), "{}", none.plain());
    let hidden = clerk.post_form(NEW, &with(&TYPED, &[("household-find", "张三丰")])).await;
    assert_eq!(hidden.status, 422, "personal values are searched by nobody");
    assert_eq!(inspections(&town).await, 0, "nothing was opened by searching");
    let by_name = clerk.post_form(NEW, &with(&TYPED, &[("household-find", "Lane 9")])).await;
    assert_eq!(by_name.status, 303, "the whole name of a row chooses it: {}", by_name.text);
    assert!(clerk.get(by_name.location()).await.plain().contains("/registers/household/rows/130903/A009"));
    let gone = clerk.post_form(NEW, &with(&TYPED, &[("household", "Z999")])).await;
    assert_eq!(gone.status, 422, "a row that is not there is refused");
}

#[tokio::test]
async fn rows_follow_the_place_that_is_chosen_and_end_where_reading_ends() {
    let town = town().await;
    households(&town, 2).await;
    household(&mut town.as_("eastclerk").await, EAST, ("E001", "Harbour 1")).await;
    let mut boss = town.as_("super").await;
    let all = boss.get(NEW).await.plain();
    assert!(all.contains("value=\"A001\"") && all.contains("value=\"E001\""), "{all}");
    let ask = |place: &'static str| [("_ask", "1"), ("place", place)];
    let keys = |answer: &Value| -> Vec<String> {
        let options = answer["rows"]["household"]["options"].as_array().cloned().unwrap_or_default();
        options.iter().filter_map(|one| one["value"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(keys(&boss.post_form(NEW, &ask(EAST)).await.json()), ["E001"]);
    assert_eq!(keys(&boss.post_form(NEW, &ask(WEST)).await.json()), ["A001", "A002"]);
    let elsewhere = [("_ask", "1"), ("place", WEST), ("household-find", "harbour")];
    let live = boss.post_form(NEW, &elsewhere).await.json();
    assert_eq!(keys(&live), ["E001"]);
    assert!(live["rows"]["household"]["note"].as_str().unwrap().contains("rows elsewhere: 1"), "{live}");
    let mut clerk = town.as_("clerk").await;
    let own = clerk.get(NEW).await.plain();
    assert!(own.contains("value=\"A001\"") && !own.contains("E001"), "rows of another township are not offered");
    let theirs = clerk.post_form(NEW, &[("_ask", "1"), ("place", EAST), ("household-find", "harbour")]).await.json();
    assert_eq!(keys(&theirs), Vec::<String>::new(), "nor found");
}

#[tokio::test]
async fn rows_that_may_not_be_named_are_neither_offered_nor_found_nor_taken() {
    let town = town().await;
    households(&town, 24).await;
    let mut clerk = town.as_("clerk").await;
    for code in ["A003", "A007"] {
        let large = [("-place", WEST), ("code", code), ("address", "Lane large"), ("yearly", "9000.1")];
        let answer = clerk.post_form(&format!("/registers/household/edit/130903/{code}"), &large).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
    let page = clerk.get(NEW).await.plain();
    assert!(page.contains("value=\"A002\"") && !page.contains("value=\"A003\""), "{page}");
    let found = clerk.post_form(NEW, &with(&TYPED, &[("household-find", "large")])).await;
    assert!(found.status == 422 && found.plain().contains("Nothing found for “large”"), "{}", found.plain());
    let sent = clerk.post_form(NEW, &with(&TYPED, &[("household", "A003")])).await;
    assert!(sent.status == 422 && sent.plain().contains("Large users are inspected by others"), "{}", sent.plain());
    assert_eq!(clerk.post_form(NEW, &with(&TYPED, &[("household", "A002")])).await.status, 303);
}

#[tokio::test]
async fn a_row_that_was_named_stays_on_offer_where_it_is_named() {
    let town = town().await;
    households(&town, 1).await;
    let (mut clerk, mut boss) = (town.as_("clerk").await, town.as_("super").await);
    for code in ["T1", "T2"] {
        assert_eq!(boss.post_form("/registers/tool/new", &[("code", code), ("works", "true")]).await.status, 303);
    }
    let opened = clerk.post_form(NEW, &with(&TYPED, &[("household", "A001")])).await.location().to_owned();
    let number = opened.rsplit('/').next().unwrap().to_owned();
    let fetch = format!("/cases/{number}/fetch");
    let offers = |page: &str| ["T1", "T2"].map(|code| page.contains(&format!("<option value=\"{code}\"")));
    assert_eq!(offers(&clerk.get(&opened).await.plain()), [true, true]);
    assert_eq!(clerk.post_form(&fetch, &[("tool", "T1")]).await.status, 303);
    for code in ["T1", "T2"] {
        let broken = [("code", code), ("works", "false")];
        assert_eq!(boss.post_form(&format!("/registers/tool/edit/0/{code}"), &broken).await.status, 303);
    }
    assert_eq!(offers(&clerk.get(&opened).await.plain()), [true, false], "T1 is what the case has");
    assert_eq!(clerk.post_form(&fetch, &[("tool", "T1")]).await.status, 303, "what stands is not asked for anew");
    let other = clerk.post_form(&fetch, &[("tool", "T2")]).await;
    assert!(other.status == 422 && other.plain().contains("It is broken"), "{}", other.plain());
}

#[tokio::test]
async fn personal_values_of_an_owned_row_are_shown_where_its_owner_is() {
    let town = town().await;
    let mut clerk = town.as_("clerk").await;
    let lender = [("code", "L1"), ("town", "130903001"), ("phone", "13912345678")];
    assert_eq!(clerk.post_form("/registers/lender/new", &lender).await.status, 303);
    let (row, reveal) = ("/registers/lender/rows/0/L1", "/registers/lender/reveal/0/L1");
    for (account, status) in [("clerk", 200), ("super", 200), ("eastclerk", 403)] {
        let mut browser = town.as_(account).await;
        let card = browser.get(row).await.text;
        assert!(card.contains("L1") && !card.contains("13912345678"), "{account} reads the row: {card}");
        assert_eq!(card.contains(reveal), status == 200, "{account} is offered it");
        let shown = browser.post_form(reveal, &[]).await;
        assert_eq!((shown.status, shown.text.contains("13912345678")), (status, status == 200), "{account}");
    }
}

#[tokio::test]
async fn own_places_come_first() {
    let town = town().await;
    let page = town.as_("eastclerk").await.get(NEW).await.plain();
    let at = |code: &str| page.find(&format!("<option value=\"{code}\"")).expect("the village is offered");
    assert!(at(EAST) < at(WEST), "{page}");
    let page = town.as_("clerk").await.get(NEW).await.plain();
    let at = |code: &str| page.find(&format!("<option value=\"{code}\"")).expect("the village is offered");
    assert!(at(WEST) < at(EAST));
}

const OPEN: &str = "/registers/household/open";

#[tokio::test]
async fn cases_are_opened_for_ticked_rows_once_each() {
    let town = town().await;
    households(&town, 3).await;
    let mut clerk = town.as_("clerk").await;
    let list = clerk.get("/registers/household").await.plain();
    assert!(list.contains("name=\"row\" value=\"130903/A001\"") && list.contains("value=\"inspection\""), "{list}");
    assert!(list.contains("class=\"num\" data-label=\"Used in a year\""), "amounts stand flush right: {list}");
    let rows = [("process", "inspection"), ("row", "130903/A001"), ("row", "130903/A003")];
    let ask = clerk.post_form(OPEN, &rows).await;
    assert_eq!(ask.status, 200, "{}", ask.text);
    let text = ask.plain();
    assert!(text.contains("for each of 2 rows") && text.contains("Open 2"), "{text}");
    assert!(text.contains("name=\"plan_on\"") && !text.contains("name=\"address\""), "rows say their address: {text}");
    assert!(!text.contains("name=\"phone\""), "what is about a person is not asked for many");
    assert_eq!(inspections(&town).await, 0);
    let id = ask.input("command_id").unwrap();
    let confirmed = with(&rows, &[("confirmed", "1"), ("command_id", &id)]);
    let missing = clerk.post_form(OPEN, &confirmed).await;
    assert_eq!(missing.status, 422, "the day is asked");
    assert_eq!(inspections(&town).await, 0, "and nothing opened before it is given");
    let whole = with(&confirmed, &[("plan_on", "2022-07-01")]);
    for _ in 0..2 {
        let done = clerk.post_form(OPEN, &whole).await;
        assert_eq!(done.status, 200, "{}", done.text);
        assert!(done.plain().contains("Opened: 2, not opened: 0"), "{}", done.plain());
        assert_eq!(inspections(&town).await, 2, "sent twice it is still two");
    }
    let cases = town.store.cases(&all(), ganglion_kernel::port::CaseOrder::Opened, None, 9).await.unwrap();
    let rows: Vec<&str> = cases.iter().filter_map(|case| case.fields["household"].as_str()).collect();
    assert!(rows.contains(&"A001") && rows.contains(&"A003"));
    assert!(cases.iter().all(|case| case.place.to_string() == WEST && case.fields["plan_on"] == "2022-07-01"));
}

fn all() -> CaseFilter {
    CaseFilter { processes: vec!["inspection".to_owned()], ..CaseFilter::default() }
}

#[tokio::test]
async fn all_rows_of_a_filter_are_opened_and_refusals_are_named() {
    let town = town().await;
    households(&town, 3).await;
    household(&mut town.as_("eastclerk").await, EAST, ("E001", "Harbour 1")).await;
    let mut boss = town.as_("super").await;
    let page = boss.post_form(&format!("{OPEN}?q=harbour"), &[("process", "inspection"), ("all", "1")]).await;
    let text = page.plain();
    assert!(text.contains("value=\"130903/E001\"") && !text.contains("A001"), "the filter of the list counts: {text}");
    let none = boss.post_form(OPEN, &[("process", "inspection")]).await;
    assert_eq!(none.status, 303, "nothing was ticked");
    let odd = [("process", "inspection"), ("row", "130903/Z9"), ("row", "x"), ("row", "0/A001"), ("row", "")];
    assert_eq!(boss.post_form(OPEN, &odd).await.status, 303, "rows that are not there are none");
    // The row ends between the two pages: it is simply no longer among them.
    let rows = [("process", "inspection"), ("row", "130903/A001"), ("row", "130903/A002")];
    let mut clerk = town.as_("clerk").await;
    assert_eq!(clerk.post_form("/registers/household/retire/130903/A002", &[]).await.status, 303);
    let done = with(&rows, &[("confirmed", "1"), ("plan_on", "2022-07-01")]);
    let done = boss.post_form(OPEN, &done).await.plain();
    assert!(done.contains("Opened: 1, not opened: 0"), "{done}");
}

#[tokio::test]
async fn only_whoever_may_open_is_offered_it() {
    let town = town().await;
    households(&town, 1).await;
    let rows = [("process", "inspection"), ("row", "130903/A001"), ("confirmed", "1"), ("plan_on", "2022-07-01")];
    let mut inspector = town.as_("inspector").await;
    let list = inspector.get("/registers/household").await;
    assert!(list.status == 200 && !list.plain().contains("name=\"row\""), "who reads and may not open");
    assert_eq!(inspector.post_form(OPEN, &rows).await.status, 404);
    let mut east = town.as_("eastclerk").await;
    assert_eq!(east.post_form(OPEN, &rows).await.status, 303, "rows of others are none");
    assert_eq!(town.as_("wei").await.post_form(OPEN, &rows).await.status, 404);
    let visitor = town.visitor().post_form(OPEN, &rows).await;
    assert!(matches!(visitor.status, 303 | 401), "{}", visitor.status);
    assert_eq!(
        town.as_("clerk").await.post_form(OPEN, &[("process", "smell"), ("row", "130903/A001")]).await.status,
        404
    );
    assert_eq!(inspections(&town).await, 0);
}

async fn opened(town: &Town, rows: &[&str]) -> Vec<String> {
    let mut form = vec![("process", "inspection"), ("confirmed", "1"), ("plan_on", "2022-07-01")];
    let keys: Vec<String> = rows.iter().map(|key| format!("130903/{key}")).collect();
    form.extend(keys.iter().map(|key| ("row", key.as_str())));
    let done = town.as_("clerk").await.post_form(OPEN, &form).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let cases = town.store.cases(&all(), ganglion_kernel::port::CaseOrder::Opened, None, 99).await.unwrap();
    cases.into_iter().map(|case| case.number).collect()
}

#[tokio::test]
async fn a_step_that_hands_cases_on_is_taken_on_many_without_a_word_of_the_pack() {
    let town = town().await;
    households(&town, 2).await;
    let numbers = opened(&town, &["A001", "A002"]).await;
    let mut clerk = town.as_("clerk").await;
    let desk = clerk.get("/desk?tab=team").await.plain();
    assert!(desk.contains("name=\"action\" value=\"give\"") && desk.contains("data-admits=\"give\""), "{desk}");
    assert!(!desk.contains("name=\"action\" value=\"visit\""), "what is found differs from case to case");
    let mut form = vec![("action", "give"), ("back", "/desk")];
    form.extend(numbers.iter().map(|number| ("number", number.as_str())));
    let asked = clerk.post_form("/desk/bulk", &form).await;
    assert!(clerk.get(asked.location()).await.plain().contains("2 cases at once"));
    form.extend([("confirmed", "1"), ("who", "inspector.130903001")]);
    let done = clerk.post_form("/desk/bulk", &form).await;
    let done = clerk.get(done.location()).await.plain();
    assert!(done.contains("2 done, 0 not done"), "{done}");
    for number in &numbers {
        let case = town.store.case_by_number(Shard(130_903), number).await.unwrap().unwrap();
        assert_eq!(case.assignee.map(|post| post.0), Some("inspector.130903001".to_owned()));
    }
}

#[tokio::test]
async fn what_a_case_knows_of_its_reporter_is_not_asked_again() {
    let town = town().await;
    households(&town, 1).await;
    let mut clerk = town.as_("clerk").await;
    let form = with(&TYPED, &[("household", "A001"), ("phone", "13912340000")]);
    let opened = clerk.post_form(NEW, &form).await;
    let card = opened.location().to_owned();
    let mut inspector = town.as_("inspector").await;
    let page = inspector.get(&card).await.plain();
    assert!(page.contains("Already recorded; leave it empty to keep it."), "{page}");
    assert!(page.contains("Worked out by the system (1)"), "given values stand together");
    let number = card.trim_start_matches("/cases/").to_owned();
    let before = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!(inspector.post_form(&format!("{card}/visit"), &[]).await.status, 303, "the telephone is there");
    let after = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!((after.state.as_str(), &after.fields["phone"]), ("visited", &before.fields["phone"]));
    let without = clerk.post_form(NEW, &with(&TYPED, &[("household", "A001")])).await;
    let refused = inspector.post_form(&format!("{}/visit", without.location()), &[]).await;
    assert_eq!(refused.status, 422, "where nothing is known it is asked");
}

async fn command(town: &Town, process: &str, form: Value) -> String {
    let form: Fields = serde_json::from_value(form).unwrap();
    let body = Body::Open { process: process.into(), form, channel: "online".into(), observed_at: None, from: None };
    let command = Command { id: CommandId(town.app.clock.id()), shard: Shard(130_903), actor: Actor::Public, body };
    town.app.committer.send(command).await.unwrap().number.unwrap()
}

#[tokio::test]
async fn more_rows_for_the_next_of_a_queue_call_nobody() {
    let town = town().await;
    let number = command(&town, "ticket", json!({"hall": "130903001"})).await;
    let mut wei = town.as_("wei").await;
    let next = "/queue/ticket/next";
    let typed = [("papers.0.what", "permit"), ("papers.0.count", "2")];
    let more = wei.post_form(next, &with(&typed, &[("_more", "papers:8")])).await;
    assert_eq!(more.status, 200, "{}", more.text);
    let text = more.plain();
    assert!(text.contains("value=\"permit\"") && text.contains("name=\"papers.7.what\""), "{text}");
    assert!(text.contains("1 waiting"), "nobody was called");
    let asked = wei.post_form(next, &with(&typed, &[("_ask", "1")])).await;
    assert_eq!((asked.status, asked.json()["off"].is_array()), (200, true), "{}", asked.text);
    let called = wei.post_form(next, &typed).await;
    assert_eq!(called.status, 303, "{}", called.text);
    assert!(called.location().contains(&number));
}

#[tokio::test]
async fn what_was_wrong_is_asked_once_somebody_is_not_satisfied() {
    let town = town().await;
    let form = json!({"place": WEST, "about": "gas in the yard", "phone": "13912340000"});
    let number = command(&town, "smell", form).await;
    assert_eq!(town.act("clerk", &number, "settle", &[]).await.status, 303);
    let mut phone = town.visitor();
    let proof = phone.post_form("/follow", &[("number", &number), ("phone_tail", "0000")]).await;
    assert_eq!(proof.status, 303, "{}", proof.text);
    let page = phone.get(&format!("/follow/{number}")).await.plain();
    assert!(page.contains("data-later") && page.contains("data-when=\"wrong\" data-off"), "{page}");
    assert!(page.contains("“Are you satisfied” is at most 2"), "{page}");
    let rate = format!("/follow/{number}/rate");
    // With scripts the page is told at once what applies.
    let off = async |score: &str| {
        phone.clone().post_form(&rate, &[("_ask", "1"), ("score", score)]).await.json()["off"].clone()
    };
    assert_eq!((off("2").await, off("5").await), (json!([]), json!(["wrong"])));
    // Without them it is asked after the answer was sent, and nothing is taken before.
    let asked = phone.post_form(&rate, &[("_plain", "-"), ("score", "2")]).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let text = asked.plain();
    assert!(text.contains("One more thing is asked now") && text.contains("name=\"_plain\" value=\"wrong\""), "{text}");
    assert!(text.contains("data-when=\"wrong\"") && !text.contains("data-when=\"wrong\" data-off"), "{text}");
    let blank = phone.post_form(&rate, &[("_plain", "-"), ("_plain", "wrong"), ("score", "2")]).await;
    assert_eq!(blank.status, 422, "it must be answered");
    let told = [("_plain", "-"), ("_plain", "wrong"), ("score", "2"), ("wrong", "came late")];
    assert_eq!(phone.post_form(&rate, &told).await.status, 303);
    let rated = town.store.case_by_number(Shard(130_903), &number).await.unwrap().unwrap();
    assert_eq!(
        (rated.state.as_str(), &rated.fields.get("wrong")),
        ("rated", &None),
        "what only the form asks stays with it"
    );
    // Whoever is satisfied is asked nothing more.
    let form = json!({"place": WEST, "about": "gas in the hall", "phone": "13912340000"});
    let other = command(&town, "smell", form).await;
    assert_eq!(town.act("clerk", &other, "settle", &[]).await.status, 303);
    phone.post_form("/follow", &[("number", &other), ("phone_tail", "0000")]).await;
    let happy = phone.post_form(&format!("/follow/{other}/rate"), &[("_plain", "-"), ("score", "5")]).await;
    assert_eq!(happy.status, 303, "{}", happy.text);
}

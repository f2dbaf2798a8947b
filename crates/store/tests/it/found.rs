//! Searching by words: what fits best comes first, page by page; rows are narrowed by register, place and day; words are made
//! anew while everything is found.

use crate::support::rows::{SHARD, at, case, case_id, changed, code, following, post, put, record};
use crate::support::{Db, Make};
use ganglion_kernel::port::{CaseFilter, CaseOrder, CaseWrite, ShardWrite, Store};
use ganglion_kernel::port_search::{FoundAfter, RowSearch, RowWords};
use ganglion_model::row::{Case, Record};
use ganglion_model::{PlaceCode, Shard};
use jiff::civil::{Date, date};

const DAY: Date = date(2022, 6, 27);

/// Cases 1 to 9 of two townships: 4 says "drain" three times, the others once.
async fn said(store: &dyn Store) {
    put(store, (1..=9).map(|n| case(n, if n.is_multiple_of(2) { "130922001" } else { "130922002" }))).await.unwrap();
    let words = |n: u128| {
        if n == 4 { "井盖丢失 井盖 井盖" } else { "井盖丢失，路边积水很久没有人来修" }
    };
    let writes = (1..=9).map(|n| {
        let case = Case { version: 2, ..case(n, if n.is_multiple_of(2) { "130922001" } else { "130922002" }) };
        CaseWrite { words: Some(words(n).to_owned()), ..changed(case) }
    });
    let write = following(store, SHARD, writes.collect()).await;
    store.write(&[write]).await.unwrap();
}

fn looked_for(words: &str, place: Option<PlaceCode>) -> CaseFilter {
    CaseFilter { words: Some(words.to_owned()), place, ..CaseFilter::default() }
}

/// The ids of every page, in order.
async fn ids(store: &dyn Store, filter: &CaseFilter, limit: u32) -> Vec<u128> {
    in_order(store, (filter, false), limit).await
}

async fn in_order(store: &dyn Store, (filter, newest): (&CaseFilter, bool), limit: u32) -> Vec<u128> {
    let (mut all, mut after): (Vec<u128>, Option<FoundAfter>) = (Vec::new(), None);
    loop {
        let page = store.cases_found((filter, newest), after, limit).await.unwrap().unwrap();
        assert!(page.found.len() <= limit as usize);
        assert!(page.next.is_none_or(|next| after.is_none_or(|after| next < after)), "every page is behind the last");
        all.extend(page.found.iter().map(|one| one.what.id.0.as_u128()));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

pub async fn the_case_that_fits_best_comes_first_and_pages_follow_each_other(make: Make) {
    let db = make();
    said(&*db.store).await;
    let all = ids(&*db.store, &looked_for("井盖", None), 2).await;
    assert_eq!(all[0], 4);
    assert_eq!(all[1..], [9, 8, 7, 6, 5, 3, 2, 1], "those that fit alike: the newest first");
    let town = ids(&*db.store, &looked_for("井盖", Some(code("130922001"))), 3).await;
    assert_eq!(town, [4, 8, 6, 2]);
    assert_eq!(ids(&*db.store, &looked_for("积水", Some(code("130925"))), 3).await, [0; 0]);
    assert_eq!(ids(&*db.store, &looked_for("，，", None), 3).await, [0; 0], "nothing to look for");
    assert_eq!(in_order(&*db.store, (&looked_for("井盖", None), true), 4).await, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(db.store.cases_found((&CaseFilter::default(), false), None, 5).await.unwrap(), None, "no words");
}

/// Words that people type together and write apart are found, behind what has them one behind the other.
pub async fn words_typed_together_are_found_where_they_stand_apart(make: Make) {
    let db = make();
    let texts = ["污水井盖丢失", "井盖没了，污水冒出来", "污水横流", "井盖松动", "小区污水井的井盖响，污水井盖旧"];
    put(&*db.store, (1..=5).map(|n| case(n, "130922001"))).await.unwrap();
    let writes = (1..).zip(texts).map(|(n, text)| {
        let case = Case { version: 2, ..case(n, "130922001") };
        CaseWrite { words: Some(text.to_owned()), ..changed(case) }
    });
    let write = following(&*db.store, SHARD, writes.collect()).await;
    db.store.write(&[write]).await.unwrap();
    let found = async |typed: &str, limit: u32| ids(&*db.store, &looked_for(typed, None), limit).await;
    assert_eq!(found("污水井盖", 9).await, [5, 1, 2], "as typed first, then apart");
    assert_eq!(found("污水井盖", 1).await, [5, 1, 2], "page by page");
    assert_eq!(in_order(&*db.store, (&looked_for("污水井盖", None), true), 9).await, [5, 1, 2]);
    assert_eq!(found("松动井盖", 9).await, [4]);
    assert_eq!(found("污水井", 9).await, [5, 1], "three characters are one word");
    assert_eq!(ids(&*db.store, &looked_for("污水井盖", Some(code("130925"))), 9).await, [0; 0]);
    let rows: Vec<_> =
        ["A1", "A2"].into_iter().map(|key| row("well", key, "130922001")).zip(["东街旧机井", "机井在东街"]).collect();
    put_rows(&db, &rows).await;
    assert_eq!(keys(&db, &[("well", None)], "东街机井").await, ["A2", "A1"]);
    assert_eq!(keys(&db, &[("well", None)], "旧机井东街").await, ["A1"]);
}

/// More cases have the words than are looked at for one page.
pub async fn a_word_that_very_many_cases_have_is_found_page_by_page(make: Make) {
    let db = make();
    for part in 0..9_u128 {
        let place = |n: u128| if n.is_multiple_of(3) { "130922002" } else { "130922001" };
        put(&*db.store, (1..=500).map(|n| case(part * 500 + n, place(n)))).await.unwrap();
    }
    let own = (1..=4_500_u128).rev().filter(|n| (n - 1) % 500 % 3 == 2).collect::<Vec<_>>();
    assert_eq!(ids(&*db.store, &looked_for("n", Some(code("130922002"))), 400).await, own);
    let all = ids(&*db.store, &looked_for("n", None), 500).await;
    assert_eq!(all, (1..=4_500_u128).rev().collect::<Vec<_>>());
    // What the index does not know is looked at case by case, so many for a page: the one at the end is found all the same.
    let handled = CaseFilter { opened: Some((at(0), at(2))), ..looked_for("n", None) };
    assert_eq!(ids(&*db.store, &handled, 10).await, [1]);
    assert_eq!(ids(&*db.store, &looked_for("4007", None), 5).await, [4_007]);
}

/// Whatever a filter asks for, a search finds exactly the cases of the list with the same filter, whether its index has marks or not.
pub async fn a_search_finds_the_cases_of_the_list_it_narrows(make: Make) {
    let db = make();
    let store = &*db.store;
    let of = |n: u128| Case {
        process: if n.is_multiple_of(2) { "report".to_owned() } else { "patrol".to_owned() },
        opened_by: n.is_multiple_of(3).then(|| post("clerk@130922001")),
        assignee: n.is_multiple_of(5).then(|| post("crew")),
        assist: if n == 4 { vec![post("crew")] } else { vec![] },
        closed_at: (n > 8).then(|| at(20)),
        ..case(n, ["130922", "130922001", "130922001002", "130922002", "130925001"][usize::try_from(n % 5).unwrap()])
    };
    put(store, (1..=12).map(of)).await.unwrap();
    // One moves to another township and keeps its words.
    let moved = Case { version: 2, place: code("130922002"), ..of(11) };
    store.write(&[following(store, SHARD, vec![changed(moved)]).await]).await.unwrap();
    let filter = |narrow: &dyn Fn(&mut CaseFilter)| {
        let mut filter = looked_for("n", None);
        narrow(&mut filter);
        filter
    };
    let filters = [
        filter(&|_| ()),
        looked_for("n", Some(code("1309"))),
        looked_for("n", Some(code("130922"))),
        looked_for("n", Some(code("130922001"))),
        looked_for("n", Some(code("130922001002"))),
        looked_for("n", Some(code("130922002"))),
        filter(&|one| one.processes = vec!["patrol".to_owned()]),
        filter(&|one| one.processes = ["a", "b", "c", "d", "patrol"].map(str::to_owned).to_vec()),
        filter(&|one| one.opened_by = Some(post("clerk@130922001"))),
        filter(&|one| one.assignees = vec![post("crew")]),
        filter(&|one| one.open = Some(false)),
        CaseFilter { open: Some(true), assignees: vec![post("crew")], ..looked_for("n", Some(code("130922"))) },
    ];
    let found = async |made: &str| {
        let mut all = Vec::new();
        for filter in &filters {
            let mut one = ids(store, filter, 5).await;
            one.sort_unstable();
            let list =
                store.cases(&CaseFilter { words: None, ..filter.clone() }, CaseOrder::Opened, None, 50).await.unwrap();
            let mut list: Vec<u128> = list.iter().map(|case| case.id.0.as_u128()).collect();
            list.sort_unstable();
            assert_eq!(one, list, "{made}: {filter:?}");
            let counted = store.case_count(filter).await.unwrap();
            assert_eq!(counted, list.len() as u64, "{made}: {filter:?}");
            all.push(one);
        }
        all
    };
    let before = found("step by step").await;
    assert!(before.iter().all(|one| !one.is_empty()), "{before:?}");
    store.setting_put("case_place_marks", "").await.unwrap();
    assert_eq!(found("before the marks").await, before);
    store.case_words_again(None, 50, &|case| case.number.clone()).await.unwrap();
    store.setting_put("case_place_marks", "all").await.unwrap();
    assert_eq!(found("made anew").await, before);
}

pub async fn words_of_cases_are_made_anew_in_the_order_of_their_keys(make: Make) {
    let db = make();
    said(&*db.store).await;
    let (mut after, mut count) = (None, 0);
    loop {
        let step = db.store.case_words_again(after, 4, &|case| format!("路灯 {}", case.number)).await.unwrap();
        count += step.count;
        let Some(last) = step.last else { break };
        after = Some(last);
    }
    assert_eq!(count, 9);
    assert_eq!(ids(&*db.store, &looked_for("井盖", None), 9).await, [0; 0]);
    assert_eq!(ids(&*db.store, &looked_for("路灯", None), 9).await.len(), 9);
    // The same words once more: what is in the index is written all the same.
    db.store.case_words_again(None, 9, &|case| format!("路灯 {}", case.number)).await.unwrap();
    assert_eq!(ids(&*db.store, &looked_for("N-3", None), 9).await, [3]);
    assert_eq!(db.store.case(SHARD, case_id(3)).await.unwrap().unwrap().version, 2, "cases stay as they are");
}

fn row(register: &str, key: &str, place: &str) -> Record {
    Record { place: Some(code(place)), shard: code(place).shard(), ..record(register, key, 1) }
}

async fn put_rows(db: &Db, rows: &[(Record, &str)]) {
    for shard in [SHARD, Shard(130_925)] {
        let own = || rows.iter().filter(move |(row, _)| row.shard == shard);
        let records = own().map(|(row, _)| row.clone()).collect();
        let words = own().map(|(row, words)| RowWords {
            register: row.register.clone(),
            key: row.key.clone(),
            words: (!words.is_empty()).then(|| (*words).to_owned()),
        });
        let row_words = words.collect();
        let write = ShardWrite { records, row_words, ..following(&*db.store, shard, vec![]).await };
        db.store.write(&[write]).await.unwrap();
    }
}

fn wells() -> Vec<(Record, &'static str)> {
    let ended = Record { valid_to: Some(date(2021, 1, 1)), ..row("well", "W5", "130922001") };
    vec![
        (row("well", "W1", "130922001"), "W1 东街机井 机井"),
        (row("well", "W2", "130922002"), "W2 西街机井 在村委会院内靠北墙的地方"),
        (row("well", "W3", "130925001"), "W3 机井"),
        (row("shop", "S1", "130922001"), "S1 机井配件门市"),
        (ended, "W5 机井"),
    ]
}

async fn keys(db: &Db, registers: &[(&str, Option<&str>)], words: &str) -> Vec<String> {
    let registers = registers.iter().map(|(name, place)| ((*name).to_owned(), place.map(code))).collect();
    let search = RowSearch { registers, on: DAY, words: words.to_owned() };
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = db.store.rows_found(&search, after, 1).await.unwrap();
        all.extend(page.found.into_iter().map(|one| one.what.key));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

pub async fn rows_are_found_in_the_registers_and_places_somebody_reads(make: Make) {
    let db = make();
    put_rows(&db, &wells()).await;
    let all = keys(&db, &[("well", None), ("shop", None)], "机井").await;
    assert_eq!((all.len(), all.contains(&"W5".to_owned())), (4, false), "{all:?}: a row that ended is not found");
    assert_eq!(keys(&db, &[("well", Some("130922"))], "机井").await, ["W2", "W1"], "the newest first");
    assert_eq!(keys(&db, &[("well", Some("130922002")), ("shop", Some("130922"))], "机井").await.len(), 2);
    assert_eq!(keys(&db, &[("shop", Some("130925"))], "机井").await, [""; 0]);
    assert_eq!(keys(&db, &[], "机井").await, [""; 0]);
    assert_eq!(keys(&db, &[("well", None)], "东街机井").await, ["W1"]);
}

/// Whole words before what only begins so, the newest of each first: what others have, and how often, moves nothing.
pub async fn rows_come_in_an_order_that_tells_nothing_of_others(make: Make) {
    let db = make();
    let town = "130922001";
    let own = vec![
        (row("well", "W-10", town), "W-10 机井"),
        (row("well", "W-1", town), "W-1 机井 机井 机井"),
        (row("well", "W-12", town), "W-12 旧机井，原属村委会，现由村民看管"),
        (row("well", "W-1-1", town), "W-1-1 水塔"),
    ];
    for one in own {
        put_rows(&db, &[one]).await;
    }
    let asked: &[(&str, Option<&str>)] = &[("well", Some(town))];
    let looked_for = ["机井", "W-1", "w-1 机井", "村"];
    let mut before = Vec::new();
    for words in looked_for {
        before.push(keys(&db, asked, words).await);
    }
    let wanted = [vec!["W-12", "W-1", "W-10"], vec!["W-1-1", "W-1", "W-12", "W-10"], vec!["W-1", "W-12", "W-10"]];
    assert_eq!(before[..3], wanted);
    assert_eq!(before[3], ["W-12"]);
    // Elsewhere every other row says so: a weight by how common a word is would turn the order around.
    let keys_elsewhere: Vec<String> = (0..300).map(|n| format!("E-{n}")).collect();
    let elsewhere = keys_elsewhere.iter().map(|key| (row("well", key, "130925001"), "E 机井 村")).collect::<Vec<_>>();
    put_rows(&db, &elsewhere).await;
    for (words, before) in looked_for.iter().zip(before) {
        assert_eq!(keys(&db, asked, words).await, before, "{words}");
    }
}

/// More rows have the word than are looked at for one page.
pub async fn a_word_that_very_many_rows_have_is_found_page_by_page(make: Make) {
    let db = make();
    put_rows(&db, &[(row("well", "FIRST", "130922001"), "FIRST 机井")]).await;
    let all: Vec<String> = (0..10_050).map(|n| format!("E-{n}")).collect();
    for part in all.chunks(2_000) {
        let rows: Vec<_> = part.iter().map(|key| (row("well", key, "130925001"), "机井")).collect();
        put_rows(&db, &rows).await;
    }
    let search =
        RowSearch {
            registers: vec![("well".to_owned(), Some(code("130922001")))], on: DAY, words: "机井".to_owned()
        };
    let page = db.store.rows_found(&search, None, 5).await.unwrap();
    assert!(page.found.is_empty() && page.next.is_some(), "so many are looked at for one page");
    let rest = db.store.rows_found(&search, page.next, 5).await.unwrap();
    assert_eq!(rest.found.iter().map(|one| one.what.key.as_str()).collect::<Vec<_>>(), ["FIRST"]);
    assert_eq!(rest.next, None);
}

pub async fn words_of_rows_follow_the_row_and_are_made_anew(make: Make) {
    let db = make();
    put_rows(&db, &wells()).await;
    let well: &[(&str, Option<&str>)] = &[("well", None)];
    put_rows(&db, &[(row("well", "W1", "130922001"), "W1 水塔")]).await;
    assert_eq!(keys(&db, well, "东街").await, [""; 0], "words that went are found no more");
    put_rows(&db, &[(row("well", "W1", "130922001"), "")]).await;
    assert_eq!(keys(&db, well, "水塔").await, [""; 0]);
    let (mut after, mut count) = (None, 0);
    loop {
        let said = |versions: &[Record]| versions.last().map(|row| format!("{} 泵房", row.key));
        let step = db.store.row_words_again(after.as_ref(), 2, &said).await.unwrap();
        count += step.count;
        let Some(last) = step.last else { break };
        after = Some(last);
    }
    assert_eq!(count, 5);
    assert_eq!(keys(&db, well, "泵房").await.len(), 3);
    assert_eq!(keys(&db, well, "机井").await, [""; 0]);
}

//! Lists of cases: every filter, both orders, page by page, against the same filter in plain Rust.

use crate::support::rows::{SHARD, at, case, case_id, changed, code, following, post, put};
use crate::support::world::world;
use crate::support::{Make, file, is_there, memory, postgres, run};
use ganglion_kernel::port::{After, CaseFilter, CaseOrder, CaseWrite, Store};
use ganglion_model::clocks::Clock;
use ganglion_model::needed::Needed;
use ganglion_model::row::Case;
use ganglion_model::{Level, Shard};
use proptest::prelude::*;
use std::cmp::Reverse;

const PLACES: [&str; 5] = ["130922001", "130922001001", "130922002", "130925001", "130922"];
const POSTS: [&str; 3] = ["a", "b", "c"];

/// A case of any kind; `n` makes it one of its own.
fn any_case() -> impl Strategy<Value = Case> {
    let who = || prop::option::of(0..POSTS.len());
    let text = (0..2_usize, 0..3_usize, any::<bool>());
    let times = (0..20_i64, prop::option::of(1..6_u32), any::<bool>());
    let people = (who(), prop::collection::btree_set(0..POSTS.len(), 0..3), who());
    let point = prop::option::of((116.0..117.0, 38.0..39.0));
    (0..PLACES.len(), text, times, people, point).prop_map(|(place, text, times, people, point)| {
        let mut case = case(0, PLACES[place]);
        case.process = ["report", "visit"][text.0].to_owned();
        case.state = ["filed", "given", "done"][text.1].to_owned();
        case.level = if text.2 { Level::Township } else { Level::County };
        case.opened_at = at(times.0);
        if let Some(hours) = times.1 {
            let clock = Clock::start(at(0), format!("{hours} CH").parse().unwrap(), &world().office);
            case.clocks.insert("handle".to_owned(), clock);
        }
        case.closed_at = times.2.then(|| at(30));
        case.assignee = people.0.map(|n| post(POSTS[n]));
        case.assist = people.1.into_iter().map(|n| post(POSTS[n])).collect();
        case.opened_by = people.2.map(|n| post(POSTS[n]));
        case.point = point.map(|(lon, lat)| [lon, lat]);
        case
    })
}

fn some<T: Clone + std::fmt::Debug + 'static>(values: &[T]) -> impl Strategy<Value = Option<T>> + use<T> {
    prop_oneof![2 => Just(None), 1 => prop::sample::select(values.to_vec()).prop_map(Some)]
}

fn any_filter() -> impl Strategy<Value = CaseFilter> {
    let places = ["13", "1309", "130922", "130925", "130922001", "130922001001"].map(code);
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let assignees = prop_oneof![3 => Just(vec![]), 2 => prop::sample::subsequence(POSTS.map(post).to_vec(), 1..3)];
    let texts = (
        some(&[owned(&["report"]), owned(&["visit", "report"])]),
        some(&[owned(&["filed", "done"])]),
        some(&owned(&["k"])),
    );
    let times = (some(&[at(3 * 3600)]), some(&[(at(5), at(15))]), some(&[[116.0, 38.0, 116.5, 38.5]]));
    let people = (assignees, prop::bool::weighted(0.1), some(&POSTS.map(post)));
    let words = some(&SEARCHES.map(|(typed, _)| typed.to_owned()));
    (some(&places), some(&[true, false]), texts, people, times, (some(&[Level::County]), words)).prop_map(
        |(place, open, texts, people, times, (level, words))| CaseFilter {
            place,
            processes: texts.0.unwrap_or_default(),
            states: texts.1.unwrap_or_default(),
            open,
            assignees: people.0,
            unassigned: people.1,
            opened_by: people.2,
            kind: texts.2,
            due_before: times.0,
            opened: times.1,
            level,
            bounds: times.2,
            words,
        },
    )
}

/// The kind the test gives a case: storage takes it as it comes.
fn kind(case: &Case) -> Option<String> {
    (case.state == "given").then(|| "k".to_owned())
}

/// The words the test gives a case.
fn words(case: &Case) -> String {
    let about = if case.process == "report" { "路面塌陷" } else { "入户走访，路面已修" };
    format!("{about} N-0{} {}", case.state.len(), case.state)
}

/// Whether a search finds a case.
type Finds = fn(&Case) -> bool;

/// What people type, and which cases it finds.
const SEARCHES: [(&str, Finds); 7] = [
    ("塌陷", |case| case.process == "report"),
    ("路面", |_| true),
    ("面已修 DONE", |case| case.process == "visit" && case.state == "done"),
    ("gi", |case| case.state == "given"),
    ("走", |case| case.process == "visit"),
    ("05", |case| case.state.len() == 5),
    ("，。'\"*", |_| false),
];

/// What the filter means.
fn shows(filter: &CaseFilter, case: &Case) -> bool {
    let has = |list: &[String], one: &str| list.is_empty() || list.iter().any(|name| name == one);
    let tied = |post| case.assignee.as_ref() == Some(post) || case.assist.contains(post);
    filter.place.is_none_or(|place| place.holds(case.place))
        && has(&filter.processes, &case.process)
        && has(&filter.states, &case.state)
        && filter.open.is_none_or(|open| open == case.closed_at.is_none())
        && (filter.assignees.is_empty() || filter.assignees.iter().any(tied))
        && (!filter.unassigned || case.assignee.is_none())
        && filter.opened_by.as_ref().is_none_or(|post| case.opened_by.as_ref() == Some(post))
        && filter.kind.as_ref().is_none_or(|wanted| kind(case).as_ref() == Some(wanted))
        && filter.due_before.is_none_or(|before| After::of(case, CaseOrder::Due).at < before.as_microsecond())
        && filter.opened.is_none_or(|(from, to)| from <= case.opened_at && case.opened_at < to)
        && filter.level.is_none_or(|level| level == case.level)
        && filter.words.as_ref().is_none_or(|words| SEARCHES.iter().any(|(typed, finds)| typed == words && finds(case)))
        && filter.bounds.is_none_or(|[west, south, east, north]| {
            case.point.is_some_and(|[x, y]| west <= x && x <= east && south <= y && y <= north)
        })
}

async fn fill(store: &dyn Store, cases: Vec<Case>) -> Vec<Case> {
    let mut all = Vec::new();
    for (n, case) in (1..).zip(cases) {
        all.push(Case { id: case_id(n * 7919 % 1009), number: format!("N-{n}"), ..case });
    }
    for shard in [SHARD, Shard(130_925)] {
        let of_shard = all.iter().filter(|case| case.shard == shard);
        let writes = of_shard
            .map(|case| CaseWrite { case: case.clone(), is_new: true, kind: kind(case), words: Some(words(case)) })
            .collect();
        let write = following(store, shard, writes).await;
        store.write(&[write]).await.unwrap();
    }
    all
}

async fn every_page(store: &dyn Store, filter: &CaseFilter, order: CaseOrder, limit: u32) -> Vec<Case> {
    let mut all: Vec<Case> = Vec::new();
    loop {
        let after = all.last().map(|case| After::of(case, order));
        let page = store.cases(filter, order, after.as_ref(), limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn check(make: Make, cases: Vec<Case>, filters: Vec<CaseFilter>, limit: u32) -> Result<(), TestCaseError> {
    let db = make();
    let all = fill(&*db.store, cases).await;
    let mut needed = Needed::default();
    needed.add_case("assignee");
    for filter in filters {
        let mut wanted: Vec<Case> = all.iter().filter(|case| shows(&filter, case)).cloned().collect();
        prop_assert_eq!(db.store.case_count(&filter).await.unwrap(), wanted.len() as u64);
        for most in [0, 1, 3, 1_000] {
            let found = db.store.case_count_to(&filter, most).await.unwrap();
            prop_assert_eq!(found, (wanted.len() as u64).min(u64::from(most)));
        }
        wanted.sort_by_key(|case| (After::of(case, CaseOrder::Due).at, case.id));
        prop_assert_eq!(&every_page(&*db.store, &filter, CaseOrder::Due, limit).await, &wanted);
        wanted.sort_by_key(|case| Reverse((case.opened_at, case.id)));
        prop_assert_eq!(&every_page(&*db.store, &filter, CaseOrder::Opened, limit).await, &wanted);
        let bare = CaseFilter { place: filter.place, open: filter.open, ..CaseFilter::default() };
        let inbox = CaseFilter { processes: filter.processes.clone(), level: filter.level, ..bare.clone() };
        let waiting = CaseFilter { opened_by: filter.opened_by.clone(), ..bare };
        let own = CaseFilter { assignees: filter.assignees.clone(), open: Some(true), ..CaseFilter::default() };
        for counted in [inbox, waiting, own] {
            let wanted = all.iter().filter(|case| shows(&counted, case)).count() as u64;
            prop_assert_eq!(db.store.case_count(&counted).await.unwrap(), wanted, "{:?}", counted);
        }
        let newest = db.store.cases_newest(&filter, limit, &needed).await.unwrap();
        prop_assert!(newest.iter().all(|case| case.number.is_empty()), "nobody asked for numbers");
        let seen = |case: &Case| (case.id, case.opened_at, case.assignee.clone());
        let first = wanted.iter().take(limit as usize).map(seen).collect::<Vec<_>>();
        prop_assert_eq!(newest.iter().map(seen).collect::<Vec<_>>(), first);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_together_are_the_sorted_list(
        cases in prop::collection::vec(any_case(), 1..40),
        filters in prop::collection::vec(any_filter(), 8),
        limit in 1..9_u32,
        in_file in prop::bool::weighted(0.1),
    ) {
        run(check(if in_file { file } else { memory }, cases, filters, limit))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_together_are_the_sorted_list_of_postgres(
        cases in prop::collection::vec(any_case(), 1..40),
        filters in prop::collection::vec(any_filter(), 16),
        limit in 1..9_u32,
    ) {
        if is_there("postgres") {
            run(check(postgres, cases, filters, limit))?;
        }
    }
}

pub async fn a_case_that_changes_moves_in_every_list(make: Make) {
    let db = make();
    let store = &*db.store;
    put(store, [case(1, "130922001")]).await.unwrap();
    let mut moved = case(1, "130922002");
    moved.assignee = Some(post("a"));
    moved.assist = vec![post("b"), post("c")];
    moved.version = 2;
    let write = following(store, SHARD, vec![changed(moved.clone())]).await;
    store.write(&[write]).await.unwrap();
    let count = async |filter: CaseFilter| store.case_count(&filter).await.unwrap();
    let inside = |place: &str| CaseFilter { place: Some(code(place)), ..CaseFilter::default() };
    let of = |name: &str| CaseFilter { assignees: vec![post(name)], ..CaseFilter::default() };
    assert_eq!((count(inside("130922001")).await, count(inside("130922002")).await), (0, 1));
    assert_eq!((count(of("a")).await, count(of("b")).await), (1, 1));
    moved.assist = vec![post("c")];
    moved.assignee = None;
    moved.closed_at = Some(at(9));
    let write = following(store, SHARD, vec![changed(moved.clone())]).await;
    store.write(&[write]).await.unwrap();
    assert_eq!((count(of("a")).await, count(of("b")).await, count(of("c")).await), (0, 0, 1));
    assert_eq!(count(CaseFilter { open: Some(true), ..inside("1309") }).await, 0);
    assert_eq!(store.case(SHARD, case_id(1)).await.unwrap(), Some(moved));
}

pub async fn words_follow_a_case_and_reach_cases_from_before(make: Make) {
    let db = make();
    let store = &*db.store;
    put(store, [case(1, "130922001"), case(2, "130922001")]).await.unwrap();
    let found = async |words: &str| {
        let filter = CaseFilter { words: Some(words.to_owned()), ..CaseFilter::default() };
        let page = store.cases(&filter, CaseOrder::Opened, None, 10).await.unwrap();
        page.iter().map(|case| case.id).collect::<Vec<_>>()
    };
    assert_eq!(found("水管爆裂").await, []);
    let moved = Case { version: 2, ..case(1, "130922001") };
    let write = CaseWrite { words: Some("东街水管爆裂".to_owned()), ..changed(moved) };
    let write = following(store, SHARD, vec![write]).await;
    store.write(&[write]).await.unwrap();
    assert_eq!(found("水管爆裂").await, [case_id(1)]);
    store.case_words_put(&[(case(2, "130922001"), "水管爆裂".to_owned())]).await.unwrap();
    assert_eq!(found("爆裂").await, [case_id(2), case_id(1)]);
    store.case_words_put(&[(case(2, "130922001"), "路灯".to_owned())]).await.unwrap();
    assert_eq!(found("爆裂").await, [case_id(1)], "words that went are found no more");
}

/// More cases have the words than are read from the index at once.
pub async fn a_common_word_fills_its_pages(make: Make) {
    let db = make();
    let store = &*db.store;
    for part in 0..9_u128 {
        put(store, (1..=500).map(|n| case(part * 500 + n, if n == 7 { "130922002" } else { "130922001" })))
            .await
            .unwrap();
    }
    let filter = CaseFilter { words: Some("n".to_owned()), place: Some(code("130922002")), ..CaseFilter::default() };
    let page = store.cases(&filter, CaseOrder::Opened, None, 50).await.unwrap();
    assert_eq!((page.len(), page[0].id), (9, case_id(4007)));
    assert_eq!(store.case_count(&filter).await.unwrap(), 9);
}

/// Settled cases of one state are many, and some that stand in it are open still: a pack may have made an end of a state with cases in it.
pub async fn cases_of_one_state_are_listed_by_time(make: Make) {
    let db = make();
    let cases = (0..60).map(|n| {
        let mut case = case(0, PLACES[n % PLACES.len()]);
        case.opened_at = at(i64::try_from(n / 2).unwrap());
        case.state = if n % 7 == 0 { "given" } else { "done" }.to_owned();
        case.closed_at = (n % 11 != 0 && n % 7 != 0).then(|| at(40));
        case
    });
    let all = fill(&*db.store, cases.collect()).await;
    let process = all[0].process.clone();
    for (place, open) in ["1309", "130922", "130922001", "130922001001"]
        .iter()
        .flat_map(|place| [None, Some(false), Some(true)].map(|open| (code(place), open)))
    {
        let filter = CaseFilter {
            place: Some(place),
            open,
            processes: vec![process.clone()],
            states: vec!["done".to_owned()],
            ..CaseFilter::default()
        };
        let mut wanted: Vec<Case> = all.iter().filter(|case| shows(&filter, case)).cloned().collect();
        wanted.sort_by_key(|case| Reverse((case.opened_at, case.id)));
        assert!(wanted.len() > 1 || open == Some(true), "{filter:?}");
        for limit in [3, 50] {
            assert_eq!(every_page(&*db.store, &filter, CaseOrder::Opened, limit).await, wanted, "{filter:?}");
        }
    }
}

pub async fn a_case_that_is_not_there_cannot_be_changed(make: Make) {
    let db = make();
    let write = following(&*db.store, SHARD, vec![changed(case(1, "130922001"))]).await;
    let error = db.store.write(&[write]).await.unwrap_err();
    assert!(error.to_string().contains("is not there"), "{error}");
    assert!(db.store.shards().await.unwrap().is_empty());
}

pub async fn no_page_is_longer_than_its_bound(make: Make) {
    let db = make();
    put(&*db.store, (1..=600).map(|n| case(n, "130922001"))).await.unwrap();
    let page = db.store.cases(&CaseFilter::default(), CaseOrder::Opened, None, u32::MAX).await.unwrap();
    assert_eq!(page.len(), 500);
    assert_eq!(page[0].id, case_id(600));
}

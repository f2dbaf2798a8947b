//! Counters and the facts behind them.

use crate::support::rows::{SHARD, case, case_id, code, following, new_case, put};
use crate::support::{Make, is_there, memory, postgres, run};
use ganglion_indicators::fold::{add_cells, minutes_class};
use ganglion_indicators::{CellKey, Cells, Digests, Fact, FactChange, FactParts, Period};
use ganglion_kernel::port::{FactFilter, ShardWrite, Store};
use ganglion_model::{Case, CaseId, Shard};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

fn fact(place: &str, day: i32, dim: &str, value: i64) -> Fact {
    Fact { day, dim: dim.to_owned(), value, ..Fact::now("handling", code(place)) }
}

/// Writes fact changes of a shard with the counters they move.
async fn change(store: &dyn Store, shard: Shard, facts: Vec<FactChange>) {
    let mut cells = Cells::new();
    for change in &facts {
        let mut add = |fact: &Option<Fact>, sign| {
            if let Some(fact) = fact {
                add_cells(&mut cells, shard, fact, sign, Some(minutes_class(fact.value)));
            }
        };
        add(&change.before, -1);
        add(&change.after, 1);
    }
    cells.retain(|_, cell| *cell != (0, 0));
    let write = ShardWrite { facts, cells, ..following(store, shard, vec![]).await };
    store.write(&[write]).await.unwrap();
}

fn came(case: u128, fact: Fact) -> FactChange {
    FactChange { case: case_id(case), before: None, after: Some(fact) }
}

/// Facts of two counties: `(case, place, day, dim, value)`.
async fn sample(store: &dyn Store) {
    put(store, [case(900, "130922001"), case(901, "130925001")]).await.unwrap();
    let first = vec![
        came(1, fact("130922001", 100, "x", 5)),
        came(2, fact("130922001", 100, "y", 7)),
        came(3, fact("130922002", 101, "x", 7)),
        came(4, fact("130922001", 103, "", 7)),
        came(5, fact("130922001001", 103, "x", 5)),
    ];
    change(store, SHARD, first).await;
    change(store, Shard(130_925), vec![came(6, fact("130925001", 103, "x", 1))]).await;
}

fn filter(place: &str, days: (i32, i32)) -> FactFilter {
    FactFilter { measure: "handling".to_owned(), place: code(place), days: Some(days), as_of: None, dim: None }
}

fn triple(dim: &str, a: i64, b: i64) -> (String, i64, i64) {
    (dim.to_owned(), a, b)
}

pub async fn facts_add_up_by_dimension_and_value_at_every_level(make: Make) {
    let db = make();
    let store = &*db.store;
    sample(store).await;
    let sum = async |filter: FactFilter| store.facts_sum(&filter).await.unwrap();
    assert_eq!(sum(filter("130922001", (100, 104))).await, [triple("", 1, 7), triple("x", 2, 10), triple("y", 1, 7)]);
    assert_eq!(sum(filter("130922001", (100, 103))).await, [triple("x", 1, 5), triple("y", 1, 7)]);
    assert_eq!(sum(filter("130922", (101, 104))).await, [triple("", 1, 7), triple("x", 2, 12)]);
    assert_eq!(sum(filter("1309", (100, 104))).await, [triple("", 1, 7), triple("x", 4, 18), triple("y", 1, 7)]);
    assert_eq!(sum(filter("130922001001", (0, 200))).await, [triple("x", 1, 5)]);
    assert_eq!(sum(filter("130922", (103, 100))).await, []);
    let only = FactFilter { dim: Some("y".to_owned()), ..filter("1309", (0, 200)) };
    assert_eq!(sum(only).await, [triple("y", 1, 7)]);
    let values = store.facts_values(&filter("1309", (100, 104))).await.unwrap();
    let wanted = [triple("", 7, 1), triple("x", 1, 1), triple("x", 5, 2), triple("x", 7, 1), triple("y", 7, 1)];
    assert_eq!(values, wanted);
}

pub async fn cases_behind_a_figure_come_newest_day_first_page_by_page(make: Make) {
    let db = make();
    let store = &*db.store;
    sample(store).await;
    let city = filter("1309", (100, 104));
    let all = store.facts(&city, None, 100).await.unwrap();
    let plain = |rows: &[(i32, Shard, CaseId)]| rows.iter().map(|row| (row.0, row.2.0.as_u128())).collect::<Vec<_>>();
    assert_eq!(plain(&all), [(103, 4), (103, 5), (103, 6), (101, 3), (100, 1), (100, 2)]);
    assert_eq!(all[2].1, Shard(130_925));
    for limit in 1..5 {
        let mut paged = Vec::new();
        loop {
            let after = paged.last().map(|row: &(i32, Shard, CaseId)| (row.0, row.2));
            let page = store.facts(&city, after, limit).await.unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, all, "pages of {limit}");
    }
    let part = FactFilter { dim: Some("x".to_owned()), ..filter("130922001", (100, 103)) };
    assert_eq!(plain(&store.facts(&part, None, 9).await.unwrap()), [(100, 1)]);
}

pub async fn stocks_have_no_day(make: Make) {
    let db = make();
    let store = &*db.store;
    put(store, [case(900, "130922001")]).await.unwrap();
    change(store, SHARD, vec![came(1, fact("130922001", 0, "", 1)), came(2, fact("130922002", 0, "", 1))]).await;
    let stock = FactFilter { days: None, ..filter("130922", (0, 0)) };
    assert_eq!(store.facts_sum(&stock).await.unwrap(), [triple("", 2, 2)]);
    assert_eq!(store.facts(&stock, Some((0, case_id(1))), 9).await.unwrap(), [(0, SHARD, case_id(2))]);
    let cells = store.cells("handling", &[code("130922"), code("130922001")], (&[Period::Now], true)).await.unwrap();
    let totals: Vec<(String, i64)> =
        cells.iter().filter(|cell| cell.dim.is_empty()).map(|cell| (cell.place.to_string(), cell.rows)).collect();
    assert_eq!(totals, [("130922".to_owned(), 2), ("130922001".to_owned(), 1)]);
}

pub async fn counters_that_come_to_nothing_are_gone(make: Make) {
    let db = make();
    let store = &*db.store;
    let write = following(store, SHARD, vec![new_case(case(900, "130922001"))]).await;
    store.write(&[write]).await.unwrap();
    let there = fact("130922001", 100, "x", 5);
    change(store, SHARD, vec![came(1, there.clone())]).await;
    assert_eq!(store.cells_all(SHARD).await.unwrap().len(), 7);
    change(store, SHARD, vec![FactChange { case: case_id(1), before: Some(there), after: None }]).await;
    assert_eq!(store.cells_all(SHARD).await.unwrap(), Cells::new());
    assert_eq!(store.facts_sum(&filter("130922", (0, 200))).await.unwrap(), []);
}

pub async fn facts_and_cases_are_read_through_piece_by_piece(make: Make) {
    let db = make();
    let store = &*db.store;
    sample(store).await;
    let with_member = Fact { member: Some("w".to_owned()), at: 9, until: 140, ..fact("130922003", 103, "x", -5) };
    change(store, SHARD, vec![came(7, with_member)]).await;
    let mut wanted = Digests::new();
    for (case, fact) in store.facts_all(SHARD).await.unwrap() {
        let digest = wanted.entry((fact.measure.clone(), fact.day)).or_default();
        digest.add(&FactParts::of(case, &fact));
    }
    assert_eq!(wanted.len(), 3);
    for limit in [1, 2, 3, 100] {
        let (mut found, mut after) = (Digests::new(), None);
        loop {
            let (some, last) = store.facts_digest(SHARD, after.as_ref(), limit).await.unwrap();
            some.into_iter().for_each(|(key, digest)| found.entry(key).or_default().add_all(digest));
            after = last;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, wanted, "{limit} at a time");
    }
    put(store, [case(902, "130922002"), case(3, "130922002")]).await.unwrap();
    let (mut ids, mut after) = (Vec::new(), None);
    while let Some((id, text)) = store.case_texts(SHARD, after, 1).await.unwrap().pop() {
        let read: Case = serde_json::from_str(&text).unwrap();
        assert_eq!(Some(read), store.case(SHARD, id).await.unwrap());
        ids.push(id.0.as_u128());
        after = Some(id);
    }
    assert_eq!(ids, [3, 900, 902]);
}

pub async fn figures_are_forgotten_by_measure_and_day(make: Make) {
    let db = make();
    let store = &*db.store;
    sample(store).await;
    let other = Fact { measure: "other".to_owned(), ..fact("130922001", 100, "", 1) };
    change(store, SHARD, vec![came(8, other)]).await;
    let counters = |cells: Cells, measure: &str| cells.keys().filter(|key| key.measure == measure).count();
    let before = store.cells_all(SHARD).await.unwrap();
    let of_day = ("handling".to_owned(), 100);
    store.figures_forget(SHARD, &[of_day, ("handling".to_owned(), 7)], &[]).await.unwrap();
    let left: Vec<u128> = store.facts_all(SHARD).await.unwrap().iter().map(|(case, _)| case.0.as_u128()).collect();
    assert_eq!(left.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([3, 4, 5, 8]));
    assert_eq!(store.cells_all(SHARD).await.unwrap(), before, "counters are left");
    store.figures_forget(SHARD, &[], &["handling".to_owned()]).await.unwrap();
    let after = store.cells_all(SHARD).await.unwrap();
    assert_eq!((counters(after.clone(), "handling"), counters(after, "other")), (0, counters(before, "other")));
    assert!(counters(store.cells_all(Shard(130_925)).await.unwrap(), "handling") > 0, "another county");
}

/// A fact somewhere in the county, or none.
fn any_fact() -> impl Strategy<Value = Option<Fact>> {
    let places = prop::sample::select(vec!["130922001", "130922002", "130922001001"]);
    let some = (places, 0..40_i32, prop::sample::select(vec!["", "x", "y"]), 0..900_i64)
        .prop_map(|(place, day, dim, value)| Some(fact(place, day, dim, value)));
    prop_oneof![1 => Just(None), 4 => some]
}

/// Batches of what cases come to.
type Batches = Vec<Vec<(u128, Option<Fact>)>>;

fn batches() -> impl Strategy<Value = Batches> {
    prop::collection::vec(prop::collection::vec((0..8_u128, any_fact()), 1..6), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counters_equal_the_facts_after_any_batches(batches in batches()) {
        run(counters_equal_facts(memory, batches))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counters_of_postgres_equal_the_facts_after_any_batches(batches in batches()) {
        if is_there("postgres") {
            run(counters_equal_facts(postgres, batches))?;
        }
    }
}

async fn counters_equal_facts(make: Make, batches: Batches) -> Result<(), TestCaseError> {
    let db = make();
    put(&*db.store, [case(900, "130922001")]).await.unwrap();
    let mut now: HashMap<u128, Fact> = HashMap::new();
    for batch in batches {
        let batch: BTreeMap<u128, Option<Fact>> = batch.into_iter().collect();
        let mut changes = Vec::new();
        for (case, after) in batch {
            let before = now.remove(&case);
            now.extend(after.clone().map(|fact| (case, fact)));
            if before != after {
                changes.push(FactChange { case: case_id(case), before, after });
            }
        }
        change(&*db.store, SHARD, changes).await;
    }
    let mut wanted = Cells::new();
    now.values().for_each(|fact| add_cells(&mut wanted, SHARD, fact, 1, Some(minutes_class(fact.value))));
    let kept = db.store.cells_all(SHARD).await.unwrap();
    prop_assert_eq!(&kept, &wanted);
    for ((place, period), cells) in by_place(&wanted) {
        let totals = cells.iter().filter(|(dim, _)| dim.is_empty() || *dim == "-");
        let totals: Parts = totals.map(|(dim, cell)| (dim.clone(), *cell)).collect();
        for (parts, wanted) in [(false, &totals), (true, &cells)] {
            let read = db.store.cells("handling", &[place], (&[period], parts)).await.unwrap();
            let read: Parts = read.into_iter().map(|cell| (cell.dim, (cell.rows, cell.sum))).collect();
            prop_assert_eq!(&read, wanted);
        }
    }
    let county = db.store.facts_sum(&filter("130922", (0, 40))).await.unwrap();
    let rows: i64 = county.iter().map(|part| part.1).sum();
    prop_assert_eq!(rows, now.len() as i64);
    Ok(())
}

type Parts = BTreeMap<String, (i64, i64)>;

fn by_place(cells: &Cells) -> HashMap<(ganglion_model::PlaceCode, Period), Parts> {
    let mut out: HashMap<_, Parts> = HashMap::new();
    for (CellKey { place, period, dim, .. }, cell) in cells {
        out.entry((*place, *period)).or_default().insert(dim.clone(), *cell);
    }
    out
}

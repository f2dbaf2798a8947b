//! Cases in a box on the map, and open ones of a kind: the same rows in the same order, page by page, whichever way they are found.

use crate::support::Make;
use crate::support::rows::{SHARD, at, case, code, following};
use ganglion_kernel::port::{After, CaseFilter, CaseOrder, CaseWrite, Store};
use ganglion_model::Shard;
use ganglion_model::row::Case;
use std::cmp::Reverse;

/// Forty cases of two counties: every fourth without a point, the others on a line from south-west to north-east. Two are opened at each
/// moment, so that ids decide; ids do not follow time; every fifth is over.
fn some() -> Vec<Case> {
    let one = |n: u32| {
        let place = ["130922001", "130922002", "130925001"][n as usize % 3];
        let mut case = case(u128::from(n * 7 % 41), place);
        case.number = format!("N-{n}");
        case.opened_at = at(i64::from(n / 2));
        case.closed_at = (n % 5 == 1).then(|| at(90));
        case.point = (!n.is_multiple_of(4)).then(|| [116.0 + f64::from(n) / 100.0, 38.0 + f64::from(n) / 100.0]);
        case
    };
    (1..=40).map(one).collect()
}

/// The kind the test gives a case.
fn kind(case: &Case) -> &'static str {
    if case.number == "N-20" || case.number == "N-27" { "rare" } else { "common" }
}

async fn filled(store: &dyn Store) -> Vec<Case> {
    let all = some();
    for shard in [SHARD, Shard(130_925)] {
        let of_shard = all.iter().filter(|case| case.shard == shard).cloned();
        let writes = of_shard
            .map(|case| CaseWrite { kind: Some(kind(&case).to_owned()), case, is_new: true, words: None })
            .collect();
        let write = following(store, shard, writes).await;
        store.write(&[write]).await.unwrap();
    }
    all
}

/// Whether a case lies in the box of a filter, if it has one.
fn is_inside(filter: &CaseFilter, case: &Case) -> bool {
    filter.bounds.is_none_or(|[west, south, east, north]| {
        case.point.is_some_and(|[lon, lat]| west <= lon && lon <= east && south <= lat && lat <= north)
    })
}

/// What a filter of these tests means.
fn shows(filter: &CaseFilter, case: &Case) -> bool {
    is_inside(filter, case)
        && filter.place.is_none_or(|place| place.holds(case.place))
        && filter.open.is_none_or(|open| open == case.closed_at.is_none())
        && filter.kind.as_ref().is_none_or(|wanted| wanted == kind(case))
        && filter.opened.is_none_or(|(from, to)| from <= case.opened_at && case.opened_at < to)
}

async fn pages(store: &dyn Store, filter: &CaseFilter, order: CaseOrder, limit: u32) -> Vec<Case> {
    let mut all: Vec<Case> = Vec::new();
    loop {
        let after = all.last().map(|case| After::of(case, order));
        let page = store.cases(filter, order, after.as_ref(), limit).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Lists a filter in both orders, in pages of several sizes, and counts it; gives how many there are.
async fn check(store: &dyn Store, all: &[Case], filter: &CaseFilter) -> usize {
    let mut wanted: Vec<Case> = all.iter().filter(|case| shows(filter, case)).cloned().collect();
    for limit in [1, 3, 50] {
        wanted.sort_by_key(|case| Reverse((case.opened_at, case.id)));
        assert_eq!(pages(store, filter, CaseOrder::Opened, limit).await, wanted, "{filter:?} by {limit}");
        wanted.sort_by_key(|case| (After::of(case, CaseOrder::Due).at, case.id));
        assert_eq!(pages(store, filter, CaseOrder::Due, limit).await, wanted, "{filter:?} by {limit}");
    }
    assert_eq!(store.case_count(filter).await.unwrap(), wanted.len() as u64, "{filter:?}");
    wanted.len()
}

pub async fn boxes_narrow_and_wide_list_the_same_rows_in_the_same_order(make: Make) {
    let db = make();
    let store = &*db.store;
    let all = filled(store).await;
    let of = |bounds| CaseFilter { bounds: Some(bounds), ..CaseFilter::default() };
    let narrow = of([116.095, 38.095, 116.135, 38.135]);
    assert_eq!(check(store, &all, &narrow).await, 3, "N-10, N-11 and N-13: N-12 has no point");
    assert_eq!(check(store, &all, &of([116.0, 38.0, 117.0, 39.0])).await, 30, "all that have a point");
    assert_eq!(check(store, &all, &of([116.3, 38.0, 116.4, 38.1])).await, 0, "the right strip, and nothing in it");
    assert_eq!(check(store, &all, &of([117.0, 38.0, 116.0, 39.0])).await, 0, "no box");
    for bounds in [[116.095, 38.095, 116.135, 38.135], [116.0, 38.0, 116.35, 38.35]] {
        for place in ["1309", "130922", "130925", "130922001"] {
            for open in [None, Some(true), Some(false)] {
                for opened in [None, Some((at(5), at(12)))] {
                    let filter = CaseFilter { place: Some(code(place)), open, opened, ..of(bounds) };
                    check(store, &all, &filter).await;
                }
            }
        }
    }
}

pub async fn a_case_that_gets_another_point_is_found_there(make: Make) {
    let db = make();
    let store = &*db.store;
    let all = filled(store).await;
    let moved = all.iter().find(|case| case.number == "N-10").unwrap();
    let moved = Case { point: Some([118.0, 40.0]), version: 2, ..moved.clone() };
    let write = CaseWrite { kind: Some(kind(&moved).to_owned()), case: moved.clone(), is_new: false, words: None };
    let write = following(store, moved.shard, vec![write]).await;
    store.write(&[write]).await.unwrap();
    let of = |bounds| CaseFilter { bounds: Some(bounds), ..CaseFilter::default() };
    let there = store.cases(&of([117.9, 39.9, 118.1, 40.1]), CaseOrder::Opened, None, 50).await.unwrap();
    assert_eq!(there, [moved]);
    let here = store.cases(&of([116.095, 38.095, 116.135, 38.135]), CaseOrder::Opened, None, 50).await.unwrap();
    assert_eq!(here.iter().map(|case| case.number.as_str()).collect::<Vec<_>>(), ["N-13", "N-11"]);
}

pub async fn open_cases_of_a_kind_are_listed_however_rare_it_is(make: Make) {
    let db = make();
    let store = &*db.store;
    let all = filled(store).await;
    for (name, there) in [("rare", 2), ("common", 38), ("none", 0)] {
        for place in [None, Some(code("1309")), Some(code("130922")), Some(code("130925001"))] {
            for open in [None, Some(true), Some(false)] {
                let filter = CaseFilter { kind: Some(name.to_owned()), place, open, ..CaseFilter::default() };
                let found = check(store, &all, &filter).await;
                let is_all = place.is_none() && open.is_none();
                assert!(!is_all || found == there, "{found} of {name}");
            }
        }
    }
}

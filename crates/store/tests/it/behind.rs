//! As many rows stand behind a figure as it says, and pages give each of them once: for random packs and random histories.

use crate::random_packs::{Tale, live, tale, with_pack};
use crate::support::history::{works, world_of};
use crate::support::world::TOWNSHIPS;
use crate::support::{Make, is_there, memory, postgres, run};
use async_trait::async_trait;
use ganglion_indicators::{Period, Span, When};
use ganglion_kernel::StoreError;
use ganglion_kernel::figures::behind::{Behind, counted_from};
use ganglion_kernel::figures::{Reader, Tally};
use ganglion_kernel::port::{CellsRead, FactFilter, MemberRead, Store};
use ganglion_kernel::rules::ViolationFilter;
use ganglion_model::pack::{Against, Compared, Formula, Indicator, Measure};
use ganglion_model::{CaseId, Level, PlaceCode, Shard};
use jiff::civil::date;
use proptest::prelude::*;
use std::sync::Arc;

/// A store whose facts nobody may add up: it has too many.
struct CountersOnly<'s>(&'s dyn Store);

fn refused(filter: &FactFilter) -> StoreError {
    StoreError::Database { attempted: "adding up facts", reason: format!("{filter:?}") }
}

#[async_trait]
impl Tally for CountersOnly<'_> {
    async fn cells(&self, measure: &str, places: &[PlaceCode], periods: (&[Period], bool)) -> CellsRead {
        Store::cells(self.0, measure, places, periods).await
    }

    async fn cells_to(&self, measure: &str, places: &[PlaceCode], month: i32, parts: bool) -> CellsRead {
        Store::cells_to(self.0, measure, places, month, parts).await
    }

    async fn facts_sum(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        Err(refused(filter))
    }

    async fn facts_values(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        Err(refused(filter))
    }

    async fn facts_latest(&self, filter: &FactFilter) -> Result<Vec<MemberRead>, StoreError> {
        Err(refused(filter))
    }

    async fn broken(&self, filter: &ViolationFilter) -> Result<u64, StoreError> {
        Store::violation_count(self.0, filter).await
    }
}

/// Figures of every kind over a measure.
fn indicators(measure: &Measure) -> Vec<Indicator> {
    let name = || measure.name.clone();
    let of = |formula: Formula| Indicator::reading(&measure.name, formula);
    let mut all = vec![of(Formula::Count(name())), of(Formula::Ratio(name(), name()))];
    if measure.member.is_some() && measure.until.is_none() && !measure.is_stock() {
        let compared = Some(Compared { against: Against::Previous, relative: false });
        let latest = |compared| Indicator { latest_days: Some(10), compared, ..of(Formula::Mean(name())) };
        all.extend([of(Formula::Distinct(name())), latest(None), latest(compared)]);
    }
    all
}

/// Every row of a filter, a few a page.
async fn paged(store: &dyn Store, filter: &FactFilter) -> Vec<(i32, Shard, CaseId)> {
    let mut all: Vec<(i32, Shard, CaseId)> = Vec::new();
    loop {
        let after = all.last().map(|(day, _, row)| (*day, *row));
        let page = store.facts(filter, after, 3).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn rows_are_as_many_as_the_figure_says(make: Make, tale: Tale) -> Result<(), TestCaseError> {
    let (over_rows, over_cases, steps, puts, size) = tale;
    let db = make();
    let works = works(db.store.clone());
    works.world.store(Arc::new(with_pack(&world_of(&works), &over_rows, &over_cases)));
    live(&works, &steps, &puts, size).await;
    let (world, store): (_, &dyn Store) = (world_of(&works), &*works.store);
    let reader = Reader { tally: &store, world: &world, today: date(2022, 3, 10) };
    let counters = CountersOnly(store);
    let counting = Reader { tally: &counters, ..reader };
    let spans: Vec<Span> =
        ["2022", "2022-02", "2022-01-20..2022-02-14"].map(|text| When::parse(text).unwrap().span()).into();
    let places: Vec<PlaceCode> = ["1309", "130922", TOWNSHIPS[0]].iter().map(|code| code.parse().unwrap()).collect();
    for measure in world.model.measures.values() {
        for indicator in indicators(measure) {
            let name = counted_from(&indicator).unwrap();
            prop_assert_eq!(name, measure.name.as_str());
            let read = reader.read(&indicator, &places, &spans, false).await.unwrap();
            for (place, got) in places.iter().zip(&read) {
                for (span, got) in spans.iter().zip(got) {
                    let behind = reader.behind((&indicator, measure), *place, *span).await.unwrap();
                    // Of a county or a city the counters say it, however long the time: no facts are added up.
                    let by = if place.level() <= Level::County { counting } else { reader };
                    let said = by.count_behind(&behind, measure, *place, *span).await.unwrap();
                    let rows = match behind {
                        Behind::Latest(rows) => rows.len(),
                        Behind::Facts(filter) => paged(store, &filter).await.len(),
                    };
                    prop_assert_eq!(said, rows as i64, "{:?} at {} over {:?}", indicator.formula, place, span);
                    prop_assert_eq!(
                        rows as i64,
                        got.figure.rows,
                        "{:?} at {} over {:?}",
                        indicator.formula,
                        place,
                        span
                    );
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_many_rows_stand_behind_a_figure_as_it_says(tale in tale()) {
        run(rows_are_as_many_as_the_figure_says(memory, tale))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_many_rows_stand_behind_a_figure_of_postgres_as_it_says(tale in tale()) {
        if is_there("postgres") {
            run(rows_are_as_many_as_the_figure_says(postgres, tale))?;
        }
    }
}

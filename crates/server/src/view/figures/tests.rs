//! For random histories every figure equals a count over the rows, for every level and for parts of months, and opens to
//! exactly as many rows as it says.

use super::read::{Got, Reader, Tally};
use crate::view::sample;
use async_trait::async_trait;
use ganglion_indicators::fold::add_cells;
use ganglion_indicators::{Cells, Fact, Period, Span, facts_of_case, figure};
use ganglion_kernel::port::{CellRead, FactFilter};
use ganglion_kernel::{StoreError, World};
use ganglion_model::pack::{Formula, Indicator, Measure, Moment, Rounding, Source};
use ganglion_model::{Case, Level, Model, PlaceCode, Shard, Text};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Facts and the counters they give, kept as a store keeps them.
struct Memory {
    facts: Vec<Fact>,
    cells: Cells,
}

impl Memory {
    fn of(world: &World, cases: &[Case]) -> Memory {
        let facts: Vec<Fact> = cases.iter().flat_map(|case| facts_of_case(&world.model, world, case)).collect();
        let mut cells = Cells::new();
        for fact in &facts {
            let timed = world.model.measures[&fact.measure].minutes_since.is_some();
            add_cells(&mut cells, Shard(0), fact, 1, timed);
        }
        Memory { facts, cells }
    }

    fn matching<'a>(&'a self, filter: &'a FactFilter) -> impl Iterator<Item = &'a Fact> {
        let (from, to) = filter.days.unwrap_or((0, 1));
        self.facts.iter().filter(move |fact| {
            fact.measure == filter.measure && filter.place.holds(fact.place) && (from..to).contains(&fact.day)
        })
    }
}

#[async_trait]
impl Tally for Memory {
    async fn cells(
        &self,
        measure: &str,
        places: &[PlaceCode],
        periods: &[Period],
    ) -> Result<Vec<CellRead>, StoreError> {
        let wanted = self
            .cells
            .iter()
            .filter(|(key, _)| key.measure == measure && places.contains(&key.place) && periods.contains(&key.period));
        Ok(wanted
            .map(|(key, (rows, sum))| CellRead {
                place: key.place,
                period: key.period,
                dim: key.dim.clone(),
                rows: *rows,
                sum: *sum,
            })
            .collect())
    }

    async fn facts_sum(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for fact in self.matching(filter) {
            let sum = sums.entry(fact.dim.clone()).or_default();
            *sum = (sum.0 + 1, sum.1 + fact.value);
        }
        Ok(sums.into_iter().map(|(dim, (rows, sum))| (dim, rows, sum)).collect())
    }

    async fn facts_values(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        Ok(self.matching(filter).map(|fact| (fact.dim.clone(), fact.value, 1)).collect())
    }
}

fn measure(name: &str, at: Moment) -> Measure {
    Measure {
        name: name.to_owned(),
        pack: "t".to_owned(),
        of: Source::Process("matter".to_owned()),
        at,
        filter: None,
        minutes_since: None,
        by: None,
    }
}

fn indicator(name: &str, formula: Formula) -> Indicator {
    Indicator {
        name: name.to_owned(),
        pack: "t".to_owned(),
        order: 0,
        title: Text::default(),
        definition: Text::default(),
        formula,
        unit: Text::default(),
        decimals: 1,
        rounding: Rounding::HalfUp,
        percent: false,
        levels: Level::ALL.to_vec(),
        more_is_better: None,
    }
}

/// A world that counts cases opened, settled, settled of those opened, how long it took, and open now.
fn world() -> World {
    let mut world = sample::bare_world();
    let mut model = Model::clone(&world.model);
    let mut add = |one: Measure| model.measures.insert(one.name.clone(), one);
    add(Measure { by: Some(sample::path("case.kind")), ..measure("opened", Moment::Opened) });
    add(measure("settled", Moment::First("done".to_owned())));
    add(Measure { minutes_since: Some(Moment::Opened), ..measure("minutes", Moment::First("done".to_owned())) });
    add(Measure { filter: Some(sample::equals("case.state", "open")), ..measure("open_now", Moment::Always) });
    world.model = Arc::new(model);
    world
}

fn indicators() -> Vec<Indicator> {
    vec![
        indicator("count", Formula::Count("opened".to_owned())),
        indicator("share", Formula::Ratio("settled".to_owned(), "opened".to_owned())),
        indicator("median", Formula::MedianHours("minutes".to_owned())),
        indicator("mean", Formula::MeanHours("minutes".to_owned())),
        indicator("stock", Formula::Count("open_now".to_owned())),
    ]
}

/// One case: where, how many hours after the start of 2022, whether and after how many minutes it was settled, its kind.
type Told = (usize, u32, Option<u32>, u8);

const WHERE: [&str; 7] =
    ["130903100201001", "130903100201002", "130903100202", "130903101", "130903101201001", "130921100201", "130971"];

fn case_of((place, hours, minutes, kind): &Told) -> Case {
    let start = ganglion_kernel::clocks::midnight(date(2022, 1, 1));
    let opened = start + jiff::SignedDuration::from_hours(i64::from(*hours));
    let done = minutes.map(|minutes| opened + jiff::SignedDuration::from_mins(i64::from(minutes)));
    sample::matter(WHERE[place % WHERE.len()], opened, done, &format!("k{}", kind % 3))
}

/// The rows an indicator counts, by plain counting: first measure, and the one it is divided by.
fn counted<'a>(memory: &'a Memory, measure: &'a str, place: PlaceCode, span: Span) -> Vec<&'a Fact> {
    let (from, to) = (Period::day_number(span.from), Period::day_number(span.to));
    memory
        .facts
        .iter()
        .filter(|fact| fact.measure == measure && place.holds(fact.place))
        .filter(|fact| fact.day == 0 || (from..to).contains(&fact.day))
        .collect()
}

fn check(world: &World, memory: &Memory, place: PlaceCode, span: Span) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let reader = Reader { tally: memory, world };
    for indicator in indicators() {
        let mut got: Vec<Vec<Got>> = runtime.block_on(reader.read(&indicator, &[place], &[span], true)).unwrap();
        let got = got.pop().unwrap().pop().unwrap();
        let read = figure(&indicator, &got.sums);
        let rows = |measure: &str| counted(memory, measure, place, span).len() as i64;
        let what = format!("{} at {place} in {span:?}", indicator.name);
        match indicator.name.as_str() {
            "count" => {
                assert_eq!(read.value, Some(rows("opened") as f64), "{what}");
                assert_eq!(got.parts.values().sum::<i64>(), rows("opened"), "{what}");
            }
            "stock" => assert_eq!(read.value, Some(rows("open_now") as f64), "{what}"),
            "share" => {
                let (top, below) = (rows("settled"), rows("opened"));
                assert_eq!(read.value, (below > 0).then(|| top as f64 / below as f64), "{what}");
            }
            "mean" => {
                let minutes: Vec<i64> = counted(memory, "minutes", place, span).iter().map(|fact| fact.value).collect();
                let mean = minutes.iter().sum::<i64>() as f64 / minutes.len() as f64 / 60.0;
                assert_eq!(read.value, (!minutes.is_empty()).then_some(mean), "{what}");
            }
            _ => {
                let mut minutes: Vec<i64> = counted(memory, "minutes", place, span)
                    .iter()
                    .map(|fact| ganglion_indicators::fold::minutes_class(fact.value))
                    .collect();
                minutes.sort_unstable();
                let middle = (!minutes.is_empty())
                    .then(|| (minutes[(minutes.len() - 1) / 2] + minutes[minutes.len() / 2]) as f64 / 2.0 / 60.0);
                assert_eq!(read.value, middle, "{what}");
            }
        }
        let behind = match &indicator.formula {
            Formula::Ratio(_, below) => rows(below),
            Formula::Count(one) | Formula::MedianHours(one) | Formula::MeanHours(one) => rows(one),
        };
        assert_eq!(read.rows, behind, "rows behind {what}");
    }
}

fn day(n: u32) -> Date {
    date(2022, 1, 1).checked_add(jiff::Span::new().days(i64::from(n))).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn figures_equal_counts_over_the_rows(
        told in proptest::collection::vec((0_usize..7, 0_u32..3000, proptest::option::of(0_u32..20_000), any::<u8>()), 0..60),
        from in 0_u32..120,
        length in 0_u32..100,
    ) {
        let world = world();
        let cases: Vec<Case> = told.iter().map(case_of).collect();
        let memory = Memory::of(&world, &cases);
        let spans = [
            Span { from: day(from), to: day(from + length) },
            Span { from: date(2022, 2, 1), to: date(2022, 3, 1) },
            Span { from: date(2022, 1, 1), to: date(2023, 1, 1) },
        ];
        for code in ["1309", "130903", "130971", "130903100", "130903101", "130903100201", "130903100201001"] {
            for span in spans {
                check(&world, &memory, code.parse().unwrap(), span);
            }
        }
    }
}

#[test]
fn many_places_and_periods_are_one_reading_each() {
    let world = world();
    let cases: Vec<Case> =
        [(0, 10, Some(90), 0), (3, 800, None, 1), (5, 10, Some(30), 2)].iter().map(case_of).collect();
    let memory = Memory::of(&world, &cases);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let reader = Reader { tally: &memory, world: &world };
    let places = ["130903", "130921"].map(|code| code.parse().unwrap());
    let month = |m| Span { from: date(2022, m, 1), to: date(2022, m + 1, 1) };
    let count = indicator("count", Formula::Count("opened".to_owned()));
    let got = runtime.block_on(reader.read(&count, &places, &[month(1), month(2)], false)).unwrap();
    let values: Vec<Vec<i64>> =
        got.iter().map(|row| row.iter().map(|got| figure(&count, &got.sums).rows).collect()).collect();
    assert_eq!(values, [[1, 1], [1, 0]]);
}

//! For random histories every figure equals a count over the rows, for every level and for parts of months, and opens to
//! exactly as many rows as it says.

use crate::view::sample;
use ganglion_indicators::{Fact, Period, Span, facts_of_case};
use ganglion_kernel::World;
use ganglion_kernel::figures::memory::Memory;
use ganglion_kernel::figures::{Got, Reader};
use ganglion_model::pack::{Dim, Formula, Indicator, Measure, Moment, Source};
use ganglion_model::{Case, Frac, Model, PlaceCode};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::sync::Arc;

const TODAY: Date = date(2022, 12, 31);

fn memory(world: &World, cases: &[Case]) -> Memory {
    let facts = cases
        .iter()
        .flat_map(|case| facts_of_case(&world.model, world, case).into_iter().map(move |fact| (case.id, fact)));
    Memory::of(&world.model, facts.collect())
}

fn measure(name: &str, at: Moment) -> Measure {
    Measure::counting(name, Source::Process("matter".to_owned()), at)
}

fn indicator(name: &str, formula: Formula) -> Indicator {
    Indicator::reading(name, formula)
}

/// A world that counts cases opened, settled, settled of those opened, how long it took, and open now.
fn world() -> World {
    let mut world = sample::bare_world();
    let mut model = Model::clone(&world.model);
    let mut add = |one: Measure| model.measures.insert(one.name.clone(), one);
    add(Measure {
        by: vec![Dim { name: "kind".to_owned(), of: sample::path("case.kind") }],
        ..measure("opened", Moment::Opened)
    });
    add(measure("settled", Moment::First("done".to_owned())));
    add(Measure {
        minutes_since: Some(Moment::Opened),
        classes: true,
        ..measure("minutes", Moment::First("done".to_owned()))
    });
    add(Measure { filter: Some(sample::equals("case.state", "open")), ..measure("open_now", Moment::Always) });
    add(Measure { until: Some(Moment::First("done".to_owned())), ..measure("held", Moment::Opened) });
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
        indicator("held", Formula::Count("held".to_owned())),
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
fn counted(world: &World, cases: &[Case], (measure, place): (&str, PlaceCode), span: Span) -> Vec<Fact> {
    let (from, to) = span.days();
    cases
        .iter()
        .flat_map(|case| facts_of_case(&world.model, world, case))
        .filter(|fact| fact.measure == measure && place.holds(fact.place))
        .filter(|fact| fact.day == 0 || (from..to).contains(&fact.day))
        .collect()
}

fn check(world: &World, cases: &[Case], place: PlaceCode, span: Span) {
    let memory = memory(world, cases);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let reader = Reader { tally: &memory, world, today: TODAY };
    for indicator in indicators() {
        let mut got: Vec<Vec<Got>> = runtime.block_on(reader.read(&indicator, &[place], &[span], true)).unwrap();
        let got = got.pop().unwrap().pop().unwrap();
        let read = &got.figure;
        let rows = |measure: &str| counted(world, cases, (measure, place), span).len() as i64;
        let what = format!("{} at {place} in {span:?}", indicator.name);
        match indicator.name.as_str() {
            "count" => {
                assert_eq!(read.value, Some(rows("opened") as f64), "{what}");
                assert_eq!(got.sums.by("opened", 0).values().map(|part| part.0).sum::<i64>(), rows("opened"), "{what}");
            }
            "held" => {
                let day = (span.days().1 - 1).min(Period::day_number(TODAY));
                let facts = cases.iter().flat_map(|case| facts_of_case(&world.model, world, case));
                let held = facts.filter(|fact| fact.measure == "held" && place.holds(fact.place) && fact.holds_on(day));
                assert_eq!(read.value, Some(held.count() as f64), "{what}");
                continue;
            }
            "stock" => assert_eq!(read.value, Some(rows("open_now") as f64), "{what}"),
            "share" => {
                let (top, below) = (rows("settled"), rows("opened"));
                assert_eq!(read.value, (below > 0).then(|| top as f64 / below as f64), "{what}");
            }
            "mean" => {
                let minutes: Vec<i64> =
                    counted(world, cases, ("minutes", place), span).iter().map(|fact| fact.value).collect();
                let (sum, rows) = (minutes.iter().sum::<i64>(), minutes.len() as i64);
                assert_eq!(read.exact, Frac::new(i128::from(sum), i128::from(rows * 60)), "{what}");
            }
            _ => {
                let mut minutes: Vec<i64> = counted(world, cases, ("minutes", place), span)
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
            other => rows(other.measures()[0]),
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
        let spans = [
            Span { from: day(from), to: day(from + length) },
            Span { from: date(2022, 2, 1), to: date(2022, 3, 1) },
            Span { from: date(2022, 1, 1), to: date(2023, 1, 1) },
        ];
        for code in ["1309", "130903", "130971", "130903100", "130903101", "130903100201", "130903100201001"] {
            for span in spans {
                check(&world, &cases, code.parse().unwrap(), span);
            }
        }
    }
}

#[test]
fn many_places_and_periods_are_one_reading_each() {
    let world = world();
    let cases: Vec<Case> =
        [(0, 10, Some(90), 0), (3, 800, None, 1), (5, 10, Some(30), 2)].iter().map(case_of).collect();
    let memory = memory(&world, &cases);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let reader = Reader { tally: &memory, world: &world, today: TODAY };
    let places = ["130903", "130921"].map(|code| code.parse().unwrap());
    let month = |m| Span { from: date(2022, m, 1), to: date(2022, m + 1, 1) };
    let count = indicator("count", Formula::Count("opened".to_owned()));
    let got = runtime.block_on(reader.read(&count, &places, &[month(1), month(2)], false)).unwrap();
    let values: Vec<Vec<i64>> = got.iter().map(|row| row.iter().map(|got| got.figure.rows).collect()).collect();
    assert_eq!(values, [[1, 1], [1, 0]]);
}

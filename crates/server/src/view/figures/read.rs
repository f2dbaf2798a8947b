//! Reading figures for places and periods.
//!
//! Counties keep counters by day and month, townships by month; what has none (part of a month in a township, anything
//! in a village or grid, parts and medians of some days) is summed from facts. A place above counties is the sum of its
//! counties, whatever codes they ever had. Everything asked for at once is read with one statement a measure, besides
//! those sums of facts.

use async_trait::async_trait;
use ganglion_indicators::fold::minutes_class;
use ganglion_indicators::{Period, Span, Sums, measures_of};
use ganglion_kernel::World;
use ganglion_kernel::port::{CellRead, FactFilter, Store, StoreError};
use ganglion_model::pack::{Formula, Indicator, Moment};
use ganglion_model::{Level, PlaceCode};
use std::collections::{BTreeMap, BTreeSet};

/// What figures are read from: the part of a store that counts.
#[async_trait]
pub trait Tally: Send + Sync {
    /// As [`Store::cells`].
    async fn cells(&self, measure: &str, places: &[PlaceCode], periods: &[Period])
    -> Result<Vec<CellRead>, StoreError>;
    /// As [`Store::facts_sum`].
    async fn facts_sum(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError>;
    /// As [`Store::facts_values`].
    async fn facts_values(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError>;
}

#[async_trait]
impl Tally for &dyn Store {
    async fn cells(
        &self,
        measure: &str,
        places: &[PlaceCode],
        periods: &[Period],
    ) -> Result<Vec<CellRead>, StoreError> {
        Store::cells(*self, measure, places, periods).await
    }

    async fn facts_sum(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        Store::facts_sum(*self, filter).await
    }

    async fn facts_values(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        Store::facts_values(*self, filter).await
    }
}

/// What was read for one place and period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Got {
    /// Sums, ready for [`ganglion_indicators::figure`].
    pub sums: Sums,
    /// Rows of the first measure by the value of its dimension.
    pub parts: BTreeMap<String, i64>,
}

/// Reads figures.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Counters and facts.
    pub tally: &'a dyn Tally,
    /// Measures and places.
    pub world: &'a World,
}

/// What is wanted besides totals.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Depth {
    classes: bool,
    parts: bool,
}

/// Counters as read: dimension, rows and sum, by place and period.
type Found = BTreeMap<(PlaceCode, Period), Vec<(String, i64, i64)>>;

/// One cell of the answer: index of the place, index of the span.
type At = (usize, usize);

/// How one place and span is put together.
#[derive(Default)]
struct Plan {
    /// Counters: place and period.
    cells: Vec<(PlaceCode, Period)>,
    /// Days summed from facts; `None` for stocks.
    facts: Vec<Option<(i32, i32)>>,
}

/// Whether an indicator counts what holds now rather than what happened in a period.
#[must_use]
pub fn is_stock(world: &World, indicator: &Indicator) -> bool {
    measures_of(indicator)
        .iter()
        .all(|name| world.model.measures.get(*name).is_some_and(|measure| measure.at == Moment::Always))
}

impl Reader<'_> {
    /// One indicator at `places` over `spans`, by place and span. `parts`: with the parts of its first measure.
    ///
    /// # Errors
    /// Storage.
    pub async fn read(
        &self,
        indicator: &Indicator,
        places: &[PlaceCode],
        spans: &[Span],
        parts: bool,
    ) -> Result<Vec<Vec<Got>>, StoreError> {
        let mut got = vec![vec![Got::default(); spans.len()]; places.len()];
        for (order, measure) in measures_of(indicator).into_iter().enumerate() {
            let depth =
                Depth { classes: matches!(indicator.formula, Formula::MedianHours(_)), parts: parts && order == 0 };
            let stock = self.world.model.measures.get(measure).is_some_and(|one| one.at == Moment::Always);
            let mut plans: BTreeMap<At, Plan> = BTreeMap::new();
            for (p, place) in places.iter().enumerate() {
                for (s, span) in spans.iter().enumerate() {
                    plans.insert((p, s), self.plan(*place, (!stock).then_some(*span), depth));
                }
            }
            let cells = self.cells(measure, &plans).await?;
            for ((p, s), plan) in &plans {
                let into = &mut got[*p][*s];
                for key in &plan.cells {
                    for (dim, rows, sum) in cells.get(key).into_iter().flatten() {
                        add(into, measure, depth, (dim, *rows, *sum));
                    }
                }
                for days in &plan.facts {
                    let filter = FactFilter { measure: measure.to_owned(), place: places[*p], days: *days, dim: None };
                    self.add_facts(into, depth, &filter).await?;
                }
            }
        }
        Ok(got)
    }

    /// Adds what facts say, for places and days that have no counters.
    async fn add_facts(&self, into: &mut Got, depth: Depth, filter: &FactFilter) -> Result<(), StoreError> {
        let measure = filter.measure.as_str();
        for (dim, rows, sum) in self.tally.facts_sum(filter).await? {
            add(into, measure, depth, ("", rows, sum));
            if !dim.is_empty() {
                add(into, measure, depth, (&format!("={dim}"), rows, sum));
            }
        }
        if depth.classes {
            for (_, minutes, rows) in self.tally.facts_values(filter).await? {
                add(into, measure, depth, (&format!("#{}", minutes_class(minutes)), rows, 0));
            }
        }
        Ok(())
    }

    /// Every counter the plans need, in one statement.
    async fn cells(&self, measure: &str, plans: &BTreeMap<At, Plan>) -> Result<Found, StoreError> {
        let mut places = BTreeSet::new();
        let mut periods = BTreeSet::new();
        for (place, period) in plans.values().flat_map(|plan| &plan.cells) {
            places.insert(*place);
            periods.insert(*period);
        }
        let mut found = Found::new();
        if places.is_empty() {
            return Ok(found);
        }
        let places: Vec<PlaceCode> = places.into_iter().collect();
        let periods: Vec<Period> = periods.into_iter().collect();
        for cell in self.tally.cells(measure, &places, &periods).await? {
            found.entry((cell.place, cell.period)).or_default().push((cell.dim, cell.rows, cell.sum));
        }
        Ok(found)
    }

    fn plan(&self, place: PlaceCode, span: Option<Span>, depth: Depth) -> Plan {
        let counted: Vec<PlaceCode> = match place.level() {
            Level::Province | Level::City => self.counties(place),
            Level::County | Level::Township => vec![place],
            Level::Village | Level::Grid => Vec::new(),
        };
        let by_day = place.level() <= Level::County && depth == Depth { classes: false, parts: false };
        let mut plan = Plan::default();
        let Some(span) = span else {
            if counted.is_empty() {
                plan.facts.push(None);
            }
            plan.cells.extend(counted.into_iter().map(|place| (place, Period::Now)));
            return plan;
        };
        if counted.is_empty() {
            let (from, to) = (Period::day_number(span.from), Period::day_number(span.to));
            plan.facts.extend((from < to).then_some(Some((from, to))));
            return plan;
        }
        let (months, ends) = span.split();
        let mut periods: Vec<Period> = months.into_iter().map(Period::Month).collect();
        if by_day {
            periods.extend(ends.iter().flat_map(|(from, to)| (*from..*to).map(Period::Day)));
        } else {
            plan.facts.extend(ends.into_iter().map(Some));
        }
        plan.cells = counted.iter().flat_map(|place| periods.iter().map(|period| (*place, *period))).collect();
        plan
    }

    /// Every code a county inside `place` ever had: rows keep the code of their day.
    fn counties(&self, place: PlaceCode) -> Vec<PlaceCode> {
        let codes: BTreeSet<PlaceCode> = self
            .world
            .places
            .tree
            .versions()
            .map(|version| version.code)
            .filter(|code| code.level() == Level::County && place.holds(*code))
            .collect();
        codes.into_iter().collect()
    }
}

/// Adds one sum: the total, a class of minutes (`#`), or a part (`=`).
fn add(into: &mut Got, measure: &str, depth: Depth, (dim, rows, sum): (&str, i64, i64)) {
    if dim.is_empty() {
        let total = into.sums.totals.entry(measure.to_owned()).or_default();
        total.0 += rows;
        total.1 += sum;
    } else if let Some(edge) = dim.strip_prefix('#').and_then(|edge| edge.parse::<i64>().ok()) {
        if depth.classes {
            *into.sums.classes.entry(measure.to_owned()).or_default().entry(edge).or_default() += rows;
        }
    } else if let Some(value) = dim.strip_prefix('=').filter(|_| depth.parts) {
        *into.parts.entry(value.to_owned()).or_default() += rows;
    }
}

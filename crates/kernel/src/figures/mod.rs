//! Reading figures for places and periods.
//!
//! Counties keep counters by day and month, townships by month; what has none (part of a month in a township, anything
//! in a village or grid, parts and medians of some days) is summed from facts. A place above counties is the sum of its
//! counties, whatever codes they ever had, and of what is kept at the place itself. Everything asked for at once is read with
//! one statement a measure, besides sums of facts and latest rows of members.

pub mod behind;
pub mod memory;
mod plan;
pub mod publish;
pub mod rows;
pub mod targets;

use crate::port::{CellRead, FactFilter, MemberRead, Store, StoreError};
use crate::rules::ViolationFilter;
use crate::world::World;
use async_trait::async_trait;
use ganglion_indicators::{Figure, Period, Span, Sums, calculated, counted, figure};
use ganglion_model::exact::Frac;
use ganglion_model::pack::{Formula, Indicator, Measure};
use ganglion_model::{Level, Model, PlaceCode, PlaceKind};
use jiff::civil::Date;
use plan::{Depth, Found, Plan};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

/// What figures are read from: the part of a store that counts.
#[async_trait]
pub trait Tally: Send + Sync {
    /// As [`Store::cells`].
    async fn cells(
        &self,
        measure: &str,
        places: &[PlaceCode],
        periods: (&[Period], bool),
    ) -> Result<Vec<CellRead>, StoreError>;
    /// As [`Store::cells_to`].
    async fn cells_to(
        &self,
        measure: &str,
        places: &[PlaceCode],
        month: i32,
        parts: bool,
    ) -> Result<Vec<CellRead>, StoreError>;
    /// As [`Store::facts_sum`].
    async fn facts_sum(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError>;
    /// As [`Store::facts_values`].
    async fn facts_values(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError>;
    /// As [`Store::facts_latest`].
    async fn facts_latest(&self, filter: &FactFilter) -> Result<Vec<MemberRead>, StoreError>;
    /// As [`Store::violation_count`].
    async fn broken(&self, filter: &ViolationFilter) -> Result<u64, StoreError>;
}

#[async_trait]
impl Tally for &dyn Store {
    async fn cells(
        &self,
        measure: &str,
        places: &[PlaceCode],
        periods: (&[Period], bool),
    ) -> Result<Vec<CellRead>, StoreError> {
        Store::cells(*self, measure, places, periods).await
    }

    async fn cells_to(
        &self,
        measure: &str,
        places: &[PlaceCode],
        month: i32,
        parts: bool,
    ) -> Result<Vec<CellRead>, StoreError> {
        Store::cells_to(*self, measure, places, month, parts).await
    }

    async fn facts_sum(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        Store::facts_sum(*self, filter).await
    }

    async fn facts_values(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        Store::facts_values(*self, filter).await
    }

    async fn facts_latest(&self, filter: &FactFilter) -> Result<Vec<MemberRead>, StoreError> {
        Store::facts_latest(*self, filter).await
    }

    async fn broken(&self, filter: &ViolationFilter) -> Result<u64, StoreError> {
        Store::violation_count(*self, filter).await
    }
}

/// What was read for one place and period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Got {
    /// The figure.
    pub figure: Figure,
    /// What it was read from.
    pub sums: Sums,
}

/// What a [`Reader`] gives: by place and span.
pub type Answer = Result<Vec<Vec<Got>>, StoreError>;

/// Reads figures.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Counters and facts.
    pub tally: &'a dyn Tally,
    /// Measures and places.
    pub world: &'a World,
    /// Stocks of a period that is not over are those of this day.
    pub today: Date,
}

/// Whether an indicator counts only what holds now, so that no period can be asked for.
#[must_use]
pub fn is_now(model: &Model, indicator: &Indicator) -> bool {
    let is_now = |measure: &Measure| measure.is_stock() && measure.until.is_none();
    !matches!(indicator.formula, Formula::Places { .. }) && every(model, indicator, &is_now)
}

/// Whether the list of a rule that looks at today stands behind an indicator: it is right for the day the rules were judged for.
#[must_use]
pub fn is_judged(model: &Model, indicator: &Indicator) -> bool {
    let others = indicator.formula.figures();
    matches!(indicator.formula, Formula::Broken(_))
        || others.iter().any(|name| model.indicators.get(*name).is_some_and(|one| is_judged(model, one)))
}

/// Whether an indicator counts what holds on a day rather than what happened in a period.
#[must_use]
pub fn is_stock(model: &Model, indicator: &Indicator) -> bool {
    every(model, indicator, &Measure::is_stock)
}

fn every(model: &Model, indicator: &Indicator, holds: &dyn Fn(&Measure) -> bool) -> bool {
    // How many places there are is known for every day, and goes with anything it is divided by; what the day has broken is known
    // now.
    if let Formula::Places { .. } | Formula::Broken(_) = indicator.formula {
        return true;
    }
    let own = indicator.formula.measures();
    let others = indicator.formula.figures();
    own.iter().all(|name| model.measures.get(*name).is_some_and(holds))
        && others.iter().all(|name| model.indicators.get(*name).is_some_and(|one| every(model, one, holds)))
        && !(own.is_empty() && others.is_empty())
}

impl<'a> Reader<'a> {
    /// One indicator at `places` over `spans`, by place and span. `parts`: with the parts of its measures.
    ///
    /// # Errors
    /// Storage.
    pub async fn read(&self, indicator: &Indicator, places: &[PlaceCode], spans: &[Span], parts: bool) -> Answer {
        if let Formula::Of(_) = &indicator.formula {
            return self.calculate(indicator, places, spans).await;
        }
        if let Formula::Places { level, kinds } = &indicator.formula {
            let of = |place: &PlaceCode| {
                let count = |span: &Span| self.places(*place, (*level, kinds.as_slice()), *span);
                spans
                    .iter()
                    .map(|span| Got { figure: counted(indicator, count(span)), sums: Sums::default() })
                    .collect()
            };
            return Ok(places.iter().map(of).collect());
        }
        if let Formula::Broken(rule) = &indicator.formula {
            return self.broken((indicator, rule.as_str()), places, spans).await;
        }
        let mut all = spans.to_vec();
        all.extend(indicator.compared.iter().flat_map(|by| spans.iter().map(|span| span.against(by.against))));
        let parts = parts || matches!(indicator.formula, Formula::Share { .. });
        let sums = self.sums(indicator, places, &all, parts).await?;
        let none = Sums::default();
        let model = &self.world.model;
        let of = |mut row: Vec<Sums>| {
            let before = row.split_off(spans.len());
            let pairs = row.into_iter().enumerate();
            pairs
                .map(|(at, sums)| {
                    let figure = figure(model, indicator, &sums, before.get(at).unwrap_or(&none));
                    Got { figure, sums }
                })
                .collect()
        };
        Ok(sums.into_iter().map(of).collect())
    }

    /// How many places of a level there are at the end of a span, or today while it is not over.
    fn places(&self, place: PlaceCode, (level, kinds): (Level, &[PlaceKind]), span: Span) -> i64 {
        let tree = &self.world.places.tree;
        let day = span.to.yesterday().unwrap_or(span.to).min(self.today);
        let codes = std::iter::once(place).chain(tree.codes_down_to(place, level));
        let all = codes.filter_map(|code| tree.on(code, day));
        let counted = all.filter(|one| one.code.level() == level && (kinds.is_empty() || kinds.contains(&one.kind)));
        i64::try_from(counted.count()).unwrap_or(i64::MAX)
    }

    /// How many rows stand on the list of a rule that looks at today, whatever the span: the list knows now.
    async fn broken(&self, (indicator, rule): (&Indicator, &str), places: &[PlaceCode], spans: &[Span]) -> Answer {
        let mut all = Vec::with_capacity(places.len());
        for place in places {
            let filter = ViolationFilter { rule: rule.to_owned(), place: Some(*place) };
            let rows = i64::try_from(self.tally.broken(&filter).await?).unwrap_or(i64::MAX);
            let got = Got { figure: counted(indicator, rows), sums: Sums::default() };
            all.push(vec![got; spans.len()]);
        }
        Ok(all)
    }

    /// An indicator that calculates with others.
    fn calculate<'f>(
        &'f self,
        indicator: &'f Indicator,
        places: &'f [PlaceCode],
        spans: &'f [Span],
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'f>>
    where
        'a: 'f,
    {
        Box::pin(async move {
            let mut inner: BTreeMap<&str, Vec<Vec<Got>>> = BTreeMap::new();
            for name in indicator.formula.figures() {
                if let Some(other) = self.world.model.indicators.get(name).filter(|_| !inner.contains_key(name)) {
                    inner.insert(name, self.read(other, places, spans, false).await?);
                }
            }
            let at = |name: &str, p: usize, s: usize| inner.get(name).and_then(|got| got.get(p)?.get(s));
            let model = &self.world.model;
            let is_dated = !is_now(model, indicator);
            // The list of a rule that looks at today knows nothing of a span that is over.
            let is_over = |name: &str, s: usize| {
                let judged = || model.indicators.get(name).is_some_and(|one| is_judged(model, one));
                is_dated && spans.get(s).is_some_and(|span| span.to <= self.today) && judged()
            };
            let of = |p: usize, s: usize| {
                let value =
                    |name: &str| -> Option<Frac> { if is_over(name, s) { None } else { at(name, p, s)?.figure.raw } };
                let rows = indicator
                    .formula
                    .figures()
                    .first()
                    .and_then(|name| at(name, p, s))
                    .map_or(0, |got| got.figure.rows);
                Got { figure: calculated(indicator, rows, &value), sums: Sums::default() }
            };
            Ok((0..places.len()).map(|p| (0..spans.len()).map(|s| of(p, s)).collect()).collect())
        })
    }

    /// The sums of every measure of an indicator.
    async fn sums(
        &self,
        indicator: &Indicator,
        places: &[PlaceCode],
        spans: &[Span],
        parts: bool,
    ) -> Result<Vec<Vec<Sums>>, StoreError> {
        let mut sums = vec![vec![Sums::default(); spans.len()]; places.len()];
        let by_member = indicator.latest_days.is_some() || matches!(indicator.formula, Formula::Distinct(_));
        // A measure that stands above and below is counted once.
        for name in BTreeSet::from_iter(indicator.formula.measures()) {
            let Some(measure) = self.world.model.measures.get(name) else { continue };
            if by_member {
                self.add_members(measure, (places, spans), indicator.latest_days.unwrap_or(0), &mut sums).await?;
            }
            if indicator.latest_days.is_none() {
                let depth = Depth { classes: indicator.formula.classed().is_some(), parts };
                self.add_totals(measure, (places, spans), depth, &mut sums).await?;
            }
        }
        Ok(sums)
    }

    async fn add_members(
        &self,
        measure: &Measure,
        (places, spans): (&[PlaceCode], &[Span]),
        look_back: u32,
        sums: &mut [Vec<Sums>],
    ) -> Result<(), StoreError> {
        for (p, place) in places.iter().enumerate() {
            for (s, span) in spans.iter().enumerate() {
                let members = self.members(measure, *place, *span, look_back).await?;
                let into = sums[p][s].members.entry(measure.name.clone()).or_default();
                into.extend(members.into_iter().map(|one| (one.member, one.value)));
            }
        }
        Ok(())
    }

    async fn add_totals(
        &self,
        measure: &Measure,
        (places, spans): (&[PlaceCode], &[Span]),
        depth: Depth,
        sums: &mut [Vec<Sums>],
    ) -> Result<(), StoreError> {
        let mut plans: Vec<((usize, usize), Plan)> = Vec::with_capacity(places.len() * spans.len());
        for (p, place) in places.iter().enumerate() {
            for (s, span) in spans.iter().enumerate() {
                plans.push(((p, s), self.plan(measure, *place, *span, depth)));
            }
        }
        let found = self.cells(measure, &plans, depth).await?;
        for ((p, s), plan) in &plans {
            let into = &mut sums[*p][*s];
            plan.add(&found, &measure.name, into);
            for filter in &plan.facts {
                self.add_facts(into, measure, depth, filter).await?;
            }
        }
        Ok(())
    }

    /// Adds what facts say, for places and days that have no counters.
    async fn add_facts(
        &self,
        into: &mut Sums,
        measure: &Measure,
        depth: Depth,
        filter: &FactFilter,
    ) -> Result<(), StoreError> {
        for (dim, rows, sum) in self.tally.facts_sum(filter).await? {
            into.add(&measure.name, "", (rows, sum), 1);
            if !dim.is_empty() {
                into.add(&measure.name, &format!("={dim}"), (rows, sum), 1);
            }
        }
        if depth.classes {
            for (_, value, rows) in self.tally.facts_values(filter).await? {
                let class = ganglion_indicators::fold::class_of(measure, value);
                into.add(&measure.name, &format!("#{class}"), (rows, 0), 1);
            }
        }
        Ok(())
    }

    /// Every counter the plans need: one statement for periods, one for months since ever.
    async fn cells(
        &self,
        measure: &Measure,
        plans: &[((usize, usize), Plan)],
        depth: Depth,
    ) -> Result<Found, StoreError> {
        let wanted = plan::wanted(plans.iter().map(|(_, plan)| plan));
        let mut found = Found::default();
        let parts = depth.parts || depth.classes;
        if !wanted.places.is_empty() && !wanted.periods.is_empty() {
            found.take(self.tally.cells(&measure.name, &wanted.places, (&wanted.periods, parts)).await?);
        }
        if let Some(month) = wanted.month {
            found.take_months(self.tally.cells_to(&measure.name, &wanted.since, month, parts).await?);
        }
        Ok(found)
    }
}

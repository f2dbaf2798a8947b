//! How one place and period is put together: from which counters, and from which facts where there are none.

use super::Reader;
use crate::port::{CellRead, FactFilter};
use ganglion_indicators::{Period, Span, Sums};
use ganglion_model::pack::Measure;
use ganglion_model::{Level, PlaceCode};
use std::collections::{BTreeMap, BTreeSet};

/// What is wanted besides totals.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Classes of values.
    pub classes: bool,
    /// Parts by dimension.
    pub parts: bool,
}

/// How one place and span is put together.
#[derive(Default)]
pub struct Plan {
    /// Counters: place and period.
    cells: Vec<(PlaceCode, Period)>,
    /// Counters of all months up to and with this one.
    since_ever: Option<(Vec<PlaceCode>, i32)>,
    /// What is summed from facts.
    pub facts: Vec<FactFilter>,
}

/// Dimension key, rows and sum.
type Counted = (String, i64, i64);

/// Counters as read.
#[derive(Default)]
pub struct Found {
    periods: BTreeMap<(PlaceCode, Period), Vec<Counted>>,
    months: BTreeMap<PlaceCode, Vec<(i32, Counted)>>,
}

impl Found {
    /// Takes counters of single periods.
    pub fn take(&mut self, cells: Vec<CellRead>) {
        for cell in cells {
            self.periods.entry((cell.place, cell.period)).or_default().push((cell.dim, cell.rows, cell.sum));
        }
    }

    /// Takes counters of months since ever.
    pub fn take_months(&mut self, cells: Vec<CellRead>) {
        for cell in cells {
            if let Period::Month(month) = cell.period {
                self.months.entry(cell.place).or_default().push((month, (cell.dim, cell.rows, cell.sum)));
            }
        }
    }
}

/// All counters some plans need.
pub struct Wanted {
    /// Places of single periods.
    pub places: Vec<PlaceCode>,
    /// The periods.
    pub periods: Vec<Period>,
    /// Places of which all months since ever are needed.
    pub since: Vec<PlaceCode>,
    /// Up to this month.
    pub month: Option<i32>,
}

/// What the plans need together.
pub fn wanted<'p>(plans: impl Iterator<Item = &'p Plan>) -> Wanted {
    let (mut places, mut periods, mut since, mut month) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), None);
    for plan in plans {
        for (place, period) in &plan.cells {
            places.insert(*place);
            periods.insert(*period);
        }
        if let Some((places, to)) = &plan.since_ever {
            since.extend(places.iter().copied());
            month = month.max(Some(*to));
        }
    }
    let (places, periods) = (places.into_iter().collect(), periods.into_iter().collect());
    Wanted { places, periods, since: since.into_iter().collect(), month }
}

/// The rows of a measure at a place.
pub fn facts_of(measure: &Measure, place: PlaceCode, days: Option<(i32, i32)>) -> FactFilter {
    FactFilter { measure: measure.name.clone(), place, days, as_of: None, dim: None }
}

impl Plan {
    /// Adds its counters to `into`; what a stock lost is taken off.
    pub fn add(&self, found: &Found, measure: &str, into: &mut Sums) {
        let mut add = |(dim, rows, sum): &Counted| match dim.strip_prefix('-') {
            Some(dim) => into.add(measure, dim, (*rows, *sum), -1),
            None => into.add(measure, dim, (*rows, *sum), 1),
        };
        self.cells.iter().filter_map(|key| found.periods.get(key)).flatten().for_each(&mut add);
        let Some((places, to)) = &self.since_ever else { return };
        let months = places.iter().filter_map(|place| found.months.get(place)).flatten();
        months.filter(|(month, _)| month <= to).for_each(|(_, counted)| add(counted));
    }
}

impl Reader<'_> {
    /// How `measure` at `place` over `span` is put together.
    pub(super) fn plan(&self, measure: &Measure, place: PlaceCode, span: Span, depth: Depth) -> Plan {
        let counted: Vec<PlaceCode> = match place.level() {
            Level::Province | Level::City => self.counted_inside(place),
            Level::County | Level::Township => vec![place],
            Level::Village | Level::Grid => Vec::new(),
        };
        let by_day = place.level() <= Level::County && depth == Depth { classes: false, parts: false };
        if measure.until.is_some() {
            return self.held(measure, (place, counted), span, by_day);
        }
        let mut plan = Plan::default();
        if measure.is_stock() {
            if counted.is_empty() {
                plan.facts.push(facts_of(measure, place, None));
            }
            plan.cells.extend(counted.into_iter().map(|place| (place, Period::Now)));
            return plan;
        }
        if counted.is_empty() {
            let (from, to) = span.days();
            plan.facts.extend((from < to).then(|| facts_of(measure, place, Some((from, to)))));
            return plan;
        }
        let (months, ends) = span.split();
        let mut periods: Vec<Period> = months.into_iter().map(Period::Month).collect();
        if by_day {
            periods.extend(ends.iter().flat_map(|(from, to)| (*from..*to).map(Period::Day)));
        } else {
            plan.facts.extend(ends.into_iter().map(|days| facts_of(measure, place, Some(days))));
        }
        plan.cells = counted.iter().flat_map(|place| periods.iter().map(|period| (*place, *period))).collect();
        plan
    }

    /// What held on the last day of a span, or today while it is not over.
    fn held(&self, measure: &Measure, (place, counted): (PlaceCode, Vec<PlaceCode>), span: Span, by_day: bool) -> Plan {
        let day = (span.days().1 - 1).min(Period::day_number(self.today));
        let month = Period::month_of(day);
        let is_last = Period::first_day(month + 1) == day + 1;
        let mut plan = Plan::default();
        if counted.is_empty() || !(is_last || by_day) {
            plan.facts.push(FactFilter { as_of: Some(day), ..facts_of(measure, place, None) });
            return plan;
        }
        if !is_last {
            let days = (Period::first_day(month)..=day).map(Period::Day);
            plan.cells = days.flat_map(|day| counted.iter().map(move |place| (*place, day))).collect();
        }
        plan.since_ever = Some((counted, if is_last { month } else { month - 1 }));
        plan
    }

    /// A place above counties, and every code a county or other place above townships inside it ever had: rows keep the code
    /// of their day.
    fn counted_inside(&self, place: PlaceCode) -> Vec<PlaceCode> {
        let mut places = vec![place];
        places.extend(self.world.places.tree.codes_down_to(place, Level::County));
        places
    }
}

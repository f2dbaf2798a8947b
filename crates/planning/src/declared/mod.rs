//! What a plan declared in a pack means over rows of registers: rows in, a problem, its solution, and the rows that adopting it
//! would write. Leaves out where rows are read, who may do this, and writing.

mod allocation;
mod assignment;
mod coverage;
mod names;

use crate::allocation::{Cause, PlanError};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Field, Plan, PlanKind, PlanPoints, PlanRows};
use ganglion_model::row::Record;
use ganglion_model::scope::Rows;
use ganglion_model::{Fields, Level, PlaceCode};
use jiff::Timestamp;
use names::PlanNames;
use std::collections::BTreeMap;

/// A place with a point, for plans over the places of a level.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacePoint {
    /// Code.
    pub code: PlaceCode,
    /// Name.
    pub name: String,
    /// Longitude and latitude, WGS-84.
    pub point: [f64; 2],
}

/// What a plan is computed from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Register rows that references lead to.
    pub rows: &'a dyn Rows,
    /// What was asked, with its declaration.
    pub form: (&'a Fields, &'a [Field]),
    /// The instant it is computed for.
    pub now: Timestamp,
    /// Rows within reach, by register; those that do not hold today are left out here.
    pub records: &'a BTreeMap<String, Vec<Record>>,
    /// Places within reach that have a point.
    pub places: &'a [PlacePoint],
    /// Digits after the point of the plan's numbers.
    pub decimals: u8,
}

/// A row that adopting the plan writes.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposedRow {
    /// The place it belongs to, for registers kept by place.
    pub place: Option<PlaceCode>,
    /// Values.
    pub fields: Fields,
}

/// Something the plan could not serve in full.
#[derive(Clone, Debug, PartialEq)]
pub struct Lack {
    /// Key of the row, or code of the place.
    pub key: String,
    /// What was asked for: an amount, workers, minutes.
    pub asked: f64,
    /// What is lacking: an amount or workers; the minutes to the nearest facility, if there is one.
    pub lacking: Option<f64>,
    /// Why, for allocations.
    pub cause: Option<Cause>,
}

/// A further site and what it adds.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundSite {
    /// Key of the row, or code of the place.
    pub key: String,
    /// Where.
    pub point: [f64; 2],
    /// Weight that it newly covers.
    pub gained_weight: f64,
}

/// A computed plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What was asked for in all: amounts, workers, weight.
    pub asked: f64,
    /// What is served of it.
    pub served: f64,
    /// Cost of the whole; 0 for coverage.
    pub cost: f64,
    /// Rows that adopting it writes, in key order.
    pub rows: Vec<ProposedRow>,
    /// What is not served in full, worst first.
    pub lacks: Vec<Lack>,
    /// Where further facilities help most.
    pub sites: Vec<FoundSite>,
}

/// Computes `plan`.
///
/// # Errors
/// See [`PlanError`].
pub fn compute(plan: &Plan, input: Input<'_>) -> Result<Outcome, PlanError> {
    let mut outcome = match &plan.kind {
        PlanKind::Allocation(def) => allocation::compute(plan, def, input)?,
        PlanKind::Assignment(def) => assignment::compute(plan, def, input)?,
        PlanKind::Coverage(def) => coverage::compute(plan, def, input),
    };
    outcome.lacks.sort_by(|a, b| {
        let worst = |one: &Lack| one.lacking.unwrap_or(f64::INFINITY);
        worst(b).total_cmp(&worst(a)).then_with(|| a.key.cmp(&b.key))
    });
    Ok(outcome)
}

impl Input<'_> {
    /// Names without any row.
    fn names(&self) -> PlanNames<'_> {
        PlanNames {
            rows: self.rows,
            form: self.form,
            now: self.now,
            named: Vec::new(),
            results: Vec::new(),
            decimals: self.decimals,
        }
    }

    /// The rows a plan looks at, in key order.
    fn select<'a>(&'a self, rows: &PlanRows) -> Vec<&'a Record> {
        let day = local_date(self.now);
        let all = self.records.get(&rows.register).into_iter().flatten();
        let mut found: Vec<&Record> = all
            .filter(|record| record.valid_on(day))
            .filter(|record| rows.filter.as_ref().is_none_or(|filter| filter.holds(&self.names().with("row", record))))
            .collect();
        found.sort_by(|a, b| (a.shard, &a.key).cmp(&(b.shard, &b.key)));
        found
    }

    /// Points of a plan: places of a level as rows of their own, or rows with a point.
    fn points(&self, points: &PlanPoints) -> Vec<(Record, [f64; 2])> {
        match points {
            PlanPoints::Level(level) => self.of_level(*level),
            PlanPoints::Rows { rows, at } => {
                let rows = self.select(rows).into_iter();
                rows.filter_map(|record| Some((record.clone(), names::point(record, at)?))).collect()
            }
        }
    }

    fn of_level(&self, level: Level) -> Vec<(Record, [f64; 2])> {
        let of_level = self.places.iter().filter(|place| place.code.level() == level);
        of_level.map(|place| (names::place_row(place, self.now), place.point)).collect()
    }
}

/// The rows of a plan's result for what was found.
fn proposed(plan: &Plan, names: &PlanNames<'_>) -> Option<ProposedRow> {
    let result = plan.result.as_ref()?;
    let place = result.place.as_ref().and_then(|place| names.text(place)).and_then(|code| code.parse().ok());
    let fields = result.set.iter().map(|(name, value)| (name.clone(), names.stored(value, plan.decimals))).collect();
    Some(ProposedRow { place, fields })
}

//! What a plan declared in a pack means over rows of registers: rows in, a problem, its solution, and the rows that adopting it
//! would write. Leaves out where rows are read, who may do this, and writing.

mod adopt;
mod allocation;
mod assignment;
mod coverage;
mod exact;
mod names;
mod select;

pub use adopt::{Draft, draft};
pub use select::{figures_wanted, reading};

use crate::allocation::{Cause, PlanError};
use ganglion_model::pack::{FigurePeriod, Plan, PlanKind, Rounding};
use ganglion_model::row::Record;
use ganglion_model::scope::Rows;
use ganglion_model::{Decimal, Fields, Frac, Model, PlaceCode, Shard};
use jiff::civil::Date;
use names::PlanNames;
use std::collections::{BTreeMap, BTreeSet};

/// A place with a point, for plans over the places of a level.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacePoint {
    /// Code.
    pub code: PlaceCode,
    /// Name.
    pub name: String,
    /// Longitude and latitude, WGS-84; `None`: nobody knows where it is.
    pub point: Option<[f64; 2]>,
}

/// An indicator at a place over the period that holds the plan's day.
pub type FigureAt = (String, PlaceCode, FigurePeriod);

/// What a plan is computed from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Installed packs.
    pub model: &'a Model,
    /// Register rows that references lead to.
    pub rows: &'a dyn Rows,
    /// What was asked.
    pub form: &'a Fields,
    /// The place it is computed for.
    pub place: PlaceCode,
    /// The day it is computed for.
    pub day: Date,
    /// Rows within reach that hold on the day, by register.
    pub records: &'a BTreeMap<String, Vec<Record>>,
    /// Places of its levels within reach.
    pub places: &'a [PlacePoint],
    /// The figures it asks for; see [`figures_wanted`].
    pub figures: &'a BTreeMap<FigureAt, Option<Decimal>>,
}

/// A row of a register or a place, as a plan speaks of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Register; empty for a place of a level.
    pub register: String,
    /// Shard the row lives in.
    pub shard: Shard,
    /// Key of the row, or code of the place.
    pub key: String,
}

/// What goes from where to where: an amount of a supply to a demand, a worker to a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// The supply or worker.
    pub from: Subject,
    /// The demand or job.
    pub to: Subject,
    /// The link.
    pub over: Option<Subject>,
    /// Urgency of the demand.
    pub tier: u32,
    /// Amount taken; 1 for a worker.
    pub amount: Decimal,
    /// Amount that arrives.
    pub arrives: Decimal,
    /// Cost, when the plan has costs.
    pub cost: Option<Decimal>,
    /// Kilometres in a straight line, when both have a point.
    pub km: Option<Decimal>,
}

/// Something that is not served in full.
#[derive(Clone, Debug, PartialEq)]
pub struct Lack {
    /// What.
    pub subject: Subject,
    /// Its urgency.
    pub tier: u32,
    /// What was asked for: an amount, workers, its weight.
    pub asked: Decimal,
    /// What is lacking of it: an amount, workers, its weight.
    pub lacking: Decimal,
    /// Minutes to the nearest facility, for coverage; `None` without any.
    pub minutes: Option<Decimal>,
    /// Why, for allocations and assignments.
    pub cause: Option<Cause>,
}

/// What a tier asked for and got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierSum {
    /// The tier.
    pub tier: u32,
    /// Asked for.
    pub asked: Decimal,
    /// Served.
    pub served: Decimal,
}

/// How far a supply, worker, facility or link is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// What.
    pub subject: Subject,
    /// What is there; `None` for facilities, which have no limit.
    pub there: Option<Decimal>,
    /// What is used of it; for a facility the weight of the places it is the nearest to.
    pub used: Decimal,
}

/// What one more unit of something would serve of the most urgent tier that lacks something.
#[derive(Clone, Debug, PartialEq)]
pub struct Help {
    /// Of what.
    pub subject: Subject,
    /// Whether it is the capacity of a link rather than a supply.
    pub is_capacity: bool,
    /// The values of the columns that are equal in supply and demand, for which a capacity holds.
    pub of: String,
    /// The tier.
    pub tier: u32,
    /// Units served for each further unit.
    pub gain: Decimal,
}

/// How a place is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// The place.
    pub subject: Subject,
    /// Where it is.
    pub point: [f64; 2],
    /// What it counts.
    pub weight: Decimal,
    /// Within the time.
    pub is_covered: bool,
    /// Minutes to the nearest facility, rounded up to one digit.
    pub minutes: Option<Decimal>,
    /// That facility.
    pub facility: Option<Subject>,
}

/// A further site and what it adds.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundSite {
    /// The row or place.
    pub subject: Subject,
    /// Where.
    pub point: [f64; 2],
    /// Weight that it newly covers.
    pub gained: Decimal,
    /// How many places that are.
    pub places: usize,
}

/// What was asked for and served in one of the places right inside the plan's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AreaSum {
    /// The place.
    pub place: PlaceCode,
    /// Weight asked for.
    pub asked: Decimal,
    /// Weight served.
    pub served: Decimal,
}

/// What a row does not say although the plan needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// An amount: it counts as nothing.
    Amount,
    /// A point: it is left out.
    Point,
    /// A part of the key of its row in the result: it is not adopted.
    Key,
}

/// A row that adopting the plan writes.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposedRow {
    /// Its key.
    pub key: String,
    /// The place it belongs to, for registers kept by place.
    pub place: Option<PlaceCode>,
    /// Values.
    pub fields: Fields,
}

/// A computed plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What was asked for in all: amounts, workers, weight.
    pub asked: Decimal,
    /// What is served of it.
    pub served: Decimal,
    /// Cost of the whole, when the plan has costs.
    pub cost: Option<Decimal>,
    /// By urgency, when the plan has tiers.
    pub tiers: Vec<TierSum>,
    /// What goes where, in the order of supplies.
    pub flows: Vec<Flow>,
    /// Every place of a coverage, in key order.
    pub reached: Vec<Reached>,
    /// What is not served in full: urgent first, then what lacks most.
    pub lacks: Vec<Lack>,
    /// How far supplies, workers or facilities are used.
    pub uses: Vec<Use>,
    /// How far links with a capacity are used.
    pub capacities: Vec<Use>,
    /// What would help most.
    pub helps: Vec<Help>,
    /// Where further facilities help most.
    pub sites: Vec<FoundSite>,
    /// Coverage of the places right inside.
    pub areas: Vec<AreaSum>,
    /// Where facilities of a coverage are, and points of workers and jobs.
    pub points: BTreeMap<Subject, [f64; 2]>,
    /// What rows do not say.
    pub missing: BTreeSet<(Missing, Subject)>,
    /// Rows that adopting it writes, in key order.
    pub rows: Vec<ProposedRow>,
}

/// Computes `plan`.
///
/// # Errors
/// See [`PlanError`].
pub fn compute(plan: &Plan, input: Input<'_>) -> Result<Outcome, PlanError> {
    let mut outcome = match &plan.kind {
        PlanKind::Allocation(def) => allocation::compute(plan, def, input)?,
        PlanKind::Assignment(def) => assignment::compute(plan, def, input)?,
        PlanKind::Coverage(def) => coverage::compute(plan, def, input)?,
    };
    outcome.lacks.sort_by(|a, b| {
        let minutes = |one: &Lack| one.minutes.unwrap_or(Decimal::MAX);
        a.tier
            .cmp(&b.tier)
            .then_with(|| b.lacking.cmp(&a.lacking))
            .then_with(|| minutes(b).cmp(&minutes(a)))
            .then_with(|| a.subject.cmp(&b.subject))
    });
    outcome.rows.sort_by(|a, b| (a.place, &a.key).cmp(&(b.place, &b.key)));
    let twice = outcome.rows.windows(2).find(|two| two[0].key == two[1].key && two[0].place == two[1].place);
    match twice {
        Some(two) => Err(PlanError::Twice(two[0].key.clone())),
        None => Ok(outcome),
    }
}

/// An exact figure as an amount, to nine digits.
#[must_use]
pub fn decimal(exact: Frac) -> Option<Decimal> {
    exact.rounded(9, Rounding::HalfUp)?.parse::<Decimal>().ok().map(|value| value.normalize())
}

impl Subject {
    /// A row.
    #[must_use]
    pub fn of(record: &Record) -> Subject {
        Subject { register: record.register.clone(), shard: record.shard, key: record.key.clone() }
    }
}

impl Outcome {
    /// Notes the row of the result for what was found.
    fn propose(&mut self, plan: &Plan, names: &PlanNames<'_>, subject: &Subject) {
        let Some(result) = plan.result.as_ref() else { return };
        let place = result.place.as_ref().and_then(|place| names.text(place)).and_then(|code| code.parse().ok());
        let fields: Fields =
            result.set.iter().map(|(name, value)| (name.clone(), value.eval(names).to_json())).collect();
        let register = names.input.model.registers.get(&result.register);
        let own = fields.get("place").and_then(serde_json::Value::as_str).and_then(|code| code.parse().ok());
        match register.and_then(|register| register.key_of(&fields)) {
            Some(key) => self.rows.push(ProposedRow { key, place: place.or(own), fields }),
            None => {
                self.missing.insert((Missing::Key, subject.clone()));
            }
        }
    }
}

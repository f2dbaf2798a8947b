//! Plans: what is computed from rows of registers, by whom, and which rows come of it.
//!
//! A plan proposes; nothing is changed until somebody adopts it. Solving is the business of the planning crate.

use super::field::Field;
use super::process::Who;
use crate::expr::Expr;
use crate::place::Level;
use crate::text::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A declared plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// Its place in the author's order.
    pub order: usize,
    /// Title.
    pub title: Text,
    /// What it is for and how it decides, in plain words.
    #[serde(default)]
    pub about: Text,
    /// Who may compute and adopt it, for their own place and those inside it.
    pub by: Vec<Who>,
    /// Who may compute it and look, besides those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<Who>,
    /// What is asked before it is computed, as `form.*`.
    pub form: Vec<Field>,
    /// Unit of amounts, as shown.
    pub unit: Text,
    /// The same by its code in the table of units, when amounts are quantities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_in: Option<String>,
    /// Digits after the point of everything found; amounts are whole in the last of them.
    pub decimals: u8,
    /// What is computed.
    pub kind: PlanKind,
    /// The rows that adopting it writes; `None`: it is only shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<PlanResult>,
}

/// Kinds of plans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    /// Supplies to demands over links.
    Allocation(Box<AllocationDef>),
    /// Workers to jobs.
    Assignment(Box<AssignmentDef>),
    /// Places within reach of facilities.
    Coverage(Box<CoverageDef>),
}

/// Rows of a register that a plan looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRows {
    /// The register.
    pub register: String,
    /// Which rows: a condition over `row.*` and `form.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Expr>,
    /// Where a row of the deployment counts: those outside the plan's place are left out. Without it all count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Expr>,
}

/// An amount that belongs to a row or place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// Worked out from the row.
    Value(Expr),
    /// An indicator.
    Figure(PlanFigure),
}

/// An indicator as an amount.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanFigure {
    /// The indicator.
    pub indicator: String,
    /// The place it is read at; where the row is kept without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Expr>,
    /// The period that holds the plan's day.
    pub period: FigurePeriod,
}

/// How long a period an indicator is read over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FigurePeriod {
    /// The day.
    #[default]
    Day,
    /// Its month.
    Month,
    /// Its quarter.
    Quarter,
    /// Its year.
    Year,
}

/// An allocation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AllocationDef {
    /// What is there.
    pub supplies: PlanRows,
    /// How much of it.
    pub supply_amount: Amount,
    /// What is asked for.
    pub demands: PlanRows,
    /// How much.
    pub demand_amount: Amount,
    /// Urgency, lowest first: over `row.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand_tier: Option<Expr>,
    /// Ways from supplies to demands. One row leads from every supply to every demand that match it.
    pub links: PlanRows,
    /// Column of a supply to what it must equal, over `row.*` of the link.
    pub link_supply: BTreeMap<String, Expr>,
    /// Column of a demand to what it must equal, over `row.*` of the link.
    pub link_demand: BTreeMap<String, Expr>,
    /// Columns that must be equal in supply and demand, such as the month. The capacity of a link holds for each of their
    /// values anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same: Vec<String>,
    /// Most a link takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Amount>,
    /// Share lost on the way, from 0 up to but not including 1: over `row.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Expr>,
    /// Cost of one unit taken: over `row.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Expr>,
}

/// An assignment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssignmentDef {
    /// Who may be sent.
    pub workers: PlanRows,
    /// How often each, over `row.*`; once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_capacity: Option<Expr>,
    /// Point field of a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_at: Option<String>,
    /// What is to be done.
    pub jobs: PlanRows,
    /// How many workers it takes, over `row.*`; one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_need: Option<Expr>,
    /// Urgency, lowest first: over `row.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_tier: Option<Expr>,
    /// Point field of a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_at: Option<String>,
    /// Who could do what: over `worker.*` and `job.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair_when: Option<Expr>,
    /// Cost of a pair, over `worker.*` and `job.*`; kilometres between the points when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair_cost: Option<Expr>,
    /// Furthest a worker is sent, kilometres in a straight line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub km_max: Option<u32>,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanPoints {
    /// The places of a level, in the middle of their outlines.
    Level(Level),
    /// Rows of a register with a point field.
    Rows {
        /// The rows.
        rows: PlanRows,
        /// The point field.
        at: String,
    },
}

/// Coverage within a time of travel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoverageDef {
    /// Who should be served.
    pub places: PlanPoints,
    /// What each counts; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Amount>,
    /// What serves them.
    pub facilities: PlanPoints,
    /// Where further ones could stand; the places themselves when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<PlanPoints>,
    /// Within how many minutes: over `form.*`.
    pub minutes: Expr,
    /// Kilometres an hour: over `form.*`.
    pub speed_km_h: Expr,
    /// Road distance over straight-line distance: over `form.*`.
    pub detour: Expr,
    /// How many further sites are looked for.
    pub sites: u32,
}

/// Rows that adopting a plan writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanResult {
    /// The register.
    pub register: String,
    /// The place of a row, for registers kept by place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Expr>,
    /// Rows of the register that the result stands in for: those it does not have are ended. Over `row.*` and `form.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Expr>,
    /// Values by field, the key included, over what the kind of plan offers.
    pub set: BTreeMap<String, Expr>,
}

impl Plan {
    /// Registers it looks at, each once.
    #[must_use]
    pub fn looks_at(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.rows().into_iter().map(|rows| rows.register.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Levels whose places it looks at.
    #[must_use]
    pub fn levels(&self) -> Vec<Level> {
        let mut all: Vec<Level> = self.points().into_iter().filter_map(PlanPoints::level).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Every kind of rows it looks at.
    #[must_use]
    pub fn rows(&self) -> Vec<&PlanRows> {
        match &self.kind {
            PlanKind::Allocation(def) => vec![&def.supplies, &def.demands, &def.links],
            PlanKind::Assignment(def) => vec![&def.workers, &def.jobs],
            PlanKind::Coverage(_) => self.points().into_iter().filter_map(PlanPoints::rows).collect(),
        }
    }

    fn points(&self) -> Vec<&PlanPoints> {
        match &self.kind {
            PlanKind::Coverage(def) => {
                [Some(&def.places), Some(&def.facilities), def.candidates.as_ref()].into_iter().flatten().collect()
            }
            PlanKind::Allocation(_) | PlanKind::Assignment(_) => Vec::new(),
        }
    }
}

impl PlanPoints {
    /// The level, for places.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        match self {
            PlanPoints::Level(level) => Some(*level),
            PlanPoints::Rows { .. } => None,
        }
    }

    /// The rows, for rows.
    #[must_use]
    pub fn rows(&self) -> Option<&PlanRows> {
        match self {
            PlanPoints::Level(_) => None,
            PlanPoints::Rows { rows, .. } => Some(rows),
        }
    }
}

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
    /// Title.
    pub title: Text,
    /// What it is for and how it decides, in plain words.
    #[serde(default)]
    pub about: Text,
    /// Who may compute and adopt it. It looks at the rows of their place's subtree and of the deployment.
    pub by: Vec<Who>,
    /// What is asked before it is computed, as `form.*`.
    pub form: Vec<Field>,
    /// Unit of amounts.
    pub unit: Text,
    /// Digits after the point of amounts; amounts are cut to them, so that no limit is exceeded by rounding.
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
    Allocation(AllocationDef),
    /// Workers to jobs.
    Assignment(AssignmentDef),
    /// Places within reach of facilities.
    Coverage(CoverageDef),
}

/// Rows of a register that a plan looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRows {
    /// The register.
    pub register: String,
    /// Which rows: a condition over `row.*` and `form.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Expr>,
}

/// An allocation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AllocationDef {
    /// What is there.
    pub supplies: PlanRows,
    /// How much of it: over `row.*`.
    pub supply_amount: Expr,
    /// What is asked for.
    pub demands: PlanRows,
    /// How much: over `row.*`.
    pub demand_amount: Expr,
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
    pub same: Vec<String>,
    /// Most a link takes: over `row.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Expr>,
    /// Share lost on the way, 0 to 1: over `row.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Expr>,
    /// Cost of one unit: over `row.*`.
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
    /// Furthest a worker is sent, kilometres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub km_max: Option<u32>,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanPoints {
    /// The places of a level, at the middle of their outlines or points.
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
    /// What each counts, over `row.*`; 1 when absent and for places of a level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Expr>,
    /// What serves them.
    pub facilities: PlanPoints,
    /// Where further ones could stand; the places themselves when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<PlanPoints>,
    /// Within how many minutes.
    pub minutes: u32,
    /// Kilometres an hour.
    pub speed_km_h: u32,
    /// Road distance over straight-line distance, in hundredths.
    pub detour_percent: u32,
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
    /// Values by field, the key included, over what the kind of plan offers.
    pub set: BTreeMap<String, Expr>,
}

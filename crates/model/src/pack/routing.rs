//! Routing: how a case finds its place and the post that gets it. What is decided, and why, is kept with the case.

use crate::expr::Expr;
use crate::place::Level;
use serde::{Deserialize, Serialize};

/// How a case finds its place and its post. Point and place field come first; then the rules in order, of which the first
/// with a matching row counts; then, while nobody has the case, the workloads in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RouteDef {
    /// The point field, if the case is routed by point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The place field, used when there is no point (or alone), and for the reporter's choice near a border.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Level at which a case is handled first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handled_at: Option<Level>,
    /// Rules over registers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleRoute>,
    /// By workload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workload: Vec<Workload>,
}

/// A rule over a register such as a dispatch list. An empty cell of a row matches everything; of the rows that match, the
/// one with most cells filled counts, then the one with the deepest places, then the first by key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleRoute {
    /// The register.
    pub register: String,
    /// Columns with what they are compared with.
    pub matches: Vec<(String, Match)>,
    /// What the row gives.
    pub give: Give,
}

/// What a column of a rule is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// A value of the opening form.
    Value(Expr),
    /// The place found so far.
    Place,
}

/// Columns of the row that decide.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Give {
    /// The post that gets the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<String>,
    /// The role whose least busy post gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The place it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The level it is handled at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// The post of `role` at `level` whose place holds the case's place and that has the fewest open cases; among equals the
/// one whose newest case is the oldest, then the first by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// The role.
    pub role: String,
    /// The level its posts stand at.
    pub level: Level,
}

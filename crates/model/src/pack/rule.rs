//! Standing checks: what must hold for every row of a register or every case of a process, at any time.

use super::indicator::Source;
use crate::expr::Expr;
use crate::text::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the figure that counts what breaks a rule is called: this and the rule's name.
pub const RULE_FIGURE: &str = "rule_";

/// A declared rule. It is judged whenever a row changes, on the row as it then is, and each day if it looks at today;
/// nothing is refused because of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// Its place in the author's order.
    pub order: usize,
    /// Title.
    pub title: Text,
    /// What it looks at.
    pub over: Source,
    /// Rows it looks at; all without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Expr>,
    /// What must hold.
    pub holds: Expr,
    /// It looks at `today`: judged at the beginning of each day too, and counted from its list, since counters move with rows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub daily: bool,
    /// What is said of a row for which it does not.
    pub message: Text,
    /// A case that is opened for each row that breaks it, once until the row keeps it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<RuleOpen>,
}

/// A case that a broken rule opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleOpen {
    /// Process.
    pub process: String,
    /// Values of its form, from the row.
    pub set: BTreeMap<String, Expr>,
}

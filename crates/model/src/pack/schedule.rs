//! Cases that come by themselves: every day, month or year, for each place of a level or each row of a register.

use crate::expr::Expr;
use crate::place::Level;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A declared schedule of a process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleDef {
    /// Name.
    pub name: String,
    /// How often.
    pub every: Every,
    /// On which day of the period; of no account for days.
    pub on: OnDay,
    /// At which minute of the day.
    pub at_minute: u16,
    /// For what.
    pub each: Each,
    /// Form values.
    pub set: BTreeMap<String, Expr>,
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Every day.
    Day,
    /// Every working day.
    WorkingDay,
    /// Every week, Monday first.
    Week,
    /// Every two weeks, Monday first; pairs of weeks are counted from Monday 5 January 1970.
    TwoWeeks,
    /// Every month.
    Month,
    /// Every quarter.
    Quarter,
    /// Every half year.
    HalfYear,
    /// Every year.
    Year,
}

/// The day of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDay {
    /// The n-th day from 1; the last one where the period is shorter.
    Nth(u16),
    /// The n-th working day from 1.
    NthWorking(u16),
    /// The last day.
    Last,
    /// The last working day.
    LastWorking,
}

/// For what a case is opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// For every place of a level.
    Places(Level),
    /// For every row that holds on the day.
    Rows {
        /// The register.
        register: String,
        /// Only rows for which it holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filter: Option<Expr>,
    },
}

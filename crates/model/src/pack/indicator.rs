//! Measures (what a row adds to which day and place) and indicators (what is read from them).

use crate::expr::Expr;
use crate::place::Level;
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// What rows a measure looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Cases of a process.
    Process(String),
    /// Rows of a register.
    Register(String),
}

/// A moment in the life of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// When it was opened.
    Opened,
    /// When it first entered a state.
    First(String),
    /// When it last entered a state.
    Last(String),
    /// When a mark was last made.
    Mark(String),
    /// When a clock stopped.
    ClockStopped(String),
    /// When a clock falls or fell due.
    ClockDue(String),
    /// No moment: a stock, counted while it holds.
    Always,
}

/// A count over rows: a row that satisfies `filter` adds `value` at `at`. It is a function of the row as it is now, so
/// a figure rebuilt from rows always equals the figure kept up to date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// Rows.
    pub of: Source,
    /// When it counts.
    pub at: Moment,
    /// Which rows count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Expr>,
    /// What a row adds: 1 when absent, or the minutes from this moment to `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes_since: Option<Moment>,
    /// Also kept apart by the value of this expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Expr>,
}

/// How an indicator is read from measures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Formula {
    /// The count of a measure.
    Count(String),
    /// Sum of one measure over the sum of another (ratio of sums at every level).
    Ratio(String, String),
    /// Median of a measure with minutes, in hours.
    MedianHours(String),
    /// Mean of a measure with minutes, in hours.
    MeanHours(String),
}

/// How a figure is rounded for display.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// 0.5 away from zero.
    #[default]
    HalfUp,
    /// 0.5 to the even neighbour.
    HalfEven,
    /// Cut off.
    Truncate,
}

/// A declared indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indicator {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// Its place in the author's order.
    #[serde(default)]
    pub order: u32,
    /// Title.
    pub title: Text,
    /// What exactly is counted, in plain words.
    pub definition: Text,
    /// How it is read.
    pub formula: Formula,
    /// Unit shown behind the figure.
    pub unit: Text,
    /// Digits after the point.
    pub decimals: u8,
    /// Rounding for display.
    pub rounding: Rounding,
    /// Shown as percent (value × 100).
    pub percent: bool,
    /// Levels at which it is offered.
    pub levels: Vec<Level>,
    /// `Some(true)`: more is better; `Some(false)`: less is better; `None`: neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_is_better: Option<bool>,
}

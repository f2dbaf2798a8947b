//! Measures (what a row adds to which day and place) and indicators (what is read from them).

use crate::exact::Frac;
use crate::expr::Expr;
use crate::place::{Level, PlaceKind};
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

/// A moment in the life of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// When a case was opened.
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
    /// A date or moment among the values of the row.
    Field(String),
    /// First day a version of a dated row holds.
    ValidFrom,
    /// First day it no longer holds.
    ValidTo,
    /// No moment: a stock, counted while it holds.
    Always,
}

/// A dimension figures are kept apart by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dim {
    /// Name, as scenarios and addresses use it.
    pub name: String,
    /// Value of a row.
    pub of: Expr,
}

/// A count or sum over rows: a row that satisfies `filter` adds `value` at `at`. It is a function of the row as it is now,
/// so a figure rebuilt from rows always equals the figure kept up to date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// Rows.
    pub of: Source,
    /// When it counts; for a stock with `until`, from when.
    pub at: Moment,
    /// Makes it a stock that counts from `at` to before this moment, on any day asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Which rows count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Expr>,
    /// What a row adds: the minutes from this moment to `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes_since: Option<Moment>,
    /// What a row adds; a row without it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Expr>,
    /// Digits behind the point that are kept of `value`.
    #[serde(default)]
    pub digits: u8,
    /// Unit of `value`, by its name in the table of units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Also kept apart by these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<Dim>,
    /// Where a row counts, when that is not the place it is kept at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Expr>,
    /// Whose value it is: for figures over the latest row of each, common or distinct ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Expr>,
    /// Whether classes of values are kept, for a median or a percentile.
    #[serde(default)]
    pub classes: bool,
}

impl Measure {
    /// A measure that counts every row of `of` at `at`.
    #[must_use]
    pub fn counting(name: &str, of: Source, at: Moment) -> Measure {
        Measure {
            name: name.to_owned(),
            pack: String::new(),
            of,
            at,
            until: None,
            filter: None,
            minutes_since: None,
            value: None,
            digits: 0,
            unit: None,
            by: Vec::new(),
            place: None,
            member: None,
            classes: false,
        }
    }

    /// Whether it counts what holds rather than what happened.
    #[must_use]
    pub fn is_stock(&self) -> bool {
        self.at == Moment::Always || self.until.is_some()
    }

    /// Whether its rows add more than 1 each.
    #[must_use]
    pub fn has_value(&self) -> bool {
        self.value.is_some() || self.minutes_since.is_some()
    }
}

/// How an indicator is read from measures. The *total* of a measure is the sum of its values, or the number of its rows when
/// it has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Formula {
    /// Rows of a measure.
    Count(String),
    /// Sum of the values of a measure.
    Sum(String),
    /// Sum of the values over the rows.
    Mean(String),
    /// Median of the values.
    Median(String),
    /// Total of one measure over the total of another (ratio of sums at every level).
    Ratio(String, String),
    /// Total of some parts of a measure over its whole.
    Share {
        /// The measure.
        of: String,
        /// Values of its first dimension.
        parts: Vec<String>,
    },
    /// Different members among the rows of a measure.
    Distinct(String),
    /// Median of a measure with minutes, in hours.
    MedianHours(String),
    /// Mean of a measure with minutes, in hours.
    MeanHours(String),
    /// The value that a share of the rows stays within.
    Percentile {
        /// The measure.
        of: String,
        /// The share, percent.
        percent: u8,
    },
    /// Arithmetic over other indicators, by name.
    Of(Expr),
    /// Places of a level, as the division of the land has them at the end of the period.
    Places {
        /// The level.
        level: Level,
        /// What they are; empty: any.
        kinds: Vec<PlaceKind>,
    },
    /// Rows that break a rule which looks at today, by its name: as many as stand on its list now.
    Broken(String),
}

impl Formula {
    /// The measures it is read from; the first is the one whose parts are shown. Empty for arithmetic.
    #[must_use]
    pub fn measures(&self) -> Vec<&str> {
        match self {
            Formula::Count(a)
            | Formula::Sum(a)
            | Formula::Mean(a)
            | Formula::Median(a)
            | Formula::Distinct(a)
            | Formula::MedianHours(a)
            | Formula::MeanHours(a)
            | Formula::Percentile { of: a, .. }
            | Formula::Share { of: a, .. } => vec![a],
            Formula::Ratio(a, b) => vec![a, b],
            Formula::Of(_) | Formula::Places { .. } | Formula::Broken(_) => Vec::new(),
        }
    }

    /// The measure whose classes of values it needs.
    #[must_use]
    pub fn classed(&self) -> Option<&str> {
        match self {
            Formula::Median(name) | Formula::MedianHours(name) | Formula::Percentile { of: name, .. } => Some(name),
            _ => None,
        }
    }

    /// The indicators it calculates with.
    #[must_use]
    pub fn figures(&self) -> Vec<&str> {
        let Formula::Of(expr) = self else { return Vec::new() };
        let mut paths = Vec::new();
        expr.paths(&mut paths);
        paths.into_iter().filter_map(|path| path.first().map(String::as_str)).collect()
    }
}

/// What a figure is compared with to give a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The period just before, as long.
    Previous,
    /// The same period a year earlier.
    LastYear,
}

/// A figure that is itself a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// With what.
    pub against: Against,
    /// As a share of what was before, not as a difference.
    pub relative: bool,
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
    /// Of each member only the latest row counts, looked for in the period and this many days before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_days: Option<u32>,
    /// The figure is a change; over members only those measured at both ends count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
    /// Unit it is shown in, by its name in the table of units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_in: Option<String>,
    /// What the value is multiplied with to be shown in its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<Frac>,
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
    /// Whether places are ranked by it.
    #[serde(default)]
    pub ranked: bool,
}

impl Indicator {
    /// An indicator read by `formula`, offered at every level, shown with one digit.
    #[must_use]
    pub fn reading(name: &str, formula: Formula) -> Indicator {
        Indicator {
            name: name.to_owned(),
            pack: String::new(),
            order: 0,
            title: Text::default(),
            definition: Text::default(),
            formula,
            latest_days: None,
            compared: None,
            shown_in: None,
            factor: None,
            unit: Text::default(),
            decimals: 1,
            rounding: Rounding::HalfUp,
            percent: false,
            levels: Level::ALL.to_vec(),
            more_is_better: None,
            ranked: false,
        }
    }
}

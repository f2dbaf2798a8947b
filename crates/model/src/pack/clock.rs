//! Clocks of a process: how long, from when to when, what is promised beside the limit, what happens near the end and at it.

use super::process::Who;
use crate::clocks::{Ends, Length, Rule};
use crate::expr::Expr;
use crate::place::Level;
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// The clock that counts the promised limit beside the clock `name`.
#[must_use]
pub fn promised_of(name: &str) -> String {
    format!("{name}.promised")
}

/// The declared clock behind a running one: `handle` for `handle` and `handle.promised`.
#[must_use]
pub fn declared_of(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Where a length comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthFrom {
    /// Written in the pack.
    Fixed(Length),
    /// An expression that gives a text such as `4 wh`.
    Expr(Expr),
    /// A share of another clock's original length, in percent (rounded up to a whole unit step).
    Share {
        /// The other clock.
        clock: String,
        /// Percent.
        percent: u32,
    },
    /// An end by the calendar or the clock on the wall.
    Ends(Ends),
    /// This long before the day or moment an expression gives: the last moment to do something.
    Before {
        /// How long before.
        length: Length,
        /// The event.
        event: Expr,
    },
}

/// A clock of a process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockDef {
    /// Name.
    pub name: String,
    /// Title.
    pub title: Text,
    /// States whose entry starts it when it does not run.
    pub from: Vec<String>,
    /// States whose entry stops it.
    pub until: Vec<String>,
    /// States in which it stands still.
    pub suspend_in: Vec<String>,
    /// How long.
    pub length: LengthFrom,
    /// A shorter limit that was promised beside the one above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<LengthFrom>,
    /// The day or moment it starts from, when that is not the moment of the step that starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_date: Option<Expr>,
    /// When its end comes near, and who is told then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soon: Option<Soon>,
    /// Counting rules; the length inside is a placeholder when `length` is data.
    pub rule: Rule,
    /// What happens when it falls due.
    pub on_overdue: OnOverdue,
    /// Whether the reporter is told this limit.
    #[serde(default)]
    pub promise: bool,
    /// The law, standard or local rule it rests on.
    #[serde(default)]
    pub basis: Text,
}

/// The last stretch of a clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Soon {
    /// Where it begins.
    pub at: SoonAt,
    /// Who is told when it begins.
    pub notify: Vec<Who>,
}

/// Where the last stretch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SoonAt {
    /// So long before the end.
    Length(Length),
    /// When this share of the whole is left, in percent.
    Share(u32),
}

/// What happens when a clock falls due.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOverdue {
    /// It is marked overdue, once, in the journal.
    #[default]
    Mark,
    /// Nothing: the clock only bounds what may still be done (a window for returning an order).
    Nothing,
    /// It is marked and the counter is raised.
    Count(String),
    /// It is marked, and these are told.
    Notify(Vec<Who>),
    /// It is marked, the case is handled at this level from then on, and those who act on it there are told.
    Escalate(Level),
    /// The system takes this action (a deemed outcome); the action must allow `system`.
    Act(String),
}

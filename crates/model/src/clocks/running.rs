//! A running clock: a small value stored with its case, changed only by start, pause, resume, extend, stop, reopen and
//! recompute. It never asks the time. What it shows at a given moment is in `reading`.
//!
//! How pauses count. Hours: the working or clock seconds inside a pause. Days: every counted day from the one on which
//! the pause begins up to, not including, the one on which it ends; so the day of the pause is not used up, the day of the
//! resumption counts again, and a pause inside one day moves nothing. Months and years are moved by calendar days. A
//! pause that begins after the limit has passed moves nothing: what is late stays late.
//!
//! How extensions count. In the limit's own unit (months and years are one) limit and extension are one period. In any
//! other unit an extension is a period of its own that begins where the limit ends: one working day for a limit of four
//! hours lasts to the end of the next working day, two working hours for a limit of days are the first two of the day after.

use super::day::{seconds, timestamp};
use super::deadline::{Course, Deadline, Office};
use super::length::Length;
use super::rule::Rule;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One clock of one case, exact to the second. JSON keys are short because every case row carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    #[serde(rename = "s")]
    started: i64,
    #[serde(rename = "r")]
    pub(super) rule: Rule,
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    extended: Vec<Length>,
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pauses: Vec<Pause>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub(super) stopped: Option<i64>,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<i64>,
    #[serde(rename = "u", default, skip_serializing_if = "std::ops::Not::not")]
    unconfirmed: bool,
}

/// From, and to unless it is still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pause(pub(super) i64, pub(super) Option<i64>);

/// Why a clock could not be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockError {
    /// It has been stopped.
    Stopped,
    /// It has not been stopped, so it cannot be reopened.
    Running,
    /// It is paused already.
    Paused,
    /// It is not paused, so it cannot resume.
    NotPaused,
    /// The limit has passed, so it cannot be extended any more.
    Overdue,
}

impl fmt::Display for ClockError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Stopped => "the clock has stopped",
            Self::Running => "the clock has not stopped",
            Self::Paused => "the clock is already paused",
            Self::NotPaused => "the clock is not paused",
            Self::Overdue => "the limit has already passed",
        })
    }
}

impl std::error::Error for ClockError {}

/// A deadline moved because the calendar changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The first late instant before.
    pub from: Timestamp,
    /// The deadline now.
    pub to: Deadline,
}

impl Clock {
    /// A clock that starts at `at`.
    pub fn start(at: Timestamp, rule: Rule, office: &Office) -> Self {
        let (extended, pauses) = (Vec::new(), Vec::new());
        let started = seconds(at);
        let mut clock = Self { started, rule, extended, pauses, stopped: None, due: None, unconfirmed: false };
        clock.settle(office);
        clock
    }

    /// Suspends. While paused there is no due time, unless the limit had passed before.
    ///
    /// # Errors
    /// [`ClockError::Stopped`], [`ClockError::Paused`].
    pub fn pause(&mut self, at: Timestamp) -> Result<(), ClockError> {
        self.not_stopped()?;
        if self.is_paused() {
            return Err(ClockError::Paused);
        }
        let at = self.no_earlier(at);
        self.pauses.push(Pause(at, None));
        self.due = self.due.filter(|due| at >= *due);
        Ok(())
    }

    /// Runs on; what was used stays used.
    ///
    /// # Errors
    /// [`ClockError::Stopped`], [`ClockError::NotPaused`].
    pub fn resume(&mut self, at: Timestamp, office: &Office) -> Result<(), ClockError> {
        self.not_stopped()?;
        let at = self.no_earlier(at);
        match self.pauses.last_mut() {
            Some(Pause(_, to @ None)) => *to = Some(at),
            _ => return Err(ClockError::NotPaused),
        }
        self.settle(office);
        Ok(())
    }

    /// Lengthens the limit, in any unit (see the head of this file). How often is the caller's to check with
    /// [`Clock::times_extended`].
    ///
    /// # Errors
    /// [`ClockError::Stopped`], [`ClockError::Overdue`].
    pub fn extend(&mut self, by: Length, at: Timestamp, office: &Office) -> Result<(), ClockError> {
        self.not_stopped()?;
        if self.due.is_some_and(|due| seconds(at) >= due) {
            return Err(ClockError::Overdue);
        }
        self.extended.push(by);
        if !self.is_paused() {
            self.settle(office);
        }
        Ok(())
    }

    /// The deadline it would have if it were lengthened by `by` and ran on at once. So lengths in different units can be
    /// compared: by where they end.
    #[must_use]
    pub fn end_with(&self, by: Length, office: &Office) -> Deadline {
        let mut longer = self.clone();
        longer.extended.push(by);
        longer.deadline(office)
    }

    /// Ends the clock; its reading is frozen from then on.
    ///
    /// # Errors
    /// [`ClockError::Stopped`].
    pub fn stop(&mut self, at: Timestamp) -> Result<(), ClockError> {
        self.not_stopped()?;
        self.stopped = Some(self.no_earlier(at));
        Ok(())
    }

    /// Runs a stopped clock on, the time in between counted as a pause (work sent back after it was reported done).
    ///
    /// # Errors
    /// [`ClockError::Running`].
    pub fn reopen(&mut self, at: Timestamp, office: &Office) -> Result<(), ClockError> {
        let stopped = self.stopped.ok_or(ClockError::Running)?;
        let at = self.no_earlier(at);
        self.stopped = None;
        match self.pauses.last_mut() {
            Some(Pause(_, to @ None)) => *to = Some(at),
            _ => self.pauses.push(Pause(stopped, Some(at))),
        }
        self.settle(office);
        Ok(())
    }

    /// Counts again after the calendar or office hours changed; says what moved, for the journal and the handler. A
    /// stopped or paused clock has nothing to move.
    pub fn recompute(&mut self, office: &Office) -> Option<Change> {
        let from = self.due.filter(|_| self.stopped.is_none() && !self.is_paused())?;
        let unconfirmed = self.unconfirmed;
        let to = self.settle(office);
        let moved = self.due != Some(from) || self.unconfirmed != unconfirmed;
        moved.then_some(Change { from: timestamp(from), to })
    }

    /// The same clock as it would stand by another rule: begun, paused and extended at the same moments.
    #[must_use]
    pub fn under(&self, rule: Rule, office: &Office) -> Self {
        let mut other = Self { rule, ..self.clone() };
        if other.due.is_some() {
            other.settle(office);
        }
        other
    }

    /// When it started.
    pub fn started_at(&self) -> Timestamp {
        timestamp(self.started)
    }

    /// The original limit and how it counts.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// How many extensions were granted.
    pub fn times_extended(&self) -> usize {
        self.extended.len()
    }

    /// The extensions granted, in order.
    pub fn extensions(&self) -> &[Length] {
        &self.extended
    }

    /// Whether it is suspended now.
    pub fn is_paused(&self) -> bool {
        matches!(self.pauses.last(), Some(Pause(_, None)))
    }

    /// When it ended, if it has.
    pub fn stopped_at(&self) -> Option<Timestamp> {
        self.stopped.map(timestamp)
    }

    /// The first late instant: what the case row is indexed and timed by. None while paused.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.due.map(timestamp)
    }

    /// The deadline as stored, with the last day for display. None while paused.
    pub fn due(&self) -> Option<Deadline> {
        let at = timestamp(self.due?);
        let last_unit = self.counted_on().last().unwrap_or(&self.rule.length).unit();
        let last_day = (!last_unit.is_hours()).then(|| super::local_date(timestamp(seconds(at) - 1)));
        Some(Deadline { at, last_day, certain: !self.unconfirmed })
    }

    /// Whether the limit has passed at `now` (at the stop, once stopped). Needs no calendar.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let now = self.stopped.unwrap_or(seconds(now));
        self.due.is_some_and(|due| now >= due)
    }

    /// Whether it was stopped in time; none while it has not been stopped.
    pub fn on_time(&self) -> Option<bool> {
        self.stopped.map(|stopped| self.due.is_none_or(|due| stopped < due))
    }

    pub(super) fn course<'a>(&self, office: &'a Office) -> Course<'a> {
        let own = self.extended.iter().filter(|by| by.adds_to(self.rule.length));
        let steps = self.rule.length.steps() + own.map(|by| by.steps()).sum::<i64>();
        Course::new(self.started, self.rule, steps, office)
    }

    /// Steps inside closed pauses that began at `since` or later and before the period passed.
    pub(super) fn paused(&self, course: &Course<'_>, since: i64) -> i64 {
        let mut paused = 0;
        for Pause(began, to) in self.pauses.iter().filter(|pause| pause.0 >= since) {
            let (Some(to), from) = (to, course.position(*began)) else {
                break;
            };
            if from >= course.end(course.target + paused) {
                break;
            }
            paused += course.position(*to) - from;
        }
        paused
    }

    /// Extensions that are periods of their own.
    pub(super) fn counted_on(&self) -> impl DoubleEndedIterator<Item = &Length> {
        self.extended.iter().filter(|by| !by.adds_to(self.rule.length))
    }

    /// When it ends by what is known: a pause that still lasts is left out.
    pub(super) fn deadline(&self, office: &Office) -> Deadline {
        let course = self.course(office);
        let mut deadline = course.deadline(course.target + self.paused(&course, i64::MIN));
        for by in self.counted_on() {
            let end = seconds(deadline.at);
            let rule = Rule { length: *by, day_after: true, ..self.rule };
            let next = Course::new(end - 1, rule, by.steps(), office);
            let certain = deadline.certain;
            deadline = next.deadline(next.target + self.paused(&next, end));
            deadline.certain &= certain;
        }
        deadline
    }

    fn settle(&mut self, office: &Office) -> Deadline {
        let deadline = self.deadline(office);
        self.due = Some(seconds(deadline.at));
        self.unconfirmed = !deadline.certain;
        deadline
    }

    /// `at`, or the latest event if that is later: a machine's clock that jumps back must not make time negative.
    fn no_earlier(&self, at: Timestamp) -> i64 {
        let latest = self.pauses.last().map_or(self.started, |Pause(from, to)| to.unwrap_or(*from));
        seconds(at).max(latest).max(self.stopped.unwrap_or(latest))
    }

    fn not_stopped(&self) -> Result<(), ClockError> {
        if self.stopped.is_some() { Err(ClockError::Stopped) } else { Ok(()) }
    }
}

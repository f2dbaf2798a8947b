//! What a clock shows at a given moment: what is used, what is left or over, and whether that is soon. Changing a clock is
//! in `running`; the words for a screen are elsewhere.

use super::day::{DAY, seconds};
use super::deadline::{Course, Office};
use super::length::{Length, Unit};
use super::rule::Rule;
use super::running::{Clock, Pause};
use jiff::Timestamp;

/// What a clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// How much is left or, when overdue, how much it is over (a begun day or minute counts whole). Months and years are
    /// shown in calendar days.
    pub length: Length,
    /// The limit has passed.
    pub overdue: bool,
    /// In the last fifth of the whole; for periods of days also on the last working day.
    pub soon: bool,
    /// Not running for now.
    pub paused: bool,
}

impl Clock {
    /// Time used up: whole days completed, or minutes, outside pauses. Months and years are shown in calendar days.
    pub fn used(&self, now: Timestamp, office: &Office) -> Length {
        let course = self.course(office);
        let used = course.position(self.running_until(now)) - course.origin - self.paused_before_end(&course);
        self.shown(used, i64::div_euclid)
    }

    /// What is left or over at `now`. Without roll, used and left add up to the limit until it passes; a roll adds the
    /// days off it skips. A stopped clock shows what it showed when it stopped.
    pub fn left(&self, now: Timestamp, office: &Office) -> Left {
        let course = self.course(office);
        let until = self.running_until(now);
        let position = course.position(until);
        let paused = self.is_paused() && self.stopped.is_none();
        if self.is_overdue(now) {
            let now = self.stopped.unwrap_or(seconds(now));
            let length = self.shown(self.over(&course, now), div_up);
            return Left { length, overdue: true, soon: false, paused };
        }
        let paused_steps = self.paused_before_end(&course);
        let end = match self.due {
            Some(due) => course.position(due),
            None if self.counted_on().next().is_some() => course.position(seconds(self.deadline(office).at)),
            None => course.target + paused_steps,
        };
        let left = end - position;
        if let Some(length) = self.last_hours(until, left, office) {
            return Left { length, overdue: false, soon: !paused, paused };
        }
        let whole = end - course.origin - paused_steps;
        let last_day = || self.due.is_some_and(|due| course.working_days_after(until, due) <= 0);
        let soon = !paused && (left * 5 <= whole || (!self.rule.length.unit().is_hours() && last_day()));
        Left { length: self.shown(left, div_up), overdue: false, soon, paused }
    }

    /// Steps inside closed pauses that held the clock, on the axis of its own unit.
    fn paused_before_end(&self, course: &Course<'_>) -> i64 {
        let held = self.pauses.iter().filter(|pause| self.due.is_none_or(|due| pause.0 < due));
        held.filter_map(|pause| Some(course.position(pause.1?) - course.position(pause.0))).sum()
    }

    /// What is left of a limit of days on the day on which an extension in hours ends: none of the days, some hours.
    fn last_hours(&self, until: i64, days_left: i64, office: &Office) -> Option<Length> {
        let by = self.counted_on().next_back().filter(|by| by.unit().is_hours())?;
        if self.rule.length.unit().is_hours() || days_left > 0 {
            return None;
        }
        let axis = Course::new(until, Rule::new(*by), 0, office);
        let end = self.due.unwrap_or_else(|| seconds(self.deadline(office).at));
        let minutes = div_up(axis.position(end) - axis.origin, 60);
        Some(Length::raw(u32::try_from(minutes.max(0)).unwrap_or(u32::MAX), by.unit()))
    }

    fn over(&self, course: &Course<'_>, now: i64) -> i64 {
        let due = self.due.unwrap_or(now);
        // A day counts from its first moment, so the day of `now` is added to the days completed.
        let today = if self.rule.length.unit().is_hours() { now } else { now + DAY };
        (course.position(today) - course.position(due)).max(1)
    }

    /// Steps of the axis as a length; `divide` turns seconds into minutes.
    fn shown(&self, steps: i64, divide: fn(i64, i64) -> i64) -> Length {
        let unit = match self.rule.length.unit() {
            Unit::Month | Unit::Year => Unit::CalendarDay,
            unit => unit,
        };
        let count = if unit.is_hours() { divide(steps, 60) } else { steps };
        Length::raw(u32::try_from(count.max(0)).unwrap_or(u32::MAX), unit)
    }

    /// The last instant up to which it ran; a pause begun after the limit passed does not hold it.
    fn running_until(&self, now: Timestamp) -> i64 {
        let now = self.stopped.unwrap_or(seconds(now));
        match self.pauses.last() {
            Some(Pause(from, None)) if self.due.is_none() => now.min(*from),
            _ => now,
        }
    }
}

fn div_up(steps: i64, by: i64) -> i64 {
    (steps + by - 1).div_euclid(by)
}

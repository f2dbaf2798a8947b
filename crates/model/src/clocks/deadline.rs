//! When a period ends. Each unit has an axis on which it adds up (working days, days, working seconds, seconds): the
//! start is put on the axis, the length added, pauses added, and the result turned back into an instant.
//!
//! The state of a clock that runs is in `running`.

use super::calendar::Calendar;
use super::day::{date_of_day, day_of_date, day_of_second, seconds, start_of_day, timestamp};
use super::hours::OfficeHours;
use super::length::Unit;
use super::rule::Rule;
use jiff::Timestamp;
use jiff::civil::Date;
use std::sync::Arc;

/// What a unit's time is counted by.
#[derive(Clone, Debug)]
pub struct Office {
    /// Days worked, with any overlay of the place.
    pub calendar: Arc<Calendar>,
    /// Hours worked on such a day.
    pub hours: OfficeHours,
}

/// The end of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The first instant that is too late. A period of days ends at 24:00, which is 00:00 of the next day.
    pub at: Timestamp,
    /// The last day of a period of days, months or years, for display; none for hours.
    pub last_day: Option<Date>,
    /// False when the result rests on a year whose holidays are not listed yet.
    pub certain: bool,
}

/// When a period that begins at `start` ends. Civil Code 201 to 203.
pub fn due(start: Timestamp, rule: Rule, office: &Office) -> Deadline {
    let course = Course::new(seconds(start), rule, rule.length.steps(), office);
    course.deadline(course.target)
}

/// A period laid on the axis of its unit.
pub(super) struct Course<'a> {
    office: &'a Office,
    unit: Unit,
    roll: bool,
    start: i64,
    /// Where counting begins.
    pub origin: i64,
    /// Where the period is used up if it is never paused.
    pub target: i64,
}

impl<'a> Course<'a> {
    /// `steps` is the whole length, extensions included, as [`super::Length::steps`] counts.
    pub fn new(start: i64, rule: Rule, steps: i64, office: &'a Office) -> Self {
        let unit = rule.length.unit();
        let first = day_of_second(start);
        let event = if rule.day_after { first } else { first - 1 };
        let (origin, target) = match unit {
            Unit::WorkingDay => (office.calendar.count(event), office.calendar.count(event) + steps),
            Unit::CalendarDay => (event, event + steps),
            Unit::WorkingHour => {
                let from = office.hours.position(start, &office.calendar);
                (from, from + steps)
            }
            Unit::ClockHour => (start, start + steps),
            Unit::Month | Unit::Year => (event, matching_day(first, steps, rule.day_after)),
        };
        Self { office, unit, roll: rule.roll, start, origin, target }
    }

    /// What is completed at an instant: days before its own day, or seconds; never less than the origin.
    pub fn position(&self, at: i64) -> i64 {
        let position = match self.unit {
            Unit::WorkingDay => self.office.calendar.count(day_of_second(at) - 1),
            Unit::CalendarDay | Unit::Month | Unit::Year => day_of_second(at) - 1,
            Unit::WorkingHour => self.office.hours.position(at, &self.office.calendar),
            Unit::ClockHour => at,
        };
        position.max(self.origin)
    }

    /// Where a period with this target ends on the axis: the target, or the day it rolls to.
    pub fn end(&self, target: i64) -> i64 {
        let by_days = matches!(self.unit, Unit::CalendarDay | Unit::Month | Unit::Year);
        if by_days && self.roll { self.office.calendar.at_or_after(target) } else { target }
    }

    /// Working days after the day of `at` up to the last day before `due`.
    pub fn working_days_after(&self, at: i64, due: i64) -> i64 {
        let calendar = &self.office.calendar;
        calendar.count(day_of_second(due) - 1) - calendar.count(day_of_second(at))
    }

    /// The end at a target on the axis, rolled if the rule says so.
    pub fn deadline(&self, target: i64) -> Deadline {
        let calendar = &self.office.calendar;
        let first = day_of_second(self.start);
        match self.unit {
            Unit::WorkingDay => {
                let last = calendar.nth(target);
                ends_with(last, calendar.certain_between(first, last))
            }
            Unit::CalendarDay | Unit::Month | Unit::Year if self.roll => {
                let last = self.end(target);
                ends_with(last, calendar.certain_between(target, last))
            }
            Unit::CalendarDay | Unit::Month | Unit::Year => ends_with(target, true),
            Unit::WorkingHour => {
                let at = self.office.hours.instant(target, calendar);
                let certain = calendar.certain_between(first, day_of_second(at));
                Deadline { at: timestamp(at), last_day: None, certain }
            }
            Unit::ClockHour => Deadline { at: timestamp(target), last_day: None, certain: true },
        }
    }
}

/// A period of days ends at 24:00 of its last day (Civil Code 203).
fn ends_with(last: i64, certain: bool) -> Deadline {
    Deadline { at: timestamp(start_of_day(last + 1)), last_day: Some(date_of_day(last)), certain }
}

/// The last day of a period of months: the matching day, or the last of the month if it has none (Civil Code 202). When
/// the first day itself counts, the day before the matching one.
fn matching_day(first: i64, months: i64, day_after: bool) -> i64 {
    let date = date_of_day(first);
    let month = i64::from(date.year()) * 12 + i64::from(date.month()) - 1 + months;
    let year = i16::try_from(month.div_euclid(12)).unwrap_or(i16::MAX);
    let number = i8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
    let first_of_month = Date::new(year, number, 1).unwrap_or(Date::MAX);
    let length = first_of_month.days_in_month();
    let matching = day_of_date(first_of_month.first_of_month()) + i64::from(date.day().min(length)) - 1;
    let counted_whole = !day_after && date.day() <= length;
    matching - i64::from(counted_whole)
}

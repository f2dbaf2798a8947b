//! Limits that are no length from a start: counted back from an event, a date in the year, a working day of the month, an
//! hour of the day. Each comes down to an instant, and to a clock that runs until then.

use super::day::{date_of_day, day_of_date, day_of_second, second_of_day, seconds, start_of_day, timestamp};
use super::deadline::Office;
use super::length::{Length, Unit};
use super::rule::Rule;
use super::running::Clock;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The last day on which something may be done that must be done `by` before the day `event`: neither of the two counts as
/// a day between, as the day of an event never counts.
fn last_day_before(event: i64, by: Length, office: &Office) -> i64 {
    match by.unit() {
        Unit::WorkingDay => {
            let calendar = &office.calendar;
            calendar.nth(calendar.count(event - 1) - by.steps())
        }
        Unit::Month | Unit::Year => back(event, by.steps()) - 1,
        _ => event - by.steps() - 1,
    }
}

/// The matching day so many months before.
fn back(day: i64, months: i64) -> i64 {
    let span = Span::new().try_months(months).ok();
    span.and_then(|span| date_of_day(day).checked_sub(span).ok()).map_or(day, day_of_date)
}

/// The first instant that is too late for something that must be done `by` before `event`.
#[must_use]
pub fn too_late_before(event: Timestamp, by: Length, office: &Office) -> Timestamp {
    let at = seconds(event);
    timestamp(match by.unit() {
        Unit::ClockHour => at - by.steps(),
        Unit::WorkingHour => {
            let position = office.hours.position(at, &office.calendar);
            office.hours.instant(position - by.steps(), &office.calendar)
        }
        _ => start_of_day(last_day_before(day_of_second(at), by, office) + 1),
    })
}

/// When the last `by` before a deadline begins: for days, the first moment of the day.
#[must_use]
pub fn last_stretch(due: Timestamp, by: Length, office: &Office) -> Timestamp {
    let at = seconds(due);
    let last = day_of_second(at - 1);
    timestamp(match by.unit() {
        Unit::ClockHour => at - by.steps(),
        Unit::WorkingHour => {
            let position = office.hours.position(at, &office.calendar);
            office.hours.instant(position - by.steps(), &office.calendar)
        }
        Unit::WorkingDay => start_of_day(office.calendar.nth(office.calendar.count(last) - by.steps() + 1)),
        Unit::CalendarDay => start_of_day(last - by.steps() + 1),
        Unit::Month | Unit::Year => start_of_day(back(last, by.steps()) + 1),
    })
}

/// An end by the calendar or by the clock on the wall. Text: `same day`, `17:00`, `12-31`, `this month end`, `next month
/// end`, `next month 10`, `next month 5 wd`, `this quarter end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Ends {
    /// The day it starts on.
    SameDay,
    /// The next time it is this hour and minute.
    Time(u8, u8),
    /// The next such day of a year, month and day: the day itself if it starts on it.
    Yearly(i8, i8),
    /// A day of the month after the start; 0: the last.
    Next(i8),
    /// A working day of the month after the start.
    NextWorking(u8),
    /// The last day of the month it starts in.
    MonthEnd,
    /// The last day of the quarter it starts in.
    QuarterEnd,
}

impl Ends {
    /// The first instant that is too late.
    #[must_use]
    pub fn after(self, start: Timestamp, office: &Office) -> Timestamp {
        let at = seconds(start);
        let today = day_of_second(at);
        let date = date_of_day(today);
        let end_of = |date: Date| start_of_day(day_of_date(date) + 1);
        let next = date.first_of_month().saturating_add(Span::new().months(1));
        timestamp(match self {
            Ends::SameDay => start_of_day(today + 1),
            Ends::Time(hour, minute) => {
                let of_day = i64::from(hour) * 3600 + i64::from(minute) * 60;
                let day = if second_of_day(at) < of_day { today } else { today + 1 };
                start_of_day(day) + of_day
            }
            Ends::Yearly(month, day) => {
                let in_year = |year: i16| clamped(year, month, day);
                let this = in_year(date.year());
                end_of(if this >= date { this } else { in_year(date.year().saturating_add(1)) })
            }
            Ends::Next(0) => end_of(next.last_of_month()),
            Ends::Next(day) => end_of(clamped(next.year(), next.month(), day)),
            Ends::NextWorking(n) => {
                let before = office.calendar.count(day_of_date(next) - 1);
                start_of_day(office.calendar.nth(before + i64::from(n)) + 1)
            }
            Ends::MonthEnd => end_of(date.last_of_month()),
            Ends::QuarterEnd => {
                let month = (date.month() - 1) / 3 * 3 + 3;
                end_of(clamped(date.year(), month, 31))
            }
        })
    }
}

/// A day of a month, the last one when the month is shorter.
fn clamped(year: i16, month: i8, day: i8) -> Date {
    let first = Date::new(year, month, 1).unwrap_or(Date::MAX);
    let last = first.days_in_month();
    Date::new(first.year(), first.month(), day.clamp(1, last)).unwrap_or(first)
}

impl fmt::Display for Ends {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ends::SameDay => out.write_str("same day"),
            Ends::Time(hour, minute) => write!(out, "{hour:02}:{minute:02}"),
            Ends::Yearly(month, day) => write!(out, "{month:02}-{day:02}"),
            Ends::Next(0) => out.write_str("next month end"),
            Ends::Next(day) => write!(out, "next month {day}"),
            Ends::NextWorking(n) => write!(out, "next month {n} wd"),
            Ends::MonthEnd => out.write_str("this month end"),
            Ends::QuarterEnd => out.write_str("this quarter end"),
        }
    }
}

/// Not one of the ends there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndsError(pub String);

impl fmt::Display for EndsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` is no end by the calendar", self.0)
    }
}

impl FromStr for Ends {
    type Err = EndsError;

    fn from_str(text: &str) -> Result<Ends, EndsError> {
        read(text.trim()).ok_or_else(|| EndsError(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Ends> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["same", "day"] => return Some(Ends::SameDay),
        ["this", "month", "end"] => return Some(Ends::MonthEnd),
        ["this", "quarter", "end"] => return Some(Ends::QuarterEnd),
        ["next", "month", "end"] => return Some(Ends::Next(0)),
        ["next", "month", day] => return day.parse().ok().filter(|day| (1..=31).contains(day)).map(Ends::Next),
        ["next", "month", n, "wd"] => {
            return n.parse().ok().filter(|n| (1..=20).contains(n)).map(Ends::NextWorking);
        }
        [_] => {}
        _ => return None,
    }
    if let Some((hour, minute)) = text.split_once(':') {
        let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
        return (hour < 24 && minute < 60).then_some(Ends::Time(hour, minute));
    }
    let (month, day) = text.split_once('-')?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Ends::Yearly(month, day))
}

impl From<Ends> for String {
    fn from(ends: Ends) -> String {
        ends.to_string()
    }
}

impl TryFrom<String> for Ends {
    type Error = EndsError;

    fn try_from(text: String) -> Result<Ends, EndsError> {
        text.parse()
    }
}

/// A clock from `start` that falls due at `end`. When that is past already it is overdue from the start.
#[must_use]
pub fn clock_until(start: Timestamp, end: Timestamp, office: &Office) -> Clock {
    let (from, to) = (seconds(start), seconds(end));
    let (first, last) = (day_of_second(from), day_of_second(to) - 1);
    let whole_days = to == start_of_day(last + 1);
    if whole_days && last > first {
        let days = u32::try_from(last - first).unwrap_or(u32::MAX);
        return Clock::start(start, Rule::new(Length::new(days, Unit::CalendarDay)), office);
    }
    if whole_days {
        let start = if last < first { timestamp(start_of_day(last)) } else { start };
        return Clock::start(start, Rule::new(Length::new(1, Unit::CalendarDay)).same_day(), office);
    }
    let minutes = u32::try_from((to - from) / 60).unwrap_or(0);
    let start = if minutes == 0 { timestamp(to - 60) } else { start };
    Clock::start(start, Rule::new(Length::clock_minutes(minutes.max(1))), office)
}

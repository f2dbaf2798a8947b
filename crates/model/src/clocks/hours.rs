//! Office hours of a working day, working seconds between two instants, and the instant some working seconds later.
//! One timetable for every working day; seasonal timetables are two values that the caller switches between.

use super::calendar::Calendar;
use super::day::{DAY, day_of_second, second_of_day, seconds, start_of_day, timestamp};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The spans of a working day in which working hours count; written `08:00-12:00,14:00-18:00`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct OfficeHours {
    /// Start and end in seconds since midnight; in order, apart, none empty.
    spans: Vec<(i64, i64)>,
    per_day: i64,
}

/// Office hours that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursError {
    /// The span at fault, as written.
    pub span: String,
    /// What is wrong with it, in English.
    pub reason: &'static str,
}

impl fmt::Display for HoursError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "office hours `{}`: {}", self.span, self.reason)
    }
}

impl std::error::Error for HoursError {}

impl FromStr for OfficeHours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let mut spans: Vec<(i64, i64)> = Vec::new();
        for span in text.split(',').map(str::trim) {
            let error = |reason| HoursError { span: span.to_owned(), reason };
            let (from, to) = span.split_once('-').ok_or_else(|| error("expected a span like 08:00-12:00"))?;
            let (Some(from), Some(to)) = (clock_time(from), clock_time(to)) else {
                return Err(error("expected times from 00:00 to 24:00"));
            };
            if from >= to {
                return Err(error("ends before it begins"));
            }
            if spans.last().is_some_and(|earlier| from < earlier.1) {
                return Err(error("begins before the previous span ends"));
            }
            spans.push((from, to));
        }
        let per_day = spans.iter().map(|(from, to)| to - from).sum();
        Ok(Self { spans, per_day })
    }
}

impl fmt::Display for OfficeHours {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (from, to)) in self.spans.iter().enumerate() {
            let gap = if at == 0 { "" } else { "," };
            let (from, to) = (from / 60, to / 60);
            write!(out, "{gap}{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
        }
        Ok(())
    }
}

impl From<OfficeHours> for String {
    fn from(hours: OfficeHours) -> Self {
        hours.to_string()
    }
}

impl TryFrom<String> for OfficeHours {
    type Error = HoursError;

    fn try_from(text: String) -> Result<Self, HoursError> {
        text.parse()
    }
}

/// Seconds since midnight of `HH:MM`.
fn clock_time(text: &str) -> Option<i64> {
    let (hour, minute) = text.trim().split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    let time = hour * 3_600 + minute * 60;
    (minute < 60 && time <= DAY).then_some(time)
}

impl OfficeHours {
    /// Working seconds in one working day.
    pub fn seconds_per_day(&self) -> i64 {
        self.per_day
    }

    /// Working seconds from `from` to `to`; negative when `to` is earlier.
    pub fn working_seconds(&self, from: Timestamp, to: Timestamp, calendar: &Calendar) -> i64 {
        self.position(seconds(to), calendar) - self.position(seconds(from), calendar)
    }

    /// The first instant at which `amount` working seconds have passed since `from`: closing time, not next morning,
    /// when they fill a day. `from` itself (to the second) when `amount` is not positive.
    pub fn after(&self, from: Timestamp, amount: i64, calendar: &Calendar) -> Timestamp {
        if amount <= 0 {
            return timestamp(seconds(from));
        }
        timestamp(self.instant(self.position(seconds(from), calendar) + amount, calendar))
    }

    /// Working seconds passed up to an instant, on a scale whose zero has no meaning of its own.
    pub(super) fn position(&self, at: i64, calendar: &Calendar) -> i64 {
        let day = day_of_second(at);
        let whole = calendar.count(day - 1) * self.per_day;
        if !calendar.works(day) {
            return whole;
        }
        let now = second_of_day(at);
        let passed = |(from, to): &(i64, i64)| (now.min(*to) - from).max(0);
        whole + self.spans.iter().map(passed).sum::<i64>()
    }

    /// The first instant at a position.
    pub(super) fn instant(&self, position: i64, calendar: &Calendar) -> i64 {
        let day = calendar.nth((position - 1).div_euclid(self.per_day) + 1);
        let mut rest = (position - 1).rem_euclid(self.per_day) + 1;
        for (from, to) in &self.spans {
            if rest <= to - from {
                return start_of_day(day) + from + rest;
            }
            rest -= to - from;
        }
        start_of_day(day) + DAY
    }
}

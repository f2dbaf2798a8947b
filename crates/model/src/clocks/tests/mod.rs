//! Tests of deadline arithmetic against the shipped calendar.

mod calendar;
mod handbook;
mod laws;
mod register;
mod running;

use super::{Calendar, Length, Office, Rule, due};
use jiff::Timestamp;
use jiff::civil::Date;
use std::sync::Arc;

pub(super) const CALENDAR: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/calendar/cn-workdays.csv"));

fn office_with(calendar: &str) -> Office {
    let calendar = Arc::new(Calendar::parse(calendar).expect("a clean calendar"));
    Office { calendar, hours: "08:00-12:00,14:00-18:00".parse().expect("hours") }
}

fn office() -> Office {
    office_with(CALENDAR)
}

/// An instant written as local time, `2022-06-02 09:00`.
fn at(text: &str) -> Timestamp {
    format!("{}:00+08:00", text.replace(' ', "T")).parse().expect("a local time")
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn rule(text: &str) -> Rule {
    text.parse().expect("a rule")
}

fn length(text: &str) -> Length {
    text.parse().expect("a length")
}

/// The last day of a period of days that begins at nine in the morning.
fn last_day(start: &str, text: &str) -> String {
    let deadline = due(at(&format!("{start} 09:00")), rule(text), &office());
    deadline.last_day.expect("a period of days").to_string()
}

/// The first instant after a period.
fn ends(start: &str, text: &str) -> Timestamp {
    due(at(start), rule(text), &office()).at
}

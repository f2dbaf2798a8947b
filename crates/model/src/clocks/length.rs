//! Units of time limits and lengths in them, with their text form. Counting itself is in `deadline`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a time limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// Days worked by the calendar.
    #[serde(rename = "wd")]
    WorkingDay,
    /// Every day: what the law means by "day" when it says no more.
    #[serde(rename = "cd")]
    CalendarDay,
    /// Hours inside office hours.
    #[serde(rename = "wh")]
    WorkingHour,
    /// Hours that run on without a break.
    #[serde(rename = "ch")]
    ClockHour,
    /// To the matching day of a later month, or its last day (Civil Code 202).
    #[serde(rename = "m")]
    Month,
    /// To the matching day of a later year.
    #[serde(rename = "y")]
    Year,
}

impl Unit {
    /// The capital code used in text: WD CD WH CH M Y.
    pub fn code(self) -> &'static str {
        match self {
            Self::WorkingDay => "WD",
            Self::CalendarDay => "CD",
            Self::WorkingHour => "WH",
            Self::ClockHour => "CH",
            Self::Month => "M",
            Self::Year => "Y",
        }
    }

    /// Whether lengths in this unit hold minutes inside.
    pub fn is_hours(self) -> bool {
        matches!(self, Self::WorkingHour | Self::ClockHour)
    }
}

/// A length of time in one unit; hours are exact to the minute.
///
/// Text: `3 WD`, `2 WH`, `6 M`; minutes as `90 WM` (working) and `90 CM` (clock); `90 min` reads as `90 WM`. Case and the
/// space are free when reading. Serialised as that text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Length {
    /// Days, months or years; minutes for the hour units.
    count: u32,
    unit: Unit,
}

/// The longest count: far beyond any legal limit and small enough that no sum overflows.
const MOST: u32 = 10_000_000;

impl Length {
    /// `amount` whole units.
    pub fn new(amount: u32, unit: Unit) -> Self {
        let factor = if unit.is_hours() { 60 } else { 1 };
        Self::raw(amount.saturating_mul(factor), unit)
    }

    /// Minutes inside office hours.
    pub fn working_minutes(minutes: u32) -> Self {
        Self::raw(minutes, Unit::WorkingHour)
    }

    /// Minutes that run on without a break.
    pub fn clock_minutes(minutes: u32) -> Self {
        Self::raw(minutes, Unit::ClockHour)
    }

    pub(super) fn raw(count: u32, unit: Unit) -> Self {
        Self { count: count.min(MOST), unit }
    }

    /// What is counted.
    pub fn unit(self) -> Unit {
        self.unit
    }

    /// Whole units: 3 for "3 h 20 min".
    pub fn amount(self) -> u32 {
        if self.unit.is_hours() { self.count / 60 } else { self.count }
    }

    /// Minutes beyond the whole hours: 20 for "3 h 20 min"; 0 for other units.
    pub fn minutes(self) -> u32 {
        if self.unit.is_hours() { self.count % 60 } else { 0 }
    }

    /// The count as it is kept, for comparing lengths of one unit: days, months, years, or minutes.
    pub fn counted(self) -> u32 {
        self.count
    }

    /// Whether nothing is counted.
    pub fn is_zero(self) -> bool {
        self.count == 0
    }

    /// Whether two lengths add up to one: the same unit, or months and years.
    pub(super) fn adds_to(self, other: Self) -> bool {
        let calendar_units = |unit| matches!(unit, Unit::Month | Unit::Year);
        self.unit == other.unit || (calendar_units(self.unit) && calendar_units(other.unit))
    }

    /// The count for adding: days, seconds or months.
    pub(super) fn steps(self) -> i64 {
        let factor = match self.unit {
            Unit::WorkingHour | Unit::ClockHour => 60,
            Unit::Year => 12,
            Unit::WorkingDay | Unit::CalendarDay | Unit::Month => 1,
        };
        i64::from(self.count) * factor
    }
}

impl fmt::Display for Length {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::WorkingHour if self.minutes() > 0 => write!(out, "{} WM", self.count),
            Unit::ClockHour if self.minutes() > 0 => write!(out, "{} CM", self.count),
            unit => write!(out, "{} {}", self.amount(), unit.code()),
        }
    }
}

/// A time limit that cannot be read; holds the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LengthError(pub String);

impl fmt::Display for LengthError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cannot read the time limit `{}`: write a number from 1 and one of WD CD WH CH WM CM M Y", self.0)
    }
}

impl std::error::Error for LengthError {}

impl FromStr for Length {
    type Err = LengthError;

    /// Refuses a length of nothing: nobody writes a limit that is over when it begins.
    fn from_str(text: &str) -> Result<Self, LengthError> {
        let length = Self::try_from(text.to_owned())?;
        if length.is_zero() { Err(LengthError(text.to_owned())) } else { Ok(length) }
    }
}

impl From<Length> for String {
    fn from(length: Length) -> Self {
        length.to_string()
    }
}

impl TryFrom<String> for Length {
    type Error = LengthError;

    /// Reads stored text, zero included: what could be written can always be read back.
    fn try_from(text: String) -> Result<Self, LengthError> {
        read(&text).ok_or(LengthError(text))
    }
}

fn read(text: &str) -> Option<Length> {
    let trimmed = text.trim();
    let (amount, code) = trimmed.split_at(trimmed.find(|letter: char| !letter.is_ascii_digit())?);
    let amount: u32 = amount.parse().ok().filter(|amount| *amount <= MOST)?;
    match code.trim_start().to_ascii_uppercase().as_str() {
        "WD" => Some(Length::new(amount, Unit::WorkingDay)),
        "CD" => Some(Length::new(amount, Unit::CalendarDay)),
        "WH" => Some(Length::new(amount, Unit::WorkingHour)),
        "CH" => Some(Length::new(amount, Unit::ClockHour)),
        "M" => Some(Length::new(amount, Unit::Month)),
        "Y" => Some(Length::new(amount, Unit::Year)),
        "WM" | "MIN" => Some(Length::working_minutes(amount)),
        "CM" => Some(Length::clock_minutes(amount)),
        _ => None,
    }
}

//! A time limit with its counting rules, and its text form.

use super::length::{Length, LengthError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How a limit is counted. Text: `30 CD`, `30 CD roll`, `5 WD same-day`; serialised as that text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Rule {
    /// How long.
    pub length: Length,
    /// The day of the event does not count (Civil Code 201). Hours always count from the instant itself.
    pub day_after: bool,
    /// A last day that is off moves to the next working day (Civil Code 203). Only for calendar days, months and years:
    /// working days end on one anyway, and hours never roll.
    pub roll: bool,
}

impl Rule {
    /// The usual rule: counted from the day after, no roll.
    pub fn new(length: Length) -> Self {
        Self { length, day_after: true, roll: false }
    }

    /// The same limit with a last day off moved to the next working day.
    pub fn rolling(self) -> Self {
        Self { roll: true, ..self }
    }

    /// The same limit with the day of the event counted as the first.
    pub fn same_day(self) -> Self {
        Self { day_after: false, ..self }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let same_day = if self.day_after { "" } else { " same-day" };
        let roll = if self.roll { " roll" } else { "" };
        write!(out, "{}{same_day}{roll}", self.length)
    }
}

impl FromStr for Rule {
    type Err = LengthError;

    fn from_str(text: &str) -> Result<Self, LengthError> {
        let rule = Self::try_from(text.to_owned())?;
        if rule.length.is_zero() { Err(LengthError(text.to_owned())) } else { Ok(rule) }
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

impl TryFrom<String> for Rule {
    type Error = LengthError;

    /// Reads stored text, a length of zero included.
    fn try_from(text: String) -> Result<Self, LengthError> {
        let mut rest = text.trim();
        let (mut day_after, mut roll) = (true, false);
        loop {
            if let Some(shorter) = rest.strip_suffix(" roll") {
                (rest, roll) = (shorter.trim_end(), true);
            } else if let Some(shorter) = rest.strip_suffix(" same-day") {
                (rest, day_after) = (shorter.trim_end(), false);
            } else {
                let length = Length::try_from(rest.to_owned()).map_err(|_| LengthError(text))?;
                return Ok(Self { length, day_after, roll });
            }
        }
    }
}

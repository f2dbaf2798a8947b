//! Readings that instruments send by themselves: which messages are rows of a register with a series, one a day for each
//! instrument, and what makes one doubtful.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How messages become rows of a register.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    /// The topic, with the instrument's key in one level: `meters/{meter}/reading`.
    pub topic: String,
    /// Key of the message with the instant; when it arrives without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Key of the message with the value; the message itself is the value without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The field the value goes into.
    pub into: String,
    /// Values of other fields, always the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, String>,
    /// The field that says what is doubtful about a reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// The value only grows, unless the instrument begins anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grows: bool,
    /// Most it changes in an hour, in the unit of the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hourly_most: Option<f64>,
    /// Hours without a reading that are a gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_hours: Option<u32>,
    /// Days after which a reading is taken no more.
    pub late_days: u32,
}

impl Readings {
    /// How long a reading may be under way.
    #[must_use]
    pub fn late(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.late_days) * 24)
    }

    /// The time without a reading that is a gap.
    #[must_use]
    pub fn gap(&self) -> Option<SignedDuration> {
        self.gap_hours.map(|hours| SignedDuration::from_hours(i64::from(hours)))
    }
}

/// What is doubtful about a reading that is kept; its names are the codes of the field that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadingFlag {
    /// Nothing.
    Ok,
    /// It came after a later one.
    Late,
    /// Nothing came for longer than it should.
    Gap,
    /// It changed by more than it can, and stayed there.
    Spike,
    /// It began anew.
    Reset,
}

impl ReadingFlag {
    /// Every flag.
    pub const ALL: [ReadingFlag; 5] =
        [ReadingFlag::Ok, ReadingFlag::Late, ReadingFlag::Gap, ReadingFlag::Spike, ReadingFlag::Reset];

    /// Its code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ReadingFlag::Ok => "ok",
            ReadingFlag::Late => "late",
            ReadingFlag::Gap => "gap",
            ReadingFlag::Spike => "spike",
            ReadingFlag::Reset => "reset",
        }
    }
}

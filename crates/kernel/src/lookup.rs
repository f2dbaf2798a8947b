//! What a decision looks for beyond the rows a command names: the neighbour of a row in its series, a row that a reference
//! leads to. A decision stays pure: what was not loaded is noted and counts as missing, the batch loads it and decides again.

use ganglion_model::{PlaceCode, RowKey, Shard};
use jiff::civil::Date;
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Digits of a day, the last part of a key in a series.
pub const DAY_LENGTH: usize = 10;

/// The neighbour of a row in its series: of the rows whose key is `group` and a day, and which have not ended, the last one
/// before `key` or the first one after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Beside {
    /// Shard.
    pub shard: Shard,
    /// Register.
    pub register: String,
    /// What the keys of the series begin with.
    pub group: String,
    /// The key looked from.
    pub key: String,
    /// The row after it instead of the one before.
    pub after: bool,
}

impl Beside {
    /// Whether a row with this key lies in the series, on the side looked at.
    #[must_use]
    pub fn keeps(&self, key: &str) -> bool {
        let in_series = key.strip_prefix(self.group.as_str()).is_some_and(|day| day.len() == DAY_LENGTH);
        in_series && if self.after { key > self.key.as_str() } else { key < self.key.as_str() }
    }

    /// Whether `a` is nearer than `b`.
    #[must_use]
    pub fn is_nearer(&self, a: &str, b: &str) -> bool {
        if self.after { a < b } else { a > b }
    }
}

/// Most rows that are counted: more of them give no answer.
pub const MATCHING_MAX: usize = 10_000;

/// Rows of a register kept by place that hold on a day and whose fields are as wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Matching {
    /// Shard.
    pub shard: Shard,
    /// Register.
    pub register: String,
    /// The day.
    pub day: Date,
    /// Fields, or `place`, with the JSON of what they must be.
    pub fields: Vec<(String, String)>,
}

impl Matching {
    /// Rows with these values.
    #[must_use]
    pub fn of(shard: Shard, register: &str, wanted: &BTreeMap<String, Value>, day: Date) -> Matching {
        let fields = wanted.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
        Matching { shard, register: register.to_owned(), day, fields }
    }

    /// The values wanted.
    #[must_use]
    pub fn wanted(&self) -> BTreeMap<String, Value> {
        let read = |text: &str| serde_json::from_str(text).unwrap_or_default();
        self.fields.iter().map(|(name, text)| (name.clone(), read(text))).collect()
    }
}

/// A figure that is to be published: counted by the batch, as of the lines written before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FigureAsked {
    /// The indicator.
    pub indicator: String,
    /// The place.
    pub place: PlaceCode,
    /// The period, as in an address.
    pub period: String,
}

/// What was looked for and had not been loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Rows by their keys.
    pub rows: BTreeSet<RowKey>,
    /// Neighbours in series.
    pub beside: BTreeSet<Beside>,
    /// Rows to be counted.
    pub matching: BTreeSet<Matching>,
    /// Figures to be counted.
    pub figures: BTreeSet<FigureAsked>,
    /// Sequences a number was to be given in.
    pub sequences: BTreeSet<(Shard, String)>,
}

impl Missing {
    /// Nothing was missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.beside.is_empty()
            && self.matching.is_empty()
            && self.figures.is_empty()
            && self.sequences.is_empty()
    }
}

/// A note of what is missing, kept while a decision is made.
#[derive(Debug, Default)]
pub struct Notes(Mutex<Missing>);

impl Clone for Notes {
    /// A copy of the rows begins with no notes.
    fn clone(&self) -> Notes {
        Notes::default()
    }
}

impl Notes {
    /// Notes a row.
    pub fn row(&self, row: RowKey) {
        self.0.lock().rows.insert(row);
    }

    /// Notes a neighbour.
    pub fn beside(&self, beside: Beside) {
        self.0.lock().beside.insert(beside);
    }

    /// Notes rows to be counted.
    pub fn matching(&self, matching: Matching) {
        self.0.lock().matching.insert(matching);
    }

    /// Notes a figure.
    pub fn figure(&self, asked: FigureAsked) {
        self.0.lock().figures.insert(asked);
    }

    /// Notes a sequence.
    pub fn sequence(&self, shard: Shard, name: String) {
        self.0.lock().sequences.insert((shard, name));
    }

    /// Takes what was noted.
    #[must_use]
    pub fn take(&self) -> Missing {
        std::mem::take(&mut *self.0.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_in_the_series_and_on_its_side() {
        let before = Beside {
            shard: Shard(130_903),
            register: "reading".into(),
            group: "M1/".into(),
            key: "M1/2022-06-01".into(),
            after: false,
        };
        assert!(before.keeps("M1/2022-05-31"));
        assert!(!before.keeps("M1/2022-06-01"));
        assert!(!before.keeps("M10/2022-05-31"));
        assert!(!before.keeps("M1/x/2022-05-31"), "another series whose name goes on");
        assert!(before.is_nearer("M1/2022-05-31", "M1/2022-05-30"));
        let after = Beside { after: true, ..before };
        assert!(after.keeps("M1/2022-06-02") && !after.keeps("M1/2022-05-31"));
        assert!(after.is_nearer("M1/2022-06-02", "M1/2022-06-03"));
    }

    #[test]
    fn notes_are_taken_once() {
        let notes = Notes::default();
        notes.row((Shard(1), "well".into(), "W1".into()));
        assert_eq!(notes.clone().take(), Missing::default());
        assert_eq!(notes.take().rows.len(), 1);
        assert!(notes.take().is_empty());
    }
}

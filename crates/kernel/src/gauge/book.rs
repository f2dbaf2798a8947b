//! The instruments of a register, each by its key; bounded, so that a flood of made-up keys takes no more memory than there
//! may be instruments.

use super::{Gauge, Reading, Verdict};
use ganglion_model::pack::Readings;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// Every instrument of a register that has sent something of late.
#[derive(Debug)]
pub struct Book {
    gauges: HashMap<String, Gauge>,
    most: usize,
}

/// What came of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was judged.
    Judged(Verdict),
    /// There are as many instruments as there may be.
    Full,
}

impl Book {
    /// An empty book for so many instruments at most.
    #[must_use]
    pub fn new(most: usize) -> Book {
        Book { gauges: HashMap::new(), most }
    }

    /// Whether an instrument has been heard of.
    #[must_use]
    pub fn knows(&self, key: &str) -> bool {
        self.gauges.contains_key(key)
    }

    /// Judges a reading of an instrument that arrives at `now`.
    pub fn take(&mut self, limits: &Readings, key: &str, (now, reading): (Timestamp, Reading)) -> Taken {
        if let Some(gauge) = self.gauges.get_mut(key) {
            return Taken::Judged(gauge.take(limits, now, reading));
        }
        if self.gauges.len() >= self.most && !self.forget(now, limits.late()) {
            return Taken::Full;
        }
        Taken::Judged(self.gauges.entry(key.to_owned()).or_default().take(limits, now, reading))
    }

    /// Takes back that the day of a reading was kept.
    pub fn give_back(&mut self, key: &str, at: Timestamp) {
        if let Some(gauge) = self.gauges.get_mut(key) {
            gauge.give_back(at);
        }
    }

    /// Forgets instruments that have been silent for longer than readings may be under way; whether there were any.
    fn forget(&mut self, now: Timestamp, late: SignedDuration) -> bool {
        let before = self.gauges.len();
        self.gauges.retain(|_, gauge| gauge.last_at().is_some_and(|at| now.duration_since(at) <= late));
        self.gauges.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::pack::ReadingFlag;

    #[test]
    fn there_are_never_more_instruments_than_there_may_be() {
        let limits = Readings { late_days: 7, ..Readings::default() };
        let mut book = Book::new(3);
        let at: Timestamp = "2022-06-27T00:00:00Z".parse().unwrap();
        let kept = Taken::Judged(Verdict::Kept(ReadingFlag::Ok));
        for key in ["a", "b", "c"] {
            assert_eq!(book.take(&limits, key, (at, Reading { at, value: 1.0 })), kept);
        }
        assert_eq!(book.take(&limits, "d", (at, Reading { at, value: 1.0 })), Taken::Full);
        assert!(book.knows("a") && !book.knows("d"));
        let later = at + SignedDuration::from_hours(24 * 8);
        assert_eq!(
            book.take(&limits, "d", (later, Reading { at: later, value: 1.0 })),
            kept,
            "the silent ones are forgotten"
        );
        assert!(!book.knows("a"));
    }
}

//! Readings of instruments, judged one by one: doubles, late ones, gaps, single wild values and instruments that began anew.
//! Pure: the instant is an argument. Of each day the first reading that can be believed is kept, as the register has one row
//! a day; the others only say what is doubtful. Keeps of every instrument the last reading and the days kept, no more.

mod book;
mod message;

pub use book::{Book, Taken};
pub use message::{MESSAGE_READINGS_MAX, Said, Topic, readings};

use ganglion_model::clocks::local_date;
use ganglion_model::pack::{ReadingFlag, Readings};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// How far the clock of an instrument may be ahead of ours.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(10);
/// Changes are judged as if at least this much time had passed: two readings within a minute say little about an hour.
const STEP_HOURS_MIN: f64 = 1.0;
/// Seconds of an hour.
const HOUR: f64 = 3600.0;

/// A reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// When it was read.
    pub at: Timestamp,
    /// What was read.
    pub value: f64,
}

/// What becomes of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is the row of its day, with what is doubtful about it.
    Kept(ReadingFlag),
    /// Its day has a row already.
    SameDay,
    /// It was read at the instant of one that is known: sent twice.
    Duplicate,
    /// It cannot be believed alone: the next one says whether the instrument stays there.
    Held,
    /// It is older than readings are taken.
    TooOld,
    /// It comes from a time ahead of ours: the clock of the instrument is wrong.
    Ahead,
}

impl Verdict {
    /// Its name where readings are counted.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Kept(flag) => flag.as_str(),
            Verdict::SameDay => "same_day",
            Verdict::Duplicate => "duplicate",
            Verdict::Held => "held",
            Verdict::TooOld => "too_old",
            Verdict::Ahead => "ahead",
        }
    }
}

/// One instrument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gauge {
    last: Option<Reading>,
    held: Option<Reading>,
    days: BTreeSet<Date>,
    /// What was doubtful since the last row was kept.
    doubt: Option<ReadingFlag>,
}

fn is_apart(limits: &Readings, from: Reading, to: Reading) -> bool {
    let step = to.value - from.value;
    #[expect(clippy::cast_precision_loss, reason = "hours between two readings")]
    let hours = (to.at.duration_since(from.at).as_secs() as f64 / HOUR).abs().max(STEP_HOURS_MIN);
    (limits.grows && step < 0.0) || limits.hourly_most.is_some_and(|most| step.abs() > most * hours)
}

impl Gauge {
    /// Judges a reading that arrives at `now`.
    pub fn take(&mut self, limits: &Readings, now: Timestamp, reading: Reading) -> Verdict {
        let age = now.duration_since(reading.at);
        if age < -AHEAD_MAX {
            return Verdict::Ahead;
        }
        if age > limits.late() {
            return Verdict::TooOld;
        }
        let is_at = |known: Option<Reading>| known.is_some_and(|known| known.at == reading.at);
        if is_at(self.last) || is_at(self.held) {
            return Verdict::Duplicate;
        }
        let Some(last) = self.last else {
            self.last = Some(reading);
            return self.keep(limits, reading, ReadingFlag::Ok);
        };
        if reading.at < last.at {
            return self.keep_late(reading);
        }
        let flag = match (is_apart(limits, last, reading), self.held) {
            (false, _) if limits.gap().is_some_and(|gap| reading.at.duration_since(last.at) > gap) => ReadingFlag::Gap,
            (false, _) => ReadingFlag::Ok,
            // Two that agree with each other are believed: the instrument is there now.
            (true, Some(held)) if held.at < reading.at && !is_apart(limits, held, reading) => {
                if reading.value < last.value && limits.grows { ReadingFlag::Reset } else { ReadingFlag::Spike }
            }
            (true, _) => {
                self.held = Some(reading);
                return Verdict::Held;
            }
        };
        self.held = None;
        self.last = Some(reading);
        self.keep(limits, reading, flag)
    }

    /// Takes back that a day was kept: its row could not be written.
    pub fn give_back(&mut self, at: Timestamp) {
        self.days.remove(&local_date(at));
    }

    fn keep(&mut self, limits: &Readings, reading: Reading, flag: ReadingFlag) -> Verdict {
        let doubt = self.doubt.map_or(flag, |doubt| doubt.max(flag));
        let day = local_date(reading.at);
        if !self.days.insert(day) {
            // What was doubtful meanwhile is said with the row that follows.
            self.doubt = Some(doubt).filter(|doubt| *doubt > ReadingFlag::Ok);
            return Verdict::SameDay;
        }
        self.doubt = None;
        // No day is asked for again that is older than readings are taken.
        let oldest = reading.at.checked_sub(limits.late()).map_or(day, local_date);
        self.days.retain(|one| *one >= oldest);
        Verdict::Kept(doubt)
    }

    fn keep_late(&mut self, reading: Reading) -> Verdict {
        if self.days.insert(local_date(reading.at)) { Verdict::Kept(ReadingFlag::Late) } else { Verdict::SameDay }
    }

    /// When it was read last.
    pub(crate) fn last_at(&self) -> Option<Timestamp> {
        self.last.map(|last| last.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReadingFlag::{Gap, Late, Ok, Reset, Spike};
    use Verdict::{Ahead, Duplicate, Held, Kept, SameDay, TooOld};

    const NOW: &str = "2022-06-30T12:00:00Z";

    fn limits() -> Readings {
        Readings { grows: true, hourly_most: Some(10.0), gap_hours: Some(26), late_days: 7, ..Readings::default() }
    }

    /// Takes readings one after the other and gives what became of each.
    fn judged(limits: &Readings, readings: &[(&str, f64)]) -> Vec<Verdict> {
        let mut gauge = Gauge::default();
        let now = NOW.parse().unwrap();
        let at = |text: &str| format!("2022-06-{text}:00+08:00").parse().unwrap();
        readings.iter().map(|(text, value)| gauge.take(limits, now, Reading { at: at(text), value: *value })).collect()
    }

    #[test]
    fn every_kind_of_doubt_is_told_from_the_others() {
        type Row<'a> = (&'a str, &'a [(&'a str, f64)], &'a [Verdict]);
        let table: [Row<'_>; 12] = [
            ("one a day", &[("27T08:00", 100.0), ("28T08:00", 150.0)], &[Kept(Ok), Kept(Ok)]),
            ("the first of a day", &[("27T08:00", 100.0), ("27T09:00", 101.0)], &[Kept(Ok), SameDay]),
            ("sent twice", &[("27T08:00", 100.0), ("27T08:00", 100.0)], &[Kept(Ok), Duplicate]),
            ("sent twice, otherwise", &[("27T08:00", 100.0), ("27T08:00", 999.0)], &[Kept(Ok), Duplicate]),
            ("late, day empty", &[("28T08:00", 100.0), ("27T08:00", 90.0)], &[Kept(Ok), Kept(Late)]),
            (
                "late, day kept",
                &[("27T08:00", 1.0), ("28T08:00", 2.0), ("27T09:00", 1.5)],
                &[Kept(Ok), Kept(Ok), SameDay],
            ),
            ("a gap", &[("26T08:00", 100.0), ("29T08:00", 150.0)], &[Kept(Ok), Kept(Gap)]),
            ("one wild value", &[("27T08:00", 1.0), ("28T08:00", 9e6), ("28T09:00", 2.0)], &[Kept(Ok), Held, Kept(Ok)]),
            (
                "a step that stays",
                &[("27T08:00", 1.0), ("28T08:00", 9e6), ("28T09:00", 9e6)],
                &[Kept(Ok), Held, Kept(Spike)],
            ),
            (
                "begun anew",
                &[("27T08:00", 5e3), ("28T08:00", 3.0), ("28T09:00", 4.0), ("29T08:00", 20.0)],
                &[Kept(Ok), Held, Kept(Reset), Kept(Ok)],
            ),
            (
                "begun anew within a day",
                &[("27T08:00", 5e3), ("27T09:00", 3.0), ("27T10:00", 4.0), ("28T08:00", 20.0)],
                &[Kept(Ok), Held, SameDay, Kept(Reset)],
            ),
            (
                "two wild values that do not agree",
                &[("27T08:00", 1.0), ("28T08:00", 9e6), ("28T09:00", 4e3), ("28T10:00", 2.0)],
                &[Kept(Ok), Held, Held, Kept(Ok)],
            ),
        ];
        for (name, readings, wanted) in table {
            assert_eq!(judged(&limits(), readings), wanted, "{name}");
        }
    }

    #[test]
    fn what_is_too_old_or_ahead_is_not_taken() {
        assert_eq!(
            judged(&limits(), &[("22T08:00", 1.0), ("30T20:09", 1.0), ("30T20:11", 1.0)]),
            [TooOld, Kept(Ok), Ahead]
        );
    }

    #[test]
    fn without_limits_only_doubles_are_told() {
        let open = Readings { late_days: 30, ..Readings::default() };
        let readings = [("10T08:00", 9e9), ("28T08:00", -3.0), ("28T08:00", -3.0)];
        assert_eq!(judged(&open, &readings), [Kept(Ok), Kept(Ok), Duplicate]);
    }

    #[test]
    fn a_day_that_could_not_be_written_is_kept_by_the_next_reading() {
        let mut gauge = Gauge::default();
        let (now, at) = (NOW.parse().unwrap(), "2022-06-27T00:00:00Z".parse().unwrap());
        assert_eq!(gauge.take(&limits(), now, Reading { at, value: 1.0 }), Kept(Ok));
        gauge.give_back(at);
        let next = at + SignedDuration::from_mins(5);
        assert_eq!(gauge.take(&limits(), now, Reading { at: next, value: 1.0 }), Kept(Ok));
    }

    #[test]
    fn no_more_days_are_remembered_than_readings_may_be_late() {
        let mut gauge = Gauge::default();
        let begin: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
        for day in 0..1000 {
            let at = begin + SignedDuration::from_hours(24 * day);
            gauge.take(&limits(), at, Reading { at, value: 1.0 });
        }
        assert!(gauge.days.len() <= 9, "{}", gauge.days.len());
    }
}

//! Numbers: gap-free within the place and year their pattern names, given in the same transaction as the change.

use super::State;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{NumberDef, NumberPart};
use ganglion_model::{PlaceCode, Shard};
use jiff::Timestamp;
use std::fmt::Write as _;

/// A number with the sequence it came from.
pub struct Numbered {
    /// As people read it.
    pub number: String,
    /// Key of the sequence.
    pub sequence: String,
    /// Its value now.
    pub value: u64,
}

/// The next number of `name` for a case at `place`. A place above a level named in the pattern gives that level's code
/// as its own, so that a case routed no deeper than a county still gets a number.
pub fn next(
    (state, taken): (&State, &[(String, u64)]),
    (name, def): (&str, &NumberDef),
    (shard, place): (Shard, PlaceCode),
    now: Timestamp,
) -> Numbered {
    let year = local_date(now).year();
    let code = |level| place.at(level).unwrap_or(place).to_string();
    let mut sequence = name.to_owned();
    for part in &def.parts {
        let _ = match part {
            NumberPart::Place(level) | NumberPart::Name(level) => write!(sequence, ":{}", code(*level)),
            NumberPart::Year => write!(sequence, ":{year}"),
            NumberPart::Literal(_) | NumberPart::Sequence(_) => Ok(()),
        };
    }
    let taken = taken.iter().rev().find(|(key, _)| *key == sequence).map(|(_, value)| *value);
    let last = taken.or_else(|| state.numbering.get(&shard)?.get(&sequence).copied()).unwrap_or(0);
    let value = last + 1;
    let mut number = String::new();
    for part in &def.parts {
        let _ = match part {
            NumberPart::Literal(text) => write!(number, "{text}"),
            NumberPart::Place(level) | NumberPart::Name(level) => write!(number, "{}", code(*level)),
            NumberPart::Year => write!(number, "{year}"),
            NumberPart::Sequence(digits) => write!(number, "{value:0width$}", width = usize::from(*digits)),
        };
    }
    Numbered { number, sequence, value }
}

//! Numbers: gap-free within the place and year their pattern names, given in the same transaction as the change.

use super::State;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{NumberDef, NumberPart};
use ganglion_model::{PlaceCode, Shard};
use jiff::Timestamp;
use jiff::civil::Date;
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
/// as its own, so that a case routed no deeper than a county still gets a number. The sequence is kept for each value of
/// the parts that are not fixed, so it begins again with every year, month, day, place or kind that the pattern or `each`
/// names.
pub fn next(
    (state, taken): (&State, &[(String, u64)]),
    (name, def): (&str, &NumberDef),
    (shard, place, kind): (Shard, PlaceCode, Option<&str>),
    now: Timestamp,
) -> Numbered {
    let part = |part: &NumberPart| said(part, place, kind, local_date(now));
    let mut sequence = name.to_owned();
    let counted = def.parts.iter().chain(&def.each);
    for one in counted.filter(|one| !matches!(one, NumberPart::Literal(_))) {
        if let Some(text) = part(one) {
            let _ = write!(sequence, ":{text}");
        }
    }
    let taken = taken.iter().rev().find(|(key, _)| *key == sequence).map(|(_, value)| *value);
    let last = taken.or_else(|| state.numbering.get(&shard)?.get(&sequence).copied()).unwrap_or_else(|| {
        // It may stand outside the head; where it stands nowhere it begins.
        state.notes.sequence(shard, sequence.clone());
        0
    });
    let value = last + 1;
    let mut number = String::new();
    for one in &def.parts {
        match (one, part(one)) {
            (NumberPart::Sequence(digits), _) => {
                let _ = write!(number, "{value:0width$}", width = usize::from(*digits));
            }
            (_, text) => number.push_str(&text.unwrap_or_default()),
        }
    }
    Numbered { number, sequence, value }
}

/// A part as it is written; nothing for the sequence itself.
fn said(part: &NumberPart, place: PlaceCode, kind: Option<&str>, day: Date) -> Option<String> {
    let code = |level| place.at(level).unwrap_or(place).to_string();
    Some(match part {
        NumberPart::Literal(text) => text.clone(),
        NumberPart::Place(level) | NumberPart::Name(level) => code(*level),
        NumberPart::PlaceEnd(level, digits) => {
            let code = code(*level);
            let from = code.len().saturating_sub(usize::from(*digits));
            code.get(from..).unwrap_or_default().to_owned()
        }
        NumberPart::Year => day.year().to_string(),
        NumberPart::Month => format!("{}{:02}", day.year(), day.month()),
        NumberPart::Day => format!("{}{:02}{:02}", day.year(), day.month(), day.day()),
        NumberPart::Kind => kind.unwrap_or_default().to_owned(),
        NumberPart::Sequence(_) => return None,
    })
}

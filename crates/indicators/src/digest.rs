//! What many facts come to, whatever their order: for telling whether the facts that are kept are those the rows give, without holding
//! either in memory.

use crate::fold::Fact;
use ganglion_model::{CaseId, PlaceCode};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A fact within its measure and day, borrowed.
#[derive(Clone, Copy, Hash)]
pub struct FactParts<'a> {
    /// The row it belongs to.
    pub case: CaseId,
    /// See [`Fact::until`].
    pub until: i32,
    /// Where it counts.
    pub place: PlaceCode,
    /// See [`Fact::dim`].
    pub dim: &'a str,
    /// Whose value it is.
    pub member: Option<&'a str>,
    /// See [`Fact::at`].
    pub at: i64,
    /// The value.
    pub value: i64,
}

impl<'a> FactParts<'a> {
    /// The parts of a fact of a row.
    #[must_use]
    pub fn of(case: CaseId, fact: &'a Fact) -> FactParts<'a> {
        let Fact { until, place, dim, member, at, value, .. } = fact;
        FactParts { case, until: *until, place: *place, dim, member: member.as_deref(), at: *at, value: *value }
    }
}

/// How many facts, the sum of their values, and the sum of 64 bits that depend on all of each: adding up needs no order. It guards
/// against what goes wrong, not against somebody who may write to the database. Good only within one run of the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    facts: u64,
    values: i64,
    bits: u64,
}

impl Digest {
    /// Adds a fact.
    pub fn add(&mut self, fact: &FactParts<'_>) {
        let mut hasher = DefaultHasher::new();
        fact.hash(&mut hasher);
        self.add_all(Digest { facts: 1, values: fact.value, bits: hasher.finish() });
    }

    /// Adds what others came to.
    pub fn add_all(&mut self, other: Digest) {
        self.facts = self.facts.wrapping_add(other.facts);
        self.values = self.values.wrapping_add(other.values);
        self.bits = self.bits.wrapping_add(other.bits);
    }
}

/// A measure and a day of it.
pub type MeasureDay = (String, i32);

/// Digests by measure and day.
pub type Digests = BTreeMap<MeasureDay, Digest>;

/// Where two differ.
#[must_use]
pub fn differing(one: &Digests, other: &Digests) -> Vec<MeasureDay> {
    let changed = one.iter().filter(|(key, digest)| other.get(*key) != Some(digest));
    let only = other.keys().filter(|key| !one.contains_key(*key));
    changed.map(|(key, _)| key).chain(only).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(place: &str, value: i64) -> Fact {
        Fact { value, ..Fact::now("m", place.parse().unwrap()) }
    }

    fn digest(facts: &[(u128, Fact)]) -> Digest {
        let mut digest = Digest::default();
        for (case, fact) in facts {
            digest.add(&FactParts::of(CaseId(serde_json::from_str(&format!("\"{case:032x}\"")).unwrap()), fact));
        }
        digest
    }

    #[test]
    fn order_says_nothing_and_every_part_something() {
        let (a, b) = ((1, fact("130922001", 5)), (2, fact("130922002", 7)));
        let both = digest(&[a.clone(), b.clone()]);
        assert_eq!(both, digest(&[b.clone(), a.clone()]));
        let one = &a.1;
        let others = [
            Fact { until: 9, ..one.clone() },
            Fact { place: "130922003".parse().unwrap(), ..one.clone() },
            Fact { dim: "x".to_owned(), ..one.clone() },
            Fact { member: Some(String::new()), ..one.clone() },
            Fact { at: 1, ..one.clone() },
            Fact { value: 6, ..one.clone() },
        ];
        for other in others {
            assert_ne!(both, digest(&[(1, other), b.clone()]));
        }
        assert_ne!(both, digest(&[(3, a.1.clone()), b.clone()]), "another row");
        assert_ne!(both, digest(&[a.clone(), b, a]), "one twice");
    }

    #[test]
    fn days_that_one_side_lacks_differ() {
        let of = |days: &[i32]| -> Digests {
            days.iter().map(|day| (("m".to_owned(), *day), digest(&[(1, fact("130922001", 1))]))).collect()
        };
        let days: Vec<i32> = differing(&of(&[1, 2]), &of(&[2, 3])).into_iter().map(|(_, day)| day).collect();
        assert_eq!(days, [1, 3]);
    }
}

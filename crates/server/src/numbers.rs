//! Which case a public number means, for numbers that were used lately. A number is given once and never to another case, so
//! what is remembered cannot become wrong; it only saves a read before every command.

use crate::limits::NUMBERS_REMEMBERED_MAX;
use ganglion_model::{CaseId, Shard};
use parking_lot::Mutex;
use std::collections::HashMap;

/// Numbers remembered.
#[derive(Default)]
pub struct Numbers {
    known: Mutex<HashMap<String, (Shard, CaseId)>>,
}

impl Numbers {
    /// The case of a number, if it was used lately.
    pub fn get(&self, number: &str) -> Option<(Shard, CaseId)> {
        self.known.lock().get(number).copied()
    }

    /// Remembers a number; when there are too many all are forgotten.
    pub fn put(&self, number: &str, case: (Shard, CaseId)) {
        let mut known = self.known.lock();
        if known.len() >= NUMBERS_REMEMBERED_MAX {
            known.clear();
        }
        known.insert(number.to_owned(), case);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_numbers_are_remembered_than_the_limit() {
        let numbers = Numbers::default();
        let case = |n: usize| (Shard(130_903), CaseId(uuid::Uuid::from_u128(n as u128)));
        for n in 0..=NUMBERS_REMEMBERED_MAX {
            numbers.put(&n.to_string(), case(n));
        }
        assert_eq!(numbers.get(&NUMBERS_REMEMBERED_MAX.to_string()), Some(case(NUMBERS_REMEMBERED_MAX)));
        assert_eq!((numbers.get("0"), numbers.known.lock().len()), (None, 1));
    }
}

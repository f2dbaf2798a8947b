//! Rows of registers as a decision sees them: those of the deployment from memory, those kept by place as the batch loaded
//! them, both as changed so far in the batch. What is not loaded is noted and counts as missing (see [`crate::lookup`]).

use super::State;
use crate::areas;
use crate::lookup::{Beside, Matching};
use crate::world::{World, put_version};
use ganglion_model::pack::{Field, Scope};
use ganglion_model::scope::Rows;
use ganglion_model::{Fields, PlaceCode, PlaceKind, Record, RowKey, Shard};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Steps back over rows that ended in this very batch before a neighbour is given up.
const STEPS_MAX: usize = 16;

/// The rows a decision in one shard may refer to.
#[derive(Clone, Copy)]
pub struct KnownRows<'a> {
    /// Rows in memory.
    pub world: &'a World,
    /// Rows of the batch.
    pub state: &'a State,
    /// The shard references stay within.
    pub shard: Shard,
    /// The row being typed.
    pub typed: Option<Typing<'a>>,
}

/// A row that is being typed: what is judged is not what is there already.
#[derive(Clone, Copy)]
pub struct Typing<'a> {
    /// Its register.
    pub register: &'a str,
    /// Its key.
    pub key: &'a str,
    /// In a dated register the day its version is to begin.
    pub from: Option<Date>,
}

impl<'a> KnownRows<'a> {
    /// Rows for a decision in `shard`.
    #[must_use]
    pub fn new(world: &'a World, state: &'a State, shard: Shard) -> KnownRows<'a> {
        KnownRows { world, state, shard, typed: None }
    }

    fn is_by_place(&self, register: &str) -> bool {
        self.world.model.registers.get(register).is_some_and(|register| register.scope != Scope::Deployment)
    }

    /// The key under which the row `key` of `register` is kept.
    #[must_use]
    pub fn row_key(&self, register: &str, key: &str) -> RowKey {
        let shard = if self.is_by_place(register) { self.shard } else { Shard::DEPLOYMENT };
        (shard, register.to_owned(), key.to_owned())
    }

    /// Every version of a row, in order of validity.
    #[must_use]
    pub fn versions(&self, register: &str, key: &str) -> Vec<Record> {
        let row = self.row_key(register, key);
        let mut versions = self.world.versions(register, key).to_vec();
        for record in self.state.records.get(&row).into_iter().flatten() {
            put_version(&mut versions, record.clone());
        }
        versions
    }

    /// The row before or after another in its series, as the batch has it: found in storage, or put by the batch itself.
    #[must_use]
    pub fn beside(&self, register: &str, (group, key): (&str, &str), after: bool) -> Option<&'a Record> {
        let mut from = key.to_owned();
        for _ in 0..STEPS_MAX {
            let asked = Beside {
                shard: self.shard,
                register: register.to_owned(),
                group: group.to_owned(),
                key: from.clone(),
                after,
            };
            let known = self.state.beside.get(&asked);
            if known.is_none() {
                self.state.notes.beside(asked.clone());
            }
            let known = known.and_then(Option::as_ref);
            let here = |row: &&RowKey| row.0 == self.shard && row.1 == register;
            let live = self.state.records.keys().filter(here).filter(|(_, _, key)| asked.keeps(key));
            let live = live.filter(|row| self.standing(row).is_some());
            let mut nearest: Option<&str> = None;
            for key in live.map(|(_, _, key)| key.as_str()) {
                nearest = nearest.filter(|best| !asked.is_nearer(key, best)).or(Some(key));
            }
            match known {
                // What storage has ended in this batch: the one behind it may be nearer than what the batch put.
                Some(known) if self.standing(&self.row_key(register, known)).is_none() => {
                    if let Some(nearest) = nearest.filter(|nearest| asked.is_nearer(nearest, known)) {
                        return self.standing(&self.row_key(register, nearest));
                    }
                    from.clone_from(known);
                }
                _ => return self.standing(&self.row_key(register, nearest?)),
            }
        }
        None
    }

    /// The row if it has not ended.
    fn standing(&self, row: &RowKey) -> Option<&'a Record> {
        self.state.records.get(row)?.last().filter(|record| record.valid_to.is_none())
    }
}

impl Rows for KnownRows<'_> {
    fn row(&self, register: &str, key: &str, day: Date) -> Option<&Record> {
        let row = self.row_key(register, key);
        let mine = self.state.records.get(&row);
        if mine.is_none() && self.is_by_place(register) {
            self.state.notes.row(row);
            return None;
        }
        let holds = |record: &&Record| record.valid_on(day);
        mine.and_then(|versions| versions.iter().rev().find(holds)).or_else(|| {
            // A version changed in this batch hides the one in memory that begins on the same day.
            let changed = |record: &Record| {
                mine.is_some_and(|versions| versions.iter().any(|one| one.valid_from == record.valid_from))
            };
            self.world.versions(register, key).iter().rev().find(|record| record.valid_on(day) && !changed(record))
        })
    }

    fn is_known(&self, register: &str, key: &str) -> bool {
        self.state.records.get(&self.row_key(register, key)).is_some_and(|rows| !rows.is_empty())
            || self.world.latest(register, key).is_some()
    }

    fn fields(&self, register: &str) -> &[Field] {
        self.world.fields(register)
    }

    fn place_kind(&self, place: PlaceCode, day: Date) -> Option<PlaceKind> {
        self.world.place_kind(place, day)
    }

    fn area_at(&self, register: &str, point: [f64; 2], day: Date) -> Option<&Record> {
        let here = |row: &&RowKey| row.0 == Shard::DEPLOYMENT && row.1 == register;
        let mine = self.state.records.iter().filter(|(row, _)| here(row));
        let changed: Vec<_> = mine.map(|((_, _, key), versions)| (key.as_str(), versions.as_slice())).collect();
        areas::area_at(self.world, &changed, (register, point, day))
    }

    fn matching(&self, register: &str, wanted: &BTreeMap<String, Value>, day: Date) -> Option<Vec<&Record>> {
        let by_place = self.is_by_place(register);
        let shard = if by_place { self.shard } else { Shard::DEPLOYMENT };
        let mine =
            self.state.records.keys().filter(|row| row.0 == shard && row.1 == register).map(|row| row.2.as_str());
        let mut keys: BTreeSet<&str> = mine.collect();
        if by_place {
            let asked = Matching::of(shard, register, wanted, day);
            let Some(known) = self.state.matching.get(&asked) else {
                self.state.notes.matching(asked);
                return None;
            };
            keys.extend(known.as_ref()?.iter().map(String::as_str));
        } else {
            keys.extend(self.world.each_key(register).map(|(key, _)| key.as_str()));
        }
        let is_own = |key: &str| self.typed.is_some_and(|own| own.register == register && own.key == key);
        let others = keys.into_iter().filter(|key| !is_own(key));
        Some(others.filter_map(|key| self.row(register, key, day)).filter(|row| row.matches(wanted)).collect())
    }

    fn before(&self, register: &str, values: &Fields) -> Option<&Record> {
        let declared = self.world.model.registers.get(register)?;
        if let Some(group) = declared.group_of(values) {
            let key = declared.key_of(values)?;
            return self.beside(register, (&group, &key), false);
        }
        let typed = self.typed.filter(|_| declared.series.is_none() && declared.dated)?;
        let (key, from) = (typed.key, typed.from?);
        let earlier = |record: &&Record| record.valid_from.is_none_or(|first| first < from);
        let row = self.row_key(register, key);
        let mine = self.state.records.get(&row).and_then(|versions| versions.iter().rev().find(earlier));
        mine.or_else(|| self.world.versions(register, key).iter().rev().find(earlier))
    }
}

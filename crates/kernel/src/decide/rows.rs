//! Rows of registers as a decision sees them: those of the deployment from memory, those kept by place as the batch loaded
//! them, both as changed so far in the batch.

use super::State;
use crate::world::{World, put_version};
use ganglion_model::pack::{Field, Scope};
use ganglion_model::scope::Rows;
use ganglion_model::{Record, RowKey, Shard};
use jiff::civil::Date;

/// The rows a decision in one shard may refer to.
#[derive(Clone, Copy)]
pub struct KnownRows<'a> {
    /// Rows in memory.
    pub world: &'a World,
    /// Rows of the batch.
    pub state: &'a State,
    /// The shard references stay within.
    pub shard: Shard,
}

impl KnownRows<'_> {
    /// The key under which the row `key` of `register` is kept.
    #[must_use]
    pub fn row_key(&self, register: &str, key: &str) -> RowKey {
        let of_place = |name: &str| {
            self.world.model.registers.get(name).is_some_and(|register| register.scope != Scope::Deployment)
        };
        let shard = if of_place(register) { self.shard } else { Shard::DEPLOYMENT };
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
}

impl Rows for KnownRows<'_> {
    fn row(&self, register: &str, key: &str, day: Date) -> Option<&Record> {
        let mine = self.state.records.get(&self.row_key(register, key));
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
}

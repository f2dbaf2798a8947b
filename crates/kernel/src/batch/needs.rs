//! What a batch still lacks for a command: rows, values, sequences and workloads whose keys show only once it is decided.

use super::Batch;
use crate::decide::{Decision, Given, decide};
use crate::port::Want;
use ganglion_model::change::{Change, Command};

/// How often a command is asked what it lacks: what is found may lead further, such as from a neighbour to the row it refers to. Rows that
/// are not found by then count as missing; sequences never do, since a number would be given twice.
pub const NEEDS_MAX: usize = 4;

impl Batch<'_> {
    /// What the decision on `command` rests on that was never looked for. Rows and values whose keys follow from a case
    /// opened or changed in this very batch, or from a form once it is read, cannot be known when the batch is loaded.
    /// It is asked again with the next `round`, from 0 on, until nothing lacks.
    #[must_use]
    pub fn needs(&mut self, command: &Command, given: &Given, round: usize) -> Option<Want> {
        self.ready = None;
        if self.answers.contains_key(&command.id) {
            return None;
        }
        let decided = decide(self.world, &self.state, command, given);
        let mut want = Want::default();
        let missing = self.state.notes.take();
        if let Ok(decision) = &decided {
            self.want_of(command, given, decision, &mut want);
        }
        want.records.extend(missing.rows.into_iter().filter(|row| !self.asked.records.contains(row)));
        want.beside.extend(missing.beside.into_iter().filter(|one| !self.asked.beside.contains(one)));
        want.matching.extend(missing.matching.into_iter().filter(|one| !self.asked.matching.contains(one)));
        want.figures.extend(missing.figures.into_iter().filter(|one| !self.asked.figures.contains(one)));
        want.sequences.extend(missing.sequences.into_iter().filter(|one| !self.asked.sequences.contains(one)));
        if want.is_empty() {
            self.ready = Some((command.id, decided));
            return None;
        }
        (round < NEEDS_MAX || !want.sequences.is_empty()).then_some(want)
    }

    /// Rows, unique values and workloads that a decision touches and that were never looked for.
    fn want_of(&self, command: &Command, given: &Given, decision: &Decision, want: &mut Want) {
        self.want_loads(command, given, decision, want);
        for change in &decision.changes {
            if let Change::Record { record } = change {
                let key = record.row_key();
                if !self.state.records.contains_key(&key) && !self.asked.records.contains(&key) {
                    want.records.push(key);
                }
            }
        }
        let also = decision.also.iter().flat_map(|also| &also.unique);
        let unique = decision.unique.iter().chain(also);
        let unique = unique.map(|(field, value)| (command.shard, field.clone(), value.clone()));
        want.unique
            .extend(unique.filter(|key| !self.state.unique.contains_key(key) && !self.asked.unique.contains(key)));
    }
}

//! What a batch still lacks for a command: rows, values and workloads whose keys show only once it is decided.

use super::{Batch, wanted};
use crate::decide::{Decision, Given, decide, is_unique};
use crate::notice::of_timer;
use crate::port::Want;
use ganglion_model::CaseId;
use ganglion_model::Fields;
use ganglion_model::change::{Body, Change, Command};
use ganglion_model::pack::{Field, OnOverdue, Process};

/// How often a command is asked what it lacks: what is found may lead further, such as from a neighbour to the row it refers to.
pub const NEEDS_MAX: usize = 4;

/// Whether a form gives a field a value: one that is left out and has no default is not looked for.
fn is_asked(field: &Field, form: &Fields) -> bool {
    form.contains_key(&field.name) || field.default.is_some()
}

impl Batch<'_> {
    /// What the decision on `command` rests on that was never looked for. Rows and values whose keys follow from a case
    /// opened or changed in this very batch, or from a form once it is read, cannot be known when the batch is loaded.
    #[must_use]
    pub fn needs(&mut self, command: &Command, given: &Given) -> Option<Want> {
        self.ready = None;
        if self.answers.contains_key(&command.id) || !self.may_need(&command.body) {
            return None;
        }
        let decision = decide(self.world, &self.state, command, given).ok();
        let mut want = Want::default();
        let missing = self.state.notes.take();
        if let Some(decision) = &decision {
            self.want_of(command, given, decision, &mut want);
        }
        want.records.extend(missing.rows.into_iter().filter(|row| !self.asked.records.contains(row)));
        want.beside.extend(missing.beside.into_iter().filter(|one| !self.asked.beside.contains(one)));
        want.matching.extend(missing.matching.into_iter().filter(|one| !self.asked.matching.contains(one)));
        want.figures.extend(missing.figures.into_iter().filter(|one| !self.asked.figures.contains(one)));
        if want.is_empty() {
            self.ready = decision.map(|decision| (command.id, decision));
            return None;
        }
        Some(want)
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

    /// Whether deciding a command can touch register rows or unique values that [`super::want`] did not name for certain.
    fn may_need(&self, body: &Body) -> bool {
        match body {
            Body::Open { process, form, .. } => {
                let process = self.world.model.processes.get(process);
                process.is_some_and(|process| {
                    process.looks
                        || !process.route.rules.is_empty()
                        || !process.route.workload.is_empty()
                        || process.form.iter().any(|field| field.unique && is_asked(field, form))
                })
            }
            Body::Act { case, action, .. } => self.records(*case, |_| Some(action)),
            Body::TakeNext { .. } => true,
            Body::Due { case, clock } => self.records(*case, |process| match of_timer(clock) {
                Some(notice) => process.notices.get(notice)?.then.as_ref(),
                None => match &process.clocks.get(clock)?.on_overdue {
                    OnOverdue::Act(action) => Some(action),
                    _ => None,
                },
            }),
            // A value that stands once may be typed in other digits than it is kept in.
            Body::Row { wish } => {
                let register = self.world.model.registers.get(&wish.register);
                register.is_some_and(|one| one.looks || one.fields.iter().any(|field| field.unique))
            }
            Body::Restore { register, .. } => self.world.model.registers.get(register).is_some_and(|one| one.looks),
            Body::Decide { .. } | Body::Child { .. } => true,
            Body::Issue { document, .. } | Body::IssueRow { document, .. } => {
                self.world.model.documents.get(document).is_some_and(|one| !one.figures.is_empty())
            }
            Body::LinkBack { .. }
            | Body::Erase { .. }
            | Body::Recompute { .. }
            | Body::HandOver { .. }
            | Body::Put { .. }
            | Body::Withdraw { .. }
            | Body::WithdrawRow { .. } => false,
        }
    }

    /// Whether the action that `name` gives, taken on a case as it stands, changes register rows or asks for values that may
    /// stand once only.
    fn records<'b>(&'b self, case: CaseId, name: impl FnOnce(&'b Process) -> Option<&'b String>) -> bool {
        let Some(case) = self.state.cases.get(&case) else {
            return false;
        };
        let Some(process) = self.world.model.processes.get(&case.process) else {
            return false;
        };
        let action = name(process).and_then(|name| process.action(&case.state, name));
        action.is_some_and(|action| {
            action.looks
                || action.effects.iter().any(wanted::rests_on_more)
                || action.form.iter().any(|field| is_unique(process, field))
        })
    }
}

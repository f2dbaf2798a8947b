//! Rules a deployment adds to what packs allow: permits and forbids, in the same words as `by:`. A forbid wins over every permit,
//! the packs' included.
//!
//! Permits, and forbids of registers, are put into the lists `decide` and screens read anyway ([`Model::apply_policy`]). What
//! cannot be said there (forbids of processes, permits with a condition) is judged beside them.

use super::indicator::Source;
use super::process::{Process, Who};
use super::{Model, Register};
use crate::expr::Expr;
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// The word for opening a case in [`PolicyRule::actions`].
pub const OPEN: &str = "open";
/// The word for reading.
pub const READ: &str = "read";
/// The words for what may be done with a register, reading aside.
pub const OF_ROWS: [&str; 3] = ["edit", "propose", "approve"];

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyEffect {
    /// Allows what the packs do not.
    Permit,
    /// Forbids, whoever allows it.
    Forbid,
}

/// A rule over one process or register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyRule {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// What it says, also to whom it stops.
    pub title: Text,
    /// Permit or forbid.
    pub effect: PolicyEffect,
    /// What it is about.
    pub over: Source,
    /// Actions of the process, [`OPEN`], [`READ`]; of a register [`READ`] and [`OF_ROWS`].
    pub actions: Vec<String>,
    /// Whom it means; empty in a forbid: everybody but the system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub who: Vec<Who>,
    /// When. In a forbid of reading it looks at `case.state` and `actor.*` only, so that lists can say the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Expr>,
}

impl PolicyRule {
    /// Whether it is about `action` of the process called `process`.
    #[must_use]
    pub fn is_about(&self, process: &str, action: &str) -> bool {
        matches!(&self.over, Source::Process(name) if name == process) && self.actions.iter().any(|one| one == action)
    }

    /// Whether it is a permit with a condition.
    #[must_use]
    pub fn is_conditional_permit(&self) -> bool {
        self.effect == PolicyEffect::Permit && self.when.is_some()
    }
}

fn add(to: &mut Vec<Who>, who: &[Who]) {
    for one in who {
        if !to.contains(one) {
            to.push(one.clone());
        }
    }
}

fn permit(process: &mut Process, rule: &PolicyRule) {
    for action in &rule.actions {
        match action.as_str() {
            OPEN => add(&mut process.open_by, &rule.who),
            READ => add(&mut process.read, &rule.who),
            name => {
                let all = process.states.values_mut().flat_map(|state| &mut state.actions);
                all.filter(|one| one.name == name).for_each(|one| add(&mut one.by, &rule.who));
            }
        }
    }
}

/// The list of a register behind a word.
fn list_of<'r>(register: &'r mut Register, word: &str) -> &'r mut Vec<Who> {
    match word {
        "edit" => &mut register.edit,
        "propose" => &mut register.propose,
        "approve" => &mut register.approve,
        _ => &mut register.read,
    }
}

fn rows(register: &mut Register, rule: &PolicyRule) {
    for word in &rule.actions {
        match rule.effect {
            PolicyEffect::Permit => add(list_of(register, word), &rule.who),
            // Whoever may change rows may read them: what may not be read may not be changed either.
            PolicyEffect::Forbid if word == READ => {
                for one in [READ].into_iter().chain(OF_ROWS) {
                    list_of(register, one).retain(|who| !rule.who.contains(who));
                }
            }
            PolicyEffect::Forbid => list_of(register, word).retain(|who| !rule.who.contains(who)),
        }
    }
}

impl Model {
    /// Puts permits, and forbids of registers, into the lists they change: permits first, so that a forbid wins.
    pub fn apply_policy(&mut self) {
        let mut rules = std::mem::take(&mut self.policy);
        rules.sort_by_key(|rule| rule.effect == PolicyEffect::Forbid);
        for rule in &rules {
            match &rule.over {
                Source::Register(name) => {
                    if let Some(register) = self.registers.get_mut(name) {
                        rows(register, rule);
                    }
                }
                Source::Process(name) if rule.effect == PolicyEffect::Permit => {
                    if let Some(process) = self.processes.get_mut(name) {
                        permit(process, rule);
                    }
                }
                Source::Process(_) => {}
            }
        }
        self.policy = rules;
    }
}

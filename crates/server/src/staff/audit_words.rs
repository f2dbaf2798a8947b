//! The permission table in words: what packs call their things, actions, states and roles, with the names they are written by beside
//! them, so that whoever reads it finds the line of the pack. Leaves out who may do what: that is the kernel's table.

use crate::staff::{ADMIN_ROLE, SECURITY_ROLE};
use crate::view::Look;
use ganglion_kernel::permissions::Grant;
use ganglion_model::pack::{Action, Effect, Model, PolicyEffect, Process};
use ganglion_model::{Level, Text};
use serde::Serialize;

/// A name in words, and as it is written in packs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// In words.
    pub text: String,
    /// As it is written, where that is something else.
    pub raw: Option<String>,
}

impl Named {
    fn new(text: String, raw: &str) -> Named {
        let is_told = text.to_lowercase().replace(' ', "_") == raw;
        Named { raw: (!is_told).then(|| raw.to_owned()), text }
    }
}

/// A line of the table.
#[derive(Debug, Serialize)]
pub struct GrantView {
    pack: String,
    /// What kind of thing it is.
    kind: String,
    thing: Named,
    action: Named,
    states: Vec<Named>,
    who: Named,
    forbidden: bool,
    conditional: bool,
    not: Vec<Named>,
    rule: Option<Named>,
}

/// Every action of a process, in every state.
fn actions(process: Option<&Process>) -> impl Iterator<Item = &Action> {
    process.into_iter().flat_map(|process| process.states.values()).flat_map(|state| &state.actions)
}

/// Finds the words.
pub struct Words<'a> {
    /// Words of the screens and packs.
    pub look: &'a Look<'a>,
    /// Packs.
    pub model: &'a Model,
}

impl Words<'_> {
    /// A line in words.
    pub fn line(&self, grant: &Grant) -> GrantView {
        let pack =
            self.model.packs.get(&grant.pack).map_or_else(|| grant.pack.clone(), |pack| self.look.text(&pack.title));
        let process = self.process(grant);
        let state = |name: &String| {
            let text = process.map_or_else(|| name.clone(), |process| self.look.state(process, name).label);
            Named::new(text, name)
        };
        let rule = |name: &String| {
            let known = self.model.policy.iter().find(|rule| rule.name == *name);
            Named::new(known.map_or_else(|| name.clone(), |rule| self.look.text(&rule.title)), name)
        };
        GrantView {
            pack,
            kind: self.look.t(&format!("audit-policy-of-{}", grant.of)),
            thing: self.thing(grant),
            action: self.action(grant, process),
            states: grant.states.iter().map(state).collect(),
            who: self.who(&grant.who),
            forbidden: grant.effect == PolicyEffect::Forbid,
            conditional: grant.conditional,
            not: grant.not.iter().map(|mark| self.mark(process, mark)).collect(),
            rule: grant.rule.as_ref().map(rule),
        }
    }

    /// The process a line is about.
    fn process(&self, grant: &Grant) -> Option<&Process> {
        let name = grant.name.split('.').next().unwrap_or_default();
        let is_of_process = matches!(grant.of, "process" | "queue" | "field");
        self.model.processes.get(name).filter(|_| is_of_process)
    }

    fn thing(&self, grant: &Grant) -> Named {
        let (model, name) = (self.model, grant.name.as_str());
        let found: Option<&Text> = match grant.of {
            "process" | "queue" => model.processes.get(name).map(|one| &one.title),
            "register" => model.registers.get(name).map(|one| &one.title),
            "document" => model.documents.get(name).map(|one| &one.title),
            "plan" => model.plans.get(name).map(|one| &one.title),
            "bulletin" => model.bulletins.get(name).map(|one| &one.title),
            _ => None,
        };
        let text = match found {
            Some(title) => self.look.text(title),
            None => self.field(name).unwrap_or_else(|| name.to_owned()),
        };
        Named::new(text, name)
    }

    /// A field, as `process.field` or `register.field`.
    fn field(&self, name: &str) -> Option<String> {
        let (of, field) = name.split_once('.')?;
        let process = self.model.processes.get(of);
        let register = self.model.registers.get(of);
        let (title, found) = match (process, register) {
            (Some(process), _) if process.field(field).is_some() => (&process.title, process.field(field)),
            (_, Some(register)) => (&register.title, register.fields.iter().find(|one| one.name == field)),
            _ => return None,
        };
        let args = [("of", self.look.text(title).into()), ("field", self.look.text(&found?.title).into())];
        Some(self.look.say("audit-policy-field", &args))
    }

    /// An action: what the process calls it, else what it is called everywhere.
    fn action(&self, grant: &Grant, process: Option<&Process>) -> Named {
        let name = grant.action.as_str();
        let title = actions(process).find(|action| action.name == name).map(|action| self.look.text(&action.title));
        Named::new(title.unwrap_or_else(|| self.known("audit-policy-do", name)), name)
    }

    /// A word of the screens for a name, or the name where there is none.
    fn known(&self, prefix: &str, name: &str) -> String {
        let key = format!("{prefix}-{}", name.replace('_', "-"));
        if self.look.say.has(&key) { self.look.t(&key) } else { name.to_owned() }
    }

    /// A mark: it is called after the actions that leave it.
    fn mark(&self, process: Option<&Process>, mark: &str) -> Named {
        let leaves =
            |action: &&Action| action.effects.iter().any(|one| matches!(one, Effect::Mark(left) if left == mark));
        let mut titles: Vec<String> = actions(process).filter(leaves).map(|one| self.look.text(&one.title)).collect();
        titles.sort();
        titles.dedup();
        let text = if titles.is_empty() { mark.to_owned() } else { titles.join(&self.look.t("list-comma")) };
        Named::new(text, mark)
    }

    fn role(&self, name: &str) -> Option<String> {
        match name {
            ADMIN_ROLE => return Some(self.look.t("role-admin")),
            SECURITY_ROLE => return Some(self.look.t("role-security")),
            _ => {}
        }
        self.model.roles.get(name).map(|role| self.look.text(&role.title))
    }

    /// Whom a line means: a role at a level, a role with a relation to the case, or a relation alone.
    fn who(&self, written: &str) -> Named {
        let text = match written.split_once('@') {
            Some((role, at)) => {
                let role = self.role(role).unwrap_or_else(|| role.to_owned());
                let at = match Level::parse(at) {
                    Some(level) => self.look.t(&format!("level-{}", level.as_str())),
                    None => self.known("audit-policy-who", at),
                };
                self.look.say("audit-policy-role", &[("role", role.into()), ("levels", at.into())])
            }
            None => self.role(written).unwrap_or_else(|| self.known("audit-policy-who", written)),
        };
        Named::new(text, written)
    }
}

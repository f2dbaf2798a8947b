//! What a reporter sent after a case was opened, for that reporter: texts, choices and files of the steps they took themselves. What
//! officials wrote stands nowhere here.

use crate::view::timeline::Detail;
use crate::view::value::photos;
use crate::view::{Look, Photo, mask};
use ganglion_kernel::seal::is_sealed;
use ganglion_model::change::{Change, Entry, Op};
use ganglion_model::pack::{Action, Field, FieldKind, Process};
use ganglion_model::{Actor, Case, Fields};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// Entries of the journal looked through: more than a case that goes its way has.
pub const ENTRIES_MAX: u32 = 200;

/// One step a reporter took.
#[derive(Clone, Debug, Serialize)]
pub struct Added {
    /// When.
    pub at: String,
    /// When, in words.
    #[serde(skip)]
    pub when: String,
    /// What the step is called.
    pub title: String,
    /// What was written or chosen.
    pub told: Vec<Detail>,
    /// Pictures.
    pub photos: Vec<Photo>,
    /// The step.
    #[serde(skip)]
    pub action: String,
}

impl Added {
    /// As pages show it.
    #[must_use]
    pub fn shown(&self) -> Value {
        json!({ "at": self.when, "title": self.title, "told": self.told, "photos": self.photos })
    }
}

/// What an entry gave a field: a field of the case, or one of the step alone.
fn given<'e>((ops, input): (&'e [Op], &'e Fields), name: &str) -> Option<&'e Value> {
    let set = |op: &'e Op| match op {
        Op::Set { field, value } if field == name => Some(value),
        _ => None,
    };
    input.get(name).or_else(|| ops.iter().find_map(set))
}

/// The steps a reporter took, as entries of the journal, newest first.
fn own(entries: &[Entry]) -> impl Iterator<Item = (&Entry, &str, &[Op], &Fields)> {
    entries.iter().filter_map(|entry| match (&entry.actor, &entry.change) {
        (Actor::Reporter { .. }, Change::Case { action, ops, input, .. }) => {
            Some((entry, action.as_str(), ops.as_slice(), input))
        }
        _ => None,
    })
}

/// The step of a name: any state's, since states that share one share its form.
#[must_use]
pub fn step<'p>(process: &'p Process, name: &str) -> Option<&'p Action> {
    process.states.values().flat_map(|state| &state.actions).find(|action| action.name == name)
}

/// Whether the reporter sent the file with one of their steps.
#[must_use]
pub fn holds_file(entries: &[Entry], id: &str) -> bool {
    let is_it = |value: &Value| value.as_array().is_some_and(|ids| ids.iter().any(|one| one == id));
    own(entries).any(|(_, _, ops, input)| {
        let set = |op: &Op| matches!(op, Op::Set { value, .. } if is_it(value));
        input.values().any(is_it) || ops.iter().any(set)
    })
}

/// When a field of a case last got its value.
#[must_use]
pub fn set_at(entries: &[Entry], field: &str) -> Option<Timestamp> {
    let sets = |op: &Op| matches!(op, Op::Set { field: set, .. } if set == field);
    let entry = entries.iter().find(|entry| match &entry.change {
        Change::Case { ops, .. } => ops.iter().any(sets),
        _ => false,
    });
    entry.map(|entry| entry.at)
}

impl Look<'_> {
    /// What a reporter sent after the case was opened, oldest first.
    #[must_use]
    pub fn added(&self, process: &Process, entries: &[Entry]) -> Vec<Added> {
        let mut all: Vec<Added> = own(entries)
            .filter_map(|(entry, name, ops, input)| {
                let action = step(process, name)?;
                let values =
                    || action.form.iter().filter_map(move |field| Some((field, given((ops, input), &field.name)?)));
                let told = values().filter_map(|(field, value)| self.told(field, value)).collect();
                let shown = values().filter(|(field, _)| !field.personal);
                Some(Added {
                    at: entry.at.to_string(),
                    when: self.when(entry.at),
                    title: self.text(&action.title),
                    told,
                    photos: shown.flat_map(|(field, value)| photos(field, value)).collect(),
                    action: name.to_owned(),
                })
            })
            .collect();
        all.reverse();
        all.retain(|one| !one.told.is_empty() || !one.photos.is_empty());
        all
    }

    /// One value in words; personal ones are masked, as everywhere on these pages.
    fn told(&self, field: &Field, value: &Value) -> Option<Detail> {
        let is_hidden = field.personal || value.as_str().is_some_and(is_sealed);
        let text = match is_hidden {
            true => mask::hidden().to_owned(),
            false if matches!(field.kind, FieldKind::Files { .. }) => return None,
            false => self.value(field, value)?,
        };
        Some(Detail { label: self.text(&field.title), text })
    }

    /// When the first of the public fields a case has came to its value: the step in which the result was written down.
    #[must_use]
    pub fn result_at(&self, process: &Process, case: &Case, entries: &[Entry]) -> Timestamp {
        let mut public = process.fields.iter().filter(|field| field.public && !field.personal);
        let first = public.find(|field| case.fields.get(&field.name).is_some_and(|value| !value.is_null()));
        first.and_then(|field| set_at(entries, &field.name)).unwrap_or(case.updated_at)
    }
}

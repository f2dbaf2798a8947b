//! What a pack asks of the places at the bottom: minutes a form takes, from the kinds of its fields, times how often.
//!
//! The minutes are a rule of thumb for comparing drafts with each other, not a measurement. How often a place is expected
//! to open a case in a year is said in `pack.yaml` (`yearly`); a process without it counts as once a month when posts of a
//! village or grid open it, and not at all otherwise.

use ganglion_model::Level;
use ganglion_model::Model;
use ganglion_model::pack::{Field, FieldKind, Process, Required, Who};
use serde::Serialize;

/// Finding the form, reading it, sending it.
const FORM_SECONDS: u32 = 60;
/// Times a year of a process that villages open and about which nothing is said.
const YEARLY_DEFAULT: u32 = 12;

/// What one process costs a place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Burden {
    /// The process.
    pub process: String,
    /// Seconds for one case: the opening form, and forms of actions that posts of villages and grids take.
    pub seconds: u32,
    /// Times a year and place.
    pub yearly: u32,
    /// Places.
    pub places: u32,
    /// Hours a year in all places, rounded to whole hours.
    pub hours: u64,
    /// Fields asked.
    pub fields: usize,
}

/// What the processes of `pack` cost `places` villages a year; those that ask nothing of villages are left out.
#[must_use]
pub fn burden(model: &Model, pack: &str, places: u32) -> Vec<Burden> {
    let of = |process: &Process| {
        let opened = process.open_by.iter().any(is_low);
        let actions = process.states.values().flat_map(|state| &state.actions).filter(|one| one.by.iter().any(is_low));
        let forms: Vec<&[Field]> = opened
            .then_some(process.form.as_slice())
            .into_iter()
            .chain(actions.map(|action| action.form.as_slice()).filter(|form| !form.is_empty()))
            .collect();
        let declared = model.packs.get(pack).and_then(|pack| pack.yearly.get(&process.name)).copied();
        let yearly = declared.unwrap_or(if opened { YEARLY_DEFAULT } else { 0 });
        let seconds: u32 = forms.iter().map(|form| form_seconds(form)).sum();
        let hours = (u64::from(seconds) * u64::from(yearly) * u64::from(places)).div_ceil(3600);
        let fields = forms.iter().map(|form| form.len()).sum();
        Burden { process: process.name.clone(), seconds, yearly, places, hours, fields }
    };
    let all = model.processes.values().filter(|process| process.pack == pack).map(of);
    all.filter(|one| one.hours > 0).collect()
}

fn is_low(who: &Who) -> bool {
    matches!(who, Who::Role { level: Level::Village | Level::Grid, .. })
}

/// Seconds for a form; what need not be answered counts half.
fn form_seconds(form: &[Field]) -> u32 {
    let one = |field: &Field| {
        let whole = field_seconds(&field.kind);
        if field.required == Required::Yes && field.when.is_none() { whole } else { whole.div_ceil(2) }
    };
    FORM_SECONDS + form.iter().map(one).sum::<u32>()
}

fn field_seconds(kind: &FieldKind) -> u32 {
    match kind {
        FieldKind::Boolean => 4,
        FieldKind::Choice { .. } | FieldKind::Place { .. } => 6,
        FieldKind::Choices { .. } | FieldKind::Date | FieldKind::Ref { .. } => 9,
        FieldKind::Integer { .. } | FieldKind::Decimal { .. } | FieldKind::Money | FieldKind::Phone => 12,
        FieldKind::CitizenId => 25,
        FieldKind::LongText { .. } | FieldKind::Files { .. } => 60,
        _ => 15,
    }
}

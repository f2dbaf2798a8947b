//! A position that lies in another place than the one that was chosen: said beside the place and once it is saved, and taken all
//! the same, because whoever was there knows better than an outline.

use crate::view::Look;
use crate::view::form::FieldView;
use ganglion_kernel::route::{elsewhere, point_of};
use ganglion_model::pack::{FieldKind, Process, Register, Scope};
use ganglion_model::{Fields, PlaceCode};
use std::collections::BTreeMap;

/// The control that asks where a row is kept, where the register has no field of its own for it.
pub const FRAME: &str = "-place";

/// A position and the place it is compared with, by the names of their controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    point: String,
    place: String,
}

impl Pair {
    /// Of a register whose rows have a position and are kept by place.
    #[must_use]
    pub fn of_register(register: &Register) -> Option<Pair> {
        let point = register.field(register.location.as_deref()?).filter(|field| field.kind == FieldKind::Point)?;
        let own = register.field("place").is_some_and(|field| matches!(field.kind, FieldKind::Place { .. }));
        let place = if own { "place" } else { FRAME };
        let compared = own || matches!(register.scope, Scope::Place(_));
        compared.then(|| Pair { point: point.name.clone(), place: place.to_owned() })
    }

    /// Of a process that is routed by its place and asks one position beside it. Where the position routes, the two are compared
    /// by the routing itself.
    #[must_use]
    pub fn of_process(process: &Process) -> Option<Pair> {
        let place = process.route.place.clone().filter(|_| process.route.point.is_none())?;
        let mut points = process.form.iter().filter(|field| field.kind == FieldKind::Point);
        let point = points.next().filter(|_| points.next().is_none())?.name.clone();
        Some(Pair { point, place })
    }

    /// What is said about values that do not agree.
    #[must_use]
    pub fn said(&self, look: &Look<'_>, values: &Fields) -> Option<String> {
        let chosen: PlaceCode = values.get(&self.place)?.as_str()?.trim().parse().ok()?;
        let lies = elsewhere(&look.world.places, point_of(values.get(&self.point))?, chosen)?;
        Some(said(look, (lies, chosen)))
    }

    /// Says it beside the place of a form.
    pub fn mark(&self, look: &Look<'_>, fields: &mut [FieldView], values: &Fields) {
        let Some(view) = fields.iter_mut().find(|view| view.name == self.place) else { return };
        view.hints = true;
        view.hint = self.said(look, values).or(view.hint.take());
    }

    /// Says it among what changes while somebody types.
    pub fn hint(&self, look: &Look<'_>, hints: &mut BTreeMap<String, String>, values: &Fields) {
        hints.extend(self.said(look, values).map(|words| (self.place.clone(), words)));
    }
}

/// That a position lies in one place and another was chosen, in words.
#[must_use]
pub fn said(look: &Look<'_>, (lies, chosen): (PlaceCode, PlaceCode)) -> String {
    look.say("hint-elsewhere", &[("lies", look.place_path(lies).into()), ("chosen", look.place_path(chosen).into())])
}

/// What was saved, with what is unusual about it: the tone and the words of the page that follows.
#[must_use]
pub fn saved(words: String, unusual: Option<String>) -> (&'static str, String) {
    match unusual {
        Some(unusual) => ("unusual", format!("{words} {unusual}")),
        None => ("ok", words),
    }
}

//! Which names an expression may use, by where it stands.

use super::ty::Ty;
use crate::symbols::{FieldSymbols, ProcessSymbol, RegisterSymbol};

/// Names available to an expression.
#[derive(Clone, Copy, Default)]
pub struct Scope<'a> {
    /// `case`, `clock`, `document`, `mark`, `first`, `last` of this process.
    pub case: Option<&'a ProcessSymbol>,
    /// `form`.
    pub form: Option<&'a FieldSymbols>,
    /// `row`: a row of a register.
    pub row: Option<&'a FieldSymbols>,
    /// `actor`.
    pub actor: bool,
    /// `now` and `today`.
    pub now: bool,
    /// `today` alone: the day something is worked out for.
    pub today: bool,
    /// Rows of a plan, by the part they play.
    pub parts: &'a [Part<'a>],
    /// What a plan found, as `result.*`.
    pub found: &'a [(&'static str, Ty)],
    /// Indicators, by their bare names.
    pub figures: bool,
    /// The value is kept in the open, so that personal fields may not flow into it.
    pub stores: bool,
    /// `previous`: the row before, of the register called so.
    pub previous: Option<(&'a str, &'a FieldSymbols)>,
    /// References go on into rows kept by place: they are loaded when this is judged.
    pub by_place: bool,
}

/// A row of a plan, or a place of a level.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// The part it plays: `row`, `supply`, `job`, …
    pub name: &'static str,
    /// Its register, whose key is `<name>.key`; none for a place of a level.
    pub register: Option<&'a str>,
    /// Its fields.
    pub fields: &'a FieldSymbols,
    /// It is kept at a place, which is `<name>.place`.
    pub kept: bool,
}

impl<'a> Scope<'a> {
    /// Conditions of an opening form.
    pub fn opening(process: &'a ProcessSymbol) -> Scope<'a> {
        Scope { form: Some(&process.form), actor: true, now: true, by_place: true, ..Scope::default() }
    }

    /// Values a routing rule is asked with: what is typed, before anybody has the case.
    pub fn routing(process: &'a ProcessSymbol) -> Scope<'a> {
        Scope { form: Some(&process.form), ..Scope::default() }
    }

    /// Order and lane of a queue: the case as it stands, whenever it is looked at.
    pub fn standing(process: &'a ProcessSymbol) -> Scope<'a> {
        Scope { case: Some(process), ..Scope::default() }
    }

    /// Conditions of the fields of an action's form.
    pub fn action(process: &'a ProcessSymbol, form: &'a FieldSymbols) -> Scope<'a> {
        Scope { case: Some(process), form: Some(form), actor: true, now: true, by_place: true, ..Scope::default() }
    }

    /// Guards of actions: judged before anything is typed.
    pub fn guard(process: &'a ProcessSymbol) -> Scope<'a> {
        Scope { case: Some(process), actor: true, now: true, ..Scope::default() }
    }

    /// Lengths of clocks, read when a state is entered.
    pub fn clock(process: &'a ProcessSymbol) -> Scope<'a> {
        Scope { case: Some(process), now: true, ..Scope::default() }
    }

    /// Values effects store.
    pub fn effect(process: &'a ProcessSymbol, form: &'a FieldSymbols) -> Scope<'a> {
        Scope { stores: true, ..Scope::action(process, form) }
    }

    /// Conditions of the fields of the register called `name`.
    pub fn register(name: &'a str, register: &'a RegisterSymbol) -> Scope<'a> {
        let previous = (register.series || register.dated).then_some((name, &register.fields));
        Scope { form: Some(&register.fields), actor: true, now: true, by_place: true, previous, ..Scope::default() }
    }

    /// Conditions of questions that stand by themselves: no case, no row.
    pub fn questions(fields: &'a FieldSymbols) -> Scope<'a> {
        Scope { form: Some(fields), actor: true, now: true, by_place: true, ..Scope::default() }
    }

    /// Names at the start of a path.
    pub fn roots(&self) -> Vec<&'static str> {
        let of_case: &[&str] = if self.case.is_some() {
            &["case", "clock", "document", "mark", "first", "last", "children", "notice"]
        } else {
            &[]
        };
        let mut roots = of_case.to_vec();
        roots.extend(self.form.map(|_| "form"));
        roots.extend(self.row.map(|_| "row"));
        roots.extend(self.previous.map(|_| "previous"));
        roots.extend(self.actor.then_some("actor"));
        roots.extend(self.now.then_some("now"));
        roots.extend((self.now || self.today).then_some("today"));
        roots.extend(self.parts.iter().map(|part| part.name));
        roots.extend((!self.found.is_empty()).then_some("result"));
        roots
    }
}

/// Every root of the language, available here or not.
pub const ROOTS: [&str; 14] = [
    "case", "form", "row", "previous", "actor", "clock", "document", "mark", "first", "last", "children", "notice",
    "now", "today",
];
/// Roots that only plans have. Elsewhere they are words like any other.
pub const ROOTS_OF_PLANS: [&str; 8] = ["supply", "demand", "link", "worker", "job", "place", "facility", "result"];

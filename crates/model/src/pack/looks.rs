//! Which declarations look at rows that a command does not name, so that a batch decides only those twice: once to see what is
//! missing, once with it.

use super::{Action, Effect, Field, FieldKind, LengthFrom, Model, Process, Register, Required, Scope};
use crate::expr::Expr;
use std::collections::BTreeSet;

/// Registers whose rows live with their places, and so are not in memory.
struct ByPlace(BTreeSet<String>);

impl ByPlace {
    /// Whether a field refers to such rows.
    fn refers(&self, field: &Field) -> bool {
        match &field.kind {
            FieldKind::Ref { register } | FieldKind::Refs { register, .. } => self.0.contains(register),
            _ => false,
        }
    }

    /// Whether `expr`, which sees `fields`, looks further than they are.
    fn looks(&self, expr: &Expr, fields: &[&Field]) -> bool {
        let mut paths = Vec::new();
        expr.paths(&mut paths);
        paths.iter().any(|path| match path.as_slice() {
            [root, ..] if root == "previous" => true,
            // The field a path begins with stands behind `form`, `case` or `row`.
            [_, name, _, ..] => fields.iter().any(|field| field.name == *name && self.refers(field)),
            _ => false,
        })
    }

    fn field(&self, field: &Field, fields: &[&Field]) -> bool {
        let required = match &field.required {
            Required::If(expr) => Some(expr),
            _ => None,
        };
        let judged = field.checks.iter().map(|check| &check.holds);
        let own = [&field.when, &field.min, &field.max, &field.computed, &field.default_from];
        let all = own.into_iter().flatten().chain(required).chain(judged);
        let cells = match &field.kind {
            FieldKind::Table { fields: columns, .. } => columns.as_slice(),
            _ => &[],
        };
        let inside: Vec<&Field> = fields.iter().copied().chain(cells).collect();
        all.into_iter().any(|expr| self.looks(expr, fields)) || cells.iter().any(|cell| self.field(cell, &inside))
    }

    fn register(&self, register: &Register) -> bool {
        let fields: Vec<&Field> = register.fields.iter().collect();
        register.series.is_some() || register.fields.iter().any(|field| self.field(field, &fields))
    }

    fn opening(&self, process: &Process) -> bool {
        let fields: Vec<&Field> = process.form.iter().collect();
        let guard = process.open_when.as_ref().is_some_and(|guard| self.looks(&guard.holds, &fields));
        guard || process.form.iter().any(|field| self.field(field, &fields))
    }

    fn action(&self, action: &Action, of_case: &[&Field]) -> bool {
        let fields: Vec<&Field> = action.form.iter().chain(of_case.iter().copied()).collect();
        let guard = action.when.as_ref().is_some_and(|guard| self.looks(&guard.holds, &fields));
        let effects = action.effects.iter().flat_map(expressions).any(|expr| self.looks(expr, &fields));
        guard || effects || action.form.iter().any(|field| self.field(field, &fields))
    }
}

/// The expressions of an effect.
fn expressions(effect: &Effect) -> Vec<&Expr> {
    match effect {
        Effect::Set { value, .. } => vec![value],
        Effect::Add { set, .. } => set.values().collect(),
        Effect::Record { key, set, .. } => std::iter::once(key).chain(set.values()).collect(),
        Effect::End { key, on, .. } => std::iter::once(key).chain(on).collect(),
        Effect::Open(opening) | Effect::Convert(opening) => opening.set.values().collect(),
        Effect::Extend { by: LengthFrom::Expr(expr), .. } | Effect::Restart { length: LengthFrom::Expr(expr), .. } => {
            vec![expr]
        }
        _ => Vec::new(),
    }
}

impl Model {
    /// Notes for every register, process and action whether judging it looks at rows it does not name.
    pub fn note_looks(&mut self) {
        let by_place = self.registers.values().filter(|one| one.scope != Scope::Deployment);
        let by_place = ByPlace(by_place.map(|one| one.name.clone()).collect());
        for register in self.registers.values_mut() {
            register.looks = by_place.register(register);
        }
        for process in self.processes.values_mut() {
            process.looks = by_place.opening(process);
            let fields: Vec<Field> = process.form.iter().chain(&process.fields).cloned().collect();
            let fields: Vec<&Field> = fields.iter().collect();
            for action in process.states.values_mut().flat_map(|state| &mut state.actions) {
                action.looks = by_place.action(action, &fields);
            }
        }
    }
}

//! Which declarations look at rows that a command does not name, so that of several commands in a batch what these lack is asked for at
//! once and not for each of them.

use super::{Action, Assign, Effect, Field, FieldKind, LengthFrom, Model, Process, Register, Required, Scope};
use crate::expr::{Expr, RowsOf};
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
        let (mut paths, mut counted) = (Vec::new(), Vec::new());
        expr.paths(&mut paths);
        expr.rows(&mut counted);
        let counts = counted.iter().any(|of| self.0.contains(&of.register));
        counts
            || paths.iter().any(|path| match path.as_slice() {
                [root, ..] if root == "previous" => true,
                // The field a path begins with stands behind `form`, `case` or `row`.
                [_, name, _, ..] => fields.iter().any(|field| field.name == *name && self.refers(field)),
                _ => false,
            })
    }

    fn field(&self, field: &Field, fields: &[&Field]) -> bool {
        let cells = cells(field);
        let inside: Vec<&Field> = fields.iter().copied().chain(cells).collect();
        own(field).any(|expr| self.looks(expr, fields)) || cells.iter().any(|cell| self.field(cell, &inside))
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
}

/// The columns of a table.
fn cells(field: &Field) -> &[Field] {
    match &field.kind {
        FieldKind::Table { fields: columns, .. } => columns,
        _ => &[],
    }
}

/// The expressions of a field, without those of its columns.
fn own(field: &Field) -> impl Iterator<Item = &Expr> {
    let required = match &field.required {
        Required::If(expr) => Some(expr),
        _ => None,
    };
    let judged = field.checks.iter().chain(&field.warns).map(|check| &check.holds);
    let own = [&field.when, &field.min, &field.max, &field.computed, &field.default_from];
    own.into_iter().flatten().chain(required).chain(judged)
}

/// Every expression of fields, with those of columns.
fn of_fields(fields: &[Field]) -> Vec<&Expr> {
    fields.iter().flat_map(|field| own(field).chain(of_fields(cells(field)))).collect()
}

/// The expressions of an effect.
fn expressions(effect: &Effect) -> Vec<&Expr> {
    match effect {
        Effect::Set { value, .. } => vec![value],
        Effect::Add { set, .. } => set.values().collect(),
        Effect::EraseCase(expr) | Effect::EraseRow { key: expr, .. } => vec![expr],
        Effect::Record { key, set, .. } => std::iter::once(key).chain(set.values()).collect(),
        Effect::End { key, on, .. } => std::iter::once(key).chain(on).collect(),
        Effect::Open(opening) | Effect::Convert(opening) => opening.set.values().collect(),
        Effect::Extend { by: LengthFrom::Expr(expr), .. } | Effect::Restart { length: LengthFrom::Expr(expr), .. } => {
            vec![expr]
        }
        Effect::Assign(Assign::Of(expr)) | Effect::Assist(Assign::Of(expr)) => vec![expr],
        Effect::When { holds, then } => std::iter::once(holds).chain(expressions(then)).collect(),
        _ => Vec::new(),
    }
}

impl Action {
    /// Whether anything of the action looks at what is typed into its field `name`, beside storing it.
    #[must_use]
    pub fn reads_typed(&self, name: &str) -> bool {
        let guard = self.when.iter().map(|guard| &guard.holds);
        let mut all = of_fields(&self.form).into_iter().chain(guard).chain(self.effects.iter().flat_map(expressions));
        all.any(|expr| {
            let mut paths = Vec::new();
            expr.paths(&mut paths);
            paths.iter().any(|path| matches!(path.as_slice(), [root, field, ..] if root == "form" && field == name))
        })
    }
}

impl Model {
    /// Fields that rows are counted by: register and field, once each.
    #[must_use]
    pub fn counted_by(&self) -> BTreeSet<(String, String)> {
        let mut all: Vec<&Expr> = self.registers.values().flat_map(|register| of_fields(&register.fields)).collect();
        for process in self.processes.values() {
            all.extend(of_fields(&process.form));
            all.extend(process.open_when.iter().map(|guard| &guard.holds));
            for action in process.states.values().flat_map(|state| &state.actions) {
                all.extend(of_fields(&action.form));
                all.extend(action.effects.iter().flat_map(expressions));
                all.extend(action.when.iter().map(|guard| &guard.holds));
            }
        }
        let mut counted = Vec::new();
        all.iter().for_each(|expr| expr.rows(&mut counted));
        let fields = |of: &&RowsOf| {
            let register = of.register.clone();
            of.matching.iter().map(move |(field, _)| (register.clone(), field.clone())).collect::<Vec<_>>()
        };
        counted.iter().flat_map(fields).collect()
    }

    /// Notes for every register and process whether judging it looks at rows it does not name.
    pub fn note_looks(&mut self) {
        let by_place = self.registers.values().filter(|one| one.scope != Scope::Deployment);
        let by_place = ByPlace(by_place.map(|one| one.name.clone()).collect());
        for register in self.registers.values_mut() {
            register.looks = by_place.register(register);
        }
        for process in self.processes.values_mut() {
            process.looks = by_place.opening(process);
        }
    }
}

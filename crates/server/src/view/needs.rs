//! What the label of a field says of whether it must be given, where that turns on what is typed elsewhere: that one of two is enough,
//! when it is needed, or that it may be left out after all. Fields whose need is fixed say it by themselves.

use super::Look;
use super::form::asks_form;
use ganglion_model::expr::{Expr, Func};
use ganglion_model::pack::{Field, FieldKind, Required};
use ganglion_model::scope::Names;
use serde_json::Value;

/// The field an expression asks for, by name, without going on into a row.
fn asked_for(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Path(path) if path.len() == 2 && path[0] == "form" => path.get(1).map(String::as_str),
        _ => None,
    }
}

/// The field that does instead of this one: it is demanded only where that one is not given.
fn instead(field: &Field) -> Option<&str> {
    let Required::If(Expr::Not(inner)) = &field.required else { return None };
    let Expr::Call(Func::Has, args) = &**inner else { return None };
    asked_for(args.first()?)
}

/// The other of two fields of which one is enough.
fn other_of<'f>(fields: &'f [Field], field: &Field) -> Option<&'f Field> {
    if field.when.is_some() || field.required == Required::Yes {
        return None;
    }
    let other = fields.iter().find(|one| match instead(field) {
        Some(name) => one.name == name,
        None => field.required == Required::No && instead(one) == Some(field.name.as_str()),
    });
    // Where the other is demanded for reasons of its own, this one does not do instead.
    let is_free = |other: &&Field| other.required == Required::No || instead(other) == Some(field.name.as_str());
    other.filter(|other| other.when.is_none()).filter(is_free)
}

/// Whether a value says anything.
fn says(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

impl Look<'_> {
    /// What the label of a field says of whether it must be given, as far as that turns on what is typed elsewhere: nothing when it
    /// must. `None` where it turns on nothing.
    pub(super) fn needs(&self, fields: &[Field], names: &Names<'_>, field: &Field) -> Option<String> {
        let is_given = |name: &str| names.form.is_some_and(|(values, _)| values.get(name).is_some_and(says));
        if let Some(other) = other_of(fields, field) {
            return Some(if is_given(&other.name) {
                self.t("field-optional")
            } else {
                self.either(fields, field, other)
            });
        }
        let expr = match &field.required {
            // The line above it says when it applies; where it does, it is needed.
            Required::Yes => return field.when.as_ref().filter(|when| asks_form(when)).map(|_| String::new()),
            Required::If(expr) if asks_form(expr) => expr,
            Required::If(_) | Required::No => return None,
        };
        if expr.holds(names) {
            return Some(String::new());
        }
        let mut paths = Vec::new();
        expr.paths(&mut paths);
        let mut turns_on = paths.iter().filter(|path| path.first().is_some_and(|root| root == "form"));
        if turns_on.all(|path| path.get(1).is_some_and(|name| is_given(name))) {
            return Some(self.t("field-optional"));
        }
        Some(match self.condition(fields, expr) {
            Some(condition) => self.say("field-needed-if", &[("condition", condition.into())]),
            None => self.t("field-sometimes"),
        })
    }

    /// Whether a field must be given, as far as is known so far, and what its label says of that; see
    /// [`FieldView::needs`](super::field::FieldView::needs).
    #[must_use]
    pub fn need(&self, fields: &[Field], names: &Names<'_>, field: &Field) -> (bool, Option<String>) {
        let required = match &field.required {
            Required::No => false,
            Required::Yes => field.when.as_ref().is_none_or(|when| when.holds(names)),
            Required::If(expr) => expr.holds(names),
        };
        (required, self.needs(fields, names, field))
    }

    /// What the label of a cell says: rows are judged when they are sent.
    pub(super) fn cell_needs(&self, column: &Field) -> Option<String> {
        let sometimes = match &column.required {
            Required::Yes => column.when.is_some(),
            Required::If(_) => true,
            Required::No => false,
        };
        sometimes.then(|| self.t("field-sometimes"))
    }

    /// That one of two fields is enough, named in the order of the form.
    fn either(&self, fields: &[Field], field: &Field, other: &Field) -> String {
        let first = fields.iter().find(|one| one.name == field.name || one.name == other.name);
        let (a, b) = if first.is_some_and(|first| first.name == field.name) { (field, other) } else { (other, field) };
        self.say("field-either", &[("a", self.text(&a.title).into()), ("b", self.text(&b.title).into())])
    }

    /// That a field was left empty which is needed: texts are filled in, choices are made, files are sent.
    pub(super) fn left_empty(&self, fields: &[Field], field: Option<&Field>, label: &str) -> String {
        if let Some((field, other)) = field.and_then(|field| Some((field, other_of(fields, field)?))) {
            let args = [("label", self.text(&field.title).into()), ("other", self.text(&other.title).into())];
            return self.say("problem-required-either", &args);
        }
        let key = match field.map(|field| &field.kind) {
            Some(
                FieldKind::Choice { .. }
                | FieldKind::Choices { .. }
                | FieldKind::Ref { .. }
                | FieldKind::Refs { .. }
                | FieldKind::Place { .. }
                | FieldKind::Post { .. }
                | FieldKind::Posts { .. }
                | FieldKind::Account { .. }
                | FieldKind::Boolean
                // A grade: pages offer five choices for it.
                | FieldKind::Integer { min: Some(1), max: Some(5) },
            ) => "problem-required-choice",
            Some(FieldKind::Files { .. }) => "problem-required-files",
            _ => "problem-required",
        };
        self.say(key, &[("label", label.into())])
    }
}

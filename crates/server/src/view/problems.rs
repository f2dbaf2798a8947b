//! Refusals and findings in words: what happened, beside which field, and what to do.

use super::{Arg, Look};
use crate::error::refusal_name;
use ganglion_model::change::{FieldFinding, Refusal};
use ganglion_model::pack::{Field, FieldKind, Process};
use serde::Serialize;
use serde_json::Value;

/// An error of a form, on top of it and beside its field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormError {
    /// Field.
    pub field: String,
    /// Id of its control.
    pub id: String,
    /// Label.
    pub label: String,
    /// What is wrong.
    pub message: String,
}

/// A refusal beside the form it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RefusalView {
    /// That nothing happened.
    pub title: String,
    /// Why, and what to do.
    pub text: String,
    /// What was kept.
    pub kept: Vec<String>,
}

impl Look<'_> {
    /// What is wrong with one field.
    #[must_use]
    pub fn problem(&self, field: Option<&Field>, finding: &FieldFinding, label: &str) -> String {
        self.problem_among(&[], field, (finding, label))
    }

    /// What is wrong with one field of several: what does instead may be among them.
    fn problem_among(
        &self,
        fields: &[Field],
        field: Option<&Field>,
        (finding, label): (&FieldFinding, &str),
    ) -> String {
        if let Some(message) = &finding.message {
            return self.text(message);
        }
        if finding.problem == "required" {
            return self.left_empty(fields, field, label);
        }
        let mut args: Vec<(&str, Arg)> = vec![("label", label.into())];
        args.extend(
            finding.args.iter().map(|(name, value)| (name.as_str(), self.argument(field, (name, value)).into())),
        );
        let key = format!("problem-{}", finding.problem.replace('_', "-"));
        if !self.say.has(&key) {
            return self.say("problem-other", &args);
        }
        // A range may be open at one end; its text names both.
        if finding.problem == "out_of_range" {
            let side = match (finding.args.contains_key("min"), finding.args.contains_key("max")) {
                (true, true) => "problem-out-of-range",
                (true, false) => "problem-too-small",
                (false, true) => "problem-too-large",
                (false, false) => "problem-too-precise",
            };
            return self.say(side, &args);
        }
        self.say(&key, &args)
    }

    /// An argument of a finding in words: bounds as values of the field, units by their names.
    fn argument(&self, field: Option<&Field>, (name, value): (&str, &str)) -> String {
        match (name, field) {
            ("min" | "max", Some(field))
                if !matches!(
                    field.kind,
                    FieldKind::Text { .. }
                        | FieldKind::LongText { .. }
                        | FieldKind::Files { .. }
                        | FieldKind::Table { .. }
                ) =>
            {
                self.value(field, &Value::from(value)).unwrap_or_else(|| value.to_owned())
            }
            ("unit" | "given", _) => self.unit_title(value),
            _ => value.to_owned(),
        }
    }

    /// The field a finding is about and what it is called there: a cell by its row and column.
    fn subject<'f>(&self, fields: &'f [Field], name: &str) -> (Option<&'f Field>, String) {
        let mut parts = name.splitn(3, '.');
        let head = parts.next();
        let field = fields.iter().find(|field| Some(field.name.as_str()) == head);
        let (Some(field), row, column) = (field, parts.next(), parts.next()) else {
            return (None, name.to_owned());
        };
        let title = self.text(&field.title);
        let cell = |row: &str, column: &str| {
            let FieldKind::Table { fields, .. } = &field.kind else { return None };
            let column = fields.iter().find(|one| one.name == column)?;
            let row = row.parse::<i64>().ok()? + 1;
            let args = [
                ("table", title.as_str().into()),
                ("row", Arg::from(row)),
                ("column", self.text(&column.title).into()),
            ];
            Some((column, self.say("cell-label", &args)))
        };
        match row.zip(column).and_then(|(row, column)| cell(row, column)) {
            Some((column, label)) => (Some(column), label),
            None => (Some(field), title),
        }
    }

    /// What is wrong with the cell or field called `name`, among all findings.
    #[must_use]
    pub fn problem_at(&self, fields: &[Field], findings: &[FieldFinding], name: &str) -> Option<String> {
        let finding = findings.iter().find(|one| one.field == name)?;
        let (field, label) = self.subject(fields, name);
        Some(self.problem_among(fields, field, (finding, &label)))
    }

    /// Findings of a form, with the labels of its fields.
    #[must_use]
    pub fn problems(&self, fields: &[Field], findings: &[FieldFinding], id: &dyn Fn(&str) -> String) -> Vec<FormError> {
        findings
            .iter()
            .map(|finding| {
                let (field, label) = self.subject(fields, &finding.field);
                FormError {
                    message: self.problem_among(fields, field, (finding, &label)),
                    id: id(&finding.field),
                    field: finding.field.clone(),
                    label,
                }
            })
            .collect()
    }

    /// Why a command was refused.
    #[must_use]
    pub fn refusal(&self, process: Option<&Process>, refusal: &Refusal) -> String {
        if let Some(message) = &refusal.message {
            return self.text(message);
        }
        let mut args: Vec<(&str, Arg)> = Vec::new();
        for (name, value) in &refusal.args {
            let shown = match (name.as_str(), process) {
                ("state", Some(process)) => self.state(process, value).label,
                ("clock", Some(process)) => {
                    process.clocks.get(value).map_or_else(|| value.clone(), |clock| self.text(&clock.title))
                }
                ("register", _) => {
                    let register = self.world.model.registers.get(value);
                    register.map_or_else(|| value.clone(), |register| self.text(&register.title))
                }
                ("figure", _) => {
                    let indicator = self.world.model.indicators.get(value);
                    indicator.map_or_else(|| value.clone(), |indicator| self.figure_title(indicator))
                }
                _ => value.clone(),
            };
            args.push((name, shown.into()));
        }
        // Some refusals say more about themselves: an extension too late, a value that was erased.
        if let Some(reason) = refusal.args.get("reason") {
            let key = format!("refusal-reason-{}", reason.replace('_', "-"));
            if self.say.has(&key) {
                return self.say(&key, &args);
            }
        }
        self.say(&format!("refusal-{}", refusal_name(refusal.code).replace('_', "-")), &args)
    }
}

//! Refusals and findings in words: what happened, beside which field, and what to do.

use super::{Arg, Look};
use crate::error::refusal_name;
use ganglion_model::change::{FieldFinding, Refusal};
use ganglion_model::pack::{Field, Process};
use serde::Serialize;

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
    pub fn problem(&self, finding: &FieldFinding, label: &str) -> String {
        if let Some(message) = &finding.message {
            return self.text(message);
        }
        let mut args: Vec<(&str, Arg)> = vec![("label", label.into())];
        args.extend(finding.args.iter().map(|(name, value)| (name.as_str(), Arg::from(value.as_str()))));
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

    /// Findings of a form, with the labels of its fields.
    #[must_use]
    pub fn problems(&self, fields: &[Field], findings: &[FieldFinding], id: &dyn Fn(&str) -> String) -> Vec<FormError> {
        findings
            .iter()
            .map(|finding| {
                let label = fields
                    .iter()
                    .find(|field| field.name == finding.field)
                    .map_or_else(|| finding.field.clone(), |field| self.text(&field.title));
                FormError {
                    message: self.problem(finding, &label),
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

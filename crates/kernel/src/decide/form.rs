//! Reading what was typed into typed values: every problem is named, never only the first.
//!
//! Browsers send everything as text, programs send JSON; both are accepted and stored the same. Personal values are
//! sealed by the caller after reading.

mod value;

use crate::world::World;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Field, Process, Required};
use ganglion_model::row::Case;
use ganglion_model::scope::{ActorView, Names};
use ganglion_model::{FieldFinding, Fields, PlaceCode};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a form is read against.
pub struct FormContext<'a> {
    /// The world.
    pub world: &'a World,
    /// The process.
    pub process: &'a Process,
    /// The case, unless it is being opened.
    pub case: Option<&'a Case>,
    /// Who types.
    pub actor: &'a ActorView,
    /// Now.
    pub now: Timestamp,
}

impl FormContext<'_> {
    fn names<'b>(&'b self, form: &'b Fields, fields: &'b [Field]) -> Names<'b> {
        Names {
            rows: self.world,
            process: self.process,
            case: self.case,
            form: Some((form, fields)),
            actor: Some(self.actor),
            now: self.now,
        }
    }

    fn place(&self) -> Option<PlaceCode> {
        self.case.map(|case| case.place)
    }
}

fn finding(field: &Field, problem: &str) -> FieldFinding {
    FieldFinding { field: field.name.clone(), problem: problem.to_owned(), message: None, args: BTreeMap::new() }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Reads `input` against `fields`.
///
/// # Errors
/// Every finding, in the order of the fields; values that name no field come last.
pub fn read_form(context: &FormContext<'_>, fields: &[Field], input: &Fields) -> Result<Fields, Vec<FieldFinding>> {
    let mut values = Fields::new();
    let mut findings = Vec::new();
    for field in fields {
        let given = input.get(&field.name).filter(|value| !is_blank(value)).or(field.default.as_ref());
        let Some(given) = given else { continue };
        match value::read(context, field, given) {
            // Control characters alone leave nothing behind: that is no value.
            Ok(value) if is_blank(&value) => {}
            Ok(value) => {
                values.insert(field.name.clone(), value);
            }
            Err(problem) => findings.push(problem),
        }
    }
    let hidden: Vec<String> = {
        let names = context.names(&values, fields);
        let shown = |field: &Field| field.when.as_ref().is_none_or(|when| when.holds(&names));
        fields.iter().filter(|field| !shown(field)).map(|field| field.name.clone()).collect()
    };
    values.retain(|name, _| !hidden.contains(name));
    findings.retain(|finding| !hidden.contains(&finding.field));
    check(context, fields, (&values, &hidden), &mut findings);
    let unknown = input.keys().filter(|name| !fields.iter().any(|field| field.name == **name));
    findings.extend(unknown.map(|name| FieldFinding {
        field: name.clone(),
        problem: "unknown_field".to_owned(),
        message: None,
        args: BTreeMap::new(),
    }));
    if findings.is_empty() { Ok(values) } else { Err(findings) }
}

/// Whether a value that is stored stands as `field` declares it now: what `field` would store if it were typed again.
#[must_use]
pub fn still_fits(context: &FormContext<'_>, field: &Field, stored: &Value) -> bool {
    value::read(context, field, stored).is_ok_and(|read| read == *stored)
}

fn check(
    context: &FormContext<'_>,
    fields: &[Field],
    (values, hidden): (&Fields, &[String]),
    findings: &mut Vec<FieldFinding>,
) {
    let names = context.names(values, fields);
    for field in fields.iter().filter(|field| !hidden.contains(&field.name)) {
        if findings.iter().any(|finding| finding.field == field.name) {
            continue;
        }
        let required = match &field.required {
            Required::No => false,
            Required::Yes => true,
            Required::If(expr) => expr.holds(&names),
        };
        if !values.contains_key(&field.name) {
            if required {
                findings.push(finding(field, "required"));
            }
            continue;
        }
        let failed = field.checks.iter().filter(|check| !check.holds.holds(&names));
        findings.extend(
            failed.map(|check| FieldFinding { message: Some(check.message.clone()), ..finding(field, "check") }),
        );
    }
}

/// The civil day forms are read on.
fn today(context: &FormContext<'_>) -> jiff::civil::Date {
    local_date(context.now)
}

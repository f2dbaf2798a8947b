//! Reading what was typed into typed values: every problem is named, never only the first.
//!
//! Browsers send everything as text, programs send JSON; both are accepted and stored the same. Personal values are
//! sealed by the caller after reading.

mod amount;
mod bounds;
mod identity;
mod shape;
mod table;
mod value;

use crate::world::World;
use ganglion_model::clocks::local_date;
use ganglion_model::expr::{Expr, Scope};
use ganglion_model::pack::{Check, Field, FieldKind, Process, Required};
use ganglion_model::row::Case;
use ganglion_model::scope::{ActorView, Names, RowNames, Rows};
use ganglion_model::{FieldFinding, Fields, PlaceCode};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a form is read against.
pub struct FormContext<'a> {
    /// The world.
    pub world: &'a World,
    /// Rows that may be referred to.
    pub rows: &'a dyn Rows,
    /// The process.
    pub process: &'a Process,
    /// The case, unless it is being opened.
    pub case: Option<&'a Case>,
    /// What stood there before: a reference that stays is not asked for anew.
    pub before: Option<&'a Fields>,
    /// Who types.
    pub actor: &'a ActorView,
    /// Now.
    pub now: Timestamp,
}

impl FormContext<'_> {
    fn names<'b>(&'b self, form: &'b Fields, fields: &'b [Field]) -> Names<'b> {
        Names {
            rows: self.rows,
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
        Value::Object(cells) => cells.is_empty(),
        _ => false,
    }
}

/// Reads `input` against `fields`.
///
/// # Errors
/// Every finding, in the order of the fields; values that name no field come last.
pub fn read_form(context: &FormContext<'_>, fields: &[Field], input: &Fields) -> Result<Fields, Vec<FieldFinding>> {
    let Judged { values, hidden, mut findings, .. } = judge(context, fields, input);
    let names = context.names(&values, fields);
    let good = |field: &&Field| !findings.iter().any(|found| table_of(&found.field) == field.name);
    let judged: Vec<&Field> = fields.iter().filter(|field| !hidden.contains(&field.name)).filter(good).collect();
    let named = Named { context, before: context.before };
    check_fields(&names, judged.iter().copied(), (&values, &named), &mut findings);
    for field in judged {
        if let Some(table) = values.get(&field.name).filter(|_| table::columns(field).is_some()) {
            table::check((context, &names), field, table, &mut findings);
        }
    }
    findings.retain(|found| found.problem != "required" || !is_kept(context, fields, &found.field));
    let unknown = input.keys().filter(|name| !fields.iter().any(|field| field.name == **name));
    findings.extend(unknown.map(|name| FieldFinding {
        field: name.clone(),
        problem: "unknown_field".to_owned(),
        message: None,
        args: BTreeMap::new(),
    }));
    if findings.is_empty() { Ok(values) } else { Err(findings) }
}

/// Whether the case holds a personal value already that a step asks again: whoever fills in the step sees a mask at most, so
/// leaving it empty leaves it as it is.
fn is_kept(context: &FormContext<'_>, fields: &[Field], name: &str) -> bool {
    let asks = fields.iter().any(|field| field.name == name && field.personal);
    let declared = context.process.field(name).is_some_and(|field| field.personal);
    asks && declared && context.case.is_some_and(|case| case.fields.contains_key(name))
}

/// Whether a value that is stored stands as `field` declares it now: what `field` would store if it were typed again.
#[must_use]
pub fn still_fits(context: &FormContext<'_>, field: &Field, stored: &Value) -> bool {
    value::read(context, field, stored).is_ok_and(|read| read == *stored)
}

/// A form as far as it is filled in: nothing is demanded yet.
pub struct Judged {
    /// What could be read, and what follows from it.
    pub values: Fields,
    /// Fields that do not apply to it.
    pub hidden: Vec<String>,
    /// What could not be read.
    pub findings: Vec<FieldFinding>,
    /// What is unusual and taken all the same: one hint a field.
    pub hints: Vec<FieldFinding>,
}

/// Reads what is typed so far, works out what is computed and which fields apply.
#[must_use]
pub fn judge(context: &FormContext<'_>, fields: &[Field], input: &Fields) -> Judged {
    let (mut values, mut findings) = read_values(context, fields, input);
    // Conditions may look at what is computed, and what is computed at what does not apply: hence twice.
    settle(context, fields, &mut values);
    let hidden: Vec<String> = {
        let names = context.names(&values, fields);
        let shown = |field: &Field| field.when.as_ref().is_none_or(|when| when.holds(&names));
        fields.iter().filter(|field| !shown(field)).map(|field| field.name.clone()).collect()
    };
    values.retain(|name, _| !hidden.contains(name));
    findings.retain(|finding| !hidden.iter().any(|name| *name == table_of(&finding.field)));
    settle(context, fields, &mut values);
    values.retain(|name, _| !hidden.contains(name));
    let hints = hints(&context.names(&values, fields), fields, &values);
    Judged { values, hidden, findings, hints }
}

/// What a form hints at, of the values given.
#[must_use]
pub fn hints(names: &dyn Scope, fields: &[Field], values: &Fields) -> Vec<FieldFinding> {
    let given = fields.iter().filter(|field| values.contains_key(&field.name));
    let hint = |field: &Field| {
        let warn = field.warns.iter().find(|warn| !warn.holds.holds(names))?;
        Some(FieldFinding { message: Some(warn.message.clone()), ..finding(field, "check") })
    };
    given.filter_map(hint).collect()
}

/// The field a finding is about: that of the table for a cell.
fn table_of(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Each value by itself, defaults included.
fn read_values(context: &FormContext<'_>, fields: &[Field], input: &Fields) -> (Fields, Vec<FieldFinding>) {
    let mut values = Fields::new();
    let mut findings = Vec::new();
    for field in fields {
        let typed = input.get(&field.name).filter(|value| !is_blank(value));
        if !field.is_typed() {
            findings.extend(typed.map(|_| finding(field, "not_typed")));
            continue;
        }
        let default = || field.default.clone().or_else(|| default_of(context, field));
        let Some(given) = typed.cloned().or_else(default) else { continue };
        let read = match &field.kind {
            FieldKind::Table { .. } => table::read(context, field, &given),
            _ => value::read(context, field, &given).map_err(|one| vec![one]),
        };
        match read {
            // Control characters alone leave nothing behind: that is no value.
            Ok(value) if is_blank(&value) => {}
            Ok(value) => {
                values.insert(field.name.clone(), value);
            }
            Err(problems) => findings.extend(problems),
        }
    }
    (values, findings)
}

/// What stands in a field before anything is typed, where that is worked out.
fn default_of(context: &FormContext<'_>, field: &Field) -> Option<Value> {
    let none = Fields::new();
    let names = context.names(&none, &[]);
    field.default_from.as_ref().map(|expr| expr.eval(&names).to_json()).filter(|value| !value.is_null())
}

/// Works out what is computed: cells first, then fields.
fn settle(context: &FormContext<'_>, fields: &[Field], values: &mut Fields) {
    for field in fields {
        let Some(columns) = table::columns(field) else { continue };
        let settled =
            values.get(&field.name).map(|table| table::settled(&context.names(values, fields), columns, table));
        values.extend(settled.map(|table| (field.name.clone(), table)));
    }
    compute(fields, values, |values, expr| expr.eval(&context.names(values, fields)).to_json());
}

/// Evaluates the computed fields of `fields` until nothing changes; the checker has seen that none needs itself, so each
/// round settles at least one.
pub(super) fn compute(fields: &[Field], values: &mut Fields, eval: impl Fn(&Fields, &Expr) -> Value) {
    let computed: Vec<(&Field, &Expr)> =
        fields.iter().filter_map(|field| Some((field, field.computed.as_ref()?))).collect();
    for _ in 0..computed.len() {
        let mut changed = false;
        for (field, expr) in &computed {
            let value = Some(eval(values, expr)).filter(|value| !value.is_null());
            if values.get(&field.name) == value.as_ref() {
                continue;
            }
            changed = true;
            match value {
                Some(value) => values.insert(field.name.clone(), value),
                None => values.remove(&field.name),
            };
        }
        if !changed {
            return;
        }
    }
}

/// Whether an expression looks at one of these fields of the form.
fn looks_at(expr: &Expr, fields: &[String]) -> bool {
    let mut paths = Vec::new();
    expr.paths(&mut paths);
    let mut named = paths.iter().filter(|path| path.first().is_some_and(|root| root == "form"));
    named.any(|path| path.get(1).is_some_and(|name| fields.contains(name)))
}

/// The rows that references name.
struct Named<'a> {
    context: &'a FormContext<'a>,
    /// What stood in the same fields before.
    before: Option<&'a Fields>,
}

impl Named<'_> {
    /// What a row that is named anew is not, and would have to be.
    fn unfit<'f>(&self, field: &'f Field, value: &Value) -> Option<&'f Check> {
        let (FieldKind::Ref { register } | FieldKind::Refs { register, .. }) = &field.kind else { return None };
        let keys = |value: &Value| -> Vec<String> {
            let all = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
            all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let stood = self.before.and_then(|before| before.get(&field.name)).map(keys).unwrap_or_default();
        let (rows, day) = (self.context.rows, today(self.context));
        keys(value).iter().filter(|key| !stood.contains(key)).find_map(|key| {
            let row = rows.row(register, key, day)?;
            let names = RowNames { today: Some(day), ..RowNames::of(rows, row) };
            field.offered.iter().find(|check| !check.holds.holds(&names))
        })
    }
}

/// What is demanded, bounds, and conditions with their own words.
fn check_fields<'f>(
    names: &dyn Scope,
    fields: impl Iterator<Item = &'f Field>,
    (values, named): (&Fields, &Named<'_>),
    findings: &mut Vec<FieldFinding>,
) {
    let unread: Vec<String> = findings.iter().map(|found| table_of(&found.field).to_owned()).collect();
    for field in fields {
        let required = match &field.required {
            Required::No => false,
            Required::Yes => true,
            // What turns on a value that could not be read is not known yet; the form comes back for that value.
            Required::If(expr) => !looks_at(expr, &unread) && expr.holds(names),
        };
        let Some(value) = values.get(&field.name) else {
            if required {
                findings.push(finding(field, "required"));
            }
            continue;
        };
        if let Some(outside) = bounds::outside(names, field, value) {
            findings.push(outside);
            continue;
        }
        if let Some(check) = named.unfit(field, value) {
            findings.push(FieldFinding { message: Some(check.message.clone()), ..finding(field, "check") });
            continue;
        }
        let failed = field.checks.iter().filter(|check| !check.holds.holds(names));
        findings.extend(
            failed.map(|check| FieldFinding { message: Some(check.message.clone()), ..finding(field, "check") }),
        );
    }
}

/// The civil day forms are read on.
fn today(context: &FormContext<'_>) -> jiff::civil::Date {
    local_date(context.now)
}

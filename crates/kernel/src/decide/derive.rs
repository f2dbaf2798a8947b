//! Values the system gives: computed fields of cases and register rows, kept as the row is written, and numbers.
//!
//! A computed value of a case is worked out again when an action changes what it is computed from, and only then: one that
//! looks at `today` does not drift with every later step.

use super::draft::Draft;
use super::form::compute;
use super::number::next;
use super::rows::KnownRows;
use super::{Given, State};
use crate::world::World;
use ganglion_model::change::Op;
use ganglion_model::expr::Expr;
use ganglion_model::pack::{Field, FieldKind, Process, Register};
use ganglion_model::row::Record;
use ganglion_model::scope::{Names, RowNames};
use ganglion_model::{Fields, PlaceCode, Shard};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// Gives the numbers declared among `fields`; `owner` is the process or register.
pub fn number(
    (state, given): (&State, &Given),
    (owner, fields): (&str, &[Field]),
    (shard, place): (Shard, PlaceCode),
    (values, numbering): (&mut Fields, &mut Vec<(String, u64)>),
) {
    for field in fields {
        let FieldKind::Serial { number } = &field.kind else { continue };
        if values.contains_key(&field.name) {
            continue;
        }
        let name = format!("{owner}.{}", field.name);
        let numbered = next((state, numbering), (&name, number), (shard, place, None), given.now);
        numbering.push((numbered.sequence, numbered.value));
        values.insert(field.name.clone(), Value::String(numbered.number));
    }
}

/// Gives the numbers declared among the fields of a case that is opened.
pub fn serials(
    at: (&State, &Given),
    process: &Process,
    (shard, place): (Shard, PlaceCode),
    (values, numbering): (&mut Fields, &mut Vec<(String, u64)>),
) {
    for fields in [&process.form, &process.fields] {
        let owner = format!("{}.field", process.name);
        number(at, (&owner, fields), (shard, place), (&mut *values, &mut *numbering));
    }
}

/// What an expression looks at: names of fields and other facts of the case.
fn inputs(expr: &Expr) -> impl Iterator<Item = &str> {
    let mut paths = Vec::new();
    expr.paths(&mut paths);
    paths.into_iter().filter_map(|path| match path.first().map(String::as_str) {
        Some("case" | "form" | "row") => path.get(1).map(String::as_str),
        other => other,
    })
}

/// What the ops of a draft changed, by the names expressions have for it.
fn changed(ops: &[Op]) -> BTreeSet<String> {
    let name = |op: &Op| match op {
        Op::Set { field, .. } => Some(field.clone()),
        Op::Count { name } => Some(name.clone()),
        Op::State { .. } => Some("state".to_owned()),
        Op::Place { .. } => Some("place".to_owned()),
        Op::Level { .. } => Some("level".to_owned()),
        Op::Assign { .. } => Some("assignee".to_owned()),
        Op::Mark { .. } => Some("mark".to_owned()),
        _ => None,
    };
    let mut names: BTreeSet<String> = ops.iter().filter_map(name).collect();
    if names.contains("state") {
        names.extend(["first", "last", "clock", "closed_at"].map(str::to_owned));
    }
    if names.contains("place") {
        names.insert("moved".to_owned());
    }
    names
}

/// Works out the computed fields of a case again: all of them when it is opened, later those whose inputs changed.
pub fn case(world: &World, process: &Process, draft: &mut Draft, now: Timestamp, opening: bool) {
    let fields: Vec<&Field> =
        process.form.iter().chain(&process.fields).filter(|field| field.computed.is_some()).collect();
    for _ in 0..fields.len() {
        let changed = changed(&draft.ops);
        let before = draft.ops.len();
        for field in &fields {
            let Some(expr) = &field.computed else { continue };
            if !opening && !inputs(expr).any(|input| changed.contains(input)) {
                continue;
            }
            let value = {
                let form = Some((&draft.case.fields, process.form.as_slice()));
                let names = Names { rows: world, process, case: Some(&draft.case), form, actor: None, now };
                expr.eval(&names).to_json()
            };
            if draft.case.fields.get(&field.name).unwrap_or(&Value::Null) != &value {
                draft.op(Op::Set { field: field.name.clone(), value });
            }
        }
        if draft.ops.len() == before {
            return;
        }
    }
}

/// Works out the computed fields of a register row; `previous` is the row before it in its series where that is known
/// better than the rows know it.
fn record(rows: &KnownRows<'_>, fields: &[Field], record: &mut Record, previous: Option<&Record>) {
    let mut values = std::mem::take(&mut record.fields);
    compute(fields, &mut values, |values, expr| {
        let row = Record { fields: values.clone(), ..record.clone() };
        expr.eval(&RowNames { rows, record: &row, previous, today: None }).to_json()
    });
    record.fields = values;
}

/// The row after `row` in its series, worked out anew: what it computes from the row before it may have changed. Its
/// version stays, since nobody changed what was typed. `None` when nothing comes out differently.
#[must_use]
pub fn following(
    (world, state): (&World, &State),
    register: &Register,
    (row, ended): (&Record, bool),
    now: Timestamp,
) -> Option<Record> {
    let looks_back = |field: &Field| field.computed.as_ref().is_some_and(|expr| inputs_of(expr, "previous"));
    if register.series.is_none() || !register.fields.iter().any(looks_back) {
        return None;
    }
    let rows = KnownRows::new(world, state, row.shard);
    let group = register.group_of(&row.fields)?;
    let next = rows.beside(&register.name, (&group, &row.key), true)?;
    let previous = if ended { rows.beside(&register.name, (&group, &row.key), false) } else { Some(row) };
    let mut again = next.clone();
    match previous {
        Some(previous) => record(&rows, &register.fields, &mut again, Some(previous)),
        // The first of its series now: nothing lies before it.
        None => first_of_series(&rows, register, &mut again),
    }
    (again.fields != next.fields).then_some(Record { updated_at: now, ..again })
}

/// Works out a row that has none before it, whatever the rows say.
fn first_of_series(rows: &KnownRows<'_>, register: &Register, row: &mut Record) {
    let nothing = Record { fields: Fields::new(), ..row.clone() };
    record(rows, &register.fields, row, Some(&nothing));
}

/// Whether an expression looks at anything under `root`.
fn inputs_of(expr: &Expr, root: &str) -> bool {
    let mut paths = Vec::new();
    expr.paths(&mut paths);
    paths.iter().any(|path| path.first().is_some_and(|first| first == root))
}

/// A row keeps the numbers it was given, and what steps of cases set.
pub fn keep_numbers(register: &Register, before: Option<&Record>, row: &mut Record) {
    for field in register.fields.iter().filter(|field| field.is_kept()) {
        if let Some(given) = before.and_then(|before| before.fields.get(&field.name)) {
            row.fields.insert(field.name.clone(), given.clone());
        }
    }
}

/// Everything the system gives a new or changed register row.
pub fn finish(world: &World, (state, given): (&State, &Given), row: &mut Record, numbering: &mut Vec<(String, u64)>) {
    let Some(register) = world.model.registers.get(&row.register) else { return };
    // A row is numbered by its place, one of the whole installation by that.
    let place = row.place.unwrap_or(world.places.root);
    let (owner, fields) = (register.name.as_str(), register.fields.as_slice());
    number((state, given), (owner, fields), (row.shard, place), (&mut row.fields, numbering));
    record(&KnownRows::new(world, state, row.shard), fields, row, None);
}

//! Rows a register starts with, from CSV. Every bad cell is named.

use crate::cx::Cx;
use crate::lists::{check_span, table};
use crate::load::Loaded;
use crate::lower::{seed_values, value};
use crate::sink::At;
use crate::table::{Cell, Table};
use crate::yaml::Node;
use ganglion_model::Fields;
use ganglion_model::Model;
use ganglion_model::pack::{Field, FieldKind, Register, Required, Scope, Seed};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

/// A row with the places of its cells, for checks that need all rows of all registers.
pub struct Placed {
    /// The row.
    pub seed: Seed,
    /// Where it starts.
    pub at: At,
    /// Places of reference cells: field, place.
    refs: Vec<(String, At)>,
}

/// Rows of all registers, before references between them are checked.
pub type AllRows = BTreeMap<String, Vec<Placed>>;

/// Rows of the register declared by `node`.
pub fn lower(cx: Cx<'_>, pack: &Loaded, node: &Node, register: &Register) -> Vec<Placed> {
    let Some(path) = node.get("seed") else { return Vec::new() };
    if register.scope != Scope::Deployment {
        let message = "rows of a register kept by place belong to one installation: a pack cannot bring them";
        let remedy = "leave `seed` out and import the table on the page of the register, or keep the register for the deployment with `owner: <place field>`";
        cx.sink.error_help(path.at, "seed-by-place", message, remedy);
        return Vec::new();
    }
    let Some(table) = table(cx, pack, path) else { return Vec::new() };
    let mut known: Vec<&str> = register.fields.iter().map(|field| field.name.as_str()).collect();
    if register.dated {
        known.extend(["valid_from", "valid_to"]);
    }
    for cell in table.head.iter().filter(|cell| !known.contains(&cell.text.as_str())) {
        let message = format!("the register `{}` has no field `{}`", register.name, cell.text);
        cx.unknown((cell.at, "unknown-column"), &message, &cell.text, known.iter().copied());
    }
    let needed = register.fields.iter().filter(|field| field.required == Required::Yes && field.when.is_none());
    for field in needed.filter(|field| table.column(&field.name).is_none()) {
        if let Some(head) = table.head.first() {
            let message = format!("the column `{}` is missing, and the field is required", field.name);
            cx.sink.error_help(head.at, "missing-column", message, "add it");
        }
    }
    let rows = table.rows.iter().filter_map(|row| one(cx, &table, row, register)).collect();
    overlaps(cx, register, &rows);
    rows
}

fn one(cx: Cx<'_>, table: &Table, row: &[Cell], register: &Register) -> Option<Placed> {
    let mut fields = Fields::new();
    let mut refs = Vec::new();
    for field in &register.fields {
        let Some(cell) = table.column(&field.name).map(|n| &row[n]) else {
            continue;
        };
        if !field.is_typed() {
            let message = format!("`{}` is given by the system and stands in no table", field.name);
            cx.sink.error_help(cell.at, "given-by-the-system", message, "leave the column out");
            continue;
        }
        if let Some(value) = cell_value(cx, field, cell) {
            if matches!(field.kind, FieldKind::Ref { .. } | FieldKind::Refs { .. }) {
                refs.push((field.name.clone(), cell.at));
            }
            fields.insert(field.name.clone(), value);
        }
    }
    let day = |name: &str| {
        let cell = &row[table.column(name)?];
        if cell.text.is_empty() { None } else { cx.date(cell.at, &cell.text) }
    };
    let (valid_from, valid_to) = (day("valid_from"), day("valid_to"));
    let at = row.first()?.at;
    check_span(cx, at, valid_from, valid_to);
    // A row with bad cells stays, so that rows that refer to it are not reported as well.
    let parts: Option<Vec<&str>> =
        register.key_fields().map(|name| table.column(name).map(|n| row[n].text.as_str())).collect();
    let key = parts?.join("/");
    Some(Placed { seed: Seed { key, valid_from, valid_to, fields }, at, refs })
}

fn cell_value(cx: Cx<'_>, field: &Field, cell: &Cell) -> Option<Value> {
    if cell.text.is_empty() {
        if field.required == Required::Yes && field.when.is_none() {
            cx.sink.error(cell.at, "empty-cell", format!("`{}` is required, and this cell is empty", field.name));
        }
        return field.default.clone();
    }
    value::read(cx, cell.at, &field.kind, &cell.text)
}

/// Versions of a row may not overlap; without dates a key stands once.
fn overlaps(cx: Cx<'_>, register: &Register, rows: &Vec<Placed>) {
    let mut by_key: BTreeMap<&str, Vec<&Placed>> = BTreeMap::new();
    for row in rows {
        by_key.entry(&row.seed.key).or_default().push(row);
    }
    for (key, mut versions) in by_key {
        versions.sort_by_key(|row| row.seed.valid_from);
        for pair in versions.windows(2) {
            let (first, second) = (pair[0], pair[1]);
            let ends = first.seed.valid_to.unwrap_or(Date::MAX);
            if second.seed.valid_from.unwrap_or(Date::MIN) < ends {
                let message = format!("`{key}` stands in line {} too, for days that overlap", first.at.line);
                let remedy = if register.dated { "end the first with `valid_to`" } else { "keep one of the two" };
                cx.sink.error_help(second.at, "duplicate-row", message, remedy);
            }
        }
    }
}

/// Checks references between rows, then hands the rows to the model.
pub fn finish(cx: Cx<'_>, all: AllRows, model: &mut Model) {
    for (name, rows) in &all {
        let Some(register) = model.registers.get(name) else {
            continue;
        };
        for (row, (field, at)) in rows.iter().flat_map(|row| row.refs.iter().map(move |one| (row, one))) {
            let Some(FieldKind::Ref { register: to } | FieldKind::Refs { register: to, .. }) =
                register.field(field).map(|field| &field.kind)
            else {
                continue;
            };
            let Some(targets) = all.get(to).filter(|rows| !rows.is_empty()) else {
                continue;
            };
            let keys = match row.seed.fields.get(field) {
                Some(Value::Array(keys)) => keys.iter().filter_map(Value::as_str).collect(),
                other => vec![other.and_then(Value::as_str).unwrap_or_default()],
            };
            for key in keys.into_iter().filter(|key| !targets.iter().any(|row| row.seed.key == **key)) {
                let known = targets.iter().map(|row| row.seed.key.as_str());
                cx.unknown((*at, "unknown-row"), &format!("the register `{to}` has no row `{key}`"), key, known);
            }
        }
    }
    for (name, rows) in all.into_iter().filter(|(_, rows)| !rows.is_empty()) {
        model.seeds.insert(name, rows.into_iter().map(|row| row.seed).collect());
    }
    let computed = seed_values::all(model);
    for (register, row, fields) in computed {
        if let Some(seed) = model.seeds.get_mut(&register).and_then(|rows| rows.get_mut(row)) {
            seed.fields = fields;
        }
    }
}

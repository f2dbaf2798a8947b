//! Tables: rows inside a row. Cells are read as fields are; a finding names table, row (counted from 0, blank ones left out) and column.

use super::value::with;
use super::{FormContext, Named, check_fields, compute, finding, is_blank, read_values};
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::scope::{InRow, Names};
use ganglion_model::{FieldFinding, Fields};
use serde_json::Value;

/// The columns of a table field.
pub fn columns(field: &Field) -> Option<&[Field]> {
    match &field.kind {
        FieldKind::Table { fields, .. } => Some(fields),
        _ => None,
    }
}

/// Reads the rows of `given`; rows of which nothing is filled in are left out.
///
/// # Errors
/// Every finding of every cell, or of the table as a whole.
pub fn read(context: &FormContext<'_>, field: &Field, given: &Value) -> Result<Value, Vec<FieldFinding>> {
    let FieldKind::Table { fields, min_rows, max_rows } = &field.kind else {
        return Err(vec![finding(field, "not_a_table")]);
    };
    let rows = given.as_array().ok_or_else(|| vec![finding(field, "not_a_table")])?;
    // A mask may no more come back in a cell than in a field of its own.
    let judged: Vec<Field> = if field.personal {
        fields.iter().map(|column| Field { personal: true, ..column.clone() }).collect()
    } else {
        Vec::new()
    };
    let fields = if field.personal { &judged } else { fields };
    let mut read = Vec::new();
    let mut findings = Vec::new();
    for row in rows {
        let number = read.len();
        let Some(cells) = row.as_object() else {
            return Err(vec![finding(field, "not_a_table")]);
        };
        if cells.values().all(is_blank) {
            continue;
        }
        if read.len() >= *max_rows as usize {
            return Err(vec![with(field, "too_many_rows", "max", max_rows)]);
        }
        let input: Fields = cells.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let (values, found) = read_values(context, fields, &input);
        findings.extend(found.into_iter().map(|one| at_row(field, number, one)));
        let unknown = input.keys().filter(|name| !fields.iter().any(|column| column.name == **name));
        findings.extend(unknown.map(|name| FieldFinding {
            field: format!("{}.{number}.{name}", field.name),
            ..finding(field, "unknown_field")
        }));
        read.push(Value::Object(values.into_iter().collect()));
    }
    if read.len() < *min_rows as usize && !read.is_empty() {
        findings.push(with(field, "too_few_rows", "min", min_rows));
    }
    if findings.is_empty() { Ok(Value::Array(read)) } else { Err(findings) }
}

fn at_row(field: &Field, row: usize, finding: FieldFinding) -> FieldFinding {
    FieldFinding { field: format!("{}.{row}.{}", field.name, finding.field), ..finding }
}

fn rows(value: &Value) -> impl Iterator<Item = Fields> + '_ {
    let rows = value.as_array().into_iter().flatten().filter_map(Value::as_object);
    rows.map(|row| row.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The table with cells that do not apply taken out and computed cells worked out.
pub fn settled(names: &Names<'_>, columns: &[Field], table: &Value) -> Value {
    let settle = |mut row: Fields| {
        let hidden: Vec<&str> = {
            let inside = InRow { outer: names, row: &row, columns };
            let shown = |column: &&Field| column.when.as_ref().is_none_or(|when| when.holds(&inside));
            columns.iter().filter(|column| !shown(column)).map(|column| column.name.as_str()).collect()
        };
        row.retain(|name, _| !hidden.contains(&name.as_str()));
        compute(columns, &mut row, |row, expr| {
            let inside = InRow { outer: names, row, columns };
            expr.eval(&inside).to_json()
        });
        Value::Object(row.into_iter().collect())
    };
    Value::Array(rows(table).map(settle).collect())
}

/// All there is in each column of a table.
fn in_columns(table: &Value) -> Fields {
    let mut all = Fields::new();
    for (name, value) in rows(table).flatten() {
        let each = if let Value::Array(several) = value { several } else { vec![value] };
        if let Value::Array(known) = all.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
            known.extend(each);
        }
    }
    all
}

/// Judges every row: what is required, bounds, which rows are named, checks.
pub fn check(
    (context, names): (&FormContext<'_>, &Names<'_>),
    field: &Field,
    table: &Value,
    findings: &mut Vec<FieldFinding>,
) {
    let Some(columns) = columns(field) else { return };
    // Rows of a table have no names of their own: what stood in any of them may stand in each.
    let stood = context.before.and_then(|before| before.get(&field.name)).map(in_columns);
    let named = Named { context, before: stood.as_ref() };
    for (number, row) in rows(table).enumerate() {
        let inside = InRow { outer: names, row: &row, columns };
        let shown = |column: &&Field| column.when.as_ref().is_none_or(|when| when.holds(&inside));
        let mut found = Vec::new();
        check_fields(&inside, columns.iter().filter(shown), (&row, &named), &mut found);
        findings.extend(found.into_iter().map(|one| at_row(field, number, one)));
    }
}

//! Tables of a case in effects: a row more, the rows one by one for what is done for each of them, and a table handed on.

use super::draft::Draft;
use crate::seal::is_sealed;
use ganglion_model::Fields;
use ganglion_model::change::{Op, Refusal, RefusalCode};
use ganglion_model::expr::{Expr, Scope, Val};
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::row::Case;
use ganglion_model::scope::Names;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Most rows gone through by one effect.
const ROWS_MAX: usize = 100;

/// The rows of a table of a case.
pub fn rows(case: &Case, field: &str) -> Vec<Value> {
    let rows = case.fields.get(field).and_then(Value::as_array);
    rows.into_iter().flatten().take(ROWS_MAX).cloned().collect()
}

/// What `value` stands for, to be stored. An expression sees no more than the columns of a table; one that is named as a
/// whole (`form.items`, `case.items`, `case.item.papers`) is handed on as it stands.
pub fn stored(value: &Expr, (form, case): (&Fields, &Case), names: &dyn Scope) -> Value {
    let whole = whole(value, form, case).or_else(|| match value {
        Expr::Path(path) => names.table(path),
        _ => None,
    });
    whole.cloned().unwrap_or_else(|| value.eval(names).to_json())
}

fn whole<'a>(value: &Expr, form: &'a Fields, case: &'a Case) -> Option<&'a Value> {
    let Expr::Path(path) = value else { return None };
    let [root, name] = path.as_slice() else { return None };
    let fields = match root.as_str() {
        "form" => form,
        "case" => &case.fields,
        _ => return None,
    };
    fields.get(name).filter(|value| value.as_array().is_some_and(|rows| rows.iter().any(Value::is_object)))
}

/// A table with the columns its field has: what it has no column for stays behind.
pub fn kept(value: Value, declared: Option<&Field>) -> Value {
    with_columns(value, declared, |_| true)
}

/// A table as a form takes it: what is computed there is worked out anew, and columns it does not have stay behind.
pub fn typed(value: Value, declared: Option<&Field>) -> Value {
    with_columns(value, declared, Field::is_typed)
}

fn with_columns(value: Value, declared: Option<&Field>, wanted: impl Fn(&Field) -> bool) -> Value {
    let Some(FieldKind::Table { fields, .. }) = declared.map(|field| &field.kind) else { return value };
    let is_kept = |name: &str| fields.iter().any(|column| column.name == name && wanted(column));
    let row = |row: Value| match row {
        Value::Object(cells) => Value::Object(cells.into_iter().filter(|(name, _)| is_kept(name)).collect()),
        other => other,
    };
    match value {
        Value::Array(rows) => Value::Array(rows.into_iter().map(row).collect()),
        other => other,
    }
}

/// The names of an effect, and `row` for the row it is done for.
pub struct OfRow<'a> {
    /// Everything else.
    pub names: Names<'a>,
    /// The row.
    pub row: &'a Value,
}

impl Scope for OfRow<'_> {
    fn get<'a>(&'a self, path: &[String]) -> Val<'a> {
        match path {
            [root, column] if root == "row" => self.row.get(column).map_or(Val::Null, Val::from_json),
            _ => self.names.get(path),
        }
    }

    fn area_at<'a>(&'a self, register: &str, point: [f64; 2]) -> Val<'a> {
        self.names.area_at(register, point)
    }

    fn table(&self, path: &[String]) -> Option<&Value> {
        self.names.table(path)
    }
}

/// Adds a row; a table that is full refuses the step. A value sealed under a key stays out of the row.
pub fn add(
    draft: &mut Draft,
    declared: Option<&Field>,
    set: &BTreeMap<String, Expr>,
    values: impl Fn(&Expr) -> Value,
) -> Result<(), Refusal> {
    let Some((name, FieldKind::Table { max_rows, .. })) = declared.map(|field| (&field.name, &field.kind)) else {
        return Err(Refusal::new(RefusalCode::Unknown));
    };
    let mut rows = draft.case.fields.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    if rows.len() >= usize::try_from(*max_rows).unwrap_or(usize::MAX) {
        return Err(Refusal::new(RefusalCode::Guard).with("reason", "table_full"));
    }
    let cells = set.iter().map(|(column, value)| (column.clone(), values(value)));
    let row: Map<String, Value> =
        cells.filter(|(_, value)| !value.is_null() && !value.as_str().is_some_and(is_sealed)).collect();
    rows.push(Value::Object(row));
    draft.op(Op::Set { field: name.clone(), value: Value::Array(rows) });
    Ok(())
}

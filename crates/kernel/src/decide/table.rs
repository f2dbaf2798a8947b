//! Tables of a case in effects: a row more, and the rows one by one for what is done for each of them.

use super::draft::Draft;
use crate::seal::is_sealed;
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

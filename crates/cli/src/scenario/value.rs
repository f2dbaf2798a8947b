//! Values as scenarios write them: forms in flow YAML, posts as `role@code`, cases by the name the scenario gave them.

use ganglion_model::Fields;
use ganglion_model::pack::{Field, FieldKind};
use serde_json::Value;

/// Reads a flow mapping such as `{category: "0101", place: "130903001001"}`.
///
/// # Errors
/// What is wrong with it.
pub fn form(text: &str) -> Result<Fields, String> {
    serde_saphyr::from_str::<Fields>(text).map_err(|error| {
        let said = error.to_string();
        said.lines().next().unwrap_or_default().to_owned()
    })
}

/// A value as one line, for comparing and for showing: texts bare, lists with commas, nothing as `none`.
pub fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().map(|item| shown(Some(item))).collect::<Vec<_>>().join(", "),
        Some(Value::Object(cells)) => {
            let cells = cells.iter().map(|(name, value)| format!("{name}: {}", shown(Some(value))));
            format!("{{{}}}", cells.collect::<Vec<_>>().join(", "))
        }
        Some(other) => other.to_string(),
    }
}

/// What an expectation says, brought to the form of [`shown`]: quotes and list brackets dropped.
pub fn expected(text: &str) -> String {
    let text = text.trim();
    let is_yaml = text.starts_with(['[', '"', '\'']);
    match serde_saphyr::from_str::<Value>(text) {
        Ok(value) if is_yaml => shown(Some(&value)),
        _ => text.to_owned(),
    }
}

/// How names in a form are understood.
pub trait Lookup {
    /// The id of a post written `role@code` or as an account's name; `roles` it may have, empty for any.
    fn post(&self, text: &str, roles: &[String]) -> Option<String>;
    /// The number of a case by the scenario's name for it.
    fn number(&self, name: &str) -> Option<String>;
}

/// Turns the scenario's way of writing into what a browser would send.
pub fn resolved(fields: &[Field], form: &Fields, lookup: &dyn Lookup) -> Fields {
    let one = |name: &String, value: &Value| match fields.iter().find(|field| field.name == *name) {
        Some(field) => typed(&field.kind, value, lookup),
        None => value.clone(),
    };
    form.iter().map(|(name, value)| (name.clone(), one(name, value))).collect()
}

fn typed(kind: &FieldKind, value: &Value, lookup: &dyn Lookup) -> Value {
    use FieldKind as K;
    match (kind, value) {
        (K::Posts { .. } | K::Choices { .. } | K::Refs { .. }, Value::Array(items)) => {
            Value::Array(items.iter().map(|item| typed(kind, item, lookup)).collect())
        }
        (K::Table { fields, .. }, Value::Array(rows)) => {
            Value::Array(rows.iter().map(|row| cells(fields, row, lookup)).collect())
        }
        (K::Post { roles, .. } | K::Posts { roles, .. }, Value::String(text)) => {
            Value::String(lookup.post(text, roles).unwrap_or_else(|| text.clone()))
        }
        (K::CaseRef { .. }, Value::String(text)) => Value::String(lookup.number(text).unwrap_or_else(|| text.clone())),
        // YAML reads bare digits as a number; where text is declared they were meant as they stand.
        (
            K::Text { .. }
            | K::LongText { .. }
            | K::Phone
            | K::CitizenId
            | K::CreditCode
            | K::Place { .. }
            | K::Ref { .. }
            | K::Refs { .. }
            | K::CaseRef { .. },
            Value::Number(number),
        ) => Value::String(number.to_string()),
        _ => value.clone(),
    }
}

/// A row of a table, cell by cell.
fn cells(columns: &[Field], row: &Value, lookup: &dyn Lookup) -> Value {
    match row {
        Value::Object(cells) => {
            let cells: Fields = cells.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            Value::Object(resolved(columns, &cells, lookup).into_iter().collect())
        }
        other => other.clone(),
    }
}

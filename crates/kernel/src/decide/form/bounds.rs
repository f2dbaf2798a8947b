//! Smallest and largest values, constants or expressions: numbers by value, days and times of day by their text.

use super::finding;
use ganglion_model::FieldFinding;
use ganglion_model::expr::{Scope, Val};
use ganglion_model::pack::{Field, FieldKind};
use serde_json::Value;
use std::cmp::Ordering;

/// What is wrong with `value`, if it lies outside; the finding names both bounds as they are stored.
pub fn outside(names: &dyn Scope, field: &Field, value: &Value) -> Option<FieldFinding> {
    let bound = |expr: &Option<ganglion_model::expr::Expr>| expr.as_ref().map(|expr| expr.eval(names).to_json());
    let (min, max) = (bound(&field.min), bound(&field.max));
    let beyond = |bound: &Option<Value>, wrong: Ordering| {
        bound.as_ref().is_some_and(|bound| order(&field.kind, value, bound) == Some(wrong))
    };
    if !beyond(&min, Ordering::Less) && !beyond(&max, Ordering::Greater) {
        return None;
    }
    let mut found = finding(field, "out_of_range");
    for (name, bound) in [("min", min), ("max", max)] {
        let text = bound.filter(|bound| !bound.is_null()).map(|bound| match bound {
            Value::String(text) => text,
            other => other.to_string(),
        });
        found.args.extend(text.map(|text| (name.to_owned(), text)));
    }
    Some(found)
}

fn order(kind: &FieldKind, value: &Value, bound: &Value) -> Option<Ordering> {
    match kind {
        FieldKind::Date | FieldKind::Time => Some(value.as_str()?.cmp(bound.as_str()?)),
        _ => Some(Val::from_json(value).number()?.cmp(&Val::from_json(bound).number()?)),
    }
}

//! Conditions that say the same whatever the case: folded from constants, and from the state an action stands in.

use ganglion_model::expr::{Cmp, Expr};
use serde_json::Value;

/// The value of a condition that needs no case to be known; `state` is the state the case is in, where that is certain.
pub fn fold(expr: &Expr, state: Option<&str>) -> Option<bool> {
    match expr {
        Expr::Lit(Value::Bool(value)) => Some(*value),
        Expr::Not(inner) => fold(inner, state).map(|value| !value),
        Expr::And(parts) => all(parts, state, false),
        Expr::Or(parts) => all(parts, state, true),
        Expr::Cmp(cmp, a, b) => compare(*cmp, &known(a, state)?, &known(b, state)?),
        Expr::In(item, list) => {
            let (item, Expr::List(items)) = (known(item, state)?, list.as_ref()) else { return None };
            let items: Vec<Value> = items.iter().map(|one| known(one, state)).collect::<Option<_>>()?;
            Some(items.contains(&item))
        }
        _ => None,
    }
}

/// Parts of which one that is `decisive` settles the whole.
fn all(parts: &[Expr], state: Option<&str>, decisive: bool) -> Option<bool> {
    let values: Vec<Option<bool>> = parts.iter().map(|part| fold(part, state)).collect();
    if values.contains(&Some(decisive)) {
        return Some(decisive);
    }
    values.iter().all(Option::is_some).then_some(!decisive)
}

fn known(expr: &Expr, state: Option<&str>) -> Option<Value> {
    match expr {
        Expr::Lit(value) => Some(value.clone()),
        Expr::Path(path) if *path == ["case", "state"] => state.map(Value::from),
        _ => None,
    }
}

fn compare(cmp: Cmp, a: &Value, b: &Value) -> Option<bool> {
    let order = match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?)?,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => return None,
    };
    Some(match cmp {
        Cmp::Eq => order.is_eq(),
        Cmp::Ne => order.is_ne(),
        Cmp::Lt => order.is_lt(),
        Cmp::Le => order.is_le(),
        Cmp::Gt => order.is_gt(),
        Cmp::Ge => order.is_ge(),
    })
}

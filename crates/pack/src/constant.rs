//! Conditions that say the same whatever the case: folded from constants, from the state an action stands in, and from the
//! roles of those who may take it.

use ganglion_model::expr::{Cmp, Expr};
use ganglion_model::pack::Who;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is certain where a condition is judged.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    /// The state the case is in.
    pub state: Option<&'a str>,
    /// Every role the actor can have; empty where it can be any.
    pub roles: Vec<&'a str>,
}

impl<'a> Known<'a> {
    /// What is certain in an action of `state` that `by` may take.
    pub fn action(state: &'a str, by: &'a [Who]) -> Known<'a> {
        let role = |who: &'a Who| match who {
            Who::Role { role, .. } | Who::RoleHandling { role } | Who::RoleTaken { role } => Some(role.as_str()),
            Who::System => Some("system"),
            // Whoever has the case, or opened it, may be of any role; a key acts as a post.
            Who::Assignee | Who::Assisting | Who::Reporter | Who::Public | Who::Staff | Who::Api => None,
        };
        Known { state: Some(state), roles: by.iter().map(role).collect::<Option<_>>().unwrap_or_default() }
    }

    fn is_role(path: &[String]) -> bool {
        path == ["actor", "role"]
    }

    /// A value that is certain.
    fn value(&self, expr: &Expr) -> Option<Value> {
        match expr {
            Expr::Lit(value) => Some(value.clone()),
            Expr::Path(path) if *path == ["case", "state"] => self.state.map(Value::from),
            Expr::Path(path) if Known::is_role(path) => match self.roles.as_slice() {
                [one] => Some(Value::from(*one)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether `a == b` asks for a role that nobody has who may stand here.
    fn other_role(&self, a: &Expr, b: &Expr) -> bool {
        match (a, b) {
            (Expr::Path(path), Expr::Lit(Value::String(role))) | (Expr::Lit(Value::String(role)), Expr::Path(path)) => {
                Known::is_role(path) && !self.roles.is_empty() && !self.roles.contains(&role.as_str())
            }
            _ => false,
        }
    }
}

/// The value of a condition that needs no case to be known.
pub fn fold(expr: &Expr, known: &Known<'_>) -> Option<bool> {
    match expr {
        Expr::Lit(Value::Bool(value)) => Some(*value),
        Expr::Not(inner) => fold(inner, known).map(|value| !value),
        Expr::And(parts) if contradicts(parts) => Some(false),
        Expr::And(parts) => all(parts, known, false),
        Expr::Or(parts) => all(parts, known, true),
        Expr::Cmp(Cmp::Eq, a, b) if known.other_role(a, b) => Some(false),
        Expr::Cmp(cmp, a, b) => compare(*cmp, &known.value(a)?, &known.value(b)?),
        Expr::In(item, list) => {
            let Expr::List(items) = list.as_ref() else { return None };
            if !items.is_empty() && items.iter().all(|one| known.other_role(item, one)) {
                return Some(false);
            }
            let item = known.value(item)?;
            let items: Vec<Value> = items.iter().map(|one| known.value(one)).collect::<Option<_>>()?;
            Some(items.contains(&item))
        }
        _ => None,
    }
}

/// Parts of which one that is `decisive` settles the whole.
fn all(parts: &[Expr], known: &Known<'_>, decisive: bool) -> Option<bool> {
    let values: Vec<Option<bool>> = parts.iter().map(|part| fold(part, known)).collect();
    if values.contains(&Some(decisive)) {
        return Some(decisive);
    }
    values.iter().all(Option::is_some).then_some(!decisive)
}

/// A name that must equal a constant.
fn equality(part: &Expr) -> Option<(&[String], &Value)> {
    let Expr::Cmp(Cmp::Eq, a, b) = part else { return None };
    match (a.as_ref(), b.as_ref()) {
        (Expr::Path(path), Expr::Lit(value)) | (Expr::Lit(value), Expr::Path(path)) => Some((path.as_slice(), value)),
        _ => None,
    }
}

/// Whether parts that must all hold want one name to be two constants at once, or something and its opposite.
fn contradicts(parts: &[Expr]) -> bool {
    let mut wanted: BTreeMap<&[String], &Value> = BTreeMap::new();
    let opposite = |part: &Expr| matches!(part, Expr::Not(inner) if parts.contains(inner.as_ref()));
    parts.iter().any(opposite)
        || parts
            .iter()
            .filter_map(equality)
            .any(|(path, value)| wanted.insert(path, value).is_some_and(|first| first != value))
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

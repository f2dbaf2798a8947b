//! Typed expressions: what a CEL text of a pack becomes after checking.
//!
//! The pack compiler parses CEL, checks types against the declared fields and lowers to this form; here it is only
//! evaluated. It has no loops, no allocation beyond strings it returns, and cannot fail: a missing value is `Null`,
//! and `Null` compares equal only to `Null` and is false where a condition is wanted.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// Static types, used by the checker and kept for the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// true or false.
    Bool,
    /// Whole number.
    Int,
    /// Decimal number (compared and added, never stored as a float).
    Number,
    /// Text, codes and references included.
    Text,
    /// Instant, microseconds since 1970-01-01T00:00Z.
    Time,
    /// Civil day (`yyyy-mm-dd`); ordered as text.
    Date,
    /// List of the inner type.
    List(Box<Type>),
    /// Present or absent only.
    Any,
}

/// An operand that is looked up when the expression is evaluated: `case.category.time_limit` is
/// `["case", "category", "time_limit"]`.
pub type Path = Vec<String>;

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the usual six")]
pub enum Cmp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the usual five")]
pub enum Arith {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

/// Functions of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Func {
    /// Length of a text or list; 0 for a missing value.
    Size,
    /// Whether the operand has a value.
    Has,
    /// Text contains text.
    Contains,
    /// Text starts with text.
    StartsWith,
    /// Text ends with text.
    EndsWith,
    /// Whole days between two times or dates (`days(later, earlier)`).
    Days,
    /// Hours between two times, rounded down (`hours(later, earlier)`).
    Hours,
    /// The operand as text.
    Text,
}

/// A checked expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Expr {
    /// A constant.
    Lit(Value),
    /// A value looked up.
    Path(Path),
    /// Negation.
    Not(Box<Expr>),
    /// All hold (evaluated left to right, stopping early).
    And(Vec<Expr>),
    /// Any holds.
    Or(Vec<Expr>),
    /// Comparison.
    Cmp(Cmp, Box<Expr>, Box<Expr>),
    /// Membership in a list.
    In(Box<Expr>, Box<Expr>),
    /// Arithmetic on numbers; `+` also joins texts.
    Arith(Arith, Box<Expr>, Box<Expr>),
    /// `condition ? a : b`.
    Cond(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A function call.
    Call(Func, Vec<Expr>),
    /// A list of values.
    List(Vec<Expr>),
}

/// A value during evaluation.
#[derive(Clone, Debug, PartialEq)]
pub enum Val<'a> {
    /// Absent.
    Null,
    /// Truth.
    Bool(bool),
    /// Whole number.
    Int(i64),
    /// Decimal number.
    Num(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Microseconds since the epoch.
    Time(i64),
    /// Values.
    List(Vec<Val<'a>>),
}

/// Where operands come from.
pub trait Scope {
    /// The value at `path`, `Val::Null` when there is none.
    fn get<'a>(&'a self, path: &[String]) -> Val<'a>;
}

impl<'a> Val<'a> {
    /// From JSON as stored in rows; objects have no value of their own.
    #[must_use]
    pub fn from_json(value: &'a Value) -> Val<'a> {
        match value {
            Value::Null | Value::Object(_) => Val::Null,
            Value::Bool(b) => Val::Bool(*b),
            Value::Number(n) => n.as_i64().map_or_else(|| n.as_f64().map_or(Val::Null, Val::Num), Val::Int),
            Value::String(s) => Val::Text(Cow::Borrowed(s)),
            Value::Array(items) => Val::List(items.iter().map(Val::from_json).collect()),
        }
    }

    /// To JSON, for storing; a time becomes its RFC 3339 text in UTC.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Val::Null => Value::Null,
            Val::Bool(b) => Value::Bool(*b),
            Val::Int(n) => Value::from(*n),
            Val::Num(n) => Value::from(*n),
            Val::Text(s) => Value::String(s.clone().into_owned()),
            Val::Time(micros) => {
                jiff::Timestamp::from_microsecond(*micros).map_or(Value::Null, |at| Value::String(at.to_string()))
            }
            Val::List(items) => Value::Array(items.iter().map(Val::to_json).collect()),
        }
    }

    /// Truth of a condition: only `true` is true.
    #[must_use]
    pub fn truth(&self) -> bool {
        matches!(self, Val::Bool(true))
    }

    fn number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "comparison of small declared numbers")]
            Val::Int(n) => Some(*n as f64),
            Val::Num(n) => Some(*n),
            Val::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn compare(&self, other: &Val<'_>) -> Option<Ordering> {
        match (self, other) {
            (Val::Null, Val::Null) => Some(Ordering::Equal),
            (Val::Bool(a), Val::Bool(b)) => Some(a.cmp(b)),
            (Val::Int(a), Val::Int(b)) | (Val::Time(a), Val::Time(b)) => Some(a.cmp(b)),
            (Val::Text(a), Val::Text(b)) => Some(a.cmp(b)),
            (Val::Null, _) | (_, Val::Null) => None,
            (Val::List(a), Val::List(b)) => (a.len() == b.len()
                && a.iter().zip(b).all(|(x, y)| x.compare(y) == Some(Ordering::Equal)))
            .then_some(Ordering::Equal),
            (a, b) => a.number()?.partial_cmp(&b.number()?),
        }
    }
}

impl Expr {
    /// The value in `scope`.
    pub fn eval<'a>(&'a self, scope: &'a dyn Scope) -> Val<'a> {
        match self {
            Expr::Lit(value) => Val::from_json(value),
            Expr::Path(path) => scope.get(path),
            Expr::Not(inner) => Val::Bool(!inner.eval(scope).truth()),
            Expr::And(all) => Val::Bool(all.iter().all(|e| e.eval(scope).truth())),
            Expr::Or(any) => Val::Bool(any.iter().any(|e| e.eval(scope).truth())),
            Expr::Cmp(op, a, b) => Val::Bool(holds(*op, a.eval(scope).compare(&b.eval(scope)))),
            Expr::In(item, list) => Val::Bool(match list.eval(scope) {
                Val::List(items) => {
                    let item = item.eval(scope);
                    items.iter().any(|one| item.compare(one) == Some(Ordering::Equal))
                }
                _ => false,
            }),
            Expr::Arith(op, a, b) => arith(*op, a.eval(scope), b.eval(scope)),
            Expr::Cond(test, yes, no) => {
                if test.eval(scope).truth() {
                    yes.eval(scope)
                } else {
                    no.eval(scope)
                }
            }
            Expr::Call(func, args) => call(*func, args, scope),
            Expr::List(items) => Val::List(items.iter().map(|e| e.eval(scope)).collect()),
        }
    }

    /// Whether the condition holds in `scope`.
    #[must_use]
    pub fn holds(&self, scope: &dyn Scope) -> bool {
        self.eval(scope).truth()
    }

    /// Every path the expression looks up, for checks and for planning what to load.
    pub fn paths<'a>(&'a self, into: &mut Vec<&'a Path>) {
        match self {
            Expr::Lit(_) => {}
            Expr::Path(path) => into.push(path),
            Expr::Not(inner) => inner.paths(into),
            Expr::And(all) | Expr::Or(all) | Expr::List(all) | Expr::Call(_, all) => {
                all.iter().for_each(|e| e.paths(into));
            }
            Expr::Cmp(_, a, b) | Expr::In(a, b) | Expr::Arith(_, a, b) => {
                a.paths(into);
                b.paths(into);
            }
            Expr::Cond(a, b, c) => [a, b, c].into_iter().for_each(|e| e.paths(into)),
        }
    }
}

fn holds(op: Cmp, order: Option<Ordering>) -> bool {
    match (op, order) {
        (Cmp::Eq, order) => order == Some(Ordering::Equal),
        (Cmp::Ne, order) => order != Some(Ordering::Equal),
        (_, None) => false,
        (Cmp::Lt, Some(order)) => order.is_lt(),
        (Cmp::Le, Some(order)) => order.is_le(),
        (Cmp::Gt, Some(order)) => order.is_gt(),
        (Cmp::Ge, Some(order)) => order.is_ge(),
    }
}

fn arith<'a>(op: Arith, a: Val<'a>, b: Val<'a>) -> Val<'a> {
    match (op, &a, &b) {
        (Arith::Add, Val::Text(x), Val::Text(y)) => Val::Text(Cow::Owned(format!("{x}{y}"))),
        (Arith::Add, Val::Int(x), Val::Int(y)) => x.checked_add(*y).map_or(Val::Null, Val::Int),
        (Arith::Sub, Val::Int(x), Val::Int(y)) => x.checked_sub(*y).map_or(Val::Null, Val::Int),
        (Arith::Mul, Val::Int(x), Val::Int(y)) => x.checked_mul(*y).map_or(Val::Null, Val::Int),
        (Arith::Div, Val::Int(x), Val::Int(y)) => x.checked_div(*y).map_or(Val::Null, Val::Int),
        (Arith::Rem, Val::Int(x), Val::Int(y)) => x.checked_rem(*y).map_or(Val::Null, Val::Int),
        _ => match (a.number(), b.number()) {
            (Some(x), Some(y)) => {
                let n = match op {
                    Arith::Add => x + y,
                    Arith::Sub => x - y,
                    Arith::Mul => x * y,
                    Arith::Div => x / y,
                    Arith::Rem => x % y,
                };
                if n.is_finite() { Val::Num(n) } else { Val::Null }
            }
            _ => Val::Null,
        },
    }
}

fn call<'a>(func: Func, args: &'a [Expr], scope: &'a dyn Scope) -> Val<'a> {
    let arg = |n: usize| args.get(n).map_or(Val::Null, |e| e.eval(scope));
    match func {
        Func::Size => Val::Int(match arg(0) {
            Val::Text(s) => i64::try_from(s.chars().count()).unwrap_or(i64::MAX),
            Val::List(items) => i64::try_from(items.len()).unwrap_or(i64::MAX),
            _ => 0,
        }),
        Func::Has => Val::Bool(match arg(0) {
            Val::Null => false,
            Val::Text(s) => !s.is_empty(),
            _ => true,
        }),
        Func::Contains | Func::StartsWith | Func::EndsWith => Val::Bool(match (arg(0), arg(1)) {
            (Val::Text(a), Val::Text(b)) => match func {
                Func::Contains => a.contains(b.as_ref()),
                Func::StartsWith => a.starts_with(b.as_ref()),
                _ => a.ends_with(b.as_ref()),
            },
            _ => false,
        }),
        Func::Days => between(&arg(0), &arg(1), 86_400_000_000),
        Func::Hours => between(&arg(0), &arg(1), 3_600_000_000),
        Func::Text => match arg(0) {
            Val::Int(n) => Val::Text(Cow::Owned(n.to_string())),
            Val::Num(n) => Val::Text(Cow::Owned(n.to_string())),
            Val::Bool(b) => Val::Text(Cow::Borrowed(if b { "true" } else { "false" })),
            Val::Text(s) => Val::Text(s),
            _ => Val::Null,
        },
    }
}

fn between<'a>(later: &Val<'_>, earlier: &Val<'_>, unit_micros: i64) -> Val<'a> {
    fn micros(value: &Val<'_>) -> Option<i64> {
        match value {
            Val::Time(at) => Some(*at),
            Val::Text(text) => text
                .parse::<jiff::Timestamp>()
                .map(jiff::Timestamp::as_microsecond)
                .or_else(|_| {
                    text.parse::<jiff::civil::Date>().map(|day| {
                        i64::from((day - jiff::civil::Date::constant(1970, 1, 1)).get_days()) * 86_400_000_000
                    })
                })
                .ok(),
            _ => None,
        }
    }
    match (micros(later), micros(earlier)) {
        (Some(a), Some(b)) => Val::Int((a - b).div_euclid(unit_micros)),
        _ => Val::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct One(Value);
    impl Scope for One {
        fn get<'a>(&'a self, path: &[String]) -> Val<'a> {
            path.iter().try_fold(&self.0, |v, key| v.get(key)).map_or(Val::Null, Val::from_json)
        }
    }
    fn path(text: &str) -> Box<Expr> {
        Box::new(Expr::Path(text.split('.').map(str::to_owned).collect()))
    }
    fn lit(value: Value) -> Box<Expr> {
        Box::new(Expr::Lit(value))
    }

    #[test]
    fn missing_values_are_never_true_and_never_compare() {
        let scope = One(json!({"case": {"returns": 1}}));
        assert!(Expr::Cmp(Cmp::Lt, path("case.returns"), lit(json!(2))).holds(&scope));
        assert!(!Expr::Cmp(Cmp::Lt, path("case.gone"), lit(json!(2))).holds(&scope));
        assert!(Expr::Cmp(Cmp::Ne, path("case.gone"), lit(json!(2))).holds(&scope));
        assert!(Expr::Not(path("case.gone")).holds(&scope));
    }

    #[test]
    fn decimals_kept_as_text_compare_as_numbers() {
        let scope = One(json!({"a": "12.50"}));
        assert!(Expr::Cmp(Cmp::Gt, path("a"), lit(json!(9))).holds(&scope));
    }

    #[test]
    fn overflow_and_division_by_zero_give_no_value() {
        let scope = One(json!({}));
        assert_eq!(Expr::Arith(Arith::Mul, lit(json!(i64::MAX)), lit(json!(2))).eval(&scope), Val::Null);
        assert_eq!(Expr::Arith(Arith::Div, lit(json!(1)), lit(json!(0))).eval(&scope), Val::Null);
    }
}

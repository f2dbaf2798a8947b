//! Values during evaluation: from stored JSON, to it, and in order.

use crate::units::decimal;
use rust_decimal::Decimal;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// A value during evaluation.
#[derive(Clone, Debug, PartialEq)]
pub enum Val<'a> {
    /// Absent.
    Null,
    /// Truth.
    Bool(bool),
    /// Whole number.
    Int(i64),
    /// Decimal number, exact.
    Num(Decimal),
    /// Text.
    Text(Cow<'a, str>),
    /// Microseconds since the epoch.
    Time(i64),
    /// Values.
    List(Vec<Val<'a>>),
}

impl<'a> Val<'a> {
    /// From JSON as stored in rows; objects have no value of their own.
    #[must_use]
    pub fn from_json(value: &'a Value) -> Val<'a> {
        match value {
            Value::Null | Value::Object(_) => Val::Null,
            Value::Bool(b) => Val::Bool(*b),
            Value::Number(n) => n.as_i64().map_or_else(|| fraction(&n.to_string()), Val::Int),
            Value::String(s) => Val::Text(Cow::Borrowed(s)),
            Value::Array(items) => Val::List(items.iter().map(Val::from_json).collect()),
        }
    }

    /// To JSON, for storing; a time becomes its RFC 3339 text in UTC, a decimal its digits as text.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Val::Null => Value::Null,
            Val::Bool(b) => Value::Bool(*b),
            Val::Int(n) => Value::from(*n),
            Val::Num(n) => Value::String(n.normalize().to_string()),
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

    /// As a number; decimals are stored as text.
    #[must_use]
    pub fn number(&self) -> Option<Decimal> {
        match self {
            Val::Int(n) => Some(Decimal::from(*n)),
            Val::Num(n) => Some(*n),
            Val::Text(text) => decimal(text),
            _ => None,
        }
    }

    pub(super) fn compare(&self, other: &Val<'_>) -> Option<Ordering> {
        match (self, other) {
            (Val::Null, Val::Null) => Some(Ordering::Equal),
            (Val::Bool(a), Val::Bool(b)) => Some(a.cmp(b)),
            (Val::Int(a), Val::Int(b)) | (Val::Time(a), Val::Time(b)) => Some(a.cmp(b)),
            (Val::Text(a), Val::Text(b)) => Some(a.cmp(b)),
            (Val::Null, _) | (_, Val::Null) => None,
            (Val::List(a), Val::List(b)) => (a.len() == b.len()
                && a.iter().zip(b).all(|(x, y)| x.compare(y) == Some(Ordering::Equal)))
            .then_some(Ordering::Equal),
            (a, b) => Some(a.number()?.cmp(&b.number()?)),
        }
    }
}

/// A JSON number that is no whole one.
fn fraction<'a>(text: &str) -> Val<'a> {
    decimal(text).or_else(|| Decimal::from_scientific(text).ok()).map_or(Val::Null, Val::Num)
}

//! Numbers and amounts: whole, decimal, money and quantities. Bounds that are expressions are judged with the form.

use super::finding;
use super::value::{Read, string, with};
use ganglion_model::FieldFinding;
use ganglion_model::pack::Field;
use ganglion_model::units::{self, Misread, half_width};
use serde_json::Value;

pub fn integer(field: &Field, given: &Value, (min, max): (Option<i64>, Option<i64>)) -> Read {
    let n = match given {
        Value::Number(n) => n.as_i64(),
        Value::String(text) => whole(text).or_else(|| myriads(text)),
        _ => None,
    }
    .ok_or_else(|| finding(field, "not_a_number"))?;
    if min.is_some_and(|min| n < min) || max.is_some_and(|max| n > max) {
        let mut found = finding(field, "out_of_range");
        found.args.extend(min.map(|min| ("min".to_owned(), min.to_string())));
        found.args.extend(max.map(|max| ("max".to_owned(), max.to_string())));
        return Err(found);
    }
    Ok(Value::from(n))
}

/// Digits, perhaps with separators between thousands.
fn whole(text: &str) -> Option<i64> {
    let text = half_width(text.trim());
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let mut groups = digits.split(',');
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    let grouped = rest.iter().all(|group| group.len() == 3) && (rest.is_empty() || (1..=3).contains(&first.len()));
    grouped.then(|| text.replace(',', "").parse().ok()).flatten()
}

/// A whole number written with a large prefix, such as 3.6 ten thousands.
fn myriads(text: &str) -> Option<i64> {
    let number = units::with_prefix(text)?;
    if number.scale() == 0 { i64::try_from(number.mantissa()).ok() } else { None }
}

/// Fen. Programs send fen; a text with a unit is yuan as people write them.
pub fn money(field: &Field, given: &Value) -> Read {
    if let Value::String(text) = given
        && whole(text).is_none()
    {
        let typed = units::fen(text).filter(|(_, named)| *named);
        return typed.map(|(fen, _)| Value::from(fen)).ok_or_else(|| finding(field, "not_money"));
    }
    integer(field, given, (None, None))
}

pub fn decimal(field: &Field, given: &Value, (precision, scale): (u8, u8)) -> Read {
    let text = match given {
        Value::Number(n) => n.to_string(),
        Value::String(text) => {
            units::with_prefix(text).map_or_else(|| half_width(text.trim()), |number| number.to_string())
        }
        _ => return Err(finding(field, "not_a_number")),
    };
    if units::decimal(&text).is_none() {
        return Err(finding(field, "not_a_number"));
    }
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let whole_digits = whole.trim_start_matches('0').len();
    if rest.len() > usize::from(scale) || whole_digits > usize::from(precision.saturating_sub(scale)) {
        return Err(with(field, "out_of_range", "scale", scale));
    }
    Ok(Value::String(text))
}

/// An amount in the field's unit, or in another of its dimension, which is worked out exactly and rounded half up to what
/// the field holds. What is typed in the field's own unit is never rounded.
pub fn quantity(field: &Field, given: &Value, unit: &str, (precision, scale): (u8, u8)) -> Read {
    let text = match given {
        Value::Number(n) => n.to_string(),
        other => string(field, other)?.to_owned(),
    };
    let unit = units::unit(unit).ok_or_else(|| finding(field, "not_a_number"))?;
    let typed = units::read(&text, unit).map_err(|misread| misread_finding(field, misread, unit))?;
    let amount = if typed.converted {
        typed.amount.round_dp_with_strategy(u32::from(scale), ganglion_model::HALF_UP).normalize()
    } else if given.is_number() || typed.amount.scale() > u32::from(scale) {
        // Nobody typed the digits behind the point of a JSON number, and noughts that the field has no room for say nothing.
        typed.amount.normalize()
    } else {
        typed.amount
    };
    let whole = amount.abs().trunc().normalize();
    let whole_digits = if whole.is_zero() { 0 } else { whole.to_string().len() };
    let room = usize::from(precision.saturating_sub(scale));
    if amount.normalize().scale() > u32::from(scale) || whole_digits > room {
        return Err(with(field, "out_of_range", "scale", scale));
    }
    Ok(Value::String(amount.to_string()))
}

fn misread_finding(field: &Field, misread: Misread, unit: &units::Unit) -> FieldFinding {
    match misread {
        Misread::NotANumber => finding(field, "not_a_number"),
        Misread::TooLarge => finding(field, "too_large"),
        Misread::Unclear => with(field, "unit_unclear", "unit", &unit.code),
        Misread::UnknownUnit(typed) => {
            let mut found = with(field, "unknown_unit", "unit", &unit.code);
            found.args.insert("given".to_owned(), typed.chars().take(20).collect());
            found
        }
        Misread::OtherDimension(other) => {
            let mut found = with(field, "other_dimension", "unit", &unit.code);
            found.args.insert("given".to_owned(), other.code.clone());
            found
        }
    }
}

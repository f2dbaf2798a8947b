//! Constant values of fields, as written in defaults and in the rows registers start with.

use crate::cel::is_time;
use crate::cx::Cx;
use crate::sink::At;
use ganglion_model::pack::FieldKind;
use ganglion_model::{HALF_UP, Level, PlaceCode, checks, units};
use serde_json::Value;

/// What separates the parts of a value with several.
const BETWEEN: char = ';';

/// The value of `text` for a field of type `kind`, as it would be stored; `None` after a finding. Keys of registers are
/// taken as they are: the rows may not be known yet.
pub fn read(cx: Cx<'_>, at: At, kind: &FieldKind, text: &str) -> Option<Value> {
    let bad = |message: String| {
        cx.sink.error(at, "bad-value", message);
        None
    };
    match kind {
        FieldKind::Text { max, pattern } => {
            let fits = pattern.as_ref().is_none_or(|pattern| {
                regex::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(text))
            });
            if fits { long(cx, at, text, *max) } else { bad(format!("`{text}` does not match the field's pattern")) }
        }
        FieldKind::LongText { max } => long(cx, at, text, *max),
        FieldKind::Integer { min, max } => whole(cx, at, text, (*min, *max)),
        FieldKind::Money if text.parse::<i64>().is_err() => match units::fen(text) {
            Some((fen, true)) => Some(Value::from(fen)),
            _ => bad(format!("`{text}` is neither a number of fen nor an amount with its unit")),
        },
        FieldKind::Money => whole(cx, at, text, (None, None)),
        FieldKind::Quantity { unit, scale, .. } => quantity(cx, at, text, (unit, *scale)),
        FieldKind::Time if is_time(text) => Some(Value::from(text)),
        FieldKind::Time => bad(format!("`{text}` is not a time of day such as 09:30")),
        FieldKind::Decimal { precision, scale } => decimal(cx, at, text, (*precision, *scale)),
        FieldKind::Date => cx.date(at, text).map(|day| Value::from(day.to_string())),
        FieldKind::Datetime => match text.parse::<jiff::Timestamp>() {
            Ok(moment) => Some(Value::from(moment.to_string())),
            Err(_) => bad(format!("`{text}` is not a moment such as 2022-06-27T09:00:00+08:00")),
        },
        FieldKind::Boolean => match text {
            "true" => Some(Value::from(true)),
            "false" => Some(Value::from(false)),
            _ => bad(format!("`{text}` is neither true nor false")),
        },
        FieldKind::Choice { list } => code(cx, at, list, text),
        FieldKind::Choices { list } => {
            let parts: Vec<Option<Value>> = text.split(BETWEEN).map(|one| code(cx, at, list, one.trim())).collect();
            parts.into_iter().collect::<Option<Vec<Value>>>().map(Value::from)
        }
        FieldKind::Ref { .. } | FieldKind::CaseRef { .. } => Some(Value::from(text)),
        FieldKind::Refs { .. } => Some(Value::from(text.split(BETWEEN).map(str::trim).collect::<Vec<_>>())),
        FieldKind::Place { levels } => place(cx, at, text, levels).map(|code| Value::from(code.to_string())),
        FieldKind::Point => {
            point(text).map_or_else(|| bad(format!("`{text}` is not a point such as `116.84 38.31`")), Some)
        }
        FieldKind::Phone => Some(Value::from(text)),
        FieldKind::CitizenId if checks::citizen_id(text).is_err() => {
            bad(format!("`{text}` is not an ID number with a good check digit"))
        }
        FieldKind::CreditCode if !checks::credit_code(text) => {
            bad(format!("`{text}` is not a unified social credit code with a good check character"))
        }
        FieldKind::CitizenId | FieldKind::CreditCode => Some(Value::from(text)),
        FieldKind::Line | FieldKind::Polygon => match serde_json::from_str::<Value>(text) {
            Ok(shape) if shape.is_array() => Some(shape),
            _ => bad("this is no list of GeoJSON coordinates".to_owned()),
        },
        FieldKind::Serial { .. } | FieldKind::Table { .. } | FieldKind::Account { .. } => {
            bad("numbers, tables and accounts have no constant values".to_owned())
        }
        FieldKind::Duration => cx.length(at, text).map(|length| Value::from(length.to_string())),
        FieldKind::Post { .. } | FieldKind::Posts { .. } | FieldKind::Files { .. } => {
            bad("posts and files have no constant values".to_owned())
        }
    }
}

/// An amount, in any unit of the dimension.
fn quantity(cx: Cx<'_>, at: At, text: &str, (unit, scale): (&str, u8)) -> Option<Value> {
    let unit = units::unit(unit)?;
    let Ok(typed) = units::read(text, unit) else {
        let message = format!("`{text}` is not an amount of {}", unit.dimension);
        cx.sink.error_help(at, "bad-value", message, format!("write it as `12` or `12 {}`", unit.code));
        return None;
    };
    let rounded = typed.amount.round_dp_with_strategy(u32::from(scale), HALF_UP).normalize();
    Some(Value::from(rounded.to_string()))
}

fn long(cx: Cx<'_>, at: At, text: &str, max: u32) -> Option<Value> {
    let length = text.chars().count();
    if length > max as usize {
        cx.sink.error(at, "bad-value", format!("this text has {length} characters, the field takes {max}"));
        return None;
    }
    Some(Value::from(text))
}

fn whole(cx: Cx<'_>, at: At, text: &str, (min, max): (Option<i64>, Option<i64>)) -> Option<Value> {
    let number = text.parse::<i64>().ok();
    let within = number.filter(|n| min.is_none_or(|min| *n >= min) && max.is_none_or(|max| *n <= max));
    if within.is_none() {
        let why = if number.is_some() { "outside the field's bounds" } else { "not a whole number" };
        cx.sink.error(at, "bad-value", format!("`{text}` is {why}"));
    }
    within.map(Value::from)
}

fn decimal(cx: Cx<'_>, at: At, text: &str, (precision, scale): (u8, u8)) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (before, behind) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = usize::from(precision.saturating_sub(scale));
    let good = !before.is_empty()
        && all_digits(before)
        && all_digits(behind)
        && digits.contains('.') != behind.is_empty()
        && behind.len() <= usize::from(scale)
        && before.trim_start_matches('0').len() <= whole;
    if !good {
        let message = format!("`{text}` is not a number with {whole} digits before and {scale} after the point");
        cx.sink.error(at, "bad-value", message);
    }
    good.then(|| Value::from(text))
}

fn code(cx: Cx<'_>, at: At, list: &str, text: &str) -> Option<Value> {
    // A list that is missing or empty has been reported where it is declared.
    let Some(symbol) = cx.symbols.lists.get(list).filter(|list| !list.codes.is_empty()) else {
        return Some(Value::from(text));
    };
    if !symbol.codes.iter().any(|code| code == text) {
        let known = symbol.codes.iter().map(String::as_str);
        cx.unknown((at, "unknown-code"), &format!("the list `{list}` has no code `{text}`"), text, known);
        return None;
    }
    Some(Value::from(text))
}

/// A place code of one of the levels (of any, if none is named).
pub fn place(cx: Cx<'_>, at: At, text: &str, levels: &[Level]) -> Option<PlaceCode> {
    let code = text.parse::<PlaceCode>().ok();
    let fits = code.filter(|code| levels.is_empty() || levels.contains(&code.level()));
    if fits.is_none() {
        let names: Vec<&str> = levels.iter().map(|level| level.as_str()).collect();
        let message = match names.as_slice() {
            [] => format!("`{text}` is not a place code"),
            names => format!("`{text}` is not a place code of level {}", names.join(" / ")),
        };
        cx.sink.error(at, "bad-value", message);
    }
    fits
}

fn point(text: &str) -> Option<Value> {
    let mut parts = text.split_whitespace().map(str::parse::<f64>);
    let (lon, lat) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let good = parts.next().is_none() && lon.abs() <= 180.0 && lat.abs() <= 90.0;
    good.then(|| Value::from(vec![lon, lat]))
}

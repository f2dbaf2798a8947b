//! One value against one field.

use super::{FormContext, finding, today};
use crate::seal::is_sealed;
use ganglion_model::clocks::Length;
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::{FieldFinding, Level, PlaceCode, PostId};
use jiff::civil::Date;
use serde_json::Value;

type Read = Result<Value, FieldFinding>;

fn with(field: &Field, problem: &str, name: &str, value: impl ToString) -> FieldFinding {
    let mut found = finding(field, problem);
    found.args.insert(name.to_owned(), value.to_string());
    found
}

/// Whether a text is what a screen shows instead of a personal value, or what is stored instead of it. Neither may come
/// back as a value: it would overwrite the real one.
fn is_masked(field: &Field, text: &str) -> bool {
    const MASKS: [char; 6] = ['*', '\u{ff0a}', '\u{2022}', '\u{25cf}', '\u{2588}', '\u{25a0}'];
    let stars = || text.chars().filter(|c| MASKS.contains(c)).count();
    // Running text may have a star of its own, a name or number may not.
    let allowed = if matches!(field.kind, FieldKind::LongText { .. }) { 2 } else { 0 };
    is_sealed(text.trim_start()) || (field.personal && stars() > allowed)
}

/// Reads `given` as `field` declares.
pub fn read(context: &FormContext<'_>, field: &Field, given: &Value) -> Read {
    if given.as_str().is_some_and(|text| is_masked(field, text)) {
        return Err(finding(field, "masked"));
    }
    match &field.kind {
        FieldKind::Text { max, pattern } => text(field, given, *max, pattern.as_deref()),
        FieldKind::LongText { max } => text(field, given, *max, None),
        FieldKind::Integer { min, max } => integer(field, given, (*min, *max)),
        FieldKind::Money => integer(field, given, (None, None)),
        FieldKind::Decimal { precision, scale } => decimal(field, given, (*precision, *scale)),
        FieldKind::Date => {
            let day: Date = parse(field, given, "not_a_date")?;
            Ok(Value::String(day.to_string()))
        }
        FieldKind::Datetime => {
            let at: jiff::Timestamp = parse(field, given, "not_a_date")?;
            Ok(Value::String(at.to_string()))
        }
        FieldKind::Boolean => match given {
            Value::Bool(_) => Ok(given.clone()),
            Value::String(text) if matches!(text.as_str(), "true" | "on" | "1" | "yes") => Ok(Value::Bool(true)),
            Value::String(text) if matches!(text.as_str(), "false" | "off" | "0" | "no") => Ok(Value::Bool(false)),
            _ => Err(finding(field, "not_a_choice")),
        },
        FieldKind::Choice { list } => choice(context, field, given, list),
        FieldKind::Choices { list } => many(field, given, None, |one| choice(context, field, one, list)),
        FieldKind::Ref { register } => reference(context, field, given, register),
        FieldKind::CaseRef { .. } => text(field, given, 60, None),
        FieldKind::Place { levels } => place(context, field, given, levels),
        FieldKind::Post { roles, within } => post(context, field, given, (roles, *within)),
        FieldKind::Posts { roles, within } => {
            many(field, given, Some(9), |one| post(context, field, one, (roles, *within)))
        }
        FieldKind::Point => point(field, given),
        FieldKind::Files { max, .. } => many(field, given, Some(*max), |one| text(field, one, 80, None)),
        FieldKind::Phone => phone(field, given),
        FieldKind::CitizenId => citizen_id(field, given),
        FieldKind::Duration => {
            let length: Length = parse(field, given, "not_a_duration")?;
            if length.is_zero() { Err(finding(field, "not_a_duration")) } else { Ok(Value::String(length.to_string())) }
        }
    }
}

fn string<'a>(field: &Field, given: &'a Value) -> Result<&'a str, FieldFinding> {
    given.as_str().map(str::trim).ok_or_else(|| finding(field, "not_text"))
}

fn parse<T: std::str::FromStr>(field: &Field, given: &Value, problem: &str) -> Result<T, FieldFinding> {
    string(field, given)?.parse().map_err(|_| finding(field, problem))
}

/// Line ends become `\n`; control characters that no keyboard types are dropped, everything else is kept as typed.
fn text(field: &Field, given: &Value, max: u32, pattern: Option<&str>) -> Read {
    let clean: String = string(field, given)?
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    let length = clean.chars().count();
    if length > max as usize {
        let mut found = with(field, "too_long", "max", max);
        found.args.insert("given".to_owned(), length.to_string());
        return Err(found);
    }
    if pattern.is_some_and(|pattern| !matches_pattern(pattern, &clean)) {
        return Err(finding(field, "pattern"));
    }
    Ok(Value::String(clean))
}

/// The whole text must match. Patterns come from packs, are compiled by the checker too, and run in linear time.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    regex::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(text))
}

/// Full-width digits and signs as their ASCII forms, for numbers typed with a Chinese input method.
fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            other => other,
        })
        .collect()
}

fn integer(field: &Field, given: &Value, (min, max): (Option<i64>, Option<i64>)) -> Read {
    let n = match given {
        Value::Number(n) => n.as_i64(),
        Value::String(text) => half_width(text.trim()).parse().ok(),
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

fn decimal(field: &Field, given: &Value, (precision, scale): (u8, u8)) -> Read {
    let text = match given {
        Value::Number(n) => n.to_string(),
        Value::String(text) => half_width(text.trim()),
        _ => return Err(finding(field, "not_a_number")),
    };
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(rest) || (digits.contains('.') && rest.is_empty()) {
        return Err(finding(field, "not_a_number"));
    }
    let whole_digits = whole.trim_start_matches('0').len();
    if rest.len() > usize::from(scale) || whole_digits > usize::from(precision.saturating_sub(scale)) {
        return Err(with(field, "out_of_range", "scale", scale));
    }
    Ok(Value::String(text))
}

fn choice(context: &FormContext<'_>, field: &Field, given: &Value, list: &str) -> Read {
    let code = match given {
        Value::Number(n) => n.to_string(),
        other => string(field, other)?.to_owned(),
    };
    let entry = context.world.model.lists.get(list).and_then(|list| list.code(&code));
    match entry {
        None => Err(with(field, "not_a_choice", "given", code)),
        Some(entry) if !entry.valid_on(today(context)) => Err(with(field, "retired", "given", code)),
        Some(_) => Ok(Value::String(code)),
    }
}

fn reference(context: &FormContext<'_>, field: &Field, given: &Value, register: &str) -> Read {
    let key = match given {
        Value::Number(n) => n.to_string(),
        other => string(field, other)?.to_owned(),
    };
    if context.rows.row(register, &key, today(context)).is_some() {
        return Ok(Value::String(key));
    }
    let known = context.rows.is_known(register, &key);
    Err(with(field, if known { "retired" } else { "not_found" }, "given", key))
}

fn many(field: &Field, given: &Value, max: Option<u32>, one: impl Fn(&Value) -> Read) -> Read {
    let single;
    let items = match given {
        Value::Array(items) => items.as_slice(),
        Value::String(text) => {
            single = text.split(',').map(|part| Value::String(part.trim().to_owned())).collect::<Vec<_>>();
            &single
        }
        _ => return Err(finding(field, "not_a_choice")),
    };
    if let Some(max) = max.filter(|max| items.len() > *max as usize) {
        return Err(with(field, "too_many", "max", max));
    }
    let mut values: Vec<Value> = Vec::new();
    for item in items {
        let value = one(item)?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(Value::Array(values))
}

fn place(context: &FormContext<'_>, field: &Field, given: &Value, levels: &[Level]) -> Read {
    let code: PlaceCode = parse(field, given, "not_a_place")?;
    let places = &context.world.places;
    // A code that was changed since stands for the place under its code of today.
    let code = places.tree.current(code, today(context)).ok_or_else(|| finding(field, "not_a_place"))?;
    if !places.root.holds(code) {
        return Err(finding(field, "outside"));
    }
    if !levels.is_empty() && !levels.contains(&code.level()) {
        return Err(with(field, "wrong_level", "given", code.level().as_str()));
    }
    Ok(Value::String(code.to_string()))
}

fn post(context: &FormContext<'_>, field: &Field, given: &Value, (roles, within): (&[String], Option<Level>)) -> Read {
    let id = PostId(string(field, given)?.to_owned());
    let post = context.world.posts.get(&id).filter(|post| post.valid_on(today(context)));
    let post = post.ok_or_else(|| with(field, "not_found", "given", &id.0))?;
    if !roles.is_empty() && !roles.contains(&post.role) {
        return Err(with(field, "not_a_choice", "given", &id.0));
    }
    let scope = within.zip(context.place()).map(|(level, place)| place.at(level).unwrap_or(place));
    if scope.is_some_and(|scope| !scope.holds(post.place)) {
        return Err(with(field, "outside", "given", &id.0));
    }
    Ok(Value::String(id.0))
}

fn point(field: &Field, given: &Value) -> Read {
    let pair: Option<Vec<f64>> = match given {
        Value::Array(items) => items.iter().map(Value::as_f64).collect(),
        Value::String(text) => {
            half_width(text).split([',', ' ']).filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect()
        }
        _ => None,
    };
    match pair.as_deref() {
        Some(&[lon, lat]) if lon.is_finite() && lat.is_finite() && lon.abs() <= 180.0 && lat.abs() <= 90.0 => {
            // Seven decimals are a centimetre; more would only be noise in the journal.
            let cut = |degrees: f64| (degrees * 1e7).round() / 1e7;
            Ok(Value::from(vec![cut(lon), cut(lat)]))
        }
        _ => Err(finding(field, "not_a_point")),
    }
}

/// Mobile numbers and land lines of the mainland (handbook `02`, section 8), stored as digits.
fn phone(field: &Field, given: &Value) -> Read {
    let text = half_width(string(field, given)?);
    if text.chars().any(|c| !c.is_ascii_digit() && !" +-()".contains(c)) {
        return Err(finding(field, "not_a_phone"));
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(&digits);
    let mobile = digits.len() == 11 && digits.starts_with('1') && digits.as_bytes()[1] >= b'3';
    let land_line = digits.starts_with('0') && (10..=12).contains(&digits.len()) || (7..=8).contains(&digits.len());
    if mobile || land_line { Ok(Value::String(digits.to_owned())) } else { Err(finding(field, "not_a_phone")) }
}

/// GB 11643: 17 digits and a check character by ISO 7064 MOD 11-2. The place may be one that no longer exists.
fn citizen_id(field: &Field, given: &Value) -> Read {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let id = half_width(string(field, given)?).to_ascii_uppercase();
    let bytes = id.as_bytes();
    let well_formed = bytes.len() == 18 && bytes[..17].iter().all(u8::is_ascii_digit);
    if !well_formed {
        return Err(finding(field, "not_an_id"));
    }
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(b, w)| u32::from(b - b'0') * w).sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    let born = format!("{}-{}-{}", &id[6..10], &id[10..12], &id[12..14]).parse::<Date>();
    if bytes[17] == check && born.is_ok() { Ok(Value::String(id)) } else { Err(finding(field, "not_an_id")) }
}

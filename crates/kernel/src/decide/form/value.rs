//! One value against one field.

use super::{FormContext, amount, finding, identity, shape, today};
use crate::seal::is_sealed;
use ganglion_model::clocks::Length;
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::units::half_width;
use ganglion_model::{AccountId, FieldFinding, Level, PlaceCode, PostId};
use jiff::civil::Date;
use regex::Regex;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::HashMap;

pub(super) type Read = Result<Value, FieldFinding>;

pub(super) fn with(field: &Field, problem: &str, name: &str, value: impl ToString) -> FieldFinding {
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
        FieldKind::Integer { min, max } => amount::integer(field, given, (*min, *max)),
        FieldKind::Money => amount::money(field, given),
        FieldKind::Decimal { precision, scale } => amount::decimal(field, given, (*precision, *scale)),
        FieldKind::Quantity { unit, precision, scale } => amount::quantity(field, given, unit, (*precision, *scale)),
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
        FieldKind::Point => shape::point(field, given),
        FieldKind::Line => shape::line(context, field, given),
        FieldKind::Polygon => shape::polygon(context, field, given),
        FieldKind::Files { max, .. } => many(field, given, Some(*max), |one| text(field, one, 80, None)),
        FieldKind::Phone => identity::phone(field, given),
        FieldKind::CitizenId => identity::citizen_id(context, field, given),
        FieldKind::CreditCode => identity::credit_code(field, given),
        FieldKind::Time => time(field, given),
        FieldKind::Refs { register, max } => {
            many(field, given, Some(*max), |one| reference(context, field, one, register))
        }
        FieldKind::Account { roles, within } => account(context, field, given, (roles, *within)),
        // Tables are read row by row, numbers are given: neither is a value of its own.
        FieldKind::Table { .. } | FieldKind::Serial { .. } => Err(finding(field, "not_typed")),
        FieldKind::Duration => {
            let length: Length = parse(field, given, "not_a_duration")?;
            if length.is_zero() { Err(finding(field, "not_a_duration")) } else { Ok(Value::String(length.to_string())) }
        }
    }
}

pub(super) fn string<'a>(field: &Field, given: &'a Value) -> Result<&'a str, FieldFinding> {
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
        return Err(FieldFinding { message: field.pattern_says.clone(), ..finding(field, "pattern") });
    }
    Ok(Value::String(clean))
}

/// Patterns a thread keeps compiled; packs declare some dozens.
const PATTERNS_MAX: usize = 256;

thread_local! {
    /// Compiling a pattern takes longer than everything else that is asked about a row together.
    static PATTERNS: RefCell<HashMap<String, Option<Regex>>> = RefCell::default();
}

/// The whole text must match. Patterns come from packs, are compiled by the checker too, and run in linear time.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    PATTERNS.with_borrow_mut(|known| {
        if let Some(known) = known.get(pattern) {
            return known.as_ref().is_some_and(|whole| whole.is_match(text));
        }
        if known.len() >= PATTERNS_MAX {
            known.clear();
        }
        let whole = known.entry(pattern.to_owned()).or_insert(Regex::new(&format!("^(?:{pattern})$")).ok());
        whole.as_ref().is_some_and(|whole| whole.is_match(text))
    })
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
    if let Some(row) = context.rows.row(register, &key, today(context)) {
        let owner = context.world.model.registers.get(register).and_then(|def| def.judged_at(row.place, &row.fields));
        let outside =
            field.within.zip(context.place()).zip(owner).is_some_and(|((within, at), of)| !within.holds(at, of));
        return if outside { Err(with(field, "outside", "given", key)) } else { Ok(Value::String(key)) };
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

/// `9:30`, `09:30` or `09:30:00`, kept as `09:30`.
fn time(field: &Field, given: &Value) -> Read {
    let text = half_width(string(field, given)?);
    let (hours, rest) = text.split_once(':').ok_or_else(|| finding(field, "not_a_time"))?;
    let minutes = rest.split_once(':').map_or(rest, |(minutes, _)| minutes);
    let part = |text: &str, most: u8| {
        let good = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u8>().ok().filter(|n| good && *n <= most)
    };
    match (part(hours, 23), part(minutes, 59).filter(|_| minutes.len() == 2)) {
        (Some(hours), Some(minutes)) => Ok(Value::String(format!("{hours:02}:{minutes:02}"))),
        _ => Err(finding(field, "not_a_time")),
    }
}

/// Somebody who holds a fitting post today.
fn account(
    context: &FormContext<'_>,
    field: &Field,
    given: &Value,
    (roles, within): (&[String], Option<Level>),
) -> Read {
    let id = AccountId(string(field, given)?.to_owned());
    let scope = within.zip(context.place()).map(|(level, place)| place.at(level).unwrap_or(place));
    let mut held = context.world.posts.of(&id).filter(|post| post.valid_on(today(context))).peekable();
    if held.peek().is_none() {
        return Err(with(field, "not_found", "given", &id.0));
    }
    let fits = held.any(|post| {
        (roles.is_empty() || roles.contains(&post.role)) && scope.is_none_or(|scope| scope.holds(post.place))
    });
    if fits { Ok(Value::String(id.0.clone())) } else { Err(with(field, "not_a_choice", "given", &id.0)) }
}

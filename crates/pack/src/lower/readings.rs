//! `readings:` of a register with a series: messages of instruments that become rows.

use crate::cx::Cx;
use crate::sink::At;
use crate::symbols::RegisterSymbol;
use crate::yaml::Node;
use ganglion_model::pack::{FieldKind, ReadingFlag, Readings};
use std::collections::BTreeMap;

const KEYS: [&str; 10] =
    ["topic", "at", "value", "into", "with", "flag", "grows", "hourly_most", "gap_hours", "late_days"];
/// Hours of a gap, at most: a year.
const HOURS_MAX: i64 = 8_784;
/// Days a reading may be under way, at most: a year.
const DAYS_MAX: i64 = 366;
/// Days it may be under way when nothing is said.
const DAYS: u32 = 7;

/// How messages become rows of a register, if they do.
pub fn lower(cx: Cx<'_>, register: &Node, (keys, symbol): (&[String], &RegisterSymbol)) -> Option<Readings> {
    let node = register.get("readings")?;
    cx.mapping(node, "`readings`", &KEYS).then_some(())?;
    let topic = cx.need(node, "topic", "`readings`").and_then(|at| topic(cx, at, keys));
    let into = cx.need(node, "into", "`readings`").and_then(|at| into(cx, at, symbol));
    let text = |key: &str| node.get(key).and_then(|value| cx.scalar(value, key)).map(str::to_owned);
    let whole = |key: &str, most: i64| cx.number(node, key, (1, most)).and_then(|n| u32::try_from(n).ok());
    if !is_daily(cx, register, node, (keys, symbol)) {
        return None;
    }
    Some(Readings {
        topic: topic?,
        at: text("at"),
        value: text("value"),
        into: into?,
        with: with(cx, node, symbol),
        flag: node.get("flag").and_then(|at| flag(cx, at, symbol)),
        grows: cx.flag(node, "grows", false),
        hourly_most: node.get("hourly_most").and_then(|at| most(cx, at)),
        gap_hours: whole("gap_hours", HOURS_MAX),
        late_days: whole("late_days", DAYS_MAX).unwrap_or(DAYS),
    })
}

/// Rows are kept by place, one a day for an instrument that is a row itself: it says where they belong.
fn is_daily(cx: Cx<'_>, register: &Node, node: &Node, (keys, symbol): (&[String], &RegisterSymbol)) -> bool {
    let wrong = |message: &str, remedy: &str| {
        cx.sink.error_help(node.at, "bad-readings", message, remedy);
        false
    };
    if register.get("series").is_none() || keys.len() != 2 {
        return wrong(
            "readings are rows of a series, one a day for each instrument",
            "write `key: [meter, read_on]` and `series: read_on`",
        );
    }
    let instrument = keys.first().and_then(|key| symbol.fields.get(key)).and_then(|field| field.kind.as_ref());
    let placed = match instrument {
        Some(FieldKind::Ref { register }) => cx.symbols.registers.get(register).is_none_or(|one| !one.deployment),
        Some(_) => false,
        None => true,
    };
    if placed {
        return true;
    }
    wrong(
        "the first key field must refer to the instruments, in a register kept by place: a row belongs where they are",
        "make it `{type: ref, to: meter}`",
    )
}

/// A topic with the instrument's key as one whole level.
fn topic(cx: Cx<'_>, node: &Node, keys: &[String]) -> Option<String> {
    let text = cx.scalar(node, "topic")?;
    let first = keys.first().map(String::as_str).unwrap_or_default();
    let levels: Vec<&str> = text.split('/').collect();
    let named = levels.iter().filter(|level| **level == format!("{{{first}}}")).count();
    let plain = levels.iter().filter(|level| level.contains(['{', '}', '#', '+'])).count();
    if (named, plain) == (1, 1) {
        return Some(text.to_owned());
    }
    let message = format!("`{text}` must name the instrument once, as a whole level");
    cx.sink.error_help(node.at, "bad-readings", message, format!("write `meters/{{{first}}}/reading`"));
    None
}

fn into(cx: Cx<'_>, node: &Node, symbol: &RegisterSymbol) -> Option<String> {
    let (name, kind) = field(cx, (node.at, cx.scalar(node, "into")?), symbol)?;
    let is_number = |kind: &FieldKind| {
        matches!(kind, FieldKind::Integer { .. } | FieldKind::Decimal { .. } | FieldKind::Quantity { .. })
    };
    if kind.is_some_and(|kind| !is_number(kind)) {
        cx.sink.error(node.at, "wrong-type", format!("`{name}` is not a number"));
        return None;
    }
    Some(name)
}

fn field<'s>(
    cx: Cx<'_>,
    (at, name): (At, &str),
    symbol: &'s RegisterSymbol,
) -> Option<(String, Option<&'s FieldKind>)> {
    let Some(field) = symbol.fields.get(name) else {
        let known = symbol.fields.keys().map(String::as_str);
        cx.unknown((at, "unknown-field"), &format!("the register has no field `{name}`"), name, known);
        return None;
    };
    Some((name.to_owned(), field.kind.as_ref()))
}

/// The field of flags: its list has a code for each.
fn flag(cx: Cx<'_>, node: &Node, symbol: &RegisterSymbol) -> Option<String> {
    let (name, kind) = field(cx, (node.at, cx.scalar(node, "flag")?), symbol)?;
    match kind {
        None => Some(name),
        Some(FieldKind::Choice { list }) => {
            let missing = |list: &crate::symbols::Shared| {
                let has = |flag: &ReadingFlag| list.codes.iter().any(|code| code == flag.as_str());
                !list.codes.is_empty() && !ReadingFlag::ALL.iter().all(has)
            };
            if cx.symbols.lists.get(list).is_some_and(missing) {
                let message = format!("the list `{list}` lacks a code that readings are given");
                cx.sink.error_help(node.at, "bad-readings", message, "it needs ok, late, gap, spike and reset");
                return None;
            }
            Some(name)
        }
        Some(_) => {
            cx.sink.error(node.at, "wrong-type", format!("`{name}` is not a choice"));
            None
        }
    }
}

fn most(cx: Cx<'_>, node: &Node) -> Option<f64> {
    let text = cx.scalar(node, "hourly_most")?;
    let most = text.parse::<f64>().ok().filter(|most| most.is_finite() && *most > 0.0);
    if most.is_none() {
        cx.sink.error(node.at, "bad-number", "`hourly_most` is a number above nought");
    }
    most
}

/// Values that are the same in every row.
fn with(cx: Cx<'_>, node: &Node, symbol: &RegisterSymbol) -> BTreeMap<String, String> {
    let entries = node.get("with").map(Node::entries).unwrap_or_default();
    let one = |(key, value): &(crate::yaml::Key, Node)| {
        let (name, _) = field(cx, (key.at, &key.text), symbol)?;
        Some((name, cx.scalar(value, "a value")?.to_owned()))
    };
    entries.iter().filter_map(one).collect()
}

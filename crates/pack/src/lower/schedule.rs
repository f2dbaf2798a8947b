//! `schedule:` of a process: cases that come by themselves, for each place of a level or each row of a register.

use crate::cel::{self, Part, Scope, Want};
use crate::cx::Cx;
use crate::names;
use crate::symbols::{ProcessSymbol, RegisterSymbol};
use crate::yaml::{Kind, Node};
use ganglion_model::Level;
use ganglion_model::expr::Expr;
use ganglion_model::pack::{Each, Every, OnDay, ScheduleDef};
use std::collections::BTreeMap;

const KEYS: [&str; 5] = ["every", "on", "at", "each", "set"];
const EVERY: [(&str, Every); 8] = [
    ("day", Every::Day),
    ("working_day", Every::WorkingDay),
    ("week", Every::Week),
    ("two_weeks", Every::TwoWeeks),
    ("month", Every::Month),
    ("quarter", Every::Quarter),
    ("half_year", Every::HalfYear),
    ("year", Every::Year),
];
/// When cases are opened that say no time.
const AT: &str = "08:00";

/// All schedules of a process.
pub fn all(cx: Cx<'_>, node: &Node, process: &ProcessSymbol) -> BTreeMap<String, ScheduleDef> {
    let Some(schedules) = node.get("schedule") else { return BTreeMap::new() };
    let by = node.get("open").and_then(|open| open.get("by")).map(Node::items).unwrap_or_default();
    if !by.iter().any(|who| who.text() == Some("system")) {
        let message = "the system opens cases by this schedule, but may not open any";
        cx.sink.error_help(schedules.at, "system-may-not", message, "add `system` to `by` of `open`");
    }
    let routed = node.get("route").and_then(|route| route.get("place")).and_then(Node::text);
    let one = |(key, node): &(crate::yaml::Key, Node)| {
        names::check(cx.sink, key.at, &key.text);
        Some((key.text.clone(), one(cx, (&key.text, node), process, routed)?))
    };
    schedules.entries().iter().filter_map(one).collect()
}

fn one(cx: Cx<'_>, (name, node): (&str, &Node), process: &ProcessSymbol, routed: Option<&str>) -> Option<ScheduleDef> {
    let what = format!("the schedule `{name}`");
    cx.mapping(node, &what, &KEYS).then_some(())?;
    cx.need(node, "every", &what)?;
    let every = cx.one_of(node, "every", &EVERY)?;
    let on = node.get("on").map_or(Some(OnDay::Nth(1)), |on| on_day(cx, on));
    let at_minute = minute(cx, node)?;
    let (each, rows) = each(cx, cx.need(node, "each", &what)?)?;
    let parts: Vec<Part<'_>> = rows.iter().map(|(register, symbol)| part(register, symbol)).collect();
    let scope = Scope { parts: &parts, now: true, stores: true, ..Scope::default() };
    let set = values(cx, node, process, &scope);
    let Some(place) = routed else {
        let message = format!("{what} opens cases that have no place: it needs `route: {{place: …}}`");
        cx.sink.error_help(node.at, "no-route", message, "name a place field of the form under `place:` of `route`");
        return None;
    };
    let kept = rows.iter().all(|(_, symbol)| !symbol.deployment);
    for (field, symbol) in &process.form {
        let is_set = node.get("set").is_some_and(|set| set.get(field).is_some());
        let given = is_set || (field == place && kept);
        if (symbol.required || field == place) && !given {
            let message = format!("the form asks for `{field}`, which is not set here");
            cx.sink.error_help(node.at, "missing-value", message, format!("add `{field}: …` to `set`"));
        }
    }
    Some(ScheduleDef { name: name.to_owned(), every, on: on?, at_minute, each, set })
}

/// A row of the register, with its key and the place it is kept at.
fn part<'a>(register: &'a str, symbol: &'a RegisterSymbol) -> Part<'a> {
    Part { name: "row", register: Some(register), fields: &symbol.fields, kept: !symbol.deployment }
}

/// `5`, `5 wd`, `last`, `last wd`.
fn on_day(cx: Cx<'_>, node: &Node) -> Option<OnDay> {
    let text = cx.scalar(node, "a day")?;
    let number = |text: &str| text.trim().parse::<u16>().ok().filter(|n| (1..=366).contains(n));
    let found = match text.strip_suffix("wd").map(str::trim) {
        Some("last") => Some(OnDay::LastWorking),
        Some(n) => number(n).map(OnDay::NthWorking),
        None if text.trim() == "last" => Some(OnDay::Last),
        None => number(text).map(OnDay::Nth),
    };
    if found.is_none() {
        let remedy = "write 5 (the fifth day), `5 wd` (the fifth working day), last, or `last wd`";
        cx.sink.error_help(node.at, "bad-value", format!("`{text}` is no day of a period"), remedy);
    }
    found
}

/// The minute of the day under `at`.
fn minute(cx: Cx<'_>, node: &Node) -> Option<u16> {
    let Some(at) = node.get("at") else { return minute_of(AT) };
    let text = cx.scalar(at, "a time of day")?;
    let minute = minute_of(text);
    if minute.is_none() {
        let message = format!("`{text}` is not a time of day");
        cx.sink.error_help(at.at, "bad-time", message, "write it as \"08:00\"");
    }
    minute
}

fn minute_of(text: &str) -> Option<u16> {
    let time = cel::is_time(text).then(|| text.parse::<jiff::civil::Time>().ok()).flatten()?;
    u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).ok()
}

/// What cases are opened for: a level, or `{register: name, where: condition}`; with the register.
fn each<'a>(cx: Cx<'a>, node: &Node) -> Option<(Each, Option<(&'a str, &'a RegisterSymbol)>)> {
    if !matches!(node.kind, Kind::Map(_)) {
        let level: Level = cx.level(node)?;
        return Some((Each::Places(level), None));
    }
    cx.mapping(node, "`each`", &["register", "where"]).then_some(())?;
    let register = cx.need(node, "register", "`each`")?;
    let name = cx.scalar(register, "a register")?;
    let known = cx.symbols.registers.iter().map(|(name, one)| (name, &one.packs));
    cx.usable(register.at, ("register", "unknown-register"), name, known).then_some(())?;
    let (name, symbol) = cx.symbols.registers.get_key_value(name)?;
    let parts = [part(name, symbol)];
    let scope = Scope { parts: &parts, now: true, ..Scope::default() };
    let filter = match node.get("where") {
        None => None,
        Some(filter) => Some(cel::compile(cx, &scope, filter, &Want::Condition)?),
    };
    Some((Each::Rows { register: name.clone(), filter }, Some((name.as_str(), symbol))))
}

fn values(cx: Cx<'_>, node: &Node, process: &ProcessSymbol, scope: &Scope<'_>) -> BTreeMap<String, Expr> {
    let mut set = BTreeMap::new();
    for (key, value) in node.get("set").map(Node::entries).unwrap_or_default() {
        let Some(field) = process.form.get(&key.text) else {
            let known = process.form.keys().map(String::as_str);
            let message = format!("the opening form has no field `{}`", key.text);
            cx.unknown((key.at, "unknown-field"), &message, &key.text, known);
            continue;
        };
        let Some(kind) = &field.kind else { continue };
        let value = cel::compile(cx, scope, value, &Want::Field(&key.text, kind));
        set.extend(value.map(|value| (key.text.clone(), value)));
    }
    set
}

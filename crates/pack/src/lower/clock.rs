//! Clocks of a process.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::names;
use crate::sink::At;
use crate::symbols::ProcessSymbol;
use crate::yaml::{Kind, Node};
use ganglion_model::clocks::{Length, Rule, Unit};
use ganglion_model::pack::{ClockDef, LengthFrom, OnOverdue};
use std::collections::BTreeMap;

const KEYS: [&str; 10] =
    ["title", "from", "until", "suspend_in", "length", "same_day", "roll", "overdue", "promise", "basis"];
/// Largest share of another clock's length, in percent.
const MOST_PERCENT: i64 = 1000;

/// All clocks under `node`.
pub fn all(cx: Cx<'_>, node: Option<&Node>, symbol: &ProcessSymbol) -> BTreeMap<String, ClockDef> {
    let entries = node.map(Node::entries).unwrap_or_default();
    let clocks = entries.iter().filter_map(|(key, node)| {
        names::check(cx.sink, key.at, &key.text);
        Some((key.text.clone(), one(cx, &key.text, node, symbol)?))
    });
    clocks.collect()
}

fn one(cx: Cx<'_>, name: &str, node: &Node, symbol: &ProcessSymbol) -> Option<ClockDef> {
    let what = format!("the clock `{name}`");
    if !cx.mapping(node, &what, &KEYS) {
        return None;
    }
    let states: Vec<&str> = symbol.states.iter().map(String::as_str).collect();
    let in_states = |key| cx.known_words(node, key, ("state", "unknown-state"), &states);
    let title = cx.needed_text(node, "title", &what);
    let (from, until, suspend_in) = (in_states("from"), in_states("until"), in_states("suspend_in"));
    let scope = Scope::clock(symbol);
    let length = length(cx, cx.need(node, "length", &what)?, &scope, symbol)?;
    if matches!(&length, LengthFrom::Share { clock, .. } if clock == name) {
        cx.sink.error(node.at, "share-of-itself", format!("{what} cannot be a share of itself"));
    }
    Some(ClockDef {
        name: name.to_owned(),
        title,
        from,
        until,
        suspend_in,
        rule: rule(cx, node, &length),
        length,
        on_overdue: overdue(cx, node, symbol)?,
        promise: cx.flag(node, "promise", false),
        basis: cx.text_or_empty(node, "basis", &what),
    })
}

/// A length: written, from an expression, or as a share of another clock.
pub fn length(cx: Cx<'_>, node: &Node, scope: &Scope<'_>, symbol: &ProcessSymbol) -> Option<LengthFrom> {
    if matches!(node.kind, Kind::Map(_)) {
        cx.mapping(node, "a share", &["share", "of"]);
        cx.need(node, "share", "a share")?;
        let percent = cx.number(node, "share", (1, MOST_PERCENT))?;
        let of = cx.need(node, "of", "a share")?;
        let clock = cx.scalar(of, "a clock")?;
        known_clock(cx, of.at, clock, symbol).then_some(())?;
        return Some(LengthFrom::Share { clock: clock.to_owned(), percent: u32::try_from(percent).ok()? });
    }
    let text = cx.scalar(node, "a length")?;
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return cx.length(node.at, text).map(LengthFrom::Fixed);
    }
    cel::compile(cx, scope, node, &Want::Length).map(LengthFrom::Expr)
}

/// Reports a clock the process does not have.
pub fn known_clock(cx: Cx<'_>, at: At, clock: &str, symbol: &ProcessSymbol) -> bool {
    let known = symbol.clocks.iter().any(|one| one == clock);
    if !known {
        let names = symbol.clocks.iter().map(String::as_str);
        cx.unknown((at, "unknown-clock"), &format!("there is no clock `{clock}`"), clock, names);
    }
    known
}

fn rule(cx: Cx<'_>, node: &Node, length: &LengthFrom) -> Rule {
    // The length inside counts only for a fixed one; others replace it when the clock starts.
    let fixed = if let LengthFrom::Fixed(length) = length { Some(*length) } else { None };
    let mut rule = Rule::new(fixed.unwrap_or_else(|| Length::new(1, Unit::WorkingDay)));
    if cx.flag(node, "same_day", false) {
        rule = rule.same_day();
        if fixed.is_some_and(|length| length.unit().is_hours()) {
            let at = node.get("same_day").map_or(node.at, |key| key.at);
            cx.sink.warn(at, "rule-without-effect", "hours count from the moment itself", "remove `same_day`");
        }
    }
    if cx.flag(node, "roll", false) {
        rule = rule.rolling();
        let rolls = |unit| matches!(unit, Unit::CalendarDay | Unit::Month | Unit::Year);
        if fixed.is_some_and(|length| !rolls(length.unit())) {
            let at = node.get("roll").map_or(node.at, |key| key.at);
            cx.sink.warn(at, "rule-without-effect", "only calendar days, months and years roll", "remove `roll`");
        }
    }
    rule
}

fn overdue(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> Option<OnOverdue> {
    let Some(value) = node.get("overdue") else {
        return Some(OnOverdue::Mark);
    };
    if value.text() == Some("mark") {
        return Some(OnOverdue::Mark);
    }
    if value.text() == Some("nothing") {
        return Some(OnOverdue::Nothing);
    }
    let [(key, name)] = value.entries() else {
        let message = "`overdue` is `mark`, `nothing`, {count: name} or {do: action}";
        cx.sink.error(value.at, "wrong-shape", message);
        return None;
    };
    let text = cx.scalar(name, &key.text)?;
    match key.text.as_str() {
        "count" => known_count(cx, name.at, text, symbol).then(|| OnOverdue::Count(text.to_owned())),
        "do" => Some(OnOverdue::Act(text.to_owned())),
        _ => {
            crate::yaml::unknown_key(cx.sink, key, "`overdue`", &["count", "do"]);
            None
        }
    }
}

/// Reports a counter the process does not have.
pub fn known_count(cx: Cx<'_>, at: At, count: &str, symbol: &ProcessSymbol) -> bool {
    let known = symbol.counts.iter().any(|one| one == count);
    if !known {
        let names = symbol.counts.iter().map(String::as_str);
        let message = format!("there is no counter `{count}`");
        let remedy = crate::near::nearest(count, names).map_or_else(
            || format!("add {count} to `counts` of the process"),
            |near| format!("did you mean `{near}`?"),
        );
        cx.sink.error_help(at, "unknown-count", message, remedy);
    }
    known
}

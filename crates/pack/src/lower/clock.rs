//! Clocks of a process.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::lower::who;
use crate::names;
use crate::sink::At;
use crate::symbols::ProcessSymbol;
use crate::yaml::{Kind, Node};
use ganglion_model::clocks::{Ends, Length, Rule, Unit};
use ganglion_model::pack::{ClockDef, LengthFrom, OnOverdue, Soon, SoonAt};
use std::collections::BTreeMap;

const KEYS: [&str; 16] = [
    "title",
    "from",
    "from_date",
    "until",
    "suspend_in",
    "length",
    "ends",
    "before",
    "promised",
    "extend",
    "soon",
    "same_day",
    "roll",
    "overdue",
    "promise",
    "basis",
];
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
    let length = whole(cx, node, (&what, &scope), symbol)?;
    let promised = node.get("promised").and_then(|promised| self::length(cx, promised, &scope, symbol));
    longer(cx, node, &length, promised.as_ref());
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
        promised,
        from_date: node.get("from_date").and_then(|day| cel::compile(cx, &scope, day, &Want::Moment)),
        soon: soon(cx, node),
        on_overdue: overdue(cx, node, symbol)?,
        promise: cx.flag(node, "promise", false),
        basis: cx.text_or_empty(node, "basis", &what),
    })
}

/// How long: `length`, with `before` counted back from an event; or `ends`.
fn whole(cx: Cx<'_>, node: &Node, (what, scope): (&str, &Scope<'_>), symbol: &ProcessSymbol) -> Option<LengthFrom> {
    if let Some(ends) = node.get("ends") {
        let text = cx.scalar(ends, "an end")?;
        let known = text.parse::<Ends>().ok();
        if known.is_none() {
            let remedy = "write 17:00, 12-31, `same day`, `this month end`, `this quarter end`, `next month end`, \
                          `next month 10` or `next month 5 wd`";
            cx.sink.error_help(ends.at, "bad-length", format!("`{text}` is no end by the calendar"), remedy);
        }
        return known.map(LengthFrom::Ends);
    }
    let Some(written) = node.get("length") else {
        let remedy = "add `length: …` or `ends: …`";
        cx.sink.error_help(node.at, "missing-key", format!("{what} needs `length`"), remedy);
        return None;
    };
    let length = length(cx, written, scope, symbol)?;
    let Some(before) = node.get("before") else { return Some(length) };
    let event = cel::compile(cx, scope, before, &Want::Moment)?;
    let LengthFrom::Fixed(length) = length else {
        cx.sink.error(
            written.at,
            "bad-length",
            "what is counted back from an event is a written length such as `7 wd`",
        );
        return None;
    };
    Some(LengthFrom::Before { length, event })
}

/// A promise longer than the limit promises nothing.
fn longer(cx: Cx<'_>, node: &Node, length: &LengthFrom, promised: Option<&LengthFrom>) {
    if let (LengthFrom::Fixed(limit), Some(LengthFrom::Fixed(promised))) = (length, promised)
        && limit.unit() == promised.unit()
        && promised.counted() > limit.counted()
    {
        let at = node.get("promised").map_or(node.at, |promised| promised.at);
        let remedy = "promise less than the limit, or leave `promised` out";
        cx.sink.error_help(at, "promise-too-long", "the promised limit is longer than the limit itself", remedy);
    }
}

/// `soon: {at: 1 wd, notify: [assignee]}` or `soon: {share: 20, notify: […]}`.
fn soon(cx: Cx<'_>, node: &Node) -> Option<Soon> {
    let soon = node.get("soon")?;
    cx.mapping(soon, "`soon`", &["at", "share", "notify"]).then_some(())?;
    let share = cx.number(soon, "share", (1, 99)).and_then(|share| u32::try_from(share).ok()).map(SoonAt::Share);
    let at = soon.get("at").and_then(|at| cx.length(at.at, cx.scalar(at, "a length")?)).map(SoonAt::Length);
    let Some(at) = at.or(share) else {
        let remedy = "write `at: 1 wd` or `share: 20`";
        cx.sink.error_help(soon.at, "missing-key", "`soon` needs `at` or `share`", remedy);
        return None;
    };
    Some(Soon { at, notify: who::told(cx, soon, "notify") })
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
    cx.one_key(value, "`overdue`", (&["count", "notify", "escalate", "do"], &[]));
    let [(key, name)] = value.entries() else {
        let message =
            "`overdue` is `mark`, `nothing`, {count: name}, {notify: [who]}, {escalate: level} or {do: action}";
        cx.sink.error(value.at, "wrong-shape", message);
        return None;
    };
    if key.text == "notify" {
        return Some(OnOverdue::Notify(who::told(cx, value, "notify")));
    }
    let text = cx.scalar(name, &key.text)?;
    match key.text.as_str() {
        "escalate" => cx.level(name).map(OnOverdue::Escalate),
        "count" => known_count(cx, name.at, text, symbol).then(|| OnOverdue::Count(text.to_owned())),
        "do" => Some(OnOverdue::Act(text.to_owned())),
        _ => {
            crate::yaml::unknown_key(cx.sink, key, "`overdue`", &["count", "notify", "escalate", "do"]);
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

//! Patterns of numbers: `SB-{township}-{yyyy}-{seq:6}`.

use crate::cx::Cx;
use crate::names;
use crate::sink::At;
use crate::symbols::ProcessSymbol;
use crate::yaml::{Kind, Node};
use ganglion_model::Level;
use ganglion_model::pack::{NumberDef, NumberPart};
use std::collections::BTreeMap;

/// Most digits of a sequence.
const MOST_DIGITS: u8 = 12;
/// Digits of a code that all counties of a city share.
const CITY_DIGITS: u32 = 4;
/// Name of the number given at opening.
const PUBLIC: &str = "report";

/// All numbers of a process.
pub fn all(cx: Cx<'_>, process: &Node, symbol: &ProcessSymbol) -> BTreeMap<String, NumberDef> {
    let mut numbers = BTreeMap::new();
    let Some(node) = cx.need(process, "numbers", "a process") else {
        return numbers;
    };
    for (_, value) in node.entries() {
        let needs_kind =
            value.text().or_else(|| value.get("pattern")?.text()).is_some_and(|text| text.contains("{kind}"));
        if needs_kind && process.get("kind").is_none() {
            let message = "`{kind}` is the value of the field that sorts cases, and no field does";
            cx.sink.error_help(value.at, "bad-pattern", message, "add `kind: <field>` to the process");
        }
    }
    for (key, node) in node.entries() {
        names::check(cx.sink, key.at, &key.text);
        let def = match &node.kind {
            Kind::Map(_) => later(cx, node, symbol),
            _ => Some(NumberDef { on_state: None, parts: parts(cx, node), each: Vec::new() }),
        };
        if key.text == PUBLIC && def.as_ref().is_some_and(|def| def.on_state.is_some()) {
            cx.sink.error_help(node.at, "no-report-number", "the public number is given at opening", "remove `on`");
        }
        if key.text == PUBLIC && def.as_ref().is_some_and(|def| !tells_counties_apart(&def.parts)) {
            // Sequences are kept by county, and a case is found by this number alone.
            let message = "this number does not say the county, so two counties would give the same one";
            // A hint, so that packs installed earlier still start.
            cx.sink.warn(node.at, "no-place", message, "add `{county}`, or a place in it such as `{township}`");
        }
        numbers.extend(def.map(|def| (key.text.clone(), def)));
    }
    if node.get(PUBLIC).is_none() {
        let remedy = "add `report: \"SB-{township}-{yyyy}-{seq:6}\"`";
        cx.sink.error_help(
            node.at,
            "no-report-number",
            "there is no number `report`, by which a case is followed",
            remedy,
        );
    }
    numbers
}

fn tells_counties_apart(parts: &[NumberPart]) -> bool {
    parts.iter().any(|part| match part {
        NumberPart::Place(level) | NumberPart::Name(level) => *level >= Level::County,
        // Of a code the last two digits of the county have to stand in it, and what is below them.
        NumberPart::PlaceEnd(level, digits) => {
            *level >= Level::County && u32::from(*digits) + CITY_DIGITS >= level.digits()
        }
        _ => false,
    })
}

fn later(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> Option<NumberDef> {
    cx.mapping(node, "a number", &["on", "pattern", "each"]);
    let on_state = match node.get("on") {
        Some(on) => {
            let state = cx.scalar(on, "a state")?;
            if !symbol.states.iter().any(|one| one == state) {
                let known = symbol.states.iter().map(String::as_str);
                cx.unknown((on.at, "unknown-state"), &format!("there is no state `{state}`"), state, known);
                return None;
            }
            Some(state.to_owned())
        }
        None => None,
    };
    let parts = parts(cx, cx.need(node, "pattern", "a number")?);
    Some(NumberDef { on_state, parts, each: each(cx, node) })
}

/// What the sequence begins again with though it is not written: `each: "{township}{yyyymmdd}"`.
fn each(cx: Cx<'_>, node: &Node) -> Vec<NumberPart> {
    let Some(given) = node.get("each") else { return Vec::new() };
    let parts = pieces(cx, given, part);
    if parts.iter().any(|part| matches!(part, NumberPart::Sequence(_) | NumberPart::Literal(_))) {
        let message = "`each` names what the sequence begins again with: places, days and the kind, and nothing else";
        cx.sink.error_help(given.at, "bad-pattern", message, "write such as `{township}{yyyymmdd}`");
    }
    parts
}

/// The parts of a pattern.
pub fn parts(cx: Cx<'_>, node: &Node) -> Vec<NumberPart> {
    numbered(cx, node, part)
}

/// The number of a document: as of a case, and `{township_name}` for a name as people read it.
pub fn of_document(cx: Cx<'_>, node: &Node) -> Vec<NumberPart> {
    let parts = numbered(cx, node, |cx, at, name| match name.strip_suffix("_name").and_then(Level::parse) {
        Some(level) => Some(NumberPart::Name(level)),
        None => part(cx, at, name),
    });
    if !super::document::names_a_place(&parts) {
        // Sequences are kept by county: without a place two counties would give the same number.
        let message = "this number names no place, so two counties would give the same one";
        cx.sink.error_help(node.at, "no-place", message, "add a place, such as `{township_name}` or `{county}`");
    }
    parts
}

/// Fixed characters and names of places: `{county}{township}`.
pub fn names_of_places(cx: Cx<'_>, node: &Node) -> Vec<NumberPart> {
    pieces(cx, node, |cx, at, name| {
        let level = Level::parse(name);
        if level.is_none() {
            let known = Level::ALL.map(Level::as_str);
            cx.unknown((at, "unknown-level"), &format!("there is no level `{name}`"), name, known);
        }
        level.map(NumberPart::Name)
    })
}

fn numbered(cx: Cx<'_>, node: &Node, read: fn(Cx<'_>, At, &str) -> Option<NumberPart>) -> Vec<NumberPart> {
    let parts = pieces(cx, node, read);
    if !parts.iter().any(|part| matches!(part, NumberPart::Sequence(_))) {
        let message = "without `{seq}` every number would be the same";
        cx.sink.error_help(node.at, "no-sequence", message, "add `{seq:6}`");
    }
    parts
}

/// A text with parts in braces, each read by `read`.
fn pieces(cx: Cx<'_>, node: &Node, read: fn(Cx<'_>, At, &str) -> Option<NumberPart>) -> Vec<NumberPart> {
    let mut parts = Vec::new();
    let Some(mut rest) = cx.scalar(node, "a pattern") else {
        return parts;
    };
    while let Some(open) = rest.find('{') {
        literal(&rest[..open], &mut parts);
        let inside = &rest[open + 1..];
        let Some(close) = inside.find('}') else {
            cx.sink.error_help(node.at, "bad-pattern", "a `{` of this pattern is not closed", "close it with `}`");
            return parts;
        };
        parts.extend(read(cx, node.at, &inside[..close]));
        rest = &inside[close + 1..];
    }
    literal(rest, &mut parts);
    parts
}

fn literal(text: &str, parts: &mut Vec<NumberPart>) {
    if !text.is_empty() {
        parts.push(NumberPart::Literal(text.to_owned()));
    }
}

fn part(cx: Cx<'_>, at: At, name: &str) -> Option<NumberPart> {
    let (word, digits) = name.split_once(':').unwrap_or((name, ""));
    if word == "seq" {
        let digits =
            if digits.is_empty() { Some(6) } else { digits.parse().ok().filter(|n| (1..=MOST_DIGITS).contains(n)) };
        if digits.is_none() {
            cx.sink.error_help(at, "bad-pattern", format!("`{{{name}}}` needs digits from 1 to 12"), "write {seq:6}");
        }
        return digits.map(NumberPart::Sequence);
    }
    if word == "place" {
        let level = Level::ALL.into_iter().find(|level| level.digits().to_string() == digits);
        if level.is_none() {
            let message = format!("`{{{name}}}` needs the digits of a level");
            cx.sink.error_help(at, "bad-pattern", message, "write {place:6}, {place:9} or {place:12}");
        }
        return level.map(NumberPart::Place);
    }
    if let (Some(level), false) = (Level::parse(word), digits.is_empty()) {
        let most = u8::try_from(level.digits()).unwrap_or(u8::MAX);
        let digits = digits.parse().ok().filter(|n| (1..=most).contains(n));
        if digits.is_none() {
            let message = format!("a code of level {word} has {most} digits");
            cx.sink.error_help(at, "bad-pattern", message, format!("write {{{word}}} or {{{word}:3}}"));
        }
        return digits.map(|digits| NumberPart::PlaceEnd(level, digits));
    }
    match (name, Level::parse(name)) {
        ("yyyy", _) => Some(NumberPart::Year),
        ("yyyymm", _) => Some(NumberPart::Month),
        ("yyyymmdd", _) => Some(NumberPart::Day),
        ("kind", _) => Some(NumberPart::Kind),
        (_, Some(level)) => Some(NumberPart::Place(level)),
        _ => {
            let known = Level::ALL.map(Level::as_str).into_iter().chain(["yyyy", "yyyymm", "yyyymmdd", "kind", "seq"]);
            cx.unknown((at, "bad-pattern"), &format!("a number has no part `{{{name}}}`"), name, known);
            None
        }
    }
}

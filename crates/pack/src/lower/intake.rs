//! `intake:` of a process: orders of outside systems, which have ids of their own, become cases.

use crate::cx::Cx;
use crate::lower::process::case_field;
use crate::lower::routing::early_register;
use crate::names;
use crate::symbols::ProcessSymbol;
use crate::yaml::{Key, Kind, Node};
use ganglion_model::pack::{FieldKind, Intake, IntakeField, IntakeSource, IntakeThrough};
use std::collections::BTreeMap;

const KEYS: [&str; 6] = ["title", "order", "ref", "seen", "channel", "fields"];
const OF_VALUE: [&str; 8] = ["from", "value", "lon", "lat", "datum", "codes", "through", "otherwise"];
const DATUMS: [(&str, &str); 4] = [("wgs84", "wgs84"), ("cgcs2000", "cgcs2000"), ("gcj02", "gcj02"), ("bd09", "bd09")];
/// The list of ways in of a process that names none.
const CHANNELS: &str = "channel";

/// All outside systems of a process.
pub fn all(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> BTreeMap<String, Intake> {
    let Some(all) = node.get("intake") else { return BTreeMap::new() };
    let by = node.get("open").and_then(|open| open.get("by")).map(Node::items).unwrap_or_default();
    if !by.iter().any(|who| who.text() == Some("api")) {
        let message = "orders come from other programs, and none may open a case";
        cx.sink.error_help(all.at, "nobody-may", message, "add `api` to `by:` of `open:`");
    }
    let one = |(key, own): &(Key, Node)| {
        names::check(cx.sink, key.at, &key.text);
        Some((key.text.clone(), one(cx, (&key.text, own), node, symbol)?))
    };
    all.entries().iter().filter_map(one).collect()
}

fn one(cx: Cx<'_>, (name, node): (&str, &Node), process: &Node, symbol: &ProcessSymbol) -> Option<Intake> {
    let what = format!("the intake `{name}`");
    cx.mapping(node, &what, &KEYS).then_some(())?;
    let title = cx.needed_text(node, "title", &what);
    let order = cx.need(node, "order", &what).and_then(|order| cx.scalar(order, "order"));
    let reference = cx.need(node, "ref", &what).and_then(|at| reference(cx, (node, at), process, symbol));
    let entries = cx.need(node, "fields", &what).map(Node::entries).unwrap_or_default();
    let fields: Vec<IntakeField> = entries.iter().filter_map(|entry| field(cx, entry, symbol)).collect();
    let given = |name: &str| entries.iter().any(|(key, _)| key.text == name) || reference.as_deref() == Some(name);
    for (name, own) in &symbol.form {
        let form = process.get("form").and_then(|form| form.get(name));
        let filled = form.is_some_and(|field| field.get("default").is_some());
        if own.required && !own.given && !filled && !given(name) {
            let message = format!("the form asks for `{name}`, which no order gives");
            cx.sink.error_help(node.at, "missing-value", message, format!("add `{name}: …` under `fields`"));
        }
    }
    if !symbol.place_fields.is_empty() && !symbol.place_fields.iter().any(|name| given(name)) {
        let message = format!("{what} opens cases that have no place");
        cx.sink.error_help(node.at, "no-route", message, "give a field that `route:` reads under `fields`");
    }
    Some(Intake {
        name: name.to_owned(),
        title,
        order: order?.to_owned(),
        reference: reference?,
        seen: node.get("seen").and_then(|seen| cx.scalar(seen, "seen")).map(str::to_owned),
        channel: channel(cx, node, process),
        fields,
    })
}

/// The field that keeps the id: without it an order sent twice would be two cases.
fn reference(cx: Cx<'_>, (node, at): (&Node, &Node), process: &Node, symbol: &ProcessSymbol) -> Option<String> {
    let text: fn(&FieldKind) -> bool = |kind| matches!(kind, FieldKind::Text { .. });
    let name = case_field(cx, (node, "ref"), symbol, ("a field of type text", text))?;
    let form = process.get("form").and_then(|form| form.get(&name));
    if form.and_then(|field| field.get("unique")).and_then(Node::text) != Some("true") {
        let message = format!("`{name}` may hold the same number twice");
        let remedy = format!("make `{name}` a field of the opening form with `unique: true`");
        cx.sink.error_help(at.at, "not-unique", message, remedy);
        return None;
    }
    Some(name)
}

fn channel(cx: Cx<'_>, node: &Node, process: &Node) -> Option<String> {
    let named = node.get("channel")?;
    let code = cx.scalar(named, "channel")?;
    let list = process.get("channels").and_then(Node::text).unwrap_or(CHANNELS);
    known_code(cx, (named, code), list).then(|| code.to_owned())
}

/// Whether a list has a code; a list that is missing or empty is reported elsewhere.
fn known_code(cx: Cx<'_>, (node, code): (&Node, &str), list: &str) -> bool {
    let Some(symbol) = cx.symbols.lists.get(list).filter(|list| !list.codes.is_empty()) else { return true };
    let known = symbol.codes.iter().any(|one| one == code);
    if !known {
        let codes = symbol.codes.iter().map(String::as_str);
        cx.unknown((node.at, "unknown-code"), &format!("the list `{list}` has no code `{code}`"), code, codes);
    }
    known
}

fn is_taken(kind: &FieldKind) -> bool {
    !matches!(
        kind,
        FieldKind::Files { .. }
            | FieldKind::Line
            | FieldKind::Polygon
            | FieldKind::Table { .. }
            | FieldKind::Choices { .. }
            | FieldKind::Refs { .. }
            | FieldKind::Post { .. }
            | FieldKind::Posts { .. }
            | FieldKind::Account { .. }
            | FieldKind::CaseRef { .. }
    )
}

/// Where a field of the opening form gets its value from.
fn field(cx: Cx<'_>, (key, node): &(Key, Node), symbol: &ProcessSymbol) -> Option<IntakeField> {
    let name = key.text.as_str();
    let Some(own) = symbol.form.get(name) else {
        let known = symbol.form.keys().map(String::as_str);
        cx.unknown((key.at, "unknown-field"), &format!("the opening form has no field `{name}`"), name, known);
        return None;
    };
    if own.given || own.kind.as_ref().is_some_and(|kind| !is_taken(kind)) {
        cx.sink.error(key.at, "wrong-type", format!("`{name}` cannot be taken from an order"));
        return None;
    }
    let is_point = own.kind == Some(FieldKind::Point);
    if !matches!(node.kind, Kind::Map(_)) {
        let from = cx.scalar(node, "a key of the order")?;
        if is_point {
            return lone(cx, node);
        }
        let source = IntakeSource::Key(from.to_owned());
        return Some(IntakeField {
            field: name.to_owned(),
            source,
            codes: BTreeMap::new(),
            through: None,
            otherwise: None,
        });
    }
    cx.mapping(node, "a value taken in", &OF_VALUE).then_some(())?;
    let text = |key: &str| node.get(key).and_then(|value| cx.scalar(value, key)).map(str::to_owned);
    let source = match (text("from"), text("value"), text("lon").zip(text("lat"))) {
        (None, None, Some((lon, lat))) if is_point => {
            let datum = cx.one_of(node, "datum", &DATUMS).unwrap_or("wgs84").to_owned();
            IntakeSource::Point { lon, lat, datum }
        }
        _ if is_point => return lone(cx, node),
        (Some(from), None, None) => IntakeSource::Key(from),
        (None, Some(value), None) => IntakeSource::Value(value),
        _ => {
            let message = format!("`{name}` needs either `from` or `value`");
            cx.sink.error_help(node.at, "wrong-shape", message, "write `from: key of the order`");
            return None;
        }
    };
    let list = match &own.kind {
        Some(FieldKind::Choice { list }) => Some(list.as_str()),
        _ => None,
    };
    Some(IntakeField {
        field: name.to_owned(),
        codes: codes(cx, node, list),
        through: node.get("through").and_then(|through| self::through(cx, through)),
        otherwise: text("otherwise"),
        source,
    })
}

fn lone(cx: Cx<'_>, node: &Node) -> Option<IntakeField> {
    let remedy = "write `{lon: key, lat: key, datum: gcj02}`";
    cx.sink.error_help(node.at, "wrong-shape", "a point is taken from two keys", remedy);
    None
}

/// Our codes for theirs.
fn codes(cx: Cx<'_>, node: &Node, list: Option<&str>) -> BTreeMap<String, String> {
    let entries = node.get("codes").map(Node::entries).unwrap_or_default();
    let one = |(key, value): &(Key, Node)| {
        let code = cx.scalar(value, "a code")?;
        let fits = list.is_none_or(|list| known_code(cx, (value, code), list));
        fits.then(|| (key.text.clone(), code.to_owned()))
    };
    entries.iter().filter_map(one).collect()
}

/// The register that has ours under theirs.
fn through(cx: Cx<'_>, node: &Node) -> Option<IntakeThrough> {
    cx.mapping(node, "`through`", &["register", "give"]).then_some(())?;
    let remedy = "translate by a register of the deployment";
    let (register, target) = early_register(cx, node, ("`through`", remedy))?;
    let given = cx.need(node, "give", "`through`")?;
    let give = cx.scalar(given, "a column")?;
    if !target.fields.contains_key(give) {
        let known = target.fields.keys().map(String::as_str);
        cx.unknown((given.at, "unknown-field"), &format!("the register {register} has no field `{give}`"), give, known);
        return None;
    }
    Some(IntakeThrough { register: register.to_owned(), give: give.to_owned() })
}

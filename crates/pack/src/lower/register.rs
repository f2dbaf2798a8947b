//! Registers.

use crate::cel::Scope;
use crate::cx::Cx;
use crate::lower::field::{self, Owner};
use crate::lower::{readings, register_people as people};
use crate::names as spelling;
use crate::symbols::RegisterSymbol;
use crate::yaml::Node;
use ganglion_model::Level;
use ganglion_model::pack::{FieldKind, Register, Scope as Where};

const KEYS: [&str; 21] = [
    "register",
    "title",
    "scope",
    "owner",
    "key",
    "label",
    "group",
    "dated",
    "series",
    "readings",
    "fields",
    "seed",
    "read",
    "edit",
    "propose",
    "approve",
    "columns",
    "location",
    "purpose",
    "basis",
    "retention",
];
/// Longest time a row is kept after it no longer holds: a hundred years.
const DAYS_MAX: i64 = 36_525;
/// Most fields of a natural key.
const KEY_FIELDS_MAX: usize = 4;

/// The register declared by `node`.
pub fn lower(cx: Cx<'_>, node: &Node) -> Option<Register> {
    cx.mapping(node, "a register", &KEYS).then_some(())?;
    let named = cx.need(node, "register", "a register file")?;
    let name = cx.scalar(named, "the name")?;
    spelling::check(cx.sink, named.at, name);
    // A second declaration has been reported; its parts would be judged by the names of the first.
    let symbol = cx.symbols.registers.get(name).filter(|symbol| symbol.at == named.at)?;
    let what = format!("the register `{name}`");
    let own = |key: &str| {
        let value = node.get(key)?;
        let field = cx.scalar(value, key)?;
        if symbol.fields.contains_key(field) {
            return Some(field.to_owned());
        }
        let known = symbol.fields.keys().map(String::as_str);
        cx.unknown((value.at, "unknown-field"), &format!("{what} has no field `{field}`"), field, known);
        None
    };
    cx.need(node, "fields", "a register");
    let fields = field::all(cx, node.get("fields"), &Scope::register(name, symbol), Owner::Register);
    let keys = keys(cx, node, (&what, symbol));
    let label = cx.need(node, "label", "a register").and_then(|_| own("label"));
    for key in &keys {
        check_key(cx, node, key, &fields);
    }
    let people = people::all(cx, node);
    let mut key_names = keys.clone().into_iter();
    let register = Register {
        name: name.to_owned(),
        pack: cx.pack.to_owned(),
        title: cx.needed_text(node, "title", &what),
        scope: scope(cx, node),
        key: key_names.next().unwrap_or_default(),
        also_key: key_names.collect(),
        label: label.unwrap_or_default(),
        group: own("group"),
        owner: owner(cx, node, symbol).filter(|name| own("owner").as_ref() == Some(name)),
        dated: cx.flag(node, "dated", false),
        series: own("series").filter(|last| check_series(cx, node, last, (&keys, symbol))),
        fields,
        read: people.read,
        edit: people.edit,
        propose: people.propose,
        approve: people.approve,
        columns: columns(cx, node, (&what, symbol)),
        location: own("location").filter(|name| check_location(cx, node, name, symbol)),
        purpose: cx.text_or_empty(node, "purpose", &what),
        basis: cx.text_or_empty(node, "basis", &what),
        retention_days: cx.number(node, "retention", (1, DAYS_MAX)).and_then(|days| u32::try_from(days).ok()),
        readings: readings::lower(cx, node, (&keys, symbol)),
        looks: false,
    };
    people::check_personal(cx, node, &register, symbol);
    Some(register)
}

/// The fields of the natural key: one, or a list of several.
fn keys(cx: Cx<'_>, node: &Node, (what, symbol): (&str, &RegisterSymbol)) -> Vec<String> {
    let Some(value) = cx.need(node, "key", "a register") else { return Vec::new() };
    let keys = names(cx, (node, "key"), (what, symbol));
    if keys.len() > KEY_FIELDS_MAX {
        let message = format!("a key has at most {KEY_FIELDS_MAX} fields, this one has {}", keys.len());
        cx.sink.error(value.at, "long-key", message);
    }
    keys
}

fn columns(cx: Cx<'_>, node: &Node, named: (&str, &RegisterSymbol)) -> Vec<String> {
    let columns = names(cx, (node, "columns"), named);
    for (at, name) in cx.words(node, "columns") {
        if named.1.fields.get(name).is_some_and(|field| field.personal) {
            let message = format!("`{name}` is personal; lists show no personal values");
            cx.sink.error_help(at, "personal-column", message, "leave it out; the card of a row shows it masked");
        }
    }
    columns
}

/// Fields of the register named under `key`, each once.
fn names(cx: Cx<'_>, (node, key): (&Node, &str), (what, symbol): (&str, &RegisterSymbol)) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (at, name) in cx.words(node, key) {
        if !symbol.fields.contains_key(name) {
            let known = symbol.fields.keys().map(String::as_str);
            cx.unknown((at, "unknown-field"), &format!("{what} has no field `{name}`"), name, known);
        } else if !names.iter().any(|one| one == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn check_location(cx: Cx<'_>, node: &Node, name: &str, symbol: &RegisterSymbol) -> bool {
    let at = node.get("location").map_or(node.at, |value| value.at);
    let field = symbol.fields.get(name);
    let drawn =
        field.is_some_and(|field| matches!(field.kind, Some(FieldKind::Point | FieldKind::Line | FieldKind::Polygon)));
    if !drawn {
        cx.sink.error(at, "wrong-type", "`location` is a field of type point, line or polygon");
    } else if field.is_some_and(|field| field.personal) {
        let message = format!("`{name}` is personal; maps show no personal values");
        cx.sink.error_help(at, "personal-column", message, "leave `location` out");
    }
    drawn
}

/// A series follows a day that ends the key, so that the row before is the key before.
fn check_series(cx: Cx<'_>, node: &Node, last: &str, (keys, symbol): (&[String], &RegisterSymbol)) -> bool {
    let at = node.get("series").map_or(node.at, |value| value.at);
    let wrong = |message: &str, remedy: &str| {
        cx.sink.error_help(at, "bad-series", message, remedy);
        false
    };
    let is_day = symbol.fields.get(last).is_some_and(|field| matches!(field.kind, Some(FieldKind::Date)));
    if keys.len() < 2 || keys.last().is_none_or(|key| key != last) || !is_day {
        return wrong(
            "`series` is the last of several key fields, and a day",
            "write `key: [well, read_on]` and `series: read_on`",
        );
    }
    if symbol.dated {
        return wrong("a dated register keeps its rows in time already", "leave out `series` or `dated`");
    }
    if symbol.deployment {
        return wrong("rows of the deployment have no series", "declare the register with `scope:` a level");
    }
    true
}

fn scope(cx: Cx<'_>, node: &Node) -> Where {
    let Some(value) = cx.need(node, "scope", "a register") else {
        return Where::Deployment;
    };
    match cx.scalar(value, "scope") {
        Some("deployment") | None => Where::Deployment,
        Some(name) => match Level::parse(name) {
            Some(level) => Where::Place(level),
            None => {
                let known = Level::ALL.map(Level::as_str).into_iter().chain(["deployment"]);
                cx.unknown((value.at, "unknown-level"), &format!("`scope` cannot be `{name}`"), name, known);
                Where::Deployment
            }
        },
    }
}

/// The place field that says whose a row is: only rows of the deployment need one, the others are kept by place.
fn owner(cx: Cx<'_>, node: &Node, symbol: &RegisterSymbol) -> Option<String> {
    let value = node.get("owner")?;
    let name = cx.scalar(value, "owner")?;
    let Some(field) = symbol.fields.get(name) else { return Some(name.to_owned()) };
    let problem = match &field.kind {
        _ if !symbol.deployment => "rows that are kept by place belong to that place",
        Some(FieldKind::Place { .. }) | None if field.personal => "whose a row is cannot be personal",
        Some(FieldKind::Place { .. }) | None if field.required => return Some(name.to_owned()),
        Some(FieldKind::Place { .. }) | None => "nobody could change a row whose place is not given",
        Some(_) => "whose a row is must be a place",
    };
    let remedy = "name a field of type place with `required: true`, in a register with `scope: deployment`";
    cx.sink.error_help(value.at, "bad-owner", problem, remedy);
    None
}

fn check_key(cx: Cx<'_>, node: &Node, key: &str, fields: &[ganglion_model::pack::Field]) {
    let Some(field) = fields.iter().find(|field| field.name == key) else {
        return;
    };
    let at = node.get("key").map_or(node.at, |key| key.at);
    let textual = matches!(
        field.kind,
        FieldKind::Text { .. }
            | FieldKind::Choice { .. }
            | FieldKind::Ref { .. }
            | FieldKind::Place { .. }
            | FieldKind::Serial { .. }
            | FieldKind::Date
            | FieldKind::Integer { .. }
    );
    if !textual {
        let message = "the key is a field of type text, choice, ref, place, date, integer or serial";
        cx.sink.error(at, "wrong-type", message);
    }
    if field.personal {
        let message = format!("the key `{}` is personal; keys stand in addresses and in the journal", field.name);
        cx.sink.error_help(at, "personal-key", message, "use a number without meaning as the key");
    }
    // A number is always there: the system gives it.
    if field.is_typed() && field.required != ganglion_model::pack::Required::Yes {
        let message = format!("the key `{}` is not required", field.name);
        cx.sink.error_help(at, "key-not-required", message, "write `required: true` in the field");
    }
}

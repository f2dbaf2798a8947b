//! Public notices: `notices: {grant: {title, text, fields: [people, {name: masked}], for: 7 cd, objection, then}}`.

use crate::cel::Scope;
use crate::cx::Cx;
use crate::lower::shown;
use crate::names;
use crate::symbols::{self, ProcessSymbol};
use crate::yaml::{Kind, Node};
use ganglion_model::clocks::Rule;
use ganglion_model::pack::{FieldKind, NoticeDef, NoticeField};
use std::collections::BTreeMap;

const KEYS: [&str; 10] =
    ["title", "text", "fields", "figures", "for", "roll", "same_day", "objection", "then", "basis"];

/// All notices of a process.
pub fn all(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> BTreeMap<String, NoticeDef> {
    let entries = node.get("notices").map(Node::entries).unwrap_or_default();
    let notices = entries.iter().filter_map(|(key, notice)| {
        names::check(cx.sink, key.at, &key.text);
        Some((key.text.clone(), one(cx, (node, &key.text), notice, symbol)?))
    });
    notices.collect()
}

fn one(cx: Cx<'_>, (process, name): (&Node, &str), node: &Node, symbol: &ProcessSymbol) -> Option<NoticeDef> {
    let what = format!("the notice `{name}`");
    cx.mapping(node, &what, &KEYS).then_some(())?;
    let length = cx.need(node, "for", &what)?;
    let mut rule = Rule::new(cx.length(length.at, cx.scalar(length, "a length")?)?);
    rule.roll = cx.flag(node, "roll", false);
    rule.day_after = !cx.flag(node, "same_day", false);
    // A notice of figures alone has no fields.
    let listed = if node.get("figures").is_some() { node.get("fields") } else { cx.need(node, "fields", &what) };
    let listed = listed.map(Node::items).unwrap_or_default();
    let fields: Vec<NoticeField> = listed.iter().filter_map(|item| field(cx, item, symbol)).collect();
    let taken: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    Some(NoticeDef {
        name: name.to_owned(),
        title: cx.needed_text(node, "title", &what),
        text: cx.needed_text(node, "text", &what),
        figures: shown::all(cx, node, (&what, &Scope::guard(symbol)), &taken),
        fields,
        rule,
        objection: node.get("objection").and_then(|named| objection(cx, named)),
        then: node.get("then").and_then(|named| then(cx, process, named)),
        basis: cx.text_or_empty(node, "basis", &what),
    })
}

/// `people`, or `{name: masked}`.
fn field(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> Option<NoticeField> {
    let (at, name, masked) = match &node.kind {
        Kind::Map(entries) => {
            let (key, how) = entries.first()?;
            if how.text() != Some("masked") {
                cx.unknown((how.at, "unknown-word"), "a field is shown as it is, or `masked`", "", ["masked"]);
                return None;
            }
            (key.at, key.text.as_str(), true)
        }
        _ => (node.at, cx.scalar(node, "a field")?, false),
    };
    let Some(field) = symbol.field(name) else {
        let known = symbol.form.keys().chain(symbol.fields.keys()).map(String::as_str);
        cx.unknown((at, "unknown-field"), &format!("the case has no field `{name}`"), name, known);
        return None;
    };
    if field.personal && !masked {
        let message = format!("`{name}` is personal and would be shown to everybody");
        cx.sink.error_help(at, "personal-value", message, format!("write {{{name}: masked}}, or leave it out"));
        return None;
    }
    if matches!(field.kind, Some(FieldKind::Files { .. } | FieldKind::Point)) {
        cx.sink.error(at, "wrong-type", format!("`{name}` cannot be shown in a notice"));
        return None;
    }
    Some(NoticeField { name: name.to_owned(), masked })
}

fn objection(cx: Cx<'_>, named: &Node) -> Option<String> {
    let name = cx.scalar(named, "a process")?;
    let known = cx.symbols.processes.iter().map(|(name, one)| (name, &one.packs));
    cx.usable(named.at, ("process", "unknown-process"), name, known).then(|| name.to_owned())
}

/// The action must exist somewhere and allow the system.
fn then(cx: Cx<'_>, process: &Node, named: &Node) -> Option<String> {
    let name = cx.scalar(named, "an action")?;
    let found: Vec<_> = symbols::actions(process).filter(|(key, _)| key.text == name).collect();
    if found.is_empty() {
        let known = symbols::actions(process).map(|(key, _)| key.text.as_str());
        cx.unknown((named.at, "unknown-action"), &format!("there is no action `{name}`"), name, known);
        return None;
    }
    let system = |action: &Node| {
        action.get("by").map(Node::items).unwrap_or_default().iter().any(|by| by.text() == Some("system"))
    };
    if found.iter().any(|(_, action)| !system(action)) {
        let message = format!("`{name}` is taken by the system, but does not allow `system`");
        cx.sink.error_help(named.at, "system-may-not", message, "add `system` to `by` of the action");
    }
    Some(name.to_owned())
}

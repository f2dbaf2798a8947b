//! Fields of forms, cases and registers.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::kind;
use crate::lower::value;
use crate::names;
use crate::symbols::{FieldSymbol, ProcessSymbol};
use crate::yaml::{Key, Kind, Node};
use ganglion_model::Text;
use ganglion_model::pack::{Check, Field, FieldKind, Required};
use serde_json::Value;

/// Whose fields are read.
#[derive(Clone, Copy)]
pub enum Owner<'a> {
    /// A register.
    Register,
    /// The opening form of a process.
    Opening(&'a ProcessSymbol),
    /// Fields of a process that actions fill later.
    Later(&'a ProcessSymbol),
    /// The form of an action of this process.
    Action(&'a ProcessSymbol),
}

/// All fields under `node`, in the author's order.
pub fn all(cx: Cx<'_>, node: Option<&Node>, scope: &Scope<'_>, owner: Owner<'_>) -> Vec<Field> {
    let Some(node) = node else { return Vec::new() };
    if !matches!(node.kind, Kind::Map(_)) {
        cx.sink.error(
            node.at,
            "wrong-shape",
            format!("fields are a mapping of name to field, this is {}", node.what()),
        );
    }
    node.entries().iter().filter_map(|(key, node)| one(cx, key, node, scope, owner)).collect()
}

fn one(cx: Cx<'_>, key: &Key, node: &Node, scope: &Scope<'_>, owner: Owner<'_>) -> Option<Field> {
    names::check(cx.sink, key.at, &key.text);
    let what = format!("the field `{}`", key.text);
    if !matches!(node.kind, Kind::Map(_)) {
        let message = format!("{what} must be a mapping, this is {}", node.what());
        cx.sink.error_help(node.at, "wrong-shape", message, "write {type: text, title: {zh: …, en: …}}");
        return None;
    }
    let kind = kind::read(cx, node)?;
    kind::check(cx, node, &kind);
    check_name(cx, key, &kind, owner);
    let personal = cx.flag(node, "personal", false);
    let public = cx.flag(node, "public", false);
    if personal && public {
        cx.sink.error_help(
            key.at,
            "personal-and-public",
            format!("{what} is personal and public"),
            "remove one of the two",
        );
    }
    let unique = cx.flag(node, "unique", false);
    if let (true, Some(written)) = (personal && unique, node.get("unique")) {
        let message = format!("{what} is personal: what stands once only is kept in clear to be found again");
        let remedy = "remove `unique`, or ask for a number that is not personal";
        cx.sink.error_help(written.at, "personal-and-unique", message, remedy);
    }
    if let Owner::Action(process) = owner {
        check_same(cx, key, &kind, personal, process.field(&key.text));
    }
    for (at, role) in cx.words(node, "see") {
        cx.usable_role(at, role);
    }
    let judged = !matches!(owner, Owner::Later(_));
    if !judged {
        without_effect(cx, node);
    }
    Some(Field {
        name: key.text.clone(),
        title: cx.needed_text(node, "title", &what),
        help: cx.text_or_empty(node, "help", &what),
        required: if judged { required(cx, node, scope) } else { Required::No },
        when: node.get("when").filter(|_| judged).and_then(|when| cel::compile(cx, scope, when, &Want::Condition)),
        checks: if judged { checks(cx, node, scope) } else { Vec::new() },
        personal,
        see: cx.words(node, "see").into_iter().map(|(_, role)| role.to_owned()).collect(),
        public,
        default: node.get("default").and_then(|default| constant(cx, default, &kind)),
        unit: node.get("unit").map(|text| unit(cx, text)),
        unique,
        kind,
    })
}

/// Forms are judged when they are sent; fields that are filled later are only kept.
fn without_effect(cx: Cx<'_>, node: &Node) {
    let conditions =
        node.entries().iter().filter(|(key, _)| ["required", "when", "check", "default"].contains(&key.text.as_str()));
    for (key, _) in conditions {
        let message = format!("`{}` has no effect here: only forms are judged", key.text);
        let remedy = "write it in the form of the action that asks for this field";
        cx.sink.warn(key.at, "condition-without-effect", message, remedy);
    }
}

/// A unit such as `%` is the same in both languages.
pub fn unit(cx: Cx<'_>, node: &Node) -> Text {
    match node.text() {
        Some(text) if text.is_ascii() => Text::new(text, text),
        _ => cx.text(node, "the unit"),
    }
}

fn constant(cx: Cx<'_>, node: &Node, kind: &FieldKind) -> Option<Value> {
    if let Kind::List(items) = &node.kind {
        let parts: Vec<Option<Value>> =
            items.iter().map(|item| value::read(cx, item.at, kind, cx.scalar(item, "a default")?)).collect();
        let parts: Vec<Value> = parts.into_iter().collect::<Option<_>>()?;
        return Some(Value::from(parts.into_iter().flat_map(one_or_more).collect::<Vec<_>>()));
    }
    value::read(cx, node.at, kind, cx.scalar(node, "a default")?)
}

fn one_or_more(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
}

fn required(cx: Cx<'_>, node: &Node, scope: &Scope<'_>) -> Required {
    match node.get("required") {
        None => Required::No,
        Some(value) => match value.text() {
            Some("true") => Required::Yes,
            Some("false") => Required::No,
            _ => cel::compile(cx, scope, value, &Want::Condition).map_or(Required::No, Required::If),
        },
    }
}

fn checks(cx: Cx<'_>, node: &Node, scope: &Scope<'_>) -> Vec<Check> {
    let items = node.get("check").map(Node::items).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            if !cx.mapping(item, "a check", &["holds", "message"]) {
                return None;
            }
            let message = cx.needed_text(item, "message", "the check");
            let holds = cel::compile(cx, scope, cx.need(item, "holds", "a check")?, &Want::Condition)?;
            Some(Check { holds, message })
        })
        .collect()
}

fn check_name(cx: Cx<'_>, key: &Key, kind: &FieldKind, owner: Owner<'_>) {
    let name = key.text.as_str();
    let (Owner::Opening(process) | Owner::Later(process)) = owner else {
        return;
    };
    let hidden = names::OF_THE_CASE.contains(&name) || (name == "place" && !matches!(kind, FieldKind::Place { .. }));
    if hidden {
        let message = format!("`{name}` is what every case has already; a field of that name could not be read");
        cx.sink.error_help(key.at, "reserved-name", message, "choose another name");
    }
    if process.counts.iter().any(|count| count == name) {
        let message = format!("`{name}` is a counter and a field; `case.{name}` could mean both");
        cx.sink.error_help(key.at, "duplicate-name", message, "rename one of them");
    }
    if let (Some(first), Owner::Later(_)) = (process.form.get(name), owner) {
        let message = format!("`{name}` stands in the form (line {}) already", first.at.line);
        cx.sink.error_help(key.at, "duplicate-name", message, "remove it here: fields of the form are kept too");
    }
}

/// A form field with the name of a case field is stored there, so it must be the same kind of thing.
fn check_same(cx: Cx<'_>, key: &Key, kind: &FieldKind, personal: bool, case: Option<&FieldSymbol>) {
    let Some(FieldSymbol { kind: Some(stored), personal: sealed, at, .. }) = case else {
        return;
    };
    let same = match (kind, stored) {
        (FieldKind::Choice { list: a }, FieldKind::Choice { list: b }) => a == b,
        (FieldKind::Choices { list: a }, FieldKind::Choices { list: b }) => a == b,
        (FieldKind::Ref { register: a }, FieldKind::Ref { register: b }) => a == b,
        (FieldKind::Text { .. } | FieldKind::LongText { .. }, FieldKind::Text { .. } | FieldKind::LongText { .. }) => {
            true
        }
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    };
    if !same {
        let message = format!(
            "`{}` is kept in the case field of that name (line {}), which is of another type",
            key.text, at.line
        );
        cx.sink.error_help(key.at, "field-differs", message, "give it the same type, or another name");
    } else if personal != *sealed {
        let message = format!("`{}` is personal in one place and not in the other (line {})", key.text, at.line);
        cx.sink.error_help(key.at, "field-differs", message, "write `personal: true` in both");
    }
}

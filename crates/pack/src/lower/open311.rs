//! `open311:` of a process: `{services: public, attributes: [urgency], name: …, phone: …, hide: [confidential], describe: true}`.

use crate::cx::Cx;
use crate::lower::process::case_field;
use crate::sink::At;
use crate::symbols::{FieldSymbol, ProcessSymbol};
use crate::yaml::Node;
use ganglion_model::pack::{FieldKind, Open311, OpenMedia};

const KEYS: [&str; 8] = ["services", "attributes", "name", "phone", "hide", "describe", "media", "checked"];

/// What a process says of it, if it is offered at all.
pub fn lower(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> Option<Open311> {
    let offered = node.get("open311")?;
    cx.mapping(offered, "`open311`", &KEYS).then_some(())?;
    let by = node.get("open").and_then(|open| open.get("by")).map(Node::items).unwrap_or_default();
    if !by.iter().any(|who| matches!(who.text(), Some("api" | "public"))) {
        let message = "requests come from other programs, and none may open a case";
        cx.sink.error_help(offered.at, "nobody-may", message, "add `api` to `by:` of `open:`");
    }
    let text: fn(&FieldKind) -> bool = |kind| matches!(kind, FieldKind::Text { .. });
    let phone: fn(&FieldKind) -> bool = |kind| matches!(kind, FieldKind::Phone | FieldKind::Text { .. });
    Some(Open311 {
        services: services(cx, (node, offered), symbol),
        attributes: attributes(cx, offered, symbol),
        name: case_field(cx, (offered, "name"), symbol, ("a text", text)),
        phone: case_field(cx, (offered, "phone"), symbol, ("a telephone number", phone)),
        hide: hidden(cx, offered, symbol),
        describe: cx.flag(offered, "describe", false),
        media: media(cx, offered, symbol),
        checked: cx.flag(offered, "checked", false),
    })
}

/// The yes-or-no field of the register of kinds.
fn services(cx: Cx<'_>, (process, offered): (&Node, &Node), symbol: &ProcessSymbol) -> Option<String> {
    let named = offered.get("services")?;
    let name = cx.scalar(named, "a field")?;
    let kind = process.get("kind").and_then(Node::text).and_then(|kind| symbol.field(kind));
    let register = kind.and_then(|kind| match &kind.kind {
        Some(FieldKind::Ref { register }) => cx.symbols.registers.get(register),
        _ => None,
    });
    let Some(register) = register else {
        let message = "`services` names a field of the register of kinds, and the kinds are no rows of a register";
        cx.sink.error_help(named.at, "no-kinds", message, "leave `services` out: every kind is a service then");
        return None;
    };
    let Some(field) = register.fields.get(name) else {
        let known = register.fields.keys().map(String::as_str);
        cx.unknown((named.at, "unknown-field"), &format!("the register of kinds has no field `{name}`"), name, known);
        return None;
    };
    is_flag(cx, (named.at, name), field).then(|| name.to_owned())
}

fn is_flag(cx: Cx<'_>, (at, name): (At, &str), field: &FieldSymbol) -> bool {
    let fits = field.kind.as_ref().is_none_or(|kind| *kind == FieldKind::Boolean);
    if !fits {
        cx.sink.error(at, "wrong-type", format!("`{name}` must be a field of type boolean"));
    }
    fits
}

/// Fields of the opening form that may be asked of anybody's program.
fn attributes(cx: Cx<'_>, offered: &Node, symbol: &ProcessSymbol) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (at, name) in cx.words(offered, "attributes") {
        let Some(field) = symbol.form.get(name) else {
            let known = symbol.form.keys().map(String::as_str);
            cx.unknown((at, "unknown-field"), &format!("the opening form has no field `{name}`"), name, known);
            continue;
        };
        if field.personal {
            let message = format!("`{name}` is personal and would be asked in the open");
            cx.sink.error_help(at, "personal-value", message, "leave it out");
            continue;
        }
        let is_asked = |kind: &FieldKind| {
            !matches!(
                kind,
                FieldKind::Files { .. }
                    | FieldKind::Point
                    | FieldKind::Line
                    | FieldKind::Polygon
                    | FieldKind::Table { .. }
                    | FieldKind::Post { .. }
                    | FieldKind::Posts { .. }
                    | FieldKind::Account { .. }
            )
        };
        if field.given || field.kind.as_ref().is_some_and(|kind| !is_asked(kind)) {
            cx.sink.error(at, "wrong-type", format!("`{name}` cannot be asked as an attribute"));
            continue;
        }
        names.push(name.to_owned());
    }
    names
}

/// The picture that is shown, and who says that it may be.
fn media(cx: Cx<'_>, offered: &Node, symbol: &ProcessSymbol) -> Option<OpenMedia> {
    let node = offered.get("media")?;
    cx.mapping(node, "`media`", &["files", "shown"]).then_some(())?;
    let pictures: fn(&FieldKind) -> bool = |kind| matches!(kind, FieldKind::Files { .. });
    let flag: fn(&FieldKind) -> bool = |kind| *kind == FieldKind::Boolean;
    let named = cx.need(node, "files", "`media`");
    let vouched = cx.need(node, "shown", "`media`");
    let files = named.and_then(|_| case_field(cx, (node, "files"), symbol, ("a field of type files", pictures)));
    let shown = vouched.and_then(|_| case_field(cx, (node, "shown"), symbol, ("a field of type boolean", flag)));
    let (files, shown) = (files?, shown?);
    if symbol.field(&files).is_some_and(|field| field.personal || field.confidential) {
        let message = format!("`{files}` is not for everybody and would be shown to the public");
        cx.sink.error_help(named?.at, "personal-value", message, "name a field that whoever reads the case may see");
        return None;
    }
    Some(OpenMedia { files, shown })
}

/// Yes-or-no fields that keep a case from being shown.
fn hidden(cx: Cx<'_>, offered: &Node, symbol: &ProcessSymbol) -> Vec<String> {
    let mut names = Vec::new();
    for (at, name) in cx.words(offered, "hide") {
        match symbol.field(name) {
            Some(field) if is_flag(cx, (at, name), field) => names.push(name.to_owned()),
            Some(_) => {}
            None => {
                let known = symbol.form.keys().chain(symbol.fields.keys()).map(String::as_str);
                cx.unknown((at, "unknown-field"), &format!("the case has no field `{name}`"), name, known);
            }
        }
    }
    names
}

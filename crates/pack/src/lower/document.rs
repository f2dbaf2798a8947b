//! `documents.yaml`: documents that are made from cases. What the templates themselves contain is judged by the crate that
//! prints them; here only that they are there and what they are given.

use super::action::guard;
use super::number;
use super::who;
use crate::cel::Scope;
use crate::cx::Cx;
use crate::load::Loaded;
use crate::names;
use crate::symbols::ProcessSymbol;
use crate::yaml::{Key, Node};
use ganglion_model::Model;
use ganglion_model::pack::{Document, FieldKind, NumberPart, Papers, Seal, Who};

const OF_DOCUMENT: [&str; 14] = [
    "title", "of", "template", "number", "issuer", "by", "when", "fields", "figures", "clear", "purpose", "seal", "qr",
    "copies",
];
/// Most copies of a document.
const MOST_COPIES: i64 = 20;
/// Names the template finds beside the fields.
const SEALS: [(&str, Seal); 3] = [("true", Seal::Drawn), ("false", Seal::None), ("text", Seal::Text)];

/// Lowers `documents.yaml` of `pack` into `model`.
pub fn lower(cx: Cx<'_>, pack: &Loaded, model: &mut Model) {
    if !pack.papers.is_empty() {
        let papers = Papers { shown: pack.shown.clone(), files: pack.papers.clone() };
        model.papers.insert(pack.name.clone(), papers);
    }
    let Some(node) = &pack.documents else { return };
    if !cx.mapping(node, "documents.yaml", &["documents", "bulletins", "tables"]) {
        return;
    }
    for (key, node) in node.get("documents").map(Node::entries).unwrap_or_default() {
        names::check(cx.sink, key.at, &key.text);
        model.documents.extend(document(cx, pack, key, node).map(|one| (key.text.clone(), one)));
    }
    for (key, node) in node.get("bulletins").map(Node::entries).unwrap_or_default() {
        model.bulletins.extend(super::bulletin::lower(cx, pack, key, node).map(|one| (key.text.clone(), one)));
    }
    for (key, node) in node.get("tables").map(Node::entries).unwrap_or_default() {
        model.tables.extend(super::tables::lower(cx, key, node).map(|one| (key.text.clone(), one)));
    }
}

fn document(cx: Cx<'_>, pack: &Loaded, key: &Key, node: &Node) -> Option<Document> {
    let what = format!("the document `{}`", key.text);
    cx.mapping(node, &what, &OF_DOCUMENT).then_some(())?;
    let of = cx.need(node, "of", &what)?;
    let process_name = cx.scalar(of, "of")?;
    let known = cx.symbols.processes.iter().map(|(name, one)| (name, &one.packs));
    cx.usable(of.at, ("process", "unknown-process"), process_name, known).then_some(())?;
    let process = cx.symbols.processes.get(process_name)?;
    let role: fn(&Who) -> bool = |who| matches!(who, Who::Role { .. } | Who::RoleHandling { .. } | Who::Assignee);
    let number = cx.need(node, "number", &what).map(|pattern| number::of_document(cx, pattern)).unwrap_or_default();
    let (fields, clear) = (printed(cx, node, "fields", process), printed(cx, node, "clear", process));
    open_or_clear(cx, node, (process_name, process), (&fields, &clear));
    let taken = [fields.as_slice(), clear.as_slice()].concat();
    let figures = super::shown::all(cx, node, (&what, process), &taken);
    Some(Document {
        name: key.text.clone(),
        pack: cx.pack.to_owned(),
        title: cx.needed_text(node, "title", &what),
        of: process_name.to_owned(),
        template: template(cx, pack, node, &what)?,
        number,
        issuer: cx.need(node, "issuer", &what).map(|issuer| number::names_of_places(cx, issuer)).unwrap_or_default(),
        by: who::list(cx, node, "by", (role, "a document is issued by role@level or the assignee")),
        when: guard(cx, node, &Scope::guard(process)),
        purpose: purpose(cx, node, &what, &clear),
        fields,
        clear,
        figures,
        seal: cx.one_of(node, "seal", &SEALS).unwrap_or_default(),
        qr: cx.flag(node, "qr", false),
        copies: cx.number(node, "copies", (1, MOST_COPIES)).and_then(|n| u8::try_from(n).ok()).unwrap_or(1),
    })
}

/// The template named in `node`, if the pack has it.
pub fn template(cx: Cx<'_>, pack: &Loaded, node: &Node, what: &str) -> Option<String> {
    let value = cx.need(node, "template", what)?;
    let path = cx.scalar(value, "template")?;
    if !pack.papers.contains_key(path) || !path.ends_with(".typ") {
        let message = format!("there is no template `{path}` in this pack");
        let known = pack.papers.keys().filter(|path| path.ends_with(".typ")).map(String::as_str);
        let remedy = crate::near::remedy(path, known).unwrap_or_else(|| "put it at documents/<name>.typ".to_owned());
        cx.sink.error_help(value.at, "unknown-template", message, remedy);
        return None;
    }
    Some(path.to_owned())
}

/// Fields named under `key` that the case has.
fn printed(cx: Cx<'_>, node: &Node, key: &str, process: &ProcessSymbol) -> Vec<String> {
    let known: Vec<&str> = process.form.keys().chain(process.fields.keys()).map(String::as_str).collect();
    let mut good = cx.known_words(node, key, ("field of the case", "unknown-field"), &known);
    good.retain(|name| {
        let kind = process.field(name).and_then(|field| field.kind.as_ref());
        let shown = !matches!(kind, Some(FieldKind::Files { .. } | FieldKind::Point));
        if !shown {
            let at = node.get(key).map_or(node.at, |list| list.at);
            cx.sink.error(at, "wrong-type", format!("`{name}` cannot be printed: it is no text, number or day"));
        }
        shown
    });
    good
}

/// What is personal or shown to some roles only must be named as printed in clear, and nothing else.
fn open_or_clear(
    cx: Cx<'_>,
    node: &Node,
    (name, process): (&str, &ProcessSymbol),
    (fields, clear): (&[String], &[String]),
) {
    let at = |key: &str, field: &str| {
        let items = node.get(key).map(Node::items).unwrap_or_default();
        items.iter().find(|item| item.text() == Some(field)).map_or(node.at, |item| item.at)
    };
    let closed = |field: &String| process.field(field).is_some_and(|field| field.personal || field.confidential);
    for field in fields.iter().filter(|field| closed(field)) {
        let message = format!("`{field}` is not for everybody who reads {name}, so it is not printed by itself");
        let remedy = format!("name `{field}` under `clear:` and say why under `purpose:`");
        cx.sink.error_help(at("fields", field), "personal-value", message, remedy);
    }
    for field in clear.iter().filter(|field| !closed(field)) {
        let message = format!("`{field}` is neither personal nor kept to some roles");
        cx.sink.warn(at("clear", field), "not-personal", message, "name it under `fields:`");
    }
}

fn purpose(cx: Cx<'_>, node: &Node, what: &str, clear: &[String]) -> ganglion_model::Text {
    if !clear.is_empty() && node.get("purpose").is_none() {
        let at = node.get("clear").map_or(node.at, |clear| clear.at);
        let message = format!("{what} prints personal values, but does not say why");
        cx.sink.error_help(at, "no-purpose", message, "add `purpose: {zh: …, en: …}` to the document");
    }
    cx.text_or_empty(node, "purpose", what)
}

/// Whether every document of a process takes its number from a place: sequences are kept by county, so without one two
/// counties would give the same number.
pub fn names_a_place(parts: &[NumberPart]) -> bool {
    parts.iter().any(|part| matches!(part, NumberPart::Place(_) | NumberPart::Name(_)))
}

//! `documents.yaml`: documents that are made from cases or from rows of registers. What the templates themselves contain is judged by the crate that
//! prints them; here only that they are there and what they are given.

use super::action::guard;
use super::number;
use super::who;
use crate::cel::Scope;
use crate::cx::Cx;
use crate::load::Loaded;
use crate::names;
use crate::symbols::{FieldSymbol, ProcessSymbol, RegisterSymbol};
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

/// What a document is made from.
#[derive(Clone, Copy)]
enum Made<'a> {
    /// Cases of a process.
    Case(&'a ProcessSymbol),
    /// Rows of a register.
    Row(&'a RegisterSymbol),
}

impl<'a> Made<'a> {
    fn names(self) -> Vec<&'a str> {
        match self {
            Made::Case(process) => process.form.keys().chain(process.fields.keys()).map(String::as_str).collect(),
            Made::Row(register) => register.fields.keys().map(String::as_str).collect(),
        }
    }

    fn field(self, name: &str) -> Option<&'a FieldSymbol> {
        match self {
            Made::Case(process) => process.field(name),
            Made::Row(register) => register.fields.get(name),
        }
    }

    /// What conditions and figures see.
    fn scope(self) -> Scope<'a> {
        match self {
            Made::Case(process) => Scope::guard(process),
            Made::Row(register) => Scope { row: Some(&register.fields), actor: true, now: true, ..Scope::default() },
        }
    }

    fn what(self) -> &'static str {
        match self {
            Made::Case(_) => "field of the case",
            Made::Row(_) => "field of the row",
        }
    }

    /// Who may make it by hand.
    fn by(self, cx: Cx<'_>, node: &Node) -> Vec<Who> {
        let of_case: fn(&Who) -> bool =
            |who| matches!(who, Who::Role { .. } | Who::RoleHandling { .. } | Who::Assignee);
        let of_row: fn(&Who) -> bool = |who| matches!(who, Who::Role { .. });
        match self {
            Made::Case(_) => who::list(cx, node, "by", (of_case, "a document is issued by role@level or the assignee")),
            Made::Row(_) => who::list(cx, node, "by", (of_row, "a document of a row is issued by role@level")),
        }
    }
}

fn document(cx: Cx<'_>, pack: &Loaded, key: &Key, node: &Node) -> Option<Document> {
    let what = format!("the document `{}`", key.text);
    cx.mapping(node, &what, &OF_DOCUMENT).then_some(())?;
    let of = cx.need(node, "of", &what)?;
    let name = cx.scalar(of, "of")?;
    let symbols = cx.symbols;
    let known = symbols.processes.iter().map(|(name, one)| (name, &one.packs));
    let known = known.chain(symbols.registers.iter().map(|(name, one)| (name, &one.packs)));
    cx.usable(of.at, ("process or register", "unknown-process"), name, known).then_some(())?;
    let made = match symbols.processes.get(name) {
        Some(process) => Made::Case(process),
        None => Made::Row(symbols.registers.get(name)?),
    };
    let number = cx.need(node, "number", &what).map(|pattern| number::of_document(cx, pattern)).unwrap_or_default();
    let (fields, clear) = (printed(cx, node, "fields", made), printed(cx, node, "clear", made));
    open_or_clear(cx, node, (name, made), (&fields, &clear));
    let taken = [fields.as_slice(), clear.as_slice()].concat();
    let figures = super::shown::all(cx, node, (&what, &made.scope()), &taken);
    Some(Document {
        name: key.text.clone(),
        pack: cx.pack.to_owned(),
        title: cx.needed_text(node, "title", &what),
        of: name.to_owned(),
        row: matches!(made, Made::Row(_)),
        template: template(cx, pack, node, &what)?,
        number,
        issuer: cx.need(node, "issuer", &what).map(|issuer| number::names_of_places(cx, issuer)).unwrap_or_default(),
        by: made.by(cx, node),
        when: guard(cx, node, &made.scope()),
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

/// Fields named under `key` that the case or row has.
fn printed(cx: Cx<'_>, node: &Node, key: &str, made: Made<'_>) -> Vec<String> {
    let mut good = cx.known_words(node, key, (made.what(), "unknown-field"), &made.names());
    good.retain(|name| {
        let kind = made.field(name).and_then(|field| field.kind.as_ref());
        let drawn = matches!(kind, Some(FieldKind::Line | FieldKind::Polygon));
        let shown = !drawn && !matches!(kind, Some(FieldKind::Files { .. } | FieldKind::Point));
        if !shown {
            let at = node.get(key).map_or(node.at, |list| list.at);
            cx.sink.error(at, "wrong-type", format!("`{name}` cannot be printed: it is no text, number or day"));
        }
        shown
    });
    good
}

/// What is personal or shown to some roles only must be named as printed in clear, and nothing else.
fn open_or_clear(cx: Cx<'_>, node: &Node, (name, made): (&str, Made<'_>), (fields, clear): (&[String], &[String])) {
    let at = |key: &str, field: &str| {
        let items = node.get(key).map(Node::items).unwrap_or_default();
        items.iter().find(|item| item.text() == Some(field)).map_or(node.at, |item| item.at)
    };
    let closed = |field: &String| made.field(field).is_some_and(|field| field.personal || field.confidential);
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

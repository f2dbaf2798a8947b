//! `pack.yaml`: name, version, what is required, roles and code lists.

use crate::cx::Cx;
use crate::lists;
use crate::load::Loaded;
use crate::names;
use crate::sink::At;
use crate::yaml::Node;
use ganglion_model::Model;
use ganglion_model::pack::{PackInfo, Role};
use std::collections::BTreeMap;

/// Lowers the header of `pack` into `model`.
pub fn lower(cx: Cx<'_>, pack: &Loaded, model: &mut Model) {
    let Some(node) = &pack.header else { return };
    if !cx.mapping(node, "pack.yaml", &["pack", "version", "title", "about", "requires", "yearly", "roles", "lists"]) {
        return;
    }
    if let Some(name) = cx.need(node, "pack", "pack.yaml") {
        names::check(cx.sink, name.at, cx.scalar(name, "the name").unwrap_or_default());
    }
    let version = cx.need(node, "version", "pack.yaml").and_then(|version| cx.scalar(version, "the version"));
    let info = PackInfo {
        name: pack.name.clone(),
        version: version.unwrap_or_default().to_owned(),
        title: cx.needed_text(node, "title", "the pack"),
        about: cx.text_or_empty(node, "about", "the pack"),
        requires: requires(cx, node),
        yearly: yearly(cx, node.get("yearly")),
        roles: node
            .get("roles")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .map(|(key, _)| key.text.clone())
            .collect(),
    };
    model.packs.insert(pack.name.clone(), info);
    for (key, node) in node.get("roles").map(Node::entries).unwrap_or_default() {
        role(cx, key.at, &key.text, node, model);
    }
    for (key, node) in node.get("lists").map(Node::entries).unwrap_or_default() {
        names::check(cx.sink, key.at, &key.text);
        let list = lists::lower(cx, pack, &key.text, node);
        if model.lists.get(&key.text).is_some_and(|first| *first != list) {
            let packs = cx.symbols.lists.get(&key.text).map(|one| one.packs.as_slice()).unwrap_or_default();
            other(cx, key.at, ("list", &key.text), packs);
        } else {
            model.lists.insert(key.text.clone(), list);
        }
    }
}

/// Most cases a place is expected to open in a year.
const YEARLY_MAX: i64 = 100_000;

/// How often a place is expected to open a case of each process.
fn yearly(cx: Cx<'_>, node: Option<&Node>) -> BTreeMap<String, u32> {
    let mut all = BTreeMap::new();
    let Some(node) = node else { return all };
    let own =
        |name: &str| cx.symbols.processes.get(name).is_some_and(|one| one.packs.iter().any(|pack| pack == cx.pack));
    for (key, _) in node.entries() {
        if !own(&key.text) {
            let known = cx.symbols.processes.keys().map(String::as_str).filter(|name| own(name));
            let message = format!("this pack has no process `{}`", key.text);
            cx.unknown((key.at, "unknown-process"), &message, &key.text, known);
        } else if let Some(times) = cx.number(node, &key.text, (0, YEARLY_MAX)) {
            all.insert(key.text.clone(), u32::try_from(times).unwrap_or(u32::MAX));
        }
    }
    all
}

fn requires(cx: Cx<'_>, node: &Node) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (at, name) in cx.words(node, "requires") {
        let known = cx.symbols.packs.keys().map(String::as_str);
        if name == cx.pack {
            cx.sink.error(at, "requires-itself", "a pack cannot require itself");
        } else if !cx.symbols.packs.contains_key(name) {
            cx.unknown((at, "unknown-pack"), &format!("the pack `{name}` is not here"), name, known);
        } else if cx.symbols.visible(name, &[cx.pack.to_owned()]) {
            cx.sink.error(
                at,
                "requires-itself",
                format!("`{name}` requires this pack, so this pack cannot require it"),
            );
        } else {
            all.push(name.to_owned());
        }
    }
    all
}

fn role(cx: Cx<'_>, at: At, name: &str, node: &Node, model: &mut Model) {
    names::check(cx.sink, at, name);
    let what = format!("the role `{name}`");
    if !cx.mapping(node, &what, &["title", "levels"]) {
        return;
    }
    let title = cx.needed_text(node, "title", &what);
    let levels = cx.levels(node, "levels");
    if levels.is_empty() {
        cx.sink.error_help(node.at, "missing-key", format!("{what} has no levels"), "add `levels: [township]`");
    }
    match model.roles.get_mut(name) {
        Some(first) if first.title != title => {
            let packs = cx.symbols.roles.get(name).map(|one| one.packs.as_slice()).unwrap_or_default();
            other(cx, at, ("role", name), packs);
        }
        Some(first) => {
            let more: Vec<_> = levels.into_iter().filter(|level| !first.levels.contains(level)).collect();
            first.levels.extend(more);
        }
        None => {
            model.roles.insert(name.to_owned(), Role { name: name.to_owned(), title, levels });
        }
    }
}

/// Roles and lists may be declared by several packs, alike: then they are one. A role is one for all packs because its posts
/// are.
fn other(cx: Cx<'_>, at: At, (what, name): (&str, &str), packs: &[String]) {
    let first = packs.iter().find(|pack| *pack != cx.pack).map_or(cx.pack, String::as_str);
    let message = format!("the packs {first} and {} both declare the {what} `{name}`, and not alike", cx.pack);
    let remedy = format!("write `requires: [{first}]` and leave this out, or call this one {}_{name}", cx.pack);
    cx.sink.error_help(at, "duplicate-name", message, remedy);
}

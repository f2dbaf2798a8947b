//! Processes: everything but the parts that have modules of their own.

use crate::cel::Scope;
use crate::cx::Cx;
use crate::lower::field::{self, Owner};
use crate::lower::{
    action, break_glass, clock, extension, intake, notice, number, open311, queue, routing, schedule, who,
};
use crate::names;
use crate::sink::At;
use crate::symbols::{self, ProcessSymbol};
use crate::yaml::Node;
use ganglion_model::pack::{Children, FieldKind, Process, Who};
use std::collections::BTreeMap;

const KEYS: [&str; 25] = [
    "process",
    "title",
    "heading",
    "kind",
    "purpose",
    "basis",
    "retention",
    "open",
    "form",
    "fields",
    "counts",
    "numbers",
    "route",
    "any_office",
    "channels",
    "queue",
    "children",
    "notices",
    "open311",
    "intake",
    "schedule",
    "read",
    "break_glass",
    "clocks",
    "states",
];
/// Longest time a closed case is kept: a hundred years.
const MOST_DAYS: i64 = 36_525;

/// The process declared by `node`.
pub fn lower(cx: Cx<'_>, node: &Node) -> Option<Process> {
    cx.mapping(node, "a process", &KEYS).then_some(())?;
    let named = cx.need(node, "process", "a process file")?;
    let name = cx.scalar(named, "the name")?;
    names::check(cx.sink, named.at, name);
    // A second declaration has been reported; its parts would be judged by the names of the first.
    let symbol = cx.symbols.processes.get(name).filter(|symbol| symbol.at == named.at)?;
    let what = format!("the process `{name}`");
    for (at, count) in cx.words(node, "counts") {
        names::check(cx.sink, at, count);
    }
    let opening = Scope::opening(symbol);
    let (open_by, open_when) = open(cx, node, &opening);
    let states = cx.need(node, "states", "a process").map(Node::entries).unwrap_or_default();
    let route = routing::all(cx, node, symbol);
    let mut process = Process {
        name: name.to_owned(),
        pack: cx.pack.to_owned(),
        title: cx.needed_text(node, "title", &what),
        open_by,
        open_when,
        form: field::all(cx, node.get("form"), &opening, Owner::Opening(symbol)),
        fields: field::all(cx, node.get("fields"), &Scope::guard(symbol), Owner::Later(symbol)),
        counts: symbol.counts.clone(),
        numbers: number::all(cx, node, symbol),
        route,
        any_office: cx.flag(node, "any_office", false),
        queue: queue::lower(cx, node, symbol),
        looks: false,
        initial: symbol.states.first().cloned().unwrap_or_default(),
        states: states
            .iter()
            .filter_map(|(key, node)| Some((key.text.clone(), action::state(cx, key, node, (name, symbol))?)))
            .collect(),
        state_order: symbol.states.clone(),
        clocks: clock::all(cx, node.get("clocks"), symbol),
        children: children(cx, node),
        notices: notice::all(cx, node, symbol),
        schedule: schedule::all(cx, node, symbol),
        read: who::list(cx, node, "read", (is_role, "only role@level may read without acting")),
        heading: heading(cx, node, symbol).unwrap_or_default(),
        kind_field: sorted_by(cx, node, symbol),
        channels: channels(cx, node),
        retention_days: cx.number(node, "retention", (1, MOST_DAYS)).and_then(|days| u32::try_from(days).ok()),
        purpose: cx.text_or_empty(node, "purpose", &what),
        basis: cx.text_or_empty(node, "basis", &what),
        open311: open311::lower(cx, node, symbol),
        intake: intake::all(cx, node, symbol),
    };
    extension::add(cx, node, &mut process);
    break_glass::add(cx, node, &mut process);
    see_alike(&mut process);
    purpose(cx, node, symbol, &process);
    Some(process)
}

fn is_role(who: &Who) -> bool {
    matches!(who, Who::Role { .. } | Who::RoleHandling { .. })
}

fn open(cx: Cx<'_>, node: &Node, scope: &Scope<'_>) -> (Vec<Who>, Option<ganglion_model::pack::Guard>) {
    let Some(open) = cx.need(node, "open", "a process") else {
        return (Vec::new(), None);
    };
    if !cx.mapping(open, "`open`", &["by", "when"]) {
        return (Vec::new(), None);
    }
    let may: fn(&Who) -> bool =
        |who| matches!(who, Who::Role { .. } | Who::Public | Who::Staff | Who::Api | Who::System);
    let by = who::list(cx, open, "by", (may, "a case is opened by role@level, public, staff, api or system"));
    if by.is_empty() && !who::is_named(open, "by") {
        cx.sink.error_help(open.at, "nobody-may", "nobody may open a case", "add `by: [public]` or a role@level");
    }
    (by, action::guard(cx, open, scope))
}

/// The field of the case named under `key`, if it fits.
pub fn case_field(
    cx: Cx<'_>,
    (node, key): (&Node, &str),
    symbol: &ProcessSymbol,
    (wanted, fits): (&str, fn(&FieldKind) -> bool),
) -> Option<String> {
    let value = node.get(key)?;
    let name = cx.scalar(value, key)?;
    let Some(field) = symbol.field(name) else {
        let known = symbol.form.keys().chain(symbol.fields.keys()).map(String::as_str);
        cx.unknown((value.at, "unknown-field"), &format!("the case has no field `{name}`"), name, known);
        return None;
    };
    if field.kind.as_ref().is_some_and(|kind| !fits(kind)) {
        cx.sink.error(value.at, "wrong-type", format!("`{key}` must name {wanted}; `{name}` is of another type"));
        return None;
    }
    Some(name.to_owned())
}

fn heading(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> Option<String> {
    let value = cx.need(node, "heading", "a process")?;
    let shown: fn(&FieldKind) -> bool = |kind| {
        !matches!(
            kind,
            FieldKind::Point | FieldKind::Line | FieldKind::Polygon | FieldKind::Files { .. } | FieldKind::Table { .. }
        )
    };
    let name = case_field(cx, (node, "heading"), symbol, ("a field that can be shown in a line", shown))?;
    if symbol.field(&name).is_some_and(|field| field.personal) {
        let message = format!("`{name}` is personal and would be shown in every list");
        cx.sink.error_help(value.at, "personal-value", message, "choose another field as the heading");
    }
    Some(name)
}

fn sorted_by(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> Option<String> {
    let sorts: fn(&FieldKind) -> bool = |kind| matches!(kind, FieldKind::Choice { .. } | FieldKind::Ref { .. });
    case_field(cx, (node, "kind"), symbol, ("a field of type choice or ref", sorts))
}

/// The list of ways in which cases come in.
fn channels(cx: Cx<'_>, node: &Node) -> Option<String> {
    let named = node.get("channels")?;
    let list = cx.scalar(named, "a list")?;
    let known = cx.symbols.lists.iter().map(|(name, one)| (name, &one.packs));
    cx.usable(named.at, ("list", "unknown-list"), list, known).then(|| list.to_owned())
}

/// What the system does when cases opened out of this one end.
fn children(cx: Cx<'_>, node: &Node) -> BTreeMap<String, Children> {
    let mut all = BTreeMap::new();
    for (key, rule) in node.get("children").map(Node::entries).unwrap_or_default() {
        let known = cx.symbols.processes.iter().map(|(name, one)| (name, &one.packs));
        if !cx.usable(key.at, ("process", "unknown-process"), &key.text, known)
            || !cx.mapping(rule, "`children`", &["each", "all"])
        {
            continue;
        }
        let action = |word: &str| {
            let named = rule.get(word)?;
            let name = cx.scalar(named, "an action")?;
            let found: Vec<_> = symbols::actions(node).filter(|(key, _)| key.text == name).collect();
            if found.is_empty() {
                let known = symbols::actions(node).map(|(key, _)| key.text.as_str());
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
        };
        all.insert(key.text.clone(), Children { each: action("each"), all: action("all") });
    }
    all
}

/// A value asked by an action is seen by those who may see it in the case: the history of a case shows no more than the
/// case does.
fn see_alike(process: &mut Process) {
    let kept: BTreeMap<String, Vec<String>> = process
        .form
        .iter()
        .chain(&process.fields)
        .filter(|field| !field.see.is_empty())
        .map(|field| (field.name.clone(), field.see.clone()))
        .collect();
    let asked = process.states.values_mut().flat_map(|state| &mut state.actions).flat_map(|action| &mut action.form);
    for field in asked.filter(|field| field.see.is_empty()) {
        if let Some(see) = kept.get(&field.name) {
            field.see.clone_from(see);
        }
    }
}

/// Whoever holds personal values says on what basis, and for how long.
pub fn grounds(cx: Cx<'_>, node: &Node, at: At) {
    if node.get("basis").is_none() {
        let message = "personal values are held here, and it is not said on what basis";
        cx.sink.warn(at, "no-basis", message, "add `basis: {zh: …, en: …}`: the law, or the consent of the person");
    }
    if node.get("retention").is_none() {
        let message = "personal values are held here, and it is not said for how long";
        cx.sink.warn(at, "no-retention", message, "add `retention: <days>`: when they are over they are erased");
    }
}

/// Personal fields are held for a stated purpose only.
fn purpose(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol, process: &Process) {
    let asked = crate::symbols::actions(node)
        .flat_map(|(_, action)| action.get("form").map(Node::entries).unwrap_or_default())
        .any(|(_, field)| field.get("personal").and_then(Node::text) == Some("true"));
    if let Some(stated) = node.get("purpose") {
        if asked || process.form.iter().chain(&process.fields).any(|field| field.personal) {
            grounds(cx, node, stated.at);
        }
        return;
    }
    let missing = |at, name: &str| {
        let message = format!("`{name}` is personal, but the process does not say why it is held");
        cx.sink.error_help(at, "no-purpose", message, "add `purpose: {zh: …, en: …}` to the process");
    };
    for field in process.form.iter().chain(&process.fields).filter(|field| field.personal) {
        missing(symbol.field(&field.name).map_or(node.at, |field| field.at), &field.name);
    }
    for (_, action) in crate::symbols::actions(node) {
        for (key, field) in action.get("form").map(Node::entries).unwrap_or_default() {
            if cx.flag(field, "personal", false) {
                missing(key.at, &key.text);
            }
        }
    }
}

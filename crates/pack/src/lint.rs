//! What works, but probably not as meant: conditions that never change, steps nobody can ever take, effects without
//! effect, lists nobody uses, cases that open each other for ever. All of these are warnings. Left out: the same fact asked
//! twice, which is in [`crate::fact`].

use crate::constant::{Known, fold};
use crate::cx::Cx;
use crate::load::Loaded;
use crate::sink::At;
use crate::yaml::{Kind, Node};
use ganglion_model::Model;
use ganglion_model::pack::{Action, Assign, Effect, Field, Process, Who};
use std::collections::BTreeSet;

/// Checks the processes of `pack`.
pub fn check(cx: Cx<'_>, pack: &Loaded, model: &Model, used: &BTreeSet<&str>) {
    for node in &pack.processes {
        let name = node.get("process").and_then(Node::text).unwrap_or_default();
        let Some(process) = model.processes.get(name).filter(|process| process.pack == pack.name) else {
            continue;
        };
        guards(cx, node, process);
        fields(cx, node.get("form"), &process.form);
        if process.states.len() == process.state_order.len() {
            assignees(cx, node, process);
            cycles(cx, node, (process, model));
        }
    }
    for node in &pack.registers {
        let name = node.get("register").and_then(Node::text).unwrap_or_default();
        if let Some(register) = model.registers.get(name).filter(|register| register.pack == pack.name) {
            fields(cx, node.get("fields"), &register.fields);
        }
    }
    lists(cx, pack, used);
}

/// Actions with their node and the state they stand in.
fn actions<'n, 'p>(node: &'n Node, process: &'p Process) -> Vec<(&'p str, &'p Action, &'n Node)> {
    let states = node.get("states").map(Node::entries).unwrap_or_default();
    let mut all = Vec::new();
    for (state, content) in states {
        for (name, node) in content.get("actions").map(Node::entries).unwrap_or_default() {
            let found = process.states.get_key_value(&state.text);
            if let Some((state, action)) =
                found.and_then(|(state, _)| Some((state, process.action(state, &name.text)?)))
            {
                all.push((state.as_str(), action, node));
            }
        }
    }
    all
}

fn constant(cx: Cx<'_>, at: At, value: bool) {
    if value {
        cx.sink.warn(
            at,
            "always-true",
            "this condition always holds",
            "remove it, or compare with something that changes",
        );
    } else {
        cx.sink.warn(
            at,
            "always-false",
            "this condition never holds",
            "nobody can ever get past it: correct or remove it",
        );
    }
}

fn guards(cx: Cx<'_>, node: &Node, process: &Process) {
    for (state, action, content) in actions(node, process) {
        let known = Known::action(state, &action.by);
        let holds = action.when.as_ref().and_then(|guard| fold(&guard.holds, &known));
        if let (Some(value), Some(at)) = (holds, content.get("when").and_then(|when| when.get("holds"))) {
            constant(cx, at.at, value);
        }
        fields(cx, content.get("form"), &action.form);
    }
    let open = node.get("open").and_then(|open| open.get("when")).and_then(|when| when.get("holds"));
    if let (Some(value), Some(at)) =
        (process.open_when.as_ref().and_then(|guard| fold(&guard.holds, &Known::default())), open)
    {
        constant(cx, at.at, value);
    }
}

/// Conditions of fields; what is never shown can never be given, required or not.
fn fields(cx: Cx<'_>, node: Option<&Node>, fields: &[Field]) {
    for field in fields {
        let Some(own) = node.and_then(|node| node.get(&field.name)) else { continue };
        let at = |key: &str| own.get(key).map_or(own.at, |value| value.at);
        if let Some(value) = field.when.as_ref().and_then(|when| fold(when, &Known::default())) {
            constant(cx, at("when"), value);
        }
        let items = |key: &str| own.get(key).map(Node::items).unwrap_or_default();
        let checks = field.checks.iter().zip(items("check"));
        let others = field.warns.iter().zip(items("warn")).chain(field.offered.iter().zip(items("where")));
        for (check, node) in checks.chain(others) {
            if let (Some(value), Some(holds)) = (fold(&check.holds, &Known::default()), node.get("holds")) {
                constant(cx, holds.at, value);
            }
        }
    }
}

/// Steps of the assignee in a process that never gives a case to anybody.
fn assignees(cx: Cx<'_>, node: &Node, process: &Process) {
    let effects = || process.states.values().flat_map(|state| &state.actions).flat_map(|action| &action.effects);
    let given = effects().any(|one| matches!(one.done(), Effect::Assign(assign) if *assign != Assign::Nobody));
    let assisted = effects().any(|one| matches!(one.done(), Effect::Assist(assign) if *assign != Assign::Nobody));
    for (_, action, content) in actions(node, process) {
        let of_assignee = |who: &Who| match who {
            Who::Assignee => !given,
            Who::Assisting => !given && !assisted,
            _ => false,
        };
        if action.by.iter().all(of_assignee) {
            let at = content.get("by").map_or(content.at, |by| by.at);
            let message = format!("nobody can ever take `{}`: no action gives the case to anybody", action.name);
            cx.sink.warn(
                at,
                "never-assigned",
                message,
                "add the effect `assign: actor` or `assign: form.<post>` before it",
            );
        }
        for item in content.get("do").map(Node::items).unwrap_or_default() {
            let told: Vec<&str> =
                item.get("notify").map(Node::items).unwrap_or_default().iter().filter_map(Node::text).collect();
            if told == ["assignee"] && !given {
                let message = "there is never an assignee to tell";
                cx.sink.warn(item.at, "dead-effect", message, "give the case to somebody first, or remove this");
            }
        }
    }
}

/// Cases that the system alone opens out of each other go on for ever.
fn cycles(cx: Cx<'_>, node: &Node, (process, model): (&Process, &Model)) {
    let opens = |name: &str| -> BTreeSet<String> {
        let Some(process) = model.processes.get(name) else { return BTreeSet::new() };
        let by_system = process.states.values().flat_map(|state| &state.actions).filter(|a| a.by == [Who::System]);
        let opened = by_system.flat_map(|action| &action.effects).filter_map(|effect| match effect.done() {
            Effect::Open(opening) => Some(opening.process.clone()),
            _ => None,
        });
        opened.collect()
    };
    let mut seen = BTreeSet::new();
    let mut open: Vec<String> = opens(&process.name).into_iter().collect();
    while let Some(name) = open.pop() {
        if name == process.name {
            let at = node.get("process").map_or(node.at, |name| name.at);
            let message = format!("`{name}` opens cases that open `{name}` again, with nobody between");
            cx.sink.warn(at, "endless-opening", message, "let a person take one of the steps");
            return;
        }
        if seen.insert(name.clone()) {
            open.extend(opens(&name));
        }
    }
}

/// Lists of a pack with processes that no field of any pack takes.
fn lists(cx: Cx<'_>, pack: &Loaded, used: &BTreeSet<&str>) {
    if pack.processes.is_empty() {
        return;
    }
    let Some(declared) = pack.header.as_ref().and_then(|header| header.get("lists")) else { return };
    for (key, _) in declared.entries().iter().filter(|(key, _)| !used.contains(key.text.as_str())) {
        let message = format!("no field takes its values from the list `{}`", key.text);
        cx.sink.warn(key.at, "unused-list", message, "use it in a field with `of:`, or remove it");
    }
}

/// Every list some field of the packs takes its values from.
pub fn lists_used(packs: &[Loaded]) -> BTreeSet<&str> {
    let mut used = BTreeSet::new();
    let mut open: Vec<&Node> = packs.iter().flat_map(|pack| pack.registers.iter().chain(&pack.processes)).collect();
    while let Some(node) = open.pop() {
        match &node.kind {
            Kind::List(items) => open.extend(items),
            Kind::Map(entries) => {
                used.extend(["of", "channels"].into_iter().filter_map(|key| node.get(key)?.text()));
                open.extend(entries.iter().map(|(_, value)| value));
            }
            _ => {}
        }
    }
    used
}

//! Queues: `queue: {by: [clerk@township], in: waiting, take: call, order: …, lane: …}`. What a hall shows of them is read by
//! `hall`.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::lower::{hall, who};
use crate::symbols::ProcessSymbol;
use crate::yaml::Node;
use ganglion_model::Level;
use ganglion_model::pack::{QueueDef, Who};

const KEYS: [&str; 10] = ["by", "in", "take", "order", "lane", "number", "hall", "counter", "calls", "remote"];

/// The queue of a process, if it has one.
pub fn lower(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> Option<QueueDef> {
    let queue = node.get("queue")?;
    cx.mapping(queue, "`queue`", &KEYS).then_some(())?;
    let role: fn(&Who) -> bool = |who| matches!(who, Who::Role { .. });
    let by = who::list(cx, queue, "by", (role, "a queue is served by role@level"));
    let levels = levels(&by);
    if levels.is_empty() {
        let at = queue.get("by").map_or(queue.at, |by| by.at);
        let message = "a queue belongs to the places of those who serve it, and nobody does";
        cx.sink.error_help(at, "nobody-may", message, "add `by: [role@level]`");
        return None;
    }
    let states: Vec<&str> = symbol.states.iter().map(String::as_str).collect();
    let state = match queue.get("in") {
        Some(named) => {
            let name = cx.scalar(named, "a state")?;
            if !states.contains(&name) {
                cx.unknown((named.at, "unknown-state"), &format!("there is no state `{name}`"), name, states);
                return None;
            }
            name.to_owned()
        }
        None => symbol.states.first()?.clone(),
    };
    let named = cx.need(queue, "take", "`queue`")?;
    let take = cx.scalar(named, "an action")?;
    let scope = Scope::standing(symbol);
    takes(cx, node, (named, take), &state);
    let waiting = hall::Waiting { process: node, queue, symbol, state: &state, take };
    Some(QueueDef {
        by,
        levels,
        lane: queue.get("lane").and_then(|lane| cel::compile(cx, &scope, lane, &Want::Key)),
        order: queue.get("order").and_then(|order| cel::compile(cx, &scope, order, &Want::Whole)),
        number: hall::number(cx, waiting),
        hall: hall::hall(cx, waiting),
        counter: hall::counter(cx, waiting),
        calls: hall::calls(cx, waiting),
        screens: queue.get("calls").is_some() || is_open_to_all(node),
        remote: cx.flag(queue, "remote", false),
        take: take.to_owned(),
        state,
    })
}

/// The levels of those who serve it, each once.
fn levels(by: &[Who]) -> Vec<Level> {
    let mut levels: Vec<Level> =
        by.iter().filter_map(|who| if let Who::Role { level, .. } = who { Some(*level) } else { None }).collect();
    levels.sort();
    levels.dedup();
    levels
}

fn is_open_to_all(process: &Node) -> bool {
    let by = process.get("open").and_then(|open| open.get("by"));
    by.map(Node::items).unwrap_or_default().iter().any(|who| who.text() == Some("public"))
}

/// The action must stand in the state cases wait in, lead out of it, and ask for nothing personal.
fn takes(cx: Cx<'_>, process: &Node, (named, take): (&Node, &str), state: &str) {
    let actions = process.get("states").and_then(|states| states.get(state)?.get("actions"));
    let entries = actions.map(Node::entries).unwrap_or_default();
    let Some((_, action)) = entries.iter().find(|(key, _)| key.text == take) else {
        let known = entries.iter().map(|(key, _)| key.text.as_str());
        let message = format!("there is no action `{take}` in the state `{state}`");
        cx.unknown((named.at, "unknown-action"), &message, take, known);
        return;
    };
    let leads_out = action
        .get("to")
        .is_some_and(|to| to.text() != Some(state) && to.items().iter().all(|one| one.text() != Some(state)));
    if !leads_out {
        let message = format!("`{take}` leaves the case in the queue, so that the next caller would get it again");
        cx.sink.error_help(named.at, "queue-stays", message, "give the action a `to:` that leads out of the state");
    }
    for (key, field) in action.get("form").map(Node::entries).unwrap_or_default() {
        if cx.flag(field, "personal", false) {
            let message = format!("`{}` is personal, and nobody knows yet whose case is next", key.text);
            cx.sink.error_help(key.at, "personal-value", message, "ask for it in a later action");
        }
    }
}

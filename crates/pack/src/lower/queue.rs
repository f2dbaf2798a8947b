//! Queues: `queue: {by: [clerk@township], in: waiting, take: call, order: …, lane: …}`.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::lower::who;
use crate::symbols::ProcessSymbol;
use crate::yaml::Node;
use ganglion_model::pack::{QueueDef, Who};

/// The queue of a process, if it has one.
pub fn lower(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> Option<QueueDef> {
    let queue = node.get("queue")?;
    cx.mapping(queue, "`queue`", &["by", "in", "take", "order", "lane"]).then_some(())?;
    let role: fn(&Who) -> bool = |who| matches!(who, Who::Role { .. });
    let by = who::list(cx, queue, "by", (role, "a queue is served by role@level"));
    let mut levels: Vec<_> =
        by.iter().filter_map(|who| if let Who::Role { level, .. } = who { Some(*level) } else { None }).collect();
    levels.dedup();
    let at = queue.get("by").map_or(queue.at, |by| by.at);
    let [level] = levels.as_slice() else {
        let message = "every place of one level has a queue of its own";
        cx.sink.error_help(at, "queue-level", message, "name roles of one level in `by`");
        return None;
    };
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
    Some(QueueDef {
        by,
        level: *level,
        take: take.to_owned(),
        lane: queue.get("lane").and_then(|lane| cel::compile(cx, &scope, lane, &Want::Key)),
        order: queue.get("order").and_then(|order| cel::compile(cx, &scope, order, &Want::Whole)),
        state,
    })
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

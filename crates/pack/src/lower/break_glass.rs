//! `break_glass:` of a process: who may look at a case they may not read, when a life is in danger. It becomes an action in every
//! state, which asks for the reason and tells the posts that watch over it and the reporter.

use crate::cx::Cx;
use crate::lower::who;
use crate::yaml::Node;
use ganglion_model::Text;
use ganglion_model::pack::{Action, BREAK_GLASS, Effect, Field, FieldKind, Process, Required, Who};

const KEYS: [&str; 5] = ["title", "by", "notify", "reason", "basis"];

/// Adds the action to a process whose states are read. Whoever is told may read the case: there is nothing else to judge by.
pub fn add(cx: Cx<'_>, node: &Node, process: &mut Process) {
    let Some(rule) = node.get("break_glass") else { return };
    if !cx.mapping(rule, "`break_glass`", &KEYS) {
        return;
    }
    let is_role: fn(&Who) -> bool = |who| matches!(who, Who::Role { .. });
    cx.need(rule, "by", "`break_glass`");
    let by = who::list(cx, rule, "by", (is_role, "the glass is broken by role@level"));
    let is_told: fn(&Who) -> bool = |who| matches!(who, Who::Role { .. } | Who::Reporter);
    let mut to = who::list(cx, rule, "notify", (is_told, "role@level is told; the reporter is told anyway"));
    let watching: Vec<Who> = to.iter().filter(|who| **who != Who::Reporter).cloned().collect();
    if watching.is_empty() {
        let message = "nobody watches over it";
        cx.sink.error_help(rule.at, "nobody-told", message, "add `notify: [role@level]`: those who look at every use");
    }
    if !to.contains(&Who::Reporter) {
        to.push(Who::Reporter);
    }
    let title = cx.needed_text(rule, "title", "`break_glass`");
    let action = Action {
        name: BREAK_GLASS.to_owned(),
        title: title.clone(),
        help: Text::default(),
        by,
        not: Vec::new(),
        when: None,
        form: vec![Field {
            name: "reason".to_owned(),
            kind: FieldKind::LongText { max: 1000 },
            title: cx.needed_text(rule, "reason", "`break_glass`"),
            required: Required::Yes,
            ..Field::default()
        }],
        to: None,
        effects: vec![Effect::Notify { to, text: title }],
        bulk: false,
        basis: cx.needed_text(rule, "basis", "`break_glass`"),
        grave: true,
    };
    for state in process.states.values_mut() {
        state.actions.push(action.clone());
    }
    for who in watching {
        if !process.read.contains(&who) {
            process.read.push(who);
        }
    }
}

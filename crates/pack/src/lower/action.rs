//! States and their actions.

use crate::cel::{self, Scope, Want};
use crate::constant::Known;
use crate::cx::Cx;
use crate::lower::effect::Doing;
use crate::lower::field::{self, Owner};
use crate::lower::who;
use crate::names;
use crate::symbols::{self, ProcessSymbol};
use crate::yaml::{Key, Node};
use ganglion_model::pack::{Action, FieldKind, Guard, State, Tone, Who};

const OF_STATE: [&str; 5] = ["title", "public", "tone", "final", "actions"];
const OF_ACTION: [&str; 11] = ["title", "help", "by", "not", "when", "form", "to", "do", "bulk", "basis", "grave"];
const TONES: [(&str, Tone); 5] = [
    ("waiting", Tone::Waiting),
    ("working", Tone::Working),
    ("paused", Tone::Paused),
    ("done", Tone::Done),
    ("ended", Tone::Ended),
];

/// The state declared by `node`.
pub fn state(cx: Cx<'_>, key: &Key, node: &Node, process: (&str, &ProcessSymbol)) -> Option<State> {
    names::check(cx.sink, key.at, &key.text);
    if OF_STATE.contains(&key.text.as_str()) && node.get("title").is_none() {
        let message = format!("`{}` stands among the states, but is a key of one of them", key.text);
        cx.sink.error_help(key.at, "wrong-shape", message, "indent it by two more blanks, below its state");
        return None;
    }
    let what = format!("the state `{}`", key.text);
    cx.mapping(node, &what, &OF_STATE).then_some(())?;
    let actions = node.get("actions").map(Node::entries).unwrap_or_default();
    Some(State {
        name: key.text.clone(),
        title: cx.needed_text(node, "title", &what),
        public: cx.text_or_empty(node, "public", &what),
        tone: cx.one_of(node, "tone", &TONES).unwrap_or_default(),
        is_final: cx.flag(node, "final", false),
        actions: actions.iter().filter_map(|(name, node)| action(cx, &key.text, (name, node), process)).collect(),
    })
}

fn action(
    cx: Cx<'_>,
    state: &str,
    (key, node): (&Key, &Node),
    (name, process): (&str, &ProcessSymbol),
) -> Option<Action> {
    names::check(cx.sink, key.at, &key.text);
    if OF_ACTION.contains(&key.text.as_str()) && node.get("title").is_none() {
        let message = format!("`{}` stands among the actions, but is a key of one of them", key.text);
        cx.sink.error_help(key.at, "wrong-shape", message, "indent it by two more blanks, below its action");
        return None;
    }
    let what = format!("the action `{}`", key.text);
    cx.mapping(node, &what, &OF_ACTION).then_some(())?;
    let form = symbols::fields(node.get("form"));
    let scope = Scope::action(process, &form);
    let states: Vec<&str> = process.states.iter().map(String::as_str).collect();
    let to = cx.known_words(node, "to", ("state", "unknown-state"), &states);
    if let Some(second) = node.get("to").and_then(|to| to.items().get(1)) {
        let remedy = "write an action for each state, and with `when` which of them is offered";
        cx.sink.error_help(second.at, "wrong-shape", format!("{what} leads to one state"), remedy);
    }
    let marks: Vec<&str> = process.marks.iter().map(String::as_str).collect();
    // Marks of any process that could have opened the case, and fields that name posts or accounts.
    let parents = cx.symbols.processes.values().flat_map(|one| &one.marks).map(|mark| format!("parent.{mark}"));
    let aside = process.form.iter().chain(&process.fields).filter(|(_, field)| names_people(field.kind.as_ref()));
    let others: Vec<String> = parents.chain(aside.map(|(name, _)| format!("case.{name}"))).collect();
    let not: Vec<&str> = marks.into_iter().chain(others.iter().map(String::as_str)).collect();
    let anyone: fn(&Who) -> bool = |who| !matches!(who, Who::Public | Who::Staff);
    let by = who::list(cx, node, "by", (anyone, "whoever opened the case is the `reporter`"));
    // Whoever is named wrongly has been reported.
    if by.is_empty() && !who::is_named(node, "by") {
        let message = format!("nobody may take {what}");
        cx.sink.error_help(key.at, "nobody-may", message, "add `by: [role@level]`");
    }
    let known = Known::action(state, &by);
    let effects = Doing { cx, process, name, form: &form, known: &known }.all(node.get("do"));
    Some(Action {
        name: key.text.clone(),
        title: cx.needed_text(node, "title", &what),
        help: cx.text_or_empty(node, "help", &what),
        effects,
        not: cx.known_words(node, "not", ("mark", "unknown-mark"), &not),
        when: guard(cx, node, &Scope { counts: true, ..Scope::guard(process) }),
        form: field::all(cx, node.get("form"), &scope, Owner::Action(process)),
        to: to.into_iter().next(),
        by,
        bulk: cx.flag(node, "bulk", false),
        basis: cx.text_or_empty(node, "basis", &what),
        grave: cx.flag(node, "grave", false),
    })
}

fn names_people(kind: Option<&FieldKind>) -> bool {
    matches!(kind, Some(FieldKind::Post { .. } | FieldKind::Posts { .. }))
}

/// The guard under `when`.
pub fn guard(cx: Cx<'_>, node: &Node, scope: &Scope<'_>) -> Option<Guard> {
    let when = node.get("when")?;
    cx.mapping(when, "`when`", &["holds", "message"]).then_some(())?;
    let message = cx.needed_text(when, "message", "the guard");
    let holds = cel::compile(cx, scope, cx.need(when, "holds", "`when`")?, &Want::Condition)?;
    Some(Guard { holds, message })
}

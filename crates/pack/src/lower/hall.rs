//! What a hall shows of a queue: where it is, its counters, the number that is called, what is said. Everything here is
//! shown to everybody, so nothing personal may be named.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::symbols::{self, FieldSymbols, ProcessSymbol};
use crate::yaml::Node;
use ganglion_model::Text;
use ganglion_model::expr::Expr;
use ganglion_model::pack::{CallsDef, CounterDef, FieldKind, HallDef};

/// How often a call is said when nothing else is written.
const TIMES: u8 = 2;
/// Most times a call is said.
const TIMES_MAX: i64 = 5;
/// What a spoken text may name.
const SPOKEN: [&str; 3] = ["number", "counter", "lane"];

/// The queue that is being read.
#[derive(Clone, Copy)]
pub struct Waiting<'a> {
    /// The process.
    pub process: &'a Node,
    /// Its queue.
    pub queue: &'a Node,
    /// What the process declares.
    pub symbol: &'a ProcessSymbol,
    /// The state cases wait in.
    pub state: &'a str,
    /// The action that takes one.
    pub take: &'a str,
}

impl<'a> Waiting<'a> {
    fn action(&self, state: &str, name: &str) -> Option<&'a Node> {
        self.process.get("states")?.get(state)?.get("actions")?.get(name)
    }
}

/// The number that is called out.
pub fn number(cx: Cx<'_>, waiting: Waiting<'_>) -> Option<String> {
    let named = waiting.queue.get("number")?;
    let name = cx.scalar(named, "a number")?;
    let numbers = waiting.process.get("numbers").map(Node::entries).unwrap_or_default();
    if !numbers.iter().any(|(key, _)| key.text == name) {
        let known = numbers.iter().map(|(key, _)| key.text.as_str());
        cx.unknown((named.at, "unknown-number"), &format!("the process has no number `{name}`"), name, known);
        return None;
    }
    Some(name.to_owned())
}

/// `hall: {field, open, show, served}`.
pub fn hall(cx: Cx<'_>, waiting: Waiting<'_>) -> Option<HallDef> {
    let node = waiting.queue.get("hall")?;
    cx.mapping(node, "`hall`", &["field", "open", "show", "served"]).then_some(())?;
    let named = cx.need(node, "field", "`hall`")?;
    let field = cx.scalar(named, "a field")?;
    let Some(symbol) = waiting.symbol.form.get(field) else {
        let known = waiting.symbol.form.keys().map(String::as_str);
        cx.unknown((named.at, "unknown-field"), &format!("the opening form has no field `{field}`"), field, known);
        return None;
    };
    let Some(FieldKind::Ref { register }) = &symbol.kind else {
        cx.sink.error(named.at, "wrong-type", format!("`{field}` must be a `ref` to the register of halls"));
        return None;
    };
    let target = cx.symbols.registers.get(register)?;
    if !target.deployment || !target.owned {
        let message = format!("rows of `{register}` do not say whose hall they are before a case has a place");
        let remedy = "keep the register for the deployment and add `owner: <place field>`";
        cx.sink.error_help(named.at, "not-owned", message, remedy);
        return None;
    }
    let show = shown(cx, node, "show", (register, &target.fields));
    let served = served(cx, node, (register, &target.fields));
    let open = open(cx, node, &target.fields);
    Some(HallDef { field: field.to_owned(), register: register.clone(), open, show, served })
}

fn open(cx: Cx<'_>, node: &Node, fields: &FieldSymbols) -> Option<Expr> {
    let scope = Scope { row: Some(fields), ..Scope::default() };
    node.get("open").and_then(|open| cel::compile(cx, &scope, open, &Want::Condition))
}

/// The two fields of a row between whose times its counters serve. Everybody is told, so they may not be kept to some.
fn served(cx: Cx<'_>, node: &Node, of: (&str, &FieldSymbols)) -> Option<(String, String)> {
    let named = shown(cx, node, "served", of);
    let given = node.get("served")?;
    let is_time = |name: &String| of.1.get(name).is_some_and(|field| field.kind == Some(FieldKind::Time));
    match named.as_slice() {
        [from, until] if is_time(from) && is_time(until) => Some((from.clone(), until.clone())),
        _ => {
            let message = "`served` names two fields of times: from when and until when counters serve";
            cx.sink.error(given.at, "wrong-type", message);
            None
        }
    }
}

/// Fields of a row that everybody sees.
fn shown(cx: Cx<'_>, node: &Node, key: &str, (register, fields): (&str, &FieldSymbols)) -> Vec<String> {
    let mut show = Vec::new();
    for (at, name) in cx.words(node, key) {
        match fields.get(name) {
            None => {
                let known = fields.keys().map(String::as_str);
                let message = format!("the register {register} has no field `{name}`");
                cx.unknown((at, "unknown-field"), &message, name, known);
            }
            Some(field) if field.personal || field.confidential => {
                let message = format!("`{name}` is not for everybody, and a hall shows it to everybody");
                cx.sink.error_help(at, "personal-value", message, "leave it out");
            }
            Some(_) => show.push(name.to_owned()),
        }
    }
    show
}

/// `counter: {field, lanes, open}`.
pub fn counter(cx: Cx<'_>, waiting: Waiting<'_>) -> Option<CounterDef> {
    let node = waiting.queue.get("counter")?;
    cx.mapping(node, "`counter`", &["field", "lanes", "open"]).then_some(())?;
    let named = cx.need(node, "field", "`counter`")?;
    let field = cx.scalar(named, "a field")?;
    let form = symbols::fields(waiting.action(waiting.state, waiting.take).and_then(|action| action.get("form")));
    let Some(symbol) = form.get(field) else {
        let message = format!("`{}` does not ask for `{field}`", waiting.take);
        cx.unknown((named.at, "unknown-field"), &message, field, form.keys().map(String::as_str));
        return None;
    };
    if waiting.symbol.field(field).is_none() {
        let message = format!("`{field}` is asked, but the case does not keep it, so nobody could be told where to go");
        cx.sink.error_help(named.at, "unknown-field", message, "declare it under `fields:` of the process");
        return None;
    }
    let Some(FieldKind::Ref { register }) = &symbol.kind else {
        for key in ["lanes", "open"] {
            if let Some(given) = node.get(key) {
                let message = format!("`{field}` is no row of a register, so there is nothing to look at");
                cx.sink.error_help(given.at, "wrong-type", message, format!("remove `{key}`"));
            }
        }
        return Some(CounterDef { field: field.to_owned(), register: None, lanes: None, open: None });
    };
    let target = cx.symbols.registers.get(register)?;
    if !target.deployment || !target.owned {
        let message = format!("rows of `{register}` do not say whose counters they are");
        let remedy = "keep the register for the deployment and add `owner: <place field>`";
        cx.sink.error_help(named.at, "not-owned", message, remedy);
        return None;
    }
    let lanes = node.get("lanes").and_then(|lanes| lanes_of(cx, lanes, (register, &target.fields)));
    let open = open(cx, node, &target.fields);
    Some(CounterDef { field: field.to_owned(), register: Some(register.clone()), lanes, open })
}

fn lanes_of(cx: Cx<'_>, named: &Node, (register, fields): (&str, &FieldSymbols)) -> Option<String> {
    let name = cx.scalar(named, "a field")?;
    let Some(field) = fields.get(name) else {
        let known = fields.keys().map(String::as_str);
        cx.unknown((named.at, "unknown-field"), &format!("the register {register} has no field `{name}`"), name, known);
        return None;
    };
    let codes = |kind: &FieldKind| {
        matches!(
            kind,
            FieldKind::Choice { .. } | FieldKind::Choices { .. } | FieldKind::Ref { .. } | FieldKind::Refs { .. }
        )
    };
    if field.kind.as_ref().is_some_and(|kind| !codes(kind)) {
        cx.sink.error(named.at, "wrong-type", format!("`{name}` must hold the lanes: choices, or rows of a register"));
        return None;
    }
    Some(name.to_owned())
}

/// `calls: {in, again, voice, times}`; without it what follows from the queue itself.
pub fn calls(cx: Cx<'_>, waiting: Waiting<'_>) -> CallsDef {
    let taken = waiting.action(waiting.state, waiting.take).and_then(|action| action.get("to")?.text());
    let usual =
        CallsDef { states: taken.map(str::to_owned).into_iter().collect(), times: TIMES, ..CallsDef::default() };
    let Some(node) = waiting.queue.get("calls") else { return usual };
    if !cx.mapping(node, "`calls`", &["in", "again", "voice", "times"]) {
        return usual;
    }
    let others: Vec<&str> =
        waiting.symbol.states.iter().map(String::as_str).filter(|state| *state != waiting.state).collect();
    let mut states = cx.known_words(node, "in", ("state after waiting", "unknown-state"), &others);
    if states.is_empty() {
        states = usual.states;
    }
    let offered: Vec<&str> = symbols::actions(waiting.process)
        .map(|(key, _)| key.text.as_str())
        .filter(|name| states.iter().any(|state| waiting.action(state, name).is_some()))
        .collect();
    let again = cx.known_words(node, "again", ("action where somebody is called", "unknown-action"), &offered);
    let voice = voice(cx, node, waiting.queue.get("counter").is_some());
    let times = cx.number(node, "times", (1, TIMES_MAX)).and_then(|times| u8::try_from(times).ok());
    CallsDef { states, again, voice, times: times.unwrap_or(TIMES) }
}

/// What is said names the number, and nothing the server does not know.
fn voice(cx: Cx<'_>, node: &Node, has_counter: bool) -> Text {
    let voice = cx.text_or_empty(node, "voice", "`calls`");
    let Some(given) = node.get("voice") else { return voice };
    for text in [&voice.zh, &voice.en].into_iter().filter(|text| !text.is_empty()) {
        let named: Vec<&str> = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or(rest)).collect();
        for name in named.iter().filter(|name| !SPOKEN.contains(name)) {
            cx.unknown((given.at, "bad-pattern"), &format!("what is said has no part `{{{name}}}`"), name, SPOKEN);
        }
        if !named.contains(&"number") {
            let message = "nobody would know who is called";
            cx.sink.error_help(given.at, "bad-pattern", message, "say `{number}`");
        }
        if named.contains(&"counter") && !has_counter {
            let message = "this queue has no counters, so `{counter}` would be silent";
            cx.sink.error_help(given.at, "bad-pattern", message, "add `counter: {field: …}` or leave `{counter}` out");
        }
    }
    voice
}

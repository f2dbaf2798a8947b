//! `extend:` of a clock: the right to lengthen it, which becomes an action in every state in which the clock may run.

use crate::cx::Cx;
use crate::flow::runs_in;
use crate::lower::who;
use crate::yaml::Node;
use ganglion_model::Text;
use ganglion_model::clocks::Length;
use ganglion_model::expr::{Cmp, Expr};
use ganglion_model::pack::{Action, ClockDef, Effect, Field, FieldKind, Guard, LengthFrom, Process, Required, Who};
use serde_json::json;

const KEYS: [&str; 8] = ["title", "by", "times", "length", "max", "ask", "reason", "message"];
/// As findings call it: effects may be called `extend` too.
const WHAT: &str = "`extend` of a clock";
/// Most times a clock may be lengthened.
const MOST_TIMES: i64 = 20;

/// Adds the actions to a process whose states and clocks are read.
pub fn add(cx: Cx<'_>, node: &Node, process: &mut Process) {
    for (key, clock) in node.get("clocks").map(Node::entries).unwrap_or_default() {
        let (Some(rule), Some(def)) = (clock.get("extend"), process.clocks.get(&key.text)) else { continue };
        let Some(action) = action(cx, rule, def) else { continue };
        let states: Vec<String> = runs_in(process, def).into_iter().map(str::to_owned).collect();
        for state in states {
            if let Some(state) = process.states.get_mut(&state).filter(|state| !state.is_final) {
                state.actions.push(action.clone());
            }
        }
    }
}

fn action(cx: Cx<'_>, rule: &Node, def: &ClockDef) -> Option<Action> {
    cx.mapping(rule, WHAT, &KEYS).then_some(())?;
    let acts: fn(&Who) -> bool = |who| !matches!(who, Who::Public | Who::Staff);
    let by = who::list(cx, rule, "by", (acts, "name who may extend"));
    if by.is_empty() {
        cx.sink.error_help(rule.at, "nobody-may", "nobody may extend the clock", "add `by: [role@level]`");
    }
    let length = |key| rule.get(key).and_then(|length| cx.length(length.at, cx.scalar(length, "a length")?));
    let (fixed, max) = (length("length"), length("max"));
    if fixed.is_none() == max.is_none() {
        let remedy = "write `length: 10 wd` for a fixed extension, or `max: 10 wd` with `ask:` to be asked how long";
        cx.sink.error_help(rule.at, "bad-extension", "an extension has a length, or a most and a question", remedy);
        return None;
    }
    let reason = cx.needed_text(rule, "reason", WHAT);
    let mut form = Vec::new();
    if max.is_some() {
        form.push(field("by", FieldKind::Duration, cx.needed_text(rule, "ask", WHAT)));
    }
    form.push(field("reason", FieldKind::LongText { max: 1000 }, reason));
    let times = cx.number(rule, "times", (1, MOST_TIMES)).unwrap_or(1);
    Some(Action {
        name: format!("extend_{}", def.name),
        title: cx.needed_text(rule, "title", WHAT),
        help: Text::default(),
        by,
        not: Vec::new(),
        when: Some(Guard { holds: may(&def.name, times), message: cx.needed_text(rule, "message", WHAT) }),
        form,
        to: None,
        effects: vec![effect(&def.name, fixed, max)],
        bulk: false,
        basis: def.basis.clone(),
        grave: false,
    })
}

fn effect(clock: &str, fixed: Option<Length>, max: Option<Length>) -> Effect {
    let asked = LengthFrom::Expr(Expr::Path(vec!["form".to_owned(), "by".to_owned()]));
    Effect::Extend { clock: clock.to_owned(), by: fixed.map_or(asked, LengthFrom::Fixed), max }
}

/// It runs, is not late, and has not been lengthened as often as may be.
fn may(clock: &str, times: i64) -> Expr {
    let of = |what: &str| Expr::Path(vec!["clock".to_owned(), clock.to_owned(), what.to_owned()]);
    let few = Expr::Cmp(Cmp::Lt, Box::new(of("extended")), Box::new(Expr::Lit(json!(times))));
    Expr::And(vec![of("running"), Expr::Not(Box::new(of("overdue"))), few])
}

fn field(name: &str, kind: FieldKind, title: Text) -> Field {
    Field { name: name.to_owned(), kind, title, required: Required::Yes, ..Field::default() }
}

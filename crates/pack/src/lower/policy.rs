//! Rules a deployment adds to what packs allow, from `policy.yaml`: permits and forbids in the words of `by:`, with conditions.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::lower::who;
use crate::names;
use crate::sink::At;
use crate::yaml::{Key, Node};
use ganglion_model::Model;
use ganglion_model::expr::{Expr, RowsOf};
use ganglion_model::pack::{
    OF_ROWS, OPEN, PolicyEffect, PolicyRule, Process, READ, Register, Scope as Kept, Source, Who,
};

const KEYS: [&str; 5] = ["title", "on", "do", "who", "when"];
/// The word for everything that may be done.
const ALL: &str = "all";

/// Lowers `policy.yaml` into `model`, whose processes and registers are all there.
pub fn lower(cx: Cx<'_>, node: &Node, model: &mut Model) {
    if !cx.mapping(node, "policy.yaml", &["permit", "forbid"]) {
        return;
    }
    for (word, effect) in [("permit", PolicyEffect::Permit), ("forbid", PolicyEffect::Forbid)] {
        for (key, node) in node.get(word).map(Node::entries).unwrap_or_default() {
            names::check(cx.sink, key.at, &key.text);
            if model.policy.iter().any(|rule| rule.name == key.text) {
                let message = format!("there is another policy rule called `{}`", key.text);
                cx.sink.error_help(key.at, "duplicate-name", message, "give one of them another name");
                continue;
            }
            let rules = Reader { cx, model, effect, node, key }.rules();
            model.policy.extend(rules);
        }
    }
}

/// One rule being read.
struct Reader<'a> {
    cx: Cx<'a>,
    model: &'a Model,
    effect: PolicyEffect,
    node: &'a Node,
    key: &'a Key,
}

impl Reader<'_> {
    /// One rule for each thing it is about.
    fn rules(&self) -> Vec<PolicyRule> {
        let (cx, node) = (self.cx, self.node);
        let what = format!("the policy rule `{}`", self.key.text);
        if !cx.mapping(node, &what, &KEYS) {
            return Vec::new();
        }
        let title = cx.needed_text(node, "title", &what);
        cx.need(node, "on", &what);
        cx.need(node, "do", &what);
        let who = self.who(&what);
        let over = cx.words(node, "on");
        if let (Some(when), true) = (node.get("when"), over.len() > 1) {
            let message = "a condition looks at the cases of one process";
            cx.sink.error_help(when.at, "policy-when", message, "write a rule for each");
            return Vec::new();
        }
        let rule = |(at, name): &(At, &str)| {
            let (over, actions, when) = self.about(*at, name, &who)?;
            let (name, pack, title) = (self.key.text.clone(), cx.pack.to_owned(), title.clone());
            Some(PolicyRule { name, pack, title, effect: self.effect, over, actions, who: who.clone(), when })
        };
        over.iter().filter_map(rule).collect()
    }

    fn who(&self, what: &str) -> Vec<Who> {
        let is_role: fn(&Who) -> bool = |who| matches!(who, Who::Role { .. });
        let is_not_system: fn(&Who) -> bool = |who| *who != Who::System;
        match self.effect {
            PolicyEffect::Permit => {
                self.cx.need(self.node, "who", what);
                who::list(self.cx, self.node, "who", (is_role, "a deployment permits role@level"))
            }
            PolicyEffect::Forbid => {
                let why = "the system does what the clocks say: change the clock in the pack";
                who::list(self.cx, self.node, "who", (is_not_system, why))
            }
        }
    }

    /// What the rule says about one process or register.
    fn about(&self, at: At, name: &str, who: &[Who]) -> Option<(Source, Vec<String>, Option<Expr>)> {
        let symbols = self.cx.symbols;
        let known = symbols.processes.iter().map(|(name, one)| (name, &one.packs));
        let known = known.chain(symbols.registers.iter().map(|(name, one)| (name, &one.packs)));
        self.cx.usable(at, ("process or register", "unknown-process"), name, known).then_some(())?;
        if let Some(process) = self.model.processes.get(name) {
            let actions = self.actions_of_process(process, who)?;
            let when = self.when(process, &actions, who)?;
            return Some((Source::Process(name.to_owned()), actions, when));
        }
        let register = self.model.registers.get(name)?;
        let actions = self.actions_of_register(register, who)?;
        Some((Source::Register(name.to_owned()), actions, None))
    }

    /// The words under `do`, each known.
    fn words(&self, known: &[&str], what: &str) -> Option<Vec<String>> {
        let mut found: Vec<String> = Vec::new();
        let mut good = true;
        for (at, word) in self.cx.words(self.node, "do") {
            if word == ALL && self.effect == PolicyEffect::Forbid {
                found = known.iter().map(|one| (*one).to_owned()).collect();
            } else if word == ALL {
                good = false;
                let message = "a permit names what it permits";
                self.cx.sink.error_help(at, "policy-all", message, "name the actions, `open` or `read`");
            } else if known.contains(&word) {
                found.push(word.to_owned());
            } else {
                good = false;
                let message = format!("{what} has nothing called `{word}` to be done");
                self.cx.unknown((at, "unknown-action"), &message, word, known.iter().copied().chain([ALL]));
            }
        }
        found.dedup();
        good.then_some(found)
    }

    fn actions_of_process(&self, process: &Process, who: &[Who]) -> Option<Vec<String>> {
        let all = process.states.values().flat_map(|state| &state.actions);
        let mut known: Vec<&str> = all.map(|action| action.name.as_str()).chain([OPEN, READ]).collect();
        known.sort_unstable();
        known.dedup();
        let actions = self.words(&known, &process.name)?;
        let is_role = |who: &Who| matches!(who, Who::Role { .. });
        if actions.iter().any(|one| one == READ) && !who.iter().all(is_role) {
            let at = self.node.get("who").map_or(self.node.at, |who| who.at);
            let message = "reading is forbidden to role@level only: lists know no others";
            self.cx.sink.error_help(at, "wrong-who", message, "name roles, or leave `read` out");
            return None;
        }
        Some(actions)
    }

    fn actions_of_register(&self, register: &Register, who: &[Who]) -> Option<Vec<String>> {
        let sink = self.cx.sink;
        if let Some(when) = self.node.get("when") {
            let message = "a rule over a register takes no condition";
            sink.error_help(when.at, "policy-when", message, "leave `when` out, or write a `check` in the register");
            return None;
        }
        let at = self.node.get("who").map_or(self.node.at, |who| who.at);
        if who.is_empty() || !who.iter().all(|who| matches!(who, Who::Role { .. })) {
            sink.error_help(at, "wrong-who", "a rule over a register is for role@level", "name roles under `who`");
            return None;
        }
        let known: Vec<&str> = [READ].into_iter().chain(OF_ROWS).collect();
        let actions = self.words(&known, &register.name)?;
        let is_common = register.scope == Kept::Deployment && !register.read.iter().any(|who| *who != Who::Public);
        if is_common && self.effect == PolicyEffect::Forbid && actions.iter().any(|one| one == READ) {
            let message = format!("`{}` is offered in the forms of everybody", register.name);
            sink.error_help(self.key.at, "policy-common", message, "name in the pack who reads it, then forbid");
            return None;
        }
        Some(actions)
    }

    /// The condition. `Some(None)`: there is none; `None`: there is one, and it is wrong.
    fn when(&self, process: &Process, actions: &[String], who: &[Who]) -> Option<Option<Expr>> {
        let Some(when) = self.node.get("when") else { return Some(None) };
        let symbol = self.cx.symbols.processes.get(&process.name)?;
        let has = |word: &str| actions.iter().any(|one| one == word);
        let wrong = |message: &str, remedy: &str| {
            self.cx.sink.error_help(when.at, "policy-when", message.to_owned(), remedy);
        };
        if has(OPEN) && actions.len() > 1 {
            wrong("nothing has a case yet while it is opened", "write a rule of its own for `open`");
            return None;
        }
        if self.effect == PolicyEffect::Permit && (has(OPEN) || has(READ)) {
            wrong("a permit to open or to read takes no condition", "permit it whole, and forbid what is too much");
            return None;
        }
        let scope = if has(OPEN) { Scope::opening(symbol) } else { Scope { counts: true, ..Scope::guard(symbol) } };
        let holds = cel::compile(self.cx, &scope, when, &Want::Condition)?;
        let mut rows = Vec::new();
        holds.rows(&mut rows);
        let is_by_place = |of: &&RowsOf| {
            self.model.registers.get(&of.register).is_none_or(|register| register.scope != Kept::Deployment)
        };
        if rows.into_iter().any(|of| is_by_place(&of)) {
            wrong("rows kept by place cannot be counted here", "count rows of a register with `scope: deployment`");
            return None;
        }
        if has(READ) && !looks_at_state_only(&holds) {
            let message = "a rule for reading looks at case.state and actor.* only: lists must be able to say the same";
            wrong(message, "narrow by state, or leave `read` out of `do`");
            return None;
        }
        if self.effect == PolicyEffect::Permit {
            self.is_new(process, actions, who)?;
        }
        Some(Some(holds))
    }

    /// A permit with a condition adds somebody: where the pack lets them without one, it would say nothing.
    fn is_new(&self, process: &Process, actions: &[String], who: &[Who]) -> Option<()> {
        let mut all = process.states.values().flat_map(|state| &state.actions);
        let is_there = all.any(|action| actions.contains(&action.name) && action.by.iter().any(|by| who.contains(by)));
        if is_there {
            let message = "the pack permits this without a condition already";
            self.cx.sink.error_help(
                self.key.at,
                "policy-moot",
                message,
                "write a `forbid` with the opposite condition",
            );
        }
        (!is_there).then_some(())
    }
}

/// Whether a condition looks at nothing but the state of the case and who asks.
fn looks_at_state_only(holds: &Expr) -> bool {
    let mut paths = Vec::new();
    holds.paths(&mut paths);
    let mut rows = Vec::new();
    holds.rows(&mut rows);
    rows.is_empty()
        && paths.iter().all(|path| match path.as_slice() {
            [root, ..] if root == "actor" => true,
            [root, name] => root == "case" && name == "state",
            _ => false,
        })
}

//! What only the whole process shows: states nobody reaches, states without a way out, clocks that never start or stop,
//! deadlines whose action is missing.

use crate::cx::Cx;
use crate::load::Loaded;
use crate::sink::At;
use crate::symbols;
use crate::yaml::Node;
use ganglion_model::Model;
use ganglion_model::pack::{ClockDef, Effect, OnOverdue, Process, State, Who};
use std::collections::{BTreeMap, BTreeSet};

/// Checks the processes of `pack` as wholes.
pub fn check(cx: Cx<'_>, pack: &Loaded, model: &Model) {
    for node in &pack.processes {
        let name = node.get("process").and_then(Node::text).unwrap_or_default();
        let Some(process) = model.processes.get(name).filter(|process| process.pack == pack.name) else {
            continue;
        };
        // With states or actions missing after errors, everything else would look broken too.
        if process.states.len() == process.state_order.len() && leads_somewhere(node, process) {
            Flow::new(cx, node, process).check();
        }
    }
}

/// Whether every `to:` names a state: what a slip of the pen cuts off would look as if nothing led there.
fn leads_somewhere(node: &Node, process: &Process) -> bool {
    let mut named = symbols::actions(node).filter_map(|(_, action)| action.get("to")).flat_map(Node::items);
    named.all(|to| to.text().is_some_and(|to| process.states.contains_key(to)))
}

struct Flow<'a> {
    cx: Cx<'a>,
    node: &'a Node,
    process: &'a Process,
    reached: BTreeSet<&'a str>,
}

/// States that can be reached from the first, by actions.
pub fn reachable(process: &Process) -> BTreeSet<&str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![process.initial.as_str()];
    while let Some(name) = open.pop() {
        let Some(state) = process.states.get(name) else {
            continue;
        };
        if reached.insert(name) {
            open.extend(state.actions.iter().filter_map(|action| action.to.as_deref()));
        }
    }
    reached
}

impl<'a> Flow<'a> {
    fn new(cx: Cx<'a>, node: &'a Node, process: &'a Process) -> Flow<'a> {
        Flow { cx, node, process, reached: reachable(process) }
    }

    /// Where the entry `name` under `part` of the process stands.
    fn at(&self, part: &str, name: &str) -> At {
        let entries = self.node.get(part).map(Node::entries).unwrap_or_default();
        entries.iter().find(|(key, _)| key.text == name).map_or(self.node.at, |(key, _)| key.at)
    }

    /// Where `key` of the clock `name` stands.
    fn at_clock(&self, name: &str, key: &str) -> At {
        let clock = self.node.get("clocks").and_then(|clocks| clocks.get(name));
        clock.and_then(|clock| clock.get(key)).map_or_else(|| self.at("clocks", name), |value| value.at)
    }

    fn check(&self) {
        if self.process.states.is_empty() {
            let message = "a process needs states, the first being the one a case starts in";
            self.cx.sink.error(self.node.at, "no-states", message);
            return;
        }
        for state in self.process.states.values() {
            self.check_state(state);
        }
        for clock in self.process.clocks.values() {
            self.check_clock(clock);
        }
        self.check_counts();
        if !self.cx.sink.has_errors() {
            self.check_extensions();
        }
    }

    /// Lengthening a clock that cannot run where it is done.
    fn check_extensions(&self) {
        let states = self.node.get("states").map(Node::entries).unwrap_or_default();
        for (state, content) in states {
            let actions = content.get("actions").map(Node::entries).unwrap_or_default();
            let effects = actions.iter().flat_map(|(_, node)| node.get("do").map(Node::items).unwrap_or_default());
            for item in effects {
                let named = item.get("extend").and_then(|extend| extend.get("clock")).and_then(Node::text);
                let Some(clock) = named.and_then(|name| self.process.clocks.get(name)) else { continue };
                if !runs_in(self.process, clock).contains(state.text.as_str()) {
                    let message = format!("the clock `{}` never runs in the state `{}`", clock.name, state.text);
                    let remedy = "lengthen it where it runs, or list in `from` the state that starts it";
                    self.cx.sink.warn(item.at, "dead-effect", message, remedy);
                }
            }
        }
    }

    fn check_state(&self, state: &State) {
        let at = self.at("states", &state.name);
        if !self.reached.contains(state.name.as_str()) {
            let message = format!("no action leads to the state `{}`", state.name);
            self.cx.sink.error_help(at, "unreachable-state", message, "add `to:` to an action, or remove the state");
        } else if !state.is_final && !self.leads_to_an_end(&state.name) {
            let message = format!("from the state `{}` a case can never be finished", state.name);
            self.cx.sink.error_help(at, "no-way-out", message, "add an action with `to:`, or write `final: true`");
        }
    }

    fn leads_to_an_end(&self, from: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(name) = open.pop() {
            let Some(state) = self.process.states.get(name).filter(|state| seen.insert(&state.name)) else {
                continue;
            };
            if state.is_final {
                return true;
            }
            open.extend(state.actions.iter().filter_map(|action| action.to.as_deref()));
        }
        false
    }

    fn effects(&self) -> impl Iterator<Item = &'a Effect> {
        let actions = self.process.states.values().flat_map(|state| &state.actions);
        actions.flat_map(|action| &action.effects).map(Effect::done)
    }

    fn check_clock(&self, clock: &ClockDef) {
        let at = self.at("clocks", &clock.name);
        let restarted = self.effects().any(|effect| starts(effect, &clock.name))
            || (clock.from.is_empty() && clock.from_date.is_some());
        let starts = clock.from.iter().any(|state| self.reached.contains(state.as_str()));
        if !starts && !restarted {
            let message = format!("nothing starts the clock `{}`", clock.name);
            self.cx.sink.error_help(
                at,
                "clock-never-starts",
                message,
                "list in `from` the states whose entry starts it",
            );
        }
        let stops = clock.until.iter().any(|state| self.reached.contains(state.as_str()))
            || self.effects().any(|effect| matches!(effect, Effect::Stop(one) if *one == clock.name));
        if !stops {
            let message = format!("nothing stops the clock `{}`", clock.name);
            self.cx.sink.error_help(
                at,
                "clock-never-stops",
                message,
                "list in `until` the states whose entry stops it",
            );
        }
        for state in clock.from.iter().filter(|name| self.process.states.get(*name).is_some_and(|state| state.is_final))
        {
            let message = format!("the clock `{}` would run in the final state `{state}`", clock.name);
            let remedy = "take the state out of `from`, or make it a state that is not final";
            self.cx.sink.error_help(self.at_clock(&clock.name, "from"), "clock-runs-in-final", message, remedy);
        }
        if let OnOverdue::Act(action) = &clock.on_overdue {
            self.check_deadline(clock, action);
        }
    }

    /// The action a clock takes when it falls due: it must exist where the clock may run, and allow the system.
    fn check_deadline(&self, clock: &ClockDef, name: &str) {
        let at = self.at_clock(&clock.name, "overdue");
        let found: Vec<_> = self
            .process
            .states
            .values()
            .flat_map(|state| &state.actions)
            .filter(|action| action.name == name)
            .collect();
        if found.is_empty() {
            let all = self.process.states.values().flat_map(|state| &state.actions).map(|action| action.name.as_str());
            let names: BTreeSet<&str> = all.collect();
            self.cx.unknown((at, "unknown-action"), &format!("there is no action `{name}`"), name, names);
            return;
        }
        if found.iter().any(|action| !action.by.contains(&Who::System)) {
            let message = format!("`{name}` is taken when the clock falls due, but does not allow `system`");
            self.cx.sink.error_help(at, "system-may-not", message, "add `system` to `by` of the action");
        }
        let without: Vec<&str> = runs_in(self.process, clock)
            .into_iter()
            .filter(|state| !clock.suspend_in.iter().any(|one| one == state))
            .filter(|state| self.process.action(state, name).is_none())
            .collect();
        if !without.is_empty() {
            let message =
                format!("the clock may fall due in {}, where there is no action `{name}`", without.join(", "));
            self.cx.sink.warn(at, "action-not-there", message, "add the action there, or stop or suspend the clock");
        }
    }

    fn check_counts(&self) {
        let mut raised: BTreeSet<&str> = BTreeSet::new();
        raised.extend(self.effects().filter_map(|effect| match effect {
            Effect::Count(count) => Some(count.as_str()),
            _ => None,
        }));
        raised.extend(self.process.clocks.values().filter_map(|clock| match &clock.on_overdue {
            OnOverdue::Count(count) => Some(count.as_str()),
            _ => None,
        }));
        for item in self.node.get("counts").map(Node::items).unwrap_or_default() {
            let name = item.text().unwrap_or_default();
            if !raised.contains(name) {
                let message = format!("nothing raises the counter `{name}`");
                self.cx.sink.warn(
                    item.at,
                    "unused-count",
                    message,
                    format!("add the effect `count: {name}`, or remove it"),
                );
            }
        }
    }
}

/// States in which `clock` may be running.
pub fn runs_in<'a>(process: &'a Process, clock: &ClockDef) -> BTreeSet<&'a str> {
    let has = |states: &[String], name: &str| states.iter().any(|one| one == name);
    let mut runs: BTreeMap<&str, bool> = BTreeMap::new();
    // A clock that starts with a day runs from whenever the day is known.
    let anywhere = clock.from.is_empty() && clock.from_date.is_some();
    let mut open = vec![(process.initial.as_str(), anywhere)];
    while let Some((name, before)) = open.pop() {
        let Some(state) = process.states.get(name) else {
            continue;
        };
        let after = (before && !has(&clock.until, name) && !state.is_final) || has(&clock.from, name);
        if runs.get(state.name.as_str()).is_some_and(|known| *known || !after) {
            continue;
        }
        runs.insert(&state.name, after);
        for action in &state.actions {
            let restarts = |effect: &Effect| starts(effect, &clock.name);
            let during = after || action.effects.iter().any(restarts);
            open.push((action.to.as_deref().unwrap_or(name), during));
        }
    }
    runs.into_iter().filter(|(_, runs)| *runs).map(|(state, _)| state).collect()
}

/// Whether an effect sets a clock going.
fn starts(effect: &Effect, clock: &str) -> bool {
    match effect.done() {
        Effect::Restart { clock: one, .. } | Effect::Start(one) => one == clock,
        _ => false,
    }
}

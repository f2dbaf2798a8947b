//! What only the whole set shows of figures: measures that can never be anything but zero, formulas that do not fit their
//! measures, levels at which no row can stand, indicators that calculate with themselves.

use crate::cx::Cx;
use crate::flow::reachable;
use crate::load::Loaded;
use crate::lower::indicator::unit_of;
use crate::sink::At;
use crate::yaml::{Key, Node};
use ganglion_model::expr::{Cmp, Expr};
use ganglion_model::pack::{Formula, Indicator, Measure, Moment, Process, Scope, Source};
use ganglion_model::{Model, units};
use serde_json::Value;
use std::collections::BTreeSet;

/// Checks the figures of `pack` as wholes.
pub fn check(cx: Cx<'_>, pack: &Loaded, model: &Model) {
    let Some(node) = &pack.indicators else { return };
    let entries = |part: &str| node.get(part).map(Node::entries).unwrap_or_default();
    for (key, node) in entries("measures") {
        if let Some(measure) = model.measures.get(&key.text).filter(|one| one.pack == pack.name) {
            check_measure(cx, node, model, measure);
        }
    }
    for (key, node) in entries("indicators") {
        if let Some(indicator) = model.indicators.get(&key.text).filter(|one| one.pack == pack.name) {
            let one = One { cx, node, model, indicator };
            one.fits();
            one.members();
            one.levels();
            one.units();
            one.circle(key);
        }
    }
}

fn at_of(node: &Node, key: &str) -> At {
    node.get(key).map_or(node.at, |value| value.at)
}

fn check_measure(cx: Cx<'_>, node: &Node, model: &Model, measure: &Measure) {
    let process = match &measure.of {
        Source::Process(name) => model.processes.get(name),
        Source::Register(_) => None,
    };
    let moments = [
        ("at", Some(&measure.at)),
        ("until", measure.until.as_ref()),
        ("minutes_since", measure.minutes_since.as_ref()),
    ];
    let mut never: Vec<(At, &str)> = Vec::new();
    for (part, moment) in moments {
        if let (Some(Moment::First(state) | Moment::Last(state)), Some(process)) = (moment, process) {
            never.extend((!reachable(process).contains(state.as_str())).then_some((at_of(node, part), state.as_str())));
        }
    }
    if let (Some(process), Some(filter)) = (process, &measure.filter) {
        never.extend(only_state(process, filter).map(|state| (at_of(node, "where"), state)));
    }
    never.dedup_by(|later, first| later.1 == first.1);
    // Where a slip cuts states off, they are not looked at as a whole, and what follows from it is not said either.
    for (at, state) in never.into_iter().filter(|_| cx.sink.has("unreachable-state")) {
        let message = format!("no case is ever in the state `{state}`");
        cx.sink.error_help(at, "state-never-occurs", message, "see the finding about that state");
    }
    if measure.at == Moment::Always && measure.minutes_since.is_some() {
        cx.sink.error(at_of(node, "at"), "unknown-moment", "minutes run up to a moment, and `always` is none");
    }
}

/// The state a condition demands although no case is ever in it.
fn only_state<'a>(process: &Process, filter: &'a Expr) -> Option<&'a str> {
    match filter {
        Expr::And(all) => all.iter().find_map(|one| only_state(process, one)),
        Expr::Cmp(Cmp::Eq, a, b) => {
            let (Expr::Path(path), Expr::Lit(Value::String(state))) = (a.as_ref(), b.as_ref()) else { return None };
            let is_state = path.iter().map(String::as_str).eq(["case", "state"]);
            // A state that was never declared is a finding of its own.
            let is_never = process.states.contains_key(state) && !reachable(process).contains(state.as_str());
            (is_state && is_never).then_some(state.as_str())
        }
        _ => None,
    }
}

/// An indicator under check.
struct One<'a> {
    cx: Cx<'a>,
    node: &'a Node,
    model: &'a Model,
    indicator: &'a Indicator,
}

impl One<'_> {
    fn measures(&self) -> impl Iterator<Item = &Measure> {
        self.indicator.formula.measures().into_iter().filter_map(|name| self.model.measures.get(name))
    }

    fn at(&self, keys: &[&str]) -> At {
        keys.iter().find_map(|key| self.node.get(key)).map_or(self.node.at, |value| value.at)
    }

    /// The formula fits what its measures have.
    fn fits(&self) {
        let keys = ["median_hours", "mean_hours", "median", "mean", "sum", "share"];
        let at = self.at(&keys);
        for measure in self.measures() {
            match &self.indicator.formula {
                Formula::MedianHours(name) | Formula::MeanHours(name) if measure.minutes_since.is_none() => {
                    let message = format!("`{name}` counts rows, not minutes");
                    self.cx.sink.error_help(at, "no-minutes", message, "add `minutes_since: opened` to the measure");
                }
                Formula::Sum(name)
                | Formula::Mean(name)
                | Formula::Median(name)
                | Formula::Percentile { of: name, .. }
                    if !measure.has_value() =>
                {
                    let message = format!("`{name}` counts rows, it has no values to add up");
                    self.cx.sink.error_help(at, "no-value", message, "add `value: …` to the measure, or write `count`");
                }
                Formula::Share { of, .. } if measure.by.is_empty() => {
                    let message = format!("`{of}` is not kept apart by anything");
                    self.cx.sink.error_help(at, "no-dimension", message, "add `by: …` to the measure");
                }
                _ => {}
            }
            if self.indicator.compared.is_some() && measure.at == Moment::Always {
                let message = format!("`{}` is only known now: there is nothing to compare it with", measure.name);
                let remedy = "give the measure moments under `at` and `until`";
                self.cx.sink.error_help(self.at(&["change", "growth"]), "no-history", message, remedy);
            }
        }
    }

    /// Figures over members have measures with members, and formulas that can be read from them.
    fn members(&self) {
        let latest = self.indicator.latest_days.is_some();
        let distinct = matches!(self.indicator.formula, Formula::Distinct(_));
        if !latest && !distinct {
            return;
        }
        let at = self.at(&["latest", "distinct"]);
        for measure in self.measures() {
            if measure.member.is_none() {
                let message = format!("`{}` does not say whose rows it counts", measure.name);
                self.cx.sink.error_help(at, "no-member", message, "add `member: …` to the measure");
            }
            if latest && measure.is_stock() {
                let message = format!("`{}` counts what holds; the latest of it is what holds now", measure.name);
                self.cx.sink.error_help(at, "latest-of-stock", message, "leave out `latest`, or count at a moment");
            }
        }
        let reads = matches!(
            self.indicator.formula,
            Formula::Count(_) | Formula::Sum(_) | Formula::Mean(_) | Formula::MeanHours(_) | Formula::Ratio(..)
        );
        if latest && !reads {
            let message = "`latest` goes with count, sum, mean and ratio";
            self.cx.sink.error(at, "cannot-combine", message);
        }
    }

    /// Values are shown in a unit they can be put into, and what is divided or added stands in one unit.
    fn units(&self) {
        if let Some(shown) = self.indicator.shown_in.as_deref().and_then(units::unit) {
            let at = self.at(&["in"]);
            match unit_of(self.model, self.indicator).and_then(units::unit) {
                None => {
                    let message = "there is no unit the values stand in";
                    let remedy = "add `unit: …` to the measure; `in` goes with sum, mean and median";
                    self.cx.sink.error_help(at, "no-unit", message, remedy);
                }
                Some(own) if own.dimension != shown.dimension => {
                    let message = format!("`{}` cannot be put into `{}`", own.code, shown.code);
                    self.cx.sink.error(at, "unit-mismatch", message);
                }
                Some(_) => {}
            }
        }
        let figures = self.indicator.formula.figures().into_iter().filter_map(|name| self.model.indicators.get(name));
        let figures = figures.filter_map(|one| unit_of(self.model, one));
        let measures = self.measures().filter_map(|measure| measure.unit.as_deref());
        let mut all = figures.chain(measures).filter_map(units::unit);
        let Some(first) = all.next() else { return };
        if let Some(other) = all.find(|other| other.dimension == first.dimension && other.code != first.code) {
            let message =
                format!("`{}` and `{}` are counted together as if they were one unit", first.code, other.code);
            let remedy = "let both measures stand in the same unit";
            self.cx.sink.error_help(self.at(&["ratio", "expr"]), "unit-mismatch", message, remedy);
        }
    }

    /// No figure is offered below the level its rows are kept at.
    fn levels(&self) {
        let Some(lowest) = self.indicator.levels.iter().max() else { return };
        for measure in self.measures().filter(|measure| measure.place.is_none()) {
            let Source::Register(name) = &measure.of else { continue };
            let Some(register) = self.model.registers.get(name) else { continue };
            let (kept, words) = match register.scope {
                Scope::Place(level) => (level, format!("rows of `{name}` are kept at the level {}", level.as_str())),
                Scope::Deployment => continue,
            };
            if kept < *lowest {
                let message = format!("{words}: below it the figure is always empty");
                let remedy = format!("leave out {}, or say where rows count with `place:`", lowest.as_str());
                self.cx.sink.error_help(self.at(&["levels"]), "level-without-rows", message, remedy);
            }
        }
    }

    /// Arithmetic ends somewhere.
    fn circle(&self, key: &Key) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = self.indicator.formula.figures();
        while let Some(name) = open.pop() {
            if name == key.text {
                let message = format!("`{name}` is calculated from itself");
                self.cx.sink.error(self.at(&["expr"]), "calculated-from-itself", message);
                return;
            }
            if seen.insert(name) {
                open.extend(self.model.indicators.get(name).map(|one| one.formula.figures()).unwrap_or_default());
            }
        }
    }
}

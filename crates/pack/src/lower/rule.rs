//! Standing checks, from `rules.yaml`.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::names;
use crate::yaml::{Key, Kind, Node};
use ganglion_model::Model;
use ganglion_model::expr::Expr;
use ganglion_model::pack::{Formula, Indicator, Measure, Moment, RULE_FIGURE, Rule, RuleOpen, Source};
use std::collections::BTreeMap;

/// Indicators of rules stand behind those an author declares.
const BEHIND: usize = 100_000;
const KEYS: [&str; 6] = ["title", "over", "when", "holds", "message", "open"];

/// Lowers `rules.yaml` into `model`.
pub fn lower(cx: Cx<'_>, node: &Node, model: &mut Model) {
    if !cx.mapping(node, "rules.yaml", &["rules"]) {
        return;
    }
    for (order, (key, node)) in node.get("rules").map(Node::entries).unwrap_or_default().iter().enumerate() {
        names::check(cx.sink, key.at, &key.text);
        let Some(rule) = rule(cx, key, (node, order)) else { continue };
        counted(cx, key, &rule, model);
        model.rules.insert(key.text.clone(), rule);
    }
}

/// How many rows break a rule is an indicator like any other, `rule_<name>`. Counters move when rows change, so a rule that looks
/// at today is counted from its list, which the turn of the day moves too.
fn counted(cx: Cx<'_>, key: &Key, rule: &Rule, model: &mut Model) {
    let name = format!("{RULE_FIGURE}{}", rule.name);
    if cx.symbols.measures.contains_key(&name) || cx.symbols.indicators.contains_key(&name) {
        let message = format!("the rows that break this rule are counted as `{name}`, which is declared already");
        cx.sink.error_help(key.at, "duplicate-name", message, "give one of them another name");
        return;
    }
    let formula = if rule.daily {
        Formula::Broken(rule.name.clone())
    } else {
        model.measures.insert(name.clone(), measure(&name, rule));
        Formula::Count(name.clone())
    };
    let indicator = Indicator {
        pack: rule.pack.clone(),
        order: u32::try_from(BEHIND + rule.order).unwrap_or(u32::MAX),
        title: rule.title.clone(),
        definition: rule.message.clone(),
        decimals: 0,
        more_is_better: Some(false),
        ..Indicator::reading(&name, formula)
    };
    model.indicators.insert(name, indicator);
}

/// What counts the rows that break a rule whenever they change.
fn measure(name: &str, rule: &Rule) -> Measure {
    let mut broken: Vec<Expr> = rule.when.iter().cloned().collect();
    broken.push(Expr::Not(Box::new(rule.holds.clone())));
    // What holds is counted version by version, so that a row that ended breaks nothing and earlier days can be asked for.
    let (at, until) = match rule.over {
        Source::Process(_) => (Moment::Always, None),
        Source::Register(_) => (Moment::ValidFrom, Some(Moment::ValidTo)),
    };
    Measure {
        pack: rule.pack.clone(),
        until,
        filter: Some(Expr::And(broken)),
        ..Measure::counting(name, rule.over.clone(), at)
    }
}

fn rule(cx: Cx<'_>, key: &Key, (node, order): (&Node, usize)) -> Option<Rule> {
    let what = format!("the rule `{}`", key.text);
    cx.mapping(node, &what, &KEYS).then_some(())?;
    let over = cx.need(node, "over", &what)?;
    let name = cx.scalar(over, "over")?;
    let process = cx.symbols.processes.get(name);
    let register = cx.symbols.registers.get(name).filter(|_| process.is_none());
    let known = cx.symbols.processes.iter().map(|(name, one)| (name, &one.packs));
    let known = known.chain(cx.symbols.registers.iter().map(|(name, one)| (name, &one.packs)));
    cx.usable(over.at, ("process or register", "unknown-process"), name, known).then_some(())?;
    let previous = register.filter(|one| one.dated).map(|one| (name, &one.fields));
    let scope =
        Scope { case: process, row: register.map(|one| &one.fields), previous, today: true, ..Scope::default() };
    let title = cx.needed_text(node, "title", &what);
    let message = cx.needed_text(node, "message", &what);
    let when = node.get("when").map(|when| cel::compile(cx, &scope, when, &Want::Condition));
    let holds = cx.need(node, "holds", &what).and_then(|holds| cel::compile(cx, &scope, holds, &Want::Condition));
    let daily = when.iter().flatten().chain(&holds).any(looks_at_today);
    let open = node.get("open").map(|open| opened(cx, open, &Scope { stores: true, ..scope }));
    Some(Rule {
        name: key.text.clone(),
        pack: cx.pack.to_owned(),
        order,
        title,
        over: if process.is_some() { Source::Process(name.to_owned()) } else { Source::Register(name.to_owned()) },
        when: when.map_or(Some(None), |one| one.map(Some))?,
        holds: holds?,
        daily,
        message,
        open: open.map_or(Some(None), |one| one.map(Some))?,
    })
}

fn looks_at_today(expr: &Expr) -> bool {
    let mut paths = Vec::new();
    expr.paths(&mut paths);
    paths.iter().any(|path| path.first().is_some_and(|root| root == "today"))
}

/// The case a broken rule opens. The system must be allowed to open it, and its form must be filled from the row.
fn opened(cx: Cx<'_>, node: &Node, scope: &Scope<'_>) -> Option<RuleOpen> {
    cx.mapping(node, "`open` of a rule", &["process", "set"]).then_some(())?;
    let process = cx.need(node, "process", "`open` of a rule")?;
    let name = cx.scalar(process, "a process")?;
    let known = cx.symbols.processes.iter().map(|(name, one)| (name, &one.packs));
    cx.usable(process.at, ("process", "unknown-process"), name, known).then_some(())?;
    let target = cx.symbols.processes.get(name)?;
    let mut set: BTreeMap<String, Expr> = BTreeMap::new();
    if let Some(values) = node.get("set").filter(|values| !matches!(values.kind, Kind::Map(_))) {
        cx.sink.error_help(
            values.at,
            "wrong-shape",
            "`set` is a mapping of field to expression",
            "write {field: expression}",
        );
    }
    for (key, value) in node.get("set").map(Node::entries).unwrap_or_default() {
        let Some(field) = target.form.get(&key.text) else {
            let message = format!("the form of {name} has no field `{}`", key.text);
            cx.unknown((key.at, "unknown-field"), &message, &key.text, target.form.keys().map(String::as_str));
            continue;
        };
        let Some(kind) = &field.kind else { continue };
        let value = cel::compile(cx, scope, value, &Want::Field(&key.text, kind));
        set.extend(value.map(|value| (key.text.clone(), value)));
    }
    for (field, symbol) in &target.form {
        if symbol.required && !set.contains_key(field) && !target.place_fields.contains(field) {
            let message = format!("{name} asks for `{field}`, which is not set here");
            cx.sink.error_help(node.at, "missing-value", message, format!("add `{field}: …` to `set`"));
        }
    }
    Some(RuleOpen { process: name.to_owned(), set })
}

//! Measures and indicators.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::lower::field;
use crate::names;
use crate::sink::At;
use crate::symbols::ProcessSymbol;
use crate::yaml::{Key, Kind, Node};
use ganglion_model::Model;
use ganglion_model::pack::{Formula, Indicator, Measure, Moment, Rounding, Source};

const OF_MEASURE: [&str; 5] = ["of", "at", "where", "minutes_since", "by"];
const OF_INDICATOR: [&str; 12] = [
    "title",
    "definition",
    "count",
    "ratio",
    "median_hours",
    "mean_hours",
    "unit",
    "percent",
    "decimals",
    "rounding",
    "levels",
    "better",
];
const FORMULAS: [&str; 4] = ["count", "ratio", "median_hours", "mean_hours"];

/// Lowers `indicators.yaml` into `model`.
pub fn lower(cx: Cx<'_>, node: &Node, model: &mut Model) {
    if !cx.mapping(node, "indicators.yaml", &["measures", "indicators"]) {
        return;
    }
    for (key, node) in node.get("measures").map(Node::entries).unwrap_or_default() {
        names::check(cx.sink, key.at, &key.text);
        model.measures.extend(measure(cx, key, node).map(|one| (key.text.clone(), one)));
    }
    for (order, (key, node)) in node.get("indicators").map(Node::entries).unwrap_or_default().iter().enumerate() {
        names::check(cx.sink, key.at, &key.text);
        model.indicators.extend(indicator(cx, key, (node, order)).map(|one| (key.text.clone(), one)));
    }
}

fn measure(cx: Cx<'_>, key: &Key, node: &Node) -> Option<Measure> {
    let what = format!("the measure `{}`", key.text);
    cx.mapping(node, &what, &OF_MEASURE).then_some(())?;
    let of = cx.need(node, "of", &what)?;
    let name = cx.scalar(of, "of")?;
    let at = cx.need(node, "at", &what)?;
    let symbols = cx.symbols;
    let process = symbols.processes.get(name);
    let register = symbols.registers.get(name).filter(|_| process.is_none());
    let known = symbols.processes.iter().map(|(name, one)| (name, &one.packs));
    let known = known.chain(symbols.registers.iter().map(|(name, one)| (name, &one.packs)));
    cx.usable(of.at, ("process or register", "unknown-process"), name, known).then_some(())?;
    let scope = Scope { case: process, row: register.map(|one| &one.fields), ..Scope::default() };
    let expression = |key, want: &Want<'_>| node.get(key).map(|value| cel::compile(cx, &scope, value, want));
    let filter = expression("where", &Want::Condition);
    let by = expression("by", &Want::Split);
    let since = node.get("minutes_since").map(|since| moment(cx, since, process));
    if let Some(since) = node.get("minutes_since").filter(|since| since.text() == Some("always")) {
        cx.sink.error(since.at, "unknown-moment", "`always` is no moment to count minutes from");
    }
    Some(Measure {
        name: key.text.clone(),
        pack: cx.pack.to_owned(),
        of: if process.is_some() { Source::Process(name.to_owned()) } else { Source::Register(name.to_owned()) },
        at: moment(cx, at, process)?,
        filter: filter.map_or(Some(None), |one| one.map(Some))?,
        minutes_since: since.map_or(Some(None), |one| one.map(Some))?,
        by: by.map_or(Some(None), |one| one.map(Some))?,
    })
}

fn moment(cx: Cx<'_>, node: &Node, process: Option<&ProcessSymbol>) -> Option<Moment> {
    let text = cx.scalar(node, "a moment")?;
    let Some(process) = process else {
        if text == "always" {
            return Some(Moment::Always);
        }
        cx.sink.error_help(
            node.at,
            "unknown-moment",
            "rows of a register are counted while they hold",
            "write `always`",
        );
        return None;
    };
    let parts: Vec<&str> = text.split('.').collect();
    let states = || process.states.iter().map(String::as_str).collect::<Vec<_>>();
    let marks = || process.marks.iter().map(String::as_str).collect::<Vec<_>>();
    let clocks = || process.clocks.iter().map(String::as_str).collect::<Vec<_>>();
    match parts.as_slice() {
        ["opened"] => Some(Moment::Opened),
        ["always"] => Some(Moment::Always),
        ["first", state] => named(cx, node.at, "state", state, &states()).map(Moment::First),
        ["last", state] => named(cx, node.at, "state", state, &states()).map(Moment::Last),
        ["mark", mark] => named(cx, node.at, "mark", mark, &marks()).map(Moment::Mark),
        ["clock", clock, "stopped"] => named(cx, node.at, "clock", clock, &clocks()).map(Moment::ClockStopped),
        ["clock", clock, "due"] => named(cx, node.at, "clock", clock, &clocks()).map(Moment::ClockDue),
        _ => {
            let remedy =
                "opened, first.<state>, last.<state>, mark.<name>, clock.<name>.stopped, clock.<name>.due or always";
            cx.sink.error_help(node.at, "unknown-moment", format!("`{text}` is no moment of a case"), remedy);
            None
        }
    }
}

fn named(cx: Cx<'_>, at: At, what: &str, name: &str, known: &[&str]) -> Option<String> {
    if !known.contains(&name) {
        let code = match what {
            "state" => "unknown-state",
            "mark" => "unknown-mark",
            _ => "unknown-clock",
        };
        cx.unknown((at, code), &format!("there is no {what} `{name}`"), name, known.iter().copied());
        return None;
    }
    Some(name.to_owned())
}

fn indicator(cx: Cx<'_>, key: &Key, (node, order): (&Node, usize)) -> Option<Indicator> {
    let what = format!("the indicator `{}`", key.text);
    cx.mapping(node, &what, &OF_INDICATOR).then_some(())?;
    let levels = cx.levels(node, "levels");
    if levels.is_empty() {
        cx.sink.error_help(node.at, "missing-key", format!("{what} has no levels"), "add `levels: [county, township]`");
    }
    let roundings =
        [("half_up", Rounding::HalfUp), ("half_even", Rounding::HalfEven), ("truncate", Rounding::Truncate)];
    Some(Indicator {
        name: key.text.clone(),
        pack: cx.pack.to_owned(),
        order: u32::try_from(order).unwrap_or(u32::MAX),
        title: cx.needed_text(node, "title", &what),
        definition: cx.needed_text(node, "definition", &what),
        formula: formula(cx, node, &what)?,
        unit: node.get("unit").map(|unit| field::unit(cx, unit)).unwrap_or_default(),
        decimals: cx.number(node, "decimals", (0, 6)).and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
        rounding: cx.one_of(node, "rounding", &roundings).unwrap_or_default(),
        percent: cx.flag(node, "percent", false),
        levels,
        more_is_better: cx.one_of(node, "better", &[("more", true), ("less", false)]),
    })
}

fn formula(cx: Cx<'_>, node: &Node, what: &str) -> Option<Formula> {
    let given: Vec<&(Key, Node)> =
        node.entries().iter().filter(|(key, _)| FORMULAS.contains(&key.text.as_str())).collect();
    let [(key, value)] = given.as_slice() else {
        let message = format!("{what} needs exactly one of {}", FORMULAS.join(", "));
        cx.sink.error(node.at, "no-formula", message);
        return None;
    };
    let measure = |node: &Node| {
        let name = cx.scalar(node, "a measure")?;
        if !cx.symbols.measures.contains_key(name) {
            let known = cx.symbols.measures.keys().map(String::as_str);
            cx.unknown((node.at, "unknown-measure"), &format!("there is no measure `{name}`"), name, known);
            return None;
        }
        Some(name.to_owned())
    };
    if key.text == "ratio" {
        let Kind::List(parts) = &value.kind else {
            cx.sink.error_help(value.at, "wrong-shape", "a ratio is a list of two measures", "write [part, whole]");
            return None;
        };
        let [part, whole] = parts.as_slice() else {
            cx.sink.error_help(value.at, "wrong-shape", "a ratio is a list of two measures", "write [part, whole]");
            return None;
        };
        let (part, whole) = (measure(part), measure(whole));
        return Some(Formula::Ratio(part?, whole?));
    }
    let name = measure(value)?;
    Some(match key.text.as_str() {
        "count" => Formula::Count(name),
        "median_hours" => Formula::MedianHours(name),
        _ => Formula::MeanHours(name),
    })
}

//! `indicators.yaml`: measures, indicators and how they are read.

use super::{measure, target};
use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::lower::field;
use crate::names;
use crate::yaml::{Key, Kind, Node};
use ganglion_model::pack::{Against, Compared, Formula, Indicator, Rounding};
use ganglion_model::{Frac, Model, PlaceKind, Text, units};

/// Keys beside the one of the formula.
const BESIDE: [&str; 15] = [
    "title",
    "definition",
    "latest",
    "look_back",
    "change",
    "growth",
    "unit",
    "percent",
    "decimals",
    "rounding",
    "levels",
    "better",
    "rank",
    "in",
    "parts",
];
/// Keys of which an indicator has exactly one.
const FORMULAS: [&str; 12] = [
    "count",
    "sum",
    "mean",
    "median",
    "percentile",
    "ratio",
    "share",
    "distinct",
    "median_hours",
    "mean_hours",
    "expr",
    "places",
];
/// Longest look back for the latest row of a member: twenty years.
const LOOK_BACK_MAX: i64 = 7320;

/// Lowers `indicators.yaml` into `model`.
pub fn lower(cx: Cx<'_>, node: &Node, model: &mut Model) {
    if !cx.mapping(node, "indicators.yaml", &["measures", "indicators", "targets"]) {
        return;
    }
    for (key, node) in node.get("measures").map(Node::entries).unwrap_or_default() {
        names::check(cx.sink, key.at, &key.text);
        model.measures.extend(measure::lower(cx, key, node).map(|one| (key.text.clone(), one)));
    }
    for (order, (key, node)) in node.get("indicators").map(Node::entries).unwrap_or_default().iter().enumerate() {
        names::check(cx.sink, key.at, &key.text);
        model.indicators.extend(indicator(cx, key, (node, order)).map(|one| (key.text.clone(), one)));
    }
    for (order, (key, node)) in node.get("targets").map(Node::entries).unwrap_or_default().iter().enumerate() {
        names::check(cx.sink, key.at, &key.text);
        // A second one of that name has been reported.
        if model.targets.contains_key(&key.text) {
            continue;
        }
        model.targets.extend(target::lower(cx, key, (node, order)).map(|one| (key.text.clone(), one)));
    }
}

/// The unit of the values an indicator is read from: of its measure, or of the first it calculates with.
#[must_use]
pub fn unit_of<'m>(model: &'m Model, indicator: &'m Indicator) -> Option<&'m str> {
    match &indicator.formula {
        Formula::Sum(name) | Formula::Mean(name) | Formula::Median(name) | Formula::Percentile { of: name, .. } => {
            model.measures.get(name)?.unit.as_deref()
        }
        _ => None,
    }
}

/// What values are multiplied with to stand in the unit they are shown in.
fn factor(model: &Model, indicator: &Indicator) -> Option<Frac> {
    let from = units::unit(unit_of(model, indicator)?)?;
    let (num, den) = from.factor(units::unit(indicator.shown_in.as_deref()?)?)?;
    Frac::parse(&num.to_string())?.over(Frac::parse(&den.to_string())?)
}

/// Works out what follows from other declarations: factors of units, and the measures whose median some indicator shows, which
/// keep classes of values.
pub fn finish(model: &mut Model) {
    let factors: Vec<(String, Option<Frac>)> =
        model.indicators.values().map(|one| (one.name.clone(), factor(model, one))).collect();
    for (name, factor) in factors {
        if let Some(indicator) = model.indicators.get_mut(&name) {
            indicator.factor = factor;
        }
    }
    for indicator in model.indicators.values() {
        let Some(name) = indicator.formula.classed() else { continue };
        if let Some(measure) = model.measures.get_mut(name) {
            measure.classes = true;
        }
    }
}

fn indicator(cx: Cx<'_>, key: &Key, (node, order): (&Node, usize)) -> Option<Indicator> {
    let what = format!("the indicator `{}`", key.text);
    cx.mapping(node, &what, &[&BESIDE[..], &FORMULAS].concat()).then_some(())?;
    let levels = cx.levels(node, "levels");
    if levels.is_empty() {
        cx.sink.error_help(node.at, "missing-key", format!("{what} has no levels"), "add `levels: [county, township]`");
    }
    let roundings =
        [("half_up", Rounding::HalfUp), ("half_even", Rounding::HalfEven), ("truncate", Rounding::Truncate)];
    let better = cx.one_of(node, "better", &[("more", true), ("less", false)]);
    if let (Some(rank), None) = (node.get("rank").filter(|_| cx.flag(node, "rank", false)), better) {
        let remedy = "add `better: more` or `better: less`";
        cx.sink.error_help(rank.at, "rank-without-direction", "a rank needs to know what is better", remedy);
    }
    let shown_in = node.get("in").and_then(|unit| measure::unit_named(cx, unit));
    Some(Indicator {
        pack: cx.pack.to_owned(),
        order: u32::try_from(order).unwrap_or(u32::MAX),
        title: cx.needed_text(node, "title", &what),
        definition: cx.needed_text(node, "definition", &what),
        latest_days: latest(cx, node),
        compared: compared(cx, node),
        unit: match (node.get("unit"), shown_in.as_deref().and_then(units::unit)) {
            (Some(unit), _) => field::unit(cx, unit),
            (None, Some(unit)) => unit.title.clone(),
            (None, None) => Text::default(),
        },
        shown_in,
        decimals: cx.number(node, "decimals", (0, 6)).and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
        rounding: cx.one_of(node, "rounding", &roundings).unwrap_or_default(),
        percent: cx.flag(node, "percent", false),
        levels,
        more_is_better: better,
        ranked: cx.flag(node, "rank", better.is_some()),
        ..Indicator::reading(&key.text, formula(cx, node, &what)?)
    })
}

/// `latest: true`, with `look_back` days before the period.
fn latest(cx: Cx<'_>, node: &Node) -> Option<u32> {
    let days = cx.number(node, "look_back", (0, LOOK_BACK_MAX)).and_then(|days| u32::try_from(days).ok());
    let is_latest = cx.flag(node, "latest", false);
    if let (Some(back), false) = (node.get("look_back"), is_latest) {
        let message = "`look_back` says where the latest row of a member is looked for";
        cx.sink.error_help(back.at, "not-latest", message, "add `latest: true`");
    }
    is_latest.then(|| days.unwrap_or(0))
}

fn compared(cx: Cx<'_>, node: &Node) -> Option<Compared> {
    let words = [("previous", Against::Previous), ("last_year", Against::LastYear)];
    let difference = cx.one_of(node, "change", &words);
    let relative = cx.one_of(node, "growth", &words);
    if let (Some(_), Some(_), Some(growth)) = (difference, relative, node.get("growth")) {
        cx.sink.error(growth.at, "two-changes", "an indicator is either a change or a growth");
    }
    difference
        .map(|against| Compared { against, relative: false })
        .or(relative.map(|against| Compared { against, relative: true }))
}

fn known_measure(cx: Cx<'_>, node: &Node) -> Option<String> {
    let name = cx.scalar(node, "a measure")?;
    if !cx.symbols.measures.contains_key(name) {
        let known = cx.symbols.measures.keys().map(String::as_str);
        cx.unknown((node.at, "unknown-measure"), &format!("there is no measure `{name}`"), name, known);
        return None;
    }
    Some(name.to_owned())
}

fn formula(cx: Cx<'_>, node: &Node, what: &str) -> Option<Formula> {
    let given: Vec<&(Key, Node)> =
        node.entries().iter().filter(|(key, _)| FORMULAS.contains(&key.text.as_str())).collect();
    let [(key, value)] = given.as_slice() else {
        let message = format!("{what} needs exactly one of {}", FORMULAS.join(", "));
        cx.sink.error_help(node.at, "no-formula", message, "write one of them, such as `count: <measure>`");
        return None;
    };
    Some(match key.text.as_str() {
        "ratio" => return ratio(cx, value),
        "percentile" => return percentile(cx, value),
        "places" => return places(cx, node, value),
        "expr" => {
            let scope = Scope { figures: true, ..Scope::default() };
            Formula::Of(cel::compile(cx, &scope, value, &Want::Number)?)
        }
        "count" => Formula::Count(known_measure(cx, value)?),
        "sum" => Formula::Sum(known_measure(cx, value)?),
        "mean" => Formula::Mean(known_measure(cx, value)?),
        "median" => Formula::Median(known_measure(cx, value)?),
        "distinct" => Formula::Distinct(known_measure(cx, value)?),
        "median_hours" => Formula::MedianHours(known_measure(cx, value)?),
        "mean_hours" => Formula::MeanHours(known_measure(cx, value)?),
        _ => {
            let parts = cx.words(node, "parts").into_iter().map(|(_, word)| word.to_owned()).collect::<Vec<_>>();
            if parts.is_empty() {
                let message = format!("{what} does not say which parts it is the share of");
                cx.sink.error_help(value.at, "missing-key", message, "add `parts: [code, …]`");
            }
            Formula::Share { of: known_measure(cx, value)?, parts }
        }
    })
}

/// `percentile: {of: waits, at: 90}`: nine of ten rows stay within it.
fn percentile(cx: Cx<'_>, value: &Node) -> Option<Formula> {
    cx.mapping(value, "`percentile`", &["of", "at"]).then_some(())?;
    let of = known_measure(cx, cx.need(value, "of", "`percentile`")?);
    cx.need(value, "at", "`percentile`")?;
    let percent = cx.number(value, "at", (1, 99)).and_then(|at| u8::try_from(at).ok());
    Some(Formula::Percentile { of: of?, percent: percent? })
}

/// `places: {level: village, kind: [village_committee]}`: how many there are at the end of the period.
fn places(cx: Cx<'_>, node: &Node, value: &Node) -> Option<Formula> {
    cx.mapping(value, "places that are counted", &["level", "kind"]).then_some(())?;
    for key in ["latest", "look_back", "change", "growth"] {
        if let Some(beside) = node.get(key) {
            let message = format!("`{key}` does not go with `places`: they are counted at the end of the period");
            cx.sink.error_help(beside.at, "cannot-combine", message, "remove it");
        }
    }
    let level = cx.level(cx.need(value, "level", "places that are counted")?);
    let known = PlaceKind::ALL.map(PlaceKind::as_str);
    let kinds = cx.known_words(value, "kind", ("kind of place", "unknown-kind"), &known);
    let kinds = kinds.iter().filter_map(|kind| PlaceKind::parse(kind)).collect();
    Some(Formula::Places { level: level?, kinds })
}

fn ratio(cx: Cx<'_>, value: &Node) -> Option<Formula> {
    let parts = if let Kind::List(parts) = &value.kind { parts.as_slice() } else { &[] };
    let [part, whole] = parts else {
        cx.sink.error_help(value.at, "wrong-shape", "a ratio is a list of two measures", "write [part, whole]");
        return None;
    };
    let (part, whole) = (known_measure(cx, part), known_measure(cx, whole));
    Some(Formula::Ratio(part?, whole?))
}

//! `figures:` of a notice or a document: `[checks, rate]`, or `{checks: {of: point_checks, at: county, period: last_month}}`.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::names;
use crate::sink::At;
use crate::yaml::{Kind, Node};
use ganglion_model::Level;
use ganglion_model::expr::Expr;
use ganglion_model::pack::{FigurePeriod, ShownFigure};

/// Periods, and whether it is the one before.
const PERIODS: [(&str, (FigurePeriod, bool)); 8] = [
    ("day", (FigurePeriod::Day, false)),
    ("month", (FigurePeriod::Month, false)),
    ("quarter", (FigurePeriod::Quarter, false)),
    ("year", (FigurePeriod::Year, false)),
    ("last_day", (FigurePeriod::Day, true)),
    ("last_month", (FigurePeriod::Month, true)),
    ("last_quarter", (FigurePeriod::Quarter, true)),
    ("last_year", (FigurePeriod::Year, true)),
];
/// Most figures of one notice or document: each is counted while others wait.
const FIGURES_MAX: usize = 20;

/// The figures under `figures` of `node`, called `what`; `taken` are names that stand beside them already.
pub fn all(cx: Cx<'_>, node: &Node, (what, scope): (&str, &Scope<'_>), taken: &[String]) -> Vec<ShownFigure> {
    let Some(list) = node.get("figures") else { return Vec::new() };
    let named: Vec<(At, &str, Option<&Node>)> = match &list.kind {
        Kind::Map(entries) => entries.iter().map(|(key, value)| (key.at, key.text.as_str(), Some(value))).collect(),
        _ => list.items().iter().filter_map(|item| Some((item.at, cx.scalar(item, "an indicator")?, None))).collect(),
    };
    if named.len() > FIGURES_MAX {
        cx.sink.error(list.at, "bad-number", format!("{what} shows at most {FIGURES_MAX} figures"));
        return Vec::new();
    }
    let one = |(at, name, node): (At, &str, Option<&Node>)| {
        if taken.iter().any(|field| field == name) {
            let message = format!("{what} shows a field called `{name}` already");
            cx.sink.error_help(at, "duplicate-name", message, format!("write `other_name: {{of: {name}}}`"));
        }
        figure(cx, (at, name), node, scope)
    };
    named.into_iter().filter_map(one).collect()
}

fn figure(cx: Cx<'_>, (at, name): (At, &str), node: Option<&Node>, scope: &Scope<'_>) -> Option<ShownFigure> {
    names::check(cx.sink, at, name);
    let plain = |indicator: String| ShownFigure {
        name: name.to_owned(),
        indicator,
        at: None,
        level: None,
        period: FigurePeriod::Month,
        before: false,
        on: None,
    };
    let Some(node) = node else { return indicator(cx, at, name).map(plain) };
    cx.mapping(node, "a figure", &["of", "at", "period", "on"]).then_some(())?;
    let of = cx.need(node, "of", "a figure")?;
    let mut shown = plain(indicator(cx, of.at, cx.scalar(of, "an indicator")?)?);
    if let Some(place) = node.get("at") {
        (shown.at, shown.level) = place_of(cx, place, scope)?;
    }
    (shown.period, shown.before) = cx.one_of(node, "period", &PERIODS).unwrap_or((FigurePeriod::Month, false));
    if let Some(on) = node.get("on") {
        shown.on = Some(cel::compile(cx, scope, on, &Want::Moment)?);
    }
    Some(shown)
}

fn indicator(cx: Cx<'_>, at: At, name: &str) -> Option<String> {
    if !cx.symbols.figure_names().any(|one| one == name) {
        let known = cx.symbols.figure_names();
        cx.unknown((at, "unknown-indicator"), &format!("there is no indicator `{name}`"), name, known);
        return None;
    }
    Some(name.to_owned())
}

/// A level (the place of the case or row at it), or an expression that gives a place.
fn place_of(cx: Cx<'_>, node: &Node, scope: &Scope<'_>) -> Option<(Option<Expr>, Option<Level>)> {
    if let Some(level) = node.text().and_then(Level::parse) {
        return Some((None, Some(level)));
    }
    let place = cel::compile(cx, scope, node, &Want::Place)?;
    Some((Some(place), None))
}

//! `targets:` of `indicators.yaml`: values by place, slack, curve and who leads.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::yaml::{Key, Kind, Node};
use ganglion_model::pack::{Slack, Target, TargetRows};
use ganglion_model::{Frac, Level, PlaceCode};
use jiff::civil::Date;
use std::collections::BTreeMap;

const KEYS: [&str; 8] = ["title", "of", "period", "values", "rows", "slack", "curve", "lead"];
const OF_ROWS: [&str; 4] = ["register", "where", "place", "value"];

/// Lowers one target.
pub fn lower(cx: Cx<'_>, key: &Key, (node, order): (&Node, usize)) -> Option<Target> {
    let what = format!("the target `{}`", key.text);
    cx.mapping(node, &what, &KEYS).then_some(())?;
    let title = cx.needed_text(node, "title", &what);
    let of_node = cx.need(node, "of", &what)?;
    let of = cx.scalar(of_node, "of")?.to_owned();
    if !cx.symbols.figure_names().any(|one| one == of) {
        let known = cx.symbols.figure_names();
        cx.unknown((of_node.at, "unknown-indicator"), &format!("there is no indicator `{of}`"), &of, known);
        return None;
    }
    let (period, days) = period(cx, cx.need(node, "period", &what)?)?;
    let (values, rows) = (node.get("values"), node.get("rows"));
    if values.is_none() && rows.is_none() {
        let remedy = "add `values: {\"1309\": 580}`, or `rows:` with a register";
        cx.sink.error_help(node.at, "missing-key", format!("{what} has no values"), remedy);
    }
    Some(Target {
        name: key.text.clone(),
        pack: cx.pack.to_owned(),
        order: u32::try_from(order).unwrap_or(u32::MAX),
        title,
        of,
        period,
        days,
        values: values.map(|node| inline(cx, node)).unwrap_or_default(),
        rows: rows.map_or(Some(None), |node| from_rows(cx, node).map(Some))?,
        slack: slack(cx, node),
        curve: curve(cx, node.get("curve"), days),
        lead: lead(cx, node),
    })
}

fn first(year: i16, month: i8) -> Option<Date> {
    Date::new(year, month, 1).ok().filter(|day| (1970..=2200).contains(&day.year()))
}

/// `2022`, `2022-Q2`, `2022-06` or `2022-06-01..2022-06-24`.
fn span(text: &str) -> Option<(Date, Date)> {
    if let Some((from, to)) = text.split_once("..") {
        let (from, to): (Date, Date) = (from.parse().ok()?, to.parse().ok()?);
        return (from <= to).then_some((from, to.tomorrow().ok()?));
    }
    let (year, rest) = text.split_at_checked(4)?;
    let year: i16 = year.parse().ok()?;
    let (month, months) = match rest {
        "" => (1, 12),
        quarter if quarter.starts_with("-Q") => {
            let quarter: i8 = quarter.get(2..)?.parse().ok().filter(|n| (1..=4).contains(n))?;
            (quarter * 3 - 2, 3)
        }
        month => (month.strip_prefix('-').filter(|month| month.len() == 2)?.parse().ok()?, 1),
    };
    let from = first(year, month)?;
    Some((from, from.checked_add(jiff::Span::new().months(months)).ok()?))
}

fn period(cx: Cx<'_>, node: &Node) -> Option<(String, (Date, Date))> {
    let text = cx.scalar(node, "a period")?;
    let Some(days) = span(text) else {
        let remedy = "write 2022, 2022-Q2, 2022-06 or 2022-06-01..2022-06-24";
        cx.sink.error_help(node.at, "bad-period", format!("`{text}` is no period"), remedy);
        return None;
    };
    Some((text.to_owned(), days))
}

fn decimal(cx: Cx<'_>, node: &Node) -> Option<Frac> {
    let text = cx.scalar(node, "a value")?;
    let value = Frac::parse(text);
    if value.is_none() {
        cx.sink.error(node.at, "bad-number", format!("`{text}` is no number"));
    }
    value
}

fn inline(cx: Cx<'_>, node: &Node) -> BTreeMap<PlaceCode, Frac> {
    let mut values = BTreeMap::new();
    if !matches!(node.kind, Kind::Map(_)) {
        let message = format!("`values` is a mapping of place codes to numbers, this is {}", node.what());
        cx.sink.error(node.at, "wrong-shape", message);
    }
    for (key, value) in node.entries() {
        let Ok(place) = key.text.parse::<PlaceCode>() else {
            let remedy = "write the 4, 6, 9 or 12 digits of the place in quotes";
            cx.sink.error_help(key.at, "bad-place", format!("`{}` is no place code", key.text), remedy);
            continue;
        };
        values.extend(decimal(cx, value).map(|value| (place, value)));
    }
    values
}

fn from_rows(cx: Cx<'_>, node: &Node) -> Option<TargetRows> {
    let what = "the rows of a target";
    cx.mapping(node, what, &OF_ROWS).then_some(())?;
    let name = cx.need(node, "register", what)?;
    let register = cx.scalar(name, "register")?;
    let known = cx.symbols.registers.iter().map(|(name, one)| (name, &one.packs));
    cx.usable(name.at, ("register", "unknown-register"), register, known).then_some(())?;
    let symbol = cx.symbols.registers.get(register)?;
    if !symbol.deployment {
        let message =
            format!("rows of `{register}` live with their places; a target reads a register of the deployment");
        cx.sink.error_help(name.at, "not-followed", message, "declare the register with `scope: deployment`");
        return None;
    }
    let scope = Scope { row: Some(&symbol.fields), ..Scope::default() };
    let filter =
        node.get("where").map_or(Some(None), |node| cel::compile(cx, &scope, node, &Want::Condition).map(Some));
    let place = cel::compile(cx, &scope, cx.need(node, "place", what)?, &Want::Place);
    let value = cel::compile(cx, &scope, cx.need(node, "value", what)?, &Want::Number);
    Some(TargetRows { register: register.to_owned(), filter: filter?, place: place?, value: value? })
}

fn slack(cx: Cx<'_>, node: &Node) -> Slack {
    let Some(slack) = node.get("slack") else { return Slack::default() };
    if !cx.mapping(slack, "`slack`", &["over", "short"]) {
        return Slack::default();
    }
    let percent = |key| cx.number(slack, key, (0, 1000)).and_then(|n| u32::try_from(n).ok());
    Slack { over: percent("over"), short: percent("short") }
}

/// `curve: linear`, or `[[day, percent], …]` with rising days.
fn curve(cx: Cx<'_>, node: Option<&Node>, (from, to): (Date, Date)) -> Vec<(Date, Frac)> {
    let Some(node) = node else { return Vec::new() };
    if node.text() == Some("linear") {
        let start = from.yesterday().unwrap_or(from);
        let end = to.yesterday().unwrap_or(to);
        return vec![(start, Frac::ZERO), (end, Frac::whole(100))];
    }
    let mut points: Vec<(Date, Frac)> = Vec::new();
    for item in node.items() {
        let [day, percent] = item.items() else {
            let remedy = "write [[2022-06-05, 0], [2022-06-24, 100]], or linear";
            cx.sink.error_help(item.at, "wrong-shape", "a point of the curve is a day and a percent", remedy);
            continue;
        };
        let point = (day.text().and_then(|text| cx.date(day.at, text)), decimal(cx, percent));
        let (Some(on), Some(percent)) = point else { continue };
        if points.last().is_some_and(|(before, _)| *before >= on) {
            cx.sink.error(day.at, "bad-order", "the days of a curve rise");
            continue;
        }
        points.push((on, percent));
    }
    points
}

fn lead(cx: Cx<'_>, node: &Node) -> Vec<(String, Level)> {
    let mut lead = Vec::new();
    for (at, word) in cx.words(node, "lead") {
        let parts = word.split_once('@').and_then(|(role, level)| Some((role, Level::parse(level)?)));
        let Some((role, level)) = parts else {
            cx.sink.error_help(at, "bad-who", format!("`{word}` is no post"), "write role@level");
            continue;
        };
        if cx.usable_role(at, role) {
            lead.push((role.to_owned(), level));
        }
    }
    lead
}

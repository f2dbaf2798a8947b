//! Measures: which rows count, when, where, with what value, and what they are kept apart by.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::sink::At;
use crate::symbols::{FieldSymbols, ProcessSymbol, RegisterSymbol};
use crate::yaml::{Key, Kind, Node};
use ganglion_model::expr::{Arith, Expr};
use ganglion_model::pack::{Dim, FieldKind, Measure, Moment, Source};
use ganglion_model::units;

const KEYS: [&str; 11] =
    ["of", "at", "until", "where", "minutes_since", "value", "digits", "unit", "by", "place", "member"];
/// Digits behind the point kept of a value whose own digits are not known.
const DIGITS: u8 = 3;
/// Most digits.
const DIGITS_MAX: i64 = 9;
/// Most dimensions of a measure.
const DIMS_MAX: usize = 4;

/// The rows a measure is about.
#[derive(Clone, Copy)]
enum Of<'a> {
    Process(&'a ProcessSymbol),
    Register(&'a RegisterSymbol),
}

impl<'a> Of<'a> {
    fn scope(self) -> Scope<'a> {
        match self {
            Of::Process(process) => Scope { case: Some(process), ..Scope::default() },
            Of::Register(register) => Scope { row: Some(&register.fields), ..Scope::default() },
        }
    }

    /// Fields whose values a name such as `row.read_on` gives.
    fn fields(self) -> [&'a FieldSymbols; 2] {
        match self {
            Of::Process(process) => [&process.form, &process.fields],
            Of::Register(register) => [&register.fields, &register.fields],
        }
    }

    fn kind(self, name: &str) -> Option<&'a FieldKind> {
        self.fields().into_iter().find_map(|fields| fields.get(name))?.kind.as_ref()
    }
}

/// Lowers one measure.
pub fn lower(cx: Cx<'_>, key: &Key, node: &Node) -> Option<Measure> {
    let what = format!("the measure `{}`", key.text);
    cx.mapping(node, &what, &KEYS).then_some(())?;
    let of_node = cx.need(node, "of", &what)?;
    let name = cx.scalar(of_node, "of")?;
    let at_node = cx.need(node, "at", &what)?;
    let symbols = cx.symbols;
    let known = symbols.processes.iter().map(|(name, one)| (name, &one.packs));
    let known = known.chain(symbols.registers.iter().map(|(name, one)| (name, &one.packs)));
    cx.usable(of_node.at, ("process or register", "unknown-process"), name, known).then_some(())?;
    let process = symbols.processes.get(name);
    let (of, source) = match process {
        Some(process) => (Of::Process(process), Source::Process(name.to_owned())),
        None => (Of::Register(symbols.registers.get(name)?), Source::Register(name.to_owned())),
    };
    let part = |key: &str, want: &Want<'_>| match node.get(key) {
        None => Some(None),
        Some(value) => cel::compile(cx, &of.scope(), value, want).map(Some),
    };
    let filter = part("where", &Want::Condition);
    let value = part("value", &Want::Number);
    let place = part("place", &Want::Place);
    let member = part("member", &Want::Split);
    let by = dims(cx, of, node.get("by"));
    let (at, until) = when(cx, of, at_node, node.get("until"))?;
    let (filter, value, place, member) = (filter?, value?, place?, member?);
    let kind = value.as_ref().and_then(|value| field_of(of, value)).cloned();
    let declared = node.get("unit").and_then(|unit| unit_named(cx, unit));
    let own = match &kind {
        Some(FieldKind::Quantity { unit, .. }) => Some(unit.clone()),
        Some(FieldKind::Money) => Some("yuan".to_owned()),
        _ => None,
    };
    Some(Measure {
        pack: cx.pack.to_owned(),
        until,
        filter,
        minutes_since: since(cx, of, node)?,
        digits: digits(cx, node, (value.as_ref(), kind.as_ref())),
        unit: declared.or(own),
        value: value.map(|value| if kind == Some(FieldKind::Money) { in_yuan(value) } else { value }),
        by: by?,
        place,
        member,
        ..Measure::counting(&key.text, source, at)
    })
}

/// When rows count. Rows of a dated register that count `always` count on the days their version holds.
fn when(cx: Cx<'_>, of: Of<'_>, at: &Node, until: Option<&Node>) -> Option<(Moment, Option<Moment>)> {
    let from = moment(cx, at, of)?;
    let Some(until) = until else {
        return Some(match of {
            Of::Register(register) if register.dated && from == Moment::Always => {
                (Moment::ValidFrom, Some(Moment::ValidTo))
            }
            _ => (from, None),
        });
    };
    let to = moment(cx, until, of)?;
    for (node, moment) in [(at, &from), (until, &to)] {
        if *moment == Moment::Always {
            let remedy = "name the moment rows begin to count under `at` and the one they stop under `until`";
            cx.sink.error_help(node.at, "unknown-moment", "`always` is no moment to count from or until", remedy);
            return None;
        }
    }
    Some((from, Some(to)))
}

fn since(cx: Cx<'_>, of: Of<'_>, node: &Node) -> Option<Option<Moment>> {
    let Some(since) = node.get("minutes_since") else { return Some(None) };
    if since.text() == Some("always") {
        cx.sink.error(since.at, "unknown-moment", "`always` is no moment to count minutes from");
    }
    if let Some(value) = node.get("value") {
        cx.sink.error(value.at, "two-values", "a measure has either `value` or `minutes_since`");
    }
    moment(cx, since, of).map(Some)
}

/// The declared field an expression is nothing but the name of.
fn field_of<'a>(of: Of<'a>, value: &Expr) -> Option<&'a FieldKind> {
    let Expr::Path(path) = value else { return None };
    path.get(1).filter(|_| path.len() == 2).and_then(|name| of.kind(name))
}

/// Money is kept in fen and added up in yuan.
fn in_yuan(fen: Expr) -> Expr {
    Expr::Arith(Arith::Div, Box::new(fen), Box::new(Expr::Lit(100.into())))
}

/// A unit of the table.
pub fn unit_named(cx: Cx<'_>, node: &Node) -> Option<String> {
    let name = cx.scalar(node, "a unit")?;
    if units::unit(name).is_none() {
        let known = units::all().map(|unit| unit.code.as_str());
        cx.unknown((node.at, "unknown-unit"), &format!("there is no unit `{name}`"), name, known);
        return None;
    }
    Some(name.to_owned())
}

/// Digits kept: as declared, those of the field, none of whole numbers.
fn digits(cx: Cx<'_>, node: &Node, (value, kind): (Option<&Expr>, Option<&FieldKind>)) -> u8 {
    let declared = cx.number(node, "digits", (0, DIGITS_MAX)).and_then(|digits| u8::try_from(digits).ok());
    let Some(value) = value else { return 0 };
    let is_count = matches!(value, Expr::Path(path) if path.first().is_some_and(|root| root == "case"));
    declared.unwrap_or(match kind {
        Some(FieldKind::Decimal { scale, .. } | FieldKind::Quantity { scale, .. }) => *scale,
        Some(FieldKind::Integer { .. }) => 0,
        Some(FieldKind::Money) => 2,
        None if is_count => 0,
        _ => DIGITS,
    })
}

/// `by: expression`, `by: [expression, …]` or `by: {name: expression, …}`.
fn dims(cx: Cx<'_>, of: Of<'_>, node: Option<&Node>) -> Option<Vec<Dim>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let named: Vec<(String, &Node)> = match &node.kind {
        Kind::Map(entries) => entries.iter().map(|(key, value)| (key.text.clone(), value)).collect(),
        Kind::List(items) => items.iter().map(|item| (last_part(item), item)).collect(),
        _ => vec![(last_part(node), node)],
    };
    if named.len() > DIMS_MAX {
        cx.sink.error(node.at, "too-many-dimensions", format!("a measure has at most {DIMS_MAX} dimensions"));
        return None;
    }
    named
        .into_iter()
        .map(|(name, value)| Some(Dim { name, of: cel::compile(cx, &of.scope(), value, &Want::Split)? }))
        .collect()
}

/// The last name of a path: `major` of `case.category.major`.
fn last_part(node: &Node) -> String {
    let text = node.text().unwrap_or_default();
    let name = text.rsplit('.').next().unwrap_or(text);
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

fn moment(cx: Cx<'_>, node: &Node, of: Of<'_>) -> Option<Moment> {
    let text = cx.scalar(node, "a moment")?;
    let parts: Vec<&str> = text.split('.').collect();
    match (of, parts.as_slice()) {
        (_, ["always"]) => Some(Moment::Always),
        (Of::Register(_), ["row", field]) | (Of::Process(_), ["case", field]) => day_field(cx, node.at, of, field),
        (Of::Register(register), ["valid_from" | "valid_to"]) => {
            if !register.dated {
                let remedy = "add `dated: true` to the register, or name a date field";
                cx.sink.error_help(node.at, "not-dated", "rows of this register have no first and last day", remedy);
                return None;
            }
            Some(if text == "valid_from" { Moment::ValidFrom } else { Moment::ValidTo })
        }
        (Of::Process(process), parts) => of_case(cx, node.at, process, (text, parts)),
        (Of::Register(_), _) => {
            let remedy = "always, valid_from, valid_to, or row.<a date field>";
            cx.sink.error_help(node.at, "unknown-moment", format!("`{text}` is no moment of a register row"), remedy);
            None
        }
    }
}

fn of_case(cx: Cx<'_>, at: At, process: &ProcessSymbol, (text, parts): (&str, &[&str])) -> Option<Moment> {
    let states = || process.states.iter().map(String::as_str).collect::<Vec<_>>();
    let marks = || process.marks.iter().map(String::as_str).collect::<Vec<_>>();
    let clocks = || process.clocks.iter().map(String::as_str).collect::<Vec<_>>();
    match parts {
        ["opened"] => Some(Moment::Opened),
        ["first", state] => named(cx, at, "state", state, &states()).map(Moment::First),
        ["last", state] => named(cx, at, "state", state, &states()).map(Moment::Last),
        ["mark", mark] => named(cx, at, "mark", mark, &marks()).map(Moment::Mark),
        ["clock", clock, "stopped"] => named(cx, at, "clock", clock, &clocks()).map(Moment::ClockStopped),
        ["clock", clock, "due"] => named(cx, at, "clock", clock, &clocks()).map(Moment::ClockDue),
        _ => {
            let remedy = "opened, first.<state>, last.<state>, mark.<name>, clock.<name>.stopped, clock.<name>.due, \
                          case.<a date field> or always";
            cx.sink.error_help(at, "unknown-moment", format!("`{text}` is no moment of a case"), remedy);
            None
        }
    }
}

fn day_field(cx: Cx<'_>, at: At, of: Of<'_>, name: &str) -> Option<Moment> {
    let is_day = |kind: &FieldKind| matches!(kind, FieldKind::Date | FieldKind::Datetime);
    if of.kind(name).is_some_and(is_day) {
        return Some(Moment::Field(name.to_owned()));
    }
    let fields = of.fields();
    let known: Vec<&str> = fields[0]
        .iter()
        .chain(fields[1])
        .filter(|(_, field)| field.kind.as_ref().is_some_and(is_day))
        .map(|(name, _)| name.as_str())
        .collect();
    cx.unknown((at, "unknown-moment"), &format!("there is no date field `{name}`"), name, known);
    None
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

//! Routing by a rule over a register: the most specific row that matches what was typed, with the edition it was read
//! from, so that anybody can look up later why a case went where it went.

use crate::world::World;
use ganglion_model::clocks::midnight;
use ganglion_model::expr::{Cmp, Expr};
use ganglion_model::pack::{Match, Process, RuleRoute};
use ganglion_model::row::{Record, RuleHit};
use ganglion_model::scope::{ActorView, Names};
use ganglion_model::{Fields, Level, PlaceCode, PostId};
use jiff::civil::Date;
use serde_json::Value;

/// What the row that matched gives.
pub(super) struct Hit {
    pub why: RuleHit,
    pub post: Option<PostId>,
    pub role: Option<String>,
    pub place: Option<PlaceCode>,
    pub level: Option<Level>,
}

/// How well a row fits: cells filled, then digits of its places.
type Fit = (usize, u32);

/// The first rule of the process with a row that matches.
pub(super) fn first(
    world: &World,
    process: &Process,
    (form, place): (&Fields, Option<PlaceCode>),
    day: Date,
) -> Option<Hit> {
    process.route.rules.iter().find_map(|rule| {
        let wanted = wanted(world, (process, rule), (form, place), day);
        let row = best(world, rule, &wanted, day)?;
        Some(hit(world, rule, row, day))
    })
}

/// The values the columns are compared with, read from what was typed.
fn wanted(
    world: &World,
    (process, rule): (&Process, &RuleRoute),
    (form, place): (&Fields, Option<PlaceCode>),
    day: Date,
) -> Vec<Value> {
    let actor = ActorView::default();
    let names = Names {
        rows: world,
        process,
        case: None,
        form: Some((form, &process.form)),
        actor: Some(&actor),
        now: midnight(day),
    };
    let value = |one: &Match| match one {
        Match::Place => place.map_or(Value::Null, |place| Value::String(place.to_string())),
        Match::Value(expr) => expr.eval(&names).to_json(),
    };
    rule.matches.iter().map(|(_, one)| value(one)).collect()
}

fn best<'a>(world: &'a World, rule: &RuleRoute, wanted: &[Value], day: Date) -> Option<&'a Record> {
    let rows = world.each_row(&rule.register);
    let valid = rows.filter_map(|versions| versions.iter().rev().find(|row| row.valid_on(day)));
    let fitting = valid.filter_map(|row| Some((fit(rule, row, wanted)?, row)));
    // Of equals the first by key, whatever the order of the map.
    fitting.min_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.key.cmp(&other.key))).map(|(_, row)| row)
}

fn fit(rule: &RuleRoute, row: &Record, wanted: &[Value]) -> Option<Fit> {
    let mut fit = (0, 0);
    for ((column, what), wanted) in rule.matches.iter().zip(wanted) {
        let Some(cell) = row.fields.get(column).filter(|cell| !is_empty(cell)) else { continue };
        let holds = |cell: &Value| {
            let (held, holder) = (code(wanted)?, code(cell)?);
            holder.holds(held).then(|| holder.level().digits())
        };
        match (what, holds(cell)) {
            (_, Some(digits)) => fit.1 += digits,
            (Match::Place, None) => return None,
            (Match::Value(_), None) if !same(cell, wanted) => return None,
            _ => {}
        }
        fit.0 += 1;
    }
    Some(fit)
}

fn is_empty(cell: &Value) -> bool {
    match cell {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// A full place code; only those are compared as places.
fn code(value: &Value) -> Option<PlaceCode> {
    value.as_str()?.parse().ok()
}

/// A cell with several codes fits any of them.
fn same(cell: &Value, wanted: &Value) -> bool {
    let equal = |one: &Value| {
        let compared = Expr::Cmp(Cmp::Eq, Box::new(Expr::Lit(one.clone())), Box::new(Expr::Lit(wanted.clone())));
        compared.holds(&Nothing)
    };
    match cell {
        Value::Array(items) => items.iter().any(equal),
        one => equal(one),
    }
}

/// No names: both sides of the comparison are constants.
struct Nothing;

impl ganglion_model::expr::Scope for Nothing {
    fn get<'a>(&'a self, _: &[String]) -> ganglion_model::expr::Val<'a> {
        ganglion_model::expr::Val::Null
    }
}

fn hit(world: &World, rule: &RuleRoute, row: &Record, day: Date) -> Hit {
    let text = |column: &Option<String>| {
        let value = row.fields.get(column.as_ref()?)?.as_str()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    let place = text(&rule.give.place).and_then(|code| code.parse().ok());
    // A post that is gone or that nobody holds cannot get a case; the workload may know another.
    let held = |id: &PostId| world.posts.get(id).is_some_and(|post| post.valid_on(day) && post.account.is_some());
    Hit {
        why: RuleHit {
            register: rule.register.clone(),
            key: row.key.clone(),
            version: row.version,
            valid_from: row.valid_from,
        },
        post: text(&rule.give.post).map(PostId).filter(held),
        role: text(&rule.give.role),
        place: place.and_then(|code| world.places.tree.current(code, day)),
        level: text(&rule.give.level).and_then(|level| Level::parse(&level)),
    }
}

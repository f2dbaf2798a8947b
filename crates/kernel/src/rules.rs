//! Standing checks: which rules a row breaks as it now is. A function of the row alone, or of the row and the day, so that what is
//! kept while rows change and what is found by going through all rows again are the same.

use crate::decide::derived;
use crate::seal::is_sealed;
use crate::world::World;
use ganglion_model::clocks::{local_date, midnight};
use ganglion_model::expr::Scope;
use ganglion_model::pack::{Model, Rule, RuleOpen, Source};
use ganglion_model::row::{Case, OPENED_FROM};
use ganglion_model::scope::{Names, RowNames, Rows};
use ganglion_model::{Actor, Body, CaseId, Command, CommandId, Fields, Link, PlaceCode, Record, Shard};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A row that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Shard.
    pub shard: Shard,
    /// Rule.
    pub rule: String,
    /// The row: a case, or a register row by its id.
    pub id: CaseId,
    /// Where it counts.
    pub place: PlaceCode,
    /// Number of the case, or key of the row.
    pub subject: String,
    /// Since when it has been broken without a break.
    pub since: Timestamp,
    /// Number of the case that was opened for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<String>,
}

fn is_broken(rule: &Rule, scope: &dyn Scope) -> bool {
    rule.when.as_ref().is_none_or(|when| when.holds(scope)) && !rule.holds.holds(scope)
}

/// Whether any rule looks at rows of `name`, a register or a process.
#[must_use]
pub fn is_ruled(model: &Model, name: &str) -> bool {
    model.rules.values().any(|rule| matches!(&rule.over, Source::Process(one) | Source::Register(one) if one == name))
}

/// Name of the setting that says for which day rules that look at today were judged last.
pub const JUDGED: &str = "rules.judged";

/// Furthest back that is looked for the day on which a rule that looks at today was broken first.
const DAYS_BACK_MAX: u32 = 3_660;

/// Since when a rule is broken `today`, given when the row last changed; `None`: it is kept. A rule that looks at today is
/// judged at the beginning of each day and broken since the first of those days without a break, so that this too follows
/// from the row and the day alone.
fn broken_since(
    rule: &Rule,
    (changed, today): (Timestamp, Option<Date>),
    is_broken: impl Fn(Timestamp) -> bool,
) -> Option<Timestamp> {
    if !rule.daily {
        return is_broken(changed).then_some(changed);
    }
    let mut since = changed.max(midnight(today?));
    if !is_broken(since) {
        return None;
    }
    for _ in 0..DAYS_BACK_MAX {
        let Ok(day) = local_date(since).yesterday() else { break };
        let earlier = changed.max(midnight(day));
        if earlier >= since || !is_broken(earlier) {
            break;
        }
        since = earlier;
    }
    Some(since)
}

/// The rules a case breaks `today`, in the order of their names. Rules that look at today are left out without a day.
#[must_use]
pub fn broken_by_case(model: &Model, rows: &dyn Rows, case: &Case, today: Option<Date>) -> Vec<Violation> {
    let Some(process) = model.processes.get(&case.process) else { return Vec::new() };
    let own = |rule: &&Rule| matches!(&rule.over, Source::Process(name) if *name == case.process);
    let broken = |rule: &Rule| {
        let since = broken_since(rule, (case.updated_at, today), |now| {
            is_broken(rule, &Names { rows, process, case: Some(case), form: None, actor: None, now })
        })?;
        Some(Violation {
            shard: case.shard,
            rule: rule.name.clone(),
            id: case.id,
            place: case.place,
            subject: case.number.clone(),
            since,
            opened: None,
        })
    };
    model.rules.values().filter(own).filter_map(broken).collect()
}

/// The rules a register row breaks `today`, given all its versions in order of validity: its last one is judged, and a row that
/// ended breaks nothing. Rows of the deployment count at `root`. Rules that look at today are left out without a day.
#[must_use]
pub fn broken_by_row(
    model: &Model,
    rows: &dyn Rows,
    versions: &[Record],
    root: PlaceCode,
    today: Option<Date>,
) -> Vec<Violation> {
    let Some(last) = versions.last().filter(|last| last.valid_to.is_none()) else { return Vec::new() };
    let previous = versions.len().checked_sub(2).and_then(|n| versions.get(n));
    let own = |rule: &&Rule| matches!(&rule.over, Source::Register(name) if *name == last.register);
    let broken = |rule: &Rule| {
        let since = broken_since(rule, (last.updated_at, today), |now| {
            let today = rule.daily.then(|| local_date(now));
            is_broken(rule, &RowNames { rows, record: last, previous, today })
        })?;
        Some(Violation {
            shard: last.shard,
            rule: rule.name.clone(),
            id: last.id(),
            place: last.place.unwrap_or(root),
            subject: last.key.clone(),
            since,
            opened: None,
        })
    };
    model.rules.values().filter(own).filter_map(broken).collect()
}

/// What changed between the rules a row broke before and breaks now: those to be noted (new, or counting elsewhere), and
/// rules it keeps again.
#[must_use]
pub fn changes(before: &[Violation], after: Vec<Violation>) -> (Vec<Violation>, Vec<(String, CaseId)>) {
    let gone = before.iter().filter(|old| !after.iter().any(|new| new.rule == old.rule));
    let gone = gone.map(|old| (old.rule.clone(), old.id)).collect();
    let is_new = |new: &Violation| {
        let known = before.iter().find(|old| old.rule == new.rule);
        known.is_none_or(|old| (old.place, &old.subject) != (new.place, &new.subject))
    };
    (after.into_iter().filter(is_new).collect(), gone)
}

/// Which violations a list shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ViolationFilter {
    /// Rule.
    pub rule: String,
    /// Inside this place; `None`: everywhere.
    pub place: Option<PlaceCode>,
}

/// The command that opens the case of a rule for a row that breaks it; `None` when the rule opens none, or the row is of
/// another kind. Its id follows from the row and the instant it was broken, so that a repeat opens nothing twice.
#[must_use]
pub fn opening(world: &World, one: &Violation, row: Broken<'_>) -> Option<Command> {
    let rule = world.model.rules.get(&one.rule)?;
    let open = rule.open.as_ref()?;
    let process = world.model.processes.get(&open.process)?;
    let mut form: Fields = match row {
        // `today` is the day it was broken, so that a repeat fills in the same.
        Broken::Row(record) => {
            values(open, &RowNames { today: Some(local_date(one.since)), ..RowNames::of(world, record) })
        }
        Broken::Case(case) => {
            let of = world.model.processes.get(&case.process)?;
            let now = case.updated_at.max(one.since);
            let names = Names { rows: world, process: of, case: Some(case), form: None, actor: None, now };
            values(open, &names)
        }
    };
    if let Some(field) = &process.route.place {
        form.entry(field.clone()).or_insert_with(|| Value::from(one.place.to_string()));
    }
    let what = format!("{}/{}/{}", one.rule, one.id, one.since.as_microsecond());
    let from = match row {
        Broken::Case(case) => Some(Link::to(case, OPENED_FROM)),
        Broken::Row(_) => None,
    };
    let body =
        Body::Open { process: open.process.clone(), form, channel: "cross_system".to_owned(), observed_at: None, from };
    let id = derived(CommandId(one.id.0), &what);
    Some(Command { id, shard: one.place.shard(), actor: Actor::System, body })
}

/// The row behind a violation.
#[derive(Clone, Copy)]
pub enum Broken<'a> {
    /// A case.
    Case(&'a Case),
    /// A register row.
    Row(&'a Record),
}

fn values(open: &RuleOpen, scope: &dyn Scope) -> Fields {
    let all = open.set.iter().map(|(field, value)| (field.clone(), value.eval(scope).to_json()));
    all.filter(|(_, value)| !value.is_null() && !value.as_str().is_some_and(is_sealed)).collect()
}

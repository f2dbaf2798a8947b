//! What a row contributes to figures, and how counters change when the row changes.
//!
//! A contribution is a function of the row as it is now. So the change of the counters is the contribution after less
//! the contribution before, a rebuild from rows gives the same counters, and a case that moves, is merged or is
//! reopened takes its figures along.

use crate::period::Period;
use ganglion_model::clocks::local_date;
use ganglion_model::expr::{Scope, Val};
use ganglion_model::pack::{Measure, Moment, Source};
use ganglion_model::row::{Case, Record};
use ganglion_model::scope::{Names, RowNames, Rows};
use ganglion_model::{CaseId, Level, Model, PlaceCode, Shard};
use jiff::Timestamp;
use std::collections::HashMap;

/// What one row adds to one measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Measure.
    pub measure: String,
    /// Day in +08:00; 0 for stocks.
    pub day: i32,
    /// The row's place.
    pub place: PlaceCode,
    /// Value of the measure's `by`, empty without one.
    pub dim: String,
    /// Minutes for measures of time, otherwise 1.
    pub value: i64,
}

/// A fact that came, went or changed, with the row it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactChange {
    /// The row.
    pub case: CaseId,
    /// What it contributed.
    pub before: Option<Fact>,
    /// What it contributes.
    pub after: Option<Fact>,
}

/// Key of one counter within its shard.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellKey {
    /// Shard.
    pub shard: Shard,
    /// Measure.
    pub measure: String,
    /// County or township.
    pub place: PlaceCode,
    /// Day (counties), month (both), or none.
    pub period: Period,
    /// Empty for the total, `=value` for a part by dimension, `#class` for a class of minutes.
    pub dim: String,
}

/// Counter deltas, coalesced: key to (rows, sum of values).
pub type Cells = HashMap<CellKey, (i64, i64)>;

fn moment(case: &Case, moment: &Moment) -> Option<Timestamp> {
    match moment {
        Moment::Opened => Some(case.opened_at),
        Moment::First(state) => case.entered.get(state).map(|entered| entered.0),
        Moment::Last(state) => case.entered.get(state).map(|entered| entered.1),
        Moment::Mark(mark) => case.marks.get(mark).map(|mark| mark.at),
        Moment::ClockStopped(clock) => case.clocks.get(clock)?.stopped_at(),
        // The first late instant of a limit in days is midnight: the day that counts is the one before.
        Moment::ClockDue(clock) => Timestamp::from_second(case.clocks.get(clock)?.due_at()?.as_second() - 1).ok(),
        Moment::Always => None,
    }
}

fn dim_of(measure: &Measure, scope: &dyn Scope) -> String {
    match measure.by.as_ref().map(|by| by.eval(scope)) {
        Some(Val::Text(text)) => text.into_owned(),
        Some(Val::Int(n)) => n.to_string(),
        Some(Val::Bool(b)) => b.to_string(),
        _ => String::new(),
    }
}

fn fact_of_case(rows: &dyn Rows, model: &Model, measure: &Measure, case: &Case) -> Option<Fact> {
    let process = model.processes.get(&case.process)?;
    let at = moment(case, &measure.at);
    if at.is_none() && measure.at != Moment::Always {
        return None;
    }
    let names = Names { rows, process, case: Some(case), form: None, actor: None, now: case.updated_at };
    if measure.filter.as_ref().is_some_and(|filter| !filter.holds(&names)) {
        return None;
    }
    let value = match &measure.minutes_since {
        None => 1,
        Some(since) => {
            let seconds = at?.as_second() - moment(case, since)?.as_second();
            (seconds / 60).max(0)
        }
    };
    let day = at.map_or(0, |at| Period::day_number(local_date(at)));
    Some(Fact { measure: measure.name.clone(), day, place: case.place, dim: dim_of(measure, &names), value })
}

/// Everything a case contributes, in measure order.
#[must_use]
pub fn facts_of_case(model: &Model, rows: &dyn Rows, case: &Case) -> Vec<Fact> {
    model
        .measures
        .values()
        .filter(|measure| matches!(&measure.of, Source::Process(name) if *name == case.process))
        .filter_map(|measure| fact_of_case(rows, model, measure, case))
        .collect()
}

/// Everything a register row contributes: stocks only, since a row has no moments of its own.
#[must_use]
pub fn facts_of_record(model: &Model, rows: &dyn Rows, record: &Record) -> Vec<Fact> {
    let Some(place) = record.place else { return Vec::new() };
    let names = RowNames { rows, record };
    model
        .measures
        .values()
        .filter(|measure| matches!(&measure.of, Source::Register(name) if *name == record.register))
        .filter(|measure| measure.filter.as_ref().is_none_or(|filter| filter.holds(&names)))
        .map(|measure| Fact { measure: measure.name.clone(), day: 0, place, dim: dim_of(measure, &names), value: 1 })
        .collect()
}

/// What changed between two lists of facts of one row.
#[must_use]
pub fn fact_changes(case: CaseId, before: Vec<Fact>, after: Vec<Fact>) -> Vec<FactChange> {
    let mut before: HashMap<String, Fact> = before.into_iter().map(|fact| (fact.measure.clone(), fact)).collect();
    let mut changes = Vec::new();
    for fact in after {
        match before.remove(&fact.measure) {
            Some(old) if old == fact => {}
            old => changes.push(FactChange { case, before: old, after: Some(fact) }),
        }
    }
    let mut gone: Vec<Fact> = before.into_values().collect();
    gone.sort_by(|a, b| a.measure.cmp(&b.measure));
    changes.extend(gone.into_iter().map(|old| FactChange { case, before: Some(old), after: None }));
    changes
}

/// Class of a time in minutes, for medians: 6 minutes wide up to ten hours, an hour up to a hundred, then ten hours. The
/// number is the lower edge.
#[must_use]
pub fn minutes_class(minutes: i64) -> i64 {
    match minutes {
        ..600 => minutes - minutes.rem_euclid(6),
        600..6000 => minutes - minutes % 60,
        _ => minutes - minutes % 600,
    }
}

/// Adds the counters that `fact` moves, `sign` being 1 or -1.
pub fn add_cells(cells: &mut Cells, shard: Shard, fact: &Fact, sign: i64, timed: bool) {
    let month = if fact.day == 0 { Period::Now } else { Period::Month(Period::month_of(fact.day)) };
    let mut add = |level: Level, period: Period, dim: String| {
        if let Some(place) = fact.place.at(level) {
            let key = CellKey { shard, measure: fact.measure.clone(), place, period, dim };
            let cell = cells.entry(key).or_default();
            cell.0 += sign;
            cell.1 += sign * fact.value;
        }
    };
    for level in [Level::County, Level::Township] {
        add(level, month, String::new());
        if !fact.dim.is_empty() {
            add(level, month, format!("={}", fact.dim));
        }
        if timed {
            add(level, month, format!("#{}", minutes_class(fact.value)));
        }
    }
    if fact.day != 0 {
        add(Level::County, Period::Day(fact.day), String::new());
    }
}

/// Adds the counters that a list of fact changes moves.
pub fn cells_of_changes(cells: &mut Cells, model: &Model, shard: Shard, changes: &[FactChange]) {
    for change in changes {
        let name = change.after.as_ref().or(change.before.as_ref()).map(|fact| fact.measure.as_str());
        let timed = name.and_then(|name| model.measures.get(name)).is_some_and(|m| m.minutes_since.is_some());
        if let Some(before) = &change.before {
            add_cells(cells, shard, before, -1, timed);
        }
        if let Some(after) = &change.after {
            add_cells(cells, shard, after, 1, timed);
        }
    }
}

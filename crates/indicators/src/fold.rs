//! What a row contributes to figures, and how counters change when the row changes.
//!
//! A contribution is a function of the row as it is now. So the change of the counters is the contribution after less
//! the contribution before, a rebuild from rows gives the same counters, and a case that moves, is merged or is
//! reopened takes its figures along.

use crate::period::Period;
use crate::tallied::places;
use ganglion_model::clocks::local_date;
use ganglion_model::exact::exact;
use ganglion_model::expr::{Scope, Val};
use ganglion_model::pack::{Measure, Moment, Rounding, Source};
use ganglion_model::row::{Case, Record};
use ganglion_model::scope::{Names, RowNames, Rows};
use ganglion_model::{CaseId, Fields, Level, Model, PlaceCode, Shard};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};

/// First day of a stock that holds since ever.
pub const EVER: i32 = 1;
/// End of a stock that still holds.
pub const OPEN: i32 = i32::MAX;
/// Between the values of several dimensions.
pub const DIM_SEPARATOR: char = '\u{1f}';
/// Largest value a row may add, in units of its last digit, so that no sum runs over.
const VALUE_MAX: i64 = 1_000_000_000_000_000;
/// Longest dimension or member kept, in bytes.
const KEY_BYTES_MAX: usize = 200;

/// What one row adds to one measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Measure.
    pub measure: String,
    /// Day in +08:00; 0 for stocks that are only known now; the first day for stocks that know when they held.
    pub day: i32,
    /// First day a stock no longer counts ([`OPEN`] while it does); 0 for everything else.
    pub until: i32,
    /// Where it counts.
    pub place: PlaceCode,
    /// Values of the measure's `by`, joined by [`DIM_SEPARATOR`]; empty without one.
    pub dim: String,
    /// Whose value it is.
    pub member: Option<String>,
    /// Second since 1970, for finding the latest of a member; 0 without one.
    pub at: i64,
    /// The value in units of its last digit, minutes for measures of time, otherwise 1.
    pub value: i64,
}

impl Fact {
    /// One row that holds now.
    #[must_use]
    pub fn now(measure: &str, place: PlaceCode) -> Fact {
        let measure = measure.to_owned();
        Fact { measure, day: 0, until: 0, place, dim: String::new(), member: None, at: 0, value: 1 }
    }

    /// Whether it counts on `day`, for stocks that know when they held.
    #[must_use]
    pub fn holds_on(&self, day: i32) -> bool {
        self.until != 0 && self.day <= day && day < self.until
    }
}

/// A fact that came, went or changed, with the row it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactChange {
    /// The row: a case's id, or the id made of a register row's key and first day.
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
    /// County, township, or a place above counties that rows are kept at.
    pub place: PlaceCode,
    /// Day (counties and above), month, or none.
    pub period: Period,
    /// Empty for the total, `=value` for a part by dimension, `#class` for a class of values; with `-` before it what a stock
    /// loses in the period.
    pub dim: String,
}

/// Counter deltas, coalesced: key to (rows, sum of values).
pub type Cells = HashMap<CellKey, (i64, i64)>;

/// A moment as figures need it.
#[derive(Clone, Copy)]
struct When {
    day: i32,
    second: i64,
}

impl When {
    fn at(at: Timestamp) -> When {
        When { day: Period::day_number(local_date(at)), second: at.as_second() }
    }

    fn on(day: Date) -> When {
        let day = Period::day_number(day);
        When { day, second: i64::from(day) * 86_400 }
    }

    fn field(fields: &Fields, name: &str) -> Option<When> {
        let text = fields.get(name)?.as_str()?;
        text.parse::<Timestamp>().map(When::at).or_else(|_| text.parse::<Date>().map(When::on)).ok()
    }
}

/// A row of either kind.
#[derive(Clone, Copy)]
enum Row<'a> {
    Case(&'a Case),
    Record(&'a Record),
}

impl<'a> Row<'a> {
    fn moment(self, moment: &Moment) -> Option<When> {
        let (case, record) = match self {
            Row::Case(case) => (Some(case), None),
            Row::Record(record) => (None, Some(record)),
        };
        let at = match moment {
            Moment::Field(name) => return When::field(self.fields(), name),
            Moment::ValidFrom => return record?.valid_from.map(When::on),
            Moment::ValidTo => return record?.valid_to.map(When::on),
            Moment::Always => None,
            Moment::Opened => Some(case?.opened_at),
            Moment::First(state) => case?.entered.get(state).map(|entered| entered.0),
            Moment::Last(state) => case?.entered.get(state).map(|entered| entered.1),
            Moment::Mark(mark) => case?.marks.get(mark).map(|mark| mark.at),
            Moment::ClockStopped(clock) => case?.clocks.get(clock)?.stopped_at(),
            // The first late instant of a limit in days is midnight: the day that counts is the one before.
            Moment::ClockDue(clock) => Timestamp::from_second(case?.clocks.get(clock)?.due_at()?.as_second() - 1).ok(),
        };
        at.map(When::at)
    }

    fn fields(self) -> &'a Fields {
        match self {
            Row::Case(case) => &case.fields,
            Row::Record(record) => &record.fields,
        }
    }

    fn place(self) -> Option<PlaceCode> {
        match self {
            Row::Case(case) => Some(case.place),
            Row::Record(record) => record.place,
        }
    }
}

/// A value figures are kept apart by, short enough for a key.
fn key_of(value: Val<'_>) -> Option<String> {
    let mut text = match value {
        Val::Text(text) => text.into_owned(),
        Val::Int(n) => n.to_string(),
        Val::Bool(b) => b.to_string(),
        _ => return None,
    };
    let mut end = text.len().min(KEY_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    Some(text)
}

fn dim_of(measure: &Measure, scope: &dyn Scope) -> String {
    let values: Vec<String> = measure.by.iter().map(|dim| key_of(dim.of.eval(scope)).unwrap_or_default()).collect();
    if values.iter().all(String::is_empty) { String::new() } else { values.join(&DIM_SEPARATOR.to_string()) }
}

/// From when to when a row counts: day, first day no longer, second.
fn span_of(measure: &Measure, row: Row<'_>) -> Option<(i32, i32, i64)> {
    let at = row.moment(&measure.at);
    match (&measure.until, at) {
        (None, _) if measure.at == Moment::Always => Some((0, 0, 0)),
        (None, at) => at.map(|at| (at.day, 0, at.second)),
        (Some(until), at) => {
            let from = match at {
                Some(at) => at.day.max(EVER),
                None if measure.at == Moment::ValidFrom => EVER,
                None => return None,
            };
            let until = row.moment(until).map_or(OPEN, |until| until.day);
            (from < until).then_some((from, until, i64::from(from) * 86_400))
        }
    }
}

fn value_of(measure: &Measure, row: Row<'_>, scope: &dyn Scope, second: i64) -> Option<i64> {
    if let Some(since) = &measure.minutes_since {
        return Some(((second - row.moment(since)?.second) / 60).max(0));
    }
    let Some(value) = &measure.value else { return Some(1) };
    let units = exact(value, scope)?.units(measure.digits, Rounding::HalfUp)?;
    (-VALUE_MAX..=VALUE_MAX).contains(&units).then_some(units)
}

fn fact(measure: &Measure, row: Row<'_>, (rows, scope): (&dyn Rows, &dyn Scope)) -> Option<Fact> {
    let (day, until, second) = span_of(measure, row)?;
    if measure.filter.as_ref().is_some_and(|filter| !filter.holds(scope)) {
        return None;
    }
    let place = match &measure.place {
        None => row.place().or_else(|| rows.root())?,
        Some(place) => key_of(place.eval(scope))?.parse().ok()?,
    };
    let member = measure.member.as_ref().and_then(|member| key_of(member.eval(scope)));
    Some(Fact {
        measure: measure.name.clone(),
        day,
        until,
        place,
        dim: dim_of(measure, scope),
        at: if member.is_some() { second } else { 0 },
        member,
        value: value_of(measure, row, scope, second)?,
    })
}

/// What a case contributes to one measure of its process.
pub(crate) fn fact_of_case(measure: &Measure, case: &Case, (rows, names): (&dyn Rows, &Names<'_>)) -> Option<Fact> {
    fact(measure, Row::Case(case), (rows, names))
}

/// Everything a case contributes, in measure order.
#[must_use]
pub fn facts_of_case(model: &Model, rows: &dyn Rows, case: &Case) -> Vec<Fact> {
    let Some(process) = model.processes.get(&case.process) else { return Vec::new() };
    let names = Names { rows, process, case: Some(case), form: None, actor: None, now: case.updated_at };
    let own = |measure: &&Measure| matches!(&measure.of, Source::Process(name) if *name == case.process);
    model.measures.values().filter(own).filter_map(|measure| fact(measure, Row::Case(case), (rows, &names))).collect()
}

/// Everything a register row contributes, given all its versions in order of validity. What holds counts version by
/// version; what happened on a day among its values counts once, as the last version has it.
#[must_use]
pub fn facts_of_row(model: &Model, rows: &dyn Rows, versions: &[Record]) -> Vec<Fact> {
    let Some(last) = versions.last() else { return Vec::new() };
    let own = |measure: &&Measure| matches!(&measure.of, Source::Register(name) if *name == last.register);
    let mut facts = Vec::new();
    for measure in model.measures.values().filter(own) {
        let by_version = matches!(measure.at, Moment::ValidFrom | Moment::ValidTo);
        let from = if by_version { 0 } else { versions.len() - 1 };
        for (n, record) in versions.iter().enumerate().skip(from) {
            let previous = n.checked_sub(1).and_then(|n| versions.get(n));
            let names = RowNames { rows, record, previous, today: None };
            facts.extend(fact(measure, Row::Record(record), (rows, &names)));
        }
    }
    facts
}

/// Whether any measure looks at rows of `register`.
#[must_use]
pub fn is_measured(model: &Model, register: &str) -> bool {
    model.measures.values().any(|measure| matches!(&measure.of, Source::Register(name) if name == register))
}

/// What changed between two lists of facts of one row.
#[must_use]
pub fn fact_changes(case: CaseId, before: Vec<Fact>, after: Vec<Fact>) -> Vec<FactChange> {
    let key = |fact: &Fact| (fact.measure.clone(), fact.day, fact.place);
    let mut before: BTreeMap<_, Fact> = before.into_iter().map(|fact| (key(&fact), fact)).collect();
    let mut changes = Vec::new();
    for fact in after {
        match before.remove(&key(&fact)) {
            Some(old) if old == fact => {}
            old => changes.push(FactChange { case, before: old, after: Some(fact) }),
        }
    }
    changes.extend(before.into_values().map(|old| FactChange { case, before: Some(old), after: None }));
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

/// Class of a value, for medians: exact up to four digits, beyond them four leading digits are kept. The number is the edge
/// nearer to nothing.
#[must_use]
pub fn value_class(value: i64) -> i64 {
    let mut width = 1;
    while (value / width).abs() >= 10_000 {
        width *= 10;
    }
    value - value % width
}

/// The class a value of `measure` falls in.
#[must_use]
pub fn class_of(measure: &Measure, value: i64) -> i64 {
    if measure.minutes_since.is_some() { minutes_class(value) } else { value_class(value) }
}

/// Adds the counters that `fact` moves, `sign` being 1 or -1; `class` is the class of its value where classes are kept.
pub fn add_cells(cells: &mut Cells, shard: Shard, fact: &Fact, sign: i64, class: Option<i64>) {
    let month = |day| Period::Month(Period::month_of(day));
    if fact.day == 0 {
        add_period(cells, shard, (fact, sign, class), ("", Period::Now, None));
        return;
    }
    add_period(cells, shard, (fact, sign, class), ("", month(fact.day), Some(Period::Day(fact.day))));
    if fact.until != 0 && fact.until != OPEN {
        add_period(cells, shard, (fact, sign, class), ("-", month(fact.until), Some(Period::Day(fact.until))));
    }
}

/// Adds to the counters of one period at every level that keeps them.
fn add_period(
    cells: &mut Cells,
    shard: Shard,
    (fact, sign, class): (&Fact, i64, Option<i64>),
    (side, period, day): (&str, Period, Option<Period>),
) {
    let mut add = |place: PlaceCode, period: Period, dim: String| {
        let cell = cells.entry(CellKey { shard, measure: fact.measure.clone(), place, period, dim }).or_default();
        cell.0 += sign;
        cell.1 += sign * fact.value;
    };
    for place in places(fact.place) {
        add(place, period, side.to_owned());
        if !fact.dim.is_empty() {
            add(place, period, format!("{side}={}", fact.dim));
        }
        if let Some(class) = class {
            add(place, period, format!("{side}#{class}"));
        }
        if let Some(day) = day.filter(|_| place.level() <= Level::County) {
            add(place, day, side.to_owned());
        }
    }
}

/// Adds the counters that a list of fact changes moves.
pub fn cells_of_changes(cells: &mut Cells, model: &Model, shard: Shard, changes: &[FactChange]) {
    for change in changes {
        for (fact, sign) in [(&change.before, -1), (&change.after, 1)] {
            let Some(fact) = fact else { continue };
            let measure = model.measures.get(&fact.measure).filter(|measure| measure.classes);
            add_cells(cells, shard, fact, sign, measure.map(|measure| class_of(measure, fact.value)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_keep_four_digits() {
        assert_eq!(
            [0, 7, -12, 9999, 10_000, 12_345, -98_765].map(value_class),
            [0, 7, -12, 9999, 10_000, 12_340, -98_760]
        );
        assert_eq!([5, 6, 599, 661, 6601].map(minutes_class), [0, 6, 594, 660, 6600]);
    }

    #[test]
    fn a_stock_that_ends_takes_away_what_it_added() {
        let fact =
            Fact { day: 40, until: 75, dim: "x".into(), value: 5, ..Fact::now("m", "130922001".parse().unwrap()) };
        let mut cells = Cells::new();
        add_cells(&mut cells, Shard(130_922), &fact, 1, None);
        let of = |dim: &str| cells.iter().filter(|(key, _)| key.dim == dim).map(|(_, cell)| *cell).collect::<Vec<_>>();
        assert_eq!(of(""), [(1, 5); 3], "two months and a day");
        assert_eq!(of("-").len(), 3);
        assert_eq!(of("-=x"), [(1, 5); 2]);
        add_cells(&mut cells, Shard(130_922), &fact, -1, None);
        assert!(cells.values().all(|cell| *cell == (0, 0)));
    }

    #[test]
    fn what_is_kept_above_counties_counts_at_its_own_place() {
        let fact = Fact::now("m", "1309".parse().unwrap());
        let mut cells = Cells::new();
        add_cells(&mut cells, Shard::DEPLOYMENT, &fact, 1, None);
        assert_eq!(cells.keys().map(|key| key.place.to_string()).collect::<Vec<_>>(), ["1309"]);
    }
}

//! Cases that come by themselves: when a schedule falls due, and the commands that open its cases. Their ids follow from
//! schedule, time and place or row, so that whoever sends them twice opens nothing twice. Left out: who keeps how far a
//! schedule has come, and reading rows that are not in memory.

use crate::decide::derived;
use crate::world::World;
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::clocks::{Office, local_date, midnight};
use ganglion_model::expr::{Scope, Val};
use ganglion_model::pack::{Each, Every, OnDay, Process, ScheduleDef};
use ganglion_model::row::Record;
use ganglion_model::scope::{Names, follow};
use ganglion_model::{CommandId, Fields, PlaceCode};
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use serde_json::Value;
use std::borrow::Cow;

/// Days looked ahead for the next time: more than the longest period.
const DAYS_AHEAD_MAX: usize = 400;

/// Pairs of weeks are counted from here, so that they follow each other over the end of a year.
const FIRST_MONDAY: Date = jiff::civil::date(1970, 1, 5);
const HOURS_OF_A_WEEK: i64 = 7 * 24;

fn monday_of(day: Date) -> Date {
    let back = i32::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(Span::new().days(back)).unwrap_or(day)
}

fn weeks(monday: Date, count: i32) -> (Date, Date) {
    (monday, monday.checked_add(Span::new().days(7 * count - 1)).unwrap_or(monday))
}

/// First and last day of the period of `every` that holds `day`.
fn period(every: Every, day: Date) -> (Date, Date) {
    let month = day.first_of_month();
    let ends = |from: Date, months: i32| {
        let next = from.checked_add(Span::new().months(months)).unwrap_or(from);
        (from, next.yesterday().unwrap_or(next))
    };
    match every {
        Every::Day | Every::WorkingDay => (day, day),
        Every::Week => weeks(monday_of(day), 1),
        Every::TwoWeeks => {
            let monday = monday_of(day);
            let is_second = (monday.duration_since(FIRST_MONDAY).as_hours() / HOURS_OF_A_WEEK).rem_euclid(2) == 1;
            weeks(if is_second { monday.checked_sub(Span::new().weeks(1)).unwrap_or(monday) } else { monday }, 2)
        }
        Every::Month => ends(month, 1),
        Every::Quarter => ends(Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).unwrap_or(month), 3),
        Every::HalfYear => ends(Date::new(day.year(), (day.month() - 1) / 6 * 6 + 1, 1).unwrap_or(month), 6),
        Every::Year => ends(day.first_of_year(), 12),
    }
}

/// Whether a schedule falls on `day`.
#[must_use]
pub fn falls_on(def: &ScheduleDef, office: &Office, day: Date) -> bool {
    let calendar = &office.calendar;
    let (first, last) = period(def.every, day);
    match (def.every, def.on) {
        (Every::Day, _) => true,
        (Every::WorkingDay, _) => calendar.is_working_day(day),
        (_, OnDay::Nth(n)) => {
            let ahead = Span::new().days(i32::from(n) - 1);
            day == first.checked_add(ahead).unwrap_or(last).min(last)
        }
        (_, OnDay::NthWorking(n)) => {
            let before = first.yesterday().unwrap_or(first);
            day == calendar.working_day_from(before, i32::from(n)).min(last)
        }
        (_, OnDay::Last) => day == last,
        (_, OnDay::LastWorking) => day == calendar.working_day_from(last.tomorrow().unwrap_or(last), -1).max(first),
    }
}

/// When a schedule falls due next after `after`.
#[must_use]
pub fn next(def: &ScheduleDef, office: &Office, after: Timestamp) -> Option<Timestamp> {
    let mut day = local_date(after);
    for _ in 0..DAYS_AHEAD_MAX {
        let at = midnight(day) + SignedDuration::from_mins(i64::from(def.at_minute));
        if at > after && falls_on(def, office, day) {
            return Some(at);
        }
        day = day.tomorrow().ok()?;
    }
    None
}

/// The last time a schedule fell due after `after` and not after `now`. What fell due before that while nobody looked is let
/// go: yesterday's report is no use to anybody once today's is due.
#[must_use]
pub fn last_due(def: &ScheduleDef, office: &Office, (after, now): (Timestamp, Timestamp)) -> Option<Timestamp> {
    let mut last = None;
    let mut from = after;
    while let Some(at) = next(def, office, from).filter(|at| *at <= now) {
        last = Some(at);
        from = at;
    }
    last
}

/// For what a case is opened.
#[derive(Clone, Copy)]
pub enum For<'a> {
    /// A place.
    Place(PlaceCode),
    /// A row.
    Row(&'a Record),
}

/// The places a schedule opens cases for on `day`.
#[must_use]
pub fn places(world: &World, def: &ScheduleDef, day: Date) -> Vec<PlaceCode> {
    let Each::Places(level) = &def.each else { return Vec::new() };
    let root = world.places.root;
    let own = Some(root).filter(|root| root.level() == *level);
    let inside = world.places.tree.inside(root, day).map(|place| place.code).filter(|code| code.level() == *level);
    own.into_iter().chain(inside).collect()
}

/// Names while values are worked out: `row.*` with `row.key` and `row.place`, `now`, `today`.
struct ScheduleNames<'a> {
    outer: &'a Names<'a>,
    row: Option<&'a Record>,
}

impl Scope for ScheduleNames<'_> {
    fn get<'a>(&'a self, path: &[String]) -> Val<'a> {
        match (path.split_first(), self.row) {
            (Some((root, rest)), Some(row)) if root == "row" => {
                let declared = self.outer.rows.fields(&row.register);
                let is_field = rest.first().is_some_and(|name| declared.iter().any(|field| field.name == *name));
                match rest {
                    [name] if name == "key" && !is_field => Val::Text(Cow::Borrowed(&row.key)),
                    [name] if name == "place" && !is_field => {
                        row.place.map_or(Val::Null, |place| Val::Text(Cow::Owned(place.to_string())))
                    }
                    _ => follow(self.outer.rows, &row.fields, declared, rest, local_date(self.outer.now)),
                }
            }
            _ => self.outer.get(path),
        }
    }
}

/// The command that opens the case of a schedule due `at`; `None` for a row that its condition leaves out, or a case without a
/// place.
#[must_use]
pub fn opening(
    world: &World,
    (process, def): (&Process, &ScheduleDef),
    what: For<'_>,
    at: Timestamp,
) -> Option<Command> {
    let (row, place, own) = match what {
        For::Place(place) => (None, Some(place), place.to_string()),
        For::Row(row) => (Some(row), row.place, row.id().to_string()),
    };
    let outer = Names { rows: world, process, case: None, form: None, actor: None, now: at };
    let names = ScheduleNames { outer: &outer, row };
    if let (Each::Rows { filter: Some(filter), .. }, Some(_)) = (&def.each, row)
        && !filter.holds(&names)
    {
        return None;
    }
    let set = def.set.iter().map(|(field, value)| (field.clone(), value.eval(&names).to_json()));
    let mut form: Fields = set.filter(|(_, value)| !value.is_null()).collect();
    let field = process.route.place.as_ref()?;
    if let Some(place) = place {
        form.entry(field.clone()).or_insert_with(|| Value::from(place.to_string()));
    }
    let to: PlaceCode = form.get(field)?.as_str()?.parse().ok()?;
    let id = derived(CommandId(uuid::Uuid::nil()), &format!("schedule/{}/{}/{at}/{own}", process.name, def.name));
    let body = Body::Open {
        process: process.name.clone(),
        form,
        channel: "cross_system".to_owned(),
        observed_at: None,
        from: None,
    };
    Some(Command { id, shard: to.shard(), actor: Actor::System, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::Level;
    use ganglion_model::clocks::Calendar;
    use jiff::civil::date;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn office() -> Office {
        let calendar = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/calendar/cn-workdays.csv"));
        Office {
            calendar: Arc::new(Calendar::parse(calendar).unwrap()),
            hours: "08:00-12:00,14:00-18:00".parse().unwrap(),
        }
    }

    fn def(every: Every, on: OnDay) -> ScheduleDef {
        let each = Each::Places(Level::Village);
        ScheduleDef { name: "s".into(), every, on, at_minute: 8 * 60, each, set: BTreeMap::new() }
    }

    fn days(every: Every, on: OnDay, from: Date, count: usize) -> Vec<Date> {
        let (def, office) = (def(every, on), office());
        let mut at = midnight(from);
        let mut found = Vec::new();
        for _ in 0..count {
            at = next(&def, &office, at).unwrap();
            found.push(local_date(at));
        }
        found
    }

    #[test]
    fn a_schedule_falls_on_its_day_of_every_period() {
        let from = date(2022, 1, 1);
        let day = |month, day| date(2022, month, day);
        assert_eq!(days(Every::Month, OnDay::Nth(31), from, 3), [day(1, 31), day(2, 28), day(3, 31)]);
        assert_eq!(days(Every::Month, OnDay::Last, from, 2), [day(1, 31), day(2, 28)]);
        assert_eq!(days(Every::Quarter, OnDay::Nth(1), day(1, 2), 2), [day(4, 1), day(7, 1)]);
        assert_eq!(days(Every::Year, OnDay::Nth(1), day(1, 2), 1), [date(2023, 1, 1)]);
        // Monday 27 June 2022.
        assert_eq!(days(Every::Week, OnDay::Nth(1), day(6, 25), 2), [day(6, 27), day(7, 4)]);
        assert_eq!(days(Every::Week, OnDay::Last, day(6, 27), 1), [day(7, 3)]);
        assert_eq!(days(Every::TwoWeeks, OnDay::Nth(1), day(6, 25), 2), [day(6, 27), day(7, 11)]);
        assert_eq!(days(Every::TwoWeeks, OnDay::Nth(8), day(6, 27), 1), [day(7, 4)]);
        let over = [date(2022, 12, 26), date(2023, 1, 9)];
        assert_eq!(days(Every::TwoWeeks, OnDay::Nth(1), day(12, 20), 2), over, "over the end of the year");
        assert_eq!(days(Every::HalfYear, OnDay::LastWorking, day(1, 2), 2), [day(6, 30), day(12, 30)]);
        assert_eq!(days(Every::Day, OnDay::Nth(1), day(6, 25), 2), [day(6, 25), day(6, 26)]);
        assert_eq!(days(Every::WorkingDay, OnDay::Nth(1), day(6, 25), 2), [day(6, 27), day(6, 28)]);
        // October begins with seven days off, and the 8th and 9th are worked.
        assert_eq!(days(Every::Month, OnDay::NthWorking(1), day(9, 30), 1), [day(10, 8)]);
        assert_eq!(days(Every::Month, OnDay::LastWorking, day(7, 1), 1), [day(7, 29)]);
    }

    #[test]
    fn what_fell_due_while_nobody_looked_is_the_last_time_only() {
        let (def, office) = (def(Every::Month, OnDay::Nth(5)), office());
        let at = |month, day| midnight(date(2022, month, day));
        let eight = |month| at(month, 5) + SignedDuration::from_hours(8);
        assert_eq!(last_due(&def, &office, (at(1, 1), at(6, 1))), Some(eight(5)));
        assert_eq!(last_due(&def, &office, (eight(5), at(6, 1))), None);
        assert_eq!(last_due(&def, &office, (at(6, 5), eight(6))), Some(eight(6)));
        assert_eq!(last_due(&def, &office, (at(6, 5), at(6, 5))), None);
    }
}

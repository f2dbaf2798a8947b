//! One hall: a queue of a process at a place, the row that describes it, its counters and the lanes they serve.

use crate::error::Error;
use crate::view::Look;
use crate::view::facts::Fact;
use crate::view::options::Choice;
use crate::web::Web;
use ganglion_kernel::World;
use ganglion_kernel::queue::QueueWant;
use ganglion_model::clocks::{Calendar, local_date, midnight};
use ganglion_model::expr::Expr;
use ganglion_model::pack::{Field, Process, QueueDef};
use ganglion_model::scope::{ActorView, Names, RowNames};
use ganglion_model::{Case, Fields, PlaceCode, Record, Text};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeSet;

/// A hall that is in use.
#[derive(Clone, Copy)]
pub struct Hall<'w> {
    /// The world.
    pub world: &'w World,
    /// The process whose cases wait.
    pub process: &'w Process,
    /// Its queue.
    pub queue: &'w QueueDef,
    /// Whose queue it is.
    pub place: PlaceCode,
    /// The row that describes the hall, where a register has them.
    pub row: Option<&'w Record>,
}

/// A counter of a hall.
pub struct Counter {
    /// Key of its row.
    pub key: String,
    /// What it is called.
    pub label: String,
    /// Lanes it serves; empty: all.
    pub lanes: Vec<String>,
}

/// Whether a process has pages for those who wait.
#[must_use]
pub fn has_screens(process: &Process) -> bool {
    process.queue.as_ref().is_some_and(|queue| queue.screens)
}

fn is_open(world: &World, record: &Record, open: Option<&Expr>) -> bool {
    open.is_none_or(|open| open.holds(&RowNames::of(world, record)))
}

/// The halls of a process that are in use on a day, by place; places of a queue without a register of halls are not listed.
#[must_use]
pub fn halls_of<'w>(world: &'w World, process: &'w Process, day: Date) -> Vec<Hall<'w>> {
    let Some(queue) = process.queue.as_ref().filter(|queue| queue.screens) else { return Vec::new() };
    let Some((def, register)) =
        queue.hall.as_ref().and_then(|def| Some((def, world.model.registers.get(&def.register)?)))
    else {
        return Vec::new();
    };
    let rows = world.rows_on(&def.register, day).into_iter().filter(|row| is_open(world, row, def.open.as_ref()));
    let hall = |row: &'w Record| {
        let place = register.owner_of(&row.fields)?;
        let there = queue.levels.contains(&place.level()) && world.places.tree.on(place, day).is_some();
        there.then_some(Hall { world, process, queue, place, row: Some(row) })
    };
    let mut halls: Vec<Hall<'w>> = Vec::new();
    for hall in rows.filter_map(hall) {
        // A place has one queue: of several rows the first by key describes it.
        if !halls.iter().any(|one| one.place == hall.place) {
            halls.push(hall);
        }
    }
    halls.sort_by_key(|hall| hall.place);
    halls
}

impl<'w> Hall<'w> {
    /// The hall an address names.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such queue, no such place, or no hall there today.
    pub fn find(web: &'w Web, process: &str, place: &str) -> Result<Hall<'w>, Error> {
        let world: &'w World = &web.world;
        let process = world.model.processes.get(process).ok_or(Error::NotFound)?;
        let place: PlaceCode = place.parse().map_err(|_| Error::NotFound)?;
        Hall::at(world, process, place, web.today()).ok_or(Error::NotFound)
    }

    /// The hall of a process at a place, if there is one.
    #[must_use]
    pub fn at(world: &'w World, process: &'w Process, place: PlaceCode, day: Date) -> Option<Hall<'w>> {
        let queue = process.queue.as_ref().filter(|queue| queue.screens && queue.levels.contains(&place.level()))?;
        let known = world.places.root.holds(place) && world.places.tree.on(place, day).is_some();
        if !known {
            return None;
        }
        match &queue.hall {
            Some(_) => halls_of(world, process, day).into_iter().find(|hall| hall.place == place),
            None => Some(Hall { world, process, queue, place, row: None }),
        }
    }

    /// The address of the hall's pages.
    #[must_use]
    pub fn href(&self) -> String {
        format!("/halls/{}/{}", self.process.name, self.place)
    }

    /// What the hall is called.
    #[must_use]
    pub fn name(&self, look: &Look<'_>) -> String {
        let named = self.queue.hall.as_ref().zip(self.row).and_then(|(def, row)| {
            let register = self.world.model.registers.get(&def.register)?;
            look.label_of(register, row)
        });
        named.unwrap_or_else(|| look.place(self.place))
    }

    /// What everybody may know of it: address, hours, telephone, as far as the pack shows them.
    #[must_use]
    pub fn facts(&self, look: &Look<'_>) -> Vec<Fact> {
        let Some((def, row)) = self.queue.hall.as_ref().zip(self.row) else { return Vec::new() };
        let Some(register) = self.world.model.registers.get(&def.register) else { return Vec::new() };
        let fact = |name: &String| {
            let field = register.field(name)?;
            let value = look.value(field, row.fields.get(name)?)?;
            Some(Fact { label: look.text(&field.title), value, ..Fact::default() })
        };
        def.show.iter().filter_map(fact).collect()
    }

    /// The queue as storage is asked for it.
    #[must_use]
    pub fn want(&self, lanes: Vec<String>, limit: u32) -> QueueWant {
        let (shard, place) = (self.place.shard(), self.place);
        QueueWant { shard, process: self.process.name.clone(), place, lanes, limit }
    }

    /// Whether a case is of this hall's queue.
    #[must_use]
    pub fn holds(&self, case: &Case) -> bool {
        case.process == self.process.name && self.queue.place_of(case.place) == self.place
    }

    /// The field of the opening form by which the lane is chosen.
    #[must_use]
    pub fn lane_field(&self) -> Option<&'w Field> {
        let name = self.queue.lane_field()?;
        self.process.form.iter().find(|field| field.name == name)
    }

    /// The counters in use, when they stand in a register.
    #[must_use]
    pub fn counters(&self, look: &Look<'_>) -> Vec<Counter> {
        let found = self.queue.counter.as_ref().and_then(|def| Some((def, def.register.as_ref()?)));
        let Some((def, name)) = found else { return Vec::new() };
        let Some(register) = self.world.model.registers.get(name) else { return Vec::new() };
        let rows = self.world.rows_on(name, look.today()).into_iter();
        let here = rows.filter(|row| register.owner_of(&row.fields) == Some(self.place));
        let open = here.filter(|row| is_open(self.world, row, def.open.as_ref()));
        let mut counters: Vec<Counter> = open
            .map(|row| Counter {
                key: row.key.clone(),
                label: look.label_of(register, row).unwrap_or_else(|| row.key.clone()),
                lanes: def.lanes.as_ref().map(|field| texts(row.fields.get(field))).unwrap_or_default(),
            })
            .collect();
        counters.sort_by(|a, b| in_order(&a.label, &b.label));
        counters
    }

    /// What a counter is called.
    #[must_use]
    pub fn counter_label(&self, look: &Look<'_>, case: &Case) -> Option<String> {
        let def = self.queue.counter.as_ref()?;
        let value = case.fields.get(&def.field)?;
        match (&def.register, value.as_str()) {
            (Some(register), Some(key)) => Some(look.row_label(register, key)),
            _ => look.value(self.process.field(&def.field)?, value),
        }
    }

    /// What counters are called here: the title of the field.
    #[must_use]
    pub fn counter_title(&self, look: &Look<'_>) -> String {
        let field = self.queue.counter.as_ref().and_then(|def| self.process.field(&def.field));
        field.map_or_else(|| look.t("hall-counter"), |field| look.text(&field.title))
    }

    /// The lanes that are served here, in the order of the pack. Those no counter serves are left out.
    #[must_use]
    pub fn lanes(&self, look: &Look<'_>) -> Vec<Choice> {
        let Some(field) = self.lane_field() else { return Vec::new() };
        let mut lanes = look.choices_of(field, self.place, &[]);
        let counters = self.counters(look);
        if !counters.is_empty() && counters.iter().all(|one| !one.lanes.is_empty()) {
            let served: BTreeSet<&String> = counters.iter().flat_map(|one| &one.lanes).collect();
            lanes.retain(|lane| served.contains(&lane.value));
        }
        lanes
    }

    /// A lane in words.
    #[must_use]
    pub fn lane_label(&self, look: &Look<'_>, lane: &str) -> String {
        let field = self.queue.lane_field().and_then(|name| self.process.field(name));
        let label = field.and_then(|field| look.value(field, &Value::String(lane.to_owned())));
        label.unwrap_or_else(|| lane.to_owned())
    }

    /// The values of the opening form that follow from the hall.
    #[must_use]
    pub fn given(&self) -> Fields {
        let mut given = Fields::new();
        if let Some(field) = &self.process.route.place {
            given.insert(field.clone(), Value::String(self.place.to_string()));
        }
        if let Some((def, row)) = self.queue.hall.as_ref().zip(self.row) {
            given.insert(def.field.clone(), Value::String(row.key.clone()));
        }
        given
    }

    /// When its counters serve again, where they do not now; `None` while they serve, and where the row does not say when they do.
    fn serves_again(&self, now: Timestamp) -> Option<Timestamp> {
        let (def, row) = self.queue.hall.as_ref().zip(self.row)?;
        let (from, until) = def.served.as_ref()?;
        let minute = |field: &String| minute_of(row.fields.get(field)?.as_str()?);
        again(&self.world.office.calendar, (minute(from)?, minute(until)?), now)
    }

    /// That counters do not serve now, with when they will.
    #[must_use]
    pub fn not_now(&self, look: &Look<'_>) -> Option<String> {
        let at = self.serves_again(look.now)?;
        Some(look.say("hall-not-now", &[("at", look.when(at).into())]))
    }

    /// Why no ticket is given now, as far as that follows from the hall and the hour.
    #[must_use]
    pub fn closed(&self, now: Timestamp) -> Option<&'w Text> {
        let guard = self.process.open_when.as_ref()?;
        let given = self.given();
        let mut paths = Vec::new();
        guard.holds.paths(&mut paths);
        let known = |path: &&Vec<String>| match path.as_slice() {
            [root, field, ..] if root == "form" => given.contains_key(field),
            [root, ..] => matches!(root.as_str(), "now" | "today" | "actor"),
            [] => false,
        };
        if !paths.iter().all(known) {
            return None;
        }
        let actor = ActorView { role: "public".to_owned(), ..ActorView::default() };
        let (rows, process, form) = (self.world, self.process, Some((&given, self.process.form.as_slice())));
        let names = Names { rows, process, case: None, form, actor: Some(&actor), now };
        (!guard.holds.holds(&names)).then_some(&guard.message)
    }
}

/// A time of day in minutes.
fn minute_of(time: &str) -> Option<i64> {
    let (hours, minutes) = time.split_once(':')?;
    Some(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
}

/// The next instant at which it opens, unless it is open: between two minutes of every working day.
fn again(calendar: &Calendar, (from, until): (i64, i64), now: Timestamp) -> Option<Timestamp> {
    let today = local_date(now);
    let minute = (now.as_second() - midnight(today).as_second()) / 60;
    let works = calendar.is_working_day(today);
    if works && (from..until).contains(&minute) {
        return None;
    }
    let day = if works && minute < from { today } else { calendar.working_day_from(today, 1) };
    Some(midnight(day) + SignedDuration::from_mins(from))
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) if !text.is_empty() => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// Numbers by size, then everything else as text: counter 10 comes after counter 9.
fn in_order(a: &str, b: &str) -> std::cmp::Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => std::cmp::Ordering::Less,
        (Err(_), Ok(_)) => std::cmp::Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    #[test]
    fn a_hall_that_does_not_serve_says_when_it_will() {
        let world = sample::bare_world();
        let opens = |at: &str| {
            let next = again(&world.office.calendar, (510, 1050), at.parse().unwrap());
            next.map(|next| next.to_string())
        };
        // Monday 2022-06-27, 08:30 to 17:30 at +08:00.
        assert_eq!(opens("2022-06-27T00:29:00Z").as_deref(), Some("2022-06-27T00:30:00Z"), "before it opens");
        assert_eq!(opens("2022-06-27T00:30:00Z"), None);
        assert_eq!(opens("2022-06-27T09:30:00Z").as_deref(), Some("2022-06-28T00:30:00Z"), "after it closed");
        assert_eq!(opens("2022-06-25T02:00:00Z").as_deref(), Some("2022-06-27T00:30:00Z"), "on a Saturday");
        assert_eq!((minute_of("08:30"), minute_of("soon")), (Some(510), None));
    }
}

//! What entering a state, or an effect, does to the clocks of a case; a promised limit runs beside its clock and shares its
//! pauses and its end.

use super::draft::Draft;
use crate::world::World;
use ganglion_model::change::Op;
use ganglion_model::clocks::{
    Clock, ClockError, Length, Office, Rule, Unit, clock_until, last_stretch, midnight, too_late_before,
};
use ganglion_model::expr::{Expr, Scope, Val};
use ganglion_model::pack::{ClockDef, LengthFrom, OnOverdue, Process, SoonAt, promised_of};
use ganglion_model::row::Case;
use ganglion_model::scope::Names;
use jiff::Timestamp;
use jiff::civil::Date;

/// A length, from the pack, from data, or as a share of another clock. `None` when the data has no value: the clock then
/// does not run, which a screen shows as "no limit known".
pub fn length(from: &LengthFrom, scope: &dyn Scope, case: &Case) -> Option<Length> {
    match from {
        LengthFrom::Fixed(length) => Some(*length),
        LengthFrom::Expr(expr) => match expr.eval(scope) {
            Val::Text(text) => text.parse().ok(),
            _ => None,
        },
        LengthFrom::Share { clock, percent } => {
            let whole = case.clocks.get(clock)?.rule().length;
            Some(share(whole, *percent))
        }
        LengthFrom::Ends(_) | LengthFrom::Before { .. } => None,
    }
}

/// `percent` of a length: minutes for hour units, rounded up to a whole day for day units.
fn share(whole: Length, percent: u32) -> Length {
    let unit = whole.unit();
    if unit.is_hours() {
        let minutes = ((whole.amount() * 60 + whole.minutes()) * percent).div_ceil(100).max(1);
        if unit == Unit::WorkingHour { Length::working_minutes(minutes) } else { Length::clock_minutes(minutes) }
    } else {
        Length::new((whole.amount() * percent).div_ceil(100).max(1), unit)
    }
}

/// Clocks in the order they are started in: a share of another clock comes last, since both may start with one entry.
fn in_order(process: &Process) -> impl Iterator<Item = &ClockDef> {
    let is_share = |def: &&ClockDef| matches!(def.length, LengthFrom::Share { .. });
    let (shares, whole): (Vec<&ClockDef>, Vec<&ClockDef>) = process.clocks.values().partition(is_share);
    whole.into_iter().chain(shares)
}

/// What happens to a clock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It starts, if it does not run.
    Start,
    /// It stops for good.
    Stop,
    /// It stands still.
    Pause,
    /// It runs on.
    Resume,
}

/// Starts, pauses, resumes and stops clocks for a case that has just entered `state`.
pub fn enter(world: &World, process: &Process, draft: &mut Draft, state: &str, now: Timestamp) {
    let is = |states: &[String]| states.iter().any(|one| one == state);
    let is_final = process.states.get(state).is_some_and(|state| state.is_final);
    for def in in_order(process) {
        let current = draft.case.clocks.get(&def.name).filter(|clock| clock.stopped_at().is_none());
        let is_held = draft.case.held.contains(&def.name);
        let what = match current {
            Some(_) if is(&def.until) => Turn::Stop,
            Some(clock) if is(&def.suspend_in) && !clock.is_paused() => Turn::Pause,
            Some(clock) if clock.is_paused() && !is_held && !is(&def.suspend_in) => Turn::Resume,
            Some(_) if is_final && !is(&def.from) => Turn::Stop,
            None if is(&def.from) => Turn::Start,
            _ => continue,
        };
        turn((world, process), draft, def, (what, now));
    }
}

/// Starts the clocks whose day has become known or has changed; done after every step.
pub fn dates(world: &World, process: &Process, draft: &mut Draft, now: Timestamp) {
    let is_final = process.states.get(&draft.case.state).is_some_and(|state| state.is_final);
    for def in in_order(process).filter(|def| depends_on_a_date(def)) {
        let current = draft.case.clocks.get(&def.name);
        let runs = current.is_some_and(|clock| clock.stopped_at().is_none());
        let may_start = current.is_none() && !is_final && has_begun(def, &draft.case);
        if !runs && !may_start {
            continue;
        }
        let fresh = start(world, process, &draft.case, (def, &def.length), now);
        let moved = match (current, &fresh) {
            (None, Some(_)) => true,
            (Some(old), Some(new)) => moves(def, old, new),
            _ => false,
        };
        if moved {
            renew((world, process), draft, def, now);
        }
    }
}

fn depends_on_a_date(def: &ClockDef) -> bool {
    def.from_date.is_some() || matches!(def.length, LengthFrom::Before { .. })
}

/// Whether a state that starts it has been entered; without any, it starts with its day.
fn has_begun(def: &ClockDef, case: &Case) -> bool {
    def.from.is_empty() || def.from.iter().any(|state| case.entered.contains_key(state))
}

/// Another day than the one it runs from or up to.
fn moves(def: &ClockDef, old: &Clock, new: &Clock) -> bool {
    match def.length {
        LengthFrom::Before { .. } => old.due_at().is_some() && old.due_at() != new.due_at(),
        _ => old.started_at() != new.started_at(),
    }
}

/// Does one thing to a clock, and to the promised one beside it.
pub fn turn((world, process): (&World, &Process), draft: &mut Draft, def: &ClockDef, (what, now): (Turn, Timestamp)) {
    if what == Turn::Start {
        return renew((world, process), draft, def, now);
    }
    for name in [def.name.clone(), promised_of(&def.name)] {
        let current = draft.case.clocks.get(&name).filter(|clock| clock.stopped_at().is_none()).cloned();
        let Some(mut clock) = current else { continue };
        let done = match what {
            Turn::Stop => ended(&mut clock, now, &world.office),
            Turn::Pause => clock.pause(now),
            Turn::Resume | Turn::Start => clock.resume(now, &world.office),
        };
        if done.is_ok() {
            put(world, draft, (def, &name), clock);
        }
    }
}

/// Stops a clock. One that stands still has the due moment it would have had, had it run on now: so a case that ends while
/// its limit is suspended counts as in time, where a limit that had passed before stays passed.
fn ended(clock: &mut Clock, now: Timestamp, office: &Office) -> Result<(), ClockError> {
    if clock.is_paused() {
        clock.resume(now, office)?;
    }
    clock.stop(now)
}

/// Starts a clock anew, if its length is known, and the promised one with it.
fn renew((world, process): (&World, &Process), draft: &mut Draft, def: &ClockDef, now: Timestamp) {
    if draft.case.held.contains(&def.name) {
        draft.op(Op::Hold { clock: def.name.clone(), on: false });
    }
    if let Some(clock) = start(world, process, &draft.case, (def, &def.length), now) {
        put(world, draft, (def, &def.name), clock);
        if let Some(promised) = &def.promised {
            let clock = start(world, process, &draft.case, (def, promised), now);
            if let Some(clock) = clock {
                put(world, draft, (def, &promised_of(&def.name)), clock);
            }
        }
    }
}

/// Gives a clock a new value. Where nothing is to be done when it falls due it is a window: no timer, no deadline.
pub fn put(world: &World, draft: &mut Draft, (def, name): (&ClockDef, &str), clock: Clock) {
    let soon = stretch(world, def, &clock).filter(|_| name == def.name);
    draft.op(Op::Clock { name: name.to_owned(), clock });
    if draft.case.soon.get(name) != soon.as_ref() {
        draft.op(Op::Soon { clock: name.to_owned(), at: soon });
    }
    if def.on_overdue == OnOverdue::Nothing && !draft.case.windows.contains(&def.name) {
        draft.op(Op::Window { clock: def.name.clone() });
    }
}

/// When the last stretch begins.
fn stretch(world: &World, def: &ClockDef, clock: &Clock) -> Option<Timestamp> {
    let soon = def.soon.as_ref()?;
    let due = clock.due_at().filter(|_| clock.stopped_at().is_none())?;
    let by = match soon.at {
        SoonAt::Length(length) => length,
        SoonAt::Share(percent) => share(clock.rule().length, percent),
    };
    Some(last_stretch(due, by, &world.office))
}

/// The moment an expression gives: a day counts from its first moment, so that the day itself is the day of the event.
fn moment(event: &Expr, scope: &dyn Scope) -> Option<Timestamp> {
    match event.eval(scope) {
        Val::Time(micros) => Timestamp::from_microsecond(micros).ok(),
        Val::Text(text) => match text.parse::<Date>() {
            Ok(day) if text.len() == 10 => Some(midnight(day)),
            _ => text.parse().ok(),
        },
        _ => None,
    }
}

/// A fresh clock, if what it rests on is known.
pub fn start(
    world: &World,
    process: &Process,
    case: &Case,
    (def, from): (&ClockDef, &LengthFrom),
    now: Timestamp,
) -> Option<Clock> {
    let names = Names { rows: world, process, case: Some(case), form: None, actor: None, now };
    let at = match &def.from_date {
        Some(day) => moment(day, &names)?,
        None => now,
    };
    Some(match from {
        LengthFrom::Ends(ends) => clock_until(at, ends.after(at, &world.office), &world.office),
        LengthFrom::Before { length, event } => {
            clock_until(at, too_late_before(moment(event, &names)?, *length, &world.office), &world.office)
        }
        _ => {
            let length = length(from, &names, case)?;
            Clock::start(at, Rule { length, ..def.rule }, &world.office)
        }
    })
}

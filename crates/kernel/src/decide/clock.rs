//! What entering a state does to the clocks of a case.

use super::draft::Draft;
use crate::world::World;
use ganglion_model::change::Op;
use ganglion_model::clocks::{Clock, Length, Rule};
use ganglion_model::expr::{Scope, Val};
use ganglion_model::pack::{ClockDef, LengthFrom, OnOverdue, Process};
use ganglion_model::row::Case;
use ganglion_model::scope::Names;
use jiff::Timestamp;

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
    }
}

/// `percent` of a length: minutes for hour units, rounded up to a whole day for day units.
fn share(whole: Length, percent: u32) -> Length {
    let unit = whole.unit();
    if unit.is_hours() {
        let minutes = ((whole.amount() * 60 + whole.minutes()) * percent).div_ceil(100).max(1);
        if unit == ganglion_model::clocks::Unit::WorkingHour {
            Length::working_minutes(minutes)
        } else {
            Length::clock_minutes(minutes)
        }
    } else {
        Length::new((whole.amount() * percent).div_ceil(100).max(1), unit)
    }
}

/// Starts, pauses, resumes and stops clocks for a case that has just entered `state`.
pub fn enter(world: &World, process: &Process, draft: &mut Draft, state: &str, now: Timestamp) {
    let is = |states: &[String]| states.iter().any(|one| one == state);
    let is_final = process.states.get(state).is_some_and(|state| state.is_final);
    // A share of another clock comes last: both may start with the same entry.
    let is_share = |def: &&ClockDef| matches!(def.length, LengthFrom::Share { .. });
    let (shares, whole): (Vec<&ClockDef>, Vec<&ClockDef>) = process.clocks.values().partition(is_share);
    for def in whole.into_iter().chain(shares) {
        let current = draft.case.clocks.get(&def.name).filter(|clock| clock.stopped_at().is_none()).cloned();
        let next = match current {
            Some(mut clock) if is(&def.until) => clock.stop(now).is_ok().then_some(clock),
            Some(mut clock) if is(&def.suspend_in) && !clock.is_paused() => clock.pause(now).is_ok().then_some(clock),
            Some(mut clock) if clock.is_paused() && !is(&def.suspend_in) => {
                clock.resume(now, &world.office).is_ok().then_some(clock)
            }
            Some(mut clock) if is_final && !is(&def.from) => clock.stop(now).is_ok().then_some(clock),
            None if is(&def.from) => start(world, process, &draft.case, def, now),
            _ => None,
        };
        if let Some(clock) = next {
            put(draft, def, clock);
        }
    }
}

/// Gives a clock a new value. Where nothing is to be done when it falls due it is a window: no timer, no deadline.
pub fn put(draft: &mut Draft, def: &ClockDef, clock: Clock) {
    draft.op(Op::Clock { name: def.name.clone(), clock });
    if def.on_overdue == OnOverdue::Nothing && !draft.case.windows.contains(&def.name) {
        draft.op(Op::Window { clock: def.name.clone() });
    }
}

/// A fresh clock, if its length is known.
pub fn start(world: &World, process: &Process, case: &Case, def: &ClockDef, now: Timestamp) -> Option<Clock> {
    let names = Names { rows: world, process, case: Some(case), form: None, actor: None, now };
    let length = length(&def.length, &names, case)?;
    Some(Clock::start(now, Rule { length, ..def.rule }, &world.office))
}

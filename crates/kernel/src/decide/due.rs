//! What the system does when a clock falls due, when a promise was not kept, and when the last stretch of a clock begins.

use super::act::{deemed, process_of};
use super::{Decision, Given, State, tell};
use crate::apply::apply;
use crate::notice::of_timer;
use crate::world::World;
use ganglion_model::Text;
use ganglion_model::change::{Actor, Change, Command, Op, Refusal, RefusalCode};
use ganglion_model::pack::{OnOverdue, Process, declared_of, promised_of};
use ganglion_model::row::{Case, Down, Notice};
use std::collections::BTreeMap;

/// Decides what happens when a clock falls due: once, and only if it is still running and really due.
pub fn due(
    world: &World,
    state: &State,
    command: &Command,
    given: &Given,
    (case, name): (&Case, &str),
) -> Result<Decision, Refusal> {
    if command.actor != Actor::System {
        return Err(Refusal::new(RefusalCode::NotAllowed));
    }
    let process = process_of(world, case)?;
    if let Some(name) = of_timer(name) {
        return taken_down(world, state, command, given, (process, case, name));
    }
    let def = process.clocks.get(declared_of(name)).ok_or_else(|| Refusal::new(RefusalCode::Unknown))?;
    let void = || Refusal::new(RefusalCode::WrongState).with("clock", name);
    if case.fired.iter().any(|fired| fired == name) {
        return Err(void());
    }
    let fired = Op::Fired { clock: name.to_owned() };
    let change = |ops, action: &str| {
        Decision::of(Change::Case { case: case.id, action: action.to_owned(), ops, input: BTreeMap::new() })
    };
    if let Some(soon) = def.soon.as_ref().filter(|_| name == format!("{}.soon", def.name)) {
        let begun = case.soon.get(&def.name).is_some_and(|at| *at <= given.now);
        let runs = case.clocks.get(&def.name).is_some_and(|clock| clock.stopped_at().is_none() && !clock.is_paused());
        if !begun || !runs {
            return Err(void());
        }
        let mut ops = vec![fired];
        ops.extend(tell::ops(world, case, (&soon.notify, &Text::default()), given.now));
        return Ok(change(ops, "soon"));
    }
    let is_due = case
        .clocks
        .get(name)
        .is_some_and(|clock| clock.stopped_at().is_none() && !clock.is_paused() && clock.is_overdue(given.now));
    if !is_due {
        return Err(void());
    }
    if name == promised_of(&def.name) {
        return Ok(change(vec![fired], "overdue"));
    }
    let mut ops = vec![fired];
    match &def.on_overdue {
        OnOverdue::Nothing => return Err(void()),
        OnOverdue::Mark => {}
        OnOverdue::Count(counter) => ops.push(Op::Count { name: counter.clone() }),
        OnOverdue::Notify(to) => ops.extend(tell::ops(world, case, (to, &Text::default()), given.now)),
        OnOverdue::Escalate(level) => {
            let level = (*level).max(world.places.root.level()).min(case.level);
            ops.extend((level < case.level).then_some(Op::Level { level }));
            // Those it now waits for cannot know unless they are told.
            ops.extend(tell::handlers(world, (process, case), level, given.now));
        }
        OnOverdue::Act(action) => {
            if let Some(mut decision) = deemed(world, state, command, given, (process, case, action)) {
                if let Some(Change::Case { ops, .. }) = decision.changes.first_mut() {
                    ops.insert(0, Op::Fired { clock: name.to_owned() });
                }
                return Ok(decision);
            }
        }
    }
    Ok(change(ops, "overdue"))
}

/// A notice that has stood its time comes down, and the system takes the step the pack names for then.
fn taken_down(
    world: &World,
    state: &State,
    command: &Command,
    given: &Given,
    (process, case, name): (&Process, &Case, &str),
) -> Result<Decision, Refusal> {
    let void = || Refusal::new(RefusalCode::WrongState).with("notice", name);
    let up = case.notices.get(name).filter(|notice| notice.down.is_none() && notice.until <= given.now).cloned();
    let down = Op::Notice { name: name.to_owned(), notice: Notice { down: Some(Down::Ended), ..up.ok_or_else(void)? } };
    let mut after = case.clone();
    apply(&mut after, &down, given.now);
    let then = process.notices.get(name).and_then(|def| def.then.as_ref());
    let decided = then.and_then(|action| deemed(world, state, command, given, (process, &after, action)));
    let Some(mut decision) = decided else {
        let (action, ops) = ("notice_ended".to_owned(), vec![down]);
        return Ok(Decision::of(Change::Case { case: case.id, action, ops, input: BTreeMap::new() }));
    };
    if let Some(Change::Case { ops, .. }) = decision.changes.first_mut() {
        ops.insert(0, down);
    }
    Ok(decision)
}

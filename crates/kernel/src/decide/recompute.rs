//! Deadlines counted again after the calendar changed: old due, new due and why stay in the journal.

use super::clock::{put, start};
use super::draft::Draft;
use super::{Decision, Given};
use crate::world::World;
use ganglion_model::change::{Actor, Change, Command, Op, Refusal, RefusalCode};
use ganglion_model::clocks::Clock;
use ganglion_model::pack::{ClockDef, LengthFrom, Process, declared_of};
use ganglion_model::row::Case;
use serde_json::Value;
use std::collections::BTreeMap;

/// Decides it. A case none of whose deadlines moves is refused, so that nothing is written about it.
pub fn recompute(
    world: &World,
    command: &Command,
    given: &Given,
    (case, why): (&Case, &str),
) -> Result<Decision, Refusal> {
    if command.actor != Actor::System {
        return Err(Refusal::new(RefusalCode::NotAllowed));
    }
    let process = world.model.processes.get(&case.process).ok_or_else(|| Refusal::new(RefusalCode::Unknown))?;
    let mut draft = Draft::new(case.clone(), given.now);
    for (name, old) in &case.clocks {
        let Some(def) = process.clocks.get(declared_of(name)) else { continue };
        let mut clock = old.clone();
        let from = old.due_at();
        if clock.recompute(&world.office).is_some() {
            let to = clock.due_at();
            put(world, &mut draft, (def, name), clock);
            note(&mut draft, name, (from, to));
        } else if let Some(clock) = by_calendar(world, process, case, (def, name, old)) {
            let to = clock.due_at();
            put(world, &mut draft, (def, name), clock);
            note(&mut draft, name, (from, to));
        }
    }
    if draft.ops.is_empty() {
        return Err(Refusal::new(RefusalCode::WrongState).with("reason", "unchanged"));
    }
    let input = BTreeMap::from([("why".to_owned(), Value::String(why.to_owned()))]);
    Ok(Decision::of(Change::Case { case: case.id, action: "recomputed".to_owned(), ops: draft.ops, input }))
}

fn note(draft: &mut Draft, name: &str, (from, to): (Option<jiff::Timestamp>, Option<jiff::Timestamp>)) {
    if let Some(from) = from.filter(|from| to != Some(*from)) {
        draft.op(Op::Moved { clock: name.to_owned(), from, to });
    }
}

/// A clock that ends by the calendar holds its end as a plain length; it is made again from its declaration.
fn by_calendar(
    world: &World,
    process: &Process,
    case: &Case,
    (def, name, old): (&ClockDef, &str, &Clock),
) -> Option<Clock> {
    let dated = matches!(def.length, LengthFrom::Ends(_) | LengthFrom::Before { .. });
    if !dated || name != def.name || old.stopped_at().is_some() || old.is_paused() || old.times_extended() > 0 {
        return None;
    }
    let fresh = start(world, process, case, (def, &def.length), old.started_at())?;
    (fresh.due_at() != old.due_at()).then_some(fresh)
}

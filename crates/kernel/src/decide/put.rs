//! Putting a register row. Who may is decided by the deployment's administrators for now; registers that declare their own
//! rules and two-person changes build on this.

use super::{Decision, Given, State, derive};
use crate::world::World;
use ganglion_model::change::{Actor, Change, Command, Refusal, RefusalCode};
use ganglion_model::row::Record;

/// Decides a `Put`.
pub fn put(
    world: &World,
    state: &State,
    command: &Command,
    given: &Given,
    record: &Record,
) -> Result<Decision, Refusal> {
    if !matches!(command.actor, Actor::System) {
        return Err(Refusal::new(RefusalCode::NotAllowed));
    }
    let register = world.model.registers.get(&record.register).ok_or_else(|| Refusal::new(RefusalCode::Unknown))?;
    if record.shard != command.shard {
        return Err(Refusal::new(RefusalCode::WrongShard));
    }
    let key = (record.shard, record.register.clone(), record.key.clone());
    let before = state.records.get(&key);
    let mut fields = record.fields.clone();
    fields.retain(|name, _| register.field(name).is_some());
    let version = before.map_or(1, |before| before.version + 1);
    let mut row = Record { version, updated_at: given.now, fields, ..record.clone() };
    let mut numbering = Vec::new();
    derive::finish(world, (state, given), &mut row, &mut numbering);
    Ok(Decision { numbering, ..Decision::of(Change::Record { record: Box::new(row) }) })
}

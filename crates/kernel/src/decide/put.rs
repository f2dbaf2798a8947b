//! Putting a register row as the system: rows that packs bring, and rows that were computed. What people do to rows is
//! decided by [`super::row`].

use super::{Decision, Given, State};
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
    let before = state.newest(&key);
    let mut fields = record.fields.clone();
    fields.retain(|name, _| register.field(name).is_some());
    let version = before.map_or(1, |before| before.version + 1);
    let record = Record { version, updated_at: given.now, fields, ..record.clone() };
    Ok(Decision::of(Change::Record { record: Box::new(record) }))
}

//! Putting a register row as the system: rows that packs bring, and rows that were computed. What people do to rows is
//! decided by [`super::row`].

use super::row::{Desk, Target};
use super::{Decision, Given, State, derive, row_unique};
use crate::world::World;
use ganglion_model::change::{Actor, Change, Command, Refusal, RefusalCode};
use ganglion_model::row::Record;
use ganglion_model::{Fields, PlaceCode};

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
    // What the system puts knows nothing of documents: those that were issued from the row stay.
    let documents = before.map(|before| before.documents.clone()).unwrap_or_default();
    let mut row = Record { version, updated_at: given.now, fields, documents, ..record.clone() };
    let mut numbering = Vec::new();
    derive::finish(world, (state, given), &mut row, &mut numbering);
    Ok(Decision { numbering, ..Decision::of(Change::Record { record: Box::new(row) }) })
}

/// Puts a row back to the versions it had. Only the system gives up what it began.
pub fn restore(
    world: &World,
    state: &State,
    (command, given): (&Command, &Given),
    (register, key, versions): (&str, &str, &[Record]),
) -> Result<Decision, Refusal> {
    if !matches!(command.actor, Actor::System) {
        return Err(Refusal::new(RefusalCode::NotAllowed));
    }
    let desk = Desk::new(world, state, (command, given), register)?;
    let now = desk.rows().versions(register, key);
    let place: Option<PlaceCode> = versions.last().and_then(|one| one.place);
    let target = Target { key: key.to_owned(), versions: now, place };
    let mut decision = Decision::default();
    let newest = versions.iter().max_by_key(|one| (one.version, one.valid_from));
    match newest {
        Some(newest) => row_unique::take(&desk, &target, &newest.fields, &mut decision)?,
        None => row_unique::give_back(&desk, &target, &mut decision),
    }
    let version = target.version() + 1;
    let same = |a: &Record, b: &Record| {
        (a.valid_from, a.valid_to, a.place, &a.fields) == (b.valid_from, b.valid_to, b.place, &b.fields)
    };
    for one in versions.iter().filter(|one| !target.versions.iter().any(|now| same(now, one))) {
        let fields: Fields = one.fields.clone();
        // A document issued meanwhile was issued all the same.
        let now = target.versions.iter().find(|now| now.valid_from == one.valid_from);
        let documents = now.unwrap_or(one).documents.clone();
        let record = Record { version, updated_at: given.now, fields, documents, shard: command.shard, ..one.clone() };
        decision.changes.push(Change::Record { record: Box::new(record) });
    }
    let kept = |now: &&Record| versions.iter().any(|one| one.valid_from == now.valid_from);
    for gone in target.versions.iter().filter(|now| !kept(now)) {
        let (register, key, valid_from) = (gone.register.clone(), gone.key.clone(), gone.valid_from);
        decision.changes.push(Change::RecordGone { register, key, valid_from });
    }
    if let Some(row) = newest.or_else(|| target.newest()) {
        let ended = newest.is_none_or(|newest| newest.valid_to.is_some());
        let follows = derive::following((world, state), desk.register, (row, ended), given.now);
        decision.changes.extend(follows.map(|record| Change::Record { record: Box::new(record) }));
    }
    if decision.changes.is_empty() { Err(Refusal::new(RefusalCode::WrongState)) } else { Ok(decision) }
}

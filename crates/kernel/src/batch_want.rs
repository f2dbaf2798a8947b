//! What a batch needs loaded, as far as its commands name it. What becomes known once cases and proposals are there is asked
//! for in [`crate::batch`].

use crate::batch::wanted;
use crate::batch_rows;
use crate::port::Want;
use crate::world::World;
use ganglion_model::change::{Body, Command, Erasable};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::FieldKind;
use ganglion_model::{CaseId, Fields, Shard};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::HashSet;

/// What a batch needs loaded before anything can be decided.
#[must_use]
pub fn want(world: &World, commands: &[Command], now: Timestamp) -> Want {
    let mut want = Want::default();
    let mut shards = HashSet::new();
    for command in commands {
        if shards.insert(command.shard) {
            want.shards.push(command.shard);
        }
        want.answers.push((command.shard, command.id));
        match &command.body {
            Body::Open { process, form, .. } => {
                want_open(world, command.shard, (process, form), &mut want);
                wanted::opening(world, (process, form), local_date(now), &mut want);
            }
            Body::TakeNext { process, lanes, .. } => {
                wanted::front(world, command, (process, lanes), commands.len(), &mut want);
            }
            Body::Act { case, action, form, .. } => {
                want.cases.push((command.shard, *case));
                want_act(world, command.shard, (*case, action, form), &mut want);
            }
            Body::Due { case, .. }
            | Body::LinkBack { case, .. }
            | Body::Child { case, .. }
            | Body::Recompute { case, .. }
            | Body::HandOver { case, .. }
            | Body::Issue { case, .. }
            | Body::Withdraw { case, .. } => want.cases.push((command.shard, *case)),
            Body::IssueRow { register, key, .. } | Body::WithdrawRow { register, key, .. } => {
                want.records.push((command.shard, register.clone(), key.clone()));
            }
            Body::Put { record } => {
                let row = (command.shard, record.register.clone(), record.key.clone());
                batch_rows::want_key(world, &row, &mut want);
                want.records.push(row);
            }
            Body::Row { wish } => batch_rows::want_row(world, command.shard, wish, &mut want),
            Body::Restore { register, key, versions } => {
                batch_rows::want_restored(world, (command.shard, register.clone(), key.clone()), versions, &mut want);
            }
            Body::Erase { what: Erasable::Case { number }, .. } => {
                want.numbers.push((command.shard, number.clone()));
            }
            Body::Erase { what: Erasable::Row { register, key }, .. } => {
                want.records.push((command.shard, register.clone(), key.clone()));
            }
            Body::Decide { proposal, .. } => want.proposals.push((command.shard, *proposal)),
        }
    }
    want
}

fn want_open(world: &World, shard: Shard, (process, form): (&str, &Fields), want: &mut Want) {
    let Some(process) = world.model.processes.get(process) else {
        return;
    };
    batch_rows::want_references(world, shard, (&process.form, form), want);
    for field in process.form.iter().filter(|field| field.unique) {
        if let Some(value) = form.get(&field.name).and_then(Value::as_str) {
            want.unique.push((shard, format!("{}.{}", process.name, field.name), value.trim().to_owned()));
        }
    }
}

/// The action's state is not known yet, so every action of that name counts.
fn want_act(world: &World, shard: Shard, (case, action, form): (CaseId, &str, &Fields), want: &mut Want) {
    let actions = world
        .model
        .processes
        .values()
        .flat_map(|process| process.states.values())
        .flat_map(|state| &state.actions)
        .filter(|one| one.name == action);
    let mut keyed = false;
    for one in actions {
        keyed |= one.form.iter().any(|field| field.personal);
        batch_rows::want_references(world, shard, (&one.form, form), want);
        for field in &one.form {
            if let (FieldKind::CaseRef { .. }, Some(number)) =
                (&field.kind, form.get(&field.name).and_then(Value::as_str))
            {
                want.numbers.push((shard, number.trim().to_owned()));
            }
        }
    }
    if keyed {
        want.keys.push((shard, case));
    }
}

//! What a batch loads and writes for register rows, beside [`crate::batch`]: rows that are changed, rows that forms refer to,
//! values that may stand once, and the index of who refers to whom.

use crate::decide::{State, references, unique_values_of_row};
use crate::port::{References, ShardWrite, Want};
use crate::port_search::RowWords;
use crate::rules::{self, Violation, broken_by_row, is_ruled};
use crate::seal::Keyring;
use crate::seal_lookup;
use crate::words;
use crate::world::World;
use ganglion_model::change::{Body, Command};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Field, FieldKind, Model, Register, Scope};
use ganglion_model::{CaseId, Fields, Record, RowDeed, RowKey, RowWish, Shard, row_id};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of registers kept by place that a form refers to; those of the deployment are in memory.
pub fn want_references(world: &World, shard: Shard, (fields, form): (&[Field], &Fields), want: &mut Want) {
    for field in fields {
        let (FieldKind::Ref { register } | FieldKind::Refs { register, .. }) = &field.kind else { continue };
        let by_place = world.model.registers.get(register).is_some_and(|one| one.scope != Scope::Deployment);
        if !by_place {
            continue;
        }
        let keys: Vec<&str> = match form.get(&field.name) {
            Some(Value::String(key)) if matches!(field.kind, FieldKind::Ref { .. }) => vec![key.as_str()],
            Some(Value::String(keys)) => keys.split(',').collect(),
            Some(Value::Array(keys)) => keys.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        want.records.extend(keys.into_iter().map(|key| (shard, register.clone(), key.trim().to_owned())));
    }
}

/// What a wish about a row needs.
pub fn want_row(world: &World, shard: Shard, wish: &RowWish, want: &mut Want) {
    let Some(register) = world.model.registers.get(&wish.register) else { return };
    want_references(world, shard, (&register.fields, &wish.form), want);
    let unique = unique_values_of_row(register, &wish.form).into_iter();
    want.unique.extend(unique.map(|(field, value)| (shard, field, value)));
    let Some(key) = wish.key.clone().or_else(|| register.key_of(&wish.form)) else { return };
    if register.has_personal() {
        want.keys.push((shard, row_id(shard, &register.name, &key)));
    }
    let row = (shard, register.name.clone(), key);
    if wish.deed == RowDeed::Retire {
        want.referers.push(row.clone());
    }
    want.records.push(row);
}

/// What putting a row back needs.
pub fn want_restored(world: &World, row: RowKey, versions: &[Record], want: &mut Want) {
    let shard = row.0;
    if let Some(register) = world.model.registers.get(&row.1) {
        let unique = versions.iter().flat_map(|one| unique_values_of_row(register, &one.fields));
        want.unique.extend(unique.map(|(field, value)| (shard, field, value)));
    }
    want_key(world, &row, want);
    want.records.push(row);
}

/// The key of a row that is put as it is: its sealed values are found again by their hashes.
pub fn want_key(world: &World, row: &RowKey, want: &mut Want) {
    if world.model.registers.get(&row.1).is_some_and(Register::has_personal) {
        want.keys.push((row.0, row_id(row.0, &row.1, &row.2)));
    }
}

/// What becomes known once rows and proposals are loaded: what a decided proposal is about, and rows that a changed row refers
/// to in fields that were not typed again.
pub fn want_later(world: &World, state: &State, command: &Command, want: &mut Want) {
    match &command.body {
        Body::Decide { proposal, .. } => {
            if let Some(proposal) = state.proposals.get(proposal).filter(|one| one.shard == command.shard) {
                want_row(world, command.shard, &proposal.wish, want);
            }
        }
        Body::Row { wish } => {
            let register = world.model.registers.get(&wish.register);
            let row = wish.key.as_ref().map(|key| (command.shard, wish.register.clone(), key.clone()));
            let before = row.and_then(|row| state.newest(&row));
            if let (Some(register), Some(before)) = (register, before) {
                want_references(world, command.shard, (&register.fields, &before.fields), want);
            }
        }
        _ => {}
    }
}

/// What a row refers to, all versions that do not lie in the past together.
fn refers_to(model: &Model, versions: &[Record]) -> BTreeSet<(String, String)> {
    let lasting = versions.iter().filter(|one| one.valid_to.is_none());
    let all = lasting.flat_map(|one| references(model, one));
    all.map(|(register, key)| (register.to_owned(), key.to_owned())).collect()
}

/// Notes what changed rows refer to now, what they are searched by and which rules they break, where that is not as it was before.
pub fn settle(
    world: &World,
    state: &State,
    before: &BTreeMap<RowKey, Vec<Record>>,
    writes: &mut BTreeMap<Shard, ShardWrite>,
) {
    for (row, before) in before {
        let now = state.records.get(row).map(Vec::as_slice).unwrap_or_default();
        let to = refers_to(&world.model, now);
        let (shard, register, key) = row.clone();
        let write = writes.entry(shard).or_insert_with(|| ShardWrite { shard, ..ShardWrite::default() });
        let (noted, kept) = broken(world, before, now);
        write.violations.extend(noted);
        write.violations_gone.extend(kept);
        // Rows of the deployment are in memory and are searched there.
        if shard != Shard::DEPLOYMENT {
            let said = words::of_versions(world, now);
            if said != words::of_versions(world, before) {
                write.row_words.push(RowWords { register: register.clone(), key: key.clone(), words: said });
            }
        }
        if to != refers_to(&world.model, before) {
            write.references.push(References { register, key, to: to.into_iter().collect() });
        }
    }
}

/// Notes by what rows with changed sealed values are found now.
pub fn settle_lookups(
    (ring, world): (&Keyring, &World),
    state: &State,
    before: &BTreeMap<RowKey, Vec<Record>>,
    writes: &mut BTreeMap<Shard, ShardWrite>,
) {
    for (row, before) in before {
        let now = state.records.get(row).map(Vec::as_slice).unwrap_or_default();
        let (shard, register, key) = row;
        let named = (*shard, register.as_str(), key.as_str());
        let changed = seal_lookup::changed_row((ring, &world.model), &state.keys, named, (before, now));
        if let Some(changed) = changed {
            let write = writes.entry(*shard).or_insert_with(|| ShardWrite { shard: *shard, ..ShardWrite::default() });
            write.lookups.push(changed);
        }
    }
}

/// Rules that a row breaks now and did not before, and those it keeps again.
#[must_use]
pub fn broken(world: &World, before: &[Record], now: &[Record]) -> (Vec<Violation>, Vec<(String, CaseId)>) {
    let name = now.first().or(before.first()).map(|one| one.register.as_str()).unwrap_or_default();
    if !is_ruled(&world.model, name) {
        return (Vec::new(), Vec::new());
    }
    let root = world.places.root;
    // Both are judged for the day of the change; what the day alone has changed is found each day.
    let Some(changed) = before.iter().chain(now).map(|one| one.updated_at).max() else {
        return (Vec::new(), Vec::new());
    };
    let of = |versions: &[Record]| broken_by_row(&world.model, world, versions, root, Some(local_date(changed)));
    rules::changes(&of(before), of(now))
}

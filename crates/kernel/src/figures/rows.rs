//! What changed register rows do to figures, as [`crate::batch`] does it for cases.

use crate::decide::State;
use crate::port::ShardWrite;
use crate::world::{World, put_version};
use ganglion_indicators::fold::cells_of_changes;
use ganglion_indicators::{Fact, fact_changes, facts_of_row, is_measured};
use ganglion_model::pack::Scope;
use ganglion_model::{CaseId, Record, RowKey, Shard, row_id};
use std::collections::BTreeMap;

/// Adds the facts and counters that rows changed in a batch move; `before` are their versions before it.
pub fn settle(
    world: &World,
    state: &State,
    before: &BTreeMap<RowKey, Vec<Record>>,
    writes: &mut BTreeMap<Shard, ShardWrite>,
) {
    for (row, before) in before {
        if is_measured(&world.model, &row.1) {
            let now = state.records.get(row).map(Vec::as_slice).unwrap_or_default();
            let shard = row.0;
            let write = writes.entry(shard).or_insert_with(|| ShardWrite { shard, ..ShardWrite::default() });
            settle_row(world, row, (before, now), write);
        }
    }
}

/// Adds the facts and counters that one row moves, from the versions storage had to those it has now.
pub fn settle_row(world: &World, row: &RowKey, (before, now): (&[Record], &[Record]), write: &mut ShardWrite) {
    let (shard, register, key) = row;
    let facts = |stored: &[Record]| facts_of_row(&world.model, world, &known(world, row, stored));
    let changes = fact_changes(row_id(*shard, register, key), facts(before), facts(now));
    cells_of_changes(&mut write.cells, &world.model, *shard, &changes);
    write.facts.extend(changes);
}

/// The versions of a row as figures know them. A row of the deployment may have come with its pack: storage has only what was
/// put since, and a version that is taken away uncovers the one of the pack.
fn known(world: &World, (_, register, key): &RowKey, stored: &[Record]) -> Vec<Record> {
    let deployed = world.model.registers.get(register).filter(|one| one.scope == Scope::Deployment);
    let Some(register) = deployed else { return stored.to_vec() };
    let seeds = world.model.seeds.get(&register.name).into_iter().flatten().filter(|seed| seed.key == *key);
    let mut versions = Vec::new();
    seeds.for_each(|seed| put_version(&mut versions, seed.record(register)));
    stored.iter().for_each(|record| put_version(&mut versions, record.clone()));
    versions
}

/// The facts of every row of a shard whose register is measured, given all versions storage has of its rows.
#[must_use]
pub fn facts_of_shard(world: &World, shard: Shard, stored: Vec<Record>) -> Vec<(CaseId, Fact)> {
    let mut rows: BTreeMap<RowKey, Vec<Record>> = BTreeMap::new();
    if shard == Shard::DEPLOYMENT {
        let deployed = world.model.registers.values().filter(|one| one.scope == Scope::Deployment);
        for register in deployed.filter(|one| is_measured(&world.model, &one.name)) {
            for seed in world.model.seeds.get(&register.name).into_iter().flatten() {
                rows.entry((shard, register.name.clone(), seed.key.clone())).or_default();
            }
        }
    }
    for record in stored.into_iter().filter(|record| is_measured(&world.model, &record.register)) {
        rows.entry(record.row_key()).or_default().push(record);
    }
    let mut all = Vec::new();
    for (row, stored) in rows {
        let mut versions = known(world, &row, &stored);
        versions.sort_by_key(|record| record.valid_from);
        let id = row_id(row.0, &row.1, &row.2);
        all.extend(facts_of_row(&world.model, world, &versions).into_iter().map(|fact| (id, fact)));
    }
    all
}

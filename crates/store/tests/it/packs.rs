//! Installing packs: all of it or nothing, one set after the other, and nothing written by those who run an older one.

use crate::support::Make;
use crate::support::history::{Step, live, works, world_of};
use crate::support::rows::{SHARD, at, case, command_id, following, new_case, put};
use crate::support::world::world;
use ganglion_kernel::packs::{Install, InstalledPack, PackSet, REGISTER};
use ganglion_kernel::{StoreError, World};
use ganglion_model::{Actor, Case, Model, Shard};
use std::collections::BTreeMap;
use std::sync::Arc;

fn silent(_: u64, _: u64) {}

fn set(number: u64) -> PackSet {
    let pack = InstalledPack { version: "1".to_owned(), digest: format!("d{number}"), shipped: false };
    PackSet { number, at: at(number.try_into().unwrap()), by: None, packs: BTreeMap::from([("one".to_owned(), pack)]) }
}

fn install(world: &World, number: u64) -> Install<'_> {
    Install {
        set: set(number),
        expected_seq: number - 1,
        sources: vec![(format!("d{number}"), "{}".to_owned())],
        actor: Actor::System,
        command: command_id(u128::from(number)),
        world,
        measures: Vec::new(),
        clocks: Vec::new(),
        unique: Vec::new(),
        progress: &silent,
    }
}

pub async fn one_set_follows_the_other_and_is_a_line_of_the_journal(make: Make) {
    let db = make();
    let store = &*db.store;
    let world = world();
    store.packs_install(&install(&world, 1)).await.unwrap();
    store.packs_install(&install(&world, 2)).await.unwrap();
    let again = store.packs_install(&install(&world, 2)).await.unwrap_err();
    assert!(matches!(again, StoreError::PacksChanged), "{again}");
    let moved = Install { expected_seq: 0, ..install(&world, 3) };
    assert!(matches!(store.packs_install(&moved).await, Err(StoreError::Moved(Shard::DEPLOYMENT))));
    let kept: Vec<PackSet> =
        store.records(Shard::DEPLOYMENT, REGISTER).await.unwrap().iter().filter_map(PackSet::of).collect();
    assert_eq!(kept, [set(1), set(2)]);
    assert_eq!(store.entries_after(Shard::DEPLOYMENT, 0, 10).await.unwrap().len(), 2);
    assert_eq!(store.pack_source("d2").await.unwrap().as_deref(), Some("{}"));
    assert_eq!(store.pack_source("d3").await.unwrap(), None, "what failed left nothing");
}

pub async fn batches_decided_by_other_packs_are_refused(make: Make) {
    let db = make();
    let store = &*db.store;
    let world = world();
    store.packs_install(&install(&world, 1)).await.unwrap();
    let mut write = following(store, SHARD, vec![new_case(case(1, "130922001"))]).await;
    write.packs = 2;
    assert!(matches!(store.write(&[write.clone()]).await, Err(StoreError::PacksChanged)));
    write.packs = 1;
    store.write(&[write]).await.unwrap();
    put(store, [case(2, "130922001")]).await.unwrap();
}

pub async fn measures_are_counted_anew_in_the_same_transaction(make: Make) {
    // Among cases of another process, of which there are so many more that those measured are looked up.
    for others in [0, 20] {
        counted_anew(make, others).await;
    }
}

async fn counted_anew(make: Make, others: u128) {
    let db = make();
    let works = works(db.store.clone());
    let open = |township| Step::Open { township, category: 1, reference: None, phone: false };
    let act = |of, action| Step::Act { of, action, with: 1 };
    let steps = [open(0), open(1), act(0, 0), act(0, 4), open(0), act(1, 0)].map(|step| (step, 30));
    live(&works, &steps).await;
    let world = world_of(&works);
    let store = &*db.store;
    let other = |n| Case { process: "other".to_owned(), ..case(n, "130922001") };
    put(store, (1_000..1_000 + others).map(other)).await.unwrap();
    let before = store.cells_all(SHARD).await.unwrap();
    assert!(!before.is_empty());
    let measures: Vec<String> = world.model.measures.keys().cloned().collect();
    let line = store.shards().await.unwrap().iter().find(|one| one.0 == Shard::DEPLOYMENT).map_or(0, |one| one.1.seq);
    let again = Install { measures: measures.clone(), expected_seq: line, ..install(&world, 1) };
    store.packs_install(&again).await.unwrap();
    assert_eq!(store.cells_all(SHARD).await.unwrap(), before, "the same definitions count the same");
    let none = Model { measures: BTreeMap::new(), ..Model::clone(&world.model) };
    let none = World { model: Arc::new(none), ..World::clone(&world) };
    let gone = Install { measures, expected_seq: line + 1, ..install(&none, 2) };
    store.packs_install(&gone).await.unwrap();
    assert!(store.cells_all(SHARD).await.unwrap().is_empty(), "a measure that is gone has no counters");
}

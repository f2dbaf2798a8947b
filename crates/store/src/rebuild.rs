//! Figures counted again from the rows, for comparing with the counters that were kept up to date.

use ganglion_indicators::fold::cells_of_changes;
use ganglion_indicators::{Cells, FactChange, facts_of_case};
use ganglion_kernel::port::{After, CaseFilter, CaseOrder, Store};
use ganglion_kernel::rules::{Violation, broken_by_case, broken_by_row};
use ganglion_kernel::world::put_version;
use ganglion_kernel::{StoreError, World};
use ganglion_model::pack::{Rule, Source};
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{PlaceCode, Shard};
use std::collections::{BTreeMap, BTreeSet};

/// Cases read at a time.
const PAGE: u32 = 500;

/// Every case of a shard, newest first, handed to `each`.
///
/// # Errors
/// Of the store.
pub async fn each_case(store: &dyn Store, shard: Shard, mut each: impl FnMut(Case)) -> Result<(), StoreError> {
    let place = PlaceCode::from_padded(u64::from(shard.0) * 1_000_000_000);
    let Some(place) = place else { return Ok(()) };
    let filter = CaseFilter { place: Some(place), ..CaseFilter::default() };
    let mut after = None;
    loop {
        let page = store.cases(&filter, CaseOrder::Opened, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(After::of(last, CaseOrder::Opened));
        page.into_iter().for_each(&mut each);
    }
}

/// The counters of a shard as its rows give them.
///
/// # Errors
/// Of the store.
pub async fn cells_of_rows(store: &dyn Store, world: &World, shard: Shard) -> Result<Cells, StoreError> {
    let mut cells = Cells::new();
    each_case(store, shard, |case| {
        let facts = facts_of_case(&world.model, world, &case);
        let changes: Vec<FactChange> =
            facts.into_iter().map(|fact| FactChange { case: case.id, before: None, after: Some(fact) }).collect();
        cells_of_changes(&mut cells, &world.model, shard, &changes);
    })
    .await?;
    Ok(cells)
}

/// Finds again which rows break a rule, from all rows, and notes it: after a rule was installed or changed.
///
/// # Errors
/// Of the store.
pub async fn violations(store: &dyn Store, world: &World, rule: &str) -> Result<usize, StoreError> {
    let Some(rule) = world.model.rules.get(rule) else {
        store.violations_set(rule, &[]).await?;
        return Ok(0);
    };
    let mut found: Vec<Violation> = Vec::new();
    match &rule.over {
        Source::Process(_) => {
            for (shard, _) in store.shards().await? {
                each_case(store, shard, |case| found.extend(broken_by_case(&world.model, world, &case))).await?;
            }
        }
        Source::Register(register) => {
            let mut rows: BTreeMap<RowKey, Vec<Record>> = BTreeMap::new();
            for versions in world.each_row(register) {
                rows.extend(versions.first().map(|first| (first.row_key(), versions.clone())));
            }
            for (shard, _) in store.shards().await? {
                for record in store.record_versions(shard).await?.into_iter().filter(|one| one.register == *register) {
                    put_version(rows.entry(record.row_key()).or_default(), record);
                }
            }
            let root = world.places.root;
            found.extend(rows.values().flat_map(|versions| broken_by_row(&world.model, world, versions, root)));
        }
    }
    found.retain(|one| one.rule == rule.name);
    store.violations_set(&rule.name, &found).await?;
    Ok(found.len())
}

/// Name of the setting that says by which rules violations were last found.
const RULES: &str = "rules";

/// Brings a database to the packs that are installed: views are made anew, and rows that break a rule are found again for every
/// rule that is new, changed or gone. Gives the names of those rules.
///
/// # Errors
/// Of the store.
pub async fn installed(store: &dyn Store, world: &World) -> Result<Vec<String>, StoreError> {
    store.views_set(&world.model).await?;
    let text = store.setting(RULES).await?.unwrap_or_default();
    let known: BTreeMap<String, Rule> = serde_json::from_str(&text).unwrap_or_default();
    let now = &world.model.rules;
    let names: BTreeSet<&String> = known.keys().chain(now.keys()).collect();
    let changed: Vec<String> = names.into_iter().filter(|name| known.get(*name) != now.get(*name)).cloned().collect();
    for name in &changed {
        violations(store, world, name).await?;
    }
    if !changed.is_empty() {
        store.setting_put(RULES, &serde_json::to_string(now).unwrap_or_default()).await?;
    }
    Ok(changed)
}

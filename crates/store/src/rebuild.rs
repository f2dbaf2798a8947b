//! Figures counted again from the rows: for comparing with those that were kept up to date, and for counting what a changed
//! pack measures anew.

use crate::aside::asking;
use crate::counting::{self, Keep, Scan};
use futures_util::stream::{self, StreamExt as _};
use ganglion_indicators::digest::differing;
use ganglion_indicators::fold::cells_of_changes;
use ganglion_indicators::{Cells, Fact, FactChange, facts_of_case};
use ganglion_kernel::figures::rows::facts_of_shard;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder, Store};
use ganglion_kernel::rules::{JUDGED, Violation, broken_by_case, broken_by_row};
use ganglion_kernel::world::put_version;
use ganglion_kernel::{StoreError, World};
use ganglion_model::pack::{Rule, Source};
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, PlaceCode, Shard, Text};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Cases read at a time.
const PAGE: u32 = 500;
/// The setting that says which measures the figures were counted by.
const COUNTED_BY: &str = "figures_counted_by";

/// A page of the cases of a shard, newest first.
pub(crate) async fn page(store: &dyn Store, shard: Shard, after: Option<&After>) -> Result<Vec<Case>, StoreError> {
    let place = PlaceCode::from_padded(u64::from(shard.0) * 1_000_000_000);
    let Some(place) = place else { return Ok(Vec::new()) };
    let filter = CaseFilter { place: Some(place), ..CaseFilter::default() };
    store.cases(&filter, CaseOrder::Opened, after, PAGE).await
}

/// Every case of a shard, newest first, handed to `each`.
///
/// # Errors
/// Of the store.
pub async fn each_case(store: &dyn Store, shard: Shard, mut each: impl FnMut(Case)) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = page(store, shard, after.as_ref()).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(After::of(last, CaseOrder::Opened));
        page.into_iter().for_each(&mut each);
    }
}

fn facts_of(world: &World, case: &Case) -> impl Iterator<Item = (CaseId, Fact)> {
    let id = case.id;
    facts_of_case(&world.model, world, case).into_iter().map(move |fact| (id, fact))
}

fn count(world: &World, shard: Shard, facts: &[(CaseId, Fact)], cells: &mut Cells) {
    let came = |(case, fact): &(CaseId, Fact)| FactChange { case: *case, before: None, after: Some(fact.clone()) };
    let changes: Vec<FactChange> = facts.iter().map(came).collect();
    cells_of_changes(cells, &world.model, shard, &changes);
}

/// The facts and counters of a shard as its rows give them, facts in no order: all of them at once, for looking at a small
/// installation. What goes piece by piece is [`recount`].
///
/// # Errors
/// Of the store.
pub async fn figures_of_rows(
    store: &dyn Store,
    world: &World,
    shard: Shard,
) -> Result<(Vec<(CaseId, Fact)>, Cells), StoreError> {
    let mut facts = facts_of_shard(world, shard, store.record_versions(shard).await?);
    each_case(store, shard, |case| facts.extend(facts_of(world, &case))).await?;
    let mut cells = Cells::new();
    count(world, shard, &facts, &mut cells);
    cells.retain(|_, cell| *cell != (0, 0));
    Ok((facts, cells))
}

/// Whether the facts and counters that are kept for a shard are those its rows give.
///
/// # Errors
/// Of the store.
pub async fn figures_equal(store: &dyn Store, world: &World, shard: Shard) -> Result<bool, StoreError> {
    let mut kept = Scan::default();
    let counted = counting::count(store, &Arc::new(world.clone()), shard, &Keep::Nothing, &mut kept).await?;
    Ok(kept.found == counted.digests && store.cells_all(shard).await? == counted.cells)
}

/// Counts the figures of a shard anew from its rows, in pieces so that memory stays bounded; gives how many facts there are. What is
/// kept is held against what the rows give, and only what differs is written: facts by measure and day, counters by measure. Nothing
/// else may write to the shard meanwhile.
///
/// # Errors
/// Of the store; the figures of the shard are then incomplete until it is counted again.
pub async fn recount(store: &dyn Store, world: &World, shard: Shard) -> Result<u64, StoreError> {
    recounted(store, &Arc::new(world.clone()), shard).await
}

/// Counts the figures of several shards anew as [`recount`] does, some of them at a time: one alone is bounded by who reads its rows.
///
/// # Errors
/// Of the store, the first, after which no shard is begun; the figures of those that were not finished are then incomplete until they are
/// counted again.
pub async fn recount_all(
    store: &Arc<dyn Store>,
    world: &World,
    shards: impl IntoIterator<Item = Shard>,
) -> Result<u64, StoreError> {
    let world = Arc::new(world.clone());
    let has_failed = Arc::new(AtomicBool::new(false));
    let one = |shard: Shard| {
        let (store, world, has_failed) = (store.clone(), world.clone(), has_failed.clone());
        asking(move || async move {
            if has_failed.load(Ordering::Relaxed) {
                return Ok(0);
            }
            let counted = recounted(store.as_ref(), &world, shard).await;
            has_failed.fetch_or(counted.is_err(), Ordering::Relaxed);
            counted
        })
    };
    let each: Vec<_> = shards.into_iter().map(one).collect();
    let mut each = stream::iter(each).buffer_unordered(counting::hands());
    let mut facts = Ok(0);
    // Also after one failed: nobody counts any more when this returns.
    while let Some(counted) = each.next().await {
        facts = facts.and_then(|facts| Ok(facts + counted.flatten()?));
    }
    facts
}

async fn recounted(store: &dyn Store, world: &Arc<World>, shard: Shard) -> Result<u64, StoreError> {
    let mut kept = Scan::default();
    kept.go_on(store, shard).await?;
    let is_bare = kept.found.is_empty();
    let keep = if is_bare { Keep::All } else { Keep::Nothing };
    let counted = counting::count(store, world, shard, &keep, &mut kept).await?;
    let facts = if is_bare { Vec::new() } else { differing(&kept.found, &counted.digests) };
    if !facts.is_empty() {
        store.figures_forget(shard, &facts, &[]).await?;
        let keep = Keep::Of(Arc::new(facts.into_iter().collect()));
        counting::count(store, world, shard, &keep, &mut Scan::none()).await?;
    }
    let counters = counters_differing(&store.cells_all(shard).await?, &counted.cells);
    if !counters.is_empty() {
        store.figures_forget(shard, &[], &counters).await?;
        let mut cells = counted.cells;
        cells.retain(|key, _| counters.binary_search(&key.measure).is_ok());
        store.figures_add(shard, &[], &cells).await?;
    }
    Ok(counted.facts)
}

/// The measures some counter of which differs, in order.
fn counters_differing(kept: &Cells, counted: &Cells) -> Vec<String> {
    let changed = kept.iter().filter(|(key, cell)| counted.get(*key) != Some(cell));
    let only = counted.iter().filter(|(key, _)| !kept.contains_key(*key));
    let measures: BTreeSet<&String> = changed.chain(only).map(|(key, _)| &key.measure).collect();
    measures.into_iter().cloned().collect()
}

/// Counts all figures anew if the measures, or rows that came with packs, are not those the figures were counted by. Gives the
/// number of facts, `None` when nothing had to be done.
///
/// # Errors
/// Of the store.
pub async fn recount_if_changed(store: &Arc<dyn Store>, world: &World) -> Result<Option<u64>, StoreError> {
    let counted_by = fingerprint(world);
    if store.setting(COUNTED_BY).await?.as_deref() == Some(counted_by.as_str()) {
        return Ok(None);
    }
    let mut shards: BTreeSet<Shard> = store.positions().await?.into_iter().map(|(shard, _)| shard).collect();
    shards.insert(Shard::DEPLOYMENT);
    let facts = recount_all(store, world, shards).await?;
    store.setting_put(COUNTED_BY, &counted_by).await?;
    Ok(Some(facts))
}

/// Notes that the figures are counted by what `world` measures, so that a start does not count them again.
///
/// # Errors
/// Of the store.
pub async fn counted(store: &dyn Store, world: &World) -> Result<(), StoreError> {
    store.setting_put(COUNTED_BY, &fingerprint(world)).await
}

/// What figures are counted by, as a hash.
fn fingerprint(world: &World) -> String {
    let measured = |register: &&String| ganglion_indicators::is_measured(&world.model, register);
    let seeds = world.model.seeds.iter().filter(|(register, _)| measured(register)).collect::<Vec<_>>();
    let text = serde_json::to_string(&(&world.model.measures, seeds)).unwrap_or_default();
    ganglion_kernel::merkle::leaf_hash(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which rows break the rules `today`, from all rows; those of other rules over the same rows are among them. Cases are read once for
/// all rules, and of every process: a page of one alone has no bound where its cases are rare and no index finds them. Rules that look
/// at today are left out without a day.
pub(crate) async fn broken(
    store: &dyn Store,
    world: &World,
    rules: &[&Rule],
    today: Option<Date>,
) -> Result<Vec<Violation>, StoreError> {
    let mut found: Vec<Violation> = Vec::new();
    let shards: Vec<Shard> = store.positions().await?.into_iter().map(|(shard, _)| shard).collect();
    if rules.iter().any(|rule| matches!(rule.over, Source::Process(_))) {
        for shard in &shards {
            each_case(store, *shard, |case| found.extend(broken_by_case(&world.model, world, &case, today))).await?;
        }
    }
    let registers: BTreeSet<&String> = rules
        .iter()
        .filter_map(|rule| match &rule.over {
            Source::Register(register) => Some(register),
            Source::Process(_) => None,
        })
        .collect();
    let mut rows: BTreeMap<RowKey, Vec<Record>> = BTreeMap::new();
    for versions in registers.iter().flat_map(|register| world.each_row(register)) {
        rows.extend(versions.first().map(|first| (first.row_key(), versions.clone())));
    }
    for shard in shards.iter().filter(|_| !registers.is_empty()) {
        for record in store.record_versions(*shard).await?.into_iter().filter(|one| registers.contains(&one.register)) {
            put_version(rows.entry(record.row_key()).or_default(), record);
        }
    }
    let root = world.places.root;
    found.extend(rows.values().flat_map(|versions| broken_by_row(&world.model, world, versions, root, today)));
    Ok(found)
}

/// Finds again which rows break the rules named, from all rows, and notes it: after rules were installed or changed. A rule that is
/// gone is broken by nothing; those that look at today are judged by [`crate::judged`].
async fn violations(store: &dyn Store, world: &World, names: &[String]) -> Result<(), StoreError> {
    let rules: Vec<&Rule> = names.iter().filter_map(|name| world.model.rules.get(name)).collect();
    let found = broken(store, world, &rules, None).await?;
    for name in names.iter().filter(|name| world.model.rules.get(*name).is_none_or(|rule| !rule.daily)) {
        let of_rule: Vec<Violation> = found.iter().filter(|one| one.rule == *name).cloned().collect();
        store.violations_set(name, &of_rule).await?;
    }
    store.setting_put(JUDGED, "").await
}

/// Name of the setting that says by which rules violations were last found.
const RULES: &str = "rules";

/// A rule without its words and its place in the list, which break nothing.
fn judged_by(rule: &Rule) -> Rule {
    Rule { order: 0, title: Text::default(), message: Text::default(), ..rule.clone() }
}

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
    let judged = |rules: &BTreeMap<String, Rule>, name: &String| rules.get(name).map(judged_by);
    let is_changed = |name: &&String| judged(&known, name) != judged(now, name);
    let changed: Vec<String> = names.into_iter().filter(is_changed).cloned().collect();
    if !changed.is_empty() {
        violations(store, world, &changed).await?;
    }
    if known != *now {
        store.setting_put(RULES, &serde_json::to_string(now).unwrap_or_default()).await?;
    }
    Ok(changed)
}

//! Rules that look at today, judged once a day for every row: what the day alone has broken, and what it has mended.
//!
//! Rows change meanwhile. What came out otherwise than it is noted is therefore looked at once more with the head of its shard in
//! hand, and written only if nothing was committed to the shard since.

use crate::rebuild::broken;
use ganglion_kernel::port::{Head, ShardWrite, Store, Want};
use ganglion_kernel::rules::{JUDGED, Violation, ViolationFilter, broken_by_case, broken_by_row};
use ganglion_kernel::world::put_version;
use ganglion_kernel::{StoreError, World};
use ganglion_model::pack::{Rule, Source};
use ganglion_model::{CaseId, Record, Shard};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Rows read and written at a time.
const AT_ONCE: usize = 100;
/// Violations read at a time.
const PAGE: u32 = 1_000;
/// How often some rows are looked at again because their shard moved on.
const TRIES_MAX: u32 = 20;

/// Judges every rule that looks at today, if that was not done for `today` yet. Gives how many rows are noted otherwise than
/// before, `None` when there was nothing to do.
///
/// # Errors
/// Of the store; what was not done is found again.
pub async fn judge(store: &dyn Store, world: &World, today: Date) -> Result<Option<usize>, StoreError> {
    let rules: Vec<&Rule> = world.model.rules.values().filter(|rule| rule.daily).collect();
    let day = today.to_string();
    if rules.is_empty() || store.setting(JUDGED).await?.as_deref() == Some(day.as_str()) {
        return Ok(None);
    }
    let mut found = broken(store, world, &rules, Some(today)).await?;
    found.retain(|one| rules.iter().any(|rule| rule.name == one.rule));
    let mut by_shard: BTreeMap<Shard, Vec<Violation>> = BTreeMap::new();
    for one in otherwise(found, noted(store, &rules).await?) {
        by_shard.entry(one.shard).or_default().push(one);
    }
    let mut changed = 0;
    for (shard, rows) in by_shard {
        for some in rows.chunks(AT_ONCE) {
            settle(store, world, (shard, some), today).await?;
            changed += some.len();
        }
    }
    store.setting_put(JUDGED, &day).await?;
    Ok(Some(changed))
}

/// What is noted for the rules.
async fn noted(store: &dyn Store, rules: &[&Rule]) -> Result<Vec<Violation>, StoreError> {
    let mut all = Vec::new();
    for rule in rules {
        let filter = ViolationFilter { rule: rule.name.clone(), place: None };
        let mut after: Option<(Timestamp, CaseId)> = None;
        loop {
            let page = store.violations(&filter, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.since, last.id));
            all.extend(page);
        }
    }
    Ok(all)
}

type Key = (Shard, String, CaseId);

fn by_key(all: Vec<Violation>) -> BTreeMap<Key, Violation> {
    all.into_iter().map(|one| ((one.shard, one.rule.clone(), one.id), one)).collect()
}

/// What is in one of the two and not, or counting elsewhere, in the other.
fn otherwise(found: Vec<Violation>, noted: Vec<Violation>) -> Vec<Violation> {
    let (found, mut noted) = (by_key(found), by_key(noted));
    let mut all = Vec::new();
    for (key, one) in found {
        let known = noted.remove(&key);
        if known.is_none_or(|known| (known.place, &known.subject) != (one.place, &one.subject)) {
            all.push(one);
        }
    }
    all.extend(noted.into_values());
    all
}

/// Judges some rows again and writes what came out, with nothing committed to their shard in between.
async fn settle(
    store: &dyn Store,
    world: &World,
    (shard, rows): (Shard, &[Violation]),
    today: Date,
) -> Result<(), StoreError> {
    let mut tries = 1;
    loop {
        let head = head(store, shard).await?;
        let mut write = ShardWrite { shard, expected_seq: head.seq, head, ..ShardWrite::default() };
        for one in rows {
            match again(store, world, one, today).await? {
                Some(broken) => write.violations.push(broken),
                None => write.violations_gone.push((one.rule.clone(), one.id)),
            }
        }
        match store.write(&[write]).await {
            Err(StoreError::Moved(_)) if tries < TRIES_MAX => tries += 1,
            done => return done,
        }
    }
}

async fn head(store: &dyn Store, shard: Shard) -> Result<Head, StoreError> {
    let loaded = store.load(&Want { shards: vec![shard], ..Want::default() }).await?;
    Ok(loaded.heads.get(&shard).cloned().unwrap_or_default())
}

/// The row as it stands now, judged by the rule it was found by.
async fn again(
    store: &dyn Store,
    world: &World,
    one: &Violation,
    today: Date,
) -> Result<Option<Violation>, StoreError> {
    let Some(rule) = world.model.rules.get(&one.rule) else { return Ok(None) };
    let today = Some(today);
    let broken = match &rule.over {
        Source::Process(_) => {
            let case = store.case(one.shard, one.id).await?;
            case.map(|case| broken_by_case(&world.model, world, &case, today)).unwrap_or_default()
        }
        Source::Register(register) => {
            // Rows that came with packs are in memory until they change.
            let given = world.versions(register, &one.subject).iter().filter(|version| version.shard == one.shard);
            let mut versions: Vec<Record> = given.cloned().collect();
            for version in store.row_versions(&(one.shard, register.clone(), one.subject.clone())).await? {
                put_version(&mut versions, version);
            }
            broken_by_row(&world.model, world, &versions, world.places.root, today)
        }
    };
    Ok(broken.into_iter().find(|found| found.rule == one.rule))
}

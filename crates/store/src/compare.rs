//! Rows held against the journal they came from. The public log proves the journal; this proves that cases and rows of registers say
//! what the journal says: played again into an empty store, it must give the same rows.

use crate::rebuild::page;
use crate::replay::{ReplayError, replay};
use ganglion_kernel::port::{After, CaseOrder, Store};
use ganglion_kernel::{StoreError, World};
use ganglion_model::row::Record;
use ganglion_model::{Case, Shard};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Rows that are not what the journal of `store` gives when it is played into `again`, which must be empty; each in words.
///
/// # Errors
/// When the journal does not replay, or a store fails.
pub async fn strangers(store: &dyn Store, again: &dyn Store, world: &World) -> Result<Vec<String>, ReplayError> {
    let mut found = Vec::new();
    for one in replay(store, again, world).await? {
        cases(store, again, one.shard, &mut found).await?;
        rows(store, again, one.shard, &mut found).await?;
    }
    Ok(found)
}

/// Parts of two values that differ, by name.
fn parts(a: &impl Serialize, b: &impl Serialize) -> String {
    let (Ok(Value::Object(a)), Ok(Value::Object(b))) = (serde_json::to_value(a), serde_json::to_value(b)) else {
        return String::new();
    };
    let names: Vec<&str> = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))).map(String::as_str).collect();
    let differing = names.into_iter().filter(|name| a.get(*name) != b.get(*name));
    differing.collect::<Vec<_>>().join(", ")
}

async fn cases(store: &dyn Store, again: &dyn Store, shard: Shard, found: &mut Vec<String>) -> Result<(), StoreError> {
    let mut after: Option<After> = None;
    loop {
        let stored: Vec<Case> = page(store, shard, after.as_ref()).await?;
        let Some(last) = stored.last() else { break };
        after = Some(After::of(last, CaseOrder::Opened));
        for case in &stored {
            match again.case(shard, case.id).await? {
                None => found.push(format!("case {} stands in no line of the journal", case.number)),
                Some(played) if played != *case => {
                    let parts = parts(case, &played);
                    found.push(format!("case {} is not what the journal says: {parts}", case.number));
                }
                Some(_) => {}
            }
        }
    }
    let mut after: Option<After> = None;
    loop {
        let played: Vec<Case> = page(again, shard, after.as_ref()).await?;
        let Some(last) = played.last() else { return Ok(()) };
        after = Some(After::of(last, CaseOrder::Opened));
        for case in &played {
            if store.case(shard, case.id).await?.is_none() {
                found.push(format!("case {} is missing", case.number));
            }
        }
    }
}

type Versions = BTreeMap<(String, String, Option<Date>), Record>;

async fn versions(store: &dyn Store, shard: Shard) -> Result<Versions, StoreError> {
    let all = store.record_versions(shard).await?.into_iter();
    Ok(all.map(|one| ((one.register.clone(), one.key.clone(), one.valid_from), one)).collect())
}

async fn rows(store: &dyn Store, again: &dyn Store, shard: Shard, found: &mut Vec<String>) -> Result<(), StoreError> {
    let (stored, played) = (versions(store, shard).await?, versions(again, shard).await?);
    for (key, record) in &stored {
        let name = format!("row {}/{} of {shard}", key.0, key.1);
        match played.get(key) {
            None => found.push(format!("{name} stands in no line of the journal")),
            Some(other) if other != record => {
                found.push(format!("{name} is not what the journal says: {}", parts(record, other)));
            }
            Some(_) => {}
        }
    }
    for key in played.keys().filter(|key| !stored.contains_key(*key)) {
        found.push(format!("row {}/{} of {shard} is missing", key.0, key.1));
    }
    Ok(())
}

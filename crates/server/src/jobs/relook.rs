//! Keyed hashes by which rows are found: made anew under the newest key of the installation, which `ganglion keys rotate` does at once
//! and a running server now and then, and made for rows that were written before there were any.

use super::noted;
use crate::app::App;
use crate::error::Error;
use ganglion_kernel::port_rows::{RowFilter, RowOrder};
use ganglion_kernel::seal::{self, Key, Keyring};
use ganglion_kernel::seal_lookup::{self, ALL, LookedUp, Lookups, SETTING};
use ganglion_kernel::{Store, StoreError};
use ganglion_model::clocks::local_date;
use ganglion_model::{CaseId, Fields, Shard};
use serde_json::Value;

/// The setting that notes which key all hashes are made with.
const NOTED: &str = "lookups_made";
/// Hashes or rows of one transaction.
const AT_ONCE: u32 = 200;

/// What a page came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relooking {
    /// Hashes made anew.
    pub made: u64,
    /// Hashes whose values no key of the ring opens, or that were erased meanwhile.
    pub left: u64,
    /// Where the next page begins; none at the end.
    pub next: Option<LookedUp>,
}

/// Makes one page of hashes anew, after the one given.
///
/// # Errors
/// When the store fails; what was made stays so.
pub async fn page(store: &dyn Store, ring: &Keyring, after: Option<&LookedUp>) -> Result<Relooking, StoreError> {
    let found = store.lookups_of_others(&ring.current(), after, AT_ONCE).await?;
    let next = found.last().filter(|_| found.len() == AT_ONCE as usize).cloned();
    let looked = found.len() as u64;
    let mut again = Vec::new();
    for one in found {
        let clear = clear(store, ring, &one).await?;
        again.extend(seal_lookup::again(ring, one, &clear));
    }
    let made = if again.is_empty() { 0 } else { store.lookups_again(&again).await? };
    Ok(Relooking { made, left: looked - made, next })
}

async fn key_of(store: &dyn Store, ring: &Keyring, (shard, row): (Shard, CaseId)) -> Result<Option<Key>, StoreError> {
    Ok(store.key(shard, row).await?.and_then(|wrapped| ring.unwrap(&wrapped)))
}

/// The values a row may have been found by under a hash: of a register row, those of every version.
async fn clear(store: &dyn Store, ring: &Keyring, one: &LookedUp) -> Result<Vec<String>, StoreError> {
    let Some(key) = key_of(store, ring, (one.shard, one.row)).await? else { return Ok(Vec::new()) };
    let (of, field) = one.names();
    let open = |fields: &Fields| seal::open(&key, fields.get(field).and_then(Value::as_str)?);
    if one.key.is_empty() {
        return Ok(store.case(one.shard, one.row).await?.iter().filter_map(|case| open(&case.fields)).collect());
    }
    let versions = store.row_versions(&(one.shard, of.to_owned(), one.key.clone())).await?;
    Ok(versions.iter().filter_map(|version| open(&version.fields)).collect())
}

/// Makes what is missing and what older keys made, unless it is noted that there is nothing.
///
/// # Errors
/// When the store fails; the rest is done at the next turn.
pub async fn run(app: &App) -> Result<(), Error> {
    if app.store.setting(SETTING).await?.as_deref() != Some(ALL) {
        of_cases(app).await?;
        of_rows(app).await?;
        if stops(app) {
            return Ok(());
        }
        app.store.setting_put(SETTING, ALL).await?;
        tracing::info!("every row is found by its sealed telephones and identity numbers");
    }
    let (store, current, now) = (app.store.as_ref(), app.ring.current(), app.clock.now());
    if !noted::is_due(store, NOTED, (&current, now)).await? {
        return Ok(());
    }
    let (mut after, mut left) = (None, 0);
    loop {
        let done = page(store, &app.ring, after.as_ref()).await?;
        if done.left > 0 {
            tracing::warn!(count = done.left, "keyed hashes of values that no key of this installation opens");
        }
        left += done.left;
        after = done.next;
        if stops(app) {
            return Ok(());
        }
        if after.is_none() {
            break;
        }
    }
    if left == 0 && app.ring.current() == current {
        noted::note(store, NOTED, (&current, now)).await?;
    }
    Ok(())
}

fn stops(app: &App) -> bool {
    *app.stopping.borrow()
}

/// Cases from before.
async fn of_cases(app: &App) -> Result<(), Error> {
    let (store, world) = (app.store.as_ref(), app.world.load_full());
    let mut after = None;
    loop {
        let keys = store.keys_of_others("", after, AT_ONCE).await?;
        after = keys.last().filter(|_| keys.len() == AT_ONCE as usize).map(|key| (key.shard, key.row));
        let mut made = Vec::new();
        for wrapped in keys {
            let (Some(key), Some(case)) =
                (app.ring.unwrap(&wrapped.wrapped), store.case(wrapped.shard, wrapped.row).await?)
            else {
                continue;
            };
            let sealed = seal_lookup::of_case(&world.model, &case);
            let entries = seal_lookup::entries(&app.ring, &key, &sealed);
            made.push(Lookups { shard: case.shard, row: case.id, key: String::new(), entries });
        }
        store.lookups_put(&made).await?;
        if after.is_none() || stops(app) {
            return Ok(());
        }
    }
}

/// Rows of registers from before that hold today.
async fn of_rows(app: &App) -> Result<(), Error> {
    let (store, world) = (app.store.as_ref(), app.world.load_full());
    let found = world.model.registers.values().filter(|one| one.fields.iter().any(seal_lookup::is_looked_up));
    let (today, order) = (local_date(app.clock.now()), RowOrder::default());
    for register in found {
        let filter = RowFilter::of(&register.name, today);
        let mut after = None;
        loop {
            let rows = store.rows(&filter, &order, after.as_ref(), AT_ONCE).await?;
            after = rows.last().filter(|_| rows.len() == AT_ONCE as usize).map(|row| order.after(row));
            let mut made = Vec::new();
            for row in rows {
                let Some(key) = key_of(store, &app.ring, (row.shard, row.id())).await? else { continue };
                let versions = store.row_versions(&row.row_key()).await?;
                let entries = seal_lookup::entries(&app.ring, &key, &seal_lookup::of_versions(&world.model, &versions));
                made.push(Lookups { shard: row.shard, row: row.id(), key: row.key.clone(), entries });
            }
            store.lookups_put(&made).await?;
            if after.is_none() || stops(app) {
                break;
            }
        }
    }
    Ok(())
}

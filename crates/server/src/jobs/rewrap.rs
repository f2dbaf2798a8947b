//! Wrapping row keys by the newest key of the installation: what `ganglion keys rotate` does at once, and what a running server does
//! for row keys it wrapped itself before it knew of the new key.

use super::noted;
use crate::app::App;
use crate::error::Error;
use ganglion_kernel::port::Rewrapped;
use ganglion_kernel::seal::Keyring;
use ganglion_kernel::{Store, StoreError};
use ganglion_model::{CaseId, Shard};

/// The setting that notes which key wraps all row keys.
const NOTED: &str = "keys_wrapped";
/// Row keys looked at in one transaction.
const AT_ONCE: u32 = 500;

/// What a page came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewrapping {
    /// Row keys wrapped anew.
    pub wrapped: u64,
    /// Row keys no key of the ring opens: they stay as they are.
    pub closed: u64,
    /// Where the next page begins; none at the end.
    pub next: Option<(Shard, CaseId)>,
}

/// Wraps one page of row keys, after the row given.
///
/// # Errors
/// When the store fails; what was wrapped stays so.
pub async fn page(store: &dyn Store, ring: &Keyring, after: Option<(Shard, CaseId)>) -> Result<Rewrapping, StoreError> {
    let found = store.keys_of_others(&ring.current(), after, AT_ONCE).await?;
    let next = found.last().filter(|_| found.len() == AT_ONCE as usize).map(|key| (key.shard, key.row));
    let looked = found.len() as u64;
    let anew = |from: ganglion_kernel::port::WrappedKey| {
        let key = ring.unwrap(&from.wrapped)?;
        let to = ring.wrap(&from.row.to_string(), &key)?;
        Some(Rewrapped { from, to })
    };
    let opened: Vec<Rewrapped> = found.into_iter().filter_map(anew).collect();
    let closed = looked - opened.len() as u64;
    let wrapped = if opened.is_empty() { 0 } else { store.keys_rewrap(&opened).await? };
    Ok(Rewrapping { wrapped, closed, next })
}

/// Wraps what is left under older keys, unless it is noted that nothing is: to find that out is to read every row key.
///
/// # Errors
/// When the store fails; the rest is done at the next turn.
pub async fn run(app: &App) -> Result<(), Error> {
    app.ring.refresh();
    let (store, current, now) = (app.store.as_ref(), app.ring.current(), app.clock.now());
    if !noted::is_due(store, NOTED, (&current, now)).await? {
        return Ok(());
    }
    let (mut after, mut closed) = (None, 0);
    loop {
        let done = page(store, &app.ring, after).await?;
        if done.closed > 0 {
            tracing::error!(count = done.closed, "row keys are opened by no key of this installation");
        }
        closed += done.closed;
        after = done.next;
        if after.is_none() {
            break;
        }
    }
    // What stayed closed is said again at every turn until the key that opens it is there.
    if closed == 0 && app.ring.current() == current {
        noted::note(store, NOTED, (&current, now)).await?;
    }
    Ok(())
}

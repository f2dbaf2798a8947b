//! Words of every case made anew, through the port alone: after a copy, which takes no words along.

use ganglion_kernel::port::{After, CaseFilter, CaseOrder, Store};
use ganglion_kernel::{StoreError, World, words};

/// Cases at a time.
const PAGE: u32 = 500;
/// The setting that says that every case has its words.
pub const SETTING: &str = "case_words";
/// What it then says.
pub const ALL: &str = "all";

/// Puts the words of every case, and notes that all have them. `told` is given the number of cases so far.
///
/// # Errors
/// Of the store; what was put stays, and the server goes on from there.
pub async fn put_all(store: &dyn Store, world: &World, mut told: impl FnMut(u64)) -> Result<u64, StoreError> {
    let (mut after, mut count): (Option<After>, u64) = (None, 0);
    loop {
        let page = store.cases(&CaseFilter::default(), CaseOrder::Opened, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(After::of(last, CaseOrder::Opened));
        let words: Vec<_> = page.iter().map(|case| (case.shard, case.id, words::of_case(world, case))).collect();
        store.case_words_put(&words).await?;
        count += words.len() as u64;
        told(count);
    }
    store.setting_put(SETTING, ALL).await?;
    Ok(count)
}

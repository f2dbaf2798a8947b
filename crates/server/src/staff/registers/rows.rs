//! Reading rows wherever they are: those of the deployment in memory, those kept by place in the store.

use crate::error::Error;
use crate::web::Web;
use ganglion_kernel::port_rows::{RowAfter, RowFilter, RowOrder, page_of};
use ganglion_kernel::{Store, World};
use ganglion_model::pack::{Register, Scope};
use ganglion_model::{Record, RowKey, Shard};

/// A page of a list.
pub struct RowPage {
    /// Its rows.
    pub rows: Vec<Record>,
    /// Where the next page begins, if there is one.
    pub next: Option<RowAfter>,
}

fn is_in_memory(register: &Register) -> bool {
    register.scope == Scope::Deployment
}

/// A page of rows.
///
/// # Errors
/// Storage.
pub async fn page(
    web: &Web,
    register: &Register,
    (filter, order): (&RowFilter, &RowOrder),
    after: Option<&RowAfter>,
    limit: u32,
) -> Result<RowPage, Error> {
    page_in((web.app.store.as_ref(), web.world.as_ref()), register, (filter, order), (after, limit)).await
}

/// As [`page`], without a request.
///
/// # Errors
/// Storage.
pub async fn page_in(
    (store, world): (&dyn Store, &World),
    register: &Register,
    (filter, order): (&RowFilter, &RowOrder),
    (after, limit): (Option<&RowAfter>, u32),
) -> Result<RowPage, Error> {
    let mut rows: Vec<Record> = if is_in_memory(register) {
        let all = world.each_row(&register.name).flatten();
        page_of(all, (filter, order), after, limit as usize + 1).into_iter().cloned().collect()
    } else {
        store.rows(filter, order, after, limit + 1).await?
    };
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|last| order.after(last));
    Ok(RowPage { rows, next })
}

/// How many rows a filter has.
///
/// # Errors
/// Storage.
pub async fn count(web: &Web, register: &Register, filter: &RowFilter) -> Result<u64, Error> {
    if is_in_memory(register) {
        let kept = web.world.each_row(&register.name).flatten().filter(|record| filter.keeps(record)).count();
        return Ok(kept as u64);
    }
    Ok(web.app.store.row_count(filter).await?)
}

/// Every version of a row, in order of validity.
///
/// # Errors
/// Storage.
pub async fn versions(web: &Web, row: &RowKey) -> Result<Vec<Record>, Error> {
    let (shard, register, key) = row;
    if *shard == Shard::DEPLOYMENT {
        return Ok(web.world.versions(register, key).to_vec());
    }
    Ok(web.app.store.row_versions(row).await?)
}

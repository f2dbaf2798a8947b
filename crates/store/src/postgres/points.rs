//! Whether few cases lie in the box a list asks for: then they are read by their points, and sorted.

use super::row::{Column, Stored};
use super::sql::one;
use crate::points::{SORTED_MAX, bounds};
use deadpool_postgres::Object;
use ganglion_kernel::port::CaseFilter;
use ganglion_model::Level;

const ATTEMPTED: &str = "counting cases in a box";
/// The points in a box, of the time asked for, up to so many; the index of points answers it alone.
pub(super) const INSIDE: &str = "SELECT count(*) FROM (SELECT 1 FROM case_row c WHERE c.lat BETWEEN $1 AND $2 AND c.lon BETWEEN $3 AND $4 \
                                 AND c.opened_at >= $5 AND c.opened_at < $6 LIMIT $7) k";

/// Whether a list is read by points. Open cases stand in a table of their own, which is short.
pub(super) async fn are_few(client: &Object, filter: &CaseFilter) -> Stored<bool> {
    let Some([west, south, east, north]) = bounds(filter, Level::County).filter(|_| filter.open != Some(true)) else {
        return Ok(false);
    };
    let opened = filter.opened.map(|(from, to)| (from.as_microsecond(), to.as_microsecond()));
    let (from, to) = opened.unwrap_or((i64::MIN, i64::MAX));
    let most = u64::from(SORTED_MAX);
    let limit = i64::from(SORTED_MAX) + 1;
    let read = |row: &tokio_postgres::Row| Column("case_row", "count").count(row, 0);
    let found = one(client, ATTEMPTED, (INSIDE, &[&south, &north, &west, &east, &from, &to, &limit]), read).await?;
    Ok(found.is_some_and(|found| found <= most))
}

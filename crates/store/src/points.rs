//! When a list of cases is read by their points, in either database: few lie in the box it asks for. A walk by time would go through all the
//! city ever had to find them (docs/decisions/0072).

use ganglion_kernel::port::CaseFilter;
use ganglion_model::Level;

/// So many in a box are sorted; where there are more, a walk by time meets a page of them sooner. Few where the laws are tried, so that both
/// ways are.
pub(crate) const SORTED_MAX: u32 = if cfg!(debug_assertions) { 5 } else { 8_000 };

/// Whether the cases of a filter have a short way already: what a post opened, has or assists.
pub(crate) fn is_of_posts(filter: &CaseFilter) -> bool {
    !filter.assignees.is_empty() || filter.opened_by.is_some()
}

/// The box of a filter (west, south, east, north) where it is worth asking how many lie in it: that of a place of `least`, or of a larger
/// one. What a smaller place ever had is walked before.
pub(crate) fn bounds(filter: &CaseFilter, least: Level) -> Option<[f64; 4]> {
    let is_wide = filter.place.is_none_or(|place| place.level() <= least);
    filter.bounds.filter(|_| is_wide && !is_of_posts(filter))
}

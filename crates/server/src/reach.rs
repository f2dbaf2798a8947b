//! Narrowing a list to what a post may list: the list form of "may read", pushed down to the store.

use ganglion_kernel::World;
use ganglion_kernel::decide::who::{Reach, reach};
use ganglion_kernel::port::CaseFilter;
use ganglion_model::{PlaceCode, Post};

/// The narrower of two places; `None` when neither holds the other.
fn narrower(a: PlaceCode, b: PlaceCode) -> Option<PlaceCode> {
    if a.holds(b) {
        Some(b)
    } else if b.holds(a) {
        Some(a)
    } else {
        None
    }
}

/// Filters that together list what `post` may see of `asked`, each row once. Processes are split by how far the post
/// reaches into them: its subtree, or only what it is tied to.
#[must_use]
pub fn narrowed(world: &World, post: &Post, asked: &CaseFilter) -> Vec<CaseFilter> {
    let mut wide = Vec::new();
    let mut own = Vec::new();
    for process in world.model.processes.values() {
        if !asked.processes.is_empty() && !asked.processes.contains(&process.name) {
            continue;
        }
        match reach(process, post) {
            Reach::Subtree(_) => wide.push(process.name.clone()),
            Reach::Own => own.push(process.name.clone()),
        }
    }
    let mut filters = Vec::new();
    let place = asked.place.map_or(Some(post.place), |place| narrower(post.place, place));
    if let Some(place) = place.filter(|_| !wide.is_empty()) {
        filters.push(CaseFilter { place: Some(place), processes: wide, ..asked.clone() });
    }
    if !own.is_empty() && (asked.assignees.is_empty() || asked.assignees.contains(&post.id)) && !asked.unassigned {
        filters.push(CaseFilter { processes: own, assignees: vec![post.id.clone()], ..asked.clone() });
    }
    filters
}

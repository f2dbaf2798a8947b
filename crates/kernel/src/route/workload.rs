//! Choosing a post by workload: fewest open cases, then the one whose newest case is the oldest, then the first by id. The
//! same rows always give the same post.

use crate::world::World;
use ganglion_model::pack::Workload;
use ganglion_model::row::Chosen;
use ganglion_model::{Level, PlaceCode, Post, PostId};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::HashMap;

/// Most posts compared for one case.
const POSTS_MAX: usize = 200;

/// How busy a post is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Open cases it has.
    pub open: u32,
    /// When its newest case was opened.
    pub newest: Option<Timestamp>,
}

/// Posts of a role at a level that a case at `place` is in reach of, held by somebody, in id order.
#[must_use]
pub fn posts(world: &World, by: &Workload, place: PlaceCode, day: Date) -> Vec<PostId> {
    let at = place.at(by.level).into_iter().flat_map(|place| world.posts.at(place));
    let fits = |post: &&Post| post.role == by.role && post.valid_on(day) && post.account.is_some();
    at.filter(fits).take(POSTS_MAX).map(|post| post.id.clone()).collect()
}

/// Posts of a role at the deepest level above `place` that has any.
#[must_use]
pub fn of_role(world: &World, role: &str, place: PlaceCode, day: Date) -> Vec<PostId> {
    let levels = Level::ALL.into_iter().rev().filter(|level| *level <= place.level());
    let mut found = levels.map(|level| posts(world, &Workload { role: role.to_owned(), level }, place, day));
    found.find(|posts| !posts.is_empty()).unwrap_or_default()
}

/// The least busy of `among`; a post nothing is known of has no cases.
#[must_use]
pub fn choose(loads: &HashMap<PostId, Load>, among: &[PostId]) -> Option<Chosen> {
    let load = |post: &PostId| loads.get(post).copied().unwrap_or_default();
    let best = among.iter().min_by_key(|post| {
        let load = load(post);
        (load.open, load.newest, (*post).clone())
    })?;
    let among = u32::try_from(among.len()).unwrap_or(u32::MAX);
    Some(Chosen { post: best.clone(), open: load(best).open, among })
}

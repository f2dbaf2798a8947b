//! How busy posts are while a batch is decided: what storage counted, corrected by what the batch has changed so far.

use super::Batch;
use crate::route::workload::Load;
use ganglion_model::PostId;
use ganglion_model::row::Case;
use jiff::Timestamp;
use std::collections::HashMap;

/// Cases that came and went in this batch, by post.
#[derive(Default)]
pub(super) struct Moved(HashMap<PostId, (i64, Option<Timestamp>)>);

/// The post that has an open case.
pub(super) fn held_by(case: &Case) -> Option<&PostId> {
    case.assignee.as_ref().filter(|_| case.closed_at.is_none())
}

impl Moved {
    /// Notes who had a case before and who has it now.
    pub fn note(&mut self, loads: &mut HashMap<PostId, Load>, before: Option<PostId>, case: Option<&Case>) {
        let after = case.and_then(held_by);
        if before.as_ref() == after {
            return;
        }
        if let Some(before) = before {
            self.0.entry(before.clone()).or_default().0 -= 1;
            if let Some(load) = loads.get_mut(&before) {
                load.open = load.open.saturating_sub(1);
            }
        }
        if let (Some(after), Some(case)) = (after, case) {
            let moved = self.0.entry(after.clone()).or_default();
            moved.0 += 1;
            moved.1 = moved.1.max(Some(case.opened_at));
            if let Some(load) = loads.get_mut(after) {
                load.open += 1;
                load.newest = load.newest.max(Some(case.opened_at));
            }
        }
    }

    fn corrected(&self, post: &PostId, load: Load) -> Load {
        let Some((moved, newest)) = self.0.get(post) else { return load };
        let open = u32::try_from((i64::from(load.open) + moved).max(0)).unwrap_or(u32::MAX);
        Load { open, newest: load.newest.max(*newest) }
    }
}

impl Batch<'_> {
    /// Adds workloads as storage counted them.
    pub(super) fn add_loads(&mut self, loads: Vec<(PostId, Load)>) {
        for (post, load) in loads {
            let load = self.moved.corrected(&post, load);
            self.state.loads.insert(post, load);
        }
    }
}

//! How long the wait is: position in the queue, and an estimate from the service times of the last cases. A function of
//! rows; nothing is kept for it.

use crate::app::App;
use crate::error::Error;
use ganglion_kernel::World;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_kernel::queue::{QueueWant, waiting_of};
use ganglion_model::Case;
use std::collections::BTreeSet;

/// Cases served lately that are looked at.
const SERVED_MAX: u32 = 60;
/// Fewer than this say nothing.
const SERVED_MIN: usize = 3;

/// Where somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Cases in front.
    pub ahead: u64,
    /// Minutes until the turn comes, when enough was served lately to tell.
    pub minutes: Option<u64>,
}

/// Where a case stands in its queue; `None` when it does not wait.
///
/// # Errors
/// Storage.
pub async fn standing(app: &App, world: &World, case: &Case) -> Result<Option<Standing>, Error> {
    let Some(waiting) = waiting_of(world, case) else { return Ok(None) };
    let want = QueueWant {
        shard: waiting.shard,
        process: waiting.process.clone(),
        place: waiting.place,
        lanes: vec![waiting.lane.clone()],
        limit: 1,
    };
    let ahead = app.store.waiting_count(&want, Some(&waiting)).await?;
    let filter = CaseFilter {
        place: Some(waiting.place),
        processes: vec![waiting.process.clone()],
        open: Some(false),
        ..CaseFilter::default()
    };
    let served = app.store.cases(&filter, CaseOrder::Opened, None, SERVED_MAX).await?;
    Ok(Some(Standing { ahead, minutes: estimate(ahead, &served, &case.state) }))
}

/// Those in front and oneself, shared among the counters at work, each taking the median time.
fn estimate(ahead: u64, served: &[Case], waits_in: &str) -> Option<u64> {
    let minutes = |case: &Case| {
        // The last state entered after waiting is where the service began.
        let waited = case.entered.get(waits_in)?.1;
        let begun = case.entered.iter().filter(|(state, _)| *state != waits_in).map(|(_, (first, _))| *first);
        let begun = begun.filter(|at| *at >= waited).min()?;
        u64::try_from(case.closed_at?.duration_since(begun).as_secs() / 60).ok()
    };
    let handled: Vec<&Case> = served.iter().filter(|case| case.assignee.is_some()).collect();
    let mut times: Vec<u64> = handled.iter().filter_map(|case| minutes(case)).collect();
    if times.len() < SERVED_MIN {
        return None;
    }
    times.sort_unstable();
    let median = times[times.len() / 2].max(1);
    let counters: BTreeSet<_> = handled.iter().filter_map(|case| case.assignee.as_ref()).collect();
    Some((ahead.saturating_add(1)).saturating_mul(median).div_ceil(counters.len().max(1) as u64))
}

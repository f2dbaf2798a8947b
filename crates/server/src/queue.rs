//! How long the wait is: position in the queue, and an estimate from the service times of the last cases. A function of
//! rows; nothing is kept for it.

use crate::app::App;
use crate::error::Error;
use ganglion_kernel::World;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_kernel::queue::{QueueWant, lane_of, waiting_of};
use ganglion_model::pack::{Process, QueueDef};
use ganglion_model::{Case, PlaceCode};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Cases served lately that are looked at.
const SERVED_MAX: u32 = 60;
/// More of them where the places below have queues of their own: most cases inside are theirs.
const SERVED_ABOVE_MAX: u32 = 300;
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

/// A case that was served lately.
struct Service {
    lane: String,
    minutes: u64,
    /// Who or what served it.
    counter: String,
    /// When that was done.
    ended: Timestamp,
}

/// What was served lately in one queue.
pub struct Served(Vec<Service>);

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
    let served = served(app, world, (&waiting.process, waiting.place)).await?;
    Ok(Some(Standing { ahead, minutes: served.minutes(ahead, &waiting.lane) }))
}

/// What was served lately in the queue of a process at a place.
///
/// # Errors
/// Storage.
pub async fn served(app: &App, world: &World, (name, place): (&str, PlaceCode)) -> Result<Served, Error> {
    let Some((process, queue)) =
        world.model.processes.get(name).and_then(|process| Some((process, process.queue.as_ref()?)))
    else {
        return Ok(Served(Vec::new()));
    };
    let filter =
        CaseFilter { place: Some(place), processes: vec![name.to_owned()], open: Some(false), ..CaseFilter::default() };
    let deepest = queue.levels.last() == Some(&place.level());
    let most = if deepest { SERVED_MAX } else { SERVED_ABOVE_MAX };
    let cases = app.store.cases(&filter, CaseOrder::Opened, None, most).await?;
    let here = cases.iter().filter(|case| queue.place_of(case.place) == place);
    Ok(Served(here.filter_map(|case| service(world, (process, queue), case)).collect()))
}

fn service(world: &World, (process, queue): (&Process, &QueueDef), case: &Case) -> Option<Service> {
    // The last state entered after waiting is where the service began.
    let waited = case.entered.get(&queue.state)?.1;
    let begun = case.entered.iter().filter(|(state, _)| **state != queue.state).map(|(_, (first, _))| *first);
    let begun = begun.filter(|at| *at >= waited).min()?;
    let ended = case.closed_at?;
    let minutes = u64::try_from(ended.duration_since(begun).as_secs() / 60).ok()?;
    let counter = queue.counter.as_ref().and_then(|counter| case.fields.get(&counter.field));
    let counter = counter.map(ToString::to_string).or_else(|| case.assignee.as_ref().map(ToString::to_string))?;
    Some(Service { lane: lane_of(world, process, case), minutes, counter, ended })
}

impl Served {
    /// When a counter last finished with somebody.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.0.iter().map(|one| one.ended).max()
    }

    /// Minutes until the turn of somebody with `ahead` cases in front: those in front and oneself, shared among the
    /// counters at work, each taking the median time. Of the same lane, when enough of it was served.
    #[must_use]
    pub fn minutes(&self, ahead: u64, lane: &str) -> Option<u64> {
        let all: Vec<&Service> = self.0.iter().collect();
        let own: Vec<&Service> = all.iter().copied().filter(|one| one.lane == lane).collect();
        let used = if own.len() >= SERVED_MIN { own } else { all };
        if used.len() < SERVED_MIN {
            return None;
        }
        let mut times: Vec<u64> = used.iter().map(|one| one.minutes).collect();
        times.sort_unstable();
        let median = times[times.len() / 2].max(1);
        let counters: BTreeSet<&str> = used.iter().map(|one| one.counter.as_str()).collect();
        Some((ahead.saturating_add(1)).saturating_mul(median).div_ceil(counters.len().max(1) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_shared_among_the_counters_of_the_lane() {
        let ended = Timestamp::UNIX_EPOCH;
        let one =
            |lane: &str, minutes, counter: &str| Service { lane: lane.into(), minutes, counter: counter.into(), ended };
        let served = Served(vec![one("A", 6, "1"), one("A", 4, "2"), one("A", 5, "1"), one("B", 60, "3")]);
        assert_eq!(served.minutes(3, "A"), Some(10), "four people of five minutes at two counters");
        assert_eq!(served.minutes(0, "B"), Some(2), "too few of the lane: all of the hall count");
        assert_eq!(Served(vec![one("A", 6, "1"), one("A", 4, "2")]).minutes(0, "A"), None, "too few to tell");
    }
}

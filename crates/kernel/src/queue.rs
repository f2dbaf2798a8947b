//! Queues: which cases wait where, and in what order. A row of the queue follows from the case as it stands, so it can be
//! rebuilt, and two servers cannot disagree about who is first.

use crate::world::World;
use ganglion_model::expr::Val;
use ganglion_model::pack::{Process, QueueDef, Who};
use ganglion_model::row::Case;
use ganglion_model::scope::Names;
use ganglion_model::{CaseId, PlaceCode, Post, Shard};
use jiff::Timestamp;
use std::cmp::Reverse;

/// Cases of a queue looked at beyond the number of commands of a batch: those in front that the caller may not take.
pub const HEADS_SPARE: u32 = 32;

/// A case that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Shard.
    pub shard: Shard,
    /// Process.
    pub process: String,
    /// Whose queue: the place of the queue's level.
    pub place: PlaceCode,
    /// Lane; empty without one.
    pub lane: String,
    /// The larger goes first.
    pub order: i64,
    /// When it came: the first time it entered the state it waits in, so that who is sent back keeps the place.
    pub since: Timestamp,
    /// Public number.
    pub number: String,
    /// Case.
    pub case: CaseId,
}

impl Waiting {
    /// What the queue is sorted by.
    #[must_use]
    pub fn rank(&self) -> (Reverse<i64>, Timestamp, &str) {
        (Reverse(self.order), self.since, &self.number)
    }
}

/// The cases that wait in one queue, or in some lanes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueWant {
    /// Shard.
    pub shard: Shard,
    /// Process.
    pub process: String,
    /// Place of the queue.
    pub place: PlaceCode,
    /// Only these lanes; empty: all.
    pub lanes: Vec<String>,
    /// How many from the front.
    pub limit: u32,
}

/// Where a case waits, if it does.
#[must_use]
pub fn waiting_of(world: &World, case: &Case) -> Option<Waiting> {
    let process = world.model.processes.get(&case.process)?;
    let queue = process.queue.as_ref().filter(|queue| queue.state == case.state)?;
    let names = Names { rows: world, process, case: Some(case), form: None, actor: None, now: case.updated_at };
    let order = queue.order.as_ref().map(|order| order.eval(&names));
    Some(Waiting {
        shard: case.shard,
        process: case.process.clone(),
        place: queue.place_of(case.place),
        lane: lane_of(world, process, case),
        order: if let Some(Val::Int(order)) = order { order } else { 0 },
        since: case.entered.get(&case.state).map_or(case.opened_at, |(first, _)| *first),
        number: case.number.clone(),
        case: case.id,
    })
}

/// The lane a case waits in, or would wait in; empty without one.
#[must_use]
pub fn lane_of(world: &World, process: &Process, case: &Case) -> String {
    let names = Names { rows: world, process, case: Some(case), form: None, actor: None, now: case.updated_at };
    let lane = process.queue.as_ref().and_then(|queue| queue.lane.as_ref()).map(|lane| lane.eval(&names));
    if let Some(Val::Text(lane)) = lane { lane.into_owned() } else { String::new() }
}

/// The queue a post serves: that of its own place.
#[must_use]
pub fn serves<'a>(process: &'a Process, post: &Post) -> Option<&'a QueueDef> {
    let queue = process.queue.as_ref()?;
    let may =
        |who: &Who| matches!(who, Who::Role { role, level } if post.role == *role && post.place.level() == *level);
    queue.by.iter().any(may).then_some(queue)
}

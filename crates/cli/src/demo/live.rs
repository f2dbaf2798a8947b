//! The day that goes on: simulated people keep acting while the demonstration is looked at, through the committer like
//! everybody else. They only touch cases of their own, so what a visitor opens is the visitor's to play.

use super::actors::Actors;
use ganglion_kernel::Store;
use ganglion_kernel::commit::{CommitError, Committer, WallClock};
use ganglion_model::CaseId;
use ganglion_model::change::Command;
use ganglion_model::row::Case;
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

/// Cases simulated people look after at once; older ones are left to the visitor.
const CASES_MAX: usize = 5_000;

/// What the day needs.
pub struct Day {
    /// Storage, for reading cases back.
    pub store: Arc<dyn Store>,
    /// Where commands go.
    pub committer: Committer,
    /// Time and chance.
    pub clock: Arc<dyn WallClock>,
    /// How many times faster than a real city things come in and are done.
    pub speed: f64,
    /// Cases a year at speed 1.
    pub cases_per_year: f64,
}

enum Event {
    Open,
    Step(Box<Case>, usize),
}

/// Runs until it is dropped.
pub async fn run(day: Day, mut actors: Actors) {
    let mut events: BinaryHeap<Reverse<(Timestamp, u64)>> = BinaryHeap::new();
    let mut waiting = std::collections::HashMap::new();
    let mut count = 0_u64;
    let mut push = |events: &mut BinaryHeap<_>, waiting: &mut std::collections::HashMap<_, _>, at, event| {
        count += 1;
        events.push(Reverse((at, count)));
        waiting.insert(count, event);
    };
    let every = 365.0 * 86_400.0 / (day.cases_per_year * day.speed).max(1e-9);
    push(&mut events, &mut waiting, later(day.clock.now(), every * 0.2), Event::Open);
    while let Some(Reverse((at, id))) = events.pop() {
        pause_until(&day, at).await;
        let now = day.clock.now();
        let touched = match waiting.remove(&id) {
            Some(Event::Open) => {
                let wait = every * (0.2 + 1.6 * actors.draw());
                push(&mut events, &mut waiting, later(now, wait), Event::Open);
                let which = actors.which();
                match actors.opening(which) {
                    Some(command) if waiting.len() < CASES_MAX => send(&day, command).await,
                    _ => None,
                }
            }
            Some(Event::Step(case, step)) => match actors.command(&case, step, now) {
                Some(command) => send(&day, command).await,
                None => None,
            },
            None => None,
        };
        if let Some(case) = touched {
            actors.remember(&case);
            if let Some(next) = actors.next(&case, now, day.speed.max(1.001)) {
                push(&mut events, &mut waiting, next.at, Event::Step(Box::new(case), next.step));
            }
        }
    }
}

fn later(now: Timestamp, seconds: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a pause of at most days")]
    let millis = (seconds * 1000.0).clamp(50.0, 8.64e7) as i64;
    Timestamp::from_millisecond(now.as_millisecond() + millis).unwrap_or(now)
}

async fn pause_until(day: &Day, at: Timestamp) {
    let left = at.as_millisecond() - day.clock.now().as_millisecond();
    if let Ok(millis) = u64::try_from(left) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// Sends a command and reads the case back; a refusal ends what the simulated person wanted.
async fn send(day: &Day, command: Command) -> Option<Case> {
    let shard = command.shard;
    match day.committer.send(command).await {
        Ok(outcome) => {
            let id: CaseId = outcome.case?;
            day.store.case(shard, id).await.ok().flatten()
        }
        Err(CommitError::Refused(refusal)) => {
            tracing::debug!(?refusal, "a simulated person was refused");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "a simulated person could not be heard");
            None
        }
    }
}

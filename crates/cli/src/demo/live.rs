//! The day that goes on: simulated people keep acting while the demonstration is looked at, through the committer like
//! everybody else. They only touch cases of their own and what was opened out of those (sessions, visits), so what a visitor
//! opens is the visitor's to play.

use super::actors::Actors;
use super::agenda::{Agenda, Event};
use super::behaviour::Behaviour;
use ganglion_kernel::Store;
use ganglion_kernel::commit::{CommitError, Committer, WallClock};
use ganglion_model::change::Command;
use ganglion_model::row::Case;
use ganglion_model::{CaseId, Shard};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Seconds after a step at which it is looked for what the server opened out of the case; its job runs every second.
const LOOK_AFTER_SECONDS: f64 = 3.0;
/// Seconds, in the city's time, after which somebody who was refused looks at the case again.
const TRY_AGAIN_SECONDS: f64 = 86_400.0;

/// Seconds, in the city's time, after which somebody for whom nobody was free is looked at again.
const NOBODY_FREE_SECONDS: f64 = 90.0;

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

/// What became of a command.
enum Done {
    Case(Box<Case>),
    Refused,
    Nothing,
}

/// Runs until it is dropped.
pub async fn run(day: Day, mut actors: Actors) {
    let mut agenda = Agenda::default();
    let every = 365.0 * 86_400.0 / (day.cases_per_year * day.speed).max(1e-9);
    agenda.push(later(day.clock.now(), every * 0.2), Event::Open);
    let places = |behaviour: &Behaviour| behaviour.busy.len();
    for (which, count) in actors.behaviours().map(places).enumerate() {
        for at in 0..count {
            agenda.push(day.clock.now(), Event::Busy(which, at));
        }
    }
    while let Some((at, event)) = agenda.pop() {
        pause_until(&day, at).await;
        match event {
            Event::Open => {
                let wait = every * (0.2 + 1.6 * actors.draw());
                agenda.push(later(day.clock.now(), wait), Event::Open);
                let which = actors.which();
                let opening = actors.opening(which);
                come_in(&day, &mut agenda, &mut actors, opening).await;
            }
            Event::Busy(which, at) => {
                let Some((place, minutes)) = actors.busy(which, at) else { continue };
                let wait = minutes * 60.0 / speed(&day) * (0.3 + 1.4 * actors.draw());
                agenda.push(later(day.clock.now(), wait), Event::Busy(which, at));
                let opening = actors.opening_at(which, (None, place));
                come_in(&day, &mut agenda, &mut actors, opening).await;
            }
            Event::Step { shard, case, step, state } => {
                take(&day, &mut agenda, &mut actors, ((shard, case), (step, state))).await;
            }
            Event::Look { shard, case } => look(&day, &mut agenda, &mut actors, (shard, case)).await,
        }
    }
}

/// Something comes in, if there is room for it.
async fn come_in(day: &Day, agenda: &mut Agenda, actors: &mut Actors, opening: Option<Command>) {
    if let Some(command) = opening.filter(|_| agenda.has_room())
        && let Done::Case(case) = send(day, command).await
    {
        went_on(day, agenda, actors, &case);
    }
}

/// Takes a step that was planned, unless the case went on by itself since.
async fn take(
    day: &Day,
    agenda: &mut Agenda,
    actors: &mut Actors,
    ((shard, id), (step, state)): ((Shard, CaseId), (usize, String)),
) {
    let Some(case) = read(day, shard, id).await else { return };
    let now = day.clock.now();
    if case.state != state {
        actors.seat(&case);
        agenda.plan(actors, &case, now, speed(day));
        return;
    }
    let Some(command) = actors.command(&case, step, now) else {
        if actors.waits_for_desk(&case) {
            agenda.push(later(now, NOBODY_FREE_SECONDS / speed(day)), Event::Look { shard, case: id });
        }
        return;
    };
    match send(day, command).await {
        Done::Case(case) => went_on(day, agenda, actors, &case),
        Done::Refused => agenda.push(later(now, TRY_AGAIN_SECONDS / speed(day)), Event::Look { shard, case: id }),
        Done::Nothing => {}
    }
}

/// What follows a step: the next one, a look for what was opened out of the case, and one at the case it was opened out of.
fn went_on(day: &Day, agenda: &mut Agenda, actors: &mut Actors, case: &Case) {
    let now = day.clock.now();
    actors.remember(case);
    actors.seat(case);
    agenda.plan(actors, case, now, speed(day));
    let soon = later(now, LOOK_AFTER_SECONDS);
    agenda.push(soon, Event::Look { shard: case.shard, case: case.id });
    if let Some(parent) = agenda.parent_of(case) {
        agenda.push(soon, Event::Look { shard: parent.0, case: parent.1 });
    }
}

/// Plans for what was opened out of a case, and for the case itself if something else moved it.
async fn look(day: &Day, agenda: &mut Agenda, actors: &mut Actors, (shard, id): (Shard, CaseId)) {
    let Some(case) = read(day, shard, id).await else { return };
    let now = day.clock.now();
    for (shard, child) in agenda.children_of(&case) {
        if let Some(child) = read(day, shard, child).await {
            agenda.plan(actors, &child, now, speed(day));
        }
    }
    actors.seat(&case);
    agenda.plan(actors, &case, now, speed(day));
}

fn speed(day: &Day) -> f64 {
    day.speed.max(1.001)
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

async fn read(day: &Day, shard: Shard, case: CaseId) -> Option<Case> {
    day.store.case(shard, case).await.ok().flatten()
}

/// Sends a command and reads the case back.
async fn send(day: &Day, command: Command) -> Done {
    let shard = command.shard;
    match day.committer.send(command).await {
        Ok(outcome) => match outcome.case {
            Some(id) => read(day, shard, id).await.map_or(Done::Nothing, |case| Done::Case(Box::new(case))),
            None => Done::Nothing,
        },
        Err(CommitError::Refused(refusal)) => {
            tracing::debug!(?refusal, "a simulated person was refused");
            Done::Refused
        }
        Err(error) => {
            tracing::warn!(%error, "a simulated person could not be heard");
            Done::Nothing
        }
    }
}

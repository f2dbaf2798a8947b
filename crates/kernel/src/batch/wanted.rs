//! What commands need loaded beyond the rows they name: fronts of queues, workloads of posts, register rows that effects
//! change. What only a decision shows is asked for by [`super::Batch::needs`].

use super::Batch;
use crate::batch_rows;
use crate::decide::{Decision, Given, State, decide};
use crate::port::Want;
use crate::queue::{HEADS_SPARE, QueueWant, serves};
use crate::route::{find, workload};
use crate::world::World;
use ganglion_model::change::{Actor, Body, Change, Command};
use ganglion_model::clocks::local_date;
use ganglion_model::expr::Val;
use ganglion_model::pack::{Action, Assign, Effect, Process};
use ganglion_model::row::Case;
use ganglion_model::scope::Names;
use ganglion_model::{Fields, PostId, service_account};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// Posts of which the least busy one may get a case that is opened.
pub(crate) fn opening(world: &World, (process, form): (&str, &Fields), day: Date, want: &mut Want) {
    let Some(process) = world.model.processes.get(process) else { return };
    if process.route.rules.is_empty() && process.route.workload.is_empty() {
        return;
    }
    if let Ok(found) = find(world, process, form, day) {
        ask(want, found.among);
    }
}

fn ask(want: &mut Want, posts: Vec<PostId>) {
    for post in posts {
        if !want.loads.contains(&post) {
            want.loads.push(post);
        }
    }
}

/// The front of the queue a post calls from: as many cases as there are commands in the batch, since each of them may take
/// one away, and some to spare.
pub(crate) fn front(
    world: &World,
    command: &Command,
    (process, lanes): (&str, &[String]),
    commands: usize,
    want: &mut Want,
) {
    let post = match &command.actor {
        Actor::Post { post, .. } => world.posts.get(post),
        Actor::Api { key } => world.posts.of(&service_account(key)).next(),
        _ => None,
    };
    let (Some(process), Some(post)) = (world.model.processes.get(process), post) else { return };
    if serves(process, post).is_none() {
        return;
    }
    let one = QueueWant {
        shard: command.shard,
        process: process.name.clone(),
        place: post.place,
        lanes: lanes.to_vec(),
        limit: u32::try_from(commands).unwrap_or(u32::MAX).saturating_add(HEADS_SPARE),
    };
    if !want.queues.contains(&one) {
        want.queues.push(one);
    }
}

/// What effects of these commands rest on; known only once their cases are loaded.
#[must_use]
pub fn want_more(world: &World, state: &State, commands: &[Command], now: Timestamp) -> Want {
    let mut want = Want::default();
    for command in commands {
        batch_rows::want_later(world, state, command, &mut want);
        let Body::Act { case, action, form, .. } = &command.body else {
            continue;
        };
        let Some(case) = state.cases.get(case) else { continue };
        let Some(process) = world.model.processes.get(&case.process) else {
            continue;
        };
        if let Some(action) = process.action(&case.state, action) {
            of_effects(world, (process, action, case, form), now, &mut want);
        }
    }
    looked_for(world, state, commands, now, &mut want);
    want
}

/// What several commands look for beyond the rows they name, asked for at once: a file of a thousand readings costs one
/// round trip and not a thousand.
fn looked_for(world: &World, state: &State, commands: &[Command], now: Timestamp, want: &mut Want) {
    let looks = |command: &&Command| match &command.body {
        Body::Row { wish } => world.model.registers.get(&wish.register).is_some_and(|one| one.looks),
        Body::Open { process, .. } => world.model.processes.get(process).is_some_and(|one| one.looks),
        _ => false,
    };
    let looking: Vec<&Command> = commands.iter().filter(looks).collect();
    if looking.len() < 2 {
        return;
    }
    let given = Given { now, id: Uuid::nil(), key: [0; 32] };
    for command in looking {
        // Only what it looks at counts here; it is decided again when its turn comes.
        let _ = decide(world, state, command, &given);
    }
    let missing = state.notes.take();
    want.records.extend(missing.rows);
    want.beside.extend(missing.beside);
    want.matching.extend(missing.matching);
    want.sequences.extend(missing.sequences);
}

fn of_effects(
    world: &World,
    (process, action, case, form): (&Process, &Action, &Case, &Fields),
    now: Timestamp,
    want: &mut Want,
) {
    for effect in &action.effects {
        match effect.done() {
            Effect::Record { register, key, .. } | Effect::End { register, key, .. } => {
                let form = Some((form, action.form.as_slice()));
                let names = Names { rows: world, process, case: Some(case), form, actor: None, now: case.updated_at };
                if let Val::Text(key) = key.eval(&names) {
                    want.records.push((case.shard, register.clone(), key.into_owned()));
                }
            }
            Effect::Assign(Assign::Workload(by)) | Effect::Assist(Assign::Workload(by)) => {
                ask(want, workload::posts(world, by, case.place, local_date(now)));
            }
            _ => {}
        }
    }
}

impl Batch<'_> {
    /// Workloads a decision compared without having asked for them.
    pub(super) fn want_loads(&self, command: &Command, given: &Given, decision: &Decision, want: &mut Want) {
        match (&command.body, decision.changes.first()) {
            (Body::Open { process, form, .. }, _) => opening(self.world, (process, form), local_date(given.now), want),
            (_, Some(Change::Case { case, action, .. })) => {
                let Some(case) = self.state.cases.get(case) else { return };
                let Some(process) = self.world.model.processes.get(&case.process) else { return };
                if let Some(action) = process.action(&case.state, action) {
                    of_effects(self.world, (process, action, case, &Fields::new()), given.now, want);
                }
                // Rows of registers are read off the decision itself, whose keys are certain.
                want.records.clear();
            }
            _ => {}
        }
        want.loads.retain(|post| !self.asked.loads.contains(post));
    }
}

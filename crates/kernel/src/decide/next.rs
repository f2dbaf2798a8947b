//! Taking the next case of a queue: the first that waits and that the actor may take, chosen while the batch is decided, so
//! that twenty counters calling at once never get the same one.

use super::act::{self, Wish};
use super::{Decision, Given, State, who};
use crate::queue::{Waiting, serves, waiting_of};
use crate::world::World;
use ganglion_model::Fields;
use ganglion_model::change::{Command, Refusal, RefusalCode};
use ganglion_model::row::Case;

/// What is wished.
pub struct NextWish<'a> {
    /// Process.
    pub process: &'a str,
    /// Only these lanes; empty: any.
    pub lanes: &'a [String],
    /// What was typed.
    pub form: &'a Fields,
}

/// Decides who is next. Cases in front that the actor may not take are passed over and keep their place.
pub fn next(
    world: &World,
    state: &State,
    command: &Command,
    given: &Given,
    wish: &NextWish<'_>,
) -> Result<Decision, Refusal> {
    let unknown = || Refusal::new(RefusalCode::Unknown);
    let process = world.model.processes.get(wish.process).ok_or_else(unknown)?;
    let queue = process.queue.as_ref().ok_or_else(unknown)?;
    let not_allowed = || Refusal::new(RefusalCode::NotAllowed).with("action", &queue.take);
    let post = who::post_of(world, &command.actor, given.now).ok_or_else(not_allowed)?;
    serves(process, post).ok_or_else(not_allowed)?;
    if post.place.shard() != command.shard {
        return Err(Refusal::new(RefusalCode::WrongShard).with("shard", post.place.shard().to_string()));
    }
    let here = |waiting: &Waiting| {
        waiting.shard == command.shard
            && waiting.place == post.place
            && (wish.lanes.is_empty() || wish.lanes.contains(&waiting.lane))
    };
    let of_queue = |case: &&Case| case.process == process.name && case.state == queue.state;
    let waiting = state.cases.values().filter(of_queue).filter_map(|case| waiting_of(world, case)).filter(here);
    let mut waiting: Vec<Waiting> = waiting.collect();
    waiting.sort_by(|a, b| a.rank().cmp(&b.rank()));
    for one in &waiting {
        let Some(case) = state.cases.get(&one.case) else { continue };
        let taking = Wish { case, action: &queue.take, form: wish.form, version: None };
        match act::act(world, state, command, given, &taking) {
            Err(refusal) if passes_over(refusal.code) => {}
            decided => return decided,
        }
    }
    Err(Refusal::new(RefusalCode::NothingWaiting).with("process", &process.name))
}

/// A refusal that says "not this one for you", and not that something typed is wrong.
fn passes_over(code: RefusalCode) -> bool {
    matches!(code, RefusalCode::NotAllowed | RefusalCode::SamePerson | RefusalCode::Guard | RefusalCode::NotFound)
}

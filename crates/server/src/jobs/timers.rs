//! Clocks that fall due: each timer becomes a command of the system; the kernel decides whether the clock is really due.

use crate::app::App;
use crate::error::Error;
use crate::limits::TIMERS_AT_ONCE;
use futures_util::future::join_all;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::derived;
use ganglion_kernel::port::Timer;
use ganglion_model::{Actor, Body, Command, CommandId};

/// The command for a timer.
fn command(timer: &Timer) -> Command {
    // The same timer gives the same id, so that a job that runs twice sends the same command.
    let id = derived(CommandId(timer.case.0), &format!("due/{}/{}", timer.clock, timer.at));
    let body = Body::Due { case: timer.case, clock: timer.clock.clone() };
    Command { id, shard: timer.shard, actor: Actor::System, body }
}

/// Acts on every timer that is due now.
///
/// # Errors
/// When the store fails or the queue is full; what is left is done at the next run.
pub async fn run(app: &App) -> Result<(), Error> {
    loop {
        let now = app.clock.now();
        let due = app.store.timers_due(now, TIMERS_AT_ONCE).await?;
        let answers = join_all(due.iter().map(|timer| app.committer.send(command(timer)))).await;
        let mut done = 0;
        for (timer, answer) in due.iter().zip(answers) {
            match answer {
                Ok(_) => done += 1,
                // The case moved on between reading and deciding; its timer went with it.
                Err(CommitError::Refused(refusal)) => {
                    tracing::debug!(clock = timer.clock, code = ?refusal.code, "a timer no longer stood");
                }
                Err(error) => return Err(error.into()),
            }
        }
        if done == 0 || due.len() < TIMERS_AT_ONCE as usize {
            return Ok(());
        }
    }
}

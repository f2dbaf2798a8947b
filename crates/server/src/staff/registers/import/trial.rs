//! Trying commands about rows without writing anything: every one goes through the very rules that would decide it.

use super::check::{newest, settle_key};
use crate::error::Error;
use crate::web::Web;
use ganglion_kernel::batch::{Batch, want, want_more};
use ganglion_kernel::decide::Given;
use ganglion_model::change::{Command, Refusal};

/// Commands tried at a time.
const ROWS_AT_ONCE: usize = 500;

/// Tries commands, and settles in each whether its row is there and which version was seen. Gives those that would be
/// refused, by their place in the list.
///
/// # Errors
/// Storage.
pub async fn try_rows(web: &Web, commands: &mut [Command]) -> Result<Vec<(usize, Refusal)>, Error> {
    let mut refused = Vec::new();
    for (nth, chunk) in commands.chunks_mut(ROWS_AT_ONCE).enumerate() {
        let mut wanted = want(&web.world, chunk, web.now);
        // One that was answered before is answered the same way again.
        wanted.answers.clear();
        let loaded = web.app.store.load(&wanted).await?;
        let known = newest(&loaded.records);
        let mut batch = Batch::new(&web.world, &web.app.ring, loaded);
        batch.asked(&wanted);
        let more = want_more(&web.world, batch.state(), chunk, web.now);
        if !more.is_empty() {
            let loaded = web.app.store.load(&more).await?;
            batch.add(&more, loaded);
        }
        for (at, command) in chunk.iter_mut().enumerate() {
            settle_key(&web.world, command, &known);
            let given = Given { now: web.now, id: uuid::Uuid::nil(), key: [0; 32] };
            for round in 0.. {
                let Some(more) = batch.needs(command, &given, round) else { break };
                let loaded = web.app.store.load(&more).await?;
                batch.add(&more, loaded);
            }
            if let Err(refusal) = batch.run(command, &given) {
                refused.push((nth * ROWS_AT_ONCE + at, refusal));
            }
        }
    }
    Ok(refused)
}

//! Reading the journal on from a position: events for a viewer, each with the position after it.

use super::position::Position;
use super::view::{Viewer, told};
use crate::app::App;
use crate::error::Error;
use serde_json::Value;

/// Lines of one shard read at a time.
const LINES_AT_ONCE: u32 = 200;

/// An event with where its reader stands after it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The position after it.
    pub position: Position,
    /// The event.
    pub event: Value,
}

/// Events after `position`, which moves on over everything that was read; up to `max` events, and at least one line of
/// every shard that has more. Gives whether there may be more.
///
/// # Errors
/// Storage; the position then stands before what was not read.
pub async fn on(app: &App, viewer: &Viewer, position: &mut Position, max: usize) -> Result<(Vec<Told>, bool), Error> {
    let world = app.world.load_full();
    let (mut events, mut more) = (Vec::new(), false);
    for (shard, head) in app.store.positions().await? {
        if position.of(shard) >= head {
            continue;
        }
        if events.len() >= max {
            return Ok((events, true));
        }
        let lines = app.store.entries_after(shard, position.of(shard), LINES_AT_ONCE).await?;
        more |= lines.len() == LINES_AT_ONCE as usize;
        for entry in &lines {
            if events.len() >= max {
                return Ok((events, true));
            }
            let event = told(app, &world, viewer, entry).await?;
            position.seen(shard, entry.seq);
            events.extend(event.map(|event| Told { position: position.clone(), event }));
        }
    }
    Ok((events, more))
}

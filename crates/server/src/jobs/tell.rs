//! Notices for posts: what an action, or a clock near its end, says to whom, put into the inbox of each post. Reads the journal
//! by cursor; a line that is read twice is put once.

use crate::app::App;
use crate::error::Error;
use crate::limits::JOURNAL_LINES_AT_ONCE;
use ganglion_kernel::port::Told;
use ganglion_model::Entry;
use ganglion_model::change::{Change, Op};

const JOB: &str = "tell";

/// Reads on in every shard that has new lines.
///
/// # Errors
/// When the store fails; the cursor stays before what was not done.
pub async fn run(app: &App) -> Result<(), Error> {
    for (shard, head) in app.store.shards().await? {
        let mut seq = app.store.cursor(JOB, shard).await?;
        while seq < head.seq {
            let lines = app.store.entries_after(shard, seq, JOURNAL_LINES_AT_ONCE).await?;
            let Some(last) = lines.last().map(|entry| entry.seq) else { break };
            let told: Vec<Told> = lines.iter().flat_map(told).collect();
            if !told.is_empty() {
                app.store.told_add(&told).await?;
            }
            seq = last;
            app.store.cursors_set(JOB, &[(shard, seq)]).await?;
        }
    }
    Ok(())
}

fn told(entry: &Entry) -> Vec<Told> {
    let Change::Case { case, action, ops, .. } = &entry.change else { return Vec::new() };
    let clock = ops.iter().find_map(|op| match op {
        Op::Fired { clock } => Some(clock.clone()),
        _ => None,
    });
    let notices = ops.iter().filter_map(|op| match op {
        Op::Notify { posts, text, .. } => Some((posts, text)),
        _ => None,
    });
    notices
        .flat_map(|(posts, text)| posts.iter().map(move |post| (post, text)))
        .map(|(post, text)| Told {
            post: post.clone(),
            shard: entry.shard,
            seq: entry.seq,
            at: entry.at,
            case: *case,
            action: action.clone(),
            clock: clock.clone(),
            text: text.clone(),
        })
        .collect()
}

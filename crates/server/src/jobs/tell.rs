//! Notices for posts: what an action, or a clock near its end, says to whom, put into the inbox of each post. Reads the journal
//! by cursor; a line that is read twice is put once.

use crate::app::App;
use crate::error::Error;
use crate::limits::JOURNAL_LINES_AT_ONCE;
use ganglion_kernel::port::Told;
use ganglion_model::Entry;
use ganglion_model::change::{Change, Op};

/// Name of the cursor.
pub const JOB: &str = "tell";

/// What stands in a line that tells posts something.
const MARKS: [&str; 1] = ["\"op\":\"notify\",\"posts\":"];

/// Reads on in every shard that has new lines.
///
/// # Errors
/// When the store fails; the cursors stay before what was not done.
pub async fn run(app: &App) -> Result<(), Error> {
    let mut read = Vec::new();
    for (shard, head) in app.store.positions().await? {
        let mut seq = app.store.cursor(JOB, shard).await?;
        if seq == head {
            continue;
        }
        while seq < head {
            let lines = app.store.entries_holding(shard, (seq, head), &MARKS, JOURNAL_LINES_AT_ONCE).await?;
            let told: Vec<Told> = lines.iter().flat_map(told).collect();
            if !told.is_empty() {
                app.store.told_add(&told).await?;
            }
            let is_last = lines.len() < JOURNAL_LINES_AT_ONCE as usize;
            seq = lines.last().filter(|_| !is_last).map_or(head, |entry| entry.seq);
        }
        read.push((shard, seq));
    }
    if !read.is_empty() {
        app.store.cursors_set(JOB, &read).await?;
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

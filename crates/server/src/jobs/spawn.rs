//! Opening cases that other cases ask for: reads the journal of every shard by cursor, sends the command found there and
//! ties the new case to the one it came from. Done this way because the new case may live in another shard.

use crate::app::App;
use crate::error::Error;
use crate::limits::JOURNAL_LINES_AT_ONCE;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::derived;
use ganglion_model::change::{Change, Op};
use ganglion_model::{Actor, Body, CaseId, Command, Entry, Link, Shard};

use std::collections::BTreeMap;

/// Name of the cursor.
pub const JOB: &str = "spawn";

/// What stands in a line that asks for a case.
const MARKS: [&str; 2] = ["\"op\":\"spawn\"", "\"op\":\"send\""];

/// Reads on in every shard that has new lines.
///
/// # Errors
/// When the store fails or the queue is full; the cursors stay before what was not done.
pub async fn run(app: &App) -> Result<(), Error> {
    let mut read = Vec::new();
    let mut done = Ok(());
    for (shard, head) in app.store.positions().await? {
        let mut seq = app.store.cursor(JOB, shard).await?;
        if seq == head {
            continue;
        }
        done = read_on(app, shard, (&mut seq, head)).await;
        read.push((shard, seq));
        if done.is_err() {
            break;
        }
    }
    if !read.is_empty() {
        app.store.cursors_set(JOB, &read).await?;
    }
    done
}

/// Reads a shard from `seq` to its head; `seq` says how far it got.
async fn read_on(app: &App, shard: Shard, (seq, head): (&mut u64, u64)) -> Result<(), Error> {
    loop {
        let lines = app.store.entries_holding(shard, (*seq, head), &MARKS, JOURNAL_LINES_AT_ONCE).await?;
        for entry in &lines {
            follow(app, entry).await?;
            *seq = entry.seq;
        }
        if lines.len() < JOURNAL_LINES_AT_ONCE as usize {
            *seq = head;
            return Ok(());
        }
    }
}

async fn follow(app: &App, entry: &Entry) -> Result<(), Error> {
    let (case, ops) = match &entry.change {
        Change::Case { case, ops, .. } => (*case, ops),
        _ => return Ok(()),
    };
    for op in ops {
        match op {
            Op::Spawn { command, link } => open(app, (entry.shard, case), command, link).await?,
            Op::Send { command } => send(app, command).await?,
            _ => {}
        }
    }
    Ok(())
}

/// Sends a command that follows from a change. A refusal says that it has no place any more.
async fn send(app: &App, command: &Command) -> Result<(), Error> {
    match app.committer.send(command.clone()).await {
        Ok(_) => Ok(()),
        Err(CommitError::Refused(refusal)) => {
            tracing::debug!(shard = %command.shard, code = ?refusal.code, "a command that followed was refused");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn open(app: &App, (shard, case): (Shard, CaseId), command: &Command, link: &str) -> Result<(), Error> {
    let outcome = match app.committer.send(command.clone()).await {
        Ok(outcome) => outcome,
        Err(CommitError::Refused(refusal)) => {
            // Nothing a repeat would change: said loudly, and the case shows that nothing was tied to it.
            tracing::error!(%case, %shard, code = ?refusal.code, fields = ?refusal.fields, "a case could not be opened from another");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let (Some(new), Some(number)) = (outcome.case, outcome.number) else {
        return Ok(());
    };
    let process = match &command.body {
        Body::Open { process, .. } => Some(process.clone()),
        _ => None,
    };
    let (kind, shard_of_new) = (link.to_owned(), outcome.shard);
    let tie =
        Link { kind, number, case: new, shard: shard_of_new, process, settled: false, seen: 1, marks: BTreeMap::new() };
    let back = Command {
        id: derived(command.id, "link"),
        shard,
        actor: Actor::System,
        body: Body::LinkBack { case, link: tie },
    };
    match app.committer.send(back).await {
        Ok(_) => Ok(()),
        Err(CommitError::Refused(refusal)) => {
            tracing::error!(%case, %shard, code = ?refusal.code, "a case could not be tied to the one opened from it");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

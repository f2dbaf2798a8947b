//! Committing an import that was tried, and putting back what was committed of one that is given up.

use super::check::Prepared;
use super::job::{Job, Stage, Step};
use super::plan::BadCell;
use crate::app::App;
use crate::error::Error;
use futures_util::future::join_all;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::derived;
use ganglion_kernel::world::put_version;
use ganglion_model::change::{Actor, Body, Change, Command, Outcome};
use ganglion_model::{CommandId, Record, RowKey, row_id};
use std::collections::HashSet;
use std::time::Duration;

/// Rows under way at a time: others find the committer's queue short.
const ROWS_AT_ONCE: usize = 256;
/// Wait when the queue is full, milliseconds.
const BUSY_WAIT_MS: u64 = 50;
/// Journal lines of one row looked through when it is put back.
const ENTRIES_MAX: u32 = 1_000;

/// The id of the command for a line.
fn command_of(import: CommandId, what: &str, line: u32) -> CommandId {
    derived(import, &format!("{what}/{line}"))
}

/// Sends the rows of an import; gives `true` when all of them were committed.
///
/// # Errors
/// Storage.
pub async fn run(app: &App, job: &Job, prepared: &Prepared, actor: &Actor) -> Result<bool, Error> {
    let (id, steps) = {
        let facts = job.facts.lock();
        (import_id(&facts.id), facts.steps.clone())
    };
    job.begin(Stage::Running, steps.len() as u64);
    for chunk in steps.chunks(ROWS_AT_ONCE) {
        if job.is_stopped() {
            return Ok(false);
        }
        let commands = commands(prepared, (id, actor), chunk);
        let sent =
            join_all(commands.into_iter().map(|(line, command)| async move { (line, send(app, command).await) }));
        let mut refused: Vec<BadCell> = Vec::new();
        for (line, answer) in sent.await {
            match answer {
                Ok(()) => {}
                Err(CommitError::Refused(refusal)) => {
                    refused.extend(prepared.with_plan(|plan| plan.refused(line, &refusal)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        if !refused.is_empty() {
            let mut facts = job.facts.lock();
            facts.counts.refused = refused.len() as u64;
            facts.findings = refused;
            return Ok(false);
        }
        job.advance(chunk.len() as u64);
    }
    Ok(true)
}

fn import_id(id: &str) -> CommandId {
    CommandId(id.parse().unwrap_or_default())
}

fn commands(prepared: &Prepared, (id, actor): (CommandId, &Actor), steps: &[Step]) -> Vec<(usize, Command)> {
    prepared.with_plan(|plan| {
        let one = |step: &Step| {
            let (planned, _) = plan.planned(step.line as usize);
            let mut wish = planned.wish;
            // A dated row may have several lines; each then follows the one before, whose version is not known here.
            wish.key = plan.register.key_of(&wish.form).filter(|_| step.known);
            wish.version = Some(step.version).filter(|_| !plan.register.dated);
            let id = command_of(id, "row", step.line);
            let body = Body::Row { wish: Box::new(wish) };
            (step.line as usize, Command { id, shard: planned.shard, actor: actor.clone(), body })
        };
        steps.iter().map(one).collect()
    })
}

/// Sends a command, waiting while the queue is full.
///
/// # Errors
/// As the committer; never that it is busy.
pub async fn send(app: &App, command: Command) -> Result<(), CommitError> {
    sent(app, command).await.map(|_| ())
}

/// The same, with what came of it.
///
/// # Errors
/// As for [`send`].
pub async fn sent(app: &App, command: Command) -> Result<Outcome, CommitError> {
    loop {
        match app.committer.send(command.clone()).await {
            Err(CommitError::Busy) => tokio::time::sleep(Duration::from_millis(BUSY_WAIT_MS)).await,
            other => return other,
        }
    }
}

/// Puts back every row the import has put, newest first.
///
/// # Errors
/// Storage.
pub async fn undo(app: &App, job: &Job, prepared: &Prepared) -> Result<(), Error> {
    let (id, steps) = {
        let facts = job.facts.lock();
        (import_id(&facts.id), facts.steps.clone())
    };
    job.begin(Stage::Undoing, steps.len() as u64);
    let own: HashSet<CommandId> = steps.iter().map(|step| command_of(id, "row", step.line)).collect();
    let mut put_back: HashSet<RowKey> = HashSet::new();
    for step in steps.iter().rev() {
        let (planned, _) = prepared.with_plan(|plan| plan.planned(step.line as usize));
        let key = prepared.register.key_of(&planned.wish.form).unwrap_or_default();
        let row: RowKey = (planned.shard, prepared.register.name.clone(), key);
        if put_back.insert(row.clone()) {
            restore(app, &row, (&own, command_of(id, "undo", step.line))).await?;
        }
        job.advance(1);
    }
    Ok(())
}

/// Puts a row back to what it was before the first of the commands changed it; one they never changed stays.
async fn restore(app: &App, row: &RowKey, (own, id): (&HashSet<CommandId>, CommandId)) -> Result<(), Error> {
    let (shard, register, key) = row;
    let mut entries = app.store.entries_of_case(*shard, row_id(*shard, register, key), ENTRIES_MAX).await?;
    entries.reverse();
    let Some(first) = entries.iter().position(|entry| own.contains(&entry.command)) else { return Ok(()) };
    let seeds = app.world.load().model.seeds.get(register).cloned().unwrap_or_default();
    let declared = app.world.load().model.registers.get(register).cloned();
    let mut versions: Vec<Record> = Vec::new();
    if let Some(register) = &declared {
        for seed in seeds.iter().filter(|seed| seed.key == *key) {
            put_version(&mut versions, seed.record(register));
        }
    }
    for entry in &entries[..first] {
        match &entry.change {
            Change::Record { record } => put_version(&mut versions, Record::clone(record)),
            Change::RecordGone { valid_from, .. } => versions.retain(|one| one.valid_from != *valid_from),
            _ => {}
        }
    }
    let body = Body::Restore { register: register.clone(), key: key.clone(), versions };
    match send(app, Command { id, shard: *shard, actor: Actor::System, body }).await {
        // It is as it was already.
        Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

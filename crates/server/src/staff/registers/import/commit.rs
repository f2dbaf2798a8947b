//! Committing an import that was tried, and putting back what was committed of one that is given up.

use super::check::Prepared;
use super::job::{Job, Stage, Step};
use super::plan::BadCell;
use crate::app::App;
use crate::error::Error;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::derived;
use ganglion_kernel::world::put_version;
use ganglion_model::change::{Actor, Body, Change, Command, Outcome};
use ganglion_model::{CommandId, Record, RowKey, row_id};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Wait when the queue is full, milliseconds.
const BUSY_WAIT_MS: u64 = 50;
/// Journal lines of one row looked through when it is put back.
const ENTRIES_MAX: u32 = 1_000;
/// What a command of an import does.
#[derive(Clone, Copy)]
enum Deed {
    Row,
    Undo,
}

/// An import as its commands know it.
#[derive(Clone)]
struct Import {
    id: CommandId,
    in_order: bool,
    steps: Arc<[Step]>,
}

impl Import {
    fn of(job: &Job) -> Import {
        let facts = job.facts.lock();
        let id = CommandId(facts.id.parse().unwrap_or_default());
        Import { id, in_order: facts.in_order, steps: facts.steps.as_slice().into() }
    }

    /// The id of the command for a line: always the same, so that an import that was cut off goes on where it was. Ids of
    /// neighbours are neighbours, and so are the pages their answers are kept on.
    fn command(&self, deed: Deed, line: u32) -> CommandId {
        const LINE_BITS: u128 = (1 << 33) - 1;
        if self.in_order {
            let own = (u128::from(line) << 1) | (deed as u128);
            return CommandId(uuid::Uuid::from_u128((self.id.0.as_u128() & !LINE_BITS) | own));
        }
        let what = match deed {
            Deed::Row => "row",
            Deed::Undo => "undo",
        };
        derived(self.id, &format!("{what}/{line}"))
    }
}

/// Sends the rows of an import; gives `true` when all of them were committed. While some are written the next are made ready.
///
/// # Errors
/// Storage.
pub async fn run(app: &App, job: &Job, prepared: &Arc<Prepared>, actor: &Actor) -> Result<bool, Error> {
    let import = Import::of(job);
    let count = import.steps.len();
    job.begin(Stage::Running, count as u64);
    let ready = |from: usize| {
        let to = count.min(from + app.committer.bulk_commands());
        let (prepared, import, actor) = (prepared.clone(), import.clone(), actor.clone());
        tokio::task::spawn_blocking(move || commands(&prepared, &import, (from, to), &actor))
    };
    let (mut done, mut next) = (0, ready(0));
    while done < count {
        let commands = next.await.map_err(|error| Error::Internal(error.to_string()))?;
        if job.is_stopped() {
            return Ok(false);
        }
        let some = &import.steps[done..done + commands.len()];
        done += some.len();
        next = ready(done);
        let mut refused: Vec<BadCell> = Vec::new();
        for (step, answer) in some.iter().zip(app.committer.send_all(commands).await) {
            match answer {
                Ok(_) => {}
                Err(CommitError::Refused(refusal)) => {
                    refused.extend(prepared.with_plan(|plan| plan.refused(step.line as usize, &refusal)));
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
        job.advance(some.len() as u64);
    }
    Ok(true)
}

/// The commands for some steps of an import.
fn commands(prepared: &Prepared, import: &Import, (from, to): (usize, usize), actor: &Actor) -> Vec<Command> {
    prepared.with_plan(|plan| {
        let one = |step: &Step| {
            let (planned, _) = plan.planned(step.line as usize);
            let mut wish = planned.wish;
            // A dated row may have several lines; each then follows the one before, whose version is not known here.
            wish.key = plan.register.key_of(&wish.form).filter(|_| step.known);
            wish.version = Some(step.version).filter(|_| !plan.register.dated);
            let id = import.command(Deed::Row, step.line);
            let body = Body::Row { wish: Box::new(wish) };
            Command { id, shard: planned.shard, actor: actor.clone(), body }
        };
        import.steps[from..to].iter().map(one).collect()
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
    let import = Import::of(job);
    job.begin(Stage::Undoing, import.steps.len() as u64);
    let own: HashSet<CommandId> = import.steps.iter().map(|step| import.command(Deed::Row, step.line)).collect();
    let mut put_back: HashSet<RowKey> = HashSet::new();
    for step in import.steps.iter().rev() {
        let (planned, _) = prepared.with_plan(|plan| plan.planned(step.line as usize));
        let key = prepared.register.key_of(&planned.wish.form).unwrap_or_default();
        let row: RowKey = (planned.shard, prepared.register.name.clone(), key);
        if put_back.insert(row.clone()) {
            restore(app, &row, (&own, import.command(Deed::Undo, step.line))).await?;
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

//! Personal values whose time is over. Packs say how long; what is due is counted for everybody who asks (a page, a command, a dry
//! run) and erased by this job once somebody has turned it on, each case or row by a command of its own that the journal keeps.

use crate::app::App;
use crate::error::Error;
use ganglion_kernel::decide::derived;
use ganglion_kernel::port::{Ended, Kept};
use ganglion_kernel::{CommitError, Committer, Store, StoreError};
use ganglion_model::change::{Body, Command, Erasable, RETENTION};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Model, Process};
use ganglion_model::{Actor, CommandId};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

/// The setting that says whether the job erases; it does not until somebody said so.
pub const SETTING: &str = "retention";
/// What the setting says when it does.
pub const ON: &str = "on";
/// What reports are kept as.
pub const REPORT: &str = "retention";
/// Row keys looked at in one go.
const AT_ONCE: u32 = 500;

/// A process or register that says how long its personal values are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Process or register.
    pub of: String,
    /// Whether it is a register.
    pub is_register: bool,
    /// Days after the case closed or the row ended.
    pub days: u32,
}

/// How much of it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Process or register.
    pub of: String,
    /// Days they are kept.
    pub days: u32,
    /// Cases or rows whose time is over.
    pub count: u64,
    /// When the oldest of them ended.
    pub since: Option<Timestamp>,
}

fn is_personal(process: &Process) -> bool {
    let asked = process.states.values().flat_map(|state| &state.actions).flat_map(|action| &action.form);
    process.form.iter().chain(&process.fields).chain(asked).any(|field| field.personal)
}

/// What the packs say.
#[must_use]
pub fn terms(model: &Model) -> Vec<Term> {
    let of_process = |process: &Process| {
        let days = process.retention_days.filter(|_| is_personal(process))?;
        Some(Term { of: process.name.clone(), is_register: false, days })
    };
    let mut terms: Vec<Term> = model.processes.values().filter_map(of_process).collect();
    terms.extend(model.registers.values().filter_map(|register| {
        let days = register.retention_days.filter(|_| register.has_personal())?;
        Some(Term { of: register.name.clone(), is_register: true, days })
    }));
    terms
}

/// Everything whose time is over at `now`, handed to `each`.
async fn walk(
    store: &dyn Store,
    (terms, now): (&[Term], Timestamp),
    mut each: impl FnMut(Ended, bool) + Send,
) -> Result<(), StoreError> {
    let day = SignedDuration::from_hours(24);
    let until = |days: u32| now.checked_sub(day * i32::try_from(days).unwrap_or(i32::MAX)).unwrap_or(Timestamp::MIN);
    let processes: Vec<(String, Timestamp)> =
        terms.iter().filter(|term| !term.is_register).map(|term| (term.of.clone(), until(term.days))).collect();
    let mut after = None;
    while !processes.is_empty() {
        let (found, next) = store.cases_ended(&processes, after, AT_ONCE).await?;
        for one in found {
            each(one, false);
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    for term in terms.iter().filter(|term| term.is_register) {
        let last = local_date(now).saturating_sub(i64::from(term.days).days());
        let mut after = None;
        loop {
            let (found, next) = store.rows_ended(&term.of, last, after, AT_ONCE).await?;
            for one in found {
                each(one, true);
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

fn note(all: &mut [Due], one: &Ended) {
    if let Some(due) = all.iter_mut().find(|due| due.of == one.of) {
        due.count += 1;
        due.since = Some(due.since.map_or(one.since, |since| since.min(one.since)));
    }
}

fn none_yet(terms: &[Term]) -> Vec<Due> {
    terms.iter().map(|term| Due { of: term.of.clone(), days: term.days, count: 0, since: None }).collect()
}

/// Counts what is over, for every process and register that says how long; erases nothing.
///
/// # Errors
/// When the store fails.
pub async fn due(store: &dyn Store, model: &Model, now: Timestamp) -> Result<Vec<Due>, StoreError> {
    let terms = terms(model);
    let mut all = none_yet(&terms);
    walk(store, (&terms, now), |one, _| note(&mut all, &one)).await?;
    Ok(all)
}

/// Erases what is over and says what that was; a report is kept when it was something.
///
/// # Errors
/// When the store fails or the queue is full; what was erased stays so, and the rest is due still.
pub async fn erase(
    store: &dyn Store,
    committer: &Committer,
    model: &Model,
    now: Timestamp,
) -> Result<Vec<Due>, CommitError> {
    let failed = |error: StoreError| CommitError::Storage(std::sync::Arc::new(error));
    let terms = terms(model);
    let (mut over, mut done) = (Vec::new(), none_yet(&terms));
    walk(store, (&terms, now), |one, is_register| over.push((one, is_register))).await.map_err(failed)?;
    for (one, is_register) in over {
        match committer.send(command(&one, is_register)).await {
            Ok(_) => note(&mut done, &one),
            // It was erased or taken back meanwhile.
            Err(CommitError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    done.retain(|due| due.count > 0);
    if !done.is_empty() {
        store.keys_settle().await.map_err(failed)?;
        let body = serde_json::to_string(&done).unwrap_or_default();
        let kept = Kept { kind: REPORT.to_owned(), id: now.to_string(), due: None, body };
        store.kept_put(&[kept]).await.map_err(failed)?;
    }
    Ok(done)
}

fn command(one: &Ended, is_register: bool) -> Command {
    let what = match is_register {
        true => Erasable::Row { register: one.of.clone(), key: one.name.clone() },
        false => Erasable::Case { number: one.name.clone() },
    };
    let body = Body::Erase { what, by: RETENTION.to_owned() };
    let id = derived(CommandId(one.row.0), &format!("{RETENTION}/{}", one.since));
    Command { id, shard: one.shard, actor: Actor::System, body }
}

/// Erases, if it was turned on.
///
/// # Errors
/// As [`erase`].
pub async fn run(app: &App) -> Result<(), Error> {
    if app.store.setting(SETTING).await?.as_deref() != Some(ON) {
        return Ok(());
    }
    let world = app.world.load_full();
    for due in erase(app.store.as_ref(), &app.committer, &world.model, app.clock.now()).await? {
        tracing::info!(of = due.of, count = due.count, "personal values were erased: their time is over");
    }
    Ok(())
}

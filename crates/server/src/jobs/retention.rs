//! Personal values whose time is over. Packs say how long; what is due is counted (by this job for the page, by a dry run for whoever
//! asks) and erased by this job once somebody has turned it on, each case or row by a command of its own that the journal keeps.
//!
//! What ended is walked in the order of time, and what was erased is not walked again: a turn costs what came due since the one before.
//! Not everything comes in that order: cases of an import ended long ago, and a case that is over may be told something anew. So now and
//! then the walk begins at the beginning; `ganglion retention` always does.

use crate::app::App;
use crate::error::Error;
use ganglion_kernel::decide::derived;
use ganglion_kernel::port::{Ended, Kept};
use ganglion_kernel::{CommitError, Committer, Store, StoreError};
use ganglion_model::change::{Body, Command, Erasable, RETENTION};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Model, Process};
use ganglion_model::{Actor, CaseId, CommandId, Shard};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The setting that says whether the job erases; it does not until somebody said so.
pub const SETTING: &str = "retention";
/// What the setting says when it does.
pub const ON: &str = "on";
/// What reports are kept as.
pub const REPORT: &str = "retention";
/// The setting that keeps what the last turn found.
const FOUND: &str = "retention_found";
/// The setting that keeps how far everything was erased.
const ERASED: &str = "retention_erased";
/// Cases or rows looked at in one go.
const AT_ONCE: u32 = 500;
/// How long what was counted stands while nothing is erased: nothing leaves it by itself, and to count is to walk all of it.
const COUNTED_HOURS: i64 = 23;
/// How often the walk begins at the beginning.
const WHOLE_DAYS: i64 = 7;
/// Before the instant up to which everything was erased the walk begins so much earlier: a case may have ended while it went on, by the
/// clock of another server.
const BACK_HOURS: i64 = 24;

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

/// What the last turn found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// When.
    pub at: Timestamp,
    /// What is over and still there, for every process and register that says how long.
    pub over: Vec<Due>,
}

/// How far everything was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Erased {
    /// When the walk last began at the beginning.
    whole: Option<Timestamp>,
    /// By process: nothing that ended before has values any more, as far as that walk and those after it saw.
    until: BTreeMap<String, Timestamp>,
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

/// Where the next page of a walk begins.
enum Next {
    Cases(Option<(Timestamp, CaseId)>),
    Rows(Option<(Shard, String)>),
}

impl Term {
    /// Cases that ended before are over at `now`.
    fn until(&self, now: Timestamp) -> Timestamp {
        let day = SignedDuration::from_hours(24);
        now.checked_sub(day * i32::try_from(self.days).unwrap_or(i32::MAX)).unwrap_or(Timestamp::MIN)
    }

    /// Where a walk begins after what was erased.
    fn begin(&self, erased: &Erased) -> Next {
        if self.is_register {
            return Next::Rows(None);
        }
        let back = SignedDuration::from_hours(BACK_HOURS);
        let from = erased.until.get(&self.of).map(|until| until.checked_sub(back).unwrap_or(Timestamp::MIN));
        Next::Cases(from.map(|from| (from, CaseId(uuid::Uuid::nil()))))
    }

    /// A page of what is over at `now`, and where the next one begins.
    async fn page(
        &self,
        store: &dyn Store,
        now: Timestamp,
        next: Next,
    ) -> Result<(Vec<Ended>, Option<Next>), StoreError> {
        match next {
            Next::Cases(after) => {
                let (found, next) = store.cases_ended((&self.of, self.until(now)), after, AT_ONCE).await?;
                Ok((found, next.map(|next| Next::Cases(Some(next)))))
            }
            Next::Rows(after) => {
                let last = local_date(now).saturating_sub(i64::from(self.days).days());
                let (found, next) = store.rows_ended(&self.of, last, after, AT_ONCE).await?;
                Ok((found, next.map(|next| Next::Rows(Some(next)))))
            }
        }
    }
}

impl Due {
    fn none(term: &Term) -> Due {
        Due { of: term.of.clone(), days: term.days, count: 0, since: None }
    }

    fn add(&mut self, one: &Ended) {
        self.count += 1;
        self.since = Some(self.since.map_or(one.since, |since| since.min(one.since)));
    }
}

/// Counts what is over, for every process and register that says how long; erases nothing.
///
/// # Errors
/// When the store fails.
pub async fn due(store: &dyn Store, model: &Model, now: Timestamp) -> Result<Vec<Due>, StoreError> {
    let mut all = Vec::new();
    for term in terms(model) {
        let mut due = Due::none(&term);
        let mut next = Some(term.begin(&Erased::default()));
        while let Some(from) = next {
            let (found, then) = term.page(store, now, from).await?;
            found.iter().for_each(|one| due.add(one));
            next = then;
        }
        all.push(due);
    }
    Ok(all)
}

/// Erases everything that is over and says what that was; a report is kept when it was something.
///
/// # Errors
/// When the store fails or the queue is full; what was erased stays so, and the rest is due still.
pub async fn erase(
    store: &dyn Store,
    committer: &Committer,
    model: &Model,
    now: Timestamp,
) -> Result<Vec<Due>, CommitError> {
    Ok(erase_after((store, committer), model, now, &Erased::default()).await?.done)
}

/// What erasing came to.
#[derive(Default)]
struct Erasing {
    /// What was erased.
    done: Vec<Due>,
    /// What is over and was not erased, because the case or row is not as it was any more.
    left: Vec<Due>,
}

/// As [`erase`], of what ended after what was erased before.
async fn erase_after(
    (store, committer): (&dyn Store, &Committer),
    model: &Model,
    now: Timestamp,
    erased: &Erased,
) -> Result<Erasing, CommitError> {
    let mut all = Erasing::default();
    let mut went = Ok(());
    for term in terms(model) {
        all.done.push(Due::none(&term));
        all.left.push(Due::none(&term));
        went = erase_term((store, committer), &term, (now, erased), &mut all).await;
        if went.is_err() {
            break;
        }
    }
    all.done.retain(|due| due.count > 0);
    if !all.done.is_empty() {
        // Also when it ended in the middle: what was erased is told, first of all, since no later turn finds it any more.
        let body = serde_json::to_string(&all.done).unwrap_or_default();
        let kept = Kept { kind: REPORT.to_owned(), id: now.to_string(), due: None, body };
        store.kept_put(&[kept]).await.map_err(failed)?;
        store.keys_settle().await.map_err(failed)?;
    }
    went.map(|()| all)
}

fn failed(error: StoreError) -> CommitError {
    CommitError::Storage(Arc::new(error))
}

/// Erases what is over of one process or register, page by page.
async fn erase_term(
    (store, committer): (&dyn Store, &Committer),
    term: &Term,
    (now, erased): (Timestamp, &Erased),
    all: &mut Erasing,
) -> Result<(), CommitError> {
    let mut next = Some(term.begin(erased));
    while let Some(from) = next {
        let (found, then) = term.page(store, now, from).await.map_err(failed)?;
        for one in found {
            let into = match committer.send(command(&one, term.is_register)).await {
                Ok(_) => all.done.last_mut(),
                // It was erased or taken back meanwhile.
                Err(CommitError::Refused(_)) => all.left.last_mut(),
                Err(error) => return Err(error),
            };
            if let Some(due) = into {
                due.add(&one);
            }
        }
        next = then;
    }
    Ok(())
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

async fn kept<T: for<'de> Deserialize<'de>>(store: &dyn Store, setting: &str) -> Result<Option<T>, StoreError> {
    Ok(store.setting(setting).await?.and_then(|text| serde_json::from_str(&text).ok()))
}

async fn keep<T: Serialize>(store: &dyn Store, setting: &str, value: &T) -> Result<(), StoreError> {
    store.setting_put(setting, &serde_json::to_string(value).unwrap_or_default()).await
}

/// What the last turn of the job found, if the packs still say the same; `None`: it has not looked yet.
///
/// # Errors
/// When the store fails.
pub async fn found(store: &dyn Store, model: &Model) -> Result<Option<Found>, StoreError> {
    let found: Option<Found> = kept(store, FOUND).await?;
    let said = terms(model);
    let is_same = |found: &Found| {
        let of = found.over.iter().map(|due| (due.of.as_str(), due.days));
        of.eq(said.iter().map(|term| (term.of.as_str(), term.days)))
    };
    Ok(found.filter(is_same))
}

/// Erases, if it was turned on; else counts, now and then. Both are noted for the page.
///
/// # Errors
/// As [`erase`].
pub async fn run(app: &App) -> Result<(), Error> {
    let (store, world, now) = (app.store.as_ref(), app.world.load_full(), app.clock.now());
    // What was noted by a clock that ran ahead is no mark either.
    let is_old =
        |since: Timestamp, hours: i64| since > now || now.duration_since(since) >= SignedDuration::from_hours(hours);
    if store.setting(SETTING).await?.as_deref() != Some(ON) {
        let last = found(store, &world.model).await?;
        if last.is_none_or(|last| is_old(last.at, COUNTED_HOURS)) {
            keep(store, FOUND, &Found { at: now, over: due(store, &world.model, now).await? }).await?;
        }
        return Ok(());
    }
    let mut erased: Erased = kept(store, ERASED).await?.unwrap_or_default();
    if erased.whole.is_none_or(|whole| is_old(whole, 24 * WHOLE_DAYS)) {
        erased = Erased { whole: Some(now), until: BTreeMap::new() };
    }
    let all = erase_after((store, &app.committer), &world.model, now, &erased).await?;
    for term in terms(&world.model).iter().filter(|term| !term.is_register) {
        // Where the packs keep it longer than before, everything up to then is erased still.
        let until = erased.until.entry(term.of.clone()).or_insert(Timestamp::MIN);
        *until = term.until(now).max(*until);
    }
    keep(store, ERASED, &erased).await?;
    keep(store, FOUND, &Found { at: now, over: all.left }).await?;
    for due in all.done {
        tracing::info!(of = due.of, count = due.count, "personal values were erased: their time is over");
    }
    Ok(())
}

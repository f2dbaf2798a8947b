//! Deadlines counted again after the calendar changed: every open case of every shard gets a command; the kernel journals
//! what moved. The calendar that was last gone through is a setting; a run that was cut off begins again without harm.

use crate::app::App;
use crate::error::Error;
use futures_util::future::join_all;
use ganglion_kernel::CommitError;
use ganglion_kernel::World;
use ganglion_kernel::clocks::Office;
use ganglion_kernel::decide::derived;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_model::{Actor, Body, CaseId, Command, CommandId, Shard};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Days an administrator laid over the calendar, as lines of CSV.
pub const OVERLAY: &str = "calendar.overlay";
/// How far the cases have been gone through.
const PROGRESS: &str = "calendar.recomputed";
/// Label of the overlay in the calendar's version.
const LABEL: &str = "local";
/// Cases read at a time.
const CASES_AT_ONCE: u32 = 200;

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Version of the calendar the cases are gone through for.
    pub version: String,
    /// Open cases.
    #[serde(default)]
    pub total: u64,
    /// Cases gone through.
    pub done: u64,
    /// Cases whose deadlines moved.
    pub moved: u64,
    /// Whether all have been.
    pub finished: bool,
}

/// How far it is, as kept.
///
/// # Errors
/// Storage.
pub async fn progress(app: &App) -> Result<Option<Progress>, Error> {
    let kept = app.store.setting(PROGRESS).await?;
    Ok(kept.and_then(|text| serde_json::from_str(&text).ok()))
}

async fn keep(app: &App, progress: &Progress) -> Result<(), Error> {
    let text = serde_json::to_string(progress).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(app.store.setting_put(PROGRESS, &text).await?)
}

/// The office with the overlay laid over the calendar this server began with.
///
/// # Errors
/// Every bad line.
pub fn overlaid(app: &App, text: &str) -> Result<Office, ganglion_kernel::clocks::CalendarError> {
    if text.trim().is_empty() {
        return Ok(app.office.clone());
    }
    let calendar = app.office.calendar.overlay(LABEL, text)?;
    Ok(Office { calendar: Arc::new(calendar), hours: app.office.hours.clone() })
}

/// Takes an overlay that another server, or an earlier run, kept.
pub(super) async fn follow_overlay(app: &App) -> Result<(), Error> {
    let Some(text) = app.store.setting(OVERLAY).await? else { return Ok(()) };
    match overlaid(app, &text) {
        Ok(office) if office.calendar.version() != app.world.load().office.calendar.version() => {
            use_office(app, office)
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the days kept for this place cannot be read"),
    }
    Ok(())
}

/// Replaces the office of the world.
pub fn use_office(app: &App, office: Office) {
    app.world.rcu(|world| Arc::new(World { office: office.clone(), ..World::clone(world) }));
}

/// Goes on through the open cases, if the calendar is another than the one they were gone through for.
///
/// # Errors
/// When the store fails or the queue is full; the next run goes on.
pub async fn run(app: &App) -> Result<(), Error> {
    let version = app.world.load().office.calendar.version().to_owned();
    let kept = progress(app).await?;
    let first = kept.is_none();
    let mut now = match kept {
        // A new installation has nothing that was counted by another calendar.
        None => Progress { version, finished: true, ..Progress::default() },
        Some(kept) if kept.version == version && kept.finished => return Ok(()),
        Some(kept) if kept.version == version => kept,
        Some(_) => Progress { version, ..Progress::default() },
    };
    if !now.finished {
        let open = open_cases(app).await?;
        now = Progress { total: open.len() as u64, ..Progress { version: now.version, ..Progress::default() } };
        for some in open.chunks(CASES_AT_ONCE as usize) {
            if *app.stopping.borrow() {
                return Ok(());
            }
            let answers = join_all(some.iter().map(|case| app.committer.send(command(&now.version, *case)))).await;
            for answer in answers {
                match answer {
                    Ok(_) => now.moved += 1,
                    // Nothing moved, or the case was settled meanwhile.
                    Err(CommitError::Refused(_)) => {}
                    Err(error) => return Err(error.into()),
                }
                now.done += 1;
            }
            keep(app, &now).await?;
        }
        now.finished = true;
        keep(app, &now).await?;
    }
    if first {
        keep(app, &now).await?;
    }
    Ok(())
}

/// Every open case: gathered first, since counting again changes the order lists are read in.
async fn open_cases(app: &App) -> Result<Vec<(Shard, CaseId)>, Error> {
    let filter = CaseFilter { open: Some(true), ..CaseFilter::default() };
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = app.store.cases(&filter, CaseOrder::Due, after.as_ref(), CASES_AT_ONCE).await?;
        all.extend(page.iter().map(|case| (case.shard, case.id)));
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(After::of(last, CaseOrder::Due));
    }
}

/// The same calendar gives the same command, so that a job that runs twice counts once.
fn command(version: &str, (shard, case): (Shard, CaseId)) -> Command {
    let id = derived(CommandId(case.0), &format!("recompute/{version}"));
    let body = Body::Recompute { case, why: version.to_owned() };
    Command { id, shard, actor: Actor::System, body }
}

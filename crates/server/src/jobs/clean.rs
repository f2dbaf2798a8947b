//! Cleaning up: uploads that were never sent with anything, sessions that ended, outcomes nobody will ask for again, what is told
//! of accounts or of many cases once its time is over.

use crate::app::App;
use crate::error::Error;
use crate::identity::TIMED;
use crate::limits::{ANSWER_KEPT_DAYS, FORGOTTEN_AT_ONCE, UPLOAD_KEPT_HOURS};
use crate::staff::bulk;
use ganglion_kernel::port::{Forgotten, Stale};
use jiff::SignedDuration;

/// Forgets all of it, a little at a time; gives what was forgotten.
///
/// # Errors
/// When the store fails or a file cannot be removed; what is left goes at the next run.
pub async fn run(app: &App) -> Result<Forgotten, Error> {
    let now = app.clock.now();
    let stale = Stale {
        sessions: now,
        answers: now - SignedDuration::from_hours(24 * ANSWER_KEPT_DAYS),
        files: now - SignedDuration::from_hours(UPLOAD_KEPT_HOURS),
        rows_max: FORGOTTEN_AT_ONCE,
    };
    let mut all = Forgotten::default();
    loop {
        let forgotten = app.store.forget(&stale).await?;
        for id in &forgotten.files {
            app.files.remove(id).await?;
        }
        let most = forgotten.sessions.max(forgotten.answers).max(forgotten.files.len());
        all.sessions += forgotten.sessions;
        all.answers += forgotten.answers;
        all.files.extend(forgotten.files);
        if most < FORGOTTEN_AT_ONCE as usize {
            break;
        }
    }
    kept(app).await?;
    if all != Forgotten::default() {
        let (sessions, answers, files) = (all.sessions, all.answers, all.files.len());
        tracing::info!(sessions, answers, files, "cleaned up");
    }
    Ok(all)
}

/// Forgets what is kept of sign-ins once its time is over: lines, wrong tries, browsers, sessions, second steps, set-up links; and what
/// came of steps on many cases.
async fn kept(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    for kind in TIMED.into_iter().chain([bulk::KIND]) {
        loop {
            let due = app.store.kept_due(kind, now, FORGOTTEN_AT_ONCE).await?;
            let gone: Vec<(String, String)> = due.into_iter().map(|one| (one.kind, one.id)).collect();
            app.store.kept_gone(&gone).await?;
            if gone.len() < FORGOTTEN_AT_ONCE as usize {
                break;
            }
        }
    }
    Ok(())
}

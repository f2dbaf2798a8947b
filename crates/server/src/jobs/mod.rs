//! Work that goes on beside requests: clocks that fall due, cases opened from other cases and by schedules, notices to posts, events
//! to other software, readings of instruments, deadlines counted again, cleaning up, and what other servers changed. Of several servers on one database one
//! does a job at a time; every job may run twice without harm all the same, because the ids of its commands follow from what
//! caused them.

pub mod clean;
pub mod follow;
mod noted;
pub mod recompute;
pub mod relook;
pub mod retention;
pub mod rewrap;
pub mod rules;
pub mod schedule;
pub mod spawn;
pub mod tell;
pub mod timers;
pub mod webhooks;
pub mod words;

use crate::app::AppState;
use crate::limits::{CLEAN_EVERY_SECONDS, RETENTION_EVERY_SECONDS, REWRAP_EVERY_SECONDS};
use std::future::Future;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Jobs that read the journal by cursor.
pub(crate) const BY_CURSOR: [&str; 2] = [spawn::JOB, tell::JOB];

/// Starts every job; they end when the server stops.
pub(crate) fn start(app: &AppState) -> Vec<JoinHandle<()>> {
    vec![
        // Each server holds these in memory.
        tokio::spawn(every(app.clone(), ("packs", 1), |app| async move { crate::packs::follow(&app).await })),
        tokio::spawn(every(app.clone(), ("follow", 1), |app| async move { follow::run(&app).await })),
        tokio::spawn(crate::readings::run(app.clone())),
        // Every server wraps by the newest key soon after there is one, whoever does the others.
        tokio::spawn(every(app.clone(), ("keys", REWRAP_EVERY_SECONDS), |app| async move {
            app.ring.refresh();
            Ok(())
        })),
        // These belong to the database: one server does them at a time.
        tokio::spawn(in_turn(app.clone(), ("timers", 1), |app| async move { timers::run(&app).await })),
        tokio::spawn(in_turn(app.clone(), ("spawn", 1), |app| async move { spawn::run(&app).await })),
        tokio::spawn(in_turn(app.clone(), ("rules", 1), |app| async move { rules::run(&app).await })),
        tokio::spawn(in_turn(app.clone(), ("schedule", 20), |app| async move { schedule::run(&app).await })),
        tokio::spawn(in_turn(app.clone(), ("tell", 1), |app| async move { tell::run(&app).await })),
        tokio::spawn(in_turn(app.clone(), ("webhooks", 1), |app| async move { webhooks::run(&app).await })),
        tokio::spawn(in_turn(app.clone(), ("words", 1), |app| async move { words::run(&app).await })),
        tokio::spawn(in_turn(app.clone(), ("recompute", 1), |app| async move { recompute::run(&app).await })),
        tokio::spawn(in_turn(app.clone(), ("rewrap", REWRAP_EVERY_SECONDS), |app| async move {
            rewrap::run(&app).await?;
            relook::run(&app).await
        })),
        tokio::spawn(in_turn(app.clone(), ("retention", RETENTION_EVERY_SECONDS), |app| async move {
            retention::run(&app).await
        })),
        tokio::spawn(in_turn(app.clone(), ("clean", CLEAN_EVERY_SECONDS), |app| async move {
            clean::run(&app).await.map(drop)
        })),
    ]
}

/// As [`every`], left out when another server is at it.
async fn in_turn<F, R>(app: AppState, (name, seconds): (&'static str, u64), job: F)
where
    F: Fn(AppState) -> R,
    R: Future<Output = Result<(), crate::error::Error>>,
{
    let job = &job;
    let turn = |app: AppState| async move {
        match app.store.turn(name).await? {
            Some(turn) => {
                let done = job(app).await;
                drop(turn);
                done
            }
            None => Ok(()),
        }
    };
    every(app, (name, seconds), turn).await;
}

/// Runs a job every so many seconds, the first time at once, until the server stops. A failure is logged and tried again at
/// the next turn.
async fn every<F, R>(app: AppState, (name, seconds): (&'static str, u64), job: F)
where
    F: Fn(AppState) -> R,
    R: Future<Output = Result<(), crate::error::Error>>,
{
    let mut stopping = app.stopping.subscribe();
    let mut ticks = tokio::time::interval(Duration::from_secs(seconds));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    app.meter.job_started((name, seconds), app.clock.now());
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        let result = job(app.clone()).await;
        app.meter.job_turn(name, &result, app.clock.now());
        if let Err(error) = result {
            tracing::warn!(job = name, %error, "a job failed and is tried again");
        }
    }
}

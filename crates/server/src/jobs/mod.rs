//! Work that goes on beside requests: clocks that fall due, and cases opened from other cases. Every job may run twice
//! without harm, because the ids of its commands follow from what caused them.

pub mod rules;
pub mod spawn;
pub mod timers;

use crate::app::AppState;
use std::future::Future;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Starts every job; they end when the server stops.
pub(crate) fn start(app: &AppState) -> Vec<JoinHandle<()>> {
    vec![
        tokio::spawn(every_second(app.clone(), "timers", |app| async move { timers::run(&app).await })),
        tokio::spawn(every_second(app.clone(), "spawn", |app| async move { spawn::run(&app).await })),
        tokio::spawn(every_second(app.clone(), "packs", |app| async move { crate::packs::follow(&app).await })),
        tokio::spawn(every_second(app.clone(), "rules", |app| async move { rules::run(&app).await })),
    ]
}

/// Runs a job each second until the server stops. A failure is logged and tried again at the next second.
async fn every_second<F, R>(app: AppState, name: &'static str, job: F)
where
    F: Fn(AppState) -> R,
    R: Future<Output = Result<(), crate::error::Error>>,
{
    let mut stopping = app.stopping.subscribe();
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        if let Err(error) = job(app.clone()).await {
            tracing::warn!(job = name, %error, "a job failed and is tried again");
        }
    }
}

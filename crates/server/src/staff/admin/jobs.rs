//! Jobs and proofs: how far each reader of the journal has come, timers that wait, and the head of each chain.

use super::{admin, tabs};
use crate::error::Error;
use crate::jobs::BY_CURSOR;
use crate::staff::find;
use crate::view::LinkView;
use crate::view::case::StateTag;
use crate::view::words::count;
use crate::web::Web;
use axum::response::Response;
use ganglion_kernel::port::Head;
use ganglion_model::{PlaceCode, Shard};
use serde::Serialize;
use std::fmt::Write as _;

/// Timers counted; more than this is "many" whatever the number.
const TIMERS_COUNTED_MAX: u32 = 10_000;

/// One line of the page.
#[derive(Serialize)]
pub struct JobView {
    id: String,
    name: String,
    text: String,
    done: u64,
    total: u64,
    state: StateTag,
    started: String,
    by: String,
    log: Option<String>,
}

#[derive(Serialize)]
struct JobsContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    jobs: Vec<JobView>,
}

/// The shards inside the administrator's place.
fn wanted(web: &Web) -> Result<Vec<Shard>, Error> {
    let mut wanted = find::counties(web, admin(web)?.place);
    wanted.push(Shard::DEPLOYMENT);
    Ok(wanted)
}

/// Their journals.
async fn heads(web: &Web) -> Result<Vec<(Shard, Head)>, Error> {
    let wanted = wanted(web)?;
    Ok(web.app.store.shards().await?.into_iter().filter(|(shard, _)| wanted.contains(shard)).collect())
}

/// Readers of the journal that have lines left to read.
///
/// # Errors
/// Storage.
pub async fn lagging(web: &Web) -> Result<usize, Error> {
    let (mut lagging, wanted) = (0, wanted(web)?);
    for (shard, seq) in web.app.store.positions().await?.into_iter().filter(|(shard, _)| wanted.contains(shard)) {
        for job in BY_CURSOR {
            lagging += usize::from(web.app.store.cursor(job, shard).await? < seq);
        }
    }
    Ok(lagging)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// `GET /admin/jobs`.
pub async fn show(web: Web) -> Result<Response, Error> {
    admin(&web)?;
    let words = web.words();
    let look = web.look(&words);
    let heads = heads(&web).await?;
    let now = look.date_time(web.now);
    let state = |done: bool| StateTag {
        name: String::new(),
        label: look.t(if done { "job-done" } else { "job-running" }),
        tone: if done { "done" } else { "active" },
    };
    let view = |id: String, name: String, text: String, done: u64, total: u64| JobView {
        id,
        name,
        text,
        state: state(done >= total),
        done,
        total,
        started: now.clone(),
        by: look.t("who-system"),
        log: None,
    };
    let due = web.app.store.timers_due(web.now, TIMERS_COUNTED_MAX).await?.len() as u64;
    let timers = look.say("job-timers-text", &[("count", due.into())]);
    let mut jobs = vec![view("timers".to_owned(), look.t("job-timers"), timers, 0, due)];
    for job in BY_CURSOR {
        let (mut done, mut total) = (0, 0);
        for (shard, head) in &heads {
            done += web.app.store.cursor(job, *shard).await?;
            total += head.seq;
        }
        let text = format!("{} / {}", count(done), count(total));
        jobs.push(view(job.to_owned(), look.t(&format!("job-{job}")), text, done, total));
    }
    if let Some(progress) = crate::jobs::recompute::progress(&web.app).await? {
        let text = look.say(
            "job-recompute-text",
            &[
                ("done", count(progress.done).into()),
                ("moved", count(progress.moved).into()),
                ("version", progress.version.clone().into()),
            ],
        );
        let total = if progress.finished { progress.done } else { progress.total.max(progress.done + 1) };
        jobs.push(view("recompute".to_owned(), look.t("job-recompute"), text, progress.done, total));
    }
    for (shard, head) in heads {
        let place = PlaceCode::from_padded(u64::from(shard.0) * 1_000_000_000);
        let name = place.map_or_else(|| look.t("log-deployment"), |place| look.place(place));
        let text = look.say("job-chain-text", &[("seq", count(head.seq).into())]);
        let mut chain = view(format!("chain-{shard}"), look.say("job-chain", &[("place", name.into())]), text, 0, 0);
        chain.log = Some(hex(&head.frontier.root()));
        jobs.push(chain);
    }
    web.render("pages/admin_jobs.html", JobsContext { page: web.page("title-admin-jobs"), tabs: tabs(&web), jobs })
}

//! The list a grid worker carries: what waits for this post, nearest first when the phone says where it is. What the post has and
//! can do nothing about now stands below it.

use super::lists::Union;
use super::preview;
use crate::error::Error;
use crate::view::case::{CaseRow, card_href};
use crate::web::Web;
use axum::response::Response;
use ganglion_geo::Point;
use ganglion_kernel::clocks::midnight;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_model::change::{Actor, Entry};
use ganglion_model::{Case, Post};
use serde::Serialize;

/// Tasks on a phone.
const TASKS_MAX: u32 = 60;
/// Cases settled last, and the last lines of each case, that are looked through for what was done today.
const SETTLED_MAX: u32 = 30;
const LINES_MAX: u32 = 20;

#[derive(Serialize)]
struct FirstStep {
    name: String,
    label: String,
    href: String,
}

#[derive(Serialize)]
struct Task {
    #[serde(flatten)]
    row: CaseRow,
    metres: Option<u64>,
    actions: Vec<FirstStep>,
}

#[derive(Serialize)]
struct PhoneContext {
    page: crate::page::Page,
    tasks: Vec<Task>,
    done_count: usize,
    report_href: String,
    map_href: String,
}

fn here(web: &Web) -> Option<Point<f64>> {
    let degrees = |name: &str| web.arg(name).and_then(|text| text.parse::<f64>().ok()).filter(|n| n.is_finite());
    Some(Point::new(degrees("lon")?, degrees("lat")?))
}

/// The way between two points of a county, on a flat earth: off by a thousandth at most.
fn metres(a: Point<f64>, b: Point<f64>) -> u64 {
    const METRES_PER_DEGREE: f64 = 111_195.0;
    let east = (a.x() - b.x()) * ((a.y() + b.y()) / 2.0).to_radians().cos();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never negative, at most half the earth"
    )]
    let metres = (east.hypot(a.y() - b.y()) * METRES_PER_DEGREE).round() as u64;
    metres
}

/// Cases in which the post took a step today, of those it has: open ones as they stand in the list, and the newest settled ones.
async fn done_today(web: &Web, post: &Post, open: &[Case]) -> Result<usize, Error> {
    let since = midnight(web.today());
    let own = CaseFilter { assignees: vec![post.id.clone()], open: Some(false), ..CaseFilter::default() };
    let settled = Union(vec![own]).kept(web, post).page(web, CaseOrder::Opened, None, SETTLED_MAX).await?;
    let is_own = |entry: &Entry| matches!(&entry.actor, Actor::Post { post: by, .. } if *by == post.id);
    let mut done = 0;
    for case in open.iter().chain(&settled.cases).filter(|case| case.updated_at >= since) {
        let entries = web.app.store.entries_of_case(case.shard, case.id, LINES_MAX).await?;
        done += usize::from(entries.iter().any(|entry| entry.at >= since && is_own(entry)));
    }
    Ok(done)
}

/// `GET /m`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let words = web.words();
    let look = web.look(&words);
    let here = here(&web);
    let page = Union::turn(&web, &post).page(&web, CaseOrder::Due, None, TASKS_MAX).await?;
    let mut tasks = Vec::new();
    for case in &page.cases {
        let Some(process) = web.world.model.processes.get(&case.process) else {
            continue;
        };
        let href = card_href(&case.number);
        let actions = preview::actions(&web, &look, (case, process), &[], (None, None)).await?;
        // The step that stands out on the card stands here too.
        let mut open: Vec<_> = actions.into_iter().filter(|action| action.disabled_reason.is_none()).collect();
        open.sort_by_key(|action| action.kind != Some("primary"));
        let first = open.into_iter().next().map(|action| FirstStep {
            href: format!("{href}?open={}#action-{}", action.name, action.name),
            name: action.name,
            label: action.label,
        });
        let metres = here.zip(case.point).map(|(here, [lon, lat])| metres(here, Point::new(lon, lat)));
        let row = CaseRow { waits: first.is_none(), ..look.case_row(case, href) };
        tasks.push(Task { row, metres, actions: first.into_iter().collect() });
    }
    if here.is_some() {
        // Late ones stay on top; among the others the way decides.
        tasks.sort_by_key(|task| (task.row.clock.kind != "overdue", task.metres.unwrap_or(u64::MAX)));
    }
    tasks.sort_by_key(|task| task.row.waits);
    let done_count = done_today(&web, &post, &page.cases).await?;
    let context = PhoneContext {
        page: crate::page::Page { live_href: Some(format!("/live?place={}", post.place)), ..web.page("title-m") },
        tasks,
        done_count,
        report_href: "/cases/new".to_owned(),
        map_href: "/centre".to_owned(),
    };
    web.render("pages/m.html", context)
}

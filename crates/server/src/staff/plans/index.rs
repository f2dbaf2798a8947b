//! `GET /plans`: every plan that is there for the post.

use crate::error::Error;
use crate::web::Web;
use axum::response::Response;
use ganglion_kernel::plans::{Right, right};
use ganglion_model::pack::{Plan, PlanKind};
use serde::Serialize;

#[derive(Serialize)]
struct Entry {
    title: String,
    about: String,
    kind: String,
    pack: String,
    href: String,
    /// Whether the post may adopt it.
    adopts: bool,
}

#[derive(Serialize)]
struct IndexContext {
    page: crate::page::Page,
    plans: Vec<Entry>,
}

/// What kind of plan it is.
pub fn kind_name(plan: &Plan) -> &'static str {
    match plan.kind {
        PlanKind::Allocation(_) => "allocation",
        PlanKind::Assignment(_) => "assignment",
        PlanKind::Coverage(_) => "coverage",
    }
}

/// The key of the words for it.
pub fn kind_key(plan: &Plan) -> String {
    format!("plan-kind-{}", kind_name(plan))
}

/// `GET /plans`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let words = web.words();
    let look = web.look(&words);
    let mut plans: Vec<(&Plan, Right)> =
        web.world.model.plans.values().filter_map(|plan| Some((plan, right(plan, &post)?))).collect();
    plans.sort_by(|(a, _), (b, _)| (&a.pack, a.order).cmp(&(&b.pack, b.order)));
    let entry = |(plan, right): &(&Plan, Right)| Entry {
        title: look.text(&plan.title),
        about: look.text(&plan.about),
        kind: look.t(&kind_key(plan)),
        pack: web.world.model.packs.get(&plan.pack).map(|pack| look.text(&pack.title)).unwrap_or_default(),
        href: format!("/plans/{}", plan.name),
        adopts: *right == Right::Adopt && plan.result.is_some(),
    };
    let plans = plans.iter().map(entry).collect();
    web.render("pages/plans.html", IndexContext { page: web.page("title-plans"), plans })
}

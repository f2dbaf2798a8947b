//! Pages of plans, and what the interface for other software shares with them: what there is to compute, a computed plan with its tables and map, its spreadsheet, and adopting it.
//!
//! A plan that a post may neither compute nor look at is not there for it. It is computed for the post's own place or one inside
//! it, from rows the post may read. Nothing is kept: every page computes anew, and the same rows give the same digits.

mod adopt;
mod asked;
mod export;
mod figures;
mod index;
mod map;
mod page;
mod read;
mod tables;

pub(crate) use adopt::{Adopted, Waiting, carried_out, digest};
pub(crate) use asked::{Asked, asked_for};
pub(crate) use index::kind_name;
pub(crate) use page::why_not;
pub(crate) use read::{Computed, compute};
pub(crate) use tables::title;

use crate::app::AppState;
use crate::error::Error;
use crate::web::Web;
use axum::Router;
use axum::routing::{get, post};
use ganglion_kernel::plans::{Right, right};
use ganglion_model::Post;
use ganglion_model::pack::Plan;

/// The routes of plans.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/plans", get(index::show))
        .route("/plans/{name}", get(page::show))
        .route("/plans/{name}/points", get(map::points))
        .route("/plans/{name}/export.xlsx", get(export::xlsx))
        .route("/plans/{name}/adopt", post(adopt::adopt))
}

/// Whether some plan is there for a post: the menu has them then.
pub(crate) fn any(web: &Web, post: &Post) -> bool {
    web.world.model.plans.values().any(|plan| right(plan, post).is_some())
}

/// The plan called `name` and what the post may do with it.
///
/// # Errors
/// [`Error::NotFound`]; who is not signed in is asked to.
fn found<'w>(web: &'w Web, name: &str) -> Result<(&'w Plan, Right), Error> {
    let post = web.post()?;
    let plan = web.world.model.plans.get(name).ok_or(Error::NotFound)?;
    let right = right(plan, post).ok_or(Error::NotFound)?;
    Ok((plan, right))
}

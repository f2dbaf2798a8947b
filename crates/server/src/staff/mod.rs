//! Pages for staff: inbox, lists, the card of a case and its actions, the centre, figures, the phone list, administration.
//!
//! Every list is narrowed to what the post reaches; what may not be seen is not found. What may happen is decided in the
//! kernel; these handlers only ask, send and show.

mod act;
mod admin;
pub(crate) mod audit;
mod audit_words;
pub(crate) mod batches;
pub(crate) mod behind;
pub(crate) mod board;
pub(crate) mod bulk;
pub(crate) mod bulletins;
mod card;
mod cases;
pub(crate) mod centre;
pub(crate) mod dashboard;
mod desk;
pub(crate) mod documents;
pub(crate) mod duplicates;
mod exact;
pub(crate) mod export;
mod figure_frame;
mod figure_rows;
pub(crate) mod figure_view;
pub(crate) mod figures;
mod filters;
pub(crate) mod find;
pub(crate) mod glass;
pub mod import;
mod known;
pub(crate) mod lists;
mod making;
pub(crate) mod new;
mod news;
pub(crate) mod personal;
mod phone;
pub(crate) mod plans;
mod position;
pub(crate) mod preview;
pub(crate) mod query;
mod queue;
mod queue_view;
pub(crate) mod registers;
pub(crate) mod rules;
pub(crate) mod search;
pub(crate) mod similar;
pub(crate) mod tables;
mod turn;
mod worked_out;

pub(crate) use act::files_of;
pub(crate) use admin::{accounts, people_import};
pub(crate) use documents::{as_pdf, made, not_made, standing};
pub(crate) use registers::import::job::Imports;
pub(crate) use registers::{Offers, names};

use crate::app::AppState;
use crate::error::Error;
use crate::intake;
use crate::limits::BULK_BYTES_MAX;
use crate::web::Web;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use ganglion_model::{Level, Post};

pub use ganglion_model::{ADMIN_ROLE, AUDIT_ROLE, SECURITY_ROLE};

/// Whether a post watches over those who administer: it reads and changes nothing.
pub(crate) fn audits(post: &Post) -> bool {
    post.role == AUDIT_ROLE && post.place.level() <= Level::County
}

/// Whether a post gives out accounts, posts and keys, and does nothing else of administration.
pub(crate) fn secures(post: &Post) -> bool {
    post.role == SECURITY_ROLE && post.place.level() <= Level::County
}

/// The post, if it gives out accounts, posts and keys: one that does nothing else; where none was ever appointed for the place, one
/// that administers it. From the first such appointment on whoever administers gives out nothing, also when the post has ended:
/// otherwise they would end it.
///
/// # Errors
/// [`Error::NotFound`]: for them it is not there.
pub(crate) fn appoints(web: &Web) -> Result<&Post, Error> {
    let post = web.post()?;
    let is_secured = || web.world.posts.all().any(|one| secures(one) && one.place.holds(post.place));
    if secures(post) || (administers(post) && !is_secured()) { Ok(post) } else { Err(Error::NotFound) }
}

/// The post, if it may read what happened to accounts: one that watches; where none was ever appointed for the place, one that
/// gives them out. From the first such appointment on nobody else reads it, also when the post has ended.
///
/// # Errors
/// [`Error::NotFound`]: for them it is not there.
pub(crate) fn watches(web: &Web) -> Result<&Post, Error> {
    let post = web.post()?;
    let is_watched = || web.world.posts.all().any(|one| audits(one) && one.place.holds(post.place));
    if audits(post) || (appoints(web).is_ok() && !is_watched()) { Ok(post) } else { Err(Error::NotFound) }
}

/// Whether a post runs the system: the pages of administration are there for no other, but for those of accounts and keys.
pub(crate) fn administers(post: &Post) -> bool {
    post.role == ADMIN_ROLE && post.place.level() <= Level::County
}

/// Refuses whoever does not administer the whole installation: what is installed is so for everybody.
///
/// # Errors
/// [`Error::NotFound`]: for them it is not there.
pub(crate) fn administers_all(web: &Web) -> Result<(), Error> {
    let post = web.post()?;
    if administers(post) && post.place == web.world.places.root { Ok(()) } else { Err(Error::NotFound) }
}

/// Rows of one page of a list.
const PAGE_ROWS: u32 = 50;

/// The routes of staff.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/desk", get(desk::show))
        .route("/desk/bulk", get(bulk::show).post(bulk::act))
        .route("/cases", get(cases::show))
        .route("/cases.csv", get(export::cases))
        .route("/cases.xlsx", get(export::cases_xlsx))
        .route("/cases/board", get(board::show))
        .route("/queue/{process}", get(queue::show))
        .route("/queue/{process}/next", post(queue::next))
        .route("/cases/new", get(new::show).post(new::open))
        .route(
            "/orders/{process}/{intake}",
            get(intake::page::show).post(intake::page::upload).layer(DefaultBodyLimit::max(BULK_BYTES_MAX)),
        )
        .route("/cases/{number}", get(card::show))
        .route("/cases/{number}/reveal", post(personal::reveal))
        .route("/cases/{number}/documents", post(documents::issue))
        .route("/cases/{number}/documents/{code}", get(documents::pdf))
        .route("/cases/{number}/documents/{code}/withdraw", post(documents::withdraw))
        .route("/cases/{number}/documents/preview/{name}", get(documents::preview))
        .route("/cases/{number}/{action}", post(act::act))
        .route("/break-glass", get(glass::show).post(glass::look))
        .route("/documents", get(batches::show))
        .route("/documents/batches", post(batches::start))
        .route("/documents/batches/{id}", get(batches::one))
        .route("/documents/batches/{id}/cancel", post(batches::cancel))
        .route("/documents/batches/{id}/zip", get(batches::zip))
        .route("/centre", get(centre::show))
        .route("/figures", get(figures::show))
        .route("/figures.csv", get(export::figures))
        .route("/figures.xlsx", get(export::figures_xlsx))
        .route("/figures/rows", get(figure_rows::show))
        .route("/bulletins/{file}", get(bulletins::show))
        .route("/tables/{file}", get(tables::show))
        .route("/m", get(phone::show))
        .route("/search", get(search::show))
        .route("/search/exact", get(exact::show).post(exact::find))
        .merge(registers::routes())
        .merge(rules::routes())
        .merge(plans::routes())
        .merge(admin::routes())
        .merge(audit::routes())
}

//! Administration: places and their import, posts and accounts, packs, jobs and proofs. Only for posts of the kernel's own
//! roles; each sees what lies inside its place. Where somebody gives out posts and nothing else, accounts and keys are theirs alone.

mod account;
pub(super) mod account_lines;
mod account_posts;
pub(crate) mod accounts;
mod calendar;
mod jobs;
mod keys;
mod pack_install;
mod pack_review;
mod pack_roles;
mod pack_sections;
mod packs;
mod people;
pub(crate) mod people_import;
mod places;
mod receivers;
mod retention;
mod upload;

use super::{administers, administers_all, appoints, audits, secures, watches};
use crate::app::AppState;
use crate::error::Error;
use crate::view::LinkView;
use crate::view::words::count;
use crate::web::Web;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{get, post};
use ganglion_kernel::decide::who::{Reach, reach};
use ganglion_kernel::port::CaseFilter;
use ganglion_model::pack::Process;
use ganglion_model::{Level, Post};
use serde::Serialize;

/// Bytes of a file of places or outlines.
const IMPORT_BYTES_MAX: usize = 64 << 20;

/// The routes.
pub fn routes() -> Router<AppState> {
    let import = post(upload::dry_run).get(upload::show).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX));
    Router::new()
        .route("/admin", get(overview))
        .route("/admin/places", get(places::show))
        .route("/admin/import", import)
        .route("/admin/import/confirm", post(upload::confirm))
        .route(
            "/admin/packs",
            post(packs::check).get(packs::show).layer(DefaultBodyLimit::max(packs::UPLOAD_BYTES_MAX)),
        )
        .route("/admin/packs/install", post(pack_install::begin))
        .route("/admin/packs/install/{id}", get(pack_install::show))
        .route("/admin/packs/install/{id}/posts", post(pack_roles::appoint))
        .route("/admin/packs/{name}/remove", post(packs::remove))
        .route("/admin/accounts", get(accounts::show).post(accounts::create))
        .route("/admin/accounts/places", get(accounts::places))
        .route("/admin/accounts/{id}", get(account::show))
        .route("/admin/accounts/{id}/active", post(accounts::activate))
        .route("/admin/accounts/{id}/unlock", post(account::unlock))
        .route("/admin/accounts/{id}/password", post(account::reset))
        .route("/admin/accounts/{id}/second", post(account::second_off))
        .route("/admin/accounts/{id}/absence", post(account::absent))
        .route("/admin/accounts/{id}/absence/end", post(account::absence_end))
        .route("/admin/accounts/{id}/sessions/end", post(account::end_all))
        .route("/admin/accounts/{id}/sessions/{session}/end", post(account::end))
        .route("/admin/accounts/{id}/posts", post(account_posts::give))
        .route("/admin/accounts/{id}/posts/{post}/end", get(account_posts::leaving).post(account_posts::end))
        .route("/admin/account-lines", get(account_lines::show))
        .route("/admin/keys", get(keys::show).post(keys::create))
        .route("/admin/keys/{name}/rotate", post(keys::rotate))
        .route("/admin/keys/{name}/revoke", post(keys::revoke))
        .route("/admin/receivers", get(receivers::show).post(receivers::create))
        .route("/admin/receivers/{id}/active", post(receivers::activate))
        .route("/admin/receivers/{id}/remove", post(receivers::remove))
        .route("/admin/receivers/{id}/again", post(receivers::again))
        .route("/admin/receivers/{id}/replay", post(receivers::replay))
        .route("/admin/calendar", get(calendar::show).post(calendar::save))
        .route("/admin/retention", get(retention::show).post(retention::switch))
        .route("/admin/jobs", get(jobs::show))
        .merge(people_import::routes())
}

/// The post, if it administers.
///
/// # Errors
/// [`Error::NotFound`] for everybody else: the pages are not there for them.
pub fn admin(web: &Web) -> Result<&Post, Error> {
    let post = web.post()?;
    if administers(post) { Ok(post) } else { Err(Error::NotFound) }
}

/// The post, if it administers the whole installation: what is installed is so for everybody.
///
/// # Errors
/// [`Error::NotFound`] for everybody else.
pub fn owner(web: &Web) -> Result<&Post, Error> {
    let post = admin(web)?;
    administers_all(web).map(|()| post)
}

/// The tabs every page of administration has.
pub fn tabs(web: &Web) -> Vec<LinkView> {
    if web.post().is_ok_and(audits) {
        return super::audit::tabs(web);
    }
    let all = [
        ("/admin", "tab-overview"),
        ("/admin/places", "title-admin-places"),
        ("/admin/import", "title-admin-import"),
        ("/admin/packs", "title-admin-packs"),
        ("/admin/accounts", "title-admin-accounts"),
        ("/admin/account-lines", "title-admin-account-lines"),
        ("/admin/keys", "title-admin-keys"),
        ("/admin/receivers", "title-admin-receivers"),
        ("/admin/calendar", "title-admin-calendar"),
        ("/admin/retention", "title-admin-retention"),
        ("/admin/jobs", "title-admin-jobs"),
    ];
    let is_here = |href: &str| {
        if href == "/admin" { web.path == href } else { web.path.starts_with(href) }
    };
    // What leaves the installation is a matter of those who administer all of it.
    let of_all = ["/admin/receivers", "/admin/retention"];
    let only_appoints = web.post().is_ok_and(secures);
    let is_there = |href: &str| match href {
        "/admin/account-lines" => watches(web).is_ok(),
        "/admin/accounts" | "/admin/keys" => appoints(web).is_ok(),
        _ if only_appoints => false,
        _ => !of_all.contains(&href) || administers_all(web).is_ok(),
    };
    all.into_iter()
        .filter(|(href, _)| is_there(href))
        .map(|(href, key)| LinkView { label: web.t(key), href: href.to_owned(), current: is_here(href) })
        .collect()
}

#[derive(Serialize)]
struct Card {
    title: String,
    value: String,
    text: String,
    href: Option<&'static str>,
    tone: Option<&'static str>,
}

#[derive(Serialize)]
struct Overview {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    cards: Vec<Card>,
    jobs: Vec<jobs::JobView>,
}

/// `GET /admin`.
async fn overview(web: Web) -> Result<Response, Error> {
    if web.post().is_ok_and(secures) {
        return Ok(web.redirect("/admin/accounts"));
    }
    let post = admin(&web)?.clone();
    let words = web.words();
    let look = web.look(&words);
    let tree = &web.world.places.tree;
    let today = web.today();
    let of_level = |level: Level| tree.inside(post.place, today).filter(|one| one.code.level() == level).count();
    let governments = tree.governments(post.place, Level::Township, today);
    let places_text = look.say(
        "card-places-text",
        &[
            ("counties", of_level(Level::County).into()),
            ("townships", governments.into()),
            ("villages", of_level(Level::Village).into()),
        ],
    );
    // What is being worked on says how busy the installation is; what is settled only ever becomes more, and figures tell it.
    let open = CaseFilter { place: Some(post.place), open: Some(true), ..CaseFilter::default() };
    let lagging = jobs::lagging(&web).await?;
    let number = |n: usize| count(n as u64);
    let card = |key: &str, value: String, text: String, href: Option<&'static str>| Card {
        title: look.t(key),
        value,
        text,
        href,
        tone: None,
    };
    let accounts = accounts::inside(&web, &post).await?.len();
    // Who administers counts cases and need not see them: then there is no list to lead to.
    let reads = |process: &Process| matches!(reach(process, &post), Reach::Subtree(_));
    let list = web.world.model.processes.values().any(reads).then_some("/cases");
    let mut cards = vec![
        card("card-places", number(tree.inside(post.place, today).count()), places_text, Some("/admin/places")),
        card("card-grids", number(of_level(Level::Grid)), web.world.places.edition.clone(), Some("/admin/places")),
        card("card-packs", number(web.world.model.packs.len()), look.t("packs-clean"), Some("/admin/packs")),
        card("card-accounts", number(accounts), String::new(), appoints(&web).is_ok().then_some("/admin/accounts")),
        card("card-cases-open", count(web.app.store.case_count(&open).await?), String::new(), list),
    ];
    cards.push(Card {
        tone: (lagging > 0).then_some("warn"),
        ..card("card-lagging-jobs", number(lagging), String::new(), Some("/admin/jobs"))
    });
    web.render(
        "pages/admin.html",
        Overview { page: web.page("title-admin"), tabs: tabs(&web), cards, jobs: Vec::new() },
    )
}

//! Installing a draft that was looked at: begins, can be left and come back to, and says how it ended.

use super::pack_review::obstacle_view;
use super::pack_roles::{roles_view, unheld_now};
use super::packs::{Kept, kept_path, parts, sources};
use super::{owner, tabs};
use crate::error::Error;
use crate::packs::{Draft, Ended, install};
use crate::staff::appoints;
use crate::typed::Typed;
use crate::view::LinkView;
use crate::web::Web;
use axum::extract::Path;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Handle;

#[derive(Serialize)]
struct InstallContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    id: String,
    names: Vec<String>,
    /// `running`, `done`, `obstacles`, `outdated` or `failed`.
    step: &'static str,
    done: u64,
    total: u64,
    number: u64,
    obstacles: Vec<Value>,
    /// Roles nobody holds, once it is done.
    roles: Vec<Value>,
    /// Where a demonstration makes posts for them.
    appoint_href: Option<String>,
}

/// `POST /admin/packs/install`: begins, once for each draft.
pub async fn begin(web: Web, typed: Typed) -> Result<Response, Error> {
    owner(&web)?;
    let id = typed.one("draft").ok_or(Error::NotFound)?.to_owned();
    let here = format!("/admin/packs/install/{id}");
    if web.app.installs.get(&id).is_some() {
        return Ok(web.redirect(&here));
    }
    let path = kept_path(&web, &id)?;
    let text = tokio::fs::read_to_string(&path).await.map_err(|_| Error::NotFound)?;
    let kept: Kept = serde_json::from_str(&text).map_err(|_| Error::NotFound)?;
    let names: Vec<String> = kept.put.iter().map(|(name, _)| name.clone()).chain(kept.remove.iter().cloned()).collect();
    let under_way = web.app.installs.begin(&id, names, web.now);
    let installed = sources(&web).await?;
    // What is left behind by a failure here is a file nobody names any more.
    let _ = tokio::fs::remove_file(&path).await;
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        handle.block_on(async {
            let draft = Draft::new(&installed, &web.world.model, kept.put, &kept.remove);
            let step = |done: u64, total: u64| under_way.step(done, total);
            let result = install(&parts(&web, &step), &draft).await;
            under_way.end(Ended::from(result.map(|set| set.number)));
        });
    });
    // The page is another request's: this one is over.
    Ok(axum::response::IntoResponse::into_response(axum::response::Redirect::to(&here)))
}

/// `GET /admin/packs/install/{id}`.
pub async fn show(web: Web, Path(id): Path<String>) -> Result<Response, Error> {
    owner(&web)?;
    let under_way = web.app.installs.get(&id).ok_or(Error::NotFound)?;
    let words = web.words();
    let look = web.look(&words);
    let (done, total) = under_way.progress();
    let ended = under_way.ended();
    let (step, number, obstacles) = match &ended {
        None => ("running", 0, Vec::new()),
        Some(Ended::Done(number)) => ("done", *number, Vec::new()),
        Some(Ended::Obstacles(all)) => ("obstacles", 0, all.iter().map(|one| obstacle_view(&look, one)).collect()),
        Some(Ended::Outdated) => ("outdated", 0, Vec::new()),
        Some(Ended::Failed) => ("failed", 0, Vec::new()),
    };
    let roles = match step {
        "done" => roles_view(&web, &look, &unheld_now(&web, &under_way.names)),
        _ => Vec::new(),
    };
    let may_appoint = web.app.settings.demo && !roles.is_empty() && appoints(&web).is_ok();
    let context = InstallContext {
        appoint_href: may_appoint.then(|| format!("/admin/packs/install/{id}/posts")),
        roles,
        page: web.page("title-admin-packs"),
        tabs: tabs(&web),
        id,
        names: under_way.names.clone(),
        step,
        done,
        total,
        number,
        obstacles,
    };
    web.render("pages/admin_pack_install.html", context)
}

//! How long personal values are kept, what was over when the job last looked, what was erased, and whether the system erases by itself.
//! For those who administer the whole installation.

use super::{owner, tabs};
use crate::error::Error;
use crate::jobs::retention::{Due, ON, REPORT, SETTING, Term, found, terms};
use crate::typed::Typed;
use crate::view::words::count;
use crate::view::{LinkView, Look};
use crate::web::Web;
use axum::response::Response;
use serde::Serialize;

/// Lines of reports shown; a report has one or more, so that no more reports are read.
const LINES_SHOWN_MAX: u32 = 50;

#[derive(Serialize)]
struct RetentionContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    on: bool,
    rows: Vec<[String; 4]>,
    looked: String,
    runs: Vec<String>,
}

fn title(look: &Look<'_>, name: &str) -> String {
    let model = &look.world.model;
    let of_process = model.processes.get(name).map(|process| look.text(&process.title));
    let of_register = || model.registers.get(name).map(|register| look.text(&register.title));
    of_process.or_else(of_register).unwrap_or_else(|| name.to_owned())
}

/// `GET /admin/retention`.
pub async fn show(web: Web) -> Result<Response, Error> {
    owner(&web)?;
    let words = web.words();
    let look = web.look(&words);
    // To count is to walk all that is over: the job did, and says when.
    let last = found(web.app.store.as_ref(), &web.world.model).await?;
    let row = |term: &Term| {
        let due = last.as_ref().and_then(|last| last.over.iter().find(|due| due.of == term.of));
        let since = due.and_then(|due| due.since).map(|at| look.date_time(at)).unwrap_or_default();
        [title(&look, &term.of), look.kept_for(term.days), due.map(|due| count(due.count)).unwrap_or_default(), since]
    };
    let looked = match &last {
        Some(last) => look.say("retention-looked", &[("at", look.date_time(last.at).into())]),
        None => look.t("retention-not-looked"),
    };
    let context = RetentionContext {
        page: web.page("title-admin-retention"),
        tabs: tabs(&web),
        on: web.app.store.setting(SETTING).await?.as_deref() == Some(ON),
        rows: terms(&web.world.model).iter().map(row).collect(),
        looked,
        runs: runs(&web, &look).await?,
    };
    web.render("pages/admin_retention.html", context)
}

/// Reports as lines, newest first.
async fn runs(web: &Web, look: &Look<'_>) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    for kept in web.app.store.kept_last(REPORT, LINES_SHOWN_MAX).await? {
        let at = kept.id.parse().map_or_else(|_| kept.id.clone(), |at| look.date_time(at));
        let done: Vec<Due> = serde_json::from_str(&kept.body).unwrap_or_default();
        lines.extend(done.iter().map(|due| {
            let args =
                [("at", at.as_str().into()), ("what", title(look, &due.of).into()), ("count", count(due.count).into())];
            look.say("retention-run-text", &args)
        }));
    }
    lines.truncate(LINES_SHOWN_MAX as usize);
    Ok(lines)
}

/// `POST /admin/retention`: turns erasing on or off.
pub async fn switch(web: Web, typed: Typed) -> Result<Response, Error> {
    owner(&web)?;
    let on = typed.one("on") == Some("yes");
    let account = &web.signed_in()?.account;
    web.app.store.setting_put(SETTING, if on { ON } else { "off" }).await?;
    tracing::info!(%account, on, "erasing what is over was switched");
    Ok(web.redirect_with("/admin/retention", "ok", &web.t("retention-changed")))
}

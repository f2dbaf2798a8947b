//! Breaking the glass: looking at a case one may not read, because a life is in danger. The reason is written into the journal and
//! those who watch over it are told before anything is shown; what is shown is shown once, in the answer.

use super::act::command_id;
use super::card::{self, Shown};
use super::find;
use crate::error::{Error, refusal_status};
use crate::typed::Typed;
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::CommitError;
use ganglion_kernel::port::Access;
use ganglion_model::change::{Body, Command};
use ganglion_model::pack::{BREAK_GLASS, Process, Who};
use ganglion_model::{Case, Fields, Post};
use serde_json::json;

/// Whether the post may break the glass of some process: to others there is no such page.
pub fn may(web: &Web, post: &Post) -> bool {
    let is_own =
        |who: &Who| matches!(who, Who::Role { role, level } if *role == post.role && *level == post.place.level());
    let mut actions =
        web.world.model.processes.values().flat_map(|one| one.states.values()).flat_map(|one| &one.actions);
    actions.any(|action| action.name == BREAK_GLASS && action.by.iter().any(is_own))
}

/// `GET /break-glass`.
pub async fn show(web: Web) -> Result<Response, Error> {
    page(&web, (web.arg("number").unwrap_or_default(), ""), None, StatusCode::OK)
}

fn page(
    web: &Web,
    (number, reason): (&str, &str),
    problem: Option<String>,
    status: StatusCode,
) -> Result<Response, Error> {
    if !may(web, web.post()?) {
        return Err(Error::NotFound);
    }
    let context = json!({
        "page": web.page("title-glass"),
        "number": number,
        "reason": reason,
        "problem": problem,
        "command_id": web.app.clock.id().to_string(),
    });
    web.render_status(status, "pages/break_glass.html", context)
}

/// `POST /break-glass`: the case in clear, once; or the form again.
pub async fn look(web: Web, typed: Typed) -> Result<Response, Error> {
    let post = web.post()?.clone();
    if !may(&web, &post) {
        return Err(Error::NotFound);
    }
    let (number, reason) = (typed.one("number").unwrap_or_default(), typed.one("reason").unwrap_or_default());
    let key = format!("glass:{}", web.signed_in()?.account);
    if let Some(seconds) = web.app.rates.follow.wait(&key, web.now) {
        return Err(Error::TooMany { seconds });
    }
    let Some((case, process)) = find::behind_glass(&web, number).await? else {
        web.app.rates.follow.count(&key, web.now);
        return page(&web, (number, reason), Some(web.t("glass-unknown")), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let form = Fields::from([("reason".to_owned(), json!(reason))]);
    let body = Body::Act { case: case.id, action: BREAK_GLASS.to_owned(), form, version: None };
    let command = Command { id: command_id(&web, &typed), shard: case.shard, actor: web.actor(), body };
    match web.app.committer.send(command).await {
        Ok(_) => shown(&web, &post, (&case, process)).await,
        Err(CommitError::Refused(refusal)) => {
            let words = web.words();
            let look = web.look(&words);
            let text = match refusal.fields.first() {
                Some(_) => look.t("glass-reason-missing"),
                None => look.refusal(Some(process), &refusal),
            };
            page(&web, (number, reason), Some(text), refusal_status(refusal.code))
        }
        Err(error) => Err(error.into()),
    }
}

/// The card in clear. The line in the access log is kept before anything is shown.
async fn shown(web: &Web, post: &Post, (case, process): (&Case, &Process)) -> Result<Response, Error> {
    let personal = process.form.iter().chain(&process.fields).filter(|field| field.personal);
    let fields = personal.filter(|field| case.fields.contains_key(&field.name)).map(|field| field.name.clone());
    let access = Access {
        at: web.now,
        shard: case.shard,
        case: case.id,
        post: post.id.clone(),
        account: web.signed_in()?.account.clone(),
        fields: fields.collect(),
        purpose: String::new(),
    };
    web.app.store.access_add(&access).await?;
    let case = web.app.store.case(case.shard, case.id).await?.ok_or(Error::NotFound)?;
    card::render(web, &case, process, Shown { in_clear: true, ..Shown::default() }).await
}

//! What those read who watch over the administrators: what happened to accounts, who looked at personal values, and who may do what.
//! They change nothing: no address here takes a form, and no page of administration opens to them.

use super::admin::account_lines::watched;
use super::audit_words::{GrantView, Words};
use super::{audits, find};
use crate::app::AppState;
use crate::error::Error;
use crate::page::encode;
use crate::view::{LinkView, Look};
use crate::web::Web;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use ganglion_kernel::permissions::table;
use ganglion_kernel::port::Access;
use ganglion_model::Post;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Looks of one page.
const LOOKS: u32 = 50;

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/audit", get(watched)).route("/audit/looks", get(looks)).route("/audit/policy", get(policy))
}

/// The tabs of these pages.
pub fn tabs(web: &Web) -> Vec<LinkView> {
    let all = [
        ("/audit", "title-admin-account-lines"),
        ("/audit/looks", "title-audit-looks"),
        ("/audit/policy", "title-audit-policy"),
    ];
    let tab =
        |(href, key): (&str, &str)| LinkView { label: web.t(key), href: href.to_owned(), current: web.path == href };
    all.into_iter().map(tab).collect()
}

/// The post, if it watches.
///
/// # Errors
/// [`Error::NotFound`]: for everybody else it is not there.
pub fn watcher(web: &Web) -> Result<&Post, Error> {
    let post = web.post()?;
    if audits(post) { Ok(post) } else { Err(Error::NotFound) }
}

/// `GET /audit/looks?before=`: who saw personal values in the counties of the post, newest first. The values are not told.
async fn looks(web: Web) -> Result<Response, Error> {
    let before = match web.arg("before") {
        Some(text) => text.parse::<Timestamp>().map_err(|_| Error::Unreadable("before"))?,
        None => Timestamp::MAX,
    };
    let (found, is_more) = looked(&web, before).await?;
    let people = find::people(&web, &[], found.iter().map(|access| access.account.clone())).await?;
    let words = web.words();
    let look = web.look(&words);
    let mut rows = Vec::new();
    for access in &found {
        let name = people.get(&access.account).cloned().unwrap_or_default();
        rows.push(look_view(&web, &look, (access, name.as_str())).await?);
    }
    let next =
        found.last().filter(|_| is_more).map(|last| format!("/audit/looks?before={}", encode(&last.at.to_string())));
    let page = web.page("title-audit-looks");
    web.render("pages/audit_looks.html", json!({ "page": page, "tabs": tabs(&web), "rows": rows, "next_href": next }))
}

/// Looks at personal values in the counties of a post that watches, newest first, and whether there are more.
///
/// # Errors
/// [`Error::NotFound`] for everybody else; storage.
pub async fn looked(web: &Web, before: Timestamp) -> Result<(Vec<Access>, bool), Error> {
    let post = watcher(web)?;
    let mut found: Vec<Access> = Vec::new();
    for shard in find::counties(web, post.place) {
        found.extend(web.app.store.accesses_before(shard, before, LOOKS + 1).await?);
    }
    found.sort_by_key(|access| std::cmp::Reverse(access.at));
    let is_more = found.len() > LOOKS as usize;
    found.truncate(LOOKS as usize);
    Ok((found, is_more))
}

/// One look. Of rows of registers only the fields are told: their names stand where the rows are.
async fn look_view(web: &Web, look: &Look<'_>, (access, name): (&Access, &str)) -> Result<Value, Error> {
    let case = web.app.store.case(access.shard, access.case).await?;
    let process = case.as_ref().and_then(|case| web.world.model.processes.get(&case.process));
    let title = |field: &String| {
        let known = process.and_then(|process| process.field(field));
        known.map_or_else(|| field.clone(), |field| look.text(&field.title))
    };
    Ok(json!({
        "at": look.date_time(access.at),
        "account": access.account,
        "name": name,
        "post": look.post(&access.post),
        "number": case.map(|case| case.number),
        "purpose": access.purpose,
        "fields": access.fields.iter().map(title).collect::<Vec<_>>(),
    }))
}

/// `GET /audit/policy`: who may do what, over all packs and the rules of the deployment; as `ganglion policy table` prints it.
async fn policy(web: Web) -> Result<Response, Error> {
    watcher(&web)?;
    let words = web.words();
    let look = web.look(&words);
    let model = &web.world.model;
    let words = Words { look: &look, model };
    let rows: Vec<GrantView> = table(model).iter().map(|grant| words.line(grant)).collect();
    let page = web.page("title-audit-policy");
    web.render("pages/audit_policy.html", json!({ "page": page, "tabs": tabs(&web), "rows": rows }))
}

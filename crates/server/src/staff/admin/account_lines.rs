//! What happened to accounts, over all of them: sign-ins, wrong tries, passwords, posts, keys. Read by those who watch over the
//! administrators, each for the accounts of its place; by the administrators themselves only where nobody was ever appointed to watch.

use super::accounts::inside;
use super::tabs;
use crate::error::Error;
use crate::own::lines_view;
use crate::staff::{audits, watches};
use crate::web::Web;
use axum::response::Response;
use serde_json::json;
use std::collections::BTreeSet;

/// Lines looked at for one page; those of accounts that lie elsewhere are left out of it.
const LINES_READ: u32 = 200;

/// `GET /audit?after=`: for those who watch.
pub async fn watched(web: Web) -> Result<Response, Error> {
    if audits(web.post()?) { show(web).await } else { Err(Error::NotFound) }
}

/// `GET /admin/account-lines?after=`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let post = watches(&web)?.clone();
    let words = web.words();
    let look = web.look(&words);
    let seen: BTreeSet<_> = inside(&web, &post).await?.into_iter().map(|account| account.id).collect();
    let page = web.app.account_lines_all(web.arg("after"), LINES_READ).await?;
    let next = page
        .last()
        .filter(|_| page.len() == LINES_READ as usize)
        .map(|(id, _)| format!("{}?after={}", web.path, crate::page::encode(id)));
    let lines: Vec<_> = page.into_iter().map(|(_, line)| line).filter(|line| seen.contains(&line.account)).collect();
    let context = json!({
        "page": web.page("title-admin-account-lines"),
        "tabs": tabs(&web),
        "watches": audits(&post),
        "lines": lines_view(&look, &lines),
        "next_href": next,
    });
    web.render("pages/admin_account_lines.html", context)
}

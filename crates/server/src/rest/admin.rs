//! Reads of administration for other software, and taking in people and their posts: for a person who administers, with a token of
//! theirs, inside their place. No key administers (`keys::need`), so no key gets in here; what changes an account one by one is left
//! to pages, where the person is asked once more.

use super::answer::{listed, only, problem_with, vouched};
use crate::api::read::{limit, read};
use crate::error::Error;
use crate::identity::{credential, tries};
use crate::staff::accounts::inside;
use crate::staff::people_import::{carried_out, finding_of, plan};
use crate::staff::{appoints, audit, watches};
use crate::web::Web;
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::permissions;
use ganglion_kernel::port::Account;
use ganglion_model::change::{Refusal, RefusalCode};
use ganglion_model::{AccountId, PlaceCode, Post};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Lines of the log of accounts looked at for one page; those of accounts that lie elsewhere are left out of it.
const LINES_READ: u32 = 200;

/// The post, if it gives out accounts and posts.
///
/// # Errors
/// [`Error::NotFound`] for everybody else: it is not there for them.
fn administrator(web: &Web) -> Result<&Post, Error> {
    let post = appoints(web)?;
    if web.key().is_none() { Ok(post) } else { Err(Error::NotFound) }
}

fn post_told(web: &Web, post: &Post) -> Value {
    let words = web.words();
    let look = web.look(&words);
    json!({
        "post": post.id,
        "account": post.account,
        "role": post.role,
        "title": look.post(&post.id),
        "place": post.place,
        "valid_from": post.valid_from,
        "valid_to": post.valid_to,
    })
}

/// `GET /api/admin/accounts?q=&limit=&after=`: accounts with a post inside the caller's place, and those without any.
pub async fn accounts(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let post = administrator(&web)?.clone();
    only(&web, &["q", "limit", "after"])?;
    let limit = limit(&web)? as usize;
    let mut found = inside(&web, &post).await?;
    if let Some(q) = web.arg("q") {
        found.retain(|account| account.id.0.contains(q) || account.name.contains(q));
    }
    if let Some(after) = web.arg("after") {
        let at = found.iter().position(|one| one.id.0 == after).ok_or(Error::Unreadable("after"))?;
        found.drain(..=at);
    }
    let is_more = found.len() > limit;
    found.truncate(limit);
    let mut items = Vec::with_capacity(found.len());
    for account in &found {
        items.push(account_told(&web, account).await?);
    }
    let next = found.last().filter(|_| is_more).map(|last| last.id.0.as_str());
    Ok(listed(&web, &headers, items, next))
}

/// An account with its posts, also those that are over or not yet begun; nothing of what it signs in with.
async fn account_told(web: &Web, account: &Account) -> Result<Value, Error> {
    let store = web.app.store.as_ref();
    let known = credential::of(store, &account.id).await?;
    let locked = tries::standing(store, &account.id, web.now).await?.is_some();
    let posts: Vec<Value> = web.world.posts.of(&account.id).map(|post| post_told(web, post)).collect();
    Ok(json!({
        "account": account.id,
        "name": account.name,
        "active": account.active,
        "locked": locked,
        "last_sign_in": known.last.map(|last| last.at),
        "posts": posts,
    }))
}

/// `GET /api/admin/posts?place=&role=&account=&on=&limit=&after=`: posts inside the caller's place and who holds them; without `on`
/// also those that are over or not yet begun.
pub async fn posts(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let own = administrator(&web)?.place;
    only(&web, &["place", "role", "account", "on", "limit", "after"])?;
    let within = read::<PlaceCode>(&web, "place")?.unwrap_or(own);
    let (on, limit) = (read::<Date>(&web, "on")?, limit(&web)? as usize);
    let is_asked = |post: &&Post| {
        own.holds(post.place)
            && within.holds(post.place)
            && web.arg("role").is_none_or(|role| post.role == role)
            && web.arg("account").is_none_or(|name| post.account.as_ref().is_some_and(|account| account.0 == name))
            && on.is_none_or(|day| post.valid_on(day))
    };
    let mut found: Vec<&Post> = web.world.posts.all().filter(is_asked).collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.retain(|post| web.arg("after").is_none_or(|after| post.id.0.as_str() > after));
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_more).map(|last| last.id.0.clone());
    let items = found.into_iter().map(|post| post_told(&web, post)).collect();
    Ok(listed(&web, &headers, items, next.as_deref()))
}

/// `GET /api/admin/account-lines?after=`: what happened to accounts, newest first: for those who watch over the administrators, as on
/// the pages. A page may hold few and go on all the same.
pub async fn account_lines(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let post = watches(&web)?.clone();
    if web.key().is_some() {
        return Err(Error::NotFound);
    }
    only(&web, &["after"])?;
    let seen: BTreeSet<AccountId> = inside(&web, &post).await?.into_iter().map(|account| account.id).collect();
    let page = web.app.account_lines_all(web.arg("after"), LINES_READ).await?;
    let next = page.last().filter(|_| page.len() == LINES_READ as usize).map(|(id, _)| id.clone());
    let lines = page.into_iter().map(|(_, line)| line).filter(|line| seen.contains(&line.account));
    let items = lines.map(|line| {
        json!({
            "at": line.at,
            "account": line.account,
            "what": line.what,
            "warning": line.what.is_warning(),
            "about": line.about,
            "by": line.by,
            "address": line.origin.address,
            "agent": line.origin.agent,
        })
    });
    Ok(listed(&web, &headers, items.collect(), next.as_deref()))
}

/// The post, if it watches, of a person with a token.
fn watcher(web: &Web) -> Result<&Post, Error> {
    let post = audit::watcher(web)?;
    if web.key().is_none() { Ok(post) } else { Err(Error::NotFound) }
}

/// `GET /api/admin/looks?after=`: who saw personal values in the counties of a post that watches, newest first; never the values.
pub async fn looks(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    watcher(&web)?;
    only(&web, &["after"])?;
    let before = read::<Timestamp>(&web, "after")?.unwrap_or(Timestamp::MAX);
    let (found, is_more) = audit::looked(&web, before).await?;
    let mut items = Vec::with_capacity(found.len());
    for access in &found {
        let case = web.app.store.case(access.shard, access.case).await?;
        items.push(json!({
            "at": access.at,
            "account": access.account,
            "post": access.post,
            "number": case.map(|case| case.number),
            "fields": access.fields,
            "purpose": access.purpose,
        }));
    }
    let next = found.last().filter(|_| is_more).map(|last| last.at.to_string());
    Ok(listed(&web, &headers, items, next.as_deref()))
}

/// `GET /api/admin/policy`: who may do what, over all packs and the rules of the deployment, for those who watch.
pub async fn policy(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    watcher(&web)?;
    only(&web, &[])?;
    let grants = permissions::table(&web.world.model);
    let items = grants.iter().map(serde_json::to_value).collect::<Result<Vec<Value>, _>>();
    let items = items.map_err(|error| Error::Internal(error.to_string()))?;
    Ok(listed(&web, &headers, items, None))
}

/// `POST /api/admin/import/accounts?confirm=true`: a table of people and their posts (CSV or XLSX). Tried, unless `confirm` says
/// otherwise; with one bad line nothing is done. Passwords to begin with are told once, in this answer.
pub async fn import(web: Web, bytes: Bytes) -> Result<Response, Error> {
    vouched(&web)?;
    administrator(&web)?;
    only(&web, &["confirm"])?;
    let confirmed = read::<bool>(&web, "confirm")?.unwrap_or(false);
    let plan = plan(&web, &bytes).await?.map_err(|_| Error::Unreadable("body"))?;
    let findings: Vec<Value> = plan.findings.iter().map(|one| finding_of(&web, one)).collect();
    if confirmed && !plan.is_clean() {
        let error = Error::Refused(Box::new(Refusal::new(RefusalCode::Form)));
        return Ok(problem_with(&web, &error, findings));
    }
    let first = if confirmed { carried_out(&web, &plan).await? } else { Vec::new() };
    let password = |(account, name, password): &(AccountId, String, String)| json!({ "account": account, "name": name, "password": password });
    let body = json!({
        "done": confirmed,
        "accounts": plan.accounts.len(),
        "posts": plan.posts.len(),
        "same": plan.same,
        "errors": findings,
        "first": first.iter().map(password).collect::<Vec<_>>(),
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

//! One account: its posts, how it signs in, its sessions and what happened to it; lifting a wait, ending sessions, a new password to
//! begin with, taking a lost second factor away. Each of them is told, and to the person as well.

use super::account_posts::{Entry, give_form};
use super::accounts::{governs, inside, state};
use super::tabs;
use crate::error::Error;
use crate::identity::lines::{Line, What};
use crate::identity::{credential, passkey, password, tries};
use crate::limits::ACCOUNT_LINES_SHOWN_MAX;
use crate::own::{absence, lines_view, sessions_view};
use crate::staff::{appoints, watches};
use crate::typed::Typed;
use crate::view::form::FormView;
use crate::view::problems::FormError;
use crate::view::words::count;
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::port::Account;
use ganglion_model::AccountId;
use serde_json::{Value, json};

/// An account this administrator sees.
async fn seen(web: &Web, id: &str) -> Result<Account, Error> {
    let post = appoints(web)?.clone();
    inside(web, &post).await?.into_iter().find(|account| account.id.0 == id).ok_or(Error::NotFound)
}

/// An account this administrator may change.
///
/// # Errors
/// [`Error::NotFound`] for others.
pub(super) async fn governed(web: &Web, id: &str) -> Result<Account, Error> {
    let account = seen(web, id).await?;
    if governs(web, appoints(web)?, &account.id) { Ok(account) } else { Err(Error::NotFound) }
}

pub(super) fn href(id: &AccountId) -> String {
    format!("/admin/accounts/{}", crate::page::encode(&id.0))
}

/// `GET /admin/accounts/{id}`.
pub async fn show(web: Web, Path(id): Path<String>) -> Result<Response, Error> {
    let account = seen(&web, &id).await?;
    page(&web, &account, Shown::default(), StatusCode::OK).await
}

/// What the page shows besides how things stand.
#[derive(Default)]
pub(super) struct Shown {
    /// A password to begin with: once.
    pub first: Option<String>,
    /// The form of a post as it was typed.
    pub give: Option<FormView>,
    /// An absence as it was typed, with what is wrong with it.
    pub absence: (absence::Entry, Vec<FormError>),
}

/// The page.
pub(super) async fn page(web: &Web, account: &Account, shown: Shown, status: StatusCode) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let may = governs(web, appoints(web)?, &account.id);
    let away = (&shown.absence.0, shown.absence.1.as_slice());
    let store = web.app.store.as_ref();
    let known = credential::of(store, &account.id).await?;
    let waits = tries::standing(store, &account.id, web.now).await?;
    let base = href(&account.id);
    let listed = web.app.sessions_of(&account.id).await?;
    // Where somebody watches, what happened to accounts is theirs to read.
    let lines = match watches(web) {
        Ok(_) => Some(lines_view(&look, &web.app.account_lines(&account.id, ACCOUNT_LINES_SHOWN_MAX).await?)),
        Err(_) => None,
    };
    let last = known.last.as_ref().map(|last| {
        let args = [
            ("at", look.date_time(last.at).into()),
            ("address", last.address.clone().into()),
            ("agent", last.agent.clone().into()),
        ];
        look.say("account-last", &args)
    });
    let context = json!({
        "page": web.page_titled(format!("{} · {}", account.name, account.id)),
        "tabs": tabs(web),
        "account": account.id,
        "name": account.name,
        "state": state(web, &look, account).await?,
        "may": may,
        "base": base,
        "first": shown.first,
        "posts": posts_view(web, account, &base),
        "giving": shown.give.is_some(),
        "give": may.then(|| shown.give.unwrap_or_else(|| give_form(web, &account.id, &Entry::default(), Vec::new()))),
        "deputies": absence::view(web, &look, &account.id).await?,
        "absence": if may { absence::form(web, &account.id, &format!("{base}/absence"), away) } else { None },
        "away": !away.1.is_empty(),
        "last": last,
        "waits": waits.map(|seconds| look.say("account-waits", &[("minutes", seconds.div_ceil(60).into())])),
        "password": account.password.is_some().then(|| json!({
            "changed": known.changed_at.map(|at| look.date_time(at)),
            "must": known.must_change,
        })),
        "second": known.second.as_ref().map(|second| look.date_time(second.since)),
        "passkeys": known.passkeys.len(),
        "bound": known.bound.as_ref().map(|bound| json!({ "issuer": bound.issuer, "subject": bound.subject })),
        "sessions": sessions_view(&look, &listed, (None, &format!("{base}/sessions"))),
        "lines": lines,
    });
    web.render_status(status, "pages/admin_account.html", context)
}

/// Posts of an account, those that are over as well.
fn posts_view(web: &Web, account: &Account, base: &str) -> Vec<Value> {
    let words = web.words();
    let look = web.look(&words);
    let today = web.today();
    let view = |post: &ganglion_model::Post| {
        let key = match post.valid_to {
            _ if today < post.valid_from => "post-later",
            Some(to) if to <= today => "post-over",
            Some(_) => "post-ends",
            None => "post-holds",
        };
        json!({
            "title": look.post(&post.id),
            "from": look.full_day(post.valid_from),
            "to": post.valid_to.and_then(|to| to.yesterday().ok()).map(|last| look.full_day(last)),
            "state": look.t(key),
            "end_href": (key != "post-over").then(|| format!("{base}/posts/{}/end", crate::page::encode(&post.id.0))),
        })
    };
    web.world.posts.of(&account.id).map(view).collect()
}

/// Tells what was done to an account by who is signed in.
async fn told(web: &Web, account: &Account, what: What, about: String) -> Result<(), Error> {
    let line = Line::own(&account.id, what, web.origin()).by(&web.signed_in()?.account).about(about);
    web.app.account_told(&[line]).await
}

fn back(web: &Web, account: &Account, key: &str) -> Response {
    web.redirect_with(&href(&account.id), "ok", &web.t(key))
}

/// `POST /admin/accounts/{id}/unlock`: lifts the wait wrong tries brought.
pub async fn unlock(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    let account = governed(&web, &id).await?;
    tries::forgive(web.app.store.as_ref(), &account.id).await?;
    told(&web, &account, What::Unlocked, String::new()).await?;
    Ok(back(&web, &account, "account-unlocked"))
}

/// `POST /admin/accounts/{id}/password`: a password to begin with, shown once and changed at the next sign-in. Every session of the
/// account ends.
pub async fn reset(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    let account = governed(&web, &id).await?;
    if web.signed_in()?.account == account.id {
        return Ok(web.redirect("/account/password"));
    }
    let first = password::first(&web.app.clock.key());
    web.app.password_put(&account, &first, true).await?;
    tries::forgive(web.app.store.as_ref(), &account.id).await?;
    tries::forget_devices(web.app.store.as_ref(), &account.id).await?;
    web.app.sessions_end(&account.id, None).await?;
    told(&web, &account, What::PasswordReset, String::new()).await?;
    page(&web, &account, Shown { first: Some(first), ..Shown::default() }, StatusCode::OK).await
}

/// `POST /admin/accounts/{id}/second`: takes the second factor and the passkeys of somebody away who lost phone and codes.
pub async fn second_off(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    let account = governed(&web, &id).await?;
    if web.signed_in()?.account == account.id {
        return Ok(web.redirect("/account/second"));
    }
    web.app.second_off(&account.id).await?;
    passkey::forget(web.app.store.as_ref(), &account.id, None).await?;
    web.app.sessions_end(&account.id, None).await?;
    told(&web, &account, What::SecondOff, String::new()).await?;
    Ok(back(&web, &account, "second-off-done"))
}

/// `POST /admin/accounts/{id}/sessions/end`: signs somebody out everywhere.
pub async fn end_all(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    let account = governed(&web, &id).await?;
    let own = web.signed_in()?;
    let but = (own.account == account.id).then_some(own.token_hash.as_str());
    let ended = web.app.sessions_end(&account.id, but).await?;
    told(&web, &account, What::Ended, ended.to_string()).await?;
    let words = web.words();
    let said = web.look(&words).say("sessions-ended", &[("count", count(ended as u64).into())]);
    Ok(web.redirect_with(&href(&account.id), "ok", &said))
}

/// `POST /admin/accounts/{id}/sessions/{session}/end`.
pub async fn end(web: Web, Path((id, session)): Path<(String, String)>, _typed: Typed) -> Result<Response, Error> {
    let account = governed(&web, &id).await?;
    let listed = web.app.sessions_of(&account.id).await?;
    let one = listed.into_iter().find(|one| one.id == session).ok_or(Error::NotFound)?;
    web.app.session_end(&account.id, &one.token_hash).await?;
    told(&web, &account, What::Ended, "1".to_owned()).await?;
    Ok(back(&web, &account, "session-ended"))
}

/// `POST /admin/accounts/{id}/absence`: a deputy for somebody who cannot name one.
pub async fn absent(web: Web, Path(id): Path<String>, typed: Typed) -> Result<Response, Error> {
    let account = governed(&web, &id).await?;
    let entry = absence::Entry::of(&typed);
    match absence::named(&web, &account.id, &entry).await? {
        Ok(()) => Ok(back(&web, &account, "absence-named")),
        Err(errors) => {
            let shown = Shown { absence: (entry, errors), ..Shown::default() };
            page(&web, &account, shown, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

/// `POST /admin/accounts/{id}/absence/end`.
pub async fn absence_end(web: Web, Path(id): Path<String>, typed: Typed) -> Result<Response, Error> {
    let account = governed(&web, &id).await?;
    absence::ended(&web, &account.id, typed.one("id").unwrap_or_default()).await?;
    Ok(back(&web, &account, "absence-ended"))
}

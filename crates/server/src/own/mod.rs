//! One's own account: who signed in last and from where, sessions and how to end them, what happened to the account. The password,
//! the second factor and passkeys have pages of their own beside this one.

pub mod absence;
pub mod openid;
pub mod passkeys;
pub mod password;
pub mod second;

use crate::error::Error;
use crate::identity::credential;
use crate::identity::lines::{Line, What};
use crate::identity::sessions::Listed;
use crate::identity::tries::Trying;
use crate::limits::{ACCOUNT_LINES_SHOWN_MAX, FRESH_SESSION_SECONDS};
use crate::public::sign_in::{told_wrong, wrong_text};
use crate::typed::Typed;
use crate::view::Look;
use crate::view::words::count;
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

/// Lines as a table shows them.
#[must_use]
pub fn lines_view(look: &Look<'_>, lines: &[Line]) -> Vec<Value> {
    let about = |line: &Line| match line.what {
        What::Waits => look.say("account-line-minutes", &[("minutes", line.about.clone().into())]),
        What::PostGiven
        | What::PostEnds
        | What::HandedOver
        | What::Absence
        | What::KeyMade
        | What::KeyRotated
        | What::KeyRevoked => look.post(&ganglion_model::PostId(line.about.clone())),
        _ => line.about.clone(),
    };
    let view = |line: &Line| {
        json!({
            "at": look.date_time(line.at),
            "account": line.account,
            "what": look.t(line.what.text()),
            "warn": line.what.is_warning(),
            "about": about(line),
            "by": line.by,
            "address": line.origin.address,
            "agent": line.origin.agent,
        })
    };
    lines.iter().map(view).collect()
}

/// Sessions as a table shows them; `own` is the one of this request, `base` where one is ended.
#[must_use]
pub fn sessions_view(look: &Look<'_>, all: &[Listed], (own, base): (Option<&str>, &str)) -> Vec<Value> {
    let view = |one: &Listed| {
        let is_own = Some(one.token_hash.as_str()) == own;
        json!({
            "agent": one.about.origin.agent,
            "address": one.about.origin.address,
            "begun": look.date_time(one.about.begun_at),
            "seen": look.date_time(one.about.seen_at),
            "until": one.until.map(|until| look.date_time(until)),
            "current": is_own,
            "end_href": format!("{base}/{}/end", one.id),
        })
    };
    all.iter().map(view).collect()
}

/// `GET /account`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let own = web.own()?;
    let words = web.words();
    let look = web.look(&words);
    let known = credential::of(web.app.store.as_ref(), &own.account).await?;
    let account = web.app.store.account(&own.account).await?.ok_or(Error::SignIn)?;
    let listed = web.app.sessions_of(&own.account).await?;
    let lines = web.app.account_lines(&own.account, ACCOUNT_LINES_SHOWN_MAX).await?;
    let last = known.last_but_one.as_ref().map(|last| {
        let args = [
            ("at", look.date_time(last.at).into()),
            ("address", last.address.clone().into()),
            ("agent", last.agent.clone().into()),
        ];
        look.say("sign-in-last", &args)
    });
    let posts = web.world.posts.of(&own.account).filter(|post| post.valid_on(web.today()));
    let context = json!({
        "page": web.page("title-account"),
        "account": own.account,
        "name": account.name,
        "posts": posts.map(|post| look.post(&post.id)).collect::<Vec<_>>(),
        "last": last,
        "password": account.password.is_some().then(|| json!({
            "changed": known.changed_at.map(|at| look.date_time(at)),
            "days": (web.app.settings.password_days > 0).then_some(web.app.settings.password_days),
        })),
        "absence": !web.world.posts.acting(&own.account, web.today()).is_empty(),
        "second": known.second.as_ref().map(|second| json!({
            "since": look.date_time(second.since),
            "left": second.recovery.len(),
        })),
        "passkeys": web.app.passkey_pages().is_some().then_some(known.passkeys.len()),
        "openid": openid::view(&web, &look, &account, &known),
        "second_needed": web.app.needs_second(&own.account, web.now),
        "sessions": sessions_view(&look, &listed, (Some(&own.token_hash), "/account/sessions")),
        "lines": lines_view(&look, &lines),
    });
    web.render("pages/account.html", context)
}

/// `POST /account/sessions/{id}/end`: one of one's own sessions.
pub async fn end(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    let own = web.own()?.clone();
    let listed = web.app.sessions_of(&own.account).await?;
    let one = listed.into_iter().find(|one| one.id == id).ok_or(Error::NotFound)?;
    web.app.session_end(&own.account, &one.token_hash).await?;
    web.app.account_told(&[Line::own(&own.account, What::Ended, web.origin()).about("1")]).await?;
    if one.token_hash == own.token_hash {
        web.set_cookie(crate::session::COOKIE, "", Some(0));
        return Ok(web.redirect_with("/", "ok", &web.t("flash-signed-out")));
    }
    Ok(web.redirect_with("/account", "ok", &web.t("session-ended")))
}

/// `POST /account/sessions/end`: every session but this one, or all of them.
pub async fn end_all(web: Web, typed: Typed) -> Result<Response, Error> {
    let own = web.own()?.clone();
    let everywhere = typed.one("also").is_some();
    let but = (!everywhere).then_some(own.token_hash.as_str());
    let ended = web.app.sessions_end(&own.account, but).await?;
    let line = Line::own(&own.account, What::Ended, web.origin()).about(ended.to_string());
    web.app.account_told(&[line]).await?;
    if everywhere {
        web.app.session_end(&own.account, &own.token_hash).await?;
        web.set_cookie(crate::session::COOKIE, "", Some(0));
        return Ok(web.redirect_with("/", "ok", &web.t("flash-signed-out")));
    }
    let words = web.words();
    let look = web.look(&words);
    let said = look.say("sessions-ended", &[("count", count(ended as u64).into())]);
    Ok(web.redirect_with("/account", "ok", &said))
}

/// Asks once more who somebody is before their means to sign in change, so that a session left open gives nobody the account: by
/// the password they typed, with the waits of wrong ones; who has none must have signed in a moment ago. Gives what to say
/// when that does not hold, and the status to say it with.
async fn proved(web: &Web, typed: &Typed) -> Result<Result<(), (StatusCode, String)>, Error> {
    let own = web.own()?;
    let account = web.app.store.account(&own.account).await?.ok_or(Error::SignIn)?;
    if account.password.is_none() {
        let listed = web.app.sessions_of(&own.account).await?;
        let begun = listed.iter().find(|one| one.token_hash == own.token_hash).map(|one| one.about.begun_at);
        let fresh = begun.is_some_and(|at| web.now.duration_since(at).as_secs() < FRESH_SESSION_SECONDS);
        let said = || (StatusCode::UNPROCESSABLE_ENTITY, web.t("err-sign-in-again"));
        return Ok(if fresh { Ok(()) } else { Err(said()) });
    }
    let trying = Trying::of(web, &own.account.0).await?;
    let said = |left| wrong_text(web, "err-password-now", left);
    let left = match trying.take(&web.app, web.now).await? {
        Ok(left) => left,
        Err(seconds) => return Ok(Err((StatusCode::TOO_MANY_REQUESTS, said(Err(seconds))))),
    };
    if web.app.password_fits(&own.account, typed.one("password").unwrap_or_default()).await?.is_some() {
        trying.give_back(&web.app).await?;
        return Ok(Ok(()));
    }
    let waits = trying.wait(&web.app, web.now).await?;
    told_wrong(web, &own.account, What::WrongPassword, waits).await?;
    Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, said(waits.map_or(Ok(left), Err)))))
}

/// Ends the other sessions of the person, after something changed that they were begun with.
async fn end_others(web: &Web) -> Result<(), Error> {
    let own = web.own()?;
    web.app.sessions_end(&own.account, Some(&own.token_hash)).await?;
    web.app.session_forget(&own.token_hash);
    Ok(())
}

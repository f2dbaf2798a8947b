//! Signing in with a passkey: alone, without a name or a password, or in place of the code of the second step. The script of the
//! page asks here what to ask the device for and sends its answer back as an ordinary form.

use super::second_step::{half, over};
use super::sign_in::{begin, next, told_wrong, wrong_text};
use crate::error::Error;
use crate::identity::lines::What;
use crate::identity::passkey::Came;
use crate::identity::tries::Trying;
use crate::limits::PASSKEY_SECONDS;
use crate::typed::Typed;
use crate::web::{PASSKEY, Web};
use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

/// What a form sends from the page of the second step.
const SECOND: &str = "second";

/// Tells the script what to ask the device for, and gives the browser what it holds meanwhile.
pub(crate) fn told(web: &Web, (options, held): (Value, String)) -> Response {
    web.set_cookie(PASSKEY, &held, Some(PASSKEY_SECONDS));
    ([(header::CACHE_CONTROL, "no-store")], Json(options)).into_response()
}

/// `POST /sign-in/passkey/options`.
pub async fn options(web: Web, typed: Typed) -> Result<Response, Error> {
    let half = match typed.one("step") {
        Some(SECOND) => Some(half(&web).await?.ok_or(Error::SignIn)?),
        _ => None,
    };
    let asked = web.app.passkey_ask(half.as_ref().map(|half| &half.account)).await?;
    Ok(told(&web, asked.ok_or(Error::NotFound)?))
}

/// `POST /sign-in/passkey`.
pub async fn enter(web: Web, typed: Typed) -> Result<Response, Error> {
    let second = typed.one("step") == Some(SECOND);
    let back = if second { "/sign-in/code" } else { "/sign-in" };
    let again = |key: &str| Ok(web.redirect_with(back, "warn", &web.t(key)));
    let answer = typed.one("answer").unwrap_or_default();
    web.set_cookie(PASSKEY, "", Some(0));
    let Ok(owner) = web.app.passkey_owner(&web.passkey, answer).await? else {
        return again("passkey-late");
    };
    let Some(owner) = owner else { return again("passkey-unknown") };
    let trying = Trying::of(&web, &owner.0).await?;
    if let Err(seconds) = trying.take(&web.app, web.now).await? {
        return Ok(web.redirect_with(back, "warn", &wrong_text(&web, "err-locked", Err(seconds))));
    }
    let came = web.app.passkey_take(&owner, (&web.passkey, answer)).await?;
    let account = web.app.store.account(&owner).await?.filter(|account| account.active);
    match (came, account) {
        (Came::Fits(_), Some(account)) => {
            trying.succeeded(&web.app, web.now).await?;
            let to = half(&web).await?.filter(|_| second).map(|half| half.next);
            over(&web).await?;
            begin(&web, &account, What::InByPasskey, next(to.as_deref().or(typed.one("next")))).await
        }
        (Came::Late, _) => {
            trying.give_back(&web.app).await?;
            again("passkey-late")
        }
        _ => {
            let waits = trying.wait(&web.app, web.now).await?;
            told_wrong(&web, &owner, What::WrongPasskey, waits).await?;
            again("passkey-wrong")
        }
    }
}

//! Signing in by the provider of identities the deployment names: there and back. Coming back binds an account as well, when its owner
//! was sent from their own page (`own::openid`). Without a provider there are no such pages.

use super::sign_in::{entered, next, wrong_text};
use crate::error::Error;
use crate::identity::lines::{Line, What};
use crate::identity::openid::{OpenId, Recognised, Sent, bind};
use crate::identity::tries::Trying;
use crate::limits::OPENID_SECONDS;
use crate::web::{OPENID, Web};
use axum::http::HeaderValue;
use axum::http::header::REFRESH;
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;

/// The provider, unless one address asks for it too often.
fn provider(web: &Web) -> Result<Arc<OpenId>, Error> {
    let openid = web.app.settings.openid.clone().ok_or(Error::NotFound)?;
    let address = web.network();
    if let Some(seconds) = web.app.rates.openid.wait(&address, web.now) {
        return Err(Error::TooMany { seconds });
    }
    web.app.rates.openid.count(&address, web.now);
    Ok(openid)
}

/// Says that it did not work; why is for those who keep the server running.
fn failed(web: &Web, back: &str, reason: &str) -> Response {
    tracing::warn!(reason, "nobody could be signed in by the provider of identities");
    web.redirect_with(back, "warn", &web.t("openid-failed"))
}

/// `GET /sign-in/openid`.
pub async fn go(web: Web) -> Result<Response, Error> {
    let openid = provider(&web)?;
    match web.app.openid_send(&openid, (next(web.arg("next")), None)).await? {
        Ok((href, held)) => {
            web.set_cookie(OPENID, &held, Some(OPENID_SECONDS));
            Ok(web.redirect(&href))
        }
        Err(reason) => Ok(failed(&web, "/sign-in", &reason)),
    }
}

/// Sends the owner of an account to the provider, to bind it. Not by redirecting: the answer to a form may lead to our own pages only.
///
/// # Errors
/// When there is no provider.
pub(crate) async fn go_to_bind(web: &Web) -> Result<Response, Error> {
    let openid = provider(web)?;
    let own = web.own()?;
    match web.app.openid_send(&openid, ("/account", Some(&own.token_hash))).await? {
        Ok((href, held)) => {
            web.set_cookie(OPENID, &held, Some(OPENID_SECONDS));
            let context = json!({ "page": web.page("title-openid"), "name": openid.name, "href": href });
            let mut response = web.render("pages/account_openid.html", context)?;
            if let Ok(value) = HeaderValue::from_str(&format!("1; url={href}")) {
                response.headers_mut().insert(REFRESH, value);
            }
            Ok(response)
        }
        Err(reason) => Ok(failed(web, "/account", &reason)),
    }
}

/// `GET /sign-in/openid/back?code=&state=`.
pub async fn back(web: Web) -> Result<Response, Error> {
    let openid = provider(&web)?;
    web.set_cookie(OPENID, "", Some(0));
    let Some(sent) = web.app.openid_sent(&web.openid, web.arg("state").unwrap_or_default()) else {
        return Ok(web.redirect_with("/sign-in", "warn", &web.t("openid-late")));
    };
    let page = if sent.binds.is_some() { "/account" } else { "/sign-in" };
    if !web.app.slip_used(&web.openid, OPENID_SECONDS).await? {
        return Ok(web.redirect_with(page, "warn", &web.t("openid-late")));
    }
    // RFC 9207: an answer that names another provider is not ours.
    let elsewhere = |iss: &str| iss.trim_end_matches('/') != openid.issuer.trim_end_matches('/');
    if web.arg("iss").is_some_and(elsewhere) {
        return Ok(failed(&web, page, "it came back from another provider"));
    }
    let Some(code) = web.arg("code") else {
        // One of the words of OAuth; what else stands in an address is for nobody's log.
        let is_word = |word: &&str| word.len() <= 40 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        return Ok(failed(&web, page, web.arg("error").filter(is_word).unwrap_or("it came back without a code")));
    };
    match web.app.openid_recognised(&openid, &sent, code).await {
        Ok(recognised) if sent.binds.is_some() => bound(&web, &sent, &recognised).await,
        Ok(recognised) => signed_in(&web, &sent, &recognised).await,
        Err(reason) => Ok(failed(&web, page, &reason)),
    }
}

/// Binds the account of the session that was sent there, which must be the one that comes back.
async fn bound(web: &Web, sent: &Sent, recognised: &Recognised) -> Result<Response, Error> {
    let own = web.own()?;
    if sent.binds.as_deref() != Some(own.token_hash.as_str()) {
        return Ok(web.redirect_with("/account", "warn", &web.t("openid-late")));
    }
    let person = (recognised.issuer.as_str(), recognised.subject.as_str());
    if !bind(web.app.store.as_ref(), &own.account, person, web.now).await? {
        return Ok(web.redirect_with("/account", "bad", &web.t("openid-taken")));
    }
    web.app.account_told(&[Line::own(&own.account, What::OpenidOn, web.origin())]).await?;
    Ok(web.redirect_with("/account", "ok", &web.t("openid-bound")))
}

/// Signs in whoever the provider recognised, if that is somebody here.
async fn signed_in(web: &Web, sent: &Sent, recognised: &Recognised) -> Result<Response, Error> {
    let to_page = |tone: &str, text: &str| Ok(web.redirect_with("/sign-in", tone, text));
    let found = web.app.openid_account(&recognised.issuer, &recognised.subject).await?;
    let account = match found {
        Some(id) => web.app.store.account(&id).await?.filter(|account| account.active),
        None => None,
    };
    let Some(account) = account else { return to_page("warn", &web.t("openid-nobody")) };
    let trying = Trying::of(web, &account.id.0).await?;
    if let Err(seconds) = trying.take(&web.app, web.now).await? {
        return to_page("warn", &wrong_text(web, "err-locked", Err(seconds)));
    }
    entered(web, &account, &trying, (recognised.what, next(Some(&sent.next)))).await
}

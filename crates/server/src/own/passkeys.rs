//! One's own passkeys: those there are, making one, removing one. The password is asked once more for each of it. The last one stays
//! where a post asks for a second factor and there is no other.

use super::{end_others, proved};
use crate::error::Error;
use crate::identity::credential::{self, Credential, Must};
use crate::identity::lines::{Line, What};
use crate::identity::passkey::{Passkey, forget};
use crate::limits::{PASSKEY_NAME_CHARS_MAX, PASSKEYS_MAX};
use crate::public::passkey::told;
use crate::typed::Typed;
use crate::view::Look;
use crate::view::form::{FieldView, FormView, Hidden, asked};
use crate::view::problems::FormError;
use crate::web::{PASSKEY, Web};
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// What is wrong with what was sent, and about which passkey: none when one was to be made.
#[derive(Default)]
struct Wrong {
    handle: Option<String>,
    said: Option<String>,
}

/// `GET /account/passkeys`.
pub async fn show(web: Web) -> Result<Response, Error> {
    page(&web, &Wrong::default(), StatusCode::OK).await
}

/// The form that asks for the password, and for a name where one is to be made.
fn form(
    look: &Look<'_>,
    (action, submit): (&str, &str),
    (names, id, wrong): (&[&str], &str, Option<&String>),
) -> FormView {
    let errors: Vec<FormError> = wrong
        .map(|said| FormError {
            field: names.last().map_or("name", |name| *name).to_owned(),
            id: format!("f-{id}{}", names.last().unwrap_or(&"label")),
            label: String::new(),
            message: said.clone(),
        })
        .into_iter()
        .collect();
    let label = |name: &str| if name == "password" { "label-password-now" } else { "label-passkey-name" };
    let field = |name: &&str| FieldView {
        id: format!("f-{id}{name}"),
        help: (*name == "label").then(|| look.t("passkey-name-help")),
        ..asked((look, &errors), (name, "text", label(name)), "")
    };
    FormView {
        action_href: action.to_owned(),
        hidden: vec![Hidden::new("answer", "")],
        fields: names.iter().map(field).collect(),
        errors: errors.clone(),
        submit: look.t(submit),
        ..FormView::default()
    }
}

/// Whether one may go: another second factor is there, or none is asked for.
fn may_go(web: &Web, known: &Credential) -> Result<bool, Error> {
    let needed = web.app.needs_second(&web.own()?.account, web.now);
    Ok(!needed || known.second.is_some() || known.passkeys.len() > 1)
}

async fn page(web: &Web, wrong: &Wrong, status: StatusCode) -> Result<Response, Error> {
    let own = web.own()?;
    let words = web.words();
    let look = web.look(&words);
    let store = web.app.store.as_ref();
    let known = credential::of(store, &own.account).await?;
    let account = store.account(&own.account).await?.ok_or(Error::SignIn)?;
    let password: &[&str] = if account.password.is_some() { &["password"] } else { &[] };
    let may_go = may_go(web, &known)?;
    let row = |one: &Passkey| {
        let handle = one.handle();
        let said = wrong.said.as_ref().filter(|_| wrong.handle.as_ref() == Some(&handle));
        let action = format!("/account/passkeys/{handle}/remove");
        let remove = form(&look, (&action, "submit-passkey-off"), (password, &format!("{handle}-"), said));
        json!({
            "name": one.name,
            "since": look.date_time(one.since),
            "used": one.used.map(|at| look.date_time(at)),
            "backed_up": one.backed_up,
            "open": said.is_some(),
            "remove": may_go.then_some(remove),
        })
    };
    let names: Vec<&str> = ["label"].into_iter().chain(password.iter().copied()).collect();
    let said = wrong.said.as_ref().filter(|_| wrong.handle.is_none());
    let room = web.app.passkey_pages().is_some() && known.passkeys.len() < PASSKEYS_MAX;
    let context = json!({
        "page": web.page("title-passkeys"),
        "must": web.held.as_ref().is_some_and(|held| held.must == Some(Must::SetUpSecond)),
        "here": web.app.passkey_pages().is_some(),
        "passkeys": known.passkeys.iter().map(row).collect::<Vec<Value>>(),
        "full": known.passkeys.len() >= PASSKEYS_MAX,
        "make": room.then(|| form(&look, ("/account/passkeys", "submit-passkey"), (&names, "", said))),
        "options_href": "/account/passkeys/options",
    });
    web.render_status(status, "pages/account_passkeys.html", context)
}

/// The name of a passkey as it was typed, if it is one.
fn named(typed: &Typed) -> Option<String> {
    let name: String = typed.one("label")?.split_whitespace().collect::<Vec<_>>().join(" ");
    (name.chars().count() <= PASSKEY_NAME_CHARS_MAX).then_some(name)
}

/// `POST /account/passkeys/options`: what the script is to ask the device for, once the password was right.
pub async fn options(web: Web, typed: Typed) -> Result<Response, Error> {
    let own = web.own()?.clone();
    let refused = |status: StatusCode, said: String| Ok((status, Json(json!({ "error": said }))).into_response());
    if web.app.passkey_pages().is_none() {
        return Err(Error::NotFound);
    }
    if named(&typed).is_none() {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, web.t("err-passkey-name"));
    }
    if credential::of(web.app.store.as_ref(), &own.account).await?.passkeys.len() >= PASSKEYS_MAX {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, web.t("passkeys-full"));
    }
    if let Err((status, said)) = proved(&web, &typed).await? {
        return refused(status, said);
    }
    let site = format!("{} {}", web.t("brand"), web.site());
    let asked = web.app.passkey_make(&own.account, (&own.name, site.trim())).await?;
    Ok(told(&web, asked.ok_or(Error::NotFound)?))
}

/// `POST /account/passkeys`: keeps the one the device made.
pub async fn add(web: Web, typed: Typed) -> Result<Response, Error> {
    let own = web.own()?.clone();
    let wrong = |key: &str| Wrong { handle: None, said: Some(web.t(key)) };
    let (Some(name), Some(answer)) = (named(&typed), typed.one("answer")) else {
        return page(&web, &wrong("err-passkey-script"), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    web.set_cookie(PASSKEY, "", Some(0));
    if let Err(fault) = web.app.passkey_made(&own.account, (&web.passkey, answer), &name).await? {
        tracing::info!(%fault, "a passkey was not taken");
        return page(&web, &wrong("err-passkey-made"), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    end_others(&web).await?;
    web.app.account_told(&[Line::own(&own.account, What::PasskeyOn, web.origin()).about(name)]).await?;
    Ok(web.redirect_with("/account/passkeys", "ok", &web.t("passkey-made")))
}

/// `POST /account/passkeys/{id}/remove`.
pub async fn remove(web: Web, Path(handle): Path<String>, typed: Typed) -> Result<Response, Error> {
    let own = web.own()?.clone();
    let store = web.app.store.as_ref();
    let known = credential::of(store, &own.account).await?;
    let passkey = known.passkeys.iter().find(|one| one.handle() == handle).ok_or(Error::NotFound)?;
    if !may_go(&web, &known)? {
        return Err(Error::NotAllowed);
    }
    if let Err((status, said)) = proved(&web, &typed).await? {
        return page(&web, &Wrong { handle: Some(handle), said: Some(said) }, status).await;
    }
    forget(store, &own.account, Some(&handle)).await?;
    end_others(&web).await?;
    web.app
        .account_told(&[Line::own(&own.account, What::PasskeyOff, web.origin()).about(passkey.name.clone())])
        .await?;
    Ok(web.redirect_with("/account/passkeys", "ok", &web.t("passkey-off-done")))
}

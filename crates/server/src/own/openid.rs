//! Binding one's own account to whom the provider of identities knows one as, and taking that back. Who has no other way to sign in
//! cannot take it back: they would be locked out.

use super::proved;
use crate::error::Error;
use crate::identity::credential::{self, Credential};
use crate::identity::lines::{Line, What};
use crate::identity::openid::unbind;
use crate::public::openid::go_to_bind;
use crate::typed::Typed;
use crate::view::Look;
use crate::view::form::{FieldView, FormView, asked};
use crate::web::Web;
use axum::response::Response;
use ganglion_kernel::port::Account;
use serde_json::{Value, json};

/// How an account stands with the provider, with the form that changes it; nothing without a provider.
#[must_use]
pub fn view(web: &Web, look: &Look<'_>, account: &Account, known: &Credential) -> Value {
    let Some(openid) = &web.app.settings.openid else { return Value::Null };
    let (action, submit) = match known.bound {
        Some(_) => ("/account/openid/off", "submit-openid-off"),
        None => ("/account/openid", "submit-openid"),
    };
    let password = FieldView {
        id: "f-openid-password".to_owned(),
        ..asked((look, &[]), ("password", "text", "label-password-now"), "")
    };
    let form = FormView {
        action_href: action.to_owned(),
        fields: account.password.iter().map(|_| password.clone()).collect(),
        submit: look.t(submit),
        ..FormView::default()
    };
    let stays = known.bound.is_some() && !has_other_way(web, account, known);
    json!({
        "name": openid.name,
        "since": known.bound.as_ref().map(|bound| look.date_time(bound.since)),
        "form": (!stays).then_some(form),
    })
}

fn has_other_way(web: &Web, account: &Account, known: &Credential) -> bool {
    account.password.is_some() || web.app.has_passkeys(known)
}

/// `POST /account/openid`: to the provider, once more proved who one is.
pub async fn go(web: Web, typed: Typed) -> Result<Response, Error> {
    web.own()?;
    if web.app.settings.openid.is_none() {
        return Err(Error::NotFound);
    }
    match proved(&web, &typed).await? {
        Ok(()) => go_to_bind(&web).await,
        Err((_, said)) => Ok(web.redirect_with("/account", "bad", &said)),
    }
}

/// `POST /account/openid/off`.
pub async fn off(web: Web, typed: Typed) -> Result<Response, Error> {
    let own = web.own()?.clone();
    let store = web.app.store.as_ref();
    let account = store.account(&own.account).await?.ok_or(Error::SignIn)?;
    let known = credential::of(store, &own.account).await?;
    if known.bound.is_none() {
        return Err(Error::NotFound);
    }
    if !has_other_way(&web, &account, &known) {
        return Err(Error::NotAllowed);
    }
    if let Err((_, said)) = proved(&web, &typed).await? {
        return Ok(web.redirect_with("/account", "bad", &said));
    }
    unbind(store, &own.account).await?;
    web.app.account_told(&[Line::own(&own.account, What::OpenidOff, web.origin())]).await?;
    Ok(web.redirect_with("/account", "ok", &web.t("openid-off-done")))
}

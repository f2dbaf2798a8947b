//! The second step of signing in: a code of the app, one of the codes for the day the phone is lost, or a passkey. Between the two steps a
//! browser holds a token that is good for five minutes and for nothing else.

use super::sign_in::{begin, next, told_wrong, wrong_text};
use crate::error::Error;
use crate::identity::credential;
use crate::identity::lines::What;
use crate::identity::second::Given;
use crate::identity::tries::Trying;
use crate::identity::{kept, read};
use crate::limits::SECOND_STEP_SECONDS;
use crate::sign;
use crate::typed::Typed;
use crate::view::form::{FieldView, FormView};
use crate::view::problems::FormError;
use crate::web::{HALF, Web};
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_model::AccountId;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How sign-ins that wait are kept, by the hash of their token.
pub(crate) const KIND: &str = "half_sign_in";

/// A sign-in in the middle.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Half {
    /// Whose.
    pub account: AccountId,
    /// Where it leads.
    pub next: String,
    /// How it began.
    #[serde(default = "by_password")]
    what: What,
}

fn by_password() -> What {
    What::In
}

/// Sends a browser to the second step.
///
/// # Errors
/// When the store fails.
pub(super) async fn ask(web: &Web, account: &AccountId, (what, to): (What, &str)) -> Result<Response, Error> {
    let token = sign::hex(&web.app.clock.key());
    let half = Half { account: account.clone(), next: to.to_owned(), what };
    let due = web.now + SignedDuration::from_secs(SECOND_STEP_SECONDS);
    web.app.store.kept_put(&[kept((KIND, sign::digest(&token)), Some(due), &half)?]).await?;
    web.set_cookie(HALF, &token, Some(SECOND_STEP_SECONDS));
    Ok(web.redirect("/sign-in/code"))
}

/// The sign-in this browser is in the middle of.
pub(super) async fn half(web: &Web) -> Result<Option<Half>, Error> {
    if web.half.is_empty() {
        return Ok(None);
    }
    let found = web.app.store.kept_one(KIND, &sign::digest(&web.half)).await?;
    found.filter(|one| one.due.is_some_and(|due| web.now < due)).as_ref().map(read).transpose()
}

/// `GET /sign-in/code`.
pub async fn show(web: Web) -> Result<Response, Error> {
    match half(&web).await? {
        Some(half) => page(&web, &half, None, StatusCode::OK).await,
        None => Ok(web.redirect("/sign-in")),
    }
}

/// Forgets the sign-in this browser was in the middle of.
///
/// # Errors
/// When the store fails.
pub(super) async fn over(web: &Web) -> Result<(), Error> {
    if web.half.is_empty() {
        return Ok(());
    }
    web.app.store.kept_gone(&[(KIND.to_owned(), sign::digest(&web.half))]).await?;
    web.set_cookie(HALF, "", Some(0));
    Ok(())
}

/// `POST /sign-in/code`.
pub async fn enter(web: Web, typed: Typed) -> Result<Response, Error> {
    let Some(half) = half(&web).await? else {
        return Ok(web.redirect_with("/sign-in", "warn", &web.t("second-late")));
    };
    let trying = Trying::of(&web, &half.account.0).await?;
    let left = match trying.take(&web.app, web.now).await? {
        Ok(left) => left,
        Err(seconds) => return page(&web, &half, Some(Err(seconds)), StatusCode::TOO_MANY_REQUESTS).await,
    };
    let account = web.app.store.account(&half.account).await?.filter(|account| account.active);
    let given = web.app.second_take(&half.account, typed.one("code").unwrap_or_default()).await?;
    let (Some(account), false) = (account, given == Given::Wrong) else {
        let waits = trying.wait(&web.app, web.now).await?;
        told_wrong(&web, &half.account, What::WrongCode, waits).await?;
        return match waits {
            Some(seconds) => page(&web, &half, Some(Err(seconds)), StatusCode::TOO_MANY_REQUESTS).await,
            None => page(&web, &half, Some(Ok(left)), StatusCode::UNPROCESSABLE_ENTITY).await,
        };
    };
    trying.succeeded(&web.app, web.now).await?;
    over(&web).await?;
    match given {
        // Who has few codes left, or has lost a phone, has something to do.
        Given::Recovery(_) => begin(&web, &account, What::InByRecovery, "/account/second").await,
        _ => begin(&web, &account, half.what, next(Some(&half.next))).await,
    }
}

async fn page(web: &Web, half: &Half, wrong: Option<Result<u32, u64>>, status: StatusCode) -> Result<Response, Error> {
    let known = credential::of(web.app.store.as_ref(), &half.account).await?;
    let error = wrong.map(|left| wrong_text(web, "err-code", left));
    let errors = error.clone().map(|message| FormError {
        field: "code".to_owned(),
        id: "f-code".to_owned(),
        label: web.t("label-code"),
        message,
    });
    let field = FieldView {
        name: "code".to_owned(),
        id: "f-code".to_owned(),
        kind: "text",
        label: web.t("label-code"),
        help: Some(web.t("second-code-help")),
        error,
        required: true,
        applies: true,
        ..FieldView::default()
    };
    let form = FormView {
        action_href: "/sign-in/code".to_owned(),
        fields: vec![field],
        errors: errors.into_iter().collect(),
        submit: web.t("label-sign-in"),
        cancel_href: Some("/sign-in".to_owned()),
        ..FormView::default()
    };
    web.render_status(
        status,
        "pages/sign_in_code.html",
        json!({
            "page": web.page("title-sign-in-code"),
            "form": known.second.is_some().then_some(form),
            "passkey": web.app.has_passkeys(&known),
        }),
    )
}

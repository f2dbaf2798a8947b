//! The second step of signing in: a code of the app, or one of the codes for the day the phone is lost. Between the two steps a
//! browser holds a token that is good for five minutes and for nothing else.

use super::sign_in::{begin, next, told_wrong, wrong_text};
use crate::error::Error;
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

#[derive(Debug, Serialize, Deserialize)]
struct Half {
    account: AccountId,
    next: String,
}

/// Sends a browser to the second step.
///
/// # Errors
/// When the store fails.
pub(super) async fn ask(web: &Web, account: &AccountId, to: &str) -> Result<Response, Error> {
    let token = sign::hex(&web.app.clock.key());
    let half = Half { account: account.clone(), next: to.to_owned() };
    let due = web.now + SignedDuration::from_secs(SECOND_STEP_SECONDS);
    web.app.store.kept_put(&[kept((KIND, sign::digest(&token)), Some(due), &half)?]).await?;
    web.set_cookie(HALF, &token, Some(SECOND_STEP_SECONDS));
    Ok(web.redirect("/sign-in/code"))
}

/// The sign-in this browser is in the middle of.
async fn half(web: &Web) -> Result<Option<Half>, Error> {
    if web.half.is_empty() {
        return Ok(None);
    }
    let found = web.app.store.kept_one(KIND, &sign::digest(&web.half)).await?;
    found.filter(|one| one.due.is_some_and(|due| web.now < due)).as_ref().map(read).transpose()
}

/// `GET /sign-in/code`.
pub async fn show(web: Web) -> Result<Response, Error> {
    if half(&web).await?.is_none() {
        return Ok(web.redirect("/sign-in"));
    }
    page(&web, None, StatusCode::OK)
}

/// `POST /sign-in/code`.
pub async fn enter(web: Web, typed: Typed) -> Result<Response, Error> {
    let Some(half) = half(&web).await? else {
        return Ok(web.redirect_with("/sign-in", "warn", &web.t("second-late")));
    };
    let trying = Trying::of(&web, &half.account.0).await?;
    let left = match trying.take(&web.app, web.now).await? {
        Ok(left) => left,
        Err(seconds) => return page(&web, Some(Err(seconds)), StatusCode::TOO_MANY_REQUESTS),
    };
    let account = web.app.store.account(&half.account).await?.filter(|account| account.active);
    let given = web.app.second_take(&half.account, typed.one("code").unwrap_or_default()).await?;
    let (Some(account), false) = (account, given == Given::Wrong) else {
        let waits = trying.wait(&web.app, web.now).await?;
        told_wrong(&web, &half.account, What::WrongCode, waits).await?;
        return match waits {
            Some(seconds) => page(&web, Some(Err(seconds)), StatusCode::TOO_MANY_REQUESTS),
            None => page(&web, Some(Ok(left)), StatusCode::UNPROCESSABLE_ENTITY),
        };
    };
    trying.succeeded(&web.app, web.now).await?;
    web.app.store.kept_gone(&[(KIND.to_owned(), sign::digest(&web.half))]).await?;
    web.set_cookie(HALF, "", Some(0));
    match given {
        // Who has few codes left, or has lost a phone, has something to do.
        Given::Recovery(_) => begin(&web, &account, What::InByRecovery, "/account/second").await,
        _ => begin(&web, &account, What::In, next(Some(&half.next))).await,
    }
}

fn page(web: &Web, wrong: Option<Result<u32, u64>>, status: StatusCode) -> Result<Response, Error> {
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
        json!({ "page": web.page("title-sign-in-code"), "form": form }),
    )
}

//! One's own second factor: the square code an app reads, confirmed with a code of it, then codes for the day the phone is lost,
//! shown once. Taking it away needs a code, and is not offered where a post asks for one.

use super::end_others;
use crate::error::Error;
use crate::identity::credential::{self, Credential, Must};
use crate::identity::lines::{Line, What};
use crate::identity::second::Given;
use crate::identity::totp;
use crate::identity::tries::Trying;
use crate::public::sign_in::{told_wrong, wrong_text};
use crate::typed::Typed;
use crate::view::form::{FieldView, FormView};
use crate::view::problems::FormError;
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_documents::qr_svg;
use serde_json::{Value, json};

/// What a page of the second factor shows besides how things stand.
#[derive(Default)]
struct Shown {
    /// Codes for the day the phone is lost: once.
    codes: Option<Vec<String>>,
    /// What is wrong with the code that was typed.
    error: Option<String>,
}

/// `GET /account/second`.
pub async fn show(web: Web) -> Result<Response, Error> {
    page(&web, Shown::default(), StatusCode::OK).await
}

/// A form that asks for one code.
fn code_form(web: &Web, (action, submit): (&str, &str), (id, error): (&str, Option<String>)) -> FormView {
    let errors = error.clone().map(|message| FormError {
        field: "code".to_owned(),
        id: id.to_owned(),
        label: web.t("label-code"),
        message,
    });
    FormView {
        action_href: action.to_owned(),
        fields: vec![FieldView {
            name: "code".to_owned(),
            id: id.to_owned(),
            kind: "text",
            label: web.t("label-code"),
            error,
            required: true,
            applies: true,
            ..FieldView::default()
        }],
        errors: errors.into_iter().collect(),
        submit: web.t(submit),
        ..FormView::default()
    }
}

async fn page(web: &Web, shown: Shown, status: StatusCode) -> Result<Response, Error> {
    let own = web.own()?;
    let words = web.words();
    let look = web.look(&words);
    let known = credential::of(web.app.store.as_ref(), &own.account).await?;
    let needed = web.app.needs_second(&own.account, web.now);
    let must = web.held.as_ref().is_some_and(|held| held.must == Some(Must::SetUpSecond));
    let begun = match known.second {
        Some(_) => Value::Null,
        None => begun(web, &known).await?,
    };
    let (setting_up, taking_away) = match known.second {
        Some(_) => (None, shown.error),
        None => (shown.error, None),
    };
    let context = json!({
        "page": web.page("title-second"),
        "must": must,
        "needed": needed,
        "codes": shown.codes,
        "second": known.second.as_ref().map(|second| json!({
            "since": look.date_time(second.since),
            "left": second.recovery.len(),
        })),
        "begun": begun,
        "confirm": begun.is_object().then(|| code_form(web, ("/account/second", "submit-second"), ("f-code", setting_up))),
        "renew": known.second.is_some().then(|| {
            code_form(web, ("/account/second/codes", "submit-second-codes"), ("f-code", taking_away.clone()))
        }),
        "off": (known.second.is_some() && !needed).then(|| {
            code_form(web, ("/account/second/off", "submit-second-off"), ("f-code-off", None))
        }),
    });
    web.render_status(status, "pages/account_second.html", context)
}

/// The secret as a square code and spelled, until it is confirmed.
async fn begun(web: &Web, known: &Credential) -> Result<Value, Error> {
    if known.pending.is_none() {
        return Ok(Value::Null);
    }
    let own = web.own()?;
    let secret = web.app.second_begin(&own.account).await?;
    let issuer = format!("{} {}", web.t("brand"), web.site());
    let address = totp::address(&secret, issuer.trim(), &own.account.0);
    let picture = qr_svg(&address).map(|svg| format!("data:image/svg+xml,{}", crate::page::encode(&svg)));
    Ok(json!({ "qr": picture, "spelled": totp::spelled(&secret) }))
}

/// `POST /account/second`: begins, or confirms what was begun.
pub async fn set_up(web: Web, typed: Typed) -> Result<Response, Error> {
    let own = web.own()?.clone();
    let known = credential::of(web.app.store.as_ref(), &own.account).await?;
    if known.second.is_some() {
        return Ok(web.redirect("/account/second"));
    }
    let Some(code) = typed.one("code") else {
        if known.pending.is_some() {
            let error = Some(web.t("err-code-needed"));
            return page(&web, Shown { error, ..Shown::default() }, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        web.app.second_begin(&own.account).await?;
        return Ok(web.redirect("/account/second"));
    };
    let Some(codes) = web.app.second_confirm(&own.account, code).await? else {
        let error = Some(web.t("err-code-wrong"));
        return page(&web, Shown { error, ..Shown::default() }, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    end_others(&web).await?;
    web.app.account_told(&[Line::own(&own.account, What::SecondOn, web.origin())]).await?;
    page(&web, Shown { codes: Some(codes), error: None }, StatusCode::OK).await
}

/// Takes a code for a change of the second factor, with the waits of wrong ones; the page again when it is wrong.
async fn taken(web: &Web, typed: &Typed) -> Result<Result<(), Response>, Error> {
    let own = web.own()?;
    let trying = Trying::of(web, &own.account.0).await?;
    let again = |left: Result<u32, u64>| Shown { error: Some(wrong_text(web, "err-code", left)), codes: None };
    let left = match trying.take(&web.app, web.now).await? {
        Ok(left) => left,
        Err(seconds) => return Ok(Err(page(web, again(Err(seconds)), StatusCode::TOO_MANY_REQUESTS).await?)),
    };
    match web.app.second_take(&own.account, typed.one("code").unwrap_or_default()).await? {
        Given::Wrong => {
            let waits = trying.wait(&web.app, web.now).await?;
            told_wrong(web, &own.account, What::WrongCode, waits).await?;
            let left = waits.map_or(Ok(left), Err);
            Ok(Err(page(web, again(left), StatusCode::UNPROCESSABLE_ENTITY).await?))
        }
        _ => {
            trying.give_back(&web.app).await?;
            Ok(Ok(()))
        }
    }
}

/// `POST /account/second/codes`: other codes for the day the phone is lost.
pub async fn renew(web: Web, typed: Typed) -> Result<Response, Error> {
    let own = web.own()?.clone();
    if let Err(again) = taken(&web, &typed).await? {
        return Ok(again);
    }
    let codes = web.app.second_codes(&own.account).await?;
    web.app.account_told(&[Line::own(&own.account, What::SecondCodes, web.origin())]).await?;
    page(&web, Shown { codes, error: None }, StatusCode::OK).await
}

/// `POST /account/second/off`: takes it away, where no post asks for it.
pub async fn off(web: Web, typed: Typed) -> Result<Response, Error> {
    let own = web.own()?.clone();
    if web.app.needs_second(&own.account, web.now) {
        return Err(Error::NotAllowed);
    }
    if let Err(again) = taken(&web, &typed).await? {
        return Ok(again);
    }
    web.app.second_off(&own.account).await?;
    end_others(&web).await?;
    web.app.account_told(&[Line::own(&own.account, What::SecondOff, web.origin())]).await?;
    Ok(web.redirect_with("/account", "ok", &web.t("second-off-done")))
}

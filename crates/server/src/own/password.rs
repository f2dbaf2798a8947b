//! Choosing one's own password. Whoever was given one by somebody else comes here before any other page.

use super::end_others;
use crate::error::Error;
use crate::identity::credential::{self, Must};
use crate::identity::lines::{Line, What};
use crate::identity::password::{CHARS_MIN, Fault, KINDS_MIN, REMEMBERED};
use crate::identity::sessions::Begun;
use crate::identity::tries::Trying;
use crate::limits::PASSWORD_BYTES_MAX;
use crate::public::sign_in::wrong_text;
use crate::typed::Typed;
use crate::view::Look;
use crate::view::form::{FieldView, FormView, asked};
use crate::view::problems::FormError;
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

/// What is wrong with a password, as errors of its field.
#[must_use]
pub fn password_errors(look: &Look<'_>, field: &str, faults: &[Fault]) -> Vec<FormError> {
    let args = [
        ("min", CHARS_MIN.into()),
        ("max", PASSWORD_BYTES_MAX.into()),
        ("kinds", KINDS_MIN.into()),
        ("count", REMEMBERED.into()),
    ];
    let error = |fault: &Fault| FormError {
        field: field.to_owned(),
        id: format!("f-{field}"),
        label: String::new(),
        message: look.say(fault.text(), &args),
    };
    faults.iter().map(error).collect()
}

/// `GET /account/password`.
pub async fn show(web: Web) -> Result<Response, Error> {
    web.own()?;
    page(&web, Vec::new(), StatusCode::OK)
}

fn page(web: &Web, errors: Vec<FormError>, status: StatusCode) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let field = |name: &str, label: &str| asked((&look, &errors), (name, "text", label), "");
    let help = look.say("password-help", &[("min", CHARS_MIN.into())]);
    let form = FormView {
        action_href: "/account/password".to_owned(),
        fields: vec![
            field("password", "label-password-now"),
            FieldView { help: Some(help), ..field("new_password", "label-password-new") },
            field("again", "label-password-again"),
        ],
        errors: errors.clone(),
        submit: look.t("submit-password"),
        cancel_href: web.held.is_none().then(|| "/account".to_owned()),
        ..FormView::default()
    };
    let must = web.held.as_ref().is_some_and(|held| held.must == Some(Must::ChangePassword));
    web.render_status(
        status,
        "pages/account_password.html",
        json!({ "page": web.page("title-password"), "must": must, "form": form }),
    )
}

/// `POST /account/password`: the password of now is asked once more, so that a session left open gives nobody the account.
pub async fn change(web: Web, typed: Typed) -> Result<Response, Error> {
    let own = web.own()?.clone();
    let words = web.words();
    let look = web.look(&words);
    let error = |field: &str, message: String| FormError {
        field: field.to_owned(),
        id: format!("f-{field}"),
        label: String::new(),
        message,
    };
    let (chosen, again) = (typed.one("new_password").unwrap_or_default(), typed.one("again").unwrap_or_default());
    if chosen != again {
        let errors = vec![error("again", look.t("password-differs"))];
        return page(&web, errors, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let trying = Trying::of(&web, &own.account.0).await?;
    let left = match trying.take(&web.app, web.now).await? {
        Ok(left) => left,
        Err(seconds) => {
            let errors = vec![error("password", wrong_text(&web, "err-password-now", Err(seconds)))];
            return page(&web, errors, StatusCode::TOO_MANY_REQUESTS);
        }
    };
    let known = web.app.password_fits(&own.account, typed.one("password").unwrap_or_default()).await?;
    let Some(account) = known else {
        let errors = vec![error("password", wrong_text(&web, "err-password-now", Ok(left)))];
        return page(&web, errors, StatusCode::UNPROCESSABLE_ENTITY);
    };
    trying.give_back(&web.app).await?;
    let faults = web.app.password_chosen(&account, chosen).await?;
    if !faults.is_empty() {
        let errors = password_errors(&look, "new_password", &faults);
        return page(&web, errors, StatusCode::UNPROCESSABLE_ENTITY);
    }
    end_others(&web).await?;
    web.app.account_told(&[Line::own(&own.account, What::PasswordChanged, web.origin())]).await?;
    let known = credential::of(web.app.store.as_ref(), &own.account).await?;
    let to = web.app.must(&account, (&known, Begun::default()), web.now).map_or("/account", Must::href);
    Ok(web.redirect_with(to, "ok", &look.t("password-changed")))
}

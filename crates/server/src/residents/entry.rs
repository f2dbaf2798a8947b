//! Signing in as a resident: a telephone, then the code that was sent to it. What is answered never says whether a telephone is known
//! here: a code goes to every number, and whoever types the right one is in, with reports or without.

use super::code::{self, Tried};
use super::mobile;
use crate::error::Error;
use crate::limits::CODE_SECONDS;
use crate::typed::Typed;
use crate::view::form::{FieldView, FormView, Hidden};
use crate::view::mask;
use crate::view::problems::FormError;
use crate::view::{Arg, Say as _};
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_model::pack::FieldKind;
use serde_json::{Value, json};

/// `GET /my/sign-in`.
pub async fn show(web: Web) -> Result<Response, Error> {
    if web.app.sms.is_none() {
        return Err(Error::NotFound);
    }
    if web.resident().await?.is_some() {
        return Ok(web.redirect("/my"));
    }
    phone_page(&web, "", None, StatusCode::OK)
}

/// `POST /my/sign-in`: sends a code.
pub async fn ask(web: Web, typed: Typed) -> Result<Response, Error> {
    if web.app.sms.is_none() {
        return Err(Error::NotFound);
    }
    let given = typed.one("phone").unwrap_or_default();
    let Some(phone) = mobile(given) else {
        return phone_page(&web, given, Some(web.t("err-mobile")), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let (address, rate) = (web.network(), &web.app.rates.codes);
    if let Some(seconds) = rate.wait(&address, web.now) {
        return Err(Error::TooMany { seconds });
    }
    rate.count(&address, web.now);
    let words = web.words();
    match code::make(&web.app, &phone).await? {
        Ok(code) => {
            let args =
                [("code", Arg::from(code)), ("minutes", (CODE_SECONDS / 60).into()), ("site", web.site().into())];
            web.app.sms(&phone, words.say("sms-code", &args)).await?;
            code_page(&web, &phone, None, StatusCode::OK)
        }
        Err(seconds) => {
            let wait = words.say("err-code-again", &[("minutes", seconds.div_ceil(60).into())]);
            code_page(&web, &phone, Some(wait), StatusCode::TOO_MANY_REQUESTS)
        }
    }
}

/// `POST /my/code`.
pub async fn enter(web: Web, typed: Typed) -> Result<Response, Error> {
    if web.app.sms.is_none() {
        return Err(Error::NotFound);
    }
    let Some(phone) = typed.one("phone").and_then(mobile) else { return Ok(web.redirect("/my/sign-in")) };
    let (address, rate) = (web.network(), &web.app.rates.codes);
    if let Some(seconds) = rate.wait(&address, web.now) {
        return Err(Error::TooMany { seconds });
    }
    let code: String = typed.one("code").unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
    let code = ganglion_model::units::half_width(&code);
    let tried = code::take(&web.app, &phone, &code).await?;
    let words = web.words();
    let wrong = match tried {
        Tried::Right => {
            web.resident_begin(&phone).await?;
            return Ok(web.redirect("/my"));
        }
        Tried::Wrong(left) => words.say("err-phone-code", &[("left", left.into())]),
        Tried::Over => web.t("err-phone-code-over"),
    };
    rate.count(&address, web.now);
    code_page(&web, &phone, Some(wrong), StatusCode::UNPROCESSABLE_ENTITY)
}

/// `POST /my/sign-out`: here, or everywhere.
pub async fn leave(web: Web, typed: Typed) -> Result<Response, Error> {
    if web.app.sms.is_none() {
        return Err(Error::NotFound);
    }
    if let Some(resident) = web.resident().await? {
        web.resident_end(&resident, typed.one("everywhere").is_some()).await?;
    }
    Ok(web.redirect("/follow"))
}

fn field(web: &Web, (name, kind): (&str, &'static str), error: Option<String>) -> FieldView {
    FieldView {
        name: name.to_owned(),
        id: format!("f-{name}"),
        kind,
        label: web.t(&format!("label-my-{name}")),
        help: Some(web.t(&format!("label-my-{name}-help"))),
        error,
        required: true,
        applies: true,
        ..FieldView::default()
    }
}

fn errors(field: &FieldView) -> Vec<FormError> {
    let error = field.error.clone().map(|message| FormError {
        field: field.name.clone(),
        id: field.id.clone(),
        label: field.label.clone(),
        message,
    });
    error.into_iter().collect()
}

fn phone_page(web: &Web, typed: &str, error: Option<String>, status: StatusCode) -> Result<Response, Error> {
    let field = FieldView { value: Value::from(typed), ..field(web, ("phone", "phone"), error) };
    let form = FormView {
        action_href: "/my/sign-in".to_owned(),
        errors: errors(&field),
        fields: vec![field],
        submit: web.t("submit-my-phone"),
        cancel_href: Some("/follow".to_owned()),
        ..FormView::default()
    };
    let context = json!({ "page": web.page("title-my-sign-in"), "form": form, "lead": web.t("my-sign-in-lead") });
    web.render_status(status, "pages/my_sign_in.html", context)
}

fn code_page(web: &Web, phone: &str, error: Option<String>, status: StatusCode) -> Result<Response, Error> {
    let field = field(web, ("code", "text"), error);
    let form = FormView {
        action_href: "/my/code".to_owned(),
        hidden: vec![Hidden::new("phone", phone)],
        errors: errors(&field),
        fields: vec![field],
        submit: web.t("label-sign-in"),
        cancel_href: Some("/my/sign-in".to_owned()),
        ..FormView::default()
    };
    let shown = mask::mask(&FieldKind::Phone, phone);
    let words = web.words();
    let lead = words.say("my-code-lead", &[("phone", shown.into()), ("minutes", (CODE_SECONDS / 60).into())]);
    let context = json!({ "page": web.page("title-my-sign-in"), "form": form, "lead": lead });
    web.render_status(status, "pages/my_sign_in.html", context)
}

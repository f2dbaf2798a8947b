//! Getting a bearer token.

use crate::app::AppState;
use crate::error::Error;
use crate::identity::credential;
use crate::identity::lines::What;
use crate::identity::second::Given;
use crate::identity::sessions::Begun;
use crate::identity::tries::Trying;
use crate::public::sign_in::{Tried, attempt, signed_in_told, told_wrong, wrong_text};
use crate::web::Web;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::port::Account;
use ganglion_model::PostId;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInBody {
    account: String,
    password: String,
    /// The second factor, for accounts that have one.
    #[serde(default)]
    code: Option<String>,
    /// The post to act in; the account's first when left out.
    #[serde(default)]
    post: Option<String>,
}

fn refused(status: StatusCode, error: &str, message: String) -> Response {
    (status, Json(json!({ "error": error, "fields": [], "message": message }))).into_response()
}

/// `POST /api/v1/sign-in`: `{account, password, code?, post?}` to `{token, account, post, hours}`.
pub async fn sign_in(State(app): State<AppState>, web: Web, bytes: Bytes) -> Result<Response, Error> {
    let SignInBody { account, password, code, post } = super::body(&bytes)?;
    let (account, trying) = match attempt(&web, &account, &password).await? {
        Tried::In(account, trying) => (account, trying),
        Tried::Waits(seconds) => return Err(Error::TooMany { seconds }),
        Tried::Wrong(left) => {
            let text = wrong_text(&web, "err-sign-in", Ok(left));
            return Ok(refused(StatusCode::UNAUTHORIZED, "wrong_password", text));
        }
    };
    let what = match second(&web, &account, &trying, code.as_deref()).await? {
        Ok(what) => what,
        Err(refused) => return Ok(refused),
    };
    let known = credential::of(app.store.as_ref(), &account.id).await?;
    if app.must(&account, (&known, Begun::default()), web.now).is_some() {
        trying.give_back(&app).await?;
        return Ok(refused(StatusCode::FORBIDDEN, "account_unfinished", web.t("err-account-unfinished")));
    }
    trying.succeeded(&app, web.now).await?;
    let token = app.session_begin(&account, web.origin(), Begun::default()).await?;
    signed_in_told(&web, &account, what).await?;
    let mut signed_in = app.session_of(&token, web.now).await?.ok_or(Error::SignIn)?;
    if let Some(post) = post {
        app.session_post(&signed_in, &PostId(post), web.now).await?;
        signed_in = app.session_of(&token, web.now).await?.ok_or(Error::SignIn)?;
    }
    let body = json!({
        "token": token,
        "account": account.id,
        "post": signed_in.post.map(|post| post.id),
        "hours": app.settings.session_hours,
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// How the account signs in, after its second factor if it has one; else the answer that says what is missing or wrong.
async fn second(
    web: &Web,
    account: &Account,
    trying: &Trying,
    code: Option<&str>,
) -> Result<Result<What, Response>, Error> {
    // Who has passkeys only has no code to send: software that acts for somebody has a key of its own.
    if !web.app.has_second(&credential::of(web.app.store.as_ref(), &account.id).await?) {
        return Ok(Ok(What::In));
    }
    let Some(code) = code else {
        trying.give_back(&web.app).await?;
        return Ok(Err(refused(StatusCode::UNAUTHORIZED, "code_needed", web.t("err-code-needed"))));
    };
    match web.app.second_take(&account.id, code).await? {
        Given::Code => Ok(Ok(What::In)),
        Given::Recovery(_) => Ok(Ok(What::InByRecovery)),
        Given::Wrong => {
            let waits = trying.wait(&web.app, web.now).await?;
            told_wrong(web, &account.id, What::WrongCode, waits).await?;
            Ok(Err(refused(StatusCode::UNAUTHORIZED, "wrong_code", web.t("err-code-wrong"))))
        }
    }
}

//! Getting a bearer token.

use crate::app::AppState;
use crate::error::Error;
use crate::public::sign_in::{Tried, attempt};
use crate::web::Web;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_model::PostId;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInBody {
    account: String,
    password: String,
    /// The post to act in; the account's first when left out.
    #[serde(default)]
    post: Option<String>,
}

/// `POST /api/v1/sign-in`: `{account, password, post?}` to `{token, account, post, hours}`.
pub async fn sign_in(State(app): State<AppState>, web: Web, bytes: Bytes) -> Result<Response, Error> {
    let SignInBody { account, password, post } = super::body(&bytes)?;
    let tried = attempt(&web, &account, &password).await?;
    let account = match tried {
        Tried::In(account) => account,
        Tried::Locked(seconds) => return Err(Error::TooMany { seconds }),
        Tried::Wrong(_) => {
            let body = json!({ "error": "wrong_password", "fields": [], "message": tried.text(&web) });
            return Ok((StatusCode::UNAUTHORIZED, Json(body)).into_response());
        }
    };
    let token = app.session_begin(&account).await?;
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

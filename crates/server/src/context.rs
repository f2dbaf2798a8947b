//! The layer around every route: makes the request's context, refuses other sites' forms, turns errors into pages or
//! JSON, adds security headers, and logs one line.

use crate::app::AppState;
use crate::error::Error;
use crate::limits::RETRY_SECONDS;
use crate::staff::glass;
use crate::view::{Arg, Say as _};
use crate::web::Web;
use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use ganglion_model::FieldFinding;
use serde_json::json;

/// Scripts, styles and requests only from here; pictures also from memory (photos before they are sent, map symbols); no
/// frame may hold a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(self), geolocation=(self), microphone=()"),
];

/// The layer.
pub async fn context(State(app): State<AppState>, request: Request, next: Next) -> Response {
    #[expect(clippy::disallowed_methods, reason = "metering: how long the request took, for the log only")]
    let started = std::time::Instant::now();
    let (mut parts, body) = request.into_parts();
    let method = parts.method.clone();
    let template = parts.extensions.get::<MatchedPath>().cloned();
    let web = match Web::read(&app, &parts).await {
        Ok(web) => web,
        Err(error) => {
            error.log();
            return error.status().into_response();
        }
    };
    let mut response = if web.same_origin(&parts) {
        parts.extensions.insert(web.clone());
        next.run(Request::from_parts(parts, body)).await
    } else {
        Error::Csrf.into_response()
    };
    if let Some(error) = response.extensions_mut().remove::<Error>() {
        error.log();
        response = shown(&web, &error);
    }
    web.put_cookies(&mut response);
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    web.log(&method, template.as_ref(), response.status(), started.elapsed().as_micros());
    response
}

/// An error as the caller reads it.
fn shown(web: &Web, error: &Error) -> Response {
    if matches!(error, Error::SignIn) && !web.wants_json {
        let here = match web.query.is_empty() {
            true => web.path.clone(),
            false => format!("{}{}", web.path, web.here_with("from", "sign-in")),
        };
        return web.redirect(&format!("/sign-in?next={}", crate::page::encode(&here)));
    }
    let words = Spoken::of(web, error);
    let mut response = if web.wants_json {
        (error.status(), Json(json!({ "error": error.code(), "fields": words.fields, "message": words.message })))
            .into_response()
    } else {
        error_page(web, error, &words)
    };
    let wait = match error {
        Error::Busy => Some(RETRY_SECONDS),
        Error::TooMany { seconds } => Some(*seconds),
        _ => None,
    };
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn error_page(web: &Web, error: &Error, words: &Spoken) -> Response {
    let page = web.page_titled(words.title.clone());
    let context = json!({
        "page": page,
        "status": error.status().as_u16(),
        "title": words.title,
        "what": words.message,
        "kept": [],
        "next": next_steps(web),
    });
    // When even the error page cannot be rendered, the words alone are sent.
    web.render_status(error.status(), "pages/error.html", context).unwrap_or_else(|failed| {
        failed.log();
        (error.status(), format!("{}\n{}\n", words.title, words.message)).into_response()
    })
}

/// Where to go from an error page.
fn next_steps(web: &Web) -> Vec<serde_json::Value> {
    let step = |key: &str, href: &str| json!({ "label": web.t(key), "href": href });
    if web.session.is_some() {
        let mut steps = vec![step("error-go-desk", "/desk"), step("error-go-home", "/")];
        // Whoever may look at what is not theirs in an emergency finds the way where they were turned away.
        if web.post().is_ok_and(|post| glass::may(web, post)) {
            steps.push(step("title-glass", "/break-glass"));
        }
        return steps;
    }
    vec![step("error-go-home", "/"), step("home-follow", "/follow")]
}

/// An error in words.
struct Spoken {
    title: String,
    message: String,
    fields: Vec<serde_json::Value>,
}

impl Spoken {
    fn of(web: &Web, error: &Error) -> Spoken {
        let words = web.words();
        let say = |key: &str, args: &[(&str, Arg)]| words.say(key, args);
        let both = |name: &str, args: &[(&str, Arg)]| {
            (say(&format!("error-{name}-title"), args), say(&format!("error-{name}-what"), args))
        };
        let (title, message) = match error {
            Error::NotFound => both("404", &[]),
            Error::SignIn => both("401", &[]),
            Error::NotAllowed => both("403", &[]),
            Error::Csrf => both("csrf", &[]),
            Error::TooLarge { megabytes } => both("413", &[("max", format!("{megabytes} MB").into())]),
            Error::Unreadable(_) => both("422", &[]),
            Error::NotAPicture => both("415", &[]),
            Error::TooMany { seconds } => both("429", &[("seconds", (*seconds).into())]),
            Error::Busy => both("503", &[("seconds", RETRY_SECONDS.into())]),
            Error::Refused(refusal) => {
                let look = web.look(&words);
                let field = |finding: &FieldFinding| {
                    let message = look.problem(None, finding, &finding.field);
                    json!({ "field": finding.field, "problem": finding.problem, "message": message })
                };
                return Spoken {
                    title: say("refused-title", &[]),
                    message: look.refusal(None, refusal),
                    fields: refusal.fields.iter().map(field).collect(),
                };
            }
            Error::Storage(_) => both("storage", &[]),
            Error::Internal(_) => both("500", &[]),
        };
        Spoken { title, message, fields: Vec::new() }
    }
}

//! The layer around every route: makes the request's context, refuses other sites' forms, turns errors into pages or
//! JSON, adds security headers and the id of the request, counts it, and logs one line.

use crate::app::AppState;
use crate::error::Error;
use crate::keys::{Allowance, need};
use crate::limits::{BULK_BYTES_MAX, REQUEST_ID_BYTES_MAX, RETRY_DISK_SECONDS, RETRY_SECONDS};
use crate::monitor::Seen;
use crate::open311;
use crate::rest::problem;
use crate::staff::glass;
use crate::view::{Arg, Say as _};
use crate::web::{Web, is_door};
use axum::Json;
use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::StoreError;
use ganglion_kernel::commit::Place;
use ganglion_kernel::plans::period;
use ganglion_model::FieldFinding;
use ganglion_model::pack::{Field, FigurePeriod};
use serde_json::json;

const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(self), geolocation=(self), microphone=()"),
];

/// Where cookies go over TLS only, so does everything else, for a year from the last visit.
const TLS_ONLY: &str = "max-age=31536000";

/// The id of a request, in the answer and in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where programs sign in: no command.
const SIGN_IN: &str = "/api/v1/sign-in";

/// What is said to whoever sends more than is taken in one body: no interface takes more than this.
const MEGABYTES_TOLD: u32 = (BULK_BYTES_MAX >> 20) as u32;

/// The layer.
pub async fn context(State(app): State<AppState>, request: Request, next: Next) -> Response {
    #[expect(clippy::disallowed_methods, reason = "metering: how long the request took, for the log and the figures")]
    let started = std::time::Instant::now();
    let method = request.method().clone();
    let template = request.extensions().get::<MatchedPath>().cloned();
    let id = request_id(&app, request.headers());
    let mut response = answered(&app, request, next, &id).await;
    response.headers_mut().entry(header::CONTENT_SECURITY_POLICY).or_insert(app.policy.clone());
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    // What does not say that it may be kept is kept by nobody on the way.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if app.settings.cookie_secure {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TLS_ONLY));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let seen = Seen {
        method: method.as_str(),
        route: template.as_ref().map(MatchedPath::as_str),
        status: response.status().as_u16(),
        took: started.elapsed(),
        bytes: response.body().size_hint().exact(),
    };
    app.meter.request(&seen);
    log(&seen, &id);
    response
}

/// The id of a request: that of the proxy in front, when there is one and it is plain, else a new one. What visitors send is not
/// taken: it may be anything.
fn request_id(app: &AppState, headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).filter(|_| app.settings.behind_proxy).and_then(|value| value.to_str().ok());
    let is_plain = |text: &&str| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    given.filter(is_plain).map_or_else(|| app.clock.id().simple().to_string(), str::to_owned)
}

/// The one line of a request: no address, no query, no path beyond its template, nothing about who asked. Questions whether the
/// server lives come every few seconds and are told only when asked for.
fn log(seen: &Seen<'_>, id: &str) {
    let (method, route, status, bytes) = (seen.method, seen.route(), seen.status, seen.bytes);
    let micros = u64::try_from(seen.took.as_micros()).unwrap_or(u64::MAX);
    if route.starts_with("/health/") || route == "/metrics" {
        tracing::debug!(method, route, status, micros, bytes, id, "request");
    } else {
        tracing::info!(method, route, status, micros, bytes, id, "request");
    }
}

/// The answer, before what every answer carries is added.
async fn answered(app: &AppState, request: Request, next: Next, id: &str) -> Response {
    let (mut parts, body) = request.into_parts();
    let web = match Web::read(app, &parts).await {
        Ok(web) => web,
        Err(error) => {
            error.log_of(id);
            return error.status().into_response();
        }
    };
    let method = parts.method.clone();
    let allowance = allowance(app, &web);
    let mut response = match admitted(&web, &parts, allowance).and_then(|()| placed(app, &parts)) {
        Ok(_place) => {
            parts.extensions.insert(web.clone());
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => error.into_response(),
    };
    if let Some(error) = response.extensions_mut().remove::<Error>().or_else(|| unread(&method, &response)) {
        error.log_of(id);
        response = shown(&web, &error, id);
    }
    web.put_cookies(&mut response);
    if let Some(allowance) = allowance {
        allowance.tell(&mut response);
    }
    response
}

/// What a caller of the interfaces has left, this call counted: a key by itself, who signed in by their session, anybody else by
/// their address. Pages are not counted, nor what people do through the first version of the interface, which pages stand in for.
fn allowance(app: &AppState, web: &Web) -> Option<Allowance> {
    if let Some(key) = web.key() {
        return Some(app.keys.rates.take(&key.name, key.per_minute, web.now));
    }
    if !is_door(&web.path) {
        return None;
    }
    let (open, events) = (&app.rates.open, &app.rates.events);
    match &web.session {
        Some(_) if web.path.starts_with("/api/v1/") => None,
        Some(session) => Some(open.take(("session", &session.token_hash), web.now)),
        None if web.path == "/events" => Some(events.take(("address", &web.network()), web.now)),
        None => Some(open.take(("address", &web.network()), web.now)),
    }
}

/// What was refused before a handler saw it: an address whose parts are none, a body that is too long or cut off. The framework says
/// so in plain English words; no handler of ours does, so that these are told from everything else.
fn unread(method: &Method, response: &Response) -> Option<Error> {
    let kind = response.headers().get(header::CONTENT_TYPE)?;
    if !kind.as_bytes().starts_with(b"text/plain") || !response.status().is_client_error() {
        return None;
    }
    let has_body = !matches!(*method, Method::GET | Method::HEAD | Method::DELETE);
    Some(match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge { megabytes: MEGABYTES_TOLD },
        StatusCode::BAD_REQUEST if !has_body => Error::NotFound,
        _ => Error::Unreadable("request"),
    })
}

/// Whether a request may go on: one that changes something comes from our own pages or brings its own proof, and a key is
/// used within its scopes and no more often than it may be.
fn admitted(web: &Web, parts: &Parts, allowance: Option<Allowance>) -> Result<(), Error> {
    if !web.same_origin(parts) {
        return Err(Error::Csrf);
    }
    if let Some(spent) = allowance.filter(|allowance| !allowance.granted) {
        return Err(Error::TooMany { seconds: spent.reset_seconds });
    }
    match web.key() {
        Some(key) if !key.gives(&need(&parts.method, &web.path)) => Err(Error::NotAllowed),
        _ => Ok(()),
    }
}

/// A place among the commands, for what programs send: a program that has to come back later costs nothing more. People at their forms
/// are turned away only when the queue itself is full.
fn placed(app: &AppState, parts: &Parts) -> Result<Option<Place>, Error> {
    let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let path = parts.uri.path();
    let is_command = changes && path.starts_with("/api/") && path != SIGN_IN;
    is_command.then(|| app.committer.enter()).transpose().map_err(Error::from)
}

/// An error as the caller reads it.
fn shown(web: &Web, error: &Error, id: &str) -> Response {
    if matches!(error, Error::SignIn) && !web.wants_json {
        let here = match web.query.is_empty() {
            true => web.path.clone(),
            false => format!("{}{}", web.path, web.here_with("from", "sign-in")),
        };
        return web.redirect(&format!("/sign-in?next={}", crate::page::encode(&here)));
    }
    let words = Spoken::of(web, error);
    let too_many = matches!(error, Error::TooMany { .. }).then(|| open311::too_many(web)).flatten();
    let mut response = if let Some(response) = too_many {
        response
    } else if problem::is_spoken(&web.path) {
        problem::of(web, error)
    } else if web.wants_json {
        (error.status(), Json(json!({ "error": error.code(), "fields": words.fields, "message": words.message })))
            .into_response()
    } else {
        error_page(web, error, (&words, id))
    };
    if let Some(seconds) = wait_seconds(error) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// When to come back after an error, seconds; `None` when that would change nothing.
fn wait_seconds(error: &Error) -> Option<u64> {
    match error {
        Error::Busy => Some(RETRY_SECONDS),
        Error::TooMany { seconds } => Some(*seconds),
        Error::Storage(error) if matches!(**error, StoreError::DiskFull) => Some(RETRY_DISK_SECONDS),
        _ => None,
    }
}

fn error_page(web: &Web, error: &Error, (words, id): (&Spoken, &str)) -> Response {
    let page = web.page_titled(words.title.clone());
    // With the id of the request whoever keeps the server running finds its lines in the log.
    let reference = error.is_fault().then_some(id);
    let context = json!({
        "page": page,
        "status": error.status().as_u16(),
        "title": words.title,
        "what": words.message,
        "kept": [],
        "next": next_steps(web, error),
        "reference": reference,
    });
    // When even the error page cannot be rendered, the words alone are sent.
    web.render_status(error.status(), "pages/error.html", context).unwrap_or_else(|failed| {
        failed.log_of(id);
        (error.status(), format!("{}\n{}\n", words.title, words.message)).into_response()
    })
}

/// Where to go from an error page: back to the form, where what was sent was not taken.
fn next_steps(web: &Web, error: &Error) -> Vec<serde_json::Value> {
    let step = |key: &str, href: &str| json!({ "label": web.t(key), "href": href });
    let was_sent = matches!(
        error,
        Error::TooLarge { .. }
            | Error::Unreadable(_)
            | Error::NotAPicture
            | Error::Csrf
            | Error::Busy
            | Error::TooMany { .. }
    );
    let back = web.sent_from.as_deref().filter(|_| was_sent).map(|href| step("error-go-back", href));
    if web.session.is_some() {
        let mut steps: Vec<serde_json::Value> = back.into_iter().collect();
        steps.extend([step("error-go-desk", "/desk"), step("error-go-home", "/")]);
        // Whoever may look at what is not theirs in an emergency finds the way where they were turned away.
        if web.post().is_ok_and(|post| glass::may(web, post)) {
            steps.push(step("title-glass", "/break-glass"));
        }
        return steps;
    }
    // Whoever was at a page of staff has lost their session: signed in again they go on where they were.
    let again = web.sent_from.as_deref().filter(|page| matches!(error, Error::Csrf) && !is_for_everybody(page));
    let again = again.map(|page| step("error-sign-in", &format!("/sign-in?next={}", crate::page::encode(page))));
    let others = [step("error-go-home", "/"), step("home-follow", "/follow")];
    again.into_iter().chain(back).chain(others).collect()
}

/// Whether a page of ours with a form is there without signing in as staff.
fn is_for_everybody(page: &str) -> bool {
    let path = page.split(['?', '#']).next().unwrap_or_default();
    let open = ["/report", "/follow", "/my", "/halls", "/notices", "/sign-in", "/setup", "/log"];
    path == "/"
        || open.iter().any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// The fields a call of an interface is about, by its address, so that what is wrong is told by what a field is called.
fn declared(web: &Web) -> Vec<Field> {
    let model = &web.world.model;
    let parts: Vec<&str> = web.path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api", "processes", name, rest @ ..] => model.processes.get(*name).map_or_else(Vec::new, |process| {
            let states = process.states.values().flat_map(|state| &state.actions);
            let acted = states.filter(|action| rest.last() == Some(&action.name.as_str()));
            acted.flat_map(|action| &action.form).chain(&process.form).chain(&process.fields).cloned().collect()
        }),
        ["api", "registers", name, ..] => model.registers.get(*name).map(|one| one.fields.clone()).unwrap_or_default(),
        ["api", "plans", name, ..] => model.plans.get(*name).map(|one| one.form.clone()).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// An error in words.
pub(crate) struct Spoken {
    /// What happened, in a few words.
    pub title: String,
    /// What it means and what to do.
    pub message: String,
    /// What is wrong with which field.
    pub fields: Vec<serde_json::Value>,
}

impl Spoken {
    /// The words for an error in the language of the request.
    pub(crate) fn of(web: &Web, error: &Error) -> Spoken {
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
            Error::Unreadable(_) | Error::UnreadableAt(_) => both("422", &[]),
            Error::Period(of) => period_words(web, *of),
            Error::NotAPicture => both("415", &[]),
            Error::TooMany { seconds } => both("429", &[("seconds", (*seconds).into())]),
            Error::Busy => both("503", &[("seconds", RETRY_SECONDS.into())]),
            Error::Refused(refusal) => {
                let look = web.look(&words);
                let declared = declared(web);
                let field = |finding: &FieldFinding| {
                    let message = look.problem_at(&declared, &refusal.fields, &finding.field);
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

/// Which periods a page takes, each form with that of today as its example.
fn period_words(web: &Web, of: Option<FigurePeriod>) -> (String, String) {
    let words = web.words();
    let now = |of| Arg::from(period(of, web.today()).to_string());
    let what = match of {
        None => {
            let forms = [
                ("day", now(FigurePeriod::Day)),
                ("month", now(FigurePeriod::Month)),
                ("quarter", now(FigurePeriod::Quarter)),
                ("year", now(FigurePeriod::Year)),
            ];
            words.say("error-period-any-what", &forms)
        }
        Some(of) => {
            let kind = match of {
                FigurePeriod::Day => "day",
                FigurePeriod::Month => "month",
                FigurePeriod::Quarter => "quarter",
                FigurePeriod::Year => "year",
            };
            words.say("error-period-one-what", &[("of", kind.into()), ("now", now(of))])
        }
    };
    (words.say("error-period-title", &[]), what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residents_are_not_sent_to_sign_in_as_staff() {
        for page in ["/", "/report?process=incident", "/follow/SB-1", "/my/sign-in", "/halls/ticket/130902/kiosk"] {
            assert!(is_for_everybody(page), "{page}");
        }
        for page in ["/desk?tab=team", "/cases/SB-1?open=finish", "/registers/well/new", "/mine"] {
            assert!(!is_for_everybody(page), "{page}");
        }
    }

    #[test]
    fn who_meets_a_full_queue_or_a_full_disk_is_told_when_to_come_back() {
        let full = Error::from(StoreError::DiskFull);
        assert_eq!((full.status().as_u16(), wait_seconds(&full)), (507, Some(RETRY_DISK_SECONDS)));
        let busy = Error::from(ganglion_kernel::CommitError::Busy);
        assert_eq!((busy.status().as_u16(), wait_seconds(&busy)), (503, Some(RETRY_SECONDS)));
        let broken = Error::from(StoreError::Database { attempted: "reading", reason: "gone".to_owned() });
        assert_eq!((broken.status().as_u16(), wait_seconds(&broken)), (500, None));
        assert!(full.is_fault() && broken.is_fault() && !busy.is_fault());
    }
}

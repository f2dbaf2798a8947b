//! Errors for software as RFC 9457 problem details: a kind with an address that explains it, words in the caller's language,
//! and for each wrong field a pointer into what was sent.

use crate::context::Spoken;
use crate::error::{Error, Unread};
use crate::view::Say as _;
use crate::web::Web;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// Every kind of problem there is, as in [`Error::code`] and for refusals: what the documentation lists.
pub const KINDS: [&str; 24] = [
    "busy",
    "changed",
    "csrf",
    "duplicate",
    "form",
    "guard",
    "internal",
    "not_a_picture",
    "not_allowed",
    "not_found",
    "not_signed_in",
    "nothing_waiting",
    "outside",
    "overlap",
    "precondition_failed",
    "referenced",
    "same_person",
    "storage",
    "too_large",
    "too_many",
    "unknown",
    "unreadable",
    "wrong_shard",
    "wrong_state",
];

/// Whether errors under this address are problem details; the first version of the interface has its own shape.
#[must_use]
pub fn is_spoken(path: &str) -> bool {
    let inside = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_door = ["/api", "/events", "/ogc", "/tiles"].into_iter().any(inside);
    is_door && !inside("/api/v1") && !inside("/api/packs")
}

/// A name as a part of a pointer (RFC 6901).
#[must_use]
pub fn part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A dotted name of a field (`rows.0.name`) as a pointer into the body.
#[must_use]
pub fn pointer(field: &str) -> String {
    let parts: Vec<String> = field.split('.').map(part).collect();
    format!("/form/{}", parts.join("/"))
}

/// The body of a problem.
#[must_use]
pub fn body(web: &Web, error: &Error) -> Value {
    pointed(web, error, &pointer)
}

/// The body of a problem with a part of what was sent: `at` gives where a field stands in the whole.
#[must_use]
pub fn pointed(web: &Web, error: &Error, at: &dyn Fn(&str) -> String) -> Value {
    told(web, error, (error.status(), error.code()), at)
}

/// Where in the request something cannot be read, and in which way.
fn unread(web: &Web, unread: &Unread) -> Value {
    let words = web.words();
    match unread {
        Unread::Parameter(name) => {
            let detail = words.say("api-unread-parameter", &[("name", name.as_str().into())]);
            json!({ "parameter": name, "code": "unreadable", "detail": detail })
        }
        Unread::Syntax { line, column } => {
            let place = [("line", line.to_string().into()), ("column", column.to_string().into())];
            let detail = words.say("api-unread-syntax", &place);
            json!({ "pointer": "", "code": "unreadable", "detail": detail, "line": line, "column": column })
        }
        Unread::Member { pointer, reason } => {
            let detail = words.say("api-unread-member", &[]);
            json!({ "pointer": pointer, "code": "unreadable", "detail": detail, "reason": reason })
        }
    }
}

fn told(web: &Web, error: &Error, (status, code): (StatusCode, &str), at: &dyn Fn(&str) -> String) -> Value {
    let spoken = Spoken::of(web, error);
    let mut errors: Vec<Value> = spoken
        .fields
        .iter()
        .map(|one| {
            let field = one["field"].as_str().unwrap_or_default();
            json!({ "pointer": at(field), "code": one["problem"], "detail": one["message"] })
        })
        .collect();
    match error {
        Error::Unreadable(what) => errors.push(json!({ "parameter": what, "code": "unreadable" })),
        Error::UnreadableAt(place) => errors.push(unread(web, place)),
        _ => {}
    }
    json!({
        "type": format!("/api/docs#problem-{code}"),
        "title": spoken.title,
        "status": status.as_u16(),
        "detail": spoken.message,
        "code": code,
        "instance": web.path,
        "errors": errors,
    })
}

/// The body of a problem as an answer.
#[must_use]
pub fn response(status: StatusCode, body: &Value) -> Response {
    let mut response = (status, body.to_string()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A problem as an answer.
#[must_use]
pub fn of(web: &Web, error: &Error) -> Response {
    let mut response = response(error.status(), &body(web, error));
    if matches!(error, Error::SignIn) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// What was to be changed is no longer what the caller's `If-Match` named.
#[must_use]
pub fn precondition_failed(web: &Web, error: &Error) -> Response {
    let status = StatusCode::PRECONDITION_FAILED;
    response(status, &told(web, error, (status, "precondition_failed"), &pointer))
}

/// A parameter cannot be read: 400, where a standard says so.
#[must_use]
pub fn bad_parameter(web: &Web, parameter: &str, detail: &str) -> Response {
    let status = StatusCode::BAD_REQUEST;
    let mut body = told(web, &Error::Unreadable("query"), (status, "unreadable"), &pointer);
    body["errors"] = json!([{ "parameter": parameter, "code": "unreadable", "detail": detail }]);
    if !detail.is_empty() {
        body["detail"] = json!(detail);
    }
    response(status, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_pointed_at() {
        assert_eq!(pointer("category"), "/form/category");
        assert_eq!(pointer("rows.0.name"), "/form/rows/0/name");
        assert_eq!(pointer("a/b~c"), "/form/a~1b~0c");
    }

    #[test]
    fn the_first_version_keeps_its_shape() {
        assert!(is_spoken("/api") && is_spoken("/api/processes/x") && is_spoken("/events"));
        assert!(is_spoken("/ogc/collections") && is_spoken("/tiles/style.json") && !is_spoken("/tilesx"));
        assert!(!is_spoken("/api/v1/cases") && !is_spoken("/api/packs") && !is_spoken("/desk") && !is_spoken("/apix"));
    }
}

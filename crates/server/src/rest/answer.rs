//! What is alike in every answer of the interface: ids of repeated requests, versions that were seen, pages that follow,
//! parts of a value that were asked for, and tags by which a value that did not change is not sent again.

use super::problem;
use crate::error::{Error, Unread};
use crate::keys::{Area, Need};
use crate::page::encode;
use crate::sign;
use crate::web::Web;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use ganglion_model::change::{Outcome, RefusalCode};
use ganglion_model::{CommandId, Post};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Map, Value, json};
use serde_path_to_error::Segment;
use uuid::Uuid;

/// Field of a request that makes a repeat harmless (draft-ietf-httpapi-idempotency-key-header).
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest such key, characters.
const IDEMPOTENCY_CHARS_MAX: usize = 255;

/// Parameters every read takes besides its own.
const COMMON: [&str; 2] = ["lang", "fields"];

/// The id of a command from a text the caller chose: the same caller and text give the same command, whose first answer
/// counts; nobody meets the answers of another.
pub fn id_of(web: &Web, text: &str) -> CommandId {
    let account = web.session.as_ref().map(|session| session.account.0.as_str()).unwrap_or_default();
    let hash = ring::digest::digest(&ring::digest::SHA256, format!("{account}\0{text}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    CommandId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The id of the command a request is for: from its `Idempotency-Key`, else a fresh one.
///
/// # Errors
/// [`Error::Unreadable`] for a key that is empty, too long or not plain text.
pub fn command_id(web: &Web, headers: &HeaderMap) -> Result<CommandId, Error> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(CommandId(web.app.clock.id())) };
    let bad = || Error::Unreadable("Idempotency-Key");
    let text = value.to_str().map_err(|_| bad())?.trim().trim_matches('"');
    if text.is_empty() || text.len() > IDEMPOTENCY_CHARS_MAX { Err(bad()) } else { Ok(id_of(web, text)) }
}

/// The version a request was made for, by its `If-Match`; `*` is any.
///
/// # Errors
/// [`Error::Unreadable`] for a tag that is none of ours.
pub fn if_match(headers: &HeaderMap) -> Result<Option<u32>, Error> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let bad = || Error::Unreadable("If-Match");
    let text = value.to_str().map_err(|_| bad())?.trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.trim_matches('"').split('.').next().and_then(|version| version.parse().ok());
    version.map(Some).ok_or_else(bad)
}

/// A body of JSON.
///
/// # Errors
/// [`Error::UnreadableAt`] with where in it; [`Error::Unreadable`] for a text no database of ours keeps.
pub fn json_of<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = error.path().iter().map(step).collect();
        unread(pointer, error.inner())
    })?;
    reader.end().map_err(|error| unread(String::new(), &error))?;
    Ok(read)
}

/// A step of a path as a part of a pointer.
fn step(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", problem::part(key)),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    }
}

/// Why a body cannot be read: no JSON at all, or a member that is none of ours.
fn unread(pointer: String, error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    tracing::debug!(line, column, "a body could not be read");
    Error::UnreadableAt(Box::new(match error.classify() {
        Category::Data => Unread::Member { pointer, reason: error.to_string() },
        Category::Syntax | Category::Eof | Category::Io => Unread::Syntax { line, column },
    }))
}

/// The post of a caller who may change something: with a token, since another site's page could make a browser send a
/// cookie.
///
/// # Errors
/// [`Error::SignIn`]; [`Error::NotAllowed`] without a post.
pub fn vouched(web: &Web) -> Result<&Post, Error> {
    if web.bearer { web.post() } else { Err(Error::SignIn) }
}

/// Whether the caller's key may be used for this process, register or plan: a person always, as far as the post reaches.
pub fn in_scope(web: &Web, area: Area, name: &str, write: bool) -> bool {
    let need = Need::Of { area, name: Some(name.to_owned()), write };
    web.key().is_none_or(|key| key.gives(&need))
}

/// Refuses parameters nobody reads: a filter that is misspelt must not show everything. Names that begin with `f.` are
/// fields.
///
/// # Errors
/// [`Error::UnreadableAt`] with the first of them.
pub fn only(web: &Web, known: &[&str]) -> Result<(), Error> {
    let is_known = |name: &str| known.contains(&name) || COMMON.contains(&name);
    let is_field = |name: &str| name.starts_with("f.") && known.contains(&"f.");
    match web.query.iter().find(|(name, _)| !is_known(name) && !is_field(name)) {
        None => Ok(()),
        Some((name, _)) => Err(Error::parameter(name)),
    }
}

/// The parts of a value that `fields=` names: `number,state,fields.category`. Everything, when it names nothing.
fn selected(value: &Value, wanted: &[&str]) -> Value {
    let Value::Object(all) = value else { return value.clone() };
    let mut kept = Map::new();
    for path in wanted {
        match path.split_once('.') {
            None => kept.extend(all.get(*path).map(|value| ((*path).to_owned(), value.clone()))),
            Some((outer, inner)) => {
                let Some(found) = all.get(outer).and_then(|value| value.get(inner)) else { continue };
                let into = kept.entry(outer.to_owned()).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(into) = into {
                    into.insert(inner.to_owned(), found.clone());
                }
            }
        }
    }
    Value::Object(kept)
}

fn wanted(web: &Web) -> Vec<&str> {
    web.arg("fields")
        .map(|text| text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect())
        .unwrap_or_default()
}

fn narrowed(web: &Web, value: Value) -> Value {
    let wanted = wanted(web);
    if wanted.is_empty() { value } else { selected(&value, &wanted) }
}

/// The answer to `fields=` that names a part no such value has: it would be left out everywhere and nobody would know why.
/// What a part holds in turn differs from one to the next and may be missing.
fn misnamed(web: &Web, values: &[&Value]) -> Option<Response> {
    let known = |name: &str| values.iter().any(|value| value.get(name).is_some());
    let outer = |path: &&str| path.split_once('.').map_or(*path, |(outer, _)| outer).to_owned();
    let is_wrong = !values.is_empty() && wanted(web).iter().map(outer).any(|name| !known(&name));
    is_wrong.then(|| problem::of(web, &Error::parameter("fields")))
}

/// Whether the caller has this already.
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let plain = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| one.trim() == "*" || plain(one) == plain(tag))
}

fn tagged(headers: &HeaderMap, tag: &str, body: &Value) -> Response {
    let mut response = match is_known(headers, tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => axum::Json(body).into_response(),
    };
    let kept = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(tag) {
        kept.insert(header::ETAG, tag);
    }
    kept.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    kept.insert(header::VARY, HeaderValue::from_static("authorization, accept-language, cookie"));
    response
}

/// The tag of a version: what `If-Match` takes. A selection of its parts has one of its own that begins alike.
fn version_tag(web: &Web, version: u32) -> String {
    let wanted = wanted(web);
    if wanted.is_empty() {
        return format!("\"{version}\"");
    }
    format!("\"{version}.{}\"", &sign::digest(&wanted.join(","))[..8])
}

/// One thing that has a version.
pub fn versioned(web: &Web, headers: &HeaderMap, version: u32, value: Value) -> Response {
    if let Some(wrong) = misnamed(web, &[&value]) {
        return wrong;
    }
    tagged(headers, &version_tag(web, version), &narrowed(web, value))
}

/// Something without a version: tagged by what it says.
pub fn plain(web: &Web, headers: &HeaderMap, value: Value) -> Response {
    if let Some(wrong) = misnamed(web, &[&value]) {
        return wrong;
    }
    let value = narrowed(web, value);
    let tag = format!("W/\"{}\"", &sign::digest(&value.to_string())[..24]);
    tagged(headers, &tag, &value)
}

/// A page of a list: `{items, next}`, with the address of the page after it also as a link.
pub fn listed(web: &Web, headers: &HeaderMap, items: Vec<Value>, next: Option<&str>) -> Response {
    listed_with(web, headers, (items, next), Map::new())
}

/// A page of a list, with what is said of the whole list beside its items.
pub fn listed_with(
    web: &Web,
    headers: &HeaderMap,
    (items, next): (Vec<Value>, Option<&str>),
    more: Map<String, Value>,
) -> Response {
    if let Some(wrong) = misnamed(web, &items.iter().collect::<Vec<_>>()) {
        return wrong;
    }
    let items: Vec<Value> = items.into_iter().map(|item| narrowed(web, item)).collect();
    let next = next.map(|after| format!("{}{}", web.path, web.here_with("after", after)));
    let mut body = more;
    body.insert("items".to_owned(), Value::Array(items));
    body.insert("next".to_owned(), json!(next));
    let body = Value::Object(body);
    let tag = format!("W/\"{}\"", &sign::digest(&body.to_string())[..24]);
    let mut response = tagged(headers, &tag, &body);
    let link = next.and_then(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).ok());
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

/// A problem that names what is wrong line by line.
pub fn problem_with(web: &Web, error: &Error, errors: Vec<Value>) -> Response {
    let mut body = problem::body(web, error);
    body["errors"] = json!(errors);
    problem::response(error.status(), &body)
}

/// The outcome of a command as JSON.
pub fn outcome_body(outcome: &Outcome) -> Value {
    json!({
        "number": outcome.number,
        "state": outcome.state,
        "version": outcome.version,
        "shard": outcome.shard,
        "seq": outcome.seq,
    })
}

/// The answer to a command that was carried out.
pub fn done(status: StatusCode, outcome: &Outcome, (body, location): (Value, Option<String>)) -> Response {
    let mut response = (status, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", outcome.version)) {
        headers.insert(header::ETAG, tag);
    }
    if let Some(location) = location.and_then(|location| HeaderValue::from_str(&location).ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// The answer to a command that was not: what changed since the caller's `If-Match` is told as HTTP tells it.
///
/// # Errors
/// Everything else stays an error.
pub fn refused(web: &Web, headers: &HeaderMap, error: Error) -> Result<Response, Error> {
    let overtaken = matches!(&error, Error::Refused(refusal) if refusal.code == RefusalCode::Changed);
    if overtaken && headers.contains_key(header::IF_MATCH) {
        return Ok(problem::precondition_failed(web, &error));
    }
    Err(error)
}

/// The address of a case.
pub fn case_href(process: &str, number: &str) -> String {
    format!("/api/processes/{process}/cases/{}", encode(number))
}

/// The address of a row.
pub fn row_href(register: &str, shard: u32, key: &str) -> String {
    let key: Vec<String> = key.split('/').map(encode).collect();
    format!("/api/registers/{register}/rows/{shard}/{}", key.join("/"))
}

/// An id of a command as the caller wrote it in a list of them.
pub fn item_id(web: &Web, text: Option<&str>) -> CommandId {
    text.map_or_else(|| CommandId(web.app.clock.id()), |text| id_of(web, text))
}

/// Reads a UUID in an address.
///
/// # Errors
/// [`Error::NotFound`].
pub fn uuid_of(text: &str) -> Result<Uuid, Error> {
    text.parse().map_err(|_| Error::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn parts_of_a_value_are_chosen_by_name() {
        let case = json!({ "number": "N", "state": "new", "fields": { "a": 1, "b": 2 } });
        assert_eq!(selected(&case, &["number"]), json!({ "number": "N" }));
        assert_eq!(selected(&case, &["fields.b", "none", "fields.none"]), json!({ "fields": { "b": 2 } }));
    }

    #[test]
    fn versions_and_tags_are_compared_as_http_does() {
        assert_eq!(if_match(&headers(header::IF_MATCH, "\"7\"")).unwrap(), Some(7));
        assert_eq!(if_match(&headers(header::IF_MATCH, "\"7.0123abcd\"")).unwrap(), Some(7));
        assert_eq!(if_match(&headers(header::IF_MATCH, "*")).unwrap(), None);
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), None);
        assert!(if_match(&headers(header::IF_MATCH, "\"x\"")).is_err());
        assert!(is_known(&headers(header::IF_NONE_MATCH, "\"1\", W/\"2\""), "\"2\""));
        assert!(is_known(&headers(header::IF_NONE_MATCH, "*"), "\"2\""));
        assert!(!is_known(&headers(header::IF_NONE_MATCH, "\"1\""), "\"2\""));
    }

    #[test]
    fn what_cannot_be_read_is_pointed_at() {
        #[derive(serde::Deserialize, Debug)]
        #[serde(deny_unknown_fields)]
        struct Item {
            #[serde(rename = "a/b")]
            _count: u32,
        }
        let place = |text: &str| match json_of::<Vec<Item>>(text.as_bytes()).unwrap_err() {
            Error::UnreadableAt(place) => *place,
            other => panic!("{other}"),
        };
        let pointer = |text: &str| match place(text) {
            Unread::Member { pointer, .. } => pointer,
            other => panic!("{other:?}"),
        };
        assert!(json_of::<Vec<Item>>(br#"[{ "a/b": 1 }]"#).is_ok());
        assert_eq!(pointer(r#"[{ "a/b": 1 }, { "a/b": "x" }]"#), "/1/a~1b");
        assert!(pointer(r#"[{ "a/b": 1 }, { "c": 1 }]"#).starts_with("/1"));
        assert!(matches!(place("[\n{,"), Unread::Syntax { line: 2, .. }));
        assert!(matches!(place("[] x"), Unread::Syntax { line: 1, .. }));
    }
}

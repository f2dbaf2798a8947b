//! Taking in a request: who sends it, what it is about, where, and the form it becomes. `device_id` is never kept.

use super::id::{self, Kind};
use super::jurisdiction::{self, fault};
use super::out::{Body, Fault, Part};
use super::services::{Service, all, datatype};
use super::{Asked, located};
use crate::api::act::{Opening, opened};
use crate::keys::{Allowance, Area, Need};
use crate::page::pairs;
use crate::rest::answer::command_id;
use crate::session::SignedIn;
use crate::view::case::FROM_ELSEWHERE;
use crate::web::Web;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::{Fields, PlaceCode};
use jiff::Timestamp;
use serde_json::Value;

/// What was sent: names and values in order; an empty value counts as none.
pub struct Sent(Vec<(String, String)>);

impl Sent {
    /// A value of the form, else of the address.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, value)| key == name && !value.trim().is_empty());
        found.map(|(_, value)| value.trim())
    }

    /// Values of an attribute: `attribute[code]` once, or `attribute[code][]` many times.
    fn attribute(&self, code: &str) -> Vec<&str> {
        let (one, many) = (format!("attribute[{code}]"), format!("attribute[{code}][]"));
        let named = self.0.iter().filter(|(key, value)| (*key == one || *key == many) && !value.trim().is_empty());
        named.map(|(_, value)| value.trim()).collect()
    }

    /// Codes of the attributes that were sent.
    fn attributes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(key, _)| Some(key.strip_prefix("attribute[")?.split_once(']')?.0))
    }
}

fn bad(web: &Web, key: &str) -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, web.t(key))
}

fn read(web: &Web, headers: &HeaderMap, bytes: &Bytes) -> Result<Sent, Fault> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_form = media_type.is_empty() || media_type.starts_with("application/x-www-form-urlencoded");
    let text = std::str::from_utf8(bytes).ok().filter(|_| is_form).ok_or_else(|| bad(web, "open311-bad-form"))?;
    let mut all = pairs(text);
    all.extend(web.query.iter().cloned());
    Ok(Sent(all))
}

/// The key a request is sent with: as the specification has it, or as a bearer token like everywhere else.
async fn sender(web: &Web, sent: &Sent, counted: &mut Option<Allowance>) -> Result<SignedIn, Fault> {
    let refused = || Fault::new(StatusCode::FORBIDDEN, web.t("open311-no-key"));
    let Some(secret) = sent.get("api_key") else {
        return web.session.clone().filter(|session| session.key.is_some()).ok_or_else(refused);
    };
    let found = web.app.signed_in_by_key(secret, web.now).await?.ok_or_else(refused)?;
    if let Some(key) = &found.key {
        let allowance = web.app.keys.rates.take(&key.name, key.per_minute, web.now);
        *counted = Some(allowance);
        if !allowance.granted {
            return Err(Fault::new(StatusCode::TOO_MANY_REQUESTS, web.t("open311-too-many")));
        }
    }
    Ok(found)
}

/// `POST requests`; `counted`: what the key has left, where it came in the body.
pub async fn send(mut web: Web, headers: &HeaderMap, bytes: &Bytes, counted: &mut Option<Allowance>) -> Asked {
    let sent = read(&web, headers, bytes)?;
    web.session = Some(sender(&web, &sent, counted).await?);
    web.bearer = true;
    let place = jurisdiction::of(&web, sent.get("jurisdiction_id"))?;
    let words = web.words();
    let look = web.look(&words);
    let services = all(&look);
    let code = sent.get("service_code").ok_or_else(|| bad(&web, "open311-service-needed"))?;
    let unknown = || Fault::new(StatusCode::NOT_FOUND, web.t("open311-no-service"));
    let service = services.iter().find(|service| service.code == code).ok_or_else(unknown)?;
    let need = Need::Of { area: Area::Open311, name: Some(service.code.clone()), write: true };
    if !web.key().is_some_and(|key| key.gives(&need)) {
        return Err(Fault::new(StatusCode::FORBIDDEN, web.t("open311-not-for-key")));
    }
    let form = form(&web, &sent, (service, place))?;
    let id = command_id(&web, headers).map_err(|error| fault(&web, &error))?;
    let opening = Opening {
        id,
        process: service.process.name.clone(),
        form,
        channel: FROM_ELSEWHERE.to_owned(),
        observed_at: None,
    };
    let outcome = opened(&web, opening).await.map_err(|error| fault(&web, &error))?;
    let case = outcome.case.ok_or_else(|| Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal"))?;
    let (name, kind) =
        if service.offer.checked { ("token", Kind::Token) } else { ("service_request_id", Kind::Request) };
    let record = vec![
        (name, Part::Text(id::of(&web.app.master, kind, (outcome.shard, case)))),
        (
            "service_notice",
            Part::Text(web.t(if service.offer.checked { "open311-looked" } else { "open311-received" })),
        ),
        ("account_id", Part::None),
    ];
    Ok(Body::List("service_requests", "request", vec![record]))
}

/// The opening form of a request.
fn form(web: &Web, sent: &Sent, (service, within): (&Service<'_>, PlaceCode)) -> Result<Fields, Fault> {
    let slots = service.slots();
    let mut form = Fields::new();
    let mut put = |field: Option<&str>, value: Option<Value>| {
        form.extend(field.zip(value).map(|(field, value)| (field.to_owned(), value)));
    };
    let name = |field: Option<&Field>| field.map(|field| field.name.clone());
    let text = |text: Option<&str>| text.map(Value::from);
    put(name(slots.kind).as_deref(), service.kind.as_deref().map(Value::from));
    put(name(slots.description).as_deref(), text(sent.get("description")));
    let at = located::of(web, sent, (slots.point.is_some(), within))?;
    put(name(slots.point).as_deref(), at.point.map(|point| Value::from(point.to_vec())));
    put(name(slots.place).as_deref(), at.place.map(|place| Value::from(place.to_string())));
    put(name(slots.address).as_deref(), text(sent.get("address_string")));
    put(service.offer.name.as_deref(), person(sent).map(Value::from));
    put(service.offer.phone.as_deref(), text(sent.get("phone")));
    put(name(slots.photos).as_deref(), media(web, sent)?);
    let asked = service.attributes();
    if let Some(unknown) = sent.attributes().find(|code| asked.iter().all(|field| field.name != *code)) {
        return Err(Fault::new(StatusCode::BAD_REQUEST, format!("{}: {unknown}", web.t("open311-no-attribute"))));
    }
    for field in asked {
        put(Some(field.name.as_str()), attribute(field, &sent.attribute(&field.name)));
    }
    Ok(form)
}

/// A name in the order of the language it is written in.
fn person(sent: &Sent) -> Option<String> {
    let (first, last) = (sent.get("first_name"), sent.get("last_name"));
    match (first, last) {
        (Some(first), Some(last)) if first.is_ascii() && last.is_ascii() => Some(format!("{first} {last}")),
        (Some(first), Some(last)) => Some(format!("{last}{first}")),
        (first, last) => first.or(last).map(str::to_owned),
    }
}

/// A picture: one that was uploaded here before by the same key. Nothing is fetched from elsewhere.
fn media(web: &Web, sent: &Sent) -> Result<Option<Value>, Fault> {
    let Some(address) = sent.get("media_url") else { return Ok(None) };
    let id = address.rsplit('/').next().unwrap_or_default();
    let base = web.app.settings.public_url.trim_end_matches('/');
    let own = address == format!("{base}/files/{id}") || address == format!("/files/{id}");
    if own && crate::files::is_owned(web, id) {
        Ok(Some(Value::from(vec![id])))
    } else {
        Err(bad(web, "open311-bad-media"))
    }
}

/// The value of an attribute as its field takes it; judged where every form is.
fn attribute(field: &Field, values: &[&str]) -> Option<Value> {
    let first = values.first()?;
    Some(match (&field.kind, datatype(&field.kind)) {
        (_, "multivaluelist") => Value::from(values.to_vec()),
        // A day of its own is a day; an instant is the day it falls on here.
        (FieldKind::Date, _) => match first.parse::<Timestamp>() {
            Ok(at) => Value::from(local_date(at).to_string()),
            Err(_) => Value::from(*first),
        },
        _ => Value::from(*first),
    })
}

//! The OpenAPI document as it is served, and a page that shows it to people: our own, complete without scripts.

use super::document::{Told, document};
use super::problem;
use super::schema::Schemas;
use crate::error::Error;
use crate::page::encode;
use crate::sign;
use crate::view::Say as _;
use crate::web::{Web, Words};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_model::{Lang, Model};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

impl Told for Words {
    fn t(&self, key: &str) -> String {
        self.say(key, &[])
    }
}

/// A document that is ready to be sent.
struct Made {
    lang: Lang,
    model: Arc<Model>,
    value: Value,
    text: String,
    tag: String,
}

/// Documents made for the packs of this moment, one a language.
#[derive(Default)]
pub struct Documents {
    made: Mutex<Vec<Arc<Made>>>,
}

fn made(web: &Web) -> Arc<Made> {
    let model = &web.world.model;
    let mut all = web.app.documents.made.lock();
    all.retain(|one| Arc::ptr_eq(&one.model, model));
    if let Some(one) = all.iter().find(|one| one.lang == web.lang) {
        return one.clone();
    }
    let schemas = Schemas { model, lang: web.lang, today: web.today() };
    let title = web.app.settings.site.get(web.lang);
    let title = if title.is_empty() { web.t("brand") } else { format!("{} · {title}", web.t("brand")) };
    let value = document(&schemas, &web.words(), (title.as_str(), web.app.settings.public_url.as_str()));
    let text = value.to_string();
    let tag = format!("W/\"{}\"", &sign::digest(&text)[..24]);
    let made = Arc::new(Made { lang: web.lang, model: model.clone(), value, text, tag });
    all.push(made.clone());
    made
}

/// `GET /api/openapi.json`: anyone may read what can be asked; what is answered depends on who asks.
pub async fn openapi(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let made = made(&web);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known == Some(made.tag.as_str()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], made.text.clone()).into_response()
    };
    let kept = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&made.tag) {
        kept.insert(header::ETAG, tag);
    }
    kept.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    kept.insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    kept.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

#[derive(Serialize)]
struct TagView {
    name: String,
    label: String,
    href: String,
    current: bool,
}

#[derive(Serialize)]
struct ParameterView {
    name: String,
    at: String,
    required: bool,
    about: String,
}

#[derive(Serialize)]
struct OperationView {
    id: String,
    method: String,
    path: String,
    summary: String,
    public: bool,
    parameters: Vec<ParameterView>,
    body: Option<String>,
    status: String,
    answer: String,
}

#[derive(Serialize)]
struct KindView {
    code: &'static str,
    about: String,
}

#[derive(Serialize)]
struct DocsContext {
    page: crate::page::Page,
    about: String,
    tags: Vec<TagView>,
    operations: Vec<OperationView>,
    kinds: Vec<KindView>,
}

/// A part of the document that may stand elsewhere.
fn resolved<'d>(document: &'d Value, part: &'d Value) -> &'d Value {
    let Some(to) = part["$ref"].as_str().and_then(|to| to.strip_prefix('#')) else { return part };
    document.pointer(to).unwrap_or(part)
}

fn pretty(document: &Value, schema: &Value) -> String {
    serde_json::to_string_pretty(resolved(document, schema)).unwrap_or_default()
}

fn operation(document: &Value, (path, method, one): (&str, &str, &Value)) -> OperationView {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let parameters = one["parameters"].as_array().into_iter().flatten().map(|parameter| {
        let parameter = resolved(document, parameter);
        ParameterView {
            name: text(&parameter["name"]),
            at: text(&parameter["in"]),
            required: parameter["required"].as_bool().unwrap_or(false),
            about: text(&parameter["description"]),
        }
    });
    let content = |answer: &Value| answer["content"]["application/json"]["schema"].clone();
    let body = &one["requestBody"];
    let responses = one["responses"].as_object();
    let success = responses.into_iter().flatten().find(|(status, _)| status.starts_with('2'));
    OperationView {
        id: text(&one["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&one["summary"]),
        public: one.get("security").is_some(),
        parameters: parameters.collect(),
        // A table has no schema of its own to be shown.
        body: Some(content(body)).filter(|schema| !schema.is_null()).map(|schema| pretty(document, &schema)),
        status: success.map(|(status, _)| status.clone()).unwrap_or_default(),
        answer: success.map(|(_, answer)| answered(document, answer)).unwrap_or_default(),
    }
}

/// The schema of an answer; of a file, what kind it is.
fn answered(document: &Value, answer: &Value) -> String {
    let content = answer["content"].as_object();
    match content.and_then(|content| content.get("application/json")) {
        Some(json) => pretty(document, &json["schema"]),
        None => content.into_iter().flatten().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>().join(", "),
    }
}

/// Operations of one part of the interface, in the order of their addresses.
fn operations(document: &Value, tag: &str) -> Vec<OperationView> {
    let is_of = |one: &Value| one["tags"].as_array().is_some_and(|tags| tags.iter().any(|name| name == tag));
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, one)| (path.as_str(), method.as_str(), one))
    });
    all.filter(|(_, _, one)| is_of(one)).map(|found| operation(document, found)).collect()
}

/// `GET /api/docs?part=`: the document for people, one part at a time.
pub async fn show(web: Web) -> Result<Response, Error> {
    let made = made(&web);
    let asked = web.arg("part").unwrap_or_default();
    let tags: Vec<TagView> = made.value["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| {
            let name = tag["name"].as_str().unwrap_or_default().to_owned();
            TagView {
                label: tag["description"].as_str().unwrap_or(&name).to_owned(),
                href: format!("/api/docs?part={}", encode(&name)),
                current: name == asked,
                name,
            }
        })
        .collect();
    let words = web.words();
    let kind = |code: &'static str| {
        let key = format!("api-kind-{}", code.replace('_', "-"));
        KindView { code, about: words.say(&key, &[]) }
    };
    let context = DocsContext {
        page: web.page("title-api-docs"),
        about: web.t("api-about"),
        operations: if asked.is_empty() { Vec::new() } else { operations(&made.value, asked) },
        kinds: problem::KINDS.into_iter().map(kind).collect(),
        tags,
    };
    web.render("pages/api_docs.html", context)
}

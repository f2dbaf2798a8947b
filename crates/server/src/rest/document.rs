//! The OpenAPI 3.1 document of this installation: every command and query of every installed pack, made from the compiled
//! packs in the language of the request.

mod admin;
mod orders;
mod papers;
mod parts;
mod plans;
mod registers;
mod views;

use super::cases;
use super::schema::Schemas;
use ganglion_model::Text;
use ganglion_model::pack::{Action, Field, Process, Who};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What was read before has not changed.
const NOT_MODIFIED: &str = "304";

/// What an operation is made of.
pub(super) struct Operation<'a> {
    /// Unique.
    pub id: String,
    /// The part of the interface it belongs to.
    pub tag: &'a str,
    /// In a few words.
    pub summary: String,
    /// Parameters, as `#/components/parameters/…` or whole.
    pub parameters: Vec<Value>,
    /// Schema of the body, if it takes one.
    pub body: Option<Value>,
    /// Statuses and schema of success; 304 says that nothing changed and has no body.
    pub success: (&'static str, Value),
    /// Whether anyone may call it without a key.
    pub public: bool,
}

impl Operation<'_> {
    pub(super) fn object(self) -> Value {
        let (statuses, schema) = self.success;
        let answer = |status: &str| {
            let mut answer = json!({
                "description": "OK",
                "headers": {
                    "ETag": { "$ref": "#/components/headers/ETag" },
                    "RateLimit": { "$ref": "#/components/headers/RateLimit" },
                    "RateLimit-Policy": { "$ref": "#/components/headers/RateLimitPolicy" },
                },
            });
            if let (true, Some(answer)) = (status != NOT_MODIFIED, answer.as_object_mut()) {
                answer.insert("content".to_owned(), json!({ "application/json": { "schema": schema } }));
            }
            (status.to_owned(), answer)
        };
        let mut responses: Map<String, Value> = statuses.split(' ').map(answer).collect();
        responses.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Problem" }));
        let mut object = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "parameters": self.parameters,
            "responses": responses,
        });
        if let Some(object) = object.as_object_mut() {
            if let Some(schema) = self.body {
                let content = json!({ "application/json": { "schema": schema } });
                object.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
            }
            if self.public {
                object.insert("security".to_owned(), json!([{}, { "key": [] }]));
            }
        }
        object
    }
}

/// Words the document is written in.
pub trait Told {
    /// A text of the screens.
    fn t(&self, key: &str) -> String;
}

/// The whole document. `server` is the address others reach this installation under, if it is known.
pub fn document(schemas: &Schemas<'_>, told: &dyn Told, (title, server): (&str, &str)) -> Value {
    let mut paths: Map<String, Value> = parts::paths(told);
    let mut components: BTreeMap<String, Value> = parts::schemas();
    let mut tags = parts::tags(told);
    let described = |title: &Text, pack: &str| {
        let pack = schemas.model.packs.get(pack).map_or(pack, |pack| pack.title.get(schemas.lang));
        format!("{} · {pack}", title.get(schemas.lang))
    };
    for process in schemas.model.processes.values() {
        tags.push(json!({ "name": process.name, "description": described(&process.title, &process.pack) }));
        add_process(schemas, told, process, (&mut paths, &mut components));
    }
    for register in schemas.model.registers.values() {
        let tag = registers::tag(register);
        tags.push(json!({ "name": tag, "description": described(&register.title, &register.pack) }));
        registers::add(schemas, told, register, (&mut paths, &mut components));
    }
    plans::add(schemas, told, (&mut paths, &mut components));
    admin::add(told, (&mut paths, &mut components));
    views::add(schemas, told, (&mut paths, &mut components));
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": title,
            "version": schemas.model.number.to_string(),
            "description": told.t("api-about"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": if server.is_empty() { "/" } else { server } }],
        "security": [{ "key": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": components,
            "parameters": parts::parameters(told),
            "headers": parts::headers(),
            "responses": parts::responses(told),
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer", "description": told.t("api-key-about") } },
        },
    })
}

/// A reference to a shared parameter.
pub(super) fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

/// A reference to a schema.
pub(super) fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A parameter of the query with a plain value.
pub(super) fn query(name: &str) -> Value {
    json!({ "name": name, "in": "query", "required": false, "schema": { "type": "string" } })
}

/// A page of a list of these.
pub(super) fn page_of(item: &Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "items": { "type": "array", "items": item },
            "next": { "type": ["string", "null"], "description": "address of the page after this one" },
        },
        "required": ["items", "next"],
    })
}

type Parts<'m> = (&'m mut Map<String, Value>, &'m mut BTreeMap<String, Value>);

fn add_process(schemas: &Schemas<'_>, told: &dyn Told, process: &Process, (paths, components): Parts<'_>) {
    let name = process.name.as_str();
    let title = process.title.get(schemas.lang);
    let summary = |key: &str| format!("{} · {title}", told.t(key));
    let case = format!("case.{name}");
    let fields: Vec<&Field> = process.form.iter().chain(&process.fields).collect();
    components.insert(case.clone(), parts::case(process, schemas.kept(&fields)));
    components.insert(format!("open.{name}"), opening(schemas, process));
    let list = Operation {
        id: format!("list_{name}"),
        tag: name,
        summary: summary("api-list"),
        parameters: cases::FILTERS.iter().map(|filter| parts::filter(filter)).collect(),
        body: None,
        success: ("200 304", page_of(&schema(&case))),
        public: false,
    };
    let open = Operation {
        id: format!("open_{name}"),
        tag: name,
        summary: summary("api-open"),
        parameters: vec![parameter("IdempotencyKey")],
        body: Some(schema(&format!("open.{name}"))),
        success: ("201", schema("Outcome")),
        public: false,
    };
    let root = format!("/api/processes/{name}");
    paths.insert(format!("{root}/cases"), json!({ "get": list.object(), "post": open.object() }));
    let one = Operation {
        id: format!("get_{name}"),
        tag: name,
        summary: summary("api-get"),
        parameters: vec![parts::path("number"), parameter("fields"), parameter("IfNoneMatch")],
        body: None,
        success: ("200 304", schema(&case)),
        public: false,
    };
    paths.insert(format!("{root}/cases/{{number}}"), json!({ "get": one.object() }));
    let bulk = Operation {
        id: format!("bulk_{name}"),
        tag: name,
        summary: summary("api-bulk"),
        parameters: Vec::new(),
        body: Some(parts::bulk_of_cases(name)),
        success: ("200", schema("Results")),
        public: false,
    };
    paths.insert(format!("{root}/bulk"), json!({ "post": bulk.object() }));
    for (action, forms) in actions(process) {
        let path = format!("{root}/cases/{{number}}/{}", action.name);
        let taken = acting(schemas, (process, action), &forms);
        paths.insert(path, json!({ "post": taken.object() }));
    }
    orders::add(schemas, told, process, paths);
    papers::of_process(schemas, told, process, paths);
    views::of_process(schemas, told, process, paths);
    if process.queue.is_some() {
        let next = Operation {
            id: format!("next_{name}"),
            tag: name,
            summary: summary("api-next"),
            parameters: vec![parameter("IdempotencyKey")],
            body: Some(parts::next()),
            success: ("200", schema("Outcome")),
            public: false,
        };
        paths.insert(format!("{root}/next"), json!({ "post": next.object() }));
    }
}

/// Every action somebody may take, once by name, with the forms it has in its states.
fn actions(process: &Process) -> Vec<(&Action, Vec<&[Field]>)> {
    let mut all: Vec<(&Action, Vec<&[Field]>)> = Vec::new();
    let states = process.state_order.iter().filter_map(|name| process.states.get(name));
    let offered = states.flat_map(|state| &state.actions).filter(|one| one.by.iter().any(|who| *who != Who::System));
    for action in offered {
        match all.iter_mut().find(|(known, _)| known.name == action.name) {
            Some((_, forms)) => {
                if !forms.contains(&action.form.as_slice()) {
                    forms.push(action.form.as_slice());
                }
            }
            None => all.push((action, vec![action.form.as_slice()])),
        }
    }
    all
}

fn acting<'a>(schemas: &Schemas<'_>, (process, action): (&'a Process, &Action), forms: &[&[Field]]) -> Operation<'a> {
    let mut told: Vec<Value> = forms.iter().map(|form| schemas.form(form)).collect();
    let form = if told.len() == 1 { told.remove(0) } else { json!({ "anyOf": told }) };
    let is_needed = forms.iter().all(|form| schemas.form(form).get("required").is_some());
    let mut body = json!({ "type": "object", "properties": { "form": form }, "additionalProperties": false });
    if let (true, Some(body)) = (is_needed, body.as_object_mut()) {
        body.insert("required".to_owned(), json!(["form"]));
    }
    Operation {
        id: format!("act_{}_{}", process.name, action.name),
        tag: &process.name,
        summary: format!("{} · {}", action.title.get(schemas.lang), process.title.get(schemas.lang)),
        parameters: vec![parts::path("number"), parameter("IdempotencyKey"), parameter("IfMatch")],
        body: Some(body),
        success: ("200", schema("Outcome")),
        public: false,
    }
}

fn opening(schemas: &Schemas<'_>, process: &Process) -> Value {
    json!({
        "type": "object",
        "properties": {
            "form": schemas.form(&process.form),
            "channel": { "type": "string" },
            "observed_at": { "type": "string", "format": "date-time" },
        },
        "required": ["form"],
        "additionalProperties": false,
    })
}

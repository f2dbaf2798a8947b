//! The journal of cases, and documents of cases and rows, in the document.

use super::{Operation, Told, page_of, parameter, parts, query, schema};
use crate::rest::schema::Schemas;
use ganglion_model::pack::{Process, Register};
use serde_json::{Map, Value, json};

/// Adds the journal of the cases of a process, and their documents where its packs declare some.
pub fn of_process(schemas: &Schemas<'_>, told: &dyn Told, process: &Process, paths: &mut Map<String, Value>) {
    let name = process.name.as_str();
    let title = process.title.get(schemas.lang);
    let history = Operation {
        id: format!("history_{name}"),
        tag: name,
        summary: format!("{} · {title}", told.t("api-history")),
        parameters: vec![parts::path("number"), parameter("fields"), parameter("IfNoneMatch")],
        body: None,
        success: ("200", page_of(&line())),
        public: false,
    };
    paths.insert(format!("/api/processes/{name}/history/{{number}}"), json!({ "get": history.object() }));
    if declared(schemas, name, false) {
        let path = format!("/api/processes/{name}/documents/{{number}}");
        paths.insert(path, documents(told, (name, name, title), &[parts::path("number")]));
    }
}

/// Adds the versions of the rows of a register, and their documents where its packs declare some.
pub fn of_register(
    schemas: &Schemas<'_>,
    told: &dyn Told,
    (register, tag): (&Register, &str),
    paths: &mut Map<String, Value>,
) {
    let name = register.name.as_str();
    let title = register.title.get(schemas.lang);
    let at = || vec![parts::shard(), parts::path("key")];
    let history = Operation {
        id: format!("history_row_{name}"),
        tag,
        summary: format!("{} · {title}", told.t("api-row-history")),
        parameters: at().into_iter().chain([parameter("fields"), parameter("IfNoneMatch")]).collect(),
        body: None,
        success: ("200 304", page_of(&version(name))),
        public: false,
    };
    paths.insert(format!("/api/registers/{name}/history/{{shard}}/{{key}}"), json!({ "get": history.object() }));
    if declared(schemas, name, true) {
        let path = format!("/api/registers/{name}/documents/{{shard}}/{{key}}");
        let id = format!("row_{name}");
        paths.insert(path, documents(told, (id.as_str(), tag, title), &at()));
    }
}

fn declared(schemas: &Schemas<'_>, of: &str, row: bool) -> bool {
    schemas.model.documents.values().any(|document| document.of == of && document.row == row)
}

fn documents(told: &dyn Told, (name, tag, title): (&str, &str, &str), at: &[Value]) -> Value {
    let list = Operation {
        id: format!("documents_{name}"),
        tag,
        summary: format!("{} · {title}", told.t("api-documents")),
        parameters: at.iter().cloned().chain([query("code"), query("preview"), parameter("IfNoneMatch")]).collect(),
        body: None,
        success: ("200", listed()),
        public: false,
    };
    let change = Operation {
        id: format!("change_documents_{name}"),
        tag,
        summary: format!("{} · {title}", told.t("api-document-change")),
        parameters: at.iter().cloned().chain([parameter("IdempotencyKey")]).collect(),
        body: Some(change()),
        success: ("200", schema("Outcome")),
        public: false,
    };
    json!({ "get": list.object(), "post": change.object() })
}

fn nullable(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

/// A line of the journal.
fn line() -> Value {
    let text = || json!({ "type": "string" });
    let detail = json!({ "type": "object", "properties": { "label": text(), "text": text() } });
    json!({
        "type": "object",
        "properties": {
            "seq": { "type": "integer" },
            "at": { "type": "string", "format": "date-time" },
            "action": nullable("string"),
            "from": nullable("string"),
            "to": nullable("string"),
            "post": nullable("string"),
            "what": text(),
            "who": text(),
            "as": text(),
            "authority": text(),
            "reason": text(),
            "details": { "type": "array", "items": detail },
        },
        "required": ["seq", "at"],
    })
}

/// A version of a row: the row as it is listed, with who put it and why.
fn version(register: &str) -> Value {
    let text = json!({ "type": "string" });
    let mark = json!({ "type": ["object", "null"], "properties": { "post": nullable("string"), "who": text } });
    let more = json!({ "type": "object", "properties": { "by": mark, "approved": mark, "why": nullable("string") } });
    json!({ "allOf": [schema(&format!("row.{register}")), more] })
}

/// Documents that were issued, and those that may be now.
fn listed() -> Value {
    let text = || json!({ "type": "string" });
    let issued = json!({
        "type": "object",
        "properties": {
            "document": text(),
            "number": text(),
            "code": text(),
            "issued_at": { "type": "string", "format": "date-time" },
            "issuer": text(),
            "standing": { "enum": ["valid", "withdrawn", "superseded"] },
            "ended_at": { "type": ["string", "null"], "format": "date-time" },
            "reason": nullable("string"),
            "pdf": nullable("string"),
        },
        "required": ["document", "number", "code", "standing"],
    });
    json!({
        "type": "object",
        "properties": {
            "issued": { "type": "array", "items": issued },
            "may_issue": { "type": "array", "items": text() },
        },
        "required": ["issued", "may_issue"],
    })
}

/// Issuing one, or withdrawing one.
fn change() -> Value {
    let text = || json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": { "document": text(), "code": text(), "reason": { "type": "string", "maxLength": 500 } },
        "oneOf": [{ "required": ["document"] }, { "required": ["code", "reason"] }],
        "additionalProperties": false,
    })
}

//! Parts of the document that are alike in every installation: parameters, headers, answers, places and figures.

use super::{Operation, Told, page_of, parameter, query, schema};
use crate::limits::{API_ROWS_MAX, BULK_ITEMS_MAX};
use ganglion_model::Level;
use ganglion_model::pack::Process;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn nullable(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

fn instant() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

fn day() -> Value {
    json!({ "type": ["string", "null"], "format": "date" })
}

fn object(properties: Value) -> Value {
    json!({ "type": "object", "properties": properties })
}

/// A part of the address.
pub fn path(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
}

/// The shard of a row.
pub fn shard() -> Value {
    json!({ "name": "shard", "in": "path", "required": true, "schema": { "type": "integer" } })
}

/// A filter of lists of cases.
pub fn filter(name: &str) -> Value {
    match name {
        "limit" | "after" | "fields" => parameter(name),
        "open" => json!({ "name": name, "in": "query", "schema": { "type": "boolean" } }),
        "opened_from" | "opened_to" => {
            json!({ "name": name, "in": "query", "schema": { "type": "string", "format": "date" } })
        }
        "due_before" => json!({ "name": name, "in": "query", "schema": { "type": "string", "format": "date-time" } }),
        "order" => json!({ "name": name, "in": "query", "schema": { "enum": ["opened", "due"] } }),
        "level" => json!({ "name": name, "in": "query", "schema": { "enum": Level::ALL.map(Level::as_str) } }),
        _ => query(name),
    }
}

/// Parameters that many operations share.
pub fn parameters(told: &dyn Told) -> Value {
    let header = |name: &str, key: &str| json!({ "name": name, "in": "header", "required": false, "description": told.t(key), "schema": { "type": "string" } });
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": API_ROWS_MAX, "default": API_ROWS_MAX });
    let in_query = |name: &str, key: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": told.t(key), "schema": schema });
    json!({
        "limit": in_query("limit", "api-limit", limit),
        "after": in_query("after", "api-after", json!({ "type": "string" })),
        "fields": in_query("fields", "api-fields", json!({ "type": "string", "examples": ["number,state,fields.category"] })),
        "IdempotencyKey": header("Idempotency-Key", "api-idempotency"),
        "IfMatch": header("If-Match", "api-if-match"),
        "IfNoneMatch": header("If-None-Match", "api-if-none-match"),
    })
}

/// Headers of answers.
pub fn headers() -> Value {
    json!({
        "ETag": { "schema": { "type": "string" } },
        "RateLimit": {
            "description": "draft-ietf-httpapi-ratelimit-headers: \"key\", \"session\" or \"address\"; r calls left, t seconds until there are all again",
            "schema": { "type": "string", "examples": ["\"key\";r=599;t=60", "\"address\";r=17999;t=900"] },
        },
        "RateLimitPolicy": {
            "description": "draft-ietf-httpapi-ratelimit-headers: q calls in w seconds",
            "schema": { "type": "string", "examples": ["\"key\";q=600;w=60", "\"address\";q=18000;w=900"] },
        },
        "RetryAfter": { "description": "seconds to wait, with 429 and 503", "schema": { "type": "integer" } },
    })
}

/// Answers that many operations share.
pub fn responses(told: &dyn Told) -> Value {
    json!({
        "Problem": {
            "description": told.t("api-problem"),
            "headers": {
                "RateLimit": { "$ref": "#/components/headers/RateLimit" },
                "RateLimit-Policy": { "$ref": "#/components/headers/RateLimitPolicy" },
                "Retry-After": { "$ref": "#/components/headers/RetryAfter" },
            },
            "content": { "application/problem+json": { "schema": schema("Problem") } },
        },
    })
}

/// Schemas that are the same for all packs.
pub fn schemas() -> BTreeMap<String, Value> {
    let text = || json!({ "type": "string" });
    let outcome = object(json!({
        "number": nullable("string"),
        "state": nullable("string"),
        "version": { "type": "integer" },
        "shard": { "type": "integer" },
        "seq": { "type": "integer" },
    }));
    let row_outcome = object(json!({
        "key": nullable("string"),
        "shard": { "type": "integer" },
        "version": { "type": "integer" },
        "seq": { "type": "integer" },
        "proposed": { "type": "boolean" },
    }));
    let result = json!({
        "type": "object",
        "properties": {
            "id": nullable("string"),
            "status": { "type": "integer" },
            "outcome": { "anyOf": [schema("Outcome"), schema("RowOutcome")] },
            "problem": schema("Problem"),
        },
        "required": ["id", "status"],
    });
    let place = object(json!({
        "code": text(),
        "name": text(),
        "level": { "enum": Level::ALL.map(Level::as_str) },
        "kind": text(),
        "parent": nullable("string"),
        "valid_from": day(),
        "valid_to": day(),
        "synthetic": { "type": "boolean" },
    }));
    let figure = object(json!({
        "place": text(),
        "name": text(),
        "value": nullable("string"),
        "number": nullable("number"),
        "rows": { "type": "integer" },
    }));
    BTreeMap::from([
        ("Problem".to_owned(), problem()),
        ("Outcome".to_owned(), outcome),
        ("RowOutcome".to_owned(), row_outcome),
        ("Results".to_owned(), object(json!({ "results": { "type": "array", "items": result } }))),
        ("Place".to_owned(), place),
        ("Figure".to_owned(), figure),
        ("Proposal".to_owned(), proposal()),
    ])
}

/// What an answer that is none of success says (RFC 9457), with a line for everything that is wrong.
fn problem() -> Value {
    let text = || json!({ "type": "string" });
    let wrong = object(json!({
        "pointer": text(),
        "parameter": text(),
        "code": text(),
        "detail": text(),
        "reason": text(),
        "line": { "type": "integer" },
        "column": { "type": "integer" },
    }));
    json!({
        "type": "object",
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": text(),
            "status": { "type": "integer" },
            "detail": text(),
            "code": { "enum": crate::rest::problem::KINDS },
            "instance": text(),
            "errors": { "type": "array", "items": wrong },
        },
        "required": ["type", "title", "status", "code"],
    })
}

fn proposal() -> Value {
    let text = || json!({ "type": "string" });
    object(json!({
        "id": { "type": "string", "format": "uuid" },
        "shard": { "type": "integer" },
        "register": text(),
        "key": text(),
        "deed": { "enum": ["put", "retire"] },
        "place": nullable("string"),
        "from": day(),
        "until": day(),
        "fields": { "type": "object" },
        "why": text(),
        "state": { "enum": ["open", "approved", "rejected", "withdrawn"] },
        "proposed_at": instant(),
        "proposed_by": nullable("string"),
        "decided_at": instant(),
        "decided_by": nullable("string"),
        "reason": text(),
    }))
}

/// The parts of a figure by what they differ in.
fn parts_by() -> Value {
    let text = || json!({ "type": "string" });
    let part = object(json!({ "value": text(), "name": text(), "amount": text() }));
    object(json!({ "title": text(), "parts": { "type": "array", "items": part } }))
}

/// A case of a process.
pub fn case(process: &Process, fields: Value) -> Value {
    let text = || json!({ "type": "string" });
    let clock = object(json!({
        "started_at": instant(),
        "due_at": instant(),
        "stopped_at": instant(),
        "paused": { "type": "boolean" },
    }));
    let link = object(json!({ "kind": text(), "number": text(), "process": nullable("string") }));
    json!({
        "type": "object",
        "properties": {
            "number": text(),
            "numbers": { "type": "object", "additionalProperties": text() },
            "process": { "const": process.name },
            "state": { "enum": process.state_order },
            "version": { "type": "integer", "minimum": 1 },
            "place": text(),
            "level": { "enum": Level::ALL.map(Level::as_str) },
            "point": { "type": ["array", "null"], "items": { "type": "number" } },
            "opened_at": instant(),
            "observed_at": instant(),
            "updated_at": instant(),
            "closed_at": instant(),
            "due_at": instant(),
            "channel": text(),
            "assignee": nullable("string"),
            "assist": { "type": "array", "items": text() },
            "fields": fields,
            "withheld": { "type": "array", "items": text() },
            "clocks": { "type": "object", "additionalProperties": clock },
            "counts": { "type": "object", "additionalProperties": { "type": "integer" } },
            "links": { "type": "array", "items": link },
            "actions": { "type": "array", "items": text() },
        },
    })
}

/// Many commands about cases.
pub fn bulk_of_cases(process: &str) -> Value {
    let act = json!({
        "type": "object",
        "properties": {
            "number": { "type": "string" },
            "action": { "type": "string" },
            "form": { "type": "object" },
            "version": { "type": "integer" },
        },
        "required": ["number", "action"],
        "additionalProperties": false,
    });
    json!({
        "type": "array",
        "maxItems": BULK_ITEMS_MAX,
        "items": {
            "type": "object",
            "properties": { "id": { "type": "string" }, "open": schema(&format!("open.{process}")), "act": act },
            "oneOf": [{ "required": ["open"] }, { "required": ["act"] }],
            "additionalProperties": false,
        },
    })
}

/// What taking the next of a queue takes.
pub fn next() -> Value {
    json!({
        "type": "object",
        "properties": {
            "lanes": { "type": "array", "items": { "type": "string" } },
            "form": { "type": "object" },
        },
        "additionalProperties": false,
    })
}

/// Names of the parts that are alike everywhere.
pub fn tags(told: &dyn Told) -> Vec<Value> {
    ["administration", "catalogue", "events", "figures", "places", "plans", "rules", "search", "tables"]
        .map(|name| json!({ "name": name, "description": told.t(&format!("api-{name}")) }))
        .to_vec()
}

/// An operation nobody may call without a key.
fn closed(mut path: Value) -> Value {
    if let Some(operation) = path.get_mut("get").and_then(Value::as_object_mut) {
        operation.remove("security");
    }
    path
}

/// A process or register there is.
fn named(what: &str) -> Value {
    object(json!({ (what): { "type": "string" }, "pack": { "type": "string" }, "title": { "type": "string" } }))
}

/// A page of the journal.
fn events() -> Value {
    let text = || json!({ "type": "string" });
    let event = json!({
        "type": "object",
        "properties": {
            "specversion": { "const": "1.0" },
            "id": text(),
            "source": text(),
            "type": text(),
            "subject": text(),
            "time": { "type": "string", "format": "date-time" },
            "data": { "type": "object" },
        },
        "required": ["specversion", "id", "source", "type"],
    });
    json!({
        "type": "object",
        "properties": { "events": { "type": "array", "items": event }, "position": text(), "more": { "type": "boolean" } },
        "required": ["events", "position", "more"],
    })
}

/// Something anyone may read.
fn reading(told: &dyn Told, (id, tag): (&str, &'static str), parameters: Vec<Value>, success: Value) -> Value {
    let operation = Operation {
        id: id.to_owned(),
        tag,
        summary: told.t(&format!("api-{}", id.replace('_', "-"))),
        parameters,
        body: None,
        success: ("200 304", success),
        public: true,
    };
    json!({ "get": operation.object() })
}

/// What there is, and what happens.
fn catalogue(told: &dyn Told) -> [(String, Value); 3] {
    let list =
        |id: &str, what: &str| reading(told, (id, "catalogue"), vec![parameter("fields")], page_of(&named(what)));
    let kinds = json!({ "name": "types", "in": "query", "schema": { "type": "string", "examples": ["case.opened,case.closed"] } });
    let many =
        json!({ "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 1000 } });
    let read = reading(told, ("read_events", "events"), vec![query("after"), many, kinds], events());
    [
        ("/api/processes".to_owned(), list("list_processes", "process")),
        ("/api/registers".to_owned(), list("list_registers", "register")),
        ("/events".to_owned(), read),
    ]
}

/// Operations that are alike everywhere.
pub fn paths(told: &dyn Told) -> Map<String, Value> {
    let read = |id: &str, tag: &'static str, parameters: Vec<Value>, success: Value| {
        reading(told, (id, tag), parameters, success)
    };
    let known = object(json!({
        "indicator": { "type": "string" },
        "title": { "type": "string" },
        "definition": { "type": "string" },
        "unit": { "type": "string" },
        "levels": { "type": "array", "items": { "type": "string" } },
    }));
    let figure = object(json!({
        "indicator": { "type": "string" },
        "title": { "type": "string" },
        "unit": { "type": "string" },
        "period": nullable("string"),
        "figure": schema("Figure"),
        "rows_href": nullable("string"),
        "parts": { "type": "array", "items": parts_by() },
        "children": { "type": "array", "items": schema("Figure") },
    }));
    let at = object(json!({
        "point": { "type": "array", "items": { "type": "number" } },
        "here": { "anyOf": [schema("Place"), { "type": "null" }] },
        "near": { "type": "array", "items": { "type": "object" } },
    }));
    let needed = |name: &str| json!({ "name": name, "in": "query", "required": true, "schema": { "type": "number" } });
    let of_figure = vec![path("indicator"), query("place"), query("period"), query("children"), query("parts")];
    let hit = object(json!({
        "kind": { "enum": ["case", "row"] },
        "href": { "type": "string" },
        "case": { "type": "object" },
        "row": { "type": "object" },
    }));
    let searched = crate::rest::search::PARAMETERS.iter().map(|name| match *name {
        "q" => json!({ "name": "q", "in": "query", "required": true, "schema": { "type": "string" } }),
        "in" => json!({ "name": "in", "in": "query", "schema": { "enum": ["cases", "rows"] } }),
        "order" => json!({ "name": "order", "in": "query", "schema": { "enum": ["best", "newest"] } }),
        name => filter(name),
    });
    let searched = read("search", "search", searched.collect(), page_of(&hit));
    let mut all = Map::from_iter([
        ("/api/search".to_owned(), closed(searched)),
        ("/api/figures".to_owned(), read("list_figures", "figures", vec![parameter("fields")], page_of(&known))),
        ("/api/figures/{indicator}".to_owned(), read("get_figure", "figures", of_figure, figure)),
        (
            "/api/places".to_owned(),
            read("list_places", "places", vec![query("parent"), query("on")], page_of(&schema("Place"))),
        ),
        (
            "/api/places/{code}".to_owned(),
            read("get_place", "places", vec![path("code"), query("on")], schema("Place")),
        ),
        (
            "/api/places/at".to_owned(),
            read("get_place_at", "places", vec![needed("lon"), needed("lat"), query("datum")], at),
        ),
    ]);
    all.extend(catalogue(told));
    all
}

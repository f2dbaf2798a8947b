//! Administration in the document: for a person's token, never for a key.

use super::{Operation, Told, page_of, parameter, query, schema};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn text() -> Value {
    json!({ "type": "string" })
}

fn text_or_null() -> Value {
    json!({ "type": ["string", "null"] })
}

fn day_or_null() -> Value {
    json!({ "type": ["string", "null"], "format": "date" })
}

fn instant_or_null() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

fn post() -> Value {
    json!({
        "type": "object",
        "properties": {
            "post": text(), "account": text_or_null(), "role": text(), "title": text(), "place": text(),
            "valid_from": day_or_null(), "valid_to": day_or_null(),
        },
    })
}

fn account() -> Value {
    json!({
        "type": "object",
        "properties": {
            "account": text(), "name": text(), "active": { "type": "boolean" }, "locked": { "type": "boolean" },
            "last_sign_in": instant_or_null(), "posts": { "type": "array", "items": schema("Post") },
        },
    })
}

fn line() -> Value {
    json!({
        "type": "object",
        "properties": {
            "at": { "type": "string", "format": "date-time" }, "account": text(), "what": text(),
            "warning": { "type": "boolean" }, "about": text(), "by": text_or_null(), "address": text(), "agent": text(),
        },
    })
}

/// A look at personal values.
fn look() -> Value {
    json!({
        "type": "object",
        "properties": {
            "at": { "type": "string", "format": "date-time" }, "account": text(), "post": text(),
            "number": text_or_null(), "fields": { "type": "array", "items": text() }, "purpose": text(),
        },
    })
}

/// A line of the permission table.
fn grant() -> Value {
    let texts = json!({ "type": "array", "items": text() });
    json!({
        "type": "object",
        "properties": {
            "pack": text(), "of": text(), "name": text(), "action": text(), "states": texts, "who": text(),
            "effect": { "enum": ["permit", "forbid"] }, "conditional": { "type": "boolean" }, "not": texts, "rule": text(),
        },
        "required": ["pack", "of", "name", "action", "who", "effect", "conditional"],
    })
}

/// What a table did, or would do.
fn imported() -> Value {
    let whole = || json!({ "type": "integer" });
    let wrong = json!({
        "type": "object",
        "properties": { "line": whole(), "parameter": text_or_null(), "code": text(), "detail": text() },
    });
    let first = json!({ "type": "object", "properties": { "account": text(), "name": text(), "password": text() } });
    json!({
        "type": "object",
        "properties": {
            "done": { "type": "boolean" }, "accounts": whole(), "posts": whole(), "same": whole(),
            "errors": { "type": "array", "items": wrong }, "first": { "type": "array", "items": first },
        },
    })
}

/// The table as it is sent: the body of an operation of its own kind.
fn importing(told: &dyn Told) -> Value {
    let operation = Operation {
        id: "import_accounts".to_owned(),
        tag: "administration",
        summary: told.t("api-import-accounts"),
        parameters: vec![
            json!({ "name": "confirm", "in": "query", "required": false, "schema": { "type": "boolean" } }),
        ],
        body: None,
        success: ("200", imported()),
        public: false,
    };
    let mut object = operation.object();
    let kinds = ["text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"];
    let content: Map<String, Value> =
        kinds.into_iter().map(|kind| (kind.to_owned(), json!({ "schema": {} }))).collect();
    object["requestBody"] = json!({ "required": true, "content": content });
    object
}

/// Adds the operations.
pub fn add(told: &dyn Told, (paths, components): super::Parts<'_>) {
    components.extend(BTreeMap::from([("Post".to_owned(), post()), ("Account".to_owned(), account())]));
    let read = |(id, key): (&str, &str), parameters: Vec<Value>, item: &Value| {
        let operation = Operation {
            id: id.to_owned(),
            tag: "administration",
            summary: told.t(key),
            parameters,
            body: None,
            success: ("200 304", page_of(item)),
            public: false,
        };
        json!({ "get": operation.object() })
    };
    let paged = || [parameter("limit"), parameter("after"), parameter("fields")];
    let day =
        json!({ "name": "on", "in": "query", "required": false, "schema": { "type": "string", "format": "date" } });
    let of_posts = [query("place"), query("role"), query("account"), day].into_iter().chain(paged()).collect();
    let of_accounts = std::iter::once(query("q")).chain(paged()).collect();
    let of_lines = vec![parameter("after"), parameter("fields")];
    let root = "/api/admin";
    paths.insert(
        format!("{root}/accounts"),
        read(("list_accounts", "api-list-accounts"), of_accounts, &schema("Account")),
    );
    paths.insert(format!("{root}/posts"), read(("list_posts", "api-list-posts"), of_posts, &schema("Post")));
    paths.insert(
        format!("{root}/account-lines"),
        read(("list_account_lines", "api-list-account-lines"), of_lines, &line()),
    );
    let after = || vec![parameter("after"), parameter("fields")];
    paths.insert(format!("{root}/looks"), read(("list_looks", "api-list-looks"), after(), &look()));
    let grants = read(("list_policy", "api-list-policy"), vec![parameter("fields")], &grant());
    paths.insert(format!("{root}/policy"), grants);
    paths.insert(format!("{root}/import/accounts"), json!({ "post": importing(told) }));
}

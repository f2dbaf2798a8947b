//! Registers in the document: rows and, where two persons are needed, proposals.

use super::{Operation, Parts, Told, page_of, papers, parameter, parts, query, schema, views};
use crate::limits::BULK_ITEMS_MAX;
use crate::rest::rows;
use crate::rest::schema::Schemas;
use ganglion_model::pack::{Field, Register};
use serde_json::{Value, json};

/// The name of a register's part: a process may be called the same.
pub fn tag(register: &Register) -> String {
    format!("register.{}", register.name)
}

fn row(schemas: &Schemas<'_>, register: &Register) -> Value {
    let fields: Vec<&Field> = register.fields.iter().collect();
    let day = json!({ "type": ["string", "null"], "format": "date" });
    json!({
        "type": "object",
        "properties": {
            "register": { "const": register.name },
            "shard": { "type": "integer" },
            "key": { "type": "string" },
            "version": { "type": "integer" },
            "place": { "type": ["string", "null"] },
            "valid_from": day,
            "valid_to": day,
            "updated_at": { "type": "string", "format": "date-time" },
            "fields": schemas.kept(&fields),
        },
    })
}

/// What a row is put with; `whole` asks for every field that is needed.
fn putting(schemas: &Schemas<'_>, register: &Register, whole: bool) -> Value {
    let mut form = schemas.form(&register.fields);
    if let (false, Some(form)) = (whole, form.as_object_mut()) {
        form.remove("required");
    }
    let day = json!({ "type": "string", "format": "date" });
    json!({
        "type": "object",
        "properties": {
            "form": form,
            "place": { "type": "string" },
            "from": day,
            "until": day,
            "partial": { "type": "boolean" },
            "why": { "type": "string" },
        },
        "required": ["form"],
        "additionalProperties": false,
    })
}

/// Filters of a list: shared ones, and tests of the fields that can be tested.
fn filters(register: &Register) -> Vec<Value> {
    let shared = rows::FILTERS.iter().filter(|name| **name != "f.").map(|name| match *name {
        "limit" | "after" | "fields" => parameter(name),
        name => query(name),
    });
    let tested =
        register.fields.iter().filter(|field| !field.personal).map(|field| query(&format!("f.{}", field.name)));
    shared.chain(tested).collect()
}

/// Adds the operations of one register.
pub fn add(schemas: &Schemas<'_>, told: &dyn Told, register: &Register, (paths, components): Parts<'_>) {
    let name = register.name.as_str();
    let (tag, kept, put) = (tag(register), format!("row.{name}"), format!("put.{name}"));
    let title = register.title.get(schemas.lang);
    components.insert(kept.clone(), row(schemas, register));
    components.insert(put.clone(), putting(schemas, register, false));
    components.insert(format!("new.{name}"), putting(schemas, register, true));
    let operation =
        |deed: &str, key: &str, parameters: Vec<Value>, body: Option<Value>, success: (&'static str, Value)| {
            Operation {
                id: format!("{deed}_row_{name}"),
                tag: &tag,
                summary: format!("{} · {title}", told.t(key)),
                parameters,
                body,
                success,
                public: register.is_public() && matches!(deed, "list" | "get"),
            }
        };
    let here = || vec![parts::shard(), parts::path("key")];
    let with =
        |more: &[&str]| -> Vec<Value> { here().into_iter().chain(more.iter().map(|name| parameter(name))).collect() };
    let changed = || schema("RowOutcome");
    let list = operation("list", "api-rows", filters(register), None, ("200 304", page_of(&schema(&kept))));
    let one = operation("get", "api-row", with(&["fields", "IfNoneMatch"]), None, ("200 304", schema(&kept)));
    let root = format!("/api/registers/{name}");
    let is_changed = !register.edit.is_empty() || !register.propose.is_empty();
    let mut all = json!({ "get": list.object() });
    let mut single = json!({ "get": one.object() });
    if let (true, Some(all), Some(single)) = (is_changed, all.as_object_mut(), single.as_object_mut()) {
        let body = Some(schema(&format!("new.{name}")));
        let new = operation("new", "api-row-new", vec![parameter("IdempotencyKey")], body, ("201 202", changed()));
        all.insert("post".to_owned(), new.object());
        let body = Some(schema(&put));
        let change =
            operation("put", "api-row-put", with(&["IdempotencyKey", "IfMatch"]), body, ("200 202", changed()));
        single.insert("put".to_owned(), change.object());
        let mut parameters = with(&["IdempotencyKey", "IfMatch"]);
        parameters.extend([query("from"), query("why")]);
        let end = operation("end", "api-row-end", parameters, None, ("200 202", changed()));
        single.insert("delete".to_owned(), end.object());
        let bulk = operation("bulk", "api-bulk", Vec::new(), Some(many(&put)), ("200", schema("Results")));
        paths.insert(format!("{root}/bulk"), json!({ "post": bulk.object() }));
    }
    paths.insert(format!("{root}/rows"), all);
    paths.insert(format!("{root}/rows/{{shard}}/{{key}}"), single);
    papers::of_register(schemas, told, (register, &tag), paths);
    views::of_register(schemas, told, (register, &tag), paths);
    if register.needs_two() {
        let waiting = page_of(&schema("Proposal"));
        let list = operation("proposals", "api-proposals", vec![query("state")], None, ("200 304", waiting));
        paths.insert(format!("{root}/proposals"), json!({ "get": list.object() }));
        let verdict = json!({ "name": "verdict", "in": "path", "required": true, "schema": { "enum": ["approve", "reject", "withdraw"] } });
        let parameters = vec![parts::shard(), parts::path("id"), verdict, parameter("IdempotencyKey")];
        let body = json!({ "type": "object", "properties": { "reason": { "type": "string" } }, "additionalProperties": false });
        let decide = operation("decide", "api-decide", parameters, Some(body), ("200", changed()));
        paths.insert(format!("{root}/proposals/{{shard}}/{{id}}/{{verdict}}"), json!({ "post": decide.object() }));
    }
}

/// Many rows.
fn many(put: &str) -> Value {
    let row = json!({
        "type": "object",
        "properties": { "shard": { "type": "integer" }, "key": { "type": "string" } },
        "required": ["shard", "key"],
        "additionalProperties": false,
    });
    json!({
        "type": "array",
        "maxItems": BULK_ITEMS_MAX,
        "items": {
            "type": "object",
            "properties": { "id": { "type": "string" }, "row": row, "put": schema(put), "version": { "type": "integer" } },
            "required": ["put"],
            "additionalProperties": false,
        },
    })
}

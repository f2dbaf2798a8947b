//! What pages put together from lists, figures and documents, in the document: rows behind a figure, the centre, boards, suggestions,
//! tables, bulletins and batches of documents.

use super::{Operation, Parts, Told, page_of, parameter, parts, query, schema};
use crate::rest::schema::Schemas;
use crate::rest::{board, figure_rows, open as rest_open};
use ganglion_model::Level;
use ganglion_model::pack::{Process, Register};
use serde_json::{Map, Value, json};

fn text() -> Value {
    json!({ "type": "string" })
}

fn text_or_null() -> Value {
    json!({ "type": ["string", "null"] })
}

fn whole() -> Value {
    json!({ "type": "integer" })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn list(item: &Value) -> Value {
    json!({ "type": "array", "items": item })
}

fn object(properties: &Value) -> Value {
    json!({ "type": "object", "properties": properties })
}

/// A page of a list with what is said of the whole of it.
fn page_with(item: &Value, more: Value) -> Value {
    let mut page = page_of(item);
    if let (Some(properties), Value::Object(more)) = (page["properties"].as_object_mut(), more) {
        properties.extend(more);
    }
    page
}

/// Something one reads with a key or a token.
fn reading<'a>((id, tag): (String, &'a str), summary: String, parameters: Vec<Value>, success: Value) -> Operation<'a> {
    Operation { id, tag, summary, parameters, body: None, success: ("200 304", success), public: false }
}

/// A file that is read.
fn file(operation: Operation<'_>, kind: &str) -> Value {
    let mut object = Operation { success: ("200", Value::Null), ..operation }.object();
    let answer = &mut object["responses"]["200"];
    answer["content"] = json!({ (kind): { "schema": {} } });
    if let Some(headers) = answer["headers"].as_object_mut() {
        headers.remove("ETag");
    }
    json!({ "get": object })
}

fn get(operation: Operation<'_>) -> Value {
    json!({ "get": operation.object() })
}

/// A part of the address that names one of these.
fn one_of(name: &str, names: &[&String]) -> Value {
    let mut part = parts::path(name);
    if !names.is_empty() {
        part["schema"] = json!({ "enum": names });
    }
    part
}

fn batch() -> Value {
    object(&json!({
        "id": text(),
        "document": text(),
        "place": text_or_null(),
        "make": flag(),
        "started_at": { "type": "string", "format": "date-time" },
        "stage": { "enum": ["running", "done", "cancelled", "failed"] },
        "total": whole(), "looked": whole(), "made": whole(), "printed": whole(), "left_out": whole(), "bytes": whole(),
        "zip": text_or_null(),
        "href": text(),
    }))
}

/// Rows behind a figure.
fn behind(told: &dyn Told) -> Value {
    let item = json!({
        "type": "object",
        "properties": {
            "kind": { "enum": ["case", "row", "hidden"] },
            "counted_on": { "type": ["string", "null"], "format": "date" },
            "href": text(),
            "case": { "type": "object" },
            "row": { "type": "object" },
        },
        "required": ["kind", "counted_on"],
    });
    let more = json!({
        "indicator": text(), "measure": text(), "measures": list(&text()), "place": text(), "period": text_or_null(),
        "rows": whole(),
    });
    let own = figure_rows::PARAMETERS.iter().map(|name| match *name {
        "limit" | "after" => parameter(name),
        name => query(name),
    });
    let parameters = std::iter::once(parts::path("indicator")).chain(own).chain([parameter("fields")]).collect();
    let of = ("list_figure_rows".to_owned(), "figures");
    get(reading(of, told.t("api-figure-rows"), parameters, page_with(&item, more)))
}

fn targets(told: &dyn Told) -> Value {
    let gap = object(&json!({ "sum": text_or_null(), "percent": text_or_null() }));
    let standing = object(&json!({
        "place": text(), "name": text(), "target": text_or_null(), "done": text_or_null(), "percent": text_or_null(),
        "gap": { "anyOf": [gap, { "type": "null" }] }, "lead": list(&text()),
    }));
    let item = object(&json!({
        "target": text(), "pack": text(), "title": text(), "indicator": text(), "unit": text(), "period": text(),
        "expected": text_or_null(), "standing": standing, "children": list(&standing),
    }));
    let parameters = vec![query("place"), parameter("fields")];
    get(reading(("list_targets".to_owned(), "figures"), told.t("api-list-targets"), parameters, page_of(&item)))
}

fn centre(told: &dyn Told) -> Value {
    let counter = object(&json!({
        "counter": { "enum": ["today", "waiting", "in_progress", "paused", "overdue", "settled"] },
        "title": text(),
        "value": whole(),
        "hours": { "type": ["array", "null"], "items": whole(), "minItems": 24, "maxItems": 24 },
    }));
    let item = object(&json!({ "href": text(), "late": flag(), "case": { "type": "object" } }));
    let more = json!({ "place": text(), "name": text(), "open": whole(), "counters": list(&counter) });
    let own = board::CENTRE.iter().map(|name| match *name {
        "limit" | "after" => parameter(name),
        name => query(name),
    });
    let parameters = own.chain([parameter("fields")]).collect();
    get(reading(("get_centre".to_owned(), "figures"), told.t("api-centre"), parameters, page_with(&item, more)))
}

fn tables(schemas: &Schemas<'_>, told: &dyn Told, paths: &mut Map<String, Value>) {
    let levels = json!({ "enum": Level::ALL.map(Level::as_str) });
    let table = object(&json!({
        "table": text(), "pack": text(), "title": text(), "rows": { "enum": ["figures", "cases"] },
        "process": text_or_null(), "by": { "anyOf": [levels, { "type": "null" }] }, "place": text(), "href": text(),
    }));
    let bulletin = object(&json!({
        "bulletin": text(), "pack": text(), "title": text(), "figures": list(&text()), "place": text(),
        "periods": list(&text()), "href": text(),
    }));
    let listed = |id: &str, key: &str, item: &Value| {
        get(reading((id.to_owned(), "tables"), told.t(key), vec![parameter("fields")], page_of(item)))
    };
    let filed = |id: &str, key: &str, name: Value, kind: &str| {
        file(reading((id.to_owned(), "tables"), told.t(key), vec![name, query("period")], Value::Null), kind)
    };
    let named = one_of("table", &schemas.model.tables.keys().collect::<Vec<_>>());
    let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    paths.insert("/api/tables".to_owned(), listed("list_tables", "api-list-tables", &table));
    paths.insert("/api/tables/{table}".to_owned(), filed("get_table", "api-get-table", named, sheet));
    let named = one_of("bulletin", &schemas.model.bulletins.keys().collect::<Vec<_>>());
    paths.insert("/api/bulletins".to_owned(), listed("list_bulletins", "api-list-bulletins", &bulletin));
    let made = filed("get_bulletin", "api-get-bulletin", named, "application/pdf");
    paths.insert("/api/bulletins/{bulletin}".to_owned(), made);
}

/// What anybody may read.
fn open(told: &dyn Told, paths: &mut Map<String, Value>) {
    let fact = object(&json!({ "label": text(), "value": text() }));
    let notice = object(&json!({
        "notice": text(), "process": text(), "title": text(), "text": text(), "place": text(),
        "from": { "type": "string", "format": "date-time" }, "until": { "type": "string", "format": "date-time" },
        "basis": text(), "facts": list(&fact), "page": text(),
    }));
    let issued = object(&json!({
        "code": text(), "document": text(), "title": text(), "number": text(), "issuer": text(),
        "issued_on": { "type": "string", "format": "date" },
        "standing": { "enum": ["valid", "withdrawn", "superseded"] },
        "ended_on": { "type": ["string", "null"], "format": "date" },
    }));
    let public = |operation: Operation<'_>| get(Operation { public: true, ..operation });
    let parameters = rest_open::NOTICES.iter().map(|name| match *name {
        "limit" | "after" => parameter(name),
        name => query(name),
    });
    let parameters = parameters.chain([parameter("fields")]).collect();
    let notices =
        reading(("list_notices".to_owned(), "catalogue"), told.t("api-list-notices"), parameters, page_of(&notice));
    paths.insert("/api/notices".to_owned(), public(notices));
    let of = ("get_document".to_owned(), "catalogue");
    let code = reading(of, told.t("api-get-document"), vec![parts::path("code")], issued);
    paths.insert("/api/documents/{code}".to_owned(), public(code));
}

/// Adds what is alike in every installation.
pub fn add(schemas: &Schemas<'_>, told: &dyn Told, (paths, components): Parts<'_>) {
    components.insert("Batch".to_owned(), batch());
    paths.insert("/api/figures/{indicator}/rows".to_owned(), behind(told));
    paths.insert("/api/centre".to_owned(), centre(told));
    paths.insert("/api/targets".to_owned(), targets(told));
    tables(schemas, told, paths);
    open(told, paths);
}

fn suggestion() -> Value {
    let had = object(&json!({ "count": whole(), "of": whole(), "similar": flag() }));
    object(&json!({
        "kind": { "enum": ["post", "value"] }, "action": text(), "field": text(), "value": text(),
        "label": text_or_null(), "reasons": list(&text()), "had": { "anyOf": [had, { "type": "null" }] },
        "open_cases": { "type": ["integer", "null"] },
    }))
}

fn duplicate() -> Value {
    object(&json!({
        "number": text(), "href": text(), "state": text(), "place": text(),
        "opened_at": { "type": "string", "format": "date-time" }, "metres": { "type": ["number", "null"] },
        "same_kind": flag(), "alike": { "type": "number", "minimum": 0, "maximum": 1 }, "reasons": list(&text()),
        "action": text(), "field": text(),
    }))
}

/// Adds the board of a process, what is suggested for its cases, and batches of their documents.
pub fn of_process(schemas: &Schemas<'_>, told: &dyn Told, process: &Process, paths: &mut Map<String, Value>) {
    let name = process.name.as_str();
    let title = process.title.get(schemas.lang);
    let root = format!("/api/processes/{name}");
    let column = object(&json!({
        "state": { "enum": process.state_order }, "title": text(), "settled": flag(), "count": whole(), "more": flag(),
        "items": list(&schema(&format!("case.{name}"))), "next": text_or_null(),
    }));
    let whole_board = object(&json!({ "process": { "const": name }, "columns": list(&column) }));
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": board::COLUMN_CASES_MAX });
    let parameters = vec![
        json!({ "name": "limit", "in": "query", "required": false, "description": told.t("api-limit"), "schema": limit }),
        parameter("fields"),
    ];
    let summary = |key: &str| format!("{} · {title}", told.t(key));
    let shown = reading((format!("board_{name}"), name), summary("api-board"), parameters, whole_board);
    paths.insert(format!("{root}/board"), get(shown));
    let of_case = || vec![parts::path("number"), parameter("fields"), parameter("IfNoneMatch")];
    for (id, key, item) in
        [("suggestions", "api-suggestions", suggestion()), ("duplicates", "api-duplicates", duplicate())]
    {
        let offered = reading((format!("{id}_{name}"), name), summary(key), of_case(), page_of(&item));
        paths.insert(format!("{root}/{id}/{{number}}"), get(offered));
    }
    let body = json!({ "make": flag(), "place": text() });
    batches(schemas, told, (&root, (name, name, title)), (false, body), paths);
}

/// Adds batches of the documents of a register's rows.
pub fn of_register(
    schemas: &Schemas<'_>,
    told: &dyn Told,
    (register, tag): (&Register, &str),
    paths: &mut Map<String, Value>,
) {
    let name = register.name.as_str();
    let root = format!("/api/registers/{name}");
    let filter = json!({ "type": "object", "additionalProperties": text() });
    let body = json!({ "make": flag(), "filter": filter });
    batches(schemas, told, (&root, (name, tag, register.title.get(schemas.lang))), (true, body), paths);
}

fn batches(
    schemas: &Schemas<'_>,
    told: &dyn Told,
    (root, (name, tag, title)): (&str, (&str, &str, &str)),
    (row, mut body): (bool, Value),
    paths: &mut Map<String, Value>,
) {
    let documents = schemas.model.documents.values().filter(|one| one.of == name && one.row == row);
    let names: Vec<&str> = documents.map(|one| one.name.as_str()).collect();
    if names.is_empty() {
        return;
    }
    body["document"] = json!({ "enum": names });
    let body = json!({
        "type": "object", "properties": body, "required": ["document"], "additionalProperties": false,
    });
    let operation = |deed: &str, key: &str, parameters: Vec<Value>, success: Value| {
        let id = if row { format!("{deed}_row_{name}") } else { format!("{deed}_{name}") };
        reading((id, tag), format!("{} · {title}", told.t(key)), parameters, success)
    };
    let all = operation("batches", "api-batches", vec![parameter("fields")], page_of(&schema("Batch")));
    let start = operation("start_batch", "api-batch-start", vec![parameter("IdempotencyKey")], schema("Batch"));
    let start = Operation { body: Some(body), success: ("202", schema("Batch")), ..start };
    paths.insert(format!("{root}/batches"), json!({ "get": all.object(), "post": start.object() }));
    let id = || vec![parts::path("id")];
    let one = operation("batch", "api-batch", id(), schema("Batch"));
    let stop = operation("stop_batch", "api-batch-stop", id(), schema("Batch"));
    let stop = Operation { success: ("200", schema("Batch")), ..stop };
    paths.insert(format!("{root}/batches/{{id}}"), json!({ "get": one.object(), "delete": stop.object() }));
    let zip = operation("batch_zip", "api-batch-zip", id(), Value::Null);
    paths.insert(format!("{root}/batches/{{id}}/zip"), file(zip, "application/zip"));
}

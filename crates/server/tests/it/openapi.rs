//! The document of the interface against the structure OpenAPI 3.1 asks for, and against what the interface takes and gives.

use crate::rest::Client;
use crate::support::{Answer, City};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The structure of a document by the OpenAPI Specification 3.1.0, sections 4.8.1 to 4.8.30, as far as ours uses it.
/// Schemas inside are judged by the meta-schema of JSON Schema 2020-12.
fn structure() -> Value {
    serde_json::from_str(include_str!("support/openapi-structure.json")).unwrap()
}

/// Every schema that stands in the document: those of its components and those of bodies and answers.
fn schemas(document: &Value) -> Vec<&Value> {
    let mut found: Vec<&Value> = document["components"]["schemas"].as_object().unwrap().values().collect();
    let mut left =
        vec![&document["paths"], &document["components"]["parameters"], &document["components"]["responses"]];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(map) => map.iter().for_each(|(name, value)| match name.as_str() {
                "schema" => found.push(value),
                _ => left.push(value),
            }),
            Value::Array(all) => left.extend(all),
            _ => {}
        }
    }
    found
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(all) => all.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// Everything wrong with a document.
fn faults(document: &Value) -> Vec<String> {
    let structure = jsonschema::validator_for(&structure()).unwrap();
    let mut faults: Vec<String> =
        structure.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    for schema in schemas(document) {
        if let Err(error) = jsonschema::meta::validate(schema) {
            faults.push(format!("a schema is none: {error}: {schema}"));
        }
    }
    let mut to = Vec::new();
    references(document, &mut to);
    faults.extend(
        to.into_iter().filter(|to| document.pointer(&to[1..]).is_none()).map(|to| format!("{to} leads nowhere")),
    );
    let mut ids = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let named: BTreeSet<&str> = path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
        for operation in methods.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            if !ids.insert(id.to_owned()) {
                faults.push(format!("{id} is there twice"));
            }
            let parameters = operation["parameters"].as_array().unwrap().iter();
            let told: BTreeSet<&str> =
                parameters.filter(|one| one["in"] == "path").map(|one| one["name"].as_str().unwrap()).collect();
            if told != named {
                faults.push(format!("{id}: {path} has other parts than it tells: {told:?}"));
            }
        }
    }
    faults
}

async fn document(city: &City) -> Value {
    let answer = city.visitor().read("/api/openapi.json", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn the_document_of_a_small_pack_is_valid_and_complete() {
    let city = City::new().await;
    let document = document(&city).await;
    assert_eq!(faults(&document), Vec::<String>::new());
    for (path, method) in [
        ("/api/processes/incident/cases", "get"),
        ("/api/processes/incident/cases", "post"),
        ("/api/processes/incident/cases/{number}", "get"),
        ("/api/processes/incident/cases/{number}/close", "post"),
        ("/api/processes/incident/cases/{number}/supplement", "post"),
        ("/api/processes/matter/cases/{number}/end", "post"),
        ("/api/registers/well/rows", "post"),
        ("/api/registers/well/rows/{shard}/{key}", "put"),
        ("/api/registers/quota/proposals/{shard}/{id}/{verdict}", "post"),
        ("/api/figures/{indicator}", "get"),
        ("/api/figures/{indicator}/rows", "get"),
        ("/api/centre", "get"),
        ("/api/targets", "get"),
        ("/api/registers/well/history/{shard}/{key}", "get"),
        ("/api/processes/incident/board", "get"),
        ("/api/processes/incident/suggestions/{number}", "get"),
        ("/api/processes/incident/duplicates/{number}", "get"),
        ("/api/processes/incident/batches", "post"),
        ("/api/processes/incident/batches/{id}", "delete"),
        ("/api/processes/incident/batches/{id}/zip", "get"),
        ("/api/registers/well/batches", "post"),
        ("/api/tables/{table}", "get"),
        ("/api/bulletins/{bulletin}", "get"),
        ("/api/plans", "get"),
        ("/api/plans/reach", "get"),
        ("/api/plans/reach/adopt", "post"),
        ("/api/rules/{rule}", "get"),
        ("/api/admin/accounts", "get"),
        ("/api/admin/posts", "get"),
        ("/api/admin/account-lines", "get"),
        ("/api/admin/looks", "get"),
        ("/api/admin/policy", "get"),
        ("/api/notices", "get"),
        ("/api/documents/{code}", "get"),
        ("/api/admin/import/accounts", "post"),
        ("/api/places/{code}", "get"),
    ] {
        assert!(document["paths"][path][method].is_object(), "{method} {path}");
    }
    assert!(document["paths"].get("/api/processes/matter/batches").is_none(), "it has no documents");
    let file = &document["paths"]["/api/bulletins/{bulletin}"]["get"];
    assert_eq!(file["responses"]["200"]["content"], json!({ "application/pdf": { "schema": {} } }));
    assert_eq!(file["parameters"][0]["schema"], json!({ "enum": ["report"] }));
    let form = &document["components"]["schemas"]["open.incident"]["properties"]["form"];
    assert_eq!(form["required"], json!(["category", "description"]));
    let codes: Vec<&str> = form["properties"]["category"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["const"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["refuse", "lamp"], "a retired code can no longer be chosen");
    assert!(
        document["components"]["schemas"]["case.incident"]["properties"]["fields"]["properties"]
            .get("reporter_phone")
            .is_none()
    );
}

#[tokio::test]
async fn the_packs_that_ship_have_a_valid_document_too() {
    let packs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let folders: Vec<_> = std::fs::read_dir(packs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("pack.yaml").exists())
        .collect();
    let (model, findings) = ganglion_pack::compile_folders(&folders).unwrap();
    let model = std::sync::Arc::new(model.unwrap_or_else(|| panic!("{findings}")));
    let town = crate::staff::Town::of(&model, &[]).await;
    let document = town.visitor().read("/api/openapi.json", None).await.json();
    assert_eq!(faults(&document), Vec::<String>::new());
    for process in model.processes.keys() {
        assert!(document["paths"][format!("/api/processes/{process}/cases")]["post"].is_object(), "{process}");
    }
}

#[test]
fn faults_of_a_document_are_found() {
    let good = json!({
        "openapi": "3.1.0",
        "info": { "title": "t", "version": "1" },
        "paths": { "/a/{b}": { "get": {
            "operationId": "a",
            "parameters": [{ "name": "b", "in": "path", "required": true, "schema": {} }],
            "responses": { "200": { "description": "x", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/A" } } } } },
        } } },
        "components": { "schemas": { "A": { "type": "string" } } },
    });
    assert_eq!(faults(&good), Vec::<String>::new());
    for (at, value) in [
        ("/openapi", json!("3.0.0")),
        ("/paths/~1a~1{b}/get/parameters", json!([])),
        ("/paths/~1a~1{b}/get/parameters/0/required", json!(false)),
        ("/paths/~1a~1{b}/get/responses/200", json!({})),
        ("/components/schemas/A/type", json!("colour")),
        ("/components/schemas", json!({})),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(at).unwrap() = value;
        assert_ne!(faults(&bad), Vec::<String>::new(), "{at}");
    }
}

#[tokio::test]
async fn what_is_taken_and_given_is_as_the_document_says() {
    let city = City::new().await;
    let document = document(&city).await;
    let says = |name: &str| {
        let mut whole = document.clone();
        whole["$ref"] = json!(format!("#/components/schemas/{name}"));
        jsonschema::validator_for(&whole).unwrap()
    };
    let open = says("open.incident");
    let mut client = Client::of(&city, "dispatch").await;
    let bodies = [
        json!({ "form": { "category": "refuse", "description": "x", "location": [116.84, 38.32] } }),
        json!({ "form": { "category": "coal", "description": "x", "location": [116.84, 38.32] } }),
        json!({ "form": { "category": "refuse", "location": [116.84, 38.32] } }),
        json!({ "form": { "category": "refuse", "description": "x", "location": "here" } }),
        json!({ "form": { "category": "refuse", "description": "x", "location": [116.84, 38.32], "colour": "red" } }),
    ];
    for body in &bodies {
        let answer = client.post("/api/processes/incident/cases", body).await;
        assert_eq!(open.is_valid(body), answer.status == 201, "{body}: {}", answer.text);
        let outcome = if answer.status == 201 { "Outcome" } else { "Problem" };
        assert!(says(outcome).is_valid(&answer.json()), "{}", answer.text);
    }
    let list = client.get("/api/processes/incident/cases").await.json();
    let case = says("case.incident");
    let wrong: Vec<String> = case.iter_errors(&list["items"][0]).map(|error| error.to_string()).collect();
    assert_eq!(wrong, Vec::<String>::new(), "{list}");
}

#[tokio::test]
async fn the_page_of_the_document_works_without_scripts_and_from_nowhere_else() {
    let city = City::new().await;
    let mut visitor = city.visitor();
    let page = visitor.get("/api/docs").await;
    assert_eq!(page.status, 200);
    assert!(
        page.text.contains("/api/docs?part=incident") && page.text.contains("id=\"problem-form\""),
        "{}",
        page.text
    );
    let part = visitor.get("/api/docs?part=incident").await;
    assert!(
        part.text.contains("/api/processes/incident/cases") && part.text.contains("Idempotency-Key"),
        "{}",
        part.text
    );
    assert!(!part.text.contains("//cdn") && !part.text.contains("<script>"));
    assert!(visitor.get("/api/docs?part=register.well").await.text.contains("/api/registers/well/rows/{shard}/{key}"));
    let tag = visitor.read("/api/openapi.json", None).await.header("etag").to_owned();
    visitor.headers.push(("if-none-match".to_owned(), tag));
    assert_eq!(visitor.read("/api/openapi.json", None).await.status, 304);
}

/// That an answer is a problem of this status and kind.
fn is_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text);
    assert_eq!(answer.json()["code"], code, "{}", answer.text);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_as_every_other_problem() {
    let city = City::new().await;
    let mut client = Client::of(&city, "dispatch").await;
    for shard in ["none", "-1", "99999999999", "%FF", "null,null"] {
        let row = format!("/api/registers/well/rows/{shard}/W1");
        is_problem(&client.get(&row).await, 404, "not_found");
        is_problem(&client.call("DELETE", &row, &[], None).await, 404, "not_found");
        is_problem(&client.call("PUT", &row, &[], Some(&json!({ "form": {} }))).await, 422, "unreadable");
    }
    let long = json!({ "form": { "description": "x".repeat(300 * 1024) } });
    is_problem(&client.post("/api/processes/incident/cases", &long).await, 413, "too_large");
    for limit in ["0", "101", "4294967296", "many"] {
        for list in ["/api/processes/incident/cases?", "/api/registers/well/rows?", "/api/search?q=bins&"] {
            is_problem(&client.get(&format!("{list}limit={limit}")).await, 422, "unreadable");
        }
    }
    let page = city.signed_in("dispatch").await.get("/registers/well/rows/none/W1").await;
    assert_eq!(page.status, 404, "{}", page.text);
    assert!(page.text.contains("This page was not found") && page.text.contains("</html>"), "{}", page.text);
}

#[tokio::test]
async fn every_status_of_success_is_described() {
    let city = City::new().await;
    let document = document(&city).await;
    let told = |path: &str, method: &str| {
        let responses = document["paths"][path][method]["responses"].as_object().unwrap();
        responses.keys().filter(|status| *status != "default").cloned().collect::<Vec<_>>().join(" ")
    };
    let rows = "/api/registers/quota/rows";
    let row = format!("{rows}/{{shard}}/{{key}}");
    for (path, method, statuses) in [
        ("/api/processes/incident/cases", "get", "200 304"),
        ("/api/processes/incident/cases", "post", "201"),
        ("/api/processes/incident/cases/{number}", "get", "200 304"),
        ("/api/places/{code}", "get", "200 304"),
        (rows, "post", "201 202"),
        (&row, "put", "200 202"),
        (&row, "delete", "200 202"),
    ] {
        assert_eq!(told(path, method), statuses, "{method} {path}");
    }
    assert_eq!(document["paths"][row.as_str()]["get"]["responses"]["304"].get("content"), None);
    let mut client = Client::of(&city, "leader").await;
    let list = client.get("/api/processes/incident/cases").await;
    let tag = list.header("etag").to_owned();
    let again = client.call("GET", "/api/processes/incident/cases", &[("if-none-match", &tag)], None).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
}

//! Orders of outside systems in the document: what they may carry, as the pack reads it.

use super::{Operation, Told, parameter, parts, schema};
use crate::limits::BULK_ITEMS_MAX;
use crate::rest::schema::Schemas;
use ganglion_model::pack::{Intake, IntakeSource, Process};
use serde_json::{Map, Value, json};

/// Adds the intakes of a process.
pub fn add(schemas: &Schemas<'_>, told: &dyn Told, process: &Process, paths: &mut Map<String, Value>) {
    for intake in process.intake.values() {
        let (name, of) = (intake.name.as_str(), process.name.as_str());
        let title = intake.title.get(schemas.lang);
        let order = order(schemas, process, intake);
        let many = json!({ "type": "array", "maxItems": BULK_ITEMS_MAX, "items": order });
        let take = Operation {
            id: format!("take_{of}_{name}"),
            tag: of,
            summary: format!("{} · {title}", told.t("api-orders")),
            parameters: Vec::new(),
            body: Some(json!({ "anyOf": [order, many] })),
            success: ("200 201", json!({ "anyOf": [taken(), schema("Results")] })),
            public: false,
        };
        let one = Operation {
            id: format!("get_{of}_{name}"),
            tag: of,
            summary: format!("{} · {title}", told.t("api-order")),
            parameters: vec![parts::path("order"), parameter("fields"), parameter("IfNoneMatch")],
            body: None,
            success: ("200 304", schema(&format!("case.{of}"))),
            public: false,
        };
        let root = format!("/api/processes/{of}/orders/{name}");
        paths.insert(format!("{root}/{{order}}"), json!({ "get": one.object() }));
        paths.insert(root, json!({ "post": take.object() }));
    }
}

/// What is told of an order that was taken in.
fn taken() -> Value {
    json!({
        "type": "object",
        "properties": {
            "order": { "type": "string" },
            "number": { "type": "string" },
            "state": { "type": ["string", "null"] },
            "version": { "type": ["integer", "null"] },
            "repeated": { "type": "boolean" },
        },
        "required": ["order", "number", "repeated"],
    })
}

/// What an order may carry: the keys that are read, with the titles of the fields they go into. Others are passed over.
fn order(schemas: &Schemas<'_>, process: &Process, intake: &Intake) -> Value {
    let single = || json!({ "type": ["string", "number", "boolean", "null"] });
    let mut keys: Map<String, Value> =
        crate::intake::keys(intake).into_iter().map(|key| (key.to_owned(), single())).collect();
    for field in &intake.fields {
        let Some(declared) = process.form.iter().find(|one| one.name == field.field) else { continue };
        let of = match &field.source {
            IntakeSource::Key(key) => vec![key],
            IntakeSource::Point { lon, lat, .. } => vec![lon, lat],
            IntakeSource::Value(_) => Vec::new(),
        };
        for key in of {
            let Some(told) = keys.get_mut(key).and_then(Value::as_object_mut) else { continue };
            told.insert("title".to_owned(), json!(declared.title.get(schemas.lang)));
            if declared.personal {
                told.insert("writeOnly".to_owned(), json!(true));
            }
        }
    }
    keys.insert(intake.order.clone(), json!({ "type": ["string", "integer"], "minLength": 1 }));
    json!({ "type": "object", "properties": keys, "required": [intake.order], "additionalProperties": true })
}

//! Plans and standing rules in the document.

use super::{Operation, Parts, Told, page_of, parameter, parts, query, schema};
use crate::rest::schema::Schemas;
use ganglion_model::pack::{Field, Plan};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn object(properties: &Value) -> Value {
    json!({ "type": "object", "properties": properties })
}

fn list(item: &Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// An exact number as text.
fn exact() -> Value {
    json!({ "type": "string" })
}

fn exact_or_null() -> Value {
    json!({ "type": ["string", "null"] })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn whole() -> Value {
    json!({ "type": "integer" })
}

/// A row of a register, or a place.
fn subject() -> Value {
    object(&json!({ "register": text(), "shard": whole(), "key": text(), "place": text(), "title": text() }))
}

/// What a plan is computed to; lists that a kind of plan does not have are empty.
fn computed() -> Value {
    let subject = || schema("PlanSubject");
    let or_null = |of: Value| json!({ "anyOf": [of, { "type": "null" }] });
    let point = json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 });
    let flow = object(&json!({
        "from": subject(), "to": subject(), "over": or_null(subject()), "tier": whole(), "amount": exact(),
        "arrives": exact(), "cost": exact_or_null(), "km": exact_or_null(),
    }));
    let lack = object(&json!({
        "subject": subject(), "tier": whole(), "asked": exact(), "lacking": exact(), "minutes": exact_or_null(),
        "cause": { "enum": ["no_link", "capacity", "supplies", null] },
    }));
    let used = object(&json!({ "subject": subject(), "there": exact_or_null(), "used": exact() }));
    let reached = object(&json!({
        "subject": subject(), "point": point, "weight": exact(), "covered": { "type": "boolean" },
        "minutes": exact_or_null(), "nearest": or_null(subject()),
    }));
    let site = object(&json!({ "subject": subject(), "point": point, "gained": exact(), "places": whole() }));
    let help = object(&json!({
        "subject": subject(), "what": { "enum": ["supply", "capacity"] }, "of": text(), "tier": whole(), "gain": exact(),
    }));
    let missing = object(&json!({ "what": { "enum": ["amount", "point", "key"] }, "subject": subject() }));
    let adopt = object(&json!({
        "register": text(), "new": whole(), "changed": whole(), "same": whole(), "ended": whole(), "waiting": whole(),
        "needs_two": { "type": "boolean" }, "may": { "type": "boolean" }, "digest": text(),
    }));
    object(&json!({
        "plan": text(), "title": text(), "kind": { "enum": ["allocation", "assignment", "coverage"] }, "place": text(),
        "date": { "type": "string", "format": "date" }, "form": { "type": ["object", "null"] }, "unit": text(),
        "asked": exact(), "served": exact(), "cost": exact_or_null(), "flows": list(&flow), "lacks": list(&lack),
        "uses": list(&used), "capacities": list(&used), "missing": list(&missing), "reached": list(&reached),
        "sites": list(&site), "helps": list(&help),
        "tiers": list(&object(&json!({ "tier": whole(), "asked": exact(), "served": exact() }))),
        "areas": list(&object(&json!({ "place": text(), "asked": exact(), "served": exact() }))),
        "adopt": or_null(adopt),
    }))
}

/// A plan as it is listed.
fn known() -> Value {
    object(&json!({
        "plan": text(), "pack": text(), "title": text(), "about": text(), "unit": text(), "asks": list(&text()),
        "kind": { "enum": ["allocation", "assignment", "coverage"] }, "adopts": { "type": "boolean" }, "href": text(),
    }))
}

fn rule() -> Value {
    let over = object(&json!({ "kind": { "enum": ["process", "register"] }, "name": text() }));
    object(&json!({
        "rule": text(), "pack": text(), "title": text(), "message": text(), "over": over, "broken": whole(), "href": text(),
    }))
}

fn broken() -> Value {
    object(&json!({
        "kind": { "enum": ["case", "row"] }, "key": text(), "shard": whole(), "place": text(),
        "since": { "type": "string", "format": "date-time" }, "opened": { "type": ["string", "null"] }, "href": text(),
    }))
}

/// A plan's field as a parameter.
fn answer(schemas: &Schemas<'_>, field: &Field) -> Value {
    let mut one = query(&format!("f.{}", field.name));
    one["description"] = json!(field.title.get(schemas.lang));
    one
}

/// Something one reads with a key or a token.
fn reading(
    told: &dyn Told,
    (id, tag, key): (&str, &'static str, &str),
    parameters: Vec<Value>,
    success: Value,
) -> Value {
    let operation = Operation {
        id: id.to_owned(),
        tag,
        summary: told.t(key),
        parameters,
        body: None,
        success: ("200 304", success),
        public: false,
    };
    json!({ "get": operation.object() })
}

fn adopting(schemas: &Schemas<'_>, told: &dyn Told, plan: &Plan) -> Value {
    let body = json!({
        "type": "object",
        "properties": {
            "place": text(),
            "date": { "type": "string", "format": "date" },
            "form": schemas.form(&plan.form),
            "digest": text(),
        },
        "required": ["digest"],
        "additionalProperties": false,
    });
    let done = object(&json!({ "changes": whole(), "failed": whole(), "proposed": { "type": "boolean" } }));
    let operation = Operation {
        id: format!("adopt_plan_{}", plan.name),
        tag: "plans",
        summary: format!("{} · {}", told.t("api-plan-adopt"), plan.title.get(schemas.lang)),
        parameters: vec![parameter("IdempotencyKey")],
        body: Some(body),
        success: ("200 202", done),
        public: false,
    };
    json!({ "post": operation.object() })
}

/// Adds every plan and the rules.
pub fn add(schemas: &Schemas<'_>, told: &dyn Told, (paths, components): Parts<'_>) {
    components.insert("PlanSubject".to_owned(), subject());
    components.insert("ComputedPlan".to_owned(), computed());
    let listed = reading(told, ("list_plans", "plans", "api-list-plans"), vec![parameter("fields")], page_of(&known()));
    paths.insert("/api/plans".to_owned(), listed);
    for plan in schemas.model.plans.values() {
        let own = [query("place"), query("date"), parameter("fields"), parameter("IfNoneMatch")];
        let parameters = own.into_iter().chain(plan.form.iter().map(|field| answer(schemas, field))).collect();
        let compute = Operation {
            id: format!("compute_plan_{}", plan.name),
            tag: "plans",
            summary: format!("{} · {}", told.t("api-plan-compute"), plan.title.get(schemas.lang)),
            parameters,
            body: None,
            success: ("200 304", schema("ComputedPlan")),
            public: false,
        };
        paths.insert(format!("/api/plans/{}", plan.name), json!({ "get": compute.object() }));
        if plan.result.is_some() {
            paths.insert(format!("/api/plans/{}/adopt", plan.name), adopting(schemas, told, plan));
        }
    }
    rules(told, paths, components);
}

fn rules(told: &dyn Told, paths: &mut Map<String, Value>, components: &mut BTreeMap<String, Value>) {
    components.insert("Broken".to_owned(), broken());
    let all = reading(told, ("list_rules", "rules", "api-list-rules"), vec![parameter("fields")], page_of(&rule()));
    paths.insert("/api/rules".to_owned(), all);
    let parameters =
        vec![parts::path("rule"), query("place"), parameter("limit"), parameter("after"), parameter("fields")];
    let one = reading(told, ("get_rule", "rules", "api-get-rule"), parameters, page_of(&schema("Broken")));
    paths.insert("/api/rules/{rule}".to_owned(), one);
}

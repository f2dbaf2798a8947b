//! JSON Schemas for the files of a pack, for editors: made from the shapes that the compiler's own readers note.

use crate::shape::{Mapping, Shape, Shapes, gather};
use crate::source::PackSource;
use crate::told::{Sentences, Told};
use crate::trace::Form;
use ganglion_model::Level;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where a schema says it is from; editors show it, nobody fetches it.
const BASE: &str = "https://json-schema.org/draft/2020-12/schema";

/// One schema a kind of file, by its name (`pack`, `registers`, …): what `packs` and the built-in specimen show of the
/// language.
#[must_use]
pub fn schemas(packs: &[PackSource]) -> BTreeMap<String, Value> {
    let mut all = crate::specimen::packs();
    all.extend_from_slice(packs);
    let shapes = gather(&all);
    let told = Sentences::built_in();
    shapes.files.iter().map(|(name, shape)| (name.clone(), file((&shapes, told), name, shape))).collect()
}

fn file((shapes, told): (&Shapes, &Sentences), name: &str, shape: &Shape) -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!(BASE));
    schema.insert("title".to_owned(), json!(format!("Ganglion pack: {name}")));
    if let Value::Object(more) = of(shape) {
        schema.extend(more);
    }
    let defs: Map<String, Value> =
        shapes.kinds.iter().map(|(name, kind)| (id(name), mapping(name, kind, (shapes, told)))).collect();
    schema.insert("$defs".to_owned(), Value::Object(defs));
    Value::Object(schema)
}

/// A name fit for an address.
fn id(name: &str) -> String {
    let short = name.trim_start_matches("the ").trim_start_matches("a ").trim_start_matches("an ");
    short.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

fn mapping(name: &str, kind: &Mapping, (shapes, told): (&Shapes, &Sentences)) -> Value {
    if !kind.types.is_empty() {
        return typed(name, kind, shapes);
    }
    let property = |key: &String| (key.clone(), described(under(kind, key), told.of(name, key)));
    let properties: Map<String, Value> = kind.known.iter().map(property).collect();
    let mut schema = Map::new();
    schema.insert("title".to_owned(), json!(name));
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("additionalProperties".to_owned(), json!(false));
    if !kind.needed.is_empty() {
        schema.insert("required".to_owned(), json!(kind.needed));
    }
    if kind.one && !kind.beside.is_empty() {
        let alone = kind.known.iter().filter(|key| !kind.beside.contains(key));
        let each: Vec<Value> = alone.map(|key| json!({"required": [key]})).collect();
        schema.insert("oneOf".to_owned(), Value::Array(each));
    } else if kind.one {
        schema.insert("minProperties".to_owned(), json!(1));
        schema.insert("maxProperties".to_owned(), json!(1));
    }
    Value::Object(schema)
}

/// With what editors show of the key, in both languages and by example.
fn described(schema: Value, told: Option<&Told>) -> Value {
    let Some(told) = told else { return schema };
    let mut schema = if let Value::Object(schema) = schema { schema } else { Map::new() };
    schema.insert("description".to_owned(), json!(format!("{}\n{}\n{}", told.zh, told.en, told.example)));
    Value::Object(schema)
}

/// The keys depend on `type`.
fn typed(name: &str, kind: &Mapping, shapes: &Shapes) -> Value {
    let names: Vec<&String> = kind.types.keys().collect();
    let cases: Vec<Value> = kind
        .types
        .iter()
        .filter(|(_, name)| shapes.kinds.contains_key(*name))
        .map(|(type_name, kind)| {
            let test = json!({"properties": {"type": {"const": type_name}}, "required": ["type"]});
            json!({"if": test, "then": {"$ref": format!("#/$defs/{}", id(kind))}})
        })
        .collect();
    json!({
        "title": name,
        "type": "object",
        "properties": {"type": {"enum": names}},
        "required": ["type"],
        "allOf": cases,
    })
}

fn under(kind: &Mapping, key: &str) -> Value {
    let Some(shape) = kind.values.get(key) else { return json!(true) };
    let known = of(shape);
    if shape.told || shape.is_open() {
        return known;
    }
    // What samples show may not be all: what they do not show at all is let through.
    let mut rest = Vec::new();
    rest.extend(shape.forms.is_empty().then_some(["string", "number", "boolean"]).into_iter().flatten());
    rest.extend((shape.kinds.is_empty() && shape.entries.is_none()).then_some("object"));
    rest.extend(shape.items.is_none().then_some("array"));
    if rest.is_empty() { known } else { json!({"anyOf": [known, {"type": rest}]}) }
}

/// The schema of what may stand in one place.
fn of(shape: &Shape) -> Value {
    if shape.is_open() {
        return json!(true);
    }
    let mut any: Vec<Value> = shape.forms.iter().map(form).collect();
    any.extend(shape.kinds.iter().map(|name| json!({"$ref": format!("#/$defs/{}", id(name))})));
    any.extend(shape.items.as_deref().map(|items| json!({"type": "array", "items": of(items)})));
    any.extend(shape.entries.as_deref().map(|entries| json!({"type": "object", "additionalProperties": of(entries)})));
    any.dedup();
    match any.len() {
        1 => any.remove(0),
        _ => json!({"anyOf": any}),
    }
}

fn form(form: &Form) -> Value {
    let single = json!({"type": ["string", "number", "boolean"]});
    match form {
        Form::Text => json!({"anyOf": [
            {"type": ["string", "number"]},
            {"type": "object", "properties": {"zh": {"type": "string"}, "en": {"type": "string"}}, "required": ["zh"],
             "additionalProperties": false},
        ]}),
        Form::Flag(otherwise) => json!({"type": "boolean", "default": otherwise}),
        Form::Whole(low, high) => json!({"type": "integer", "minimum": low, "maximum": high}),
        Form::Word(words) => {
            // YAML reads a bare `true` as a flag.
            let flags = [("true", true), ("false", false)].into_iter().filter(|(word, _)| words.contains(*word));
            let all: Vec<Value> =
                words.iter().map(|word| json!(word)).chain(flags.map(|(_, flag)| json!(flag))).collect();
            json!({"enum": all})
        }
        Form::Levels => {
            let level = json!({"enum": Level::ALL.map(Level::as_str)});
            json!({"anyOf": [level, {"type": "array", "items": level}]})
        }
        Form::Names => json!({"anyOf": [single, {"type": "array", "items": single}]}),
        Form::Expression => json!({"type": ["string", "number", "boolean"], "description": "an expression (CEL)"}),
        Form::Scalar => single,
    }
}

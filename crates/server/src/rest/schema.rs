//! JSON Schema (2020-12) of declared fields: what a form takes, and what a case or row holds. Made from the compiled packs,
//! so a new pack has its schemas at once. The rules of `decide` go further (guards, conditions between fields); a schema
//! says what can be said of one value.

use ganglion_model::pack::{CodeList, Field, FieldKind, Required};
use ganglion_model::{Lang, Model};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

/// Codes of a list that are told one by one with their titles.
const CODES_TOLD_MAX: usize = 400;

/// Makes schemas in one language.
#[derive(Clone, Copy)]
pub struct Schemas<'a> {
    /// Packs.
    pub model: &'a Model,
    /// Language of titles.
    pub lang: Lang,
    /// Day on which codes are in use.
    pub today: Date,
}

/// Whether values go in or come out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As a form takes them.
    In,
    /// As they are kept.
    Out,
}

impl Schemas<'_> {
    /// What a form with these fields takes.
    pub fn form(&self, fields: &[Field]) -> Value {
        let typed = fields.iter().filter(|field| field.is_typed());
        let properties: Map<String, Value> =
            typed.clone().map(|field| (field.name.clone(), self.field(field, Way::In))).collect();
        // What is asked under a condition only is not asked always.
        let is_needed = |field: &&Field| {
            field.required == Required::Yes
                && field.when.is_none()
                && field.default.is_none()
                && field.default_from.is_none()
        };
        let required: Vec<&str> = typed.filter(is_needed).map(|field| field.name.as_str()).collect();
        let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if let (false, Some(schema)) = (required.is_empty(), schema.as_object_mut()) {
            schema.insert("required".to_owned(), json!(required));
        }
        schema
    }

    /// What a case or row with these fields tells: no personal value ever.
    pub fn kept(&self, fields: &[&Field]) -> Value {
        let told = fields.iter().filter(|field| !field.personal);
        let properties: Map<String, Value> =
            told.map(|field| (field.name.clone(), self.field(field, Way::Out))).collect();
        json!({ "type": "object", "properties": properties })
    }

    fn field(&self, field: &Field, way: Way) -> Value {
        let mut schema = self.kind(&field.kind, way);
        let Some(told) = schema.as_object_mut() else { return schema };
        told.insert("title".to_owned(), json!(field.title.get(self.lang)));
        if !field.help.is_empty() && way == Way::In {
            told.insert("description".to_owned(), json!(field.help.get(self.lang)));
        }
        if field.personal {
            told.insert("writeOnly".to_owned(), json!(true));
        }
        if let (Some(default), Way::In) = (&field.default, way) {
            told.insert("default".to_owned(), default.clone());
        }
        if let Some(unit) = &field.unit {
            told.insert("x-unit".to_owned(), json!(unit.get(self.lang)));
        }
        schema
    }

    fn kind(&self, kind: &FieldKind, way: Way) -> Value {
        match kind {
            FieldKind::Text { max, pattern } => {
                let mut schema = json!({ "type": "string", "maxLength": max });
                if let (Some(pattern), Some(told)) = (pattern, schema.as_object_mut()) {
                    told.insert("pattern".to_owned(), json!(format!("^(?:{pattern})$")));
                }
                schema
            }
            FieldKind::LongText { max } => json!({ "type": "string", "maxLength": max }),
            FieldKind::Integer { min, max } => {
                let mut schema = Map::from_iter([("type".to_owned(), json!("integer"))]);
                schema.extend(min.map(|min| ("minimum".to_owned(), json!(min))));
                schema.extend(max.map(|max| ("maximum".to_owned(), json!(max))));
                Value::Object(schema)
            }
            FieldKind::Money => json!({ "type": "integer", "description": "fen", "x-unit": "fen" }),
            FieldKind::Decimal { precision, scale } => exact(way, (*precision, *scale), None),
            FieldKind::Quantity { unit, precision, scale } => exact(way, (*precision, *scale), Some(unit)),
            FieldKind::Date => json!({ "type": "string", "format": "date" }),
            FieldKind::Datetime => json!({ "type": "string", "format": "date-time" }),
            FieldKind::Time => json!({ "type": "string", "pattern": "^[0-2]?[0-9]:[0-5][0-9]$" }),
            FieldKind::Duration => json!({ "type": "string", "examples": ["4 wh", "7 wd"] }),
            FieldKind::Boolean => json!({ "type": "boolean" }),
            FieldKind::Choice { list } => self.code(list, way),
            FieldKind::Choices { list } => json!({ "type": "array", "items": self.code(list, way) }),
            FieldKind::Ref { register } => json!({ "type": "string", "x-register": register }),
            FieldKind::Refs { register, max } => {
                json!({ "type": "array", "maxItems": max, "items": { "type": "string", "x-register": register } })
            }
            FieldKind::CaseRef { process } => json!({ "type": "string", "maxLength": 60, "x-process": process }),
            FieldKind::Place { levels } => {
                json!({ "type": "string", "pattern": "^[0-9]{2}([0-9]{2}){0,2}([0-9]{3}){0,3}$", "x-levels": levels })
            }
            FieldKind::Post { roles, .. } => json!({ "type": "string", "x-roles": roles }),
            FieldKind::Account { roles, .. } => json!({ "type": "string", "x-roles": roles }),
            FieldKind::Posts { roles, .. } => {
                json!({ "type": "array", "maxItems": 9, "items": { "type": "string", "x-roles": roles } })
            }
            FieldKind::Point => point(),
            FieldKind::Line => json!({ "type": "array", "items": point(), "description": "WGS-84" }),
            FieldKind::Polygon => {
                json!({ "type": "array", "items": { "type": "array", "items": point() }, "description": "WGS-84" })
            }
            FieldKind::Files { max, .. } => {
                json!({ "type": "array", "maxItems": max, "items": { "type": "string", "maxLength": 80 } })
            }
            FieldKind::Phone => json!({ "type": "string", "maxLength": 40 }),
            FieldKind::CitizenId => json!({ "type": "string", "maxLength": 40 }),
            FieldKind::CreditCode => json!({ "type": "string", "maxLength": 40 }),
            FieldKind::Serial { .. } => json!({ "type": "string", "readOnly": true }),
            FieldKind::Table { fields, min_rows, max_rows } => {
                let items = match way {
                    Way::In => self.form(fields),
                    Way::Out => self.kept(&fields.iter().collect::<Vec<_>>()),
                };
                json!({ "type": "array", "minItems": min_rows, "maxItems": max_rows, "items": items })
            }
        }
    }

    /// A code of a list. What is kept may have been retired since.
    fn code(&self, list: &str, way: Way) -> Value {
        let Some(list) = self.model.lists.get(list) else { return json!({ "type": "string" }) };
        let codes = self.codes(list, way);
        if codes.is_empty() || codes.len() > CODES_TOLD_MAX {
            return json!({ "type": "string", "x-list": list.name });
        }
        json!({ "type": "string", "x-list": list.name, "oneOf": codes })
    }

    fn codes(&self, list: &CodeList, way: Way) -> Vec<Value> {
        let in_use = list.codes.iter().filter(|code| way == Way::Out || code.valid_on(self.today));
        in_use.map(|code| json!({ "const": code.code, "title": code.title.get(self.lang) })).collect()
    }
}

fn point() -> Value {
    json!({
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "prefixItems": [
            { "type": "number", "minimum": -180, "maximum": 180 },
            { "type": "number", "minimum": -90, "maximum": 90 },
        ],
        "description": "[lon, lat], WGS-84",
    })
}

/// An exact number, kept as text so that nothing is rounded.
fn exact(way: Way, (precision, scale): (u8, u8), unit: Option<&String>) -> Value {
    let mut schema = match way {
        Way::In => json!({ "type": ["string", "number"] }),
        Way::Out => json!({ "type": "string" }),
    };
    if let Some(told) = schema.as_object_mut() {
        told.insert("x-precision".to_owned(), json!(precision));
        told.insert("x-scale".to_owned(), json!(scale));
        told.extend(unit.map(|unit| ("x-unit".to_owned(), json!(unit))));
    }
    schema
}

//! What the names in an expression of a plan stand for: `form.*`, rows by the part they play (`row`, `supply`, `demand`, `link`,
//! `worker`, `job`, `place`, `facility`), what the plan found (`result.*`), `today`.

use super::{Input, PlacePoint};
use ganglion_model::expr::{Expr, Scope, Val};
use ganglion_model::pack::Field;
use ganglion_model::row::Record;
use ganglion_model::scope::follow;
use ganglion_model::{Decimal, Shard};
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;

/// Names of one row of a plan.
#[derive(Clone)]
pub struct PlanNames<'a> {
    /// What it is computed from.
    pub input: Input<'a>,
    /// Its form.
    form: &'a [Field],
    named: Vec<(&'static str, &'a Record)>,
    found: Vec<(&'static str, Val<'static>)>,
}

impl<'a> PlanNames<'a> {
    /// Names without any row.
    pub fn new(input: Input<'a>, form: &'a [Field]) -> PlanNames<'a> {
        PlanNames { input, form, named: Vec::new(), found: Vec::new() }
    }

    /// With a row.
    pub fn with(mut self, name: &'static str, record: &'a Record) -> PlanNames<'a> {
        self.named.push((name, record));
        self
    }

    /// With something found.
    pub fn found(mut self, name: &'static str, value: Val<'static>) -> PlanNames<'a> {
        self.found.push((name, value));
        self
    }

    /// A number; `None` when it has no value.
    pub fn number(&self, expr: &Expr) -> Option<Decimal> {
        expr.eval(self).number()
    }

    /// A text, as keys and columns are compared.
    pub fn text(&self, expr: &Expr) -> Option<String> {
        text_of(&expr.eval(self))
    }

    fn of_row<'b>(&'b self, record: &'b Record, path: &[String]) -> Val<'b> {
        let declared = self.input.rows.fields(&record.register);
        let own = |name: &str| declared.iter().any(|field| field.name == name);
        match (path, record.place) {
            ([part], Some(place)) if part == "place" && !own("place") => Val::Text(Cow::Owned(place.to_string())),
            ([part], _) if part == "key" && !record.register.is_empty() && !own("key") => {
                Val::Text(Cow::Borrowed(&record.key))
            }
            // A place of a level has no declaration: its values lead nowhere further.
            ([part], _) if record.register.is_empty() => record.fields.get(part).map_or(Val::Null, Val::from_json),
            _ => follow(self.input.rows, &record.fields, declared, path, self.input.day),
        }
    }
}

/// The text of a value as columns are compared: numbers without trailing zeros.
pub fn text_of(value: &Val<'_>) -> Option<String> {
    match value {
        Val::Text(text) => Some(text.clone().into_owned()),
        Val::Int(n) => Some(n.to_string()),
        Val::Num(n) => Some(n.normalize().to_string()),
        Val::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

impl Scope for PlanNames<'_> {
    fn get<'b>(&'b self, path: &[String]) -> Val<'b> {
        let Some((root, rest)) = path.split_first() else {
            return Val::Null;
        };
        match root.as_str() {
            "today" => Val::Text(Cow::Owned(self.input.day.to_string())),
            "form" => follow(self.input.rows, self.input.form, self.form, rest, self.input.day),
            "result" => {
                let found = self.found.iter().find(|(name, _)| rest.first().is_some_and(|part| part == name));
                found.map_or(Val::Null, |(_, value)| value.clone())
            }
            name => {
                let record = self.named.iter().find(|(known, _)| *known == name);
                record.map_or(Val::Null, |(_, record)| self.of_row(record, rest))
            }
        }
    }
}

/// The point of a row.
pub fn point(record: &Record, field: &str) -> Option<[f64; 2]> {
    let pair = record.fields.get(field)?.as_array()?;
    let point = [pair.first()?.as_f64()?, pair.get(1)?.as_f64()?];
    point.iter().all(|one| one.is_finite()).then_some(point)
}

/// A place as a row, so that expressions read it like one.
pub fn place_row(place: &PlacePoint) -> Record {
    let fields = [("code", place.code.to_string()), ("name", place.name.clone())];
    Record {
        register: String::new(),
        shard: Shard::DEPLOYMENT,
        key: place.code.to_string(),
        version: 0,
        place: Some(place.code),
        valid_from: None,
        valid_to: None,
        updated_at: Timestamp::UNIX_EPOCH,
        fields: fields.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect(),
        authority: None,
        documents: Vec::new(),
    }
}

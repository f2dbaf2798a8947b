//! What the names in an expression of a plan stand for: `form.*`, rows by the part they play (`row`, `supply`, `demand`, `link`,
//! `worker`, `job`, `place`, `facility`), numbers the plan found (`result.*`), `now` and `today`.

use super::PlacePoint;
use ganglion_model::clocks::local_date;
use ganglion_model::expr::{Expr, Scope, Val};
use ganglion_model::pack::Field;
use ganglion_model::row::Record;
use ganglion_model::scope::{Rows, follow};
use ganglion_model::{Fields, Shard};
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;

/// Names of one row of a plan.
#[derive(Clone)]
pub struct PlanNames<'a> {
    /// Register rows that references lead to.
    pub rows: &'a dyn Rows,
    /// What was asked.
    pub form: (&'a Fields, &'a [Field]),
    /// When.
    pub now: Timestamp,
    /// Rows by the part they play.
    pub named: Vec<(&'static str, &'a Record)>,
    /// Digits after the point of numbers found.
    pub decimals: u8,
    /// Numbers found.
    pub results: Vec<(&'static str, f64)>,
}

impl<'a> PlanNames<'a> {
    /// With a row.
    pub fn with(mut self, name: &'static str, record: &'a Record) -> PlanNames<'a> {
        self.named.push((name, record));
        self
    }

    /// With a number.
    pub fn result(mut self, name: &'static str, value: f64) -> PlanNames<'a> {
        self.results.push((name, value));
        self
    }

    /// A number, `None` when it has no value.
    pub fn number(&self, expr: &Expr) -> Option<f64> {
        match expr.eval(self) {
            #[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^53")]
            Val::Int(n) => Some(n as f64),
            Val::Num(n) => n.to_string().parse().ok(),
            Val::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A text, as keys and columns are compared.
    pub fn text(&self, expr: &Expr) -> Option<String> {
        text_of(&expr.eval(self))
    }

    /// A value for a field; numbers that are not whole are cut to `decimals` and written out.
    pub fn stored(&self, expr: &Expr, decimals: u8) -> Value {
        match expr.eval(self) {
            Val::Num(n) => Value::String(cut(n.to_string().parse().unwrap_or(f64::NAN), decimals)),
            other => other.to_json(),
        }
    }
}

/// A number found, cut; a whole one without digits after the point.
fn decimal<'a>(n: f64, decimals: u8) -> Val<'a> {
    let text = cut(n, decimals);
    if decimals == 0 {
        return text.parse().map_or(Val::Null, Val::Int);
    }
    text.parse().map_or(Val::Null, Val::Num)
}

/// A number cut to so many digits; what is within a millionth of the next digit counts as reached.
pub fn cut(n: f64, decimals: u8) -> String {
    let scale = 10f64.powi(i32::from(decimals));
    format!("{:.*}", usize::from(decimals), (n * scale + 1e-6 * n.abs().max(1.0)).floor() / scale)
}

/// The text of a value as columns are compared: numbers without trailing zeros.
pub fn text_of(value: &Val<'_>) -> Option<String> {
    match value {
        Val::Text(text) => Some(text.clone().into_owned()),
        Val::Int(n) => Some(n.to_string()),
        Val::Num(n) => Some(n.to_string()),
        Val::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

impl Scope for PlanNames<'_> {
    fn get<'b>(&'b self, path: &[String]) -> Val<'b> {
        let Some((root, rest)) = path.split_first() else {
            return Val::Null;
        };
        let day = local_date(self.now);
        match root.as_str() {
            "now" => Val::Time(self.now.as_microsecond()),
            "today" => Val::Text(Cow::Owned(day.to_string())),
            "form" => follow(self.rows, self.form.0, self.form.1, rest, day),
            "result" => {
                let found = self.results.iter().find(|(name, _)| rest.first().is_some_and(|part| part == name));
                found.map_or(Val::Null, |(_, value)| decimal(*value, self.decimals))
            }
            name => self.named.iter().find(|(known, _)| *known == name).map_or(Val::Null, |(_, record)| {
                match (rest, record.place) {
                    ([part], Some(place)) if part == "place" && !record.fields.contains_key("place") => {
                        Val::Text(Cow::Owned(place.to_string()))
                    }
                    _ => follow(self.rows, &record.fields, self.rows.fields(&record.register), rest, day),
                }
            }),
        }
    }
}

/// The point of a row.
pub fn point(record: &Record, field: &str) -> Option<[f64; 2]> {
    let pair = record.fields.get(field)?.as_array()?;
    Some([pair.first()?.as_f64()?, pair.get(1)?.as_f64()?])
}

/// A place as a row, so that expressions read it like one.
pub fn place_row(place: &PlacePoint, now: Timestamp) -> Record {
    let text = |text: String| Value::String(text);
    let fields = [("code".to_owned(), text(place.code.to_string())), ("name".to_owned(), text(place.name.clone()))];
    Record {
        register: String::new(),
        shard: Shard::default(),
        key: place.code.to_string(),
        version: 0,
        place: Some(place.code),
        valid_from: None,
        valid_to: None,
        updated_at: now,
        fields: fields.into_iter().collect(),
        authority: None,
    }
}

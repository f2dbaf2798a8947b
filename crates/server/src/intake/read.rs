//! One order of an outside system, read as the pack says: which value goes into which field of the opening form. Pure, but
//! for rows of registers and names of places, which it looks up in the world it is given. Judges nothing: what a value is
//! worth is decided where every form is.

use crate::open311::named;
use ganglion_geo::{Datum, Point, to_wgs84};
use ganglion_kernel::World;
use ganglion_model::clocks::instant_of;
use ganglion_model::pack::{FieldKind, Intake, IntakeField, IntakeSource, Process};
use ganglion_model::units::half_width;
use ganglion_model::{Fields, PlaceCode};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

/// An order as it was sent: values by key.
pub type Order = Map<String, Value>;

/// Where an order is read.
pub struct Reader<'a> {
    /// Packs, registers and places.
    pub world: &'a World,
    /// The process its case is of.
    pub process: &'a Process,
    /// How it is read.
    pub intake: &'a Intake,
    /// Places are looked for by name inside this one.
    pub within: PlaceCode,
    /// The day.
    pub today: Date,
}

/// What an order says.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Its own number.
    pub number: String,
    /// The opening form.
    pub form: Fields,
    /// When it was told.
    pub seen: Option<Timestamp>,
    /// Everything that is read of it, as it was sent: two orders that say the same have the same.
    pub content: String,
}

/// A value as one line of text; none for what is empty or no single value.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The keys that are read, besides that of the number.
#[must_use]
pub fn keys(intake: &Intake) -> Vec<&str> {
    let of_fields = intake.fields.iter().flat_map(|field| match &field.source {
        IntakeSource::Key(key) => vec![key.as_str()],
        IntakeSource::Point { lon, lat, .. } => vec![lon.as_str(), lat.as_str()],
        IntakeSource::Value(_) => Vec::new(),
    });
    let mut keys: Vec<&str> = of_fields.chain(intake.seen.as_deref()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl Reader<'_> {
    /// Reads an order; none when it carries no number.
    #[must_use]
    pub fn read(&self, order: &Order) -> Option<Said> {
        let number = order.get(&self.intake.order).and_then(text)?;
        let mut form = Fields::from([(self.intake.reference.clone(), Value::from(number.clone()))]);
        for field in &self.intake.fields {
            form.extend(self.value(field, order).map(|value| (field.field.clone(), value)));
        }
        let seen = self.intake.seen.as_ref().and_then(|key| instant_of(&text(order.get(key)?)?));
        let said: Vec<(&str, Option<&Value>)> =
            keys(self.intake).into_iter().map(|key| (key, order.get(key))).collect();
        Some(Said { number, form, seen, content: json!(said).to_string() })
    }

    fn value(&self, field: &IntakeField, order: &Order) -> Option<Value> {
        let otherwise = || field.otherwise.clone().map(Value::from);
        match &field.source {
            IntakeSource::Value(value) => Some(Value::from(value.clone())),
            IntakeSource::Point { lon, lat, datum } => point(order, (lon.as_str(), lat.as_str()), datum),
            IntakeSource::Key(key) => match order.get(key).filter(|value| text(value).is_some()) {
                Some(given) => self.translated(field, given).or_else(otherwise).or_else(|| self.plain(field, given)),
                None => otherwise(),
            },
        }
    }

    /// Ours for theirs; none when nothing translates it, or when there is something that would but does not know it.
    fn translated(&self, field: &IntakeField, given: &Value) -> Option<Value> {
        if let Some(code) = field.codes.get(&text(given)?) {
            return Some(Value::from(code.clone()));
        }
        if let Some(through) = &field.through {
            let row = self.world.latest(&through.register, &text(given)?)?;
            return row.valid_on(self.today).then(|| row.fields.get(&through.give).cloned()).flatten();
        }
        if field.codes.is_empty() { self.plain(field, given) } else { None }
    }

    /// The value in the shape the field takes it in.
    fn plain(&self, field: &IntakeField, given: &Value) -> Option<Value> {
        let declared = self.process.form.iter().find(|one| one.name == field.field)?;
        let said = text(given)?;
        Some(match &declared.kind {
            FieldKind::Boolean
            | FieldKind::Integer { .. }
            | FieldKind::Decimal { .. }
            | FieldKind::Money
            | FieldKind::Quantity { .. } => given.clone(),
            FieldKind::Datetime => Value::from(instant_of(&said).map_or(said, |at| at.to_string())),
            FieldKind::Date => {
                Value::from(said.replace('/', "-").get(..10).map_or_else(|| said.clone(), str::to_owned))
            }
            FieldKind::Place { .. } if said.parse::<PlaceCode>().is_err() => {
                let found = named(self.world.places.tree.inside(self.within, self.today), &said);
                Value::from(found.map_or(said, |place| place.to_string()))
            }
            _ => Value::from(said),
        })
    }
}

/// A point in WGS-84; both degrees or none.
fn point(order: &Order, (lon, lat): (&str, &str), datum: &str) -> Option<Value> {
    let degrees = |key: &str| half_width(&text(order.get(key)?)?).trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let (lon, lat) = (degrees(lon)?, degrees(lat)?);
    // What a program sends that has no point.
    if lon == 0.0 && lat == 0.0 {
        return None;
    }
    let at = to_wgs84(Datum::parse(datum).unwrap_or(Datum::Wgs84), Point::new(lon, lat));
    Some(json!([at.x(), at.y()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_single_values_are_text() {
        for (value, wanted) in [
            (json!(" a "), Some("a")),
            (json!(7), Some("7")),
            (json!(true), Some("true")),
            (json!("  "), None),
            (json!(null), None),
            (json!(["a"]), None),
            (json!({ "a": 1 }), None),
        ] {
            assert_eq!(text(&value).as_deref(), wanted, "{value}");
        }
    }

    #[test]
    fn points_are_turned_and_half_a_point_is_none() {
        let order = |lon: Value, lat: Value| Order::from_iter([("x".to_owned(), lon), ("y".to_owned(), lat)]);
        let of = |lon: Value, lat: Value, datum: &str| point(&order(lon, lat), ("x", "y"), datum);
        assert_eq!(of(json!("116.84"), json!(38.32), "wgs84"), Some(json!([116.84, 38.32])));
        assert_eq!(of(json!("１１６.８４"), json!("38.32"), "wgs84"), Some(json!([116.84, 38.32])));
        assert_eq!(of(json!(""), json!(38.32), "wgs84"), None);
        assert_eq!(of(json!(0), json!(0), "gcj02"), None);
        let shifted = of(json!(116.84), json!(38.32), "gcj02").unwrap();
        let west = 116.84 - shifted[0].as_f64().unwrap();
        assert!((0.001..0.02).contains(&west), "{shifted}");
    }
}

//! Lists of register rows and of proposals: what can be asked of storage. Rows of the deployment are in memory and are asked
//! the same question there, so that both kinds of register look alike.

use ganglion_model::{Fields, PlaceCode, ProposalState, Record, RowKey, Shard};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cmp::Ordering;

/// What a value of a row is tested for.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldTest {
    /// It is this value, or a list that has it.
    Is(Value),
    /// It is this or comes after: numbers by size, days and texts in their order.
    AtLeast(Value),
    /// It is this or comes before.
    AtMost(Value),
    /// There is none.
    Empty,
}

/// Which rows a list shows. Every condition narrows.
#[derive(Clone, Debug, PartialEq)]
pub struct RowFilter {
    /// Register.
    pub register: String,
    /// The version that holds on this day.
    pub on: Date,
    /// Inside this place; `None`: everywhere.
    pub place: Option<PlaceCode>,
    /// Holding this word in the key or in a text that is not personal.
    pub word: Option<String>,
    /// Tests of fields.
    pub fields: Vec<(String, FieldTest)>,
    /// The point in this field within west, south, east, north.
    pub bounds: Option<(String, [f64; 4])>,
}

impl RowFilter {
    /// Every row of a register that holds on a day.
    #[must_use]
    pub fn of(register: &str, on: Date) -> RowFilter {
        RowFilter { register: register.to_owned(), on, place: None, word: None, fields: Vec::new(), bounds: None }
    }

    /// Whether it keeps a version of a row: what storage does in SQL.
    #[must_use]
    pub fn keeps(&self, record: &Record) -> bool {
        record.valid_on(self.on)
            && self.place.is_none_or(|place| record.place.is_some_and(|at| place.holds(at)))
            && self.word.as_ref().is_none_or(|word| words_of(record).contains(&word.to_lowercase()))
            && self.fields.iter().all(|(field, test)| test.holds(record.fields.get(field)))
            && self.bounds.as_ref().is_none_or(|(field, bounds)| is_within(record.fields.get(field), bounds))
    }
}

impl FieldTest {
    /// Whether a value passes.
    #[must_use]
    pub fn holds(&self, value: Option<&Value>) -> bool {
        let value = value.filter(|value| !value.is_null());
        match (self, value) {
            (FieldTest::Empty, value) => value.is_none(),
            (FieldTest::Is(wanted), Some(Value::Array(items))) => items.contains(wanted),
            (FieldTest::Is(wanted), Some(value)) => value == wanted,
            (FieldTest::AtLeast(bound), Some(value)) => compare(value, bound).is_ge(),
            (FieldTest::AtMost(bound), Some(value)) => compare(value, bound).is_le(),
            (_, None) => false,
        }
    }
}

fn is_within(value: Option<&Value>, [west, south, east, north]: &[f64; 4]) -> bool {
    let pair = value.and_then(Value::as_array).and_then(|pair| Some((pair.first()?.as_f64()?, pair.get(1)?.as_f64()?)));
    pair.is_some_and(|(lon, lat)| (*west..=*east).contains(&lon) && (*south..=*north).contains(&lat))
}

/// Order of two values as lists sort them: nothing first, then numbers, then texts. Decimals are kept as text and sort by
/// size.
#[must_use]
pub fn compare(a: &Value, b: &Value) -> Ordering {
    let number = |value: &Value| match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => as_number(text),
        _ => None,
    };
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => text_of(a).cmp(&text_of(b)),
    }
}

/// The number a text stands for: digits with at most one point and a sign in front. A day or a code with dashes is none.
#[must_use]
pub fn as_number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1;
    if is_plain { text.parse().ok() } else { None }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Longest text searched in a row, in characters.
const WORDS_MAX: usize = 400;

/// What is searched of a row: its key and every text that is not sealed, in lower case.
#[must_use]
pub fn words_of(record: &Record) -> String {
    let mut words = record.key.to_lowercase();
    let texts = record.fields.values().filter_map(Value::as_str).filter(|text| !crate::seal::is_sealed(text));
    for text in texts.filter(|text| *text != record.key) {
        words.push('\n');
        words.push_str(&text.to_lowercase());
    }
    match words.char_indices().nth(WORDS_MAX) {
        Some((at, _)) => words[..at].to_owned(),
        None => words,
    }
}

/// What a list is sorted by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RowSort {
    /// Natural key.
    #[default]
    Key,
    /// When it last changed.
    Changed,
    /// A field.
    Field(String),
}

/// Order of a list of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowOrder {
    /// By what.
    pub by: RowSort,
    /// Backwards.
    pub descending: bool,
}

/// Where the next page begins: the sort value, key and shard of the last row shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowAfter {
    /// Sort value; null when sorted by key.
    pub value: Value,
    /// Key.
    pub key: String,
    /// Shard.
    pub shard: Shard,
}

impl RowOrder {
    /// The value a row is sorted by, besides its key.
    #[must_use]
    pub fn value(&self, record: &Record) -> Value {
        match &self.by {
            RowSort::Key => Value::Null,
            RowSort::Changed => Value::from(record.updated_at.as_microsecond()),
            RowSort::Field(name) => match record.fields.get(name) {
                None => Value::Null,
                Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => value.clone(),
                Some(other) => Value::String(other.to_string()),
            },
        }
    }

    /// The place of a row in a list: what the page after it begins with.
    #[must_use]
    pub fn after(&self, record: &Record) -> RowAfter {
        RowAfter { value: self.value(record), key: record.key.clone(), shard: record.shard }
    }

    /// How two rows follow each other.
    #[must_use]
    pub fn compare(&self, a: &RowAfter, b: &RowAfter) -> Ordering {
        let nothing_first = |a: &Value, b: &Value| match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => compare(a, b),
        };
        let order = nothing_first(&a.value, &b.value).then_with(|| a.key.cmp(&b.key)).then(a.shard.cmp(&b.shard));
        if self.descending { order.reverse() } else { order }
    }
}

/// A page of rows that are in memory.
#[must_use]
pub fn page_of<'a>(
    rows: impl Iterator<Item = &'a Record>,
    (filter, order): (&RowFilter, &RowOrder),
    after: Option<&RowAfter>,
    limit: usize,
) -> Vec<&'a Record> {
    let mut kept: Vec<(RowAfter, &Record)> =
        rows.filter(|record| filter.keeps(record)).map(|record| (order.after(record), record)).collect();
    kept.retain(|(at, _)| after.is_none_or(|after| order.compare(at, after).is_gt()));
    kept.sort_by(|a, b| order.compare(&a.0, &b.0));
    kept.into_iter().take(limit).map(|(_, record)| record).collect()
}

/// Which proposals a list shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProposalFilter {
    /// Of this register, for rows inside the place (`None`: everywhere); empty: of none.
    pub registers: Vec<(String, Option<PlaceCode>)>,
    /// Where they stand; `None`: anywhere.
    pub state: Option<ProposalState>,
    /// About this row only.
    pub row: Option<RowKey>,
}

/// A row that refers to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referer {
    /// Shard.
    pub shard: Shard,
    /// Register.
    pub register: String,
    /// Key.
    pub key: String,
}

/// Values of a row that may be shown to anyone.
#[must_use]
pub fn public_fields(register: &ganglion_model::pack::Register, fields: &Fields) -> Fields {
    let open = |name: &String| register.field(name).is_some_and(|field| field.public && !field.personal);
    fields.iter().filter(|(name, _)| open(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use jiff::civil::date;
    use serde_json::json;

    fn row(key: &str, fields: Value) -> Record {
        Record {
            register: "well".into(),
            shard: Shard(130_903),
            key: key.into(),
            version: 1,
            place: "130903001".parse().ok(),
            valid_from: None,
            valid_to: None,
            updated_at: Timestamp::UNIX_EPOCH,
            fields: serde_json::from_value(fields).unwrap(),
            authority: None,
            documents: Vec::new(),
        }
    }

    #[test]
    fn conditions_narrow_and_pages_follow_each_other() {
        let rows = [
            row("W3", json!({"name": "Depth", "depth": "100.5", "uses": ["farm"]})),
            row("W1", json!({"depth": "9"})),
            row("W2", json!({"name": "East", "depth": "20", "at": [116.8, 38.3]})),
        ];
        let keys = |filter: &RowFilter, order: &RowOrder, after: Option<&RowAfter>| {
            let page = page_of(rows.iter(), (filter, order), after, 2);
            page.iter().map(|one| one.key.clone()).collect::<Vec<_>>()
        };
        let all = RowFilter::of("well", date(2022, 1, 1));
        let by_depth = RowOrder { by: RowSort::Field("depth".into()), descending: true };
        assert_eq!(keys(&all, &by_depth, None), ["W3", "W2"]);
        assert_eq!(keys(&all, &by_depth, Some(&by_depth.after(&rows[2]))), ["W1"]);
        let narrow = |fields| RowFilter { fields, ..all.clone() };
        let key = RowOrder::default();
        assert_eq!(keys(&narrow(vec![("depth".into(), FieldTest::AtLeast(json!("20")))]), &key, None), ["W2", "W3"]);
        assert_eq!(keys(&narrow(vec![("uses".into(), FieldTest::Is(json!("farm")))]), &key, None), ["W3"]);
        assert_eq!(keys(&narrow(vec![("name".into(), FieldTest::Empty)]), &key, None), ["W1"]);
        let word = RowFilter { word: Some("EAST".into()), ..all.clone() };
        assert_eq!(keys(&word, &key, None), ["W2"]);
        let bounds = RowFilter { bounds: Some(("at".into(), [116.0, 38.0, 117.0, 39.0])), ..all };
        assert_eq!(keys(&bounds, &key, None), ["W2"]);
    }

    #[test]
    fn sealed_values_are_never_searched() {
        let sealed = crate::seal::seal(&[1; 32], "a", "13912340000").unwrap();
        assert_eq!(words_of(&row("w1", json!({"phone": sealed, "name": "Ost"}))), "w1\nost");
    }
}

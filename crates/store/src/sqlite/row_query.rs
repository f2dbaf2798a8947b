//! The SQL behind lists of register rows. Pages in key order run over an index; a list by another field is sorted, unless
//! the pack says the field is `indexed`.

use super::case_query::Sql;
use ganglion_kernel::port_rows::{FieldTest, RowAfter, RowFilter, RowOrder, RowSort, as_number};
use rusqlite::types::Value;
use std::fmt::Write as _;

pub(super) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

pub(super) fn padded(code: u64) -> Value {
    Value::Integer(i64::try_from(code).unwrap_or(i64::MAX))
}

/// A JSON value as SQLite's `json_extract` gives it.
pub(super) fn bound(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Integer(i64::from(*flag)),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Real(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::Text(text.clone()),
        other => Value::Text(other.to_string()),
    }
}

/// Where a field is. Names of fields are `snake_case`, the compiler sees to it; anything else becomes a field no row has.
fn at(name: &str) -> String {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    format!("$.fields.{}", if plain { name } else { "NONE" })
}

/// The expression for a field.
pub(super) fn field(name: &str) -> String {
    format!("json_extract(r.body, '{}')", at(name))
}

/// What a list is sorted by before the key.
fn sorted(order: &RowOrder) -> Option<String> {
    match &order.by {
        RowSort::Key => None,
        RowSort::Changed => Some("r.updated_at".to_owned()),
        RowSort::Field(name) => Some(number_or_text(name)),
    }
}

/// Decimals are kept as text and compare by size, as do numbers.
fn number_or_text(name: &str) -> String {
    let value = field(name);
    format!(
        "CASE WHEN ({value} GLOB '[0-9]*' OR {value} GLOB '-[0-9]*') AND {value} NOT GLOB '*[^0-9.-]*' AND {value} NOT GLOB \
         '?*-*' AND {value} NOT GLOB '*.*.*' THEN CAST({value} AS REAL) ELSE {value} END"
    )
}

/// A value as [`number_or_text`] compares it.
fn comparable(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Number(number) => Value::Real(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(said) => as_number(said).map_or_else(|| text(said), Value::Real),
        other => bound(other),
    }
}

/// A page of bodies.
pub(super) fn page(filter: &RowFilter, order: &RowOrder, after: Option<&RowAfter>, limit: u32) -> Sql {
    let mut sql = Sql::new("SELECT r.body, r.shard, r.key FROM record r");
    conditions(&mut sql, filter);
    let side = if order.descending { '<' } else { '>' };
    let way = if order.descending { " DESC" } else { "" };
    let by = sorted(order);
    if let Some(after) = after {
        let end = [text(&after.key), Value::Integer(i64::from(after.shard.0))];
        match &by {
            None => sql.and(&format!("(r.key, r.shard) {side} (?, ?)"), end),
            Some(by) if after.value.is_null() => {
                let others = if order.descending { "0" } else { &format!("{by} IS NOT NULL") };
                sql.and(&format!("(({by} IS NULL AND (r.key, r.shard) {side} (?, ?)) OR {others})"), end);
            }
            Some(by) => {
                let others = if order.descending { &format!(" OR {by} IS NULL") } else { "" };
                let values = std::iter::once(comparable(&after.value)).chain(end);
                sql.and(&format!("(({by}, r.key, r.shard) {side} (?, ?, ?){others})"), values);
            }
        }
    }
    let by = by.map(|by| format!("{by}{way}, ")).unwrap_or_default();
    let _ = write!(sql.text, " ORDER BY {by}r.key{way}, r.shard{way} LIMIT {limit}");
    sql
}

/// How many rows a filter has.
pub(super) fn count(filter: &RowFilter) -> Sql {
    let mut sql = Sql::new("SELECT count(*) FROM record r");
    conditions(&mut sql, filter);
    sql
}

fn conditions(sql: &mut Sql, filter: &RowFilter) {
    sql.and("r.register = ?", [text(&filter.register)]);
    let day = text(&filter.on.to_string());
    sql.and("r.valid_from <= ? AND (r.valid_to IS NULL OR r.valid_to > ?)", [day.clone(), day]);
    if let Some(place) = filter.place {
        let (low, high) = place.range();
        sql.and("r.place >= ? AND r.place < ?", [padded(low), padded(high)]);
    }
    if let Some(word) = &filter.word {
        sql.and("instr(r.words, ?) > 0", [text(&word.to_lowercase())]);
    }
    for (name, test) in &filter.fields {
        let value = field(name);
        match test {
            FieldTest::Is(wanted) => {
                let list = format!(
                    "({value} = ? OR EXISTS (SELECT 1 FROM json_each(CASE WHEN json_type(r.body, '{}') = 'array' THEN \
                     {value} ELSE '[]' END) WHERE json_each.value = ?))",
                    at(name)
                );
                sql.and(&list, [bound(wanted), bound(wanted)]);
            }
            FieldTest::AtLeast(low) => sql.and(&format!("{} >= ?", number_or_text(name)), [comparable(low)]),
            FieldTest::AtMost(high) => sql.and(&format!("{} <= ?", number_or_text(name)), [comparable(high)]),
            FieldTest::Empty => sql.and(&format!("{value} IS NULL"), []),
        }
    }
    if let Some((name, [west, south, east, north])) = &filter.bounds {
        let (lon, lat) = (field_at(name, 0), field_at(name, 1));
        let bounds = [*west, *east, *south, *north].map(Value::Real);
        sql.and(&format!("{lon} BETWEEN ? AND ? AND {lat} BETWEEN ? AND ?"), bounds);
    }
}

/// The expression for a part of a point.
pub(super) fn field_at(name: &str, part: u8) -> String {
    let value = field(name);
    format!("{}[{part}]')", value.trim_end_matches("')"))
}

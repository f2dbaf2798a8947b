//! Between stored columns and the values of the port, with errors that name table, column and key.

use ganglion_kernel::StoreError;
use ganglion_model::{CaseId, PlaceCode, Shard};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

/// What the port returns.
pub(super) type Stored<T> = Result<T, StoreError>;

/// Where a stored value stands.
#[derive(Clone, Copy)]
pub(super) struct Column(pub &'static str, pub &'static str);

impl Column {
    /// The error for a value that cannot be read.
    pub fn corrupt(self, key: impl ToString, reason: impl ToString) -> StoreError {
        StoreError::Corrupt { table: self.0, column: self.1, key: key.to_string(), reason: reason.to_string() }
    }

    /// The column of a row as a plain value.
    pub fn get<'r, T: FromSql<'r>>(self, row: &'r Row, index: usize) -> Stored<T> {
        row.try_get(index).map_err(|error| self.corrupt("?", error))
    }

    /// The column of a row as a number that is never negative.
    pub fn count(self, row: &Row, index: usize) -> Stored<u64> {
        let number: i64 = self.get(row, index)?;
        u64::try_from(number).map_err(|error| self.corrupt(number, error))
    }

    /// The column of a row as JSON; `key` names the row when it cannot be read.
    pub fn json<T: DeserializeOwned>(self, row: &Row, index: usize, key: impl FnOnce() -> String) -> Stored<T> {
        let text: Result<&str, _> = row.try_get(index);
        match text
            .map_err(|error| error.to_string())
            .and_then(|text| serde_json::from_str(text).map_err(|e| e.to_string()))
        {
            Ok(value) => Ok(value),
            Err(reason) => Err(self.corrupt(key(), reason)),
        }
    }

    /// The column of a row as a shard.
    pub fn shard(self, row: &Row, index: usize) -> Stored<Shard> {
        let code: i32 = self.get(row, index)?;
        u32::try_from(code).map(Shard).map_err(|error| self.corrupt(code, error))
    }

    /// The column of a row as the id of a case or a row.
    pub fn case(self, row: &Row, index: usize) -> Stored<CaseId> {
        self.get::<Uuid>(row, index).map(CaseId)
    }

    /// The column of a row as an instant.
    pub fn time(self, row: &Row, index: usize) -> Stored<Timestamp> {
        let at: i64 = self.get(row, index)?;
        Timestamp::from_microsecond(at).map_err(|error| self.corrupt(at, error))
    }

    /// The column of a row as a place.
    pub fn place(self, row: &Row, index: usize) -> Stored<PlaceCode> {
        let code = self.count(row, index)?;
        PlaceCode::from_padded(code).ok_or_else(|| self.corrupt(code, "no place code"))
    }
}

/// A shard as stored: county codes have six digits.
pub(super) fn shard(shard: Shard) -> i32 {
    shard.0.cast_signed()
}

/// A number as stored; what does not fit is larger than anything that is stored.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A place as stored.
pub(super) fn padded(place: PlaceCode) -> i64 {
    signed(place.padded())
}

/// The places inside a place, as stored: from, to.
pub(super) fn range(place: PlaceCode) -> (i64, i64) {
    let (low, high) = place.range();
    (signed(low), signed(high))
}

/// A text as the database takes it: a zero byte, which no text it keeps can have, is shown as what cannot be read.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Key of a row of a case in error messages.
pub(super) fn case_key(shard: Shard, case: CaseId) -> String {
    format!("{shard}/{case}")
}

/// A value as stored JSON.
pub(super) fn json(attempted: &'static str, value: &impl Serialize) -> Stored<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Database { attempted, reason: error.to_string() })
}

/// A value as JSON that the database looks into: it takes no zero bytes, not even escaped ones.
pub(super) fn jsonb(attempted: &'static str, value: &impl Serialize) -> Stored<String> {
    let text = json(attempted, value)?;
    if !text.contains("\\u0000") {
        return Ok(text);
    }
    let mut value =
        serde_json::to_value(value).map_err(|error| StoreError::Database { attempted, reason: error.to_string() })?;
    without_zero_bytes(&mut value);
    json(attempted, &value)
}

/// Zero bytes in texts become what cannot be read.
pub(super) fn without_zero_bytes(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(said) => *said = text(said).into_owned(),
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_zero_bytes),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(without_zero_bytes),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn zero_bytes_become_what_cannot_be_read() {
        assert_eq!(text("a\0b"), "a\u{fffd}b");
        let value = json!({"a": ["x\0", {"b": "\\u0000"}], "n": 1.5});
        let kept: serde_json::Value = serde_json::from_str(&jsonb("testing", &value).unwrap()).unwrap();
        assert_eq!(kept, json!({"a": ["x\u{fffd}", {"b": "\\u0000"}], "n": 1.5}));
    }
}

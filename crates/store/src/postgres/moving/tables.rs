//! The tables a move copies, column by column, and how a value of each kind is written and compared.

use super::super::row::{text, without_zero_bytes};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::fmt::Write as _;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number.
    Int,
    /// Yes or no, 1 or 0 in SQLite.
    Bool,
    /// A number with a point.
    Real,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// An id, 16 bytes in SQLite.
    Id,
    /// JSON that the database looks into.
    Json,
}

/// A column: its name, its kind and how SQLite gives it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub given: &'static str,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub name: &'static str,
    /// Where SQLite has its rows, with a condition if not all of them belong to it.
    pub from: &'static str,
    pub columns: &'static [Column],
}

macro_rules! table {
    ($name:literal, $from:literal, $($column:ident: $kind:ident $(= $given:literal)?),+) => {
        Table { name: $name, from: $from, columns: &[$(Column {
            name: stringify!($column),
            kind: Kind::$kind,
            given: table!(@given $column $($given)?),
        }),+] }
    };
    (@given $column:ident $given:literal) => { $given };
    (@given $column:ident) => { stringify!($column) };
}

/// Every table with rows of an installation, small ones first. Left out: what is made from them (words that are searched, rows for
/// views, dictionaries: texts are sent whole), and the settings in which a database notes whether those are made.
pub(super) const TABLES: &[Table] = &[
    table!("shard_head", "shard_head", shard: Int, seq: Int, numbering: Text, frontier: Bytes),
    table!("numbering", "numbering", shard: Int, name: Text, last: Int),
    table!("place", "place", code: Int, valid_from: Text, body: Text),
    table!("outline", "outline", code: Int, geometry: Text),
    table!("post", "post", id: Text, body: Text),
    table!("account", "account", id: Text, body: Text),
    table!("setting", "setting WHERE name NOT IN ('views', 'case_words', 'case_marks', 'case_place_marks', 'row_words')", name: Text, value: Text),
    table!("cursor", "cursor", job: Text, shard: Int, seq: Int),
    table!("pack_source", "pack_source", digest: Text, body: Text),
    table!("kept", "kept", kind: Text, id: Text, due: Int, body: Text),
    table!("session", "session", token_hash: Text, expires_at: Int, body: Text),
    table!("file", "file", id: Text, shard: Int, case_id: Id, at: Int = "ganglion_file_at(body)",
        is_loose: Bool = "ganglion_file_loose(body)", body: Text),
    table!("told", "told", post: Text, at: Int, shard: Int, seq: Int, case_id: Id, action: Text, clock: Text, text: Text),
    table!("waiting", "waiting", shard: Int, case_id: Id, process: Text, place: Int, lane: Text, rank: Int, since: Int,
        number: Text),
    table!("notice", "notice", shard: Int, case_id: Id, name: Text, place: Int, put_up: Int, until: Int),
    table!("violation", "violation", shard: Int, rule: Text, id: Id, place: Int, subject: Text, since: Int, opened: Text),
    table!("proposal", "proposal", shard: Int, id: Id, register: Text, key: Text, place: Int, state: Text, at: Int,
        body: Text),
    table!("timer", "timer", shard: Int, at: Int, case_id: Id, clock: Text),
    table!("document", "document", shard: Int, code: Text, case_id: Id),
    table!("seal_key", "seal_key", shard: Int, case_id: Id, wrapped: Text),
    table!("seal_lookup", "seal_lookup", shard: Int, row_id: Id, field: Text, hash: Bytes, key: Text, made: Text),
    table!("unique_value", "unique_value", shard: Int, field: Text, value: Text, number: Text),
    table!("row_reference", "row_reference", register: Text, key: Text, shard: Int, from_register: Text, from_key: Text),
    table!("record", "record", shard: Int, register: Text, key: Text, valid_from: Text, valid_to: Text, version: Int,
        place: Int, updated_at: Int, words: Text, body: Json),
    table!("access", "access ORDER BY line", shard: Int, case_id: Id, at: Int, body: Text),
    table!("case_row", "case_row", shard: Int, id: Id, process: Text, number: Text, state: Text, kind: Text, place: Int,
        township: Int, level: Int, is_open: Bool, due: Int, opened_at: Int, updated_at: Int, closed_at: Int,
        assignee: Text, opened_by: Text, lon: Real, lat: Real, version: Int,
        body: Text = "case_text(body, packed, id, number)"),
    table!("case_open", "case_row WHERE is_open = 1", shard: Int, id: Id, process: Text, state: Text, kind: Text,
        place: Int, township: Int, level: Int, due: Int, opened_at: Int, assignee: Text, lon: Real, lat: Real),
    table!("case_assist", "case_assist", shard: Int, id: Id, post: Text),
    table!("answer", "answer", shard: Int, command: Id, at: Int, outcome: Text),
    table!("fact", "fact", shard: Int, measure: Text, day: Int, place: Int, case_id: Id, dim: Text, value: Int, until: Int,
        member: Text, at: Int),
    table!("tally", "tally", shard: Int, measure: Text, place: Int, period: Int, dim: Text, rows: Int, sum: Int),
    table!("journal", "journal", shard: Int, seq: Int, at: Int, case_id: Id, command: Id, leaf: Bytes,
        entry: Text = "line_text(entry, packed, case_id, command, at, seq, shard)"),
];

impl Table {
    /// Names of its columns.
    pub fn names(&self) -> String {
        self.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
    }

    /// What SQLite is asked.
    pub fn select(&self) -> String {
        let given: Vec<&str> = self.columns.iter().map(|column| column.given).collect();
        format!("SELECT {} FROM {}", given.join(", "), self.from)
    }

    /// What SQLite is asked for the number of its rows.
    pub fn count(&self) -> String {
        format!("SELECT count(*) FROM {}", self.from)
    }
}

/// A value as PostgreSQL's COPY has it, apart from the signs that are escaped; nothing for null.
pub(super) type Cell = Option<String>;

/// A value of SQLite as PostgreSQL writes it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn cell(kind: Kind, value: rusqlite::types::ValueRef<'_>) -> Result<Cell, String> {
    use rusqlite::types::ValueRef;
    let said = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string());
    Ok(Some(match (kind, value) {
        (_, ValueRef::Null) => return Ok(None),
        (Kind::Int, ValueRef::Integer(number)) => number.to_string(),
        (Kind::Bool, ValueRef::Integer(flag)) => if flag == 0 { "f" } else { "t" }.to_owned(),
        (Kind::Real, ValueRef::Real(number)) => number.to_string(),
        (Kind::Text, ValueRef::Text(bytes)) => text(&said(bytes)?).into_owned(),
        (Kind::Json, ValueRef::Text(bytes)) => {
            let mut value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
            without_zero_bytes(&mut value);
            value.to_string()
        }
        (Kind::Id, ValueRef::Blob(bytes)) => {
            uuid::Uuid::from_slice(bytes).map_err(|error| error.to_string())?.hyphenated().to_string()
        }
        (Kind::Bytes, ValueRef::Blob(bytes)) => bytes.iter().fold("\\x".to_owned(), |mut out, byte| {
            // Writing to a text does not fail.
            let _ = write!(out, "{byte:02x}");
            out
        }),
        (kind, other) => return Err(format!("{:?} where {kind:?} is kept", other.data_type())),
    }))
}

/// A value in the one form in which both databases say it.
///
/// # Errors
/// When it is not what its column holds.
pub(super) fn canonical(kind: Kind, said: &str) -> Result<Cow<'_, str>, String> {
    match kind {
        Kind::Real => said.parse::<f64>().map(|number| number.to_bits().to_string().into()).map_err(|e| e.to_string()),
        Kind::Json => {
            let mut value: Value = serde_json::from_str(said).map_err(|error| error.to_string())?;
            whole_numbers(&mut value);
            Ok(value.to_string().into())
        }
        _ => Ok(said.into()),
    }
}

/// Numbers without a fraction as whole ones: one database keeps `5.0` and `1e3` as they were written, the other does not.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64);
            if let (true, Some(whole)) = (number.is_f64(), whole) {
                *number = Number::from(whole);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

/// Adds a row to what is sent.
pub(super) fn put_line(out: &mut Vec<u8>, row: &[Cell]) {
    for (at, cell) in row.iter().enumerate() {
        if at > 0 {
            out.push(b'\t');
        }
        let Some(said) = cell else {
            out.extend_from_slice(b"\\N");
            continue;
        };
        for byte in said.bytes() {
            match byte {
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                byte => out.push(byte),
            }
        }
    }
    out.push(b'\n');
}

/// Reads a line without its end.
///
/// # Errors
/// When it is no text.
pub(super) fn read_line(line: &[u8]) -> Result<Vec<Cell>, String> {
    line.split(|byte| *byte == b'\t').map(read_cell).collect()
}

fn read_cell(cell: &[u8]) -> Result<Cell, String> {
    if cell == b"\\N" {
        return Ok(None);
    }
    let mut out = Vec::with_capacity(cell.len());
    let mut bytes = cell.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        out.push(match bytes.next() {
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'v') => 11,
            Some(other) => *other,
            None => return Err("a line ends in a backslash".to_owned()),
        });
    }
    String::from_utf8(out).map(Some).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_were_put() {
        let rows = [
            vec![Some("a\tb\\n\n\r\\".to_owned()), None, Some(String::new())],
            vec![Some("\\N".to_owned()), Some("村".to_owned()), Some("\u{8}\u{c}\u{b}".to_owned())],
        ];
        for row in rows {
            let mut line = Vec::new();
            put_line(&mut line, &row);
            assert_eq!(line.pop(), Some(b'\n'));
            assert!(!line.contains(&b'\n'));
            assert_eq!(read_line(&line).unwrap(), row);
        }
        assert_eq!(read_line(b"x\\b\\f\\v").unwrap(), [Some("x\u{8}\u{c}\u{b}".to_owned())]);
    }

    #[test]
    fn the_same_value_is_the_same_however_a_database_writes_it() {
        let same = |kind, a, b| assert_eq!(canonical(kind, a).unwrap(), canonical(kind, b).unwrap(), "{a} {b}");
        same(Kind::Json, r#"{"b":[1.0,1e3],"a":"x"}"#, r#"{"a": "x", "b": [1.0, 1000]}"#);
        same(Kind::Json, "[-0.0]", "[0]");
        same(Kind::Real, "0.0000001", "1e-07");
        assert_ne!(canonical(Kind::Json, "[1.5]").unwrap(), canonical(Kind::Json, "[1.50001]").unwrap());
    }
}

//! What views for other people's tools show, whichever database makes them: their own columns, and which fields leave the house
//! under which name. How a column is written in SQL is each dialect's own.

use ganglion_model::pack::Field;

/// Columns every view of a register has.
pub(crate) const OF_ROWS: [&str; 7] =
    ["shard", "row_key", "row_version", "place", "valid_from", "valid_to", "changed_at"];
/// Columns every view of a process has.
pub(crate) const OF_CASES: [&str; 11] = [
    "shard",
    "number",
    "state",
    "kind",
    "place",
    "level",
    "assignee",
    "opened_at",
    "changed_at",
    "closed_at",
    "due_at",
];

/// A name as SQL takes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', ""))
}

/// The name of a field's column beside the columns `taken`; `None` for a field that is personal or not for everybody, and for a
/// name that could not stand inside SQL as it is.
pub(crate) fn name_of(field: &Field, taken: &[&str]) -> Option<String> {
    let is_plain = field.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if field.personal || !field.see.is_empty() || !is_plain {
        return None;
    }
    Some(if taken.contains(&field.name.as_str()) { format!("field_{}", field.name) } else { field.name.clone() })
}

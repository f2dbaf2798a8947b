//! The canonical form of a journal entry (RFC 8785) and its leaf hash.
//!
//! Keys are sorted because every map in an entry is a `BTreeMap` or passes through `serde_json::Value`; numbers in
//! entries are integers or coordinates, which `serde_json` prints in the shortest form that reads back the same.

use crate::merkle::{Hash, leaf_hash};
use ganglion_model::Entry;

/// The bytes that are stored and hashed.
///
/// # Errors
/// When the entry cannot be written as JSON, which only a non-finite number could cause.
pub fn canonical(entry: &Entry) -> Result<String, serde_json::Error> {
    let value = serde_json::to_value(entry)?;
    serde_json::to_string(&value)
}

/// Leaf hash of stored bytes.
#[must_use]
pub fn hash(canonical: &str) -> Hash {
    leaf_hash(canonical.as_bytes())
}

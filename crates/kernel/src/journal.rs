//! The canonical form of a journal entry (RFC 8785), what the public log says of it, and its leaf hash.
//!
//! The log that anybody may read holds no line of the journal, only the SHA-256 of each: 32 bytes that say nothing about the
//! line and fix every byte of it. Every line carries the random id of its command, so nobody who guesses what a line might say
//! can try whether he is right. Personal values stand in a line sealed: destroying their key leaves the bytes, and with them
//! every proof, as they were (docs/decisions/0030).
//!
//! Keys are sorted because every map in an entry is a `BTreeMap` or passes through `serde_json::Value`; numbers in
//! entries are integers or coordinates, which `serde_json` prints in the shortest form that reads back the same.

use crate::merkle::{Hash, leaf_hash};
use ganglion_model::Entry;
use sha2::{Digest, Sha256};

/// The bytes that are stored and hashed.
///
/// # Errors
/// When the entry cannot be written as JSON, which only a non-finite number could cause.
pub fn canonical(entry: &Entry) -> Result<String, serde_json::Error> {
    let value = serde_json::to_value(entry)?;
    serde_json::to_string(&value)
}

/// The entry of the public log for stored bytes: their SHA-256, as `sha256sum` prints it for a file with them.
#[must_use]
pub fn committed(canonical: &str) -> Hash {
    Sha256::digest(canonical.as_bytes()).into()
}

/// Leaf hash of stored bytes: of the entry that stands for them in the public log (RFC 6962, section 2.1).
#[must_use]
pub fn hash(canonical: &str) -> Hash {
    leaf_hash(&committed(canonical))
}

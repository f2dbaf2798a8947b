//! The journal as a transparency log for outsiders: signed checkpoints, tiles and entry bundles in the C2SP formats
//! (signed-note, tlog-checkpoint, tlog-tiles, tlog-cosignature, tlog-proof), and the proofs that can be made and checked from
//! them.
//!
//! [`note`], [`checkpoint`], [`tile`], [`proof`] and [`audit`] are pure: bytes in, bytes or a finding out, so a verifier needs
//! neither a database nor this program's server. [`stored`] makes tiles of a journal behind the storage port. Left out: HTTP,
//! files and keeping keys.

pub mod audit;
pub mod checkpoint;
pub mod note;
pub mod proof;
pub mod stored;
pub mod tile;

pub use checkpoint::Checkpoint;
pub use note::{KeyKind, Note, Signature, SigningKey, VerifyKey};
pub use tile::{Of, Source, Tile, Tiles};

use crate::merkle::Hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;

/// Why something of a log cannot be read or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// A part of the log is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// Bytes are not in the format.
    #[error("{what} is not in the format: {reason}")]
    Malformed {
        /// Which bytes.
        what: String,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// The key that was expected signed nothing here.
    #[error("it carries no signature of {0}")]
    Unsigned(String),
    /// There is a signature of the key, and it is wrong.
    #[error("the signature of {0} does not hold: the text was changed, or another key made it")]
    BadSignature(String),
    /// Something that was asked for lies outside the tree.
    #[error("entry {index} is not in a log of {size} entries")]
    Outside {
        /// What was asked for, from 0.
        index: u64,
        /// Entries of the log.
        size: u64,
    },
    /// A proof does not lead to the root.
    #[error("the proof does not lead to the root that was signed")]
    NotProven,
    /// It could not be fetched.
    #[error("{path} could not be read: {reason}")]
    Unreadable {
        /// What.
        path: String,
        /// Why.
        reason: String,
    },
}

impl LogError {
    fn malformed(what: &str, reason: &'static str) -> LogError {
        LogError::Malformed { what: what.to_owned(), reason }
    }
}

/// A hash as it stands in checkpoints and proofs.
#[must_use]
pub fn encoded(hash: &Hash) -> String {
    B64.encode(hash)
}

/// A hash from a line of a checkpoint or proof.
#[must_use]
pub fn decoded(text: &str) -> Option<Hash> {
    B64.decode(text).ok()?.try_into().ok()
}

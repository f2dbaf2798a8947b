//! A document as it was issued, from a case or a register row. What is printed was copied when it was issued, so it can be made again as it was whatever
//! becomes of the case; the PDF itself is kept nowhere.

use crate::Fields;
use crate::id::PostId;
use crate::published::Published;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A document of a case or a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Issued {
    /// Which document of the packs.
    pub document: String,
    /// Its number, as printed.
    pub number: String,
    /// What its square code names: unguessable, unique over all shards.
    pub code: String,
    /// When it was issued.
    pub at: Timestamp,
    /// The office that issued it, as printed.
    pub issuer: String,
    /// The post that issued it; `None` for the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PostId>,
    /// Values printed, as they stood; personal ones sealed under the key of the case or row.
    pub fields: Fields,
    /// Figures published with it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, Published>,
    /// Whether it still stands.
    pub standing: Standing,
}

/// Whether a document stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Standing {
    /// It stands.
    Valid,
    /// It was withdrawn.
    Withdrawn {
        /// When.
        at: Timestamp,
        /// Why; empty when an action of the pack did it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// A newer one of the same kind took its place.
    Superseded {
        /// When.
        at: Timestamp,
        /// The newer one's number.
        by: String,
    },
}

impl Standing {
    /// `valid`, `withdrawn` or `superseded`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Standing::Valid => "valid",
            Standing::Withdrawn { .. } => "withdrawn",
            Standing::Superseded { .. } => "superseded",
        }
    }
}

//! A figure as it was published: frozen with everything that is needed to work it out again, to the digit, later.

use crate::exact::Frac;
use crate::place::PlaceCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A published value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Indicator.
    pub indicator: String,
    /// Place.
    pub place: PlaceCode,
    /// Its name then.
    pub place_name: String,
    /// Period, as in an address.
    pub period: String,
    /// As it was shown, without unit; `None` is n/a.
    pub value: Option<String>,
    /// Before rounding.
    pub exact: Option<Frac>,
    /// Rows it was counted from.
    pub rows: i64,
    /// Pack and version that defined it.
    pub pack: String,
    /// Hash over the definition of the indicator and of everything it is read from.
    pub definition: String,
    /// Edition of the places.
    pub edition: String,
    /// When.
    pub at: Timestamp,
    /// Journals it rests on: lines and Merkle root over them, by shard.
    pub journals: BTreeMap<u32, (u64, String)>,
}

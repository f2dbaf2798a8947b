//! Orders of outside systems that become cases: a hotline, a leader's mailbox, another office's system. Each has ids of its
//! own; the pack says under which keys an order carries what, so no such system has a name in the program.

use crate::text::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the orders of one outside system are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Intake {
    /// Name, unique in its process.
    pub name: String,
    /// Title.
    pub title: Text,
    /// Key under which an order carries its own id.
    pub order: String,
    /// The unique field of the opening form that keeps the id, so that an order is one case however often it comes.
    pub reference: String,
    /// Key of the instant at which it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// The way it comes in, as the list of channels has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Fields of the opening form, in the author's order.
    pub fields: Vec<IntakeField>,
}

/// Where one field gets its value from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntakeField {
    /// The field of the opening form.
    pub field: String,
    /// What it is taken from.
    pub source: IntakeSource,
    /// Our values for theirs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, String>,
    /// The register that translates theirs into ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<IntakeThrough>,
    /// The value when the order has none, or one that nothing translates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// What a value is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntakeSource {
    /// The value under a key.
    Key(String),
    /// Always this value.
    Value(String),
    /// A point from two keys.
    Point {
        /// Key of the longitude, degrees.
        lon: String,
        /// Key of the latitude, degrees.
        lat: String,
        /// The datum they are in: `wgs84`, `cgcs2000`, `gcj02` or `bd09`.
        datum: String,
    },
}

/// A register of the deployment whose key is their value and which has ours in a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntakeThrough {
    /// The register.
    pub register: String,
    /// Its field with our value.
    pub give: String,
}

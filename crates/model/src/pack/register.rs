//! Registers: keyed, dated rows with an owner.

use super::field::Field;
use crate::place::Level;
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// A declared register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Register {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// Title.
    pub title: Text,
    /// Where its rows live.
    pub scope: Scope,
    /// The field that is the natural key.
    pub key: String,
    /// The field that names a row on screens.
    pub label: String,
    /// The field rows are grouped by when they are offered as choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Keeps versions over time that do not overlap.
    pub dated: bool,
    /// Fields, in order.
    pub fields: Vec<Field>,
}

impl Register {
    /// The field called `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// Where rows of a register live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One list for the whole deployment, held in memory by every node.
    Deployment,
    /// Rows belong to a place of this level.
    Place(Level),
}

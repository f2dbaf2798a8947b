//! Registers: keyed, dated rows with an owner.

use super::field::{Field, FieldKind};
use super::process::Who;
use super::readings::Readings;
use crate::Fields;
use crate::place::{Level, PlaceCode};
use crate::text::Text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A declared register.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Register {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// Title.
    pub title: Text,
    /// Where its rows live.
    pub scope: Scope,
    /// The field that is the natural key, or the first of several.
    pub key: String,
    /// Further fields of a natural key of several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_key: Vec<String>,
    /// The field that names a row on screens.
    pub label: String,
    /// The field rows are grouped by when they are offered as choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The place field that says whose a row of the deployment is: who may change it is judged there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Keeps versions over time that do not overlap.
    pub dated: bool,
    /// The last key field, a day: rows that agree in the other key fields follow each other by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Fields, in order.
    pub fields: Vec<Field>,
    /// Who may read rows, besides those who may change them; `public` sees the fields that are public.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<Who>,
    /// Who may change rows alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edit: Vec<Who>,
    /// Who may propose a change that somebody else approves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub propose: Vec<Who>,
    /// Who may approve or reject what another person proposed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approve: Vec<Who>,
    /// Fields a list shows first, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The field that says where a row is, for maps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Why personal fields are held.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub purpose: Text,
    /// The law or consent on which they are held.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub basis: Text,
    /// Days a row is kept after it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Readings that instruments send by themselves and that become rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readings: Option<Readings>,
    /// Judging a row looks at rows it does not name: the one before it, or one a reference leads to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looks: bool,
}

impl Register {
    /// The field called `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields that make the natural key.
    pub fn key_fields(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.key.as_str()).chain(self.also_key.iter().map(String::as_str))
    }

    /// The natural key of a row with these values: the one value, or several joined by `/`. `None` while one is missing.
    #[must_use]
    pub fn key_of(&self, values: &Fields) -> Option<String> {
        joined(self.key_fields(), values)
    }

    /// What the keys of a series begin with, for a row with these values; `None` without a series or while a part is missing.
    #[must_use]
    pub fn group_of(&self, values: &Fields) -> Option<String> {
        let last = self.series.as_deref()?;
        Some(format!("{}/", joined(self.key_fields().filter(|name| *name != last), values)?))
    }

    /// Whose a row with these values is, where a field says so.
    #[must_use]
    pub fn owner_of(&self, values: &Fields) -> Option<PlaceCode> {
        values.get(self.owner.as_ref()?)?.as_str()?.trim().parse().ok()
    }

    /// The place by which it is judged who may change a row: where it is kept, or whose it is.
    #[must_use]
    pub fn judged_at(&self, place: Option<PlaceCode>, values: &Fields) -> Option<PlaceCode> {
        place.or_else(|| self.owner_of(values))
    }

    /// Whether rows hold values that are sealed.
    #[must_use]
    pub fn has_personal(&self) -> bool {
        self.fields.iter().any(|field| field.personal)
    }

    /// Whether anyone may read the public fields.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.read.contains(&Who::Public)
    }

    /// Whether changes need two persons.
    #[must_use]
    pub fn needs_two(&self) -> bool {
        !self.propose.is_empty()
    }

    /// Whether rows of `field` refer to rows of `register`.
    #[must_use]
    pub fn refers(&self, field: &str, register: &str) -> bool {
        let kind = self.field(field).map(|field| &field.kind);
        matches!(kind, Some(FieldKind::Ref { register: to }) if to == register)
    }
}

/// The values of some fields joined as a key; `None` while one is missing.
fn joined<'a>(names: impl Iterator<Item = &'a str>, values: &Fields) -> Option<String> {
    let part = |name: &str| match values.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let parts: Option<Vec<String>> = names.map(part).collect();
    Some(parts?.join("/"))
}

/// Where rows of a register live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One list for the whole deployment, held in memory by every node.
    #[default]
    Deployment,
    /// Rows belong to a place of this level.
    Place(Level),
}

//! Public notices: which fields of a case are shown to everybody, and for how long.

use super::shown::ShownFigure;
use crate::clocks::Rule;
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// A declared notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoticeDef {
    /// Name.
    pub name: String,
    /// Its heading.
    pub title: Text,
    /// What is said above it: what it is for, how to object.
    pub text: Text,
    /// The only fields that are shown.
    pub fields: Vec<NoticeField>,
    /// Figures that are counted when it is put up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<ShownFigure>,
    /// How long it stands.
    pub rule: Rule,
    /// The process an objection opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objection: Option<String>,
    /// The action the system takes when it has stood its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<String>,
    /// The rule it rests on.
    pub basis: Text,
}

/// A field of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeField {
    /// The field.
    pub name: String,
    /// Only its mask is shown; the one way a personal field may stand here.
    pub masked: bool,
}

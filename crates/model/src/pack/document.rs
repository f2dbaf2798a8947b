//! Documents: letters, certificates and notices that are made from a case, cards and certificates from a register row.

use super::process::{Guard, NumberPart, Who};
use super::shown::ShownFigure;
use crate::text::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A declared document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// What it is called.
    pub title: Text,
    /// The process or register it is made from.
    pub of: String,
    /// It is made from rows of a register.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub row: bool,
    /// Path of the template below the pack's folder.
    pub template: String,
    /// Its number: gap-free within place and year.
    pub number: Vec<NumberPart>,
    /// The office that issues it: fixed characters and names of places.
    pub issuer: Vec<NumberPart>,
    /// Who may issue it by hand and withdraw it; actions issue it whatever stands here.
    pub by: Vec<Who>,
    /// When it may be issued by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Guard>,
    /// Fields of the case that the template sees.
    pub fields: Vec<String>,
    /// Personal and confidential fields that are printed in clear.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clear: Vec<String>,
    /// Figures that are counted when it is issued.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<ShownFigure>,
    /// Why they are printed.
    #[serde(default)]
    pub purpose: Text,
    /// Whether and how it is sealed.
    #[serde(default)]
    pub seal: Seal,
    /// Carries a code that leads to the page which says whether it stands.
    #[serde(default)]
    pub qr: bool,
    /// Copies that are printed.
    pub copies: u8,
}

/// How a document is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seal {
    /// Not at all.
    #[default]
    None,
    /// A drawn seal that says it is one for demonstration.
    Drawn,
    /// Room for a stamp, with the office's name in type.
    Text,
}

/// What the templates of one pack may read: texts by path below its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Papers {
    /// Folder as shown to the author.
    pub shown: String,
    /// Templates and pictures by path.
    pub files: BTreeMap<String, String>,
}

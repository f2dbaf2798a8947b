//! Bulletins: reports for a place and a period in which every figure is counted and none is typed.

use super::plan::FigurePeriod;
use super::process::Who;
use crate::place::Level;
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// A declared bulletin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bulletin {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// What it is called.
    pub title: Text,
    /// Path of the template below the pack's folder.
    pub template: String,
    /// Indicators the template sees.
    pub figures: Vec<String>,
    /// With the same figures for each place of this level inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Level>,
    /// The kind of period it is made for: its title says so ("daily report").
    #[serde(default = "month")]
    pub period: FigurePeriod,
    /// Who may take it, for their own place.
    pub by: Vec<Who>,
}

fn month() -> FigurePeriod {
    FigurePeriod::Month
}

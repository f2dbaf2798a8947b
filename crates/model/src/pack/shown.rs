//! Figures that a notice or a document shows: which indicator, of which place, over which period.

use super::plan::FigurePeriod;
use crate::expr::Expr;
use crate::place::Level;
use serde::{Deserialize, Serialize};

/// A figure shown beside fields of a case. It is counted when the notice is put up or the document issued, and kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownFigure {
    /// What it is called there.
    pub name: String,
    /// The indicator.
    pub indicator: String,
    /// The place; that of the case without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Expr>,
    /// The place that holds it at this level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// How long a period.
    pub period: FigurePeriod,
    /// The period before the one that holds the day.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before: bool,
    /// A day or moment in the period; the day it is counted on without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Expr>,
}

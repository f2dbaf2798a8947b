//! Tables an office files or sends on: figures by place, or a list of cases.

use crate::place::Level;
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// A declared table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// Title above the table.
    pub title: Text,
    /// What its rows are.
    pub rows: TableRows,
}

/// What the rows of a table are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableRows {
    /// Places of a level, with a column for each indicator.
    Figures {
        /// Indicators, in order.
        indicators: Vec<String>,
        /// Level of the places.
        by: Level,
    },
    /// Cases of a process, with a column for each field.
    Cases {
        /// The process.
        process: String,
        /// Fields, in order; never personal ones.
        columns: Vec<String>,
    },
}

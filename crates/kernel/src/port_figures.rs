//! What storage is asked about figures, and what it answers.

use ganglion_indicators::Period;
use ganglion_model::PlaceCode;

/// Rows behind a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct FactFilter {
    /// Measure.
    pub measure: String,
    /// Place; inside it.
    pub place: PlaceCode,
    /// Days `[from, to)`; `None` for stocks that are only known now.
    pub days: Option<(i32, i32)>,
    /// What held on this day, for stocks that know when they held; `days` then says nothing.
    pub as_of: Option<i32>,
    /// Only this part.
    pub dim: Option<String>,
}

/// The latest row of a member in the days of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRead {
    /// Whose it is.
    pub member: String,
    /// When: second since 1970.
    pub at: i64,
    /// The part it belongs to.
    pub dim: String,
    /// Its value.
    pub value: i64,
}

/// A counter that is read: place, period and dimension key as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellRead {
    /// Place.
    pub place: PlaceCode,
    /// Period.
    pub period: Period,
    /// Dimension key.
    pub dim: String,
    /// Rows.
    pub rows: i64,
    /// Sum of values.
    pub sum: i64,
}

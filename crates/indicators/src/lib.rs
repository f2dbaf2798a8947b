//! Figures: rows in, counter deltas out; reading a figure from counters.
//!
//! [`fold`] says what a row contributes (a [`Fact`] a measure at most) and how a change of the row changes the
//! counters. [`read`] turns sums into a figure. Where facts and counters are kept is the store's business.

pub mod digest;
pub mod fold;
pub mod period;
pub mod rank;
pub mod read;
pub mod tallied;
pub mod when;

pub use digest::{Digest, Digests, FactParts, MeasureDay};
pub use fold::{CellKey, Cells, Fact, FactChange, fact_changes, facts_of_case, facts_of_row, is_measured};
pub use period::{Period, Span};
pub use rank::ranks;
pub use read::{Figure, Sums, calculated, counted, figure};
pub use tallied::{Measured, Tallied};
pub use when::When;

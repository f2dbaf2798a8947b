//! What storage is asked about figures, and what it answers.

use crate::port::StoreError;
use async_trait::async_trait;
use ganglion_indicators::{Digests, MeasureDay, Period};
use ganglion_model::{CaseId, PlaceCode, Shard};

/// Where a fact stands among those of its shard.
pub type FactKey = (String, i32, PlaceCode, CaseId);

/// What counting the figures of a shard anew asks of storage: rows and facts piece by piece, so that it never holds all of either.
#[async_trait]
pub trait CountStore: Send + Sync {
    /// Cases of a shard as stored, in the order of their ids, behind one: id and JSON.
    async fn case_texts(
        &self,
        shard: Shard,
        after: Option<CaseId>,
        limit: u32,
    ) -> Result<Vec<(CaseId, String)>, StoreError>;
    /// What the next facts of a shard in the order of their keys come to, behind one, and the key of the last of them; no key when
    /// there are none.
    async fn facts_digest(
        &self,
        shard: Shard,
        after: Option<&FactKey>,
        limit: u32,
    ) -> Result<(Digests, Option<FactKey>), StoreError>;
    /// Forgets the facts of a shard of these measures and days, and every counter of these measures.
    async fn figures_forget(&self, shard: Shard, facts: &[MeasureDay], counters: &[String]) -> Result<(), StoreError>;
}

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
    /// The row.
    pub row: CaseId,
    /// Shard of the row.
    pub shard: Shard,
    /// Day it counts at.
    pub day: i32,
    /// When: second since 1970.
    pub at: i64,
    /// The part it belongs to.
    pub dim: String,
    /// Its value.
    pub value: i64,
}

/// Counters as read.
pub type CellsRead = Result<Vec<CellRead>, StoreError>;

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

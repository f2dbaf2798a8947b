//! The rows a figure was counted from: those of a filter of facts, or, where only the last row of each member counts, those rows.

use super::{Reader, plan};
use crate::port::{FactFilter, MemberRead, StoreError};
use ganglion_indicators::{Period, Span};
use ganglion_model::PlaceCode;
use ganglion_model::pack::{Formula, Indicator, Measure};
use std::collections::BTreeSet;

/// What stands behind a figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Behind {
    /// Every fact of a filter.
    Facts(FactFilter),
    /// The last row of each member that counts, newest day first.
    Latest(Vec<MemberRead>),
}

/// The measure whose rows a figure says it was counted from: what it is divided by, or what it counts. What is calculated from
/// other figures has none.
#[must_use]
pub fn counted_from(indicator: &Indicator) -> Option<&str> {
    match &indicator.formula {
        Formula::Ratio(_, below) => Some(below),
        other => other.measures().first().copied(),
    }
}

impl Reader<'_> {
    /// What stands behind `indicator` at `place` over `span`, of one of its measures.
    ///
    /// # Errors
    /// Storage.
    pub async fn behind(
        &self,
        (indicator, measure): (&Indicator, &Measure),
        place: PlaceCode,
        span: Span,
    ) -> Result<Behind, StoreError> {
        let Some(back) = indicator.latest_days else {
            let (from, to) = span.days();
            let as_of = measure.until.is_some().then(|| (to - 1).min(Period::day_number(self.today)));
            let days = (!measure.is_stock()).then_some((from, to));
            return Ok(Behind::Facts(FactFilter { as_of, ..plan::facts_of(measure, place, days) }));
        };
        let mut rows = self.members(measure, place, span, back).await?;
        if let Some(compared) = indicator.compared {
            // Only members that have a value of every measure in both periods count.
            for name in indicator.formula.measures() {
                let Some(measure) = self.world.model.measures.get(name) else { continue };
                for span in [span, span.against(compared.against)] {
                    let there = self.members(measure, place, span, back).await?;
                    let there: BTreeSet<&str> = there.iter().map(|one| one.member.as_str()).collect();
                    rows.retain(|one| there.contains(one.member.as_str()));
                }
            }
        }
        rows.sort_by(|a, b| (b.day, a.row).cmp(&(a.day, b.row)));
        Ok(Behind::Latest(rows))
    }

    /// How many rows those are: as the counters say, which cost the same however many there are; counted from facts only where there are
    /// no counters.
    ///
    /// # Errors
    /// Storage.
    pub async fn count_behind(
        &self,
        behind: &Behind,
        measure: &Measure,
        place: PlaceCode,
        span: Span,
    ) -> Result<i64, StoreError> {
        if let Behind::Latest(rows) = behind {
            return Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX));
        }
        let counted = Indicator::reading(&measure.name, Formula::Count(measure.name.clone()));
        let read = self.read(&counted, &[place], &[span], false).await?;
        Ok(read.iter().flatten().map(|got| got.figure.rows).sum())
    }

    /// The last row of each member in a span and the days before it that are looked back to.
    pub(super) async fn members(
        &self,
        measure: &Measure,
        place: PlaceCode,
        span: Span,
        back: u32,
    ) -> Result<Vec<MemberRead>, StoreError> {
        let (from, to) = span.days();
        let from = from.saturating_sub(i32::try_from(back).unwrap_or(i32::MAX)).max(1);
        self.tally.facts_latest(&plan::facts_of(measure, place, Some((from, to)))).await
    }
}

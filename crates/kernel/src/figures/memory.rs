//! Facts in memory, with the counters they give: for scenarios, for comparing, and for tests.

use super::Tally;
use crate::port::{CellRead, FactFilter, MemberRead, StoreError};
use crate::rules::ViolationFilter;
use async_trait::async_trait;
use ganglion_indicators::fold::cells_of_changes;
use ganglion_indicators::{CellKey, Cells, Fact, FactChange, Period};
use ganglion_model::{CaseId, Model, PlaceCode, Shard};
use std::collections::BTreeMap;

/// Facts and the counters they give, kept as a store keeps them.
pub struct Memory {
    facts: Vec<(CaseId, Fact)>,
    cells: Cells,
    broken: Vec<(String, PlaceCode)>,
}

impl Memory {
    /// Counts facts of rows.
    #[must_use]
    pub fn of(model: &Model, facts: Vec<(CaseId, Fact)>) -> Memory {
        let mut cells = Cells::new();
        let came = |(case, fact): &(CaseId, Fact)| FactChange { case: *case, before: None, after: Some(fact.clone()) };
        let changes: Vec<FactChange> = facts.iter().map(came).collect();
        cells_of_changes(&mut cells, model, Shard::DEPLOYMENT, &changes);
        Memory { facts, cells, broken: Vec::new() }
    }

    /// With what stands on the lists of rules: the rule, and where the row counts.
    #[must_use]
    pub fn with_broken(self, broken: Vec<(String, PlaceCode)>) -> Memory {
        Memory { broken, ..self }
    }

    fn matching<'a>(&'a self, filter: &'a FactFilter) -> impl Iterator<Item = &'a (CaseId, Fact)> {
        let (from, to) = filter.days.unwrap_or((0, 1));
        self.facts.iter().filter(move |(_, fact)| {
            let in_time = match filter.as_of {
                Some(day) => fact.holds_on(day),
                None => (from..to).contains(&fact.day),
            };
            let in_part = filter.dim.as_ref().is_none_or(|dim| fact.dim == *dim);
            fact.measure == filter.measure && filter.place.holds(fact.place) && in_time && in_part
        })
    }

    fn read(&self, wanted: impl Fn(&CellKey) -> bool) -> Vec<CellRead> {
        let wanted = self.cells.iter().filter(|(key, _)| wanted(key));
        let read = wanted.map(|(key, (rows, sum))| CellRead {
            place: key.place,
            period: key.period,
            dim: key.dim.clone(),
            rows: *rows,
            sum: *sum,
        });
        read.collect()
    }
}

#[async_trait]
impl Tally for Memory {
    async fn cells(
        &self,
        measure: &str,
        places: &[PlaceCode],
        (periods, _): (&[Period], bool),
    ) -> Result<Vec<CellRead>, StoreError> {
        Ok(self.read(|key| key.measure == measure && places.contains(&key.place) && periods.contains(&key.period)))
    }

    async fn cells_to(
        &self,
        measure: &str,
        places: &[PlaceCode],
        month: i32,
        _: bool,
    ) -> Result<Vec<CellRead>, StoreError> {
        let is_month = |key: &CellKey| matches!(key.period, Period::Month(one) if one <= month);
        Ok(self.read(|key| key.measure == measure && places.contains(&key.place) && is_month(key)))
    }

    async fn facts_sum(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        let mut sums: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for (_, fact) in self.matching(filter) {
            let sum = sums.entry(&fact.dim).or_default();
            *sum = (sum.0 + 1, sum.1 + fact.value);
        }
        Ok(sums.into_iter().map(|(dim, (rows, sum))| (dim.to_owned(), rows, sum)).collect())
    }

    async fn facts_values(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        Ok(self.matching(filter).map(|(_, fact)| (fact.dim.clone(), fact.value, 1)).collect())
    }

    async fn facts_latest(&self, filter: &FactFilter) -> Result<Vec<MemberRead>, StoreError> {
        let mut latest: BTreeMap<&str, (i64, CaseId, &Fact)> = BTreeMap::new();
        for (case, fact) in self.matching(filter) {
            let Some(member) = &fact.member else { continue };
            let now = (fact.at, *case, fact);
            let known = latest.entry(member).or_insert(now);
            if (known.0, known.1) < (now.0, now.1) {
                *known = now;
            }
        }
        let read = latest.into_iter().map(|(member, (at, row, fact))| MemberRead {
            member: member.to_owned(),
            row,
            shard: fact.place.shard(),
            day: fact.day,
            at,
            dim: fact.dim.clone(),
            value: fact.value,
        });
        Ok(read.collect())
    }

    async fn broken(&self, filter: &ViolationFilter) -> Result<u64, StoreError> {
        let counts = |(rule, at): &&(String, PlaceCode)| {
            *rule == filter.rule && filter.place.is_none_or(|place| place.holds(*at))
        };
        Ok(self.broken.iter().filter(counts).count() as u64)
    }
}

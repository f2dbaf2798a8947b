//! Everything a database holds of some shards, in one comparable value.

use super::rows::at;
use ganglion_indicators::CellKey;
use ganglion_kernel::merkle::Frontier;
use ganglion_kernel::port::{Store, Timer};
use ganglion_kernel::queue::QueueWant;
use ganglion_model::row::{Case, Record};
use ganglion_model::{CaseId, PlaceCode, Shard};
use ganglion_store::rebuild::each_case;
use std::collections::BTreeMap;

/// Rows, figures and root of one shard.
#[derive(Debug, PartialEq)]
pub struct Dump {
    pub cases: BTreeMap<CaseId, Case>,
    pub cells: BTreeMap<CellKey, (i64, i64)>,
    pub timers: Vec<Timer>,
    pub waiting: Vec<CaseId>,
    pub records: Vec<Record>,
    pub frontier: Frontier,
    pub journal: Vec<String>,
}

pub async fn dump(store: &dyn Store) -> BTreeMap<Shard, Dump> {
    let mut dumps = BTreeMap::new();
    let timers = store.timers_due(at(1_000_000_000), 10_000).await.unwrap();
    for (shard, head) in store.shards().await.unwrap() {
        let mut cases = BTreeMap::new();
        each_case(store, shard, |case| assert_eq!(cases.insert(case.id, case), None)).await.unwrap();
        let lines = store.lines_after(shard, 0, 10_000).await.unwrap();
        // Rows of the whole deployment stand in a shard without a place, and nothing waits there.
        let mut front = Vec::new();
        if let Some(county) = PlaceCode::from_padded(u64::from(shard.0) * 1_000_000_000) {
            let queue = QueueWant { shard, process: "report".into(), place: county, lanes: vec![], limit: 10_000 };
            front = store.waiting(&queue).await.unwrap();
            assert_eq!(store.waiting_count(&queue, None).await.unwrap(), front.len() as u64);
        }
        let dump = Dump {
            waiting: front.iter().map(|case| case.id).collect(),
            cases,
            cells: store.cells_all(shard).await.unwrap().into_iter().collect(),
            timers: timers.iter().filter(|timer| timer.shard == shard).cloned().collect(),
            records: store.record_versions(shard).await.unwrap(),
            frontier: head.frontier,
            journal: lines.into_iter().map(|line| line.canonical).collect(),
        };
        dumps.insert(shard, dump);
    }
    dumps
}

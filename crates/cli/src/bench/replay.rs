//! P12: a year of the city replayed: every journal line checked and played into an empty database, which then has the same rows, figures
//! and Merkle roots.

use super::{Line, instant};
use crate::city::world;
use anyhow::{Result, ensure};
use ganglion_kernel::Store;
use ganglion_kernel::port::CaseFilter;
use ganglion_model::Shard;
use ganglion_store::replay::replay;
use ganglion_store::{SqliteOptions, SqliteStore};
use std::path::Path;

/// Lines read at a time for the baseline.
const LINES_AT_ONCE: u32 = 500;
/// Seconds within which a million cases are to be replayed.
const GOAL_SECONDS: f64 = 600.0;

/// Measures on a filled installation.
///
/// # Errors
/// When the journal does not replay, or gives other rows or figures.
pub fn measure(home: &Path, data: &Path) -> Result<Line> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = SqliteStore::open(&data.join("ganglion.sqlite"), SqliteOptions::default())?;
    let scratch = tempfile::tempdir()?;
    let again = SqliteStore::open(&scratch.path().join("replay.sqlite"), SqliteOptions::default())?;
    runtime.block_on(async {
        let world = world::load(store.as_ref(), world::packs(&home.join("packs"))?, world::office(home)?).await?;
        let start = instant();
        read(store.as_ref()).await?;
        let baseline = start.elapsed().as_secs_f64();
        let start = instant();
        let done = replay(store.as_ref(), again.as_ref(), &world).await?;
        let measured = start.elapsed().as_secs_f64();
        let lines: u64 = done.iter().map(|one| one.lines).sum();
        let cases = store.case_count(&CaseFilter::default()).await?;
        ensure!(again.case_count(&CaseFilter::default()).await? == cases, "the journal gives other cases");
        for one in done.iter().filter(|one| one.shard != Shard::DEPLOYMENT) {
            let equal = store.cells_all(one.shard).await? == again.cells_all(one.shard).await?;
            ensure!(equal, "the journal of shard {} gives other figures", one.shard);
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of cases in a table of results")]
        let per_million = measured / cases.max(1) as f64 * 1e6;
        Ok(Line {
            id: "P12",
            what: format!("{cases} cases ({lines} journal lines) replayed into an empty database"),
            measured,
            unit: "s",
            baseline: format!("reading the same lines; {per_million:.0} s for a million cases at this pace"),
            baseline_value: Some(baseline),
            ratio: Some(measured / baseline),
            goal: "≤ 10 min for 1 M cases",
            reached: per_million <= GOAL_SECONDS,
        })
    })
}

async fn read(store: &dyn Store) -> Result<()> {
    for (shard, head) in store.shards().await? {
        let mut seq = 0;
        while seq < head.seq {
            let lines = store.lines_after(shard, seq, LINES_AT_ONCE).await?;
            let Some(last) = lines.last() else { break };
            seq = last.seq;
        }
    }
    Ok(())
}

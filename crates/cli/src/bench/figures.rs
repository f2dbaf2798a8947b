//! P5 and P8: reading a figure for any place and period beside counting the same rows, and counting every figure anew.

use super::{Line, instant, starting};
use crate::city::world;
use crate::database::DatabaseArgs;
use crate::load::harness::Ground;
use anyhow::{Context as _, Result};
use ganglion_indicators::{Span, When};
use ganglion_kernel::figures::Reader;
use ganglion_kernel::port::CaseFilter;
use ganglion_kernel::{Store, World};
use ganglion_model::clocks::{local_date, midnight};
use ganglion_model::pack::{Indicator, Source};
use ganglion_model::{Level, PlaceCode};
use ganglion_store::rebuild::{each_case, recount_all};
use ganglion_store::{SqliteOptions, SqliteStore};
use jiff::civil::Date;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use std::path::Path;
use std::sync::Arc;

/// Figures read.
const READS: usize = 4_000;
/// The slowest reads, which are named.
const SLOWEST: usize = 60;
/// Counts of rows for the baseline, which are slow.
const COUNTS: usize = 400;

/// Measures both over one year of `cases`, or over the folder of an installation that was loaded before.
///
/// # Errors
/// When the cases cannot be loaded.
pub fn measure(home: &Path, cases: usize, loaded: Option<&Path>) -> Result<Vec<Line>> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if loaded.is_none() {
        runtime.block_on(Ground::prepare(home, folder.path(), &DatabaseArgs::of(None)))?;
        starting::fill(home, folder.path(), cases, &runtime)?;
    }
    let data = loaded.unwrap_or(folder.path());
    let store = SqliteStore::open(&data.join("ganglion.sqlite"), SqliteOptions::default())?;
    let store: Arc<dyn Store> = store;
    runtime.block_on(async {
        let cases = usize::try_from(store.case_count(&CaseFilter::default()).await?)?;
        let model = world::packs(&home.join("packs"))?;
        let world = world::load(store.as_ref(), model, world::office(home)?).await?;
        let today = newest(store.as_ref()).await?;
        let mut lines = vec![reading(store.as_ref(), &world, (cases, today)).await?];
        lines.extend(counting(&store, &world, (cases, loaded.is_none())).await?);
        Ok(lines)
    })
}

/// The day of the newest case.
async fn newest(store: &dyn Store) -> Result<Date> {
    let order = ganglion_kernel::port::CaseOrder::Opened;
    let page = store.cases(&CaseFilter::default(), order, None, 1).await?;
    Ok(local_date(page.first().context("no case was loaded")?.opened_at))
}

/// The time within which 99 of 100 were done, milliseconds.
pub(super) fn p99(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() * 99 / 100).copied().unwrap_or_default() * 1000.0
}

async fn reading(store: &dyn Store, world: &World, (cases, today): (usize, Date)) -> Result<Line> {
    let mut chance = SmallRng::seed_from_u64(1);
    let places = [Level::City, Level::County, Level::Township, Level::Village, Level::Grid].map(|level| {
        let codes = world.places.tree.versions().map(|one| one.code);
        codes.filter(|code| code.level() == level).collect::<Vec<PlaceCode>>()
    });
    let indicators: Vec<&Indicator> = world.model.indicators_in_order();
    let reader = Reader { tally: &store, world, today };
    let mut drawn = || {
        let level = &places[chance.random_range(0..places.len())];
        let place = level[chance.random_range(0..level.len())];
        let offered: Vec<&&Indicator> = indicators.iter().filter(|one| one.levels.contains(&place.level())).collect();
        let indicator = *offered[chance.random_range(0..offered.len())];
        let back = jiff::Span::new().days(chance.random_range(0..360));
        let day = today.checked_sub(back).unwrap_or(today);
        let whens = [When::month_of(day), When::Day(day), When::Year(Date::constant(day.year(), 1, 1))];
        (indicator, place, whens[chance.random_range(0..whens.len())].span())
    };
    let (mut read, mut slow) = (Vec::with_capacity(READS), Vec::with_capacity(READS));
    let mut counted = Vec::with_capacity(COUNTS);
    for n in 0..READS {
        let (indicator, place, span) = drawn();
        let start = instant();
        reader.read(indicator, &[place], &[span], false).await?;
        let seconds = start.elapsed().as_secs_f64();
        read.push(seconds);
        slow.push((seconds, &indicator.name, place, span));
        if n % (READS / COUNTS) == 0 {
            let filter = rows_of(world, indicator, place, span);
            let start = instant();
            store.case_count(&filter).await?;
            counted.push(start.elapsed().as_secs_f64());
        }
    }
    slow.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (seconds, indicator, place, span) in slow.iter().take(SLOWEST) {
        crate::err(&format!("{:.2} ms: {indicator} of {place}, {} to {}", seconds * 1000.0, span.from, span.to));
    }
    let (measured, baseline) = (p99(read), p99(counted));
    Ok(Line {
        id: "P5",
        what: format!("p99 of a figure, any place and period, {cases} cases"),
        measured,
        unit: "ms",
        baseline: "counting the rows of the same process, place and period".to_owned(),
        baseline_value: Some(baseline),
        ratio: Some(measured / baseline),
        goal: "≤ 2 ms",
        reached: measured <= 2.0,
    })
}

/// The rows an indicator counts, as a list would ask for them.
fn rows_of(world: &World, indicator: &Indicator, place: PlaceCode, span: Span) -> CaseFilter {
    let measure = indicator.formula.measures().first().and_then(|name| world.model.measures.get(*name));
    let process = measure.and_then(|one| match &one.of {
        Source::Process(name) => Some(name.clone()),
        Source::Register(_) => None,
    });
    CaseFilter {
        place: Some(place),
        processes: process.into_iter().collect(),
        opened: Some((midnight(span.from), midnight(span.to))),
        ..CaseFilter::default()
    }
}

/// Counts every figure anew. Where nothing kept may be lost, which is on an installation that was there before, that is held against what
/// is kept, and no more.
async fn counting(store: &Arc<dyn Store>, world: &World, (cases, may_clear): (usize, bool)) -> Result<Vec<Line>> {
    let shards = store.shards().await?;
    let start = instant();
    let mut rows = 0_usize;
    for (shard, _) in &shards {
        each_case(store.as_ref(), *shard, |_| rows += 1).await?;
    }
    let baseline = start.elapsed().as_secs_f64();
    let anew = async || -> Result<f64> {
        let start = instant();
        recount_all(store, world, shards.iter().map(|(shard, _)| *shard)).await?;
        Ok(start.elapsed().as_secs_f64())
    };
    let line = |what: &str, measured: f64| {
        #[expect(clippy::cast_precision_loss, reason = "a number of rows in a table of results")]
        let per_10_million = measured / rows.max(1) as f64 * 1e7;
        Line {
            id: "P8",
            what: format!("{what} {cases} cases"),
            measured,
            unit: "s",
            baseline: format!("reading the same rows; {per_10_million:.0} s for 10 M rows at this pace"),
            baseline_value: Some(baseline),
            ratio: Some(measured / baseline),
            goal: "≤ 60 s for 10 M rows",
            reached: per_10_million <= 60.0,
        }
    };
    let held = line("every figure counted anew and held against what is kept,", anew().await?);
    if !may_clear {
        return Ok(vec![held]);
    }
    for (shard, _) in &shards {
        store.figures_clear(*shard).await?;
    }
    Ok(vec![held, line("every figure counted anew and written,", anew().await?)])
}

//! P6: the inbox, a list and a case as a dispatcher's browser asks for them, one after the other, with many cases and with a hundredth of
//! them: what a page costs must not follow how much history there is.

use super::filled::{Filled, filled};
use super::{Line, instant};
use crate::load::client::Client;
use crate::load::harness::Ground;
use crate::load::script::post_id;
use anyhow::{Context as _, Result, ensure};
use ganglion_kernel::Store as _;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_model::{Level, PlaceCode};
use ganglion_store::SqliteStore;
use hyper::Method;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use std::path::Path;

/// How often each page is asked for.
const ASKED: usize = 600;
/// Asked first and not counted.
const WARM: usize = 50;
/// Townships whose dispatchers ask.
const TOWNSHIPS: usize = 12;
/// Newest cases of each township that are opened.
const CASES: u32 = 50;
/// Who asks.
const BY: &str = "dispatcher@township";
/// Cases of the small installation, at least.
const SMALL_MIN: usize = 1_000;

/// A dispatcher and what lies before them.
pub(super) struct Desk {
    /// The session.
    pub token: String,
    /// Where.
    pub place: PlaceCode,
    numbers: Vec<String>,
}

/// The three pages: names and p99 in milliseconds.
type Times = [(&'static str, f64); 3];

/// Measures on a filled installation, beside one with a hundredth of its cases.
///
/// # Errors
/// When the small one cannot be loaded, or a page is not answered.
pub fn measure(home: &Path, large: &Filled) -> Result<Vec<Line>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let small = filled(home, (large.cases / 100).max(SMALL_MIN), None)?;
    let before = runtime.block_on(times(&small.ground))?;
    let now = runtime.block_on(times(&large.ground))?;
    let line = |((page, measured), (_, baseline)): ((&str, f64), (&str, f64))| Line {
        id: "P6",
        what: format!("p99 of {page} over HTTP, {} cases", large.cases),
        measured,
        unit: "ms",
        baseline: format!("the same with {} cases", small.cases),
        baseline_value: Some(baseline),
        ratio: Some(measured / baseline),
        goal: "≤ 10 ms, flat",
        reached: measured <= 10.0,
    };
    Ok(now.into_iter().zip(before).map(line).collect())
}

async fn times(ground: &Ground) -> Result<Times> {
    let desks = desks(ground).await?;
    let server = ground.serve()?;
    let mut client = Client::connect(server.address).await?;
    let mut rng = SmallRng::seed_from_u64(1);
    let mut times: Times = [("the inbox", 0.0), ("a list", 0.0), ("a case", 0.0)];
    for (page, p99) in &mut times {
        let mut seconds = Vec::with_capacity(ASKED);
        for n in 0..WARM + ASKED {
            let desk = &desks[rng.random_range(0..desks.len())];
            let path = match *page {
                "the inbox" => "/desk".to_owned(),
                "a list" => format!("/cases?place={}", desk.place),
                _ => format!("/cases/{}", desk.numbers[rng.random_range(0..desk.numbers.len())]),
            };
            let start = instant();
            let (status, _) = client.call(Method::GET, &path, (&desk.token, None)).await?;
            let took = start.elapsed().as_secs_f64();
            ensure!(status.is_success(), "{path} was answered with {status}");
            if n >= WARM {
                seconds.push(took);
            }
        }
        *p99 = super::figures::p99(seconds);
    }
    Ok(times)
}

/// Dispatchers of townships that have cases.
pub(super) async fn desks(ground: &Ground) -> Result<Vec<Desk>> {
    let store = SqliteStore::look(&ground.data.join("ganglion.sqlite"))?;
    let townships = ground.world.places.tree.versions().map(|one| one.code);
    let mut desks = Vec::new();
    for place in townships.filter(|code| code.level() == Level::Township) {
        let token = post_id(&ground.world, BY, place).and_then(|id| ground.tokens.get(&id).cloned());
        let Some(token) = token else { continue };
        // Of the process they work on: not everything that lies in their township is shown to them.
        let processes = vec![ground.script.process.clone()];
        let filter = CaseFilter { place: Some(place), processes, ..CaseFilter::default() };
        let newest = store.cases(&filter, CaseOrder::Opened, None, CASES).await?;
        if !newest.is_empty() {
            desks.push(Desk { token, place, numbers: newest.into_iter().map(|case| case.number).collect() });
        }
        if desks.len() == TOWNSHIPS {
            break;
        }
    }
    desks.first().context("no dispatcher has a case")?;
    Ok(desks)
}

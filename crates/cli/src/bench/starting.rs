//! P10: start to first answer with many cases.

use super::{Line, instant};
use crate::city::{people::People, world};
use crate::demo::{actors::Actors, behaviour::Behaviour, history};
use crate::load::client::Client;
use crate::load::harness::Ground;
use crate::system::{Machine, master_key};
use anyhow::Result;
use ganglion_kernel::Store;
use ganglion_kernel::clocks::local_date;
use ganglion_kernel::commit::WallClock as _;
use ganglion_store::{SqliteOptions, SqliteStore};
use hyper::Method;
use std::path::Path;
use std::sync::Arc;

/// Measures.
///
/// # Errors
/// When the cases cannot be loaded.
pub fn measure(home: &Path, cases: usize) -> Result<Line> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ground = runtime.block_on(Ground::prepare(home, folder.path()))?;
    let empty = runtime.block_on(first_answer(&ground))?;
    fill(home, folder.path(), cases, &runtime)?;
    let full = runtime.block_on(first_answer(&ground))?;
    Ok(Line {
        id: "P10",
        what: format!("start to first answer with {cases} cases"),
        measured: full,
        unit: "s",
        baseline: "the same installation without a case".to_owned(),
        baseline_value: Some(empty),
        ratio: Some(full / empty),
        goal: "≤ 1 s",
        reached: full <= 1.0,
    })
}

async fn first_answer(ground: &Ground) -> Result<f64> {
    let start = instant();
    let server = ground.serve()?;
    let mut client = Client::connect(server.address).await?;
    let (status, _) = client.call(Method::GET, "/", ("", None)).await?;
    anyhow::ensure!(status.is_success(), "the first answer was {status}");
    Ok(start.elapsed().as_secs_f64())
}

/// Loads a year of `cases` into the installation at `data`.
///
/// # Errors
/// When the packs or the behaviour cannot be read.
pub fn fill(home: &Path, data: &Path, cases: usize, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let machine = Machine::new();
    let store = SqliteStore::open(&data.join("ganglion.sqlite"), SqliteOptions::default())?;
    store.set_durable(false)?;
    let as_store: Arc<dyn Store> = store.clone();
    let model = world::packs(&home.join("packs"))?;
    let world = Arc::new(runtime.block_on(world::load(as_store.as_ref(), model, world::office(home)?))?);
    let outlines = runtime.block_on(as_store.outlines())?;
    let now = machine.now();
    let behaviour = Behaviour::read(&home.join("data/demo/behaviour.yaml"))?;
    // People are read for their own sake: a bad file should fail here, not after a long load.
    People::read(home)?;
    let mut actors = Actors::new(behaviour, world.clone(), &outlines, (local_date(now), 1));
    let master = master_key(data, &machine)?;
    let plan = history::year_up_to(now, cases);
    history::load(&as_store, (&world, &master), (&mut actors, &machine), plan, &mut |_| ())?;
    drop(as_store);
    store.set_durable(true)?;
    drop(store);
    Ok(())
}

//! P9, P10 and P15: memory, start to first answer, and disk a case, with many cases.

use super::{Line, instant};
use crate::city::{people::People, world};
use crate::database::DatabaseArgs;
use crate::demo::{actors::Actors, behaviour::Behaviour, history};
use crate::load::client::Client;
use crate::load::harness::{Ground, Memory, Server};
use crate::system::{Machine, master_key};
use anyhow::{Context as _, Result};
use ganglion_kernel::Store as _;
use ganglion_kernel::clocks::local_date;
use ganglion_kernel::commit::WallClock as _;
use ganglion_kernel::port::CaseFilter;
use ganglion_store::{SqliteOptions, SqliteStore};
use hyper::Method;
use std::path::Path;
use std::sync::Arc;

/// Name of the database in an installation's folder.
const DATABASE: &str = "ganglion.sqlite";

/// How long a server is left alone before its memory is read: what starting took and gave back is with the system by then.
const IDLE: std::time::Duration = std::time::Duration::from_secs(3);

/// What one start showed.
struct Start {
    /// Seconds to the first answer.
    seconds: f64,
    /// Memory of the server once it idles.
    memory: Memory,
}

/// Measures on `cases` cases made now, or on the folder of an installation that was loaded before.
///
/// # Errors
/// When the cases cannot be loaded.
pub fn measure(home: &Path, cases: usize, loaded: Option<&Path>) -> Result<Vec<Line>> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(Ground::prepare(home, folder.path(), &DatabaseArgs::of(None)))?;
    let empty_bytes = disk_bytes(folder.path())?;
    // The first start of all takes over what ships, which no other does.
    runtime.block_on(first_answer(home, folder.path()))?;
    let empty = runtime.block_on(first_answer(home, folder.path()))?;
    let data = match loaded {
        Some(data) => data,
        None => {
            let begin = instant();
            fill(home, folder.path(), cases, &runtime)?;
            crate::err(&format!("{cases} cases were loaded in {:.0} s", begin.elapsed().as_secs_f64()));
            folder.path()
        }
    };
    let store = SqliteStore::open(&data.join(DATABASE), SqliteOptions::default())?;
    let cases = runtime.block_on(store.case_count(&CaseFilter::default()))?;
    drop(store);
    let full = runtime.block_on(first_answer(home, data))?;
    #[expect(clippy::cast_precision_loss, reason = "a count of cases")]
    let bytes = (disk_bytes(data)? - empty_bytes) / (cases.max(1) as f64);
    Ok(lines(cases, (&empty, &full), bytes))
}

fn lines(cases: u64, (empty, full): (&Start, &Start), bytes: f64) -> Vec<Line> {
    let line = |id, what: &str, (measured, unit), (goal, most): (_, f64)| Line {
        id,
        what: format!("{what}, {cases} cases"),
        measured,
        unit,
        baseline: "the same installation without a case".to_owned(),
        baseline_value: None,
        ratio: None,
        goal,
        reached: measured <= most,
    };
    let mega = |bytes: f64| bytes / 1e6;
    let beside =
        |line: Line, empty: f64| Line { baseline_value: Some(empty), ratio: Some(line.measured / empty), ..line };
    let all = |start: &Start| mega(start.memory.resident_bytes);
    let own = |start: &Start| mega(start.memory.own_bytes);
    let resident = "memory of the idle server, pages of the program's file included";
    vec![
        beside(line("P10", "start to first answer", (full.seconds, "s"), ("≤ 1 s", 1.0)), empty.seconds),
        beside(line("P9", resident, (all(full), "MB"), ("≤ 300 MB", 300.0)), all(empty)),
        beside(line("P9", "of it not in the program's file", (own(full), "MB"), ("≤ 300 MB", 300.0)), own(empty)),
        Line {
            what: format!("{resident}, no case"),
            baseline: String::new(),
            ..line("P9", "", (all(empty), "MB"), ("≤ 80 MB", 80.0))
        },
        line("P15", "disk a case, journal and proof included", (bytes / 1000.0, "kB"), ("< 5 kB", 5.0)),
    ]
}

async fn first_answer(home: &Path, data: &Path) -> Result<Start> {
    let begin = instant();
    let server = Server::start(home, data, &DatabaseArgs::of(None))?;
    let mut client = Client::connect(server.address).await?;
    let (status, _) = client.call(Method::GET, "/", ("", None)).await?;
    anyhow::ensure!(status.is_success(), "the first answer was {status}");
    let seconds = begin.elapsed().as_secs_f64();
    tokio::time::sleep(IDLE).await;
    Ok(Start { seconds, memory: server.memory()? })
}

fn disk_bytes(data: &Path) -> Result<f64> {
    let bytes = std::fs::metadata(data.join(DATABASE)).context("reading the size of the database")?.len();
    #[expect(clippy::cast_precision_loss, reason = "a size on disk")]
    Ok(bytes as f64)
}

/// Loads a year of `cases` into the installation at `data`.
///
/// # Errors
/// When the packs or the behaviour cannot be read.
pub fn fill(home: &Path, data: &Path, cases: usize, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let machine = Machine::new();
    let store = SqliteStore::open(&data.join(DATABASE), SqliteOptions::default())?;
    store.set_durable(false)?;
    let as_store: Arc<dyn ganglion_kernel::Store> = store.clone();
    let model = world::packs(&home.join("packs"))?;
    let world = Arc::new(runtime.block_on(world::load(as_store.as_ref(), model, world::office(home)?))?);
    let outlines = runtime.block_on(as_store.outlines())?;
    let now = machine.now();
    // One process only, so that figures measured on different days can be compared.
    let behaviour = Behaviour::read(&home.join("data/demo/behaviour/incident.yaml"))?;
    // People are read for their own sake: a bad file should fail here, not after a long load.
    People::read(home)?;
    let mut actors = Actors::new(vec![behaviour], world.clone(), &outlines, (local_date(now), 1));
    let master = master_key(data, &machine)?;
    let plan = history::year_up_to(now, cases);
    history::load(&as_store, (&world, &master), (&mut actors, &machine), plan, &mut |_| ())?;
    drop(as_store);
    store.set_durable(true)?;
    drop(store);
    Ok(())
}

//! `ganglion demo`: a city that is alive, from one folder.

use crate::city::install::{City, install};
use crate::city::people::People;
use crate::city::{home, world};
use crate::database::{Database, DatabaseArgs, SQLITE};
use crate::demo::actors::Actors;
use crate::demo::behaviour::Behaviour;
use crate::demo::{history, live, rows, tables};
use crate::server::{Installation, start};
use crate::system::{Machine, master_key, stopped};
use anyhow::{Context as _, Result, bail, ensure};
use arc_swap::ArcSwap;
use clap::Args;
use ganglion_kernel::World;
use ganglion_kernel::batch::NUMBERED_MAX;
use ganglion_kernel::clocks::local_date;
use ganglion_kernel::commit::{CommitterSettings, WallClock as _, Works};
use ganglion_store::SqliteOptions;
use ganglion_store::rebuild::{self, recount_if_changed};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Where it is said what simulated people do, in `home`.
const BEHAVIOURS: &str = "data/demo/behaviour";
/// The setting that says until when the history goes: there once it is whole.
const LOADED: &str = "history_until";
/// Rows that registers hold from the beginning, in `home`.
const ROWS: &str = "data/demo/rows.yaml";
/// Tables of rows, in `home`.
const TABLES: &str = "data/demo/tables";

/// Arguments of `ganglion demo`.
#[derive(Args)]
#[command(after_help = "Example: ganglion demo --port 8080 --data .demo --seed 1 --speed 30")]
pub struct DemoArgs {
    /// Port on 127.0.0.1.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Folder for everything the demonstration keeps.
    #[arg(long, default_value = ".demo")]
    data: PathBuf,
    /// Seed of all draws: the same seed gives the same people and the same kind of year.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many times faster than in a real city things come in and are done; 0: nobody acts but visitors.
    #[arg(long, default_value_t = 30.0)]
    speed: f64,
    /// Cases in the year of history.
    #[arg(long, default_value_t = 100_000)]
    cases: usize,
    /// Folder that holds `data/` and `packs/`.
    #[arg(long)]
    home: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs until stopped.
///
/// # Errors
/// When the folder cannot be used, the port is taken, or the data is bad.
pub fn run(args: &DemoArgs) -> Result<ExitCode> {
    let home = home(args.home.as_deref());
    let machine = Arc::new(Machine::new());
    std::fs::create_dir_all(&args.data).with_context(|| format!("making {}", args.data.display()))?;
    if args.database.database.is_some() {
        load_server(args, &home, &machine)?;
    } else if !args.data.join(SQLITE).exists() {
        load_file(args, &home, &machine)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args, &home, machine))
}

fn say(text: &str) {
    use std::io::Write as _;
    // Progress is a courtesy: nothing depends on it being read.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Makes the database under another name and renames it when it is whole, so that an interrupted load starts afresh.
fn load_file(args: &DemoArgs, home: &Path, machine: &Arc<Machine>) -> Result<()> {
    let loading = args.data.join("loading.sqlite");
    let beside = |suffix: &str| args.data.join(format!("loading.sqlite{suffix}"));
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(suffix));
    }
    let database = Database::file(&loading, SqliteOptions::default())?;
    load(args, home, machine, &database)?;
    drop(database);
    // Closing folded the log into the file. Connections that only read are the last to close, and leave its empty files.
    let log_bytes = std::fs::metadata(beside("-wal")).map_or(0, |log| log.len());
    ensure!(log_bytes == 0, "{log_bytes} bytes of what was loaded are not in {} yet; load it again", loading.display());
    std::fs::rename(&loading, args.data.join(SQLITE)).context("keeping the database")?;
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(suffix));
    }
    Ok(())
}

/// Fills a database of a server, unless it was filled before.
fn load_server(args: &DemoArgs, home: &Path, machine: &Arc<Machine>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (database, is_loaded, is_empty) = runtime.block_on(async {
        let database = Database::open(&args.data, &args.database).await?;
        let store = database.store();
        let is_loaded = store.setting(LOADED).await?.is_some();
        let is_empty = store.places().await?.is_empty();
        anyhow::Ok((database, is_loaded, is_empty))
    })?;
    if !is_loaded && !is_empty {
        let named = args.database.named(&args.data);
        bail!(
            "{named} has places, but no history that was loaded to its end: give the demonstration an empty database"
        );
    }
    if is_loaded { Ok(()) } else { load(args, home, machine, &database) }
}

/// Places, people and a year of cases.
fn load(args: &DemoArgs, home: &Path, machine: &Arc<Machine>, database: &Database) -> Result<()> {
    say("loading places, outlines and posts");
    database.set_durable(false)?;
    let as_store = database.store();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let model = world::packs(&home.join("packs"))?;
    let now = machine.now();
    let day = local_date(now);
    let city = City::read(home)?;
    let people = People::read(home)?;
    let world = runtime.block_on(async {
        let tree = install(as_store.as_ref(), home, &city, &people).await?;
        let staff = people.staff(&model, &tree, day, args.seed);
        as_store.accounts_put(&staff.accounts).await?;
        as_store.posts_put(&staff.posts).await?;
        let world = world::load(as_store.as_ref(), model, world::office(home)?).await?;
        recount_if_changed(&as_store, &world).await.context("counting the figures of rows that came with packs")?;
        // While the store is empty, so that the year to come notes what breaks a rule as it happens.
        rebuild::installed(as_store.as_ref(), &world).await.context("noting the rules that stand")?;
        anyhow::Ok(world)
    })?;
    let world = Arc::new(world);
    let outlines = runtime.block_on(as_store.outlines())?;
    let master = master_key(&args.data, machine)?;
    let behaviours = Behaviour::read_all(&home.join(BEHAVIOURS))?;
    let mut actors = Actors::new(behaviours, world.clone(), &outlines, (day, args.seed));
    let mut shown = 0;
    let mut progress = |share: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10")]
        let tenth = (share * 10.0) as u32;
        if tenth > shown {
            shown = tenth;
            say(&format!("a year of {} synthetic cases: {}0 %", args.cases, tenth));
        }
    };
    let plan = history::year_up_to(now, args.cases);
    let made = history::load(&as_store, (&world, &master), (&mut actors, machine.as_ref()), plan, &mut progress)?;
    runtime.block_on(async {
        let records = rows::records(&rows::read(&home.join(ROWS))?, &world, &people, (day, args.seed))?;
        let count = rows::put(as_store.clone(), World::clone(&world), (machine.clone(), master), records).await?;
        let works = Works {
            store: as_store.clone(),
            world: Arc::new(ArcSwap::new(world)),
            clock: machine.clone(),
            ring: master.into(),
            settings: CommitterSettings { numbered_max: NUMBERED_MAX, ..CommitterSettings::default() },
        };
        let tabled = tables::load(&works, &home.join(TABLES)).await?;
        say(&format!("{} synthetic rows in registers", count + tabled));
        as_store.setting_put(LOADED, &now.to_string()).await?;
        anyhow::Ok(())
    })?;
    database.set_durable(true)?;
    say(&format!("{} cases, {} steps, {} refused", made.cases, made.steps, made.refused));
    Ok(())
}

async fn serve(args: &DemoArgs, home: &Path, machine: Arc<Machine>) -> Result<ExitCode> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", args.port)).await.with_context(|| {
        format!("port {} on 127.0.0.1 cannot be used: stop what holds it or choose another with --port", args.port)
    })?;
    let public_url = format!("http://{}", listener.local_addr()?);
    let installation = Installation {
        home: home.to_owned(),
        data: args.data.clone(),
        database: args.database.clone(),
        demo: true,
        demo_moving: args.speed > 0.0,
        receivers_inside: false,
        keep_packs: false,
        base_map: None,
        public_url,
        committer: CommitterSettings { numbered_max: NUMBERED_MAX, ..CommitterSettings::default() },
        edge: crate::server::Edge::default(),
        sign_in: crate::server::SignIn::default(),
        keys: crate::keys::KeyArgs::default(),
        mqtt: None,
        sms: Some(ganglion_server::Sms::File),
        openid: None,
    };
    let running = start(&installation, machine.clone()).await?;
    let day = if args.speed > 0.0 { Some(day_of(args, home, &running, &machine).await?) } else { None };
    let address = listener.local_addr()?;
    let ready = format!("ready http://{address}");
    if let Some(day) = day {
        // Simulated people go home with the signal: the committer ends only when nobody can send any more.
        tokio::spawn(async move {
            stopped().await;
            day.abort();
        });
    }
    running.until_stopped(listener, Some(ready)).await?;
    Ok(ExitCode::SUCCESS)
}

async fn day_of(
    args: &DemoArgs,
    home: &Path,
    running: &crate::server::Running,
    machine: &Arc<Machine>,
) -> Result<tokio::task::JoinHandle<()>> {
    let behaviours = Behaviour::read_all(&home.join(BEHAVIOURS))?;
    let outlines = running.store.outlines().await?;
    let now = machine.now();
    let seed = args.seed ^ u64::try_from(now.as_second()).unwrap_or(0);
    let actors = Actors::new(behaviours, running.world.load_full(), &outlines, (local_date(now), seed));
    #[expect(clippy::cast_precision_loss, reason = "cases a year")]
    let day = live::Day {
        store: running.store.clone(),
        committer: running.committer.clone(),
        clock: machine.clone(),
        speed: args.speed,
        cases_per_year: args.cases.max(1) as f64,
    };
    Ok(tokio::spawn(live::run(day, actors.among_visitors())))
}

//! `ganglion drill`: breaking the server on purpose and counting what was lost. Each drill prints one line of figures and ends with 1
//! when a promise was not kept.

mod disk_full;
mod failover;
mod overload;
mod players;
mod restore;

use crate::city::home;
use crate::database::{DatabaseArgs, SQLITE};
use crate::load::client::Client;
use crate::load::harness::{Acknowledged, Ground, Refused, Sent, play};
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use ganglion_cluster::{Care, Cluster, Ensemble};
use ganglion_kernel::Store;
use ganglion_kernel::port::Want;
use ganglion_model::{CommandId, Shard};
use ganglion_store::PgStore;
use ganglion_store::backup::contents;
use ganglion_store::dump::{Sink, dump};
use ganglion_store::rebuild::figures_equal;
use hyper::Method;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Arguments of `ganglion drill`.
#[derive(Args)]
pub struct DrillArgs {
    #[command(subcommand)]
    drill: Drill,
}

#[derive(Subcommand)]
enum Drill {
    /// kill -9 at random moments under load: nothing acknowledged may be lost, nothing applied twice.
    #[command(after_help = "Example: ganglion drill kill --runs 20")]
    Kill {
        /// How many times the server is killed.
        #[arg(long, default_value_t = 20)]
        runs: u32,
        /// Clients at once.
        #[arg(long, default_value_t = 16)]
        clients: u32,
        /// On a PostgreSQL that is made for the drill, instead of SQLite.
        #[arg(long)]
        postgres: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Three PostgreSQL nodes under Patroni, and the one that writes is struck down under load: nothing acknowledged may be lost or done
    /// twice, and the service is back within 30 seconds.
    #[command(after_help = "Example: ganglion drill failover --runs 3")]
    Failover {
        /// How often the node that writes is struck down.
        #[arg(long, default_value_t = 1)]
        runs: u32,
        /// Clients at once, over two servers.
        #[arg(long, default_value_t = 16)]
        clients: u32,
        #[command(flatten)]
        common: Common,
    },
    /// The disk fills up under load: clear refusals, no half writes, and the server goes on by itself when there is room.
    #[command(after_help = "Example: ganglion drill disk-full --runs 5")]
    DiskFull {
        /// How often the disk fills up.
        #[arg(long, default_value_t = 5)]
        runs: u32,
        /// Clients at once.
        #[arg(long, default_value_t = 16)]
        clients: u32,
        /// A folder on a small file system made for this, which is then filled to the last byte; without it the database gets a
        /// limit of pages.
        #[arg(long)]
        on: Option<PathBuf>,
        /// With `--on`: on a PostgreSQL that is made for the drill and has its tables there.
        #[arg(long, requires = "on")]
        postgres: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Ten times as many clients as the server can serve: accepted work keeps its time, the rest is told when to come back.
    #[command(after_help = "Example: ganglion drill overload --clients 32 --seconds 10")]
    Overload {
        /// How often it is overloaded.
        #[arg(long, default_value_t = 1)]
        runs: u32,
        /// Clients that keep the server busy; ten times as many overload it.
        #[arg(long, default_value_t = 32)]
        clients: u32,
        /// Seconds of each load.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// On a PostgreSQL that is made for the drill, instead of SQLite.
        #[arg(long)]
        postgres: bool,
        #[command(flatten)]
        common: Common,
    },
    /// A backup made under load and brought back elsewhere: equal rows, figures and Merkle roots.
    #[command(after_help = "Example: ganglion drill restore --runs 3")]
    Restore {
        /// How many backups are made and brought back.
        #[arg(long, default_value_t = 3)]
        runs: u32,
        /// Clients at once.
        #[arg(long, default_value_t = 16)]
        clients: u32,
        /// On a PostgreSQL that is made for the drill, instead of SQLite.
        #[arg(long)]
        postgres: bool,
        #[command(flatten)]
        common: Common,
    },
}

/// What every drill takes.
#[derive(Args)]
struct Common {
    /// Seed of all draws: of the clients, and of the moments in which something is broken.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes the figures here as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Folder that holds `data/` and `packs/`.
    #[arg(long)]
    home: Option<PathBuf>,
}

/// What a drill came to.
pub struct Outcome {
    /// One line of figures.
    line: String,
    /// The same for programs.
    figures: serde_json::Value,
    /// Whether every promise was kept.
    holds: bool,
}

/// Runs the drill and prints one line.
///
/// # Errors
/// When it could not be run. A loss is not an error of the run but an exit code.
pub fn run(args: &DrillArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let on = match &args.drill {
        Drill::DiskFull { on, .. } => on.as_deref(),
        _ => None,
    };
    let folder = match on {
        Some(on) => tempfile::tempdir_in(on).with_context(|| format!("making a folder in {}", on.display()))?,
        None => tempfile::tempdir()?,
    };
    let common = args.drill.common();
    let mut made = Made::of(&args.drill)?;
    let database = DatabaseArgs::of(made.url());
    let outcome = runtime.block_on(async {
        let ground = Arc::new(Ground::prepare(&home(common.home.as_deref()), folder.path(), &database).await?);
        played(&args.drill, &ground, &mut made).await
    })?;
    crate::out(&outcome.line);
    if let Some(path) = &common.json {
        let text = serde_json::to_vec_pretty(&outcome.figures)?;
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(if outcome.holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn played(drill: &Drill, ground: &Arc<Ground>, made: &mut Made) -> Result<Outcome> {
    match drill {
        Drill::Kill { runs, clients, common, .. } => {
            kill(ground, *runs, *clients, common.seed).await.map(|tally| tally.outcome(*runs))
        }
        Drill::Failover { runs, clients, common } => {
            let Made::Three(ensemble) = made else { bail!("there are no three nodes") };
            let (runs, clients, seed) = (*runs, *clients, common.seed);
            failover::run(ground, ensemble, &failover::Asked { runs, clients, seed }).await
        }
        Drill::DiskFull { runs, clients, on, common, .. } => {
            let (runs, clients, seed, filled) = (*runs, *clients, common.seed, on.is_some());
            disk_full::run(ground, &disk_full::Asked { runs, clients, seed, filled }).await
        }
        Drill::Overload { runs, clients, seconds, common, .. } => {
            let (runs, clients, seed, time) = (*runs, *clients, common.seed, Duration::from_secs(*seconds));
            overload::run(ground, &overload::Asked { runs, clients, time, seed }).await
        }
        Drill::Restore { runs, clients, common, .. } => {
            let cluster = if let Made::One { cluster, .. } = &*made { Some(cluster) } else { None };
            let (runs, clients, seed) = (*runs, *clients, common.seed);
            restore::run(ground, &restore::Asked { cluster, runs, clients, seed }).await
        }
    }
}

/// The PostgreSQL that was made for a drill; gone with this.
enum Made {
    /// The drill runs on SQLite.
    Nothing,
    /// A server and which of its databases; when its tables are elsewhere their folder, which goes after the server has ended.
    One {
        cluster: Cluster,
        database: &'static str,
        _tables: Option<tempfile::TempDir>,
    },
    Three(Ensemble),
}

impl Made {
    fn of(drill: &Drill) -> Result<Made> {
        Ok(match drill {
            Drill::Kill { postgres: true, .. }
            | Drill::Overload { postgres: true, .. }
            | Drill::Restore { postgres: true, .. } => {
                Made::One { cluster: Cluster::start(Care::Durable)?, database: "postgres", _tables: None }
            }
            Drill::DiskFull { postgres: true, on: Some(on), .. } => {
                let (cluster, folder) = (Cluster::start(Care::Durable)?, tempfile::tempdir_in(on)?);
                cluster.database_in("drill", folder.path())?;
                Made::One { cluster, database: "drill", _tables: Some(folder) }
            }
            Drill::Failover { .. } => Made::Three(Ensemble::start()?),
            _ => Made::Nothing,
        })
    }

    fn url(&self) -> Option<String> {
        match self {
            Made::Nothing => None,
            Made::One { cluster, database, .. } => Some(cluster.url(database)),
            Made::Three(ensemble) => Some(ensemble.url("postgres")),
        }
    }
}

impl Drill {
    fn common(&self) -> &Common {
        match self {
            Drill::Kill { common, .. }
            | Drill::Failover { common, .. }
            | Drill::DiskFull { common, .. }
            | Drill::Overload { common, .. }
            | Drill::Restore { common, .. } => common,
        }
    }
}

#[derive(Default)]
struct Tally {
    acknowledged: u64,
    lost: u64,
    doubled: u64,
    equal: bool,
}

impl Tally {
    fn outcome(&self, runs: u32) -> Outcome {
        let Tally { acknowledged, lost, doubled, equal } = self;
        Outcome {
            line: format!(
                "kills {runs}, acknowledged {acknowledged}, lost {lost}, doubled {doubled}, figures equal {equal}"
            ),
            figures: serde_json::json!({
                "drill": "kill", "runs": runs, "acknowledged": acknowledged, "lost": lost, "doubled": doubled,
                "figures_equal": equal,
            }),
            holds: *lost == 0 && *doubled == 0 && *equal && *acknowledged > 0,
        }
    }
}

async fn kill(ground: &Arc<Ground>, runs: u32, clients: u32, seed: u64) -> Result<Tally> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut tally = Tally { equal: true, ..Tally::default() };
    let mut read: HashMap<Shard, u64> = HashMap::new();
    let mut times: HashMap<CommandId, u32> = HashMap::new();
    let mut in_flight: Vec<Sent> = Vec::new();
    for run in 0..runs {
        let mut server = ground.serve()?;
        resend(&server.address, &in_flight).await?;
        let stop = Arc::new(AtomicBool::new(false));
        let players: Vec<_> = (0..clients)
            .map(|client| {
                let seed = seed ^ u64::from(run) << 32 ^ u64::from(client) << 8;
                tokio::spawn(player(ground.clone(), server.address, stop.clone(), seed))
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(rng.random_range(150..1200))).await;
        server.kill();
        stop.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        in_flight.clear();
        for player in players {
            let (acks, open) = player.await?;
            acknowledged.extend(acks?);
            in_flight.extend(open);
        }
        let store = ground.open().await?;
        tally.lost += lost(store.as_ref(), &acknowledged).await?;
        tally.doubled += doubled(store.as_ref(), &mut read, &mut times).await?;
        tally.acknowledged += acknowledged.len() as u64;
        if run + 1 == runs || run % 10 == 9 {
            tally.equal &= all_figures_equal(ground, store.as_ref()).await?;
        }
        drop(store);
    }
    Ok(tally)
}

type Played = (Result<Vec<Acknowledged>>, Option<Sent>);

/// Plays until the server goes away. A refusal by the server is a fault of the drill and ends it.
async fn player(ground: Arc<Ground>, address: std::net::SocketAddr, stop: Arc<AtomicBool>, seed: u64) -> Played {
    let mut acks = Vec::new();
    let mut rng = SmallRng::seed_from_u64(seed);
    let Ok(mut client) = Client::connect(address).await else {
        return (Ok(acks), None);
    };
    loop {
        let mut seen = |ack: Option<Acknowledged>, _| acks.extend(ack);
        match play(&ground, &mut client, &mut rng, &mut seen).await {
            Ok(()) if stop.load(Ordering::Relaxed) => return (Ok(acks), None),
            Ok(()) => {}
            Err((sent, error)) => {
                let refused = error.is::<Refused>();
                let broken = stop.load(Ordering::Relaxed) || (!refused && (sent.is_some() || is_broken(&error)));
                return if broken { (Ok(acks), sent.filter(|_| !refused)) } else { (Err(error), None) };
            }
        }
    }
}

fn is_broken(error: &anyhow::Error) -> bool {
    error.is::<hyper::Error>() || error.is::<std::io::Error>()
}

/// Commands whose answer never came are sent again, as a careful client would.
async fn resend(address: &std::net::SocketAddr, in_flight: &[Sent]) -> Result<()> {
    if in_flight.is_empty() {
        return Ok(());
    }
    let mut client = Client::connect(*address).await?;
    for sent in in_flight {
        let (status, _) = client.call(Method::POST, &sent.path, (&sent.token, Some(&sent.body))).await?;
        if status.is_server_error() {
            bail!("sending {} again gave {status}", sent.path);
        }
    }
    Ok(())
}

async fn lost(store: &dyn Store, acknowledged: &[Acknowledged]) -> Result<u64> {
    let mut lost = 0;
    for chunk in acknowledged.chunks(500) {
        let answers = chunk.iter().map(|ack| (Shard(ack.shard), ack.command)).collect();
        let loaded = store.load(&Want { answers, ..Want::default() }).await?;
        let known: HashMap<CommandId, _> = loaded.answers.into_iter().collect();
        for ack in chunk {
            let same = known.get(&ack.command).is_some_and(|outcome| {
                outcome.number.as_deref() == ack.answer.get("number").and_then(|n| n.as_str())
                    && outcome.state.as_deref() == ack.answer.get("state").and_then(|s| s.as_str())
            });
            lost += u64::from(!same);
        }
    }
    Ok(lost)
}

/// Journal lines that are a second carrying-out of a command.
async fn doubled(
    store: &dyn Store,
    read: &mut HashMap<Shard, u64>,
    times: &mut HashMap<CommandId, u32>,
) -> Result<u64> {
    let mut doubled = 0;
    for (shard, _) in store.shards().await? {
        loop {
            let after = read.get(&shard).copied().unwrap_or(0);
            let entries = store.entries_after(shard, after, 500).await?;
            let Some(last) = entries.last().map(|entry| entry.seq) else {
                break;
            };
            for entry in &entries {
                let seen = times.entry(entry.command).or_default();
                *seen += 1;
                doubled += u64::from(*seen > 1);
            }
            read.insert(shard, last);
        }
    }
    Ok(doubled)
}

/// Takes rows and keeps none: only what they come to is wanted.
struct Nowhere;

impl Sink for Nowhere {
    fn table(&mut self, _name: &'static str) -> std::io::Result<()> {
        Ok(())
    }

    fn rows(&mut self, _lines: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

/// Whether the journals give the roots that were kept.
async fn roots_equal(ground: &Ground) -> bool {
    match &ground.database.database {
        None => contents(&ground.data.join(SQLITE)).is_ok(),
        Some(url) => match PgStore::look(url, ground.database.options()).await {
            Ok(store) => dump(&store, &mut Nowhere).await.is_ok(),
            Err(_) => false,
        },
    }
}

/// Whether facts and counters equal a rebuild from all rows.
async fn all_figures_equal(ground: &Ground, store: &dyn Store) -> Result<bool> {
    for (shard, _) in store.shards().await? {
        if !figures_equal(store, &ground.world, shard).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

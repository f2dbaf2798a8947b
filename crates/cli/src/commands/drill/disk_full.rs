//! `ganglion drill disk-full`: the disk fills up under load and becomes free again. Commands are refused in words meanwhile, lists are
//! still read, nothing is half written, and the server goes on by itself.
//!
//! On a PostgreSQL its tables lie on that file system and its log elsewhere: a server whose log is full ends itself, which is what `drill kill`
//! is about. Without `--on` the database gets a limit of pages, which fails where a full disk would; with it, a file of nothing fills the file
//! system the folder is on: choose one made for this, such as a small tmpfs.

use super::players::{Heard, Players};
use super::{Outcome, all_figures_equal, doubled, lost, roots_equal};
use crate::load::client::Client;
use crate::load::harness::{Ground, Server};
use crate::system::{Machine, master_key};
use anyhow::{Context as _, Result, ensure};
use ganglion_kernel::commit::{Committer, CommitterSettings, Works};
use ganglion_server::{App, AppParts, Settings};
use ganglion_store::{SqliteOptions, SqliteStore};
use hyper::Method;
use serde_json::json;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long the load runs before the disk is full, while it is, and afterwards.
const PHASE: Duration = Duration::from_millis(1_500);
/// How long it may take until a full disk is noticed, and until the server accepts again once there is room.
const TURN_MAX: Duration = Duration::from_secs(30);
/// How often it is looked whether it has come to that.
const LOOK: Duration = Duration::from_millis(5);
/// Bytes of nothing written at a time; when there is no room for so many, fewer are tried.
const BALLAST_BYTES: [usize; 3] = [4 << 20, 64 << 10, 4 << 10];
/// Name of the database in an installation's folder.
const DATABASE: &str = "ganglion.sqlite";

/// What is asked for.
pub struct Asked {
    /// How often the disk fills up.
    pub runs: u32,
    /// Clients at once.
    pub clients: u32,
    /// Seed of the clients.
    pub seed: u64,
    /// Whether the file system of the installation is filled, instead of limiting the database.
    pub filled: bool,
}

/// What is full.
enum Disk {
    /// The database, by a limit of pages.
    Limited(Arc<SqliteStore>),
    /// The file system, by a file of nothing.
    Filled(PathBuf),
}

impl Disk {
    fn fill(&self) -> Result<()> {
        match self {
            Disk::Limited(store) => Ok(store.set_pages_max(Some(store.pages()?))?),
            Disk::Filled(ballast) => fill(ballast),
        }
    }

    fn free(&self) -> Result<()> {
        match self {
            Disk::Limited(store) => Ok(store.set_pages_max(None)?),
            Disk::Filled(ballast) => std::fs::remove_file(ballast).context("removing the file of nothing"),
        }
    }
}

/// Writes nothing until there is no room.
fn fill(ballast: &Path) -> Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(ballast)?;
    for bytes in BALLAST_BYTES {
        let nothing = vec![0; bytes];
        while file.write_all(&nothing).is_ok() {}
    }
    // What the system had put off writing shows only now that there is no room; that is what is wanted.
    let _ = File::sync_all(&file);
    Ok(())
}

/// How the server is ended.
enum End {
    Child(Server),
    Here { stop: oneshot::Sender<()>, task: JoinHandle<std::io::Result<()>>, committer: Committer },
}

/// Fills the disk so often and prints what was lost.
///
/// # Errors
/// When the installation cannot be prepared, or an answer is neither an acknowledgement nor a clear refusal.
pub async fn run(ground: &Arc<Ground>, asked: &Asked) -> Result<Outcome> {
    let (address, disk, end) = if asked.filled {
        let server = ground.serve()?;
        (server.address, Disk::Filled(ground.data.join("nothing")), End::Child(server))
    } else {
        here(ground).await?
    };
    let players = Players::start(ground, address, (asked.clients, asked.seed));
    let (mut reads, mut back_ms) = ((0, 0), 0.0_f64);
    for _ in 0..asked.runs {
        tokio::time::sleep(PHASE).await;
        let refused = players.heard.full.load(Ordering::Relaxed);
        disk.fill()?;
        let noticed = until(|| players.heard.full.load(Ordering::Relaxed) > refused).await;
        ensure!(noticed.is_some(), "nothing was refused although the disk is full");
        let (answered, asked_for) = read(ground, address).await?;
        reads = (reads.0 + answered, reads.1 + asked_for);
        let before = players.heard.count();
        disk.free()?;
        let back = until(|| players.heard.count() > before).await;
        back_ms = back_ms.max(back.context("the server did not accept again although there is room")?);
    }
    tokio::time::sleep(PHASE).await;
    let heard = players.stop().await?;
    ended(end).await?;
    judge(ground, asked, (&heard, reads, back_ms)).await
}

async fn judge(
    ground: &Ground,
    asked: &Asked,
    (heard, (answered, asked_for), back_ms): (&Heard, (u32, u32), f64),
) -> Result<Outcome> {
    let store = ground.open().await?;
    let acknowledged = heard.acknowledged.lock().clone();
    let lost = lost(store.as_ref(), &acknowledged).await?;
    let doubled = doubled(store.as_ref(), &mut HashMap::new(), &mut HashMap::new()).await?;
    let equal = all_figures_equal(ground, store.as_ref()).await?;
    let roots = roots_equal(ground).await;
    let (full, hasty) = (heard.full.load(Ordering::Relaxed), heard.hasty.load(Ordering::Relaxed));
    let how = match (asked.filled, &ground.database.database) {
        (true, None) => "file system",
        (true, Some(_)) => "file system of the tables",
        (false, _) => "limit of pages",
    };
    Ok(Outcome {
        line: format!(
            "disk full {} times ({how}), acknowledged {}, refused {full}, of these without a time {hasty}, lists read while full \
             {answered} of {asked_for}, accepting again after {back_ms:.0} ms at most, lost {lost}, doubled {doubled}, figures equal \
             {equal}, roots equal {roots}",
            asked.runs,
            acknowledged.len()
        ),
        figures: json!({
            "drill": "disk-full", "how": how, "runs": asked.runs, "acknowledged": acknowledged.len(), "refused": full,
            "refused_without_time": hasty, "reads_answered": answered, "reads_asked": asked_for, "back_ms_max": back_ms,
            "lost": lost, "doubled": doubled, "figures_equal": equal, "roots_equal": roots,
        }),
        holds: lost == 0
            && doubled == 0
            && hasty == 0
            && equal
            && roots
            && full > 0
            && answered == asked_for
            && !acknowledged.is_empty(),
    })
}

/// The milliseconds until something holds; `None` when it takes too long.
async fn until(mut holds: impl FnMut() -> bool) -> Option<f64> {
    let start = crate::bench::instant();
    while !holds() {
        if start.elapsed() > TURN_MAX {
            return None;
        }
        tokio::time::sleep(LOOK).await;
    }
    Some(start.elapsed().as_secs_f64() * 1000.0)
}

/// Reads lists for a while: how many were answered, of how many.
async fn read(ground: &Ground, address: SocketAddr) -> Result<(u32, u32)> {
    let mut client = Client::connect(address).await?;
    let token = ground.tokens.values().next().context("nobody has a session")?;
    let (mut answered, mut asked) = (0, 0);
    let start = crate::bench::instant();
    while start.elapsed() < PHASE {
        let (status, _) = client.call(Method::GET, "/api/v1/cases?open=true&limit=20", (token, None)).await?;
        asked += 1;
        answered += u32::from(status.is_success());
    }
    Ok((answered, asked))
}

/// A server in this process, whose database can be limited while it runs.
async fn here(ground: &Ground) -> Result<(SocketAddr, Disk, End)> {
    let machine = Arc::new(Machine::new());
    let store = SqliteStore::open(&ground.data.join(DATABASE), SqliteOptions::default())?;
    let world = crate::city::world::running(store.clone(), &ground.home, machine.as_ref()).await?;
    let master = master_key(&ground.data, &machine)?;
    let works = Works {
        store: store.clone(),
        world: world.clone(),
        clock: machine.clone(),
        ring: master.into(),
        settings: CommitterSettings::default(),
    };
    let (committer, _thread) = Committer::start(works)?;
    let parts = AppParts {
        store: store.clone(),
        world,
        committer: committer.clone(),
        clock: machine,
        master,
        ring: master.into(),
        settings: Settings { data_dir: ground.data.clone(), ..Settings::default() },
    };
    let app = Arc::new(App::new(parts)?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(ganglion_server::serve(app, listener, async {
        // Sent or dropped: both say that it is over.
        let _ = stopped.await;
    }));
    Ok((address, Disk::Limited(store), End::Here { stop, task, committer }))
}

async fn ended(end: End) -> Result<()> {
    match end {
        End::Child(mut server) => server.kill(),
        End::Here { stop, task, committer } => {
            drop(stop);
            task.await??;
            committer.close();
        }
    }
    Ok(())
}

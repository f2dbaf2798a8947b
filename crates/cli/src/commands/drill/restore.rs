//! `ganglion drill restore`: a backup made under load and brought back elsewhere. Everything acknowledged before it began is in it, rows, figures
//! and roots are equal, the server was not held up, and another server runs on what was restored.

use super::players::Players;
use super::{Nowhere, Outcome, all_figures_equal, lost};
use crate::backup::{Backup, Manifest, Restoring, make, postgres, restore};
use crate::database::DatabaseArgs;
use crate::load::client::Client;
use crate::load::harness::{Ground, Server};
use crate::system::Machine;
use anyhow::{Context as _, Result, ensure};
use ganglion_cluster::{Cluster, run_sql};
use ganglion_kernel::Store;
use ganglion_kernel::commit::WallClock as _;
use ganglion_store::backup::{Contents, contents};
use ganglion_store::dump::dump;
use ganglion_store::{PgStore, SqliteStore};
use hyper::Method;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long the load runs before the backup begins.
const BEFORE: Duration = Duration::from_secs(2);
/// How long it goes on afterwards.
const AFTER: Duration = Duration::from_millis(500);

/// What is asked for.
pub struct Asked<'a> {
    /// The PostgreSQL the installation is on, and gets another database on; none: SQLite.
    pub cluster: Option<&'a Cluster>,
    /// How many backups are made and brought back.
    pub runs: u32,
    /// Clients at once.
    pub clients: u32,
    /// Seed of the clients.
    pub seed: u64,
}

/// What the runs came to so far.
#[derive(Default)]
struct Sum {
    before: usize,
    during: usize,
    missing: u64,
    lines: u64,
    figures: bool,
    roots: bool,
    answers: bool,
    backup_seconds: f64,
    restore_seconds: f64,
}

/// Backs up and restores so often and prints whether it is the same.
///
/// # Errors
/// When the installation cannot be prepared, or a backup cannot be made or brought back.
pub async fn run(ground: &Arc<Ground>, asked: &Asked<'_>) -> Result<Outcome> {
    let server = ground.serve()?;
    let scratch = tempfile::tempdir()?;
    let mut sum = Sum { figures: true, roots: true, answers: true, ..Sum::default() };
    for run in 0..asked.runs {
        let folder = scratch.path().join(run.to_string());
        std::fs::create_dir(&folder)?;
        let seed = asked.seed ^ u64::from(run) << 40;
        let at = At::new(ground, asked.cluster, (&folder, run))?;
        one(ground, &server, (asked.clients, seed), (&at, &mut sum)).await.with_context(|| format!("run {run}"))?;
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(outcome(asked, &sum))
}

/// Where one backup is made and brought back.
struct At {
    archive: PathBuf,
    restored: PathBuf,
    /// What is backed up.
    from: DatabaseArgs,
    /// Where it is brought back to.
    into: DatabaseArgs,
}

impl At {
    fn new(ground: &Ground, cluster: Option<&Cluster>, (folder, run): (&Path, u32)) -> Result<At> {
        let into = match cluster {
            None => None,
            Some(cluster) => {
                run_sql(&cluster.url("postgres"), &format!("CREATE DATABASE restored_{run}"))?;
                Some(cluster.url(&format!("restored_{run}")))
            }
        };
        let (archive, restored) = (folder.join("backup.zip"), folder.join("restored"));
        Ok(At { archive, restored, from: ground.database.clone(), into: DatabaseArgs::of(into) })
    }

    async fn back_up(&self, data: &Path) -> Result<Manifest> {
        let (data, to, now) = (data.to_owned(), self.archive.clone(), Machine::new().now());
        if let Some(url) = &self.from.database {
            let store = PgStore::open(url, self.from.options()).await?;
            return postgres::make(&Backup { data: &data, to: &to, with_keys: true, now }, &store).await;
        }
        let made = tokio::task::spawn_blocking(move || {
            make(&Backup { data: &data, to: &to, with_keys: true, now }, &mut |_, _| ())
        });
        made.await?
    }

    /// Brings it back; gives the manifest it was compared with, and once more what is there: what a restoration proved of itself is no
    /// proof to a drill.
    async fn bring_back(&self) -> Result<(Manifest, Contents, Arc<dyn Store>)> {
        let (from, to) = (self.archive.clone(), self.restored.clone());
        if let Some(url) = &self.into.database {
            let store = PgStore::open(url, self.into.options()).await?;
            let proven = postgres::restore(&Restoring { from: &from, data: &to, keys: None }, &store).await?;
            let held = dump(&store, &mut Nowhere).await?.contents;
            let store: Arc<dyn Store> = store;
            return Ok((proven, held, store));
        }
        let proven =
            tokio::task::spawn_blocking(move || restore(&Restoring { from: &from, data: &to, keys: None })).await??;
        let path = self.restored.join("ganglion.sqlite");
        let store: Arc<dyn Store> = SqliteStore::look(&path)?;
        Ok((proven, contents(&path)?, store))
    }
}

async fn one(ground: &Arc<Ground>, server: &Server, load: (u32, u64), (at, sum): (&At, &mut Sum)) -> Result<()> {
    let players = Players::start(ground, server.address, load);
    tokio::time::sleep(BEFORE).await;
    let before = players.heard.acknowledged.lock().clone();
    let start = crate::bench::instant();
    let made = at.back_up(&ground.data).await?;
    sum.backup_seconds = sum.backup_seconds.max(start.elapsed().as_secs_f64());
    sum.during += players.heard.count() - before.len();
    tokio::time::sleep(AFTER).await;
    players.stop().await?;
    let start = crate::bench::instant();
    let (proven, held, store) = at.bring_back().await?;
    sum.restore_seconds = sum.restore_seconds.max(start.elapsed().as_secs_f64());
    ensure!(proven == made, "the manifest that was read is not the one that was written");
    sum.roots &= held.difference(&made.contents).is_none();
    sum.missing += lost(store.as_ref(), &before).await?;
    sum.figures &= all_figures_equal(ground, store.as_ref()).await?;
    drop(store);
    sum.answers &= answers(ground, (&at.restored, &at.into)).await?;
    sum.before += before.len();
    sum.lines = made.contents.lines();
    Ok(())
}

/// Whether a server runs on the restored folder and answers.
async fn answers(ground: &Ground, (data, database): (&Path, &DatabaseArgs)) -> Result<bool> {
    let server = Server::start(&ground.home, data, database)?;
    let mut client = Client::connect(server.address).await?;
    let token = ground.tokens.values().next().context("nobody has a session")?;
    let (list, _) = client.call(Method::GET, "/api/v1/cases?limit=20", (token, None)).await?;
    let (page, _) = client.call(Method::GET, "/", ("", None)).await?;
    Ok(list.is_success() && page.is_success())
}

fn outcome(asked: &Asked<'_>, sum: &Sum) -> Outcome {
    let Sum { before, during, missing, lines, figures, roots, answers, backup_seconds, restore_seconds } = sum;
    Outcome {
        line: format!(
            "restored {} backups made under load, acknowledged before they began {before}, missing {missing}, acknowledged while they \
             were made {during}, journal lines in the last {lines}, figures equal {figures}, rows and roots equal {roots}, a server runs \
             on it {answers}, made in {backup_seconds:.1} s, brought back in {restore_seconds:.1} s",
            asked.runs
        ),
        figures: json!({
            "drill": "restore", "runs": asked.runs, "acknowledged_before": before, "missing": missing,
            "acknowledged_meanwhile": during, "lines": lines, "figures_equal": figures, "roots_equal": roots, "server_runs": answers,
            "backup_seconds_max": backup_seconds, "restore_seconds_max": restore_seconds,
        }),
        holds: *missing == 0 && *figures && *roots && *answers && *before > 0 && *during > 0,
    }
}

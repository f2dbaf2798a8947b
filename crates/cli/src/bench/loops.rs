//! P2 and P3: the closed loop over HTTP on SQLite against one-row transactions, and the delay of a step at half load.

use super::filled::{Filled, filled};
use super::{Line, instant};
use crate::database::DatabaseArgs;
use crate::load::client::Client;
use crate::load::harness::{Ground, Server, play};
use anyhow::{Context as _, Result};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Measures both.
///
/// # Errors
/// When the installation cannot be prepared or a client is refused.
pub fn measure(home: &Path, (clients, seconds): (u32, u64), loaded: Option<&Path>) -> Result<Vec<Line>> {
    let (mut lines, full) = on_empty(home, clients, seconds)?;
    if let Some(data) = loaded {
        lines.extend(on_history(filled(home, 0, Some(data))?, (clients, seconds), &full)?);
    }
    Ok(lines)
}

/// The same on an installation with years behind it: what a step costs must not follow how much there is.
fn on_history(filled: Filled, (clients, seconds): (u32, u64), empty: &Measured) -> Result<Vec<Line>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (ground, cases) = (Arc::new(filled.ground), filled.cases);
    let time = Duration::from_secs(seconds);
    let (full, half) = runtime.block_on(async {
        let server = ground.serve()?;
        // As after a night: what a head no longer needs has left it.
        load(&ground, &server, clients, Duration::from_secs(5), None).await?;
        let full = load(&ground, &server, clients, time, None).await?;
        let half = load(&ground, &server, clients, time, Some(full.steps / 2.0)).await?;
        anyhow::Ok((full, half))
    })?;
    Ok(vec![
        Line {
            id: "P2",
            what: format!("durable steps over HTTP on SQLite beside {cases} cases, {clients} clients"),
            measured: full.steps,
            unit: "steps/s",
            baseline: "the same without a case".to_owned(),
            baseline_value: Some(empty.steps),
            ratio: Some(full.steps / empty.steps),
            goal: "flat",
            reached: full.steps >= 0.8 * empty.steps,
        },
        Line {
            id: "P3",
            what: format!("p99 of a durable step at half of that load beside {cases} cases"),
            measured: half.p99_ms,
            unit: "ms",
            baseline: "p99 at full load without a case".to_owned(),
            baseline_value: Some(empty.p99_ms),
            ratio: Some(half.p99_ms / empty.p99_ms),
            goal: "≤ 20 ms",
            reached: half.p99_ms <= 20.0,
        },
    ])
}

fn on_empty(home: &Path, clients: u32, seconds: u64) -> Result<(Vec<Line>, Measured)> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let baseline = one_row_commits(folder.path(), Duration::from_secs(seconds.min(5)))?;
    runtime.block_on(async {
        let ground = Arc::new(Ground::prepare(home, folder.path(), &DatabaseArgs::of(None)).await?);
        let server = ground.serve()?;
        load(&ground, &server, clients, Duration::from_secs(2), None).await?;
        let full = load(&ground, &server, clients, Duration::from_secs(seconds), None).await?;
        let half = load(&ground, &server, clients, Duration::from_secs(seconds), Some(full.steps / 2.0)).await?;
        let lines = vec![
            Line {
                id: "P2",
                what: format!("durable steps over HTTP on SQLite, {clients} clients"),
                measured: full.steps,
                unit: "steps/s",
                baseline: "one-row transactions, WAL, synchronous=FULL, one writer".to_owned(),
                baseline_value: Some(baseline),
                ratio: Some(full.steps / baseline),
                goal: "≥ 3 ×",
                reached: full.steps >= 3.0 * baseline,
            },
            Line {
                id: "P2",
                what: format!("whole loops of {} calls", ground.script.steps.len()),
                measured: full.loops,
                unit: "loops/s",
                baseline: "none".to_owned(),
                baseline_value: None,
                ratio: None,
                goal: "shown",
                reached: true,
            },
            Line {
                id: "P3",
                what: "p99 of a durable step at half of that load".to_owned(),
                measured: half.p99_ms,
                unit: "ms",
                baseline: format!("p99 at full load {:.1} ms", full.p99_ms),
                baseline_value: Some(full.p99_ms),
                ratio: Some(half.p99_ms / full.p99_ms),
                goal: "≤ 20 ms",
                reached: half.p99_ms <= 20.0,
            },
        ];
        Ok((lines, full))
    })
}

/// Commits a second of one small row each on the same disk.
fn one_row_commits(folder: &Path, time: Duration) -> Result<f64> {
    let connection = rusqlite::Connection::open(folder.join("baseline.sqlite"))?;
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT);",
    )?;
    let start = instant();
    let mut n = 0_u32;
    while start.elapsed() < time {
        connection.prepare_cached("INSERT INTO t(body) VALUES (?1)")?.execute([n])?;
        n += 1;
    }
    Ok(f64::from(n) / start.elapsed().as_secs_f64())
}

/// What a load came to.
pub(super) struct Measured {
    /// Durable steps a second.
    pub steps: f64,
    /// Whole loops a second.
    pub loops: f64,
    /// The delay that one in a hundred steps exceeded.
    pub p99_ms: f64,
}

/// Plays for `time`; with `pace` no faster than that many durable steps a second.
pub(super) async fn load(
    ground: &Arc<Ground>,
    server: &Server,
    clients: u32,
    time: Duration,
    pace: Option<f64>,
) -> Result<Measured> {
    let stop = Arc::new(AtomicBool::new(false));
    let loops = Arc::new(AtomicU64::new(0));
    #[expect(clippy::cast_precision_loss, reason = "a handful of steps")]
    let rest = pace.map(|pace| f64::from(clients) * ground.script.durable_steps() as f64 / pace);
    let start = instant();
    let players: Vec<_> = (0..clients)
        .map(|client| {
            let (ground, stop, loops) = (ground.clone(), stop.clone(), loops.clone());
            let address = server.address;
            tokio::spawn(async move {
                let mut rng = SmallRng::seed_from_u64(u64::from(client));
                let mut connection = Client::connect(address).await?;
                let mut delays: Vec<u64> = Vec::new();
                if let Some(rest) = rest {
                    // Clients who do not know each other do not begin together.
                    tokio::time::sleep(Duration::from_secs_f64(rest * f64::from(client) / f64::from(clients))).await;
                }
                while !stop.load(Ordering::Relaxed) {
                    let begin = instant();
                    let mut seen = |ack: Option<_>, micros| {
                        if ack.is_some() {
                            delays.push(micros);
                        }
                    };
                    play(&ground, &mut connection, &mut rng, &mut seen).await.map_err(|(_, error)| error)?;
                    loops.fetch_add(1, Ordering::Relaxed);
                    if let Some(rest) = rest {
                        tokio::time::sleep(Duration::from_secs_f64(rest).saturating_sub(begin.elapsed())).await;
                    }
                }
                anyhow::Ok(delays)
            })
        })
        .collect();
    tokio::time::sleep(time).await;
    stop.store(true, Ordering::Relaxed);
    let mut delays = Vec::new();
    for player in players {
        delays.extend(player.await?.context("a client was refused")?);
    }
    let took = start.elapsed().as_secs_f64();
    delays.sort_unstable();
    let p99 = delays.get(delays.len() * 99 / 100).copied().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "rates")]
    let (steps, loops) = (delays.len() as f64 / took, loops.load(Ordering::Relaxed) as f64 / took);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    let p99_ms = p99 as f64 / 1000.0;
    Ok(Measured { steps, loops, p99_ms })
}

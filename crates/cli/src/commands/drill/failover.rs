//! `ganglion drill failover`: three PostgreSQL nodes under Patroni, two servers on them, and the node that writes is struck down under
//! load. Nothing acknowledged may be lost or done twice, and both servers must accept again within the promised time.
//!
//! Clients send what was left unanswered once more, with the same id, as people's browsers and partners' programs do.

use super::{Outcome, all_figures_equal, doubled, lost};
use crate::bench::instant;
use crate::load::client::Client;
use crate::load::harness::{Acknowledged, Ground, Refused, Sent, Server, play};
use anyhow::{Context as _, Result, ensure};
use ganglion_cluster::Ensemble;
use hyper::{Method, StatusCode};
use parking_lot::Mutex;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use serde_json::json;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How many servers run on the database.
const SERVERS: usize = 2;
/// How long the load runs before the node is struck, and after the service is back.
const PHASE: Duration = Duration::from_secs(3);
/// How long the service may be away (R2).
const BACK_MAX: Duration = Duration::from_secs(30);
/// How long is waited for it at all, so that the figure is known when the promise is not kept.
const WAIT_MAX: Duration = Duration::from_secs(180);
/// How long a client rests after it was turned away.
const REST: Duration = Duration::from_millis(200);
/// How often it is looked whether the service is back.
const LOOK: Duration = Duration::from_millis(20);

/// What is asked for.
pub struct Asked {
    /// How often the node that writes is struck down.
    pub runs: u32,
    /// Clients at once, over both servers.
    pub clients: u32,
    /// Seed of the clients.
    pub seed: u64,
}

/// What the clients of one server heard.
#[derive(Default)]
struct Heard {
    acknowledged: Mutex<Vec<Acknowledged>>,
    /// When the command of the newest acknowledgement was sent.
    newest_sent: Mutex<Option<Instant>>,
    /// Answers "come back later".
    busy: AtomicU64,
    /// Commands sent again until they were answered.
    again: AtomicU64,
}

impl Heard {
    fn note(&self, acknowledged: Acknowledged, sent: Option<Instant>) {
        self.acknowledged.lock().push(acknowledged);
        let mut newest = self.newest_sent.lock();
        *newest = (*newest).max(sent);
    }

    fn is_back_since(&self, struck: Instant) -> bool {
        self.newest_sent.lock().is_some_and(|sent| sent > struck)
    }
}

/// The clients of one server at play.
struct Players {
    heard: Arc<Heard>,
    tasks: Vec<JoinHandle<Result<()>>>,
}

/// Strikes the node that writes so often and prints what was lost.
///
/// # Errors
/// When the installation cannot be prepared, the nodes do not come up again, or an answer is neither an acknowledgement nor "come back
/// later".
pub async fn run(ground: &Arc<Ground>, ensemble: &mut Ensemble, asked: &Asked) -> Result<Outcome> {
    let servers = (0..SERVERS).map(|_| ground.serve()).collect::<Result<Vec<Server>>>()?;
    let stop = Arc::new(AtomicBool::new(false));
    let share = asked.clients.div_ceil(u32::try_from(SERVERS)?);
    let all: Vec<Players> = (1_u64..)
        .zip(&servers)
        .map(|(n, server)| players(ground, server.address, &stop, (share, asked.seed ^ n << 48)))
        .collect();
    let mut back_seconds = Vec::new();
    for _ in 0..asked.runs {
        // The nodes are waited for on a thread that may wait.
        let writes = tokio::task::block_in_place(|| ensemble.whole())?;
        tokio::time::sleep(PHASE).await;
        let before = instant();
        tokio::task::block_in_place(|| ensemble.strike(writes))?;
        let struck = instant();
        while !all.iter().all(|one| one.heard.is_back_since(struck)) && struck.elapsed() < WAIT_MAX {
            tokio::time::sleep(LOOK).await;
        }
        back_seconds.push(before.elapsed().as_secs_f64());
        ensemble.revive(writes)?;
        tokio::time::sleep(PHASE).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut heard = Vec::new();
    for one in all {
        for task in one.tasks {
            task.await?.context("a client got an answer that is neither an acknowledgement nor \"come back later\"")?;
        }
        heard.push(one.heard);
    }
    drop(servers);
    judge(ground, asked, (&heard, &back_seconds)).await
}

async fn judge(ground: &Ground, asked: &Asked, (heard, back): (&[Arc<Heard>], &[f64])) -> Result<Outcome> {
    let store = ground.open().await?;
    let acknowledged: Vec<Acknowledged> = heard.iter().flat_map(|one| one.acknowledged.lock().clone()).collect();
    let sum = |of: fn(&Heard) -> &AtomicU64| heard.iter().map(|one| of(one).load(Ordering::Relaxed)).sum::<u64>();
    let (busy, again) = (sum(|one| &one.busy), sum(|one| &one.again));
    let lost = lost(store.as_ref(), &acknowledged).await?;
    let doubled = doubled(store.as_ref(), &mut HashMap::new(), &mut HashMap::new()).await?;
    let equal = all_figures_equal(ground, store.as_ref()).await?;
    let longest = back.iter().copied().fold(0.0_f64, f64::max);
    let allowed = BACK_MAX.as_secs_f64();
    Ok(Outcome {
        line: format!(
            "fail-overs {}, servers {SERVERS}, acknowledged {}, told to come back {busy}, sent again {again}, lost {lost}, doubled {doubled}, \
             figures equal {equal}, service back after {longest:.1} s at most ({allowed:.0} allowed)",
            asked.runs,
            acknowledged.len()
        ),
        figures: json!({
            "drill": "failover", "runs": asked.runs, "servers": SERVERS, "clients": asked.clients,
            "acknowledged": acknowledged.len(), "told_to_come_back": busy, "sent_again": again, "lost": lost, "doubled": doubled,
            "figures_equal": equal, "back_seconds": back, "back_seconds_max": longest, "back_seconds_allowed": allowed,
        }),
        holds: lost == 0 && doubled == 0 && equal && longest <= allowed && !acknowledged.is_empty(),
    })
}

fn players(ground: &Arc<Ground>, address: SocketAddr, stop: &Arc<AtomicBool>, (count, seed): (u32, u64)) -> Players {
    let heard = Arc::<Heard>::default();
    let tasks = (0..count)
        .map(|client| {
            let seed = seed ^ u64::from(client) << 16;
            tokio::spawn(player(ground.clone(), address, (heard.clone(), stop.clone()), seed))
        })
        .collect();
    Players { heard, tasks }
}

async fn player(
    ground: Arc<Ground>,
    address: SocketAddr,
    (heard, stop): (Arc<Heard>, Arc<AtomicBool>),
    seed: u64,
) -> Result<()> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut client = Client::connect(address).await?;
    while !stop.load(Ordering::Relaxed) {
        let mut seen = |ack: Option<Acknowledged>, micros| {
            if let Some(ack) = ack {
                heard.note(ack, instant().checked_sub(Duration::from_micros(micros)));
            }
        };
        let Err((sent, error)) = play(&ground, &mut client, &mut rng, &mut seen).await else { continue };
        match error.downcast_ref::<Refused>() {
            Some(refused) if refused.status == StatusCode::SERVICE_UNAVAILABLE => {
                heard.busy.fetch_add(1, Ordering::Relaxed);
            }
            _ => return Err(error),
        }
        tokio::time::sleep(REST).await;
        if let Some(sent) = sent {
            heard.again.fetch_add(1, Ordering::Relaxed);
            again(&mut client, &sent, &heard).await?;
        }
    }
    Ok(())
}

/// Sends a command that may have got through once more, with its id, until it is answered.
async fn again(client: &mut Client, sent: &Sent, heard: &Heard) -> Result<()> {
    let first = instant();
    loop {
        let before = instant();
        let (status, bytes) = client.call(Method::POST, &sent.path, (&sent.token, Some(&sent.body))).await?;
        if status.is_success() {
            let answer = serde_json::from_slice(&bytes).context("reading an answer")?;
            heard.note(Acknowledged { command: sent.id, shard: sent.shard, answer }, Some(before));
            return Ok(());
        }
        let said = String::from_utf8_lossy(&bytes);
        ensure!(status == StatusCode::SERVICE_UNAVAILABLE, "sending {} again gave {status} {said}", sent.path);
        ensure!(first.elapsed() < WAIT_MAX, "{} was turned away for minutes", sent.path);
        heard.busy.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(REST).await;
    }
}

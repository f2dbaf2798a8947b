//! Clients that play the loop side by side and note what they heard: what was acknowledged and how fast, and what was turned away
//! and how. They go on after a refusal, as people do.

use crate::load::client::Client;
use crate::load::harness::{Acknowledged, Ground, Refused, play};
use anyhow::{Context as _, Result};
use hyper::StatusCode;
use parking_lot::Mutex;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long a client rests after it was turned away: far less than it is asked to, so that the pressure stays.
const REST: Duration = Duration::from_millis(200);

/// What all clients heard.
#[derive(Default)]
pub struct Heard {
    /// Durable answers.
    pub acknowledged: Mutex<Vec<Acknowledged>>,
    /// How long each took, microseconds.
    pub micros: Mutex<Vec<u64>>,
    /// Answers "busy" (503).
    pub busy: AtomicU64,
    /// Answers "the disk is full" (507).
    pub full: AtomicU64,
    /// Answers of these two kinds that did not say when to come back.
    pub hasty: AtomicU64,
}

impl Heard {
    /// Durable answers so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.acknowledged.lock().len()
    }

    /// The time within which 99 of 100 durable answers came, milliseconds.
    #[must_use]
    pub fn p99_ms(&self) -> f64 {
        let mut micros = self.micros.lock().clone();
        micros.sort_unstable();
        let p99 = micros.get(micros.len() * 99 / 100).copied().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
        let p99_ms = p99 as f64 / 1000.0;
        p99_ms
    }

    fn refused(&self, refused: &Refused) -> bool {
        let counter = match refused.status {
            StatusCode::SERVICE_UNAVAILABLE => &self.busy,
            StatusCode::INSUFFICIENT_STORAGE => &self.full,
            _ => return false,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if refused.retry_after.is_none() {
            self.hasty.fetch_add(1, Ordering::Relaxed);
        }
        true
    }
}

/// The clients at play.
pub struct Players {
    /// What they heard so far.
    pub heard: Arc<Heard>,
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Result<()>>>,
}

impl Players {
    /// Lets `clients` play against a server.
    #[must_use]
    pub fn start(ground: &Arc<Ground>, address: SocketAddr, (clients, seed): (u32, u64)) -> Players {
        let (heard, stop) = (Arc::<Heard>::default(), Arc::new(AtomicBool::new(false)));
        let tasks = (0..clients)
            .map(|client| {
                let seed = seed ^ u64::from(client) << 16;
                tokio::spawn(player(ground.clone(), address, (heard.clone(), stop.clone()), seed))
            })
            .collect();
        Players { heard, stop, tasks }
    }

    /// Lets everybody finish the case at hand; gives what they heard.
    ///
    /// # Errors
    /// When a client got an answer that is none of the clear refusals, or lost its connection.
    pub async fn stop(self) -> Result<Arc<Heard>> {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await?.context("a client got an answer that is no clear refusal")?;
        }
        Ok(self.heard)
    }
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
                heard.acknowledged.lock().push(ack);
                heard.micros.lock().push(micros);
            }
        };
        if let Err((_, error)) = play(&ground, &mut client, &mut rng, &mut seen).await {
            match error.downcast_ref::<Refused>() {
                Some(refused) if heard.refused(refused) => tokio::time::sleep(REST).await,
                _ => return Err(error),
            }
        }
    }
    Ok(())
}

//! `ganglion drill overload`: ten times as many clients as the server can serve. What is accepted is still answered within the promised
//! time, everybody else is told at once when to come back, and memory does not grow.

use super::Outcome;
use super::players::Players;
use crate::load::harness::{Ground, Server};
use anyhow::Result;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How many times the clients that already keep the server busy.
const TIMES: u32 = 10;
/// What the server of the drill promises: how long a command waits for its batch at most, milliseconds.
const WAIT_MS: u64 = 100;
/// Commands of its batches: small, so that the queue and not one batch decides.
const BATCH_COMMANDS: u64 = 64;
/// How much the memory may grow from full load to overload, bytes: the connections themselves and what they hold in flight.
const GROWTH_BYTES_MAX: f64 = 96e6;
/// Share of the work done at full load that must still be done.
const KEPT_MIN: f64 = 0.5;
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What is asked for.
pub struct Asked {
    /// How often it is overloaded.
    pub runs: u32,
    /// Clients that keep the server busy.
    pub clients: u32,
    /// How long each load lasts.
    pub time: Duration,
    /// Seed of the clients.
    pub seed: u64,
}

/// What one load came to.
#[derive(Clone, Copy, Default)]
struct Load {
    accepted: f64,
    p99_ms: f64,
    busy: u64,
    hasty: u64,
    rss_bytes: f64,
}

/// Overloads a server and prints how it bore it.
///
/// # Errors
/// When the installation cannot be prepared, or an answer is neither an acknowledgement nor "come back later".
pub async fn run(ground: &Arc<Ground>, asked: &Asked) -> Result<Outcome> {
    let (wait, batch) = (WAIT_MS.to_string(), BATCH_COMMANDS.to_string());
    let server = ground.serve_with(&["--wait-ms", &wait, "--batch-commands", &batch])?;
    // Warm before it is measured.
    load(ground, &server, (asked.clients, Duration::from_secs(2)), asked.seed).await?;
    let full = load(ground, &server, (asked.clients, asked.time), asked.seed ^ 1).await?;
    let mut over = Load { accepted: f64::MAX, ..Load::default() };
    for run in 0..asked.runs {
        let seed = asked.seed ^ u64::from(run) << 40 ^ 2;
        let one = load(ground, &server, (TIMES * asked.clients, asked.time), seed).await?;
        over = Load {
            accepted: over.accepted.min(one.accepted),
            p99_ms: over.p99_ms.max(one.p99_ms),
            busy: over.busy + one.busy,
            hasty: over.hasty + one.hasty,
            rss_bytes: over.rss_bytes.max(one.rss_bytes),
        };
    }
    let after = load(ground, &server, (asked.clients, asked.time), asked.seed ^ 3).await?;
    Ok(outcome(asked, (full, over, after)))
}

async fn load(ground: &Arc<Ground>, server: &Server, (clients, time): (u32, Duration), seed: u64) -> Result<Load> {
    let start = crate::bench::instant();
    let players = Players::start(ground, server.address, (clients, seed));
    let mut rss_bytes = 0.0_f64;
    while start.elapsed() < time {
        tokio::time::sleep(LOOK).await;
        rss_bytes = rss_bytes.max(server.memory()?.resident_bytes);
    }
    let heard = players.stop().await?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let accepted = heard.count() as f64 / start.elapsed().as_secs_f64();
    let (busy, hasty) = (heard.busy.load(Ordering::Relaxed), heard.hasty.load(Ordering::Relaxed));
    Ok(Load { accepted, p99_ms: heard.p99_ms(), busy, hasty, rss_bytes })
}

/// The longest an accepted command may take: the promised wait twice over (before the batch begins, and while a slow machine writes it) and
/// what it took at full load.
fn promised_ms(full: &Load) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    let wait = WAIT_MS as f64;
    2.0 * wait + full.p99_ms
}

fn outcome(asked: &Asked, (full, over, after): (Load, Load, Load)) -> Outcome {
    let promised = promised_ms(&full);
    let growth = over.rss_bytes - full.rss_bytes;
    let mega = |bytes: f64| bytes / 1e6;
    Outcome {
        line: format!(
            "overload {} times with {} clients instead of {}: accepted {:.0} steps/s ({:.0} at full load, {:.0} afterwards), p99 of \
             accepted {:.0} ms ({:.0} at full load, {promised:.0} promised), turned away {}, of these without a time {}, memory {:.0} MB \
             ({:.0} at full load)",
            asked.runs,
            TIMES * asked.clients,
            asked.clients,
            over.accepted,
            full.accepted,
            after.accepted,
            over.p99_ms,
            full.p99_ms,
            over.busy,
            over.hasty,
            mega(over.rss_bytes),
            mega(full.rss_bytes)
        ),
        figures: json!({
            "drill": "overload", "runs": asked.runs, "clients": TIMES * asked.clients, "clients_at_full_load": asked.clients,
            "accepted_per_second": over.accepted, "accepted_per_second_at_full_load": full.accepted,
            "accepted_per_second_afterwards": after.accepted, "p99_ms": over.p99_ms, "p99_ms_at_full_load": full.p99_ms,
            "p99_ms_promised": promised, "turned_away": over.busy, "turned_away_without_time": over.hasty,
            "memory_bytes": over.rss_bytes, "memory_bytes_at_full_load": full.rss_bytes,
        }),
        holds: over.busy > 0
            && over.hasty == 0
            && over.p99_ms <= promised
            && over.accepted >= KEPT_MIN * full.accepted
            && growth <= GROWTH_BYTES_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        Asked { runs: 1, clients: 8, time: Duration::from_secs(1), seed: 1 }
    }

    fn full() -> Load {
        Load { accepted: 1_000.0, p99_ms: 30.0, busy: 0, hasty: 0, rss_bytes: 200e6 }
    }

    #[test]
    fn each_promise_that_is_not_kept_fails_the_drill() {
        let good = Load { accepted: 900.0, p99_ms: 220.0, busy: 5, hasty: 0, rss_bytes: 250e6 };
        assert!(outcome(&asked(), (full(), good, full())).holds);
        let bad = [
            Load { busy: 0, ..good },
            Load { hasty: 1, ..good },
            Load { p99_ms: 231.0, ..good },
            Load { accepted: 499.0, ..good },
            Load { rss_bytes: 297e6, ..good },
        ];
        for over in bad {
            assert!(!outcome(&asked(), (full(), over, full())).holds);
        }
    }
}

//! The pace of the committing loop: how many commands may wait so that nobody waits longer than promised, and who hears of
//! each batch. It meters the machine; no rule sees any of it.

use crate::commit::{Answer, CommitterSettings};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Smaller batches say how long one write takes, not how much a large one carries: nothing is learnt from them.
const LEARNT_FROM_COMMANDS: usize = 32;
/// How long a bulk may take that goes with a batch: single commands wait for it.
const BULK_MILLIS: u64 = 200;
/// Fewest and most commands of a bulk, whatever the pace.
const BULK_COMMANDS_MIN: u64 = 128;
const BULK_COMMANDS_MAX: u64 = 4_096;
/// Commands of the first bulk, whose pace nobody knows.
const BULK_COMMANDS_FIRST: usize = 512;
/// How much of what was known stays when a batch is learnt from: seven parts of eight.
const KEPT_PARTS: u64 = 7;

/// One batch, after its commands were answered.
#[derive(Debug)]
pub struct Batched<'a> {
    /// The answer of each command.
    pub answers: &'a [Answer],
    /// How long it took to load, decide and write it.
    pub took: Duration,
}

/// The queue of the loop at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Commands that wait.
    pub waiting: usize,
    /// Commands that may wait at the pace of now; one more is turned away.
    pub allowed: usize,
    /// Commands turned away since the start.
    pub turned_away: u64,
}

type Watcher = Box<dyn Fn(&Batched<'_>) + Send + Sync>;

/// What is known of the loop.
pub(crate) struct Pace {
    settings: CommitterSettings,
    /// Nanoseconds a command takes in a large batch; 0 while none was seen.
    command_nanos: AtomicU64,
    /// The same in batches with a bulk, whose commands are alike and cheaper.
    bulk_nanos: AtomicU64,
    allowed: AtomicUsize,
    /// Commands that were let in before they are ready to wait, and those of the batch that is written.
    inside: AtomicUsize,
    turned_away: AtomicU64,
    watcher: OnceLock<Watcher>,
}

/// A place held from before a command is looked at until it is answered.
#[must_use = "a place is given back when this is dropped"]
pub struct Place {
    pace: Arc<Pace>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pace.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pace {
    /// A loop that has not run yet: as many may wait as the queue holds.
    pub(crate) fn new(settings: CommitterSettings) -> Pace {
        Pace {
            settings,
            command_nanos: AtomicU64::new(0),
            bulk_nanos: AtomicU64::new(0),
            allowed: AtomicUsize::new(settings.queue_commands_max),
            inside: AtomicUsize::new(0),
            turned_away: AtomicU64::new(0),
            watcher: OnceLock::new(),
        }
    }

    /// Whether one more may wait behind `waiting` others.
    pub(crate) fn takes(&self, waiting: usize) -> bool {
        waiting < self.allowed.load(Ordering::Relaxed)
    }

    /// A place for one more, if those that are inside leave one: as many as may wait, and a batch that is written meanwhile.
    pub(crate) fn enter(self: &Arc<Pace>) -> Option<Place> {
        let most = self.allowed.load(Ordering::Relaxed).saturating_add(self.settings.batch_commands_max);
        // Given back by the place even where there is none.
        let before = self.inside.fetch_add(1, Ordering::Relaxed);
        let place = Place { pace: self.clone() };
        if before < most {
            return Some(place);
        }
        self.turned_away();
        None
    }

    /// Notes that a command was turned away.
    pub(crate) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// The queue with so many waiting.
    pub(crate) fn queued(&self, waiting: usize) -> Queued {
        let allowed = self.allowed.load(Ordering::Relaxed);
        Queued { waiting, allowed, turned_away: self.turned_away.load(Ordering::Relaxed) }
    }

    /// Lets `watcher` hear of every batch; the first one that asks is kept.
    pub(crate) fn watch(&self, watcher: Watcher) {
        // A second watcher is a second server over one loop, which only tests build.
        let _ = self.watcher.set(watcher);
    }

    /// How many commands the next bulk may have.
    pub(crate) fn bulk_commands(&self) -> usize {
        match self.bulk_nanos.load(Ordering::Relaxed) {
            0 => BULK_COMMANDS_FIRST,
            nanos => {
                let most = (BULK_MILLIS * 1_000_000 / nanos).clamp(BULK_COMMANDS_MIN, BULK_COMMANDS_MAX);
                usize::try_from(most).unwrap_or(BULK_COMMANDS_FIRST)
            }
        }
    }

    /// Takes a finished batch into account, with or without a bulk, and tells it.
    pub(crate) fn batched(&self, batch: &Batched<'_>, with_bulk: bool) {
        if with_bulk {
            mean(&self.bulk_nanos, batch.answers.len(), batch.took);
        } else {
            self.learn(batch.answers.len(), batch.took);
        }
        if let Some(watcher) = self.watcher.get() {
            watcher(batch);
        }
    }

    fn learn(&self, commands: usize, took: Duration) {
        let Some(now) = mean(&self.command_nanos, commands, took) else { return };
        let promised = nanos(self.settings.wait_max) / now;
        let most = self.settings.queue_commands_max;
        // One full batch may always wait: it is written as one anyway.
        let least = self.settings.batch_commands_max.min(most);
        self.allowed.store(usize::try_from(promised).unwrap_or(most).clamp(least, most), Ordering::Relaxed);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Takes a batch into the mean time of a command, and gives that; `None` for one that teaches nothing.
fn mean(of: &AtomicU64, commands: usize, took: Duration) -> Option<u64> {
    if commands < LEARNT_FROM_COMMANDS {
        return None;
    }
    let seen = (nanos(took) / commands as u64).max(1);
    let known = of.load(Ordering::Relaxed);
    let now = if known == 0 { seen } else { (known / (KEPT_PARTS + 1)) * KEPT_PARTS + seen / (KEPT_PARTS + 1) };
    of.store(now.max(1), Ordering::Relaxed);
    Some(now.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> Pace {
        Pace::new(CommitterSettings {
            queue_commands_max: 4_000,
            batch_commands_max: 100,
            wait_max: Duration::from_millis(500),
            ..CommitterSettings::default()
        })
    }

    #[test]
    fn a_slow_disk_shortens_the_queue_and_a_fast_one_lengthens_it_again() {
        let pace = pace();
        assert!(pace.takes(3_999) && !pace.takes(4_000), "nothing is known yet");
        // A command a millisecond: 500 of them are half a second.
        pace.learn(100, Duration::from_millis(100));
        assert_eq!(pace.queued(7), Queued { waiting: 7, allowed: 500, turned_away: 0 });
        assert!(pace.takes(499) && !pace.takes(500));
        for _ in 0..100 {
            pace.learn(100, Duration::from_millis(10));
        }
        assert!(pace.takes(3_999), "ten commands a millisecond: {:?}", pace.queued(0));
        for _ in 0..100 {
            pace.learn(100, Duration::from_secs(10));
        }
        assert_eq!(pace.queued(0).allowed, 100, "one full batch may always wait");
    }

    #[test]
    fn as_many_are_let_in_as_may_wait_and_one_batch_and_places_are_given_back() {
        let pace = Arc::new(pace());
        pace.learn(100, Duration::from_millis(100));
        let mut places: Vec<Place> = std::iter::from_fn(|| pace.enter()).take(10_000).collect();
        assert_eq!(places.len(), 500 + 100, "a command a millisecond, and what is written meanwhile");
        assert_eq!(pace.queued(0).turned_away, 1);
        places.pop();
        let last = pace.enter();
        assert!(last.is_some() && pace.enter().is_none());
    }

    #[test]
    fn small_batches_teach_nothing() {
        let pace = pace();
        pace.learn(1, Duration::from_secs(1));
        assert_eq!(pace.queued(0).allowed, 4_000);
    }

    #[test]
    fn a_bulk_is_as_large_as_the_wait_for_it_allows() {
        let pace = pace();
        let answers: Vec<Answer> = (0..1_000).map(|_| Err(crate::CommitError::Stopped)).collect();
        let batched = |millis| {
            for _ in 0..100 {
                pace.batched(&Batched { answers: &answers, took: Duration::from_millis(millis) }, true);
            }
            pace.bulk_commands()
        };
        assert_eq!(pace.bulk_commands(), BULK_COMMANDS_FIRST, "nothing is known yet");
        let most = batched(100);
        assert!((1_900..=2_100).contains(&most), "ten commands a millisecond: {most}");
        assert_eq!(batched(1), 4_096);
        assert_eq!(batched(60_000), 128);
        assert_eq!(pace.queued(0).allowed, 4_000, "what single commands may wait is learnt from them alone");
    }

    #[test]
    fn the_first_watcher_hears_of_batches() {
        let pace = pace();
        let heard = Arc::new(AtomicUsize::new(0));
        let (first, second) = (heard.clone(), heard.clone());
        pace.watch(Box::new(move |batch| {
            first.fetch_add(batch.answers.len(), Ordering::Relaxed);
        }));
        pace.watch(Box::new(move |_| {
            second.fetch_add(100, Ordering::Relaxed);
        }));
        let answers: Vec<Answer> = vec![Err(crate::CommitError::Stopped), Err(crate::CommitError::Busy)];
        pace.batched(&Batched { answers: &answers, took: Duration::from_millis(1) }, false);
        assert_eq!(heard.load(Ordering::Relaxed), 2);
    }
}

//! Counting tries by address or account in memory: bounded, forgotten after the window, lost on restart.

use crate::limits::RATE_KEYS_MAX;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;

#[derive(Clone, Copy)]
struct Count {
    tries: u32,
    since: Timestamp,
}

/// Tries by key within a window that starts with the first of them.
pub struct Rate {
    window: SignedDuration,
    max: u32,
    counts: Mutex<HashMap<String, Count>>,
}

impl Rate {
    /// At most `max` tries within `window_seconds`.
    #[must_use]
    pub fn new(max: u32, window_seconds: i64) -> Rate {
        Rate { window: SignedDuration::from_secs(window_seconds), max, counts: Mutex::default() }
    }

    /// Seconds to wait before another try, if there were too many.
    #[must_use]
    pub fn wait(&self, key: &str, now: Timestamp) -> Option<u64> {
        let count = self.counts.lock().get(key).copied()?;
        let left = (count.since + self.window).duration_since(now).as_secs();
        (count.tries >= self.max && left > 0).then(|| u64::try_from(left).unwrap_or(1))
    }

    /// Counts a try; gives how many are left.
    pub fn count(&self, key: &str, now: Timestamp) -> u32 {
        let mut counts = self.counts.lock();
        if counts.len() >= RATE_KEYS_MAX && !counts.contains_key(key) {
            counts.retain(|_, count| now.duration_since(count.since) < self.window);
            // Still full: an attack from very many addresses. Starting afresh is better than growing without bound.
            if counts.len() >= RATE_KEYS_MAX {
                counts.clear();
            }
        }
        let count = counts.entry(key.to_owned()).or_insert(Count { tries: 0, since: now });
        if now.duration_since(count.since) >= self.window {
            *count = Count { tries: 0, since: now };
        }
        count.tries += 1;
        self.max.saturating_sub(count.tries)
    }

    /// Forgets a key, after a success.
    pub fn forget(&self, key: &str) {
        self.counts.lock().remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_counted_and_forgotten_after_the_window() {
        let start: Timestamp = "2022-06-27T01:00:00Z".parse().unwrap();
        let later = |seconds| start + SignedDuration::from_secs(seconds);
        let rate = Rate::new(2, 60);
        assert_eq!(rate.count("a", start), 1);
        assert_eq!(rate.wait("a", start), None);
        assert_eq!(rate.count("a", later(10)), 0);
        assert_eq!(rate.wait("a", later(10)), Some(50));
        assert_eq!(rate.wait("b", later(10)), None);
        assert_eq!(rate.wait("a", later(60)), None);
        assert_eq!(rate.count("a", later(60)), 1);
        rate.count("a", later(61));
        rate.forget("a");
        assert_eq!(rate.wait("a", later(62)), None);
    }

    #[test]
    fn the_map_is_bounded() {
        let now: Timestamp = "2022-06-27T01:00:00Z".parse().unwrap();
        let rate = Rate::new(2, 60);
        for n in 0..=RATE_KEYS_MAX {
            rate.count(&n.to_string(), now);
        }
        assert!(rate.counts.lock().len() <= RATE_KEYS_MAX);
    }
}

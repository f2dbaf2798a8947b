//! Counting tries by address or account in memory: bounded, forgotten after the window, lost on restart. Wrong passwords by
//! account are counted durably, in `identity::tries`.

use crate::identity::tries::Tries;
use crate::keys::Allowance;
use crate::limits::{RATE_KEYS_MAX, SIGN_IN_LEAK_SECONDS};
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
}

impl Rate {
    /// Counts a call, if there is one left; gives what is left then. `by` says what callers are told apart by.
    pub fn take(&self, (by, key): (&'static str, &str), now: Timestamp) -> Allowance {
        let spent = self.wait(key, now);
        let left = if spent.is_some() { 0 } else { self.count(key, now) };
        let since = self.counts.lock().get(key).map_or(now, |count| count.since);
        let until = (since + self.window).duration_since(now).as_secs().max(1);
        Allowance {
            by,
            limit: self.max,
            window_seconds: self.window.as_secs(),
            left,
            reset_seconds: u64::try_from(until).unwrap_or(1),
            granted: spent.is_none(),
        }
    }
}

/// Wrong tries by key: some are free and leak away one by one, each further one doubles the wait.
pub struct Growing {
    free: u32,
    counts: Mutex<HashMap<String, Tries>>,
}

impl Growing {
    /// With so many that are free.
    #[must_use]
    pub fn new(free: u32) -> Growing {
        Growing { free, counts: Mutex::default() }
    }

    fn leaked(tries: &Tries, now: Timestamp) -> Tries {
        let gone = now.duration_since(tries.at).as_secs() / SIGN_IN_LEAK_SECONDS;
        Tries { count: tries.count.saturating_sub(u32::try_from(gone).unwrap_or(u32::MAX)), ..*tries }
    }

    /// Counts a try; gives how many are left.
    ///
    /// # Errors
    /// Seconds to wait, when there were too many; nothing is counted then.
    pub fn take(&self, key: &str, now: Timestamp) -> Result<u32, u64> {
        let mut counts = self.counts.lock();
        if counts.len() >= RATE_KEYS_MAX && !counts.contains_key(key) {
            counts.retain(|_, tries| Growing::leaked(tries, now).count > 0);
            if counts.len() >= RATE_KEYS_MAX {
                counts.clear();
            }
        }
        let tries = counts.get(key).map_or_else(Tries::default, |tries| Growing::leaked(tries, now));
        if let Some(seconds) = tries.wait(self.free, now) {
            return Err(seconds);
        }
        let more = tries.and_one(now);
        counts.insert(key.to_owned(), more);
        Ok(self.free.saturating_sub(more.count))
    }

    /// Takes a try back that was right.
    pub fn give_back(&self, key: &str) {
        if let Some(tries) = self.counts.lock().get_mut(key) {
            *tries = tries.less_one();
        }
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
    }

    #[test]
    fn calls_are_granted_and_told_until_none_is_left() {
        let start: Timestamp = "2022-06-27T01:00:00Z".parse().unwrap();
        let rate = Rate::new(2, 900);
        let taken = |seconds| {
            let one = rate.take(("address", "a"), start + SignedDuration::from_secs(seconds));
            assert_eq!((one.by, one.limit, one.window_seconds), ("address", 2, 900));
            (one.granted, one.left, one.reset_seconds)
        };
        assert_eq!(taken(0), (true, 1, 900));
        assert_eq!(taken(10), (true, 0, 890));
        assert_eq!(taken(20), (false, 0, 880));
        assert_eq!(taken(900), (true, 1, 900));
    }

    #[test]
    fn wrong_tries_of_an_address_leak_away_and_those_beyond_double_the_wait() {
        let start: Timestamp = "2022-06-27T01:00:00Z".parse().unwrap();
        let later = |seconds| start + SignedDuration::from_secs(seconds);
        let growing = Growing::new(2);
        assert_eq!((growing.take("a", start), growing.take("a", start)), (Ok(1), Ok(0)));
        assert_eq!(growing.take("a", start), Err(60));
        assert_eq!(growing.take("b", start), Ok(1));
        assert_eq!(growing.take("a", later(60)), Ok(0));
        assert_eq!(growing.take("a", later(60)), Err(120));
        growing.give_back("a");
        assert_eq!(growing.take("a", later(60)), Err(60), "one was right");
        assert_eq!(growing.take("a", later(60 + SIGN_IN_LEAK_SECONDS)), Ok(0), "one has leaked away");
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

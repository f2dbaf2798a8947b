//! How often a key may call: a number of calls in each minute; and how every caller is told what is left, in the fields
//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers). Counted in memory by each server.

use axum::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;

/// The window calls are counted in, seconds.
pub const WINDOW_SECONDS: i64 = 60;

/// What a caller has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What calls are counted by: `key`, `session` or `address`.
    pub by: &'static str,
    /// Calls in a window.
    pub limit: u32,
    /// How long a window is, seconds.
    pub window_seconds: i64,
    /// Calls left in this one.
    pub left: u32,
    /// Seconds until the next begins.
    pub reset_seconds: u64,
    /// Whether this call is one of them.
    pub granted: bool,
}

/// Calls of every key.
#[derive(Default)]
pub struct KeyRates {
    windows: Mutex<HashMap<String, (Timestamp, u32)>>,
}

impl KeyRates {
    /// Counts one call of a key that may call `limit` times a minute.
    pub fn take(&self, key: &str, limit: u32, now: Timestamp) -> Allowance {
        let mut windows = self.windows.lock();
        let window = windows.entry(key.to_owned()).or_insert((now, 0));
        let length = SignedDuration::from_secs(WINDOW_SECONDS);
        if now.duration_since(window.0) >= length {
            *window = (now, 0);
        }
        let granted = window.1 < limit;
        if granted {
            window.1 += 1;
        }
        let left_seconds = (window.0 + length).duration_since(now).as_secs().max(1);
        Allowance {
            by: "key",
            limit,
            window_seconds: WINDOW_SECONDS,
            left: limit.saturating_sub(window.1),
            reset_seconds: u64::try_from(left_seconds).unwrap_or(1),
            granted,
        }
    }
}

impl Allowance {
    /// Says in the answer what is left, and when to come back where nothing is. An answer that tells it already keeps what it
    /// tells: a key that is sent in a body is known later than whoever brings it.
    pub fn tell(self, response: &mut Response) {
        let headers = response.headers_mut();
        if headers.contains_key("ratelimit") {
            return;
        }
        if !self.granted {
            headers.insert(RETRY_AFTER, HeaderValue::from(self.reset_seconds));
        }
        let by = self.by;
        let fields = [
            ("ratelimit-policy", format!("\"{by}\";q={};w={}", self.limit, self.window_seconds)),
            ("ratelimit", format!("\"{by}\";r={};t={}", self.left, self.reset_seconds)),
        ];
        for (name, text) in fields {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_calls_in_every_minute() {
        let rates = KeyRates::default();
        let at = |seconds| "2022-06-27T01:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds);
        let taken = |key, seconds| {
            let one = rates.take(key, 2, at(seconds));
            (one.granted, one.left, one.reset_seconds)
        };
        assert_eq!(taken("a", 0), (true, 1, 60));
        assert_eq!(taken("a", 20), (true, 0, 40));
        assert_eq!(taken("a", 59), (false, 0, 1));
        assert_eq!(taken("b", 59), (true, 1, 60), "another key has its own");
        assert_eq!(taken("a", 60), (true, 1, 60));
    }
}

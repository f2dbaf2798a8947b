//! Codes sent to telephones: six digits, kept as a keyed hash, good for five minutes, for five tries and once. They are sent to every
//! number alike, known here or not, and not often: once a minute, ten times a day. A try counts before it is judged, so that many at
//! the same time are not more than many one after the other.

use super::hashed;
use crate::app::App;
use crate::error::Error;
use crate::identity::{SWAPS_MAX, kept, read};
use crate::limits::{CODE_AGAIN_SECONDS, CODE_SECONDS, CODE_TRIES_MAX, CODES_A_DAY_MAX};
use crate::sign::{self, Use};
use ganglion_kernel::port::Kept;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How they are kept, by the hash of the telephone.
pub(crate) const KIND: &str = "resident_code";
/// How long it counts that one was sent.
const DAY_SECONDS: i64 = 86_400;

/// The code of a telephone, and what was sent lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sent {
    /// Keyed hash of the code; empty once it was used.
    code: String,
    /// When the code was made.
    at: Timestamp,
    /// Wrong tries.
    tries: u32,
    /// When codes were sent within a day.
    sent: Vec<Timestamp>,
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It is the code, which is good no more.
    Right,
    /// It is not; so many tries are left.
    Wrong(u32),
    /// There is no code that is good: none was sent, its time is over, or it was tried too often.
    Over,
}

impl Sent {
    /// Seconds until another may be sent.
    fn wait(&self, now: Timestamp) -> Option<u64> {
        let until =
            |at: Timestamp, seconds: i64| (at + SignedDuration::from_secs(seconds)).duration_since(now).as_secs();
        let again = self.sent.last().map_or(0, |last| until(*last, CODE_AGAIN_SECONDS));
        let day = match self.sent.len() >= CODES_A_DAY_MAX {
            true => self.sent.first().map_or(0, |first| until(*first, DAY_SECONDS)),
            false => 0,
        };
        u64::try_from(again.max(day)).ok().filter(|seconds| *seconds > 0)
    }

    /// With another code.
    fn and(&self, code: String, now: Timestamp) -> Sent {
        let day = SignedDuration::from_secs(DAY_SECONDS);
        let lately = self.sent.iter().copied().filter(|at| now.duration_since(*at) < day);
        Sent { code, at: now, tries: 0, sent: lately.chain([now]).collect() }
    }

    /// What a try comes to, and what is kept afterwards.
    fn tried(&self, code: &str, now: Timestamp) -> (Tried, Sent) {
        let late = now.duration_since(self.at).as_secs() >= CODE_SECONDS;
        if self.code.is_empty() || late || self.tries >= CODE_TRIES_MAX {
            return (Tried::Over, self.clone());
        }
        if sign::same(&self.code, code) {
            return (Tried::Right, Sent { code: String::new(), ..self.clone() });
        }
        let tries = self.tries + 1;
        (Tried::Wrong(CODE_TRIES_MAX - tries), Sent { tries, ..self.clone() })
    }
}

fn hash(app: &App, (id, code): (&str, &str)) -> String {
    sign::hex(&sign::sign(&app.master, Use::ResidentCode, &[id, code]))
}

/// Six digits from 32 random bytes.
fn digits(random: &[u8; 32]) -> String {
    let number = random.iter().fold(0_u64, |sum, byte| (sum * 256 + u64::from(*byte)) % 1_000_000);
    format!("{number:06}")
}

fn thing(id: &str, sent: &Sent) -> Result<Kept, Error> {
    let newest = sent.sent.last().copied().unwrap_or(sent.at);
    kept((KIND, id.to_owned()), Some(newest + SignedDuration::from_secs(DAY_SECONDS)), sent)
}

/// A fresh code for a telephone, or how many seconds to wait.
///
/// # Errors
/// Storage.
pub async fn make(app: &App, phone: &str) -> Result<Result<String, u64>, Error> {
    let (id, now) = (hashed(&app.master, phone), app.clock.now());
    let random = sign::sign(&app.clock.key(), Use::ResidentCode, &[&id]);
    let code = digits(&random);
    for _ in 0..SWAPS_MAX {
        let found = app.store.kept_one(KIND, &id).await?;
        let before: Sent = found.as_ref().map_or_else(|| Ok(Sent::default()), read)?;
        if let Some(seconds) = before.wait(now) {
            return Ok(Err(seconds));
        }
        let next = before.and(hash(app, (&id, &code)), now);
        if app.store.kept_swap(&thing(&id, &next)?, found.as_ref().map(|one| one.body.as_str())).await? {
            return Ok(Ok(code));
        }
    }
    Err(Error::Busy)
}

/// Tries a code.
///
/// # Errors
/// Storage.
pub async fn take(app: &App, phone: &str, typed: &str) -> Result<Tried, Error> {
    let (id, now) = (hashed(&app.master, phone), app.clock.now());
    let given = hash(app, (&id, typed));
    for _ in 0..SWAPS_MAX {
        let Some(found) = app.store.kept_one(KIND, &id).await? else { return Ok(Tried::Over) };
        let before: Sent = read(&found)?;
        let (tried, next) = before.tried(&given, now);
        if tried == Tried::Over || app.store.kept_swap(&thing(&id, &next)?, Some(&found.body)).await? {
            return Ok(tried);
        }
    }
    Err(Error::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "2022-06-27T01:00:00Z";

    fn later(seconds: i64) -> Timestamp {
        START.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_code_is_good_for_five_minutes_five_tries_and_once() {
        let sent = Sent::default().and("right".to_owned(), later(0));
        let (tried, used) = sent.tried("right", later(299));
        assert_eq!((tried, used.tried("right", later(299)).0), (Tried::Right, Tried::Over));
        assert_eq!(sent.tried("right", later(300)).0, Tried::Over);
        let mut now = sent;
        for left in [4, 3, 2, 1, 0] {
            let (tried, next) = now.tried("wrong", later(1));
            assert_eq!(tried, Tried::Wrong(left));
            now = next;
        }
        assert_eq!(now.tried("right", later(1)).0, Tried::Over, "guessing does not go on");
        assert_eq!(now.and("another".to_owned(), later(60)).tried("another", later(61)).0, Tried::Right);
    }

    #[test]
    fn codes_are_sent_once_a_minute_and_ten_times_a_day() {
        let mut sent = Sent::default();
        assert_eq!(sent.wait(later(0)), None);
        for n in 0..10 {
            sent = sent.and("code".to_owned(), later(n * 100));
            assert_eq!(sent.wait(later(n * 100 + 59)), Some(if n < 9 { 1 } else { 86_400 - 959 }), "{n}");
        }
        assert_eq!(sent.wait(later(86_400)), None, "the first is a day ago");
        assert_eq!(sent.and("code".to_owned(), later(86_400)).sent.len(), 10);
    }

    #[test]
    fn codes_have_six_digits() {
        assert_eq!(digits(&[0; 32]), "000000");
        assert_eq!(
            digits(&{
                let mut random = [0; 32];
                random[31] = 7;
                random
            }),
            "000007"
        );
        assert!(digits(&[0xff; 32]).len() == 6);
    }
}

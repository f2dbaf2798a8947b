//! What is under the newest key of the installation from end to end: noted, so that a turn need not look at every row key and hash to find
//! nothing. Another server may have gone on with the key before for some minutes after the note, until it reads its keys again, or until it is
//! restarted: so everything is looked at once more an hour later, and once a day.

use crate::error::Error;
use crate::limits::KEYS_SETTLED_SECONDS;
use ganglion_kernel::Store;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// After so long every server that runs reads the keys as they are.
const SETTLED: SignedDuration = SignedDuration::from_secs(KEYS_SETTLED_SECONDS);
/// How often it is looked whether that is still so.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// What is noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    /// Name of the key that everything is under.
    key: String,
    /// When that was found first.
    since: Timestamp,
    /// When it was found last.
    last: Timestamp,
}

impl Noted {
    /// Whether everything has to be looked at again.
    fn is_due(&self, current: &str, now: Timestamp) -> bool {
        let unsettled = self.last.duration_since(self.since) < SETTLED && now.duration_since(self.since) >= SETTLED;
        // What was noted by a clock that ran ahead says nothing.
        self.key != current || unsettled || now < self.last || now.duration_since(self.last) >= AGAIN
    }

    /// The note after everything was found to be under a key.
    fn after(before: Option<Noted>, current: &str, now: Timestamp) -> Noted {
        let since = before.filter(|before| before.key == current).map_or(now, |before| before.since);
        Noted { key: current.to_owned(), since, last: now }
    }
}

async fn read(store: &dyn Store, setting: &str) -> Result<Option<Noted>, Error> {
    Ok(store.setting(setting).await?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Whether everything has to be looked at, by what a setting notes.
///
/// # Errors
/// When the store fails.
pub(super) async fn is_due(store: &dyn Store, setting: &str, (current, now): (&str, Timestamp)) -> Result<bool, Error> {
    Ok(read(store, setting).await?.is_none_or(|noted| noted.is_due(current, now)))
}

/// Notes that everything was found to be under a key.
///
/// # Errors
/// When the store fails.
pub(super) async fn note(store: &dyn Store, setting: &str, (current, now): (&str, Timestamp)) -> Result<(), Error> {
    let noted = Noted::after(read(store, setting).await?, current, now);
    store.setting_put(setting, &serde_json::to_string(&noted).unwrap_or_default()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + 60 * minutes).unwrap()
    }

    #[test]
    fn everything_is_looked_at_for_a_new_key_an_hour_later_and_once_a_day() {
        let first = Noted::after(None, "y2", at(0));
        let due = |noted: &Noted, minutes| noted.is_due("y2", at(minutes));
        assert!(first.is_due("y3", at(1)), "another key wraps by now");
        assert_eq!([1, 10, 59, 60, 70].map(|minutes| due(&first, minutes)), [false, false, false, true, true]);
        let second = Noted::after(Some(first.clone()), "y2", at(65));
        assert_eq!(second.since, at(0));
        let day = 24 * 60;
        assert_eq!([66, 75, day + 64, day + 65].map(|minutes| due(&second, minutes)), [false, false, false, true]);
        let third = Noted::after(Some(second), "y3", at(70));
        assert_eq!(third.since, at(70), "of another key it is the first time");
    }
}

//! What a browser holds between two steps of signing in, in a cookie nobody can read or change: sealed under the master key, with
//! what it is for and until when. Nothing is stored for it, so whoever begins and never ends takes no room; what may be used once
//! only is noted when it is used.

use super::kept;
use crate::app::App;
use crate::error::Error;
use crate::sign;
use ganglion_kernel::seal;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How those that were used are kept, by their hash, until they are over anyway.
pub(crate) const KIND: &str = "slip_used";

#[derive(Debug, Serialize, Deserialize)]
struct Slip<T> {
    purpose: String,
    until: Timestamp,
    body: T,
}

impl App {
    /// Seals something for one purpose and some seconds.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub(crate) fn slip<T: Serialize>(&self, purpose: &str, seconds: i64, body: &T) -> Result<String, Error> {
        let until = self.clock.now() + SignedDuration::from_secs(seconds);
        let slip = Slip { purpose: purpose.to_owned(), until, body };
        let text = serde_json::to_string(&slip).map_err(|error| Error::Internal(format!("{purpose}: {error}")))?;
        let context = format!("slip/{purpose}/{}", sign::hex(&self.clock.key()[..16]));
        seal::seal(&self.master, &context, &text)
            .ok_or_else(|| Error::Internal(format!("{purpose}: what a browser holds could not be sealed")))
    }

    /// Opens what was sealed for this purpose, while it is good.
    #[must_use]
    pub(crate) fn slip_open<T: DeserializeOwned>(&self, purpose: &str, sealed: &str) -> Option<T> {
        let slip: Slip<T> = serde_json::from_str(&seal::open(&self.master, sealed)?).ok()?;
        (slip.purpose == purpose && self.clock.now() < slip.until).then_some(slip.body)
    }

    /// Notes that a slip was used; `false` when it was used before. `seconds` is for how long it may be good.
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn slip_used(&self, sealed: &str, seconds: i64) -> Result<bool, Error> {
        let due = self.clock.now() + SignedDuration::from_secs(seconds);
        let thing = kept((KIND, sign::digest(sealed)), Some(due), &())?;
        Ok(self.store.kept_swap(&thing, None).await?)
    }
}

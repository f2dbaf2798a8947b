//! The first administrator. There is no account to begin with and no password anybody knows: an empty installation says a link
//! where it was started, good for a day and once, and whoever opens it makes the first account.

use super::{kept, read};
use crate::app::App;
use crate::error::Error;
use crate::limits::SETUP_HOURS;
use crate::sign;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How it is kept.
pub(crate) const KIND: &str = "setup";
/// The only one.
const ID: &str = "first";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Link {
    /// SHA-256 of the code, hex; empty once it was used.
    hash: String,
    until: Timestamp,
}

impl Link {
    fn fits(&self, code: &str, now: Timestamp) -> bool {
        !self.hash.is_empty() && now < self.until && sign::same(&self.hash, &sign::digest(code))
    }
}

impl App {
    /// The path and query of the page that makes the first administrator, with a fresh code; `None` when there is an account. A
    /// code from before is good no longer.
    ///
    /// # Errors
    /// Storage.
    pub async fn setup_link(&self) -> Result<Option<String>, Error> {
        if !self.store.accounts().await?.is_empty() {
            return Ok(None);
        }
        let code = sign::hex(&self.clock.key());
        let link =
            Link { hash: sign::digest(&code), until: self.clock.now() + SignedDuration::from_hours(SETUP_HOURS) };
        self.store.kept_put(&[kept((KIND, ID.to_owned()), Some(link.until), &link)?]).await?;
        Ok(Some(format!("/setup?code={code}")))
    }

    /// Whether a code opens the page now.
    ///
    /// # Errors
    /// Storage.
    pub async fn setup_opens(&self, code: &str) -> Result<bool, Error> {
        let Some(found) = self.store.kept_one(KIND, ID).await? else { return Ok(false) };
        let link: Link = read(&found)?;
        Ok(link.fits(code, self.clock.now()) && self.store.accounts().await?.is_empty())
    }

    /// Uses a code up. Says whether it was this call that did: of two at the same time one goes on.
    ///
    /// # Errors
    /// Storage.
    pub async fn setup_use(&self, code: &str) -> Result<bool, Error> {
        if !self.setup_opens(code).await? {
            return Ok(false);
        }
        let Some(found) = self.store.kept_one(KIND, ID).await? else { return Ok(false) };
        let link: Link = read(&found)?;
        let used = Link { hash: String::new(), ..link.clone() };
        let thing = kept((KIND, ID.to_owned()), found.due, &used)?;
        Ok(link.fits(code, self.clock.now()) && self.store.kept_swap(&thing, Some(&found.body)).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_its_time_and_not_once_used() {
        let now: Timestamp = "2022-06-27T01:00:00Z".parse().unwrap();
        let link = Link { hash: sign::digest("abc"), until: now + SignedDuration::from_hours(1) };
        assert!(link.fits("abc", now) && !link.fits("abd", now) && !link.fits("", now));
        assert!(!link.fits("abc", now + SignedDuration::from_hours(1)));
        let used = Link { hash: String::new(), ..link };
        assert!(!used.fits("abc", now) && !used.fits("", now));
    }
}

//! Wrong tries and the waits they bring. Five are free; then each further one doubles the wait, up to an hour. Nothing is locked
//! for ever, and an administrator may lift the wait.
//!
//! Counted by account, so that guessing from many addresses gains nothing, and durably, so that a restart forgives nothing. A
//! browser in which the account has signed in before is counted by itself: whoever knows a name cannot keep its owner out by
//! typing wrong passwords elsewhere. Counted by address as well, in memory: one password tried on many names. A try is counted
//! before it is looked at, so that many at the same time are not more than many one after the other.

use super::{SWAPS_MAX, kept, read};
use crate::app::App;
use crate::error::Error;
use crate::limits::{
    DEVICE_KNOWN_DAYS, SIGN_IN_FREE_TRIES, SIGN_IN_QUIET_SECONDS, SIGN_IN_WAIT_SECONDS_MAX, SIGN_IN_WAIT_SECONDS_MIN,
};
use crate::sign;
use crate::web::Web;
use ganglion_kernel::Store;
use ganglion_kernel::port::Kept;
use ganglion_model::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Wrong tries by account, or by account and browser.
const TRIES: &str = "sign_in_tries";
/// Browsers in which an account has signed in.
const DEVICE: &str = "sign_in_device";
/// Both, for those who forget them.
pub(crate) const KINDS: [&str; 2] = [TRIES, DEVICE];
/// Browsers of one account that are forgotten at a time.
const PAGE: u32 = 100;

/// Wrong tries so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// How many.
    pub count: u32,
    /// When the last was.
    pub at: Timestamp,
}

impl Tries {
    /// Seconds until another may be made, when `free` of them are free.
    #[must_use]
    pub fn wait(&self, free: u32, now: Timestamp) -> Option<u64> {
        let over = self.count.checked_sub(free)?;
        let doubled = SIGN_IN_WAIT_SECONDS_MIN.saturating_mul(1 << over.min(16));
        let until = self.at + SignedDuration::from_secs(doubled.min(SIGN_IN_WAIT_SECONDS_MAX));
        let left = until.duration_since(now).as_secs();
        (left > 0).then(|| u64::try_from(left).unwrap_or(1))
    }

    /// One more.
    #[must_use]
    pub fn and_one(&self, now: Timestamp) -> Tries {
        let quiet = now.duration_since(self.at).as_secs() >= SIGN_IN_QUIET_SECONDS;
        Tries { count: if quiet { 1 } else { self.count.saturating_add(1) }, at: now }
    }

    /// One that was none.
    #[must_use]
    pub fn less_one(&self) -> Tries {
        Tries { count: self.count.saturating_sub(1), ..*self }
    }
}

/// Who tries.
pub struct Trying {
    /// Under which id tries are kept.
    id: String,
    /// The network it comes from; `None` for a browser that is known.
    network: Option<String>,
    /// The browser, when it keeps cookies.
    device: Option<String>,
}

/// The part of an address that one subscriber has: all of an IPv4 address, half of an IPv6 one.
pub(crate) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(four) => four.to_string(),
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// An account as tries name it: what was typed as a name may have been a password.
fn named(account: &str) -> String {
    sign::digest(&format!("tries/{}", account.to_lowercase()))[..32].to_owned()
}

impl Trying {
    /// Who tries `account` in this request.
    ///
    /// # Errors
    /// Storage.
    pub async fn of(web: &Web, account: &str) -> Result<Trying, Error> {
        let name = named(account);
        let device = web.device().map(|visitor| format!("{name}/{}", &sign::digest(visitor)[..32]));
        let known = match &device {
            Some(id) => web.app.store.kept_one(DEVICE, id).await?.is_some_and(|one| one.due > Some(web.now)),
            None => false,
        };
        Ok(match device {
            Some(id) if known => Trying { id: id.clone(), network: None, device: Some(id) },
            device => Trying { id: format!("{name}/"), network: Some(network(web.address)), device },
        })
    }

    /// Counts a try; gives how many are left, or how many seconds to wait.
    ///
    /// # Errors
    /// Storage.
    pub async fn take(&self, app: &App, now: Timestamp) -> Result<Result<u32, u64>, Error> {
        if let Some(network) = &self.network
            && let Err(seconds) = app.rates.sign_in.take(network, now)
        {
            return Ok(Err(seconds));
        }
        let taken = self.count(app, now).await?;
        if taken.is_err() {
            self.network.iter().for_each(|network| app.rates.sign_in.give_back(network));
        }
        Ok(taken)
    }

    async fn count(&self, app: &App, now: Timestamp) -> Result<Result<u32, u64>, Error> {
        for _ in 0..SWAPS_MAX {
            let found = app.store.kept_one(TRIES, &self.id).await?;
            let tries: Tries = found.as_ref().map_or_else(|| Ok(Tries::default()), read)?;
            if let Some(seconds) = tries.wait(SIGN_IN_FREE_TRIES, now) {
                return Ok(Err(seconds));
            }
            let more = tries.and_one(now);
            let before = found.as_ref().map(|one| one.body.as_str());
            if app.store.kept_swap(&self.kept(&more)?, before).await? {
                return Ok(Ok(SIGN_IN_FREE_TRIES.saturating_sub(more.count)));
            }
        }
        Err(Error::Busy)
    }

    fn kept(&self, tries: &Tries) -> Result<Kept, Error> {
        let quiet = tries.at + SignedDuration::from_secs(SIGN_IN_QUIET_SECONDS);
        kept((TRIES, self.id.clone()), Some(quiet), tries)
    }

    /// The wait that stands now, after a try.
    ///
    /// # Errors
    /// Storage.
    pub async fn wait(&self, app: &App, now: Timestamp) -> Result<Option<u64>, Error> {
        let found = app.store.kept_one(TRIES, &self.id).await?;
        let tries: Tries = found.as_ref().map_or_else(|| Ok(Tries::default()), read)?;
        Ok(tries.wait(SIGN_IN_FREE_TRIES, now))
    }

    /// Takes back a try that was right as far as it went: the second factor is still to come.
    ///
    /// # Errors
    /// Storage.
    pub async fn give_back(&self, app: &App) -> Result<(), Error> {
        self.network.iter().for_each(|network| app.rates.sign_in.give_back(network));
        for _ in 0..SWAPS_MAX {
            let Some(found) = app.store.kept_one(TRIES, &self.id).await? else { return Ok(()) };
            let tries: Tries = read(&found)?;
            if app.store.kept_swap(&self.kept(&tries.less_one())?, Some(&found.body)).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Forgets the tries after a sign-in, and knows the browser from now on.
    ///
    /// # Errors
    /// Storage.
    pub async fn succeeded(&self, app: &App, now: Timestamp) -> Result<(), Error> {
        self.network.iter().for_each(|network| app.rates.sign_in.give_back(network));
        app.store.kept_gone(&[(TRIES.to_owned(), self.id.clone())]).await?;
        let Some(device) = &self.device else { return Ok(()) };
        let due = now + SignedDuration::from_hours(24 * DEVICE_KNOWN_DAYS);
        Ok(app.store.kept_put(&[kept((DEVICE, device.clone()), Some(due), &())?]).await?)
    }
}

/// The wait that stands for an account, for everybody but the browsers that are known; seconds.
///
/// # Errors
/// Storage.
pub async fn standing(store: &dyn Store, account: &AccountId, now: Timestamp) -> Result<Option<u64>, Error> {
    let found = store.kept_one(TRIES, &format!("{}/", named(&account.0))).await?;
    let tries: Tries = found.as_ref().map_or_else(|| Ok(Tries::default()), read)?;
    Ok(tries.wait(SIGN_IN_FREE_TRIES, now))
}

/// Forgets every wrong try on an account.
///
/// # Errors
/// Storage.
pub async fn forgive(store: &dyn Store, account: &AccountId) -> Result<(), Error> {
    forget(store, TRIES, account).await
}

/// Forgets the browsers of an account: after its password was set by somebody else they are strangers.
///
/// # Errors
/// Storage.
pub async fn forget_devices(store: &dyn Store, account: &AccountId) -> Result<(), Error> {
    forget(store, DEVICE, account).await
}

async fn forget(store: &dyn Store, kind: &str, account: &AccountId) -> Result<(), Error> {
    let prefix = format!("{}/", named(&account.0));
    loop {
        let some = store.kept(kind, &prefix, None, PAGE).await?;
        let gone: Vec<(String, String)> = some.iter().map(|one| (one.kind.clone(), one.id.clone())).collect();
        store.kept_gone(&gone).await?;
        if gone.len() < PAGE as usize {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_tries_are_free_and_each_further_one_doubles_the_wait_up_to_an_hour() {
        let now: Timestamp = "2022-06-27T01:00:00Z".parse().unwrap();
        let wait = |count| Tries { count, at: now }.wait(5, now);
        assert_eq!((wait(0), wait(4)), (None, None));
        assert_eq!([5, 6, 7, 8, 9, 10].map(wait), [60, 120, 240, 480, 960, 1920].map(Some));
        assert_eq!([11, 12, 100, u32::MAX].map(wait), [Some(3600); 4]);
        let later = |seconds| now + SignedDuration::from_secs(seconds);
        let five = Tries { count: 5, at: now };
        assert_eq!((five.wait(5, later(59)), five.wait(5, later(60))), (Some(1), None));
        assert_eq!(five.and_one(later(60)).count, 6);
        assert_eq!(five.and_one(later(SIGN_IN_QUIET_SECONDS)).count, 1, "after a quiet day one begins anew");
        assert_eq!(five.less_one(), Tries { count: 4, at: now });
    }

    #[test]
    fn a_subscriber_is_one_network_and_a_name_is_never_kept() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("203.0.113.7"), "203.0.113.7");
        assert_eq!(of("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
        assert_eq!(named("Anna"), named("anna"));
        assert!(!named("my secret").contains("secret"));
    }
}

//! What is known of an account's means to sign in besides the hash of its password: how old the password is, whether it has to be
//! changed, those before it, the second factor, passkeys, whom another provider knows it as. Changed only by whoever read what stands there, so that no try is lost.

use super::openid::Bound;
use super::passkey::Passkey;
use super::password::REMEMBERED;
use super::second::Second;
use super::{SWAPS_MAX, kept, read};
use crate::error::Error;
use ganglion_kernel::Store;
use ganglion_model::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How they are kept.
const KIND: &str = "credential";

/// An account's means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// When the password was last set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// Somebody else set the password: it is changed before anything else is done.
    #[serde(default)]
    pub must_change: bool,
    /// Hashes of passwords before, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// The second factor, once it was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Second>,
    /// A second factor that was shown and is not confirmed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Second>,
    /// Passkeys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passkeys: Vec<Passkey>,
    /// Whom the provider of identities knows the account as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
    /// The last sign-in: when, from which address, with what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastSignIn>,
    /// The one before it, which is what somebody who just signed in wants to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_but_one: Option<LastSignIn>,
}

/// A sign-in as it is told to the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSignIn {
    /// When.
    pub at: Timestamp,
    /// From which address.
    pub address: String,
    /// With what, in a few words.
    pub agent: String,
}

/// What somebody has to do before they may do anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// Choose a password of their own.
    ChangePassword,
    /// Set up a second factor.
    SetUpSecond,
}

impl Must {
    /// Where it is done.
    #[must_use]
    pub fn href(self) -> &'static str {
        match self {
            Must::ChangePassword => "/account/password",
            Must::SetUpSecond => "/account/second",
        }
    }
}

impl Credential {
    /// Notes that the password is another; `old` is the hash of the one before, `must_change`: somebody else chose it.
    pub fn password_replaced(&mut self, old: Option<String>, now: Timestamp, must_change: bool) {
        if let Some(old) = old.filter(|old| !self.before.contains(old)) {
            self.before.insert(0, old);
        }
        // The password of now is one of those remembered.
        self.before.truncate(REMEMBERED - 1);
        self.changed_at = Some(now);
        self.must_change = must_change;
    }

    /// Whether the password is older than `days`; 0: it never is.
    #[must_use]
    pub fn is_old(&self, days: u32, now: Timestamp) -> bool {
        let age = SignedDuration::from_hours(24 * i64::from(days));
        days > 0 && self.changed_at.is_some_and(|at| now.duration_since(at) >= age)
    }
}

/// What is known of an account; nothing for one that was made by other means and never signed in.
///
/// # Errors
/// Storage.
pub async fn of(store: &dyn Store, account: &AccountId) -> Result<Credential, Error> {
    let found = store.kept_one(KIND, &account.0).await?;
    found.as_ref().map_or_else(|| Ok(Credential::default()), read)
}

/// Changes what is known of an account and gives what `change` said; it is made again when somebody else was quicker.
///
/// # Errors
/// Storage; [`Error::Busy`] when others were quicker again and again.
pub async fn change<T, F>(store: &dyn Store, account: &AccountId, change: F) -> Result<T, Error>
where
    F: Fn(&mut Credential) -> T + Send + Sync,
    T: Send,
{
    for _ in 0..SWAPS_MAX {
        let found = store.kept_one(KIND, &account.0).await?;
        let mut credential = found.as_ref().map_or_else(|| Ok(Credential::default()), read)?;
        let before = credential.clone();
        let said = change(&mut credential);
        if credential == before {
            return Ok(said);
        }
        let thing = kept((KIND, account.0.clone()), None, &credential)?;
        if store.kept_swap(&thing, found.as_ref().map(|one| one.body.as_str())).await? {
            return Ok(said);
        }
    }
    Err(Error::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_grows_old_by_the_setting_only() {
        let now: Timestamp = "2022-06-27T01:00:00Z".parse().unwrap();
        let credential =
            Credential { changed_at: Some(now - SignedDuration::from_hours(24 * 90)), ..Credential::default() };
        assert!(credential.is_old(90, now) && !credential.is_old(91, now) && !credential.is_old(0, now));
        assert!(!Credential::default().is_old(1, now), "nobody knows how old it is");
    }
}

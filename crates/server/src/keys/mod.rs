//! Keys for software: random secrets kept as hashes, shown once, rotated with an overlap, revoked at once. A key stands in a
//! post of its own; what it may do is decided by that post as for anybody, and its scopes only narrow it.

mod rate;
mod scope;

pub use rate::{Allowance, KeyRates};
pub use scope::{Area, Need, Scope, need, opens};

use crate::app::App;
use crate::error::Error;
use crate::limits::{KEY_OVERLAP_HOURS, KEYS_MAX, SESSION_CACHE_SECONDS};
use crate::session::SignedIn;
use crate::sign;
use ganglion_kernel::port::Kept;
use ganglion_model::clocks::local_date;
use ganglion_model::{AccountId, service_account};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// How keys are kept.
const KIND: &str = "service_key";
/// How a secret begins, so that one that was lost is recognised in logs and repositories.
const PREFIX: &str = "gk_";
/// Keys read at a time.
const PAGE: u32 = 500;

/// A key of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceKey {
    /// Name, unique; the journal calls it by this.
    pub name: String,
    /// Whose it is and what for.
    pub title: String,
    /// SHA-256 of the secret, hex. A secret has 256 random bits, so nothing slower is needed.
    pub hash: String,
    /// The secret before the last rotation, while it still opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Calls it may make in a minute.
    pub per_minute: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: AccountId,
    /// When it was last rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<Timestamp>,
    /// First day on which it no longer opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<Date>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// A secret that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Its hash.
    pub hash: String,
    /// Until when it opens.
    pub until: Timestamp,
}

impl ServiceKey {
    /// Whether it is in use at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.ends_on.is_none_or(|day| local_date(now) < day)
    }

    /// Whether a secret with this hash opens at `now`.
    fn opens(&self, hash: &str, now: Timestamp) -> bool {
        let old = || self.before.as_ref().is_some_and(|before| now < before.until && sign::same(&before.hash, hash));
        self.is_live(now) && (sign::same(&self.hash, hash) || old())
    }

    /// Whether one of its scopes gives what is needed.
    #[must_use]
    pub fn gives(&self, need: &Need) -> bool {
        *need == Need::Nothing || self.scopes.iter().any(|scope| scope.gives(need))
    }

    /// The same key with another secret; the old one opens for a day, so that nothing stands still meanwhile.
    #[must_use]
    pub fn rotated(&self, secret: &str, now: Timestamp) -> ServiceKey {
        let until = now + SignedDuration::from_hours(KEY_OVERLAP_HOURS);
        ServiceKey {
            hash: sign::digest(secret),
            before: Some(Before { hash: self.hash.clone(), until }),
            rotated_at: Some(now),
            ..self.clone()
        }
    }
}

/// A fresh secret from 32 random bytes.
#[must_use]
pub fn secret(random: &[u8; 32]) -> String {
    format!("{PREFIX}{}", sign::hex(random))
}

/// Whether a token is the secret of a key, and no session's.
#[must_use]
pub fn is_key(token: &str) -> bool {
    token.starts_with(PREFIX)
}

struct Known {
    by_hash: HashMap<String, Arc<ServiceKey>>,
    until: Timestamp,
}

/// Keys remembered between requests.
#[derive(Default)]
pub struct Keys {
    known: Mutex<Option<Known>>,
    /// Calls of each.
    pub rates: KeyRates,
}

impl Keys {
    fn find(&self, hash: &str, now: Timestamp) -> Option<Option<Arc<ServiceKey>>> {
        let known = self.known.lock();
        let known = known.as_ref().filter(|known| now < known.until)?;
        Some(known.by_hash.get(hash).cloned())
    }
}

impl App {
    /// Every key there is, in order of their names.
    ///
    /// # Errors
    /// Storage.
    pub async fn service_keys(&self) -> Result<Vec<ServiceKey>, Error> {
        let mut all: Vec<ServiceKey> = Vec::new();
        loop {
            let after = all.last().map(|key| key.name.clone());
            let page = self.store.kept(KIND, "", after.as_deref(), PAGE).await?;
            let is_last = page.len() < PAGE as usize || all.len() >= KEYS_MAX;
            for one in page {
                all.push(read(&one)?);
            }
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The key of a name.
    ///
    /// # Errors
    /// Storage.
    pub async fn service_key(&self, name: &str) -> Result<Option<ServiceKey>, Error> {
        self.store.kept_one(KIND, name).await?.as_ref().map(read).transpose()
    }

    /// Keeps a key; from now on it opens as it says.
    ///
    /// # Errors
    /// Storage.
    pub async fn service_key_put(&self, key: &ServiceKey) -> Result<(), Error> {
        let body = serde_json::to_string(key).map_err(|error| Error::Internal(error.to_string()))?;
        self.store.kept_put(&[Kept { kind: KIND.to_owned(), id: key.name.clone(), due: None, body }]).await?;
        *self.keys.known.lock() = None;
        Ok(())
    }

    /// The key a secret opens, if it does.
    ///
    /// # Errors
    /// Storage.
    pub async fn service_key_of(&self, secret: &str, now: Timestamp) -> Result<Option<Arc<ServiceKey>>, Error> {
        if !is_key(secret) {
            return Ok(None);
        }
        let hash = sign::digest(secret);
        let found = match self.keys.find(&hash, now) {
            Some(found) => found,
            None => {
                let mut by_hash = HashMap::new();
                for key in self.service_keys().await? {
                    let key = Arc::new(key);
                    by_hash.extend(key.before.as_ref().map(|before| (before.hash.clone(), key.clone())));
                    by_hash.insert(key.hash.clone(), key);
                }
                let found = by_hash.get(&hash).cloned();
                let until = now + SignedDuration::from_secs(SESSION_CACHE_SECONDS);
                *self.keys.known.lock() = Some(Known { by_hash, until });
                found
            }
        };
        Ok(found.filter(|key| key.opens(&hash, now)))
    }

    /// Who a secret stands for: its key, in the post that is held in its name today.
    ///
    /// # Errors
    /// Storage.
    pub async fn signed_in_by_key(&self, secret: &str, now: Timestamp) -> Result<Option<SignedIn>, Error> {
        let Some(key) = self.service_key_of(secret, now).await? else { return Ok(None) };
        let account = service_account(&key.name);
        let today = local_date(now);
        let post = self.world.load().posts.of(&account).find(|post| post.valid_on(today)).cloned();
        Ok(post.map(|post| SignedIn {
            account,
            name: key.title.clone(),
            post: Some(post),
            token_hash: key.hash.clone(),
            key: Some(key),
            must: None,
        }))
    }
}

fn read(kept: &Kept) -> Result<ServiceKey, Error> {
    serde_json::from_str(&kept.body).map_err(|error| Error::Internal(format!("the key {}: {error}", kept.id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_key_opens_with_both_secrets_for_a_day_and_a_revoked_one_with_none() {
        let now: Timestamp = "2022-06-27T01:00:00Z".parse().unwrap();
        let key = ServiceKey {
            name: "a".to_owned(),
            title: String::new(),
            hash: sign::digest("gk_1"),
            before: None,
            scopes: vec![Scope::parse("figures:read").unwrap()],
            per_minute: 1,
            made_at: now,
            made_by: AccountId("admin".to_owned()),
            rotated_at: None,
            ends_on: None,
            revoked_at: None,
        };
        let later = |hours| now + SignedDuration::from_hours(hours);
        let opens = |key: &ServiceKey, secret: &str, at| key.opens(&sign::digest(secret), at);
        assert!(opens(&key, "gk_1", now) && !opens(&key, "gk_2", now));
        let rotated = key.rotated("gk_2", now);
        assert!(opens(&rotated, "gk_1", later(23)) && opens(&rotated, "gk_2", later(23)));
        assert!(!opens(&rotated, "gk_1", later(24)) && opens(&rotated, "gk_2", later(24)));
        let revoked = ServiceKey { revoked_at: Some(now), ..rotated.clone() };
        assert!(!opens(&revoked, "gk_1", now) && !opens(&revoked, "gk_2", now));
        let ended = ServiceKey { ends_on: Some(local_date(later(24))), ..rotated };
        assert!(opens(&ended, "gk_2", now) && !opens(&ended, "gk_2", later(24)));
        let text = serde_json::to_string(&ended).unwrap();
        assert!(!text.contains("gk_") && serde_json::from_str::<ServiceKey>(&text).unwrap() == ended);
        assert!(!key.gives(&need(&axum::http::Method::GET, "/api/places")));
    }
}

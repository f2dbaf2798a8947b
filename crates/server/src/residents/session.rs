//! Sessions of residents: a token in a cookie of its own, kept as a hash among the things kept, by the hash of the telephone. The
//! telephone itself stands there sealed under the token, so that the database alone tells nobody who signed in.

use super::hashed;
use crate::error::Error;
use crate::identity::lines::Origin;
use crate::identity::{kept, read};
use crate::limits::{RESIDENT_SECONDS, SESSIONS_SHOWN_MAX};
use crate::sign::{self, Use};
use crate::web::Web;
use ganglion_kernel::port::Kept;
use ganglion_kernel::seal::{self, Key};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Name of the cookie.
pub const COOKIE: &str = "resident";
/// How they are kept.
pub(crate) const KIND: &str = "resident_session";

/// A resident who is signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct Resident {
    /// The telephone that was proven.
    pub phone: String,
    /// Under which it is kept.
    pub hash: String,
    /// Hash of the token.
    token_hash: String,
}

impl std::fmt::Debug for Resident {
    /// Without the telephone.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resident").field("hash", &self.hash).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Held {
    phone: String,
    begun_at: Timestamp,
    origin: Origin,
}

fn key(web: &Web, token: &str) -> Key {
    sign::sign(&web.app.master, Use::ResidentSession, &[token])
}

fn id(hash: &str, token_hash: &str) -> String {
    format!("{hash}/{token_hash}")
}

impl Web {
    /// Signs a resident in, in this browser.
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn resident_begin(&self, phone: &str) -> Result<(), Error> {
        let token = sign::hex(&self.app.clock.key());
        let hash = hashed(&self.app.master, phone);
        let sealed = seal::seal(&key(self, &token), "resident", phone)
            .ok_or_else(|| Error::Internal("a telephone could not be sealed".to_owned()))?;
        let held = Held { phone: sealed, begun_at: self.now, origin: self.origin() };
        let until = self.now + SignedDuration::from_secs(RESIDENT_SECONDS);
        let thing = kept((KIND, id(&hash, &sign::digest(&token))), Some(until), &held)?;
        self.app.store.kept_put(&[thing]).await?;
        self.set_cookie(COOKIE, &format!("{hash}.{token}"), Some(RESIDENT_SECONDS));
        Ok(())
    }

    /// The resident signed in in this browser, where codes are sent at all.
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn resident(&self) -> Result<Option<Resident>, Error> {
        let Some((hash, token)) = self.resident.split_once('.').filter(|_| self.app.sms.is_some()) else {
            return Ok(None);
        };
        let plain = |text: &str| text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !plain(hash) || !plain(token) {
            return Ok(None);
        }
        let token_hash = sign::digest(token);
        let found = self.app.store.kept_one(KIND, &id(hash, &token_hash)).await?;
        let Some(found) = found.filter(|one| one.due.is_some_and(|due| self.now < due)) else { return Ok(None) };
        let held: Held = read(&found)?;
        let phone = seal::open(&key(self, token), &held.phone);
        let phone = phone.filter(|phone| hashed(&self.app.master, phone) == hash);
        Ok(phone.map(|phone| Resident { phone, hash: hash.to_owned(), token_hash }))
    }

    /// Signs a resident out here, or in every browser.
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn resident_end(&self, resident: &Resident, everywhere: bool) -> Result<(), Error> {
        self.set_cookie(COOKIE, "", Some(0));
        let named = |one: &Kept| (one.kind.clone(), one.id.clone());
        if !everywhere {
            let gone = (KIND.to_owned(), id(&resident.hash, &resident.token_hash));
            return Ok(self.app.store.kept_gone(&[gone]).await?);
        }
        loop {
            let some = self.app.store.kept(KIND, &id(&resident.hash, ""), None, SESSIONS_SHOWN_MAX).await?;
            let gone: Vec<(String, String)> = some.iter().map(named).collect();
            self.app.store.kept_gone(&gone).await?;
            if gone.len() < SESSIONS_SHOWN_MAX as usize {
                return Ok(());
            }
        }
    }
}

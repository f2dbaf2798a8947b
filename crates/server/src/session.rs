//! Who is signed in: random tokens kept as hashes, passwords as argon2id, a small memory of sessions so that a request
//! costs no read.

use crate::app::App;
use crate::error::Error;
use crate::identity::credential::{self, Credential, Must};
use crate::identity::lines::Origin;
use crate::identity::password::{self, Fault};
use crate::identity::sessions::Begun;
use crate::jobs::follow::{Part, changed};
use crate::keys::ServiceKey;
use crate::limits::{PASSWORD_BYTES_MAX, SESSION_CACHE_MAX, SESSION_CACHE_SECONDS};
use crate::sign;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use ganglion_kernel::port::{Account, Session};
use ganglion_model::{AccountId, Post, PostId};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Name of the session's cookie.
pub const COOKIE: &str = "session";

/// A signed-in person, in the post they act in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Account.
    pub account: AccountId,
    /// What the person is called.
    pub name: String,
    /// The post; `None` when the account holds none that is valid today.
    pub post: Option<Post>,
    /// Hash of the session's token.
    pub token_hash: String,
    /// The key, when it is software that calls.
    pub key: Option<Arc<ServiceKey>>,
    /// What has to be done before anything else: until then nobody is signed in for other pages.
    pub must: Option<Must>,
}

#[derive(Clone)]
struct Remembered {
    session: Session,
    name: String,
    until: Timestamp,
    must: Option<Must>,
}

/// Sessions remembered between requests.
#[derive(Default)]
pub struct SessionCache {
    rows: Mutex<HashMap<String, Remembered>>,
}

impl SessionCache {
    fn get(&self, hash: &str, now: Timestamp) -> Option<Remembered> {
        self.rows.lock().get(hash).filter(|row| row.until > now).cloned()
    }

    fn put(&self, hash: &str, row: Remembered, now: Timestamp) {
        let mut rows = self.rows.lock();
        if rows.len() >= SESSION_CACHE_MAX {
            rows.retain(|_, row| row.until > now);
            if rows.len() >= SESSION_CACHE_MAX {
                rows.clear();
            }
        }
        rows.insert(hash.to_owned(), row);
    }

    fn forget(&self, hash: &str) {
        self.rows.lock().remove(hash);
    }

    /// Forgets everything, after accounts or posts changed.
    pub fn clear(&self) {
        self.rows.lock().clear();
    }
}

impl App {
    /// Begins a session for `account` in its first valid post; gives the token for the cookie.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn session_begin(&self, account: &Account, origin: Origin, begun: Begun) -> Result<String, Error> {
        let now = self.clock.now();
        let token = sign::hex(&self.clock.key());
        let today = ganglion_model::clocks::local_date(now);
        let post = self.world.load().posts.acting(&account.id, today).first().map(|post| post.id.clone());
        let session = Session {
            token_hash: sign::digest(&token),
            account: account.id.clone(),
            post,
            expires_at: now + SignedDuration::from_hours(i64::from(self.settings.session_hours)),
        };
        self.store.session_put(&session).await?;
        self.session_noted(&session, origin, begun).await?;
        Ok(token)
    }

    /// The person behind a token, if the session still holds.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn session_of(&self, token: &str, now: Timestamp) -> Result<Option<SignedIn>, Error> {
        let hash = sign::digest(token);
        let remembered = match self.sessions.get(&hash, now) {
            Some(row) => row,
            None => match self.session_read(&hash, now).await? {
                Some(row) => row,
                None => return Ok(None),
            },
        };
        let session = remembered.session;
        let today = ganglion_model::clocks::local_date(now);
        let world = self.world.load();
        let post = session.post.as_ref().and_then(|id| world.posts.get(id));
        let post = post.filter(|post| world.posts.acts_in(&session.account, post, today));
        // Whoever no longer acts in the post they chose goes on in one of their own.
        let post = post.or_else(|| world.posts.acting(&session.account, today).first().copied()).cloned();
        let name = remembered.name;
        Ok(Some(SignedIn { account: session.account, name, post, token_hash: hash, key: None, must: remembered.must }))
    }

    /// Reads a session anew and remembers it for a while.
    async fn session_read(&self, hash: &str, now: Timestamp) -> Result<Option<Remembered>, Error> {
        let Some(session) = self.store.session(hash).await? else {
            return Ok(None);
        };
        let Some(account) = self.store.account(&session.account).await? else {
            return Ok(None);
        };
        if !account.active || session.expires_at <= now {
            return Ok(None);
        }
        let Some(begun) = self.session_in_use(&session, now).await? else {
            self.session_end(&session.account, hash).await?;
            return Ok(None);
        };
        let credential = credential::of(self.store.as_ref(), &account.id).await?;
        let must = self.must(&account, (&credential, begun), now);
        let until = (now + SignedDuration::from_secs(SESSION_CACHE_SECONDS)).min(session.expires_at);
        let row = Remembered { session, name: account.name, until, must };
        self.sessions.put(hash, row.clone(), now);
        Ok(Some(row))
    }

    /// What somebody has to do before anything else, by their means and how the session was begun. Nobody has a password in a
    /// demonstration.
    #[must_use]
    pub fn must(&self, account: &Account, (known, begun): (&Credential, Begun), now: Timestamp) -> Option<Must> {
        if self.settings.demo {
            return None;
        }
        let old = known.must_change || known.is_old(self.settings.password_days, now);
        if old && account.password.is_some() && !begun.without_password {
            return Some(Must::ChangePassword);
        }
        let has_second = begun.second || self.has_second(known);
        (!has_second && self.needs_second(&account.id, now)).then_some(Must::SetUpSecond)
    }

    /// Whether an account has a second factor of its own: codes of an app, or passkeys.
    #[must_use]
    pub fn has_second(&self, known: &Credential) -> bool {
        known.second.is_some() || self.has_passkeys(known)
    }

    /// Whether a post somebody holds asks for a second factor.
    #[must_use]
    pub fn needs_second(&self, account: &AccountId, now: Timestamp) -> bool {
        let today = ganglion_model::clocks::local_date(now);
        let roles = &self.settings.second_factor_roles;
        let asks = |post: &&Post| roles.iter().any(|role| role == "*" || *role == post.role);
        self.world.load().posts.acting(account, today).iter().any(asks)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn session_end(&self, account: &AccountId, token_hash: &str) -> Result<(), Error> {
        self.store.session_end(token_hash).await?;
        self.sessions.forget(token_hash);
        self.session_gone(account, token_hash).await
    }

    /// Reads a session anew at its next request: what its owner has to do has changed.
    pub(crate) fn session_forget(&self, token_hash: &str) {
        self.sessions.forget(token_hash);
    }

    /// Lets a session act in another post of the same person.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the person may not act in that post today.
    pub async fn session_post(&self, signed_in: &SignedIn, post: &PostId, now: Timestamp) -> Result<(), Error> {
        let today = ganglion_model::clocks::local_date(now);
        let world = self.world.load_full();
        let holds = world.posts.get(post).is_some_and(|post| world.posts.acts_in(&signed_in.account, post, today));
        let session = self.store.session(&signed_in.token_hash).await?.filter(|_| holds).ok_or(Error::NotFound)?;
        self.store.session_put(&Session { post: Some(post.clone()), ..session }).await?;
        self.sessions.forget(&signed_in.token_hash);
        Ok(())
    }

    /// Whether `password` is the account's. Takes as long when there is no such account, so that names cannot be guessed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn password_fits(&self, account: &AccountId, password: &str) -> Result<Option<Account>, Error> {
        let account = self.store.account(account).await?;
        let hash = account.as_ref().and_then(|account| account.password.clone());
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let fits = self.verified(vec![hash], password).await?;
        Ok(account.filter(|account| fits && account.active && account.password.is_some()))
    }

    /// Whether a password is one of those with these hashes.
    async fn verified(&self, hashes: Vec<String>, password: &str) -> Result<bool, Error> {
        let password = password.to_owned();
        let _permit = self.passwords.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
        tokio::task::spawn_blocking(move || hashes.iter().any(|hash| verify(hash, &password)))
            .await
            .map_err(|error| Error::Internal(error.to_string()))
    }

    /// The hash of a password with a salt of its own.
    ///
    /// # Errors
    /// When it is longer than is taken.
    pub async fn password_hashed(&self, password: &str) -> Result<String, Error> {
        let mut salt = [0; 16];
        salt.copy_from_slice(&self.clock.key()[..16]);
        let password = password.to_owned();
        let _permit = self.passwords.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
        tokio::task::spawn_blocking(move || hash_password(&password, &salt))
            .await
            .map_err(|error| Error::Internal(error.to_string()))?
            .map_err(Error::Internal)
    }

    /// Gives an account a password the person chose, if it keeps the rules; what is wrong with it otherwise.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn password_chosen(&self, account: &Account, chosen: &str) -> Result<Vec<Fault>, Error> {
        let mut faults = password::faults(chosen, &account.id.0);
        if faults.is_empty() {
            let known = credential::of(self.store.as_ref(), &account.id).await?;
            let before: Vec<String> = account.password.iter().chain(&known.before).cloned().collect();
            if self.verified(before, chosen).await? {
                faults.push(Fault::Before);
            }
        }
        if faults.is_empty() {
            self.password_put(account, chosen, false).await?;
        }
        Ok(faults)
    }

    /// Puts a password in place of the one before. `must_change`: somebody else chose it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn password_put(&self, account: &Account, chosen: &str, must_change: bool) -> Result<(), Error> {
        let hash = self.password_hashed(chosen).await?;
        let now = self.clock.now();
        let old = account.password.clone();
        self.store.accounts_put(&[Account { password: Some(hash), ..account.clone() }]).await?;
        credential::change(self.store.as_ref(), &account.id, |known| {
            known.password_replaced(old.clone(), now, must_change);
        })
        .await?;
        changed(self, Part::People).await
    }
}

/// The hash of no password: verifying against it takes the usual time and never succeeds.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn verify(hash: &str, password: &str) -> bool {
    if password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// The argon2id hash of a password, with 16 bytes of `salt` from the caller.
///
/// # Errors
/// When the password is longer than is taken.
pub fn hash_password(password: &str, salt: &[u8; 16]) -> Result<String, String> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(format!("a password has at most {PASSWORD_BYTES_MAX} bytes"));
    }
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), salt)
        .map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash_password("correct horse", &[3; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify(&hash, "correct horse") && !verify(&hash, "battery staple"));
        assert!(!verify(NOBODY, ""));
        assert!(PasswordHash::new(NOBODY).is_ok(), "the decoy must be verified, not refused at once");
        assert!(hash_password(&"x".repeat(PASSWORD_BYTES_MAX + 1), &[3; 16]).is_err());
    }
}

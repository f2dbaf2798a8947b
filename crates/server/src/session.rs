//! Who is signed in: random tokens kept as hashes, passwords as argon2id, a small memory of sessions so that a request
//! costs no read.

use crate::app::App;
use crate::error::Error;
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
}

#[derive(Clone)]
struct Remembered {
    session: Session,
    name: String,
    until: Timestamp,
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
    pub async fn session_begin(&self, account: &Account) -> Result<String, Error> {
        let now = self.clock.now();
        let token = sign::hex(&self.clock.key());
        let today = ganglion_model::clocks::local_date(now);
        let post =
            self.world.load().posts.of(&account.id).find(|post| post.valid_on(today)).map(|post| post.id.clone());
        let session = Session {
            token_hash: sign::digest(&token),
            account: account.id.clone(),
            post,
            expires_at: now + SignedDuration::from_hours(i64::from(self.settings.session_hours)),
        };
        self.store.session_put(&session).await?;
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
            None => {
                let Some(session) = self.store.session(&hash).await? else {
                    return Ok(None);
                };
                let Some(account) = self.store.account(&session.account).await? else {
                    return Ok(None);
                };
                if !account.active || session.expires_at <= now {
                    return Ok(None);
                }
                let until = (now + SignedDuration::from_secs(SESSION_CACHE_SECONDS)).min(session.expires_at);
                let row = Remembered { session, name: account.name, until };
                self.sessions.put(&hash, row.clone(), now);
                row
            }
        };
        let session = remembered.session;
        let today = ganglion_model::clocks::local_date(now);
        let world = self.world.load();
        let post = session.post.as_ref().and_then(|id| world.posts.get(id));
        let post = post.filter(|post| post.valid_on(today) && post.account.as_ref() == Some(&session.account)).cloned();
        Ok(Some(SignedIn { account: session.account, name: remembered.name, post, token_hash: hash, key: None }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn session_end(&self, token_hash: &str) -> Result<(), Error> {
        self.store.session_end(token_hash).await?;
        self.sessions.forget(token_hash);
        Ok(())
    }

    /// Lets a session act in another post of the same person.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the person does not hold that post today.
    pub async fn session_post(&self, signed_in: &SignedIn, post: &PostId, now: Timestamp) -> Result<(), Error> {
        let today = ganglion_model::clocks::local_date(now);
        let holds = self
            .world
            .load()
            .posts
            .get(post)
            .is_some_and(|post| post.valid_on(today) && post.account.as_ref() == Some(&signed_in.account));
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
        let password = password.to_owned();
        let _permit = self.passwords.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
        let fits = tokio::task::spawn_blocking(move || verify(&hash, &password))
            .await
            .map_err(|error| Error::Internal(error.to_string()))?;
        Ok(account.filter(|account| fits && account.active && account.password.is_some()))
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

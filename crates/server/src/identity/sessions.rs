//! Sessions as their owner sees them: since when, from where, with what, last used when. Beside the session itself, which only
//! knows whom it stands for; one that was made without this (by a tool) is not listed and has no limit of idleness.

use super::lines::{Origin, What};
use super::{kept, read};
use crate::app::App;
use crate::error::Error;
use crate::limits::{SESSION_SEEN_SECONDS, SESSIONS_SHOWN_MAX};
use ganglion_kernel::Store;
use ganglion_kernel::port::{Kept, Session};
use ganglion_model::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How they are kept.
pub(crate) const KIND: &str = "session_of";
/// Letters of the hash that name a session on a page: it stands for nothing without the rest.
const ID_CHARS: usize = 16;

/// What is known of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Since when.
    pub begun_at: Timestamp,
    /// When it was last used, to within two minutes.
    pub seen_at: Timestamp,
    /// From where.
    pub origin: Origin,
    /// How it was begun.
    #[serde(default)]
    pub begun: Begun,
}

/// How a session was begun, as far as it decides what its owner has to do first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// Without the password: how old that is does not matter then.
    #[serde(default)]
    pub without_password: bool,
    /// With a second factor that is none of the account's own.
    #[serde(default)]
    pub second: bool,
}

impl Begun {
    /// As a sign-in of this kind begins one.
    #[must_use]
    pub fn by(what: What) -> Begun {
        let without_password = matches!(what, What::InByPasskey | What::InByOpenid | What::InByOpenidWithSecond);
        Begun { without_password, second: matches!(what, What::InByPasskey | What::InByOpenidWithSecond) }
    }
}

/// A session in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name on a page.
    pub id: String,
    /// Hash of its token.
    pub token_hash: String,
    /// Until when it lasts.
    pub until: Option<Timestamp>,
    /// What is known of it.
    pub about: About,
}

/// Name of a session on a page.
#[must_use]
pub fn id_of(token_hash: &str) -> String {
    token_hash.chars().take(ID_CHARS).collect()
}

fn key(account: &AccountId, token_hash: &str) -> String {
    format!("{account}/{token_hash}")
}

/// Ends every session of an account, for a program beside the server: a server that runs notices within half a minute.
///
/// # Errors
/// Storage.
pub async fn end_all(store: &dyn Store, account: &AccountId) -> Result<(), Error> {
    loop {
        let some = store.kept(KIND, &key(account, ""), None, SESSIONS_SHOWN_MAX).await?;
        for one in &some {
            store.session_end(one.id.rsplit('/').next().unwrap_or_default()).await?;
        }
        store.kept_gone(&some.iter().map(|one| (one.kind.clone(), one.id.clone())).collect::<Vec<_>>()).await?;
        if some.len() < SESSIONS_SHOWN_MAX as usize {
            return Ok(());
        }
    }
}

impl App {
    /// Notes that a session began.
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn session_noted(&self, session: &Session, origin: Origin, begun: Begun) -> Result<(), Error> {
        let now = self.clock.now();
        let about = About { begun_at: now, seen_at: now, origin, begun };
        let id = key(&session.account, &session.token_hash);
        Ok(self.store.kept_put(&[kept((KIND, id), Some(session.expires_at), &about)?]).await?)
    }

    /// How a session was begun, if it was used lately enough; notes that it is used.
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn session_in_use(&self, session: &Session, now: Timestamp) -> Result<Option<Begun>, Error> {
        let Some(found) = self.store.kept_one(KIND, &key(&session.account, &session.token_hash)).await? else {
            return Ok(Some(Begun::default()));
        };
        let about: About = read(&found)?;
        let begun = about.begun;
        let unused = now.duration_since(about.seen_at).as_secs();
        let idle_minutes = i64::from(self.settings.idle_minutes);
        if idle_minutes > 0 && unused >= idle_minutes * 60 {
            return Ok(None);
        }
        if unused >= SESSION_SEEN_SECONDS {
            let seen = About { seen_at: now, ..about };
            let thing = kept((KIND, found.id.clone()), found.due, &seen)?;
            // Where another request noted it meanwhile, or the session was ended, nothing is to be put.
            self.store.kept_swap(&thing, Some(&found.body)).await?;
        }
        Ok(Some(begun))
    }

    /// Sessions of an account that last still, the newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn sessions_of(&self, account: &AccountId) -> Result<Vec<Listed>, Error> {
        let now = self.clock.now();
        let idle = SignedDuration::from_mins(i64::from(self.settings.idle_minutes));
        let rests = |about: &About| self.settings.idle_minutes > 0 && now.duration_since(about.seen_at) >= idle;
        let mut all = Vec::new();
        for one in self.session_rows(account).await? {
            let about: About = read(&one)?;
            let token_hash = one.id.rsplit('/').next().unwrap_or_default().to_owned();
            if one.due.is_none_or(|until| until > now) && !rests(&about) {
                all.push(Listed { id: id_of(&token_hash), token_hash, until: one.due, about });
            }
        }
        all.sort_by_key(|one| std::cmp::Reverse(one.about.begun_at));
        Ok(all)
    }

    async fn session_rows(&self, account: &AccountId) -> Result<Vec<Kept>, Error> {
        Ok(self.store.kept(KIND, &key(account, ""), None, SESSIONS_SHOWN_MAX).await?)
    }

    /// Ends every session of an account but one; gives how many.
    ///
    /// # Errors
    /// Storage.
    pub async fn sessions_end(&self, account: &AccountId, but: Option<&str>) -> Result<usize, Error> {
        let mut ended = 0;
        loop {
            let rows = self.session_rows(account).await?;
            let hash = |one: &Kept| one.id.rsplit('/').next().unwrap_or_default().to_owned();
            let others: Vec<String> = rows.iter().map(hash).filter(|hash| Some(hash.as_str()) != but).collect();
            for token_hash in &others {
                self.session_end(account, token_hash).await?;
            }
            ended += others.len();
            if rows.len() < SESSIONS_SHOWN_MAX as usize || others.is_empty() {
                return Ok(ended);
            }
        }
    }

    /// Forgets what is known of a session that ended.
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn session_gone(&self, account: &AccountId, token_hash: &str) -> Result<(), Error> {
        Ok(self.store.kept_gone(&[(KIND.to_owned(), key(account, token_hash))]).await?)
    }
}

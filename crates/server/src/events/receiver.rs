//! Receivers of events and what is still to be sent to them, as they are kept.

use super::position::Position;
use super::view::Viewer;
use crate::app::App;
use crate::error::Error;
use ganglion_kernel::port::Kept;
use ganglion_model::AccountId;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How receivers are kept.
const RECEIVER: &str = "receiver";
/// How events that are to be sent are kept.
pub const DELIVERY: &str = "delivery";
/// How events that were given up are kept.
pub const DEAD: &str = "dead_letter";
/// Receivers an installation may have.
pub const RECEIVERS_MAX: u32 = 200;

/// An address that wants to hear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receiver {
    /// Id.
    pub id: String,
    /// Whose it is and what for.
    pub title: String,
    /// Where events are sent.
    pub url: String,
    /// The secret events are signed with, sealed under the master key.
    pub secret: String,
    /// The service key whose post reads for it; none: it hears what anyone may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Kinds of events; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Where it stands in the journal.
    pub position: Position,
    /// Whether events are sent.
    pub active: bool,
    /// When it was made.
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: AccountId,
    /// Events taken so far.
    #[serde(default)]
    pub delivered: u64,
    /// When it last answered or failed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// What it last said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last: String,
}

/// An event that is to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The receiver.
    pub receiver: String,
    /// The event.
    pub event: Value,
    /// Times it was tried.
    pub attempts: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// What came of the last try.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last: String,
}

impl Receiver {
    /// Whose view it has.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        self.key.as_deref().map_or_else(Viewer::public, Viewer::key)
    }

    /// Whether it wants events of a kind.
    #[must_use]
    pub fn wants(&self, kind: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|one| one == kind)
    }

    /// As it is kept.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn kept(&self) -> Result<Kept, Error> {
        kept((RECEIVER, self.id.as_str()), None, self)
    }
}

impl Delivery {
    /// Its id among deliveries: those of a receiver lie together, in the order of the journal.
    #[must_use]
    pub fn id(&self) -> String {
        let event = self.event["id"].as_str().unwrap_or_default();
        let (shard, seq) = event.split_once('-').unwrap_or((event, ""));
        format!("{}/{shard:0>6}-{seq:0>12}", self.receiver)
    }

    /// As it is kept: to be sent at `due`, or given up.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn kept(&self, kind: &str, due: Option<Timestamp>) -> Result<Kept, Error> {
        kept((kind, self.id().as_str()), due, self)
    }
}

fn kept((kind, id): (&str, &str), due: Option<Timestamp>, thing: &impl Serialize) -> Result<Kept, Error> {
    let body = serde_json::to_string(thing).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(Kept { kind: kind.to_owned(), id: id.to_owned(), due, body })
}

/// Reads what is kept.
///
/// # Errors
/// When it is not what it should be.
pub fn read<T: DeserializeOwned>(kept: &Kept) -> Result<T, Error> {
    serde_json::from_str(&kept.body).map_err(|error| Error::Internal(format!("{} {}: {error}", kept.kind, kept.id)))
}

/// Every receiver.
///
/// # Errors
/// Storage.
pub async fn all(app: &App) -> Result<Vec<Receiver>, Error> {
    app.store.kept(RECEIVER, "", None, RECEIVERS_MAX).await?.iter().map(read).collect()
}

/// One receiver.
///
/// # Errors
/// Storage.
pub async fn one(app: &App, id: &str) -> Result<Option<Receiver>, Error> {
    app.store.kept_one(RECEIVER, id).await?.as_ref().map(read).transpose()
}

/// Keeps a receiver.
///
/// # Errors
/// Storage.
pub async fn put(app: &App, receiver: &Receiver) -> Result<(), Error> {
    Ok(app.store.kept_put(&[receiver.kept()?]).await?)
}

/// What waits for a receiver, or was given up, in the order of the journal.
///
/// # Errors
/// Storage.
pub async fn pending(app: &App, kind: &str, id: &str, limit: u32) -> Result<Vec<Delivery>, Error> {
    app.store.kept(kind, &format!("{id}/"), None, limit).await?.iter().map(read).collect()
}

/// Takes a receiver away, with everything that waits for it.
///
/// # Errors
/// Storage.
pub async fn remove(app: &App, id: &str) -> Result<(), Error> {
    app.store.kept_gone(&[(RECEIVER.to_owned(), id.to_owned())]).await?;
    for kind in [DELIVERY, DEAD] {
        clear(app, kind, id).await?;
    }
    Ok(())
}

/// Takes away everything of a kind that is kept for a receiver.
///
/// # Errors
/// Storage.
pub async fn clear(app: &App, kind: &str, id: &str) -> Result<(), Error> {
    loop {
        let page = app.store.kept(kind, &format!("{id}/"), None, 500).await?;
        let gone: Vec<(String, String)> = page.into_iter().map(|one| (one.kind, one.id)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        app.store.kept_gone(&gone).await?;
    }
}

/// Puts what was given up back among what is to be sent, at once.
///
/// # Errors
/// Storage.
pub async fn again(app: &App, id: &str) -> Result<usize, Error> {
    let dead = pending(app, DEAD, id, 500).await?;
    let now = app.clock.now();
    let fresh = |one: &Delivery| Delivery { attempts: 0, ..one.clone() }.kept(DELIVERY, Some(now));
    let back: Vec<Kept> = dead.iter().map(fresh).collect::<Result<_, _>>()?;
    app.store.kept_put(&back).await?;
    let gone: Vec<(String, String)> = dead.iter().map(|one| (DEAD.to_owned(), one.id())).collect();
    app.store.kept_gone(&gone).await?;
    Ok(back.len())
}

//! Small things of the installation that are neither rows nor cases: keys of services, receivers of events, what is still to
//! be delivered to them, tokens. Storage knows their kind and id and when they are due; what stands in them is the edge's.

use crate::port::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;

/// One thing kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What kind of thing: `service_key`, `receiver` …
    pub kind: String,
    /// Unique among its kind; lists are in its order, byte by byte.
    pub id: String,
    /// When something has to be done about it; none: nothing waits.
    pub due: Option<Timestamp>,
    /// The thing itself, as JSON text.
    pub body: String,
}

/// Keeping such things: the part of the storage port that every store has besides.
#[async_trait]
pub trait KeptStore: Send + Sync {
    /// One thing.
    async fn kept_one(&self, kind: &str, id: &str) -> Result<Option<Kept>, StoreError>;
    /// Things of a kind whose id begins with `prefix`, after the id given, in order of their ids.
    async fn kept(&self, kind: &str, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Kept>, StoreError>;
    /// The last things of a kind by their ids, the last first.
    async fn kept_last(&self, kind: &str, limit: u32) -> Result<Vec<Kept>, StoreError>;
    /// Things of a kind that are due at `now`, longest first.
    async fn kept_due(&self, kind: &str, now: Timestamp, limit: u32) -> Result<Vec<Kept>, StoreError>;
    /// Puts things, all or none; one that is there already is replaced.
    async fn kept_put(&self, things: &[Kept]) -> Result<(), StoreError>;
    /// Puts a thing only while what stands there is what was read: `before` is its body as it was, `None` for a thing that was
    /// not there. Says whether it was put. A store that several servers share does both in one step; this one is for a
    /// store with one server.
    async fn kept_swap(&self, thing: &Kept, before: Option<&str>) -> Result<bool, StoreError> {
        let found = self.kept_one(&thing.kind, &thing.id).await?;
        if found.as_ref().map(|one| one.body.as_str()) != before {
            return Ok(false);
        }
        self.kept_put(std::slice::from_ref(thing)).await?;
        Ok(true)
    }
    /// Takes things away: kind and id.
    async fn kept_gone(&self, things: &[(String, String)]) -> Result<(), StoreError>;
}

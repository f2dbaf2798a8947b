//! Row keys beyond a batch: wrapping them under another key of the installation, making sure that destroyed ones are gone from the
//! file, finding rows by keyed hashes of sealed values, and which rows have been over for so long that their personal values go. Part of the storage port.

use crate::port::StoreError;
use crate::seal::{Key, Keyring};
pub use crate::seal_lookup::Lookups;
use crate::seal_lookup::{LookedUp, LookupHash, Relooked};
use async_trait::async_trait;
use ganglion_model::{CaseId, Shard};
use jiff::Timestamp;
use jiff::civil::Date;

/// A row key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Shard.
    pub shard: Shard,
    /// The case, or the id a row goes by.
    pub row: CaseId,
    /// The wrapped key.
    pub wrapped: String,
}

/// A row key wrapped anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrapped {
    /// The key as it was read.
    pub from: WrappedKey,
    /// Wrapped by another key of the installation.
    pub to: String,
}

/// Something that is over and still has a row key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Shard.
    pub shard: Shard,
    /// Process or register.
    pub of: String,
    /// Public number of the case, or natural key of the row.
    pub name: String,
    /// The case, or the id a row goes by.
    pub row: CaseId,
    /// Since when.
    pub since: Timestamp,
}

/// A page of cases that ended, and where the next one begins.
pub type CasesEnded = (Vec<Ended>, Option<(Timestamp, CaseId)>);

/// Keeping row keys.
#[async_trait]
pub trait SealStore: Send + Sync {
    /// How many row keys are wrapped by each key of the installation, by its name.
    async fn keys_by_name(&self) -> Result<Vec<(String, u64)>, StoreError>;
    /// Row keys wrapped by other keys than `name`, in order of shard and row, after the row given.
    async fn keys_of_others(
        &self,
        name: &str,
        after: Option<(Shard, CaseId)>,
        limit: u32,
    ) -> Result<Vec<WrappedKey>, StoreError>;
    /// Puts row keys wrapped anew where they still stand as they were read, so that one that was destroyed meanwhile stays
    /// destroyed; gives how many that were.
    async fn keys_rewrap(&self, keys: &[Rewrapped]) -> Result<u64, StoreError>;
    /// Rows kept under one of these hashes: cases the newest first, since their ids follow time. Ids of register rows tell none; nearly
    /// all stand before those of cases.
    async fn lookup(&self, hashes: &[LookupHash], limit: u32) -> Result<Vec<LookedUp>, StoreError>;
    /// Hashes made with other keys of the installation than `name`, in order of shard, row, field and hash, after the one given.
    async fn lookups_of_others(
        &self,
        name: &str,
        after: Option<&LookedUp>,
        limit: u32,
    ) -> Result<Vec<LookedUp>, StoreError>;
    /// Puts hashes made anew where those that were read still stand; gives how many that were.
    async fn lookups_again(&self, hashes: &[Relooked]) -> Result<u64, StoreError>;
    /// Puts the hashes of rows from before: of those that have a row key and no hash yet.
    async fn lookups_put(&self, lookups: &[Lookups]) -> Result<(), StoreError>;
    /// Takes what is left of destroyed keys out of files beside the database, such as a log of older pages.
    async fn keys_settle(&self) -> Result<(), StoreError>;
    /// Cases of a process that ended before an instant and still have a row key, those that ended first first, after the one given. At
    /// most `limit` cases that ended are looked at; the second part is where the next page begins, `None` at the end.
    async fn cases_ended(
        &self,
        until: (&str, Timestamp),
        after: Option<(Timestamp, CaseId)>,
        limit: u32,
    ) -> Result<CasesEnded, StoreError>;
    /// Rows of a register all versions of which ended by `until` and that still have a row key, in order of shard and key, after
    /// the one given; pages as for cases.
    async fn rows_ended(
        &self,
        register: &str,
        until: Date,
        after: Option<(Shard, String)>,
        limit: u32,
    ) -> Result<(Vec<Ended>, Option<(Shard, String)>), StoreError>;
}

/// Unwraps the keys of a load; a key that does not open is left out, and its values stay sealed.
#[must_use]
pub fn unwrapped(ring: &Keyring, keys: &[(CaseId, String)]) -> Vec<(CaseId, Key)> {
    keys.iter().filter_map(|(case, wrapped)| Some((*case, ring.unwrap(wrapped)?))).collect()
}

//! Packs that are installed: which versions, by whom, since when, with their sources.
//!
//! Every installation is a new *set* of all packs together, kept as a row of a register of the kernel's own in the shard of
//! the deployment. So it is a line of the journal like any other change, it names the sources by their hash, and the row
//! with the highest number is what the installation runs. Compiling sources and looking for rows in the way is done above.

use crate::journal;
use crate::port::{Head, Line, ShardWrite};
use crate::world::World;
use ganglion_model::row::Record;
use ganglion_model::{Actor, CaseId, Change, CommandId, Entry, Fields, Shard};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The register of sets; no pack can declare a name like it.
pub const REGISTER: &str = "@packs";

/// One pack of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledPack {
    /// Version its author gave.
    pub version: String,
    /// SHA-256 of its sources, hex: what they are kept under.
    pub digest: String,
    /// Taken from the folder of packs that ship, and following it.
    #[serde(default)]
    pub shipped: bool,
}

/// All packs as they were installed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackSet {
    /// Rises by one with every installation.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The account that installed it; `None`: the system, on start.
    pub by: Option<String>,
    /// Packs by name.
    pub packs: BTreeMap<String, InstalledPack>,
}

impl PackSet {
    /// The key of the row of a set: in order of numbers.
    #[must_use]
    pub fn key(number: u64) -> String {
        format!("{number:08}")
    }

    /// As a row.
    #[must_use]
    pub fn to_record(&self) -> Record {
        let mut fields = Fields::new();
        fields.insert("packs".to_owned(), serde_json::to_value(&self.packs).unwrap_or_default());
        fields.extend(self.by.clone().map(|by| ("by".to_owned(), Value::from(by))));
        Record {
            register: REGISTER.to_owned(),
            shard: Shard::DEPLOYMENT,
            key: PackSet::key(self.number),
            version: 1,
            place: None,
            valid_from: None,
            valid_to: None,
            updated_at: self.at,
            fields,
            authority: None,
            documents: Vec::new(),
        }
    }

    /// From a row; `None` when it is no set.
    #[must_use]
    pub fn of(record: &Record) -> Option<PackSet> {
        Some(PackSet {
            number: record.key.parse().ok()?,
            at: record.updated_at,
            by: record.fields.get("by").and_then(Value::as_str).map(str::to_owned),
            packs: serde_json::from_value(record.fields.get("packs")?.clone()).ok()?,
        })
    }
}

/// A value that may stand once from now on: shard, field, value, number of the case that has it.
pub type Unique = (Shard, String, String, String);

/// Everything an installation writes, in one transaction.
pub struct Install<'a> {
    /// The new set; its number is one more than the one it was checked against.
    pub set: PackSet,
    /// Line of the deployment's journal the reference rows of the world were read at.
    pub expected_seq: u64,
    /// Sources by digest; those that are kept already are left.
    pub sources: Vec<(String, String)>,
    /// Who.
    pub actor: Actor,
    /// Id of the journal line's command.
    pub command: CommandId,
    /// The world with the new model.
    pub world: &'a World,
    /// Measures whose facts and counters are counted anew (or, when the model has them no more, removed).
    pub measures: Vec<String>,
    /// Clocks that are no more: process and clock. Their timers go.
    pub clocks: Vec<(String, String)>,
    /// Values that may stand once from now on.
    pub unique: Vec<Unique>,
    /// Told how many rows of how many were counted.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl Install<'_> {
    /// The row and the journal line, on top of `head`.
    #[must_use]
    pub fn write(&self, mut head: Head) -> ShardWrite {
        let expected_seq = head.seq;
        head.seq += 1;
        let record = self.set.to_record();
        let entry = Entry {
            shard: Shard::DEPLOYMENT,
            seq: head.seq,
            at: self.set.at,
            actor: self.actor.clone(),
            command: self.command,
            change: Change::Record { record: Box::new(record.clone()) },
        };
        let canonical = journal::canonical(&entry).unwrap_or_default();
        let hash = journal::hash(&canonical);
        head.frontier.push(hash);
        let case: Option<CaseId> = None;
        ShardWrite {
            shard: Shard::DEPLOYMENT,
            expected_seq,
            head,
            records: vec![record],
            lines: vec![Line { entry, canonical, hash, case }],
            ..ShardWrite::default()
        }
    }
}

//! What a batch asks of storage, and what it is given: everything of one snapshot, in one round trip.

use crate::lookup::{Beside, FigureAsked, Matching};
use crate::port::Head;
use crate::queue::QueueWant;
use crate::route::workload::Load;
use ganglion_model::change::Outcome;
use ganglion_model::published::Published;
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, CommandId, PostId, Proposal, ProposalId, Shard};
use std::collections::BTreeMap;

/// What a batch needs loaded.
#[derive(Clone, Debug, Default)]
pub struct Want {
    /// Shards whose heads are needed.
    pub shards: Vec<Shard>,
    /// Commands whose recorded answers are looked for.
    pub answers: Vec<(Shard, CommandId)>,
    /// Cases.
    pub cases: Vec<(Shard, CaseId)>,
    /// Cases by public number.
    pub numbers: Vec<(Shard, String)>,
    /// Row keys.
    pub keys: Vec<(Shard, CaseId)>,
    /// Values that may stand once: shard, field, value.
    pub unique: Vec<(Shard, String, String)>,
    /// Sequences that do not stand in the head of their shard.
    pub sequences: Vec<(Shard, String)>,
    /// Register rows: shard, register, key.
    pub records: Vec<RowKey>,
    /// Proposed changes of rows.
    pub proposals: Vec<(Shard, ProposalId)>,
    /// Rows of which it is asked who refers to them.
    pub referers: Vec<RowKey>,
    /// Fronts of queues.
    pub queues: Vec<QueueWant>,
    /// Posts whose workload is needed.
    pub loads: Vec<PostId>,
    /// Neighbours of rows in their series; their versions come with them.
    pub beside: Vec<Beside>,
    /// Rows to be counted; their versions come with them.
    pub matching: Vec<Matching>,
    /// Figures to be published; the committer counts them, not the store.
    pub figures: Vec<FigureAsked>,
}

impl Want {
    /// Nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shards.is_empty()
            && self.answers.is_empty()
            && self.cases.is_empty()
            && self.numbers.is_empty()
            && self.keys.is_empty()
            && self.unique.is_empty()
            && self.sequences.is_empty()
            && self.records.is_empty()
            && self.proposals.is_empty()
            && self.referers.is_empty()
            && self.queues.is_empty()
            && self.loads.is_empty()
            && self.beside.is_empty()
            && self.matching.is_empty()
            && self.figures.is_empty()
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Heads; a shard that was never written has a fresh one.
    pub heads: BTreeMap<Shard, Head>,
    /// Recorded answers.
    pub answers: Vec<(CommandId, Outcome)>,
    /// Cases, those asked for by number and those at the front of queues included.
    pub cases: Vec<Case>,
    /// Row keys, still wrapped.
    pub keys: Vec<(CaseId, String)>,
    /// Numbers of the cases that hold the unique values asked for.
    pub unique: Vec<((Shard, String, String), String)>,
    /// Last number given in the sequences asked for, where one was and it does not stand in the head.
    pub sequences: Vec<((Shard, String), u64)>,
    /// Every version of the register rows asked for.
    pub records: Vec<Record>,
    /// Proposed changes of rows.
    pub proposals: Vec<Proposal>,
    /// Rows that refer to those asked for and still hold at the time of loading, as `register/key`: the first few of each.
    pub referers: Vec<(RowKey, Vec<String>)>,
    /// Workload of posts.
    pub loads: Vec<(PostId, Load)>,
    /// Keys of the neighbours asked for, `None` where there is none.
    pub beside: Vec<(Beside, Option<String>)>,
    /// Keys of the rows to be counted, `None` where there are more than [`crate::lookup::MATCHING_MAX`].
    pub matching: Vec<(Matching, Option<Vec<String>>)>,
    /// Figures as counted, `None` where that cannot be.
    pub figures: Vec<(FigureAsked, Option<Published>)>,
}

//! The storage port: what the kernel asks of a database. SQLite and PostgreSQL implement it; one conformance suite runs over
//! both.
//!
//! Contract: [`Store::write`] makes a batch durable as a whole for each shard in it before it returns, and fails without
//! any trace when the shard's head is no longer the one that was loaded. When the database is lost on the way, the batch is
//! there as a whole or not at all, and the recorded answers say which. Absent rows are `None`, never an error. A stored row
//! that cannot be read back is an error that names table, column and key. Any number of servers may work on one database.

use crate::merkle::{Frontier, Hash};
use crate::notice::Standing;
use crate::packs::Install;
pub use crate::port_cases::{After, CaseFilter, CaseOrder};
pub use crate::port_figures::{CellRead, CellsRead, CountStore, FactFilter, FactKey, MemberRead};
pub use crate::port_kept::{Kept, KeptStore};
pub use crate::port_load::{Loaded, Want};
pub use crate::port_people::{Access, Account, FileRow, Forgotten, Session, Stale, TOLD_MAX, Told};
use crate::port_rows::{ProposalFilter, Referer, RowAfter, RowFilter, RowOrder};
pub use crate::port_seal::{CasesEnded, Ended, Lookups, Rewrapped, SealStore, WrappedKey, unwrapped};
pub use crate::port_search::{RowWords, SearchStore};
pub use crate::port_turn::Turn;
use crate::queue::{QueueWant, Waiting};
use crate::rules::{Violation, ViolationFilter};
use async_trait::async_trait;
use ganglion_indicators::{Cells, Fact, FactChange, Period};
use ganglion_model::needed::Needed;
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{
    AccountId, CaseId, CommandId, Entry, Model, Outcome, Place, PlaceCode, Post, PostId, Proposal, ProposalId, Shard,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why storage could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another server committed to the shard meanwhile: load again and decide again.
    #[error("shard {0} moved on since it was loaded")]
    Moved(Shard),
    /// Other packs are installed than those the batch was decided by: take the new ones and decide again.
    #[error("the installed packs changed")]
    PacksChanged,
    /// A stored row cannot be read.
    #[error("{table}.{column} of {key} cannot be read: {reason}")]
    Corrupt {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Key of the row.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// The disk is full; nothing was written.
    #[error("the disk is full: nothing was written")]
    DiskFull,
    /// The database cannot be reached, or was lost on the way. What was to be written is there as a whole or not at all;
    /// a command that is sent again is answered from the record if it is.
    #[error("{attempted}: the database cannot be reached: {reason}")]
    Unavailable {
        /// What was attempted.
        attempted: &'static str,
        /// What was said about it.
        reason: String,
    },
    /// Anything else the database said.
    #[error("{attempted}: {reason}")]
    Database {
        /// What was attempted.
        attempted: &'static str,
        /// What the database said.
        reason: String,
    },
}

/// Where a shard stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Last journal line.
    pub seq: u64,
    /// Last number given in the sequences counted on lately, no more than [`crate::batch::NUMBERED_MAX`] but for those of one batch. The
    /// others stand by themselves, see [`Want::sequences`]: a head is read and written with every batch and must not grow with the
    /// years.
    pub numbering: BTreeMap<String, u64>,
    /// Merkle tree over the journal.
    pub frontier: Frontier,
}

/// A timer: when a clock of a case falls due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timer {
    /// When.
    pub at: Timestamp,
    /// Shard.
    pub shard: Shard,
    /// Case.
    pub case: CaseId,
    /// Clock.
    pub clock: String,
}

/// A journal line ready to be stored.
#[derive(Clone, Debug)]
pub struct Line {
    /// The entry.
    pub entry: Entry,
    /// Its canonical bytes: what is stored and hashed.
    pub canonical: String,
    /// Leaf hash.
    pub hash: Hash,
    /// The case or the row it is about.
    pub case: Option<CaseId>,
}

/// A case to be written, with whether its row exists already.
#[derive(Clone, Debug)]
pub struct CaseWrite {
    /// The row.
    pub case: Case,
    /// Whether it is new.
    pub is_new: bool,
    /// Its kind: the value of the process's kind field, which storage cannot know.
    pub kind: Option<String>,
    /// What it is searched by, see [`crate::words`]; `None`: what it was searched by before.
    pub words: Option<String>,
}

/// What one row refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct References {
    /// Register of the row.
    pub register: String,
    /// Its key.
    pub key: String,
    /// Register and key of every row it refers to.
    pub to: Vec<(String, String)>,
}

/// Everything one batch writes to one shard.
#[derive(Clone, Debug, Default)]
pub struct ShardWrite {
    /// Shard.
    pub shard: Shard,
    /// Journal line the head must stand at.
    pub expected_seq: u64,
    /// The head afterwards.
    pub head: Head,
    /// Sequences that no longer stand in the head, as they are: kept by themselves from now on.
    pub sequences: Vec<(String, u64)>,
    /// Cases.
    pub cases: Vec<CaseWrite>,
    /// Register rows.
    pub records: Vec<Record>,
    /// Versions of rows that are taken back: register, key, first day.
    pub records_gone: Vec<(String, String, Option<Date>)>,
    /// What rows refer to now: all of it, for each row whose references changed.
    pub references: Vec<References>,
    /// What rows kept by place are searched by now, where that changed.
    pub row_words: Vec<RowWords>,
    /// Rules that rows break now and did not before, or count elsewhere.
    pub violations: Vec<Violation>,
    /// Rules that rows keep again: rule and row.
    pub violations_gone: Vec<(String, CaseId)>,
    /// Proposed changes of rows as they stand now.
    pub proposals: Vec<Proposal>,
    /// Journal lines in order.
    pub lines: Vec<Line>,
    /// Timers that no longer stand.
    pub timers_gone: Vec<Timer>,
    /// Timers that stand now.
    pub timers_new: Vec<Timer>,
    /// Cases that no longer wait, or wait elsewhere.
    pub waiting_gone: Vec<CaseId>,
    /// Cases that wait now.
    pub waiting_new: Vec<Waiting>,
    /// Cases whose standing notices changed, with those that stand now.
    pub notices: Vec<(CaseId, Vec<Standing>)>,
    /// Facts that changed.
    pub facts: Vec<FactChange>,
    /// Counter deltas.
    pub cells: Cells,
    /// Answers to record.
    pub answers: Vec<(CommandId, Outcome, Timestamp)>,
    /// Unique values given back, before others are taken: field, value.
    pub unique_gone: Vec<(String, String)>,
    /// Unique values taken: field, value, number or key.
    pub unique: Vec<(String, String, String)>,
    /// Row keys, wrapped.
    pub keys: Vec<(CaseId, String)>,
    /// Rows whose looked-up values changed, with all of them as they are now.
    pub lookups: Vec<Lookups>,
    /// Row keys that are destroyed, before others are put: nothing of them may be left in the file, and nothing finds the row.
    pub keys_gone: Vec<CaseId>,
    /// Number of the set of packs it was decided by; 0 for packs that are not installed in this store.
    pub packs: u64,
}

/// A journal line as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLine {
    /// Place in the shard's order.
    pub seq: u64,
    /// Its canonical bytes.
    pub canonical: String,
    /// Leaf hash noted when it was written.
    pub hash: Hash,
}

/// What the committer needs.
#[async_trait]
pub trait Store: CountStore + KeptStore + SealStore + SearchStore {
    /// Loads what a batch needs, in one round trip.
    async fn load(&self, want: &Want) -> Result<Loaded, StoreError>;
    /// Writes a batch: durable when it returns.
    async fn write(&self, batch: &[ShardWrite]) -> Result<(), StoreError>;
    /// Cases at the front of a queue, in order.
    async fn waiting(&self, want: &QueueWant) -> Result<Vec<Case>, StoreError>;
    /// How many wait in a queue, or in some lanes of it; with `before`, only those in front of that case.
    async fn waiting_count(&self, want: &QueueWant, before: Option<&Waiting>) -> Result<u64, StoreError>;
    /// Notices that stand at `now` inside a place, newest first, after the one given.
    async fn notices(
        &self,
        stands: (PlaceCode, Timestamp),
        after: Option<(Timestamp, CaseId)>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError>;
    /// One notice, if it stands at `now`.
    async fn notice(&self, case: CaseId, name: &str, now: Timestamp) -> Result<Option<Standing>, StoreError>;
    /// Timers due at `now`, earliest first.
    async fn timers_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Timer>, StoreError>;

    /// One case.
    async fn case(&self, shard: Shard, case: CaseId) -> Result<Option<Case>, StoreError>;
    /// The id of a case by its public number: cheaper than the case.
    async fn case_id(&self, shard: Shard, number: &str) -> Result<Option<CaseId>, StoreError>;
    /// One case by its public number.
    async fn case_by_number(&self, shard: Shard, number: &str) -> Result<Option<Case>, StoreError>;
    /// A page of cases.
    async fn cases(
        &self,
        filter: &CaseFilter,
        order: CaseOrder,
        after: Option<&After>,
        limit: u32,
    ) -> Result<Vec<Case>, StoreError>;
    /// The newest cases of a filter, with only what is needed of each; everything else is as in a case that has none of it.
    async fn cases_newest(&self, filter: &CaseFilter, limit: u32, needed: &Needed) -> Result<Vec<Case>, StoreError>;
    /// Puts the words of cases that were written without them.
    async fn case_words_put(&self, words: &[(Case, String)]) -> Result<(), StoreError>;
    /// How many cases a filter has, exactly.
    async fn case_count(&self, filter: &CaseFilter) -> Result<u64, StoreError>;
    /// How many cases a filter has, if there are fewer than `most`; else `most`: costs no more than that, however long the history.
    async fn case_count_to(&self, filter: &CaseFilter, most: u32) -> Result<u64, StoreError>;
    /// Journal lines of a case, newest first.
    async fn entries_of_case(&self, shard: Shard, case: CaseId, limit: u32) -> Result<Vec<Entry>, StoreError>;
    /// Journal lines of a shard after `seq`, in order.
    async fn entries_after(&self, shard: Shard, seq: u64, limit: u32) -> Result<Vec<Entry>, StoreError>;
    /// Journal lines of a shard in `(after, until]` that hold one of the texts `holds`, in order.
    async fn entries_holding(
        &self,
        shard: Shard,
        span: (u64, u64),
        holds: &[&str],
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;
    /// Journal lines of a shard after `seq` as stored, in order: what proofs and replay read.
    async fn lines_after(&self, shard: Shard, seq: u64, limit: u32) -> Result<Vec<StoredLine>, StoreError>;
    /// Leaf hashes of the lines of a shard in `(seq, seq + limit]`, in order, as far as they are there: what the tiles of the public
    /// log are made of. A store reads only the column they stand in; without a method of its own the whole lines are read.
    async fn leaves_after(&self, shard: Shard, seq: u64, limit: u32) -> Result<Vec<Hash>, StoreError> {
        let lines = self.lines_after(shard, seq, limit).await?.into_iter();
        Ok(lines.filter(|line| line.seq <= seq + u64::from(limit)).map(|line| line.hash).collect())
    }
    /// Shards that have a journal, with their heads.
    async fn shards(&self) -> Result<Vec<(Shard, Head)>, StoreError>;
    /// The same with the last line of each alone: for whoever asks often how far the journals are.
    async fn positions(&self) -> Result<Vec<(Shard, u64)>, StoreError>;
    /// How far a job has read a shard's journal.
    async fn cursor(&self, job: &str, shard: Shard) -> Result<u64, StoreError>;
    /// Remembers how far a job has read.
    async fn cursors_set(&self, job: &str, seqs: &[(Shard, u64)]) -> Result<(), StoreError>;

    /// Counters of `measure` at the places (counties and townships; others have none) for the periods: totals, with parts by
    /// dimension and classes of minutes or without.
    async fn cells(&self, measure: &str, places: &[PlaceCode], periods: (&[Period], bool)) -> CellsRead;
    /// Counters of a stock at the places for every month up to and with this one, with parts and classes or without.
    async fn cells_to(&self, measure: &str, places: &[PlaceCode], month: i32, parts: bool) -> CellsRead;
    /// The latest row of each member in the days of a filter, by member; an error when there are more members than a
    /// store reads at a time.
    async fn facts_latest(&self, filter: &FactFilter) -> Result<Vec<MemberRead>, StoreError>;
    /// Facts of a filter summed by dimension, for places and days that have no counters: dimension, rows, sum.
    async fn facts_sum(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError>;
    /// Facts of a filter counted by dimension and value, for medians: dimension, value, rows.
    async fn facts_values(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError>;
    /// A page of cases behind a figure, newest day first: day, case.
    async fn facts(
        &self,
        filter: &FactFilter,
        after: Option<(i32, CaseId)>,
        limit: u32,
    ) -> Result<Vec<(i32, Shard, CaseId)>, StoreError>;
    /// Every fact of a shard, for comparing with a rebuild.
    async fn facts_all(&self, shard: Shard) -> Result<Vec<(CaseId, Fact)>, StoreError>;
    /// Forgets the facts and counters of a shard, before they are counted anew.
    async fn figures_clear(&self, shard: Shard) -> Result<(), StoreError>;
    /// Adds facts and counters that were counted anew.
    async fn figures_add(&self, shard: Shard, facts: &[(CaseId, Fact)], cells: &Cells) -> Result<(), StoreError>;
    /// Every counter of a shard, for comparing with a rebuild.
    async fn cells_all(&self, shard: Shard) -> Result<Cells, StoreError>;

    /// All places, every version.
    async fn places(&self) -> Result<Vec<Place>, StoreError>;
    /// Replaces all places.
    async fn places_set(&self, places: &[Place]) -> Result<(), StoreError>;
    /// Outlines: GeoJSON geometry text by code.
    async fn outlines(&self) -> Result<Vec<(PlaceCode, String)>, StoreError>;
    /// Replaces the outlines of these places.
    async fn outlines_set(&self, outlines: &[(PlaceCode, String)]) -> Result<(), StoreError>;
    /// All posts.
    async fn posts(&self) -> Result<Vec<Post>, StoreError>;
    /// Puts posts.
    async fn posts_put(&self, posts: &[Post]) -> Result<(), StoreError>;
    /// A page of register rows.
    async fn rows(
        &self,
        filter: &RowFilter,
        order: &RowOrder,
        after: Option<&RowAfter>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;
    /// How many rows a filter has, exactly.
    async fn row_count(&self, filter: &RowFilter) -> Result<u64, StoreError>;
    /// Every version of a row, in order of validity.
    async fn row_versions(&self, row: &RowKey) -> Result<Vec<Record>, StoreError>;
    /// Rows that refer to a row and still hold on `day`.
    async fn referers(&self, row: &RowKey, day: Date, limit: u32) -> Result<Vec<Referer>, StoreError>;
    /// A page of rows that break a rule, longest first, after this instant and row.
    async fn violations(
        &self,
        filter: &ViolationFilter,
        after: Option<(Timestamp, CaseId)>,
        limit: u32,
    ) -> Result<Vec<Violation>, StoreError>;
    /// How many rows break a rule, exactly.
    async fn violation_count(&self, filter: &ViolationFilter) -> Result<u64, StoreError>;
    /// Rows that break one of the rules and for which no case was opened yet.
    async fn violations_unopened(&self, rules: &[String], limit: u32) -> Result<Vec<Violation>, StoreError>;
    /// Notes the case that was opened for a row that breaks a rule.
    async fn violation_opened(&self, violation: &Violation, number: &str) -> Result<(), StoreError>;
    /// Puts these in place of everything noted for a rule; what was broken before stays broken since then.
    async fn violations_set(&self, rule: &str, violations: &[Violation]) -> Result<(), StoreError>;
    /// Makes the views other tools read, one for each register and process, in place of those that are there.
    async fn views_set(&self, model: &Model) -> Result<(), StoreError>;
    /// A page of proposals, newest first.
    async fn proposals(&self, filter: &ProposalFilter, limit: u32) -> Result<Vec<Proposal>, StoreError>;
    /// One proposal.
    async fn proposal(&self, shard: Shard, id: ProposalId) -> Result<Option<Proposal>, StoreError>;
    /// Newest versions of register rows of a shard, by key.
    async fn records(&self, shard: Shard, register: &str) -> Result<Vec<Record>, StoreError>;
    /// Every dated version of every register row of a shard, by register, key and first day.
    async fn record_versions(&self, shard: Shard) -> Result<Vec<Record>, StoreError>;

    /// Installs packs: sources, row, journal line, and the facts and counters of the measures that changed, all of it or
    /// nothing.
    ///
    /// Fails with [`StoreError::PacksChanged`] when the newest set is not the one before the new one.
    async fn packs_install(&self, install: &Install<'_>) -> Result<(), StoreError>;
    /// Sources of a pack by their digest.
    async fn pack_source(&self, digest: &str) -> Result<Option<String>, StoreError>;

    /// An account.
    async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError>;
    /// All accounts, by name.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;
    /// Puts accounts.
    async fn accounts_put(&self, accounts: &[Account]) -> Result<(), StoreError>;
    /// A session by the hash of its token.
    async fn session(&self, token_hash: &str) -> Result<Option<Session>, StoreError>;
    /// Puts a session.
    async fn session_put(&self, session: &Session) -> Result<(), StoreError>;
    /// Ends a session.
    async fn session_end(&self, token_hash: &str) -> Result<(), StoreError>;
    /// A file.
    async fn file(&self, id: &str) -> Result<Option<FileRow>, StoreError>;
    /// Puts a file.
    async fn file_put(&self, file: &FileRow) -> Result<(), StoreError>;
    /// The case a document's code leads to.
    async fn document(&self, code: &str) -> Result<Option<(Shard, CaseId)>, StoreError>;
    /// Forgets what is no longer needed.
    async fn forget(&self, stale: &Stale) -> Result<Forgotten, StoreError>;
    /// The wrapped key of a case.
    async fn key(&self, shard: Shard, case: CaseId) -> Result<Option<String>, StoreError>;
    /// Notes who saw personal values.
    async fn access_add(&self, access: &Access) -> Result<(), StoreError>;
    /// Who saw personal values of a case, newest first.
    async fn accesses(&self, shard: Shard, case: CaseId, limit: u32) -> Result<Vec<Access>, StoreError>;
    /// Who saw personal values of anything in a shard before an instant, newest first: for those who watch over looks.
    async fn accesses_before(&self, shard: Shard, before: Timestamp, limit: u32) -> Result<Vec<Access>, StoreError>;
    /// Puts notices to posts; one that is there already stays as it is.
    async fn told_add(&self, told: &[Told]) -> Result<(), StoreError>;
    /// Notices to a post, newest first.
    async fn told(&self, post: &PostId, limit: u32) -> Result<Vec<Told>, StoreError>;
    /// Takes a turn at a job; `None`: another server has it. It may be lost, so that a job runs twice. One server always gets it.
    async fn turn(&self, _job: &str) -> Result<Option<Turn>, StoreError> {
        Ok(Some(Turn::default()))
    }
    /// Waits until other servers have written lines, and says to which shards; none: look at all. A hint: the journal is the truth.
    async fn written_elsewhere(&self) -> Vec<Shard> {
        std::future::pending().await
    }
    /// A setting of the installation.
    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// Puts a setting.
    async fn setting_put(&self, name: &str, value: &str) -> Result<(), StoreError>;
}

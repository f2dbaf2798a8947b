//! What may happen: a pure function of world, state, command, time and ids.
//!
//! It reads no clock, draws no random number and does no I/O; the same arguments always give the same answer. Permission
//! is looked at before anything else about a case is said.

mod act;
mod child;
pub(crate) mod clock;
pub mod derive;
pub mod document;
pub mod document_of_row;
mod draft;
mod due;
mod effect;
mod effect_row;
mod erase;
mod form;
pub mod hand_over;
mod next;
mod number;
mod open;
pub mod policy;
pub mod problems;
mod proposal;
mod put;
mod recompute;
mod row;
mod row_span;
mod row_unique;
pub mod row_who;
mod rows;
mod shown;
mod table;
mod tell;
mod unique;
pub mod who;

pub use act::guard_holds;
pub use effect::derived;
pub use form::{FormContext, Judged, hints, judge, read_form, still_fits};
pub use row_unique::{references, values as unique_values_of_row};
pub use rows::{KnownRows, Typing};
pub use unique::is_unique;

use crate::lookup::{Beside, FigureAsked, Matching, Missing, Notes};
use crate::port::Loaded;
use crate::route::workload::Load;
use crate::seal::{Cipher, Key};
use crate::world::{World, put_version};
use ganglion_model::change::{Actor, Body, Change, Command, Refusal, RefusalCode};
use ganglion_model::published::Published;
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, PostId, Proposal, ProposalId, Shard};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// What only the edge can supply: the time, a fresh id and a fresh key.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// The instant of the decision.
    pub now: Timestamp,
    /// Id for a case that is opened.
    pub id: Uuid,
    /// Key for its personal values.
    pub key: Key,
}

impl Given {
    /// Id and key for the n-th further case a decision opens: other ones, and the same whenever it is decided again.
    #[must_use]
    pub fn further(&self, n: usize) -> Given {
        let hash = |what: &str, seed: &[u8]| {
            Sha256::new().chain_update(seed).chain_update(what).chain_update(n.to_be_bytes()).finalize()
        };
        // The first half of an id is its time: ids go on rising.
        let mut id = *self.id.as_bytes();
        id[8..].copy_from_slice(&hash("id", self.id.as_bytes())[..8]);
        id[8] = (id[8] & 0x3f) | 0x80;
        let mut key = [0; 32];
        key.copy_from_slice(&hash("key", &self.key));
        Given { now: self.now, id: Uuid::from_bytes(id), key }
    }
}

/// The rows a batch has loaded, changed as decisions are taken.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Cases by id.
    pub cases: HashMap<CaseId, Case>,
    /// Cases by public number, for references typed by people.
    pub by_number: HashMap<String, CaseId>,
    /// Row keys of cases with personal values.
    pub keys: HashMap<CaseId, Key>,
    /// What new personal values are sealed by.
    pub cipher: Cipher,
    /// Numbers by shard: last number given in each sequence, as far as they were loaded.
    pub numbering: HashMap<Shard, BTreeMap<String, u64>>,
    /// Values that may stand once: (shard, `process.field` or `register.field`, value) to the number of the case or the key
    /// of the row that has it.
    pub unique: HashMap<(Shard, String, String), String>,
    /// How busy the posts are that a case may be given to.
    pub loads: HashMap<PostId, Load>,
    /// Register rows by shard, register and key: every version, in order of validity.
    pub records: HashMap<RowKey, Vec<Record>>,
    /// Proposed changes of rows.
    pub proposals: HashMap<ProposalId, Proposal>,
    /// Rows that stored rows refer to a row from, as `register/key`; the first few.
    pub referers: HashMap<RowKey, Vec<String>>,
    /// Neighbours in series as storage has them: the key of the row, `None` where there is none.
    pub beside: HashMap<Beside, Option<String>>,
    /// Keys of rows to be counted as storage has them, `None` where there are too many.
    pub matching: HashMap<Matching, Option<Vec<String>>>,
    /// Figures as counted for publication, `None` where that cannot be.
    pub figures: HashMap<FigureAsked, Option<Published>>,
    /// What was looked for and is not here.
    pub notes: Notes,
}

impl State {
    /// Takes in what was missing, for a form that is judged before anything is sent: rows, and neighbours in series.
    pub fn found(&mut self, missing: &Missing, loaded: Loaded) {
        for row in &missing.rows {
            self.records.entry(row.clone()).or_default();
        }
        for record in loaded.records {
            put_version(self.records.entry(record.row_key()).or_default(), record);
        }
        self.beside.extend(loaded.beside);
        self.matching.extend(loaded.matching);
    }

    /// The version of a row that was written last.
    #[must_use]
    pub fn newest(&self, row: &RowKey) -> Option<&Record> {
        self.records.get(row)?.iter().max_by_key(|one| (one.version, one.valid_from))
    }
}

/// What a command comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Changes in order: the first is the command's own, the others follow from it.
    pub changes: Vec<Change>,
    /// The key of a newly opened case or a row, if it holds personal values.
    pub key: Option<(CaseId, Key)>,
    /// Values that may stand only once, taken by this decision: field (as `process.field`) and value.
    pub unique: Vec<(String, String)>,
    /// Such values that are given back.
    pub unique_gone: Vec<(String, String)>,
    /// The key of the row that takes them; for a case its number counts.
    pub holder: Option<String>,
    /// Sequences as they stand after this decision.
    pub numbering: Vec<(String, u64)>,
    /// Further cases opened by it.
    pub also: Vec<Also>,
}

/// What a case opened by the way brings with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Also {
    /// Its number.
    pub number: String,
    /// Its key, if it holds personal values.
    pub key: Option<(CaseId, Key)>,
    /// Values that may stand only once.
    pub unique: Vec<(String, String)>,
}

impl Decision {
    fn of(change: Change) -> Decision {
        Decision { changes: vec![change], ..Decision::default() }
    }
}

/// Decides `command`.
///
/// # Errors
/// A refusal: nothing may be changed, and the reason says what to do next.
pub fn decide(world: &World, state: &State, command: &Command, given: &Given) -> Result<Decision, Refusal> {
    match &command.body {
        Body::Open { .. } => open::open(world, state, command, given, &[]),
        Body::Act { case, action, form, version } => {
            let case = find(state, command, *case)?;
            act::act(world, state, command, given, &act::Wish { case, action, form, version: *version })
        }
        Body::TakeNext { process, lanes, form } => {
            next::next(world, state, command, given, &next::NextWish { process, lanes, form })
        }
        Body::Due { case, clock } => {
            let case = find(state, command, *case)?;
            due::due(world, state, command, given, (case, clock))
        }
        Body::Recompute { case, why } => {
            let case = find(state, command, *case)?;
            recompute::recompute(world, command, given, (case, why))
        }
        Body::HandOver { case, from, to } => {
            let case = find(state, command, *case)?;
            hand_over::hand_over(world, command, given, (case, from, to))
        }
        Body::Issue { case, document } => {
            let case = find(state, command, *case)?;
            document::issue(world, state, command, given, (case, document))
        }
        Body::Withdraw { case, code, reason } => {
            let case = find(state, command, *case)?;
            document::withdraw(world, command, given, (case, code, reason))
        }
        Body::IssueRow { register, key, document } => {
            document_of_row::issue(world, state, (command, given), (register, key, document))
        }
        Body::WithdrawRow { register, key, code, reason } => {
            document_of_row::withdraw(world, state, (command, given), (register, key), (code, reason))
        }
        Body::LinkBack { case, link } => {
            if command.actor != Actor::System {
                return Err(Refusal::new(RefusalCode::NotAllowed));
            }
            let case = find(state, command, *case)?;
            let ops = vec![ganglion_model::Op::Link { link: link.clone() }];
            Ok(Decision::of(Change::Case { case: case.id, action: "link".to_owned(), ops, input: BTreeMap::new() }))
        }
        Body::Child { case, link } => {
            let case = find(state, command, *case)?;
            child::ended(world, state, command, given, (case, link))
        }
        Body::Erase { what, by } => erase::erase(state, command, (what, by)),
        Body::Put { record } => put::put(world, state, command, given, record),
        Body::Row { wish } => row::row(world, state, command, given, wish),
        Body::Restore { register, key, versions } => {
            put::restore(world, state, (command, given), (register, key, versions))
        }
        Body::Decide { proposal, verdict, reason } => {
            proposal::decide(world, state, (command, given), (*proposal, *verdict, reason))
        }
    }
}

fn find<'a>(state: &'a State, command: &Command, case: CaseId) -> Result<&'a Case, Refusal> {
    state.cases.get(&case).filter(|case| case.shard == command.shard).ok_or_else(|| Refusal::new(RefusalCode::NotFound))
}

//! What may happen: a pure function of world, state, command, time and ids.
//!
//! It reads no clock, draws no random number and does no I/O; the same arguments always give the same answer. Permission
//! is looked at before anything else about a case is said.

mod act;
pub(crate) mod clock;
mod draft;
mod effect;
mod form;
mod number;
mod open;
pub mod problems;
mod put;
mod unique;
pub mod who;

pub use act::guard_holds;
pub use effect::derived;
pub use form::{FormContext, read_form, still_fits};
pub use unique::is_unique;

use crate::seal::Key;
use crate::world::World;
use ganglion_model::change::{Actor, Body, Change, Command, Refusal, RefusalCode};
use ganglion_model::row::{Case, Record};
use ganglion_model::{CaseId, Shard};
use jiff::Timestamp;
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

/// The rows a batch has loaded, changed as decisions are taken.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Cases by id.
    pub cases: HashMap<CaseId, Case>,
    /// Cases by public number, for references typed by people.
    pub by_number: HashMap<String, CaseId>,
    /// Row keys of cases with personal values.
    pub keys: HashMap<CaseId, Key>,
    /// Next numbers by shard: last number given in each sequence.
    pub numbering: HashMap<Shard, BTreeMap<String, u64>>,
    /// Values that may stand once: (shard, `process.field`, value) to the number of the case that has it.
    pub unique: HashMap<(Shard, String, String), String>,
    /// Register rows by shard, register and key: the newest version.
    pub records: HashMap<(Shard, String, String), Record>,
}

/// What a command comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Changes in order: the first is the command's own, the others follow from it.
    pub changes: Vec<Change>,
    /// The key of a newly opened case, if it holds personal values.
    pub key: Option<(CaseId, Key)>,
    /// Values that may stand only once, taken by this decision: field (as `process.field`) and value.
    pub unique: Vec<(String, String)>,
    /// Sequences as they stand after this decision.
    pub numbering: Vec<(String, u64)>,
}

impl Decision {
    fn of(change: Change) -> Decision {
        Decision { changes: vec![change], key: None, unique: Vec::new(), numbering: Vec::new() }
    }
}

/// Decides `command`.
///
/// # Errors
/// A refusal: nothing may be changed, and the reason says what to do next.
pub fn decide(world: &World, state: &State, command: &Command, given: &Given) -> Result<Decision, Refusal> {
    match &command.body {
        Body::Open { .. } => open::open(world, state, command, given),
        Body::Act { case, action, form, version } => {
            let case = find(state, command, *case)?;
            act::act(world, state, command, given, &act::Wish { case, action, form, version: *version })
        }
        Body::Due { case, clock } => {
            let case = find(state, command, *case)?;
            act::due(world, state, command, given, (case, clock))
        }
        Body::LinkBack { case, link } => {
            if command.actor != Actor::System {
                return Err(Refusal::new(RefusalCode::NotAllowed));
            }
            let case = find(state, command, *case)?;
            let ops = vec![ganglion_model::Op::Link { link: link.clone() }];
            Ok(Decision::of(Change::Case { case: case.id, action: "link".to_owned(), ops, input: BTreeMap::new() }))
        }
        Body::Put { record } => put::put(world, state, command, given, record),
    }
}

fn find<'a>(state: &'a State, command: &Command, case: CaseId) -> Result<&'a Case, Refusal> {
    state.cases.get(&case).filter(|case| case.shard == command.shard).ok_or_else(|| Refusal::new(RefusalCode::NotFound))
}

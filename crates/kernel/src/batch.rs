//! One batch: what to load for it, what to decide, what to write. The loop that feeds it is [`crate::commit`].
//!
//! Rows are loaded once, changed in memory command by command, and written once: figures and timers come from the row
//! before the batch and the row after it, so ten steps on one case cost one row write and one set of counter deltas.

use crate::apply::apply_all;
use crate::batch_rows;
pub use crate::batch_rows::settle as settle_rows;
pub use crate::batch_want::want;
use crate::decide::{Decision, Given, State, decide};
use crate::figures::rows;
use crate::journal;
use crate::lookup::{Beside, FigureAsked, Matching};
use crate::notice::{Standing, standing};
use crate::port::{CaseWrite, Head, Line, Loaded, ShardWrite, Timer, Want, unwrapped};
use crate::queue::{Waiting, waiting_of};
use crate::rules::{self, Violation, broken_by_case};
use crate::seal::Keyring;
use crate::seal_lookup;
use crate::world::{World, put_version};
use ganglion_indicators::fold::cells_of_changes;
use ganglion_indicators::{Fact, fact_changes, facts_of_case};
use ganglion_model::change::{Change, Command, Entry, Outcome, Refusal};
use ganglion_model::clocks::local_date;
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, CommandId, Model, PostId, Proposal, Shard, row_id};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

mod loads;
mod needs;
pub(crate) mod wanted;

pub use needs::NEEDS_MAX;
pub use wanted::want_more;

/// Lines from which on a batch is hashed on two threads: below, starting one costs more than it saves.
const HASHED_APART_LINES_MIN: usize = 512;

/// Gives every line its canonical bytes and leaf hash and takes it into the shard's Merkle tree.
pub fn hash_lines(writes: &mut [ShardWrite]) {
    let mut lines: Vec<&mut Line> = writes.iter_mut().flat_map(|write| &mut write.lines).collect();
    // What a line comes to rests on nothing but the line.
    if lines.len() >= HASHED_APART_LINES_MIN {
        let half = lines.len() / 2;
        let (one, other) = lines.split_at_mut(half);
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("hash".to_owned());
            // Where none can be started, its part is done below.
            let _ = thread.spawn_scoped(scope, || one.iter_mut().for_each(|line| hash_line(line)));
            other.iter_mut().for_each(|line| hash_line(line));
        });
    }
    lines.into_iter().filter(|line| line.canonical.is_empty()).for_each(hash_line);
    for write in writes {
        write.lines.iter().for_each(|line| write.head.frontier.push(line.hash));
    }
}

fn hash_line(line: &mut Line) {
    line.canonical = journal::canonical(&line.entry).unwrap_or_default();
    line.hash = journal::hash(&line.canonical);
}

/// Sequences a head keeps: those that a county counts on in a day, while the heads of a batch are still read and written at once. Once there
/// are more, those it did not count on last go and stand by themselves.
pub const NUMBERED_MAX: usize = 256;

/// A batch in the making.
pub struct Batch<'a> {
    world: &'a World,
    ring: &'a Keyring,
    state: State,
    heads: BTreeMap<Shard, (u64, Head)>,
    answers: HashMap<CommandId, Outcome>,
    touched: HashMap<CaseId, Touched>,
    order: Vec<CaseId>,
    writes: BTreeMap<Shard, ShardWrite>,
    asked: Asked,
    /// Rows changed in this batch, as they were before.
    rows: BTreeMap<RowKey, Vec<Record>>,
    moved: loads::Moved,
    /// How [`Batch::needs`] found a command decided with nothing lacking, until anything else happens.
    ready: Option<(CommandId, Result<Decision, Refusal>)>,
    /// Sequences a head keeps at most, and those that numbers were given in.
    numbered_max: usize,
    numbered: BTreeSet<(Shard, String)>,
}

/// What was looked for in storage, whether it was there or not.
#[derive(Default)]
struct Asked {
    records: HashSet<RowKey>,
    unique: HashSet<(Shard, String, String)>,
    sequences: HashSet<(Shard, String)>,
    loads: HashSet<PostId>,
    beside: HashSet<Beside>,
    matching: HashSet<Matching>,
    figures: HashSet<FigureAsked>,
}

/// A case as it was before the batch.
struct Touched {
    is_new: bool,
    facts: Vec<Fact>,
    timers: Vec<Timer>,
    broken: Vec<Violation>,
    waiting: Option<Waiting>,
    notices: Vec<Standing>,
    /// Sealed values it is found by.
    sealed: BTreeSet<(String, String)>,
}

/// Timers a case needs: one for each running clock, windows aside, that has not been acted on. A paused clock has none, even when its
/// limit had passed before: it is acted on when it runs again.
#[must_use]
pub fn timers_of(case: &Case) -> Vec<Timer> {
    let timer = |at, clock| Timer { at, shard: case.shard, case: case.id, clock };
    let runs = |name: &String| case.clocks.get(name).filter(|clock| clock.stopped_at().is_none() && !clock.is_paused());
    let due = case
        .clocks
        .keys()
        .filter(|name| !case.fired.contains(name) && !case.windows.contains(name))
        .filter_map(|name| Some(timer(runs(name)?.due_at()?, name.clone())));
    let soon = case.soon.iter().filter_map(|(name, at)| {
        let key = format!("{name}.soon");
        runs(name).filter(|_| !case.fired.contains(&key))?;
        Some(timer(*at, key))
    });
    let notices = crate::notice::standing(case);
    let down = notices.iter().map(|one| timer(one.until, crate::notice::timer_of(&one.name)));
    due.chain(soon).chain(down).collect()
}

/// The kind of a case: the value of its process's kind field.
#[must_use]
pub fn kind_of(model: &Model, case: &Case) -> Option<String> {
    let field = model.processes.get(&case.process)?.kind_field.as_ref()?;
    case.fields.get(field).and_then(Value::as_str).map(str::to_owned)
}

impl<'a> Batch<'a> {
    /// Begins with what was loaded.
    #[must_use]
    pub fn new(world: &'a World, ring: &'a Keyring, loaded: Loaded) -> Batch<'a> {
        let mut state = State::default();
        for case in loaded.cases {
            state.by_number.insert(case.number.clone(), case.id);
            state.cases.insert(case.id, case);
        }
        state.keys = unwrapped(ring, &loaded.keys).into_iter().collect();
        state.cipher = ring.cipher();
        state.unique = loaded.unique.into_iter().collect();
        state.beside = loaded.beside.into_iter().collect();
        state.matching = loaded.matching.into_iter().collect();
        let mut batch = Batch {
            world,
            ring,
            state,
            heads: BTreeMap::new(),
            answers: loaded.answers.into_iter().collect(),
            touched: HashMap::new(),
            order: Vec::new(),
            writes: BTreeMap::new(),
            asked: Asked::default(),
            rows: BTreeMap::new(),
            moved: loads::Moved::default(),
            ready: None,
            numbered_max: NUMBERED_MAX,
            numbered: BTreeSet::new(),
        };
        for (shard, head) in loaded.heads {
            batch.state.numbering.insert(shard, head.numbering.clone());
            batch.heads.insert(shard, (head.seq, head));
        }
        batch.add_rows(loaded.records, loaded.proposals, loaded.referers);
        batch.add_loads(loaded.loads);
        batch
    }

    /// Lets heads keep this many sequences: all of them while servers run that look for them nowhere else.
    #[must_use]
    pub fn keeping(mut self, numbered_max: usize) -> Batch<'a> {
        self.numbered_max = numbered_max;
        self
    }

    /// The rows as they stand.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The lines decided so far in `shard`, oldest first.
    #[must_use]
    pub fn lines(&self, shard: Shard) -> &[Line] {
        self.writes.get(&shard).map(|write| write.lines.as_slice()).unwrap_or_default()
    }

    /// Adds a case that was loaded later.
    pub fn add_case(&mut self, case: Case) {
        self.ready = None;
        self.state.by_number.insert(case.number.clone(), case.id);
        self.state.cases.insert(case.id, case);
    }

    /// Adds register rows and what belongs to them; what this batch changed already stays.
    fn add_rows(&mut self, records: Vec<Record>, proposals: Vec<Proposal>, referers: Vec<(RowKey, Vec<String>)>) {
        for record in records {
            let key = record.row_key();
            if !self.rows.contains_key(&key) {
                put_version(self.state.records.entry(key).or_default(), record);
            }
        }
        for proposal in proposals {
            self.state.proposals.entry(proposal.id).or_insert(proposal);
        }
        self.state.referers.extend(referers);
    }

    /// Notes what was looked for, so that [`Batch::needs`] does not ask for it again.
    pub fn asked(&mut self, want: &Want) {
        self.asked.records.extend(want.records.iter().cloned());
        self.asked.unique.extend(want.unique.iter().cloned());
        self.asked.sequences.extend(want.sequences.iter().cloned());
        self.asked.loads.extend(want.loads.iter().cloned());
        self.asked.beside.extend(want.beside.iter().cloned());
        self.asked.matching.extend(want.matching.iter().cloned());
        self.asked.figures.extend(want.figures.iter().cloned());
    }

    /// Adds what [`Batch::needs`] asked for.
    pub fn add(&mut self, want: &Want, loaded: Loaded) {
        self.ready = None;
        self.asked(want);
        self.state.unique.extend(loaded.unique);
        for ((shard, name), last) in loaded.sequences {
            // What this batch counted on meanwhile stays.
            self.state.numbering.entry(shard).or_default().entry(name).or_insert(last);
        }
        self.state.beside.extend(loaded.beside);
        self.state.matching.extend(loaded.matching);
        self.state.figures.extend(loaded.figures);
        self.state.keys.extend(unwrapped(self.ring, &loaded.keys));
        self.add_rows(loaded.records, loaded.proposals, loaded.referers);
        self.add_loads(loaded.loads);
    }

    /// Decides one command; a refusal leaves the batch as it was. What [`Batch::needs`] was asked just before, with the same
    /// `given`, is not decided twice.
    ///
    /// # Errors
    /// The refusal.
    pub fn run(&mut self, command: &Command, given: &Given) -> Result<Outcome, Refusal> {
        let ready = self.ready.take().filter(|(id, _)| *id == command.id);
        if let Some(outcome) = self.answers.get(&command.id) {
            return Ok(outcome.clone());
        }
        let decision = match ready {
            Some((_, decided)) => decided?,
            None => decide(self.world, &self.state, command, given)?,
        };
        let outcome = self.take(command, given, decision);
        self.answers.insert(command.id, outcome.clone());
        let write = self.write(command.shard);
        write.answers.push((command.id, outcome.clone(), given.now));
        Ok(outcome)
    }

    fn write(&mut self, shard: Shard) -> &mut ShardWrite {
        self.writes.entry(shard).or_insert_with(|| ShardWrite { shard, ..ShardWrite::default() })
    }

    fn take(&mut self, command: &Command, given: &Given, decision: Decision) -> Outcome {
        let shard = command.shard;
        let mut outcome = Outcome { shard, seq: 0, case: None, number: None, state: None, version: 0 };
        if let Some((case, key)) = decision.key {
            self.state.keys.insert(case, key);
            if let Some(wrapped) = self.ring.wrap(&case.to_string(), &key) {
                self.write(shard).keys.push((case, wrapped));
            }
        }
        for also in &decision.also {
            if let Some((case, key)) = also.key {
                self.state.keys.insert(case, key);
                if let Some(wrapped) = self.ring.wrap(&case.to_string(), &key) {
                    self.write(shard).keys.push((case, wrapped));
                }
            }
        }
        self.numbered.extend(decision.numbering.iter().map(|(name, _)| (shard, name.clone())));
        let numbering = self.state.numbering.entry(shard).or_default();
        numbering.extend(decision.numbering);
        for (index, change) in decision.changes.into_iter().enumerate() {
            let touched = self.apply(shard, &change, given.now);
            match &change {
                Change::Record { record } if index == 0 => {
                    outcome.number = Some(record.key.clone());
                    outcome.version = record.version;
                }
                Change::Proposal { proposal } if index == 0 => {
                    outcome.number = Some(proposal.key.clone());
                    outcome.state = Some(proposal.state.as_str().to_owned());
                }
                _ => {}
            }
            if let (0, Some(case)) = (index, touched.and_then(|case| self.state.cases.get(&case))) {
                outcome.case = Some(case.id);
                outcome.number = Some(case.number.clone());
                outcome.state = Some(case.state.clone());
                outcome.version = case.version;
            }
            outcome.seq = self.journal(command, given.now, change, touched);
        }
        for (field, value) in decision.unique_gone {
            self.state.unique.remove(&(shard, field.clone(), value.clone()));
            let write = self.write(shard);
            // Taken and given back in one batch: neither happened.
            let taken = write.unique.len();
            write.unique.retain(|(f, v, _)| (f, v) != (&field, &value));
            if write.unique.len() == taken {
                write.unique_gone.push((field, value));
            }
        }
        let holder = decision.holder.or_else(|| outcome.number.clone()).unwrap_or_default();
        let own = decision.unique.into_iter().map(|(field, value)| (field, value, holder.clone()));
        let also = decision.also.into_iter().flat_map(|also| {
            let number = also.number;
            also.unique.into_iter().map(move |(field, value)| (field, value, number.clone()))
        });
        for (field, value, number) in own.chain(also).collect::<Vec<_>>() {
            self.state.unique.insert((shard, field.clone(), value.clone()), number.clone());
            self.write(shard).unique.push((field, value, number));
        }
        outcome
    }

    /// Applies a change to the rows in memory; gives the case or the row it touched.
    fn apply(&mut self, shard: Shard, change: &Change, at: Timestamp) -> Option<CaseId> {
        match change {
            Change::Opened { case } => {
                let fresh = Touched {
                    is_new: true,
                    facts: Vec::new(),
                    timers: Vec::new(),
                    broken: Vec::new(),
                    waiting: None,
                    notices: vec![],
                    sealed: BTreeSet::new(),
                };
                self.touched.insert(case.id, fresh);
                self.moved.note(&mut self.state.loads, None, Some(case));
                self.order.push(case.id);
                self.state.by_number.insert(case.number.clone(), case.id);
                self.state.cases.insert(case.id, Case::clone(case));
                Some(case.id)
            }
            Change::Case { case, ops, .. } => {
                let row = self.state.cases.get_mut(case)?;
                if !self.touched.contains_key(case) {
                    let facts = facts_of_case(&self.world.model, self.world, row);
                    let broken = broken_by_case(&self.world.model, self.world, row, Some(local_date(at)));
                    let (waiting, notices) = (waiting_of(self.world, row), standing(row));
                    let (timers, sealed) = (timers_of(row), seal_lookup::of_case(&self.world.model, row));
                    let was = Touched { is_new: false, facts, timers, broken, waiting, notices, sealed };
                    self.touched.insert(*case, was);
                    self.order.push(*case);
                }
                let before = loads::held_by(row).cloned();
                apply_all(row, ops, at);
                self.moved.note(&mut self.state.loads, before, Some(row));
                Some(*case)
            }
            Change::Record { record } => {
                let key = record.row_key();
                let versions = self.state.records.entry(key.clone()).or_default();
                self.rows.entry(key).or_insert_with(|| versions.clone());
                put_version(versions, Record::clone(record));
                let write = self.write(record.shard);
                write
                    .records_gone
                    .retain(|gone| *gone != (record.register.clone(), record.key.clone(), record.valid_from));
                write.records.push(Record::clone(record));
                Some(record.id())
            }
            Change::Erased { subject, .. } => {
                self.state.keys.remove(subject);
                let write = self.write(shard);
                write.keys.retain(|(row, _)| row != subject);
                write.keys_gone.push(*subject);
                Some(*subject)
            }
            Change::RecordGone { register, key, valid_from } => {
                let row = (shard, register.clone(), key.clone());
                let versions = self.state.records.entry(row.clone()).or_default();
                self.rows.entry(row).or_insert_with(|| versions.clone());
                versions.retain(|one| one.valid_from != *valid_from);
                let write = self.write(shard);
                write.records.retain(|one| (&one.register, &one.key, one.valid_from) != (register, key, *valid_from));
                write.records_gone.push((register.clone(), key.clone(), *valid_from));
                Some(row_id(shard, register, key))
            }
            Change::Proposal { proposal } => {
                self.state.proposals.insert(proposal.id, Proposal::clone(proposal));
                self.write(proposal.shard).proposals.push(Proposal::clone(proposal));
                Some(row_id(proposal.shard, &proposal.wish.register, &proposal.key))
            }
        }
    }

    fn journal(&mut self, command: &Command, at: Timestamp, change: Change, case: Option<CaseId>) -> u64 {
        let shard = command.shard;
        let (_, head) = self.heads.entry(shard).or_default();
        let seq = head.seq + 1;
        let entry = Entry { shard, seq, at, actor: command.actor.clone(), command: command.id, change };
        head.seq = seq;
        self.write(shard).lines.push(Line { entry, canonical: String::new(), hash: [0; 32], case });
        seq
    }

    /// What is to be written, shard by shard, lines hashed; empty when every command was refused or answered from the
    /// record.
    #[must_use]
    pub fn finish(self) -> Vec<ShardWrite> {
        let mut writes = self.finish_unhashed();
        hash_lines(&mut writes);
        writes
    }

    /// As [`Batch::finish`], with the lines left to [`hash_lines`]: for loading a history on two threads.
    #[must_use]
    pub fn finish_unhashed(mut self) -> Vec<ShardWrite> {
        for id in std::mem::take(&mut self.order) {
            let (Some(before), Some(case)) = (self.touched.remove(&id), self.state.cases.remove(&id)) else {
                continue;
            };
            let after = facts_of_case(&self.world.model, self.world, &case);
            let facts = fact_changes(id, before.facts, after);
            let timers = timers_of(&case);
            let waiting = waiting_of(self.world, &case);
            let model = &self.world.model;
            let write = self
                .writes
                .entry(case.shard)
                .or_insert_with(|| ShardWrite { shard: case.shard, ..ShardWrite::default() });
            let broken = broken_by_case(model, self.world, &case, Some(local_date(case.updated_at)));
            let (noted, kept) = rules::changes(&before.broken, broken);
            write.violations.extend(noted);
            write.violations_gone.extend(kept);
            cells_of_changes(&mut write.cells, model, case.shard, &facts);
            write.facts.extend(facts);
            write.timers_gone.extend(before.timers.iter().filter(|timer| !timers.contains(timer)).cloned());
            write.timers_new.extend(timers.into_iter().filter(|timer| !before.timers.contains(timer)));
            if before.waiting != waiting {
                write.waiting_gone.extend(before.waiting.map(|waiting| waiting.case));
                write.waiting_new.extend(waiting);
            }
            let notices = standing(&case);
            if before.notices != notices {
                write.notices.push((case.id, notices));
            }
            let sealed = seal_lookup::of_case(model, &case);
            let (row, key) = ((case.shard, id, ""), self.state.keys.get(&id));
            write.lookups.extend(seal_lookup::changed(self.ring, key, row, (&before.sealed, &sealed)));
            let kind = kind_of(model, &case);
            let words = Some(crate::words::of_case(self.world, &case));
            write.cases.push(CaseWrite { case, is_new: before.is_new, kind, words });
        }
        batch_rows::settle(self.world, &self.state, &self.rows, &mut self.writes);
        batch_rows::settle_lookups((self.ring, self.world), &self.state, &self.rows, &mut self.writes);
        rows::settle(self.world, &self.state, &self.rows, &mut self.writes);
        for (shard, write) in &mut self.writes {
            if let Some((expected, head)) = self.heads.remove(shard) {
                write.expected_seq = expected;
                write.head = head;
            }
            if let Some(mut numbering) = self.state.numbering.remove(shard) {
                if numbering.len() > self.numbered_max {
                    let gone = numbering.extract_if(.., |name, _| !self.numbered.contains(&(*shard, name.clone())));
                    write.sequences = gone.collect();
                }
                write.head.numbering = numbering;
            }
            write.packs = self.world.model.number;
            write.cells.retain(|_, cell| *cell != (0, 0));
        }
        self.writes.into_values().collect()
    }
}

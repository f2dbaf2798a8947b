//! One batch: what to load for it, what to decide, what to write. The loop that feeds it is [`crate::commit`].
//!
//! Rows are loaded once, changed in memory command by command, and written once: figures and timers come from the row
//! before the batch and the row after it, so ten steps on one case cost one row write and one set of counter deltas.

use crate::apply::apply_all;
use crate::decide::{Decision, Given, State, decide, is_unique};
use crate::journal;
use crate::port::{CaseWrite, Head, Line, Loaded, ShardWrite, Timer, Want, unwrapped};
use crate::seal::{Key, wrap};
use crate::world::World;
use ganglion_indicators::fold::cells_of_changes;
use ganglion_indicators::{Fact, fact_changes, facts_of_case};
use ganglion_model::change::{Body, Change, Command, Entry, Outcome, Refusal};
use ganglion_model::pack::{Effect, Field, FieldKind, OnOverdue, Process};
use ganglion_model::row::{Case, Record};
use ganglion_model::{CaseId, CommandId, Fields, Model, Shard};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a batch needs loaded before anything can be decided.
#[must_use]
pub fn want(world: &World, commands: &[Command]) -> Want {
    let mut want = Want::default();
    let mut shards = HashSet::new();
    for command in commands {
        if shards.insert(command.shard) {
            want.shards.push(command.shard);
        }
        want.answers.push((command.shard, command.id));
        match &command.body {
            Body::Open { process, form, .. } => want_open(world, command.shard, (process, form), &mut want),
            Body::Act { case, action, form, .. } => {
                want.cases.push((command.shard, *case));
                want_act(world, command.shard, (*case, action, form), &mut want);
            }
            Body::Due { case, .. } | Body::LinkBack { case, .. } => want.cases.push((command.shard, *case)),
            Body::Put { record } => {
                want.records.push((command.shard, record.register.clone(), record.key.clone()));
            }
        }
    }
    want
}

fn want_open(world: &World, shard: Shard, (process, form): (&str, &Fields), want: &mut Want) {
    let Some(process) = world.model.processes.get(process) else {
        return;
    };
    for field in process.form.iter().filter(|field| field.unique) {
        if let Some(value) = form.get(&field.name).and_then(Value::as_str) {
            want.unique.push((shard, format!("{}.{}", process.name, field.name), value.trim().to_owned()));
        }
    }
}

/// The action's state is not known yet, so every action of that name counts.
fn want_act(world: &World, shard: Shard, (case, action, form): (CaseId, &str, &Fields), want: &mut Want) {
    let actions = world
        .model
        .processes
        .values()
        .flat_map(|process| process.states.values())
        .flat_map(|state| &state.actions)
        .filter(|one| one.name == action);
    let mut keyed = false;
    for one in actions {
        keyed |= one.form.iter().any(|field| field.personal);
        for field in &one.form {
            if let (FieldKind::CaseRef { .. }, Some(number)) =
                (&field.kind, form.get(&field.name).and_then(Value::as_str))
            {
                want.numbers.push((shard, number.trim().to_owned()));
            }
        }
    }
    if keyed {
        want.keys.push((shard, case));
    }
}

/// Register rows that effects of these commands will change; known only once their cases are loaded.
#[must_use]
pub fn want_records(world: &World, state: &State, commands: &[Command]) -> Vec<(Shard, String, String)> {
    use ganglion_model::expr::Val;
    use ganglion_model::scope::Names;
    let mut wanted = Vec::new();
    for command in commands {
        let Body::Act { case, action, form, .. } = &command.body else {
            continue;
        };
        let Some(case) = state.cases.get(case) else { continue };
        let Some(process) = world.model.processes.get(&case.process) else {
            continue;
        };
        let Some(action) = process.action(&case.state, action) else {
            continue;
        };
        for effect in &action.effects {
            if let Effect::Record { register, key, .. } = effect {
                let names = Names {
                    rows: world,
                    process,
                    case: Some(case),
                    form: Some((form, &action.form)),
                    actor: None,
                    now: case.updated_at,
                };
                if let Val::Text(key) = key.eval(&names) {
                    wanted.push((command.shard, register.clone(), key.into_owned()));
                }
            }
        }
    }
    wanted
}

/// Gives every line its canonical bytes and leaf hash and takes it into the shard's Merkle tree.
pub fn hash_lines(writes: &mut [ShardWrite]) {
    for write in writes {
        for line in &mut write.lines {
            line.canonical = journal::canonical(&line.entry).unwrap_or_default();
            line.hash = journal::hash(&line.canonical);
            write.head.frontier.push(line.hash);
        }
    }
}

/// Whether a form gives a field a value: one that is left out and has no default is not looked for.
fn is_asked(field: &Field, form: &Fields) -> bool {
    form.contains_key(&field.name) || field.default.is_some()
}

/// A batch in the making.
pub struct Batch<'a> {
    world: &'a World,
    master: &'a Key,
    state: State,
    heads: BTreeMap<Shard, (u64, Head)>,
    answers: HashMap<CommandId, Outcome>,
    touched: HashMap<CaseId, Touched>,
    order: Vec<CaseId>,
    writes: BTreeMap<Shard, ShardWrite>,
    asked: Asked,
}

/// What was looked for in storage, whether it was there or not.
#[derive(Default)]
struct Asked {
    records: HashSet<(Shard, String, String)>,
    unique: HashSet<(Shard, String, String)>,
}

/// A case as it was before the batch.
struct Touched {
    is_new: bool,
    facts: Vec<Fact>,
    timers: Vec<Timer>,
}

/// Timers a case needs: one for each running clock, windows aside, that has not been acted on. A paused clock has none, even when its
/// limit had passed before: it is acted on when it runs again.
#[must_use]
pub fn timers_of(case: &Case) -> Vec<Timer> {
    case.clocks
        .iter()
        .filter(|(name, clock)| clock.stopped_at().is_none() && !clock.is_paused() && !case.fired.contains(name))
        .filter(|(name, _)| !case.windows.contains(name))
        .filter_map(|(name, clock)| {
            Some(Timer { at: clock.due_at()?, shard: case.shard, case: case.id, clock: name.clone() })
        })
        .collect()
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
    pub fn new(world: &'a World, master: &'a Key, loaded: Loaded) -> Batch<'a> {
        let mut state = State::default();
        for case in loaded.cases {
            state.by_number.insert(case.number.clone(), case.id);
            state.cases.insert(case.id, case);
        }
        state.keys = unwrapped(master, &loaded.keys).into_iter().collect();
        state.unique = loaded.unique.into_iter().collect();
        let mut batch = Batch {
            world,
            master,
            state,
            heads: BTreeMap::new(),
            answers: loaded.answers.into_iter().collect(),
            touched: HashMap::new(),
            order: Vec::new(),
            writes: BTreeMap::new(),
            asked: Asked::default(),
        };
        for (shard, head) in loaded.heads {
            batch.state.numbering.insert(shard, head.numbering.clone());
            batch.heads.insert(shard, (head.seq, head));
        }
        batch.add_records(loaded.records);
        batch
    }

    /// The rows as they stand.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Adds a case that was loaded later.
    pub fn add_case(&mut self, case: Case) {
        self.state.by_number.insert(case.number.clone(), case.id);
        self.state.cases.insert(case.id, case);
    }

    /// Adds register rows that were loaded later.
    pub fn add_records(&mut self, records: Vec<Record>) {
        for record in records {
            let key = (record.shard, record.register.clone(), record.key.clone());
            self.state.records.insert(key, record);
        }
    }

    /// Notes what was looked for, so that [`Batch::needs`] does not ask for it again.
    pub fn asked(&mut self, want: &Want) {
        self.asked.records.extend(want.records.iter().cloned());
        self.asked.unique.extend(want.unique.iter().cloned());
    }

    /// Adds what [`Batch::needs`] asked for.
    pub fn add(&mut self, want: &Want, loaded: Loaded) {
        self.asked(want);
        self.state.unique.extend(loaded.unique);
        self.add_records(loaded.records);
    }

    /// What the decision on `command` rests on that was never looked for. Rows and values whose keys follow from a case
    /// opened or changed in this very batch, or from a form once it is read, cannot be known when the batch is loaded.
    #[must_use]
    pub fn needs(&self, command: &Command, given: &Given) -> Option<Want> {
        if self.answers.contains_key(&command.id) || !self.may_need(&command.body) {
            return None;
        }
        let decision = decide(self.world, &self.state, command, given).ok()?;
        let mut want = Want::default();
        for change in &decision.changes {
            if let Change::Record { record } = change {
                let key = (record.shard, record.register.clone(), record.key.clone());
                if !self.state.records.contains_key(&key) && !self.asked.records.contains(&key) {
                    want.records.push(key);
                }
            }
        }
        let unique = decision.unique.into_iter().map(|(field, value)| (command.shard, field, value));
        want.unique
            .extend(unique.filter(|key| !self.state.unique.contains_key(key) && !self.asked.unique.contains(key)));
        (!want.records.is_empty() || !want.unique.is_empty()).then_some(want)
    }

    /// Whether deciding a command can touch register rows or unique values that [`want`] did not name for certain.
    fn may_need(&self, body: &Body) -> bool {
        match body {
            Body::Open { process, form, .. } => {
                let process = self.world.model.processes.get(process);
                process.is_some_and(|process| process.form.iter().any(|field| field.unique && is_asked(field, form)))
            }
            Body::Act { case, action, form, .. } => self.records((*case, form), |_| Some(action)),
            Body::Due { case, clock } => {
                self.records((*case, &Fields::new()), |process| match &process.clocks.get(clock)?.on_overdue {
                    OnOverdue::Act(action) => Some(action),
                    _ => None,
                })
            }
            Body::LinkBack { .. } | Body::Put { .. } => false,
        }
    }

    /// Whether the action that `name` gives, taken on a case as it stands, changes register rows or asks for values that may
    /// stand once only.
    fn records<'b>(
        &'b self,
        (case, form): (CaseId, &Fields),
        name: impl FnOnce(&'b Process) -> Option<&'b String>,
    ) -> bool {
        let Some(case) = self.state.cases.get(&case) else {
            return false;
        };
        let Some(process) = self.world.model.processes.get(&case.process) else {
            return false;
        };
        let action = name(process).and_then(|name| process.action(&case.state, name));
        action.is_some_and(|action| {
            action.effects.iter().any(|one| matches!(one, Effect::Record { .. }))
                || action.form.iter().any(|field| is_unique(process, field) && is_asked(field, form))
        })
    }

    /// Decides one command; a refusal leaves the batch as it was.
    ///
    /// # Errors
    /// The refusal.
    pub fn run(&mut self, command: &Command, given: &Given) -> Result<Outcome, Refusal> {
        if let Some(outcome) = self.answers.get(&command.id) {
            return Ok(outcome.clone());
        }
        let decision = decide(self.world, &self.state, command, given)?;
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
            if let Some(wrapped) = wrap(self.master, &case.to_string(), &key) {
                self.write(shard).keys.push((case, wrapped));
            }
        }
        let numbering = self.state.numbering.entry(shard).or_default();
        numbering.extend(decision.numbering);
        for (index, change) in decision.changes.into_iter().enumerate() {
            let touched = self.apply(&change, given.now);
            if let (0, Some(case)) = (index, touched.and_then(|case| self.state.cases.get(&case))) {
                outcome.case = Some(case.id);
                outcome.number = Some(case.number.clone());
                outcome.state = Some(case.state.clone());
                outcome.version = case.version;
            }
            outcome.seq = self.journal(command, given.now, change, touched);
        }
        for (field, value) in decision.unique {
            let number = outcome.number.clone().unwrap_or_default();
            self.state.unique.insert((shard, field.clone(), value.clone()), number.clone());
            self.write(shard).unique.push((field, value, number));
        }
        outcome
    }

    /// Applies a change to the rows in memory; gives the case it touched.
    fn apply(&mut self, change: &Change, at: Timestamp) -> Option<CaseId> {
        match change {
            Change::Opened { case } => {
                self.touched.insert(case.id, Touched { is_new: true, facts: Vec::new(), timers: Vec::new() });
                self.order.push(case.id);
                self.state.by_number.insert(case.number.clone(), case.id);
                self.state.cases.insert(case.id, Case::clone(case));
                Some(case.id)
            }
            Change::Case { case, ops, .. } => {
                let row = self.state.cases.get_mut(case)?;
                if !self.touched.contains_key(case) {
                    let facts = facts_of_case(&self.world.model, self.world, row);
                    self.touched.insert(*case, Touched { is_new: false, facts, timers: timers_of(row) });
                    self.order.push(*case);
                }
                apply_all(row, ops, at);
                Some(*case)
            }
            Change::Record { record } => {
                let key = (record.shard, record.register.clone(), record.key.clone());
                self.state.records.insert(key, Record::clone(record));
                self.write(record.shard).records.push(Record::clone(record));
                None
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
            let model = &self.world.model;
            let write = self
                .writes
                .entry(case.shard)
                .or_insert_with(|| ShardWrite { shard: case.shard, ..ShardWrite::default() });
            cells_of_changes(&mut write.cells, model, case.shard, &facts);
            write.facts.extend(facts);
            write.timers_gone.extend(before.timers.iter().filter(|timer| !timers.contains(timer)).cloned());
            write.timers_new.extend(timers.into_iter().filter(|timer| !before.timers.contains(timer)));
            let kind = kind_of(model, &case);
            write.cases.push(CaseWrite { case, is_new: before.is_new, kind });
        }
        for (shard, write) in &mut self.writes {
            if let Some((expected, head)) = self.heads.remove(shard) {
                write.expected_seq = expected;
                write.head = head;
            }
            if let Some(numbering) = self.state.numbering.remove(shard) {
                write.head.numbering = numbering;
            }
            write.cells.retain(|_, cell| *cell != (0, 0));
        }
        self.writes.into_values().collect()
    }
}

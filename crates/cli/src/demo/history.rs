//! A year of history, loaded in the order it happened: simulated people act, clocks fall due, and every step goes through
//! the same `decide`. What is decided is handed in large batches to a thread that writes, so both cores work.

use super::actors::Actors;
use ganglion_indicators::Period;
use ganglion_kernel::Store;
use ganglion_kernel::batch::{Batch, hash_lines, timers_of};
use ganglion_kernel::commit::WallClock;
use ganglion_kernel::decide::{Given, derived};
use ganglion_kernel::merkle::Frontier;
use ganglion_kernel::port::{Head, Line, Loaded, ShardWrite};
use ganglion_kernel::seal::{Key, Keyring};
use ganglion_kernel::world::World;
use ganglion_model::change::{Actor, Body, Change, Command, Op, Outcome};
use ganglion_model::clocks::midnight;
use ganglion_model::row::{Case, Link};
use ganglion_model::{CaseId, CommandId, Shard};
use ganglion_server::jobs;
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

/// Commands decided before a batch is handed over: the more, the more steps of a case become one row written.
const BATCH_COMMANDS: usize = 60_000;

/// What is to be loaded.
#[derive(Clone, Copy)]
pub struct Plan {
    /// From.
    pub from: Timestamp,
    /// To.
    pub to: Timestamp,
    /// Cases in all.
    pub cases: usize,
}

/// What was loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loading {
    /// Cases opened.
    pub cases: usize,
    /// Steps taken, openings and falling due included.
    pub steps: usize,
    /// Commands refused: simulated people make mistakes too.
    pub refused: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Open(usize),
    Step(CaseId, usize, u32),
    Due(CaseId, String),
}

/// Loads history into an empty store. `progress` hears the share done.
///
/// # Errors
/// When the store cannot be written.
pub fn load(
    store: &Arc<dyn Store>,
    (world, master): (&Arc<World>, &Key),
    (actors, clock): (&mut Actors, &dyn WallClock),
    plan: Plan,
    progress: &mut dyn FnMut(f64),
) -> anyhow::Result<Loading> {
    let (send, receive) = std::sync::mpsc::sync_channel::<Vec<ShardWrite>>(2);
    let writer_store = store.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let writer = std::thread::spawn(move || -> anyhow::Result<()> {
        let mut frontiers: HashMap<Shard, Frontier> = HashMap::new();
        for mut writes in receive {
            for write in &mut writes {
                write.head.frontier = frontiers.remove(&write.shard).unwrap_or_default();
            }
            hash_lines(&mut writes);
            frontiers.extend(writes.iter().map(|write| (write.shard, write.head.frontier.clone())));
            runtime.block_on(writer_store.write(&writes))?;
        }
        Ok(())
    });
    let ring = Keyring::from(*master);
    let mut past = Past {
        world,
        ring: &ring,
        clock,
        actors,
        open: HashMap::new(),
        words: HashMap::new(),
        heads: BTreeMap::new(),
        events: BinaryHeap::new(),
        made: Loading::default(),
    };
    past.seed(plan);
    while past.batch(plan, &send)? {
        progress(past.share(plan));
    }
    drop(send);
    let (made, heads, mut open) = (past.made, past.heads, past.open);
    let mut words: Vec<(Case, String)> =
        past.words.into_iter().filter_map(|(id, words)| Some((open.remove(&id)?, words))).collect();
    // In the order they came in, which is the order they are found in.
    words.sort_by_key(|(case, _)| (case.opened_at, case.id));
    writer.join().map_err(|_| anyhow::anyhow!("the writing thread stopped"))??;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(store.case_words_put(&words))?;
    // What history asked for is opened already, and what it told is old: the jobs of the running server go on from here.
    let heads: Vec<(Shard, u64)> = heads.into_iter().map(|(shard, head)| (shard, head.seq)).collect();
    for job in [jobs::spawn::JOB, jobs::tell::JOB] {
        runtime.block_on(store.cursors_set(job, &heads))?;
    }
    Ok(made)
}

struct Past<'a> {
    world: &'a Arc<World>,
    ring: &'a Keyring,
    clock: &'a dyn WallClock,
    actors: &'a mut Actors,
    /// Cases that can still change.
    open: HashMap<CaseId, Case>,
    /// What those are searched by: the index is written once a case, when no more words can come.
    words: HashMap<CaseId, String>,
    heads: BTreeMap<Shard, Head>,
    events: BinaryHeap<Reverse<(Timestamp, u64, Event)>>,
    made: Loading,
}

impl Past<'_> {
    fn push(&mut self, at: Timestamp, event: Event) {
        // The count keeps the order of events of one instant stable.
        let count = self.made.steps as u64 + self.events.len() as u64;
        self.events.push(Reverse((at, count, event)));
    }

    /// Draws the times of all openings: by month, day and hour weights of what comes in.
    fn seed(&mut self, plan: Plan) {
        let (from, to) = (plan.from.as_second(), plan.to.as_second());
        let mut made = 0;
        while made < plan.cases && to > from {
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "seconds of a year")]
            let second = from + (self.actors.draw() * (to - from) as f64) as i64;
            let Ok(at) = Timestamp::from_second(second) else {
                continue;
            };
            let zoned = at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)));
            let which = self.actors.which();
            let weight = |list: &[f64], index: usize| {
                let most = list.iter().copied().fold(0.0_f64, f64::max);
                list.get(index).map_or(1.0, |w| w / most.max(1e-9))
            };
            let likely = self.actors.behaviours().nth(which).map_or(0.0, |behaviour| {
                weight(&behaviour.hours, usize::try_from(zoned.hour()).unwrap_or(0))
                    * weight(&behaviour.months, usize::try_from(zoned.month() - 1).unwrap_or(0))
            });
            if self.actors.draw() < likely {
                self.push(at, Event::Open(which));
                made += 1;
            }
        }
    }

    fn share(&self, plan: Plan) -> f64 {
        let at = self.events.peek().map_or(plan.to, |Reverse((at, ..))| *at);
        #[expect(clippy::cast_precision_loss, reason = "seconds of a year")]
        let share = (at.as_second() - plan.from.as_second()) as f64
            / (plan.to.as_second() - plan.from.as_second()).max(1) as f64;
        share.clamp(0.0, 1.0)
    }

    /// Decides one batch and hands it over; `false` when history is over.
    fn batch(&mut self, plan: Plan, send: &std::sync::mpsc::SyncSender<Vec<ShardWrite>>) -> anyhow::Result<bool> {
        let world = self.world.clone();
        let loaded = Loaded { heads: self.heads.clone(), ..Loaded::default() };
        let mut batch = Batch::new(&world, self.ring, loaded).keeping(usize::MAX);
        let mut steps = 0;
        let mut over = true;
        while let Some(Reverse((at, ..))) = self.events.peek() {
            if *at >= plan.to {
                break;
            }
            if steps >= BATCH_COMMANDS {
                over = false;
                break;
            }
            let Some(Reverse((at, _, event))) = self.events.pop() else {
                break;
            };
            self.event(&mut batch, at, event);
            steps += 1;
        }
        let mut writes = batch.finish_unhashed();
        for write in &mut writes {
            // Answers are kept so that a repeated command is recognised; nobody repeats a command of last year.
            write.answers.clear();
            self.heads.insert(write.shard, write.head.clone());
            for row in &mut write.cases {
                let id = row.case.id;
                if row.case.closed_at.is_some() && timers_of(&row.case).is_empty() {
                    self.open.remove(&id);
                    self.words.remove(&id);
                } else {
                    self.open.insert(id, row.case.clone());
                    self.words.extend(row.words.take().map(|words| (id, words)));
                }
            }
        }
        send.send(writes).map_err(|_| anyhow::anyhow!("the writing thread stopped"))?;
        Ok(!over)
    }

    fn event(&mut self, batch: &mut Batch<'_>, at: Timestamp, event: Event) {
        match event {
            Event::Open(which) => {
                let Some(command) = (0..5).find_map(|_| self.actors.opening(which)) else {
                    return;
                };
                if self.run(batch, &command, at).is_some() {
                    self.made.cases += 1;
                }
            }
            Event::Step(id, step, version) => self.step(batch, at, (id, step, version)),
            Event::Due(id, clock) => {
                self.load(batch, id);
                let due = |case: &Case| timers_of(case).iter().any(|timer| timer.clock == clock && timer.at <= at);
                let Some(shard) = batch.state().cases.get(&id).filter(|case| due(case)).map(|case| case.shard) else {
                    return;
                };
                let body = Body::Due { case: id, clock };
                let id = CommandId(self.clock.id());
                self.run(batch, &Command { id, shard, actor: Actor::System, body }, at);
            }
        }
    }

    fn step(&mut self, batch: &mut Batch<'_>, at: Timestamp, (id, step, version): (CaseId, usize, u32)) {
        self.load(batch, id);
        let Some(case) = batch.state().cases.get(&id) else {
            return;
        };
        if case.version != version {
            return self.plan_next(case, at);
        }
        let other = self.actors.recent_of(case);
        let command = self.actors.command(case, step, at);
        if let Some(other) = other {
            self.load(batch, other);
        }
        let done = command.is_some_and(|command| self.run(batch, &command, at).is_some());
        if let (false, Some(case)) = (done, batch.state().cases.get(&id)) {
            self.retry(case, at);
        }
    }

    /// Takes the case into the batch if it is not there yet.
    fn load(&mut self, batch: &mut Batch<'_>, id: CaseId) {
        if !batch.state().cases.contains_key(&id)
            && let Some(case) = self.open.get(&id)
        {
            batch.add_case(case.clone());
        }
    }

    fn run(&mut self, batch: &mut Batch<'_>, command: &Command, at: Timestamp) -> Option<Outcome> {
        let given = Given { now: at, id: self.clock.id(), key: self.clock.key() };
        self.made.steps += 1;
        let before: Vec<_> = match &command.body {
            Body::Act { case, .. } | Body::Due { case, .. } => {
                batch.state().cases.get(case).map(timers_of).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let seen = batch.lines(command.shard).len();
        match batch.run(command, &given) {
            Ok(outcome) => {
                let (opened, sent) = asked(batch.lines(command.shard).get(seen..).unwrap_or_default());
                for (parent, child, kind) in opened {
                    self.spawn(batch, (command.shard, parent), (&child, kind), at);
                }
                for command in sent {
                    self.hear(batch, &command, at);
                }
                if let Some(case) = outcome.case.and_then(|id| batch.state().cases.get(&id)) {
                    for timer in timers_of(case).into_iter().filter(|timer| !before.contains(timer)) {
                        self.push(timer.at, Event::Due(timer.case, timer.clock));
                    }
                    self.actors.remember(case);
                    self.plan_next(case, at);
                }
                Some(outcome)
            }
            Err(refusal) => {
                if !matches!(command.body, Body::Due { .. }) {
                    self.made.refused += 1;
                    tracing::debug!(?refusal, body = ?command.body, "a simulated person was refused");
                }
                None
            }
        }
    }

    /// Opens a case another asks for and ties both, as a job does on a running server.
    fn spawn(
        &mut self,
        batch: &mut Batch<'_>,
        (shard, parent): (Shard, CaseId),
        (child, kind): (&Command, String),
        at: Timestamp,
    ) {
        let opened = self.run(batch, child, at).and_then(|outcome| Some((outcome.case?, outcome.number?)));
        let Some((case, number)) = opened else { return };
        let process = match &child.body {
            Body::Open { process, .. } => Some(process.clone()),
            _ => None,
        };
        let link =
            Link { kind, number, case, shard: child.shard, process, settled: false, seen: 1, marks: BTreeMap::new() };
        let body = Body::LinkBack { case: parent, link };
        let back = Command { id: derived(child.id, "link"), shard, actor: Actor::System, body };
        let given = Given { now: at, id: self.clock.id(), key: self.clock.key() };
        if let Err(refusal) = batch.run(&back, &given) {
            tracing::warn!(?refusal, "a case could not be tied to the one opened from it");
        }
    }

    /// A case hears that one opened out of it has ended, as a job tells it on a running server; what it then does may set
    /// clocks going.
    fn hear(&mut self, batch: &mut Batch<'_>, command: &Command, at: Timestamp) {
        let Body::Child { case, .. } = &command.body else { return };
        self.load(batch, *case);
        let Some(before) = batch.state().cases.get(case).map(timers_of) else { return };
        let given = Given { now: at, id: self.clock.id(), key: self.clock.key() };
        if batch.run(command, &given).is_err() {
            return;
        }
        let after = batch.state().cases.get(case).map(timers_of).unwrap_or_default();
        for timer in after.into_iter().filter(|timer| !before.contains(timer)) {
            self.push(timer.at, Event::Due(timer.case, timer.clock));
        }
    }

    fn plan_next(&mut self, case: &Case, at: Timestamp) {
        if let Some(next) = self.actors.next(case, at, 1.0) {
            self.push(next.at, Event::Step(case.id, next.step, case.version));
        }
    }

    /// After a refusal somebody mostly tries something else a day later; some cases are left lying.
    fn retry(&mut self, case: &Case, at: Timestamp) {
        if self.actors.draw() < 0.02 {
            return;
        }
        if let Ok(later) = Timestamp::from_second(at.as_second() + 86_400) {
            self.plan_next(case, later);
        }
    }
}

/// A case another asks for: who asks, how it is opened, and what the link is called.
type Asked = (CaseId, Command, String);

/// Cases that lines of a journal ask for, and commands they send on.
fn asked(lines: &[Line]) -> (Vec<Asked>, Vec<Command>) {
    let (mut opened, mut sent) = (Vec::new(), Vec::new());
    for line in lines {
        let Change::Case { case, ops, .. } = &line.entry.change else {
            continue;
        };
        for op in ops {
            match op {
                Op::Spawn { command, link } => opened.push((*case, Command::clone(command), link.clone())),
                Op::Send { command } => sent.push(Command::clone(command)),
                _ => {}
            }
        }
    }
    (opened, sent)
}

/// The plan of a year of `cases` up to `now`.
#[must_use]
pub fn year_up_to(now: Timestamp, cases: usize) -> Plan {
    let today = ganglion_model::clocks::local_date(now);
    let from = Period::date(Period::day_number(today) - 365);
    Plan { from: midnight(from), to: now, cases }
}

//! Sending commands and letting time pass: what the committer, the timer job and the linking job do for a server.

use super::figure;
use super::memory::Memory;
use super::world::Setting;
use ganglion_kernel::batch::{Batch, want, want_more};
use ganglion_kernel::decide::{Given, derived};
use ganglion_kernel::port::{Line, Loaded, Timer, Want};
use ganglion_kernel::rules::{Broken, Violation, broken_by_case, broken_by_row, opening};
use ganglion_kernel::schedule::{self, For};
use ganglion_kernel::seal::Key;
use ganglion_kernel::world::put_version;
use ganglion_model::change::{Actor, Body, Change, Command, Op, Refusal, RefusalCode};
use ganglion_model::clocks::{local_date, midnight};
use ganglion_model::pack::{Each, Source};
use ganglion_model::{CaseId, CommandId, Link, Outcome, Shard};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::{BTreeSet, VecDeque};
use uuid::Uuid;

/// Wraps row keys; a scenario keeps no secret.
pub const MASTER: Key = [7; 32];
/// The same, as a ring.
pub static RING: std::sync::LazyLock<ganglion_kernel::seal::Keyring> = std::sync::LazyLock::new(|| MASTER.into());

/// An installation in memory at a moment.
pub struct Installation {
    /// World and names.
    pub setting: Setting,
    /// Rows.
    pub memory: Memory,
    /// The scenario's clock.
    pub now: Timestamp,
    /// Who was told what about which case: `reporter` or `assignee`.
    pub told: Vec<(CaseId, String)>,
    /// Actions taken, with the process and the state they were taken in.
    pub taken: BTreeSet<Taken>,
    /// The day for which rules that look at today were judged last.
    judged: Option<Date>,
    ids: u128,
}

impl Installation {
    /// An empty installation.
    pub fn new(setting: Setting) -> Installation {
        let mut memory = Memory::default();
        for record in &setting.records {
            put_version(memory.records.entry(record.row_key()).or_default(), record.clone());
        }
        let now = Timestamp::UNIX_EPOCH;
        Installation { setting, memory, now, told: Vec::new(), taken: BTreeSet::new(), judged: None, ids: 0 }
    }

    /// A fresh id; the same in every run.
    pub fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    /// Sends a command, and what follows from it: cases opened elsewhere, and the ties between both.
    ///
    /// # Errors
    /// The refusal of the command; the second kind is the refusal of something that followed.
    pub fn send(&mut self, command: &Command) -> Result<Outcome, Refused> {
        let (outcome, lines) = self.commit(command).map_err(Refused::Command)?;
        self.follow(lines)?;
        Ok(outcome)
    }

    /// Does what follows from journal lines and from rules that are broken now.
    fn follow(&mut self, lines: Vec<Line>) -> Result<(), Refused> {
        let mut waiting: VecDeque<Line> = lines.into();
        waiting.extend(self.open_for_rules()?);
        while let Some(line) = waiting.pop_front() {
            let Change::Case { case, ops, .. } = &line.entry.change else {
                continue;
            };
            for op in ops {
                match op {
                    Op::Notify { whom, .. } => self.told.push((*case, whom.clone())),
                    Op::Send { command } => {
                        // What is refused has no place any more.
                        if let Ok((_, lines)) = self.commit(command) {
                            waiting.extend(lines);
                        }
                    }
                    Op::Spawn { command, link } => {
                        waiting.extend(self.spawn(command, link, (line.entry.shard, *case))?);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Opens the cases of rules for rows that break them now.
    fn open_for_rules(&mut self) -> Result<Vec<Line>, Refused> {
        let waiting: Vec<Violation> =
            self.memory.violations.values().filter(|one| one.opened.is_none()).cloned().collect();
        let mut lines = Vec::new();
        for one in waiting {
            let case = self.memory.cases.get(&one.id);
            let row = self.memory.records.values().flatten().rfind(|record| record.id() == one.id);
            let world = &self.setting.world;
            let by_row = || row.and_then(|row| opening(world, &one, Broken::Row(row)));
            let command = case.map_or_else(by_row, |case| opening(world, &one, Broken::Case(case)));
            let Some(command) = command else { continue };
            let (opened, more) = self.commit(&command).map_err(Refused::Follow)?;
            if let Some(known) = self.memory.violations.get_mut(&(one.rule.clone(), one.id)) {
                known.opened = opened.number;
            }
            lines.extend(more);
        }
        Ok(lines)
    }

    fn spawn(&mut self, command: &Command, kind: &str, (shard, case): (Shard, CaseId)) -> Result<Vec<Line>, Refused> {
        let (opened, mut lines) = self.commit(command).map_err(Refused::Follow)?;
        let (Some(child), Some(number)) = (opened.case, opened.number) else {
            return Ok(lines);
        };
        let opened = self.memory.cases.get(&child).map(|case| Link::to(case, kind));
        let Some(mut link) = opened else { return Ok(lines) };
        (link.number, link.settled, link.seen) = (number, false, 1);
        let back = Command {
            id: derived(command.id, "link"),
            shard,
            actor: Actor::System,
            body: Body::LinkBack { case, link },
        };
        lines.extend(self.commit(&back).map_err(Refused::Follow)?.1);
        Ok(lines)
    }

    fn commit(&mut self, command: &Command) -> Result<(Outcome, Vec<Line>), Refusal> {
        let id = self.id();
        let mut key = [0; 32];
        key[..16].copy_from_slice(id.as_bytes());
        let given = Given { now: self.now, id, key };
        let commands = std::slice::from_ref(command);
        let world = &self.setting.world;
        let load = |want: &Want| {
            let figures = figure::published((world, &self.memory), &want.figures, self.now);
            Loaded { figures, ..self.memory.load(world, want) }
        };
        let first = want(world, commands, self.now);
        let mut batch = Batch::new(world, &RING, load(&first));
        batch.asked(&first);
        let more = want_more(world, batch.state(), commands, self.now);
        batch.add(&more, load(&more));
        for round in 0.. {
            let Some(more) = batch.needs(command, &given, round) else { break };
            batch.add(&more, load(&more));
        }
        let from = case_of(&command.body).and_then(|id| self.memory.cases.get(&id));
        let from = from.map(|case| (case.process.clone(), case.state.clone()));
        // Whose case it will be is not known yet, but it comes out of the state the queue waits in.
        let queued = || match &command.body {
            Body::TakeNext { process, .. } => {
                let queue = world.model.processes.get(process)?.queue.as_ref()?;
                Some((process.clone(), queue.state.clone()))
            }
            _ => None,
        };
        let from = from.or_else(queued);
        let outcome = batch.run(command, &given)?;
        let writes = batch.finish();
        let records: Vec<_> = writes.iter().flat_map(|write| write.records.clone()).collect();
        let lines = self.memory.write(writes);
        if let (Some((process, state)), Some(Change::Case { action, .. })) =
            (from, lines.first().map(|l| &l.entry.change))
        {
            self.taken.insert((process, state, action.clone()));
        }
        if !records.is_empty() {
            self.setting.world = self.setting.world.with_records(records);
        }
        Ok((outcome, lines))
    }

    /// Lets time pass up to `to`; what falls due on the way is acted on at its own time, and what comes by itself comes.
    ///
    /// # Errors
    /// A timer that stood and was refused, or that stands again: a clock and its timer disagree. A scheduled case that was
    /// refused.
    pub fn advance(&mut self, to: Timestamp) -> Result<(), Box<(Timer, Refusal)>> {
        // Nothing comes by itself before a scenario begins.
        let has_begun = self.now > Timestamp::UNIX_EPOCH;
        loop {
            let timer = self.memory.timers.first().filter(|timer| timer.at <= to).cloned();
            let scheduled = if has_begun { self.scheduled(to) } else { None };
            let other = scheduled.into_iter().chain(self.judged_next(to)).min();
            match (timer, other) {
                (None, None) => break,
                (Some(timer), None) => self.fall_due(&timer)?,
                (Some(timer), Some(at)) if timer.at <= at => self.fall_due(&timer)?,
                (_, Some(at)) if scheduled == Some(at) => self.open_scheduled(at)?,
                (_, Some(at)) => self.judge(at)?,
            }
        }
        self.now = self.now.max(to);
        // What the day had broken when a scenario begins is on the lists at once, as it is when a server starts.
        if self.judged.is_none() && self.is_daily() {
            return self.judge(to);
        }
        self.judged = self.judged.or(Some(local_date(to)));
        Ok(())
    }

    fn is_daily(&self) -> bool {
        self.setting.world.model.rules.values().any(|rule| rule.daily)
    }

    /// When rules that look at today are judged next, if that is not after `to`.
    fn judged_next(&self, to: Timestamp) -> Option<Timestamp> {
        let day = self.judged.filter(|_| self.is_daily())?.tomorrow().ok()?;
        Some(midnight(day)).filter(|at| *at <= to)
    }

    /// Judges the rules that look at today at the beginning of a day, as the job of a server does.
    fn judge(&mut self, at: Timestamp) -> Result<(), Box<(Timer, Refusal)>> {
        let today = local_date(at);
        (self.now, self.judged) = (self.now.max(at), Some(today));
        let world = &self.setting.world;
        let mut judged: Vec<(String, Vec<Violation>)> = Vec::new();
        for rule in world.model.rules.values().filter(|rule| rule.daily) {
            let mut found: Vec<Violation> = match &rule.over {
                Source::Process(_) => {
                    let cases = self.memory.cases.values();
                    cases.flat_map(|case| broken_by_case(&world.model, world, case, Some(today))).collect()
                }
                Source::Register(register) => {
                    let (rows, root) =
                        (figure::rows_of((world, &self.memory), register).into_iter(), world.places.root);
                    rows.flat_map(|row| broken_by_row(&world.model, world, row, root, Some(today))).collect()
                }
            };
            found.retain(|one| one.rule == rule.name);
            judged.push((rule.name.clone(), found));
        }
        for (rule, found) in judged {
            self.memory.judged(&rule, found);
        }
        let Err(Refused::Command(refusal) | Refused::Follow(refusal)) = self.follow(Vec::new()) else { return Ok(()) };
        let timer = Timer { at, shard: Shard::DEPLOYMENT, case: CaseId(Uuid::nil()), clock: "today".to_owned() };
        Err(Box::new((timer, refusal)))
    }

    fn fall_due(&mut self, timer: &Timer) -> Result<(), Box<(Timer, Refusal)>> {
        self.now = self.now.max(timer.at);
        let body = Body::Due { case: timer.case, clock: timer.clock.clone() };
        let command = Command { id: CommandId(self.id()), shard: timer.shard, actor: Actor::System, body };
        match self.send(&command) {
            Ok(_) if self.memory.timers.contains(timer) => {
                let refusal = Refusal::new(RefusalCode::Duplicate).with("clock", &timer.clock);
                Err(Box::new((timer.clone(), refusal)))
            }
            Ok(_) => Ok(()),
            Err(Refused::Command(refusal) | Refused::Follow(refusal)) => Err(Box::new((timer.clone(), refusal))),
        }
    }

    /// When the next schedule falls due, if that is not after `to`.
    fn scheduled(&self, to: Timestamp) -> Option<Timestamp> {
        let world = &self.setting.world;
        let all = world.model.processes.values().flat_map(|process| process.schedule.values());
        all.filter_map(|def| schedule::next(def, &world.office, self.now)).min().filter(|at| *at <= to)
    }

    /// Opens the cases of every schedule that falls due `at`.
    fn open_scheduled(&mut self, at: Timestamp) -> Result<(), Box<(Timer, Refusal)>> {
        let (world, before) = (&self.setting.world, self.now);
        let mut commands: Vec<(String, Command)> = Vec::new();
        for process in world.model.processes.values() {
            for def in process.schedule.values() {
                if schedule::next(def, &world.office, before) != Some(at) {
                    continue;
                }
                let day = local_date(at);
                let opened = |what: For<'_>| schedule::opening(world, (process, def), what, at);
                let found: Vec<Command> = match &def.each {
                    Each::Places(_) => schedule::places(world, def, day)
                        .into_iter()
                        .filter_map(|place| opened(For::Place(place)))
                        .collect(),
                    Each::Rows { register, .. } => figure::rows_of((world, &self.memory), register)
                        .into_iter()
                        .filter_map(|versions| versions.iter().rev().find(|one| one.valid_on(day)))
                        .filter_map(|row| opened(For::Row(row)))
                        .collect(),
                };
                commands.extend(found.into_iter().map(|command| (def.name.clone(), command)));
            }
        }
        self.now = at;
        for (name, command) in commands {
            if let Err(Refused::Command(refusal) | Refused::Follow(refusal)) = self.send(&command) {
                let timer = Timer { at, shard: command.shard, case: CaseId(Uuid::nil()), clock: name };
                return Err(Box::new((timer, refusal)));
            }
        }
        Ok(())
    }
}

fn case_of(body: &Body) -> Option<CaseId> {
    match body {
        Body::Act { case, .. }
        | Body::Due { case, .. }
        | Body::Recompute { case, .. }
        | Body::HandOver { case, .. } => Some(*case),
        Body::Open { .. }
        | Body::TakeNext { .. }
        | Body::LinkBack { .. }
        | Body::Child { .. }
        | Body::Put { .. }
        | Body::Row { .. }
        | Body::Restore { .. }
        | Body::Erase { .. }
        | Body::Decide { .. }
        | Body::Issue { .. }
        | Body::IssueRow { .. }
        | Body::WithdrawRow { .. }
        | Body::Withdraw { .. } => None,
    }
}

/// Process, state, action.
pub type Taken = (String, String, String);

/// Who was refused.
#[derive(Debug)]
pub enum Refused {
    /// The command.
    Command(Refusal),
    /// A command that followed from it.
    Follow(Refusal),
}

//! Running one scenario: blocks in order, steps in order, until a step goes otherwise than it says.

use super::Finding;
use super::check::check;
use super::parse::{Block, Line, Scenario, When};
use super::send::{Installation, Refused, Taken};
use super::step::{self, Deed, Step};
use super::world;
use ganglion_kernel::batch::{Batch, want};
use ganglion_kernel::decide::{Given, State, decide};
use ganglion_model::change::{Command, Refusal, RefusalCode};
use ganglion_model::clocks::{Length, Rule, Unit, due, local_date, midnight};
use ganglion_model::row::Case;
use ganglion_model::{CaseId, Model, Outcome};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A scenario under way.
pub struct Running {
    /// The installation.
    pub at: Installation,
    /// Cases by the scenario's names.
    pub names: BTreeMap<String, CaseId>,
    /// The case last named.
    pub current: Option<CaseId>,
    /// What the last step was refused with.
    pub refusal: Option<Refusal>,
    last: Option<Vec<Command>>,
}

/// Runs `scenario`; gives everything that failed, and the actions that were taken.
pub fn run(model: &Arc<Model>, scenario: &Scenario) -> (Vec<Finding>, BTreeSet<Taken>) {
    if !scenario.findings.is_empty() {
        return (scenario.findings.clone(), BTreeSet::new());
    }
    let givens: Vec<&Line> = scenario
        .blocks
        .iter()
        .filter_map(|block| if let Block::Given(lines) = block { Some(lines) } else { None })
        .flatten()
        .collect();
    let setting = match world::build(model, scenario.line, &givens) {
        Ok(setting) => setting,
        Err(findings) => return (findings, BTreeSet::new()),
    };
    let (at, names) = (Installation::new(setting), BTreeMap::new());
    let mut running = Running { at, names, current: None, refusal: None, last: None };
    let findings = running.blocks(scenario);
    (findings, running.at.taken)
}

impl Running {
    fn blocks(&mut self, scenario: &Scenario) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut checks = 0;
        for block in &scenario.blocks {
            match block {
                Block::Given(_) => {}
                Block::When(when) => match self.when(when) {
                    Ok(refused) => checks += refused,
                    // What comes after a step that went wrong says nothing.
                    Err(finding) => {
                        findings.push(finding);
                        return findings;
                    }
                },
                Block::Then(lines) => {
                    checks += lines.len();
                    findings.extend(lines.iter().filter_map(|line| check(self, line)));
                }
            }
        }
        if checks == 0 && findings.is_empty() {
            findings.push(Finding::new(scenario.line, "a `then` line or a step with `!`", "nothing is checked"));
        }
        findings
    }

    /// The case by the scenario's name, by a tie of the current case (`converted_to`), or the current one.
    pub fn case(&self, name: Option<&str>) -> Option<&Case> {
        let current = self.current.and_then(|id| self.at.memory.cases.get(&id));
        let Some(name) = name else { return current };
        if let Some(id) = self.names.get(name) {
            return self.at.memory.cases.get(id);
        }
        let link = current?.links.iter().find(|link| link.kind == name)?;
        self.at.memory.cases.get(&link.case)
    }

    fn when(&mut self, when: &When) -> Result<usize, Finding> {
        self.pass(when.line, when.from)?;
        let mut refused = 0;
        let (again, every) = when.again.map_or((0, None), |(times, every)| (times, Some(every)));
        for left in (0..=again).rev() {
            let next = every.map(|every| self.later(every));
            for line in &when.steps {
                refused += usize::from(self.step(line)?);
            }
            if let Some(next) = next.filter(|next| left > 0 && *next > self.at.now) {
                self.pass(when.line, next)?;
            }
        }
        Ok(refused)
    }

    /// Lets time pass up to `to`.
    fn pass(&mut self, line: usize, to: Timestamp) -> Result<(), Finding> {
        if to < self.at.now {
            return Err(Finding::new(line, "time that goes on", format!("it is {} already", clock(self.at.now))));
        }
        self.at.advance(to).map_err(|failed| {
            let (timer, refusal) = *failed;
            let expected = format!("clock {} falls due at {}", timer.clock, clock(timer.at));
            Finding::new(line, expected, refused_as(&refusal))
        })
    }

    /// Does one step; says whether it was one that had to be refused.
    fn step(&mut self, line: &Line) -> Result<bool, Finding> {
        let step = step::read(&line.text).map_err(|expected| Finding::new(line.number, expected, &line.text))?;
        let (expected, result) = match step {
            Step::WaitUntil(to) => return self.pass(line.number, to).map(|()| false),
            Step::Wait(length) => {
                let to = self.later(length);
                return self.pass(line.number, to).map(|()| false);
            }
            Step::Repeat(expected) => {
                let commands = self.last.take();
                let commands = commands.ok_or_else(|| Finding::new(line.number, "a step before it", "repeat"))?;
                (expected, self.try_all(commands))
            }
            Step::Do { who, deed, form, refused } => {
                let said = |found: String| Finding::new(line.number, &line.text, found);
                let result = match &deed {
                    Deed::Adopt(asked) => self.adopt(&who, asked).map_err(said)?,
                    deed => {
                        let commands = self.commands(&who, deed, &form).map_err(said)?;
                        self.try_all(commands)
                    }
                };
                if let (Ok(outcome), Deed::Open { name, .. }) = (&result, &deed) {
                    self.current = outcome.case;
                    if let (Some(name), Some(case)) = (name, outcome.case) {
                        self.names.insert(name.clone(), case);
                    }
                }
                if let (Ok(outcome), Deed::TakeNext { .. }) = (&result, &deed) {
                    self.current = outcome.case;
                }
                (refused, result)
            }
        };
        self.judge(line, expected.as_ref(), result)
    }

    fn judge(
        &mut self,
        line: &Line,
        expected: Option<&step::Refused>,
        result: Result<Outcome, Refused>,
    ) -> Result<bool, Finding> {
        self.refusal = None;
        match (result, expected) {
            (Ok(_), None) => Ok(false),
            (Ok(outcome), Some(_)) => {
                let state = outcome.state.unwrap_or_default();
                Err(Finding::new(line.number, &line.text, format!("it was done; state {state}")))
            }
            (Err(Refused::Follow(refusal)), _) => {
                let found = format!("the case it opens was {}", refused_as(&refusal));
                Err(Finding::new(line.number, &line.text, found))
            }
            (Err(Refused::Command(refusal)), None) => Err(Finding::new(line.number, &line.text, refused_as(&refusal))),
            (Err(Refused::Command(refusal)), Some(expected)) => {
                let found = refused_as(&refusal);
                let is_it = is_refusal(&refusal, expected);
                self.refusal = Some(refusal);
                if is_it { Ok(true) } else { Err(Finding::new(line.number, &line.text, found)) }
            }
        }
    }

    /// Tries the ways the actor may mean it (one for each post): the first that is not refused counts; otherwise the
    /// refusal that came furthest.
    fn try_all(&mut self, commands: Vec<Command>) -> Result<Outcome, Refused> {
        let mut best: Option<(u8, usize)> = None;
        for (index, command) in commands.iter().enumerate() {
            let depth = match self.dry(command) {
                Ok(()) => u8::MAX,
                Err(refusal) => match refusal.code {
                    RefusalCode::NotFound => 0,
                    RefusalCode::NotAllowed => 1,
                    RefusalCode::SamePerson => 2,
                    _ => 3,
                },
            };
            if best.is_none_or(|(most, _)| depth > most) {
                best = Some((depth, index));
            }
        }
        let chosen = best.map_or(0, |(_, index)| index);
        let result = match commands.get(chosen) {
            Some(command) => self.at.send(command),
            None => Err(Refused::Command(Refusal::new(RefusalCode::NotAllowed))),
        };
        self.last = Some(commands.into_iter().skip(chosen).take(1).collect());
        result
    }

    /// Decides without doing.
    pub fn dry(&self, command: &Command) -> Result<(), Refusal> {
        let world = &self.at.setting.world;
        let loaded = self.at.memory.load(world, &want(world, std::slice::from_ref(command), self.at.now));
        if !loaded.answers.is_empty() {
            return Ok(());
        }
        let batch = Batch::new(world, &super::send::RING, loaded);
        let state: &State = batch.state();
        let given = Given { now: self.at.now, id: uuid::Uuid::nil(), key: [0; 32] };
        decide(world, state, command, &given).map(|_| ())
    }

    /// The instant `length` from now: hours as they count, days at the same time of day.
    fn later(&self, length: Length) -> Timestamp {
        let office = &self.at.setting.world.office;
        let now = self.at.now;
        if length.unit().is_hours() {
            return due(now, Rule::new(length), office).at;
        }
        let today = local_date(now);
        let day = match length.unit() {
            Unit::WorkingDay => {
                office.calendar.working_day_from(today, i32::try_from(length.amount()).unwrap_or(i32::MAX))
            }
            Unit::Month => today.saturating_add(jiff::Span::new().months(i64::from(length.amount()))),
            Unit::Year => today.saturating_add(jiff::Span::new().years(i64::from(length.amount()))),
            _ => today.saturating_add(jiff::Span::new().days(i64::from(length.amount()))),
        };
        midnight(day) + now.duration_since(midnight(today))
    }
}

/// An instant as scenarios write it.
pub fn clock(at: Timestamp) -> String {
    let day = local_date(at);
    let minutes = at.duration_since(midnight(day)).as_secs() / 60;
    format!("{day} {:02}:{:02}", minutes / 60, minutes % 60)
}

fn code_of(refusal: &Refusal) -> String {
    super::value::shown(serde_json::to_value(refusal.code).ok().as_ref())
}

/// A refusal in one line.
pub fn refused_as(refusal: &Refusal) -> String {
    let mut said = format!("refused: {}", code_of(refusal));
    for field in &refusal.fields {
        said.push_str(&format!("; {}: {}", field.field, field.problem));
        said.extend(field.message.as_ref().map(|message| format!(" ({})", message.zh)));
    }
    said.extend(refusal.message.as_ref().map(|message| format!("; {}", message.zh)));
    for (name, value) in &refusal.args {
        said.push_str(&format!("; {name} = {value}"));
    }
    said
}

/// Whether a refusal is the one a scenario expects.
pub fn is_refusal(refusal: &Refusal, expected: &step::Refused) -> bool {
    match expected {
        step::Refused::Code(code) => {
            let words = refusal.message.as_ref();
            *code == code_of(refusal) || words.is_some_and(|words| *code == words.zh || *code == words.en)
        }
        step::Refused::Field(field, problem) => {
            refusal.fields.iter().any(|one| one.field == *field && one.problem == *problem)
        }
    }
}

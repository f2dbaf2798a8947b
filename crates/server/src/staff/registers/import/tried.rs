//! Trying an import: every row goes through the very rules that would decide it, against what is stored, and nothing is
//! written. All bad cells are found, never only the first. Some rows at a time are planned and decided beside others; what they
//! have in common (the same row twice, a value that stands once) is looked at in the order of the file.

use super::check::{Prepared, newest, settle_key};
use super::columns;
use super::job::{Counts, Job, Stage, Step};
use super::plan::{BadCell, Problem, SaidOnce, header_findings};
use crate::error::Error;
use crate::web::Web;
use futures_util::stream::{self, StreamExt as _};
use ganglion_kernel::batch::{Batch, want, want_more};
use ganglion_kernel::decide::{Given, unique_values_of_row};
use ganglion_kernel::route::{elsewhere, point_of};
use ganglion_model::change::{Actor, Body, Command, Refusal, RefusalCode};
use ganglion_model::{CommandId, Record, RowKey, Shard};
use jiff::civil::Date;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Rows tried at a time.
const ROWS_AT_ONCE: usize = 500;
/// How many times so many rows are under way: one more than are decided would only fill memory.
const ABREAST: usize = 2;
/// Bad cells kept.
pub const FINDINGS_MAX: usize = 100_000;
/// Rows kept of which something unusual is said.
const UNUSUAL_MAX: usize = 500;

/// What was found.
#[derive(Default)]
struct Found {
    counts: Counts,
    findings: Vec<BadCell>,
    unusual: Vec<BadCell>,
    steps: Vec<Step>,
    /// Keys seen so far.
    keys: HashSet<(Shard, String)>,
    /// Values that stand once, seen so far.
    unique: HashMap<(Shard, String, String), String>,
    /// What the header said already.
    said: Option<SaidOnce>,
}

impl Found {
    fn bad(&mut self, mut cells: Vec<BadCell>) {
        if let Some(said) = &self.said {
            cells.retain(|cell| !said.covers(cell));
        }
        if cells.is_empty() && self.said.is_some() {
            return;
        }
        self.counts.refused += 1;
        let room = FINDINGS_MAX.saturating_sub(self.findings.len());
        self.findings.extend(cells.into_iter().take(room));
    }

    /// Takes some rows in.
    fn take(&mut self, prepared: &Prepared, rows: Vec<(usize, Row)>) {
        for (line, row) in rows {
            match row {
                Row::Bad(cells) => self.bad(cells),
                Row::Good(good) => self.good(prepared, line, *good),
            }
        }
    }

    fn good(&mut self, prepared: &Prepared, line: usize, good: Good) {
        for (field, value) in good.unique {
            let held = self.unique.insert((good.shard, field.clone(), value), good.key.clone());
            if let Some(other) = held.filter(|other| *other != good.key) {
                let refusal = Refusal::new(RefusalCode::Duplicate).with("number", other).with("field", field);
                return self.bad(prepared.with_plan(|plan| plan.refused(line, &refusal)));
            }
        }
        match good.becomes {
            Becomes::New => self.counts.new += 1,
            Becomes::Same => self.counts.same += 1,
            Becomes::Changed => self.counts.changed += 1,
        }
        let row = (good.shard, good.key);
        if !matches!(good.becomes, Becomes::Same) {
            let known = good.is_known || self.keys.contains(&row);
            let line = u32::try_from(line).unwrap_or(u32::MAX);
            self.steps.push(Step { line, version: good.version, known });
            self.unusual.extend(good.unusual.filter(|_| self.unusual.len() < UNUSUAL_MAX));
        }
        self.keys.insert(row);
    }
}

/// A row of the file as a command, with its line and the cells of it that cannot be read.
type Line = (Command, (usize, Vec<BadCell>));

/// A row before it is tried.
enum Asked {
    /// All of it can be read.
    Whole(Command),
    /// These cells cannot be read; the rest is tried.
    Rest(Command, Vec<BadCell>),
    /// It is wrong whatever it says.
    Wrong(Vec<BadCell>),
}

/// A row as it was tried.
enum Row {
    /// What is wrong with it.
    Bad(Vec<BadCell>),
    /// It would be taken.
    Good(Box<Good>),
}

/// A row that would be taken.
struct Good {
    shard: Shard,
    key: String,
    /// The version that was seen; 0 for a new one.
    version: u32,
    /// Whether it is there already.
    is_known: bool,
    becomes: Becomes,
    /// Its values that stand once.
    unique: Vec<(String, String)>,
    unusual: Option<BadCell>,
}

enum Becomes {
    New,
    Changed,
    Same,
}

/// Tries a whole file.
///
/// # Errors
/// Storage.
pub async fn run(web: &Web, job: &Job, prepared: Arc<Prepared>, actor: Actor) -> Result<(), Error> {
    let findings = header_findings(&prepared.register, &prepared.header);
    // Errors of the header and of the cells are told together: whoever mends a table mends all of it at once.
    let said = (!findings.is_empty()).then(|| SaidOnce::of(&prepared.register, &prepared.header));
    let mut found = Found { findings, said, ..Found::default() };
    let lines: Vec<usize> = prepared.with_plan(|plan| plan.lines().collect());
    job.begin(Stage::Checking, lines.len() as u64);
    let failed = |error: tokio::task::JoinError| Error::Internal(error.to_string());
    let chunks: Vec<Vec<usize>> = lines.chunks(ROWS_AT_ONCE).map(<[usize]>::to_vec).collect();
    let planned = stream::iter(chunks).map(|lines| {
        let (prepared, actor) = (prepared.clone(), actor.clone());
        async move { tokio::task::spawn_blocking(move || plan(&prepared, &lines, &actor)).await.map_err(failed) }
    });
    let mut seen = HashMap::new();
    let tried = planned.buffered(ABREAST).map(|planned| {
        let rows = planned.map(|lines| apart(&prepared, lines, &mut seen));
        let (web, prepared) = (web.clone(), prepared.clone());
        async move {
            let rows = rows?;
            tokio::spawn(async move { try_rows(&web, &prepared, rows).await }).await.map_err(failed)?
        }
    });
    let mut tried = std::pin::pin!(tried.buffered(ABREAST));
    while let Some(rows) = tried.next().await {
        if job.is_stopped() {
            job.facts.lock().stage = Stage::Cancelled;
            return Ok(());
        }
        let rows = rows?;
        job.advance(rows.len() as u64);
        found.take(&prepared, rows);
    }
    found.findings.sort_by_key(|cell| cell.row);
    let mut facts = job.facts.lock();
    let clean = found.findings.is_empty() && found.counts.refused == 0;
    facts.stage = if clean { Stage::Ready } else { Stage::Refused };
    facts.counts = found.counts;
    facts.findings = found.findings;
    facts.unusual = found.unusual;
    facts.steps = if clean { found.steps } else { Vec::new() };
    Ok(())
}

/// The rows of some lines. Those with a cell that cannot be read come last, so that nothing is judged by them.
fn plan(prepared: &Prepared, lines: &[usize], actor: &Actor) -> Vec<Line> {
    let mut all: Vec<Line> = prepared.with_plan(|plan| {
        let of = |line: &usize| {
            let (mut planned, bad) = plan.planned(*line);
            let of_place = |one: &BadCell| matches!(&one.problem, Problem::Field(finding) if finding.field == "place");
            if let Some(place) = prepared.some_place.filter(|_| bad.iter().any(of_place)) {
                (planned.wish.place, planned.shard) = (Some(place), place.shard());
            }
            // Whether the row is there is not known yet: its key is named, and taken away again where it is new.
            planned.wish.key = plan.register.key_of(&planned.wish.form);
            let id = CommandId(uuid::Uuid::from_u128(*line as u128));
            let body = Body::Row { wish: Box::new(planned.wish) };
            (Command { id, shard: planned.shard, actor: actor.clone(), body }, (*line, bad))
        };
        lines.iter().map(of).collect()
    });
    all.sort_by_key(|(_, (line, bad))| (!bad.is_empty(), *line));
    all
}

/// Rows seen so far: shard, key and first day, with the line.
type Seen = HashMap<(Shard, String, Option<Date>), usize>;

/// Rows to be tried; one that stands in an earlier line is wrong whatever it says.
fn apart(prepared: &Prepared, lines: Vec<Line>, seen: &mut Seen) -> Vec<(usize, Asked)> {
    let each = |(command, (line, bad)): Line| {
        if !bad.is_empty() {
            return (line, Asked::Rest(command, bad));
        }
        let Body::Row { wish } = &command.body else { return (line, Asked::Whole(command)) };
        let row = (command.shard, wish.key.clone().unwrap_or_default(), wish.from);
        let first = *seen.entry(row).or_insert(line);
        (line, if first == line { Asked::Whole(command) } else { Asked::Wrong(twice(prepared, line, first)) })
    };
    lines.into_iter().map(each).collect()
}

fn twice(prepared: &Prepared, line: usize, first: usize) -> Vec<BadCell> {
    let name = &prepared.register.key;
    let index = prepared.register.fields.iter().position(|field| field.name == *name);
    let column =
        prepared.header.columns.iter().find(|(_, one)| Some(one) == index.map(columns::Column::Field).as_ref());
    let problem = Problem::Twice { row: first + 1 };
    prepared.with_plan(|plan| column.map(|(at, _)| plan.bad(line, *at, problem)).into_iter().collect())
}

/// Tries some rows: one batch that is never written.
async fn try_rows(web: &Web, prepared: &Prepared, rows: Vec<(usize, Asked)>) -> Result<Vec<(usize, Row)>, Error> {
    let command = |(_, asked): &(usize, Asked)| match asked {
        Asked::Whole(command) | Asked::Rest(command, _) => Some(command.clone()),
        Asked::Wrong(_) => None,
    };
    let commands: Vec<Command> = rows.iter().filter_map(command).collect();
    let mut wanted = want(&prepared.world, &commands, web.now);
    wanted.answers.clear();
    let loaded = web.app.store.load(&wanted).await?;
    let known: HashMap<RowKey, Record> = newest(&loaded.records);
    let mut batch = Batch::new(&prepared.world, &web.app.ring, loaded);
    batch.asked(&wanted);
    let more = want_more(&prepared.world, batch.state(), &commands, web.now);
    if !more.is_empty() {
        let loaded = web.app.store.load(&more).await?;
        batch.add(&more, loaded);
    }
    let given = Given { now: web.now, id: uuid::Uuid::nil(), key: [0; 32] };
    let mut tried = Vec::with_capacity(rows.len());
    for (line, asked) in rows {
        let (mut command, bad) = match asked {
            Asked::Whole(command) => (command, Vec::new()),
            Asked::Rest(command, bad) => (command, bad),
            Asked::Wrong(cells) => {
                tried.push((line, Row::Bad(cells)));
                continue;
            }
        };
        settle_key(&prepared.world, &mut command, &known);
        follow_earlier_line(prepared, &batch, &mut command);
        for round in 0.. {
            let Some(more) = batch.needs(&command, &given, round) else { break };
            let loaded = web.app.store.load(&more).await?;
            batch.add(&more, loaded);
        }
        let row = if bad.is_empty() {
            try_row(prepared, &mut batch, (&command, &given), line)
        } else {
            try_rest(prepared, &mut batch, (&command, &given), (line, bad))
        };
        tried.push((line, row));
    }
    Ok(tried)
}

/// What else is wrong with a row of which a cell cannot be read: whoever mends the file mends all of the row at once.
fn try_rest(
    prepared: &Prepared,
    batch: &mut Batch<'_>,
    (command, given): (&Command, &Given),
    (line, bad): (usize, Vec<BadCell>),
) -> Row {
    let refusal = batch.run(command, given).err().filter(|refusal| !refusal.fields.is_empty());
    let more = refusal.map(|refusal| prepared.with_plan(|plan| plan.refused(line, &refusal))).unwrap_or_default();
    let more: Vec<BadCell> = more.into_iter().filter(|one| bad.iter().all(|cell| cell.column != one.column)).collect();
    Row::Bad(bad.into_iter().chain(more).collect())
}

/// A dated row may have several lines: each follows the version the one before it put.
fn follow_earlier_line(prepared: &Prepared, batch: &Batch<'_>, command: &mut Command) {
    let Body::Row { wish } = &mut command.body else { return };
    let Some(key) = prepared.register.key_of(&wish.form).filter(|_| prepared.register.dated) else { return };
    let row = (command.shard, wish.register.clone(), key.clone());
    if let Some(version) = batch.state().newest(&row).map(|one| one.version) {
        (wish.key, wish.version) = (Some(key), Some(version));
    }
}

fn try_row(prepared: &Prepared, batch: &mut Batch<'_>, (command, given): (&Command, &Given), line: usize) -> Row {
    let Body::Row { wish } = &command.body else { return Row::Bad(Vec::new()) };
    let key = wish.key.clone().or_else(|| prepared.register.key_of(&wish.form)).unwrap_or_default();
    let row = (command.shard, wish.register.clone(), key.clone());
    let before = batch.state().newest(&row).cloned();
    let before = before.or_else(|| prepared.world.latest(&wish.register, &key).cloned());
    if let Err(refusal) = batch.run(command, given) {
        return Row::Bad(prepared.with_plan(|plan| plan.refused(line, &refusal)));
    }
    let after = batch.state().newest(&row);
    let unique = after.map(|one| unique_values_of_row(&prepared.register, &one.fields)).unwrap_or_default();
    let is_same = before.as_ref().zip(after).is_some_and(|(before, after)| same(prepared, before, after));
    Row::Good(Box::new(Good {
        shard: command.shard,
        key,
        version: wish.version.unwrap_or(0),
        is_known: wish.key.is_some(),
        becomes: match (&before, is_same) {
            (None, _) => Becomes::New,
            (Some(_), true) => Becomes::Same,
            (Some(_), false) => Becomes::Changed,
        },
        unique,
        unusual: after.filter(|_| !is_same).and_then(|after| unusual(prepared, line, after)),
    }))
}

/// A position that lies in another place than its row.
fn unusual(prepared: &Prepared, line: usize, after: &Record) -> Option<BadCell> {
    let point = point_of(after.fields.get(prepared.register.location.as_deref()?))?;
    let chosen = after.place?;
    let lies = elsewhere(&prepared.world.places, point, chosen)?;
    Some(prepared.with_plan(|plan| plan.elsewhere(line, (lies, chosen))))
}

/// Whether a row would be as it is. Personal values are sealed anew each time: a row that gives one counts as changed.
fn same(prepared: &Prepared, before: &Record, after: &Record) -> bool {
    let holds = !prepared.register.dated || before.valid_on(after.valid_from.unwrap_or(jiff::civil::Date::MIN));
    holds && before.place == after.place && before.valid_to == after.valid_to && before.fields == after.fields
}

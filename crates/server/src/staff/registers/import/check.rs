//! Trying an import: every row goes through the very rules that would decide it, against what is stored, and nothing is
//! written. All bad cells are found, never only the first.

use super::cells::Reader;
use super::columns::{self, FrameWords, Header};
use super::job::{Counts, Job, Stage, Step};
use super::named::RowNames;
use super::plan::{BadCell, Plan, Problem, SaidOnce, header_findings};
use super::table::{Sheet, TableError};
use crate::error::Error;
use crate::place_names::PlaceNames;
use crate::web::Web;
use ganglion_kernel::World;
use ganglion_kernel::batch::{Batch, NEEDS_MAX, want, want_more};
use ganglion_kernel::decide::Given;
use ganglion_kernel::route::{elsewhere, point_of};
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::pack::{Register, Scope};
use ganglion_model::{CommandId, Lang, Level, PlaceCode, Record, RowKey, Shard};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Rows tried at a time.
const ROWS_AT_ONCE: usize = 500;
/// Bad cells kept.
pub const FINDINGS_MAX: usize = 100_000;
/// Rows kept of which something unusual is said.
const UNUSUAL_MAX: usize = 500;

/// A file made ready: its sheet, its header, and how its cells are read.
pub struct Prepared {
    /// The world it is tried in.
    pub world: Arc<World>,
    /// The register.
    pub register: Register,
    /// The sheet.
    pub sheet: Sheet,
    /// Its header.
    pub header: Header,
    yes_no: (Vec<String>, Vec<String>),
    some_shard: Shard,
    names: PlaceNames,
    /// Rows of other registers by what the cells call them; none until they are read.
    pub rows: RowNames,
    stand_in: Option<PlaceCode>,
    /// Some place rows may be kept at: a row whose own cannot be read is tried there, for what else is wrong with it.
    some_place: Option<PlaceCode>,
}

impl Prepared {
    /// Reads the file of an import against its register.
    ///
    /// # Errors
    /// Why it is no table, or that its header is not found (`None`).
    pub fn new(web: &Web, register: &Register, bytes: &[u8]) -> Result<Prepared, Option<TableError>> {
        let sheet = super::table::read(bytes).map_err(Some)?;
        let both = |keys: &[&str]| -> Vec<String> {
            let langs = [Lang::Zh, Lang::En];
            langs.iter().flat_map(|lang| keys.iter().map(|key| web.said_in(*lang, key))).collect()
        };
        let words = FrameWords {
            place: place_words(register, &both),
            from: both(&["row-from"]),
            until: both(&["row-until-short"]),
            why: both(&["row-why"]),
            beside: both(&["reg-key", "reg-valid"]),
        };
        let header = columns::header(register, &words, &sheet.rows).ok_or(None)?;
        let has_place =
            register.field("place").is_some() || header.columns.iter().any(|(_, one)| *one == columns::Column::Place);
        let root = web.post().map_or(web.world.places.root, |post| post.place);
        let some_place = stand_in(web, register, root);
        let county = root.at(Level::County);
        let some_shard = county.map_or_else(
            || crate::staff::find::counties(web, root).first().copied().unwrap_or(Shard::DEPLOYMENT),
            |county| county.shard(),
        );
        Ok(Prepared {
            names: crate::staff::find::place_names(web, root),
            rows: RowNames::default(),
            // A row whose cell for the place is empty is not put anywhere: only a whole column may be stood in for.
            stand_in: if has_place { None } else { some_place },
            some_place,
            world: web.world.clone(),
            register: register.clone(),
            sheet,
            header,
            yes_no: (both(&["yes"]), both(&["no"])),
            some_shard,
        })
    }

    /// The plan over the file, with its reader.
    pub fn with_plan<T>(&self, each: impl FnOnce(&Plan<'_>) -> T) -> T {
        let reader = Reader { model: &self.world.model, places: &self.names, rows: &self.rows, yes_no: &self.yes_no };
        each(&Plan {
            register: &self.register,
            header: &self.header,
            rows: &self.sheet.rows,
            reader: &reader,
            some_shard: self.some_shard,
            stand_in: self.stand_in,
        })
    }
}

/// What a column with the places of rows may be headed: place, its name, its code, or the word for its level.
fn place_words(register: &Register, both: &dyn Fn(&[&str]) -> Vec<String>) -> Vec<String> {
    let mut words = both(&["col-place", "import-place-name", "import-place-code"]);
    if let Scope::Place(level) = register.scope {
        let word = format!("level-{}", level.as_str());
        words.extend(both(&[word.as_str()]));
    }
    words
}

/// Some place at which rows of the register are kept.
fn stand_in(web: &Web, register: &Register, root: PlaceCode) -> Option<PlaceCode> {
    let Scope::Place(level) = register.scope else { return None };
    root.at(level).or_else(|| {
        let mut inside = web.world.places.tree.inside(root, web.today());
        inside.find(|place| place.code.level() == level).map(|place| place.code)
    })
}

/// What was found.
#[derive(Default)]
struct Found {
    counts: Counts,
    findings: Vec<BadCell>,
    unusual: Vec<BadCell>,
    steps: Vec<Step>,
    /// Rows seen so far: shard, key and first day, with the line.
    seen: HashMap<(Shard, String, Option<jiff::civil::Date>), usize>,
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
}

/// Tries a whole file.
///
/// # Errors
/// Storage.
pub async fn run(web: &Web, job: &Job, prepared: Prepared, actor: Actor) -> Result<(), Error> {
    let findings = header_findings(&prepared.register, &prepared.header);
    // Errors of the header and of the cells are told together: whoever mends a table mends all of it at once.
    let said = (!findings.is_empty()).then(|| SaidOnce::of(&prepared.register, &prepared.header));
    let mut found = Found { findings, said, ..Found::default() };
    let lines: Vec<usize> = prepared.with_plan(|plan| plan.lines().collect());
    job.begin(Stage::Checking, lines.len() as u64);
    for chunk in lines.chunks(ROWS_AT_ONCE) {
        if job.is_stopped() {
            job.facts.lock().stage = Stage::Cancelled;
            return Ok(());
        }
        try_rows(web, &prepared, (chunk, &actor), &mut found).await?;
        job.advance(chunk.len() as u64);
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

/// Tries some rows: one batch that is never written.
async fn try_rows(
    web: &Web,
    prepared: &Prepared,
    (lines, actor): (&[usize], &Actor),
    found: &mut Found,
) -> Result<(), Error> {
    let (mut commands, kept): (Vec<Command>, Vec<(usize, Vec<BadCell>)>) =
        rows(prepared, lines, actor).into_iter().unzip();
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
    for (command, (line, bad)) in commands.iter_mut().zip(kept) {
        settle_key(&prepared.world, command, &known);
        follow_earlier_line(prepared, &batch, command);
        let given = Given { now: web.now, id: uuid::Uuid::nil(), key: [0; 32] };
        for _ in 0..NEEDS_MAX {
            let Some(more) = batch.needs(command, &given) else { break };
            let loaded = web.app.store.load(&more).await?;
            batch.add(&more, loaded);
        }
        if bad.is_empty() {
            try_row(prepared, &mut batch, (command, &given), (line, found));
        } else {
            try_rest(prepared, &mut batch, (command, &given), (line, bad, found));
        }
    }
    Ok(())
}

/// A row of the file as a command, with its line and the cells of it that cannot be read.
type Line = (Command, (usize, Vec<BadCell>));

/// The rows of some lines. Those with a cell that cannot be read come last, so that nothing is judged by them.
fn rows(prepared: &Prepared, lines: &[usize], actor: &Actor) -> Vec<Line> {
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

/// What else is wrong with a row of which a cell cannot be read: whoever mends the file mends all of the row at once.
fn try_rest(
    prepared: &Prepared,
    batch: &mut Batch<'_>,
    (command, given): (&Command, &Given),
    (line, bad, found): (usize, Vec<BadCell>, &mut Found),
) {
    let refusal = batch.run(command, given).err().filter(|refusal| !refusal.fields.is_empty());
    let more = refusal.map(|refusal| prepared.with_plan(|plan| plan.refused(line, &refusal))).unwrap_or_default();
    let more: Vec<BadCell> = more.into_iter().filter(|one| bad.iter().all(|cell| cell.column != one.column)).collect();
    found.bad(bad.into_iter().chain(more).collect());
}

/// The newest version of each row.
pub fn newest(records: &[Record]) -> HashMap<RowKey, Record> {
    let mut newest: HashMap<RowKey, Record> = HashMap::new();
    for record in records {
        let known = newest.entry(record.row_key()).or_insert_with(|| record.clone());
        if (record.version, record.valid_from) > (known.version, known.valid_from) {
            *known = record.clone();
        }
    }
    newest
}

/// A row that is not there is put as a new one, and every row says which version was seen.
pub fn settle_key(world: &World, command: &mut Command, known: &HashMap<RowKey, Record>) {
    let Body::Row { wish } = &mut command.body else { return };
    let key = wish.key.clone().unwrap_or_default();
    let stored = known.get(&(command.shard, wish.register.clone(), key.clone()));
    let version = stored.map(|one| one.version).or_else(|| {
        let versions = world.versions(&wish.register, &key);
        versions.iter().map(|one| one.version).max()
    });
    if version.is_none() {
        wish.key = None;
    }
    wish.version = Some(version.unwrap_or(0));
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

fn try_row(
    prepared: &Prepared,
    batch: &mut Batch<'_>,
    (command, given): (&Command, &Given),
    (line, found): (usize, &mut Found),
) {
    let Body::Row { wish } = &command.body else { return };
    let bad = |problem: ganglion_model::Refusal| prepared.with_plan(|plan| plan.refused(line, &problem));
    let key = wish.key.clone().or_else(|| prepared.register.key_of(&wish.form)).unwrap_or_default();
    let twice = (command.shard, key.clone(), wish.from);
    if let Some(first) = found.seen.get(&twice).copied() {
        let name = prepared.register.key.clone();
        let problem = Problem::Twice { row: first + 1 };
        let index = prepared.register.fields.iter().position(|field| field.name == name);
        let column =
            prepared.header.columns.iter().find(|(_, one)| Some(one) == index.map(columns::Column::Field).as_ref());
        let cells =
            prepared.with_plan(|plan| column.map(|(at, _)| plan.bad(line, *at, problem.clone())).into_iter().collect());
        return found.bad(cells);
    }
    found.seen.insert(twice, line);
    let row = (command.shard, wish.register.clone(), key.clone());
    let before = batch.state().newest(&row).cloned();
    let before = before.or_else(|| prepared.world.latest(&wish.register, &key).cloned());
    if let Err(refusal) = batch.run(command, given) {
        return found.bad(bad(refusal));
    }
    let after = batch.state().newest(&row).cloned();
    let values =
        after.as_ref().map(|one| ganglion_kernel::decide::unique_values_of_row(&prepared.register, &one.fields));
    for (field, value) in values.unwrap_or_default() {
        let held = found.unique.insert((command.shard, field.clone(), value), key.clone());
        if let Some(other) = held.filter(|other| *other != key) {
            let refusal = ganglion_model::Refusal::new(ganglion_model::RefusalCode::Duplicate);
            return found.bad(bad(refusal.with("number", other).with("field", field)));
        }
    }
    let is_same = before.as_ref().zip(after.as_ref()).is_some_and(|(before, after)| same(prepared, before, after));
    match (&before, is_same) {
        (None, _) => found.counts.new += 1,
        (Some(_), true) => found.counts.same += 1,
        (Some(_), false) => found.counts.changed += 1,
    }
    if !is_same {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let known = wish.key.is_some() || found.keys.contains(&(command.shard, key.clone()));
        found.steps.push(Step { line, version: wish.version.unwrap_or(0), known });
        let unusual = after.as_ref().and_then(|after| unusual(prepared, line as usize, after));
        found.unusual.extend(unusual.filter(|_| found.unusual.len() < UNUSUAL_MAX));
    }
    found.keys.insert((command.shard, key));
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

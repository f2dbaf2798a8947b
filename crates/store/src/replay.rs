//! The journal played again into an empty store: the same rows, timers, figures and Merkle root must come out.
//!
//! Every line is checked on the way: no gap, its bytes canonical, its hash the one noted, the root the one of the head. The lines of
//! a page are checked on a thread of their own while those of the page before are applied and written.
//! What the journal does not hold is not restored: sequences of numbers, recorded answers, unique values, row keys.

use crate::aside::aside;
use ganglion_indicators::fold::cells_of_changes;
use ganglion_indicators::{Fact, FactChange, fact_changes, facts_of_case};
use ganglion_kernel::apply::apply_all;
use ganglion_kernel::batch::{kind_of, timers_of};
use ganglion_kernel::decide::State;
use ganglion_kernel::figures::rows;
use ganglion_kernel::merkle::{Frontier, Hash};
use ganglion_kernel::notice::{Standing, standing};
use ganglion_kernel::port::{CaseWrite, Head, Line, ShardWrite, Store, StoredLine, Timer, Want};
use ganglion_kernel::queue::{Waiting, waiting_of};
use ganglion_kernel::rules::{self, Violation, broken_by_case};
use ganglion_kernel::world::put_version;
use ganglion_kernel::{StoreError, World, journal};
use ganglion_model::change::Change;
use ganglion_model::clocks::local_date;
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, Entry, PlaceCode, Shard, row_id};
use std::collections::BTreeMap;

/// Lines replayed in one write. Most of what happens to a case happens within days, so that a long page writes it once or twice
/// rather than once a line; a page and the one read ahead are some 50 MB in memory. Where the laws are tried journals are short.
const PAGE: u32 = if cfg!(debug_assertions) { 30 } else { 8_000 };

/// Why a journal does not replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A line is not what it should be.
    #[error("journal line {shard}/{seq}: {reason}")]
    Line {
        /// Shard.
        shard: Shard,
        /// Line.
        seq: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The lines do not give the tree of the head.
    #[error("the journal of shard {0} does not give the Merkle root that was published")]
    Root(Shard),
}

/// Where a shard stands after replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Shard.
    pub shard: Shard,
    /// Lines.
    pub lines: u64,
    /// Merkle root over them.
    pub root: Hash,
}

/// Plays every shard's journal of `from` into `into`, which must be empty.
///
/// # Errors
/// See [`ReplayError`]; `into` is then incomplete.
pub async fn replay(from: &dyn Store, into: &dyn Store, world: &World) -> Result<Vec<Replayed>, ReplayError> {
    replay_to(from, into, world, None).await
}

/// As [`replay`], each journal only up to a line: as it stood then. Shards that are not named are left out.
///
/// # Errors
/// See [`ReplayError`].
pub async fn replay_to(
    from: &dyn Store,
    into: &dyn Store,
    world: &World,
    upto: Option<&BTreeMap<Shard, u64>>,
) -> Result<Vec<Replayed>, ReplayError> {
    let mut done = Vec::new();
    for (shard, head) in from.shards().await? {
        let end = match upto {
            None => head.seq,
            Some(upto) => upto.get(&shard).copied().unwrap_or_default().min(head.seq),
        };
        let mut tip = Head::default();
        let mut page = checked(from, shard, (0, end)).await?;
        while let Some(last) = page.last() {
            let after = last.entry.seq;
            // What comes next is read before this page is written, and checked meanwhile.
            let (next, played) =
                tokio::join!(checked(from, shard, (after, end)), play(into, world, (shard, tip), page));
            tip = played?;
            page = next?;
        }
        if end == head.seq && tip.frontier != head.frontier {
            return Err(ReplayError::Root(shard));
        }
        done.push(Replayed { shard, lines: tip.seq, root: tip.frontier.root() });
    }
    Ok(done)
}

/// The page of lines in `(after, end]`, read and checked; empty at the end of the journal.
async fn checked(from: &dyn Store, shard: Shard, (after, end): (u64, u64)) -> Result<Vec<Line>, ReplayError> {
    let page = u32::try_from(end.saturating_sub(after)).unwrap_or(PAGE).min(PAGE);
    if page == 0 {
        return Ok(Vec::new());
    }
    let lines = from.lines_after(shard, after, page).await?;
    aside(move || read(shard, after, &lines)).await?
}

/// Reads a page of lines that follow line `after`.
fn read(shard: Shard, after: u64, lines: &[StoredLine]) -> Result<Vec<Line>, ReplayError> {
    let follows = after + 1..;
    follows.zip(lines).map(|(seq, line)| read_line(shard, seq, line)).collect()
}

fn read_line(shard: Shard, seq: u64, line: &StoredLine) -> Result<Line, ReplayError> {
    let wrong = |reason: String| ReplayError::Line { shard, seq, reason };
    if line.seq != seq {
        return Err(wrong(format!("missing; the next line is {}", line.seq)));
    }
    let hash = journal::hash(&line.canonical);
    if hash != line.hash {
        return Err(wrong("its bytes do not give the hash noted with it".to_owned()));
    }
    let entry: Entry = serde_json::from_str(&line.canonical).map_err(|error| wrong(error.to_string()))?;
    if (entry.shard, entry.seq) != (shard, seq) {
        return Err(wrong(format!("it says it is line {}/{}", entry.shard, entry.seq)));
    }
    let again = journal::canonical(&entry).map_err(|error| wrong(error.to_string()))?;
    if again != line.canonical {
        return Err(wrong("its bytes are not canonical".to_owned()));
    }
    let case = match &entry.change {
        Change::Opened { case } => Some(case.id),
        Change::Case { case, .. } => Some(*case),
        Change::Record { record } => Some(record.id()),
        Change::Erased { subject, .. } => Some(*subject),
        Change::RecordGone { register, key, .. } => Some(row_id(shard, register, key)),
        Change::Proposal { proposal } => Some(row_id(proposal.shard, &proposal.wish.register, &proposal.key)),
    };
    Ok(Line { entry, canonical: again, hash, case })
}

/// A case of a page, and what it contributed before the page.
struct Touched {
    case: Case,
    is_new: bool,
    facts: Vec<Fact>,
    timers: Vec<Timer>,
    broken: Vec<Violation>,
    waiting: Option<Waiting>,
    notices: Vec<Standing>,
}

/// Applies a page of lines and writes what came out; gives the head afterwards.
async fn play(
    into: &dyn Store,
    world: &World,
    (shard, tip): (Shard, Head),
    lines: Vec<Line>,
) -> Result<Head, ReplayError> {
    let cases = lines.iter().filter_map(|line| Some((shard, line.case?))).collect();
    let records = lines.iter().filter_map(|line| row_of(&line.entry)).collect();
    let loaded = into.load(&Want { cases, records, ..Want::default() }).await?;
    let mut touched: BTreeMap<CaseId, Touched> = BTreeMap::new();
    for case in loaded.cases {
        let (facts, timers) = (facts_of_case(&world.model, world, &case), timers_of(&case));
        let broken = broken_by_case(&world.model, world, &case, Some(local_date(case.updated_at)));
        let (waiting, notices) = (waiting_of(world, &case), standing(&case));
        touched.insert(case.id, Touched { case, is_new: false, facts, timers, broken, waiting, notices });
    }
    let mut write = ShardWrite { shard, expected_seq: tip.seq, ..ShardWrite::default() };
    let mut frontier: Frontier = tip.frontier;
    for line in &lines {
        frontier.push(line.hash);
        take(&mut touched, &mut write, &line.entry)?;
    }
    write.head = Head { seq: tip.seq + lines.len() as u64, frontier, ..Head::default() };
    write.lines = lines;
    // In the order of their ids, and facts in that of their keys: neighbours on a page are written together.
    for one in touched.into_values() {
        settle(world, &mut write, one);
    }
    write.facts.sort_by(|a, b| key_of(a).cmp(&key_of(b)));
    let write = settle_rows(world, (shard, loaded.records), write);
    let head = write.head.clone();
    into.write(&[write]).await?;
    Ok(head)
}

/// Where a fact that changed stands.
fn key_of(change: &FactChange) -> Option<(&str, i32, PlaceCode, CaseId)> {
    let fact = change.after.as_ref().or(change.before.as_ref())?;
    Some((&fact.measure, fact.day, fact.place, change.case))
}

/// The register row a line changed.
fn row_of(entry: &Entry) -> Option<RowKey> {
    match &entry.change {
        Change::Record { record } => Some(record.row_key()),
        Change::RecordGone { register, key, .. } => Some((entry.shard, register.clone(), key.clone())),
        _ => None,
    }
}

/// Adds what the rows of a page refer to and which rules they break.
fn settle_rows(world: &World, (shard, loaded): (Shard, Vec<Record>), write: ShardWrite) -> ShardWrite {
    let mut state = State::default();
    for line in &write.lines {
        if let Some(row) = row_of(&line.entry) {
            state.records.entry(row).or_default();
        }
    }
    for record in loaded {
        put_version(state.records.entry(record.row_key()).or_default(), record);
    }
    let before: BTreeMap<RowKey, Vec<Record>> = state.records.clone().into_iter().collect();
    for line in &write.lines {
        match (row_of(&line.entry), &line.entry.change) {
            (Some(row), Change::Record { record }) => {
                put_version(state.records.entry(row).or_default(), Record::clone(record));
            }
            (Some(row), Change::RecordGone { valid_from, .. }) => {
                state.records.entry(row).or_default().retain(|one| one.valid_from != *valid_from);
            }
            _ => {}
        }
    }
    let mut writes = BTreeMap::from([(shard, write)]);
    ganglion_kernel::batch::settle_rows(world, &state, &before, &mut writes);
    rows::settle(world, &state, &before, &mut writes);
    let mut write = writes.remove(&shard).unwrap_or_default();
    write.cells.retain(|_, cell| *cell != (0, 0));
    write
}

/// Applies one line to the rows in memory.
fn take(touched: &mut BTreeMap<CaseId, Touched>, write: &mut ShardWrite, entry: &Entry) -> Result<(), ReplayError> {
    let wrong = |reason: &str| ReplayError::Line { shard: entry.shard, seq: entry.seq, reason: reason.to_owned() };
    match &entry.change {
        Change::Opened { case } => {
            let row = Touched {
                case: Case::clone(case),
                is_new: true,
                facts: Vec::new(),
                timers: Vec::new(),
                broken: Vec::new(),
                waiting: None,
                notices: Vec::new(),
            };
            if touched.insert(case.id, row).is_some() {
                return Err(wrong("it opens a case that is there already"));
            }
        }
        Change::Case { case, ops, .. } => {
            let row = touched.get_mut(case).ok_or_else(|| wrong("it changes a case that was never opened"))?;
            apply_all(&mut row.case, ops, entry.at);
        }
        Change::Record { record } => {
            write.records_gone.retain(|gone| *gone != (record.register.clone(), record.key.clone(), record.valid_from));
            write.records.push((**record).clone());
        }
        Change::RecordGone { register, key, valid_from } => {
            write.records.retain(|one| (&one.register, &one.key, one.valid_from) != (register, key, *valid_from));
            write.records_gone.push((register.clone(), key.clone(), *valid_from));
        }
        // A store made from the journal alone has no keys to destroy.
        Change::Erased { .. } => {}
        Change::Proposal { proposal } => {
            // One write holds each proposal once, as it stands at the end.
            write.proposals.retain(|one| one.id != proposal.id);
            write.proposals.push((**proposal).clone());
        }
    }
    Ok(())
}

/// Adds what a case comes to after the page.
fn settle(world: &World, write: &mut ShardWrite, touched: Touched) {
    let Touched { case, is_new, facts, timers, broken, waiting, notices } = touched;
    let (noted, kept) =
        rules::changes(&broken, broken_by_case(&world.model, world, &case, Some(local_date(case.updated_at))));
    write.violations.extend(noted);
    write.violations_gone.extend(kept);
    let changes = fact_changes(case.id, facts, facts_of_case(&world.model, world, &case));
    cells_of_changes(&mut write.cells, &world.model, case.shard, &changes);
    write.facts.extend(changes);
    let now = timers_of(&case);
    write.timers_gone.extend(timers.iter().filter(|timer| !now.contains(timer)).cloned());
    write.timers_new.extend(now.into_iter().filter(|timer| !timers.contains(timer)));
    let waits = waiting_of(world, &case);
    if waiting != waits {
        write.waiting_gone.extend(waiting.map(|waiting| waiting.case));
        write.waiting_new.extend(waits);
    }
    let stand = standing(&case);
    if notices != stand {
        write.notices.push((case.id, stand));
    }
    let kind = kind_of(&world.model, &case);
    let words = ganglion_kernel::words::of_case(world, &case);
    write.cases.push(CaseWrite { case, is_new, kind, words: Some(words) });
}

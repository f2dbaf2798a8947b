//! Dictionaries made from rows: what lines and bodies have in common, mostly the names of their parts and what is often said. The first
//! are made when the journal has some lines (or when so many come at once), new ones each time it has grown manyfold, and when other packs
//! have been at work for a while. Old ones stay for the rows that name them.

use super::short::Parts;
use super::{Kind, Packing, case_parts, line_parts};
use crate::sqlite::row::failed;
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{CaseWrite, Line, ShardWrite};
use ganglion_model::Shard;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use std::sync::atomic::Ordering;

pub(super) const ATTEMPTED: &str = "making a dictionary";
/// The text of a journal line and what [`parts`] are made of.
pub(super) const SELECT_LINES: &str =
    "SELECT line_text(entry, packed, case_id, command, at, seq, shard), case_id, command, at, seq, shard";
/// The body of a case and what [`parts`] are made of.
pub(super) const SELECT_CASES: &str = "SELECT case_text(body, packed, id, number), id, number";
/// Most bytes of a dictionary: half of them make a line a twentieth longer, twice as many make it as much shorter.
const DICTIONARY_BYTES: usize = 64 << 10;
/// Rows looked at.
const SAMPLES: u64 = 3_000;
/// So many of these are taken from all that were ever written, the others from the last tenth: what is new must be known too, and
/// half of them made lines of seven packs a tenth longer.
const OF_ALL: u64 = SAMPLES / 4 * 3;
/// How many times as many lines there must be before the next dictionaries are made.
const GROWTH: u64 = 16;
/// Lines written with other packs after which new dictionaries are made: the last tenth looks like them by then, or soon will.
const AFTER_PACKS: u64 = 10_000;

/// The number of lines at which dictionaries follow those that were made at `lines`.
pub(super) fn next_after(lines: u64) -> u64 {
    lines.max(1).saturating_mul(GROWTH)
}

/// Dictionaries that are made, and what they are for.
pub(super) type Bodies = Vec<(Kind, Vec<u8>)>;

impl Packing {
    /// Before a batch. One that is itself as long as all that would be waited for, such as a history that is loaded, is packed with
    /// dictionaries made from it. A failure is logged; the batch is then kept as it is.
    pub(in super::super) fn writing(&self, writer: &mut Connection, batch: &[ShardWrite]) {
        self.take_made(writer);
        let lines: usize = batch.iter().map(|write| write.lines.len()).sum();
        let is_long = lines as u64 >= self.due.load(Ordering::Relaxed);
        if !is_long || self.lines.lock().is_some() {
            return;
        }
        let line = |(shard, line): (Shard, &Line)| line_parts(shard, line).shorten(&line.canonical);
        let all = batch.iter().flat_map(|write| write.lines.iter().map(|line| (write.shard, line)));
        let of_lines = every(all, lines).filter_map(line).collect();
        let case = |write: &CaseWrite| {
            let text = serde_json::to_string(&write.case).ok()?;
            case_parts(&write.case).shorten(&text)
        };
        let cases = batch.iter().map(|write| write.cases.len()).sum();
        let of_cases = every(batch.iter().flat_map(|write| &write.cases), cases).filter_map(case).collect();
        let bodies = bodies([(Kind::Line, of_lines), (Kind::Case, of_cases)]);
        if let Err(error) = self.keep(writer, self.written.load(Ordering::Relaxed), bodies) {
            tracing::warn!(%error, "no dictionaries were made; the batch is kept as it is");
        }
    }

    /// After a batch: counts its lines, and makes new dictionaries when it is time, or has a thread begin with it. A failure is logged and
    /// tried again later: rows are kept as they are meanwhile.
    pub(in super::super) fn wrote(&self, writer: &mut Connection, lines: u64) {
        let written = self.written.fetch_add(lines, Ordering::Relaxed) + lines;
        if written < self.due.load(Ordering::Relaxed) || self.is_making() {
            return;
        }
        let made = match self.path_aside(written) {
            Some(path) => self.begin(path, written),
            None => self.learn_now(writer),
        };
        if let Err(error) = made {
            self.not_made(&error);
        }
    }

    /// Makes new dictionaries.
    pub(super) fn learn_now(&self, writer: &mut Connection) -> Result<(), StoreError> {
        let written = self.written.load(Ordering::Relaxed);
        self.due.store(next_after(written), Ordering::Relaxed);
        let bodies = bodies_of_rows(writer)?;
        self.keep(writer, written, bodies)
    }

    /// Other packs were installed: lines will look otherwise.
    pub(in super::super) fn packs_changed(&self) {
        self.due.fetch_min(self.written.load(Ordering::Relaxed) + AFTER_PACKS, Ordering::Relaxed);
    }

    /// Says why there are no new dictionaries, and when it is tried again.
    pub(super) fn not_made(&self, error: &StoreError) {
        tracing::warn!(%error, "no dictionaries were made; rows are packed with the last ones, or kept as they are");
        let again = self.written.load(Ordering::Relaxed).saturating_mul(2);
        self.due.fetch_min(again, Ordering::Relaxed);
    }

    /// Writes dictionaries that were made of `lines` journal lines into the database and packs with them from now on.
    pub(super) fn keep(&self, writer: &mut Connection, lines: u64, bodies: Bodies) -> Result<(), StoreError> {
        let refused = |error: std::io::Error| StoreError::Database { attempted: ATTEMPTED, reason: error.to_string() };
        if bodies.is_empty() {
            return Ok(());
        }
        let transaction =
            writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
        let sql = "INSERT INTO dictionary (kind, at, lines, body) VALUES (?, coalesce((SELECT max(at) FROM journal), 0), ?, ?)";
        let mut ids = Vec::with_capacity(bodies.len());
        for (kind, body) in &bodies {
            transaction.execute(sql, params![kind.name(), lines, body]).map_err(failed(ATTEMPTED))?;
            ids.push(transaction.last_insert_rowid().unsigned_abs());
        }
        // In the database for good before the first row names them.
        transaction.commit().map_err(failed(ATTEMPTED))?;
        for (id, (kind, body)) in ids.into_iter().zip(bodies) {
            self.use_from_now_on(kind, id, &body).map_err(refused)?;
        }
        Ok(())
    }
}

/// Dictionaries made from what stands in the database.
pub(super) fn bodies_of_rows(connection: &Connection) -> Result<Bodies, StoreError> {
    let of = |kind| samples(connection, kind).map_err(failed(ATTEMPTED));
    Ok(bodies([(Kind::Line, of(Kind::Line)?), (Kind::Case, of(Kind::Case)?)]))
}

/// A dictionary for each kind that has rows.
fn bodies(samples: [(Kind, Vec<Vec<u8>>); 2]) -> Bodies {
    let some = samples.into_iter().filter(|(_, samples)| !samples.is_empty());
    // Of very few rows none can be worked out: then they are the dictionary themselves.
    let body = |samples: Vec<Vec<u8>>| {
        zstd::dict::from_samples(&samples, DICTIONARY_BYTES).unwrap_or_else(|_| as_they_are(&samples))
    };
    some.map(|(kind, samples)| (kind, body(samples))).collect()
}

/// So many of `count`, spread over them.
fn every<T>(all: impl Iterator<Item = T>, count: usize) -> impl Iterator<Item = T> {
    let most = usize::try_from(SAMPLES).unwrap_or(usize::MAX);
    all.step_by(count.div_ceil(most).max(1))
}

fn as_they_are(samples: &[Vec<u8>]) -> Vec<u8> {
    let all = samples.concat();
    all[all.len().saturating_sub(DICTIONARY_BYTES)..].to_vec()
}

/// Texts as they would be packed, spread over all rows and over the last tenth.
fn samples(connection: &Connection, kind: Kind) -> rusqlite::Result<Vec<Vec<u8>>> {
    let (table, select) = match kind {
        Kind::Line => (kind.table(), SELECT_LINES),
        Kind::Case => (kind.table(), SELECT_CASES),
    };
    let last: Option<u64> = connection.query_row(&format!("SELECT max(rowid) FROM {table}"), [], |row| row.get(0))?;
    let last = last.unwrap_or(0);
    let mut wanted: Vec<u64> = if last <= SAMPLES {
        (1..=last).collect()
    } else {
        let spread = |from: u64, count: u64| (0..count).map(move |n| from + n * (last - from) / count + 1);
        spread(0, OF_ALL).chain(spread(last - last / 10, SAMPLES - OF_ALL)).collect()
    };
    wanted.sort_unstable();
    wanted.dedup();
    let mut statement = connection.prepare(&format!("{select} FROM {table} WHERE rowid = ?"))?;
    let mut samples = Vec::with_capacity(wanted.len());
    for row in wanted {
        let found = statement.query_row([row], |row| Ok((row.get::<_, String>(0)?, parts(kind, row)?))).optional()?;
        samples.extend(found.and_then(|(text, parts)| parts.shorten(&text)));
    }
    Ok(samples)
}

pub(super) fn parts(kind: Kind, row: &Row<'_>) -> rusqlite::Result<Parts> {
    Ok(match kind {
        Kind::Line => Parts::of_line(row.get(1)?, row.get(2)?, row.get(3)?, (row.get(4)?, row.get(5)?)),
        Kind::Case => Parts::of_case(row.get(1)?, &row.get::<_, String>(2)?),
    })
}

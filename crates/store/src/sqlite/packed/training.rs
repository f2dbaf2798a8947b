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

const ATTEMPTED: &str = "making a dictionary";
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

impl Packing {
    /// Before a batch that is itself as long as all that would be waited for, such as a history that is loaded: it is packed with
    /// dictionaries made from it. A failure is logged; the batch is then kept as it is.
    pub(in super::super) fn writing(&self, writer: &mut Connection, batch: &[ShardWrite]) {
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
        let made = self.learn(writer, Kind::Line, of_lines).and_then(|()| self.learn(writer, Kind::Case, of_cases));
        if let Err(error) = made {
            tracing::warn!(%error, "no dictionaries were made; the batch is kept as it is");
        }
    }

    /// After a batch: counts its lines, and makes new dictionaries when it is time. A failure is logged and tried again later: rows are kept
    /// as they are meanwhile.
    pub(in super::super) fn wrote(&self, writer: &mut Connection, lines: u64) {
        let written = self.written.fetch_add(lines, Ordering::Relaxed) + lines;
        if written < self.due.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.learn_now(writer) {
            tracing::warn!(%error, "no dictionaries were made; rows are packed with the last ones, or kept as they are");
            self.due.store(written.saturating_mul(2), Ordering::Relaxed);
        }
    }

    /// Makes new dictionaries.
    pub(super) fn learn_now(&self, writer: &mut Connection) -> Result<(), StoreError> {
        let written = self.written.load(Ordering::Relaxed);
        self.due.store(next_after(written), Ordering::Relaxed);
        for kind in [Kind::Line, Kind::Case] {
            let samples = samples(writer, kind).map_err(failed(ATTEMPTED))?;
            self.learn(writer, kind, samples)?;
        }
        Ok(())
    }

    /// Other packs were installed: lines will look otherwise.
    pub(in super::super) fn packs_changed(&self) {
        self.due.fetch_min(self.written.load(Ordering::Relaxed) + AFTER_PACKS, Ordering::Relaxed);
    }

    fn learn(&self, writer: &mut Connection, kind: Kind, samples: Vec<Vec<u8>>) -> Result<(), StoreError> {
        let refused = |error: std::io::Error| StoreError::Database { attempted: ATTEMPTED, reason: error.to_string() };
        let lines = self.written.load(Ordering::Relaxed);
        if samples.is_empty() {
            return Ok(());
        }
        // Of very few rows none can be worked out: then they are the dictionary themselves.
        let body = zstd::dict::from_samples(&samples, DICTIONARY_BYTES).unwrap_or_else(|_| as_they_are(&samples));
        let transaction =
            writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
        let sql = "INSERT INTO dictionary (kind, at, lines, body) VALUES (?, coalesce((SELECT max(at) FROM journal), 0), ?, ?)";
        transaction.execute(sql, params![kind.name(), lines, body]).map_err(failed(ATTEMPTED))?;
        let id = transaction.last_insert_rowid().unsigned_abs();
        // In the database for good before the first row names it.
        transaction.commit().map_err(failed(ATTEMPTED))?;
        self.use_from_now_on(kind, id, &body).map_err(refused)
    }
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

//! The register rows of a batch.

use super::row::{Stored, json, jsonb, padded, shard, signed, text};
use super::sql::{Pipeline, column, value};
use super::write::last_of_each;
use ganglion_kernel::port::ShardWrite;
use ganglion_kernel::port_rows::words_of;
use ganglion_model::{Proposal, Record};
use jiff::civil::Date;

const PUT: &str = "INSERT INTO record (shard, register, key, valid_from, valid_to, version, place, updated_at, words, body) \
                   SELECT w.shard, w.register, w.key, w.valid_from, w.valid_to, w.version, w.place, w.updated_at, w.words, \
                   w.body::jsonb FROM unnest($1::int4[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int8[], \
                   $7::int8[], $8::int8[], $9::text[], $10::text[]) w (shard, register, key, valid_from, valid_to, version, \
                   place, updated_at, words, body) ON CONFLICT (shard, register, key, valid_from) DO UPDATE SET \
                   valid_to = excluded.valid_to, version = excluded.version, place = excluded.place, \
                   updated_at = excluded.updated_at, words = excluded.words, body = excluded.body";
const GONE: &str = "DELETE FROM record r USING unnest($1::int4[], $2::text[], $3::text[], $4::text[]) \
                    w (shard, register, key, valid_from) WHERE r.shard = w.shard AND r.register = w.register \
                    AND r.key = w.key AND r.valid_from = w.valid_from";

/// JSON of register rows and proposals, in the order in which they are sent.
pub(super) struct RowTexts {
    records: Vec<String>,
    words: Vec<String>,
    /// Proposals.
    pub proposals: Vec<String>,
}

impl RowTexts {
    /// Of a batch.
    pub fn of(batch: &[ShardWrite]) -> Stored<RowTexts> {
        let attempted = "writing a batch";
        let records = records(batch);
        Ok(RowTexts {
            words: records.iter().map(|one| text(&words_of(one)).into_owned()).collect(),
            records: records.iter().map(|one| jsonb(attempted, one)).collect::<Stored<_>>()?,
            proposals: proposals(batch).iter().map(|one| json(attempted, one)).collect::<Stored<_>>()?,
        })
    }
}

/// A first day as stored.
pub(super) fn from(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

/// The rows of a batch; of those put twice, the last.
fn records(batch: &[ShardWrite]) -> Vec<&Record> {
    let all = batch.iter().flat_map(|write| &write.records);
    last_of_each(all, |one| (one.shard, one.register.as_str(), one.key.as_str(), one.valid_from))
}

/// The proposals of a batch as they stand at its end.
pub(super) fn proposals(batch: &[ShardWrite]) -> Vec<&Proposal> {
    last_of_each(batch.iter().flat_map(|write| &write.proposals), |one| (one.shard, one.id))
}

/// Writes the rows.
pub(super) fn write<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite], texts: &'a RowTexts) {
    pipeline.over(&records(batch), PUT, |w| {
        vec![
            column(w, |one| shard(one.shard)),
            column(w, |one| text(&one.register)),
            column(w, |one| text(&one.key)),
            column(w, |one| from(one.valid_from)),
            column(w, |one| one.valid_to.map(|day| day.to_string())),
            column(w, |one| signed(u64::from(one.version))),
            column(w, |one| one.place.map(padded)),
            column(w, |one| one.updated_at.as_microsecond()),
            value(&texts.words),
            value(&texts.records),
        ]
    });
    let codes: Vec<(&Record, &str)> = records(batch)
        .into_iter()
        .flat_map(|one| one.documents.iter().map(move |issued| (one, issued.code.as_str())))
        .collect();
    pipeline.over(&codes, super::write_cases::CODES, |w| {
        vec![
            column(w, |(one, _)| shard(one.shard)),
            column(w, |(_, code)| text(code)),
            column(w, |(one, _)| one.id().0),
        ]
    });
    let gone: Vec<_> = batch.iter().flat_map(|write| write.records_gone.iter().map(|one| (write.shard, one))).collect();
    pipeline.over(&gone, GONE, |w| {
        vec![
            column(w, |(of, _)| shard(*of)),
            column(w, |(_, one)| text(&one.0)),
            column(w, |(_, one)| text(&one.1)),
            column(w, |(_, one)| from(one.2)),
        ]
    });
}

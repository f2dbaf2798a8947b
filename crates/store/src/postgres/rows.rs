//! Lists of register rows, proposals, and which rows refer to which.

use super::load::{read_proposal, read_record};
use super::row::{Column, Stored, padded, range, shard, text};
use super::row_query::{count, page};
use super::sql::{Pipeline, all, column, one, value};
use super::write_rows::{RowTexts, proposals as proposals_of};
use deadpool_postgres::Object;
use ganglion_kernel::port::ShardWrite;
use ganglion_kernel::port_rows::{ProposalFilter, Referer, RowAfter, RowFilter, RowOrder};
use ganglion_model::row::RowKey;
use ganglion_model::{Proposal, ProposalId, Record, Shard};
use jiff::civil::Date;

/// Most rows in one answer.
const ROWS_MAX: u32 = 10_000;

/// A page of rows.
pub(super) async fn rows(
    client: &Object,
    (filter, order): (&RowFilter, &RowOrder),
    after: Option<&RowAfter>,
    limit: u32,
) -> Stored<Vec<Record>> {
    let query = page(filter, order, after, limit.min(ROWS_MAX));
    query.all(client, "listing rows", read_record).await
}

/// How many rows a filter has.
pub(super) async fn row_count(client: &Object, filter: &RowFilter) -> Stored<u64> {
    let found = count(filter).all(client, "counting rows", |row| Column("record", "count").count(row, 0)).await?;
    Ok(found.first().copied().unwrap_or(0))
}

/// Rows that refer to a row and hold on a day.
pub(super) async fn referers(
    client: &Object,
    (of, register, key): &RowKey,
    day: Date,
    limit: u32,
) -> Stored<Vec<Referer>> {
    let sql = "SELECT f.shard, f.from_register, f.from_key FROM row_reference f WHERE f.register = $1 AND f.key = $2 \
               AND ($3 = 0 OR f.shard = $3) AND EXISTS (SELECT 1 FROM record r WHERE r.shard = f.shard \
               AND r.register = f.from_register AND r.key = f.from_key AND (r.valid_to IS NULL OR r.valid_to > $4)) \
               ORDER BY 1, 2, 3 LIMIT $5";
    let (day, limit) = (day.to_string(), i64::from(limit.min(ROWS_MAX)));
    let args: &super::sql::Args<'_> = &[&text(register), &text(key), &shard(*of), &day, &limit];
    all(client, "reading references", (sql, args), |row| {
        Ok(Referer {
            shard: Column("row_reference", "shard").shard(row, 0)?,
            register: Column("row_reference", "from_register").get(row, 1)?,
            key: Column("row_reference", "from_key").get(row, 2)?,
        })
    })
    .await
}

/// One proposal.
pub(super) async fn proposal(client: &Object, of: Shard, id: ProposalId) -> Stored<Option<Proposal>> {
    let sql = "SELECT body FROM proposal WHERE shard = $1 AND id = $2";
    one(client, "reading a proposal", (sql, &[&shard(of), &id.0]), read_proposal).await
}

/// A page of proposals, newest first.
pub(super) async fn proposals(client: &Object, filter: &ProposalFilter, limit: u32) -> Stored<Vec<Proposal>> {
    let sql = "SELECT p.body FROM proposal p WHERE EXISTS (SELECT 1 FROM unnest($1::text[], $2::int8[], $3::int8[]) \
               w (register, low, high) WHERE w.register = p.register AND (w.low IS NULL OR (p.place >= w.low \
               AND p.place < w.high))) AND p.register = ANY($1) AND ($4::text IS NULL OR p.state = $4) \
               AND ($5::int4 IS NULL OR (p.shard = $5 AND p.register = $6 AND p.key = $7)) \
               ORDER BY p.at DESC, p.id DESC LIMIT $8";
    let registers: Vec<&str> = filter.registers.iter().map(|one| one.0.as_str()).collect();
    let (low, high): (Vec<Option<i64>>, Vec<Option<i64>>) =
        filter.registers.iter().map(|one| one.1.map(range).unzip()).unzip();
    let state = filter.state.map(ganglion_model::ProposalState::as_str);
    let row = filter.row.as_ref();
    let (of, register, key) = (row.map(|row| shard(row.0)), row.map(|row| text(&row.1)), row.map(|row| text(&row.2)));
    let limit = i64::from(limit.min(ROWS_MAX));
    let args: &super::sql::Args<'_> = &[&registers, &low, &high, &state, &of, &register, &key, &limit];
    all(client, "listing proposals", (sql, args), read_proposal).await
}

/// Writes what a batch says about references and proposals.
pub(super) fn write<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite], texts: &'a RowTexts) {
    let changed: Vec<_> =
        batch.iter().flat_map(|write| write.references.iter().map(|one| (write.shard, one))).collect();
    let sql = "DELETE FROM row_reference f USING unnest($1::int4[], $2::text[], $3::text[]) w (shard, register, key) \
               WHERE f.shard = w.shard AND f.from_register = w.register AND f.from_key = w.key";
    pipeline.over(&changed, sql, |w| {
        vec![
            column(w, |(of, _)| shard(*of)),
            column(w, |(_, one)| text(&one.register)),
            column(w, |(_, one)| text(&one.key)),
        ]
    });
    let refers: Vec<_> = changed.iter().flat_map(|(of, one)| one.to.iter().map(move |to| (*of, *one, to))).collect();
    let sql = "INSERT INTO row_reference (register, key, shard, from_register, from_key) SELECT * FROM \
               unnest($1::text[], $2::text[], $3::int4[], $4::text[], $5::text[]) ON CONFLICT DO NOTHING";
    pipeline.over(&refers, sql, |w| {
        vec![
            column(w, |(_, _, to)| text(&to.0)),
            column(w, |(_, _, to)| text(&to.1)),
            column(w, |(of, _, _)| shard(*of)),
            column(w, |(_, one, _)| text(&one.register)),
            column(w, |(_, one, _)| text(&one.key)),
        ]
    });
    let sql = "INSERT INTO proposal (shard, id, register, key, place, state, at, body) SELECT * FROM unnest($1::int4[], \
               $2::uuid[], $3::text[], $4::text[], $5::int8[], $6::text[], $7::int8[], $8::text[]) \
               ON CONFLICT (shard, id) DO UPDATE SET register = excluded.register, key = excluded.key, \
               place = excluded.place, state = excluded.state, at = excluded.at, body = excluded.body";
    pipeline.over(&proposals_of(batch), sql, |w| {
        vec![
            column(w, |one| shard(one.shard)),
            column(w, |one| one.id.0),
            column(w, |one| text(&one.wish.register)),
            column(w, |one| text(&one.key)),
            column(w, |one| one.wish.place.map(padded)),
            column(w, |one| one.state.as_str()),
            column(w, |one| one.by.at.as_microsecond()),
            value(&texts.proposals),
        ]
    });
}

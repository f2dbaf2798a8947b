//! Rows that break standing rules.

use super::connect::PgStore;
use super::error::failed;
use super::row::{Column, Stored, padded, range, shard, text};
use super::sql::{Around, Pipeline, all, column, one, run, value};
use super::write::last_of_each;
use deadpool_postgres::Object;
use ganglion_kernel::port::ShardWrite;
use ganglion_kernel::rules::{Violation, ViolationFilter};
use ganglion_model::{CaseId, PlaceCode};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

const ATTEMPTED: &str = "reading violations";
/// Most rows in one answer.
const ROWS_MAX: u32 = 10_000;
/// One that is broken already stays so since then.
const PUT: &str = "INSERT INTO violation (shard, rule, id, place, subject, since) SELECT * FROM \
                   unnest($1::int4[], $2::text[], $3::uuid[], $4::int8[], $5::text[], $6::int8[]) \
                   ON CONFLICT (shard, rule, id) DO UPDATE SET place = excluded.place, subject = excluded.subject";

fn read(row: &Row) -> Stored<Violation> {
    let column = |name| Column("violation", name);
    Ok(Violation {
        shard: column("shard").shard(row, 0)?,
        rule: column("rule").get(row, 1)?,
        id: column("id").case(row, 2)?,
        place: column("place").place(row, 3)?,
        subject: column("subject").get(row, 4)?,
        since: column("since").time(row, 5)?,
        opened: column("opened").get(row, 6)?,
    })
}

/// The places of a filter: everything without one.
fn places(place: Option<PlaceCode>) -> (i64, i64) {
    place.map_or((i64::MIN, i64::MAX), range)
}

/// A page, longest broken first.
pub(super) async fn violations(
    client: &Object,
    filter: &ViolationFilter,
    after: Option<(Timestamp, CaseId)>,
    limit: u32,
) -> Stored<Vec<Violation>> {
    let sql = "SELECT shard, rule, id, place, subject, since, opened FROM violation WHERE rule = $1 AND place >= $2 \
               AND place < $3 AND (since, id) > ($4, $5) ORDER BY since, id LIMIT $6";
    let (low, high) = places(filter.place);
    let (since, id) = after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (at.as_microsecond(), id.0));
    let args: &super::sql::Args<'_> = &[&text(&filter.rule), &low, &high, &since, &id, &i64::from(limit.min(ROWS_MAX))];
    all(client, ATTEMPTED, (sql, args), read).await
}

/// How many there are.
pub(super) async fn count(client: &Object, filter: &ViolationFilter) -> Stored<u64> {
    let sql = "SELECT count(*) FROM violation WHERE rule = $1 AND place >= $2 AND place < $3";
    let (low, high) = places(filter.place);
    let read = |row: &Row| Column("violation", "*").count(row, 0);
    Ok(one(client, ATTEMPTED, (sql, &[&text(&filter.rule), &low, &high]), read).await?.unwrap_or(0))
}

/// Those for which no case was opened.
pub(super) async fn unopened(client: &Object, rules: &[String], limit: u32) -> Stored<Vec<Violation>> {
    let sql = "SELECT v.* FROM unnest($1::text[]) WITH ORDINALITY r (rule, at) CROSS JOIN LATERAL (SELECT shard, rule, id, \
               place, subject, since, opened FROM violation v WHERE v.rule = r.rule AND v.opened IS NULL LIMIT $2) v \
               ORDER BY r.at";
    all(client, ATTEMPTED, (sql, &[&rules, &i64::from(limit.min(ROWS_MAX))]), read).await
}

/// Notes the case opened for one.
pub(super) async fn opened(client: &Object, one: &Violation, number: &str) -> Stored<()> {
    let sql = "UPDATE violation SET opened = $1 WHERE shard = $2 AND rule = $3 AND id = $4";
    let args: &super::sql::Args<'_> = &[&text(number), &shard(one.shard), &text(&one.rule), &one.id.0];
    run(client, "noting a case", (sql, args)).await.map(drop)
}

fn put<'a>(pipeline: &mut Pipeline<'a>, violations: &[&'a Violation]) {
    pipeline.over(violations, PUT, |w| {
        vec![
            column(w, |one| shard(one.shard)),
            column(w, |one| text(&one.rule)),
            column(w, |one| one.id.0),
            column(w, |one| padded(one.place)),
            column(w, |one| text(&one.subject)),
            column(w, |one| one.since.as_microsecond()),
        ]
    });
}

/// Puts these in place of everything noted for a rule.
pub(super) async fn set(store: &PgStore, rule: &str, violations: &[Violation]) -> Stored<()> {
    let attempted = "noting violations";
    let kept = last_of_each(violations, |one| (one.shard, one.rule.as_str(), one.id));
    let mut pipeline = Pipeline::default();
    let sql = "DELETE FROM violation WHERE rule = $1 AND (shard, id) NOT IN \
               (SELECT w.shard, w.id FROM unnest($2::int4[], $3::uuid[]) w (shard, id))";
    pipeline.push(sql, vec![value(text(rule)), column(&kept, |one| shard(one.shard)), column(&kept, |one| one.id.0)]);
    put(&mut pipeline, &kept);
    let client = store.writer().await?;
    pipeline.send(&client, Around::Transaction(store.begin())).await.map(drop).map_err(failed(attempted))
}

/// Writes what a batch says about rules.
pub(super) fn write<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite]) {
    let gone: Vec<_> =
        batch.iter().flat_map(|write| write.violations_gone.iter().map(|one| (write.shard, one))).collect();
    let sql = "DELETE FROM violation v USING unnest($1::int4[], $2::text[], $3::uuid[]) w (shard, rule, id) \
               WHERE v.shard = w.shard AND v.rule = w.rule AND v.id = w.id";
    pipeline.over(&gone, sql, |w| {
        vec![column(w, |(of, _)| shard(*of)), column(w, |(_, one)| text(&one.0)), column(w, |(_, one)| one.1.0)]
    });
    let noted =
        last_of_each(batch.iter().flat_map(|write| &write.violations), |one| (one.shard, one.rule.as_str(), one.id));
    put(pipeline, &noted);
}

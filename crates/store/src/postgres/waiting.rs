//! Queues and workloads: fronts of queues, how many wait, and how many open cases a post has.

use super::load::read_case;
use super::row::{Column, Stored, padded, shard, text};
use super::sql::{Param, Pipeline, all, column, one, value};
use deadpool_postgres::Object;
use ganglion_kernel::port::ShardWrite;
use ganglion_kernel::queue::{QueueWant, Waiting};
use ganglion_kernel::route::workload::Load;
use ganglion_model::PostId;
use ganglion_model::row::Case;
use std::collections::HashMap;
use tokio_postgres::Row;

const ATTEMPTED: &str = "reading a queue";

/// The front of a queue over all lanes.
pub(super) const FRONT: &str = "SELECT c.body, c.id FROM (SELECT w.shard, w.case_id, w.rank, w.since, w.number FROM waiting w \
                     WHERE w.shard = $1 AND w.process = $2 AND w.place = $3 ORDER BY w.rank, w.since, w.number LIMIT $4) f \
                     JOIN case_row c ON c.shard = f.shard AND c.id = f.case_id ORDER BY f.rank, f.since, f.number";
/// The front of some lanes: each is read off the front of an index.
pub(super) const FRONT_OF_LANES: &str = "SELECT c.body, c.id FROM (SELECT w.* FROM unnest($5::text[]) l (lane) CROSS JOIN LATERAL \
                              (SELECT w.shard, w.case_id, w.rank, w.since, w.number FROM waiting w WHERE w.shard = $1 \
                              AND w.process = $2 AND w.place = $3 AND w.lane = l.lane ORDER BY w.rank, w.since, w.number \
                              LIMIT $4) w ORDER BY w.rank, w.since, w.number LIMIT $4) f \
                              JOIN case_row c ON c.shard = f.shard AND c.id = f.case_id \
                              ORDER BY f.rank, f.since, f.number";
const COUNT: &str = "SELECT count(*) FROM waiting w WHERE w.shard = $1 AND w.process = $2 AND w.place = $3 \
                     AND (w.lane = ANY($4) OR cardinality($4::text[]) = 0)";
const COUNT_BEFORE: &str = "SELECT count(*) FROM waiting w WHERE w.shard = $1 AND w.process = $2 AND w.place = $3 \
                            AND (w.lane = ANY($4) OR cardinality($4::text[]) = 0) \
                            AND (w.rank, w.since, w.number) < ($5, $6, $7)";
/// A post with more open cases than this is as busy as can be told.
pub(super) const LOADS: &str = "SELECT p.post, (SELECT count(*) FROM (SELECT 1 FROM case_open o WHERE o.assignee = p.post \
                                LIMIT 10000) x), (SELECT c.opened_at FROM case_row c WHERE c.assignee = p.post \
                                ORDER BY c.opened_at DESC, c.id DESC LIMIT 1) FROM unnest($1::text[]) p (post)";

/// The statement that reads the front of a queue.
pub(super) fn front_of(want: &QueueWant) -> (&'static str, Vec<Param<'_>>) {
    let mut params = vec![
        value(shard(want.shard)),
        value(text(&want.process)),
        value(padded(want.place)),
        value(i64::from(want.limit)),
    ];
    if want.lanes.is_empty() {
        return (FRONT, params);
    }
    params.push(column(&want.lanes, |lane| text(lane)));
    (FRONT_OF_LANES, params)
}

/// Cases at the front of a queue, in order.
pub(super) async fn front(client: &Object, want: &QueueWant) -> Stored<Vec<Case>> {
    let (sql, params) = front_of(want);
    let args: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = params.iter().map(|one| &**one as _).collect();
    all(client, ATTEMPTED, (sql, &args), |row| read_case(row, 0, || want.process.clone())).await
}

/// How many wait; with `before`, only those in front of that case.
pub(super) async fn count(client: &Object, want: &QueueWant, before: Option<&Waiting>) -> Stored<u64> {
    let lanes: Vec<_> = want.lanes.iter().map(|lane| text(lane)).collect();
    let (of, process, place) = (shard(want.shard), text(&want.process), padded(want.place));
    let read = |row: &Row| Column("waiting", "*").count(row, 0);
    let found = match before {
        None => one(client, ATTEMPTED, (COUNT, &[&of, &process, &place, &lanes]), read).await?,
        Some(before) => {
            let (rank, since, number) = (rank(before), before.since.as_microsecond(), text(&before.number));
            let args: &super::sql::Args<'_> = &[&of, &process, &place, &lanes, &rank, &since, &number];
            one(client, ATTEMPTED, (COUNT_BEFORE, args), read).await?
        }
    };
    Ok(found.unwrap_or(0))
}

fn rank(waiting: &Waiting) -> i64 {
    waiting.order.checked_neg().unwrap_or(i64::MAX)
}

/// Writes who waits now.
pub(super) fn write<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite]) {
    let gone: Vec<_> =
        batch.iter().flat_map(|write| write.waiting_gone.iter().map(|case| (write.shard, *case))).collect();
    let sql = "DELETE FROM waiting t USING unnest($1::int4[], $2::uuid[]) w (shard, id) \
               WHERE t.shard = w.shard AND t.case_id = w.id";
    pipeline.over(&gone, sql, |w| vec![column(w, |one| shard(one.0)), column(w, |one| one.1.0)]);
    let new: Vec<&Waiting> = batch.iter().flat_map(|write| &write.waiting_new).collect();
    let sql = "INSERT INTO waiting (shard, case_id, process, place, lane, rank, since, number) SELECT * FROM \
               unnest($1::int4[], $2::uuid[], $3::text[], $4::int8[], $5::text[], $6::int8[], $7::int8[], $8::text[]) \
               ON CONFLICT (shard, case_id) DO UPDATE SET process = excluded.process, place = excluded.place, \
               lane = excluded.lane, rank = excluded.rank, since = excluded.since, number = excluded.number";
    pipeline.over(&new, sql, |w| {
        vec![
            column(w, |one| shard(one.shard)),
            column(w, |one| one.case.0),
            column(w, |one| text(&one.process)),
            column(w, |one| padded(one.place)),
            column(w, |one| text(&one.lane)),
            column(w, |one| rank(one)),
            column(w, |one| one.since.as_microsecond()),
            column(w, |one| text(&one.number)),
        ]
    });
}

/// How busy posts are, as the database counted.
pub(super) fn read_loads(posts: &[PostId], rows: &[Row]) -> Stored<Vec<(PostId, Load)>> {
    let mut found = HashMap::new();
    for row in rows {
        let column = Column("case_row", "opened_at");
        let newest: Option<i64> = column.get(row, 2)?;
        let newest = newest.map(|_| column.time(row, 2)).transpose()?;
        let open = u32::try_from(column.count(row, 1)?).unwrap_or(u32::MAX);
        found.insert(column.get::<&str>(row, 0)?, Load { open, newest });
    }
    let of = |post: &PostId| found.get(&*text(&post.0)).copied().unwrap_or_default();
    Ok(posts.iter().map(|post| (post.clone(), of(post))).collect())
}

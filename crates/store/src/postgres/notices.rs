//! Public notices that stand.

use super::row::{Column, Stored, padded, range, shard, text};
use super::sql::{Args, Pipeline, all, column, one};
use deadpool_postgres::Object;
use ganglion_kernel::notice::Standing;
use ganglion_kernel::port::ShardWrite;
use ganglion_model::{CaseId, PlaceCode};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

const ATTEMPTED: &str = "reading notices";

fn read(row: &Row) -> Stored<Standing> {
    let column = |name| Column("notice", name);
    Ok(Standing {
        shard: column("shard").shard(row, 0)?,
        case: column("case_id").case(row, 1)?,
        name: column("name").get(row, 2)?,
        place: column("place").place(row, 3)?,
        from: column("put_up").time(row, 4)?,
        until: column("until").time(row, 5)?,
    })
}

/// Notices that stand at `now` inside a place, newest first.
pub(super) async fn page(
    client: &Object,
    (place, now): (PlaceCode, Timestamp),
    after: Option<(Timestamp, CaseId)>,
    limit: u32,
) -> Stored<Vec<Standing>> {
    let sql = "SELECT shard, case_id, name, place, put_up, until FROM notice WHERE until > $1 AND place >= $2 AND place < $3 \
               AND (put_up, case_id) < ($4, $5) ORDER BY put_up DESC, case_id DESC LIMIT $6";
    let (low, high) = range(place);
    let (at, case) = after.map_or((i64::MAX, Uuid::max()), |(at, case)| (at.as_microsecond(), case.0));
    let args: &Args<'_> = &[&now.as_microsecond(), &low, &high, &at, &case, &i64::from(limit)];
    all(client, ATTEMPTED, (sql, args), read).await
}

/// One notice, if it stands at `now`.
pub(super) async fn standing(
    client: &Object,
    (case, name): (CaseId, &str),
    now: Timestamp,
) -> Stored<Option<Standing>> {
    let sql = "SELECT shard, case_id, name, place, put_up, until FROM notice \
               WHERE case_id = $1 AND name = $2 AND until > $3";
    one(client, ATTEMPTED, (sql, &[&case.0, &text(name), &now.as_microsecond()]), read).await
}

/// Writes which stand now.
pub(super) fn write<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite]) {
    let changed: Vec<_> =
        batch.iter().flat_map(|write| write.notices.iter().map(|(case, _)| (write.shard, *case))).collect();
    let sql = "DELETE FROM notice n USING unnest($1::int4[], $2::uuid[]) w (shard, id) \
               WHERE n.shard = w.shard AND n.case_id = w.id";
    pipeline.over(&changed, sql, |w| vec![column(w, |one| shard(one.0)), column(w, |one| one.1.0)]);
    let stand: Vec<&Standing> =
        batch.iter().flat_map(|write| &write.notices).flat_map(|(_, standing)| standing).collect();
    let sql = "INSERT INTO notice (shard, case_id, name, place, put_up, until) SELECT * FROM \
               unnest($1::int4[], $2::uuid[], $3::text[], $4::int8[], $5::int8[], $6::int8[])";
    pipeline.over(&stand, sql, |w| {
        vec![
            column(w, |one| shard(one.shard)),
            column(w, |one| one.case.0),
            column(w, |one| text(&one.name)),
            column(w, |one| padded(one.place)),
            column(w, |one| one.from.as_microsecond()),
            column(w, |one| one.until.as_microsecond()),
        ]
    });
}

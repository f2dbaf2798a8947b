//! Queues and workloads: fronts of queues, how many wait, and how many open cases a post has.

use super::load::read_case;
use super::row::{Column, Stored, all, one, run};
use ganglion_kernel::port::ShardWrite;
use ganglion_kernel::queue::{QueueWant, Waiting};
use ganglion_kernel::route::workload::Load;
use ganglion_model::PostId;
use ganglion_model::row::Case;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

const ATTEMPTED: &str = "reading a queue";
/// A post with more open cases than this is as busy as can be told.
const OPEN_MAX: u32 = 10_000;

/// The conditions of a queue; lanes are asked for one by one, so that each is read off the front of an index.
fn conditions(want: &QueueWant, lane: Option<&String>) -> (&'static str, Vec<Value>) {
    let place = i64::try_from(want.place.padded()).unwrap_or(i64::MAX);
    let mut values = vec![Value::from(want.shard.0), Value::from(want.process.clone()), Value::from(place)];
    let text = match lane {
        Some(lane) => {
            values.push(Value::from(lane.clone()));
            "INDEXED BY waiting_lane WHERE w.shard = ? AND w.process = ? AND w.place = ? AND w.lane = ?"
        }
        None => "INDEXED BY waiting_front WHERE w.shard = ? AND w.process = ? AND w.place = ?",
    };
    (text, values)
}

fn lanes(want: &QueueWant) -> Vec<Option<&String>> {
    if want.lanes.is_empty() { vec![None] } else { want.lanes.iter().map(Some).collect() }
}

/// Cases at the front of a queue, in order.
pub(super) fn front(connection: &Connection, want: &QueueWant) -> Stored<Vec<Case>> {
    let mut found: Vec<(i64, i64, Case)> = Vec::new();
    for lane in lanes(want) {
        let (from, mut values) = conditions(want, lane);
        // The row is looked up for each case of the page only.
        let body = super::packed::case_text_of("c");
        let sql = format!(
            "SELECT w.rank, w.since, (SELECT {body} FROM case_row c WHERE c.shard = w.shard AND c.id = w.case_id) \
             FROM waiting w {from} ORDER BY w.rank, w.since, w.number LIMIT ?"
        );
        values.push(Value::from(want.limit));
        found.extend(all(connection, ATTEMPTED, (&sql, params_from_iter(values)), |row| {
            let (rank, since) = (Column("waiting", "rank").get(row, 0)?, Column("waiting", "since").get(row, 1)?);
            Ok((rank, since, read_case(row, 2, || format!("{}/{rank}/{since}", want.process))?))
        })?);
    }
    found.sort_by(|a, b| (a.0, a.1, &a.2.number).cmp(&(b.0, b.1, &b.2.number)));
    found.truncate(usize::try_from(want.limit).unwrap_or(usize::MAX));
    Ok(found.into_iter().map(|(_, _, case)| case).collect())
}

/// How many wait; with `before`, only those in front of that case.
pub(super) fn count(connection: &Connection, want: &QueueWant, before: Option<&Waiting>) -> Stored<u64> {
    let mut total = 0;
    for lane in lanes(want) {
        let (from, mut values) = conditions(want, lane);
        let mut sql = format!("SELECT count(*) FROM waiting w {from}");
        if let Some(before) = before {
            sql.push_str(" AND (w.rank, w.since, w.number) < (?, ?, ?)");
            values.extend([
                Value::from(rank(before)),
                Value::from(before.since.as_microsecond()),
                Value::from(before.number.clone()),
            ]);
        }
        let read = |row: &rusqlite::Row<'_>| Column("waiting", "*").get::<u64>(row, 0);
        total += one(connection, ATTEMPTED, (&sql, params_from_iter(values)), read)?.unwrap_or(0);
    }
    Ok(total)
}

fn rank(waiting: &Waiting) -> i64 {
    waiting.order.checked_neg().unwrap_or(i64::MAX)
}

/// Writes who waits now.
pub(super) fn write(connection: &Connection, write: &ShardWrite) -> Stored<()> {
    const WRITING: &str = "writing a queue";
    for case in &write.waiting_gone {
        let sql = "DELETE FROM waiting WHERE shard = ? AND case_id = ?";
        run(connection, WRITING, sql, params![write.shard.0, case.0.as_bytes()])?;
    }
    for one in &write.waiting_new {
        let sql = "INSERT OR REPLACE INTO waiting (shard, case_id, process, place, lane, rank, since, number) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let (place, since) = (one.place.padded(), one.since.as_microsecond());
        let values =
            params![one.shard.0, one.case.0.as_bytes(), one.process, place, one.lane, rank(one), since, one.number];
        run(connection, WRITING, sql, values)?;
    }
    Ok(())
}

/// How busy a post is.
pub(super) fn load(connection: &Connection, post: &PostId) -> Stored<Load> {
    const COUNTING: &str = "counting open cases of a post";
    let sql = "SELECT count(*) FROM (SELECT 1 FROM case_row INDEXED BY case_due_assignee \
               WHERE assignee = ? AND is_open = 1 LIMIT ?)";
    let open = one(connection, COUNTING, (sql, params![post.0, OPEN_MAX]), |row| Column("case_row", "*").get(row, 0))?;
    let sql = "SELECT opened_at FROM case_row INDEXED BY case_opened_assignee WHERE assignee = ? \
               ORDER BY opened_at DESC, id DESC LIMIT 1";
    let newest = one(connection, COUNTING, (sql, params![post.0]), |row| Column("case_row", "opened_at").time(row, 0))?;
    Ok(Load { open: open.unwrap_or(0), newest })
}

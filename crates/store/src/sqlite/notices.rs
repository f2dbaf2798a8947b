//! Public notices that stand.

use super::row::{Column, Stored, all, one, run};
use ganglion_kernel::notice::Standing;
use ganglion_kernel::port::ShardWrite;
use ganglion_model::{CaseId, PlaceCode, Shard};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

const ATTEMPTED: &str = "reading notices";
const COLUMNS: &str = "shard, case_id, name, place, put_up, until";

fn read(row: &Row<'_>) -> Stored<Standing> {
    Ok(Standing {
        shard: Shard(Column("notice", "shard").get(row, 0)?),
        case: CaseId(Column("notice", "case_id").id(row, 1)?),
        name: Column("notice", "name").get(row, 2)?,
        place: Column("notice", "place").place(row, 3)?,
        from: Column("notice", "put_up").time(row, 4)?,
        until: Column("notice", "until").time(row, 5)?,
    })
}

/// Notices that stand at `now` inside a place, newest first.
pub(super) fn page(
    connection: &Connection,
    (place, now): (PlaceCode, Timestamp),
    after: Option<(Timestamp, CaseId)>,
    limit: u32,
) -> Stored<Vec<Standing>> {
    let (low, high) = place.range();
    let (at, case) = after.map_or((i64::MAX, [0xff; 16]), |(at, case)| (at.as_microsecond(), *case.0.as_bytes()));
    let sql = format!(
        "SELECT {COLUMNS} FROM notice INDEXED BY notice_newest WHERE until > ? AND place >= ? AND place < ? \
         AND (put_up, case_id) < (?, ?) ORDER BY put_up DESC, case_id DESC LIMIT ?"
    );
    let values = params![now.as_microsecond(), low, high, at, case.as_slice(), limit];
    all(connection, ATTEMPTED, (&sql, values), read)
}

/// One notice, if it stands at `now`.
pub(super) fn standing(
    connection: &Connection,
    (case, name): (CaseId, &str),
    now: Timestamp,
) -> Stored<Option<Standing>> {
    let sql = format!("SELECT {COLUMNS} FROM notice WHERE case_id = ? AND name = ? AND until > ?");
    one(connection, ATTEMPTED, (&sql, params![case.0.as_bytes(), name, now.as_microsecond()]), read)
}

/// Writes which stand now.
pub(super) fn write(connection: &Connection, write: &ShardWrite) -> Stored<()> {
    const WRITING: &str = "writing notices";
    for (case, stand) in &write.notices {
        let sql = "DELETE FROM notice WHERE shard = ? AND case_id = ?";
        run(connection, WRITING, sql, params![write.shard.0, case.0.as_bytes()])?;
        for one in stand {
            let sql = "INSERT INTO notice (shard, case_id, name, place, put_up, until) VALUES (?, ?, ?, ?, ?, ?)";
            let (from, until) = (one.from.as_microsecond(), one.until.as_microsecond());
            let values = params![one.shard.0, one.case.0.as_bytes(), one.name, one.place.padded(), from, until];
            run(connection, WRITING, sql, values)?;
        }
    }
    Ok(())
}

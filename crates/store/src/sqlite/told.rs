//! Notices to posts.

use super::row::{Column, Stored, all, failed, json, run};
use ganglion_kernel::port::{TOLD_MAX, Told};
use ganglion_model::{CaseId, PostId, Shard};
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

/// Puts notices; one that is there already stays as it is, and the oldest beyond the bound go.
pub(super) fn add(connection: &mut Connection, told: &[Told]) -> Stored<()> {
    const ATTEMPTED: &str = "writing notices to posts";
    let transaction = connection.transaction().map_err(failed(ATTEMPTED))?;
    for one in told {
        let sql = "INSERT OR IGNORE INTO told (post, at, shard, seq, case_id, action, clock, text) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let (at, case, text) = (one.at.as_microsecond(), one.case.0.as_bytes(), json(ATTEMPTED, &one.text)?);
        let values = params![one.post.0, at, one.shard.0, one.seq, case, one.action, one.clock, text];
        run(&transaction, ATTEMPTED, sql, values)?;
    }
    let posts: BTreeSet<&PostId> = told.iter().map(|one| &one.post).collect();
    for post in posts {
        let sql = "DELETE FROM told WHERE post = ? AND at < (SELECT at FROM told WHERE post = ? \
                   ORDER BY at DESC LIMIT 1 OFFSET ?)";
        run(&transaction, ATTEMPTED, sql, params![post.0, post.0, TOLD_MAX - 1])?;
    }
    transaction.commit().map_err(failed(ATTEMPTED))
}

/// Notices to a post, newest first.
pub(super) fn of(connection: &Connection, post: &PostId, limit: u32) -> Stored<Vec<Told>> {
    let sql = "SELECT at, shard, seq, case_id, action, clock, text FROM told WHERE post = ? \
               ORDER BY at DESC, shard DESC, seq DESC LIMIT ?";
    all(connection, "reading notices to a post", (sql, params![post.0, limit]), |row| {
        Ok(Told {
            post: post.clone(),
            at: Column("told", "at").time(row, 0)?,
            shard: Shard(Column("told", "shard").get(row, 1)?),
            seq: Column("told", "seq").get(row, 2)?,
            case: CaseId(Column("told", "case_id").id(row, 3)?),
            action: Column("told", "action").get(row, 4)?,
            clock: Column("told", "clock").get(row, 5)?,
            text: Column("told", "text").json(row, 6, || post.0.clone())?,
        })
    })
}

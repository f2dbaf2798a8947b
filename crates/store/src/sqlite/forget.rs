//! Forgetting what is no longer needed. What may go is looked for on a connection that reads, so that the writer is held only
//! for the rows themselves.

use super::connect::SqliteStore;
use super::row::{Column, Stored, all, failed, run};
use ganglion_kernel::port::{FileRow, Forgotten, Stale};
use rusqlite::{Connection, params};
use std::collections::HashSet;

const ATTEMPTED: &str = "forgetting what is no longer needed";

/// Forgets.
pub(super) fn forget(store: &SqliteStore, stale: &Stale) -> Stored<Forgotten> {
    let answers = answers(&store.reader(), stale)?;
    let files = files(&store.reader(), stale)?;
    let mut writer = store.writer();
    let transaction = writer.transaction().map_err(failed(ATTEMPTED))?;
    let mut forgotten = Forgotten::default();
    let sql = "DELETE FROM session WHERE token_hash IN (SELECT token_hash FROM session WHERE expires_at < ? LIMIT ?)";
    forgotten.sessions = run(&transaction, ATTEMPTED, sql, params![stale.sessions.as_microsecond(), stale.rows_max])?;
    for (shard, command) in answers {
        let sql = "DELETE FROM answer WHERE shard = ? AND command = ?";
        forgotten.answers += run(&transaction, ATTEMPTED, sql, params![shard, command])?;
    }
    for (id, body) in files {
        // Only as it was read: somebody may have sent it meanwhile.
        if run(&transaction, ATTEMPTED, "DELETE FROM file WHERE id = ? AND body = ?", params![id, body])? == 1 {
            forgotten.files.push(id);
        }
    }
    transaction.commit().map_err(failed(ATTEMPTED))?;
    Ok(forgotten)
}

fn answers(connection: &Connection, stale: &Stale) -> Stored<HashSet<(u32, Vec<u8>)>> {
    let sql = "SELECT shard, command FROM answer WHERE at < ? LIMIT ?";
    let found = all(connection, ATTEMPTED, (sql, params![stale.answers.as_microsecond(), stale.rows_max]), |row| {
        Ok((Column("answer", "shard").get(row, 0)?, Column("answer", "command").get(row, 1)?))
    })?;
    Ok(found.into_iter().collect())
}

/// Files of no case that came long ago, with their rows as stored.
fn files(connection: &Connection, stale: &Stale) -> Stored<Vec<(String, String)>> {
    let sql = "SELECT id, body FROM file WHERE case_id IS NULL";
    let mut found = all(connection, ATTEMPTED, (sql, []), |row| {
        let id: String = Column("file", "id").get(row, 0)?;
        let file: FileRow = Column("file", "body").json(row, 1, || id.clone())?;
        let old = file.at < stale.files && !file.sent;
        Ok(if old { Some((id, Column("file", "body").get(row, 1)?)) } else { None })
    })?;
    found.retain(Option::is_some);
    Ok(found.into_iter().flatten().take(stale.rows_max as usize).collect())
}

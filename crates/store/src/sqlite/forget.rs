//! Forgetting what is no longer needed. What may go is looked for on a connection that reads, so that the writer is held only
//! for the rows themselves.

use super::connect::SqliteStore;
use super::row::{Column, Stored, all, failed, run};
use ganglion_kernel::port::{FileRow, Forgotten, Stale};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};

const ATTEMPTED: &str = "forgetting what is no longer needed";

/// How long after every answer was looked at they are looked at again, microseconds: a day. What finds old ones is their time, which only
/// an index could give in order; it would be one page more to write with every batch, and one entry with every step, to spare a program that
/// keeps answers for a month one reading of them a day. Their key is no help: ids of commands that follow from others tell no time.
const ANSWERS_EVERY: i64 = 24 * 3_600 * 1_000_000;

/// The instant up to which answers were last looked at, and found to be few; in this program only, so that a new one looks at once.
#[derive(Debug, Default)]
pub(super) struct Looked(AtomicI64);

impl Looked {
    fn is_due(&self, before: Timestamp) -> bool {
        let (before, last) = (before.as_microsecond(), self.0.load(Ordering::Relaxed));
        // A clock that ran ahead is set back.
        before < last || before >= last.saturating_add(ANSWERS_EVERY)
    }

    fn note(&self, before: Timestamp) {
        self.0.store(before.as_microsecond(), Ordering::Relaxed);
    }
}

/// Forgets.
pub(super) fn forget(store: &SqliteStore, stale: &Stale) -> Stored<Forgotten> {
    let answers = if store.answers.is_due(stale.answers) { answers(store, stale)? } else { HashSet::new() };
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

/// Old answers. When fewer are left than may go at once, all of them were looked at.
fn answers(store: &SqliteStore, stale: &Stale) -> Stored<HashSet<(u32, Vec<u8>)>> {
    let sql = "SELECT shard, command FROM answer WHERE at < ? LIMIT ?";
    let values = params![stale.answers.as_microsecond(), stale.rows_max];
    let found = all(&store.reader(), ATTEMPTED, (sql, values), |row| {
        Ok((Column("answer", "shard").get(row, 0)?, Column("answer", "command").get(row, 1)?))
    })?;
    if found.len() < stale.rows_max as usize {
        store.answers.note(stale.answers);
    }
    Ok(found.into_iter().collect())
}

/// Files that belong to nothing yet, over the index that holds no others.
const LOOSE: &str = "SELECT id, body FROM file INDEXED BY file_loose WHERE case_id IS NULL \
                     AND NOT coalesce(json_extract(body, '$.sent'), 0)";

/// Files of no case that came long ago, with their rows as stored.
fn files(connection: &Connection, stale: &Stale) -> Stored<Vec<(String, String)>> {
    let mut found = all(connection, ATTEMPTED, (LOOSE, []), |row| {
        let id: String = Column("file", "id").get(row, 0)?;
        let file: FileRow = Column("file", "body").json(row, 1, || id.clone())?;
        let old = file.at < stale.files && !file.sent;
        Ok(if old { Some((id, Column("file", "body").get(row, 1)?)) } else { None })
    })?;
    found.retain(Option::is_some);
    Ok(found.into_iter().flatten().take(stale.rows_max as usize).collect())
}

#[cfg(test)]
mod tests {
    use super::super::migrate::migrate;
    use super::super::packed;
    use super::*;

    #[test]
    fn answers_are_looked_at_once_a_day() {
        let looked = Looked::default();
        let at = |hours: i64| Timestamp::from_second(1_700_000_000 + 3_600 * hours).unwrap();
        assert!(looked.is_due(at(0)), "a program that begins looks at once");
        looked.note(at(0));
        let due = [-1, 0, 1, 23, 24, 30].map(|hours| looked.is_due(at(hours)));
        assert_eq!(due, [true, false, false, false, true, true]);
    }

    #[test]
    fn uploads_that_belong_to_nothing_are_found_without_reading_the_others() {
        let mut connection = Connection::open_in_memory().unwrap();
        packed::functions(&connection, &packed::Packing::reading(None)).unwrap();
        migrate(&mut connection).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {LOOSE}")).unwrap();
        let plan: Vec<String> = statement.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        assert_eq!(plan, ["SCAN file USING INDEX file_loose"]);
    }
}

//! Dictionaries made beside the writer. Reading the rows they are made from and working them out takes some tenths of a second, during which
//! every command would wait: a thread does it with a connection of its own, and the writer only puts into the database what is ready, before
//! the next batch. Nothing is left behind by a making that did not come to its end: the next start finds that dictionaries are due. What
//! they are made from stands in `training`.

use super::training::{ATTEMPTED, Bodies, bodies_of_rows, next_after};
use super::{BUSY, Packing, read_with};
use crate::sqlite::row::failed;
use ganglion_kernel::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

/// Dictionaries that a thread is making; one at a time.
#[derive(Debug)]
pub(super) struct Making {
    /// Journal lines there were when it began.
    lines: u64,
    thread: JoinHandle<Result<Bodies, StoreError>>,
}

impl Packing {
    /// Whether dictionaries may be made beside the writer from now on; not while a history is loaded, which is packed the better
    /// the sooner they are there.
    pub(in super::super) fn aside(&self, aside: bool) {
        self.is_aside.store(aside, Ordering::Relaxed);
    }

    /// Where a thread finds `written` lines; `None` when the writer makes dictionaries of them itself, because they are few or nobody else
    /// can read them.
    pub(super) fn path_aside(&self, written: u64) -> Option<&Path> {
        let is_long = written >= self.aside_lines && self.is_aside.load(Ordering::Relaxed);
        self.path.as_deref().filter(|_| is_long)
    }

    /// Whether a thread is at it, or what it made waits for the next batch.
    pub(super) fn is_making(&self) -> bool {
        self.making.lock().is_some()
    }

    /// Has a thread make dictionaries from the `lines` journal lines of the database at `path`.
    pub(super) fn begin(&self, path: &Path, lines: u64) -> Result<(), StoreError> {
        self.due.store(next_after(lines), Ordering::Relaxed);
        let path = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("dictionary".to_owned())
            .spawn(move || make(&path))
            .map_err(|error| StoreError::Database { attempted: ATTEMPTED, reason: error.to_string() })?;
        *self.making.lock() = Some(Making { lines, thread });
        Ok(())
    }

    /// Takes what a thread has made, if it is ready: rows are packed with it from now on. A failure is logged and tried again later.
    pub(super) fn take_made(&self, writer: &mut Connection) {
        let made = self.making.lock().take_if(|making| making.thread.is_finished());
        self.take(writer, made);
    }

    /// The same, waiting for the thread: before the database is closed.
    pub(in super::super) fn finish(&self, writer: &mut Connection) {
        let made = self.making.lock().take();
        self.take(writer, made);
    }

    fn take(&self, writer: &mut Connection, made: Option<Making>) {
        let Some(Making { lines, thread }) = made else { return };
        let broke_off = |_| StoreError::Database { attempted: ATTEMPTED, reason: "the thread broke off".to_owned() };
        let bodies = thread.join().map_err(broke_off).flatten();
        if let Err(error) = bodies.and_then(|bodies| self.keep(writer, lines, bodies)) {
            self.not_made(&error);
        }
    }
}

/// Every row is read by itself, so that no old page is held while others are written.
fn make(path: &Path) -> Result<Bodies, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed(ATTEMPTED))?;
    connection.busy_timeout(BUSY).map_err(failed(ATTEMPTED))?;
    read_with(&connection, path).map_err(failed(ATTEMPTED))?;
    bodies_of_rows(&connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{SqliteOptions, SqliteStore};
    use rusqlite::params;
    use std::sync::Arc;

    /// Dictionaries are due at so many lines, and made aside from the second line on.
    fn open(path: &Path, pack_lines: u64) -> Arc<SqliteStore> {
        let options = SqliteOptions { pack_lines, pack_aside_lines: 2, ..SqliteOptions::default() };
        SqliteStore::open(path, options).unwrap()
    }

    /// Adds journal lines, and tells what packs that they were written.
    fn write(store: &SqliteStore, lines: u64) {
        let mut writer = store.writer();
        let all = writer.transaction().unwrap();
        let seq = "SELECT coalesce(max(seq), 0) FROM journal WHERE shard = 1";
        let before: u64 = all.query_row(seq, [], |row| row.get(0)).unwrap();
        for seq in before + 1..=before + lines {
            let text = format!("{{\"note\":\"line {seq}\",\"state\":\"open\"}}");
            let sql = "INSERT INTO journal (shard, seq, at, command, leaf, entry) VALUES (1, ?, 0, ?, x'', ?)";
            all.execute(sql, params![seq, [7_u8; 16], text]).unwrap();
        }
        all.commit().unwrap();
        store.packing().wrote(&mut writer, lines);
    }

    fn kept(path: &Path) -> Vec<u64> {
        let connection = Connection::open(path).unwrap();
        let mut statement = connection.prepare("SELECT lines FROM dictionary ORDER BY id").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn with_store(pack_lines: u64, test: impl FnOnce(&Path, Arc<SqliteStore>)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("city.db");
        test(&path, open(&path, pack_lines));
    }

    fn packs_lines(store: &SqliteStore) -> bool {
        store.packing().lines.lock().is_some()
    }

    #[test]
    fn a_thread_makes_them_and_the_writer_takes_them_before_the_next_batch() {
        with_store(50, |path, store| {
            write(&store, 49);
            assert!(!store.packing().is_making(), "not due");
            write(&store, 1);
            assert!(store.packing().is_making());
            assert!(kept(path).is_empty() && !packs_lines(&store), "the writer has not taken them");
            let made = store.packing().making.lock().take().unwrap();
            store.packing().take(&mut store.writer(), Some(made));
            assert_eq!(kept(path), [50], "there are no cases to make one of");
            assert!(packs_lines(&store));
        });
    }

    #[test]
    fn a_batch_takes_only_what_is_ready() {
        with_store(50, |path, store| {
            let (go_on, waits) = std::sync::mpsc::channel::<()>();
            let thread = std::thread::spawn(move || {
                let _ = waits.recv();
                Ok(vec![(super::super::Kind::Line, vec![b'x'; 64])])
            });
            *store.packing().making.lock() = Some(Making { lines: 9, thread });
            store.packing().writing(&mut store.writer(), &[]);
            assert!(store.packing().is_making() && kept(path).is_empty());
            drop(go_on);
            store.packing().finish(&mut store.writer());
            assert_eq!(kept(path), [9]);
        });
    }

    #[test]
    fn while_some_are_made_no_others_are_begun_and_packs_that_changed_meanwhile_are_remembered() {
        with_store(50, |path, store| {
            write(&store, 50);
            store.packing().packs_changed();
            write(&store, 10_001);
            assert_eq!(store.packing().making.lock().as_ref().map(|making| making.lines), Some(50));
            store.packing().finish(&mut store.writer());
            assert_eq!(kept(path), [50]);
            write(&store, 1);
            store.packing().finish(&mut store.writer());
            assert_eq!(kept(path), [50, 10_052]);
        });
    }

    #[test]
    fn closing_the_database_waits_for_them_and_keeps_them() {
        with_store(50, |path, store| {
            write(&store, 60);
            drop(store);
            assert_eq!(kept(path), [60]);
            assert!(packs_lines(&open(path, 50)));
        });
    }

    #[test]
    fn a_making_that_was_cut_off_is_begun_again_after_the_next_start() {
        with_store(50, |path, store| {
            write(&store, 60);
            // What a process that is killed leaves behind: nothing.
            let cut_off = store.packing().making.lock().take();
            drop(store);
            assert!(cut_off.unwrap().thread.join().unwrap().is_ok());
            assert!(kept(path).is_empty());
            let head = "INSERT INTO shard_head (shard, seq, numbering, frontier) VALUES (1, 60, '{}', x'')";
            Connection::open(path).unwrap().execute(head, []).unwrap();
            let store = open(path, 50);
            write(&store, 1);
            assert!(store.packing().is_making());
            drop(store);
            assert_eq!(kept(path).len(), 1);
        });
    }

    #[test]
    fn a_failure_is_tried_again_when_there_are_twice_as_many_lines() {
        with_store(50, |path, store| {
            // Packed with a dictionary that is not there.
            let sql = "INSERT INTO journal (shard, seq, at, command, leaf, entry, packed) VALUES (2, 1, 0, ?, x'', '', x'0901')";
            store.writer().execute(sql, [[7_u8; 16]]).unwrap();
            write(&store, 60);
            store.packing().finish(&mut store.writer());
            assert!(kept(path).is_empty() && !packs_lines(&store));
            assert_eq!(store.packing().due.load(Ordering::Relaxed), 120);
            write(&store, 59);
            assert!(!store.packing().is_making());
            write(&store, 1);
            assert!(store.packing().is_making());
        });
    }

    #[test]
    fn the_writer_makes_them_itself_when_lines_are_few_or_a_history_is_loaded() {
        with_store(1, |path, store| {
            write(&store, 1);
            assert_eq!(kept(path), [1]);
            assert!(!store.packing().is_making());
        });
        with_store(50, |path, store| {
            store.set_durable(false).unwrap();
            write(&store, 50);
            assert_eq!(kept(path), [50]);
            store.set_durable(true).unwrap();
            write(&store, 750);
            assert!(store.packing().is_making());
        });
    }
}

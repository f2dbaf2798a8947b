//! Copies of a SQLite database that is in use, and what shows that two databases differ.

use crate::support::rows::{case, put};
use crate::support::run;
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{CaseFilter, Store};
use ganglion_store::backup::{contents, copy};
use ganglion_store::{Schema, SqliteOptions, SqliteStore, integrity, schema};
use std::path::Path;
use std::sync::Arc;

fn open(path: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(path, SqliteOptions::default()).unwrap()
}

fn tamper(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// A folder with a database of some cases in two counties.
async fn filled(folder: &Path) -> Arc<SqliteStore> {
    let store = open(&folder.join("city.db"));
    put(&*store, (1..=40).map(|n| case(n, if n % 2 == 0 { "130922001" } else { "130925001" }))).await.unwrap();
    store
}

#[test]
fn a_copy_holds_what_was_durable_when_it_began_and_nothing_later() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(folder.path()).await;
        let (source, target) = (folder.path().join("city.db"), folder.path().join("copy.db"));
        let before = contents(&source).unwrap();
        assert_eq!((before.rows("case_row"), before.lines(), before.journals.len()), (40, 40, 2));
        // A commit beside every step of the copy: it goes on, and the copy does not hold it.
        let (mut told, mut n) = (0, 40);
        copy(&source, &target, &mut |done, all| {
            assert!(done <= all && all > 0);
            told += 1;
            n += 1;
            let other = rusqlite::Connection::open(&source).unwrap();
            other.execute("INSERT INTO setting (name, value) VALUES (?, 'later')", [format!("later-{n}")]).unwrap();
        })
        .unwrap();
        assert!(told > 0);
        assert_eq!(contents(&target).unwrap().difference(&before), None);
        let now = contents(&source).unwrap();
        assert!(now.difference(&before).is_some_and(|said| said.contains("table setting")), "{now:?}");
        assert!(!target.with_extension("db-wal").exists(), "a copy is one file");
        put(&*store, [case(99, "130922001")]).await.unwrap();
        // The copy is a database like any other.
        let opened = open(&target);
        assert_eq!(opened.case_count(&CaseFilter::default()).await.unwrap(), 40);
        put(&*opened, [case(77, "130922001")]).await.unwrap();
    });
}

#[test]
fn a_changed_value_a_lost_row_and_a_changed_line_are_all_found() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        drop(filled(folder.path()).await);
        let source = folder.path().join("city.db");
        let whole = contents(&source).unwrap();
        let changed = |name: &str, sql: &str| {
            let path = folder.path().join(name);
            copy(&source, &path, &mut |_, _| ()).unwrap();
            tamper(&path, sql);
            contents(&path)
        };
        let moved = changed("moved.db", "UPDATE case_row SET state = 'x' WHERE number = 'N-1'").unwrap();
        assert!(moved.difference(&whole).unwrap().starts_with("table case_row: 40 rows"));
        let lost = changed("lost.db", "DELETE FROM case_row WHERE number = 'N-1'").unwrap();
        assert_eq!(lost.rows("case_row"), 39);
        assert!(lost.difference(&whole).is_some());
        let lines = "DROP TRIGGER journal_keeps_lines; UPDATE journal SET entry = entry || ' ' WHERE seq = 3";
        let error = changed("line.db", lines).unwrap_err();
        assert!(error.to_string().contains("does not give the hash") || error.to_string().contains("do not give"));
        let cut = "DROP TRIGGER journal_loses_none; DELETE FROM journal WHERE seq = 20";
        let error = changed("cut.db", cut).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { table: "journal", .. }), "{error}");
    });
}

#[test]
fn looking_changes_nothing_and_says_what_the_file_is() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("city.db");
        assert!(SqliteStore::look(&path).is_err(), "looking makes no file");
        assert!(!path.exists());
        drop(filled(folder.path()).await);
        let known = schema(&path).unwrap().known;
        assert_eq!(schema(&path).unwrap(), Schema { found: known, known, changed: None });
        assert_eq!(integrity(&path, true).unwrap(), Vec::<String>::new());
        let store = SqliteStore::look(&path).unwrap();
        assert_eq!(store.case_count(&CaseFilter::default()).await.unwrap(), 40);
        assert!(put(&*store, [case(99, "130922001")]).await.is_err(), "who looks does not write");
        tamper(&path, "UPDATE migration SET checksum = 'x' WHERE number = 2");
        assert_eq!(schema(&path).unwrap().changed, Some(2));
    });
}

#[test]
fn a_limit_of_pages_can_be_set_and_taken_away_while_the_store_works() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(folder.path()).await;
        store.set_pages_max(Some(store.pages().unwrap())).unwrap();
        let mut n = 100;
        let error = loop {
            match put(&*store, (n..n + 50).map(|n| case(n, "130922001"))).await {
                Ok(()) => n += 50,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StoreError::DiskFull), "{error}");
        let before = store.case_count(&CaseFilter::default()).await.unwrap();
        store.set_pages_max(None).unwrap();
        put(&*store, (n..n + 50).map(|n| case(n, "130922001"))).await.unwrap();
        assert_eq!(store.case_count(&CaseFilter::default()).await.unwrap(), before + 50);
    });
}

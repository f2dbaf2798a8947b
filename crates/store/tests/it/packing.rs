//! Journal lines and bodies of cases that stand packed in SQLite: they come back, beside plain ones from before, and a row whose
//! dictionary is gone says so.

use crate::support::dump::dump;
use crate::support::history::{History, Step, steps, works, world_of};
use crate::support::rows::{SHARD, case, changed, following, put};
use crate::support::{memory, run};
use ganglion_kernel::Store;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_store::backup::contents;
use ganglion_store::replay::replay;
use ganglion_store::{Form, SqliteOptions, SqliteStore, read_with, rewrite};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Opens a file whose rows are packed from so many lines on.
fn open(path: &Path, pack_lines: u64) -> Arc<SqliteStore> {
    SqliteStore::open(path, SqliteOptions { pack_lines, ..SqliteOptions::default() }).unwrap()
}

fn with_folder(test: impl AsyncFnOnce(&dyn Fn(&str) -> PathBuf)) {
    let folder = tempfile::tempdir().unwrap();
    run(test(&|name| folder.path().join(name)));
}

fn same_steps(least: usize) -> Vec<(Step, u16)> {
    let mut runner = TestRunner::deterministic();
    let mut all = Vec::new();
    while all.len() < least {
        all.extend(steps(80).new_tree(&mut runner).unwrap().current());
    }
    all
}

fn count(path: &Path, sql: &str) -> u64 {
    rusqlite::Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

const PACKED_LINES: &str = "SELECT count(*) FROM journal WHERE packed IS NOT NULL AND entry = ''";
const PLAIN_LINES: &str = "SELECT count(*) FROM journal WHERE packed IS NULL AND entry <> ''";
const PACKED_CASES: &str = "SELECT count(*) FROM case_row WHERE packed IS NOT NULL AND body = ''";
const PLAIN_CASES: &str = "SELECT count(*) FROM case_row WHERE packed IS NULL AND body <> ''";

fn holds(path: &Path, text: &str) -> bool {
    std::fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
}

/// Every reading of a store, whatever it is packed with.
async fn reads_like_a_replay(store: &Arc<dyn Store>, works: &ganglion_kernel::commit::Works) {
    let again = memory();
    replay(&**store, &*again.store, &world_of(works)).await.unwrap();
    let there = dump(&**store).await;
    assert!(there[&SHARD].cases.len() > 3, "too little to show anything");
    assert_eq!(there, dump(&*again.store).await);
    let filter = CaseFilter::default();
    for order in [CaseOrder::Due, CaseOrder::Opened] {
        let page = store.cases(&filter, order, None, 100).await.unwrap();
        assert_eq!(page, again.store.cases(&filter, order, None, 100).await.unwrap());
        for one in &page {
            assert_eq!(store.case_by_number(one.shard, &one.number).await.unwrap().as_ref(), Some(one));
            let lines = store.entries_of_case(one.shard, one.id, 100).await.unwrap();
            assert_eq!(lines, again.store.entries_of_case(one.shard, one.id, 100).await.unwrap());
            assert!(!lines.is_empty());
        }
    }
    let all = store.entries_after(SHARD, 0, 1_000).await.unwrap();
    let opened =
        store.entries_holding(SHARD, (0, u64::MAX >> 1), &["\"change\":\"opened\"", "no such text"], 1_000).await;
    assert_eq!(
        opened.unwrap().len(),
        all.iter().filter(|line| format!("{:?}", line.change).starts_with("Opened")).count()
    );
}

#[test]
fn packed_rows_beside_plain_ones_read_as_all_plain_ones_would() {
    with_folder(async |at| {
        let path = at("city.db");
        let all = same_steps(240);
        let (early, late) = all.split_at(80);
        let mut history = History::default();
        let plain = open(&path, u64::MAX);
        let mut works = works(plain.clone());
        history.go_on(&works, early).await;
        drop(plain);
        works.store = open(&path, 1);
        history.go_on(&works, late).await;
        for sql in [PACKED_LINES, PLAIN_LINES, PACKED_CASES, PLAIN_CASES] {
            assert!(count(&path, sql) > 2, "{sql}");
        }
        let sum = |a, b| count(&path, a) + count(&path, b);
        assert_eq!(sum(PACKED_LINES, PLAIN_LINES), count(&path, "SELECT count(*) FROM journal"));
        assert_eq!(sum(PACKED_CASES, PLAIN_CASES), count(&path, "SELECT count(*) FROM case_row"));
        assert_eq!(count(&path, "SELECT count(DISTINCT kind) FROM dictionary"), 2);
        reads_like_a_replay(&works.store, &works).await;

        // Opened again: dictionaries come from the file, more rows are packed with the newest.
        let before = dump(&*works.store).await;
        works.store = open(&path, u64::MAX);
        assert_eq!(dump(&*works.store).await, before);
        reads_like_a_replay(&works.store, &works).await;
    });
}

#[test]
fn rows_written_while_a_thread_makes_dictionaries_read_as_all_plain_ones_would() {
    with_folder(async |at| {
        let path = at("city.db");
        let beside = || {
            let options = SqliteOptions { pack_lines: 20, pack_aside_lines: 1, ..SqliteOptions::default() };
            SqliteStore::open(&path, options).unwrap()
        };
        let all = same_steps(240);
        let (early, late) = all.split_at(120);
        let mut history = History::default();
        let mut works = works(beside());
        history.go_on(&works, early).await;
        // Closed before it is opened again: what a thread still makes is waited for.
        works.store = memory().store;
        assert_eq!(count(&path, "SELECT count(DISTINCT kind) FROM dictionary"), 2);
        works.store = beside();
        history.go_on(&works, late).await;
        for sql in [PACKED_LINES, PLAIN_LINES, PACKED_CASES] {
            assert!(count(&path, sql) > 2, "{sql}");
        }
        reads_like_a_replay(&works.store, &works).await;
    });
}

#[test]
fn a_reader_that_was_there_before_a_dictionary_finds_it() {
    with_folder(async |at| {
        let path = at("city.db");
        let store = open(&path, 30);
        put(&*store, (1..=20).map(|n| case(n, "130922001"))).await.unwrap();
        let reader = rusqlite::Connection::open(&path).unwrap();
        read_with(&reader, &path).unwrap();
        let texts =
            "SELECT count(*) FROM journal WHERE json_valid(line_text(entry, packed, case_id, command, at, seq, shard))";
        assert_eq!(reader.query_row(texts, [], |row| row.get::<_, u64>(0)).unwrap(), 20);
        put(&*store, (21..=40).map(|n| case(n, "130922001"))).await.unwrap();
        assert_eq!(count(&path, PACKED_LINES), 0, "from the batch after the one that reaches the number on");
        put(&*store, (41..=80).map(|n| case(n, "130922001"))).await.unwrap();
        assert_eq!((count(&path, PACKED_LINES), count(&path, PLAIN_LINES)), (40, 40));
        assert_eq!(reader.query_row(texts, [], |row| row.get::<_, u64>(0)).unwrap(), 80);
    });
}

#[test]
fn a_row_whose_dictionary_is_gone_says_so_and_dictionaries_do_not_go_by_themselves() {
    with_folder(async |at| {
        let path = at("city.db");
        let store = open(&path, 1);
        for n in 0..4 {
            put(&*store, (n * 10 + 1..=n * 10 + 10).map(|n| case(n, "130922001"))).await.unwrap();
        }
        drop(store);
        let behind = rusqlite::Connection::open(&path).unwrap();
        for sql in ["DELETE FROM dictionary", "UPDATE dictionary SET body = x'00'"] {
            assert!(behind.execute(sql, []).unwrap_err().to_string().contains("packed with this dictionary"), "{sql}");
        }
        behind.execute_batch("DROP TRIGGER dictionary_is_kept; DELETE FROM dictionary").unwrap();
        let store = open(&path, u64::MAX);
        let error = store.lines_after(SHARD, 0, 100).await.unwrap_err().to_string();
        assert!(error.contains("which is not in table `dictionary` of this database"), "{error}");
        let error = store.cases(&CaseFilter::default(), CaseOrder::Opened, None, 50).await.unwrap_err().to_string();
        assert!(error.contains("reading a case") || error.contains("listing cases"), "{error}");
        assert!(error.contains("it is packed with dictionary "), "{error}");
    });
}

#[test]
fn a_batch_as_long_as_all_that_is_waited_for_is_packed_itself() {
    with_folder(async |at| {
        let path = at("city.db");
        let store = open(&path, 50);
        put(&*store, (1..=60).map(|n| case(n, "130922001"))).await.unwrap();
        assert_eq!((count(&path, PACKED_LINES), count(&path, PLAIN_LINES)), (60, 0));
        assert_eq!((count(&path, PACKED_CASES), count(&path, PLAIN_CASES)), (60, 0));
        assert_eq!(store.lines_after(SHARD, 0, 100).await.unwrap().len(), 60);
    });
}

#[test]
fn copies_are_written_packed_or_plain_and_prove_the_same_journals() {
    with_folder(async |at| {
        let path = at("city.db");
        let mut history = History::default();
        let works = works(open(&path, u64::MAX));
        history.go_on(&works, &same_steps(160)).await;
        works.store.views_set(&world_of(&works).model).await.unwrap();
        let lines = contents(&path).unwrap().lines();

        assert_eq!(rewrite(&path, &at("packed.db"), Form::Packed).unwrap(), lines);
        assert_eq!((count(&at("packed.db"), PLAIN_LINES), count(&at("packed.db"), PLAIN_CASES)), (0, 0));
        assert_eq!(contents(&at("packed.db")).unwrap().journals, contents(&path).unwrap().journals);
        let packed: Arc<dyn Store> = open(&at("packed.db"), u64::MAX);
        assert_eq!(dump(&*packed).await, dump(&*works.store).await);
        let forbidden = rusqlite::Connection::open(at("packed.db")).unwrap();
        assert!(forbidden.execute("UPDATE journal SET at = 1", []).is_err(), "still append-only");

        assert_eq!(rewrite(&at("packed.db"), &at("plain.db"), Form::Plain).unwrap(), lines);
        assert_eq!((count(&at("plain.db"), PACKED_LINES), count(&at("plain.db"), PACKED_CASES)), (0, 0));
        let rows = "SELECT count(*) FROM process_report WHERE number IS NOT NULL";
        assert_eq!(
            count(&at("plain.db"), rows),
            count(&path, "SELECT count(*) FROM case_row WHERE process = 'report'")
        );
        let plain: Arc<dyn Store> = open(&at("plain.db"), u64::MAX);
        assert_eq!(dump(&*plain).await, dump(&*works.store).await);
    });
}

/// What a file holds can hardly be seen in its bytes once it is packed: whoever looks for what must not be in it looks at a plain copy.
#[test]
fn a_plain_copy_shows_what_stands_in_a_packed_row() {
    with_folder(async |at| {
        let path = at("city.db");
        let store = open(&path, 1);
        for n in 1..=30 {
            put(&*store, [case(n, "130922001")]).await.unwrap();
        }
        let mut told = case(7, "130922001");
        told.version = 2;
        told.fields.insert("note".to_owned(), "Qx7-zebra-19".into());
        let write = following(&*store, SHARD, vec![changed(told)]).await;
        store.write(&[write]).await.unwrap();
        drop(store);
        assert_eq!(count(&path, "SELECT count(*) FROM case_row WHERE number = 'N-7' AND packed IS NOT NULL"), 1);
        rewrite(&path, &at("plain.db"), Form::Plain).unwrap();
        assert!(holds(&at("plain.db"), "Qx7-zebra-19"), "there it is");
    });
}

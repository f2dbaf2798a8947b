//! What only SQLite has: a file that is opened again, opened twice, damaged, full, or broken into.

use crate::support::dump::dump;
use crate::support::rows::{SHARD, case, case_id, following, new_case, put};
use crate::support::run;
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{CaseFilter, CaseOrder, Store};
use ganglion_store::{OpenError, SqliteOptions, SqliteStore};
use std::path::Path;
use std::sync::Arc;

fn open(path: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(path, SqliteOptions::default()).unwrap()
}

/// Runs SQL on the file behind the store's back.
fn tamper(path: &Path, sql: &str) -> rusqlite::Result<()> {
    rusqlite::Connection::open(path)?.execute_batch(sql)
}

fn with_file(test: impl AsyncFnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    run(test(&folder.path().join("city.db")));
}

#[test]
fn a_file_that_is_opened_again_has_everything() {
    with_file(async |path| {
        let store = open(path);
        put(&*store, (1..=50).map(|n| case(n, "130922001"))).await.unwrap();
        let before = dump(&*store).await;
        drop(store);
        assert_eq!(dump(&*open(path)).await, before);
    });
}

#[test]
fn what_was_loaded_without_waiting_for_the_disk_is_there_when_durability_is_turned_on() {
    with_file(async |path| {
        let store = SqliteStore::open(path, SqliteOptions { durable: false, ..SqliteOptions::default() }).unwrap();
        put(&*store, [case(1, "130922001")]).await.unwrap();
        store.set_durable(true).unwrap();
        assert_eq!(std::fs::metadata(path.with_extension("db-wal")).unwrap().len(), 0, "the log is folded in");
        put(&*store, [case(2, "130922001")]).await.unwrap();
        assert_eq!(open(path).case_count(&CaseFilter::default()).await.unwrap(), 2);
    });
}

#[test]
fn the_log_is_folded_while_commits_go_on_and_never_grows_beyond_its_length() {
    with_file(async |path| {
        let options = SqliteOptions { fold_pages: 20, ..SqliteOptions::default() };
        let store = SqliteStore::open(path, options).unwrap();
        for n in 0..200 {
            put(&*store, [case(2 * n + 1, "130922001"), case(2 * n + 2, "130922002")]).await.unwrap();
            let log_bytes = std::fs::metadata(path.with_extension("db-wal")).unwrap().len();
            // The length at which the writer folds by itself, and one commit more: two cases with their indices are 110 pages, and half
            // as many again when the index of words tidies up.
            assert!(log_bytes < 4120 * (16 * 20 + 250), "{log_bytes} bytes after {n} commits");
        }
        drop(store);
        assert_eq!(open(path).case_count(&CaseFilter::default()).await.unwrap(), 400);
    });
}

#[test]
fn two_handles_on_one_file_see_each_other_and_one_of_two_writes_has_to_decide_again() {
    with_file(async |path| {
        let (one, two) = (open(path), open(path));
        let late = following(&*two, SHARD, vec![new_case(case(2, "130922001"))]).await;
        put(&*one, [case(1, "130922001")]).await.unwrap();
        assert!(two.case(SHARD, case_id(1)).await.unwrap().is_some());
        assert!(matches!(two.write(&[late]).await, Err(StoreError::Moved(SHARD))));
        put(&*two, [case(2, "130922001")]).await.unwrap();
        assert!(one.case(SHARD, case_id(2)).await.unwrap().is_some());
    });
}

#[test]
fn a_row_that_cannot_be_read_is_named() {
    with_file(async |path| {
        let store = open(path);
        put(&*store, [case(1, "130922001")]).await.unwrap();
        tamper(path, "UPDATE case_row SET body = '{\"id\":1}'").unwrap();
        let error = store.case(SHARD, case_id(1)).await.unwrap_err();
        let key = format!("130922/{}", case_id(1));
        assert!(error.to_string().starts_with(&format!("case_row.body of {key} cannot be read")), "{error}");
        let list = store.cases(&CaseFilter::default(), CaseOrder::Due, None, 9).await;
        assert!(matches!(list, Err(StoreError::Corrupt { table: "case_row", column: "body", .. })));
        tamper(path, "UPDATE shard_head SET frontier = x'00'").unwrap();
        assert!(matches!(store.shards().await, Err(StoreError::Corrupt { column: "frontier", .. })));
    });
}

#[test]
fn the_journal_refuses_to_be_changed() {
    with_file(async |path| {
        put(&*open(path), [case(1, "130922001")]).await.unwrap();
        for sql in ["UPDATE journal SET at = 0", "DELETE FROM journal", "REPLACE INTO journal SELECT * FROM journal"] {
            let refused = tamper(path, sql).unwrap_err().to_string();
            assert!(refused.contains("append-only") || refused.contains("UNIQUE"), "{sql}: {refused}");
        }
    });
}

#[test]
fn a_fault_in_the_middle_of_a_write_leaves_nothing() {
    with_file(async |path| {
        let store = open(path);
        put(&*store, [case(1, "130922001")]).await.unwrap();
        let before = dump(&*store).await;
        let tables = ["shard_head", "journal", "case_row"];
        for table in tables {
            let when = if table == "shard_head" { "UPDATE" } else { "INSERT" };
            let fault = format!("CREATE TRIGGER fault AFTER {when} ON {table} BEGIN SELECT RAISE(FAIL, 'fault'); END");
            tamper(path, &fault).unwrap();
            let error = put(&*store, [case(2, "130922001"), case(3, "130925001")]).await.unwrap_err();
            assert!(error.to_string().contains("fault"), "{table}: {error}");
            assert_eq!(dump(&*store).await, before, "{table}");
            tamper(path, "DROP TRIGGER fault").unwrap();
        }
        put(&*store, [case(2, "130922001"), case(3, "130925001")]).await.unwrap();
        assert_eq!(store.case_count(&CaseFilter::default()).await.unwrap(), 3);
    });
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    with_file(async |path| {
        let store =
            SqliteStore::open(path, SqliteOptions { pages_max: Some(120), ..SqliteOptions::default() }).unwrap();
        let mut n = 0;
        let error = loop {
            match put(&*store, (n + 1..=n + 50).map(|n| case(n, "130922001"))).await {
                Ok(()) => n += 50,
                Err(error) => break error,
            }
        };
        assert!(n > 0 && matches!(error, StoreError::DiskFull), "after {n}: {error}");
        assert_eq!(u128::from(store.case_count(&CaseFilter::default()).await.unwrap()), n);
        assert_eq!(u128::from(store.shards().await.unwrap()[0].1.seq), n);
    });
}

#[test]
fn a_database_of_a_newer_program_or_of_another_is_refused_in_words() {
    with_file(async |path| {
        drop(open(path));
        tamper(path, "INSERT INTO migration (number, name, checksum) VALUES (99, 'later', 'x')").unwrap();
        let error = SqliteStore::open(path, SqliteOptions::default()).unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
        let other = path.with_extension("other");
        tamper(&other, "CREATE TABLE somebody (x)").unwrap();
        assert!(matches!(SqliteStore::open(&other, SqliteOptions::default()), Err(OpenError::Foreign)));
        let text = path.with_extension("txt");
        std::fs::write(&text, "this is no database, only some words in a file".repeat(40)).unwrap();
        let error = SqliteStore::open(&text, SqliteOptions::default()).unwrap_err();
        assert!(error.to_string().contains("cannot open"), "{error}");
    });
}

#[test]
fn reads_do_not_wait_for_a_write_that_is_under_way() {
    with_file(async |path| {
        let store = open(path);
        put(&*store, [case(1, "130922001")]).await.unwrap();
        let other = rusqlite::Connection::open(path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE; DELETE FROM case_assist").unwrap();
        assert!(store.case(SHARD, case_id(1)).await.unwrap().is_some());
        other.execute_batch("ROLLBACK").unwrap();
    });
}

#[test]
fn views_have_typed_columns_and_nothing_personal() {
    with_file(async |path| {
        let store = open(path);
        let world = crate::support::world::world();
        store.views_set(&world.model).await.unwrap();
        store.views_set(&world.model).await.unwrap();
        put(&*store, [case(1, "130922001")]).await.unwrap();
        let connection = rusqlite::Connection::open(path).unwrap();
        ganglion_store::read_with(&connection, path).unwrap();
        let state: String = connection.query_row("SELECT state FROM process_report", [], |row| row.get(0)).unwrap();
        assert_eq!(state, case(1, "130922001").state);
        let count: i64 = connection.query_row("SELECT count(*) FROM register_visit", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 0);
        let views: Vec<String> = connection
            .prepare("SELECT sql FROM sqlite_master WHERE type = 'view'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let process = &world.model.processes["report"];
        for field in process.form.iter().chain(&process.fields).filter(|field| field.personal) {
            let named = format!("$.fields.{}'", field.name);
            assert!(views.iter().all(|view| !view.contains(&named)), "{}", field.name);
        }
    });
}

#[test]
fn fields_that_rows_are_counted_by_have_an_index_as_long_as_a_pack_counts_by_them() {
    use ganglion_kernel::lookup::Matching;
    use ganglion_model::Model;
    use ganglion_model::expr::{Cmp, Expr, RowsOf};
    use ganglion_model::pack::Check;
    with_file(async |path| {
        let store = open(path);
        let plain = crate::support::world::world().model;
        let mut counting = Model::clone(&plain);
        let visit = counting.registers.get_mut("visit").unwrap();
        let form = |name: &str| Expr::Path(vec!["form".to_owned(), name.to_owned()]);
        let matching = vec![("last".to_owned(), form("last"))];
        let of = RowsOf { register: "visit".to_owned(), sum: None, matching };
        let few = Expr::Cmp(Cmp::Lt, Box::new(Expr::Rows(Box::new(of))), Box::new(Expr::Lit(3.into())));
        visit.fields[0].checks.push(Check { holds: few, message: ganglion_model::Text::default() });
        store.views_set(&counting).await.unwrap();
        let connection = rusqlite::Connection::open(path).unwrap();
        let wanted = [("last".to_owned(), "x".into())].into();
        let asked = Matching::of(SHARD, "visit", &wanted, jiff::civil::date(2022, 6, 27));
        let plan = |sql: &str| -> String {
            let mut rows = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let lines = rows.query_map([], |row| row.get::<_, String>(3)).unwrap();
            lines.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
        };
        let found = plan(
            "SELECT r.key FROM record r WHERE r.register = 'visit' AND r.shard = 130922 \
             AND json_extract(r.body, '$.fields.last') = 'x'",
        );
        assert!(found.contains("counted_visit_last"), "{found}");
        let want = ganglion_kernel::port::Want { matching: vec![asked.clone()], ..Default::default() };
        assert_eq!(store.load(&want).await.unwrap().matching, [(asked, Some(vec![]))]);
        store.views_set(&plain).await.unwrap();
        let left: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_master WHERE name GLOB 'counted_*'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(left, 0);
    });
}

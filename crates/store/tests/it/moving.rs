//! Moves from SQLite to PostgreSQL: everything arrives, work goes on as before, and what is not equal is not kept.

use crate::support::dump::dump;
use crate::support::history::{Counter, History, Step, live, send, steps, works, world_of};
use crate::support::rows::{SHARD, at, case, case_id, code, post, put};
use crate::support::{elsewhere, is_there, pg_database, pg_open, run};
use ganglion_cluster::{Database, run_sql};
use ganglion_kernel::Store;
use ganglion_kernel::commit::Works;
use ganglion_kernel::port::{Access, Account, CaseFilter, CaseOrder, FileRow, Session, Told};
use ganglion_model::{AccountId, Post, Shard, Text};
use ganglion_store::searched::Rebuild;
use ganglion_store::{Layout, MoveError, SqliteOptions, SqliteStore, move_into};
use jiff::civil::date;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A SQLite database in a folder, and an empty one of PostgreSQL.
struct Move {
    path: PathBuf,
    from: Arc<SqliteStore>,
    database: Database,
    _folder: tempfile::TempDir,
}

fn with_move(layout: Layout, test: impl AsyncFnOnce(&Move)) {
    if is_there("postgres") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ganglion.sqlite");
        // Some rows plain, most of them packed.
        let options = SqliteOptions { pack_lines: 20, ..SqliteOptions::default() };
        let from = SqliteStore::open(&path, options).unwrap();
        run(test(&Move { path, from, database: pg_database(layout), _folder: folder }));
    }
}

/// Steps, always the same.
fn same_steps(least: usize) -> Vec<(Step, u16)> {
    let mut runner = TestRunner::deterministic();
    let mut all = Vec::new();
    while all.len() < least {
        all.extend(steps(80).new_tree(&mut runner).unwrap().current());
    }
    all
}

async fn fill_reference(store: &dyn Store) {
    let world = crate::support::world::world();
    let places: Vec<_> = world.places.tree.versions().cloned().collect();
    store.places_set(&places).await.unwrap();
    store.outlines_set(&[(code("130922"), "{\"type\":\"Polygon\"}".to_owned())]).await.unwrap();
    let clerk = Post {
        id: post("clerk"),
        role: "clerk".to_owned(),
        place: code("130922"),
        title: Text::new("科员", "tab\tand \\N and\nline"),
        unit: Text::default(),
        account: None,
        valid_from: date(2020, 1, 1),
        valid_to: None,
    };
    store.posts_put(&[clerk]).await.unwrap();
    let account =
        Account {
            id: AccountId("li".to_owned()), name: "李".to_owned(), password: Some("h".to_owned()), active: true
        };
    store.accounts_put(&[account]).await.unwrap();
    let (token_hash, account) = ("00ff".to_owned(), AccountId("li".to_owned()));
    store.session_put(&Session { token_hash, account, post: None, expires_at: at(60) }).await.unwrap();
    for (id, case, sent) in [("loose", None, false), ("sent", None, true), ("tied", Some((SHARD, case_id(1))), true)] {
        let (name, media_type) = ("桥.jpg".to_owned(), "image/jpeg".to_owned());
        let file =
            FileRow { id: id.to_owned(), name, media_type, bytes: 1, at: at(5), case, sent, fingerprint: Some(7) };
        store.file_put(&file).await.unwrap();
    }
    store.setting_put("history_until", "a day").await.unwrap();
    store.cursors_set("tell", &[(SHARD, 3)]).await.unwrap();
}

fn access(second: i64) -> Access {
    Access {
        at: at(second),
        shard: SHARD,
        case: case_id(1),
        post: post("clerk"),
        account: AccountId("li".to_owned()),
        fields: vec!["phone".to_owned()],
        purpose: "to ask back".to_owned(),
    }
}

fn everything_arrives(layout: Layout) {
    with_move(layout, async |Move { path, from, database, .. }| {
        fill_reference(&**from).await;
        for second in [2, 1, 2] {
            from.access_add(&access(second)).await.unwrap();
        }
        let works_there = works(from.clone());
        let all = same_steps(160);
        let (before, after) = all.split_at(120);
        let mut history = History::default();
        history.go_on(&works_there, before).await;
        let into = pg_open(&database.url());
        let mut seen = Vec::new();
        let moved =
            move_into(path, &into, |moving| seen.push((moving.rows, moving.of, moving.checking))).await.unwrap();

        assert_eq!(moved.left_behind, 0);
        assert!(seen.iter().filter(|one| one.2).map(|one| one.0).max() == seen.first().map(|one| one.1), "{seen:?}");
        let heads = from.shards().await.unwrap();
        let heads: Vec<_> = heads.into_iter().map(|(shard, head)| (shard, head.seq, head.frontier.root())).collect();
        assert_eq!(moved.shards, heads);
        let there = dump(&**from).await;
        assert!(there[&SHARD].cases.len() > 3 && !there[&SHARD].records.is_empty(), "too little to show anything");
        assert_eq!(dump(&*into).await, there);
        for shard in [SHARD, Shard(130_925)] {
            assert_eq!(into.facts_all(shard).await.unwrap().len(), from.facts_all(shard).await.unwrap().len());
        }
        assert_eq!(into.places().await.unwrap(), from.places().await.unwrap());
        assert_eq!(into.outlines().await.unwrap(), from.outlines().await.unwrap());
        assert_eq!(into.posts().await.unwrap(), from.posts().await.unwrap());
        assert_eq!(into.accounts().await.unwrap(), from.accounts().await.unwrap());
        assert_eq!(into.session("00ff").await.unwrap(), from.session("00ff").await.unwrap());
        for id in ["loose", "sent", "tied"] {
            assert_eq!(into.file(id).await.unwrap(), from.file(id).await.unwrap());
        }
        let loose = run_sql(&database.url(), "SELECT id, at FROM file WHERE is_loose").unwrap();
        assert_eq!(loose, format!("loose|{}", at(5).as_microsecond()));
        assert_eq!(into.setting("history_until").await.unwrap().as_deref(), Some("a day"));
        assert_eq!(into.cursor("tell", SHARD).await.unwrap(), 3);
        let accesses = into.accesses(SHARD, case_id(1), 9).await.unwrap();
        assert_eq!(accesses, from.accesses(SHARD, case_id(1), 9).await.unwrap());

        assert_eq!(into.setting("case_place_marks").await.unwrap(), None, "words are made anew");
        let world = world_of(&works_there);
        let made = Rebuild::new(&*into, &world).all(|_| ()).await.unwrap();
        assert_eq!(into.setting("row_words").await.unwrap().as_deref(), Some("all"));
        assert_eq!(made.cases, into.case_count(&CaseFilter::default()).await.unwrap());
        assert_eq!(into.setting("case_place_marks").await.unwrap().as_deref(), Some("all"));

        // The same steps after the move come to the same on both.
        let clock = Arc::new(Counter::beside(&*works_there.clock));
        let works_here = Works { clock, ..works(into.clone()) };
        let sent = history.commands.len();
        history.go_on(&works_there, after).await;
        send(&works_here, &history.commands[sent..], 1).await;
        assert_eq!(dump(&*into).await, dump(&**from).await);
        let again = move_into(path, &into, |_| ()).await.unwrap_err();
        assert!(matches!(again, MoveError::NotEmpty(_)), "{again}");
    });
}

#[test]
fn everything_arrives_and_work_goes_on_as_before() {
    everything_arrives(Layout::Single);
}

#[test]
fn everything_arrives_in_partitions_of_counties() {
    everything_arrives(Layout::Partitioned);
}

/// Moves, expecting that it fails, and that nothing is kept.
async fn fails(path: &Path, database: &Database) -> MoveError {
    let into = pg_open(&database.url());
    let error = move_into(path, &into, |_| ()).await.unwrap_err();
    assert_eq!(into.shards().await.unwrap(), []);
    assert_eq!(into.posts().await.unwrap(), []);
    error
}

#[test]
fn rows_that_are_changed_or_lost_on_the_way_are_found_and_nothing_is_kept() {
    with_move(Layout::Single, async |Move { path, from, database, .. }| {
        fill_reference(&**from).await;
        live(&works(from.clone()), &same_steps(160)).await;
        for (table, body) in [
            ("post", "NEW.body := replace(NEW.body, '科员', '科长'); RETURN NEW"),
            ("tally", "NEW.sum := NEW.sum + 1; RETURN NEW"),
            ("journal", "NEW.entry := NEW.entry || ' '; RETURN NEW"),
            ("record", "NEW.body := NEW.body || '{\"a\": 1}'; RETURN NEW"),
            ("fact", "RETURN NULL"),
        ] {
            let fault = format!(
                "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$; \
                 CREATE TRIGGER fault BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fault()"
            );
            run_sql(&database.url(), &fault).unwrap();
            let error = fails(path, database).await;
            assert!(matches!(&error, MoveError::Unequal { table: named, .. } if *named == table), "{table}: {error}");
            run_sql(&database.url(), "DROP FUNCTION fault CASCADE").unwrap();
        }
    });
}

#[test]
fn a_journal_that_was_tampered_with_is_not_moved() {
    with_move(Layout::Single, async |Move { path, from, database, .. }| {
        put(&**from, [case(1, "130922001"), case(2, "130922001")]).await.unwrap();
        let connection = rusqlite::Connection::open(path).unwrap();
        let tampered = "DROP TRIGGER journal_keeps_lines; UPDATE journal SET entry = replace(entry, 'N-1', 'N-7')";
        connection.execute_batch(tampered).unwrap();
        let error = fails(path, database).await;
        assert!(matches!(error, MoveError::Root(SHARD)), "{error}");
    });
}

#[test]
fn what_a_server_writes_meanwhile_is_left_behind_and_counted() {
    with_move(Layout::Single, async |Move { path, from, database, .. }| {
        put(&**from, [case(1, "130922001")]).await.unwrap();
        let into = pg_open(&database.url());
        let mut written = false;
        let moved = move_into(path, &into, |_| {
            if !std::mem::replace(&mut written, true) {
                let from = from.clone();
                elsewhere(async move { put(&*from, [case(2, "130922001"), case(3, "130925001")]).await.unwrap() });
            }
        });
        assert_eq!(moved.await.unwrap().left_behind, 2);
        let cases = into.cases(&CaseFilter::default(), CaseOrder::Opened, None, 9).await.unwrap();
        assert_eq!(cases.iter().map(|one| one.id).collect::<Vec<_>>(), [case_id(1)]);
    });
}

#[test]
fn notices_to_posts_come_along() {
    with_move(Layout::Single, async |Move { path, from, database, .. }| {
        put(&**from, [case(1, "130922001")]).await.unwrap();
        let told = Told {
            post: post("clerk"),
            shard: SHARD,
            seq: 1,
            at: at(1),
            case: case_id(1),
            action: "give".to_owned(),
            clock: Some("handle".to_owned()),
            text: Text::new("到期", "due"),
        };
        from.told_add(std::slice::from_ref(&told)).await.unwrap();
        let into = pg_open(&database.url());
        move_into(path, &into, |_| ()).await.unwrap();
        assert_eq!(into.told(&post("clerk"), 9).await.unwrap(), [told]);
    });
}

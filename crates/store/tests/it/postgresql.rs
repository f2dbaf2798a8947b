//! What only PostgreSQL has: many servers on one database, connections that break, and everything that can be wrong with an
//! address.

use crate::support::dump::dump;
use crate::support::history::{Counter, works, world_of};
use crate::support::rows::{SHARD, case, case_id, command_id, following, new_case, put, record};
use crate::support::{elsewhere, is_there, pg_database, pg_open, run, small};
use ganglion_cluster::{Care, Cluster, Database, run_sql};
use ganglion_kernel::commit::{CommitError, Committer, Works};
use ganglion_kernel::port::{CaseFilter, CaseOrder, ShardWrite, Store, Turn};
use ganglion_kernel::port_rows::{RowFilter, RowOrder};
use ganglion_kernel::{StoreError, World};
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::{Fields, Shard};
use ganglion_store::replay::replay;
use ganglion_store::{Layout, PgOpenError, PgOptions, PgStore, SqliteStore};
use jiff::civil::date;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn with_database(test: impl AsyncFnOnce(&Database)) {
    if is_there("postgres") {
        let database = pg_database(Layout::Single);
        run(test(&database));
    }
}

#[test]
fn servers_on_one_database_see_each_other_and_one_of_two_writes_has_to_decide_again() {
    with_database(async |database| {
        let (one, two) = (pg_open(&database.url()), pg_open(&database.url()));
        let late = following(&*two, SHARD, vec![new_case(case(2, "130922001"))]).await;
        put(&*one, [case(1, "130922001")]).await.unwrap();
        assert!(two.case(SHARD, case_id(1)).await.unwrap().is_some());
        assert!(matches!(two.write(&[late]).await, Err(StoreError::Moved(SHARD))));
        put(&*two, [case(2, "130922001")]).await.unwrap();
        assert!(one.case(SHARD, case_id(2)).await.unwrap().is_some());
    });
}

fn opening(n: u128, county: &str, reference: Option<String>) -> Command {
    let mut form: Fields = serde_json::from_value(json!({"place": format!("{county}001"), "category": "a"})).unwrap();
    form.extend(reference.map(|reference| ("reference".to_owned(), json!(reference))));
    let body = Body::Open { process: "report".into(), form, channel: "web".into(), observed_at: None, from: None };
    Command { id: command_id(n), shard: Shard(county.parse().unwrap()), actor: Actor::Public, body }
}

/// A server: its committer, and the thread to wait for.
type Server = (Committer, std::thread::JoinHandle<()>);

/// Servers so far: no two of them give the same id, or a case of one would stand where the other wants to put its own.
static SERVERS: AtomicU64 = AtomicU64::new(0);

fn server(database: &Database) -> (Server, Arc<World>) {
    let first = SERVERS.fetch_add(1, Ordering::Relaxed) * 1_000_000;
    let works = Works { clock: Arc::new(Counter::from(first)), ..works(pg_open(&database.url())) };
    let world = world_of(&works);
    (Committer::start(works).unwrap(), world)
}

fn end((committer, thread): Server) {
    drop(committer);
    thread.join().unwrap();
}

/// Sends commands to a server, all at once, and gives how each ended.
async fn all_at_once(server: &Server, commands: Vec<Command>) -> Vec<Result<String, CommitError>> {
    let sent: Vec<_> = commands
        .into_iter()
        .map(|command| {
            let committer = server.0.clone();
            tokio::spawn(async move { Ok(committer.send(command).await?.number.unwrap_or_default()) })
        })
        .collect();
    let mut answers = Vec::new();
    for one in sent {
        answers.push(one.await.unwrap());
    }
    answers
}

/// The journal gives the rows, the figures and the root, and no command was carried out twice.
async fn is_whole(database: &Database, world: &World) {
    let store = pg_open(&database.url());
    let again = SqliteStore::memory().unwrap();
    replay(&*store, &*again, world).await.unwrap();
    assert_eq!(dump(&*store).await, dump(&*again).await);
    let mut times: BTreeMap<_, u32> = BTreeMap::new();
    for (shard, _) in store.shards().await.unwrap() {
        for entry in store.entries_after(shard, 0, 10_000).await.unwrap() {
            *times.entry(entry.command).or_default() += 1;
        }
    }
    assert!(times.values().all(|times| *times == 1), "a command was carried out twice");
}

#[test]
fn two_servers_write_at_once_and_numbers_have_no_gaps() {
    with_database(async |database| {
        let ((one, world), (two, _)) = (server(database), server(database));
        let of = |from: u128| {
            let county = |n: u128| if n.is_multiple_of(2) { "130922" } else { "130925" };
            (from..from + 60).map(|n| opening(n, county(n), None)).collect::<Vec<_>>()
        };
        let (first, second) = tokio::join!(all_at_once(&one, of(0)), all_at_once(&two, of(1_000)));
        let numbers: BTreeSet<String> = first.into_iter().chain(second).map(Result::unwrap).collect();
        let expected: BTreeSet<String> = ["130922001", "130925001"]
            .into_iter()
            .flat_map(|town| (1..=60).map(move |n| format!("{town}-{n:04}")))
            .collect();
        assert_eq!(numbers, expected);
        end(one);
        end(two);
        is_whole(database, &world).await;
    });
}

#[test]
fn a_command_that_reaches_two_servers_at_once_is_carried_out_once() {
    with_database(async |database| {
        let ((one, world), (two, _)) = (server(database), server(database));
        let commands = || (0..40).map(|n| opening(n, "130922", Some(format!("R{n}")))).collect::<Vec<_>>();
        let (first, second) = tokio::join!(all_at_once(&one, commands()), all_at_once(&two, commands()));
        let numbers =
            |answers: Vec<Result<String, CommitError>>| answers.into_iter().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(numbers(first), numbers(second));
        end(one);
        end(two);
        is_whole(database, &world).await;
    });
}

#[test]
fn what_any_server_writes_is_told_on_every_server_once_and_in_order() {
    with_database(async |database| {
        let ((one, _), (two, _)) = (server(database), server(database));
        let mut heard_on_two = two.0.subscribe();
        let of = |from: u128| (from..from + 30).map(|n| opening(n, "130922", None)).collect::<Vec<_>>();
        let (first, second) = tokio::join!(all_at_once(&one, of(0)), all_at_once(&two, of(1_000)));
        assert!(first.iter().chain(&second).all(Result::is_ok));
        let mut seqs = Vec::new();
        while seqs.last() != Some(&60) {
            seqs.extend(heard_on_two.recv().await.unwrap().iter().map(|entry| entry.seq));
        }
        // A server that began to follow late begins at a later line, and then misses none.
        assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
        end(one);
        end(two);
    });
}

#[test]
fn a_turn_at_a_job_is_had_by_one_server_at_a_time() {
    with_database(async |database| {
        let (one, two) = (pg_open(&database.url()), pg_open(&database.url()));
        let turn = turn(&*one).await;
        assert!(turn_at(&*two, "timers").await.is_none());
        assert!(turn_at(&*two, "tell").await.is_some(), "another job is another turn");
        drop(turn);
        // It is given back a moment later.
        while two.turn("timers").await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    });
}

async fn turn(store: &dyn Store) -> Turn {
    turn_at(store, "timers").await.unwrap()
}

/// The bell is hung up a moment after the store is opened.
async fn turn_at(store: &dyn Store, job: &str) -> Option<Turn> {
    loop {
        match store.turn(job).await {
            Err(StoreError::Unavailable { .. }) => tokio::task::yield_now().await,
            other => return other.unwrap(),
        }
    }
}

#[test]
fn connections_cut_under_way_lose_nothing_and_double_nothing() {
    with_database(async |database| {
        let (one, world) = server(database);
        let url = database.url();
        let mut answered = 0;
        for round in 0..6_u128 {
            let commands = (0..50).map(|n| opening(round * 50 + n, "130922", None)).collect();
            let cut = url.clone();
            let cutting = tokio::task::spawn_blocking(move || {
                let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                              AND pid <> pg_backend_pid()";
                run_sql(&cut, others).unwrap()
            });
            let (answers, _) = tokio::join!(all_at_once(&one, commands), cutting);
            answered += answers.into_iter().map(Result::unwrap).collect::<BTreeSet<_>>().len();
        }
        assert_eq!(answered, 300);
        end(one);
        is_whole(database, &world).await;
        assert_eq!(pg_open(&url).case_count(&CaseFilter::default()).await.unwrap(), 300);
    });
}

/// A newer program makes its indexes while an older one runs: a step that waited for it too long is tried again, or told to come back.
#[test]
fn a_table_that_is_held_is_no_fault_of_what_waits_for_it() {
    with_database(async |database| {
        let url = database.url();
        let options = PgOptions { lock: Duration::from_millis(1), ..small() };
        let store = elsewhere(async move { PgStore::open(&url, options).await.unwrap() });
        let (holder, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
        let held = tokio::spawn(connection);
        holder.batch_execute("BEGIN; LOCK TABLE case_row IN SHARE MODE").await.unwrap();
        let error = put(&*store, [case(1, "130922001")]).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        holder.batch_execute("ROLLBACK").await.unwrap();
        put(&*store, [case(1, "130922001")]).await.unwrap();
        drop(holder);
        held.await.unwrap().unwrap();
    });
}

#[test]
fn a_connection_that_ended_while_nobody_used_it_is_made_anew() {
    with_database(async |database| {
        let store = pg_open(&database.url());
        put(&*store, [case(1, "130922001")]).await.unwrap();
        let ended = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
        assert_ne!(run_sql(&database.url(), ended).unwrap(), "0");
        let mut tries = 0;
        while let Err(error) = store.case(SHARD, case_id(1)).await {
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
            tries += 1;
            assert!(tries <= 2, "{error}");
        }
        put(&*store, [case(2, "130922001")]).await.unwrap();
    });
}

#[test]
fn the_journal_refuses_to_be_changed() {
    with_database(async |database| {
        put(&*pg_open(&database.url()), [case(1, "130922001")]).await.unwrap();
        for sql in ["UPDATE journal SET at = 0", "DELETE FROM journal"] {
            let refused = run_sql(&database.url(), sql).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
    });
}

#[test]
fn a_fault_in_the_middle_of_a_write_leaves_nothing() {
    with_database(async |database| {
        let (store, url) = (pg_open(&database.url()), database.url());
        put(&*store, [case(1, "130922001")]).await.unwrap();
        let before = dump(&*store).await;
        let fault =
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fault'; END $$";
        run_sql(&url, fault).unwrap();
        for (table, when) in [("shard_head", "UPDATE"), ("journal", "INSERT"), ("case_row", "INSERT")] {
            let trigger = format!("CREATE TRIGGER fault AFTER {when} ON {table} EXECUTE FUNCTION fault()");
            run_sql(&url, &trigger).unwrap();
            let error = put(&*store, [case(2, "130922001"), case(3, "130925001")]).await.unwrap_err();
            assert!(error.to_string().contains("fault"), "{table}: {error}");
            assert_eq!(dump(&*store).await, before, "{table}");
            run_sql(&url, &format!("DROP TRIGGER fault ON {table}")).unwrap();
        }
        put(&*store, [case(2, "130922001"), case(3, "130925001")]).await.unwrap();
        assert_eq!(store.case_count(&CaseFilter::default()).await.unwrap(), 3);
    });
}

#[test]
fn a_row_that_cannot_be_read_is_named() {
    with_database(async |database| {
        let store = pg_open(&database.url());
        put(&*store, [case(1, "130922001")]).await.unwrap();
        run_sql(&database.url(), "UPDATE case_row SET body = '{\"id\":1}'").unwrap();
        let error = store.case(SHARD, case_id(1)).await.unwrap_err();
        let key = format!("130922/{}", case_id(1));
        assert!(error.to_string().starts_with(&format!("case_row.body of {key} cannot be read")), "{error}");
        let list = store.cases(&CaseFilter::default(), CaseOrder::Due, None, 9).await;
        assert!(matches!(list, Err(StoreError::Corrupt { table: "case_row", column: "body", .. })));
    });
}

#[test]
fn zero_bytes_are_looked_for_in_vain_and_kept_as_what_cannot_be_read() {
    with_database(async |database| {
        let store = pg_open(&database.url());
        let mut row = record("visit", "a", 1);
        row.fields.insert("name".to_owned(), json!("x\0y"));
        let records = vec![row];
        store.write(&[ShardWrite { records, ..following(&*store, SHARD, vec![]).await }]).await.unwrap();
        assert_eq!(store.case_by_number(SHARD, "N\0").await.unwrap(), None);
        let filter = RowFilter { word: Some("x\0".to_owned()), ..RowFilter::of("visit", date(2022, 1, 1)) };
        let found = store.rows(&filter, &RowOrder::default(), None, 9).await.unwrap();
        assert_eq!(found[0].fields["name"], json!("x\u{fffd}y"));
    });
}

#[test]
fn views_have_typed_columns_and_nothing_personal() {
    with_database(async |database| {
        let (store, url) = (pg_open(&database.url()), database.url());
        let world = crate::support::world::world();
        store.views_set(&world.model).await.unwrap();
        put(&*store, [case(1, "130922001")]).await.unwrap();
        assert_eq!(run_sql(&url, "SELECT state FROM process_report").unwrap(), case(1, "130922001").state);
        assert_eq!(run_sql(&url, "SELECT count(*) FROM register_visit").unwrap(), "0");
        let views =
            run_sql(&url, "SELECT string_agg(definition, ' ') FROM pg_views WHERE schemaname = 'public'").unwrap();
        let process = &world.model.processes["report"];
        for field in process.form.iter().chain(&process.fields).filter(|field| field.personal) {
            assert!(!views.contains(&format!("{{fields,{}}}", field.name)), "{}", field.name);
        }
        // What others built upon a view is theirs, and the view stays.
        run_sql(&url, "CREATE VIEW theirs AS SELECT number FROM process_report").unwrap();
        let mut other = ganglion_model::Model::clone(&world.model);
        other.processes.clear();
        store.views_set(&other).await.unwrap();
        assert_eq!(run_sql(&url, "SELECT count(*) FROM theirs").unwrap(), "1");
    });
}

#[test]
fn fields_that_rows_are_counted_by_have_an_index_as_long_as_a_pack_counts_by_them() {
    use ganglion_model::expr::{Cmp, Expr, RowsOf};
    with_database(async |database| {
        let (store, url) = (pg_open(&database.url()), database.url());
        let plain = crate::support::world::world().model;
        let mut counting = ganglion_model::Model::clone(&plain);
        let of = RowsOf {
            register: "visit".to_owned(),
            sum: None,
            matching: vec![("last".to_owned(), Expr::Path(vec!["form".to_owned(), "last".to_owned()]))],
        };
        let few = Expr::Cmp(Cmp::Lt, Box::new(Expr::Rows(Box::new(of))), Box::new(Expr::Lit(3.into())));
        let check = ganglion_model::pack::Check { holds: few, message: ganglion_model::Text::default() };
        counting.registers.get_mut("visit").unwrap().fields[0].checks.push(check);
        let made = || run_sql(&url, "SELECT indexdef FROM pg_indexes WHERE indexname ~ '^counted_'").unwrap();
        store.views_set(&counting).await.unwrap();
        assert!(made().contains("'last'") && made().lines().count() == 1, "{}", made());
        store.views_set(&counting).await.unwrap();
        store.views_set(&plain).await.unwrap();
        assert_eq!(made(), "");
    });
}

/// Why an address does not open.
fn refused(url: &str) -> PgOpenError {
    let url = url.to_owned();
    elsewhere(async move { PgStore::open(&url, small()).await.unwrap_err() })
}

#[test]
fn what_is_wrong_with_a_database_is_said_in_words() {
    with_database(async |database| {
        let url = database.url();
        drop(pg_open(&url));
        run_sql(&url, "INSERT INTO migration (number, name, checksum) VALUES (99, 'later', 'x')").unwrap();
        assert!(matches!(refused(&url), PgOpenError::Newer { found: 99, .. }));
        run_sql(&url, "DELETE FROM migration WHERE number = 99; UPDATE migration SET checksum = 'x' WHERE number = 2")
            .unwrap();
        assert!(matches!(refused(&url), PgOpenError::Changed { number: 2 }));
        run_sql(&url, "DROP TABLE migration").unwrap();
        assert!(matches!(refused(&url), PgOpenError::Foreign));
        let (server, _) = url.rsplit_once('/').unwrap();
        let missing = refused(&format!("{server}/no_such_database"));
        assert!(missing.to_string().contains("createdb --encoding UTF8 no_such_database"), "{missing}");
        let nobody = refused("postgres://ganglion@127.0.0.1:1/city");
        assert!(matches!(&nobody, PgOpenError::Unreachable { at, .. } if at == "127.0.0.1:1"), "{nobody}");
    });
}

#[test]
fn counties_get_partitions_of_their_own_when_places_are_set() {
    if !is_there("postgres") {
        return;
    }
    let database = pg_database(Layout::Partitioned);
    run(async {
        let store = pg_open(&database.url());
        let world = crate::support::world::world();
        let places: Vec<_> = world.places.tree.versions().cloned().collect();
        store.places_set(&places).await.unwrap();
        store.places_set(&places).await.unwrap();
        put(&*store, [case(1, "130922001"), case(2, "130925001")]).await.unwrap();
        let count = |table: &str| run_sql(&database.url(), &format!("SELECT count(*) FROM {table}")).unwrap();
        assert_eq!([count("journal_130922"), count("case_row_130925"), count("case_row_other")], ["1", "1", "0"]);
        assert_eq!(store.case_count(&CaseFilter::default()).await.unwrap(), 2);
    });
}

#[test]
fn a_layout_is_chosen_once() {
    with_database(async |database| {
        let url = database.url();
        let other =
            elsewhere(async move { PgStore::open_as(&url, small(), Some(Layout::Partitioned)).await.unwrap_err() });
        assert!(other.to_string().contains("layout single, not partitioned"), "{other}");
    });
}

#[test]
fn servers_that_start_at_once_on_an_empty_database_make_its_tables_once() {
    with_database(async |database| {
        run_sql(&database.url(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public").unwrap();
        let starts: Vec<_> = (0..4)
            .map(|_| {
                let url = database.url();
                std::thread::spawn(move || pg_open(&url))
            })
            .collect();
        let stores: Vec<Arc<PgStore>> = starts.into_iter().map(|one| one.join().unwrap()).collect();
        put(&*stores[0], [case(1, "130922001")]).await.unwrap();
        assert!(stores[3].case(SHARD, case_id(1)).await.unwrap().is_some());
    });
}

/// What a newer program might do to every table, and that it did.
const WIDEN: &str = "INSERT INTO migration (number, name, checksum) VALUES (999, 'later', 'x'); \
                     CREATE TABLE later (shard INTEGER PRIMARY KEY); \
                     DO $$ DECLARE t TEXT; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() \
                     AND tablename NOT IN ('migration', 'layout') LOOP \
                     EXECUTE format('ALTER TABLE %I ADD COLUMN later_too TEXT', t); END LOOP; END $$";

#[test]
fn a_server_goes_on_when_a_newer_one_has_widened_the_tables() {
    with_database(async |database| {
        let (one, world) = server(database);
        let of = |from: u128| (from..from + 20).map(|n| opening(n, "130922", None)).collect::<Vec<_>>();
        // Every statement has been prepared before the tables change under it.
        let before = all_at_once(&one, of(0)).await;
        assert!(before.iter().all(Result::is_ok), "{before:?}");
        run_sql(&database.url(), WIDEN).unwrap();
        let started = refused(&database.url());
        assert!(matches!(started, PgOpenError::Newer { found: 999, .. }), "{started}");
        let after = all_at_once(&one, of(1_000)).await;
        assert!(after.iter().all(Result::is_ok), "{after:?}");
        end(one);
        run_sql(&database.url(), "DELETE FROM migration WHERE number = 999").unwrap();
        is_whole(database, &world).await;
    });
}

#[test]
fn passwords_are_asked_for_and_a_server_that_comes_back_is_found_again() {
    if !is_there("postgres") {
        return;
    }
    let cluster = Cluster::start(Care::Hasty).unwrap();
    let postgres = cluster.url("postgres");
    let lines = "host all li 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust";
    let rules = format!(
        "DO $$ BEGIN EXECUTE format('COPY (SELECT regexp_split_to_table(%L, ''\\n'')) TO %L', '{lines}', \
         current_setting('hba_file')); END $$"
    );
    run_sql(&postgres, &rules).unwrap();
    run_sql(&postgres, "SELECT pg_reload_conf()").unwrap();
    run_sql(&postgres, "CREATE ROLE li LOGIN SUPERUSER PASSWORD 'right'").unwrap();
    let at = |user: &str| postgres.replace("ganglion@", &format!("{user}@"));
    let wrong = refused(&at("li:wrong"));
    assert!(matches!(&wrong, PgOpenError::Password { user, .. } if user == "li"), "{wrong}");
    assert!(matches!(refused(&at("li")), PgOpenError::Password { .. }));
    let unknown = refused(&at("wang"));
    assert!(matches!(unknown, PgOpenError::Refused { .. }), "{unknown}");
    let store = pg_open(&at("li:right"));
    run(async {
        put(&*store, [case(1, "130922001")]).await.unwrap();
        let late = following(&*store, SHARD, vec![new_case(case(2, "130922001"))]).await;
        drop(cluster);
        let gone = store.case(SHARD, case_id(1)).await.unwrap_err();
        assert!(matches!(gone, StoreError::Unavailable { .. }), "{gone}");
        let gone = store.write(&[late]).await.unwrap_err();
        assert!(matches!(gone, StoreError::Unavailable { .. }), "{gone}");
    });
}

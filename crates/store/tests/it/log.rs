//! The public log of a journal: its tiles come out of every database alike, and whoever holds them finds the line that was changed.

use crate::support::rows::{SHARD, at, case, command_id, put};
use crate::support::{Make, is_there, pg_database, pg_open, run, world::world};
use ganglion_cluster::run_sql;
use ganglion_kernel::journal;
use ganglion_kernel::port::{Line, ShardWrite, Store};
use ganglion_kernel::tlog::audit::{Fault, audit};
use ganglion_kernel::tlog::stored::StoredLog;
use ganglion_kernel::tlog::tile::tiles_of;
use ganglion_kernel::tlog::{Checkpoint, LogError, Source, Tile};
use ganglion_model::Entry;
use ganglion_model::change::{Actor, Change};
use ganglion_store::compare::strangers;
use ganglion_store::{Layout, SqliteOptions, SqliteStore};
use std::collections::BTreeMap;

/// Adds lines to a journal.
async fn grow(store: &dyn Store, count: u64) {
    let heads = store.shards().await.unwrap();
    let mut head = heads.into_iter().find(|(shard, _)| *shard == SHARD).map(|(_, head)| head).unwrap_or_default();
    let expected_seq = head.seq;
    let mut lines = Vec::new();
    for _ in 0..count {
        head.seq += 1;
        let change =
            Change::RecordGone { register: "wells".to_owned(), key: format!("W-{}", head.seq), valid_from: None };
        let command = command_id(u128::from(head.seq));
        let entry = Entry { shard: SHARD, seq: head.seq, at: at(0), actor: Actor::System, command, change };
        let canonical = journal::canonical(&entry).unwrap();
        let hash = journal::hash(&canonical);
        head.frontier.push(hash);
        lines.push(Line { entry, canonical, hash, case: None });
    }
    store.write(&[ShardWrite { shard: SHARD, expected_seq, head, lines, ..ShardWrite::default() }]).await.unwrap();
}

/// A copy of the log as it stands.
struct Copied(BTreeMap<String, Vec<u8>>);

impl Source for Copied {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, LogError> {
        self.0.get(path).cloned().ok_or_else(|| LogError::Missing(path.to_owned()))
    }
}

async fn copy(store: &dyn Store, size: u64) -> (Copied, Checkpoint) {
    let mut log = StoredLog::new(SHARD);
    let mut files = BTreeMap::new();
    for tile in tiles_of(size) {
        files.insert(tile.path(), log.tile(store, tile, size).await.unwrap().unwrap());
    }
    let root = log.root(store, size).await.unwrap();
    (Copied(files), Checkpoint { origin: "log".to_owned(), size, root })
}

fn faults((mut copied, checkpoint): (Copied, Checkpoint)) -> Vec<Fault> {
    audit(&mut copied, &checkpoint, &mut |_, _| {})
}

pub async fn the_tiles_of_a_journal_are_those_of_its_tree(make: Make) {
    let db = make();
    let store = &*db.store;
    grow(store, 600).await;
    let lines = store.lines_after(SHARD, 250, 20).await.unwrap();
    let leaves = store.leaves_after(SHARD, 250, 20).await.unwrap();
    assert_eq!(leaves, lines.iter().map(|line| line.hash).collect::<Vec<_>>());
    let (copied, checkpoint) = copy(store, 600).await;
    let head = &store.shards().await.unwrap()[0].1;
    assert_eq!(checkpoint.root, head.frontier.root(), "the tiles give the root of the head");
    assert_eq!(faults((copied, checkpoint)), []);

    // A tree that went on gives the tiles of the older one still, and what it has not is not made up.
    let mut log = StoredLog::new(SHARD);
    let (_, old) = copy(store, 300).await;
    grow(store, 100).await;
    assert_eq!(log.root(store, 300).await.unwrap(), old.root);
    for (path, size, is_there) in [
        ("tile/0/002.p/188", 700, true),
        ("tile/0/002.p/189", 700, false),
        ("tile/0/003", 700, false),
        ("tile/2/000.p/1", 700, false),
        ("tile/0/000", 255, false),
    ] {
        let tile = Tile::parse(path).unwrap();
        assert_eq!(log.tile(store, tile, size).await.unwrap().is_some(), is_there, "{path}");
    }
}

#[test]
fn one_byte_of_a_postgresql_is_changed_and_the_entry_is_named() {
    if !is_there("postgres") {
        return;
    }
    let database = pg_database(Layout::Single);
    let tamper = |sql: &str| run_sql(&database.url(), sql).unwrap();
    run(async {
        let signed = {
            let store = pg_open(&database.url());
            grow(&*store, 600).await;
            copy(&*store, 600).await.1
        };
        // Whoever owns the database can take the trigger away; what was published they cannot.
        tamper("ALTER TABLE journal DISABLE TRIGGER USER");
        tamper("UPDATE journal SET entry = replace(entry, 'W-300', 'W-301') WHERE seq = 300");
        let (copied, _) = copy(&*pg_open(&database.url()), 600).await;
        assert_eq!(faults((copied, signed.clone())), [Fault::Entry { index: 299 }]);

        tamper("UPDATE journal SET leaf = sha256('another line') WHERE seq = 300");
        let (copied, now) = copy(&*pg_open(&database.url()), 600).await;
        assert_ne!(now.root, signed.root);
        assert!(
            !faults((copied, signed)).is_empty(),
            "a leaf changed with its line is found by the root that was signed"
        );

        tamper("DELETE FROM journal WHERE seq = 17");
        let error = StoredLog::new(SHARD).root(&*pg_open(&database.url()), 600).await.unwrap_err().to_string();
        assert!(error.contains("130922"), "{error}");
    });
}

#[test]
fn one_byte_of_the_database_is_changed_and_the_entry_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    run(async {
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        grow(&*store, 600).await;
        let (_, signed) = copy(&*store, 600).await;
        drop(store);

        let tamper = |sql: &str| {
            let connection = rusqlite::Connection::open(&path).unwrap();
            connection.execute_batch("DROP TRIGGER IF EXISTS journal_keeps_lines").unwrap();
            connection.execute_batch(sql).unwrap();
        };
        tamper("UPDATE journal SET entry = replace(entry, 'W-300', 'W-301') WHERE seq = 300");
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let (copied, _) = copy(&*store, 600).await;
        assert_eq!(faults((copied, signed.clone())), [Fault::Entry { index: 299 }]);
        drop(store);

        // Whoever changes the hash with the line is found by the root that was signed.
        let changed = rusqlite::Connection::open(&path).unwrap();
        let entry: String =
            changed.query_row("SELECT entry FROM journal WHERE seq = 300", [], |row| row.get(0)).unwrap();
        changed.execute("UPDATE journal SET leaf = ? WHERE seq = 300", [journal::hash(&entry)]).unwrap();
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let (copied, now) = copy(&*store, 600).await;
        assert_ne!(now.root, signed.root);
        assert_eq!(faults((copied, signed)), [Fault::Root]);
        drop(store);

        tamper("DROP TRIGGER journal_loses_none; DELETE FROM journal WHERE seq = 17");
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let error = StoredLog::new(SHARD).root(&*store, 600).await.unwrap_err().to_string();
        assert!(error.contains("130922"), "{error}");
    });
}

#[test]
fn a_row_changed_past_the_journal_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    run(async {
        let compared = async || {
            let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
            let again = SqliteStore::memory().unwrap();
            strangers(&*store, &*again, &world()).await.unwrap()
        };
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        put(&*store, (1..=5).map(|n| case(n, "130922001"))).await.unwrap();
        drop(store);
        assert_eq!(compared().await, Vec::<String>::new());
        let connection = rusqlite::Connection::open(&path).unwrap();
        let sql = "UPDATE case_row SET body = replace(body, '\"channel\":\"web\"', '\"channel\":\"wex\"') WHERE number = 'N-3'";
        assert_eq!(connection.execute(sql, []).unwrap(), 1);
        assert_eq!(connection.execute("DELETE FROM case_row WHERE number = 'N-5'", []).unwrap(), 1);
        drop(connection);
        assert_eq!(compared().await, ["case N-3 is not what the journal says: channel", "case N-5 is missing"]);
    });
}

//! `ganglion proof`: a log is copied over HTTP, checked with nothing but the key, and held against the database it came from.

use ganglion_kernel::journal;
use ganglion_kernel::port::{Line, ShardWrite, Store};
use ganglion_kernel::tlog::stored::StoredLog;
use ganglion_kernel::tlog::tile::tiles_of;
use ganglion_kernel::tlog::{Checkpoint, KeyKind, Note, SigningKey};
use ganglion_model::change::{Actor, Change};
use ganglion_model::{CommandId, Entry, Shard};
use ganglion_store::{SqliteOptions, SqliteStore};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const SHARD: Shard = Shard(130_903);

/// An installation with a journal, and the log it publishes.
struct City {
    folder: tempfile::TempDir,
    key: SigningKey,
}

impl City {
    fn new() -> City {
        let key = SigningKey::from_seed("city.example/log", [4; 32]).unwrap();
        let city = City { folder: tempfile::tempdir().unwrap(), key };
        std::fs::create_dir_all(city.path("data")).unwrap();
        std::fs::write(city.path("data/log.key"), city.key.to_private()).unwrap();
        let key = city.key.named("city.example/log/130903").unwrap().public(KeyKind::Log);
        std::fs::write(city.path("key.txt"), format!("{key}\n")).unwrap();
        city
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn store(&self) -> Arc<SqliteStore> {
        SqliteStore::open(&self.path("data/ganglion.sqlite"), SqliteOptions::default()).unwrap()
    }

    /// Adds lines to the journal and publishes the log in `served`, as a server would answer.
    fn grow(&self, count: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store = self.store();
            let heads = store.shards().await.unwrap();
            let mut head = heads.into_iter().next().map(|(_, head)| head).unwrap_or_default();
            let expected_seq = head.seq;
            let mut lines = Vec::new();
            for _ in 0..count {
                head.seq += 1;
                let key = format!("W-{}", head.seq);
                let change = Change::RecordGone { register: "wells".to_owned(), key, valid_from: None };
                let command = CommandId(uuid::Uuid::from_u128(u128::from(head.seq)));
                let (at, actor) = (jiff::Timestamp::UNIX_EPOCH, Actor::System);
                let entry = Entry { shard: SHARD, seq: head.seq, at, actor, command, change };
                let canonical = journal::canonical(&entry).unwrap();
                let hash = journal::hash(&canonical);
                head.frontier.push(hash);
                lines.push(Line { entry, canonical, hash, case: None });
            }
            let size = head.seq;
            let write = ShardWrite { shard: SHARD, expected_seq, head, lines, ..ShardWrite::default() };
            store.write(&[write]).await.unwrap();
            self.publish(store.as_ref(), size).await;
        });
    }

    async fn publish(&self, store: &dyn Store, size: u64) {
        let mut log = StoredLog::new(SHARD);
        for tile in tiles_of(size) {
            let file = self.path("served/log/130903").join(tile.path());
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, log.tile(store, tile, size).await.unwrap().unwrap()).unwrap();
        }
        let key = self.key.named("city.example/log/130903").unwrap();
        let root = log.root(store, size).await.unwrap();
        let text = Checkpoint { origin: key.name().to_owned(), size, root }.text();
        let note = Note { signatures: vec![key.sign(&text)], text };
        std::fs::write(self.path("served/log/130903/checkpoint"), note.to_string()).unwrap();
    }

    /// Runs SQL behind the program's back.
    fn tamper(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.path("data/ganglion.sqlite")).unwrap();
        connection.execute_batch("DROP TRIGGER IF EXISTS journal_keeps_lines").unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// What `ganglion proof` prints and complains; it has to end well or badly as `well` says.
    fn proof(&self, args: &[&str], well: bool) -> (String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ganglion"));
        let output = command.arg("proof").args(args).current_dir(self.folder.path()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let complained = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), well, "{args:?}\n{said}{complained}");
        (said, complained)
    }
}

/// A server of files: answers every GET with the file of that name, until the process ends.
fn serve(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let asked = lines.next().unwrap_or_default();
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let path = asked.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
            let (status, body) = match std::fs::read(folder.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    format!("http://{address}/log/130903")
}

#[test]
fn a_copy_is_taken_checked_and_brought_up_to_date() {
    let city = City::new();
    city.grow(300);
    let address = serve(&city.path("served"));
    let (said, _) = city.proof(&["key", "--data", "data"], true);
    assert_eq!(said, std::fs::read_to_string(city.path("key.txt")).unwrap());
    city.proof(&["fetch", &address, "copy", "--key", "key.txt"], true);
    let (said, _) = city.proof(&["verify", "copy", "--key", "key.txt", "--data", "data"], true);
    assert!(said.contains("300 entries, each as it was signed"), "{said}");
    city.grow(400);
    let (said, _) = city.proof(&["fetch", &address, "copy", "--key", "key.txt"], true);
    assert!(said.contains("700 entries"), "{said}");
    city.proof(&["verify", "copy", "--key", "key.txt"], true);
    city.proof(&["verify", &address, "--key", "key.txt"], true);
    let old = ["consistency", "copy", "--key", "key.txt", "--old", "copy/checkpoint.300"];
    let (proof, said) = city.proof(&old, true);
    assert!(proof.lines().count() > 3 && said.contains("grew from 300 to 700"), "{proof}{said}");

    // Another key is another log.
    let stranger = SigningKey::from_seed("city.example/log/130903", [5; 32]).unwrap().public(KeyKind::Log);
    let (_, said) = city.proof(&["verify", "copy", "--key", &stranger.to_string()], false);
    assert!(said.contains("no signature of city.example/log/130903"), "{said}");
    let (paths, _) = city.proof(&["paths", "257"], true);
    assert_eq!(paths.lines().count(), 5);
}

#[test]
fn a_line_is_proven_with_its_bytes_and_with_no_others() {
    let city = City::new();
    city.grow(700);
    let log = "served/log/130903";
    let (proof, _) = city.proof(&["inclusion", log, "--key", "key.txt", "--line", "262"], true);
    std::fs::write(city.path("262.tlog-proof"), &proof).unwrap();
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\nindex 261\n"), "{proof}");
    let (line, _) = city.proof(&["line", "130903", "262", "--data", "data"], true);
    assert!(line.contains("W-262"), "{line}");
    std::fs::write(city.path("line.json"), &line).unwrap();
    let check = ["check", "262.tlog-proof", "--key", "key.txt", "--bytes", "line.json"];
    assert!(city.proof(&check, true).0.contains("line 262 stands in the log"));
    std::fs::write(city.path("line.json"), line.replace("W-262", "W-263")).unwrap();
    assert!(city.proof(&check, false).0.contains("not proven"));
    let (_, said) = city.proof(&["inclusion", log, "--key", "key.txt", "--line", "701"], false);
    assert!(said.contains("the lines 1 to 700"), "{said}");
}

#[test]
fn one_byte_of_the_database_is_changed_and_the_line_is_named() {
    let city = City::new();
    city.grow(700);
    let verify = ["verify", "served/log/130903", "--key", "key.txt", "--data", "data"];
    city.proof(&verify, true);
    city.tamper("UPDATE journal SET entry = replace(entry, 'W-500', 'W-501') WHERE seq = 500");
    let (said, _) = city.proof(&verify, false);
    assert!(
        said.contains("line 500 of the journal of 130903 in the database is not the one that was signed"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 2, "and no other line: {said}");
    city.tamper("UPDATE journal SET entry = replace(entry, 'W-501', 'W-500') WHERE seq = 500");
    city.proof(&verify, true);
    city.tamper("UPDATE journal SET leaf = zeroblob(32) WHERE seq = 3");
    assert!(city.proof(&verify, false).0.contains("line 3"));
    city.tamper("DROP TRIGGER journal_loses_none; DELETE FROM journal WHERE seq = 700");
    assert!(city.proof(&verify, false).0.contains("line 700 of the journal of 130903 is missing"));
    // The published files are changed instead.
    let bundle = city.path("served/log/130903/tile/entries/001");
    let mut bytes = std::fs::read(&bundle).unwrap();
    bytes[34 * 5 + 7] ^= 1;
    std::fs::write(&bundle, bytes).unwrap();
    let (said, _) = city.proof(&["verify", "served/log/130903", "--key", "key.txt"], false);
    assert!(said.contains("entry 261 (journal line 262) was changed"), "{said}");
}

#[test]
fn a_witness_signs_what_grew_and_refuses_what_was_rewritten() {
    let city = City::new();
    city.grow(10);
    let witness =
        ["witness", "served/log/130903", "--key", "key.txt", "--state", "seen", "--name", "witness.example/w1"];
    let (first, said) = city.proof(&witness, true);
    assert!(said.contains("witness key: witness.example/w1+"), "{said}");
    let key = said.trim().rsplit(' ').next().unwrap().to_owned();
    let key = ganglion_kernel::tlog::VerifyKey::parse(&key).unwrap();
    assert!(Note::parse(first.as_bytes()).unwrap().signed_by(&key).unwrap() > 1_700_000_000);
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(city.path("seen/witness.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "only its owner reads the key");
    }
    city.grow(300);
    city.proof(&witness, true);

    // The same key signs another history of the same length and more.
    std::fs::remove_file(city.path("data/ganglion.sqlite")).unwrap();
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(city.path(&format!("data/ganglion.sqlite{ending}")));
    }
    city.grow(320);
    city.proof(&witness, true);
    city.tamper("UPDATE journal SET entry = replace(entry, 'W-1\"', 'W-2\"'), leaf = zeroblob(32) WHERE seq = 1");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { city.publish(city.store().as_ref(), 320).await });
    let (said, _) = city.proof(&witness, false);
    assert!(said.contains("not signed"), "{said}");
}

//! `ganglion policy explain` over an installation, and keys that come from the environment: the program itself, as it is called.

use crate::permission::world;
use arc_swap::ArcSwap;
use ganglion_kernel::commit::{Committer, CommitterSettings, WallClock, Works};
use ganglion_kernel::port::Account;
use ganglion_kernel::seal::Key;
use ganglion_kernel::world::seeded;
use ganglion_kernel::{Store, World};
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::{CommandId, Fields, Shard};
use ganglion_store::{SqliteOptions, SqliteStore};
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::json;
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

const NUMBER: &str = "SB-130903001-2022-000001";

struct Clock(AtomicU64);

impl WallClock for Clock {
    fn now(&self) -> Timestamp {
        "2022-06-27T01:00:00Z".parse().unwrap()
    }

    fn id(&self) -> Uuid {
        let count = u128::from(self.0.fetch_add(1, Ordering::Relaxed));
        Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | count)
    }

    fn key(&self) -> Key {
        [0x33; 32]
    }
}

/// An installation with a post of every role everywhere and one case in a village of the first township.
async fn installed(folder: &Path) {
    let store: Arc<dyn Store> = SqliteStore::open(&folder.join("ganglion.sqlite"), SqliteOptions::default()).unwrap();
    let world = world();
    let world = World { reference: Arc::new(seeded(&world.model)), ..world };
    let places: Vec<_> = world.places.tree.all(date(2022, 6, 27)).cloned().collect();
    let posts: Vec<_> = world.posts.all().cloned().collect();
    let accounts = posts.iter().filter_map(|post| post.account.clone());
    let accounts: Vec<Account> =
        accounts.map(|id| Account { name: id.0.clone(), id, password: None, active: true }).collect();
    store.places_set(&places).await.unwrap();
    store.setting_put("root", "1309").await.unwrap();
    store.posts_put(&posts).await.unwrap();
    store.accounts_put(&accounts).await.unwrap();
    let works = Works {
        store: store.clone(),
        world: Arc::new(ArcSwap::from_pointee(world)),
        clock: Arc::new(Clock(AtomicU64::new(1))),
        ring: [7; 32].into(),
        settings: CommitterSettings::default(),
    };
    let (committer, _thread) = Committer::start(works).unwrap();
    let form: Fields = serde_json::from_value(json!({
        "category": "E0102", "description": "bins overflowing", "place": "130903001001", "photos": ["0".repeat(32)],
        "reporter_phone": "13912340000",
    }))
    .unwrap();
    let body = Body::Open { process: "incident".into(), form, channel: "online".into(), observed_at: None, from: None };
    let command = Command { id: CommandId(Uuid::from_u128(7)), shard: Shard(130_903), actor: Actor::Public, body };
    assert_eq!(committer.send(command).await.unwrap().number.as_deref(), Some(NUMBER));
}

fn said(args: &[&str], folder: &Path, environment: &[(&str, &str)]) -> (bool, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = process::Command::new(env!("CARGO_BIN_EXE_ganglion"));
    command.args(args).arg("--data").arg(folder).env("GANGLION_HOME", root).envs(environment.iter().copied());
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.success(), text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_said_which_rule_lets_somebody_act_on_a_case_or_keeps_them_from_it() {
    let folder = tempfile::tempdir().unwrap();
    installed(folder.path()).await;
    let explain = |account: &str, action: &str| {
        let args = ["policy", "explain", "--account", account, "--action", action, "--case", NUMBER];
        said(&args, folder.path(), &[])
    };
    let (may, text) = explain("dispatcher-130903001", "read");
    assert!(may && text.lines().last() == Some("allowed"), "{text}");
    assert!(text.contains("dispatcher-130903001 as dispatcher.130903001, read on SB-130903001-2022-000001"), "{text}");
    // A dispatcher of the next township, and one of another county.
    for stranger in ["dispatcher-130903002", "dispatcher-130904001"] {
        let (may, text) = explain(stranger, "read");
        assert!(!may && text.lines().last() == Some("not allowed"), "{text}");
        assert!(text.contains("  no  "), "the step that keeps them from it is marked: {text}");
    }
    let (may, text) = explain("grid_worker-130903001001001", "no_such_step");
    assert!(!may && text.contains("not allowed"), "{text}");
    for (account, said) in [("nobody", "holds no such post"), ("", "holds no such post")] {
        let (may, text) = explain(account, "read");
        assert!(!may && text.contains(said), "{text}");
    }
    let args = ["policy", "explain", "--account", "dispatcher-130903001", "--action", "read", "--case", "SB-0"];
    assert!(said(&args, folder.path(), &[]).1.contains("there is no case SB-0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_keys_are_wrapped_by_a_key_that_stands_in_the_environment_alone() {
    let folder = tempfile::tempdir().unwrap();
    installed(folder.path()).await;
    std::fs::write(folder.path().join("master.key"), [7; 32]).unwrap();
    let key = format!("y2022 {}", "ab".repeat(32));
    let environment = [("GANGLION_KEYS", key.as_str())];
    let (good, text) = said(&["keys", "rotate"], folder.path(), &environment);
    assert!(good, "{text}");
    let (good, text) = said(&["keys", "status"], folder.path(), &environment);
    assert!(good && text.contains("y2022"), "{text}");
    assert!(!folder.path().join("seal.keys").exists(), "the key was written nowhere");
    let store: Arc<dyn Store> =
        SqliteStore::open(&folder.path().join("ganglion.sqlite"), SqliteOptions::default()).unwrap();
    let wrapped = store.keys_by_name().await.unwrap();
    drop(store);
    assert_eq!(wrapped, [("y2022".to_owned(), 1)]);
    let (_, text) = said(&["keys", "status"], folder.path(), &[("GANGLION_KEYS", "y2022 12")]);
    assert!(text.contains("64 hexadecimal digits"), "what is no key is refused by name: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_taken_out_only_when_no_server_can_still_wrap_by_it() {
    let folder = tempfile::tempdir().unwrap();
    installed(folder.path()).await;
    std::fs::write(folder.path().join("master.key"), [7; 32]).unwrap();
    let run = |args: &[&str]| said(args, folder.path(), &[]);
    for name in ["y1", "y2"] {
        let (good, text) = run(&["keys", "rotate", "--name", name]);
        assert!(good, "{text}");
    }
    let file = folder.path().join("seal.keys");
    let kept = std::fs::read_to_string(&file).unwrap();
    let (good, text) = run(&["keys", "forget", "y1"]);
    assert!(!good && text.contains("may still wrap by y1") && text.contains("--no-server-runs"), "{text}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept);
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    std::fs::File::options().append(true).open(&file).unwrap().set_modified(long_ago).unwrap();
    let (good, text) = run(&["keys", "forget", "y2"]);
    assert!(!good && text.contains("wraps from now on"), "{text}");
    let (good, text) = run(&["keys", "forget", "y1"]);
    assert!(good, "{text}");
    // The file was changed just now.
    let (good, text) = run(&["keys", "rotate", "--name", "y3"]);
    assert!(good, "{text}");
    assert!(!run(&["keys", "forget", "y2"]).0);
    let (good, text) = run(&["keys", "forget", "y2", "--no-server-runs"]);
    assert!(good, "{text}");
    let left = std::fs::read_to_string(&file).unwrap();
    assert!(
        left.starts_with("y3 ") && left.lines().count() == 1,
        "only the name is told: {} lines",
        left.lines().count()
    );
    assert!(run(&["keys", "status"]).1.contains("y3 (wraps): 1 row keys"));
}

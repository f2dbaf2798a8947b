//! Row keys: wrapped anew page by page while a destroyed one stays destroyed, nothing of it left in the file, and a journal that
//! proves what it proved before.

use crate::support::dump::dump;
use crate::support::history::{Timed, send, works, world_of};
use crate::support::rows::{self, SHARD, at, case_id, command_id, following, new_case};
use crate::support::{Make, memory, run};
use ganglion_kernel::Store;
use ganglion_kernel::port::{Lookups, Rewrapped, ShardWrite, WrappedKey};
use ganglion_kernel::seal::{self, Keyring, MASTER, is_sealed, wrapped_by};
use ganglion_kernel::seal_lookup::{self, LookedUp};
use ganglion_kernel::tlog::stored::StoredLog;
use ganglion_model::change::{Actor, Body, Command, Erasable, RETENTION};
use ganglion_model::{Case, Fields, Outcome};
use ganglion_store::replay::replay;
use ganglion_store::{SqliteOptions, SqliteStore};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

const PHONE: &str = "13900000000";

fn opening(n: u128) -> Timed {
    let form = Fields::from([
        ("place".to_owned(), json!("130922001")),
        ("category".to_owned(), json!("c1")),
        ("phone".to_owned(), json!(PHONE)),
    ]);
    let body =
        Body::Open { process: "report".to_owned(), form, channel: "web".to_owned(), observed_at: None, from: None };
    (Command { id: command_id(n), shard: SHARD, actor: Actor::Public, body }, at(60))
}

fn erasing(n: u128, number: &str, actor: Actor) -> Timed {
    let what = Erasable::Case { number: number.to_owned() };
    (Command { id: command_id(n), shard: SHARD, actor, body: Body::Erase { what, by: RETENTION.to_owned() } }, at(120))
}

/// Opens `count` cases with a phone.
async fn opened(store: &Arc<dyn Store>, count: u128) -> Vec<Outcome> {
    let commands: Vec<Timed> = (1..=count).map(opening).collect();
    send(&works(store.clone()), &commands, 8).await.into_iter().map(|answer| answer.unwrap()).collect()
}

async fn case(store: &Arc<dyn Store>, outcome: &Outcome) -> Case {
    store.case(SHARD, outcome.case.unwrap()).await.unwrap().unwrap()
}

/// Everything in files of a folder.
fn bytes(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.flat_map(|path| std::fs::read(path).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn an_erased_case_is_unreadable_and_its_proofs_figures_and_rows_stand() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            SqliteStore::open(&folder.path().join("suite.db"), SqliteOptions::default()).unwrap();
        let works = works(store.clone());
        let outcomes = opened(&store, 3).await;
        let gone = &outcomes[1];
        let (id, number) = (gone.case.unwrap(), gone.number.clone().unwrap());
        let before = case(&store, gone).await;
        let wrapped = store.key(SHARD, id).await.unwrap().unwrap();
        let key = works.ring.unwrap(&wrapped).unwrap();
        let sealed = before.fields["phone"].as_str().unwrap().to_owned();
        assert_eq!(seal::open(&key, &sealed).as_deref(), Some(PHONE));

        let refused = send(&works, &[erasing(11, &number, Actor::Public)], 1).await.remove(0);
        assert!(refused.is_err(), "only the system erases, after a pack's two persons or when the time is over");
        assert!(store.key(SHARD, id).await.unwrap().is_some());
        let cells = store.cells_all(SHARD).await.unwrap();
        send(&works, &[erasing(12, &number, Actor::System)], 1).await.remove(0).unwrap();
        store.keys_settle().await.unwrap();

        assert_eq!(store.key(SHARD, id).await.unwrap(), None);
        assert_eq!(case(&store, gone).await, before, "the row stands, closed for ever");
        assert_eq!(store.cells_all(SHARD).await.unwrap(), cells, "figures stand");
        for other in [&outcomes[0], &outcomes[2]] {
            assert!(store.key(SHARD, other.case.unwrap()).await.unwrap().is_some(), "others keep theirs");
        }
        let lines = store.lines_after(SHARD, 0, 100).await.unwrap();
        assert_eq!(lines.len(), 4, "three openings and one erasure");
        assert!(lines[3].canonical.contains("\"change\":\"erased\"") && !lines[3].canonical.contains(PHONE));
        let again = memory();
        replay(&*store, &*again.store, &world_of(&works)).await.unwrap();
        assert_eq!(dump(&*store).await, dump(&*again.store).await, "the journal gives the same rows and root");

        let all = bytes(folder.path());
        assert!(holds(&all, &sealed), "the sealed value stands in row and journal");
        assert!(!holds(&all, PHONE), "no file ever held the value");
        assert!(!holds(&all, &wrapped), "no file holds the wrapped key any more");
    });
}

pub async fn what_is_erased_stays_closed_while_rows_lines_figures_and_root_stand(make: Make) {
    let db = make();
    let store = db.store.clone();
    let works = works(store.clone());
    let outcomes = opened(&store, 3).await;
    let gone = &outcomes[1];
    let (id, number) = (gone.case.unwrap(), gone.number.clone().unwrap());
    let before = case(&store, gone).await;
    let wrapped = store.key(SHARD, id).await.unwrap().unwrap();
    let (cells, root) = (store.cells_all(SHARD).await.unwrap(), root(&*store).await);
    send(&works, &[erasing(51, &number, Actor::System)], 1).await.remove(0).unwrap();
    store.keys_settle().await.unwrap();

    assert_eq!(store.key(SHARD, id).await.unwrap(), None, "the key of the row is gone");
    assert_eq!(case(&store, gone).await, before, "the row stands, closed for ever");
    assert_eq!(store.cells_all(SHARD).await.unwrap(), cells, "figures stand");
    for other in [&outcomes[0], &outcomes[2]] {
        assert!(store.key(SHARD, other.case.unwrap()).await.unwrap().is_some(), "others keep theirs");
    }
    let lines = store.lines_after(SHARD, 0, 100).await.unwrap();
    assert_eq!(lines.len(), 4, "three openings and one erasure");
    assert!(!lines.iter().any(|line| line.canonical.contains(PHONE) || line.canonical.contains(&wrapped)));
    let mut tree = StoredLog::new(SHARD);
    assert_eq!(tree.root(&*store, 3).await.unwrap(), root, "what was signed before holds still");
    let again = memory();
    replay(&*store, &*again.store, &world_of(&works)).await.unwrap();
    assert_eq!(dump(&*store).await, dump(&*again.store).await, "the journal gives the same rows and root");
}

async fn root(store: &dyn Store) -> [u8; 32] {
    let heads = store.shards().await.unwrap();
    heads.into_iter().find(|(shard, _)| *shard == SHARD).unwrap().1.frontier.root()
}

pub async fn a_new_key_wraps_every_row_key_while_old_and_new_ones_open(make: Make) {
    let db = make();
    let store = db.store.clone();
    let outcomes = opened(&store, 5).await;
    let old = works(store.clone()).ring;
    let new = Keyring::of(vec![("y2".to_owned(), [5; 32]), (MASTER.to_owned(), [9; 32])]);
    assert_eq!(store.keys_by_name().await.unwrap(), [(MASTER.to_owned(), 5)]);

    let first = store.keys_of_others("y2", None, 2).await.unwrap();
    assert_eq!(first.len(), 2);
    let anew = |from: WrappedKey| {
        let to = new.wrap(&from.row.to_string(), &new.unwrap(&from.wrapped).unwrap()).unwrap();
        Rewrapped { from, to }
    };
    let keys: Vec<Rewrapped> = first.into_iter().map(anew).collect();
    assert_eq!(store.keys_rewrap(&keys).await.unwrap(), 2);
    assert_eq!(store.keys_rewrap(&keys).await.unwrap(), 0, "what is wrapped anew already stays");
    for outcome in &outcomes {
        let wrapped = store.key(SHARD, outcome.case.unwrap()).await.unwrap().unwrap();
        let key = new.unwrap(&wrapped).expect("old and new ones open while keys are changed");
        let sealed = case(&store, outcome).await.fields["phone"].as_str().unwrap().to_owned();
        assert!(is_sealed(&sealed) && seal::open(&key, &sealed).as_deref() == Some(PHONE));
        assert_eq!(wrapped_by(&wrapped) == "y2", old.unwrap(&wrapped).is_none());
    }

    let rest = store.keys_of_others("y2", None, 10).await.unwrap();
    assert_eq!(rest.len(), 3);
    let gone = outcomes.iter().find(|one| one.case == Some(rest[0].row)).unwrap().number.clone().unwrap();
    send(&works(store.clone()), &[erasing(21, &gone, Actor::System)], 1).await.remove(0).unwrap();
    let keys: Vec<Rewrapped> = rest.into_iter().map(anew).collect();
    store.keys_settle().await.unwrap();
    assert_eq!(store.keys_rewrap(&keys).await.unwrap(), 2, "one that was destroyed meanwhile stays destroyed");
    assert_eq!(store.keys_by_name().await.unwrap(), [("y2".to_owned(), 4)]);
    assert_eq!(store.keys_of_others("y2", None, 10).await.unwrap(), []);
}

pub async fn what_closed_long_ago_and_still_has_a_key_is_found_page_by_page(make: Make) {
    let db = make();
    let store = db.store.clone();
    let ended = |n: u128, process: &str, closed: Option<i64>| Case {
        process: process.to_owned(),
        closed_at: closed.map(at),
        ..rows::case(n, "130922001")
    };
    // Two end in the same second; one goes on, one ended later, one is of another process, one has no key any more.
    let cases = [
        ended(1, "report", Some(300)),
        ended(2, "report", Some(100)),
        ended(3, "report", None),
        ended(4, "report", Some(100)),
        ended(5, "report", Some(500)),
        ended(6, "other", Some(100)),
        ended(7, "report", Some(200)),
    ];
    let keys =
        cases.iter().filter(|case| case.id != case_id(7)).map(|case| (case.id, format!("sealed:{}", case.number)));
    let keys = keys.collect();
    let write = following(&*store, SHARD, cases.iter().cloned().map(new_case).collect()).await;
    store.write(&[ShardWrite { keys, ..write }]).await.unwrap();
    let (mut found, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let (some, next) = store.cases_ended(("report", at(500)), after, 2).await.unwrap();
        found.extend(some);
        pages += 1;
        after = next;
        if after.is_none() {
            break;
        }
    }
    let told: Vec<_> = found.iter().map(|one| (one.row, one.since, one.name.as_str(), one.of.as_str())).collect();
    let expected = [(2, 100, "N-2"), (4, 100, "N-4"), (1, 300, "N-1")];
    assert_eq!(told, expected.map(|(n, second, name)| (case_id(n), at(second), name, "report")), "oldest first");
    assert_eq!(pages, 3, "two looked at in each, the one without a key too; the last is empty");
    let (rest, _) = store.cases_ended(("report", at(500)), Some((at(100), case_id(2))), 9).await.unwrap();
    assert_eq!(rest.len(), 2, "behind the one given");
}

pub async fn a_row_is_found_by_the_keyed_hash_of_a_sealed_value_until_it_is_erased(make: Make) {
    let db = make();
    let store = db.store.clone();
    let outcomes = opened(&store, 3).await;
    let ring = works(store.clone()).ring;
    let hashes = ring.lookups("report.phone", PHONE);
    let found = store.lookup(&hashes, 10).await.unwrap();
    let mut rows: Vec<_> = outcomes.iter().map(|one| one.case.unwrap()).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(*row));
    assert_eq!(found.iter().map(|one| one.row).collect::<Vec<_>>(), rows);
    assert!(found.iter().all(|one| one.names() == ("report", "phone") && one.key.is_empty() && one.by == MASTER));
    let newest = store.lookup(&hashes, 2).await.unwrap();
    assert_eq!(newest.iter().map(|one| one.row).collect::<Vec<_>>(), rows[..2], "what does not fit is the oldest");
    for (field, value) in [("report.phone", "13900000001"), ("report.mobile", PHONE)] {
        assert_eq!(store.lookup(&ring.lookups(field, value), 10).await.unwrap(), [], "{field} {value}");
    }

    let number = outcomes[0].number.clone().unwrap();
    let gone = outcomes[0].case.unwrap();
    send(&works(store.clone()), &[erasing(31, &number, Actor::System)], 1).await.remove(0).unwrap();
    let left = store.lookup(&hashes, 10).await.unwrap();
    assert!(left.len() == 2 && left.iter().all(|one| one.row != gone), "what was erased is found by nothing");
    let lookups = Lookups {
        shard: SHARD,
        row: gone,
        key: String::new(),
        entries: vec![ring.lookup("report.phone", PHONE).unwrap()],
    };
    store.lookups_put(&[lookups]).await.unwrap();
    assert_eq!(store.lookup(&hashes, 10).await.unwrap(), left, "and does not come back by a job that was late");
}

pub async fn hashes_are_made_anew_page_by_page_where_they_still_stand(make: Make) {
    let db = make();
    let store = db.store.clone();
    let outcomes = opened(&store, 3).await;
    let new = Keyring::of(vec![("y2".to_owned(), [5; 32]), (MASTER.to_owned(), [9; 32])]);
    let first = store.lookups_of_others("y2", None, 2).await.unwrap();
    let rest = store.lookups_of_others("y2", first.last(), 2).await.unwrap();
    assert_eq!((first.len(), rest.len()), (2, 1));
    let anew = |from: LookedUp| seal_lookup::again(&new, from, &[PHONE.to_owned()]).unwrap();
    let first: Vec<_> = first.into_iter().map(anew).collect();
    assert_eq!(store.lookups_again(&first).await.unwrap(), 2);
    assert_eq!(store.lookups_again(&first).await.unwrap(), 0, "what was made anew already stays");
    let found = store.lookup(&new.lookups("report.phone", PHONE), 10).await.unwrap();
    assert_eq!(found.len(), 3, "old and new ones are found while they are changed");

    let last = outcomes.iter().find(|one| one.case == Some(rest[0].row)).unwrap().number.clone().unwrap();
    let rest: Vec<_> = rest.into_iter().map(anew).collect();
    send(&works(store.clone()), &[erasing(41, &last, Actor::System)], 1).await.remove(0).unwrap();
    assert_eq!(store.lookups_again(&rest).await.unwrap(), 0, "one that was erased meanwhile stays erased");
    assert_eq!(store.lookups_of_others("y2", None, 10).await.unwrap(), []);
    let only = Keyring::of(vec![("y2".to_owned(), [5; 32])]);
    assert_eq!(store.lookup(&only.lookups("report.phone", PHONE), 10).await.unwrap().len(), 2);
}

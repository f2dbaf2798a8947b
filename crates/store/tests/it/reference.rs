//! Reference data, people, files and settings: what goes in comes out.

use crate::support::Make;
use crate::support::rows::{SHARD, at, case_id, code, command_id, following, post, record};
use ganglion_kernel::port::{Access, Account, FileRow, Forgotten, Session, ShardWrite, Stale, Want};
use ganglion_model::change::Outcome;
use ganglion_model::row::Record;
use ganglion_model::{AccountId, Place, PlaceKind, Post, Shard, Text};
use jiff::civil::date;

fn place(text: &str, from: i16) -> Place {
    Place {
        code: code(text),
        name: format!("{text} {from}"),
        kind: PlaceKind::Town,
        valid_from: date(from, 1, 1),
        valid_to: None,
        predecessors: vec![code("130922")],
        host: Some(code("130925")),
        synthetic: true,
        official: None,
    }
}

pub async fn places_are_replaced_and_outlines_added(make: Make) {
    let db = make();
    let store = &*db.store;
    let all = [place("130922", 2000), place("130922001", 2000), place("130922001", 2010)];
    store.places_set(&[place("130999", 2000)]).await.unwrap();
    store.places_set(&all).await.unwrap();
    assert_eq!(store.places().await.unwrap(), all);
    let outline = |text: &str, geometry: &str| (code(text), geometry.to_owned());
    store.outlines_set(&[outline("130922", "{}"), outline("130925", "{}")]).await.unwrap();
    store.outlines_set(&[outline("130925", "{\"a\":1}")]).await.unwrap();
    assert_eq!(store.outlines().await.unwrap(), [outline("130922", "{}"), outline("130925", "{\"a\":1}")]);
}

pub async fn posts_and_accounts_are_put(make: Make) {
    let db = make();
    let store = &*db.store;
    let one = |id: &str, role: &str| Post {
        id: post(id),
        role: role.to_owned(),
        place: code("130922"),
        title: Text::new("标题", "title"),
        unit: Text::default(),
        account: Some(AccountId("li".to_owned())),
        valid_from: date(2020, 1, 1),
        valid_to: Some(date(2030, 1, 1)),
    };
    store.posts_put(&[one("b", "clerk"), one("a", "clerk")]).await.unwrap();
    store.posts_put(&[one("b", "chief")]).await.unwrap();
    assert_eq!(store.posts().await.unwrap(), [one("a", "clerk"), one("b", "chief")]);
    let account = |id: &str, active| Account {
        id: AccountId(id.to_owned()),
        name: "李".to_owned(),
        password: Some("hash".to_owned()),
        active,
    };
    store.accounts_put(&[account("wang", true), account("li", true)]).await.unwrap();
    store.accounts_put(&[account("wang", false)]).await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [account("li", true), account("wang", false)]);
    assert_eq!(store.account(&AccountId("wang".to_owned())).await.unwrap(), Some(account("wang", false)));
    assert_eq!(store.account(&AccountId("nobody".to_owned())).await.unwrap(), None);
}

pub async fn sessions_begin_and_end(make: Make) {
    let db = make();
    let store = &*db.store;
    let session = |post_id: Option<&str>| Session {
        token_hash: "00ff".to_owned(),
        account: AccountId("li".to_owned()),
        post: post_id.map(post),
        expires_at: at(60),
    };
    store.session_put(&session(None)).await.unwrap();
    store.session_put(&session(Some("a"))).await.unwrap();
    assert_eq!(store.session("00ff").await.unwrap(), Some(session(Some("a"))));
    store.session_end("00ff").await.unwrap();
    store.session_end("00ff").await.unwrap();
    assert_eq!(store.session("00ff").await.unwrap(), None);
}

pub async fn what_is_no_longer_needed_is_forgotten_and_nothing_else(make: Make) {
    let db = make();
    let store = &*db.store;
    for (token, second) in [("over", 59), ("holds", 60)] {
        let session = Session {
            token_hash: token.to_owned(),
            account: AccountId("li".to_owned()),
            post: None,
            expires_at: at(second),
        };
        store.session_put(&session).await.unwrap();
    }
    let file = |id: &str, second, case, sent| FileRow {
        id: id.to_owned(),
        name: "桥.jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        bytes: 12,
        at: at(second),
        case,
        sent,
        fingerprint: None,
    };
    let of_case = Some((SHARD, case_id(1)));
    for row in [
        file("left", 39, None, false),
        file("late", 40, None, false),
        file("sent", 1, None, true),
        file("tied", 1, of_case, true),
    ] {
        store.file_put(&row).await.unwrap();
    }
    let outcome = Outcome { shard: SHARD, seq: 1, case: None, number: None, state: None, version: 0 };
    let answers = vec![(command_id(1), outcome.clone(), at(49)), (command_id(2), outcome, at(50))];
    let write = ShardWrite { answers, ..following(store, SHARD, vec![]).await };
    store.write(&[write]).await.unwrap();
    let stale = Stale { sessions: at(60), answers: at(50), files: at(40), rows_max: 10 };
    let forgotten = store.forget(&Stale { rows_max: 0, ..stale }).await.unwrap();
    assert_eq!(forgotten, Forgotten::default(), "no more than was asked for");
    let forgotten = store.forget(&stale).await.unwrap();
    assert_eq!(forgotten, Forgotten { sessions: 1, answers: 1, files: vec!["left".to_owned()] });
    assert_eq!(store.forget(&stale).await.unwrap(), Forgotten::default());
    assert!(store.session("holds").await.unwrap().is_some() && store.session("over").await.unwrap().is_none());
    for (id, kept) in [("left", false), ("late", true), ("sent", true), ("tied", true)] {
        assert_eq!(store.file(id).await.unwrap().is_some(), kept, "{id}");
    }
    let want = Want { answers: vec![(SHARD, command_id(1)), (SHARD, command_id(2))], ..Want::default() };
    let found: Vec<_> = store.load(&want).await.unwrap().answers.into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, [command_id(2)]);
}

pub async fn files_the_access_log_and_settings_are_kept(make: Make) {
    let db = make();
    let store = &*db.store;
    let file = |case| FileRow {
        id: "ab".to_owned(),
        name: "桥.jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        bytes: 12,
        at: at(0),
        case,
        sent: false,
        fingerprint: Some(u64::MAX),
    };
    store.file_put(&file(None)).await.unwrap();
    store.file_put(&file(Some((SHARD, case_id(1))))).await.unwrap();
    assert_eq!(store.file("ab").await.unwrap(), Some(file(Some((SHARD, case_id(1))))));
    assert_eq!(store.file("cd").await.unwrap(), None);
    let access = |second| Access {
        at: at(second),
        shard: SHARD,
        case: case_id(1),
        post: post("a"),
        account: AccountId("li".to_owned()),
        fields: vec!["phone".to_owned()],
        purpose: "to ask back".to_owned(),
    };
    for second in [1, 3, 2, 2] {
        store.access_add(&access(second)).await.unwrap();
    }
    let seen = store.accesses(SHARD, case_id(1), 3).await.unwrap();
    assert_eq!(seen, [access(3), access(2), access(2)]);
    assert_eq!(store.accesses(SHARD, case_id(2), 3).await.unwrap(), []);
    let other = Access { case: case_id(2), ..access(4) };
    store.access_add(&other).await.unwrap();
    let seen = store.accesses_before(SHARD, at(9), 3).await.unwrap();
    assert_eq!(seen, [other, access(3), access(2)], "of every case");
    assert_eq!(store.accesses_before(SHARD, at(2), 3).await.unwrap(), [access(1)], "before the instant");
    assert_eq!(store.accesses_before(Shard(SHARD.0 + 1), at(9), 3).await.unwrap(), [], "of this shard");
    assert_eq!(store.setting("day").await.unwrap(), None);
    store.setting_put("day", "1").await.unwrap();
    store.setting_put("day", "2").await.unwrap();
    assert_eq!(store.setting("day").await.unwrap().as_deref(), Some("2"));
}

pub async fn register_rows_keep_their_dated_versions(make: Make) {
    let db = make();
    let store = &*db.store;
    let dated = |version, from| Record { valid_from: Some(date(from, 1, 1)), ..record("limit", "k", version) };
    // The third correction is of an earlier year, and is the newest all the same.
    let rows = [dated(1, 2020), dated(2, 2022), dated(3, 2021), record("limit", "a", 1), record("other", "k", 1)];
    let write = ShardWrite { records: rows.to_vec(), ..following(store, SHARD, vec![]).await };
    store.write(&[write]).await.unwrap();
    assert_eq!(store.records(SHARD, "limit").await.unwrap(), [rows[3].clone(), rows[2].clone()]);
    assert_eq!(store.records(Shard(130_925), "limit").await.unwrap(), []);
    let records = vec![(SHARD, "limit".to_owned(), "k".to_owned())];
    let loaded = store.load(&Want { records, ..Want::default() }).await.unwrap();
    assert_eq!(
        loaded.records,
        [rows[0].clone(), rows[2].clone(), rows[1].clone()],
        "every version, in order of validity"
    );
    let order = [3, 0, 2, 1, 4].map(|n: usize| rows[n].clone());
    assert_eq!(store.record_versions(SHARD).await.unwrap(), order);
    let corrected = Record { version: 4, ..dated(4, 2022) };
    let write = ShardWrite { records: vec![corrected.clone()], ..following(store, SHARD, vec![]).await };
    store.write(&[write]).await.unwrap();
    assert_eq!(store.record_versions(SHARD).await.unwrap()[3], corrected);
}

pub async fn small_things_are_kept_by_kind_and_id_and_come_when_due(make: Make) {
    use ganglion_kernel::port::Kept;
    let db = make();
    let store = &*db.store;
    let thing = |kind: &str, id: &str, due: Option<i64>, body: &str| Kept {
        kind: kind.to_owned(),
        id: id.to_owned(),
        due: due.map(at),
        body: body.to_owned(),
    };
    let all = [
        thing("key", "b", None, "{}"),
        thing("key", "a", None, "{\"x\":1}"),
        thing("send", "r1/2", Some(60), "2"),
        thing("send", "r1/1", Some(0), "1"),
        thing("send", "r2/1", Some(30), "3"),
        thing("send", "r_/1", None, "4"),
    ];
    store.kept_put(&all).await.unwrap();
    let ids = |things: Vec<Kept>| things.into_iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(store.kept_one("key", "a").await.unwrap(), Some(all[1].clone()));
    assert_eq!(store.kept_one("send", "a").await.unwrap(), None, "a kind knows its own things only");
    assert_eq!(ids(store.kept("key", "", None, 9).await.unwrap()), ["a", "b"]);
    assert_eq!(ids(store.kept("send", "r1/", None, 9).await.unwrap()), ["r1/1", "r1/2"]);
    assert_eq!(ids(store.kept("send", "r1/", Some("r1/1"), 9).await.unwrap()), ["r1/2"]);
    assert_eq!(ids(store.kept("send", "r_", None, 9).await.unwrap()), ["r_/1"], "a prefix is no pattern");
    assert_eq!(ids(store.kept_last("send", 2).await.unwrap()), ["r_/1", "r2/1"], "the last first");
    assert_eq!(ids(store.kept_due("send", at(30), 9).await.unwrap()), ["r1/1", "r2/1"]);
    assert_eq!(ids(store.kept_due("send", at(180), 1).await.unwrap()), ["r1/1"]);
    store.kept_put(&[thing("send", "r1/1", None, "done")]).await.unwrap();
    assert_eq!(ids(store.kept_due("send", at(30), 9).await.unwrap()), ["r2/1"]);
    store.kept_gone(&[("send".to_owned(), "r1/2".to_owned()), ("send".to_owned(), "none".to_owned())]).await.unwrap();
    assert_eq!(ids(store.kept("send", "r1/", None, 9).await.unwrap()), ["r1/1"]);
    // A count that several servers go on with: only who read what stands there may put what comes next.
    let one = thing("count", "a", None, "1");
    assert!(store.kept_swap(&one, None).await.unwrap());
    assert!(!store.kept_swap(&thing("count", "a", None, "9"), None).await.unwrap(), "it is there already");
    assert!(!store.kept_swap(&thing("count", "a", None, "9"), Some("0")).await.unwrap(), "it is another by now");
    assert!(!store.kept_swap(&thing("count", "b", None, "9"), Some("0")).await.unwrap(), "it is not there at all");
    assert_eq!(store.kept_one("count", "a").await.unwrap(), Some(one));
    assert!(store.kept_swap(&thing("count", "a", Some(60), "2"), Some("1")).await.unwrap());
    assert_eq!(store.kept_one("count", "a").await.unwrap(), Some(thing("count", "a", Some(60), "2")));
    store.kept_put(&[thing("of", "\u{6c67}/1", None, "5"), thing("of", "\u{6c68}/1", None, "6")]).await.unwrap();
    assert_eq!(ids(store.kept("of", "\u{6c67}/", None, 9).await.unwrap()), ["\u{6c67}/1"]);
}

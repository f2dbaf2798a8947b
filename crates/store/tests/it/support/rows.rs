//! Rows and writes made by hand, without the kernel's rules.

use ganglion_indicators::Fact;
use ganglion_kernel::port::{CaseWrite, Line, ShardWrite, Store, Want};
use ganglion_kernel::{StoreError, journal};
use ganglion_model::change::{Actor, Change};
use ganglion_model::row::{Case, Record, Route, RouteBy};
use ganglion_model::{CaseId, CommandId, Entry, Fields, Level, PlaceCode, PostId, Shard};
use jiff::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

pub const SHARD: Shard = Shard(130_922);

pub fn code(text: &str) -> PlaceCode {
    text.parse().unwrap()
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub fn case_id(n: u128) -> CaseId {
    CaseId(uuid(n))
}

pub fn command_id(n: u128) -> CommandId {
    CommandId(uuid(n))
}

pub fn post(name: &str) -> PostId {
    PostId(name.to_owned())
}

/// A case opened `n` seconds in, with number `N-n`.
pub fn case(n: u128, place: &str) -> Case {
    let opened = at(i64::try_from(n).unwrap());
    let place = code(place);
    Case {
        id: case_id(n),
        shard: place.shard(),
        process: "report".to_owned(),
        version: 1,
        number: format!("N-{n}"),
        numbers: BTreeMap::new(),
        state: "filed".to_owned(),
        place,
        level: Level::Township,
        point: None,
        route: Route::new(RouteBy::Named, place),
        taken_at: None,
        opened_at: opened,
        observed_at: None,
        updated_at: opened,
        closed_at: None,
        opened_by: None,
        channel: "web".to_owned(),
        assignee: None,
        assist: vec![],
        fields: Fields::new(),
        clocks: BTreeMap::new(),
        fired: vec![],
        windows: Vec::new(),
        held: Vec::new(),
        notices: BTreeMap::new(),
        soon: BTreeMap::new(),
        counts: BTreeMap::new(),
        marks: BTreeMap::new(),
        entered: BTreeMap::new(),
        links: vec![],
        documents: vec![],
    }
}

pub fn record(register: &str, key: &str, version: u32) -> Record {
    Record {
        register: register.to_owned(),
        shard: SHARD,
        key: key.to_owned(),
        version,
        place: Some(code("130922001")),
        valid_from: None,
        valid_to: None,
        updated_at: at(0),
        fields: [("name".to_owned(), format!("{key} {version}").into())].into(),
        authority: None,
        documents: Vec::new(),
    }
}

pub fn new_case(case: Case) -> CaseWrite {
    CaseWrite { words: Some(case.number.clone()), case, is_new: true, kind: None }
}

pub fn changed(case: Case) -> CaseWrite {
    CaseWrite { words: Some(case.number.clone()), case, is_new: false, kind: None }
}

/// A journal line that says a case was opened.
fn line(shard: Shard, seq: u64, case: &Case) -> Line {
    let change = Change::Opened { case: Box::new(case.clone()) };
    let command = command_id(u128::from(seq));
    let entry = Entry { shard, seq, at: case.opened_at, actor: Actor::System, command, change };
    let canonical = journal::canonical(&entry).unwrap();
    let hash = journal::hash(&canonical);
    Line { entry, canonical, hash, case: Some(case.id) }
}

/// A write that follows the shard's head as stored, with a line for each of its cases.
pub async fn following(store: &dyn Store, shard: Shard, cases: Vec<CaseWrite>) -> ShardWrite {
    let loaded = store.load(&Want { shards: vec![shard], ..Want::default() }).await.unwrap();
    let mut head = loaded.heads[&shard].clone();
    let expected_seq = head.seq;
    let mut lines = Vec::new();
    for write in &cases {
        head.seq += 1;
        let line = line(shard, head.seq, &write.case);
        head.frontier.push(line.hash);
        lines.push(line);
    }
    ShardWrite { shard, expected_seq, head, cases, lines, ..ShardWrite::default() }
}

/// Writes new cases, shard by shard.
pub async fn put(store: &dyn Store, cases: impl IntoIterator<Item = Case>) -> Result<(), StoreError> {
    let mut by_shard: BTreeMap<Shard, Vec<CaseWrite>> = BTreeMap::new();
    for case in cases {
        by_shard.entry(case.shard).or_default().push(new_case(case));
    }
    let mut batch = Vec::new();
    for (shard, cases) in by_shard {
        batch.push(following(store, shard, cases).await);
    }
    store.write(&batch).await
}

/// Puts facts into an order that does not depend on how they were read.
pub fn by_key(facts: &mut [(CaseId, Fact)]) {
    facts.sort_by(|(a, one), (b, other)| {
        (a, &one.measure, one.day, one.place).cmp(&(b, &other.measure, other.day, other.place))
    });
}

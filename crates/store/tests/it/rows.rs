//! Register rows in lists, what refers to what, proposals, and values that stand once.

use crate::support::Make;
use crate::support::rows::{SHARD, at, code, following, record};
use ganglion_kernel::port::{References, ShardWrite, Store, Want};
use ganglion_kernel::port_rows::{FieldTest, ProposalFilter, RowAfter, RowFilter, RowOrder, RowSort, page_of};
use ganglion_model::row::Mark;
use ganglion_model::{AccountId, Proposal, ProposalId, ProposalState, Record, RowDeed, RowWish, Shard};
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use uuid::Uuid;

const DAY: Date = date(2022, 6, 27);

fn well(key: &str, place: &str, fields: Value) -> Record {
    Record {
        place: Some(code(place)),
        shard: code(place).shard(),
        fields: serde_json::from_value(fields).unwrap(),
        ..record("well", key, 1)
    }
}

/// Wells of two counties; one has a version that is over and one that is to come.
fn wells() -> Vec<Record> {
    let spans = |from: Option<i16>, to: Option<i16>, one: Record| Record {
        valid_from: from.map(|year| date(year, 1, 1)),
        valid_to: to.map(|year| date(year, 1, 1)),
        ..one
    };
    vec![
        well("W1", "130922001", json!({"use": "farm", "depth": 80, "rate": "9.5", "name": "东井"})),
        well("W2", "130922002", json!({"use": "town", "depth": 120, "rate": "10", "in_use": true})),
        well("W3", "130922001", json!({"use": "farm", "uses": ["farm", "fish"], "at": [116.5, 38.2]})),
        well("W4", "130925001", json!({"use": "farm", "depth": 7, "rate": "-3.25", "name": "WEST 100%_"})),
        spans(Some(2020), Some(2022), well("W5", "130922001", json!({"use": "old", "depth": 1}))),
        spans(Some(2022), None, well("W5", "130922001", json!({"use": "town", "depth": 2}))),
        spans(Some(2030), None, well("W6", "130922001", json!({"use": "farm"}))),
    ]
}

async fn filled(store: &dyn Store) -> Vec<Record> {
    let rows = wells();
    for shard in [SHARD, Shard(130_925)] {
        let records = rows.iter().filter(|one| one.shard == shard).cloned().collect();
        store.write(&[ShardWrite { records, ..following(store, shard, vec![]).await }]).await.unwrap();
    }
    let other = Record { register: "other".into(), ..rows[0].clone() };
    store.write(&[ShardWrite { records: vec![other], ..following(store, SHARD, vec![]).await }]).await.unwrap();
    rows
}

fn keys<'a>(rows: impl IntoIterator<Item = &'a Record>) -> Vec<String> {
    rows.into_iter().map(|one| one.key.clone()).collect()
}

pub async fn rows_are_listed_in_every_order_page_by_page(make: Make) {
    let db = make();
    let store = &*db.store;
    let rows = filled(store).await;
    let filter = RowFilter::of("well", DAY);
    let by = |by: RowSort, descending| RowOrder { by, descending };
    let field = |name: &str| RowSort::Field(name.to_owned());
    for descending in [false, true] {
        for order in [
            by(RowSort::Key, descending),
            by(RowSort::Changed, descending),
            by(field("depth"), descending),
            by(field("rate"), descending),
            by(field("name"), descending),
        ] {
            let expected = keys(page_of(rows.iter(), (&filter, &order), None, 100));
            let (mut found, mut after): (Vec<String>, Option<RowAfter>) = (Vec::new(), None);
            loop {
                let page = store.rows(&filter, &order, after.as_ref(), 2).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(order.after(last));
                found.extend(keys(&page));
            }
            assert_eq!(found, expected, "{order:?}");
        }
    }
}

pub async fn storage_keeps_exactly_the_rows_the_filter_keeps(make: Make) {
    let db = make();
    let store = &*db.store;
    let rows = filled(store).await;
    let all = RowFilter::of("well", DAY);
    let test = |name: &str, test: FieldTest| RowFilter { fields: vec![(name.to_owned(), test)], ..all.clone() };
    let word = |word: &str| RowFilter { word: Some(word.to_owned()), ..all.clone() };
    let place = |place: &str| RowFilter { place: Some(code(place)), ..all.clone() };
    let filters = [
        all.clone(),
        RowFilter::of("well", date(2021, 1, 1)),
        RowFilter::of("well", date(2031, 1, 1)),
        place("1309"),
        place("130922"),
        place("130922001"),
        word("东"),
        word("west 100%_"),
        word("%"),
        word("w5"),
        test("use", FieldTest::Is(json!("farm"))),
        test("uses", FieldTest::Is(json!("fish"))),
        test("in_use", FieldTest::Is(json!(true))),
        test("depth", FieldTest::Is(json!(80))),
        test("depth", FieldTest::AtLeast(json!(80))),
        test("rate", FieldTest::AtMost(json!("9.5"))),
        test("rate", FieldTest::AtLeast(json!("10"))),
        test("name", FieldTest::Empty),
        RowFilter { bounds: Some(("at".to_owned(), [116.0, 38.0, 117.0, 39.0])), ..all.clone() },
        test("no such field'; DROP TABLE record", FieldTest::Is(json!(1))),
    ];
    let order = RowOrder::default();
    for filter in filters {
        let expected = keys(page_of(rows.iter(), (&filter, &order), None, 100));
        let found = store.rows(&filter, &order, None, 100).await.unwrap();
        assert_eq!(keys(&found), expected, "{filter:?}");
        assert_eq!(store.row_count(&filter).await.unwrap(), expected.len() as u64, "{filter:?}");
    }
    let row = (SHARD, "well".to_owned(), "W5".to_owned());
    assert_eq!(store.row_versions(&row).await.unwrap(), rows[4..6]);
}

pub async fn references_are_replaced_and_found_while_they_hold(make: Make) {
    let db = make();
    let store = &*db.store;
    let rows = filled(store).await;
    let refers = |key: &str, to: &[&str]| References {
        register: "well".to_owned(),
        key: key.to_owned(),
        to: to.iter().map(|key| ("use".to_owned(), (*key).to_owned())).collect(),
    };
    let write = ShardWrite {
        references: vec![refers("W1", &["farm"]), refers("W5", &["farm", "town"])],
        ..following(store, SHARD, vec![]).await
    };
    store.write(&[write]).await.unwrap();
    let far =
        ShardWrite { references: vec![refers("W4", &["farm"])], ..following(store, Shard(130_925), vec![]).await };
    store.write(&[far]).await.unwrap();
    let target = |shard: Shard| (shard, "use".to_owned(), "farm".to_owned());
    let names =
        |found: Vec<ganglion_kernel::port_rows::Referer>| found.into_iter().map(|one| one.key).collect::<Vec<_>>();
    assert_eq!(names(store.referers(&target(SHARD), DAY, 9).await.unwrap()), ["W1", "W5"]);
    assert_eq!(names(store.referers(&target(Shard::DEPLOYMENT), DAY, 9).await.unwrap()), ["W1", "W5", "W4"]);
    assert_eq!(store.referers(&target(SHARD), DAY, 1).await.unwrap().len(), 1);
    let want = Want { referers: vec![target(SHARD)], ..Want::default() };
    let loaded = store.load(&want).await.unwrap();
    assert_eq!(loaded.referers, [(target(SHARD), vec!["well/W1".to_owned(), "well/W5".to_owned()])]);
    // A row that ended refers to nothing any more, and references are replaced as a whole.
    let over = Record { valid_to: Some(DAY), ..rows[0].clone() };
    let write = ShardWrite {
        records: vec![over],
        references: vec![refers("W5", &["town"])],
        ..following(store, SHARD, vec![]).await
    };
    store.write(&[write]).await.unwrap();
    assert_eq!(names(store.referers(&target(SHARD), DAY, 9).await.unwrap()), Vec::<String>::new());
}

fn proposal(n: u128, place: &str, state: ProposalState) -> Proposal {
    Proposal {
        id: ProposalId(Uuid::from_u128(n)),
        shard: code(place).shard(),
        key: format!("W{n}"),
        wish: RowWish {
            register: "well".to_owned(),
            key: None,
            place: Some(code(place)),
            deed: RowDeed::Put,
            from: None,
            until: None,
            form: [("depth".to_owned(), json!(n.to_string()))].into(),
            partial: false,
            why: "survey".to_owned(),
            version: Some(0),
        },
        by: Mark { post: None, account: Some(AccountId("li".to_owned())), at: at(i64::try_from(n).unwrap()) },
        state,
        decided: None,
        reason: String::new(),
    }
}

pub async fn proposals_are_kept_as_they_stand(make: Make) {
    let db = make();
    let store = &*db.store;
    let open = [proposal(1, "130922001", ProposalState::Open), proposal(2, "130922002", ProposalState::Open)];
    let write = ShardWrite { proposals: open.to_vec(), ..following(store, SHARD, vec![]).await };
    store.write(&[write]).await.unwrap();
    let far = proposal(3, "130925001", ProposalState::Open);
    let write = ShardWrite { proposals: vec![far.clone()], ..following(store, Shard(130_925), vec![]).await };
    store.write(&[write]).await.unwrap();
    let of = |place: Option<&str>, state| ProposalFilter {
        registers: vec![("well".to_owned(), place.map(code))],
        state,
        row: None,
    };
    let listed = |filter: ProposalFilter| async move {
        store.proposals(&filter, 10).await.unwrap().into_iter().map(|one| one.key).collect::<Vec<_>>()
    };
    assert_eq!(listed(of(None, None)).await, ["W3", "W2", "W1"]);
    assert_eq!(listed(of(Some("130922001"), None)).await, ["W1"]);
    assert_eq!(listed(ProposalFilter::default()).await, Vec::<String>::new());
    let approved = Proposal { state: ProposalState::Approved, ..open[0].clone() };
    let write = ShardWrite { proposals: vec![approved.clone()], ..following(store, SHARD, vec![]).await };
    store.write(&[write]).await.unwrap();
    assert_eq!(listed(of(None, Some(ProposalState::Open))).await, ["W3", "W2"]);
    assert_eq!(store.proposal(SHARD, approved.id).await.unwrap(), Some(approved.clone()));
    assert_eq!(store.proposal(SHARD, far.id).await.unwrap(), None, "another shard");
    let row = ProposalFilter { row: Some((SHARD, "well".to_owned(), "W1".to_owned())), ..of(None, None) };
    assert_eq!(listed(row).await, ["W1"]);
    let want = Want { proposals: vec![(SHARD, approved.id)], ..Want::default() };
    assert_eq!(store.load(&want).await.unwrap().proposals, [approved]);
}

pub async fn unique_values_given_back_may_be_taken_again(make: Make) {
    let db = make();
    let store = &*db.store;
    let value = |key: &str| vec![("well.tag".to_owned(), "T".to_owned(), key.to_owned())];
    let write = ShardWrite { unique: value("W1"), ..following(store, SHARD, vec![]).await };
    store.write(&[write]).await.unwrap();
    let write = ShardWrite {
        unique_gone: vec![("well.tag".to_owned(), "T".to_owned())],
        unique: value("W2"),
        ..following(store, SHARD, vec![]).await
    };
    store.write(&[write]).await.unwrap();
    let unique = vec![(SHARD, "well.tag".to_owned(), "T".to_owned())];
    let loaded = store.load(&Want { unique: unique.clone(), ..Want::default() }).await.unwrap();
    assert_eq!(loaded.unique, [(unique[0].clone(), "W2".to_owned())]);
}

//! Rows that are counted: found by their fields, by where they are kept, and on the day.

use crate::support::Make;
use crate::support::rows::{SHARD, code, following, record};
use ganglion_kernel::lookup::Matching;
use ganglion_kernel::port::{ShardWrite, Want};
use ganglion_model::{Record, Shard};
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const DAY: Date = date(2022, 6, 27);

fn permit(key: &str, place: &str, fields: Value) -> Record {
    Record {
        place: Some(code(place)),
        shard: code(place).shard(),
        fields: serde_json::from_value(fields).unwrap(),
        ..record("permit", key, 1)
    }
}

pub async fn rows_that_match_are_found_with_their_versions(make: Make) {
    let db = make();
    let store = &*db.store;
    let spans = |from: Option<Date>, to: Option<Date>, one: Record| Record { valid_from: from, valid_to: to, ..one };
    let records = vec![
        permit("P1", "130922001", json!({"holder": "甲厂", "wells": 2, "open": true})),
        permit("P2", "130922002", json!({"holder": "甲厂", "wells": 1, "open": false})),
        permit("P3", "130922002", json!({"holder": "乙厂", "wells": 2})),
        spans(None, Some(DAY), permit("P4", "130922001", json!({"holder": "甲厂", "wells": 2}))),
        spans(None, Some(date(2030, 1, 1)), permit("P5", "130922001", json!({"holder": "甲厂", "wells": 2}))),
        spans(Some(date(2023, 1, 1)), None, permit("P6", "130922001", json!({"holder": "甲厂", "wells": 2}))),
        Record { register: "other".into(), ..permit("P7", "130922001", json!({"holder": "甲厂"})) },
    ];
    let all = records.clone();
    store.write(&[ShardWrite { records, ..following(store, SHARD, vec![]).await }]).await.unwrap();
    let elsewhere = Shard(130_925);
    let records = vec![permit("P8", "130925001", json!({"holder": "甲厂", "wells": 2}))];
    store.write(&[ShardWrite { records, ..following(store, elsewhere, vec![]).await }]).await.unwrap();

    for (wanted, keys) in [
        (json!({"holder": "甲厂"}), vec!["P1", "P2", "P5"]),
        (json!({"holder": "甲厂", "wells": 2}), vec!["P1", "P5"]),
        (json!({"open": true}), vec!["P1"]),
        (json!({"open": false}), vec!["P2"]),
        (json!({"place": "130922002"}), vec!["P2", "P3"]),
        (json!({"place": "130922", "wells": 1}), vec!["P2"]),
        (json!({"holder": "丙厂"}), vec![]),
        (json!({"holder' OR 1=1": "甲厂"}), vec![]),
    ] {
        let fields: BTreeMap<String, Value> = serde_json::from_value(wanted.clone()).unwrap();
        let asked = Matching::of(SHARD, "permit", &fields, DAY);
        let loaded = store.load(&Want { matching: vec![asked.clone()], ..Want::default() }).await.unwrap();
        let found: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(loaded.matching, [(asked, Some(found))], "{wanted}");
        let rows = |records: &[Record]| {
            let mut keys: Vec<String> = records.iter().map(|one| one.key.clone()).collect();
            keys.sort();
            keys
        };
        assert_eq!(rows(&loaded.records), keys, "the rows come with them");
        let here = all.iter().filter(|one| one.register == "permit" && one.valid_on(DAY) && one.matches(&fields));
        assert_eq!(here.map(|one| one.key.as_str()).collect::<Vec<_>>(), keys, "as rows match in memory: {wanted}");
    }
}

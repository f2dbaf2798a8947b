//! The neighbours of a row in its series.

use crate::support::Make;
use crate::support::rows::{SHARD, following, record};
use ganglion_kernel::lookup::Beside;
use ganglion_kernel::port::{ShardWrite, Want};
use ganglion_model::{Record, Shard};
use jiff::civil::date;

pub async fn the_neighbour_in_a_series_is_the_nearest_row_that_stands(make: Make) {
    let db = make();
    let store = &*db.store;
    let reading = |key: &str| Record { shard: SHARD, ..record("reading", key, 1) };
    let ended = |one: Record| Record { valid_to: Some(date(2022, 7, 1)), ..one };
    let records = vec![
        reading("井1/2022-01-01"),
        reading("井1/2022-02-01"),
        ended(reading("井1/2022-03-01")),
        reading("井1/2022-04-01"),
        reading("井1/b/2022-03-15"),
        reading("井10/2022-03-20"),
        Record { register: "other".into(), ..reading("井1/2022-03-30") },
    ];
    store.write(&[ShardWrite { records, ..following(store, SHARD, vec![]).await }]).await.unwrap();
    let elsewhere = vec![Record { shard: Shard(130_925), ..record("reading", "井1/2022-03-31", 1) }];
    store.write(&[ShardWrite { records: elsewhere, ..following(store, Shard(130_925), vec![]).await }]).await.unwrap();

    for (key, after, wanted) in [
        ("井1/2022-04-01", false, Some("井1/2022-02-01")),
        ("井1/2022-02-15", false, Some("井1/2022-02-01")),
        ("井1/2022-01-01", false, None),
        ("井1/2022-02-01", true, Some("井1/2022-04-01")),
        ("井1/2022-04-01", true, None),
        ("井1/2021-01-01", true, Some("井1/2022-01-01")),
    ] {
        let asked = Beside { shard: SHARD, register: "reading".into(), group: "井1/".into(), key: key.into(), after };
        let want = Want { beside: vec![asked.clone()], ..Want::default() };
        let loaded = store.load(&want).await.unwrap();
        assert_eq!(loaded.beside, [(asked, wanted.map(str::to_owned))], "{key} {after}");
        let brought: Vec<&str> = loaded.records.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(brought, wanted.into_iter().collect::<Vec<_>>(), "the row comes with it");
    }
}

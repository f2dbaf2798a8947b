//! The journal, timers and cursors.

use crate::support::Make;
use crate::support::rows::{SHARD, at, case, case_id, changed, following, new_case, put};
use ganglion_kernel::port::{ShardWrite, Timer};
use ganglion_kernel::{journal, merkle::Frontier};
use ganglion_model::Shard;

pub async fn lines_come_back_in_order_and_as_they_were_hashed(make: Make) {
    let db = make();
    let store = &*db.store;
    put(store, (1..=5).map(|n| case(n, "130922001"))).await.unwrap();
    put(store, [case(9, "130925001")]).await.unwrap();
    let write = following(store, SHARD, vec![changed(case(2, "130922001"))]).await;
    store.write(&[write]).await.unwrap();
    let seqs = |entries: Vec<ganglion_model::Entry>| entries.into_iter().map(|entry| entry.seq).collect::<Vec<_>>();
    assert_eq!(seqs(store.entries_after(SHARD, 0, 100).await.unwrap()), [1, 2, 3, 4, 5, 6]);
    assert_eq!(seqs(store.entries_after(SHARD, 2, 2).await.unwrap()), [3, 4]);
    assert_eq!(seqs(store.entries_of_case(SHARD, case_id(2), 100).await.unwrap()), [6, 2]);
    assert_eq!(seqs(store.entries_of_case(SHARD, case_id(2), 1).await.unwrap()), [6]);
    assert_eq!(seqs(store.entries_of_case(Shard(130_925), case_id(2), 9).await.unwrap()), [] as [u64; 0]);
    let two = case_id(2).to_string();
    let holding = async |span| seqs(store.entries_holding(SHARD, span, &[two.as_str()], 100).await.unwrap());
    assert_eq!(holding((0, 6)).await, [2, 6], "only lines that hold the text");
    assert_eq!(holding((0, 5)).await, [2], "only up to the end asked for");
    assert_eq!(holding((2, 6)).await, [6]);
    let mut frontier = Frontier::default();
    for line in store.lines_after(SHARD, 0, 100).await.unwrap() {
        assert_eq!(journal::hash(&line.canonical), line.hash);
        frontier.push(line.hash);
    }
    let shards = store.shards().await.unwrap();
    assert_eq!(
        shards.iter().map(|(shard, head)| (shard.0, head.seq)).collect::<Vec<_>>(),
        [(130_922, 6), (130_925, 1)]
    );
    assert_eq!(shards[0].1.frontier, frontier);
}

fn timer(second: i64, shard: Shard, case: u128) -> Timer {
    Timer { at: at(second), shard, case: case_id(case), clock: "handle".to_owned() }
}

pub async fn timers_fall_due_earliest_first_over_all_shards(make: Make) {
    let db = make();
    let store = &*db.store;
    let other = Shard(130_925);
    let first = ShardWrite {
        timers_new: vec![timer(30, SHARD, 1), timer(10, SHARD, 2), timer(50, SHARD, 3)],
        ..following(store, SHARD, vec![new_case(case(1, "130922001"))]).await
    };
    let second = ShardWrite {
        timers_new: vec![timer(20, other, 4)],
        ..following(store, other, vec![new_case(case(4, "130925001"))]).await
    };
    store.write(&[first, second]).await.unwrap();
    let due = store.timers_due(at(30), 10).await.unwrap();
    assert_eq!(due, [timer(10, SHARD, 2), timer(20, other, 4), timer(30, SHARD, 1)]);
    assert_eq!(store.timers_due(at(30), 2).await.unwrap(), due[..2]);
    assert_eq!(store.timers_due(at(9), 10).await.unwrap(), []);
    let gone = ShardWrite {
        timers_gone: vec![timer(10, SHARD, 2)],
        timers_new: vec![timer(5, SHARD, 2)],
        ..following(store, SHARD, vec![]).await
    };
    store.write(&[gone]).await.unwrap();
    assert_eq!(store.timers_due(at(15), 10).await.unwrap(), [timer(5, SHARD, 2)]);
}

pub async fn cursors_are_kept_by_job_and_shard(make: Make) {
    let db = make();
    let store = &*db.store;
    assert_eq!(store.cursor("notice", SHARD).await.unwrap(), 0);
    store.cursors_set("notice", &[(SHARD, 5)]).await.unwrap();
    store.cursors_set("notice", &[(SHARD, 7)]).await.unwrap();
    store.cursors_set("search", &[(SHARD, 1)]).await.unwrap();
    assert_eq!(store.cursor("notice", SHARD).await.unwrap(), 7);
    assert_eq!(store.cursor("search", SHARD).await.unwrap(), 1);
    assert_eq!(store.cursor("notice", Shard(130_925)).await.unwrap(), 0);
}

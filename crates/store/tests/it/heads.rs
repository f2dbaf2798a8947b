//! Heads, batches and what must leave no trace.

use crate::support::Make;
use crate::support::rows::{SHARD, at, case, case_id, changed, command_id, following, new_case, put};
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{ShardWrite, Want};
use ganglion_model::change::Outcome;
use ganglion_model::{Issued, Shard, Standing};

pub async fn a_shard_that_was_never_written_has_a_fresh_head(make: Make) {
    let db = make();
    let want = Want { shards: vec![SHARD], cases: vec![(SHARD, case_id(1))], ..Want::default() };
    let loaded = db.store.load(&want).await.unwrap();
    assert_eq!(loaded.heads[&SHARD], ganglion_kernel::port::Head::default());
    assert!(loaded.cases.is_empty() && db.store.shards().await.unwrap().is_empty());
}

pub async fn a_head_moves_on_and_refuses_a_stale_write_without_trace(make: Make) {
    let db = make();
    let store = &*db.store;
    let stale = following(store, SHARD, vec![new_case(case(2, "130922001"))]).await;
    put(store, [case(1, "130922001")]).await.unwrap();
    let other = following(store, Shard(130_925), vec![new_case(case(3, "130925001"))]).await;
    let error = store.write(&[other, stale]).await.unwrap_err();
    assert!(matches!(error, StoreError::Moved(SHARD)), "{error}");
    let shards = store.shards().await.unwrap();
    assert_eq!(shards.len(), 1, "the other shard of the batch was not written either");
    assert_eq!(shards[0].1.seq, 1);
    assert_eq!(store.case(SHARD, case_id(2)).await.unwrap(), None);
    assert_eq!(store.case(SHARD, case_id(1)).await.unwrap(), Some(case(1, "130922001")));
}

pub async fn a_batch_that_fails_late_leaves_nothing(make: Make) {
    let db = make();
    let store = &*db.store;
    put(store, [case(1, "130922001")]).await.unwrap();
    let mut write = following(store, SHARD, vec![new_case(case(2, "130922001"))]).await;
    write.unique = vec![("report.reference".to_owned(), "R".to_owned(), "N-2".to_owned()); 2];
    assert!(store.write(&[write]).await.is_err());
    assert_eq!(store.shards().await.unwrap()[0].1.seq, 1);
    assert_eq!(store.case(SHARD, case_id(2)).await.unwrap(), None);
    assert_eq!(store.entries_after(SHARD, 0, 10).await.unwrap().len(), 1);
    let unique = vec![(SHARD, "report.reference".to_owned(), "R".to_owned())];
    assert!(store.load(&Want { unique, ..Want::default() }).await.unwrap().unique.is_empty());
}

pub async fn answers_unique_values_keys_and_numbers_are_found_again(make: Make) {
    let db = make();
    let store = &*db.store;
    let outcome = Outcome { shard: SHARD, seq: 1, case: Some(case_id(1)), number: None, state: None, version: 1 };
    let taken = (SHARD, "report.reference".to_owned(), "R".to_owned());
    let write = ShardWrite {
        answers: vec![(command_id(7), outcome.clone(), at(0))],
        unique: vec![(taken.1.clone(), taken.2.clone(), "N-1".to_owned())],
        keys: vec![(case_id(1), "wrapped".to_owned())],
        ..following(store, SHARD, vec![new_case(case(1, "130922001"))]).await
    };
    store.write(&[write]).await.unwrap();
    let want = Want {
        shards: vec![SHARD],
        answers: vec![(SHARD, command_id(7)), (SHARD, command_id(8)), (Shard(130_925), command_id(7))],
        cases: vec![(SHARD, case_id(1)), (SHARD, case_id(1)), (SHARD, case_id(2))],
        numbers: vec![(SHARD, "N-1".to_owned()), (SHARD, "N-2".to_owned())],
        keys: vec![(SHARD, case_id(1)), (SHARD, case_id(2))],
        unique: vec![taken.clone(), (Shard(130_925), taken.1.clone(), taken.2.clone())],
        records: vec![(SHARD, "none".to_owned(), "none".to_owned())],
        ..Want::default()
    };
    let loaded = store.load(&want).await.unwrap();
    assert_eq!(loaded.answers, vec![(command_id(7), outcome)]);
    assert_eq!(loaded.cases, vec![case(1, "130922001")]);
    assert_eq!(loaded.keys, vec![(case_id(1), "wrapped".to_owned())]);
    assert_eq!(loaded.unique, vec![(taken, "N-1".to_owned())]);
    assert_eq!(loaded.heads[&SHARD].seq, 1);
    assert_eq!(store.key(SHARD, case_id(1)).await.unwrap().as_deref(), Some("wrapped"));
    assert_eq!(store.case_by_number(SHARD, "N-1").await.unwrap(), Some(case(1, "130922001")));
    assert_eq!(store.case_by_number(Shard(130_925), "N-1").await.unwrap(), None);
    assert_eq!(store.case_id(SHARD, "N-1").await.unwrap(), Some(case_id(1)));
    assert_eq!(store.case_id(Shard(130_925), "N-1").await.unwrap(), None);
}

pub async fn the_code_of_a_document_leads_to_its_case(make: Make) {
    let db = make();
    let store = &*db.store;
    let issued = |code: &str, standing| Issued {
        document: "letter".to_owned(),
        number: "1".to_owned(),
        code: code.to_owned(),
        at: at(0),
        issuer: "office".to_owned(),
        by: None,
        fields: [("name".to_owned(), "sealed".into())].into(),
        figures: [].into(),
        standing,
    };
    let mut one = case(1, "130922001");
    one.documents = vec![issued("a1", Standing::Valid)];
    put(store, [one.clone(), case(2, "130922001")]).await.unwrap();
    assert_eq!(store.document("a1").await.unwrap(), Some((SHARD, case_id(1))));
    assert_eq!(store.document("b2").await.unwrap(), None);
    one.documents =
        vec![issued("a1", Standing::Superseded { at: at(1), by: "2".to_owned() }), issued("b2", Standing::Valid)];
    let write = following(store, SHARD, vec![changed(one.clone())]).await;
    store.write(&[write]).await.unwrap();
    for code in ["a1", "b2"] {
        assert_eq!(store.document(code).await.unwrap(), Some((SHARD, case_id(1))), "{code}");
    }
    assert_eq!(store.case(SHARD, case_id(1)).await.unwrap(), Some(one));
}

//! Laws of the kernel over random histories of two counties.

use crate::support::dump::dump;
use crate::support::history::{History, live, send, steps, works, world_of};
use crate::support::{memory, run};
use ganglion_indicators::CellKey;
use ganglion_store::rebuild::cells_of_rows;
use ganglion_store::replay::replay;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Sorted = BTreeMap<CellKey, (i64, i64)>;

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn figures_rebuilt_from_rows_equal_the_counters_in_the_middle_and_at_the_end(steps in steps(60)) {
        run(async {
            let works = works(memory().store);
            let mut history = History::default();
            let half = steps.len() / 2;
            for part in [&steps[..half], &steps[half..]] {
                history.go_on(&works, part).await;
                for (shard, _) in works.store.shards().await.unwrap() {
                    let kept: Sorted = works.store.cells_all(shard).await.unwrap().into_iter().collect();
                    let counted = cells_of_rows(&*works.store, &world_of(&works), shard).await.unwrap();
                    prop_assert_eq!(kept, counted.into_iter().collect::<Sorted>());
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn the_journal_replayed_on_an_empty_store_gives_the_same_rows_figures_and_root(steps in steps(60)) {
        run(async {
            let works = works(memory().store);
            live(&works, &steps).await;
            let again = memory();
            let replayed = replay(&*works.store, &*again.store, &world_of(&works)).await.unwrap();
            let before = dump(&*works.store).await;
            for one in &replayed {
                prop_assert_eq!(one.root, before[&one.shard].frontier.root());
            }
            prop_assert_eq!(before, dump(&*again.store).await);
            Ok(())
        })?;
    }

    #[test]
    fn the_size_of_batches_does_not_matter(steps in steps(80), size in 2..50_usize) {
        run(async {
            let one_by_one = works(memory().store);
            let history = live(&one_by_one, &steps).await;
            let batched = works(memory().store);
            let answers = send(&batched, &history.commands, size).await;
            prop_assert_eq!(format!("{:?}", history.answers), format!("{answers:?}"));
            prop_assert_eq!(dump(&*one_by_one.store).await, dump(&*batched.store).await);
            Ok(())
        })?;
    }

    #[test]
    fn a_repeated_command_changes_nothing_and_answers_the_same(steps in steps(60), size in 1..50_usize) {
        run(async {
            let works = works(memory().store);
            let history = live(&works, &steps).await;
            let before = dump(&*works.store).await;
            let done: Vec<_> = history.commands.iter().zip(&history.answers).filter(|(_, answer)| answer.is_ok()).collect();
            let commands: Vec<_> = done.iter().map(|(command, _)| (*command).clone()).collect();
            let answers = send(&works, &commands, size).await;
            for ((_, first), second) in done.iter().zip(&answers) {
                prop_assert_eq!(format!("{first:?}"), format!("{second:?}"));
            }
            prop_assert_eq!(before, dump(&*works.store).await);
            Ok(())
        })?;
    }
}

//! Laws of the kernel over random histories of two counties.

use crate::support::dump::dump;
use crate::support::history::{History, Step, Timed, live, send, steps, works, world_of};
use crate::support::rows::{SHARD, at, by_key, case_id, command_id, uuid};
use crate::support::world::clerk_of;
use crate::support::{Make, run};
use ganglion_indicators::CellKey;
use ganglion_kernel::batch::{Batch, want};
use ganglion_kernel::{CommitError, Given, decide};
use ganglion_model::change::{Actor, Body, Command, RefusalCode};
use ganglion_store::rebuild::figures_of_rows;
use ganglion_store::replay::replay;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::future::Future;

type Sorted = BTreeMap<CellKey, (i64, i64)>;

/// Tries every law over a database with so many random histories.
macro_rules! laws {
    ($($database:ident: $histories:expr),+) => { $(mod $database {
        use super::*;
        use crate::support::$database as make;

        fn tried<T>(law: impl Future<Output = T>) -> Option<T> {
            crate::support::is_there(stringify!($database)).then(|| run(law))
        }

        proptest! {
            #![proptest_config(ProptestConfig { cases: $histories, failure_persistence: None, ..ProptestConfig::default() })]

            #[test]
            fn figures_rebuilt_from_rows_equal_the_counters_in_the_middle_and_at_the_end(steps in steps(60)) {
                tried(figures_equal_their_rows(make, steps)).unwrap_or(Ok(()))?;
            }

            #[test]
            fn the_journal_replayed_on_an_empty_store_gives_the_same_rows_figures_and_root(steps in steps(60)) {
                tried(the_journal_replays(make, steps)).unwrap_or(Ok(()))?;
            }

            #[test]
            fn the_size_of_batches_does_not_matter(steps in steps(80), size in 2..50_usize) {
                tried(batches_of_any_size(make, (steps, size))).unwrap_or(Ok(()))?;
            }

            #[test]
            fn a_repeated_command_changes_nothing_and_answers_the_same(steps in steps(60), size in 1..50_usize) {
                tried(repeated_commands(make, (steps, size))).unwrap_or(Ok(()))?;
            }

            #[test]
            fn deciding_twice_gives_the_same(steps in steps(60)) {
                tried(decided_twice(make, steps)).unwrap_or(Ok(()))?;
            }
        }
    })+ };
}

laws!(memory: 60, postgres: 4);

type Steps = Vec<(Step, u16)>;
type Law = Result<(), TestCaseError>;

async fn figures_equal_their_rows(make: Make, steps: Steps) -> Law {
    let db = make();
    let works = works(db.store.clone());
    let mut history = History::default();
    let half = steps.len() / 2;
    for part in [&steps[..half], &steps[half..]] {
        history.go_on(&works, part).await;
        for (shard, _) in works.store.shards().await.unwrap() {
            let kept: Sorted = works.store.cells_all(shard).await.unwrap().into_iter().collect();
            let (mut facts, cells) = figures_of_rows(&*works.store, &world_of(&works), shard).await.unwrap();
            prop_assert_eq!(kept, cells.into_iter().collect::<Sorted>());
            let mut kept = works.store.facts_all(shard).await.unwrap();
            by_key(&mut kept);
            by_key(&mut facts);
            prop_assert_eq!(kept, facts);
        }
    }
    Ok(())
}

async fn the_journal_replays(make: Make, steps: Steps) -> Law {
    let (db, again) = (make(), make());
    let works = works(db.store.clone());
    live(&works, &steps).await;
    let replayed = replay(&*works.store, &*again.store, &world_of(&works)).await.unwrap();
    let before = dump(&*works.store).await;
    for one in &replayed {
        prop_assert_eq!(one.root, before[&one.shard].frontier.root());
    }
    prop_assert_eq!(before, dump(&*again.store).await);
    Ok(())
}

async fn batches_of_any_size(make: Make, (steps, size): (Steps, usize)) -> Law {
    let (first, second) = (make(), make());
    let one_by_one = works(first.store.clone());
    let history = live(&one_by_one, &steps).await;
    let batched = works(second.store.clone());
    let answers = send(&batched, &history.commands, size).await;
    prop_assert_eq!(format!("{:?}", history.answers), format!("{answers:?}"));
    prop_assert_eq!(dump(&*one_by_one.store).await, dump(&*batched.store).await);
    Ok(())
}

async fn repeated_commands(make: Make, (steps, size): (Steps, usize)) -> Law {
    let db = make();
    let works = works(db.store.clone());
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
}

async fn decided_twice(make: Make, steps: Steps) -> Law {
    let db = make();
    let works = works(db.store.clone());
    let history = live(&works, &steps).await;
    let world = world_of(&works);
    // Every command again, under new names, against the rows as they are at the end.
    for (n, (command, now)) in history.commands.iter().enumerate() {
        let command = Command { id: command_id(9_000_000 + n as u128), ..command.clone() };
        let loaded = works.store.load(&want(&world, std::slice::from_ref(&command), *now)).await.unwrap();
        let batch = Batch::new(&world, &works.ring, loaded);
        let given = Given { now: *now, id: uuid(8_000_000 + n as u128), key: [3; 32] };
        let [first, second] = [(), ()].map(|()| decide(&world, batch.state(), &command, &given));
        prop_assert_eq!(first, second);
    }
    Ok(())
}

/// One command of a written history.
fn sent(n: u128, body: Body, minutes: i64) -> Timed {
    let (post, account) = clerk_of("130922");
    (Command { id: command_id(n), shard: SHARD, actor: Actor::Post { post, account }, body }, at(minutes * 60))
}

fn open(reference: &str) -> Body {
    let form = [("place", "130922001"), ("reference", reference)];
    let form = form.map(|(name, value)| (name.to_owned(), value.into())).into();
    Body::Open { process: "report".to_owned(), form, channel: "web".to_owned(), observed_at: None, from: None }
}

fn act(case: u128, action: &str, form: &[(&str, &str)]) -> Body {
    let form = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    Body::Act { case: case_id(case), action: action.to_owned(), form, version: None }
}

pub async fn a_register_row_is_found_by_a_case_opened_in_the_same_batch(make: Make) {
    let db = make();
    let works = works(db.store.clone());
    let visit = |case| [act(case, "give", &[("post", "clerk.130922")]), act(case, "visit", &[])];
    let [give, go] = visit(0);
    let first = [sent(10, open("A"), 0), sent(11, give, 1), sent(12, go, 2)];
    let [give, go] = visit(3);
    let second = [sent(13, open("B"), 3), sent(14, give, 4), sent(15, go, 5)];
    for batch in [first, second] {
        assert!(send(&works, &batch, 3).await.iter().all(Result::is_ok));
    }
    let visits = works.store.records(SHARD, "visit").await.unwrap();
    assert_eq!(visits.iter().map(|row| row.version).collect::<Vec<_>>(), [2]);
}

pub async fn a_unique_value_is_compared_as_it_is_stored_not_as_it_was_typed(make: Make) {
    let db = make();
    let works = works(db.store.clone());
    assert!(send(&works, &[sent(10, open("R1"), 0)], 1).await[0].is_ok());
    // A scanner that ends a code with a bell: the form drops it.
    let answers = send(&works, &[sent(11, open("R\u{7}1"), 1), sent(12, open("R2"), 1)], 2).await;
    let refused = matches!(&answers[0], Err(CommitError::Refused(why)) if why.code == RefusalCode::Duplicate);
    assert!(refused && answers[1].is_ok(), "{answers:?}");
}

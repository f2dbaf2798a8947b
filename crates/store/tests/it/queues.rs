//! Queues over a database: many counters calling at once, who is in front, and how busy a post is.

use crate::support::Make;
use crate::support::history::works;
use crate::support::rows::{code, command_id};
use crate::support::world::clerk_of;
use ganglion_kernel::Committer;
use ganglion_kernel::commit::CommitError;
use ganglion_kernel::port::Want;
use ganglion_kernel::queue::{QueueWant, waiting_of};
use ganglion_model::change::{Actor, Body, Command, RefusalCode};
use ganglion_model::{Fields, Shard};
use serde_json::json;
use std::collections::BTreeSet;

const COUNTY: &str = "130922";
const SHARD: Shard = Shard(130_922);

fn open(n: u128, category: &str) -> Command {
    let form: Fields = serde_json::from_value(json!({"place": "130922001", "category": category})).unwrap();
    let body = Body::Open { process: "report".into(), form, channel: "web".into(), observed_at: None, from: None };
    Command { id: command_id(n), shard: SHARD, actor: Actor::Public, body }
}

fn open_at(n: u128, township: &str, reference: Option<u128>) -> Command {
    let mut command = open(n, "a");
    if let Body::Open { form, .. } = &mut command.body {
        form.insert("place".to_owned(), json!(township));
        form.extend(reference.map(|reference| ("reference".to_owned(), json!(format!("R{reference}")))));
    }
    command
}

fn call(n: u128, lanes: &[&str]) -> Command {
    let (post, account) = clerk_of(COUNTY);
    let lanes = lanes.iter().map(|one| (*one).to_owned()).collect();
    let body = Body::TakeNext { process: "report".into(), lanes, form: Fields::new() };
    Command { id: command_id(n), shard: SHARD, actor: Actor::Post { post, account }, body }
}

fn queue(lanes: &[&str]) -> QueueWant {
    let lanes = lanes.iter().map(|one| (*one).to_owned()).collect();
    QueueWant { shard: SHARD, process: "report".into(), place: code(COUNTY), lanes, limit: 100 }
}

pub async fn twenty_counters_calling_at_once_never_get_the_same_case(make: Make) {
    let db = make();
    let (committer, thread) = Committer::start(works(db.store.clone())).unwrap();
    for n in 0..50 {
        committer.send(open(n, "a")).await.unwrap();
    }
    // Twenty at a time, three times: fifty get a case, ten are told that nobody waits.
    let mut calls = Vec::new();
    for n in 0..60 {
        let committer = committer.clone();
        calls.push(async move { committer.send(call(1_000 + n, &[])).await });
    }
    let (mut called, mut empty) = (BTreeSet::new(), 0);
    for answers in [20, 20, 20].map(|count| calls.drain(..count).collect::<Vec<_>>()) {
        for answer in together(answers).await {
            match answer {
                Ok(outcome) => assert!(called.insert(outcome.case.unwrap()), "one case was given twice"),
                Err(CommitError::Refused(refusal)) => {
                    assert_eq!(refusal.code, RefusalCode::NothingWaiting);
                    empty += 1;
                }
                Err(error) => unreachable!("{error}"),
            }
        }
    }
    assert_eq!((called.len(), empty), (50, 10));
    assert_eq!(db.store.waiting_count(&queue(&[]), None).await.unwrap(), 0);
    drop(committer);
    thread.join().unwrap();
}

pub async fn numbers_have_no_gaps_however_many_come_at_once_and_are_refused(make: Make) {
    let db = make();
    let (committer, thread) = Committer::start(works(db.store.clone())).unwrap();
    let towns = ["130922001", "130922002"];
    // Every third is refused, because its reference stands in an earlier one.
    let commands = (0..90_u128).map(|n| open_at(n, towns[usize::try_from(n % 2).unwrap()], (n % 3 == 0).then_some(7)));
    let sends: Vec<_> = commands
        .map(|command| {
            let committer = committer.clone();
            async move { committer.send(command).await }
        })
        .collect();
    let answers = together(sends).await;
    let numbers: BTreeSet<String> = answers.into_iter().filter_map(|answer| answer.ok()?.number).collect();
    let expected: BTreeSet<String> = towns
        .iter()
        .flat_map(|town| {
            let count = numbers.iter().filter(|number| number.starts_with(town)).count();
            (1..=count).map(move |n| format!("{town}-{n:04}"))
        })
        .collect();
    assert_eq!(numbers, expected);
    assert_eq!(numbers.len(), 61, "sixty without a reference and one with it");
    drop(committer);
    thread.join().unwrap();
}

/// Polls all of them together, so that their commands stand in the queue of the committer at the same time.
async fn together<F: std::future::Future + Send + 'static>(all: Vec<F>) -> Vec<F::Output>
where
    F::Output: Send,
{
    let local = tokio::task::LocalSet::new();
    let handles: Vec<_> = all.into_iter().map(|one| local.spawn_local(one)).collect();
    local.await;
    let mut done = Vec::new();
    for handle in handles {
        done.push(handle.await.unwrap());
    }
    done
}

pub async fn the_front_of_a_queue_is_read_by_lane_and_position(make: Make) {
    let db = make();
    let works = works(db.store.clone());
    let commands: Vec<Command> = (0..6).map(|n| open(n, if n % 2 == 0 { "even" } else { "odd" })).collect();
    ganglion_kernel::commit::commit(&works, &commands).await;
    let front = db.store.waiting(&queue(&[])).await.unwrap();
    assert_eq!(front.len(), 6);
    let numbers: Vec<&str> = front.iter().map(|case| case.number.as_str()).collect();
    assert!(numbers.is_sorted(), "who came at the same moment stands by number: {numbers:?}");
    let odd = db.store.waiting(&queue(&["odd"])).await.unwrap();
    assert_eq!((odd.len(), odd[0].number.as_str()), (3, numbers[1]));
    let last = waiting_of(&works.world.load(), &odd[2]).unwrap();
    assert_eq!(db.store.waiting_count(&queue(&["odd"]), Some(&last)).await.unwrap(), 2);
    assert_eq!(db.store.waiting_count(&queue(&["odd", "even"]), Some(&last)).await.unwrap(), 5);
}

pub async fn a_post_is_as_busy_as_its_open_cases(make: Make) {
    let db = make();
    let works = works(db.store.clone());
    let (post, _) = clerk_of(COUNTY);
    let want = Want { loads: vec![post.clone()], ..Want::default() };
    assert_eq!(db.store.load(&want).await.unwrap().loads[0].1.open, 0);
    ganglion_kernel::commit::commit(&works, &[open(1, "a"), open(2, "a")]).await;
    let mut give = call(3, &[]);
    if let Body::TakeNext { form, .. } = &mut give.body {
        form.insert("post".to_owned(), json!(post.0));
    }
    ganglion_kernel::commit::commit(&works, &[give]).await;
    let (of, load) = db.store.load(&want).await.unwrap().loads.remove(0);
    assert_eq!((of, load.open, load.newest.is_some()), (post, 1, true));
}

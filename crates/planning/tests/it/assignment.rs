//! Assignment: whole pieces, urgency, distance.

use ganglion_planning::{Job, Pair, Worker, assign};
use proptest::prelude::*;

fn worker(key: &str, capacity: u32) -> Worker {
    Worker { key: key.to_owned(), capacity }
}

fn job(key: &str, need: u32, tier: u32) -> Job {
    Job { key: key.to_owned(), need, tier }
}

#[test]
fn the_sum_of_distances_counts_not_the_first_come() {
    let workers = [worker("a", 1), worker("b", 1)];
    let jobs = [job("x", 1, 1), job("y", 1, 1)];
    let pairs = [
        Pair { worker: 0, job: 0, cost: 1.0 },
        Pair { worker: 0, job: 1, cost: 2.0 },
        Pair { worker: 1, job: 0, cost: 2.0 },
        Pair { worker: 1, job: 1, cost: 9.0 },
    ];
    let plan = assign(&workers, &jobs, &pairs).unwrap();
    assert_eq!(plan.pairs, vec![1, 2]);
    assert!((plan.cost - 4.0).abs() < 1e-9);
}

#[test]
fn the_urgent_job_gets_the_only_machine_even_if_it_is_further() {
    let plan = assign(
        &[worker("a", 1)],
        &[job("near", 1, 2), job("urgent", 1, 1)],
        &[Pair { worker: 0, job: 0, cost: 1.0 }, Pair { worker: 0, job: 1, cost: 50.0 }],
    )
    .unwrap();
    assert_eq!(plan.pairs, vec![1]);
    assert_eq!(plan.missing, vec![1, 0]);
}

#[test]
fn a_job_nobody_can_do_is_missing_its_workers_and_no_error() {
    let plan = assign(&[worker("a", 1)], &[job("x", 3, 1)], &[]).unwrap();
    assert_eq!(plan.missing, vec![3]);
}

proptest! {
    #[test]
    fn nobody_is_sent_more_often_than_allowed_and_as_many_as_possible_are_sent(
        capacities in prop::collection::vec(0u32..3, 1..5),
        needs in prop::collection::vec(1u32..3, 1..5),
        wanted in prop::collection::btree_set((0usize..5, 0usize..5), 0..15),
    ) {
        let workers: Vec<Worker> = capacities.iter().map(|n| worker("w", *n)).collect();
        let jobs: Vec<Job> = needs.iter().map(|n| job("j", *n, 1)).collect();
        let pairs: Vec<Pair> = wanted.iter()
            .filter(|(w, j)| *w < workers.len() && *j < jobs.len())
            .map(|(w, j)| Pair { worker: *w, job: *j, cost: ((w * 7 + j * 3) % 5) as f64 })
            .collect();
        let plan = assign(&workers, &jobs, &pairs).unwrap();
        for (at, worker) in workers.iter().enumerate() {
            let sent = plan.pairs.iter().filter(|pair| pairs[**pair].worker == at).count();
            prop_assert!(sent <= worker.capacity as usize);
        }
        // No chosen set can be enlarged by a single free pair.
        for (at, pair) in pairs.iter().enumerate() {
            let sent = plan.pairs.iter().filter(|one| pairs[**one].worker == pair.worker).count();
            let free = sent < workers[pair.worker].capacity as usize && plan.missing[pair.job] > 0;
            prop_assert!(plan.pairs.contains(&at) || !free);
        }
    }
}

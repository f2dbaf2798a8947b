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

/// Every set of pairs that nobody is overworked by: the best by urgency, number and cost.
fn best(workers: &[Worker], jobs: &[Job], pairs: &[Pair]) -> (Vec<u32>, f64) {
    let mut best: Option<(Vec<u32>, f64)> = None;
    for set in 0..1_u32 << pairs.len() {
        let chosen: Vec<&Pair> =
            pairs.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, p)| p).collect();
        let count = |fits: &dyn Fn(&Pair) -> bool| chosen.iter().filter(|pair| fits(pair)).count();
        let fair =
            workers.iter().enumerate().all(|(at, one)| count(&|pair| pair.worker == at) <= one.capacity as usize);
        let needed = jobs.iter().enumerate().all(|(at, one)| count(&|pair| pair.job == at) <= one.need as usize);
        if !fair || !needed {
            continue;
        }
        let by_tier = |tier: u32| u32::try_from(count(&|pair| jobs[pair.job].tier == tier)).unwrap();
        let found = ((0..3).map(by_tier).collect::<Vec<_>>(), chosen.iter().map(|pair| pair.cost).sum::<f64>());
        let is_better = best.as_ref().is_none_or(|best| found.0 > best.0 || (found.0 == best.0 && found.1 < best.1));
        if is_better {
            best = Some(found);
        }
    }
    best.unwrap()
}

proptest! {
    /// Urgent jobs first, then as many as possible, then the least cost: as good as the best of all sets of pairs.
    #[test]
    fn no_other_choice_is_better(
        capacities in prop::collection::vec(0u32..3, 1..4),
        needs in prop::collection::vec((1u32..3, 0u32..3), 1..4),
        costs in prop::collection::btree_map((0usize..4, 0usize..4), 0u32..20, 0..10),
    ) {
        let workers: Vec<Worker> = capacities.iter().map(|n| worker("w", *n)).collect();
        let jobs: Vec<Job> = needs.iter().map(|(n, tier)| job("j", *n, *tier)).collect();
        let pairs: Vec<Pair> = costs.iter()
            .filter(|((w, j), _)| *w < workers.len() && *j < jobs.len())
            .map(|((w, j), cost)| Pair { worker: *w, job: *j, cost: f64::from(*cost) })
            .collect();
        let plan = assign(&workers, &jobs, &pairs).unwrap();
        let by_tier = |tier: u32| {
            let of = plan.pairs.iter().filter(|at| jobs[pairs[**at].job].tier == tier);
            u32::try_from(of.count()).unwrap()
        };
        let (served, cost) = best(&workers, &jobs, &pairs);
        prop_assert_eq!((0..3).map(by_tier).collect::<Vec<_>>(), served);
        prop_assert!((plan.cost - cost).abs() < 1e-6, "{} is not {cost}", plan.cost);
        for (at, worker) in workers.iter().enumerate() {
            let sent = plan.pairs.iter().filter(|pair| pairs[**pair].worker == at).count();
            prop_assert!(sent <= worker.capacity as usize);
        }
    }
}

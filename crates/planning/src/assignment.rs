//! Assignment: who of the workers (machines, teams) goes to which job, the more urgent jobs first, as many as can be served, and
//! among plans that serve equally many the one with the least distance or cost. Leaves out who may do what: only the pairs that
//! are given are considered.
//!
//! It is an allocation of whole pieces: the linear programme of a bipartite graph with whole limits has whole corners, so no
//! search over integers is needed; an answer that is not whole is refused.

use crate::allocation::{Allocation, Cause, Conduit, Demand, Link, PlanError, Supply, steps};

/// Who may be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// Name in messages.
    pub key: String,
    /// How many jobs at most.
    pub capacity: u32,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Name in messages.
    pub key: String,
    /// How many workers it takes.
    pub need: u32,
    /// Urgency: lower tiers are served first.
    pub tier: u32,
}

/// A worker who could do a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Index of the worker.
    pub worker: usize,
    /// Index of the job.
    pub job: usize,
    /// Distance or cost.
    pub cost: f64,
}

/// Who goes where.
#[derive(Clone, Debug, PartialEq)]
pub struct Assigned {
    /// Chosen pairs: indices into the pairs that were given, in their order.
    pub pairs: Vec<usize>,
    /// Workers that each job lacks, in the order of the jobs.
    pub missing: Vec<u32>,
    /// Why, for jobs that lack some: nobody could, all who could are sent as often as they can, or every one of them is there.
    pub causes: Vec<Option<Cause>>,
    /// Sum of the costs.
    pub cost: f64,
}

/// Assigns workers to jobs. A worker is sent to the same job once at most.
///
/// # Errors
/// See [`PlanError`]. A job nobody can do is no error: it stands in `missing`.
pub fn assign(workers: &[Worker], jobs: &[Job], pairs: &[Pair]) -> Result<Assigned, PlanError> {
    let supplies = workers.iter().map(|one| Supply { key: one.key.clone(), amount: f64::from(one.capacity) }).collect();
    let demands =
        jobs.iter().map(|one| Demand { key: one.key.clone(), amount: f64::from(one.need), tier: one.tier }).collect();
    let links = pairs.iter().enumerate().map(|(at, pair)| Link {
        supply: pair.worker,
        demand: pair.job,
        loss: 0.0,
        cost: pair.cost,
        conduit: Some(at),
    });
    let conduits = (0..pairs.len()).map(|at| Conduit { key: format!("pair {at}"), capacity: 1.0 }).collect();
    let problem = Allocation { supplies, demands, conduits, links: links.collect() };
    let solved = steps(&problem, false)?;
    let mut chosen = Vec::new();
    for (at, taken) in solved.taken.iter().enumerate() {
        if (taken - taken.round()).abs() > WHOLE {
            return Err(PlanError::Unsound(workers[pairs[at].worker].key.clone()));
        }
        if taken.round() >= 1.0 {
            chosen.push(at);
        }
    }
    let mut missing: Vec<u32> = jobs.iter().map(|job| job.need).collect();
    for at in &chosen {
        missing[pairs[*at].job] = missing[pairs[*at].job].saturating_sub(1);
    }
    let cost = chosen.iter().map(|at| pairs[*at].cost).sum();
    Ok(Assigned { pairs: chosen, missing, causes: solved.causes, cost })
}

/// How far from a whole number a piece may be.
const WHOLE: f64 = 1e-4;

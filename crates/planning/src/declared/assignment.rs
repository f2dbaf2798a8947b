//! An assignment declared in a pack: rows to workers and jobs, chosen pairs to rows.

use super::names::point;
use super::{Input, Lack, Outcome, proposed};
use crate::allocation::{LINKS_MAX, PlanError};
use crate::assignment::{Job, Pair, Worker, assign};
use crate::coverage::kilometres;
use ganglion_model::expr::Expr;
use ganglion_model::pack::{AssignmentDef, Plan};
use ganglion_model::row::Record;

pub fn compute(plan: &Plan, def: &AssignmentDef, input: Input<'_>) -> Result<Outcome, PlanError> {
    let (workers, jobs) = (input.select(&def.workers), input.select(&def.jobs));
    let whole = |record: &Record, expr: &Option<Expr>, otherwise: f64| {
        let value = expr.as_ref().map_or(Some(otherwise), |expr| input.names().with("row", record).number(expr));
        counted(value.unwrap_or(0.0))
    };
    let given_workers: Vec<Worker> = workers
        .iter()
        .map(|row| Worker { key: row.key.clone(), capacity: whole(row, &def.worker_capacity, 1.0) })
        .collect();
    let given_jobs: Vec<Job> = jobs
        .iter()
        .map(|row| Job {
            key: row.key.clone(),
            need: whole(row, &def.job_need, 1.0),
            tier: whole(row, &def.job_tier, 0.0),
        })
        .collect();
    let pairs = pairs(def, &input, &workers, &jobs)?;
    let solved = assign(&given_workers, &given_jobs, &pairs)?;
    let mut outcome = Outcome { cost: solved.cost, ..Outcome::default() };
    for (job, missing) in given_jobs.iter().zip(&solved.missing) {
        outcome.asked += f64::from(job.need);
        outcome.served += f64::from(job.need - missing);
        if *missing > 0 {
            let lacking = Some(f64::from(*missing));
            outcome.lacks.push(Lack { key: job.key.clone(), asked: f64::from(job.need), lacking, cause: None });
        }
    }
    for pair in solved.pairs.iter().map(|at| &pairs[*at]) {
        let names = input.names().with("worker", workers[pair.worker]).with("job", jobs[pair.job]);
        outcome.rows.extend(proposed(plan, &names.result("cost", pair.cost)));
    }
    Ok(outcome)
}

fn pairs(
    def: &AssignmentDef,
    input: &Input<'_>,
    workers: &[&Record],
    jobs: &[&Record],
) -> Result<Vec<Pair>, PlanError> {
    let mut pairs = Vec::new();
    for (worker, who) in workers.iter().enumerate() {
        for (job, what) in jobs.iter().enumerate() {
            let names = input.names().with("worker", who).with("job", what);
            if def.pair_when.as_ref().is_some_and(|when| !when.holds(&names)) {
                continue;
            }
            let km = def.worker_at.as_ref().zip(def.job_at.as_ref());
            let km = km.and_then(|(from, to)| Some(kilometres(point(who, from)?, point(what, to)?)));
            if def.km_max.is_some_and(|most| km.is_none_or(|km| km > f64::from(most))) {
                continue;
            }
            let cost = match &def.pair_cost {
                Some(cost) => names.number(cost).unwrap_or(0.0),
                None => km.unwrap_or(0.0),
            };
            pairs.push(Pair { worker, job, cost });
            if pairs.len() > LINKS_MAX {
                return Err(PlanError::TooLarge { given: pairs.len(), max: LINKS_MAX });
            }
        }
    }
    Ok(pairs)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
fn counted(n: f64) -> u32 {
    n.floor().clamp(0.0, f64::from(u32::MAX)) as u32
}

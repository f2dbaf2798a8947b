//! An assignment declared in a pack: rows to workers and jobs, chosen pairs to rows.

use super::exact::{counted, rounded};
use super::names::point;
use super::select::{Select, float, good};
use super::{Flow, Input, Lack, Missing, Outcome, Subject, TierSum, Use};
use crate::allocation::{Cause, LINKS_MAX, PlanError};
use crate::assignment::{Assigned, Job, Pair, Worker, assign};
use crate::coverage::kilometres;
use ganglion_model::Decimal;
use ganglion_model::expr::{Expr, Val};
use ganglion_model::pack::{AssignmentDef, Plan};
use ganglion_model::row::Record;
use rust_decimal::RoundingStrategy;
use std::collections::BTreeMap;

/// Most pairs that are looked at.
const TRIED_MAX: usize = 1_000_000;
/// Digits of kilometres.
const KM_DIGITS: u32 = 1;

/// The problem with the rows it came from.
struct Built<'a> {
    select: Select<'a>,
    workers: Vec<&'a Record>,
    jobs: Vec<&'a Record>,
    given: (Vec<Worker>, Vec<Job>),
    pairs: Vec<Pair>,
    /// Of each pair: exact cost, and kilometres where both have a point.
    worth: Vec<(Decimal, Option<Decimal>)>,
}

pub fn compute(plan: &Plan, def: &AssignmentDef, input: Input<'_>) -> Result<Outcome, PlanError> {
    let mut outcome = Outcome::default();
    let select = Select { plan, input };
    let (workers, jobs) = (select.rows(&def.workers)?, select.rows(&def.jobs)?);
    let whole = |record: &Record, expr: &Option<Expr>, otherwise: u32| match expr {
        None => Ok(otherwise),
        Some(expr) => {
            let value = select.names().with("row", record).number(expr);
            value.map_or(Ok(otherwise), |value| good(value, &record.key, "amount").map(counted))
        }
    };
    let mut given = (Vec::new(), Vec::new());
    for row in &workers {
        given.0.push(Worker { key: row.key.clone(), capacity: whole(row, &def.worker_capacity, 1)? });
    }
    for row in &jobs {
        let (need, tier) = (whole(row, &def.job_need, 1)?, whole(row, &def.job_tier, 0)?);
        given.1.push(Job { key: row.key.clone(), need, tier });
    }
    let mut built = Built { select, workers, jobs, given, pairs: Vec::new(), worth: Vec::new() };
    built.pair(def, &mut outcome)?;
    let solved = assign(&built.given.0, &built.given.1, &built.pairs)?;
    built.sums(def, &solved, &mut outcome);
    built.lacks(&solved, &mut outcome);
    built.flows(def, &solved, &mut outcome);
    Ok(outcome)
}

impl<'a> Built<'a> {
    /// Every worker with every job it could do.
    fn pair(&mut self, def: &AssignmentDef, outcome: &mut Outcome) -> Result<(), PlanError> {
        let at = |rows: &[&'a Record], field: &Option<String>, outcome: &mut Outcome| -> Vec<Option<[f64; 2]>> {
            let Some(field) = field else { return vec![None; rows.len()] };
            rows.iter()
                .map(|row| {
                    let found = point(row, field);
                    match found {
                        Some(point) => drop(outcome.points.insert(Subject::of(row), point)),
                        None => drop(outcome.missing.insert((Missing::Point, Subject::of(row)))),
                    }
                    found
                })
                .collect()
        };
        let tried = self.workers.len().saturating_mul(self.jobs.len());
        if tried > TRIED_MAX {
            return Err(PlanError::TooLarge { what: "pairs", given: tried, max: TRIED_MAX });
        }
        let (workers_at, jobs_at) = (at(&self.workers, &def.worker_at, outcome), at(&self.jobs, &def.job_at, outcome));
        for (worker, who) in self.workers.iter().enumerate() {
            for (job, what) in self.jobs.iter().enumerate() {
                let km = workers_at[worker].zip(jobs_at[job]).map(|(from, to)| kilometres(from, to));
                if def.km_max.is_some_and(|most| km.is_none_or(|km| km > f64::from(most))) {
                    continue;
                }
                let names = self.select.names().with("worker", who).with("job", what);
                if def.pair_when.as_ref().is_some_and(|when| !when.holds(&names)) {
                    continue;
                }
                let exact_km = km.map(|km| rounded(km, KM_DIGITS, RoundingStrategy::MidpointAwayFromZero));
                let (cost, exact) = match (&def.pair_cost, km) {
                    (Some(cost), _) => {
                        let cost = good(names.number(cost).unwrap_or_default(), &who.key, "cost")?;
                        (float(cost), cost)
                    }
                    (None, Some(km)) => (km, exact_km.unwrap_or_default()),
                    // Nobody knows how far it is.
                    (None, None) => continue,
                };
                self.pairs.push(Pair { worker, job, cost });
                self.worth.push((exact, exact_km));
                if self.pairs.len() > LINKS_MAX {
                    return Err(PlanError::TooLarge { what: "pairs", given: self.pairs.len(), max: LINKS_MAX });
                }
            }
        }
        Ok(())
    }

    fn sums(&self, def: &AssignmentDef, solved: &Assigned, outcome: &mut Outcome) {
        let mut tiers: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        for (job, missing) in self.given.1.iter().zip(&solved.missing) {
            let sum = tiers.entry(job.tier).or_default();
            sum.0 = sum.0.saturating_add(job.need);
            sum.1 = sum.1.saturating_add(job.need - missing);
        }
        let sums = tiers.iter().map(|(tier, (asked, served))| TierSum {
            tier: *tier,
            asked: Decimal::from(*asked),
            served: Decimal::from(*served),
        });
        let sums: Vec<TierSum> = sums.collect();
        outcome.asked = sums.iter().map(|one| one.asked).sum();
        outcome.served = sums.iter().map(|one| one.served).sum();
        let costs = solved.pairs.iter().map(|at| self.worth[*at].0);
        outcome.cost = Some(costs.fold(Decimal::ZERO, Decimal::saturating_add));
        if def.job_tier.is_some() {
            outcome.tiers = sums;
        }
        let mut sent = vec![0_u32; self.workers.len()];
        solved.pairs.iter().for_each(|at| sent[self.pairs[*at].worker] += 1);
        let workers = self.workers.iter().zip(&self.given.0).zip(sent);
        outcome.uses = workers
            .map(|((row, worker), sent)| Use {
                subject: Subject::of(row),
                there: Some(Decimal::from(worker.capacity)),
                used: Decimal::from(sent),
            })
            .collect();
    }

    fn lacks(&self, solved: &Assigned, outcome: &mut Outcome) {
        for (at, (row, job)) in self.jobs.iter().zip(&self.given.1).enumerate() {
            let missing = solved.missing[at];
            if missing > 0 {
                outcome.lacks.push(Lack {
                    subject: Subject::of(row),
                    tier: job.tier,
                    asked: Decimal::from(job.need),
                    lacking: Decimal::from(missing),
                    minutes: None,
                    cause: Some(self.cause(solved, at)),
                });
            }
        }
    }

    /// Nobody could do it; everybody who could is there; or those who could are elsewhere.
    fn cause(&self, solved: &Assigned, job: usize) -> Cause {
        let could = self.pairs.iter().filter(|pair| pair.job == job).count();
        let sent = solved.pairs.iter().filter(|at| self.pairs[**at].job == job).count();
        match (could, sent) {
            (0, _) => Cause::NoLink,
            (could, sent) if could == sent => Cause::Capacity,
            _ => Cause::Supplies,
        }
    }

    fn flows(&self, def: &AssignmentDef, solved: &Assigned, outcome: &mut Outcome) {
        for at in &solved.pairs {
            let (pair, (cost, km)) = (&self.pairs[*at], self.worth[*at]);
            let (worker, job) = (self.workers[pair.worker], self.jobs[pair.job]);
            let names = self
                .select
                .names()
                .with("worker", worker)
                .with("job", job)
                .found("cost", Val::Num(cost))
                .found("km", km.map_or(Val::Null, Val::Num));
            let from = Subject::of(worker);
            outcome.propose(self.select.plan, &names, &from);
            outcome.flows.push(Flow {
                from,
                to: Subject::of(job),
                over: None,
                tier: self.given.1[pair.job].tier,
                amount: Decimal::ONE,
                arrives: Decimal::ONE,
                cost: def.pair_cost.as_ref().map(|_| cost),
                km,
            });
        }
    }
}

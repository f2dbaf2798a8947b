//! Numbers are looked at before a problem is solved, and limits after: no plan is shown that breaks one.

use crate::allocation::{Allocation, LINKS_MAX, PlanError};

/// How much an amount may be missed by: a millionth of it, which is below what is ever measured.
pub fn tolerance(amount: f64) -> f64 {
    (amount.abs() * 1e-6).max(1e-6)
}

/// Every number is finite and not negative; every link leads somewhere.
pub fn numbers(problem: &Allocation) -> Result<(), PlanError> {
    if problem.links.len() > LINKS_MAX {
        return Err(PlanError::TooLarge { what: "links", given: problem.links.len(), max: LINKS_MAX });
    }
    let wrong = |what: &'static str, key: &str, value: f64| Err(PlanError::Number { what, key: key.to_owned(), value });
    let good = |value: f64| value.is_finite() && value >= 0.0;
    if let Some(supply) = problem.supplies.iter().find(|one| !good(one.amount)) {
        return wrong("amount", &supply.key, supply.amount);
    }
    if let Some(demand) = problem.demands.iter().find(|one| !good(one.amount)) {
        return wrong("amount", &demand.key, demand.amount);
    }
    if let Some(conduit) = problem.conduits.iter().find(|one| !good(one.capacity)) {
        return wrong("capacity", &conduit.key, conduit.capacity);
    }
    for (at, link) in problem.links.iter().enumerate() {
        let conduit = link.conduit.is_none_or(|conduit| conduit < problem.conduits.len());
        let (Some(supply), Some(_), true) =
            (problem.supplies.get(link.supply), problem.demands.get(link.demand), conduit)
        else {
            return Err(PlanError::Dangling(at));
        };
        if !good(link.loss) || link.loss >= 1.0 {
            return wrong("loss", &supply.key, link.loss);
        }
        if !good(link.cost) {
            return wrong("cost", &supply.key, link.cost);
        }
    }
    Ok(())
}

/// The solution keeps every limit.
pub fn solution(problem: &Allocation, taken: &[f64], unmet: &[f64]) -> Result<(), PlanError> {
    let mut leaving = vec![0.0; problem.supplies.len()];
    let mut arriving = vec![0.0; problem.demands.len()];
    let mut through = vec![0.0; problem.conduits.len()];
    for (link, taken) in problem.links.iter().zip(taken) {
        leaving[link.supply] += taken;
        arriving[link.demand] += taken * (1.0 - link.loss);
        if let Some(conduit) = link.conduit {
            through[conduit] += taken;
        }
    }
    for (supply, given) in problem.supplies.iter().zip(&leaving) {
        if *given > supply.amount + tolerance(supply.amount) {
            return Err(PlanError::Unsound(supply.key.clone()));
        }
    }
    for (conduit, given) in problem.conduits.iter().zip(&through) {
        if *given > conduit.capacity + tolerance(conduit.capacity) {
            return Err(PlanError::Unsound(conduit.key.clone()));
        }
    }
    for ((demand, given), unmet) in problem.demands.iter().zip(&arriving).zip(unmet) {
        if (given + unmet - demand.amount).abs() > tolerance(demand.amount) {
            return Err(PlanError::Unsound(demand.key.clone()));
        }
    }
    Ok(())
}

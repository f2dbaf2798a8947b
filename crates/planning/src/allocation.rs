//! Allocation: what each supply gives to each demand, over links with a capacity, a loss and a cost, the more urgent demands
//! first. Leaves out where the numbers come from and what they are called; keys only name things in errors.
//!
//! Demands of a lower tier are served before anything is given to a higher one. Within a tier the unmet amount is made as
//! small as possible first, and then the largest share of a demand that stays unmet, so that a scarcity is spread instead of
//! falling on whoever stands last. Cost decides between plans that serve equally well. Each step is a linear programme whose
//! optimum is held in the next.

use crate::check;
use crate::solve::Programme;
use std::collections::BTreeSet;

/// Most links of one allocation; beyond it the plan is refused before anything is computed.
pub const LINKS_MAX: usize = 200_000;

/// What is there to give.
#[derive(Clone, Debug, PartialEq)]
pub struct Supply {
    /// Name in messages.
    pub key: String,
    /// Amount, in the unit of the plan.
    pub amount: f64,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Name in messages.
    pub key: String,
    /// Amount, in the unit of the plan.
    pub amount: f64,
    /// Urgency: lower tiers are served first.
    pub tier: u32,
}

/// A way from a supply to a demand.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Index of the supply.
    pub supply: usize,
    /// Index of the demand.
    pub demand: usize,
    /// Share of what is taken that does not arrive, from 0 up to but not including 1.
    pub loss: f64,
    /// Cost of one unit taken.
    pub cost: f64,
    /// Index of the conduit it runs through, whose capacity it shares with others.
    pub conduit: Option<usize>,
}

/// A canal or road that several links share.
#[derive(Clone, Debug, PartialEq)]
pub struct Conduit {
    /// Name in messages.
    pub key: String,
    /// Most that all its links may take together.
    pub capacity: f64,
}

/// A whole problem.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Allocation {
    /// Supplies.
    pub supplies: Vec<Supply>,
    /// Demands.
    pub demands: Vec<Demand>,
    /// Conduits.
    pub conduits: Vec<Conduit>,
    /// Links.
    pub links: Vec<Link>,
}

/// Why a demand is not met in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing leads to it.
    NoLink,
    /// Every conduit that leads to it is full.
    Conduits,
    /// The supplies that reach it are used up.
    Supplies,
}

/// A solution, checked against every limit of the problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocated {
    /// Amount taken from the supply on each link, in the order of the links.
    pub taken: Vec<f64>,
    /// Amount that does not arrive at each demand, in the order of the demands.
    pub unmet: Vec<f64>,
    /// Why, for demands with an unmet amount.
    pub causes: Vec<Option<Cause>>,
    /// Unmet amount of each tier, lowest first: what the steps made as small as possible.
    pub unmet_by_tier: Vec<(u32, f64)>,
    /// Cost of the whole.
    pub cost: f64,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// A number that cannot be: negative, not finite, a loss of everything.
    #[error("{what} of `{key}` cannot be {value}")]
    Number {
        /// Amount, capacity, loss or cost.
        what: &'static str,
        /// Whose.
        key: String,
        /// The number.
        value: f64,
    },
    /// A link that points at nothing.
    #[error("link {0} points at a supply, demand or conduit that is not there")]
    Dangling(usize),
    /// More than can be computed in time.
    #[error("{given} links are more than {max}")]
    TooLarge {
        /// How many there are.
        given: usize,
        /// How many there may be.
        max: usize,
    },
    /// The solver gave up.
    #[error("the solver gave up: {0}")]
    Solver(String),
    /// The solver's answer breaks a limit of the problem, so it is not shown.
    #[error("the solver's answer breaks the limit of `{0}`")]
    Unsound(String),
}

/// Solves `problem`.
///
/// # Errors
/// See [`PlanError`]. A demand that cannot be met is no error: it stands in `unmet`.
pub fn allocate(problem: &Allocation) -> Result<Allocated, PlanError> {
    steps(problem, true)
}

/// As [`allocate`], with the step that spreads a scarcity left out when pieces are whole and cannot be spread.
pub(crate) fn steps(problem: &Allocation, spread: bool) -> Result<Allocated, PlanError> {
    check::numbers(problem)?;
    let mut programme = Programme::new(problem);
    let tiers: BTreeSet<u32> = problem.demands.iter().map(|demand| demand.tier).collect();
    for tier in &tiers {
        programme.least_unmet(*tier)?;
        if spread {
            programme.fairest(*tier)?;
        }
    }
    let (taken, unmet) = programme.cheapest()?;
    check::solution(problem, &taken, &unmet)?;
    let causes = (0..problem.demands.len()).map(|demand| cause(problem, &taken, &unmet, demand)).collect();
    let sum = |tier: u32| {
        let of_tier = problem.demands.iter().zip(&unmet).filter(|(demand, _)| demand.tier == tier);
        of_tier.map(|(_, unmet)| *unmet).sum()
    };
    let unmet_by_tier = tiers.iter().map(|tier| (*tier, sum(*tier))).collect();
    let cost = problem.links.iter().zip(&taken).map(|(link, taken)| link.cost * taken).sum();
    Ok(Allocated { taken, unmet, causes, unmet_by_tier, cost })
}

fn cause(problem: &Allocation, taken: &[f64], unmet: &[f64], demand: usize) -> Option<Cause> {
    if unmet[demand] <= check::tolerance(problem.demands[demand].amount) {
        return None;
    }
    let mut links = problem.links.iter().filter(|link| link.demand == demand).peekable();
    if links.peek().is_none() {
        return Some(Cause::NoLink);
    }
    let through = |conduit: usize| -> f64 {
        let parts = problem.links.iter().zip(taken).filter(|(link, _)| link.conduit == Some(conduit));
        parts.map(|(_, taken)| taken).sum()
    };
    let full = |link: &Link| {
        link.conduit.is_some_and(|conduit| {
            let capacity = problem.conduits[conduit].capacity;
            through(conduit) >= capacity - check::tolerance(capacity)
        })
    };
    Some(if links.all(full) { Cause::Conduits } else { Cause::Supplies })
}

//! Allocation: what each supply gives to each demand, over links with a capacity, a loss and a cost, the more urgent demands
//! first. Leaves out where the numbers come from and what they are called; keys only name things in errors.
//!
//! Demands of a lower tier are served before anything is given to a higher one. Within a tier the unmet amount is made as
//! small as possible first; then the largest share of a demand that stays unmet, then the next largest, and so on, so that a
//! scarcity is spread instead of falling on whoever stands last. Cost decides between plans that serve equally well. Each step
//! is a linear programme whose optimum is held in the next. What no link joins is solved apart: months share no water.

use crate::check;
use crate::solve::{Budget, Programme};
use crate::split::{Piece, pieces};
use std::collections::BTreeSet;

/// Most links of one allocation; beyond it the plan is refused before anything is computed.
pub const LINKS_MAX: usize = 20_000;

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
    /// Every way that leads to it is full.
    Capacity,
    /// The supplies that reach it are used up.
    Supplies,
}

impl Cause {
    /// Its name in scenarios; texts are `plan-cause-<name>`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::NoLink => "no_link",
            Cause::Capacity => "capacity",
            Cause::Supplies => "supplies",
        }
    }
}

/// A solution, checked against every limit of the problem.
#[derive(Clone, Debug, Default, PartialEq)]
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

/// What more of could help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lever {
    /// A supply that is used up.
    Supply(usize),
    /// A conduit that is full.
    Conduit(usize),
}

/// What one more unit of something would serve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Help {
    /// Of what.
    pub of: Lever,
    /// The most urgent tier that lacks something where it reaches.
    pub tier: u32,
    /// Units of that tier served for each further unit, at the margin.
    pub gain: f64,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// A number that cannot be: negative, not finite, a loss of everything.
    #[error("{what} of `{key}` cannot be {value}")]
    Number {
        /// `amount`, `capacity`, `loss`, `cost`, `minutes`, `speed_km_h` or `detour`.
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
    #[error("{given} {what} are more than {max}")]
    TooLarge {
        /// `links`, `pairs`, `places` or `rows`.
        what: &'static str,
        /// How many there are.
        given: usize,
        /// How many there may be.
        max: usize,
    },
    /// Two rows of the result have the same key.
    #[error("two rows of the result have the key `{0}`")]
    Twice(String),
    /// Not solved within the time for one plan.
    #[error("not solved within {0} seconds")]
    TooLong(u32),
    /// The solver gave up.
    #[error("the solver gave up: {0}")]
    Solver(String),
    /// The solver's answer breaks a limit of the problem, so it is not shown.
    #[error("the solver's answer breaks the limit of `{0}`")]
    Unsound(String),
}

impl PlanError {
    /// Its name in scenarios; texts are `plan-error-<name>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            PlanError::Number { .. } => "number",
            PlanError::Dangling(_) | PlanError::Solver(_) | PlanError::Unsound(_) => "solver",
            PlanError::TooLarge { .. } => "too_large",
            PlanError::TooLong(_) => "too_long",
            PlanError::Twice(_) => "twice",
        }
    }
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
    let budget = Budget::new();
    let mut solved = Allocated {
        taken: vec![0.0; problem.links.len()],
        unmet: problem.demands.iter().map(|demand| demand.amount).collect(),
        ..Allocated::default()
    };
    for piece in pieces(problem) {
        let (taken, unmet) = of_piece(&piece.problem, &budget, spread)?;
        piece.links.iter().zip(taken).for_each(|(at, taken)| solved.taken[*at] = taken);
        piece.demands.iter().zip(unmet).for_each(|(at, unmet)| solved.unmet[*at] = unmet);
    }
    check::solution(problem, &solved.taken, &solved.unmet)?;
    let loads = Loads::new(problem, &solved.taken);
    solved.causes = (0..problem.demands.len()).map(|demand| loads.cause(&solved.unmet, demand)).collect();
    let sum = |tier: u32| {
        let of_tier = problem.demands.iter().zip(&solved.unmet).filter(|(demand, _)| demand.tier == tier);
        of_tier.map(|(_, unmet)| *unmet).sum()
    };
    solved.unmet_by_tier = tiers(problem).into_iter().map(|tier| (tier, sum(tier))).collect();
    solved.cost = problem.links.iter().zip(&solved.taken).map(|(link, taken)| link.cost * taken).sum();
    Ok(solved)
}

fn tiers(problem: &Allocation) -> BTreeSet<u32> {
    problem.demands.iter().map(|demand| demand.tier).collect()
}

fn of_piece(problem: &Allocation, budget: &Budget, spread: bool) -> Result<(Vec<f64>, Vec<f64>), PlanError> {
    let mut programme = Programme::new(problem, budget);
    for tier in programme.tiers() {
        let is_short = programme.least_unmet(tier)?;
        if spread && is_short {
            programme.spread(tier)?;
        }
    }
    programme.cheapest()
}

/// Most further units that are tried out; the largest levers of the most urgent lack come first.
const LEVERS_MAX: usize = 40;
/// The part of a lack that is tried as "one more".
const MARGIN: f64 = 0.01;
/// A gain below this is what the solver's tolerances come to.
const GAIN_MIN: f64 = 5e-3;
/// The part of what a tier asks for that a step has at least: far more than the solver's tolerances.
const STEP_MIN: f64 = 1e-4;

/// What would help most: each supply that is used up and each conduit that is full, with what one more unit of it would serve
/// of the most urgent tier that lacks something. Largest gain first.
///
/// # Errors
/// See [`PlanError`].
pub fn helps(problem: &Allocation, solved: &Allocated) -> Result<Vec<Help>, PlanError> {
    let budget = Budget::new();
    let loads = Loads::new(problem, &solved.taken);
    let mut helps = Vec::new();
    let mut tried = 0;
    for piece in pieces(problem) {
        let lacking = piece.demands.iter().filter(|at| solved.causes[**at].is_some());
        let Some(tier) = lacking.map(|at| problem.demands[*at].tier).min() else { continue };
        let of_tier = piece.demands.iter().filter(|at| problem.demands[**at].tier == tier);
        let asked: f64 = of_tier.map(|at| problem.demands[*at].amount).sum();
        let lack = lack_of(&piece.problem, tier, &budget)?;
        let step = (lack * MARGIN).max(asked * STEP_MIN).min(lack);
        if step <= 0.0 {
            continue;
        }
        for (of, within) in levers(&piece, &loads) {
            if tried == LEVERS_MAX {
                break;
            }
            tried += 1;
            let more = richer(&piece.problem, within, step);
            let gain = (lack - lack_of(&more, tier, &budget)?) / step;
            if gain > GAIN_MIN {
                helps.push(Help { of, tier, gain });
            }
        }
    }
    helps.sort_by(|a, b| a.tier.cmp(&b.tier).then(b.gain.total_cmp(&a.gain)).then(a.of.cmp(&b.of)));
    Ok(helps)
}

/// What is used to the last in a piece: as the whole problem numbers it, and as the piece does.
fn levers(piece: &Piece, loads: &Loads<'_>) -> Vec<(Lever, Lever)> {
    let supplies = piece.supplies.iter().enumerate().filter(|(_, at)| loads.is_used_up(**at));
    let conduits = piece.conduits.iter().enumerate().filter(|(_, at)| loads.is_full(**at));
    supplies
        .map(|(within, at)| (Lever::Supply(*at), Lever::Supply(within)))
        .chain(conduits.map(|(within, at)| (Lever::Conduit(*at), Lever::Conduit(within))))
        .collect()
}

/// The same problem with more of something.
fn richer(problem: &Allocation, of: Lever, more: f64) -> Allocation {
    let mut richer = problem.clone();
    match of {
        Lever::Supply(at) => richer.supplies[at].amount += more,
        Lever::Conduit(at) => richer.conduits[at].capacity += more,
    }
    richer
}

/// What a tier lacks at least; the tiers before it lack nothing.
fn lack_of(problem: &Allocation, tier: u32, budget: &Budget) -> Result<f64, PlanError> {
    let mut programme = Programme::new(problem, budget);
    for before in programme.tiers().into_iter().filter(|one| *one < tier) {
        programme.hold_met(before);
    }
    programme.unmet_of(tier)
}

/// How much runs where.
struct Loads<'a> {
    problem: &'a Allocation,
    leaving: Vec<f64>,
    through: Vec<f64>,
    links_of: Vec<Vec<usize>>,
}

impl<'a> Loads<'a> {
    fn new(problem: &'a Allocation, taken: &[f64]) -> Loads<'a> {
        let mut loads = Loads {
            problem,
            leaving: vec![0.0; problem.supplies.len()],
            through: vec![0.0; problem.conduits.len()],
            links_of: vec![Vec::new(); problem.demands.len()],
        };
        for (at, (link, taken)) in problem.links.iter().zip(taken).enumerate() {
            loads.leaving[link.supply] += taken;
            loads.links_of[link.demand].push(at);
            if let Some(conduit) = link.conduit {
                loads.through[conduit] += taken;
            }
        }
        loads
    }

    fn is_used_up(&self, supply: usize) -> bool {
        let amount = self.problem.supplies[supply].amount;
        self.leaving[supply] >= amount - check::tolerance(amount)
    }

    fn is_full(&self, conduit: usize) -> bool {
        let capacity = self.problem.conduits[conduit].capacity;
        self.through[conduit] >= capacity - check::tolerance(capacity)
    }

    fn cause(&self, unmet: &[f64], demand: usize) -> Option<Cause> {
        if unmet[demand] <= check::tolerance(self.problem.demands[demand].amount) {
            return None;
        }
        let mut links = self.links_of[demand].iter().map(|at| &self.problem.links[*at]).peekable();
        if links.peek().is_none() {
            return Some(Cause::NoLink);
        }
        let all_full = links.all(|link| link.conduit.is_some_and(|conduit| self.is_full(conduit)));
        Some(if all_full { Cause::Capacity } else { Cause::Supplies })
    }
}

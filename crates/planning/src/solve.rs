//! The linear programmes behind an allocation. Variables: the amount taken on each link, the amount unmet of each demand. Every
//! step solves with the optima of the steps before held as limits.

use crate::allocation::{Allocation, PlanError};
use good_lp::solvers::SolutionStatus;
use good_lp::solvers::microlp::microlp;
use good_lp::{
    Expression, ProblemVariables, Solution, SolverModel, Variable, WithTimeLimit, constraint, variable, variables,
};
use std::time::{Duration, Instant};

/// Longest time for one plan, seconds.
const SECONDS_MAX: u32 = 20;
/// How far a held optimum may be missed, in units of the largest demand: without it rounding makes the next step infeasible.
const SLACK: f64 = 1e-9;
/// Shares and sums below this are nothing.
const NOTHING: f64 = 1e-7;
/// Most rounds in which a scarcity is spread; what is left then is decided by cost.
const ROUNDS_MAX: usize = 40;
/// Most of a share that is looked for as room in one step: small, so that one step finds room for many.
const ROOM_MAX: f64 = 1e-3;
/// Room that is more than rounding.
const ROOM: f64 = 1e-6;

/// The time there is for one plan. It decides whether there is an answer, never which.
pub struct Budget {
    until: Instant,
}

impl Budget {
    /// All of it.
    #[expect(clippy::disallowed_methods, reason = "only to give up: an answer that comes does not depend on it")]
    pub fn new() -> Budget {
        Budget { until: Instant::now() + Duration::from_secs(u64::from(SECONDS_MAX)) }
    }

    #[expect(clippy::disallowed_methods, reason = "only to give up: an answer that comes does not depend on it")]
    fn left(&self) -> Result<f64, PlanError> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(PlanError::TooLong(SECONDS_MAX)) } else { Ok(left.as_secs_f64()) }
    }
}

/// What is made as small as possible.
enum Aim<'x> {
    /// What a tier leaves unmet.
    Unmet(u32),
    /// The largest unmet share among these demands.
    Share(&'x [usize]),
    /// Room below a share among `seek`, while none of `open` passes it; as large as possible.
    Room { open: &'x [usize], seek: &'x [usize], share: f64 },
    /// The cost of the whole.
    Cost,
}

/// A problem on its way to a solution.
pub struct Programme<'a> {
    problem: &'a Allocation,
    budget: &'a Budget,
    /// Amounts are divided by it.
    unit: f64,
    /// Most each demand may leave unmet, in units.
    most: Vec<f64>,
    /// Most the demands of a tier may leave unmet together, in units.
    sums: Vec<(u32, f64)>,
    /// How many links each conduit has: one alone needs no row of its own.
    users: Vec<u32>,
}

struct Columns {
    taken: Vec<Variable>,
    unmet: Vec<Variable>,
    share: Option<Variable>,
    room: Vec<Variable>,
}

/// An answer in units.
struct Answer {
    taken: Vec<f64>,
    unmet: Vec<f64>,
    share: f64,
    room: Vec<f64>,
}

impl<'a> Programme<'a> {
    /// Amounts are divided by the largest demand, so that the solver's tolerances mean the same for litres and for
    /// hundred million cubic metres.
    pub fn new(problem: &'a Allocation, budget: &'a Budget) -> Programme<'a> {
        let unit = problem.demands.iter().map(|demand| demand.amount).fold(0.0, f64::max);
        let unit = if unit > 0.0 { unit } else { 1.0 };
        let mut users = vec![0; problem.conduits.len()];
        problem.links.iter().filter_map(|link| link.conduit).for_each(|at| users[at] += 1);
        let most = problem.demands.iter().map(|demand| demand.amount / unit).collect();
        Programme { problem, budget, unit, most, sums: Vec::new(), users }
    }

    /// Makes what a tier leaves unmet as small as possible, and holds it. Says whether anything is.
    pub fn least_unmet(&mut self, tier: u32) -> Result<bool, PlanError> {
        let unmet = self.solve(&Aim::Unmet(tier))?.unmet;
        let sum: f64 = self.of_tier(tier).into_iter().map(|at| unmet[at]).sum();
        if sum <= NOTHING {
            // What is met in full is held demand by demand: bounds cost nothing, rows do.
            for at in self.of_tier(tier) {
                self.most[at] = unmet[at];
            }
            return Ok(false);
        }
        self.sums.push((tier, sum));
        Ok(true)
    }

    /// What a tier leaves unmet at least, in the unit of the problem.
    pub fn unmet_of(&mut self, tier: u32) -> Result<f64, PlanError> {
        let unmet = self.solve(&Aim::Unmet(tier))?.unmet;
        Ok(self.of_tier(tier).into_iter().map(|at| unmet[at] * self.unit).sum())
    }

    /// Holds that a tier is met in full.
    pub fn hold_met(&mut self, tier: u32) {
        for at in self.of_tier(tier) {
            self.most[at] = 0.0;
        }
    }

    /// Spreads what a tier lacks: the largest share of a demand that stays unmet is made as small as possible; those that
    /// cannot do better are held at it, and the others go on.
    pub fn spread(&mut self, tier: u32) -> Result<(), PlanError> {
        let mut open = self.of_tier(tier);
        open.retain(|at| self.problem.demands[*at].amount > 0.0);
        for _ in 0..ROUNDS_MAX {
            if open.is_empty() {
                break;
            }
            let share = self.solve(&Aim::Share(&open))?.share;
            let held = if share <= NOTHING { open.clone() } else { self.cannot_do_better(&open, share)? };
            for at in &open {
                self.most[*at] = self.most[*at].min(share * self.amount(*at));
            }
            open.retain(|at| !held.contains(at));
        }
        Ok(())
    }

    /// The demands of `open` that stay at `share` in every plan in which none of `open` passes it.
    fn cannot_do_better(&self, open: &[usize], share: f64) -> Result<Vec<usize>, PlanError> {
        let mut seek = open.to_vec();
        loop {
            let room = self.solve(&Aim::Room { open, seek: &seek, share })?.room;
            let with_room: Vec<usize> =
                seek.iter().zip(&room).filter(|(_, room)| **room > ROOM).map(|(at, _)| *at).collect();
            if with_room.is_empty() {
                return Ok(seek);
            }
            seek.retain(|at| !with_room.contains(at));
            if seek.is_empty() {
                // Only rounding can say that all have room below the smallest share there is.
                return Ok(open.to_vec());
            }
        }
    }

    /// The cheapest way to serve as well as the steps before found possible: taken by link, unmet by demand.
    pub fn cheapest(&self) -> Result<(Vec<f64>, Vec<f64>), PlanError> {
        let answer = self.solve(&Aim::Cost)?;
        let amounts = |all: Vec<f64>| all.into_iter().map(|one| one * self.unit).collect();
        Ok((amounts(answer.taken), amounts(answer.unmet)))
    }

    fn of_tier(&self, tier: u32) -> Vec<usize> {
        let demands = self.problem.demands.iter().enumerate();
        demands.filter(|(_, demand)| demand.tier == tier).map(|(at, _)| at).collect()
    }

    /// In units.
    fn amount(&self, demand: usize) -> f64 {
        self.problem.demands[demand].amount / self.unit
    }

    fn solve(&self, aim: &Aim<'_>) -> Result<Answer, PlanError> {
        let seconds = self.budget.left()?;
        let mut columns = variables!();
        let at = self.columns(&mut columns, aim);
        let objective: Expression = match aim {
            Aim::Unmet(tier) => self.of_tier(*tier).into_iter().map(|demand| at.unmet[demand]).sum(),
            Aim::Share(_) => at.share.into_iter().sum(),
            Aim::Room { .. } => at.room.iter().map(|room| *room * -1.0).sum(),
            Aim::Cost => {
                let dearest = self.problem.links.iter().map(|link| link.cost.abs()).fold(0.0, f64::max).max(1e-9);
                self.problem.links.iter().zip(&at.taken).map(|(link, taken)| *taken * (link.cost / dearest)).sum()
            }
        };
        let mut model = columns.minimise(objective).using(microlp).with_time_limit(seconds);
        for row in self.rows(&at).into_iter().chain(self.rows_of_aim(&at, aim)) {
            model.add_constraint(row);
        }
        let solution = match model.solve() {
            Ok(solution) if matches!(solution.status(), SolutionStatus::Optimal) => solution,
            Ok(_) => return Err(PlanError::TooLong(SECONDS_MAX)),
            Err(error) => {
                self.budget.left()?;
                return Err(PlanError::Solver(error.to_string()));
            }
        };
        let value = |variable: &Variable| solution.value(*variable).max(0.0);
        let all = |variables: &[Variable]| variables.iter().map(value).collect();
        Ok(Answer {
            taken: all(&at.taken),
            unmet: all(&at.unmet),
            share: at.share.as_ref().map_or(0.0, value),
            room: all(&at.room),
        })
    }

    fn columns(&self, columns: &mut ProblemVariables, aim: &Aim<'_>) -> Columns {
        let taken = self.problem.links.iter().map(|link| {
            let alone = link.conduit.filter(|at| self.users[*at] == 1);
            let most = alone.map_or(f64::INFINITY, |at| self.problem.conduits[at].capacity / self.unit);
            columns.add(variable().min(0.0).max(most))
        });
        let taken = taken.collect();
        let unmet = self.most.iter().map(|most| columns.add(variable().min(0.0).max(most + SLACK))).collect();
        let share = matches!(aim, Aim::Share(_)).then(|| columns.add(variable().min(0.0).max(1.0)));
        let rooms = if let Aim::Room { seek, .. } = aim { seek.len() } else { 0 };
        let room = (0..rooms).map(|_| columns.add(variable().min(0.0).max(ROOM_MAX))).collect();
        Columns { taken, unmet, share, room }
    }

    /// The problem itself: every demand is served or unmet, no supply and no conduit gives more than it has, and what was
    /// reached before is kept.
    fn rows(&self, at: &Columns) -> Vec<good_lp::Constraint> {
        let problem = self.problem;
        let mut arriving = vec![Expression::default(); problem.demands.len()];
        let mut leaving = vec![Expression::default(); problem.supplies.len()];
        let mut through = vec![Expression::default(); problem.conduits.len()];
        for (link, taken) in problem.links.iter().zip(&at.taken) {
            arriving[link.demand] += *taken * (1.0 - link.loss);
            leaving[link.supply] += *taken;
            if let Some(conduit) = link.conduit {
                through[conduit] += *taken;
            }
        }
        let demands = arriving.into_iter().zip(&problem.demands).zip(&at.unmet);
        let demands =
            demands.map(|((arriving, demand), unmet)| constraint!(arriving + *unmet == demand.amount / self.unit));
        let supplies = leaving.into_iter().zip(&problem.supplies);
        let supplies = supplies.map(|(leaving, supply)| constraint!(leaving <= supply.amount / self.unit));
        let conduits = through.into_iter().zip(&problem.conduits).zip(&self.users).filter(|(_, users)| **users > 1);
        let conduits = conduits.map(|((through, conduit), _)| constraint!(through <= conduit.capacity / self.unit));
        let sums = self.sums.iter().map(|(tier, most)| {
            let sum: Expression = self.of_tier(*tier).into_iter().map(|demand| at.unmet[demand]).sum();
            constraint!(sum <= most + SLACK)
        });
        demands.chain(supplies).chain(conduits).chain(sums).collect()
    }

    fn rows_of_aim(&self, at: &Columns, aim: &Aim<'_>) -> Vec<good_lp::Constraint> {
        match aim {
            Aim::Unmet(_) | Aim::Cost => Vec::new(),
            Aim::Share(open) => {
                let share = at.share.into_iter().flat_map(|share| open.iter().map(move |demand| (share, *demand)));
                share.map(|(share, demand)| constraint!(at.unmet[demand] <= share * self.amount(demand))).collect()
            }
            Aim::Room { open, seek, share } => open
                .iter()
                .map(|demand| {
                    let (amount, most) = (self.amount(*demand), (share + SLACK) * self.amount(*demand));
                    match seek.iter().position(|one| one == demand) {
                        Some(nth) => constraint!(at.unmet[*demand] + at.room[nth] * amount <= most),
                        None => constraint!(at.unmet[*demand] <= most),
                    }
                })
                .collect(),
        }
    }
}

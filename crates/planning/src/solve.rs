//! The linear programmes behind an allocation. Variables: the amount taken on each link, the amount unmet of each demand. Every
//! step solves with the optima of the steps before held as limits.

use crate::allocation::{Allocation, PlanError};
use good_lp::solvers::microlp::microlp;
use good_lp::{
    Expression, ProblemVariables, Solution, SolverModel, Variable, WithTimeLimit, constraint, variable, variables,
};

/// Longest time for one linear programme, seconds.
const STEP_SECONDS_MAX: f64 = 20.0;

/// A limit a step left behind.
enum Held {
    /// The demands of a tier leave at most this much unmet together.
    Unmet(u32, f64),
    /// No demand of a tier leaves a larger share unmet.
    Share(u32, f64),
}

/// What is made as small as possible.
enum Aim {
    Unmet(u32),
    Share(u32),
    Cost,
}

/// A problem on its way to a solution.
pub struct Programme<'a> {
    problem: &'a Allocation,
    held: Vec<Held>,
    unit: f64,
}

struct Columns {
    taken: Vec<Variable>,
    unmet: Vec<Variable>,
    share: Option<Variable>,
}

impl<'a> Programme<'a> {
    /// Amounts are divided by the largest demand, so that the solver's tolerances mean the same for litres and for
    /// hundred million cubic metres.
    pub fn new(problem: &'a Allocation) -> Programme<'a> {
        let unit = problem.demands.iter().map(|demand| demand.amount).fold(0.0, f64::max);
        Programme { problem, held: Vec::new(), unit: if unit > 0.0 { unit } else { 1.0 } }
    }

    /// Makes what a tier leaves unmet as small as possible, and holds it.
    pub fn least_unmet(&mut self, tier: u32) -> Result<(), PlanError> {
        let (_, unmet) = self.solve(&Aim::Unmet(tier))?;
        let sum: f64 = self.of_tier(tier).map(|demand| unmet[demand]).sum();
        self.held.push(Held::Unmet(tier, sum / self.unit));
        Ok(())
    }

    /// Makes the largest share a demand of the tier leaves unmet as small as possible, and holds it.
    pub fn fairest(&mut self, tier: u32) -> Result<(), PlanError> {
        let Some(Held::Unmet(_, sum)) = self.held.last() else { return Ok(()) };
        if *sum <= SLACK {
            return Ok(());
        }
        let (_, unmet) = self.solve(&Aim::Share(tier))?;
        let share = |demand: usize| unmet[demand] / self.problem.demands[demand].amount.max(f64::MIN_POSITIVE);
        let most = self.of_tier(tier).map(share).fold(0.0, f64::max);
        self.held.push(Held::Share(tier, most));
        Ok(())
    }

    /// The cheapest way to serve as well as the steps before found possible: taken by link, unmet by demand.
    pub fn cheapest(&self) -> Result<(Vec<f64>, Vec<f64>), PlanError> {
        self.solve(&Aim::Cost)
    }

    fn of_tier(&self, tier: u32) -> impl Iterator<Item = usize> + '_ {
        self.problem.demands.iter().enumerate().filter(move |(_, demand)| demand.tier == tier).map(|(at, _)| at)
    }

    fn solve(&self, aim: &Aim) -> Result<(Vec<f64>, Vec<f64>), PlanError> {
        let mut columns = variables!();
        let at = self.columns(&mut columns, aim);
        let objective: Expression = match aim {
            Aim::Unmet(tier) => self.of_tier(*tier).map(|demand| at.unmet[demand]).sum(),
            Aim::Share(_) => at.share.into_iter().sum(),
            Aim::Cost => {
                let dearest = self.problem.links.iter().map(|link| link.cost.abs()).fold(0.0, f64::max).max(1.0);
                self.problem.links.iter().zip(&at.taken).map(|(link, taken)| *taken * (link.cost / dearest)).sum()
            }
        };
        let mut model = columns.minimise(objective).using(microlp).with_time_limit(STEP_SECONDS_MAX);
        for row in self.rows(&at) {
            model.add_constraint(row);
        }
        for row in self.held_rows(&at, aim) {
            model.add_constraint(row);
        }
        let solution = model.solve().map_err(|error| PlanError::Solver(error.to_string()))?;
        let value = |variable: &Variable| (solution.value(*variable) * self.unit).max(0.0);
        Ok((at.taken.iter().map(value).collect(), at.unmet.iter().map(value).collect()))
    }

    fn columns(&self, columns: &mut ProblemVariables, aim: &Aim) -> Columns {
        let taken = self.problem.links.iter().map(|_| columns.add(variable().min(0.0))).collect();
        let unmet = self.problem.demands.iter();
        let unmet = unmet.map(|demand| columns.add(variable().min(0.0).max(demand.amount / self.unit))).collect();
        let share = matches!(aim, Aim::Share(_)).then(|| columns.add(variable().min(0.0).max(1.0)));
        Columns { taken, unmet, share }
    }

    /// The problem itself: every demand is served or unmet, no supply and no conduit gives more than it has.
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
        let conduits = through.into_iter().zip(&problem.conduits);
        let conduits = conduits.map(|(through, conduit)| constraint!(through <= conduit.capacity / self.unit));
        demands.chain(supplies).chain(conduits).collect()
    }

    fn held_rows(&self, at: &Columns, aim: &Aim) -> Vec<good_lp::Constraint> {
        let mut rows = Vec::new();
        for held in &self.held {
            match held {
                Held::Unmet(tier, most) => {
                    let sum: Expression = self.of_tier(*tier).map(|demand| at.unmet[demand]).sum();
                    rows.push(constraint!(sum <= most + SLACK));
                }
                Held::Share(tier, most) => {
                    for demand in self.of_tier(*tier) {
                        let most = (most + SLACK) * self.problem.demands[demand].amount / self.unit;
                        rows.push(constraint!(at.unmet[demand] <= most));
                    }
                }
            }
        }
        if let (Aim::Share(tier), Some(share)) = (aim, at.share) {
            for demand in self.of_tier(*tier) {
                let amount = self.problem.demands[demand].amount / self.unit;
                rows.push(constraint!(at.unmet[demand] <= share * amount));
            }
        }
        rows
    }
}

/// How far a held optimum may be missed, in units of the largest demand: without it rounding makes the next step infeasible.
const SLACK: f64 = 1e-9;

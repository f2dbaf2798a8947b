//! The linear programmes behind an allocation. Variables: the amount taken on each link, the amount unmet of each demand. Every
//! step solves with the optima of the steps before held as limits.

use crate::allocation::{Allocation, Link, PlanError};
use good_lp::solvers::SolutionStatus;
use good_lp::solvers::microlp::microlp;
use good_lp::{
    Expression, ProblemVariables, Solution, SolverModel, Variable, WithTimeLimit, constraint, variable, variables,
};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Longest time for one plan, seconds.
const SECONDS_MAX: u32 = 20;
/// How far a held optimum may be missed, as a share of a demand or of what a tier asks for: without it rounding makes the next
/// step infeasible. A step takes the first it can be solved with, since the next step spends what it is given: where two ways
/// differ by a hair of loss, some thousand times of it (docs/decisions/0062).
const SLACKS: [f64; 5] = [1e-10, 1e-9, 1e-8, 1e-7, 1e-6];
/// Shares below this are nothing.
const NOTHING: f64 = 1e-7;
/// Most rounds in which a scarcity is spread; what is left then is decided by cost.
const ROUNDS_MAX: usize = 40;
/// Most of a share that is looked for as room in one step: small, so that one step finds room for many.
const ROOM_MAX: f64 = 1e-3;
/// Room that is more than rounding.
const ROOM: f64 = 1e-5;

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

/// A problem on its way to a solution. Everything is a share: what a link takes of the demand it serves, what stays unmet of a
/// demand, what is taken of a supply. So the solver's tolerances mean the same for a village and for a city.
pub struct Programme<'a> {
    problem: &'a Allocation,
    budget: &'a Budget,
    /// Most each demand may leave unmet, as a share.
    most: Vec<f64>,
    /// Most the demands of a tier may leave unmet together, as a share of what they ask for.
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

/// An answer in shares.
struct Answer {
    taken: Vec<f64>,
    unmet: Vec<f64>,
    share: f64,
    room: Vec<f64>,
}

impl<'a> Programme<'a> {
    /// Before the first step.
    pub fn new(problem: &'a Allocation, budget: &'a Budget) -> Programme<'a> {
        let mut users = vec![0; problem.conduits.len()];
        problem.links.iter().filter_map(|link| link.conduit).for_each(|at| users[at] += 1);
        Programme { problem, budget, most: vec![1.0; problem.demands.len()], sums: Vec::new(), users }
    }

    /// The tiers there are, lowest first.
    pub fn tiers(&self) -> BTreeSet<u32> {
        self.problem.demands.iter().map(|demand| demand.tier).collect()
    }

    /// Makes what a tier leaves unmet as small as possible, and holds it. Says whether anything is.
    pub fn least_unmet(&mut self, tier: u32) -> Result<bool, PlanError> {
        let unmet = self.solve(&Aim::Unmet(tier))?.unmet;
        let sum: f64 = self.of_tier(tier).into_iter().map(|at| unmet[at] * self.weight(tier, at)).sum();
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
        Ok(self.of_tier(tier).into_iter().map(|at| unmet[at] * self.amount(at)).sum())
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
        open.retain(|at| self.amount(*at) > 0.0);
        for _ in 0..ROUNDS_MAX {
            if open.is_empty() {
                break;
            }
            let share = self.solve(&Aim::Share(&open))?.share;
            let held = if share <= NOTHING { open.clone() } else { self.cannot_do_better(&open, share)? };
            for at in &open {
                self.most[*at] = self.most[*at].min(share);
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
        let links = self.problem.links.iter().zip(answer.taken);
        let taken = links.map(|(link, share)| share * self.amount(link.demand)).collect();
        let unmet = answer.unmet.into_iter().enumerate().map(|(at, share)| share * self.amount(at)).collect();
        Ok((taken, unmet))
    }

    fn of_tier(&self, tier: u32) -> Vec<usize> {
        let demands = self.problem.demands.iter().enumerate();
        demands.filter(|(_, demand)| demand.tier == tier).map(|(at, _)| at).collect()
    }

    fn amount(&self, demand: usize) -> f64 {
        self.problem.demands[demand].amount
    }

    /// The part of what a tier asks for that is one demand's.
    fn weight(&self, tier: u32, demand: usize) -> f64 {
        let all: f64 = self.problem.demands.iter().filter(|one| one.tier == tier).map(|one| one.amount).sum();
        if all > 0.0 { self.amount(demand) / all } else { 0.0 }
    }

    /// What a tier leaves unmet, as a share of what it asks for.
    fn unmet_share(&self, at: &Columns, tier: u32) -> Expression {
        self.of_tier(tier).into_iter().map(|demand| at.unmet[demand] * self.weight(tier, demand)).sum()
    }

    /// Solves with the narrowest slack there is an answer for.
    fn solve(&self, aim: &Aim<'_>) -> Result<Answer, PlanError> {
        let mut failed = PlanError::Solver(String::new());
        for slack in SLACKS {
            match self.within(aim, slack) {
                Err(error @ PlanError::Solver(_)) => failed = error,
                solved => return solved,
            }
        }
        Err(failed)
    }

    fn within(&self, aim: &Aim<'_>, slack: f64) -> Result<Answer, PlanError> {
        let seconds = self.budget.left()?;
        let mut columns = variables!();
        let at = self.columns(&mut columns, (aim, slack));
        let objective: Expression = match aim {
            Aim::Unmet(tier) => self.unmet_share(&at, *tier),
            Aim::Share(_) => at.share.into_iter().sum(),
            Aim::Room { .. } => at.room.iter().map(|room| *room * -1.0).sum(),
            Aim::Cost => {
                let worth = |link: &Link| link.cost * self.amount(link.demand);
                let dearest = self.problem.links.iter().map(worth).fold(0.0, f64::max).max(1e-9);
                self.problem.links.iter().zip(&at.taken).map(|(link, taken)| *taken * (worth(link) / dearest)).sum()
            }
        };
        let mut model = columns.minimise(objective).using(microlp).with_time_limit(seconds);
        for row in self.rows(&at, slack).into_iter().chain(rows_of_aim(&at, (aim, slack))) {
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

    fn columns(&self, columns: &mut ProblemVariables, (aim, slack): (&Aim<'_>, f64)) -> Columns {
        let taken = self.problem.links.iter().map(|link| {
            let amount = self.amount(link.demand);
            let alone = link.conduit.filter(|at| self.users[*at] == 1);
            let most = match alone {
                _ if amount <= 0.0 => 0.0,
                Some(at) => self.problem.conduits[at].capacity / amount,
                None => f64::INFINITY,
            };
            columns.add(variable().min(0.0).max(most))
        });
        let taken = taken.collect();
        let unmet = self.most.iter().map(|most| columns.add(variable().min(0.0).max(most + slack))).collect();
        let share = matches!(aim, Aim::Share(_)).then(|| columns.add(variable().min(0.0).max(1.0 + slack)));
        let rooms = if let Aim::Room { seek, .. } = aim { seek.len() } else { 0 };
        let room = (0..rooms).map(|_| columns.add(variable().min(0.0).max(ROOM_MAX))).collect();
        Columns { taken, unmet, share, room }
    }

    /// The problem itself: every demand is served or unmet, no supply and no conduit gives more than it has, and what was
    /// reached before is kept.
    fn rows(&self, at: &Columns, slack: f64) -> Vec<good_lp::Constraint> {
        let problem = self.problem;
        let mut arriving = vec![Expression::default(); problem.demands.len()];
        let mut leaving = vec![Expression::default(); problem.supplies.len()];
        let mut through = vec![Expression::default(); problem.conduits.len()];
        for (link, taken) in problem.links.iter().zip(&at.taken) {
            let amount = self.amount(link.demand);
            arriving[link.demand] += *taken * (1.0 - link.loss);
            leaving[link.supply] += *taken * part(amount, problem.supplies[link.supply].amount);
            if let Some(conduit) = link.conduit {
                through[conduit] += *taken * part(amount, problem.conduits[conduit].capacity);
            }
        }
        let demands = arriving.into_iter().zip(&at.unmet).enumerate();
        let demands = demands.filter(|(demand, _)| self.amount(*demand) > 0.0);
        let demands = demands.map(|(_, (arriving, unmet))| constraint!(arriving + *unmet == 1.0));
        let whole = |amount: f64| if amount > 0.0 { 1.0 } else { 0.0 };
        let supplies = leaving.into_iter().zip(&problem.supplies);
        let supplies = supplies.map(|(leaving, supply)| constraint!(leaving <= whole(supply.amount)));
        let conduits = through.into_iter().zip(&problem.conduits).zip(&self.users).filter(|(_, users)| **users > 1);
        let conduits = conduits.map(|((through, conduit), _)| constraint!(through <= whole(conduit.capacity)));
        let sums = self.sums.iter().map(|(tier, most)| constraint!(self.unmet_share(at, *tier) <= most + slack));
        demands.chain(supplies).chain(conduits).chain(sums).collect()
    }
}

fn rows_of_aim(at: &Columns, (aim, slack): (&Aim<'_>, f64)) -> Vec<good_lp::Constraint> {
    match aim {
        Aim::Unmet(_) | Aim::Cost => Vec::new(),
        Aim::Share(open) => {
            let share = at.share.into_iter().flat_map(|share| open.iter().map(move |demand| (share, *demand)));
            share.map(|(share, demand)| constraint!(at.unmet[demand] <= share)).collect()
        }
        Aim::Room { open, seek, share } => open
            .iter()
            .map(|demand| {
                let most = share + slack;
                match seek.iter().position(|one| one == demand) {
                    Some(nth) => constraint!(at.unmet[*demand] + at.room[nth] <= most),
                    None => constraint!(at.unmet[*demand] <= most),
                }
            })
            .collect(),
    }
}

/// An amount as a part of what there is; of nothing everything is too much, and a whole is enough to say so.
fn part(amount: f64, there: f64) -> f64 {
    if there > 0.0 { amount / there } else { 1.0 }
}

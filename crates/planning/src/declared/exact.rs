//! From the solver's floats to exact amounts: whole in the last digit of the plan, within every limit to the last digit, and
//! in favour of the urgent where rounding leaves something over.

use super::select::float;
use ganglion_model::Decimal;
use rust_decimal::RoundingStrategy;
use std::collections::BTreeSet;

/// A link with exact numbers; indices as in [`crate::Link`].
#[derive(Clone, Debug)]
pub struct ExactLink {
    pub supply: usize,
    pub demand: usize,
    pub conduit: Option<usize>,
    pub loss: Decimal,
    pub cost: Decimal,
}

/// A problem with exact numbers.
#[derive(Clone, Debug)]
pub struct Exact {
    pub supplies: Vec<Decimal>,
    /// Amount and tier.
    pub demands: Vec<(Decimal, u32)>,
    pub conduits: Vec<Decimal>,
    pub links: Vec<ExactLink>,
    /// Digits after the point.
    pub decimals: u8,
}

/// Exact amounts, in the order of the links and demands.
pub struct Settled {
    /// Taken from the supply.
    pub taken: Vec<Decimal>,
    /// What arrives, at most what is asked for.
    pub arrives: Vec<Decimal>,
    /// What each demand lacks.
    pub lacks: Vec<Decimal>,
    /// Taken of each supply.
    pub of_supply: Vec<Decimal>,
    /// Taken through each conduit.
    pub of_conduit: Vec<Decimal>,
}

/// How near to the next digit counts as reached: far below a unit, far above what floats lose.
const NEAR: f64 = 1e-4;

impl Exact {
    fn down(&self, value: Decimal) -> Decimal {
        value.round_dp_with_strategy(u32::from(self.decimals), RoundingStrategy::ToZero)
    }

    fn up(&self, value: Decimal) -> Decimal {
        value.round_dp_with_strategy(u32::from(self.decimals), RoundingStrategy::AwayFromZero)
    }

    /// What the solver found, cut to the last digit.
    fn cut(&self, value: f64) -> Decimal {
        let units = (value.max(0.0) * 10f64.powi(i32::from(self.decimals)) + NEAR).floor();
        let text = format!("{units:.0}");
        let whole: i128 = text.parse().unwrap_or(0);
        Decimal::try_from_i128_with_scale(whole, u32::from(self.decimals)).unwrap_or_default()
    }

    /// Settles what the solver found: tier by tier each link first as found, cut, then what the demand still lacks from
    /// whatever the cutting left over.
    pub fn settle(&self, taken: &[f64]) -> Settled {
        let mut settled = Settled {
            taken: vec![Decimal::ZERO; self.links.len()],
            arrives: vec![Decimal::ZERO; self.links.len()],
            lacks: self.demands.iter().map(|(amount, _)| *amount).collect(),
            of_supply: vec![Decimal::ZERO; self.supplies.len()],
            of_conduit: vec![Decimal::ZERO; self.conduits.len()],
        };
        let tiers: BTreeSet<u32> = self.demands.iter().map(|(_, tier)| *tier).collect();
        for tier in tiers {
            let of_tier = || (0..self.links.len()).filter(|at| self.demands[self.links[*at].demand].1 == tier);
            for at in of_tier() {
                self.take(&mut settled, at, self.cut(taken[at]));
            }
            for at in of_tier() {
                self.take(&mut settled, at, Decimal::MAX);
            }
        }
        settled
    }

    /// Takes up to `wanted` on a link: no more than is left, and no more than brings the demand what it lacks.
    fn take(&self, settled: &mut Settled, at: usize, wanted: Decimal) {
        let link = &self.links[at];
        let arriving = Decimal::ONE - link.loss;
        let lack = settled.lacks[link.demand];
        if lack.is_zero() {
            return;
        }
        let needed = lack.checked_div(arriving).map_or(lack, |needed| self.up(needed));
        let of_supply = self.down(self.supplies[link.supply] - settled.of_supply[link.supply]);
        let of_conduit = link.conduit.map(|at| self.down(self.conduits[at] - settled.of_conduit[at]));
        let amount = wanted.min(needed).min(of_supply).min(of_conduit.unwrap_or(of_supply)).max(Decimal::ZERO);
        let arrives = (amount * arriving).min(lack);
        settled.taken[at] += amount;
        settled.arrives[at] += arrives;
        settled.lacks[link.demand] -= arrives;
        settled.of_supply[link.supply] += amount;
        if let Some(conduit) = link.conduit {
            settled.of_conduit[conduit] += amount;
        }
    }
}

/// A float the plan found (kilometres, minutes, gains), exact to so many digits.
pub fn rounded(value: f64, digits: u32, strategy: RoundingStrategy) -> Decimal {
    let exact = Decimal::from_f64_retain(value).unwrap_or_default();
    exact.round_dp_with_strategy(digits, strategy).normalize()
}

/// A whole number that is not below nothing.
pub fn counted(value: Decimal) -> u32 {
    let whole = float(value.trunc()).clamp(0.0, f64::from(u32::MAX));
    format!("{whole:.0}").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Allocation, Conduit, Demand, Link, Supply, allocate};
    use proptest::prelude::*;

    fn decimal(units: u32) -> Decimal {
        Decimal::new(i64::from(units), 2)
    }

    fn problem(exact: &Exact) -> Allocation {
        let key = || "k".to_owned();
        Allocation {
            supplies: exact.supplies.iter().map(|one| Supply { key: key(), amount: float(*one) }).collect(),
            demands: exact
                .demands
                .iter()
                .map(|(amount, tier)| Demand { key: key(), amount: float(*amount), tier: *tier })
                .collect(),
            conduits: exact.conduits.iter().map(|one| Conduit { key: key(), capacity: float(*one) }).collect(),
            links: exact
                .links
                .iter()
                .map(|one| Link {
                    supply: one.supply,
                    demand: one.demand,
                    loss: float(one.loss),
                    cost: float(one.cost),
                    conduit: one.conduit,
                })
                .collect(),
        }
    }

    fn problems() -> impl Strategy<Value = Exact> {
        let supplies = prop::collection::vec(0u32..90_000, 1..4);
        let demands = prop::collection::vec((0u32..60_000, 0u32..3), 1..5);
        let conduits = prop::collection::vec(0u32..40_000, 2);
        (supplies, demands, conduits, 0u8..4).prop_flat_map(|(supplies, demands, conduits, decimals)| {
            let link = (0..supplies.len(), 0..demands.len(), prop::option::of(0usize..2), 0u32..60, 0u32..500);
            prop::collection::vec(link, 0..10).prop_map(move |links| Exact {
                supplies: supplies.iter().map(|one| decimal(*one)).collect(),
                demands: demands.iter().map(|(amount, tier)| (decimal(*amount), *tier)).collect(),
                conduits: conduits.iter().map(|one| decimal(*one)).collect(),
                links: links
                    .iter()
                    .map(|(supply, demand, conduit, loss, cost)| ExactLink {
                        supply: *supply,
                        demand: *demand,
                        conduit: *conduit,
                        loss: decimal(*loss),
                        cost: decimal(*cost),
                    })
                    .collect(),
                decimals,
            })
        })
    }

    proptest! {
        /// To the last digit: nothing beyond a limit, whole in the digit of the plan, and as much served as the solver found,
        /// less one unit of that digit a link at most.
        #[test]
        fn exact_amounts_keep_every_limit_and_lose_no_more_than_rounding(exact in problems()) {
            let problem = problem(&exact);
            let solved = allocate(&problem).unwrap();
            let settled = exact.settle(&solved.taken);
            let (mut of_supply, mut of_conduit) = (vec![Decimal::ZERO; 4], vec![Decimal::ZERO; 2]);
            let mut arrives = vec![Decimal::ZERO; exact.demands.len()];
            for (at, link) in exact.links.iter().enumerate() {
                prop_assert_eq!(exact.down(settled.taken[at]), settled.taken[at]);
                prop_assert!(settled.arrives[at] <= settled.taken[at] * (Decimal::ONE - link.loss));
                of_supply[link.supply] += settled.taken[at];
                link.conduit.iter().for_each(|conduit| of_conduit[*conduit] += settled.taken[at]);
                arrives[link.demand] += settled.arrives[at];
            }
            prop_assert!(exact.supplies.iter().zip(&of_supply).all(|(most, taken)| taken <= most));
            prop_assert!(exact.conduits.iter().zip(&of_conduit).all(|(most, taken)| taken <= most));
            for (at, (amount, _)) in exact.demands.iter().enumerate() {
                prop_assert_eq!(arrives[at] + settled.lacks[at], *amount);
            }
            let unit = 10f64.powi(-i32::from(exact.decimals));
            for (tier, unmet) in &solved.unmet_by_tier {
                let of = exact.demands.iter().zip(&settled.lacks).filter(|((_, one), _)| one == tier);
                let lacks: Decimal = of.map(|(_, lack)| *lack).sum();
                let most = unmet + unit * (exact.links.len() + exact.conduits.len()) as f64 + 1e-3;
                prop_assert!(float(lacks) <= most, "tier {tier}: {lacks} after {unmet}");
            }
        }
    }
}

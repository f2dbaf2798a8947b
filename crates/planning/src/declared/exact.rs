//! From the solver's floats to exact amounts: whole in the last digit of the plan, within every limit to the last digit, and
//! in favour of the urgent where rounding leaves something over.

use super::select::float;
use ganglion_model::Decimal;
use rust_decimal::RoundingStrategy;
use std::collections::BTreeSet;

/// A link with exact numbers; indices as in [`crate::Link`].
pub struct ExactLink {
    pub supply: usize,
    pub demand: usize,
    pub conduit: Option<usize>,
    pub loss: Decimal,
    pub cost: Decimal,
}

/// A problem with exact numbers.
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

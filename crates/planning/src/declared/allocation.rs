//! An allocation declared in a pack: rows to supplies, demands and links, flows to rows.

use super::exact::{Exact, ExactLink, Settled, counted, rounded};
use super::names::text_of;
use super::select::{Select, float, good};
use super::{Flow, Help, Input, Lack, Outcome, Subject, TierSum, Use};
use crate::allocation::{
    Allocated, Allocation, Conduit, Demand, LINKS_MAX, Lever, Link, PlanError, Supply, allocate, helps,
};
use ganglion_model::Decimal;
use ganglion_model::expr::{Expr, Val};
use ganglion_model::pack::{AllocationDef, Plan};
use ganglion_model::row::Record;
use rust_decimal::RoundingStrategy;
use std::collections::{BTreeMap, HashMap};

/// Digits of a gain.
const GAIN_DIGITS: u32 = 3;

/// Most supplies that rows of links are tried with.
const TRIED_MAX: usize = 4_000_000;

/// Values of some columns, in their order.
type Columns = Vec<Option<String>>;

/// The problem with the rows it came from.
struct Built<'a> {
    select: Select<'a>,
    supplies: Vec<&'a Record>,
    demands: Vec<&'a Record>,
    links: Vec<&'a Record>,
    /// The row of each link.
    of_link: Vec<usize>,
    /// The row of each conduit, and the values of the columns it holds for.
    of_conduit: Vec<(usize, String)>,
    exact: Exact,
}

pub fn compute(plan: &Plan, def: &AllocationDef, input: Input<'_>) -> Result<Outcome, PlanError> {
    let mut outcome = Outcome::default();
    let built = build(Select { plan, input }, def, &mut outcome)?;
    let problem = built.problem(def);
    let solved = allocate(&problem)?;
    let settled = built.exact.settle(&solved.taken);
    built.sums(def, &settled, &mut outcome);
    built.lacks(&solved, &settled, &mut outcome);
    built.uses(&settled, &mut outcome);
    built.helps(&helps(&problem, &solved)?, &mut outcome);
    built.flows(def, &settled, &mut outcome);
    Ok(outcome)
}

fn build<'a>(select: Select<'a>, def: &AllocationDef, outcome: &mut Outcome) -> Result<Built<'a>, PlanError> {
    let (supplies, demands, links) =
        (select.rows(&def.supplies)?, select.rows(&def.demands)?, select.rows(&def.links)?);
    let mut exact = Exact {
        supplies: Vec::with_capacity(supplies.len()),
        demands: Vec::with_capacity(demands.len()),
        conduits: Vec::new(),
        links: Vec::new(),
        decimals: select.plan.decimals,
    };
    for row in &supplies {
        exact.supplies.push(select.amount(&def.supply_amount, (row, "amount"), outcome)?);
    }
    for row in &demands {
        let tier = def.demand_tier.as_ref().and_then(|tier| select.names().with("row", row).number(tier));
        exact
            .demands
            .push((select.amount(&def.demand_amount, (row, "amount"), outcome)?, counted(tier.unwrap_or_default())));
    }
    let mut built = Built { select, supplies, demands, links, of_link: Vec::new(), of_conduit: Vec::new(), exact };
    built.link(def)?;
    Ok(built)
}

impl<'a> Built<'a> {
    /// Leads every row of the links from every supply to every demand that match it.
    fn link(&mut self, def: &AllocationDef) -> Result<(), PlanError> {
        let from = self.by_columns(&self.supplies, def.link_supply.keys());
        let to = self.by_columns(&self.demands, def.link_demand.keys().chain(&def.same));
        let shared = |row: &&'a Record| -> Columns { def.same.iter().map(|one| self.column(row, one)).collect() };
        let of_supply: Vec<Columns> = self.supplies.iter().map(shared).collect();
        let mut tried = 0;
        for (row, link) in self.links.clone().into_iter().enumerate() {
            let names = self.select.names().with("row", link);
            let wanted = |columns: &BTreeMap<String, Expr>| -> Columns {
                columns.values().map(|expr| names.text(expr)).collect()
            };
            let number = |expr: &Option<Expr>| expr.as_ref().and_then(|expr| names.number(expr));
            let loss = good(number(&def.loss).unwrap_or_default(), &link.key, "loss")?;
            if loss >= Decimal::ONE {
                return Err(PlanError::Number { what: "loss", key: link.key.clone(), value: float(loss) });
            }
            let cost = good(number(&def.cost).unwrap_or_default(), &link.key, "cost")?;
            let capacity = match &def.capacity {
                Some(capacity) => self.select.stated(capacity, (link, "capacity"))?,
                None => None,
            };
            let mut conduits: HashMap<&Columns, usize> = HashMap::new();
            let (of_link, of_end) = (wanted(&def.link_supply), wanted(&def.link_demand));
            let ends = from.get(&of_link).into_iter().flatten().flat_map(|supply| {
                let end: Columns = of_end.iter().chain(&of_supply[*supply]).cloned().collect();
                tried += 1;
                to.get(&end).into_iter().flatten().map(move |demand| (*supply, *demand))
            });
            let ends: Vec<(usize, usize)> = ends.take(LINKS_MAX + 1).collect();
            if tried > TRIED_MAX {
                return Err(PlanError::TooLarge { what: "pairs", given: tried, max: TRIED_MAX });
            }
            for (supply, demand) in ends {
                let conduit = capacity.map(|capacity| {
                    *conduits.entry(&of_supply[supply]).or_insert_with_key(|same| {
                        let of: Vec<&str> = same.iter().flatten().map(String::as_str).collect();
                        self.exact.conduits.push(capacity);
                        self.of_conduit.push((row, of.join(" ")));
                        self.exact.conduits.len() - 1
                    })
                });
                self.exact.links.push(ExactLink { supply, demand, conduit, loss, cost });
                self.of_link.push(row);
                if self.exact.links.len() > LINKS_MAX {
                    return Err(PlanError::TooLarge { what: "links", given: self.exact.links.len(), max: LINKS_MAX });
                }
            }
        }
        Ok(())
    }

    /// Rows by the values of these columns, in the order of the columns. A row without one of them matches nothing.
    fn by_columns<'k>(
        &self,
        rows: &[&'a Record],
        columns: impl Iterator<Item = &'k String> + Clone,
    ) -> HashMap<Columns, Vec<usize>> {
        let mut found: HashMap<Columns, Vec<usize>> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            let key: Columns = columns.clone().map(|column| self.column(row, column)).collect();
            if key.iter().all(Option::is_some) {
                found.entry(key).or_default().push(at);
            }
        }
        found
    }

    fn column(&self, record: &'a Record, column: &str) -> Option<String> {
        let path = Expr::Path(vec!["row".to_owned(), column.to_owned()]);
        let names = self.select.names().with("row", record);
        text_of(&path.eval(&names))
    }

    /// As the solver takes it. Without costs the least is taken that serves as well.
    fn problem(&self, def: &AllocationDef) -> Allocation {
        let cost = |link: &ExactLink| if def.cost.is_some() { float(link.cost) } else { 1.0 };
        let supplies = self.supplies.iter().zip(&self.exact.supplies);
        let demands = self.demands.iter().zip(&self.exact.demands);
        let conduits = self.of_conduit.iter().zip(&self.exact.conduits);
        Allocation {
            supplies: supplies.map(|(row, amount)| Supply { key: row.key.clone(), amount: float(*amount) }).collect(),
            demands: demands
                .map(|(row, (amount, tier))| Demand { key: row.key.clone(), amount: float(*amount), tier: *tier })
                .collect(),
            conduits: conduits
                .map(|((row, of), capacity)| Conduit {
                    key: format!("{} {of}", self.links[*row].key),
                    capacity: float(*capacity),
                })
                .collect(),
            links: self
                .exact
                .links
                .iter()
                .map(|link| Link {
                    supply: link.supply,
                    demand: link.demand,
                    loss: float(link.loss),
                    cost: cost(link),
                    conduit: link.conduit,
                })
                .collect(),
        }
    }

    fn sums(&self, def: &AllocationDef, settled: &Settled, outcome: &mut Outcome) {
        let mut tiers: BTreeMap<u32, (Decimal, Decimal)> = BTreeMap::new();
        for ((amount, tier), lack) in self.exact.demands.iter().zip(&settled.lacks) {
            let sum = tiers.entry(*tier).or_default();
            sum.0 += amount;
            sum.1 += amount - lack;
        }
        outcome.asked = tiers.values().map(|(asked, _)| asked).sum();
        outcome.served = tiers.values().map(|(_, served)| served).sum();
        if def.demand_tier.is_some() {
            outcome.tiers = tiers.into_iter().map(|(tier, (asked, served))| TierSum { tier, asked, served }).collect();
        }
        let costs = self.exact.links.iter().zip(&settled.taken).map(|(link, taken)| link.cost.saturating_mul(*taken));
        outcome.cost = def.cost.as_ref().map(|_| costs.fold(Decimal::ZERO, Decimal::saturating_add));
    }

    fn lacks(&self, solved: &Allocated, settled: &Settled, outcome: &mut Outcome) {
        for (at, (row, (asked, tier))) in self.demands.iter().zip(&self.exact.demands).enumerate() {
            let lacking = settled.lacks[at];
            if !lacking.is_zero() {
                // What only rounding left over has no cause of its own: there is not enough for the last digit.
                let cause = Some(solved.causes[at].unwrap_or(crate::Cause::Supplies));
                let subject = Subject::of(row);
                outcome.lacks.push(Lack { subject, tier: *tier, asked: *asked, lacking, minutes: None, cause });
            }
        }
    }

    fn uses(&self, settled: &Settled, outcome: &mut Outcome) {
        let supplies = self.supplies.iter().zip(&self.exact.supplies).zip(&settled.of_supply);
        outcome.uses = supplies
            .map(|((row, there), used)| Use { subject: Subject::of(row), there: Some(*there), used: *used })
            .collect();
        let conduits = self.of_conduit.iter().zip(&self.exact.conduits).zip(&settled.of_conduit);
        outcome.capacities = conduits
            .map(|(((row, _), there), used)| Use {
                subject: Subject::of(self.links[*row]),
                there: Some(*there),
                used: *used,
            })
            .collect();
    }

    fn helps(&self, helps: &[crate::Help], outcome: &mut Outcome) {
        let help = |one: &crate::Help| {
            let (subject, is_capacity, of) = match one.of {
                Lever::Supply(at) => (Subject::of(self.supplies[at]), false, String::new()),
                Lever::Conduit(at) => {
                    let (row, of) = &self.of_conduit[at];
                    (Subject::of(self.links[*row]), true, of.clone())
                }
            };
            let gain = rounded(one.gain, GAIN_DIGITS, RoundingStrategy::MidpointAwayFromZero);
            Help { subject, is_capacity, of, tier: one.tier, gain }
        };
        outcome.helps = helps.iter().map(help).filter(|help| !help.gain.is_zero()).collect();
    }

    fn flows(&self, def: &AllocationDef, settled: &Settled, outcome: &mut Outcome) {
        for (at, (link, row)) in self.exact.links.iter().zip(&self.of_link).enumerate() {
            let (taken, arrives) = (settled.taken[at], settled.arrives[at]);
            if taken.is_zero() {
                continue;
            }
            let (supply, demand) = (self.supplies[link.supply], self.demands[link.demand]);
            let cost = link.cost.saturating_mul(taken);
            let names = self
                .select
                .names()
                .with("supply", supply)
                .with("demand", demand)
                .with("link", self.links[*row])
                .found("taken", Val::Num(taken))
                .found("arrives", Val::Num(arrives))
                .found("cost", Val::Num(cost));
            let from = Subject::of(supply);
            outcome.propose(self.select.plan, &names, &from);
            outcome.flows.push(Flow {
                from,
                to: Subject::of(demand),
                over: Some(Subject::of(self.links[*row])),
                tier: self.exact.demands[link.demand].1,
                amount: taken,
                arrives,
                cost: def.cost.as_ref().map(|_| cost),
                km: None,
            });
        }
        outcome.flows.sort_by(|a, b| (&a.from, &a.to, &a.over).cmp(&(&b.from, &b.to, &b.over)));
    }
}

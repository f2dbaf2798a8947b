//! An allocation declared in a pack: rows to supplies, demands and links, flows to rows.

use super::names::text_of;
use super::{Input, Lack, Outcome, proposed};
use crate::allocation::{Allocation, Conduit, Demand, LINKS_MAX, Link, PlanError, Supply, allocate};
use ganglion_model::expr::{Expr, Val};
use ganglion_model::pack::{AllocationDef, Plan};
use ganglion_model::row::Record;
use std::collections::{BTreeMap, HashMap};

/// The problem with the rows it came from.
struct Built<'a> {
    supplies: Vec<&'a Record>,
    demands: Vec<&'a Record>,
    links: Vec<&'a Record>,
    of_link: Vec<usize>,
    problem: Allocation,
}

pub fn compute(plan: &Plan, def: &AllocationDef, input: Input<'_>) -> Result<Outcome, PlanError> {
    let built = build(def, &input)?;
    let solved = allocate(&built.problem)?;
    let mut outcome = Outcome { cost: solved.cost, ..Outcome::default() };
    for (demand, unmet) in built.problem.demands.iter().zip(&solved.unmet) {
        outcome.asked += demand.amount;
        outcome.served += demand.amount - unmet;
    }
    let unmet = built.problem.demands.iter().zip(&solved.unmet).zip(&solved.causes);
    outcome.lacks = unmet
        .filter(|(_, cause)| cause.is_some())
        .map(|((demand, unmet), cause)| Lack {
            key: demand.key.clone(),
            asked: demand.amount,
            lacking: Some(*unmet),
            cause: *cause,
        })
        .collect();
    let least = 10f64.powi(-i32::from(plan.decimals));
    for ((link, taken), row) in built.problem.links.iter().zip(&solved.taken).zip(&built.of_link) {
        if *taken + 1e-6 < least {
            continue;
        }
        let names = input
            .names()
            .with("supply", built.supplies[link.supply])
            .with("demand", built.demands[link.demand])
            .with("link", built.links[*row])
            .result("taken", *taken)
            .result("arrives", *taken * (1.0 - link.loss));
        outcome.rows.extend(proposed(plan, &names));
    }
    Ok(outcome)
}

fn build<'a>(def: &AllocationDef, input: &'a Input<'a>) -> Result<Built<'a>, PlanError> {
    let (supplies, demands, links) =
        (input.select(&def.supplies), input.select(&def.demands), input.select(&def.links));
    let amount = |record: &Record, expr: &Expr| input.names().with("row", record).number(expr).unwrap_or(0.0);
    let mut problem = Allocation {
        supplies: supplies
            .iter()
            .map(|row| Supply { key: row.key.clone(), amount: amount(row, &def.supply_amount) })
            .collect(),
        demands: demands
            .iter()
            .map(|row| Demand {
                key: row.key.clone(),
                amount: amount(row, &def.demand_amount),
                tier: def.demand_tier.as_ref().map_or(0, |tier| whole(amount(row, tier))),
            })
            .collect(),
        ..Allocation::default()
    };
    let from = by_columns(input, &supplies, def.link_supply.keys());
    let to = by_columns(input, &demands, def.link_demand.keys());
    let mut of_link = Vec::new();
    for (row, link) in links.iter().enumerate() {
        let names = input.names().with("row", link);
        let wanted = |columns: &BTreeMap<String, Expr>| -> Vec<Option<String>> {
            columns.values().map(|expr| names.text(expr)).collect()
        };
        let number = |expr: &Option<Expr>| expr.as_ref().map(|expr| names.number(expr).unwrap_or(0.0));
        let (loss, cost) = (number(&def.loss).unwrap_or(0.0), number(&def.cost).unwrap_or(0.0));
        let capacity = number(&def.capacity);
        let mut conduits: HashMap<Vec<Option<String>>, usize> = HashMap::new();
        let pairs = pairs(from.get(&wanted(&def.link_supply)), to.get(&wanted(&def.link_demand)));
        for (supply, demand) in pairs {
            let shared = |record: &Record| -> Vec<Option<String>> {
                def.same.iter().map(|column| column_text(input, record, column)).collect()
            };
            let same = shared(supplies[supply]);
            if same != shared(demands[demand]) {
                continue;
            }
            let conduit = capacity.map(|capacity| {
                *conduits.entry(same).or_insert_with_key(|same| {
                    let of: Vec<&str> = same.iter().flatten().map(String::as_str).collect();
                    problem.conduits.push(Conduit { key: format!("{} {}", link.key, of.join(" ")), capacity });
                    problem.conduits.len() - 1
                })
            });
            problem.links.push(Link { supply, demand, loss, cost, conduit });
            of_link.push(row);
            if problem.links.len() > LINKS_MAX {
                return Err(PlanError::TooLarge { given: problem.links.len(), max: LINKS_MAX });
            }
        }
    }
    Ok(Built { supplies, demands, links, of_link, problem })
}

/// Rows by the values of these columns, in the order of the columns.
fn by_columns<'a>(
    input: &Input<'_>,
    rows: &[&Record],
    columns: impl Iterator<Item = &'a String> + Clone,
) -> HashMap<Vec<Option<String>>, Vec<usize>> {
    let mut found: HashMap<Vec<Option<String>>, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        let key = columns.clone().map(|column| column_text(input, row, column)).collect();
        found.entry(key).or_default().push(at);
    }
    found
}

fn column_text(input: &Input<'_>, record: &Record, column: &str) -> Option<String> {
    let path = Expr::Path(vec!["row".to_owned(), column.to_owned()]);
    input.names().with("row", record).text(&path).or_else(|| text_of(&Val::Null))
}

fn pairs<'a>(from: Option<&'a Vec<usize>>, to: Option<&'a Vec<usize>>) -> impl Iterator<Item = (usize, usize)> + 'a {
    let to = to.map(Vec::as_slice).unwrap_or_default();
    from.into_iter().flatten().flat_map(move |supply| to.iter().map(|demand| (*supply, *demand)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
fn whole(n: f64) -> u32 {
    n.clamp(0.0, f64::from(u32::MAX)) as u32
}

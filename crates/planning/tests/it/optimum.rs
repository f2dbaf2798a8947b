//! Whether an allocation is the best there is: against every plan in whole units of small problems, and where the answer is known
//! by hand, degenerate and hopeless ones among them.

use ganglion_planning::{Allocation, Cause, Conduit, Demand, Link, Supply, allocate};
use proptest::prelude::*;

/// What two amounts may differ by and count as one.
const NEAR: f64 = 1e-6;

fn demand(amount: f64, tier: u32) -> Demand {
    Demand { key: format!("d{amount}"), amount, tier }
}

fn supplies(amounts: &[f64]) -> Vec<Supply> {
    amounts.iter().enumerate().map(|(nth, amount)| Supply { key: format!("s{nth}"), amount: *amount }).collect()
}

fn link(supply: usize, demand: usize, (loss, cost): (f64, f64)) -> Link {
    Link { supply, demand, loss, cost, conduit: None }
}

fn all_near(found: &[f64], known: &[f64]) -> bool {
    found.len() == known.len() && found.iter().zip(known).all(|(a, b)| (a - b).abs() <= NEAR)
}

#[test]
fn a_hair_of_loss_more_is_never_traded_for_fairness() {
    // The tier lacks least when the first demand gets all. The step that spreads may spend what a step before was given as room
    // for rounding, and no more: a ten thousand millionth of what the tier asks for, times how close the two ways are.
    for loss in [1e-1, 1e-2, 1e-3] {
        let problem = Allocation {
            supplies: supplies(&[100.0]),
            demands: vec![demand(100.0, 1), demand(100.0, 1)],
            conduits: vec![],
            links: vec![link(0, 0, (0.0, 5.0)), link(0, 1, (loss, 1.0))],
        };
        let plan = allocate(&problem).unwrap();
        let spent = 5e-8 / loss;
        assert!(plan.unmet[0] <= spent && 100.0 - plan.unmet[1] <= spent, "{loss}: {plan:?}");
    }
}

#[test]
fn what_is_alike_is_served_alike_whichever_way_it_flows() {
    // Every way is as good as every other: only what is spread is settled, and the cost.
    let ends = (0..3).flat_map(|s| (0..4).map(move |d| (s, d)));
    let problem = Allocation {
        supplies: supplies(&[10.0, 10.0, 10.0]),
        demands: vec![demand(10.0, 1), demand(10.0, 1), demand(10.0, 1), demand(10.0, 1)],
        conduits: vec![],
        links: ends.map(|(s, d)| link(s, d, (0.0, 2.0))).collect(),
    };
    let plan = allocate(&problem).unwrap();
    assert!(all_near(&plan.unmet, &[2.5; 4]) && all_near(&[plan.cost], &[60.0]), "{plan:?}");
}

#[test]
fn a_tier_that_gets_nothing_leaves_the_others_as_they_are() {
    let problem = Allocation {
        supplies: supplies(&[30.0, 0.0]),
        demands: vec![demand(40.0, 1), demand(7.0, 2), demand(0.0, 2), demand(5.0, 3), demand(9.0, 4)],
        conduits: vec![Conduit { key: "dry".to_owned(), capacity: 0.0 }],
        links: vec![
            link(0, 0, (0.0, 1.0)),
            link(0, 1, (0.0, 1.0)),
            link(1, 1, (0.0, 1.0)),
            link(0, 2, (0.0, 1.0)),
            Link { conduit: Some(0), ..link(0, 3, (0.5, 0.0)) },
        ],
    };
    let plan = allocate(&problem).unwrap();
    assert!(all_near(&plan.unmet, &[10.0, 7.0, 0.0, 5.0, 9.0]) && all_near(&[plan.cost], &[30.0]), "{plan:?}");
    let tiers: Vec<f64> = plan.unmet_by_tier.iter().map(|(_, unmet)| *unmet).collect();
    assert!(all_near(&tiers, &[10.0, 7.0, 5.0, 9.0]), "{plan:?}");
    let (dry, cut) = (Some(Cause::Supplies), Some(Cause::NoLink));
    assert_eq!(plan.causes, [dry, dry, None, Some(Cause::Capacity), cut]);
}

#[test]
fn a_scarcity_is_spread_as_far_as_ditches_reach() {
    // 12 for 30: `a` may take 1 only. The other 11 go in equal shares to what asks for 20.
    let problem = Allocation {
        supplies: supplies(&[12.0]),
        demands: vec![demand(10.0, 1), demand(5.0, 1), demand(15.0, 1)],
        conduits: vec![Conduit { key: "ditch".to_owned(), capacity: 1.0 }],
        links: vec![
            Link { conduit: Some(0), ..link(0, 0, (0.0, 1.0)) },
            link(0, 1, (0.0, 1.0)),
            link(0, 2, (0.0, 1.0)),
        ],
    };
    let plan = allocate(&problem).unwrap();
    assert!(all_near(&plan.unmet, &[9.0, 2.25, 6.75]), "{plan:?}");
}

/// What plans are compared by, the first first: of each tier what it lacks and the unmet shares, the largest first; then the cost.
fn rank(problem: &Allocation, taken: &[f64]) -> Vec<f64> {
    let mut unmet: Vec<f64> = problem.demands.iter().map(|one| one.amount).collect();
    problem.links.iter().zip(taken).for_each(|(link, taken)| unmet[link.demand] -= taken * (1.0 - link.loss));
    let mut rank = Vec::new();
    for tier in 1..=2 {
        let of = || problem.demands.iter().zip(&unmet).filter(move |(one, _)| one.tier == tier && one.amount > 0.0);
        rank.push(of().map(|(_, unmet)| unmet).sum());
        let mut shares: Vec<f64> = of().map(|(one, unmet)| unmet / one.amount).collect();
        shares.sort_by(|a, b| b.total_cmp(a));
        rank.extend(shares);
    }
    rank.push(problem.links.iter().zip(taken).map(|(link, taken)| link.cost * taken).sum());
    rank
}

/// Every plan in whole units that keeps the limits.
fn each_plan(problem: &Allocation, taken: &mut Vec<f64>, each: &mut dyn FnMut(&[f64])) {
    let Some(link) = problem.links.get(taken.len()) else {
        let arrives = |at: usize| {
            let of = problem.links.iter().zip(taken.iter()).filter(|(link, _)| link.demand == at);
            of.map(|(link, taken)| taken * (1.0 - link.loss)).sum::<f64>()
        };
        if problem.demands.iter().enumerate().all(|(at, one)| arrives(at) <= one.amount + 1e-12) {
            each(taken);
        }
        return;
    };
    let of_supply = problem.links.iter().zip(taken.iter()).filter(|(one, _)| one.supply == link.supply);
    let left = problem.supplies[link.supply].amount - of_supply.map(|(_, taken)| taken).sum::<f64>();
    let most = link.conduit.map_or(left, |at| left.min(problem.conduits[at].capacity));
    let mut amount = 0.0;
    while amount <= most {
        taken.push(amount);
        each_plan(problem, taken, each);
        taken.pop();
        amount += 1.0;
    }
}

fn problems() -> impl Strategy<Value = Allocation> {
    let amounts = prop::collection::vec(0u32..=6, 2);
    let demands = prop::collection::vec((0u32..=6, 1u32..=2), 3);
    let links = prop::collection::vec((prop::sample::select(vec![0.0, 0.1, 0.5]), 0u32..4, 0u32..=6), 6);
    (amounts, demands, links).prop_map(|(amounts, demands, links)| Allocation {
        supplies: supplies(&amounts.iter().map(|one| f64::from(*one)).collect::<Vec<_>>()),
        demands: demands.iter().map(|(amount, tier)| demand(f64::from(*amount), *tier)).collect(),
        conduits: links
            .iter()
            .map(|(_, _, most)| Conduit { key: "c".to_owned(), capacity: f64::from(*most) })
            .collect(),
        links: links
            .iter()
            .enumerate()
            .map(|(at, (loss, cost, _))| Link { conduit: Some(at), ..link(at % 2, at / 2, (*loss, f64::from(*cost))) })
            .collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// No plan in whole units is better: the tiers in their order, then fairness, then cost.
    #[test]
    fn no_plan_in_whole_units_is_better(problem in problems()) {
        let plan = allocate(&problem).unwrap();
        let ours = rank(&problem, &plan.taken);
        let mut better: Option<(Vec<f64>, Vec<f64>)> = None;
        each_plan(&problem, &mut Vec::new(), &mut |taken| {
            let theirs = rank(&problem, taken);
            let first = ours.iter().zip(&theirs).find(|(a, b)| (*a - *b).abs() > 1e-6);
            if first.is_some_and(|(ours, theirs)| ours > theirs) {
                better.get_or_insert_with(|| (taken.to_vec(), theirs));
            }
        });
        prop_assert!(better.is_none(), "{ours:?} against {better:?}");
    }
}

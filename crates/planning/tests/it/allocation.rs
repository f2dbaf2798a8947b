//! Allocation: tiers, fairness, cost, causes, bad numbers, and laws over random problems.

use ganglion_planning::{Allocation, Cause, Conduit, Demand, Lever, Link, PlanError, Supply, allocate, helps};
use proptest::prelude::*;

fn supply(key: &str, amount: f64) -> Supply {
    Supply { key: key.to_owned(), amount }
}

fn demand(key: &str, amount: f64, tier: u32) -> Demand {
    Demand { key: key.to_owned(), amount, tier }
}

fn link(supply: usize, demand: usize) -> Link {
    Link { supply, demand, loss: 0.0, cost: 1.0, conduit: None }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-5 * b.abs().max(1.0)
}

#[test]
fn the_urgent_tier_is_served_before_anything_goes_to_the_next() {
    let problem = Allocation {
        supplies: vec![supply("river", 100.0)],
        demands: vec![demand("farm", 90.0, 2), demand("town", 60.0, 1)],
        conduits: vec![],
        links: vec![link(0, 0), link(0, 1)],
    };
    let plan = allocate(&problem).unwrap();
    assert!(near(plan.taken[1], 60.0) && near(plan.taken[0], 40.0), "{plan:?}");
    assert_eq!(plan.causes, vec![Some(Cause::Supplies), None]);
    assert!(near(plan.unmet_by_tier[0].1, 0.0) && near(plan.unmet_by_tier[1].1, 50.0), "{plan:?}");
}

#[test]
fn a_scarcity_is_spread_over_the_demands_of_a_tier() {
    let problem = Allocation {
        supplies: vec![supply("river", 50.0)],
        demands: vec![demand("a", 60.0, 1), demand("b", 40.0, 1)],
        conduits: vec![],
        links: vec![link(0, 0), link(0, 1)],
    };
    let plan = allocate(&problem).unwrap();
    assert!(near(plan.unmet[0], 30.0) && near(plan.unmet[1], 20.0), "{plan:?}");
}

#[test]
fn the_cheaper_source_is_used_when_both_serve_as_well() {
    let mut dear = link(1, 0);
    dear.cost = 3.0;
    let problem = Allocation {
        supplies: vec![supply("near", 30.0), supply("far", 100.0)],
        demands: vec![demand("town", 50.0, 1)],
        conduits: vec![],
        links: vec![link(0, 0), dear],
    };
    let plan = allocate(&problem).unwrap();
    assert!(near(plan.taken[0], 30.0) && near(plan.taken[1], 20.0) && near(plan.cost, 90.0), "{plan:?}");
}

#[test]
fn what_is_lost_on_the_way_is_taken_but_does_not_arrive() {
    let mut leaky = link(0, 0);
    leaky.loss = 0.2;
    let problem = Allocation {
        supplies: vec![supply("river", 100.0)],
        demands: vec![demand("town", 40.0, 1)],
        conduits: vec![],
        links: vec![leaky],
    };
    let plan = allocate(&problem).unwrap();
    assert!(near(plan.taken[0], 50.0) && near(plan.unmet[0], 0.0), "{plan:?}");
}

#[test]
fn a_full_canal_and_a_missing_one_are_told_apart() {
    let mut one = link(0, 0);
    one.conduit = Some(0);
    let problem = Allocation {
        supplies: vec![supply("river", 100.0)],
        demands: vec![demand("reached", 40.0, 1), demand("cut off", 5.0, 1)],
        conduits: vec![Conduit { key: "canal".to_owned(), capacity: 25.0 }],
        links: vec![one],
    };
    let plan = allocate(&problem).unwrap();
    assert!(near(plan.unmet[0], 15.0) && near(plan.unmet[1], 5.0), "{plan:?}");
    assert_eq!(plan.causes, vec![Some(Cause::Capacity), Some(Cause::NoLink)]);
}

#[test]
fn amounts_of_a_hundred_million_are_solved_as_exactly_as_small_ones() {
    let problem = Allocation {
        supplies: vec![supply("river", 7.86e8)],
        demands: vec![demand("city", 8.48e8, 1), demand("village", 120.0, 0)],
        conduits: vec![],
        links: vec![link(0, 0), link(0, 1)],
    };
    let plan = allocate(&problem).unwrap();
    assert!((plan.taken[1] - 120.0).abs() < 1.0, "{plan:?}");
    assert!(near(plan.unmet[0], 0.62e8 + 120.0), "{plan:?}");
}

#[test]
fn nothing_to_share_out_is_a_plan_too() {
    let plan = allocate(&Allocation::default()).unwrap();
    assert!(plan.taken.is_empty() && plan.unmet.is_empty());
}

#[test]
fn bad_numbers_are_named_before_anything_is_solved() {
    let base = || Allocation {
        supplies: vec![supply("river", 1.0)],
        demands: vec![demand("town", 1.0, 1)],
        conduits: vec![],
        links: vec![link(0, 0)],
    };
    let mut negative = base();
    negative.supplies[0].amount = -1.0;
    assert!(matches!(allocate(&negative), Err(PlanError::Number { what: "amount", .. })));
    let mut nothing_arrives = base();
    nothing_arrives.links[0].loss = 1.0;
    assert!(matches!(allocate(&nothing_arrives), Err(PlanError::Number { what: "loss", .. })));
    let mut nan = base();
    nan.demands[0].amount = f64::NAN;
    assert!(matches!(allocate(&nan), Err(PlanError::Number { what: "amount", .. })));
    let mut dangling = base();
    dangling.links[0].demand = 7;
    assert_eq!(allocate(&dangling), Err(PlanError::Dangling(0)));
}

#[test]
fn a_scarcity_is_spread_in_rounds_not_only_where_it_is_worst() {
    // `a` hangs on a dry spring and lacks 90 %. What `b` and `c` lack is theirs alone and is spread between them.
    let problem = Allocation {
        supplies: vec![supply("spring", 10.0), supply("river", 100.0)],
        demands: vec![demand("a", 100.0, 1), demand("b", 100.0, 1), demand("c", 100.0, 1)],
        conduits: vec![Conduit { key: "ditch".to_owned(), capacity: 0.0 }],
        links: vec![link(0, 0), Link { conduit: Some(0), ..link(1, 0) }, link(1, 1), Link { cost: 0.5, ..link(1, 2) }],
    };
    let plan = allocate(&problem).unwrap();
    assert!(near(plan.unmet[0], 90.0) && near(plan.unmet[1], 50.0) && near(plan.unmet[2], 50.0), "{plan:?}");
}

#[test]
fn what_would_help_is_what_is_used_up_where_something_lacks() {
    let problem = Allocation {
        supplies: vec![supply("river", 100.0), supply("lake", 30.0), supply("far", 10.0)],
        demands: vec![demand("town", 60.0, 1), demand("farm", 100.0, 2), demand("mill", 5.0, 1)],
        conduits: vec![Conduit { key: "canal".to_owned(), capacity: 40.0 }],
        links: vec![
            Link { conduit: Some(0), ..link(0, 0) },
            Link { conduit: Some(0), ..link(0, 1) },
            Link { loss: 0.2, ..link(1, 1) },
            link(2, 2),
        ],
    };
    let plan = allocate(&problem).unwrap();
    // The town gets all the canal carries, the farm what is left of the lake.
    assert!(near(plan.unmet[0], 20.0) && near(plan.unmet[1], 76.0), "{plan:?}");
    let helps = helps(&problem, &plan).unwrap();
    assert_eq!(helps.len(), 1, "{helps:?}");
    assert_eq!((helps[0].of, helps[0].tier), (Lever::Conduit(0), 1));
    assert!(near(helps[0].gain, 1.0), "{helps:?}");
}

#[test]
fn too_many_links_are_refused_before_anything_is_solved() {
    let links = vec![link(0, 0); 20_001];
    let problem = Allocation {
        supplies: vec![supply("river", 1.0)],
        demands: vec![demand("town", 1.0, 1)],
        conduits: vec![],
        links,
    };
    assert!(matches!(allocate(&problem), Err(PlanError::TooLarge { what: "links", given: 20_001, .. })));
}

/// The most that can flow from the supplies to some demands over links without losses, by augmenting paths: slow and plain.
fn most(problem: &Allocation, wanted: &dyn Fn(&Demand) -> bool) -> f64 {
    let mut left: Vec<f64> = problem.supplies.iter().map(|one| one.amount).collect();
    let mut lack: Vec<f64> = problem.demands.iter().map(|one| if wanted(one) { one.amount } else { 0.0 }).collect();
    let mut on = vec![0.0_f64; problem.links.len()];
    let room = |link: &Link| link.conduit.map_or(f64::INFINITY, |at| problem.conduits[at].capacity);
    let mut total = 0.0;
    'augment: loop {
        // Breadth first over supplies: forward over a link with room, back over a link that carries something.
        let mut from: Vec<Option<(usize, usize)>> = vec![None; problem.supplies.len()];
        let mut seen: Vec<bool> = left.iter().map(|one| *one > 0.0).collect();
        let mut open: Vec<usize> = (0..left.len()).filter(|at| seen[*at]).collect();
        while let Some(supply) = open.pop() {
            for (at, link) in problem.links.iter().enumerate().filter(|(_, one)| one.supply == supply) {
                if on[at] >= room(link) || !wanted(&problem.demands[link.demand]) {
                    continue;
                }
                if lack[link.demand] > 0.0 {
                    let mut path = vec![(at, true)];
                    let mut here = supply;
                    while let Some((forward, back)) = from[here] {
                        path.push((back, false));
                        path.push((forward, true));
                        here = problem.links[forward].supply;
                    }
                    let limit = |(at, is_forward): &(usize, bool)| {
                        if *is_forward { room(&problem.links[*at]) - on[*at] } else { on[*at] }
                    };
                    let amount = path.iter().map(limit).fold(lack[link.demand].min(left[here]), f64::min);
                    path.iter().for_each(|(at, is_forward)| on[*at] += if *is_forward { amount } else { -amount });
                    left[here] -= amount;
                    lack[link.demand] -= amount;
                    total += amount;
                    continue 'augment;
                }
                let carries = problem.links.iter().enumerate();
                for (other, back) in carries.filter(|(other, one)| one.demand == link.demand && on[*other] > 0.0) {
                    if !seen[back.supply] {
                        seen[back.supply] = true;
                        from[back.supply] = Some((at, other));
                        open.push(back.supply);
                    }
                }
            }
        }
        return total;
    }
}

fn problems(loss_max: u32) -> impl Strategy<Value = Allocation> {
    let supplies = prop::collection::vec(0u32..200, 1..5);
    let demands = prop::collection::vec((0u32..120, 1u32..4), 1..7);
    (supplies, demands).prop_flat_map(move |(supplies, demands)| {
        let ends: Vec<(usize, usize)> =
            (0..supplies.len()).flat_map(|s| (0..demands.len()).map(move |d| (s, d))).collect();
        let ends = prop::sample::subsequence(ends.clone(), 0..=ends.len());
        let worth = prop::collection::vec((0..=loss_max, 0u32..9, prop::option::of(0u32..80)), 24);
        (ends, worth).prop_map(move |(ends, worth)| Allocation {
            supplies: supplies.iter().map(|amount| supply("s", f64::from(*amount))).collect(),
            demands: demands.iter().map(|(amount, tier)| demand("d", f64::from(*amount), *tier)).collect(),
            conduits: worth
                .iter()
                .map(|(_, _, most)| Conduit { key: "c".to_owned(), capacity: f64::from(most.unwrap_or(10_000)) })
                .collect(),
            links: ends
                .iter()
                .zip(&worth)
                .enumerate()
                .map(|(at, ((supply, demand), (loss, cost, _)))| Link {
                    supply: *supply,
                    demand: *demand,
                    loss: f64::from(*loss) / 100.0,
                    cost: f64::from(*cost),
                    conduit: Some(at),
                })
                .collect(),
        })
    })
}

proptest! {
    /// Nothing is given beyond what there is, what a conduit carries, or what is asked for.
    #[test]
    fn every_limit_is_kept(problem in problems(50)) {
        let plan = allocate(&problem).unwrap();
        for (at, one) in problem.supplies.iter().enumerate() {
            let of = problem.links.iter().zip(&plan.taken).filter(|(link, _)| link.supply == at);
            prop_assert!(of.map(|(_, taken)| taken).sum::<f64>() <= one.amount + 1e-3);
        }
        for (link, taken) in problem.links.iter().zip(&plan.taken) {
            prop_assert!(*taken >= 0.0);
            prop_assert!(*taken <= problem.conduits[link.conduit.unwrap()].capacity + 1e-3);
        }
        for (at, one) in problem.demands.iter().enumerate() {
            let of = problem.links.iter().zip(&plan.taken).filter(|(link, _)| link.demand == at);
            let arrives: f64 = of.map(|(link, taken)| taken * (1.0 - link.loss)).sum();
            prop_assert!((arrives + plan.unmet[at] - one.amount).abs() < 1e-3);
        }
    }

    /// A less urgent tier never has what a more urgent one lacks and could get: what the tiers up to any one get together is
    /// the most that can be brought to them at all.
    #[test]
    fn no_tier_has_what_a_more_urgent_one_could_get(problem in problems(0)) {
        let plan = allocate(&problem).unwrap();
        for tier in 1..4 {
            let of = problem.demands.iter().zip(&plan.unmet).filter(|(one, _)| one.tier <= tier);
            let served: f64 = of.map(|(one, unmet)| one.amount - unmet).sum();
            let most = most(&problem, &|one| one.tier <= tier);
            prop_assert!((served - most).abs() < 1e-2, "tier {tier}: {served} of {most}: {plan:?}");
        }
    }

    /// More of a supply never serves the most urgent tier worse.
    #[test]
    fn more_supply_never_serves_the_first_tier_worse(problem in problems(50), more in 1u32..100) {
        let before = allocate(&problem).unwrap();
        let mut richer = problem.clone();
        richer.supplies[0].amount += f64::from(more);
        let after = allocate(&richer).unwrap();
        prop_assert!(after.unmet_by_tier[0].1 <= before.unmet_by_tier[0].1 + 1e-3);
    }

    /// The same rows give the same digits.
    #[test]
    fn the_same_problem_has_the_same_answer(problem in problems(50)) {
        prop_assert_eq!(allocate(&problem).unwrap(), allocate(&problem).unwrap());
    }
}

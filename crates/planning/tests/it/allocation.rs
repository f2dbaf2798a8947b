//! Allocation: tiers, fairness, cost, causes, bad numbers, and laws over random problems.

use ganglion_planning::{Allocation, Cause, Conduit, Demand, Link, PlanError, Supply, allocate};
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
    assert_eq!(plan.causes, vec![Some(Cause::Conduits), Some(Cause::NoLink)]);
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

fn problems() -> impl Strategy<Value = Allocation> {
    let supplies = prop::collection::vec(0u32..200, 1..5);
    let demands = prop::collection::vec((0u32..120, 1u32..4), 1..7);
    (supplies, demands).prop_flat_map(|(supplies, demands)| {
        let link = (0..supplies.len(), 0..demands.len(), 0u32..50, 0u32..9);
        prop::collection::vec(link, 0..20).prop_map(move |links| Allocation {
            supplies: supplies.iter().map(|amount| supply("s", f64::from(*amount))).collect(),
            demands: demands.iter().map(|(amount, tier)| demand("d", f64::from(*amount), *tier)).collect(),
            conduits: vec![],
            links: links
                .iter()
                .map(|(supply, demand, loss, cost)| Link {
                    supply: *supply,
                    demand: *demand,
                    loss: f64::from(*loss) / 100.0,
                    cost: f64::from(*cost),
                    conduit: None,
                })
                .collect(),
        })
    })
}

proptest! {
    /// Limits are checked inside `allocate`; here: it always comes to an answer, and more of a supply never serves the most
    /// urgent tier worse.
    #[test]
    fn more_supply_never_serves_the_first_tier_worse(problem in problems(), more in 1u32..100) {
        let before = allocate(&problem).unwrap();
        let mut richer = problem.clone();
        richer.supplies[0].amount += f64::from(more);
        let after = allocate(&richer).unwrap();
        prop_assert!(after.unmet_by_tier[0].1 <= before.unmet_by_tier[0].1 + 1e-3);
    }
}

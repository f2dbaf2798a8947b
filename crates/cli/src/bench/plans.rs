//! P14: a year of water for a city, 12 months × 17 counties × 3 sources × 4 uses, against HiGHS on the same model. HiGHS comes as a
//! Python package, so that no C++ is built into the program for the sake of a comparison; `cargo xtask bench` installs it.

use super::{Line, instant};
use anyhow::{Context as _, Result};
use ganglion_planning::{Allocated, Allocation, Conduit, Demand, Link, Supply, allocate};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Deserialize;
use std::io::Write as _;
use std::process::{Command, Stdio};

const MONTHS: usize = 12;
const COUNTIES: usize = 17;
const SOURCES: usize = 3;
const USES: usize = 4;
/// What the answers may differ by, and break a limit by: tiers as a part of what they ask for, demands and limits as a part of
/// themselves, the cost as a part of it. A millionth is below what is ever measured.
const ALIKE: f64 = 1e-6;
const SCRIPT: &str = include_str!("highs.py");

/// What HiGHS found.
#[derive(Deserialize)]
struct Found {
    seconds: f64,
    least: Vec<f64>,
    taken: Vec<f64>,
    unmet: Vec<f64>,
}

/// Two answers beside each other: ours first.
struct Beside {
    /// What each tier asks for, and what each answer leaves unmet of it.
    tiers: Vec<(f64, [f64; 2])>,
    /// How far the unmet shares of a demand are apart at most.
    shares: f64,
    cost: [f64; 2],
    /// By how much each answer breaks a limit at most, as a part of it.
    broken: [f64; 2],
}

/// A year of water: enough for towns and most of industry, too little for farms and rivers.
fn year() -> Allocation {
    let mut rng = SmallRng::seed_from_u64(14);
    let mut between = |low: f64, high: f64| (low + rng.random::<f64>() * (high - low)).round();
    let mut problem = Allocation::default();
    for month in 0..MONTHS {
        for source in 0..SOURCES {
            problem.supplies.push(Supply { key: format!("s{source}-{month}"), amount: between(9e6, 2.2e7) });
        }
        for county in 0..COUNTIES {
            let conduit = problem.conduits.len();
            for source in 0..SOURCES {
                let key = format!("s{source}-c{county}-{month}");
                problem.conduits.push(Conduit { key, capacity: between(2e5, 4e6) });
            }
            for of_use in 0..USES {
                let demand = problem.demands.len();
                let tier = u32::try_from(of_use).unwrap_or(0) + 1;
                let key = format!("c{county}-u{of_use}-{month}");
                problem.demands.push(Demand { key, amount: between(1e5, 1.8e6), tier });
                for source in 0..SOURCES {
                    problem.links.push(Link {
                        supply: month * SOURCES + source,
                        demand,
                        loss: between(2.0, 30.0) / 100.0,
                        cost: between(10.0, 90.0),
                        conduit: Some(conduit + source),
                    });
                }
            }
        }
    }
    problem
}

/// Measures.
///
/// # Errors
/// When the year cannot be solved.
pub fn measure(highs: Option<&str>) -> Result<Vec<Line>> {
    let problem = year();
    let start = instant();
    let solved = allocate(&problem)?;
    let ours = start.elapsed().as_secs_f64();
    let links = problem.links.len();
    let line = |baseline: String, value: Option<f64>, goal: &'static str, reached: bool| Line {
        id: "P14",
        what: format!("water for a year: {links} links, by tier, spread, cheapest"),
        measured: ours,
        unit: "s",
        baseline,
        baseline_value: value,
        ratio: value.map(|value| ours / value),
        goal,
        reached,
    };
    let mut lines = vec![line("none".to_owned(), None, "≤ 1 s", ours <= 1.0)];
    const SAME: &str = "same optimum as HiGHS";
    lines.push(match highs.map(|python| by_highs(python, &problem)).transpose() {
        Ok(Some(found)) => {
            let beside = Beside::of(&problem, &solved, &found);
            let baseline = format!("HiGHS, same steps, same pieces; {}", beside.told());
            line(baseline, Some(found.seconds), SAME, beside.is_alike())
        }
        Ok(None) => line("HiGHS: none was named".to_owned(), None, SAME, false),
        Err(error) => {
            crate::err(&format!("HiGHS could not be measured: {error:#}"));
            line("HiGHS: could not be measured".to_owned(), None, SAME, false)
        }
    });
    Ok(lines)
}

impl Beside {
    fn of(problem: &Allocation, ours: &Allocated, theirs: &Found) -> Beside {
        let asked = |tier: u32| problem.demands.iter().filter(|one| one.tier == tier).map(|one| one.amount).sum();
        let tiers = ours.unmet_by_tier.iter().zip(&theirs.least);
        let shares = problem.demands.iter().zip(&ours.unmet).zip(&theirs.unmet);
        let shares = shares.map(|((demand, a), b)| (a - b).abs() / demand.amount);
        let cost = |taken: &[f64]| problem.links.iter().zip(taken).map(|(link, taken)| link.cost * taken).sum();
        Beside {
            tiers: tiers.map(|((tier, a), b)| (asked(*tier), [*a, *b])).collect(),
            shares: shares.fold(0.0, f64::max),
            cost: [cost(&ours.taken), cost(&theirs.taken)],
            broken: [broken(problem, (&ours.taken, &ours.unmet)), broken(problem, (&theirs.taken, &theirs.unmet))],
        }
    }

    /// What one answer has more than the other, as a part of what there is.
    fn apart([a, b]: [f64; 2], of: f64) -> f64 {
        (a - b).abs() / of.abs().max(f64::MIN_POSITIVE)
    }

    fn is_alike(&self) -> bool {
        let tiers = self.tiers.iter().map(|(asked, unmet)| Beside::apart(*unmet, *asked));
        let [ours, theirs] = self.broken;
        let all = tiers.chain([self.shares, Beside::apart(self.cost, self.cost[0]), ours, theirs]);
        all.into_iter().all(|one| one <= ALIKE)
    }

    fn told(&self) -> String {
        let tiers: Vec<String> = self
            .tiers
            .iter()
            .enumerate()
            .map(|(nth, (asked, [a, b]))| {
                format!(
                    "tier {}: {a:.3} and {b:.3} unmet, apart by {:.1e} of it",
                    nth + 1,
                    Beside::apart([*a, *b], *asked)
                )
            })
            .collect();
        let ([a, b], [ours, theirs]) = (self.cost, self.broken);
        format!(
            "{}; unmet share of a demand apart by {:.1e} at most; cost {a:.0} and {b:.0}, apart by {:.1e}; limits broken by \
             {ours:.1e} and {theirs:.1e} at most",
            tiers.join(", "),
            self.shares,
            Beside::apart(self.cost, a)
        )
    }
}

/// By how much an answer breaks a limit at most, as a part of it: looked at here, whatever either solver says of itself.
fn broken(problem: &Allocation, (taken, unmet): (&[f64], &[f64])) -> f64 {
    let mut leaving: Vec<f64> = problem.supplies.iter().map(|one| -one.amount).collect();
    let mut through: Vec<f64> = problem.conduits.iter().map(|one| -one.capacity).collect();
    let mut lacking: Vec<f64> = problem.demands.iter().zip(unmet).map(|(one, unmet)| one.amount - unmet).collect();
    for (link, taken) in problem.links.iter().zip(taken) {
        leaving[link.supply] += taken;
        lacking[link.demand] -= taken * (1.0 - link.loss);
        if let Some(conduit) = link.conduit {
            through[conduit] += taken;
        }
    }
    let supplies = leaving.iter().zip(&problem.supplies).map(|(over, one)| over / one.amount);
    let conduits = through.iter().zip(&problem.conduits).map(|(over, one)| over / one.capacity);
    let demands = lacking.iter().zip(&problem.demands).map(|(off, one)| off.abs() / one.amount);
    let below = taken.iter().zip(&problem.links).map(|(taken, link)| -taken / problem.demands[link.demand].amount);
    let unmet =
        unmet.iter().zip(&problem.demands).flat_map(|(unmet, one)| [-unmet / one.amount, unmet / one.amount - 1.0]);
    supplies.chain(conduits).chain(demands).chain(below).chain(unmet).fold(0.0, f64::max)
}

fn by_highs(python: &str, problem: &Allocation) -> Result<Found> {
    let input = serde_json::json!({
        "supplies": problem.supplies.iter().map(|one| one.amount).collect::<Vec<_>>(),
        "demands": problem.demands.iter().map(|one| (one.amount, one.tier)).collect::<Vec<_>>(),
        "conduits": problem.conduits.iter().map(|one| one.capacity).collect::<Vec<_>>(),
        "links": problem
            .links
            .iter()
            .map(|one| (one.supply, one.demand, one.loss, one.cost, one.conduit))
            .collect::<Vec<_>>(),
    });
    let mut script = tempfile::NamedTempFile::new()?;
    script.write_all(SCRIPT.as_bytes())?;
    let started = Command::new(python).arg(script.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = started.with_context(|| format!("starting {python}"))?;
    let mut stdin = child.stdin.take().context("no input")?;
    stdin.write_all(input.to_string().as_bytes())?;
    drop(stdin);
    let out = child.wait_with_output()?;
    anyhow::ensure!(out.status.success(), "{python} ended with {}", out.status);
    let text = String::from_utf8_lossy(&out.stdout);
    serde_json::from_str(text.lines().last().unwrap_or_default()).context("reading what HiGHS found")
}

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
/// What the answers may differ by, of the largest of what is compared.
const ALIKE: f64 = 1e-4;
const SCRIPT: &str = include_str!("highs.py");

/// What HiGHS found.
#[derive(Deserialize)]
struct Found {
    seconds: f64,
    unmet: Vec<f64>,
    shares: Vec<f64>,
    cost: f64,
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
            let [tiers, shares, cost] = apart(&problem, &solved, &found);
            let baseline = format!(
                "HiGHS, same steps, warm; apart at most: unmet of a tier {tiers:.1e}, unmet share of a demand {shares:.1e}, \
                 cost {cost:.1e}"
            );
            line(baseline, Some(found.seconds), SAME, [tiers, shares, cost].into_iter().all(|one| one <= ALIKE))
        }
        Ok(None) => line("HiGHS: none was named".to_owned(), None, SAME, false),
        Err(error) => {
            crate::err(&format!("HiGHS could not be measured: {error:#}"));
            line("HiGHS: could not be measured".to_owned(), None, SAME, false)
        }
    });
    Ok(lines)
}

/// How far the answers are apart at most: in what tiers leave unmet, in the unmet share of a demand, in the cost.
fn apart(problem: &Allocation, ours: &Allocated, theirs: &Found) -> [f64; 3] {
    let relative = |a: f64, b: f64| (a - b).abs() / a.abs().max(b.abs()).max(1.0);
    let tiers = ours.unmet_by_tier.iter().zip(&theirs.unmet).map(|((_, a), b)| relative(*a, *b));
    let shares = problem.demands.iter().zip(&ours.unmet).zip(&theirs.shares);
    let shares = shares.map(|((demand, unmet), share)| (unmet / demand.amount - share).abs());
    [tiers.fold(0.0, f64::max), shares.fold(0.0, f64::max), relative(ours.cost, theirs.cost)]
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

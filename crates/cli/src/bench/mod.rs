//! `ganglion bench`: each figure beside a baseline measured in the same run. What counts is the ratio.

mod figures;
mod filled;
mod import;
mod letters;
mod loops;
mod pages;
mod plans;
mod points;
mod postgres;
mod readings;
mod replay;
mod search;
mod starting;
mod suggest;

use crate::city::home;
use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `ganglion bench`.
#[derive(Args)]
#[command(after_help = "Example: ganglion bench --only P2,P4 --json target/bench.json")]
pub struct BenchArgs {
    /// Only these, such as `P2,P4`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Writes the results here as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Seconds of each load.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Cases loaded before figures (P5, P8), pages (P6), search (P7, P18), suggestions (suggest), replay (P12), start, memory and disk (P9, P10, P15) are measured.
    #[arg(long, default_value_t = 1_000_000)]
    cases: usize,
    /// Measure on this folder instead, loaded before with `ganglion demo --cases N --data DIR`.
    #[arg(long)]
    loaded: Option<PathBuf>,
    /// Clients of the loop.
    #[arg(long, default_value_t = 32)]
    clients: u32,
    /// Connection string of a PostgreSQL with PostGIS for the baseline of P4; without it the baseline is an R-tree.
    #[arg(long, env = "GANGLION_BENCH_POSTGIS")]
    postgis: Option<String>,
    /// A Python that has the package `highspy`, for the baseline of P14.
    #[arg(long, env = "GANGLION_BENCH_HIGHS")]
    highs: Option<String>,
    /// Folder that holds `data/` and `packs/`.
    #[arg(long)]
    home: Option<PathBuf>,
}

/// One result.
#[derive(Serialize)]
pub struct Line {
    /// Which goal.
    pub id: &'static str,
    /// What was measured.
    pub what: String,
    /// Measured.
    pub measured: f64,
    /// Unit of both figures.
    pub unit: &'static str,
    /// What the baseline is.
    pub baseline: String,
    /// Baseline in the same unit.
    pub baseline_value: Option<f64>,
    /// Measured over baseline.
    pub ratio: Option<f64>,
    /// The goal in words.
    pub goal: &'static str,
    /// Whether it was reached.
    pub reached: bool,
}

/// Runs what was asked for and prints a table.
///
/// # Errors
/// When an installation cannot be prepared.
pub fn run(args: &BenchArgs) -> Result<ExitCode> {
    const KNOWN: [&str; 18] = [
        "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P13", "P14", "P15", "P18", "P20",
        "suggest",
    ];
    if let Some(unknown) = args.only.iter().find(|id| !KNOWN.contains(&id.as_str())) {
        bail!("{unknown} is not measured by this command; it knows {}", KNOWN.join(", "));
    }
    let wanted = |id: &str| args.only.is_empty() || args.only.iter().any(|one| one == id);
    let home = home(args.home.as_deref());
    let mut lines = Vec::new();
    if wanted("P4") {
        lines.extend(points::measure(&home, args.postgis.as_deref())?);
    }
    if wanted("P1") {
        lines.extend(postgres::measure(&home, args.clients, args.seconds)?);
    }
    if wanted("P2") || wanted("P3") {
        lines.extend(loops::measure(&home, (args.clients, args.seconds), args.loaded.as_deref())?);
    }
    if wanted("P5") || wanted("P8") {
        lines.extend(figures::measure(&home, args.cases, args.loaded.as_deref())?);
    }
    if ["P6", "P7", "P12", "P18", "suggest"].into_iter().any(wanted) {
        let filled = filled::filled(&home, args.cases, args.loaded.as_deref())?;
        if wanted("P6") {
            lines.extend(pages::measure(&home, &filled)?);
        }
        if wanted("suggest") {
            lines.extend(suggest::measure(&filled)?);
        }
        if wanted("P7") || wanted("P18") {
            lines.extend(search::measure(&filled)?);
        }
        if wanted("P12") {
            lines.push(replay::measure(&home, &filled.ground.data)?);
        }
    }
    if ["P9", "P10", "P15"].into_iter().any(wanted) {
        lines.extend(starting::measure(&home, args.cases, args.loaded.as_deref())?);
    }
    if wanted("P11") {
        lines.push(letters::measure(&home)?);
    }
    if wanted("P13") {
        lines.push(import::measure(&home)?);
    }
    if wanted("P14") {
        lines.extend(plans::measure(args.highs.as_deref())?);
    }
    if wanted("P20") {
        lines.push(readings::measure()?);
    }
    print(&lines);
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_vec_pretty(&lines)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(lines: &[Line]) {
    crate::out(&format!("{:<4} {:<58} {:>12} {:>12} {:>8}  {}", "", "what", "measured", "baseline", "ratio", "goal"));
    for line in lines {
        let baseline = line.baseline_value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
        let ratio = line.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        let mark = if line.reached { "reached" } else { "NOT reached" };
        crate::out(&format!(
            "{:<4} {:<58} {:>12.1} {:>12} {:>8}  {} ({mark}; {}; baseline: {})",
            line.id, line.what, line.measured, baseline, ratio, line.goal, line.unit, line.baseline
        ));
    }
}

/// Now, for measuring.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn instant() -> std::time::Instant {
    std::time::Instant::now()
}

//! `cargo xtask test`: every step in order, one line each, one summary line at the end, and no process left behind.
//!
//! The steps are in `steps.rs`; here is only how they are chosen, shown and summed.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::counts::Counts;
use crate::setup::{self, Scope};
use crate::shell;
use crate::steps::{STEPS, Verdict};

/// How much of a failed step's log is shown at once; all of it stays in the file.
const SHOWN_LOG_LINES: usize = 60;

/// Which steps to run.
#[derive(clap::Args)]
pub struct Options {
    /// Steps to run, separated by commas: fmt, tidy, generate, ui, lint, unit, postgres, doc, packs, e2e, tree [default: all].
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// Sets up, runs the chosen steps to the end whatever fails, and fails when any of them did.
pub fn run(options: &Options) -> ExitCode {
    match steps_failed(options) {
        Ok(failed) if failed.is_empty() => ExitCode::SUCCESS,
        // The summary is the last line, so the failure is told by the status alone.
        Ok(_) => ExitCode::FAILURE,
        Err(error) => shell::exit_code(Err(error)),
    }
}

/// Runs the steps and returns the names of those that failed.
fn steps_failed(options: &Options) -> Result<Vec<&'static str>> {
    if let Some(unknown) = options.only.iter().find(|name| STEPS.iter().all(|step| step.name != name.as_str())) {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        bail!("no step is called {unknown:?}; there are {}", known.join(", "));
    }
    shell::end_children_on_signal()?;
    let chosen =
        || STEPS.iter().filter(|step| options.only.is_empty() || options.only.iter().any(|name| name == step.name));
    if chosen().any(|step| step.needs_setup) {
        setup::steps(Scope::Everything)?;
    }
    let started = Instant::now();
    let mut sum = Counts::default();
    let mut failed_steps = Vec::new();
    for step in chosen() {
        shell::say_start(&format!("{:9} {}", step.name, step.title));
        let step_started = Instant::now();
        let verdict = (step.run)().unwrap_or_else(|error| Verdict::failed(format!("{error:#}")));
        show(&verdict, step_started.elapsed().as_secs_f64());
        if !verdict.success {
            failed_steps.push(step.name);
        }
        sum = sum.plus(verdict.summed());
    }
    crate::postgres::end();
    let left_over = shell::end_leftovers();
    if left_over > 0 {
        println!("ended {left_over} processes that a step had left behind");
    }
    if !failed_steps.is_empty() {
        println!("failed steps: {}", failed_steps.join(", "));
    }
    println!("took {:.0} s", started.elapsed().as_secs_f64());
    println!("{} passed, {} failed", sum.passed, sum.failed);
    Ok(failed_steps)
}

fn show(verdict: &Verdict, seconds: f64) {
    let word = if verdict.success { "ok" } else { "FAILED" };
    println!("{word} ({seconds:.1} s){}", verdict.counted_text());
    if !verdict.success {
        for line in shell::tail(&verdict.details, SHOWN_LOG_LINES).lines() {
            println!("    {line}");
        }
    }
}

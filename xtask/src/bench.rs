//! `cargo xtask bench`: the only task that builds a release binary; `ganglion bench` does the measuring.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::shell;

/// HiGHS as a Python package, at the version the figures in docs/benchmarks.md were measured with.
const HIGHS: &str = "highspy==1.16.0";

/// What to measure and where to put it.
#[derive(clap::Args)]
pub struct Options {
    /// Benchmarks to run, separated by commas [default: all].
    #[arg(long)]
    only: Option<String>,
    /// File for the results as JSON, beside the table on the terminal.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Further arguments for `ganglion bench`, after `--`.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Builds the release binary and becomes it.
pub fn run(options: &Options) -> Result<()> {
    println!("bench: building the release binary (the first time takes many minutes)");
    if !shell::run_shown(shell::cargo(&["build", "--release", "--package", "ganglion-cli"]))?.success() {
        bail!("the build failed; cargo's messages are above");
    }
    let binary = shell::ganglion_binary("release");
    let mut bench = shell::command(&binary.to_string_lossy(), &["bench"]);
    if let Some(only) = &options.only {
        bench.args(["--only", only]);
    }
    if let Some(file) = &options.json {
        bench.arg("--json").arg(std::path::absolute(file).context("reading the file given with --json")?);
    }
    if options.only.as_ref().is_none_or(|only| only.split(',').any(|id| id == "P14")) {
        match highs() {
            Ok(python) => drop(bench.arg("--highs").arg(python)),
            Err(error) => println!("bench: P14 goes without HiGHS: {error:#}"),
        }
    }
    bench.args(&options.rest);
    Err(bench.exec()).with_context(|| format!("starting {}", binary.display()))
}

/// A Python with HiGHS, made under `target/` the first time.
fn highs() -> Result<PathBuf> {
    let folder = shell::target_folder().join("bench-highs");
    let python = folder.join("bin/python");
    let has = |python: &PathBuf| {
        let mut asked = shell::command(&python.to_string_lossy(), &["-c", "import highspy"]);
        asked.output().is_ok_and(|out| out.status.success())
    };
    if has(&python) {
        return Ok(python);
    }
    println!("bench: installing {HIGHS} for the baseline of P14");
    if !shell::run_shown(shell::command("python3", &["-m", "venv", &folder.to_string_lossy()]))?.success() {
        bail!("python3 with venv is needed");
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", HIGHS];
    if !shell::run_shown(shell::command(&python.to_string_lossy(), &pip))?.success() {
        bail!("pip could not install {HIGHS}");
    }
    Ok(python)
}

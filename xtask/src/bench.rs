//! `cargo xtask bench`: the only task that builds a release binary; `ganglion bench` does the measuring.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::shell;

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
    bench.args(&options.rest);
    Err(bench.exec()).with_context(|| format!("starting {}", binary.display()))
}

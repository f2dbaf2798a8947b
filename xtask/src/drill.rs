//! `cargo xtask drill`: breaking the program on purpose, with the same binary the demonstration runs.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::shell;

/// Which drill.
#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    drill: Drill,
}

#[derive(Subcommand)]
enum Drill {
    /// kill -9 at random moments under load; ends with one line: kills, acknowledged, lost, doubled, figures equal.
    Kill {
        /// How often to kill.
        #[arg(long, default_value_t = 20)]
        runs: u32,
        /// Further arguments for `ganglion drill kill`, after `--`.
        #[arg(last = true)]
        rest: Vec<String>,
    },
}

/// Builds the binary and becomes it.
pub fn run(options: &Options) -> Result<()> {
    if !shell::run_shown(shell::cargo(&["build", "--package", "ganglion-cli"]))?.success() {
        bail!("the build failed; cargo's messages are above");
    }
    let binary = shell::ganglion_binary("debug");
    let mut drill = shell::command(&binary.to_string_lossy(), &["drill"]);
    match &options.drill {
        Drill::Kill { runs, rest } => drill.args(["kill", "--runs", &runs.to_string()]).args(rest),
    };
    Err(drill.exec()).with_context(|| format!("starting {}", binary.display()))
}

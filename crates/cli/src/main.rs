//! The `ganglion` binary: the only reader of arguments, environment and configuration. One file a command.

mod bench;
mod city;
mod commands;
mod demo;
mod load;
mod scenario;
mod server;
mod system;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Rows are many small texts: this allocator takes a fifth off every step, measured on the demonstration's history.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One program for grassroots governance: reports, grids, clocks, figures, declared in packs.
#[derive(Parser)]
#[command(name = "ganglion", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Opens a demonstration city that is alive.
    Demo(commands::demo::DemoArgs),
    /// Runs an installation.
    Serve(commands::serve::ServeArgs),
    /// Fills an empty installation with places.
    Import(commands::import::ImportArgs),
    /// Makes the first accounts.
    Account(commands::account::AccountArgs),
    /// Freezes figures for publication and works them out again.
    Figure(commands::figure::FigureArgs),
    /// Checks packs and runs their scenarios.
    Pack(commands::pack::PackArgs),
    /// Measures speed beside baselines of the same run.
    Bench(bench::BenchArgs),
    /// Breaks the server on purpose and counts what was lost.
    Drill(commands::drill::DrillArgs),
}

/// Prints a result; what is printed is what other programs read.
pub fn out(line: &str) {
    use std::io::Write as _;
    // A reader that went away does not stop the work.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
    let _ = std::io::stdout().flush();
}

/// Prints progress or a complaint.
pub fn err(line: &str) {
    use std::io::Write as _;
    // A reader that went away does not stop the work.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Log lines go to standard error; `GANGLION_LOG` sets what is told, `GANGLION_LOG_JSON` turns them into JSON.
#[expect(clippy::disallowed_methods, reason = "this binary is the one reader of the environment")]
fn logs() {
    let filter = std::env::var("GANGLION_LOG").unwrap_or_else(|_| "warn,ganglion=info".to_owned());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("GANGLION_LOG_JSON").is_ok() {
        builder.json().init();
    } else {
        builder.init();
    }
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    logs();
    let result = match command {
        Command::Demo(args) => commands::demo::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Import(args) => commands::import::run(&args),
        Command::Account(args) => commands::account::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Drill(args) => commands::drill::run(&args),
        Command::Figure(args) => commands::figure::run(&args),
        Command::Pack(args) => commands::pack::run(&args),
    };
    result.unwrap_or_else(|error| {
        err(&format!("ganglion: {error:#}"));
        ExitCode::FAILURE
    })
}

//! The `ganglion` binary: the only reader of arguments, environment and configuration. One file a command.

mod backup;
mod bench;
mod city;
mod commands;
mod database;
mod demo;
mod deploy_tests;
mod doctor;
mod keys;
mod load;
mod log;
mod scenario;
mod server;
mod sms;
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
    Serve(Box<commands::serve::ServeArgs>),
    /// Fills an empty installation with places.
    Import(commands::import::ImportArgs),
    /// Makes the tables of a PostgreSQL, or brings them up to date; servers do it too when they start.
    Migrate(commands::migrate::MigrateArgs),
    /// Copies an installation from its SQLite file into a PostgreSQL and proves that nothing is missing.
    Move(commands::moving::MoveArgs),
    /// Makes the first accounts.
    Account(commands::account::AccountArgs),
    /// Looks after the keys that wrap row keys.
    Keys(commands::keys::KeysArgs),
    /// Counts and erases personal values whose time is over.
    Retention(commands::retention::RetentionArgs),
    /// Freezes figures for publication and works them out again.
    Figure(commands::figure::FigureArgs),
    /// Makes the words anew that cases and registers are searched by.
    Search(commands::search::SearchArgs),
    /// Writes the open data of a year: public figures, registers and cases as CSV, with a catalogue.
    OpenData(commands::open_data::OpenDataArgs),
    /// Writes places for other software.
    Places(commands::places::PlacesArgs),
    /// Checks the public log of the journal, offline: copies, proofs, witnesses.
    Proof(commands::proof::ProofArgs),
    /// Prints who may do what, and why somebody may or may not.
    Policy(commands::policy::PolicyArgs),
    /// Checks packs and runs their scenarios.
    Pack(commands::pack::PackArgs),
    /// Copies an installation into one file while it runs.
    Backup(commands::backup::BackupArgs),
    /// Brings an installation back from a backup and proves it.
    Restore(commands::backup::RestoreArgs),
    /// Copies the SQLite file with every journal line and case packed, or plain for other programs.
    Rewrite(commands::rewrite::RewriteArgs),
    /// Examines an installation and says what to do.
    Doctor(commands::doctor::DoctorArgs),
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

fn main() -> ExitCode {
    let command = Cli::parse().command;
    if let Err(error) = log::start() {
        err(&format!("ganglion: log lines cannot be written: {error}"));
    }
    let result = match command {
        Command::Demo(args) => commands::demo::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Migrate(args) => commands::migrate::run(&args),
        Command::Move(args) => commands::moving::run(&args),
        Command::Import(args) => commands::import::run(&args),
        Command::Account(args) => commands::account::run(&args),
        Command::Backup(args) => commands::backup::back_up(&args),
        Command::Restore(args) => commands::backup::bring_back(&args),
        Command::Rewrite(args) => commands::rewrite::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Drill(args) => commands::drill::run(&args),
        Command::Keys(args) => commands::keys::run(&args),
        Command::Retention(args) => commands::retention::run(&args),
        Command::Figure(args) => commands::figure::run(&args),
        Command::Search(args) => commands::search::run(&args),
        Command::OpenData(args) => commands::open_data::run(&args),
        Command::Places(args) => commands::places::run(&args),
        Command::Proof(args) => commands::proof::run(&args),
        Command::Policy(args) => commands::policy::run(&args),
        Command::Pack(args) => commands::pack::run(&args),
    };
    log::finish();
    result.unwrap_or_else(|error| {
        err(&format!("ganglion: {error:#}"));
        ExitCode::FAILURE
    })
}

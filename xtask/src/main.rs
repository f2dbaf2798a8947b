//! `cargo xtask <task>`: everything a developer or the CI does with this repository, in one place.
//!
//! A task here may call cargo, npm, apt and the built `ganglion` binary; it holds no product code and nothing of the
//! product depends on it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a development tool talks to the terminal, reads the environment and meters its own steps"
)]

mod bench;
mod counts;
mod demo;
mod drill;
mod generate;
mod linked;
mod postgres;
mod setup;
mod shell;
mod stamp;
mod steps;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The tasks of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", version, about = "Set up, run, test and measure Ganglion from a clean checkout.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing on this machine (browser, fonts, test runner, npm packages) and build the islands.
    Setup,
    /// Build, then run the demonstration city. Example: cargo xtask demo --port 8080 --seed 1 --no-browser
    Demo(demo::Options),
    /// Run every check and test, and end with one line. Example: cargo xtask test --only lint,unit
    Test(test::Options),
    /// Measure against the baselines. Example: cargo xtask bench --only P2,P4 --json target/bench.json
    Bench(bench::Options),
    /// Break it on purpose. Example: cargo xtask drill kill --runs 200
    Drill(drill::Options),
    /// Our own rules about the sources. Example: cargo xtask tidy
    Tidy,
    /// Rewrite generated files. Example: cargo xtask generate --check
    Generate(generate::Options),
    /// Open a browser once an address answers; `demo` starts this beside the server.
    #[command(hide = true)]
    OpenWhenReady {
        /// Port on the loopback address.
        port: u16,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Setup => setup::run(setup::Scope::Everything),
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => return test::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Drill(options) => drill::run(&options),
        Task::Tidy => tidy::run(),
        Task::Generate(options) => generate::run(&options),
        Task::OpenWhenReady { port } => demo::open_when_ready(port),
    };
    shell::exit_code(outcome)
}

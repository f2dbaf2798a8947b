//! `cargo xtask drill`: breaking the program on purpose, with the same binary the demonstration runs.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::shell;
use crate::tools::{self, Installer};

/// Room of the file system that is filled: an installation without cases and what a few minutes of load write.
const SMALL_DISK: &str = "size=512m";

/// Which drill.
#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    drill: Drill,
}

#[derive(Subcommand)]
enum Drill {
    /// kill -9 at random moments under load; ends with one line: kills, acknowledged, lost, doubled, figures equal.
    Kill(Arguments),
    /// Three PostgreSQL nodes under Patroni (installed if need be); the one that writes is struck down under load.
    Failover(Arguments),
    /// The disk fills up under load and becomes free again: a small file system where one can be mounted, else a limit of pages.
    DiskFull(Arguments),
    /// Ten times as many clients as the server can serve.
    Overload(Arguments),
    /// A backup made under load and brought back elsewhere.
    Restore(Arguments),
}

/// What is handed on to `ganglion drill`.
#[derive(clap::Args)]
struct Arguments {
    /// How often [default: that of the drill].
    #[arg(long)]
    runs: Option<u32>,
    /// File for the figures as JSON, beside the line on the terminal.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Further arguments for the drill, after `--`.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Builds the binary and runs the drill.
pub fn run(options: &Options) -> Result<()> {
    if !shell::run_shown(shell::cargo(&["build", "--package", "ganglion-cli"]))?.success() {
        bail!("the build failed; cargo's messages are above");
    }
    let ended = match &options.drill {
        Drill::Kill(arguments) => drill("kill", arguments, &[])?,
        Drill::Failover(arguments) => {
            patroni()?;
            drill("failover", arguments, &[])?
        }
        Drill::DiskFull(arguments) => disk_full(arguments)?,
        Drill::Overload(arguments) => drill("overload", arguments, &[])?,
        Drill::Restore(arguments) => drill("restore", arguments, &[])?,
    };
    if !ended.success() {
        bail!("a promise was not kept: the line above says which");
    }
    Ok(())
}

fn drill(name: &str, arguments: &Arguments, more: &[&str]) -> Result<ExitStatus> {
    let binary = shell::ganglion_binary("debug");
    let mut drill = shell::command(&binary.to_string_lossy(), &["drill", name]);
    if let Some(runs) = arguments.runs {
        drill.args(["--runs", &runs.to_string()]);
    }
    if let Some(file) = &arguments.json {
        drill.arg("--json").arg(std::path::absolute(file).context("reading the file given with --json")?);
    }
    drill.args(more).args(&arguments.rest);
    shell::run_shown(drill)
}

/// Patroni and etcd are wanted by this drill alone, so they come with it and not with the set-up.
fn patroni() -> Result<()> {
    if ["patroni", "etcd"].into_iter().all(shell::is_on_path) && ganglion_cluster::is_installed() {
        return Ok(());
    }
    let mut packages = vec!["postgresql"];
    packages.extend(ganglion_cluster::ENSEMBLE_PACKAGES);
    let wanted = packages.join(" ");
    println!("drill: installing {wanted}");
    let installer = tools::installer();
    if installer == Installer::Unavailable || !tools::apt_install(installer, &packages)? {
        bail!("missing: {wanted}; apt-get install {wanted}");
    }
    Ok(())
}

/// On a small file system of its own, where this user may mount one.
fn disk_full(arguments: &Arguments) -> Result<ExitStatus> {
    let folder = shell::target_folder().join("drill-disk");
    let path = folder.to_string_lossy().into_owned();
    if arguments.rest.iter().any(|word| word == "--on") || !mounted(&folder, &path) {
        return drill("disk-full", arguments, &[]);
    }
    let ended = drill("disk-full", arguments, &["--on", &path]);
    if !shell::succeeds("umount", &[&path]) {
        println!("drill: {path} is still mounted; umount it");
    }
    ended
}

fn mounted(folder: &Path, path: &str) -> bool {
    let is_made = std::fs::create_dir_all(folder).is_ok();
    let words = ["-t", "tmpfs", "-o", SMALL_DISK, "ganglion-drill", path];
    is_made && tools::installer() == Installer::Root && shell::succeeds("mount", &words)
}

//! `cargo xtask demo`: from a clean checkout to the demonstration city in a browser.
//!
//! It sets up and builds, then becomes the server: signals go straight to `ganglion`, which prints `ready …` itself and
//! stops cleanly on SIGTERM. What happens in the city is not decided here.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::{CommandExt, parent_id};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::setup::{self, Scope};
use crate::shell;

/// How long the browser waits for the server's first answer: the first start builds a year of history.
const BROWSER_WAIT_SECONDS_MAX: u32 = 180;

/// Options of the demonstration; all but the browser's are handed to `ganglion demo`.
#[derive(clap::Args)]
pub struct Options {
    /// Port on the loopback address.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Folder of the demonstration's database and files [default: .demo in the repository].
    #[arg(long)]
    data: Option<PathBuf>,
    /// Seed of the synthetic history and of the day that goes on.
    #[arg(long)]
    seed: Option<u64>,
    /// How many times faster than real time the simulated day runs.
    #[arg(long)]
    speed: Option<f64>,
    /// Do not open a browser.
    #[arg(long)]
    no_browser: bool,
    /// Further arguments for `ganglion demo`, after `--`.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Sets up, builds, and turns this process into the server. Returns only when that is not possible.
pub fn run(options: &Options) -> Result<()> {
    let data = match &options.data {
        Some(folder) => std::path::absolute(folder).context("reading the folder given with --data")?,
        None => shell::repository_root().join(".demo"),
    };
    setup::steps(Scope::Screens)?;
    println!("demo: building ganglion (the first time takes some minutes)");
    if !shell::run_shown(shell::cargo(&["build", "--package", "ganglion-cli"]))?.success() {
        bail!("the build failed; cargo's messages are above");
    }
    if !options.no_browser && std::env::var_os("DISPLAY").is_some() {
        let program = std::env::current_exe().context("finding this program")?;
        let mut opener = std::process::Command::new(program);
        opener.args(["open-when-ready", &options.port.to_string()]).spawn().context("starting the browser's helper")?;
    }
    let binary = shell::ganglion_binary("debug");
    let mut server = shell::command(&binary.to_string_lossy(), &["demo"]);
    server.arg("--port").arg(options.port.to_string()).arg("--data").arg(data);
    if let Some(seed) = options.seed {
        server.arg("--seed").arg(seed.to_string());
    }
    if let Some(speed) = options.speed {
        server.arg("--speed").arg(speed.to_string());
    }
    server.args(&options.rest);
    Err(server.exec()).with_context(|| format!("starting {}", binary.display()))
}

/// Opens the browser when the server answers; gives up when the server is gone or takes too long.
pub fn open_when_ready(port: u16) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let server = parent_id();
    for _ in 0..BROWSER_WAIT_SECONDS_MAX {
        if parent_id() != server {
            return Ok(());
        }
        if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
            shell::succeeds("xdg-open", &[&format!("http://127.0.0.1:{port}/")]);
            return Ok(());
        }
        // A refused connection answers at once, so the pace has to come from here.
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

//! A PostgreSQL that is thrown away: made in a temporary folder on a free port, gone with its handle, or with the program
//! that holds it however that ends. For tests, drills and benchmarks; nothing that serves people depends on it.
//!
//! Tests take a [`Database`] of their own each, copied from a template. They share one server: the one named by
//! `GANGLION_TEST_POSTGRES`, or one that the first of them starts and that ends some seconds after the last.

mod database;
mod ensemble;
mod guard;
mod program;
mod shared;

pub use database::{Database, run_sql};
pub use ensemble::{ENSEMBLE_PACKAGES, Ensemble};
pub use shared::{SERVER_VARIABLE, fresh, is_there};

use program::Program;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// PostgreSQL is not installed.
    #[error(
        "PostgreSQL is not installed here (looked in /usr/lib/postgresql and on the path): apt-get install postgresql"
    )]
    NotInstalled,
    /// A program of it failed.
    #[error("{what}: {reason}")]
    Failed {
        /// What was attempted.
        what: &'static str,
        /// What was said.
        reason: String,
    },
}

impl ClusterError {
    fn io(what: &'static str) -> impl Fn(std::io::Error) -> ClusterError {
        move |error| ClusterError::Failed { what, reason: error.to_string() }
    }
}

/// How much a cluster takes care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Waits for the disk as a server in service does.
    Durable,
    /// Waits for nothing: a crash of the machine may lose it, and nobody will mind.
    Hasty,
}

/// Whether PostgreSQL's programs are here.
#[must_use]
pub fn is_installed() -> bool {
    Program::find().is_ok()
}

/// A running server with a folder of its own.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    guard: Option<Child>,
}

impl Cluster {
    /// Makes a cluster and waits until it answers.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn start(care: Care) -> Result<Cluster, ClusterError> {
        let program = Program::find()?;
        let folder = program.temporary_folder()?;
        let started = Cluster::in_folder(&program, &folder, care);
        if started.is_err() {
            // What is left of it says why; the folder is nothing anybody would look for.
            let _ = fs::remove_dir_all(&folder);
        }
        started
    }

    fn in_folder(program: &Program, folder: &Path, care: Care) -> Result<Cluster, ClusterError> {
        program.initdb(folder)?;
        // Another program may take the port in between; then another one is tried.
        let mut tries = 3;
        loop {
            let port = free_port()?;
            let mut guard = guard::start(program, folder, (port, care), guard::Until::ParentEnds)?;
            match ready(&mut guard) {
                Ok(()) => return Ok(Cluster { folder: folder.to_owned(), port, guard: Some(guard) }),
                Err(error) if tries <= 1 => return Err(error),
                Err(_) => tries -= 1,
            }
        }
    }

    /// The address of one of its databases; `postgres` is always there.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        url(self.port, database)
    }

    /// Makes a database whose rows lie in a folder elsewhere, which belongs to PostgreSQL from then on: for what happens when there is no
    /// more room for them.
    ///
    /// # Errors
    /// When the folder cannot be given away or reached.
    pub fn database_in(&self, name: &str, folder: &Path) -> Result<(), ClusterError> {
        Program::find()?.give(folder)?;
        let space = format!("CREATE TABLESPACE \"{name}\" LOCATION '{}'", folder.display());
        run_sql(&self.url("postgres"), &space)?;
        run_sql(&self.url("postgres"), &format!("CREATE DATABASE \"{name}\" TABLESPACE \"{name}\"")).map(drop)
    }

    /// One of PostgreSQL's own programs, such as `pgbench`.
    ///
    /// # Errors
    /// When PostgreSQL is not installed any more.
    pub fn command(&self, program: &str) -> Result<Command, ClusterError> {
        Ok(Program::find()?.command(program))
    }

    /// What the server wrote to its log.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            // The guard ends the server when nobody holds its input any more, and removes the folder.
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://ganglion@127.0.0.1:{port}/{database}")
}

fn free_port() -> Result<u16, ClusterError> {
    free_ports().map(|[port]| port)
}

/// Ports that are free and differ.
fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT], ClusterError> {
    let what = "looking for a free port";
    let mut held = Vec::with_capacity(COUNT);
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(ClusterError::io(what))?;
        *port = listener.local_addr().map_err(ClusterError::io(what))?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Waits for the word of the guard that the server answers.
fn ready(guard: &mut Child) -> Result<(), ClusterError> {
    let what = "starting PostgreSQL";
    let mut line = String::new();
    if let Some(out) = guard.stdout.take() {
        BufReader::new(out).read_line(&mut line).map_err(ClusterError::io(what))?;
    }
    if line.trim() == "ready" {
        return Ok(());
    }
    let _ = guard.wait();
    Err(ClusterError::Failed { what, reason: line.trim().to_owned() })
}

/// No input and no output: for programs whose answer is their status.
fn quiet() -> [Stdio; 3] {
    [Stdio::null(), Stdio::null(), Stdio::piped()]
}

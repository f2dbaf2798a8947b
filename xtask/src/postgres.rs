//! The PostgreSQL of a test run: one throw-away cluster on a free port, started by the first step that needs it, gone at the
//! end of the run and whenever this program ends.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use ganglion_cluster::{Care, Cluster, SERVER_VARIABLE};

static CLUSTER: Mutex<Option<Cluster>> = Mutex::new(None);

/// Tells a program that runs tests where the cluster is, after starting it if it is the first.
pub fn told(mut command: Command) -> Result<Command> {
    let mut cluster = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
    let running = match cluster.take() {
        Some(running) => running,
        None => Cluster::start(Care::Hasty)?,
    };
    command.env(SERVER_VARIABLE, running.url("").trim_end_matches('/'));
    *cluster = Some(running);
    Ok(command)
}

/// Ends the cluster, if one runs.
pub fn end() {
    drop(CLUSTER.lock().unwrap_or_else(PoisonError::into_inner).take());
}

//! The server that tests share, though each of them is a process of its own.

use super::database::{Database, address, run_sql};
use super::guard::{self, Until};
use super::program::Program;
use super::{Care, ClusterError, free_port, ready};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Names a server for the tests: an address without a database, such as `postgres://ganglion@127.0.0.1:5433`. Its user may
/// make databases.
pub const SERVER_VARIABLE: &str = "GANGLION_TEST_POSTGRES";
/// The same for all tests of one run.
const RUN_VARIABLE: &str = "NEXTEST_RUN_ID";

#[expect(clippy::disallowed_methods, reason = "tests are told by whoever runs them where a server is")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The server of this run, and a lock that keeps it running as long as this process does.
struct Shared {
    server: String,
    _in_use: Option<File>,
}

static SHARED: OnceLock<Result<Shared, ClusterError>> = OnceLock::new();

/// Whether there is a PostgreSQL for tests; says it on the terminal when there is none, and they are skipped.
#[expect(clippy::print_stderr, reason = "a test that is left out is said so")]
pub fn is_there() -> bool {
    match SHARED.get_or_init(find) {
        Err(error @ ClusterError::NotInstalled) => {
            eprintln!("skipped: {error}");
            false
        }
        _ => true,
    }
}

/// A fresh database, a copy of one that `prepare` made ready once for all: `shape` names what it was made ready for.
///
/// # Errors
/// When there is no server, or it does not work.
pub fn fresh(shape: &str, prepare: impl FnOnce(&str)) -> Result<Database, ClusterError> {
    match SHARED.get_or_init(find) {
        Ok(shared) => copy(&shared.server, shape, prepare),
        Err(error) => Err(ClusterError::Failed { what: "finding a PostgreSQL for tests", reason: error.to_string() }),
    }
}

fn find() -> Result<Shared, ClusterError> {
    if let Some(server) = variable(SERVER_VARIABLE) {
        return Ok(Shared { server, _in_use: None });
    }
    let run = variable(RUN_VARIABLE).unwrap_or_else(|| std::process::id().to_string());
    let base = std::env::temp_dir().join(format!("ganglion-tests-{run}"));
    let what = "sharing PostgreSQL among tests";
    let program = Program::find()?;
    fs::create_dir_all(&base).map_err(ClusterError::io(what))?;
    program.give(&base)?;
    let in_use = File::create(base.join("in-use")).map_err(ClusterError::io(what))?;
    in_use.lock_shared().map_err(ClusterError::io(what))?;
    let starting = File::create(base.join("starting")).map_err(ClusterError::io(what))?;
    starting.lock().map_err(ClusterError::io(what))?;
    let known = base.join("port");
    let port = match fs::read_to_string(&known).ok().and_then(|port| port.trim().parse().ok()) {
        Some(port) => port,
        None => {
            let port = start(&program, &base)?;
            fs::write(&known, port.to_string()).map_err(ClusterError::io(what))?;
            port
        }
    };
    Ok(Shared { server: format!("postgres://ganglion@127.0.0.1:{port}"), _in_use: Some(in_use) })
}

fn start(program: &Program, base: &Path) -> Result<u16, ClusterError> {
    let lock: PathBuf = base.join("in-use");
    program.initdb(base)?;
    let port = free_port()?;
    let mut guard = guard::start(program, base, (port, Care::Hasty), Until::Unused(&lock))?;
    ready(&mut guard)?;
    // The guard goes on without us.
    Ok(port)
}

/// Copies the template, after making it if it is not there.
fn copy(server: &str, shape: &str, prepare: impl FnOnce(&str)) -> Result<Database, ClusterError> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let what = "making a template";
    let template = format!("ganglion_template_{shape}");
    let postgres = address(server, "postgres");
    let digest = server.bytes().fold(5381_u64, |sum, byte| sum.wrapping_mul(33) ^ u64::from(byte));
    let one_at_a_time = File::create(std::env::temp_dir().join(format!("ganglion-template-{digest:x}.lock")))
        .map_err(ClusterError::io(what))?;
    one_at_a_time.lock().map_err(ClusterError::io(what))?;
    let is_there = format!("SELECT 1 FROM pg_database WHERE datname = '{template}'");
    if run_sql(&postgres, &is_there)?.is_empty() {
        // Made under another name first, so that one that was left half way is not taken.
        let half = format!("{template}_half");
        run_sql(&postgres, &format!("DROP DATABASE IF EXISTS \"{half}\" WITH (FORCE)"))?;
        run_sql(&postgres, &format!("CREATE DATABASE \"{half}\""))?;
        prepare(&address(server, &half));
        let connected =
            format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{half}'");
        run_sql(&postgres, &connected)?;
        run_sql(&postgres, &format!("ALTER DATABASE \"{half}\" RENAME TO \"{template}\""))?;
    }
    drop(one_at_a_time);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    Database::copy(server, format!("ganglion_test_{}_{number}", std::process::id()), &template)
}

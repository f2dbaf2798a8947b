//! P1: the closed loop over HTTP on a PostgreSQL of its own, beside one-row commits by pgbench on the same server.

use super::Line;
use super::loops::load;
use crate::database::DatabaseArgs;
use crate::load::harness::Ground;
use anyhow::{Context as _, Result, ensure};
use ganglion_cluster::{Care, Cluster, run_sql};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Loops a second that are wanted.
const LOOPS_MIN: f64 = 1000.0;

/// Measures both on a cluster that waits for the disk.
///
/// # Errors
/// When PostgreSQL is not installed, or a client is refused.
pub fn measure(home: &Path, clients: u32, seconds: u64) -> Result<Vec<Line>> {
    let cluster = Cluster::start(Care::Durable)?;
    let folder = tempfile::tempdir()?;
    let baseline = one_row_commits(&cluster, folder.path(), (clients, seconds.min(5)))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (full, steps) = runtime.block_on(async {
        let database = DatabaseArgs::of(Some(cluster.url("postgres")));
        let ground = Arc::new(Ground::prepare(home, folder.path(), &database).await?);
        let server = ground.serve()?;
        load(&ground, &server, clients, Duration::from_secs(2), None).await?;
        let full = load(&ground, &server, clients, Duration::from_secs(seconds), None).await?;
        anyhow::Ok((full, ground.script.steps.len()))
    })?;
    let what = format!("durable steps over HTTP on PostgreSQL, {clients} clients, p99 {:.1} ms", full.p99_ms);
    Ok(vec![
        Line {
            id: "P1",
            what,
            measured: full.steps,
            unit: "steps/s",
            baseline: "pgbench, one-row INSERT per commit, same clients, synchronous_commit=on".to_owned(),
            baseline_value: Some(baseline),
            ratio: Some(full.steps / baseline),
            goal: "≥ 1.0 ×",
            reached: full.steps >= baseline,
        },
        Line {
            id: "P1",
            what: format!("whole loops of {steps} calls on PostgreSQL"),
            measured: full.loops,
            unit: "loops/s",
            baseline: "none".to_owned(),
            baseline_value: None,
            ratio: None,
            goal: "≥ 1,000",
            reached: full.loops >= LOOPS_MIN,
        },
    ])
}

/// Commits a second of one small row each.
fn one_row_commits(cluster: &Cluster, folder: &Path, (clients, seconds): (u32, u64)) -> Result<f64> {
    run_sql(&cluster.url("postgres"), "CREATE DATABASE baseline")?;
    let url = cluster.url("baseline");
    run_sql(&url, "CREATE TABLE t (id BIGSERIAL PRIMARY KEY, body TEXT)")?;
    let script = folder.join("one-row.sql");
    std::fs::write(&script, "INSERT INTO t (body) VALUES ('one small row');\n")?;
    // Read by the user PostgreSQL runs as.
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let mut pgbench = cluster.command("pgbench")?;
    pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]).arg(format!("--client={clients}"));
    pgbench.arg(format!("--time={seconds}")).arg("--file").arg(&script).arg(&url);
    let done = pgbench.output().context("starting pgbench")?;
    let said = String::from_utf8_lossy(&done.stdout);
    ensure!(done.status.success(), "pgbench: {}", String::from_utf8_lossy(&done.stderr));
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.with_context(|| format!("pgbench said no rate: {said}"))
}

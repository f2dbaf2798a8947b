//! `ganglion retention`: what personal values are over by the time their packs state, and erasing them.

use crate::city::{home, world};
use crate::database::{Database, DatabaseArgs};
use crate::keys::KeyArgs;
use crate::system::{Machine, master_key};
use anyhow::Result;
use clap::Args;
use ganglion_kernel::commit::{Committer, CommitterSettings, WallClock, Works};
use ganglion_server::jobs::retention::{Due, due, erase};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `ganglion retention`.
#[derive(Args)]
#[command(
    after_help = "Example: ganglion retention --dry-run --data DIR\n\nErasing cannot be undone. Backups made before still hold the keys: \
                        keep them no longer than you must, and run this again after bringing one back."
)]
pub struct RetentionArgs {
    /// Only counts what is over.
    #[arg(long)]
    dry_run: bool,
    /// Folder of the installation.
    #[arg(long, env = "GANGLION_DATA")]
    data: PathBuf,
    /// Folder that holds `data/` and `packs/`.
    #[arg(long, env = "GANGLION_HOME")]
    home: Option<PathBuf>,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
///
/// # Errors
/// When the installation cannot be read, or something could not be erased.
pub fn run(args: &RetentionArgs) -> Result<ExitCode> {
    let machine = Arc::new(Machine::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = runtime.block_on(Database::existing(&args.data, &args.database))?;
    let world = runtime.block_on(world::running(store.clone(), &home(args.home.as_deref()), machine.as_ref()))?;
    let now = machine.now();
    let model = world.load_full();
    let found = runtime.block_on(due(store.as_ref(), &model.model, now))?;
    if args.dry_run {
        said(&found, "over");
        return Ok(ExitCode::SUCCESS);
    }
    let ring = args.keys.ring(&args.data, master_key(&args.data, &machine)?)?;
    let clock: Arc<dyn WallClock> = machine;
    let works = Works { store: store.clone(), world, clock, ring, settings: CommitterSettings::default() };
    let (committer, thread) = Committer::start(works)?;
    let done = runtime.block_on(erase(store.as_ref(), &committer, &model.model, now));
    committer.close();
    // A thread that panicked has said so in the log.
    let _ = thread.join();
    said(&done?, "erased");
    Ok(ExitCode::SUCCESS)
}

fn said(all: &[Due], what: &str) {
    for due in all {
        let since = due.since.map(|at| format!(", the oldest ended {at}")).unwrap_or_default();
        crate::out(&format!("{}: {} {what} (kept {} days{since})", due.of, due.count, due.days));
    }
    if all.iter().all(|due| due.count == 0) {
        crate::out("nothing is over");
    }
}

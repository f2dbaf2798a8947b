//! `ganglion search`: the words cases and rows are searched by, made anew while the server runs.

use crate::bench::instant;
use crate::city::{home, world};
use crate::database::{Database, DatabaseArgs};
use anyhow::Result;
use clap::{Args, Subcommand};
use ganglion_kernel::port::CaseFilter;
use ganglion_store::searched::{Progress, Rebuild};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `ganglion search`.
#[derive(Args)]
pub struct SearchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Writes the words of every case and every register row anew, with progress. The server may run: everything is found as before
    /// until its turn comes, and what changes meanwhile keeps its new words. It may be stopped and begun again.
    #[command(after_help = "Example: ganglion search rebuild --data DIR")]
    Rebuild {
        /// Folder of the installation.
        #[arg(long, env = "GANGLION_DATA")]
        data: PathBuf,
        /// Folder that holds `data/` and `packs/`.
        #[arg(long, env = "GANGLION_HOME")]
        home: Option<PathBuf>,
        #[command(flatten)]
        database: DatabaseArgs,
        /// Does not let others write in between: faster, for when the server does not run.
        #[arg(long)]
        alone: bool,
    },
}

/// Seconds between two lines of progress.
const TELL_SECONDS: f64 = 2.0;

/// Runs the command.
///
/// # Errors
/// When the installation cannot be read or written.
pub fn run(args: &SearchArgs) -> Result<ExitCode> {
    let What::Rebuild { data, home: folder, database, alone } = &args.what;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Database::existing(data, database).await?;
        let world = world::of(store.as_ref(), &home(folder.as_deref())).await?;
        let cases = store.case_count(&CaseFilter::default()).await?;
        let mut rebuild = Rebuild::new(store.as_ref(), &world);
        let (start, mut told) = (instant(), 0.0);
        loop {
            let step = instant();
            if !rebuild.step().await? {
                break;
            }
            let at = start.elapsed().as_secs_f64();
            if at - told >= TELL_SECONDS {
                told = at;
                crate::err(&progress(rebuild.done(), cases));
            }
            if !alone {
                // As long as this step took, so that whoever waits for the database gets it.
                tokio::time::sleep(step.elapsed().max(Duration::from_millis(2))).await;
            }
        }
        let (done, seconds) = (rebuild.done(), start.elapsed().as_secs_f64());
        crate::out(&format!("{} cases and {} rows can be searched, in {seconds:.1} s", done.cases, done.rows));
        Ok(ExitCode::SUCCESS)
    })
}

fn progress(done: Progress, cases: u64) -> String {
    if done.rows == 0 { format!("{} of {cases} cases", done.cases) } else { format!("all cases, {} rows", done.rows) }
}

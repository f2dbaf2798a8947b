//! `ganglion import`: places and outlines into an empty installation.

use crate::city::home;
use crate::city::install::{City, install};
use crate::city::people::People;
use crate::database::{Database, DatabaseArgs};
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use ganglion_model::{Level, PlaceTree};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `ganglion import`.
#[derive(Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Places and outlines as described by data/city.json; nothing is written if any line is bad.
    #[command(after_help = "Example: ganglion import places --data /var/lib/ganglion")]
    Places {
        /// Folder of the installation.
        #[arg(long, env = "GANGLION_DATA")]
        data: PathBuf,
        /// Folder that holds `data/` and `packs/`.
        #[arg(long, env = "GANGLION_HOME")]
        home: Option<PathBuf>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// Runs the import.
///
/// # Errors
/// Names every bad line or feature.
pub fn run(args: &ImportArgs) -> Result<ExitCode> {
    let What::Places { data, home: named, database } = &args.what;
    let home = home(named.as_deref());
    std::fs::create_dir_all(data).with_context(|| format!("making {}", data.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tree: PlaceTree = runtime.block_on(async {
        let store = Database::open(data, database).await?.store();
        if !store.places().await?.is_empty() {
            bail!("{} has places already: change them under /admin, with a dry run", database.named(data));
        }
        install(store.as_ref(), &home, &City::read(&home)?, &People::read(&home)?).await
    })?;
    let count = |level: Level| tree.versions().filter(|p| p.code.level() == level && p.valid_to.is_none()).count();
    let counts: Vec<String> = Level::ALL.iter().map(|level| format!("{} {}", level.as_str(), count(*level))).collect();
    crate::out(&format!("imported: {}", counts.join(", ")));
    Ok(ExitCode::SUCCESS)
}

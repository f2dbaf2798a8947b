//! `ganglion migrate`: making and bringing up to date the tables of a PostgreSQL before any server starts on it.

use crate::database::DatabaseArgs;
use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use ganglion_store::{GATHERED, Layout, PgStore};
use std::process::ExitCode;

/// Arguments of `ganglion migrate`.
#[derive(Args)]
#[command(after_help = "Example: ganglion migrate --database postgres://ganglion@db.example/city --layout partitioned")]
pub struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// How tables are spread; chosen once, when they are made.
    #[arg(long, value_enum)]
    layout: Option<Spread>,
    /// Makes the figures of other databases readable here, by name and address, instead of those that were before; may be given
    /// several times. Run it again when one of them gets another county.
    #[arg(long, value_name = "NAME=URL")]
    gather: Vec<String>,
    /// Only prints the statements that make the tables.
    #[arg(long)]
    print: bool,
}

/// The layouts by their names.
#[derive(Clone, Copy, ValueEnum)]
pub enum Spread {
    /// As they are, in one database.
    Single,
    /// One partition a county; partitions are made when places are imported.
    Partitioned,
    /// Over the nodes of a Citus cluster, by county.
    Citus,
}

impl From<Spread> for Layout {
    fn from(spread: Spread) -> Layout {
        match spread {
            Spread::Single => Layout::Single,
            Spread::Partitioned => Layout::Partitioned,
            Spread::Citus => Layout::Citus,
        }
    }
}

/// A name and an address; what cannot be read is not repeated, since a password may stand in it.
fn named(given: &str) -> Result<(String, String)> {
    let (name, url) = given.split_once('=').context("--gather takes NAME=URL")?;
    Ok((name.to_owned(), url.to_owned()))
}

/// Makes the tables, or prints how.
///
/// # Errors
/// In words that say what to do.
pub fn run(args: &MigrateArgs) -> Result<ExitCode> {
    let layout = args.layout.map(Layout::from);
    if args.print {
        crate::out(&layout.unwrap_or_default().statements());
        return Ok(ExitCode::SUCCESS);
    }
    let url = args
        .database
        .database
        .as_ref()
        .context("name a PostgreSQL with --database; SQLite brings itself up to date")?;
    let from: Vec<(String, String)> = args.gather.iter().map(|one| named(one)).collect::<Result<_>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (store, gathered) = runtime.block_on(async {
        let store = PgStore::open_as(url, args.database.options(), layout).await?;
        let gathered = if from.is_empty() { Vec::new() } else { store.gather(&from).await? };
        anyhow::Ok((store, gathered))
    })?;
    crate::out(&format!("the tables are up to date, layout {}", store.layout().as_str()));
    for one in &gathered {
        crate::out(&format!("{}: figures of {} counties are read from it", one.name, one.shards.len()));
    }
    if !gathered.is_empty() {
        crate::out(&format!("read them with ?options=-csearch_path%3D{GATHERED}%2Cpublic behind this address"));
    }
    Ok(ExitCode::SUCCESS)
}

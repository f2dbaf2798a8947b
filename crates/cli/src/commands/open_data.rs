//! `ganglion open-data`: the yearly bundle of what anyone may know.

use super::figure::opened;
use crate::database::DatabaseArgs;
use crate::system::{Machine, master_key};
use anyhow::Result;
use clap::Args;
use ganglion_kernel::commit::WallClock as _;
use ganglion_server::open_data::{OpenData, write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `ganglion open-data`.
#[derive(Args)]
#[command(after_help = "Example: ganglion open-data --year 2025 --out open-data-2025 --data /var/lib/ganglion")]
pub struct OpenDataArgs {
    /// Year; one that is not over is told of up to today.
    #[arg(long)]
    year: i16,
    /// Folder the files are written to; files of the same names are replaced.
    #[arg(long)]
    out: PathBuf,
    /// Address of the licence the data are given under, for the catalogue.
    #[arg(long)]
    licence: Option<String>,
    /// Address under which the installation is reached, for the catalogue.
    #[arg(long, env = "GANGLION_PUBLIC_URL")]
    public_url: Option<String>,
    /// Folder of the installation.
    #[arg(long, env = "GANGLION_DATA")]
    data: PathBuf,
    /// Folder that holds `data/` and `packs/`.
    #[arg(long, env = "GANGLION_HOME")]
    home: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Writes the bundle; the server may run meanwhile.
///
/// # Errors
/// When the installation cannot be read or a file cannot be written.
pub fn run(args: &OpenDataArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (store, world) = opened(&args.data, &args.database, args.home.as_deref()).await?;
        let machine = Machine::new();
        let master = master_key(&args.data, &machine)?;
        let data = OpenData {
            store: store.as_ref(),
            world: &world,
            master: &master,
            now: machine.now(),
            public_url: args.public_url.as_deref().unwrap_or_default(),
            licence: args.licence.as_deref(),
        };
        let said = |file: &str| crate::err(&format!("writing {file}"));
        let sets = write(&data, (args.year, &args.out), &said).await?;
        let rows: u64 = sets.iter().map(|set| set.rows).sum();
        crate::out(&format!("{} files with {rows} lines in {}", sets.len() + 3, args.out.display()));
        Ok(ExitCode::SUCCESS)
    })
}

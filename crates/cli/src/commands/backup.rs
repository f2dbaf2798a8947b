//! `ganglion backup` and `ganglion restore`: an installation in one file, and back with proof.

use crate::backup::{Backup, Manifest, Restoring, make, postgres, restore};
use crate::city::{home, world};
use crate::database::DatabaseArgs;
use crate::system::Machine;
use anyhow::Result;
use clap::Args;
use ganglion_kernel::commit::WallClock as _;
use ganglion_store::searched::Rebuild;
use ganglion_store::{Layout, PgStore};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `ganglion backup`.
#[derive(Args)]
#[command(after_help = "Example: ganglion backup --data /var/lib/ganglion --to /backup/ganglion-2026-11-27.zip")]
pub struct BackupArgs {
    /// Folder of the installation; the server may go on meanwhile.
    #[arg(long, env = "GANGLION_DATA")]
    data: PathBuf,
    /// The file to make. While it is made, as much room again is needed beside it as the database takes.
    #[arg(long)]
    to: PathBuf,
    /// Puts the keys into the file as well. Whoever has such a file can read personal values and sign for the public logs; without
    /// it, keep copies of `master.key` and `log.key` in another place.
    #[arg(long)]
    with_keys: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Arguments of `ganglion restore`.
#[derive(Args)]
#[command(
    after_help = "Example: ganglion restore --from /backup/ganglion-2026-11-27.zip --data /var/lib/ganglion --keys /safe"
)]
pub struct RestoreArgs {
    /// The file that `ganglion backup` made.
    #[arg(long)]
    from: PathBuf,
    /// Folder of the installation to make; it must not hold one.
    #[arg(long)]
    data: PathBuf,
    /// Folder with `master.key` and `log.key`, when the file does not hold them.
    #[arg(long)]
    keys: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
    /// How the tables of an empty PostgreSQL are spread; it need not be as it was.
    #[arg(long, value_enum)]
    layout: Option<super::migrate::Spread>,
    /// Folder that holds `data/` and `packs/`.
    #[arg(long, env = "GANGLION_HOME")]
    home: Option<PathBuf>,
}

/// Makes a backup and says in one line what it holds.
///
/// # Errors
/// See [`make`].
pub fn back_up(args: &BackupArgs) -> Result<ExitCode> {
    let asked = Backup { data: &args.data, to: &args.to, with_keys: args.with_keys, now: Machine::new().now() };
    let manifest = match &args.database.database {
        Some(url) => runtime()?.block_on(async {
            let store = PgStore::open(url, args.database.options()).await?;
            postgres::make(&asked, &store).await
        })?,
        None => of_a_file(&asked)?,
    };
    if !manifest.files.missing.is_empty() {
        crate::err(&format!(
            "{} files that rows speak of are not there; the manifest names them: look for them in older backups",
            manifest.files.missing.len()
        ));
    }
    crate::out(&format!("backed up {}: {}", args.to.display(), held(&manifest)));
    Ok(ExitCode::SUCCESS)
}

fn of_a_file(asked: &Backup<'_>) -> Result<Manifest> {
    let mut shown = 0;
    make(asked, &mut |done, all| {
        let tenth = done * 10 / all.max(1);
        if tenth > shown {
            shown = tenth;
            crate::err(&format!("database: {tenth}0 %"));
        }
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Restores a backup and says in one line what was proven.
///
/// # Errors
/// See [`restore`].
pub fn bring_back(args: &RestoreArgs) -> Result<ExitCode> {
    let asked = Restoring { from: &args.from, data: &args.data, keys: args.keys.as_deref() };
    let manifest = match &args.database.database {
        Some(url) => runtime()?.block_on(async {
            let store = PgStore::open_as(url, args.database.options(), args.layout.map(Layout::from)).await?;
            let manifest = postgres::restore(&asked, &store).await?;
            // Words that are searched are made from what was restored, not kept in a backup.
            let world = world::of(store.as_ref(), &home(args.home.as_deref())).await?;
            Rebuild::new(store.as_ref(), &world).all(|_| ()).await?;
            anyhow::Ok(manifest)
        })?,
        None => restore(&asked)?,
    };
    crate::out(&format!(
        "restored {}: {}; rows, figures and Merkle roots equal the manifest",
        args.data.display(),
        held(&manifest)
    ));
    Ok(ExitCode::SUCCESS)
}

fn held(manifest: &Manifest) -> String {
    let (held, files) = (&manifest.contents, &manifest.files);
    format!(
        "{} journal lines in {} shards, {} cases, {} register rows, {} counters, {} files, as of {}",
        held.lines(),
        held.journals.len(),
        held.rows("case_row"),
        held.rows("record"),
        held.rows("tally"),
        files.count,
        manifest.made_at
    )
}

//! `ganglion backup` and `ganglion restore`: an installation in one file, and back with proof.

use crate::backup::{Backup, Manifest, Restoring, make, restore};
use crate::database::DatabaseArgs;
use crate::system::Machine;
use anyhow::Result;
use clap::Args;
use ganglion_kernel::commit::WallClock as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// What is done about a PostgreSQL.
const INSTEAD: &str = "use pg_dump, pg_restore or your base backups for it, and keep a copy of the folder of --data beside them \
                       (docs/postgresql.md)";

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
}

/// Makes a backup and says in one line what it holds.
///
/// # Errors
/// See [`make`].
pub fn back_up(args: &BackupArgs) -> Result<ExitCode> {
    args.database.only_a_file("backup", INSTEAD)?;
    let asked = Backup { data: &args.data, to: &args.to, with_keys: args.with_keys, now: Machine::new().now() };
    let mut shown = 0;
    let manifest = make(&asked, &mut |done, all| {
        let tenth = done * 10 / all.max(1);
        if tenth > shown {
            shown = tenth;
            crate::err(&format!("database: {tenth}0 %"));
        }
    })?;
    if !manifest.files.missing.is_empty() {
        crate::err(&format!(
            "{} files that rows speak of are not there; the manifest names them: look for them in older backups",
            manifest.files.missing.len()
        ));
    }
    crate::out(&format!("backed up {}: {}", args.to.display(), held(&manifest)));
    Ok(ExitCode::SUCCESS)
}

/// Restores a backup and says in one line what was proven.
///
/// # Errors
/// See [`restore`].
pub fn bring_back(args: &RestoreArgs) -> Result<ExitCode> {
    args.database.only_a_file("restore", INSTEAD)?;
    let manifest = restore(&Restoring { from: &args.from, data: &args.data, keys: args.keys.as_deref() })?;
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

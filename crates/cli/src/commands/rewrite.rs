//! `ganglion rewrite`: a copy of the SQLite file in which every journal line and case is packed, or none is.

use anyhow::{Result, ensure};
use clap::Args;
use ganglion_store::{Form, backup, rewrite};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `ganglion rewrite`.
#[derive(Args)]
#[command(
    after_help = "Example: ganglion rewrite --data /var/lib/ganglion --to /var/lib/ganglion/plain.sqlite --plain"
)]
pub struct RewriteArgs {
    /// Folder of the installation; a plain copy may be made while the server runs.
    #[arg(long, env = "GANGLION_DATA")]
    data: PathBuf,
    /// The file to make. Beside it as much room again is needed as it takes.
    #[arg(long)]
    to: PathBuf,
    /// Writes texts as they are, so that any program that reads SQLite reads the views of processes; without it everything is packed anew,
    /// which an installation from before packing becomes smaller by. To use such a file, stop the server first and put it in the place of
    /// `ganglion.sqlite`.
    #[arg(long)]
    plain: bool,
}

/// Makes the copy and says in one line what was proven.
///
/// # Errors
/// When a file cannot be read or written, the new one is there already, or its journals are not the same.
pub fn run(args: &RewriteArgs) -> Result<ExitCode> {
    let from = args.data.join("ganglion.sqlite");
    ensure!(from.exists(), "{} is not there: an installation on PostgreSQL has nothing to rewrite", from.display());
    ensure!(!args.to.exists(), "{} is there already; nothing was written", args.to.display());
    let form = if args.plain { Form::Plain } else { Form::Packed };
    let lines = rewrite(&from, &args.to, form)?;
    let size = |path: &PathBuf| std::fs::metadata(path).map(|file| file.len());
    crate::out(&format!(
        "{}: {lines} journal lines, {} bytes instead of {}; Merkle roots equal",
        args.to.display(),
        size(&args.to)?,
        size(&from)?
    ));
    let later = backup::contents(&from)?.lines() - lines;
    if later > 0 && !args.plain {
        crate::err(&format!(
            "{later} lines were written meanwhile and are not in the copy: stop the server and make it again"
        ));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

//! `ganglion move`: an installation out of its SQLite file into a PostgreSQL, with the proof that nothing was lost.

use crate::city::{home, world};
use crate::database::{Database, DatabaseArgs, SQLITE};
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use ganglion_store::searched::{Progress as Done, Rebuild};
use ganglion_store::{Layout, Moved, Moving, PgStore, SqliteOptions, move_into};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Arguments of `ganglion move`.
#[derive(Args)]
#[command(after_help = "Example: ganglion move --data /srv/ganglion --database postgres://ganglion@db.example/city

A server may run on the folder meanwhile: that is a rehearsal, and what it writes is counted and left behind. For the move
itself stop it, move into an empty database, and start it with --database. The SQLite file is only read.")]
pub struct MoveArgs {
    /// Folder of the installation.
    #[arg(long, env = "GANGLION_DATA")]
    data: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// How tables are spread; chosen once, when they are made.
    #[arg(long, value_enum)]
    layout: Option<super::migrate::Spread>,
    /// Folder that holds `data/` and `packs/`.
    #[arg(long, env = "GANGLION_HOME")]
    home: Option<PathBuf>,
}

/// How often progress is said.
const SAID_EVERY: Duration = Duration::from_secs(2);

/// Says how far it is, now and then.
struct Progress(Instant);

impl Progress {
    #[expect(clippy::disallowed_methods, reason = "progress is said by the clock on the wall")]
    fn new() -> Progress {
        Progress(Instant::now())
    }

    fn is_due(&mut self) -> bool {
        let is_due = self.0.elapsed() >= SAID_EVERY;
        if is_due {
            *self = Progress::new();
        }
        is_due
    }

    fn say(&mut self, moving: Moving) {
        if self.is_due() {
            let what = if moving.checking { "reading back" } else { "copying" };
            crate::err(&format!("{what} {}: {} of {} rows", moving.table, moving.rows, moving.of));
        }
    }
}

/// Moves and prints the proof.
///
/// # Errors
/// In words that say what to do; the PostgreSQL database is then as it was.
pub fn run(args: &MoveArgs) -> Result<ExitCode> {
    let url = args.database.database.as_ref().context("name the PostgreSQL to move into with --database")?;
    let file = args.data.join(SQLITE);
    ensure!(file.is_file(), "{} is no installation: there is no {SQLITE}", args.data.display());
    // Brings an older file up to date, as a start of this program would.
    drop(Database::file(&file, SqliteOptions::default())?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let moved = runtime.block_on(async {
        let into = PgStore::open_as(url, args.database.options(), args.layout.map(Layout::from)).await?;
        let mut progress = Progress::new();
        let moved = move_into(&file, &into, |moving| progress.say(moving)).await?;
        let world = world::of(into.as_ref(), &home(args.home.as_deref())).await?;
        let told = |done: Done| {
            if progress.is_due() {
                crate::err(&format!("words that are searched: {} cases, {} rows", done.cases, done.rows));
            }
        };
        Rebuild::new(into.as_ref(), &world).all(told).await?;
        anyhow::Ok(moved)
    })?;
    print(&moved, &args.database.named(&args.data));
    Ok(if moved.left_behind == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(moved: &Moved, into: &str) {
    for (table, digest) in moved.tables.iter().filter(|(_, digest)| digest.rows > 0) {
        crate::out(&format!("{table:14} {:>10} rows  {:032x}  equal", digest.rows, digest.sum));
    }
    for (shard, lines, root) in &moved.shards {
        let root: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
        crate::out(&format!("journal {shard} {lines:>10} lines {root}  equal"));
    }
    if moved.left_behind == 0 {
        crate::out(&format!("moved into {into}: rows, figures and journals are equal"));
        crate::out(
            "start servers with --database; keep the folder for its files and its key, and the SQLite file as a backup",
        );
    } else {
        crate::out(&format!(
            "copied into {into} as of the start: a server wrote {} lines since, which are left behind. Stop it and move into \
             an empty database",
            moved.left_behind
        ));
    }
}

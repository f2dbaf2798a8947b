//! `ganglion figure`: freezing a figure for publication, working it out again later, and counting figures anew.

use crate::city::{home, world};
use crate::database::{Database, DatabaseArgs};
use crate::system::Machine;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use ganglion_kernel::commit::WallClock as _;
use ganglion_kernel::{Store, World};
use ganglion_model::{Case, PlaceCode, Shard};
use ganglion_store::published::{Published, Verdict, publish, verify};
use ganglion_store::rebuild::recount_all;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `ganglion figure`.
#[derive(Args)]
pub struct FigureArgs {
    #[command(subcommand)]
    what: What,
}

/// The installation.
#[derive(Args)]
struct At {
    /// Folder of the installation.
    #[arg(long, env = "GANGLION_DATA")]
    data: PathBuf,
    /// Folder that holds `data/` and `packs/`.
    #[arg(long, env = "GANGLION_HOME")]
    home: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Subcommand)]
enum What {
    /// Prints a figure with its definition, the journals it rests on and its value, to be kept with what is published.
    #[command(
        after_help = "Example: ganglion figure publish reports --place 1309 --period 2022-06 --data DIR > reports-2022-06.json"
    )]
    Publish {
        /// Indicator.
        indicator: String,
        /// Place code.
        #[arg(long)]
        place: PlaceCode,
        /// 2022, 2022-Q2, 2022-06, 2022-06-24 or 2022-06-01..2022-06-24.
        #[arg(long)]
        period: String,
        #[command(flatten)]
        at: At,
    },
    /// Prints the figures that were published with the notices and documents of a case, for `verify`.
    #[command(after_help = "Example: ganglion figure published JZ-130903001-2022-0003 --data DIR > figures.json")]
    Published {
        /// Public number of the case.
        number: String,
        #[command(flatten)]
        at: At,
    },
    /// Works published values out again from the journal as it was then; ends with 1 when one does not come out the same.
    #[command(after_help = "Example: ganglion figure verify reports-2022-06.json --data DIR")]
    Verify {
        /// What `publish` or `published` printed.
        file: PathBuf,
        #[command(flatten)]
        at: At,
    },
    /// Counts all figures anew from the rows, after a version of a reference row that figures look through was corrected. No
    /// server may run.
    #[command(after_help = "Example: ganglion figure recount --data DIR")]
    Recount {
        #[command(flatten)]
        at: At,
    },
}

/// Runs the command.
///
/// # Errors
/// When the installation cannot be read, or there is no such figure.
pub fn run(args: &FigureArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match &args.what {
            What::Publish { indicator, place, period, at } => {
                let (store, world) = open(at).await?;
                let now = Machine::new().now();
                let published = publish(store.as_ref(), &world, (indicator, *place, period), now).await?;
                crate::out(&serde_json::to_string_pretty(&published)?);
                Ok(ExitCode::SUCCESS)
            }
            What::Published { number, at } => {
                let (store, _) = open(at).await?;
                let case = case_of(store.as_ref(), number).await?;
                crate::out(&serde_json::to_string_pretty(&case.published())?);
                Ok(ExitCode::SUCCESS)
            }
            What::Verify { file, at } => check(file, at).await,
            What::Recount { at } => {
                let (store, world) = open(at).await?;
                let mut shards: BTreeSet<Shard> =
                    store.positions().await?.into_iter().map(|(shard, _)| shard).collect();
                shards.insert(Shard::DEPLOYMENT);
                let facts = recount_all(&store, &world, shards).await?;
                crate::out(&format!("{facts} facts counted"));
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}

async fn open(at: &At) -> Result<(Arc<dyn Store>, World)> {
    opened(&at.data, &at.database, at.home.as_deref()).await
}

/// The store and the world of an installation, for reading.
///
/// # Errors
/// When the installation cannot be read.
pub async fn opened(
    data: &Path,
    database: &DatabaseArgs,
    home_folder: Option<&Path>,
) -> Result<(Arc<dyn Store>, World)> {
    let store = Database::open(data, database).await?.store();
    let world = world::of(store.as_ref(), &home(home_folder)).await?;
    Ok((store, world))
}

/// The case with a public number, in whichever county it is.
async fn case_of(store: &dyn Store, number: &str) -> Result<Case> {
    for (shard, _) in store.shards().await? {
        if let Some(case) = store.case_by_number(shard, number).await? {
            return Ok(case);
        }
    }
    bail!("there is no case {number}")
}

/// One published value, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(Box<Published>),
    Several(Vec<Published>),
}

async fn check(file: &Path, at: &At) -> Result<ExitCode> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let values: Values =
        serde_json::from_str(&text).with_context(|| format!("{} holds no published values", file.display()))?;
    let values = match values {
        Values::One(one) => vec![*one],
        Values::Several(all) => all,
    };
    let (store, world) = open(at).await?;
    let mut code = ExitCode::SUCCESS;
    for published in &values {
        let verdict = verify(store.as_ref(), &world, published).await?;
        if verdict != Verdict::Same {
            code = ExitCode::FAILURE;
        }
        let (of, said) = (&published.indicator, said(published, verdict));
        crate::out(&if values.len() == 1 { said } else { format!("{of}: {said}") });
    }
    Ok(code)
}

fn said(published: &Published, verdict: Verdict) -> String {
    let shown = |value: Option<&str>| value.unwrap_or("n/a").to_owned();
    match verdict {
        Verdict::Same => format!("the same: {}", shown(published.value.as_deref())),
        Verdict::DefinitionChanged => "the definition has changed: install the pack it was counted by".to_owned(),
        Verdict::JournalChanged(shard) => format!("the journal of {shard} is not the one it was counted from"),
        Verdict::Differs(now) => {
            format!("published {}, worked out {}", shown(published.value.as_deref()), shown(now.as_deref()))
        }
    }
}

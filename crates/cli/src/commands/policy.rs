//! `ganglion policy`: who may do what, as one table over all packs; and why somebody may or may not do one thing.

use crate::city::{home, world};
use crate::database::{Database, DatabaseArgs};
use crate::system::Machine;
use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use ganglion_kernel::commit::WallClock as _;
use ganglion_kernel::permissions::{Grant, Step, explain, table};
use ganglion_kernel::{Store, World};
use ganglion_model::change::Actor;
use ganglion_model::pack::{Model, PolicyEffect};
use ganglion_model::{AccountId, Case, PostId};
use ganglion_server::packs::installed;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `ganglion policy`.
#[derive(Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Prints who may do what: everything packs permit, and what the deployment permits and forbids.
    #[command(after_help = "Example: ganglion policy table --pack enforcement --data DIR")]
    Table {
        /// Only what this pack declares.
        #[arg(long)]
        pack: Option<String>,
        /// As JSON, a line each.
        #[arg(long)]
        json: bool,
        /// Folder of an installation; without it, the packs that ship.
        #[arg(long, env = "GANGLION_DATA")]
        data: Option<PathBuf>,
        /// Folder that holds `data/` and `packs/`.
        #[arg(long, env = "GANGLION_HOME")]
        home: Option<PathBuf>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Says which rule lets an account take an action on a case, or keeps it from it; ends with 1 when no post of it may.
    #[command(
        after_help = "Example: ganglion policy explain --account anna --action close --case SB-130903001-2022-000001 --data DIR"
    )]
    Explain {
        /// Sign-in name.
        #[arg(long)]
        account: String,
        /// Action of the process, or `read`.
        #[arg(long)]
        action: String,
        /// Public number of the case.
        #[arg(long)]
        case: String,
        /// Only in this post; every post of the account when left out.
        #[arg(long)]
        post: Option<String>,
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

/// Runs the command.
///
/// # Errors
/// When packs or installation cannot be read, or there is no such account, post or case.
pub fn run(args: &PolicyArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &args.what {
        What::Table { pack, json, data, home: at, database } => {
            let packs = home(at.as_deref()).join("packs");
            let model = match data {
                None => world::packs(&packs)?,
                Some(data) => runtime
                    .block_on(async { model(Database::existing(data, database).await?.as_ref(), &packs).await })?,
            };
            show(&model, pack.as_deref(), *json)
        }
        What::Explain { account, action, case, post, data, home: at, database } => runtime.block_on(async {
            let (store, home) = (Database::existing(data, database).await?, home(at.as_deref()));
            let model = model(store.as_ref(), &home.join("packs")).await?;
            let world = world::load(store.as_ref(), model, world::office(&home)?).await?;
            let case = find(store.as_ref(), case).await?;
            say(&world, (account, post.as_deref()), &case, action)
        }),
    }
}

/// The packs that are installed; those that ship when no server ever ran.
async fn model(store: &dyn Store, packs: &Path) -> Result<Model> {
    match installed(store).await? {
        Some(found) => Ok(found.model()?),
        None => world::packs(packs),
    }
}

fn show(model: &Model, pack: Option<&str>, json: bool) -> Result<ExitCode> {
    if let Some(pack) = pack {
        ensure!(model.packs.contains_key(pack), "there is no pack {pack}");
    }
    for grant in table(model).into_iter().filter(|one| pack.is_none_or(|pack| one.pack == pack)) {
        let line = if json { serde_json::to_string(&grant)? } else { words(&grant) };
        crate::out(&line);
    }
    Ok(ExitCode::SUCCESS)
}

/// One line for people: thing, action, who, and what bounds it.
fn words(grant: &Grant) -> String {
    let mut line = format!("{}\t{} {}\t{}\t", grant.pack, grant.of, grant.name, grant.action);
    if grant.effect == PolicyEffect::Forbid {
        line.push_str("NOT ");
    }
    line.push_str(&grant.who);
    if !grant.states.is_empty() {
        line.push_str(&format!("\tin {}", grant.states.join(", ")));
    }
    if grant.conditional {
        line.push_str("\twhen a condition holds");
    }
    if !grant.not.is_empty() {
        line.push_str(&format!("\tnot who left {}", grant.not.join(", ")));
    }
    if let Some(rule) = &grant.rule {
        line.push_str(&format!("\trule {rule}"));
    }
    line
}

async fn find(store: &dyn Store, number: &str) -> Result<Case> {
    for (shard, _) in store.shards().await? {
        if let Some(case) = store.case_by_number(shard, number).await? {
            return Ok(case);
        }
    }
    anyhow::bail!("there is no case {number}")
}

fn say(world: &World, (account, post): (&str, Option<&str>), case: &Case, action: &str) -> Result<ExitCode> {
    let now = Machine::new().now();
    let account = AccountId(account.to_owned());
    let mine = world.posts.of(&account).map(|one| one.id.clone());
    let posts: Vec<PostId> = mine.filter(|id| post.is_none_or(|post| id.0 == post)).collect();
    ensure!(!posts.is_empty(), "the account {account} holds no such post");
    let mut may = false;
    for post in posts {
        crate::out(&format!("{account} as {post}, {action} on {} ({}):", case.number, case.state));
        let actor = Actor::Post { post, account: account.clone() };
        let steps = explain(world, &actor, case, action, now);
        steps.iter().for_each(|step| crate::out(&line(step)));
        may |= steps.iter().all(|step| step.passes);
    }
    crate::out(if may { "allowed" } else { "not allowed" });
    Ok(if may { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn line(step: &Step) -> String {
    let mark = if step.passes { "yes" } else { "no " };
    format!("  {mark} {:<6} {}", step.asked, step.because)
}

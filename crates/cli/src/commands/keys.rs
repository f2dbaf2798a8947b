//! `ganglion keys`: the keys that wrap row keys. A new one is put in front, row keys are wrapped by it one page after the other while
//! people work, and the old one opens what it wrapped until nothing is left.

use crate::database::{Database, DatabaseArgs};
use crate::keys::{self, KeyArgs};
use crate::system::{Machine, master_key};
use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, Subcommand};
use ganglion_kernel::Store;
use ganglion_kernel::clocks::local_date;
use ganglion_kernel::commit::WallClock as _;
use ganglion_kernel::seal::{Keyring, MASTER};
use ganglion_server::KEYS_SETTLED_SECONDS;
use ganglion_server::jobs::relook;
use ganglion_server::jobs::rewrap::{Rewrapping, page};
use jiff::{SignedDuration, Timestamp};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `ganglion keys`.
#[derive(Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Args)]
struct At {
    /// Folder of the installation.
    #[arg(long, env = "GANGLION_DATA")]
    data: PathBuf,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Subcommand)]
enum What {
    /// Prints how many row keys each key wraps.
    #[command(after_help = "Example: ganglion keys status --data DIR")]
    Status {
        #[command(flatten)]
        at: At,
    },
    /// Makes a new key, puts it in front and wraps every row key by it; may run beside the server. Keys that come from another
    /// file or the environment are put there by whoever keeps them; this then only wraps.
    #[command(after_help = "Example: ganglion keys rotate --data DIR")]
    Rotate {
        /// What the new key is called; the day when left out.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Takes a key that wraps nothing any more out of `seal.keys`. Backups made before it was rotated still need it: keep a copy as
    /// long as they are kept.
    #[command(after_help = "Example: ganglion keys forget y2025-03-01 --data DIR")]
    Forget {
        /// The key.
        name: String,
        /// Says that no server runs on the installation. One that does may go on wrapping by the key until it has read the file again, so
        /// for an hour after the file was changed nothing is taken out of it otherwise.
        #[arg(long)]
        no_server_runs: bool,
        #[command(flatten)]
        at: At,
    },
}

/// Runs the command.
///
/// # Errors
/// When the keys or the database cannot be read or written.
pub fn run(args: &KeysArgs) -> Result<ExitCode> {
    let machine = Machine::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &args.what {
        What::Status { at } => {
            runtime.block_on(async { status(open(at).await?.as_ref(), &ring(at, &machine)?).await })?
        }
        What::Rotate { name, at } => {
            if let Some(file) = at.keys.file(&at.data).filter(|_| at.keys.keys_file.is_none()) {
                let name = name.clone().unwrap_or_else(|| format!("y{}", local_date(machine.now())));
                let store = runtime.block_on(open(at))?;
                ring(at, &machine)?;
                keys::add(&file, &name, machine.key())?;
                crate::out(&format!("{name} is the key from now on; it is in {}", file.display()));
                drop(store);
            }
            let ring = ring(at, &machine)?;
            runtime.block_on(async { rotate(open(at).await?.as_ref(), &ring).await })?;
        }
        What::Forget { name, no_server_runs, at } => {
            let ring = ring(at, &machine)?;
            let now = (!no_server_runs).then(|| machine.now());
            runtime.block_on(async { forget(open(at).await?.as_ref(), &ring, (at, name), now).await })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn ring(at: &At, machine: &Machine) -> Result<Keyring> {
    at.keys.ring(&at.data, master_key(&at.data, machine)?)
}

async fn open(at: &At) -> Result<Arc<dyn Store>> {
    Database::existing(&at.data, &at.database).await
}

async fn status(store: &dyn Store, ring: &Keyring) -> Result<()> {
    let held = store.keys_by_name().await?;
    for name in ring.names() {
        let count = held.iter().find(|(one, _)| *one == name).map_or(0, |(_, count)| *count);
        let wraps = if name == ring.current() { " (wraps)" } else { "" };
        crate::out(&format!("{name}{wraps}: {count} row keys"));
    }
    let known = ring.names();
    for (name, count) in held.iter().filter(|(name, _)| !known.contains(name)) {
        crate::out(&format!("{name}: {count} row keys, and the key is not there"));
    }
    Ok(())
}

async fn rotate(store: &dyn Store, ring: &Keyring) -> Result<()> {
    let name = ring.current();
    let others = store.keys_by_name().await?.into_iter().filter(|(one, _)| *one != name);
    let total: u64 = others.map(|(_, count)| count).sum();
    let (mut all, mut after) = (Rewrapping::default(), None);
    let mut said = 0;
    loop {
        let one = page(store, ring, after).await?;
        all.wrapped += one.wrapped;
        all.closed += one.closed;
        after = one.next;
        let share = (all.wrapped + all.closed).saturating_mul(100).checked_div(total).unwrap_or(100);
        if share >= said + 10 || after.is_none() {
            said = share;
            crate::err(&format!("{} of {total} row keys are wrapped by {name}", all.wrapped));
        }
        if after.is_none() {
            break;
        }
    }
    if all.closed > 0 {
        bail!(
            "{} row keys were opened by no key that is here and stay as they are: put the missing key back",
            all.closed
        );
    }
    let (made, _) = relooked(store, ring).await?;
    crate::out(&format!("{made} hashes by which rows are found are made with {name}"));
    crate::out(&format!("{} row keys are wrapped by {name}; the older keys open nothing any more", all.wrapped));
    Ok(())
}

/// Makes the hashes of older keys anew; gives how many, and how many stay because no key opens their values.
async fn relooked(store: &dyn Store, ring: &Keyring) -> Result<(u64, u64)> {
    let (mut made, mut left, mut after) = (0, 0, None);
    loop {
        let one = relook::page(store, ring, after.as_ref()).await?;
        made += one.made;
        left += one.left;
        after = one.next;
        if after.is_none() {
            return Ok((made, left));
        }
    }
}

/// Takes a key out of its file. A row key that is wrapped by it afterwards can be opened by nobody, so servers that run are given the time
/// (`now`) to read the file again first.
async fn forget(store: &dyn Store, ring: &Keyring, (at, name): (&At, &str), now: Option<Timestamp>) -> Result<()> {
    ensure!(name != MASTER, "the master key also signs what the server hands out; it stays");
    let file = at.keys.file(&at.data).filter(|_| at.keys.keys_file.is_none());
    let file = file.context("the keys come from elsewhere: take it out there")?;
    let known = keys::read(&file)?.unwrap_or_default();
    ensure!(known.first().is_none_or(|(first, _)| first != name), "{name} wraps from now on: rotate to another first");
    ensure!(known.iter().any(|(one, _)| one == name), "there is no key called {name} in {}", file.display());
    if let Some(now) = now {
        let changed = std::fs::metadata(&file).and_then(|file| file.modified());
        let changed = changed.with_context(|| format!("reading when {} was changed", file.display()))?;
        let settled = Timestamp::try_from(changed)? + SignedDuration::from_secs(KEYS_SETTLED_SECONDS);
        ensure!(
            now >= settled,
            "{} was changed within the hour, and a server that has not read it again may still wrap by {name}, which nobody could open \
             once it is gone; nothing was changed: try again after {settled}, or say --no-server-runs when none does",
            file.display()
        );
    }
    let held = store.keys_by_name().await?.into_iter().find(|(one, _)| one == name);
    if let Some((_, count)) = held {
        bail!("{name} still wraps {count} row keys: run `ganglion keys rotate` first");
    }
    // With it gone nobody could tell what the hashes it made stand for. Those of rows that are erased meanwhile are gone the second time.
    let (_, mut left) = relooked(store, ring).await?;
    if left > 0 {
        (_, left) = relooked(store, ring).await?;
    }
    ensure!(
        left == 0,
        "{left} hashes by which rows are found were made with older keys, of values that no key here opens; nothing was changed: put the \
         missing key back and run `ganglion keys rotate` first"
    );
    keys::change(&file, |now| {
        ensure!(
            *now == known,
            "{} was changed meanwhile, by `keys rotate` perhaps; nothing was changed: try again",
            file.display()
        );
        now.retain(|(one, _)| one != name);
        Ok(())
    })?;
    crate::out(&format!("{name} is no longer in {}; backups from before still need it", file.display()));
    Ok(())
}

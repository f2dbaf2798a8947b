//! What needs an installation: its public keys, the bytes of a line, and its journal held against a copy of the log.

use crate::city::{home, world};
use crate::database::{Database, DatabaseArgs};
use crate::system::log_key;
use anyhow::{Context as _, Result, ensure};
use ganglion_kernel::journal;
use ganglion_kernel::port::{Store, StoredLine};
use ganglion_kernel::tlog::{KeyKind, VerifyKey};
use ganglion_model::Shard;
use ganglion_store::SqliteStore;
use ganglion_store::compare::strangers;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Lines read at a time.
const PAGE: u32 = 1000;
/// Differences after which no more are said.
const SAID_MAX: usize = 1000;

/// An installation: its folder and its database.
pub type At<'a> = (&'a Path, &'a DatabaseArgs);

fn open((data, database): At<'_>) -> Result<(Arc<dyn Store>, Runtime)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    Ok((runtime.block_on(Database::existing(data, database))?, runtime))
}

/// Prints the public key of every log.
pub fn keys(at: At<'_>) -> Result<ExitCode> {
    let (store, runtime) = open(at)?;
    let key = log_key(at.0)?.context("the key of the logs is made when the server first starts")?;
    for (shard, head) in runtime.block_on(store.shards())? {
        if head.seq > 0 {
            crate::out(&key.named(&format!("{}/{shard}", key.name()))?.public(KeyKind::Log).to_string());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the bytes of a line.
pub fn line(at: At<'_>, shard: u32, line: u64) -> Result<ExitCode> {
    let (store, runtime) = open(at)?;
    ensure!(line > 0, "journal lines are counted from 1");
    let lines = runtime.block_on(store.lines_after(Shard(shard), line - 1, 1))?;
    let found = lines.into_iter().find(|one| one.seq == line);
    crate::out(&found.with_context(|| format!("the journal of {shard} has no line {line}"))?.canonical);
    Ok(ExitCode::SUCCESS)
}

/// Cases and rows that are not what the journal says, each in words.
///
/// # Errors
/// When the installation cannot be read, or its journal does not replay.
pub fn rows(at: At<'_>, named: Option<&Path>) -> Result<Vec<String>> {
    let (store, runtime) = open(at)?;
    runtime.block_on(async {
        let world = world::of(store.as_ref(), &home(named)).await?;
        let again = SqliteStore::memory().context("a place to play the journal in")?;
        Ok(strangers(store.as_ref(), again.as_ref(), &world).await?)
    })
}

/// The journal of one shard, read along with a copy of its log.
pub struct Lines {
    store: Arc<dyn Store>,
    runtime: Runtime,
    shard: Shard,
    page: Vec<StoredLine>,
    said: Vec<String>,
    failed: Option<anyhow::Error>,
}

impl Lines {
    /// The journal whose log has this key: the last part of its name is the shard.
    ///
    /// # Errors
    /// When the installation cannot be opened, or the key is not one of a log.
    pub fn open(at: At<'_>, key: &VerifyKey) -> Result<Lines> {
        let shard = key.name.rsplit('/').next().and_then(|shard| shard.parse().ok());
        let shard = Shard(shard.with_context(|| format!("{} names no shard", key.name))?);
        let (store, runtime) = open(at)?;
        Ok(Lines { store, runtime, shard, page: Vec::new(), said: Vec::new(), failed: None })
    }

    /// The line that stands for entry `index` of the log.
    fn line(&mut self, index: u64) -> Option<&StoredLine> {
        let seq = index + 1;
        if !self.page.iter().any(|line| line.seq == seq) {
            match self.runtime.block_on(self.store.lines_after(self.shard, index, PAGE)) {
                Ok(page) => self.page = page,
                Err(error) => self.failed = Some(error.into()),
            }
        }
        self.page.iter().find(|line| line.seq == seq)
    }

    /// Holds an entry of the log against the journal.
    pub fn compare(&mut self, index: u64, entry: &[u8]) {
        if self.said.len() >= SAID_MAX || self.failed.is_some() {
            return;
        }
        let (shard, number) = (self.shard, index + 1);
        let wrong = match self.line(index) {
            None => Some(format!("line {number} of the journal of {shard} is missing in the database")),
            Some(line) if journal::committed(&line.canonical)[..] != *entry => {
                Some(format!("line {number} of the journal of {shard} in the database is not the one that was signed"))
            }
            Some(line) if journal::hash(&line.canonical) != line.hash => {
                Some(format!("the hash noted with line {number} of the journal of {shard} is not its own"))
            }
            Some(_) => None,
        };
        self.said.extend(wrong);
    }

    /// What differs, once the whole log of `size` entries was read.
    ///
    /// # Errors
    /// When the journal could not be read.
    pub fn finish(self, size: u64) -> Result<Vec<String>> {
        if let Some(error) = self.failed {
            return Err(error).context("reading the journal");
        }
        let heads = self.runtime.block_on(self.store.shards())?;
        let seq = heads.into_iter().find(|(shard, _)| *shard == self.shard).map_or(0, |(_, head)| head.seq);
        let mut said = self.said;
        if seq < size {
            said.push(format!("the journal of {} ends at line {seq}, {size} were signed", self.shard));
        }
        Ok(said)
    }
}

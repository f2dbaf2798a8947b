//! Installations under way and just done: what a page shows while one runs. In memory, of this server only; what was
//! installed is in the journal.

use super::install::InstallError;
use super::obstacle::Obstacle;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Installations remembered.
const KEPT_MAX: usize = 20;

/// How one ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Installed, as this set.
    Done(u64),
    /// Rows came in the way after it was checked.
    Obstacles(Vec<Obstacle>),
    /// Something else was installed meanwhile.
    Outdated,
    /// It failed, and nothing changed.
    Failed,
}

impl From<Result<u64, InstallError>> for Ended {
    fn from(result: Result<u64, InstallError>) -> Ended {
        match result {
            Ok(number) => Ended::Done(number),
            Err(InstallError::Obstacles(obstacles)) => Ended::Obstacles(obstacles),
            Err(InstallError::Outdated) => Ended::Outdated,
            Err(error) => {
                tracing::error!(%error, "packs were not installed; nothing changed");
                Ended::Failed
            }
        }
    }
}

/// One installation.
pub struct UnderWay {
    /// Packs it puts or removes.
    pub names: Vec<String>,
    /// When it began.
    pub began: Timestamp,
    done: AtomicU64,
    total: AtomicU64,
    ended: Mutex<Option<Ended>>,
}

impl UnderWay {
    /// Notes progress.
    pub fn step(&self, done: u64, total: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Rows done and rows in all.
    pub fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// Notes the end.
    pub fn end(&self, ended: Ended) {
        *self.ended.lock() = Some(ended);
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<Ended> {
        self.ended.lock().clone()
    }
}

/// All of this server.
#[derive(Default)]
pub struct Installs(Mutex<BTreeMap<String, Arc<UnderWay>>>);

impl Installs {
    /// Begins one; the oldest is forgotten when there are too many.
    pub fn begin(&self, id: &str, names: Vec<String>, began: Timestamp) -> Arc<UnderWay> {
        let one = UnderWay { names, began, done: 0.into(), total: 0.into(), ended: Mutex::new(None) };
        let one = Arc::new(one);
        let mut all = self.0.lock();
        all.insert(id.to_owned(), one.clone());
        while all.len() > KEPT_MAX {
            all.pop_first();
        }
        one
    }

    /// One by its id.
    pub fn get(&self, id: &str) -> Option<Arc<UnderWay>> {
        self.0.lock().get(id).cloned()
    }
}

//! The batches of a running server: few at a time, kept for a day, gone with a restart.

use super::batch::{Batch, Stage, Wish};
use super::spool::Spool;
use crate::app::App;
use crate::limits::{BATCH_KEPT_HOURS, BATCHES_KEPT_MAX, BATCHES_RUNNING_MAX};
use crate::own_folder::own_folder;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All batches.
pub struct Batches {
    root: PathBuf,
    all: Mutex<Vec<Arc<Batch>>>,
}

impl Batches {
    /// Opens the folder; `own` names this run, and what one that ended long ago left behind is removed.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(root: &Path, own: &str, now: Timestamp) -> std::io::Result<Batches> {
        let root = own_folder(root, own, now)?;
        Ok(Batches { root, all: Mutex::default() })
    }

    /// Begins a batch, or gives the one the same wish began before; `None` when too many run already.
    ///
    /// # Errors
    /// When the spool cannot be made.
    pub fn start(&self, app: &Arc<App>, wish: Wish) -> std::io::Result<Option<Arc<Batch>>> {
        let now = app.clock.now();
        self.tidy(now);
        let mut all = self.all.lock();
        if let Some(known) = all.iter().find(|one| one.wish.id == wish.id) {
            return Ok(Some(known.clone()));
        }
        let running = all.iter().filter(|one| one.progress().stage == Stage::Running).count();
        if running >= BATCHES_RUNNING_MAX {
            return Ok(None);
        }
        if all.len() >= BATCHES_KEPT_MAX
            && let Some(oldest) = all.iter().position(|one| one.progress().stage != Stage::Running)
        {
            all.remove(oldest);
        }
        let id = crate::sign::hex(&app.clock.key()[..8]);
        let spool = Spool::create(self.root.join(&id), app.clock.key())?;
        let batch = Arc::new(Batch::new(id, wish, now, spool));
        all.push(batch.clone());
        let (app, running) = (app.clone(), batch.clone());
        tokio::spawn(async move { running.run(&app).await });
        Ok(Some(batch))
    }

    /// A batch by id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Batch>> {
        self.all.lock().iter().find(|one| one.id == id).cloned()
    }

    /// All that are kept, newest first.
    #[must_use]
    pub fn list(&self, now: Timestamp) -> Vec<Arc<Batch>> {
        self.tidy(now);
        self.all.lock().iter().rev().cloned().collect()
    }

    /// Lets go of what nobody fetched for a day.
    fn tidy(&self, now: Timestamp) {
        let limit = SignedDuration::from_hours(BATCH_KEPT_HOURS);
        let fresh =
            |one: &Arc<Batch>| one.progress().stage == Stage::Running || now.duration_since(one.started) < limit;
        self.all.lock().retain(fresh);
    }
}

//! One import: tried first, then committed row by row through the committer, each row a command of the person who imports. All
//! or nothing: when a row is refused on the way, or somebody cancels, what was put is put back.
//!
//! The ids of the commands follow from the import and the row, so an import that was cut off goes on where it was.

use super::plan::BadCell;
use super::table::Sheet;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Imports remembered; the oldest that are over go first.
const REMEMBERED_MAX: usize = 200;

/// Cells of a sheet that is kept as it was read until its import is over; a larger one is read again for each stage.
const KEPT_CELLS_MAX: usize = 2_000_000;

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Being tried.
    Checking,
    /// Nothing is wrong; waits to be confirmed.
    Ready,
    /// Something is wrong; nothing was or will be written.
    Refused,
    /// Being committed.
    Running,
    /// Being put back.
    Undoing,
    /// Committed.
    Done,
    /// Given up; everything is as it was.
    Cancelled,
}

impl Stage {
    /// Its name: texts are `import-stage-<name>`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Stage::Checking => "checking",
            Stage::Ready => "ready",
            Stage::Refused => "refused",
            Stage::Running => "running",
            Stage::Undoing => "undoing",
            Stage::Done => "done",
            Stage::Cancelled => "cancelled",
        }
    }

    /// Whether work goes on.
    #[must_use]
    pub fn is_busy(self) -> bool {
        matches!(self, Stage::Checking | Stage::Running | Stage::Undoing)
    }
}

/// How many rows are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Not there yet.
    pub new: u64,
    /// Different from what is there.
    pub changed: u64,
    /// As they are there.
    pub same: u64,
    /// With something wrong.
    pub refused: u64,
}

/// A row that will be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Row of the sheet, from 0.
    pub line: u32,
    /// The version of the row that was seen; 0 for a new one.
    pub version: u32,
    /// Whether the row is there when its turn comes: stored, or put by an earlier line.
    pub known: bool,
}

/// What is known of an import.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// Id.
    pub id: String,
    /// Register.
    pub register: String,
    /// Name of the file.
    pub file: String,
    /// Account that imports.
    pub account: String,
    /// Post it acts in.
    pub post: String,
    /// Where it stands.
    pub stage: Stage,
    /// How many rows are what.
    pub counts: Counts,
    /// Every bad cell.
    pub findings: Vec<BadCell>,
    /// What is unusual about rows that will be sent.
    #[serde(default)]
    pub unusual: Vec<BadCell>,
    /// Rows to send.
    pub steps: Vec<Step>,
    /// Whether the ids of its commands follow one another as the rows do; those of imports begun before do not.
    #[serde(default)]
    pub in_order: bool,
}

/// An import.
pub struct Job {
    /// What is known.
    pub facts: Mutex<Facts>,
    /// Rows done in this stage.
    pub done: AtomicU64,
    /// Rows of this stage.
    pub total: AtomicU64,
    /// Somebody wants it to stop.
    pub stop: AtomicBool,
    /// Work goes on in this process.
    pub busy: AtomicBool,
}

impl Job {
    fn new(facts: Facts) -> Arc<Job> {
        Arc::new(Job {
            facts: Mutex::new(facts),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            busy: AtomicBool::new(false),
        })
    }

    /// Where it stands.
    pub fn stage(&self) -> Stage {
        self.facts.lock().stage
    }

    /// Begins a stage of `total` rows.
    pub fn begin(&self, stage: Stage, total: u64) {
        self.facts.lock().stage = stage;
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Notes rows that are done.
    pub fn advance(&self, rows: u64) {
        self.done.fetch_add(rows, Ordering::Relaxed);
    }

    /// Whether it is to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// The imports of a server: in memory, and each in a folder of its own so that none is lost with the process.
pub struct Imports {
    folder: PathBuf,
    jobs: Mutex<HashMap<String, Arc<Job>>>,
    /// The sheet read last, with the id of its import: one at a time, so that files nobody confirms fill no memory.
    sheet: Mutex<Option<(String, Arc<Sheet>)>>,
}

impl Imports {
    /// Imports kept under `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Imports {
        Imports { folder, jobs: Mutex::new(HashMap::new()), sheet: Mutex::new(None) }
    }

    /// Keeps the sheet of an import as it was read.
    pub fn keep_sheet(&self, id: &str, sheet: Arc<Sheet>) {
        let cells: usize = sheet.rows.iter().map(Vec::len).sum();
        *self.sheet.lock() = (cells <= KEPT_CELLS_MAX).then(|| (id.to_owned(), sheet));
    }

    /// The sheet of an import, if it is kept.
    #[must_use]
    pub fn sheet(&self, id: &str) -> Option<Arc<Sheet>> {
        self.sheet.lock().as_ref().filter(|(of, _)| of == id).map(|(_, sheet)| sheet.clone())
    }

    /// Gives up the sheet of an import.
    pub fn forget_sheet(&self, id: &str) {
        let mut kept = self.sheet.lock();
        if kept.as_ref().is_some_and(|(of, _)| of == id) {
            *kept = None;
        }
    }

    fn path(&self, id: &str, name: &str) -> Option<PathBuf> {
        let is_id = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        is_id.then(|| self.folder.join(id).join(name))
    }

    /// Begins an import with the bytes of its file.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn begin(&self, facts: Facts, bytes: &[u8]) -> std::io::Result<Arc<Job>> {
        let id = facts.id.clone();
        let path = self.path(&id, "file").ok_or_else(|| std::io::Error::other("no id"))?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, bytes)?;
        let job = Job::new(facts);
        self.save(&job)?;
        let mut jobs = self.jobs.lock();
        if jobs.len() >= REMEMBERED_MAX {
            jobs.retain(|_, job| job.stage().is_busy());
        }
        jobs.insert(id, job.clone());
        Ok(job)
    }

    /// An import by id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Arc<Job>> {
        if let Some(job) = self.jobs.lock().get(id) {
            return Some(job.clone());
        }
        let text = std::fs::read(self.path(id, "job.json")?).ok()?;
        let job = Job::new(serde_json::from_slice(&text).ok()?);
        self.jobs.lock().insert(id.to_owned(), job.clone());
        Some(job)
    }

    /// The bytes of its file.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn bytes(&self, job: &Job) -> std::io::Result<Vec<u8>> {
        let id = job.facts.lock().id.clone();
        std::fs::read(self.path(&id, "file").ok_or_else(|| std::io::Error::other("no id"))?)
    }

    /// Keeps where it stands.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save(&self, job: &Job) -> std::io::Result<()> {
        let facts = job.facts.lock().clone();
        let path = self.path(&facts.id, "job.json").ok_or_else(|| std::io::Error::other("no id"))?;
        std::fs::write(path, serde_json::to_vec(&facts).unwrap_or_default())
    }

    /// Imports of a register, newest first: ids rise with time.
    #[must_use]
    pub fn of(&self, register: &str) -> Vec<Arc<Job>> {
        let mut jobs: Vec<(String, Arc<Job>)> = self
            .jobs
            .lock()
            .iter()
            .filter(|(_, job)| job.facts.lock().register == register)
            .map(|(id, job)| (id.clone(), job.clone()))
            .collect();
        jobs.sort_by(|a, b| b.0.cmp(&a.0));
        jobs.into_iter().map(|(_, job)| job).collect()
    }
}

//! Folding the log into the file. While commits wait for the disk a thread of its own does the copying, so that no command
//! stands behind it; the writer only folds in the little that thread has not reached, after which the log starts anew. While
//! a history is loaded without waiting for the disk, the writer folds alone.

use super::row::failed;
use ganglion_kernel::StoreError;
use parking_lot::Mutex;
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// How long the log gets, in pages.
#[derive(Clone, Copy, Debug)]
struct Lengths {
    /// Pages added after which the thread folds.
    fold: u32,
    /// Pages from which on the writer tries to finish, so that the log starts anew.
    finish: u32,
    /// Pages the writer may fold in itself while a command waits.
    writer: u32,
    /// Pages at which the writer folds whatever is left, because the thread cannot keep up.
    max: u32,
}

impl Lengths {
    fn of(fold: u32) -> Lengths {
        Lengths { fold, finish: 3 * fold, writer: fold / 4, max: 16 * fold }
    }
}

/// What writer and thread know of each other.
#[derive(Debug, Default)]
struct Shared {
    /// Frames of the log that are in the file.
    folded: AtomicU32,
    /// Whether the thread may be used.
    aside: AtomicBool,
    /// Held by whoever folds: two at once would turn one away, and the log would grow by what it left.
    turn: Mutex<()>,
}

/// The thread that folds.
#[derive(Debug)]
pub(super) struct Folding {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

impl Folding {
    /// Starts the thread on `connection` and lets `writer` tell it how long the log is. The thread ends when the writer
    /// forgets it: see [`Folding::end`].
    pub(super) fn start(
        writer: &mut Connection,
        connection: Connection,
        (fold_pages, aside): (u32, bool),
    ) -> Result<Folding, StoreError> {
        let attempted = "starting to fold the log";
        let shared = Arc::new(Shared { aside: AtomicBool::new(aside), ..Shared::default() });
        let (wake, woken) = sync_channel(1);
        let known = shared.clone();
        let thread = std::thread::Builder::new()
            .name("fold".to_owned())
            .spawn(move || fold_when_woken(&connection, &known, &woken))
            .map_err(|error| StoreError::Database { attempted, reason: error.to_string() })?;
        writer.wal_hook(Some(hook(Lengths::of(fold_pages), shared.clone(), wake))).map_err(failed(attempted))?;
        Ok(Folding { shared, thread })
    }

    /// Whether the thread folds, or the writer alone.
    pub(super) fn aside(&self, aside: bool) {
        self.shared.aside.store(aside, Ordering::Relaxed);
    }

    /// Ends the thread.
    pub(super) fn end(self, writer: &mut Connection) {
        let forgotten = writer.wal_hook(None::<fn(&mut Wal, i32) -> rusqlite::Result<()>>);
        if forgotten.is_ok() && self.thread.join().is_err() {
            tracing::error!("the thread that folds the log had stopped");
        }
    }
}

/// Called by the database after every commit with the pages in the log. Runs while the writer is held, so it may fold.
fn hook(
    lengths: Lengths,
    shared: Arc<Shared>,
    wake: SyncSender<()>,
) -> impl FnMut(&mut Wal, i32) -> rusqlite::Result<()> + Send {
    let (mut asked, mut before) = (0, 0);
    move |wal, pages| {
        let pages = u32::try_from(pages).unwrap_or(0);
        if pages < before {
            // The log started anew: what was folded of the last one says nothing about this one.
            shared.folded.store(0, Ordering::Relaxed);
            asked = 0;
        }
        before = pages;
        let left = pages.saturating_sub(shared.folded.load(Ordering::Relaxed));
        let is_aside = shared.aside.load(Ordering::Relaxed);
        let few_left = is_aside && left <= lengths.writer;
        let is_long = pages >= lengths.finish;
        let finishes = is_long && (few_left || !is_aside || pages >= lengths.max);
        // A long log is folded in ever smaller parts, until the rest is small enough for the writer.
        let part = if is_long { lengths.writer } else { lengths.fold };
        if finishes {
            // Where the log is as long as it may be, the thread's turn is waited for. Before that, and where a reader holds an old page, it is
            // tried again after the next commit.
            let _turn = if pages >= lengths.max { Some(shared.turn.lock()) } else { shared.turn.try_lock() };
            if let Ok((_, folded)) = wal.checkpoint_v2(CheckpointMode::PASSIVE) {
                shared.folded.store(u32::try_from(folded).unwrap_or(0), Ordering::Relaxed);
            }
        } else if is_aside && pages - asked >= part {
            asked = pages;
            // Full means that it has been asked already and not looked yet.
            let _ = wake.try_send(());
        }
        Ok(())
    }
}

fn fold_when_woken(connection: &Connection, shared: &Shared, woken: &Receiver<()>) {
    for () in woken {
        let _turn = shared.turn.lock();
        match connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE) {
            Ok((_, folded)) => shared.folded.store(u32::try_from(folded).unwrap_or(0), Ordering::Relaxed),
            Err(error) => tracing::debug!(%error, "the log was not folded; the next commit asks again"),
        }
    }
}

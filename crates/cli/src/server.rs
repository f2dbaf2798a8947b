//! Bringing an installation up: store, world, committer, jobs and pages.

use crate::city::world;
use crate::database::{Database, DatabaseArgs};
use crate::system::{Machine, master_key, stopped};
use anyhow::Result;
use arc_swap::ArcSwap;
use ganglion_kernel::commit::{Committer, CommitterSettings, WallClock, Works};
use ganglion_kernel::{Store, World};
use ganglion_server::{App, AppParts, Settings};
use std::path::PathBuf;
use std::sync::Arc;

/// Where an installation lives.
pub struct Installation {
    /// Folder with `data/` and `packs/`.
    pub home: PathBuf,
    /// Folder of files and keys, and of the database unless another is named.
    pub data: PathBuf,
    /// Which database.
    pub database: DatabaseArgs,
    /// Limits of the committer.
    pub committer: CommitterSettings,
    /// Demonstration: one-click sign-in, never otherwise.
    pub demo: bool,
    /// Address under which others reach it, for codes on documents.
    pub public_url: String,
    /// Simulated people act in the demonstration.
    pub demo_moving: bool,
}

/// A server that is up but does not answer yet.
pub struct Running {
    /// Storage.
    pub store: Arc<dyn Store>,
    /// The world.
    pub world: Arc<ArcSwap<World>>,
    /// Where commands go.
    pub committer: Committer,
    app: Arc<App>,
    thread: std::thread::JoinHandle<()>,
}

/// Loads everything and starts the committer.
///
/// # Errors
/// When the database, the packs or the key cannot be read.
pub async fn start(installation: &Installation, machine: Arc<Machine>) -> Result<Running> {
    let store = Database::open(&installation.data, &installation.database).await?.store();
    let world = world::running(store.clone(), &installation.home, machine.as_ref()).await?;
    let master = master_key(&installation.data, &machine)?;
    let clock: Arc<dyn WallClock> = machine;
    let works = Works {
        store: store.clone(),
        world: world.clone(),
        clock: clock.clone(),
        master,
        settings: installation.committer,
    };
    let (committer, thread) = Committer::start(works)?;
    let settings = Settings {
        demo: installation.demo,
        public_url: installation.public_url.clone(),
        demo_moving: installation.demo_moving,
        data_dir: installation.data.clone(),
        ui_dir: Some(installation.home.join("ui")).filter(|dir| dir.is_dir()),
        ..Settings::default()
    };
    let app = App::new(AppParts {
        store: store.clone(),
        world: world.clone(),
        committer: committer.clone(),
        clock,
        master,
        settings,
    })?;
    Ok(Running { store, world, committer, app: Arc::new(app), thread })
}

impl Running {
    /// Answers until SIGTERM or Ctrl-C, then finishes what it began. `ready` is said once it answers.
    ///
    /// # Errors
    /// When serving fails.
    pub async fn until_stopped(self, listener: tokio::net::TcpListener, ready: Option<String>) -> Result<()> {
        let Running { store, committer, app, thread, .. } = self;
        if let Some(ready) = ready {
            crate::out(&ready);
        }
        ganglion_server::serve(app, listener, stopped()).await?;
        drop(committer);
        // The committer ends when its last handle is gone; jobs that still hold one are ending too.
        let joined = tokio::task::spawn_blocking(move || thread.join());
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), joined).await;
        drop(store);
        Ok(())
    }
}

//! Bringing an installation up: store, world, committer, jobs and pages.

use crate::city::world;
use crate::database::{Database, DatabaseArgs};
use crate::keys::KeyArgs;
use crate::system::{Machine, log_settings, master_key, stopped};
use anyhow::Result;
use arc_swap::ArcSwap;
use ganglion_kernel::commit::{Committer, CommitterSettings, WallClock, Works};
use ganglion_kernel::{Store, World};
use ganglion_server::identity::openid::OpenId;
use ganglion_server::{App, AppParts, BaseMap, Mqtt, Settings, Sms};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How long the last batch may take when the server stops.
const LAST_BATCH_MAX: std::time::Duration = std::time::Duration::from_secs(30);

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
    /// Packs that are installed stay as they are, whatever ships.
    pub keep_packs: bool,
    /// Demonstration: one-click sign-in, never otherwise.
    pub demo: bool,
    /// Address under which others reach it, for codes on documents.
    pub public_url: String,
    /// Simulated people act in the demonstration.
    pub demo_moving: bool,
    /// Events may be sent to addresses inside.
    pub receivers_inside: bool,
    /// The map below our own outlines.
    pub base_map: Option<BaseMap>,
    /// What stands between the server and those who call it.
    pub edge: Edge,
    /// What signing in asks for.
    pub sign_in: SignIn,
    /// Where the keys are that wrap row keys.
    pub keys: KeyArgs,
    /// The broker of the instruments.
    pub mqtt: Option<Mqtt>,
    /// What sends codes to residents.
    pub sms: Option<Sms>,
    /// The provider of identities.
    pub openid: Option<Arc<OpenId>>,
}

/// What signing in asks for.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// How long a session lasts, hours.
    pub session_hours: u32,
    /// How long it may lie unused, minutes; 0: as long as it lasts.
    pub idle_minutes: u32,
    /// Days after which a password has to be changed; 0: never.
    pub password_days: u32,
    /// Roles whose holders need a second factor.
    pub second_factor_roles: Vec<String>,
}

impl Default for SignIn {
    /// A demonstration: sessions of a working day, and nothing asked.
    fn default() -> SignIn {
        SignIn { session_hours: 12, idle_minutes: 0, password_days: 0, second_factor_roles: Vec::new() }
    }
}

/// What stands between the server and those who call it.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    /// A proxy stands before the server and says who called and under which id.
    pub behind_proxy: bool,
    /// The server is reached over TLS.
    pub tls: bool,
    /// SHA-256, hex, of the key with which programs elsewhere may see figures and health.
    pub monitor_key: Option<String>,
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

/// The folder pages, texts and scripts are read from instead of from the program: where the home has one that is built. Without
/// its scripts and styles every page would come out bare.
fn user_interface(home: &Path) -> Option<PathBuf> {
    let folder = home.join("ui");
    if !folder.is_dir() {
        return None;
    }
    if folder.join("dist/.vite/manifest.json").is_file() {
        return Some(folder);
    }
    let folder = folder.display();
    tracing::warn!(
        "the user interface in {folder} is not built, so that of the program is used; to use it, run `npm ci` and `npm run build` in {folder}, or `cargo xtask setup` in a checkout"
    );
    None
}

/// Loads everything and starts the committer.
///
/// # Errors
/// When the database, the packs or the key cannot be read.
pub async fn start(installation: &Installation, machine: Arc<Machine>) -> Result<Running> {
    let store = Database::open(&installation.data, &installation.database).await?.store();
    let world = if installation.keep_packs {
        world::running_beside_older(store.clone(), &installation.home, machine.as_ref()).await?
    } else {
        world::running(store.clone(), &installation.home, machine.as_ref()).await?
    };
    let master = master_key(&installation.data, &machine)?;
    let ring = installation.keys.ring(&installation.data, master)?;
    let log = Arc::new(log_settings(&installation.data, &installation.public_url, &machine)?);
    let clock: Arc<dyn WallClock> = machine;
    let works = Works {
        store: store.clone(),
        world: world.clone(),
        clock: clock.clone(),
        ring: ring.clone(),
        settings: installation.committer,
    };
    let (committer, thread) = Committer::start(works)?;
    let settings = Settings {
        demo: installation.demo,
        public_url: installation.public_url.clone(),
        demo_moving: installation.demo_moving,
        receivers_inside: installation.receivers_inside,
        base_map: installation.base_map.clone(),
        data_dir: installation.data.clone(),
        log: Some(log),
        behind_proxy: installation.edge.behind_proxy,
        cookie_secure: installation.edge.tls,
        monitor_key: installation.edge.monitor_key.clone(),
        session_hours: installation.sign_in.session_hours,
        idle_minutes: installation.sign_in.idle_minutes,
        password_days: installation.sign_in.password_days,
        second_factor_roles: installation.sign_in.second_factor_roles.clone(),
        mqtt: installation.mqtt.clone(),
        ui_dir: user_interface(&installation.home),
        sms: installation.sms.clone(),
        openid: installation.openid.clone(),
        ..Settings::default()
    };
    let app = App::new(AppParts {
        store: store.clone(),
        world: world.clone(),
        committer: committer.clone(),
        clock,
        master,
        ring,
        settings,
    })?;
    Ok(Running { store, world, committer, app: Arc::new(app), thread })
}

impl Running {
    /// The page that makes the first administrator, with a code that is good once; `None` when there is an account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn setup_link(&self) -> Result<Option<String>> {
        Ok(self.app.setup_link().await?)
    }

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
        // What waits is still written and answered, whoever holds handles; a disk that does not answer is not waited for for ever.
        committer.close();
        let joined = tokio::task::spawn_blocking(move || thread.join());
        match tokio::time::timeout(LAST_BATCH_MAX, joined).await {
            Ok(_) => tracing::info!("stopped; every batch is written"),
            Err(_) => tracing::warn!("stopped while a batch was being written; whoever sent it was not answered"),
        }
        drop(store);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_not_built_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(user_interface(home.path()), None, "there is none");
        let folder = home.path().join("ui");
        std::fs::create_dir_all(folder.join("dist/.vite")).unwrap();
        assert_eq!(user_interface(home.path()), None, "pages without styles help nobody");
        std::fs::write(folder.join("dist/.vite/manifest.json"), "{}").unwrap();
        assert_eq!(user_interface(home.path()), Some(folder));
    }
}

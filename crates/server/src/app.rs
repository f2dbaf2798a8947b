//! What the running server holds, and how it is started and stopped.

use crate::assets::Ui;
use crate::base_map::{BaseMap, policy};
use crate::files::Files;
use crate::limits::{
    CODES_OF_ADDRESS_MAX, FOLLOW_TRIES_MAX, PASSWORDS_AT_ONCE_MAX, RATE_WINDOW_SECONDS, REPORT_TRIES_MAX,
    SIGN_IN_FREE_TRIES_OF_ADDRESS, STOP_SECONDS, TICKET_TRIES_MAX, UPLOAD_TRIES_MAX, VERIFY_TRIES_MAX,
};
use crate::log::{LogSettings, Logs};
use crate::map::Outlines;
use crate::numbers::Numbers;
use crate::papers::{Batches, Press};
use crate::public::home::HomeFigures;
use crate::rate::{Growing, Rate};
use crate::residents::sms::{Sms, SmsGateway};
use crate::session::SessionCache;
use crate::staff::Imports;
use crate::templates::Templates;
use crate::texts::TextsError;
use arc_swap::ArcSwap;
use axum::http::header::{HeaderValue, InvalidHeaderValue};
use ganglion_kernel::seal::{Key, Keyring};
use ganglion_kernel::{Committer, Store, WallClock, World};
use ganglion_model::Text;
use std::future::{Future, IntoFuture as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// The state handlers share.
pub type AppState = Arc<App>;

/// What a deployment sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Demonstration: one-click sign-in and a strip that says so. Never in service.
    pub demo: bool,
    /// Simulated people act in the demonstration; the strip says so.
    pub demo_moving: bool,
    /// Name of the place served; empty: the name of the place the installation serves.
    pub site: Text,
    /// Where files are kept.
    pub data_dir: PathBuf,
    /// Send cookies over TLS only; set wherever the server is reached over TLS.
    pub cookie_secure: bool,
    /// How long a session lasts, hours.
    pub session_hours: u32,
    /// How long a session may lie unused before it ends, minutes; 0: as long as it lasts.
    pub idle_minutes: u32,
    /// Days after which a password has to be changed; 0: never.
    pub password_days: u32,
    /// Roles whose holders need a second factor; `*` stands for every role.
    pub second_factor_roles: Vec<String>,
    /// Read templates, texts and built files from here instead of from the binary, anew for every page.
    pub ui_dir: Option<PathBuf>,
    /// Address under which others reach this server, without a slash at the end: what square codes on documents lead to.
    pub public_url: String,
    /// Events may also be sent to addresses inside (private networks, this machine) and over plain HTTP. Off: whoever can name
    /// a receiver could otherwise make the server call what only it can reach.
    pub receivers_inside: bool,
    /// The map below our own outlines; none unless it is said.
    pub base_map: Option<BaseMap>,
    /// A proxy stands before the server and says in `X-Forwarded-For` who called.
    pub behind_proxy: bool,
    /// What signs the public logs of the journals; without it there are none.
    pub log: Option<Arc<LogSettings>>,
    /// SHA-256, hex, of the key with which a program elsewhere may see the figures of the server; without one only programs
    /// on this machine may.
    pub monitor_key: Option<String>,
    /// The provider of identities that signs people in; without one they sign in here only.
    pub openid: Option<Arc<crate::identity::openid::OpenId>>,
    /// The broker that readings of instruments come from; without one none are taken.
    pub mqtt: Option<crate::readings::Mqtt>,
    /// What sends codes to residents; without it they have no pages of their own.
    pub sms: Option<Sms>,
}

impl Default for Settings {
    /// A server without TLS of its own, with files in `data`, and sessions of a working day.
    fn default() -> Settings {
        Settings {
            demo: false,
            demo_moving: false,
            site: Text::default(),
            data_dir: PathBuf::from("data"),
            cookie_secure: false,
            session_hours: 12,
            idle_minutes: 0,
            password_days: 0,
            second_factor_roles: Vec::new(),
            ui_dir: None,
            public_url: String::new(),
            receivers_inside: false,
            base_map: None,
            behind_proxy: false,
            log: None,
            monitor_key: None,
            openid: None,
            mqtt: None,
            sms: None,
        }
    }
}

/// What the server is made of.
pub struct AppParts {
    /// Storage.
    pub store: Arc<dyn Store>,
    /// The world, shared with the committer.
    pub world: Arc<ArcSwap<World>>,
    /// The committing loop.
    pub committer: Committer,
    /// Time and chance.
    pub clock: Arc<dyn WallClock>,
    /// Master key.
    pub master: Key,
    /// The keys that wrap row keys.
    pub ring: Keyring,
    /// Settings.
    pub settings: Settings,
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file of texts cannot be read.
    #[error(transparent)]
    Texts(#[from] TextsError),
    /// The folder for files cannot be made.
    #[error("the folder for files: {0}")]
    Files(#[from] std::io::Error),
    /// The policy of pages cannot be sent.
    #[error("where pages may load from: {0}")]
    Policy(#[from] InvalidHeaderValue),
}

/// Tries counted in memory.
pub struct Rates {
    /// Wrong passwords and codes by address; those by account are kept (`identity::tries`).
    pub sign_in: Growing,
    /// Reports by address.
    pub report: Rate,
    /// Tickets by address and hall.
    pub ticket: Rate,
    /// Uploads by address.
    pub upload: Rate,
    /// Wrong follow attempts by address.
    pub follow: Rate,
    /// Wrong digits by number.
    pub tail: Rate,
    /// Codes of documents that lead nowhere, by address.
    pub verify: Rate,
    /// Codes for residents that were asked for, and wrong ones, by address.
    pub codes: Rate,
    /// Ways to the provider of identities and back, by address.
    pub openid: Rate,
    /// Readings of events by those without a key, by address.
    pub events: Rate,
    /// Calls of the interfaces by those without a key, by session or address.
    pub open: Rate,
}

/// The running server.
pub struct App {
    /// Storage.
    pub store: Arc<dyn Store>,
    /// The world.
    pub world: Arc<ArcSwap<World>>,
    /// The committing loop.
    pub committer: Committer,
    /// Time and chance.
    pub clock: Arc<dyn WallClock>,
    /// Master key: it signs what the server hands out and opens the secrets of receivers.
    pub master: Key,
    /// The keys that wrap row keys.
    pub ring: Keyring,
    /// Settings.
    pub settings: Settings,
    /// Calendar and office hours as the installation began with them, before anything was laid over.
    pub office: ganglion_kernel::clocks::Office,
    pub(crate) ui: Ui,
    /// What pages may load, and from where.
    pub(crate) policy: HeaderValue,
    templates: ArcSwap<Templates>,
    /// The second in which files of templates were last looked at.
    looked_at: AtomicI64,
    pub(crate) files: Files,
    pub(crate) sessions: SessionCache,
    pub(crate) keys: crate::keys::Keys,
    /// What sends codes to residents.
    pub(crate) sms: Option<Arc<dyn SmsGateway>>,
    /// The interface described, ready to send.
    pub(crate) documents: crate::rest::Documents,
    pub(crate) numbers: Numbers,
    /// What the provider of identities said of itself.
    pub(crate) openid: crate::identity::openid::Memory,
    pub(crate) rates: Rates,
    pub(crate) passwords: Semaphore,
    pub(crate) outlines: Outlines,
    /// The same outlines whole, for features and tiles.
    pub(crate) shapes: crate::ogc::Shapes,
    /// Tiles as they were last made.
    pub(crate) tiles: crate::tiles::Made,
    /// Plans computed at the same time.
    pub(crate) plans: Semaphore,
    pub(crate) imports: Imports,
    pub(crate) home: HomeFigures,
    pub(crate) logs: Logs,
    pub(crate) press: Arc<Press>,
    pub(crate) batches: Batches,
    pub(crate) live: crate::live::Hub,
    /// What is counted for those who keep the server running.
    pub(crate) meter: Arc<crate::monitor::Meter>,
    pub(crate) installs: crate::packs::Installs,
    pub(crate) seen: crate::jobs::follow::Seen,
    pub(crate) live_listeners: Arc<Semaphore>,
    pub(crate) hall_listeners: Arc<Semaphore>,
    pub(crate) stopping: watch::Sender<bool>,
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn new(parts: AppParts) -> Result<App, StartError> {
        let ui = Ui { folder: parts.settings.ui_dir.clone() };
        let templates = ArcSwap::from_pointee(Templates::load(&ui)?);
        let (own, now) = (parts.clock.id().to_string(), parts.clock.now());
        let files = Files::open(parts.settings.data_dir.join("files"), &own, now)?;
        let batches = Batches::open(&parts.settings.data_dir.join("batches"), &own, now)?;
        let rate = |max| Rate::new(max, RATE_WINDOW_SECONDS);
        let office = parts.world.load().office.clone();
        let meter = Arc::new(crate::monitor::Meter::default());
        let watching = meter.clone();
        parts.committer.watch(move |batch| watching.batch(batch));
        let policy = HeaderValue::from_str(&policy(parts.settings.base_map.as_ref()))?;
        Ok(App {
            office,
            policy,
            store: parts.store,
            world: parts.world,
            committer: parts.committer,
            clock: parts.clock,
            master: parts.master,
            ring: parts.ring,
            imports: Imports::new(parts.settings.data_dir.join("imports/rows")),
            logs: Logs::new(parts.settings.log.clone(), parts.settings.data_dir.join("log")),
            sms: parts.settings.sms.as_ref().map(|sms| sms.gateway(&parts.settings.data_dir)),
            settings: parts.settings,
            ui,
            templates,
            looked_at: AtomicI64::new(i64::MIN),
            files,
            sessions: SessionCache::default(),
            keys: crate::keys::Keys::default(),
            documents: crate::rest::Documents::default(),
            numbers: Numbers::default(),
            openid: crate::identity::openid::Memory::default(),
            rates: Rates {
                sign_in: Growing::new(SIGN_IN_FREE_TRIES_OF_ADDRESS),
                report: rate(REPORT_TRIES_MAX),
                ticket: rate(TICKET_TRIES_MAX),
                upload: rate(UPLOAD_TRIES_MAX),
                follow: rate(FOLLOW_TRIES_MAX),
                tail: rate(crate::limits::FOLLOW_TRIES_OF_NUMBER_MAX),
                verify: rate(VERIFY_TRIES_MAX),
                codes: rate(CODES_OF_ADDRESS_MAX),
                openid: rate(crate::limits::OPENID_TRIES_MAX),
                events: rate(crate::limits::EVENT_TRIES_MAX),
                open: rate(crate::limits::OPEN_TRIES_MAX),
            },
            passwords: Semaphore::new(PASSWORDS_AT_ONCE_MAX),
            outlines: Outlines::default(),
            shapes: crate::ogc::Shapes::default(),
            tiles: crate::tiles::Made::default(),
            plans: Semaphore::new(crate::limits::PLANS_AT_ONCE_MAX),
            home: HomeFigures::default(),
            press: Arc::default(),
            batches,
            live: crate::live::Hub::default(),
            meter,
            installs: crate::packs::Installs::default(),
            seen: crate::jobs::follow::Seen::default(),
            live_listeners: Arc::new(Semaphore::new(crate::limits::LIVE_LISTENERS_MAX)),
            hall_listeners: Arc::new(Semaphore::new(crate::limits::HALL_LISTENERS_MAX)),
            stopping: watch::Sender::new(false),
        })
    }

    /// Templates and words. In development they are read again when a file changed, looked at once a second; a file that cannot be
    /// read then is logged and the last good state is used.
    pub(crate) fn templates(&self) -> Arc<Templates> {
        let second = self.clock.now().as_second();
        if self.looked_at.swap(second, Ordering::Relaxed) != second && self.templates.load().stamp != self.ui.stamp() {
            match Templates::load(&self.ui) {
                Ok(fresh) => self.templates.store(Arc::new(fresh)),
                Err(error) => tracing::warn!(%error, "texts could not be read again"),
            }
        }
        self.templates.load_full()
    }

    /// Forgets what is remembered of sessions, after accounts or posts changed.
    pub fn accounts_changed(&self) {
        self.sessions.clear();
    }
}

/// Serves until `shutdown` resolves: then takes no more connections, finishes requests under way (live connections are
/// told to close) and returns. The committer ends when it is closed or its last handle is dropped.
///
/// # Errors
/// When the listener fails.
pub async fn serve<F>(app: AppState, listener: TcpListener, shutdown: F) -> std::io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let jobs = crate::jobs::start(&app);
    let router = crate::routes::router(app.clone());
    let stopping = app.stopping.clone();
    let stop = async move {
        shutdown.await;
        stopping.send_replace(true);
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop).into_future();
    let mut stopped = app.stopping.subscribe();
    let too_long = async move {
        // An error means the sender is gone, which is a stop as well.
        let _ = stopped.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(Duration::from_secs(STOP_SECONDS)).await;
    };
    let result = tokio::select! {
        result = served => result,
        () = too_long => {
            tracing::warn!("requests were still under way and were cut off");
            Ok(())
        }
    };
    app.stopping.send_replace(true);
    for job in jobs {
        // A job that panicked has logged it; there is nothing to add here.
        let _ = job.await;
    }
    result
}

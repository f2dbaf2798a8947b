//! `ganglion pack install` and `pack replay`: a pack onto a running server, or into the folder of an installation.
//!
//! Looking changes nothing: what ships in `packs/` is taken over by a server's start, here only when the very first set has
//! to be made so that there is something to install beside.

use crate::city::{home, world};
use crate::database::{Database, DatabaseArgs, SQLITE};
use crate::load::client::Client;
use crate::system::Machine;
use anyhow::{Context as _, Result, bail, ensure};
use arc_swap::ArcSwap;
use ganglion_kernel::commit::WallClock as _;
use ganglion_kernel::{Store, World};
use ganglion_model::{Actor, CommandId, Lang, Model};
use ganglion_pack::{Difference, said};
use ganglion_server::packs::{Draft, Installing, Review, Sources, from_folder, install, installed, replayed, review};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where to.
#[derive(clap::Args)]
pub struct Target {
    /// Address of a running server, such as http://127.0.0.1:8080.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Account that administers the whole installation.
    #[arg(long)]
    account: Option<String>,
    /// Its password; better given in the environment.
    #[arg(long, env = "GANGLION_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Folder of an installation. A server that runs on it takes the pack over within a second.
    #[arg(long, value_name = "DIR", env = "GANGLION_DATA")]
    data: Option<PathBuf>,
    /// Folder that holds `data/` and `packs/`.
    #[arg(long, env = "GANGLION_HOME")]
    home: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Installs packs together, or only says what would happen; gives the text to print and whether it went well.
///
/// # Errors
/// When the target cannot be reached or read.
pub fn run(dirs: &[PathBuf], target: &Target, dry_run: bool, lang: Lang) -> Result<(String, bool)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match (&target.server, &target.data) {
            (Some(server), _) => on_server(dirs, (target, server), dry_run, lang).await,
            (None, Some(data)) => in_folder(dirs, (target, data), dry_run, lang).await,
            (None, None) => bail!("say where: --server URL or --data DIR"),
        }
    })
}

fn put(dirs: &[PathBuf]) -> Result<Vec<(String, ganglion_server::packs::PackFiles)>> {
    dirs.iter().map(|dir| from_folder(dir).with_context(|| format!("reading {}", dir.display()))).collect()
}

async fn on_server(
    dirs: &[PathBuf],
    (target, server): (&Target, &str),
    dry_run: bool,
    lang: Lang,
) -> Result<(String, bool)> {
    let host = server.strip_prefix("http://").context("the address begins with http://; TLS ends before the server")?;
    let host = host.trim_end_matches('/');
    let address = tokio::net::lookup_host(host).await.with_context(|| format!("finding {host}"))?.next();
    let mut client = Client::connect(address.with_context(|| format!("finding {host}"))?).await?;
    let (Some(account), Some(password)) = (&target.account, &target.password) else {
        bail!("installing on a server needs --account and GANGLION_PASSWORD");
    };
    let sign_in = json!({"account": account, "password": password});
    let (status, body) = client.call(Method::POST, "/api/v1/sign-in", ("", Some(&sign_in))).await?;
    ensure!(status == StatusCode::OK, "signing in as {account}: {}", String::from_utf8_lossy(&body));
    let token = serde_json::from_slice::<Value>(&body)?["token"].as_str().unwrap_or_default().to_owned();
    let packs: Vec<_> = put(dirs)?.into_iter().map(|(_, files)| files).collect();
    let wish = json!({"id": Machine::new().id(), "put": packs, "dry_run": dry_run});
    let (status, body) = client.call(Method::POST, "/api/packs", (&token, Some(&wish))).await?;
    let answer: Value = serde_json::from_slice(&body).context("the answer of the server")?;
    ensure!(status != StatusCode::NOT_FOUND, "{account} does not administer the whole installation");
    Ok((told(&answer, lang), status == StatusCode::OK))
}

/// The answer of a server in lines.
fn told(answer: &Value, lang: Lang) -> String {
    let mut lines = Vec::new();
    let items = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
    for one in items("findings") {
        let (file, line, text) = (one["file"].as_str(), &one["line"], one["message"].as_str());
        lines.push(format!("{}:{line}: {}", file.unwrap_or_default(), said(text.unwrap_or_default(), lang)));
    }
    for one in items("differences") {
        // A server of another version may say less; what it says is then shown as it is.
        let told = serde_json::from_value::<Difference>(one.clone()).map(|one| one.told(lang));
        lines.push(told.unwrap_or_else(|_| one.to_string()));
    }
    for one in items("obstacles") {
        let first: Vec<&str> = one["first"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let (code, path) = (one["code"].as_str().unwrap_or_default(), one["path"].as_str().unwrap_or_default());
        lines.push(format!("in the way: {code} {path}: {} ({})", one["count"], first.join(", ")));
    }
    match answer["installed"].as_u64() {
        Some(number) => lines.push(format!("installed as set {number}")),
        None => lines.push("nothing was changed".to_owned()),
    }
    lines.join("\n") + "\n"
}

/// An installation opened beside a server that may run on it.
struct Opened {
    store: Arc<dyn Store>,
    world: Arc<ArcSwap<World>>,
    /// What is installed; in an installation that never ran, what a start would install.
    sources: Sources,
    machine: Machine,
}

/// Opens an installation. `change`: whether the set a first start would make may be made now.
async fn open(data: &Path, target: &Target, change: bool) -> Result<Opened> {
    let is_there = target.database.database.is_some() || data.join(SQLITE).is_file();
    ensure!(is_there, "{} is no installation: there is no {SQLITE}", data.display());
    let store = Database::open(data, &target.database).await?.store();
    let machine = Machine::new();
    let home = home(target.home.as_deref());
    let mut found = installed(store.as_ref()).await?;
    if found.is_none() && change {
        world::running(store.clone(), &home, &machine).await?;
        found = installed(store.as_ref()).await?;
    }
    let (model, sources) = match found {
        Some(found) => (found.model()?, found.sources),
        None => (
            world::packs(&home.join("packs"))?,
            Sources(put(&world::pack_folders(&home.join("packs"))?)?.into_iter().collect()),
        ),
    };
    let world = world::load(store.as_ref(), model, world::office(&home)?).await?;
    Ok(Opened { store, world: Arc::new(ArcSwap::from_pointee(world)), sources, machine })
}

impl Opened {
    fn parts<'a>(&'a self, progress: &'a (dyn Fn(u64, u64) + Sync)) -> Installing<'a> {
        Installing {
            store: self.store.as_ref(),
            world: &self.world,
            committer: None,
            actor: Actor::System,
            by: Some("ganglion pack install".to_owned()),
            command: CommandId(self.machine.id()),
            now: self.machine.now(),
            progress,
        }
    }

    fn draft(&self, dirs: &[PathBuf]) -> Result<Draft> {
        Ok(Draft::new(&self.sources, &self.world.load().model, put(dirs)?, &[]))
    }
}

async fn in_folder(
    dirs: &[PathBuf],
    (target, data): (&Target, &Path),
    dry_run: bool,
    lang: Lang,
) -> Result<(String, bool)> {
    let opened = open(data, target, !dry_run).await?;
    let progress = |done: u64, total: u64| crate::err(&format!("{done} of {total} rows"));
    let parts = opened.parts(&progress);
    let draft = opened.draft(dirs)?;
    let found = review(&parts, &draft).await?;
    let mut text = summary((&found, draft.model.as_ref()), lang);
    if !found.installable || dry_run {
        let same = draft.model.is_some() && found.differences.is_empty();
        text.push_str(if same { "installed already as it is; nothing was changed\n" } else { "nothing was changed\n" });
        return Ok((text, found.installable || (draft.model.is_some() && found.obstacles.is_empty())));
    }
    let set = install(&parts, &draft).await?;
    text.push_str(&format!("installed as set {}\n", set.number));
    Ok((text, true))
}

fn summary((found, model): (&Review, Option<&Model>), lang: Lang) -> String {
    let mut text: String = found.findings.iter().map(|finding| finding.render_in(lang) + "\n\n").collect();
    let lines = |all: Vec<String>| all.into_iter().map(|line| line + "\n").collect::<String>();
    text.push_str(&lines(found.differences.iter().map(|one| one.told(lang)).collect()));
    text.push_str(&lines(found.obstacles.iter().map(|one| format!("in the way: {one}")).collect()));
    text.push_str(&model.map(|model| super::burden_text(model, &found.burden, lang)).unwrap_or_default());
    if let Some(replay) = &found.replay {
        text.push_str(&replay.to_string());
    }
    text
}

/// Replays the cases of the last days by the packs in `dirs`.
///
/// # Errors
/// When the installation cannot be read, or the packs have errors.
pub fn replay(dirs: &[PathBuf], target: &Target, days: u32) -> Result<String> {
    let data = target.data.as_deref().context("a replay reads an installation: --data DIR")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let opened = open(data, target, false).await?;
        let progress = |done: u64, total: u64| crate::err(&format!("{done} of {total} cases"));
        let draft = opened.draft(dirs)?;
        let Some(model) = &draft.model else { bail!("the packs have errors:\n{}", draft.findings) };
        let found = replayed(&opened.parts(&progress), &opened.world.load(), model, days).await?;
        Ok(found.to_string())
    })
}

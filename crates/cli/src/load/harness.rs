//! A throw-away installation, its server as a child process, and clients that play the loop.

use super::client::Client;
use super::script::{Script, form, post_id};
use crate::city::install::{City, install};
use crate::city::people::People;
use crate::city::world;
use crate::database::{Database, DatabaseArgs};
use crate::system::Machine;
use anyhow::{Context as _, Result, bail};
use ganglion_kernel::Store;
use ganglion_kernel::clocks::local_date;
use ganglion_kernel::commit::WallClock as _;
use ganglion_kernel::port::Session;
use ganglion_kernel::world::World;
use ganglion_model::{CommandId, Level, PlaceCode};
use hyper::{Method, StatusCode};
use rand::RngExt as _;
use rand::rngs::SmallRng;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// A prepared installation.
pub struct Ground {
    /// Its folder.
    pub data: PathBuf,
    /// Its database.
    pub database: DatabaseArgs,
    /// Folder with `data/` and `packs/`.
    pub home: PathBuf,
    /// The world.
    pub world: Arc<World>,
    /// Grids with a point inside.
    pub spots: Vec<(PlaceCode, [f64; 2])>,
    /// The loop.
    pub script: Script,
    /// Session tokens by post.
    pub tokens: HashMap<String, String>,
}

impl Ground {
    /// Places, posts and sessions in a fresh folder and database; no cases.
    ///
    /// # Errors
    /// When the data is bad or the folder cannot be written.
    pub async fn prepare(home: &Path, data: &Path, args: &DatabaseArgs) -> Result<Ground> {
        let machine = Machine::new();
        let now = machine.now();
        let database = Database::open(data, args).await?;
        let store = database.store();
        database.set_durable(false)?;
        let model = world::packs(&home.join("packs"))?;
        let people = People::read(home)?;
        let tree = install(store.as_ref(), home, &City::read(home)?, &people).await?;
        let staff = people.staff(&model, &tree, local_date(now), 1);
        store.accounts_put(&staff.accounts).await?;
        store.posts_put(&staff.posts).await?;
        let script = Script::read(home)?;
        let mut tokens = HashMap::new();
        let expires_at = now + jiff::SignedDuration::from_hours(24);
        let roles: Vec<&str> = script.steps.iter().filter_map(|step| step.by.split('@').next()).collect();
        for post in staff.posts.iter().filter(|post| roles.contains(&post.role.as_str())) {
            let token = format!("load-{}", post.id);
            let token_hash = hex(&Sha256::digest(token.as_bytes()));
            let Some(account) = post.account.clone() else { continue };
            store.session_put(&Session { token_hash, account, post: Some(post.id.clone()), expires_at }).await?;
            tokens.insert(post.id.0.clone(), token);
        }
        let world = Arc::new(world::load(store.as_ref(), model, world::office(home)?).await?);
        let mut spots = spots(&store.outlines().await?);
        // The middle of a crooked grid may lie outside the city, where nothing can be reported.
        spots.retain(|(_, point)| ganglion_kernel::route::locate(&world.places, *point).here.is_some());
        database.set_durable(true)?;
        let (data, home, database) = (data.to_owned(), home.to_owned(), args.clone());
        Ok(Ground { data, database, home, world, spots, script, tokens })
    }

    /// Starts the server as a child process and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn serve(&self) -> Result<Server> {
        self.serve_with(&[])
    }

    /// Starts the server with further arguments.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn serve_with(&self, arguments: &[&str]) -> Result<Server> {
        Server::start_with((&self.home, &self.data), &self.database, arguments)
    }

    /// Its database, opened beside the server.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(&self) -> Result<Arc<dyn Store>> {
        Ok(Database::open(&self.data, &self.database).await?.store())
    }
}

/// Memory of a process, as the system counts it.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// All that is resident: what it allocated, and pages of files, above all of its program, which the system may drop and read again.
    pub resident_bytes: f64,
    /// What it allocated and wrote to (anonymous memory).
    pub own_bytes: f64,
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    /// Where it answers.
    pub address: SocketAddr,
}

impl Server {
    /// Starts a server on an installation and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(home: &Path, data: &Path, database: &DatabaseArgs) -> Result<Server> {
        Server::start_with((home, data), database, &[])
    }

    /// As [`Server::start`], with further arguments for `serve`.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_with((home, data): (&Path, &Path), database: &DatabaseArgs, arguments: &[&str]) -> Result<Server> {
        use std::io::BufRead as _;
        let program = std::env::current_exe()?;
        let mut command = Command::new(program);
        command.args(["serve", "--port", "0", "--data"]).arg(data).arg("--home").arg(home).args(arguments);
        match &database.database {
            Some(url) => command.args(["--database", url]),
            None => command.env_remove("GANGLION_DATABASE"),
        };
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().context("starting the server")?;
        let out = child.stdout.take().context("the server has no output")?;
        let mut line = String::new();
        std::io::BufReader::new(out).read_line(&mut line)?;
        let address = line.trim().strip_prefix("ready http://").and_then(|rest| rest.parse().ok());
        match address {
            Some(address) => Ok(Server { child, address }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                bail!("the server did not come up; it said {line:?}")
            }
        }
    }

    /// Memory it holds now.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn memory(&self) -> Result<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let of = |name: &str| -> Result<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.with_context(|| format!("no {name} of a process"))?.trim().trim_end_matches("kB").trim();
            Ok(kib.parse::<f64>()? * 1024.0)
        };
        Ok(Memory { resident_bytes: of("VmRSS:")?, own_bytes: of("RssAnon:")? })
    }

    /// Seconds of a processor it has taken so far, to a hundredth.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in brackets may hold spaces; user and system time are the 12th and 13th fields behind it.
        let fields = stat.rsplit_once(')').context("no name of a process")?.1;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
        Ok(ticks / 100.0)
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Bytes as hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn spots(outlines: &[(PlaceCode, String)]) -> Vec<(PlaceCode, [f64; 2])> {
    outlines
        .iter()
        .filter(|(place, _)| place.level() == Level::Grid)
        .filter_map(|(place, geometry)| {
            let [low, high] = crate::city::outlines::bounds(geometry)?;
            Some((*place, [f64::midpoint(low[0], high[0]), f64::midpoint(low[1], high[1])]))
        })
        .collect()
}

/// What one client has been told is durable.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// The command.
    pub command: CommandId,
    /// Shard it was sent to.
    pub shard: u32,
    /// What the answer said.
    pub answer: Value,
}

/// A command on its way: it may or may not have been carried out.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The command's id.
    pub id: CommandId,
    /// Path it was sent to.
    pub path: String,
    /// Whose token.
    pub token: String,
    /// Body.
    pub body: Value,
    /// Shard.
    pub shard: u32,
}

/// The server answered that it would not.
#[derive(Debug)]
pub struct Refused {
    /// Status of the answer.
    pub status: StatusCode,
    /// Seconds after which to come back, if it said so.
    pub retry_after: Option<u64>,
    said: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.said)
    }
}

impl std::error::Error for Refused {}

/// Plays one loop. `seen` hears every durable answer with its time in microseconds; reads are heard with `None`.
///
/// # Errors
/// When the connection breaks or the server refuses: gives back the command that was on its way, if it was one.
pub async fn play(
    ground: &Ground,
    client: &mut Client,
    rng: &mut SmallRng,
    seen: &mut (dyn FnMut(Option<Acknowledged>, u64) + Send),
) -> Result<(), (Option<Sent>, anyhow::Error)> {
    let (place, point) = ground.spots[rng.random_range(0..ground.spots.len())];
    // The middle of a box may lie in the neighbour's grid: the server says where the case landed, we follow it.
    let here = ganglion_kernel::route::locate(&ground.world.places, point).here.unwrap_or(place);
    let mut number = String::new();
    for step in &ground.script.steps {
        let Some(token) = post_id(&ground.world, &step.by, here).and_then(|id| ground.tokens.get(&id).cloned()) else {
            return Err((None, anyhow::anyhow!("no post {} for {here}", step.by)));
        };
        let sent = request(ground, step, (here, point), (&number, rng), token);
        let before = instant();
        let (method, body) = if step.is_read() { (Method::GET, None) } else { (Method::POST, Some(&sent.body)) };
        let answer = client.call(method, &sent.path, (&sent.token, body)).await;
        let micros = u64::try_from(before.elapsed().as_micros()).unwrap_or(u64::MAX);
        let (status, bytes) = match answer {
            Ok(answer) => answer,
            Err(error) => return Err(((!step.is_read()).then_some(sent), error)),
        };
        if !status.is_success() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let said = format!("{} {}: {status} {text}", step.what, sent.path);
            let refused = Refused { status, retry_after: client.retry_after, said };
            return Err(((!step.is_read()).then_some(sent), refused.into()));
        }
        if step.is_read() {
            seen(None, micros);
            continue;
        }
        let answer: Value = serde_json::from_slice(&bytes).map_err(|e| (None, e.into()))?;
        if step.what == "open" {
            number = answer.get("number").and_then(Value::as_str).unwrap_or_default().to_owned();
        }
        seen(Some(Acknowledged { command: sent.id, shard: sent.shard, answer }), micros);
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn instant() -> std::time::Instant {
    std::time::Instant::now()
}

/// An id as clients are asked to make them: UUIDv7, in the order of time.
#[expect(clippy::disallowed_methods, reason = "a partner makes ids from its own clock")]
fn time_ordered(rng: &mut SmallRng) -> uuid::Uuid {
    let millis = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &rng.random::<[u8; 10]>()).into_uuid()
}

fn request(
    ground: &Ground,
    step: &super::script::Step,
    (place, point): (PlaceCode, [f64; 2]),
    (number, rng): (&str, &mut SmallRng),
    token: String,
) -> Sent {
    let id = CommandId(time_ordered(rng));
    let form = form(step, &ground.world, place, point);
    let (path, body) = match step.what.as_str() {
        "open" => (
            "/api/v1/cases".to_owned(),
            json!({"id": id, "process": ground.script.process, "channel": ground.script.channel, "form": form}),
        ),
        "list" => {
            let place = place.at(Level::Township).unwrap_or(place);
            (format!("/api/v1/cases?place={place}&open=true&limit=20"), Value::Null)
        }
        "read" => (format!("/api/v1/cases/{number}"), Value::Null),
        action => (format!("/api/v1/cases/{number}/actions/{action}"), json!({"id": id, "form": form})),
    };
    Sent { id, path, token, body, shard: place.shard().0 }
}

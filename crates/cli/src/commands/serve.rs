//! `ganglion serve`: a real installation.

use crate::city::home;
use crate::database::DatabaseArgs;
use crate::keys::KeyArgs;
use crate::load::harness::hex;
use crate::server::{Edge, Installation, SignIn, start};
use crate::sms::SmsArgs;
use crate::system::Machine;
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use ganglion_geo::Datum;
use ganglion_kernel::CommitterSettings;
use ganglion_kernel::batch::NUMBERED_MAX;
use ganglion_server::identity::openid::{OpenId, is_issuer};
use ganglion_server::{BaseMap, BaseMapError, Mqtt};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Arguments of `ganglion serve`.
#[derive(Args)]
#[command(after_help = "Examples: ganglion serve --data /var/lib/ganglion --listen 0.0.0.0 --port 8080
          ganglion serve --data /srv/ganglion --database postgres://ganglion@db.example/city?sslmode=require")]
pub struct ServeArgs {
    /// Folder of files and keys, and of the database unless --database names another; `ganglion import places` fills it first.
    /// Servers on one database share it.
    #[arg(long, env = "GANGLION_DATA")]
    data: PathBuf,
    /// Address to answer on.
    #[arg(long, default_value = "127.0.0.1")]
    listen: String,
    /// Port; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Address under which others reach this server, such as `https://ganglion.example.gov.cn`: codes printed on documents
    /// lead there. Without it they lead to the address it answers on.
    #[arg(long, env = "GANGLION_PUBLIC_URL")]
    public_url: Option<String>,
    /// Also send events to receivers in private networks and over plain HTTP. Off unless said: whoever administers could
    /// otherwise make the server call what only it can reach.
    #[arg(long, env = "GANGLION_RECEIVERS_INSIDE")]
    receivers_inside: bool,
    /// Leaves installed packs as they are instead of taking over what ships: while servers of an older version still run on the
    /// database, which may not be able to read newer packs. Start without it once they are gone.
    #[arg(long, env = "GANGLION_KEEP_PACKS")]
    keep_packs: bool,
    #[command(flatten)]
    map: BaseMapArgs,
    /// A proxy stands before this server: it says in X-Forwarded-For who called and may give requests their id.
    #[arg(long, env = "GANGLION_BEHIND_PROXY")]
    behind_proxy: bool,
    /// The server is reached over TLS, by way of a proxy: cookies are then sent over TLS only.
    #[arg(long, env = "GANGLION_TLS")]
    tls: bool,
    /// File with the key for /metrics and the reasons of /health/ready from other machines; without one only programs on this
    /// machine see them.
    #[arg(long, env = "GANGLION_MONITOR_KEY_FILE")]
    monitor_key_file: Option<PathBuf>,
    /// How long a session lasts, hours.
    #[arg(long, env = "GANGLION_SESSION_HOURS", default_value_t = 12)]
    session_hours: u32,
    /// Minutes a session may lie unused before it ends; 0: as long as it lasts.
    #[arg(long, env = "GANGLION_IDLE_MINUTES", default_value_t = 60)]
    idle_minutes: u32,
    /// Days after which a password has to be changed; 0: never.
    #[arg(long, env = "GANGLION_PASSWORD_DAYS", default_value_t = 0)]
    password_days: u32,
    /// Roles whose holders need a second factor, with commas between them; `*` for every role.
    #[arg(long, env = "GANGLION_SECOND_FACTOR", value_delimiter = ',')]
    second_factor: Vec<String>,
    /// Broker of the instruments whose readings become rows, such as `mqtt://gateway@10.1.2.3:1883` or, over TLS,
    /// `mqtts://…:8883`. One server of an installation only.
    #[arg(long, env = "GANGLION_MQTT", requires = "mqtt_key")]
    mqtt: Option<String>,
    /// Name of the service key that stands for the instruments: its post, at a county, writes the rows.
    #[arg(long, env = "GANGLION_MQTT_KEY")]
    mqtt_key: Option<String>,
    /// File with the password for the broker.
    #[arg(long, env = "GANGLION_MQTT_PASSWORD_FILE")]
    mqtt_password_file: Option<PathBuf>,
    #[command(flatten)]
    sms: SmsArgs,
    /// Folder that holds `data/` and `packs/`.
    #[arg(long, env = "GANGLION_HOME")]
    home: Option<PathBuf>,
    #[command(flatten)]
    openid: OpenIdArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Commands written together, at most.
    #[arg(long, env = "GANGLION_BATCH_COMMANDS", default_value_t = 512)]
    batch_commands: usize,
    /// Commands that may wait; when there are more, the answer is to come back later.
    #[arg(long, env = "GANGLION_QUEUE_COMMANDS", default_value_t = 4096)]
    queue_commands: usize,
    /// Milliseconds a command may have to wait for its batch; when it would be longer, the answer is to come back later.
    #[arg(long, env = "GANGLION_WAIT_MS", default_value_t = 500)]
    wait_ms: u64,
}

/// The map below our own outlines: none unless one of these is said.
#[derive(Args)]
struct BaseMapArgs {
    /// Address of its tiles, such as https://tiles.example/{z}/{x}/{y}.png, or of one file with all of them that ends with .pmtiles;
    /// browsers fetch them from there.
    #[arg(long, env = "GANGLION_BASE_MAP")]
    base_map: Option<String>,
    /// One file with all of its tiles (PMTiles 3), which this server then gives: for networks without a way out.
    #[arg(long, env = "GANGLION_BASE_MAP_FILE", conflicts_with = "base_map")]
    base_map_file: Option<PathBuf>,
    /// Datum of those tiles: wgs84, cgcs2000, or gcj02, which browsers then move to where they belong.
    #[arg(long, env = "GANGLION_BASE_MAP_DATUM", default_value = "wgs84")]
    base_map_datum: String,
    /// Whose map it is, shown beside every map.
    #[arg(long, env = "GANGLION_BASE_MAP_ATTRIBUTION", default_value = "")]
    base_map_attribution: String,
    /// Key for browsers of the national map (Tianditu), which is then the base map. Browsers see it: let it be bound to this address.
    #[arg(long, env = "GANGLION_TIANDITU_KEY", conflicts_with_all = ["base_map", "base_map_file"])]
    tianditu_key: Option<String>,
}

impl BaseMapArgs {
    fn read(&self) -> Result<Option<BaseMap>> {
        let said = self.base_map_attribution.as_str();
        let datum = Datum::parse(&self.base_map_datum).ok_or(BaseMapError::Datum);
        let map = match (&self.base_map, &self.base_map_file, &self.tianditu_key) {
            (None, None, None) => return Ok(None),
            (_, _, Some(key)) => BaseMap::tianditu(key, if said.is_empty() { "Tianditu" } else { said }),
            (_, Some(path), None) => datum.and_then(|datum| BaseMap::file(path, datum, said)),
            (Some(address), None, None) => datum.and_then(|datum| BaseMap::xyz(address, datum, said)),
        };
        map.map(Some).context("the base map cannot be used")
    }
}

/// The provider of identities that signs people in besides their passwords here: none unless it is named.
#[derive(Args)]
struct OpenIdArgs {
    /// Address of a provider of identities (OpenID Connect), such as `https://id.example.gov.cn/realms/city`: people whose accounts
    /// are bound to it sign in there.
    #[arg(long, env = "GANGLION_OPENID_ISSUER", requires = "openid_client")]
    openid_issuer: Option<String>,
    /// Whom the provider knows this installation as; the address to come back to is PUBLIC-URL/sign-in/openid/back.
    #[arg(long, env = "GANGLION_OPENID_CLIENT")]
    openid_client: Option<String>,
    /// File with the secret the provider gave for it, if it did.
    #[arg(long, env = "GANGLION_OPENID_SECRET_FILE")]
    openid_secret_file: Option<PathBuf>,
    /// What people call the provider; stands on the button.
    #[arg(long, env = "GANGLION_OPENID_NAME", default_value = "")]
    openid_name: String,
    /// What its tokens say (`acr` or `amr`) when it asked for a second factor itself, with commas between them. Without it whoever
    /// comes from there has a second factor here as well, where a role demands one.
    #[arg(long, env = "GANGLION_OPENID_SECOND", value_delimiter = ',')]
    openid_second: Vec<String>,
}

impl OpenIdArgs {
    fn read(&self) -> Result<Option<Arc<OpenId>>> {
        let (Some(issuer), Some(client)) = (&self.openid_issuer, &self.openid_client) else { return Ok(None) };
        ensure!(is_issuer(issuer), "the provider `{issuer}` must be written as https://id.example.gov.cn");
        let secret = self.openid_secret_file.as_deref().map(|path| {
            let text = std::fs::read_to_string(path);
            text.with_context(|| format!("reading the secret in {}", path.display()))
        });
        let secret = secret.transpose()?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let second = self.openid_second.iter().map(|way| way.trim().to_owned()).filter(|way| !way.is_empty());
        Ok(Some(Arc::new(OpenId {
            issuer: issuer.trim().to_owned(),
            client: client.trim().to_owned(),
            secret,
            name: self.openid_name.trim().to_owned(),
            second: second.collect(),
        })))
    }
}

/// Shortest key that is taken, bytes.
const MONITOR_KEY_BYTES_MIN: usize = 16;

impl ServeArgs {
    fn committer(&self) -> CommitterSettings {
        CommitterSettings {
            batch_commands_max: self.batch_commands.max(1),
            queue_commands_max: self.queue_commands.max(1),
            wait_max: Duration::from_millis(self.wait_ms),
            // An older server looks for sequences in the heads alone, and would begin those it does not find there anew.
            numbered_max: if self.keep_packs { usize::MAX } else { NUMBERED_MAX },
            ..CommitterSettings::default()
        }
    }

    fn sign_in(&self) -> SignIn {
        SignIn {
            session_hours: self.session_hours.max(1),
            idle_minutes: self.idle_minutes,
            password_days: self.password_days,
            second_factor_roles: self.second_factor.iter().map(|role| role.trim().to_owned()).collect(),
        }
    }

    fn edge(&self) -> Result<Edge> {
        let monitor_key = self.monitor_key_file.as_deref().map(monitor_key).transpose()?;
        Ok(Edge { behind_proxy: self.behind_proxy, tls: self.tls, monitor_key })
    }

    fn mqtt(&self) -> Result<Option<Mqtt>> {
        let (Some(address), Some(key)) = (&self.mqtt, &self.mqtt_key) else { return Ok(None) };
        let password = self.mqtt_password_file.as_deref().map(|path| {
            let text = std::fs::read_to_string(path);
            text.with_context(|| format!("reading the password in {}", path.display()))
        });
        let password = password.transpose()?.unwrap_or_default();
        broker(address, password.trim(), key).map(Some)
    }
}

/// A broker by its address: `mqtt://name@host:port`.
fn broker(address: &str, password: &str, key: &str) -> Result<Mqtt> {
    let shape = || format!("the broker `{address}` must be written as mqtt://name@host:1883 or mqtts://name@host:8883");
    let (scheme, rest) = address.split_once("://").with_context(shape)?;
    let tls = match scheme {
        "mqtt" => false,
        "mqtts" => true,
        _ => anyhow::bail!(shape()),
    };
    let (name, place) = rest.rsplit_once('@').map_or((None, rest), |(name, place)| (Some(name), place));
    let place = place.trim_end_matches('/');
    let default = if tls { 8883 } else { 1883 };
    let (host, port) = match place.rsplit_once(':') {
        // A bare address of IPv6 has colons of its own.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().with_context(shape)?),
        _ => (place, default),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    ensure!(!host.is_empty(), shape());
    let sign_in = name.filter(|name| !name.is_empty()).map(|name| (name.to_owned(), password.to_owned()));
    Ok(Mqtt { host: host.to_owned(), port, tls, sign_in, key: key.to_owned() })
}

/// The digest of the key in a file; white space around it does not count.
fn monitor_key(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading the key in {}", path.display()))?;
    let key = text.trim();
    ensure!(
        key.len() >= MONITOR_KEY_BYTES_MIN,
        "the key in {} has fewer than {MONITOR_KEY_BYTES_MIN} characters: make one with `openssl rand -hex 32`",
        path.display()
    );
    Ok(hex(&Sha256::digest(key.as_bytes())))
}

/// Runs until stopped.
///
/// # Errors
/// When the folder cannot be used or the port is taken.
pub fn run(args: &ServeArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((args.listen.as_str(), args.port))
            .await
            .with_context(|| format!("{}:{} cannot be used", args.listen, args.port))?;
        let own = format!("http://{}", listener.local_addr()?);
        let public_url = args.public_url.as_deref().map_or(own, |url| url.trim_end_matches('/').to_owned());
        let home = home(args.home.as_deref());
        let installation = Installation {
            home,
            data: args.data.clone(),
            database: args.database.clone(),
            committer: args.committer(),
            demo: false,
            demo_moving: false,
            receivers_inside: args.receivers_inside,
            keep_packs: args.keep_packs,
            base_map: args.map.read()?,
            public_url,
            edge: args.edge()?,
            sign_in: args.sign_in(),
            keys: args.keys.clone(),
            mqtt: args.mqtt()?,
            sms: args.sms.read()?,
            openid: args.openid.read()?,
        };
        let running = start(&installation, Arc::new(Machine::new())).await?;
        if let Some(link) = running.setup_link().await? {
            let at = &installation.public_url;
            crate::err(&format!("nobody can sign in yet: make the first administrator within a day at {at}{link}"));
        }
        let ready = format!("ready http://{}", listener.local_addr()?);
        running.until_stopped(listener, Some(ready)).await?;
        Ok(ExitCode::SUCCESS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_without_its_line_end_and_a_short_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "0123456789abcdef\n").unwrap();
        assert_eq!(monitor_key(&path).unwrap(), hex(&Sha256::digest(b"0123456789abcdef")));
        std::fs::write(&path, "short\n\n\n\n\n\n\n\n\n\n\n\n\n\n").unwrap();
        assert!(monitor_key(&path).unwrap_err().to_string().contains("openssl rand"));
        assert!(monitor_key(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn a_broker_is_read_from_its_address() {
        let of =
            |address: &str| broker(address, "secret", "meters").map(|one| (one.host, one.port, one.tls, one.sign_in));
        let named = Some(("gateway".to_owned(), "secret".to_owned()));
        for (address, wanted) in [
            ("mqtt://10.1.2.3", ("10.1.2.3", 1883, false, None)),
            ("mqtt://gateway@broker.local:1900/", ("broker.local", 1900, false, named.clone())),
            ("mqtts://gateway@broker.local", ("broker.local", 8883, true, named)),
            ("mqtt://[::1]:1884", ("::1", 1884, false, None)),
        ] {
            let (host, port, tls, sign_in) = wanted;
            assert_eq!(of(address).unwrap(), (host.to_owned(), port, tls, sign_in), "{address}");
        }
        for bad in ["broker.local", "http://broker.local", "mqtt://", "mqtt://host:port"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}

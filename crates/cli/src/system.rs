//! Time, chance and secrets of the machine: the only place that asks for them.

use anyhow::{Context as _, Result, anyhow};
use ganglion_kernel::commit::WallClock;
use ganglion_kernel::seal::Key;
use ganglion_kernel::tlog::{KeyKind, SigningKey, VerifyKey};
use ganglion_server::LogSettings;
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::path::Path;
use uuid::Uuid;

/// The machine's clock and random numbers.
pub struct Machine(SystemRandom);

impl Machine {
    /// The machine this runs on.
    #[must_use]
    pub fn new() -> Machine {
        Machine(SystemRandom::new())
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        // The system's generator does not fail once it is seeded, long before any program starts.
        if self.0.fill(&mut bytes).is_err() {
            tracing::error!("the system gave no random bytes");
        }
        bytes
    }
}

impl WallClock for Machine {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        // Whole milliseconds: what a journal line shows is what is compared.
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    fn id(&self) -> Uuid {
        let millis = u64::try_from(self.now().as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.random::<10>()).into_uuid()
    }

    fn key(&self) -> Key {
        self.random()
    }
}

/// The master key of an installation: read from its folder, made on the first start, readable by its owner only.
///
/// # Errors
/// When the file cannot be read or written, or is no key.
pub fn master_key(data: &Path, machine: &Machine) -> Result<Key> {
    let path = data.join("master.key");
    match std::fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| anyhow!("{} is not a key of 32 bytes", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = machine.key();
            write_private(&path, &key).with_context(|| format!("writing {}", path.display()))?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// The key that signs the public logs of the journals; `None` before the server first started.
///
/// # Errors
/// When the file cannot be read or is no key.
pub fn log_key(data: &Path) -> Result<Option<SigningKey>> {
    let path = data.join("log.key");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(SigningKey::parse(&text).with_context(|| path.display().to_string())?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// What signs the public logs and which witnesses are known (`log.witnesses`, a public key a line). The key is made on the first
/// start, readable by its owner only, and named after the address the server is reached under: the name stays with it.
///
/// # Errors
/// When a file cannot be read or written, or holds no key.
pub fn log_settings(data: &Path, public_url: &str, machine: &Machine) -> Result<LogSettings> {
    let key = match log_key(data)? {
        Some(key) => key,
        None => {
            let seed = machine.key();
            let key = SigningKey::from_seed(&log_name(public_url, seed)?, seed)?;
            let path = data.join("log.key");
            write_private(&path, format!("{}\n", key.to_private()).as_bytes())
                .with_context(|| format!("writing {}", path.display()))?;
            crate::err(&format!("the public logs are signed with a new key: {}", key.public(KeyKind::Log)));
            key
        }
    };
    let path = data.join("log.witnesses");
    let witnesses = match std::fs::read_to_string(&path) {
        Ok(text) => text
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
            .map(VerifyKey::parse)
            .collect::<std::result::Result<Vec<_>, _>>()
            .with_context(|| path.display().to_string())?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    Ok(LogSettings { key, witnesses })
}

/// The name of the logs: the address without its scheme; for one that only this machine knows, something nobody else has.
fn log_name(public_url: &str, seed: Key) -> Result<String> {
    let host = public_url.split_once("://").map_or(public_url, |(_, rest)| rest).trim_end_matches('/');
    let is_local = host.is_empty() || ["127.", "localhost", "0.0.0.0", "["].iter().any(|start| host.starts_with(start));
    if !is_local {
        return Ok(format!("{host}/log"));
    }
    let [a, b, c, d, ..] = SigningKey::from_seed("log", seed)?.public(KeyKind::Log).public;
    Ok(format!("ganglion-{a:02x}{b:02x}{c:02x}{d:02x}/log"))
}

/// Writes a file that only its owner can read; it must not be there yet.
///
/// # Errors
/// When it is there or cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Waits for SIGTERM or Ctrl-C.
pub async fn stopped() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

//! Time, chance and secrets of the machine: the only place that asks for them.

use anyhow::{Context as _, Result, anyhow};
use ganglion_kernel::commit::WallClock;
use ganglion_kernel::seal::Key;
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

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
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

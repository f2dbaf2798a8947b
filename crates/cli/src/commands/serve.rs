//! `ganglion serve`: a real installation.

use crate::city::home;
use crate::database::DatabaseArgs;
use crate::load::harness::hex;
use crate::server::{Edge, Installation, start};
use crate::system::Machine;
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use ganglion_kernel::CommitterSettings;
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
    /// Folder that holds `data/` and `packs/`.
    #[arg(long, env = "GANGLION_HOME")]
    home: Option<PathBuf>,
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

/// Shortest key that is taken, bytes.
const MONITOR_KEY_BYTES_MIN: usize = 16;

impl ServeArgs {
    fn committer(&self) -> CommitterSettings {
        CommitterSettings {
            batch_commands_max: self.batch_commands.max(1),
            queue_commands_max: self.queue_commands.max(1),
            wait_max: Duration::from_millis(self.wait_ms),
            ..CommitterSettings::default()
        }
    }

    fn edge(&self) -> Result<Edge> {
        let monitor_key = self.monitor_key_file.as_deref().map(monitor_key).transpose()?;
        Ok(Edge { behind_proxy: self.behind_proxy, tls: self.tls, monitor_key })
    }
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
            public_url,
            edge: args.edge()?,
        };
        let running = start(&installation, Arc::new(Machine::new())).await?;
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
}

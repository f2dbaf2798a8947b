//! `ganglion serve`: a real installation.

use crate::city::home;
use crate::database::DatabaseArgs;
use crate::server::{Installation, start};
use crate::system::Machine;
use anyhow::{Context as _, Result};
use clap::Args;
use ganglion_kernel::CommitterSettings;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

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
            committer: CommitterSettings {
                batch_commands_max: args.batch_commands.max(1),
                queue_commands_max: args.queue_commands.max(1),
                ..CommitterSettings::default()
            },
            demo: false,
            demo_moving: false,
            public_url,
        };
        let running = start(&installation, Arc::new(Machine::new())).await?;
        let ready = format!("ready http://{}", listener.local_addr()?);
        running.until_stopped(listener, Some(ready)).await?;
        Ok(ExitCode::SUCCESS)
    })
}

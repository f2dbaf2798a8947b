//! `ganglion account`: the first accounts of an installation; the others are made under /admin.

use crate::database::{Database, DatabaseArgs};
use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use ganglion_kernel::clocks::local_date;
use ganglion_kernel::commit::WallClock as _;
use ganglion_kernel::port::Account;
use ganglion_model::{AccountId, PlaceCode, Post, PostId, Text};
use std::io::BufRead as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `ganglion account`.
#[derive(Args)]
pub struct AccountArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Adds an account with one post; the password is read from standard input, one line.
    #[command(
        after_help = "Example: echo 'a long pass phrase' | ganglion account add anna --name 'Anna' --post admin@1309 --data DIR"
    )]
    Add {
        /// Sign-in name.
        id: String,
        /// What the person is called.
        #[arg(long)]
        name: String,
        /// Role and place, such as `dispatcher@130903001`.
        #[arg(long)]
        post: String,
        /// Folder of the installation.
        #[arg(long, env = "GANGLION_DATA")]
        data: PathBuf,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// Runs the command.
///
/// # Errors
/// When the post is not `role@place`, or the password is too short.
pub fn run(args: &AccountArgs) -> Result<ExitCode> {
    let What::Add { id, name, post, data, database } = &args.what;
    let (role, place) = post.split_once('@').context("a post is written role@place, such as admin@1309")?;
    let place: PlaceCode = place.parse()?;
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password).context("reading the password")?;
    let password = password.trim_end_matches(['\r', '\n']);
    ensure!(password.chars().count() >= 10, "a password has at least 10 characters");
    let machine = crate::system::Machine::new();
    let today = local_date(machine.now());
    let salt = *machine.id().as_bytes();
    let account = Account {
        id: AccountId(id.clone()),
        name: name.clone(),
        password: Some(ganglion_server::hash_password(password, &salt).map_err(anyhow::Error::msg)?),
        active: true,
    };
    let post = Post {
        id: PostId(format!("{role}.{place}")),
        role: role.to_owned(),
        place,
        title: Text::default(),
        unit: Text::default(),
        account: Some(account.id.clone()),
        valid_from: today,
        valid_to: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Database::open(data, database).await?.store();
        store.accounts_put(std::slice::from_ref(&account)).await?;
        anyhow::Ok(store.posts_put(std::slice::from_ref(&post)).await?)
    })?;
    crate::out(&format!("{id} may sign in as {role} at {place}"));
    Ok(ExitCode::SUCCESS)
}

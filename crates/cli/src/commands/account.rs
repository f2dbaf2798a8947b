//! `ganglion account`: accounts from the command line. The first one is made by the link `ganglion serve` says on an empty
//! installation, the others under /admin; this is for scripts, and for the day nobody who administers can sign in.

use crate::database::{Database, DatabaseArgs};
use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use ganglion_kernel::Store;
use ganglion_kernel::clocks::local_date;
use ganglion_kernel::commit::WallClock as _;
use ganglion_kernel::port::Account;
use ganglion_model::{AccountId, PlaceCode, Post, PostId, Text};
use ganglion_server::identity::lines::{Line, Origin, What as Told, tell};
use ganglion_server::identity::{credential, openid, passkey, password, sessions, tries};
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

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
        after_help = "Example: echo 'A long pass phrase, 9' | ganglion account add anna --name 'Anna' --post admin@1309 --data DIR"
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
    /// Lets somebody sign in by the provider of identities the server is started with: binds an account to whom it knows the person as.
    #[command(
        after_help = "Example: ganglion account bind anna --issuer https://id.example.gov.cn --subject 8c1f… --data DIR"
    )]
    Bind {
        /// Sign-in name.
        id: String,
        /// The provider, as `serve --openid-issuer` names it.
        #[arg(long)]
        issuer: String,
        /// The person there: `sub` of its tokens.
        #[arg(long)]
        subject: String,
        /// Folder of the installation.
        #[arg(long, env = "GANGLION_DATA")]
        data: PathBuf,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Lets somebody in again: another password, read from standard input, which has to be changed at the next sign-in; wrong
    /// tries are forgotten and every session of the account ends.
    #[command(
        after_help = "Example: echo 'A long pass phrase, 9' | ganglion account reset anna --without-second --data DIR"
    )]
    Reset {
        /// Sign-in name.
        id: String,
        /// Also take the second factor and the passkeys away: phone and recovery codes are lost.
        #[arg(long)]
        without_second: bool,
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
/// When the post is not `role@place`, the account is there already or is not there, or the password does not keep the rules.
pub fn run(args: &AccountArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &args.what {
        What::Add { id, name, post, data, database } => {
            let (role, place) = post.split_once('@').context("a post is written role@place, such as admin@1309")?;
            let new = New { id, name, role, place: place.parse()?, password: typed(id)? };
            runtime.block_on(async { new.add(open(data, database).await?.as_ref()).await })?;
            crate::out(&format!("{id} may sign in as {role} at {place}"));
        }
        What::Bind { id, issuer, subject, data, database } => {
            runtime.block_on(async { bind(open(data, database).await?.as_ref(), id, (issuer, subject)).await })?;
            crate::out(&format!("{id} may sign in as {subject} of {issuer}"));
        }
        What::Reset { id, without_second, data, database } => {
            let password = typed(id)?;
            runtime.block_on(async {
                reset(open(data, database).await?.as_ref(), (id, *without_second), &password).await
            })?;
            crate::out(&format!("{id} may sign in with this password and has to change it then"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The password on standard input, if it keeps the rules.
fn typed(id: &str) -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("reading the password")?;
    let typed = line.trim_end_matches(['\r', '\n']);
    let faults: Vec<String> = password::faults(typed, id).iter().map(ToString::to_string).collect();
    ensure!(faults.is_empty(), "{}", faults.join("; "));
    Ok(typed.to_owned())
}

async fn open(data: &Path, database: &DatabaseArgs) -> Result<Arc<dyn Store>> {
    Ok(Database::open(data, database).await?.store())
}

fn origin() -> Origin {
    Origin { address: String::new(), agent: "ganglion account".to_owned() }
}

/// An account to be added.
struct New<'a> {
    id: &'a str,
    name: &'a str,
    role: &'a str,
    place: PlaceCode,
    password: String,
}

impl New<'_> {
    async fn add(&self, store: &dyn Store) -> Result<()> {
        let machine = crate::system::Machine::new();
        let (role, place) = (self.role, self.place);
        let id = AccountId(self.id.to_owned());
        let known = store.account(&id).await?;
        ensure!(
            known.is_none(),
            "there is an account {id}: give it posts under /admin, or a password with `account reset`"
        );
        let salt = *machine.id().as_bytes();
        let hash = ganglion_server::hash_password(&self.password, &salt).map_err(anyhow::Error::msg)?;
        let account = Account { id: id.clone(), name: self.name.to_owned(), password: Some(hash), active: true };
        let post = Post {
            id: PostId(format!("{role}.{place}")),
            role: role.to_owned(),
            place,
            title: Text::default(),
            unit: Text::default(),
            account: Some(id.clone()),
            valid_from: local_date(machine.now()),
            valid_to: None,
        };
        store.accounts_put(&[account]).await?;
        store.posts_put(std::slice::from_ref(&post)).await?;
        let now = machine.now();
        credential::change(store, &id, |known| known.password_replaced(None, now, false)).await?;
        let line = |what| Line::own(&id, what, origin());
        let lines = [line(Told::Created), line(Told::PostGiven).about(&post.id.0)];
        Ok(tell(store, &machine, &lines).await?)
    }
}

async fn bind(store: &dyn Store, id: &str, (issuer, subject): (&str, &str)) -> Result<()> {
    let machine = crate::system::Machine::new();
    let id = AccountId(id.to_owned());
    store.account(&id).await?.with_context(|| format!("there is no account {id}"))?;
    ensure!(openid::is_issuer(issuer), "{issuer} is no address of a provider: it is written https://…");
    let is_bound = openid::bind(store, &id, (issuer, subject), machine.now()).await?;
    ensure!(is_bound, "{subject} is bound to another account already");
    Ok(tell(store, &machine, &[Line::own(&id, Told::OpenidOn, origin())]).await?)
}

async fn reset(store: &dyn Store, (id, without_second): (&str, bool), password: &str) -> Result<()> {
    let machine = crate::system::Machine::new();
    let id = AccountId(id.to_owned());
    let account = store.account(&id).await?.with_context(|| format!("there is no account {id}"))?;
    let salt = *machine.id().as_bytes();
    let hash = ganglion_server::hash_password(password, &salt).map_err(anyhow::Error::msg)?;
    let old = account.password.clone();
    store.accounts_put(&[Account { password: Some(hash), active: true, ..account }]).await?;
    let now = machine.now();
    let had_second = credential::change(store, &id, |known| {
        known.password_replaced(old.clone(), now, true);
        without_second && known.second.take().is_some()
    })
    .await?;
    let passkeys = if without_second { passkey::forget(store, &id, None).await? } else { 0 };
    tries::forgive(store, &id).await?;
    tries::forget_devices(store, &id).await?;
    sessions::end_all(store, &id).await?;
    let line = |what| Line::own(&id, what, origin());
    let mut lines = vec![line(Told::PasswordReset)];
    lines.extend((had_second || passkeys > 0).then(|| line(Told::SecondOff)));
    Ok(tell(store, &machine, &lines).await?)
}

//! Settings of a PostgreSQL database, and its address.
//!
//! An address may say what libpq's says about encryption (`sslmode`, `sslrootcert`), with one difference: without a word about it,
//! an address on this machine is reached without encryption.

use super::error::PgOpenError;
use super::tls::Encryption;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// Settings of a PostgreSQL database.
#[derive(Clone, Copy, Debug)]
pub struct PgOptions {
    /// Connections that read, at most.
    pub readers: usize,
    /// Connections that write, at most: one serves the committer, the others everything beside it.
    pub writers: usize,
    /// How long to wait for a free connection.
    pub wait: Duration,
    /// How long making a connection may take.
    pub connect: Duration,
    /// How long one statement may take; installations and recounts have no limit.
    pub statement: Duration,
    /// How long to wait for a lock another server holds.
    pub lock: Duration,
}

impl Default for PgOptions {
    fn default() -> PgOptions {
        PgOptions {
            readers: 8,
            writers: 4,
            wait: Duration::from_secs(5),
            connect: Duration::from_secs(5),
            statement: Duration::from_secs(30),
            lock: Duration::from_secs(10),
        }
    }
}

impl PgOptions {
    /// What every connection is told when it is made. Plans must not depend on what the tables held when they were last looked
    /// at: every hot statement has an index made for it, so that index is used, from the first row to the last, and in its order
    /// where there is one. An index that gives no order (that of words) is read as it can be all the same.
    pub(super) fn setup(&self) -> String {
        format!(
            "SET jit = off; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
             SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET statement_timeout = {}; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = {}; SET timezone = 'UTC'; SET client_min_messages = warning",
            self.statement.as_millis(),
            self.lock.as_millis(),
            2 * self.statement.as_millis()
        )
    }
}

/// An address taken apart.
#[derive(Clone)]
pub(super) struct Address {
    /// What the client takes.
    pub config: Config,
    /// How the way there is protected.
    pub encryption: Encryption,
}

impl Address {
    /// Reads an address.
    pub fn read(url: &str, options: &PgOptions) -> Result<Address, PgOpenError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(PgOpenError::Address("it does not begin with postgres://".to_owned()));
        }
        let (plain, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut certificates) = (None, None);
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value.to_owned()),
                Some(("sslrootcert", value)) => certificates = Some(PathBuf::from(value)),
                _ => rest.push(pair),
            }
        }
        let address = if rest.is_empty() { plain.to_owned() } else { format!("{plain}?{}", rest.join("&")) };
        // What cannot be read is not repeated: there may be a password in it.
        let mut config = Config::from_str(&address).map_err(|error| PgOpenError::Address(error.to_string()))?;
        if config.get_dbname().is_none() {
            return Err(PgOpenError::Address("it names no database".to_owned()));
        }
        let near = config.get_hosts().iter().all(is_near);
        let encryption = Encryption::of(mode.as_deref(), certificates, near)?;
        config.ssl_mode(match encryption {
            Encryption::None => SslMode::Disable,
            Encryption::IfOffered => SslMode::Prefer,
            Encryption::Unverified | Encryption::Verified { .. } => SslMode::Require,
        });
        config.connect_timeout(options.connect).tcp_user_timeout(options.statement).application_name("ganglion");
        config.keepalives_idle(Duration::from_secs(30));
        Ok(Address { config, encryption })
    }

    /// Where it leads, for messages: hosts and ports.
    pub fn place(&self) -> String {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate().map(|(n, host)| {
            let port = ports.get(n).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => format!("{}:{port}", folder.display()),
            }
        });
        hosts.collect::<Vec<_>>().join(", ")
    }

    /// Hosts and ports as libpq takes them: lists of the same length.
    pub fn hosts(&self) -> (String, String) {
        let place = self.place();
        let pairs: Vec<(&str, &str)> = place.split(", ").filter_map(|one| one.rsplit_once(':')).collect();
        let list = |of: fn(&(&str, &str)) -> String| pairs.iter().map(of).collect::<Vec<_>>().join(",");
        (list(|one| one.0.to_owned()), list(|one| one.1.to_owned()))
    }

    /// As whom.
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or("nobody")
    }

    /// Which database.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }
}

fn is_near(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.starts_with("127.") || name == "::1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Address, PgOpenError> {
        Address::read(url, &PgOptions::default())
    }

    #[test]
    fn an_address_says_where_as_whom_and_how() {
        let near = read("postgres://li:secret@127.0.0.1:5433/city").unwrap();
        assert_eq!((near.place().as_str(), near.user(), near.database()), ("127.0.0.1:5433", "li", "city"));
        assert!(matches!(near.encryption, Encryption::None));
        let far = read("postgresql://li@db1,db2:5433/city?target_session_attrs=read-write").unwrap();
        assert_eq!(far.place(), "db1:5432, db2:5433");
        assert!(matches!(far.encryption, Encryption::IfOffered));
        let must = read("postgres://li@db/city?sslmode=require").unwrap();
        assert!(matches!(must.encryption, Encryption::Unverified));
    }

    #[test]
    fn what_cannot_be_read_is_said_without_the_password() {
        for url in [
            "mysql://a:secret@b/c",
            "postgres://a:secret@b",
            "postgres://a:secret@b/c?what=ever",
            "postgres://a@b/c?sslmode=no",
        ] {
            let error = read(url).err().unwrap().to_string();
            assert!(error.contains("cannot be read") && !error.contains("secret"), "{error}");
        }
    }
}

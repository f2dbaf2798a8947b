//! What PostgreSQL says, as errors of the port and as words for whoever starts a server.

use ganglion_kernel::StoreError;
use std::error::Error as _;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What [`super::write`] makes the database say when a batch may not be written.
pub(super) const UNEXPECTED: &str = "GAN01";

/// Turns an error of the database into one of the port.
pub(super) fn failed(attempted: &'static str) -> impl Fn(Error) -> StoreError {
    move |error| of(attempted, &error)
}

/// An error of the database as one of the port. What stood in the statement is left out: it may be about people.
pub(super) fn of(attempted: &'static str, error: &Error) -> StoreError {
    let Some(code) = error.code() else {
        return match error.is_closed() || is_of_the_network(error) {
            true => StoreError::Unavailable { attempted, reason: words(error) },
            false => StoreError::Database { attempted, reason: words(error) },
        };
    };
    if *code == SqlState::DISK_FULL {
        return StoreError::DiskFull;
    }
    let reason = words(error);
    if is_away(code) {
        StoreError::Unavailable { attempted, reason }
    } else {
        StoreError::Database { attempted, reason }
    }
}

fn is_of_the_network(error: &Error) -> bool {
    error.source().is_some_and(|source| source.is::<std::io::Error>())
}

/// Whether the server is going away, coming up, full, or no longer the one that writes, or a newer program holds a table while it migrates.
fn is_away(code: &SqlState) -> bool {
    let codes = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    code.code().starts_with("08") || codes.contains(code)
}

/// Whether the same may be tried again at once: two transactions stood in each other's way.
pub(super) fn is_conflict(error: &Error) -> bool {
    let conflicts = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    error.code().is_some_and(|code| conflicts.contains(code))
}

/// The error in words, with what can be told of it without telling what was stored.
pub(super) fn words(error: &Error) -> String {
    let Some(said) = error.as_db_error() else {
        return match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
    };
    let mut words = said.message().to_owned();
    for (name, value) in [("constraint", said.constraint()), ("table", said.table()), ("column", said.column())] {
        if let Some(value) = value {
            words.push_str(&format!(", {name} {value}"));
        }
    }
    format!("{words} ({})", said.code().code())
}

/// Why a PostgreSQL database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum PgOpenError {
    /// The address cannot be read.
    #[error("the address of the database cannot be read: {0}. It looks like postgres://user:password@host:5432/name")]
    Address(String),
    /// Nobody answers.
    #[error(
        "no PostgreSQL answers at {at}: {reason}. Is it running, and may this machine reach it (listen_addresses, firewall)?"
    )]
    Unreachable {
        /// Host and port.
        at: String,
        /// What was said.
        reason: String,
    },
    /// Wrong password, or none.
    #[error(
        "PostgreSQL at {at} does not accept the password of {user}: put the right one into the address, or set it with ALTER ROLE"
    )]
    Password {
        /// Host and port.
        at: String,
        /// Who.
        user: String,
    },
    /// The server lets this user not in.
    #[error("PostgreSQL at {at} does not let {user} in: {reason}. Look at the role, and at pg_hba.conf of the server")]
    Refused {
        /// Host and port.
        at: String,
        /// Who.
        user: String,
        /// What it said.
        reason: String,
    },
    /// There is no such database.
    #[error("PostgreSQL at {at} has no database {name}: make it with `createdb --encoding UTF8 {name}`")]
    Missing {
        /// Host and port.
        at: String,
        /// Its name.
        name: String,
    },
    /// The server is too old.
    #[error("PostgreSQL {found} is too old: version {needed} or newer is needed")]
    Old {
        /// Version of the server.
        found: String,
        /// Oldest that serves.
        needed: u32,
    },
    /// The database keeps texts in another encoding.
    #[error("the database is in {found}, which cannot hold every name: make one with `createdb --encoding UTF8`")]
    Encoding {
        /// Its encoding.
        found: String,
    },
    /// The server only reads.
    #[error(
        "PostgreSQL at {at} is a standby and only reads: give the address of the one that writes, or several with target_session_attrs=read-write"
    )]
    Standby {
        /// Host and port.
        at: String,
    },
    /// A newer binary has been at work on it.
    #[error("the database has version {found}, this program knows versions up to {known}: use the newer program")]
    Newer {
        /// Version of the database.
        found: u32,
        /// Newest version this binary knows.
        known: u32,
    },
    /// The tables are not up to date, and were only to be looked at.
    #[error(
        "the database has version {found}, this program {known}: make a backup, then run `ganglion migrate` or start a server"
    )]
    Behind {
        /// Version of the database; 0 when there are no tables.
        found: u32,
        /// Newest version this binary knows.
        known: u32,
    },
    /// A migration that was applied is not the one this binary has.
    #[error("migration {number} of the database is not the one of this program: they come from different sources")]
    Changed {
        /// Its number.
        number: u32,
    },
    /// There are tables, but not ours.
    #[error("the database has tables of another program: give Ganglion one of its own")]
    Foreign,
    /// It was made with another layout.
    #[error(
        "the database was made with the layout {found}, not {wanted}; a layout is chosen once, when the tables are made"
    )]
    Layout {
        /// The one it has.
        found: String,
        /// The one asked for.
        wanted: String,
    },
    /// Certificates cannot be read.
    #[error("the certificates in {0}")]
    Certificates(String),
    /// The database said no.
    #[error("{attempted}: {reason}")]
    Database {
        /// What was attempted.
        attempted: &'static str,
        /// What the database said.
        reason: String,
    },
}

//! Everything durable: SQLite and PostgreSQL behind the kernel's storage port, one conformance suite over both.
//!
//! [`SqliteStore`] is the embedded default, [`PgStore`] serves a city and any number of servers. [`replay`], [`rebuild`], [`judged`] and [`compare`]
//! work through the port alone, so that they check any database. Nothing here decides what may happen.

mod aside;
pub mod compare;
mod counting;
pub mod judged;
mod points;
mod postgres;
pub mod published;
pub mod rebuild;
pub mod replay;
pub mod searched;
mod sqlite;
mod viewed;

pub use postgres::{Digest, Layout, MoveError, Moved, Moving, PgOpenError, PgOptions, PgServer, PgStore, move_into};
pub use postgres::{GATHERED, GatherError, Gathered};
/// Backups of PostgreSQL.
pub mod dump {
    pub use crate::postgres::{Dumped, Sink, Source, bring_back, dump};
}
pub use sqlite::{Form, OpenError, Schema, SqliteOptions, SqliteStore, backup, integrity, read_with, rewrite, schema};

//! Everything durable: SQLite behind the kernel's storage port, one conformance suite over it.
//!
//! [`SqliteStore`] is the embedded default. [`replay`], [`rebuild`] and [`compare`] work through the port alone, so that they check any
//! database. Nothing here decides what may happen.

pub mod compare;
pub mod published;
pub mod rebuild;
pub mod replay;
pub mod searched;
mod sqlite;

pub use sqlite::{OpenError, Schema, SqliteOptions, SqliteStore, backup, integrity, schema};

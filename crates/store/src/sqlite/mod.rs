//! SQLite behind the port: one file, WAL, one writer, a few readers that never wait for it.
//!
//! Every call is one short bounded piece of work, so it runs where it is called instead of on a thread of its own. The
//! statements of each subject stand in a module of their own; dynamic SQL only in [`case_query`].

pub mod backup;
mod case_query;
mod cases;
mod checkpoint;
mod connect;
mod counting;
mod figures;
mod forget;
mod found;
mod journal;
mod kept;
mod load;
mod lookup;
mod matching;
mod members;
mod migrate;
mod notices;
mod packed;
mod packs;
mod people;
mod points;
mod port;
mod rare;
mod reference;
mod row;
mod row_query;
mod row_words;
mod rows;
mod rules;
mod seal;
mod told;
mod tree;
mod views;
mod waiting;
mod words;
mod write;

pub use connect::{SqliteOptions, SqliteStore};
#[cfg(test)]
pub(crate) use migrate::numbers_and_names as migrations;
pub use migrate::{OpenError, Schema, integrity, schema};
pub use packed::{Form, read_with, rewrite};

//! PostgreSQL behind the port: a pool that writes, a pool that reads, no state of its own, so that any number of servers work
//! on one database.
//!
//! A batch is loaded in one round trip and written in one: its statements are sent together, without waiting for answers in
//! between, and each of them takes all rows of the batch as arrays. The statements of each subject stand in a module of
//! their own; dynamic SQL only in [`case_query`] and [`row_query`].

mod bell;
mod case_query;
mod cases;
mod connect;
mod connector;
mod counting;
mod error;
mod figures;
mod forget;
mod found;
mod gather;
mod journal;
mod kept;
mod load;
mod lookup;
mod matching;
mod members;
mod migrate;
mod moving;
mod notices;
mod options;
mod packs;
mod people;
#[cfg(test)]
mod plan_tests;
mod points;
mod port;
mod reference;
mod row;
mod row_query;
mod row_words;
mod rows;
mod rules;
mod seal;
mod server;
mod sql;
mod tls;
mod told;
mod transaction;
mod views;
mod waiting;
mod words;
mod write;
mod write_cases;
mod write_rows;

pub use connect::PgStore;
pub use error::PgOpenError;
pub use gather::{GATHERED, GatherError, Gathered};
pub use migrate::Layout;
pub use moving::{Digest, Dumped, MoveError, Moved, Moving, Sink, Source, bring_back, dump, move_into};
pub use options::PgOptions;
pub use server::PgServer;

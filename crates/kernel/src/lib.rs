//! What may happen and how it is made durable.
//!
//! [`decide`] is pure: world, state, command, time and ids in; changes or a refusal out. [`commit`] is the loop that
//! turns many commands into one durable write through the [`port`]. Nothing here knows a database, HTTP or a screen.

pub mod apply;
pub mod areas;
pub mod batch;
mod batch_rows;
mod batch_want;
mod cipher;
pub mod commit;
pub mod decide;
pub mod figures;
mod follow;
pub mod gauge;
pub mod indexed;
pub mod journal;
pub mod lookup;
pub mod marked;
pub mod merkle;
pub mod notice;
mod pace;
pub mod packs;
pub mod permissions;
pub mod plans;
pub mod port;
mod port_cases;
mod port_figures;
mod port_kept;
mod port_load;
mod port_people;
pub mod port_rows;
mod port_seal;
pub mod port_search;
mod port_turn;
pub mod queue;
pub mod replay;
pub mod route;
pub mod rules;
pub mod schedule;
pub mod seal;
pub mod seal_lookup;
pub mod similar;
pub mod tlog;
pub mod words;
pub mod world;

pub use commit::{CommitError, Committer, CommitterSettings, WallClock};
pub use decide::{Given, decide};
pub use ganglion_model::clocks;
pub use port::{Store, StoreError};
pub use world::World;

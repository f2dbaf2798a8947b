//! Pages of staff, over the packs that ship.

mod acting;
mod administration;
mod calendar;
mod events;
mod figures;
mod halls;
mod households;
mod keys;
mod lists;
mod notices;
mod packs;
mod people;
mod permission;
mod posts;
mod privacy;
mod queues;
mod town;

pub use keys::key;
pub use town::{Town, act};

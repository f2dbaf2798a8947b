//! Pages of staff, over the packs that ship.

mod acting;
mod administering;
mod administration;
mod at_once;
mod audit;
mod behind;
mod calendar;
mod events;
mod figures;
mod guard;
mod halls;
mod households;
mod keys;
mod late;
mod lists;
mod notices;
mod orders;
mod packs;
mod people;
mod permission;
mod posts;
mod privacy;
mod queues;
mod readings;
mod rights;
mod rotation;
mod scopes;
mod search;
mod security;
mod similar;
mod town;
mod views;

pub use guard::ROUTES;
pub use keys::{call, key};
pub use town::{Town, act};

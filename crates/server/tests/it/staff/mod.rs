//! Pages of staff, over the packs that ship.

mod acting;
mod administration;
mod figures;
mod lists;
mod packs;
mod permission;
mod privacy;
mod town;

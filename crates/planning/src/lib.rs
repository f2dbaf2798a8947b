//! Plans: allocation as a linear programme, assignment, coverage within a time of travel; and what a plan declared in a pack means
//! over rows of registers. Pure: rows in, a checked solution out, the same digits each time. Leaves out where rows are read, who
//! may do this, and writing.

pub mod allocation;
pub mod assignment;
mod check;
pub mod coverage;
pub mod declared;
mod solve;
mod split;

pub use allocation::{
    Allocated, Allocation, Cause, Conduit, Demand, Help, Lever, Link, PlanError, Supply, allocate, helps,
};
pub use assignment::{Assigned, Job, Pair, Worker, assign};
pub use coverage::{Nearest, Place, Site, Travel, best_sites, cover};

//! Plans: allocation as a linear programme, assignment, coverage within a time of travel. Pure: numbers in, a checked solution
//! out. Leaves out what a plan is called in a pack, where its rows are read and how it is adopted.

pub mod allocation;
pub mod assignment;
mod check;
pub mod coverage;
mod solve;

pub use allocation::{Allocated, Allocation, Cause, Conduit, Demand, Link, PlanError, Supply, allocate};
pub use assignment::{Assigned, Job, Pair, Worker, assign};
pub use coverage::{Covered, Nearest, Place, Site, Travel, best_sites, cover};

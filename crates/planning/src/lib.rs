//! Plans: allocation as a linear programme, assignment, coverage within a time of travel; and what a plan declared in a pack
//! means over rows of registers. Pure: rows in, proposed rows out. Leaves out where rows are read and how a plan is adopted.

pub mod allocation;
pub mod assignment;
mod check;
pub mod coverage;
pub mod declared;
mod solve;

pub use allocation::{Allocated, Allocation, Cause, Conduit, Demand, Link, PlanError, Supply, allocate};
pub use assignment::{Assigned, Job, Pair, Worker, assign};
pub use coverage::{Covered, Nearest, Place, Site, Travel, best_sites, cover};
pub use declared::{FoundSite, Input, Lack, Outcome, PlacePoint, ProposedRow, compute};

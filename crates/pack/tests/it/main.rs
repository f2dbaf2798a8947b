//! Tests of the compiler as its users see it: folders in, model and findings out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed expectation is a failed test")]

mod burden;
mod chinese;
mod cookbook;
mod diff;
mod expressions;
mod findings;
mod fuzz;
mod hostile;
mod kinds;
mod model;
mod packs;
mod reference;
mod schema;

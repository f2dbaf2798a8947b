//! Playing the closed loop against a running server over HTTP: what `bench` measures and `drill` interrupts.
//!
//! The steps are data (`data/bench/loop.yaml`); each client keeps one connection and one case at a time.

pub mod client;
pub mod harness;
pub mod script;

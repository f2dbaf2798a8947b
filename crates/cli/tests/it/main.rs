//! Tests of the built binary.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed expectation is a failed test")]

mod explain;
mod install;
mod permission;
mod policy;
mod proof;
mod security;
mod tutorial;

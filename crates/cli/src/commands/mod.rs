//! One file a command; each has `Args` for clap and a `run` that gives the exit code.

pub mod account;
pub mod backup;
pub mod demo;
pub mod doctor;
pub mod drill;
pub mod figure;
pub mod import;
pub mod keys;
pub mod migrate;
pub mod moving;
pub mod open_data;
pub mod pack;
pub mod places;
pub mod policy;
pub mod proof;
pub mod retention;
pub mod rewrite;
pub mod search;
pub mod serve;
